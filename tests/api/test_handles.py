"""Methods of arrays beside NumPy's: what is kept, seen as other dtypes, stored in stacks of files."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import BudgetError, DTypeError, InputError, MissingFile
from tests.compare import check, check_blocks, same
from tests.laws.arrays import KINDS, LAYOUTS, MASKED, values_of


def test_persist() -> None:
    """Kept values are those of the array, in its chunks; what they were made of isn't computed again."""
    calls: list[Any] = []

    def counted(block: Any) -> Any:
        calls.append(block.shape)
        return block + 1

    x = nb.from_array(values_of("d"), chunks=3).map_blocks(counted, dtype=float)
    kept = x.persist()
    n = len(calls)
    check(kept, values_of("d") + 1)
    check(kept.sum(axis=0), (values_of("d") + 1).sum(axis=0))

    assert n == len(calls)
    assert x.chunks == kept.chunks
    masked, number = nb.persist(nb.from_array(MASKED["masked-d"], chunks=2), nb.ones(3).sum())
    check(masked, MASKED["masked-d"])
    check(number, np.float64(3))
    with pytest.raises(BudgetError):
        nb.ones(10**8).persist(memory="1MiB")


def test_await() -> None:
    """An array can be awaited, while others run."""

    async def together() -> list[Any]:
        return await asyncio.gather(wait(nb.arange(9, chunks=2).sum()), wait(nb.ones((2, 2), chunks=1)))

    async def wait(x: nb.Array) -> Any:
        return await x

    total, ones = asyncio.run(together())

    assert 36 == total
    np.testing.assert_array_equal(ones, np.ones((2, 2)))


def test_counts() -> None:
    """Chunks are counted, also of sizes that depend on values."""
    x = nb.arange(10, chunks=3)

    assert 4 == x.npartitions
    assert (4,) == x[x > 5].compute_chunk_sizes().shape


def test_store() -> None:
    """A method of the array as well."""
    target = np.zeros(5)
    nb.arange(5, chunks=2).store(target)

    assert [0, 1, 2, 3, 4] == target.tolist()


@pytest.mark.parametrize("dtype", ["i8", "u8", "f4", "u1", "c16", "V8", "M8[s]", ">i4", "i2", "O", "S3"])
def test_view(dtype: str) -> None:
    """The same bytes as another dtype, of any chunks; refused where NumPy refuses."""
    for a in (values_of("d"), values_of("d")[:, :4], values_of("f")[:, :4], KINDS["datetime"], LAYOUTS["transposed"]):
        for chunks in (1, 3, -1):
            same(
                lambda x: np.ascontiguousarray(x).view(dtype) if isinstance(x, np.ndarray) else x.view(dtype),
                a,
                chunks=chunks,
            )
    same(lambda x: x.view(dtype), np.array(2.5))


def test_views_of_blocks() -> None:
    """Chunks of the last axis follow the size of the items."""
    x = nb.from_array(np.arange(24, dtype="i4").reshape(2, 12), chunks=(1, 5))

    check_blocks(x.view("i8"))
    check_blocks(x.view("u1"))
    with pytest.raises(DTypeError, match="array of references"):
        x.astype(object).view("i8")


def test_moment() -> None:
    """Central moments of any order."""
    a = values_of("d") / 3
    x = nb.from_array(a, chunks=3)
    for order in (0, 2, 3, 5):
        for axis in (None, 0, (0, 1), -1):
            apart = a - a.mean(axis=axis, keepdims=True)
            check(nb.moment(x, order, axis), np.mean(apart**order, axis=axis), within=1e-12)
    check(x.moment(2, 0, ddof=1, keepdims=True), a.var(0, ddof=1, keepdims=True), within=1e-12)
    check(nb.moment(nb.arange(5, chunks=2), 2), np.arange(5).var(), within=1e-12)
    with pytest.raises(InputError, match="Order must be an integer >= 0"):
        x.moment(-1)


def test_stacks_of_files(tmp_path: Path) -> None:
    """A file for each chunk along an axis, and back."""
    a = np.arange(210.0).reshape(30, 7)
    for axis in (0, 1):
        nb.to_npy_stack(tmp_path / str(axis), nb.from_array(a, chunks=2), axis)

        check(nb.from_npy_stack(tmp_path / str(axis), axis), a)
    with pytest.raises(MissingFile, match=r"no files 0\.npy"):
        nb.from_npy_stack(tmp_path)


def test_from_zarr(tmp_path: Path) -> None:
    """An array of zarr, by itself, by its path, or in a group."""
    zarr = pytest.importorskip("zarr")
    a = np.arange(20.0).reshape(4, 5)
    nb.to_zarr(nb.from_array(a, chunks=2), tmp_path / "a.zarr")
    group = zarr.open_group(tmp_path / "g.zarr", mode="w")
    group.create_array("x", data=a)

    check(nb.from_zarr(tmp_path / "a.zarr"), a)
    check(nb.from_zarr(zarr.open(tmp_path / "a.zarr"), chunks=3), a)
    check(nb.from_zarr(tmp_path / "g.zarr", "x"), a)


def test_optimize_returns_the_arrays() -> None:
    """What is optimized at each computation anyway is handed back as it is, each array in a tuple."""
    x = nb.arange(6, chunks=2) + 1
    made = nb.optimize(x, np.arange(3), traverse=False)

    assert x is made[0]
    check(made, (np.arange(6) + 1, np.arange(3)))
    assert () == nb.optimize()
