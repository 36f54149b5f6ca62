"""Sources that several passes read are read once, where the passes can go through them together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray.plan.plan import Plan
from nbarray.plan.reads import reads_by_source
from nbarray.session import plan
from tests.compare import tiny_tasks

SHAPE = (120, 20, 30)
VALUES = np.random.default_rng(3).normal(size=SHAPE)
VALUES[3, 4] = np.nan


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[h5py.Dataset]:
    """Values on disk, in chunks that don't divide them."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        yield file.create_dataset("x", data=VALUES, chunks=(4, 11, 30), compression="gzip")


def times(made: Plan, dataset: h5py.Dataset) -> float:
    """How often all of a dataset is taken, counting what has to be decoded."""
    (reads,) = reads_by_source(made).values()
    return reads.decoded_bytes / (dataset.size * dataset.dtype.itemsize)


Work = Callable[[Any, Any], tuple[Any, ...]]
TOGETHER: dict[str, Work] = {
    "map and number": lambda m, x: (m.nanmean(x, axis=0), m.nanmax(x)),
    "map and series": lambda m, x: (m.mean(x, axis=0), m.std(x, axis=(1, 2))),
    "three ways": lambda m, x: (m.sum(x, axis=0), m.sum(x, axis=1), m.nanargmin(x[:, :3, 5:], axis=2)),
    "squares and all": lambda m, x: (m.mean(x**2, axis=0), x + 1),
    "what depends on others": lambda m, x: (m.nansum(x) / m.nanmax(x, axis=(0, 1)), m.mean(x, axis=1)),
    "both halves": lambda m, x: (m.mean(x[::2], axis=0) - m.mean(x[1::2], axis=0),),
}
APART: dict[str, Work] = {
    "second pass": lambda m, x: (m.mean(abs(x - m.mean(x, axis=0))),),
    "second pass of another": lambda m, x: (m.sum(x - m.nanmax(x)), m.mean(x, axis=(0, 1))),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_together(stored: h5py.Dataset, name: str) -> None:
    """Read once, with NumPy's results, the same bits for any number of workers."""
    with tiny_tasks():
        work = TOGETHER[name](nb, nb.from_array(stored))
        made = plan([each.expr for each in work])
        assert 1 == times(made, stored)
        assert "read once" in " ".join(made.notes)
        first = nb.compute(*work, workers=1)
        for got, again, expected in zip(first, nb.compute(*work, workers=3), TOGETHER[name](np, VALUES), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
            assert np.asarray(got).tobytes() == np.asarray(again).tobytes()


@pytest.mark.parametrize("name", TOGETHER)
def test_little_is_held(tmp_path: Path, name: str) -> None:
    """A block goes when all have used it."""
    with h5py.File(tmp_path / "x.h5", "w") as file, tiny_tasks():
        long = file.create_dataset("x", (200, 60, 70), "f8", chunks=(4, 25, 70), compression="gzip")
        work = TOGETHER[name](nb, nb.from_array(long))
        made = plan([each.expr for each in work])
        copies = [k for k, lowered in enumerate(made.nodes) if lowered.copies]
        held = max(
            int(made.task_bytes[(alive := made.alive(task))[np.isin(made.task_node[alive], copies)]].sum())
            for task in range(made.ntasks)
        )
        assert held < 0.6 * long.size * long.dtype.itemsize


@pytest.mark.parametrize("name", APART)
def test_apart(stored: h5py.Dataset, name: str) -> None:
    """What needs the result of another pass goes through the source after it, rather than have all of it held."""
    with tiny_tasks():
        work = APART[name](nb, nb.from_array(stored))
        assert times(plan([each.expr for each in work]), stored) >= 2
        for got, expected in zip(nb.compute(*work), APART[name](np, VALUES), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_files_with_scales_of_their_own(tmp_path: Path) -> None:
    """Folded part by part along time, and apart by day, each file is read once."""
    netCDF4 = pytest.importorskip("netCDF4")
    numbers = np.random.default_rng(4).integers(-30_000, 30_000, (5, 4, 30, 40), np.int16)
    truth = []
    for k, day in enumerate(numbers):
        with netCDF4.Dataset(tmp_path / f"{k}.nc", "w") as file:
            for name, size in zip("tyx", day.shape, strict=True):
                file.createDimension(name, size)
            made = file.createVariable("v", "i2", tuple("tyx"), zlib=True, chunksizes=(1, 30, 40))
            made.setncatts({"scale_factor": 0.01 * (k + 1), "add_offset": 270.0 + k})
            made.set_auto_maskandscale(False)
            made[...] = day
        truth.append(day * (0.01 * (k + 1)) + (270.0 + k))
    values = np.concatenate(truth)
    files = [netCDF4.Dataset(path) for path in sorted(tmp_path.glob("*.nc"))]
    try:
        with tiny_tasks():
            x = nb.concatenate([nb.from_array(file["v"]) for file in files])
            work = x.mean(axis=0), x.max(axis=(1, 2)), x.std()
            made = plan([each.expr for each in work])
            assert 1 == sum(r.decoded_bytes for r in reads_by_source(made).values()) / numbers.nbytes
            found = nb.compute(*work)
    finally:
        for file in files:
            file.close()
    for got, expected in zip(found, (values.mean(axis=0), values.max(axis=(1, 2)), values.std()), strict=True):
        np.testing.assert_allclose(np.ma.filled(got, np.nan), expected, rtol=1e-10)


def test_where_memory_is_short_it_is_read_again(stored: h5py.Dataset) -> None:
    """A budget that holds no blocks besides is kept."""
    x = nb.from_array(stored)
    work = x.mean(axis=0), x.std(axis=(1, 2))
    with tiny_tasks(), nb.config(memory="60kB"):
        made = plan([each.expr for each in work])
        assert made.run_bytes() <= 60_000
        for got, expected in zip(nb.compute(*work), (VALUES.mean(axis=0), VALUES.std(axis=(1, 2))), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_functions_that_give_back_what_they_were_given(stored: h5py.Dataset) -> None:
    """A block that goes on in another isn't filled again."""
    with tiny_tasks():
        x = nb.from_array(stored, chunks=(8, 20, 30))
        y = x.map_blocks(lambda block: block)
        found = nb.compute(y - nb.nanmean(y, axis=0), nb.nanmax(x, axis=(1, 2)), workers=1)
    np.testing.assert_allclose(found[0], VALUES - np.nanmean(VALUES, axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(found[1], np.nanmax(VALUES, axis=(1, 2)))


def test_what_is_stored_plainly(tmp_path: Path) -> None:
    """It may come from a disk."""
    with h5py.File(tmp_path / "x.h5", "w") as file, tiny_tasks():
        plain = file.create_dataset("x", data=VALUES)
        x = nb.from_array(plain, chunks=(4, 11, 30))
        work = nb.nanmean(x, axis=0), nb.nanmax(x, axis=(1, 2))
        assert 1 == times(plan([each.expr for each in work]), plain)
        for got, expected in zip(nb.compute(*work), (np.nanmean(VALUES, 0), np.nanmax(VALUES, (1, 2))), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
