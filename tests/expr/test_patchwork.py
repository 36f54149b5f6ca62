"""What wraps around the edges of stored arrays is read with the rest of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest

import nbarray as nb
from nbarray.expr.patchwork import Patchwork, patches_of
from nbarray.plan.reads import reads_by_source
from nbarray.rewrite.stages import simplify
from nbarray.session import plan
from tests.compare import check, tiny_tasks

A = np.random.default_rng(2).normal(size=(12, 9, 7))

WORK: dict[str, Callable[[Any, Any], Any]] = {
    "wrap": lambda m, x: m.pad(x, ((0, 0), (0, 1), (2, 0)), mode="wrap")[:, 1:, :-2] - x,
    "reflect": lambda m, x: m.pad(x, 2, mode="reflect") * 2,
    "edge": lambda m, x: m.pad(x, ((3, 1), (0, 0), (0, 2)), mode="edge") + 1,
    "roll": lambda m, x: m.roll(x, 1, axis=2) - m.roll(x, -1, axis=2),
    "roll in time": lambda m, x: m.roll(x, 5, axis=0) - x,
    "steps": lambda m, x: m.roll(x, 3, axis=1)[::2, ::3, ::-1] * 2,
    "turned": lambda m, x: m.roll(x, 2, axis=1).T + 1,
    "itself": lambda m, x: m.roll(x, 2, axis=1),
    "reduced": lambda m, x: (m.roll(x, 2, axis=2) - x).max(axis=0),
    "all reduced": lambda m, x: abs(m.pad(x, 1, mode="wrap")).max(),
    "joined twice": lambda m, x: m.concatenate([x, x[::-1], x], axis=1) * 3,
    "and others": lambda m, x: m.concatenate([x, x * 2], axis=0) + m.roll(m.concatenate([x, x]), 3, axis=0),
    "a row of it": lambda m, x: x - m.roll(x[0], 1, axis=1),
    "blocks": lambda m, x: m.cumsum(m.roll(x, 2, axis=0), axis=0),
}


@pytest.fixture(params=[None, "gzip"])
def stored(tmp_path: Path, request: pytest.FixtureRequest) -> nb.Array:
    """A in a file, in chunks, plain and compressed."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", data=A, chunks=(4, 9, 4), compression=request.param)
    return nb.from_array(h5py.File(tmp_path / "x.h5")["x"])


@pytest.mark.parametrize("name", WORK)
@pytest.mark.parametrize("tiny", [False, True])
def test_equals_numpy(stored: nb.Array, name: str, tiny: bool) -> None:
    """Elementwise, reduced, sliced, turned, in functions of blocks; in one task and in many."""
    with tiny_tasks() if tiny else nb.config():
        check(lambda: WORK[name](nb, stored), lambda: WORK[name](np, A), within=1e-12)


@pytest.mark.parametrize("name", ["wrap", "roll in time", "and others"])
@pytest.mark.parametrize("chunks", [None, (12, 2, 3)])
def test_written(stored: nb.Array, tmp_path: Path, name: str, chunks: tuple[int, ...] | None) -> None:
    """Written to a file piece by piece, inside a small budget."""
    expected = WORK[name](np, A)
    for k, memory in enumerate(["1MiB", "40kB"]):
        nb.to_hdf5(tmp_path / f"out{k}.h5", "x", WORK[name](nb, stored), chunks=chunks, memory=memory)
        with h5py.File(tmp_path / f"out{k}.h5") as file:
            np.testing.assert_array_equal(expected, file["x"][...])


@pytest.mark.parametrize("tiny", [False, True])
def test_missing(tmp_path: Path, tiny: bool) -> None:
    """What is missing is missing where it comes back, too."""
    given = np.ma.masked_less(A, -0.5)
    with netCDF4.Dataset(tmp_path / "x.nc", "w") as file:
        for k, n in enumerate(A.shape):
            file.createDimension(f"d{k}", n)
        file.createVariable("x", "f8", ("d0", "d1", "d2"), fill_value=1e20)[...] = given
    x = nb.open(tmp_path / "x.nc", "x", missing="mask")
    with tiny_tasks() if tiny else nb.config():
        found = (nb.roll(x, 2, axis=1) * 2).compute()

    expected = np.ma.MaskedArray(np.roll(given.data, 2, axis=1), np.roll(given.mask, 2, axis=1)) * 2
    np.testing.assert_array_equal(np.ma.getmaskarray(expected), np.ma.getmaskarray(found))
    np.testing.assert_array_equal(expected.compressed(), found.compressed())


def test_reads(stored: nb.Array) -> None:
    """Wrapping along an axis that chunks don't cut reads every chunk once, not once for each part."""
    made = plan([(nb.pad(stored, ((0, 0), (0, 2), (0, 0)), mode="wrap")[:, 2:] * 2).expr])
    (reads,) = reads_by_source(made).values()

    assert A.nbytes == reads.read_bytes
    assert {"multiply"} == {node.label for node in made.nodes}


@pytest.mark.parametrize("boundary", ["reflect", "periodic", "nearest"])
@pytest.mark.parametrize("masked", [False, True])
def test_blocks_with_neighbours_beyond_the_edges_of_memory(boundary: str, masked: bool) -> None:
    """A function of blocks of an array in memory takes what lies beyond its edges from there, without other tasks."""
    given = np.ma.masked_less(A, -0.5) if masked else A
    modes = {"reflect": "symmetric", "periodic": "wrap", "nearest": "edge"}

    def left(block: Any) -> Any:
        return np.ma.concatenate([block[:1], block[:-1]]) if masked else np.concatenate([block[:1], block[:-1]])

    x = nb.from_array(given, chunks=4)
    y = nb.map_overlap(left, x, depth=1, boundary=boundary, dtype=float)
    made, found = plan([y.expr]), y.compute()
    edge = np.pad(np.arange(len(A)), 1, mode=modes[boundary])[: len(A)]  # type: ignore[call-overload]

    assert [y.nblocks] == made.tasks_by_node().tolist()
    np.testing.assert_array_equal(np.ma.getmaskarray(given[edge]), np.ma.getmaskarray(found))
    np.testing.assert_array_equal(np.ma.filled(given[edge], 0), np.ma.filled(found, 0))


@pytest.mark.parametrize("x", [nb.from_array(A.copy(), chunks=4), nb.ones(A.shape, chunks=4)], ids=["memory", "ones"])
def test_blocks_with_neighbours_may_be_written_over(x: nb.Array) -> None:
    """What a function of blocks with their neighbours does to its block is done to no other, nor to the array."""
    before = x.compute()

    def spoil(block: Any) -> Any:
        block *= 2
        return block

    found = nb.map_overlap(spoil, x, depth=1, boundary="reflect", dtype=float).compute()

    np.testing.assert_array_equal(2 * before, found)
    np.testing.assert_array_equal(before, x.compute())


def test_what_is_no_patchwork(stored: nb.Array) -> None:
    """Parts of different arrays, what is computed, and arrays in memory, of which any part can be had at any time."""
    again, memory = nb.from_array(stored.compute(), chunks=4), nb.ones((12, 9, 7))

    assert isinstance(patches_of(simplify(nb.roll(stored, 1, axis=0).expr)), Patchwork)
    for other in (
        nb.concatenate([stored, memory]),
        nb.roll(again, 1, axis=0),
        nb.concatenate([stored, nb.sort(stored, axis=0)]),
        stored,
    ):
        assert patches_of(simplify(other.expr)) is None
