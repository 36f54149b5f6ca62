"""How work is cut: tasks follow bytes, not chunks, and depend on nothing but the expression and the budget."""

from __future__ import annotations

import math
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbarray as nb
from nbarray.expr.lowered_fused import Fused
from nbarray.grid.chunks import AxisChunks, regular
from nbarray.rewrite import grids
from nbarray.rewrite.grain import Grain
from nbarray.rewrite.grids import Space, elementwise_grid, fold_grid, step_lengths
from nbarray.session import plan
from tests.compare import tiny_tasks
from tests.pages.arrays import named

sizes = st.lists(st.integers(0, 40), min_size=1, max_size=3)


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """Any space, some of its axes in units that should not be cut."""
    shape = tuple(draw(sizes))
    units = []
    for n in shape:
        kind = draw(st.sampled_from(["none", "regular", "irregular"]))
        if kind == "irregular" and n:
            cuts = sorted(draw(st.sets(st.integers(1, n), max_size=4)) | {n})
            units.append(AxisChunks.of(np.diff([0, *cuts]).tolist()))
        else:
            units.append(regular(n, draw(st.integers(1, 9))) if kind == "regular" else None)
    return Space(shape, tuple(units), draw(st.booleans()), draw(st.booleans()))


def cuts(axis: AxisChunks) -> set[int]:
    """Where an axis is cut."""
    return set(axis.offsets.tolist())


@given(spaces(), st.integers(1, 200))
def test_grids_cover_the_space_and_cut_no_unit(space: Space, most: int) -> None:
    """Blocks of a grid lie between units' edges, and make up the space."""
    for grid in (elementwise_grid(space, Grain(most)), fold_grid(space, (0,), Grain(most))):
        assert space.shape == grid.shape
        for k, axis in enumerate(grid.axes):
            assert cuts(axis) <= cuts(space.unit(k))


@given(spaces(), st.integers(1, 200))
def test_tasks_are_as_small_as_units_allow(space: Space, most: int) -> None:
    """A block of elements is no larger than asked for, or than one unit if that is larger."""
    grid = elementwise_grid(space, Grain(most))
    unit = math.prod(max(1, space.unit(k).largest) for k in range(len(space.shape)))

    assert math.prod(grid.largest) <= max(most, unit)


@given(spaces(), st.integers(1, 200))
def test_steps_lie_within_tasks(space: Space, most: int) -> None:
    """What is fetched at once is no longer than a task along any axis."""
    grid = elementwise_grid(space, Grain(most))
    step = step_lengths(space, grid)

    assert all(1 <= n <= max(1, m) for n, m in zip(step, grid.largest, strict=True))


def test_tasks_that_fold_files_hold_whole_steps(tmp_path: Any) -> None:
    """Steps begin at multiples of their length: a task's end would cut one for it and the next."""
    with h5py.File(tmp_path / "plain.h5", "w") as file:
        file.create_dataset("v", shape=(1600, 500, 250), dtype="f8", chunks=(32, 500, 250))
    x = nb.open(tmp_path / "plain.h5", "v")

    for array in (x.std(axis=0), x.mean(), x.max(axis=(0, 2)), abs(x - x.mean(axis=0)).sum()):
        for node in plan([array.expr]).nodes:
            if isinstance(node, Fused) and node.program.folds:
                for k in node.program.folds[0].axes:
                    axis, step = node.grid.axes[k], node.step[k]
                    assert axis.count == 1 or axis.largest % step == 0


@pytest.mark.parametrize("chunks", [10, 1000, 10**5, 10**7])
def test_tasks_follow_bytes_not_chunks(chunks: int) -> None:
    """The same array in tiny or in huge chunks is the same number of tasks."""
    made = plan([(nb.zeros(10**7, chunks=chunks) + 1).sum().expr], "1GiB")

    assert plan([(nb.zeros(10**7) + 1).sum().expr], "1GiB").ntasks == made.ntasks
    assert 20 < made.ntasks < 200


@pytest.mark.parametrize("elements", [10**3, 10**6, 10**9, 10**12])
def test_tasks_are_neither_many_nor_few(elements: int) -> None:
    """Small arrays are one task, large ones a few for each worker, huge ones as many as keep a task small."""
    tasks = plan([(nb.zeros(elements) + 1).sum().expr], "8GiB").ntasks

    assert tasks <= max(1.1 * grids.GOOD_TASKS + 4, 1.2 * elements / grids.MOST)
    assert tasks >= min(grids.GOOD_TASKS / 2, elements / (2 * grids.FEWEST))


def test_stored_chunks_are_decoded_once() -> None:
    """Whatever chunks were asked for, each stored chunk is read by one task."""
    f = named("f", np.zeros((64, 90, 180), np.int16), (8, 30, 30), (1, 90, 180))
    for array in (f.mean(axis=0), f.sum(axis=(1, 2)), f + 1, f[::2].max()):
        made = plan([array.expr], "64MiB")

        assert made.read_bytes.sum() <= f.nbytes


@pytest.mark.parametrize("index", [np.s_[0, ::40, ::40], np.s_[0], np.s_[5, :, ::100]])
def test_tasks_follow_what_is_decoded(tmp_path: Any, index: Any) -> None:
    """A view that leaves most of a large file out is many tasks that each decode a few chunks, not one for all."""
    with h5py.File(tmp_path / "large.h5", "w") as file:
        file.create_dataset("v", shape=(10, 8000, 8000), dtype="f4", chunks=(10, 1000, 1000), compression="gzip")
    x = nb.open(tmp_path / "large.h5", "v")

    assert 8 <= plan([x[index].expr]).ntasks <= 100


def test_plans_do_not_know_workers() -> None:
    """A plan is made without being told how many workers there are: so results can't depend on them."""
    x = nb.zeros((1000, 1000)) + 1
    with nb.config(workers=1):
        one = plan([x.std(axis=0).expr], "1GiB")
    with nb.config(workers=8):
        eight = plan([x.std(axis=0).expr], "1GiB")

    np.testing.assert_array_equal(one.task_block, eight.task_block)
    assert [a.chunks for a in one.nodes] == [b.chunks for b in eight.nodes]


@pytest.mark.parametrize(
    "make",
    [
        lambda x: (x + 1).map_blocks(np.negative, dtype=float)[:5, :5],
        lambda x: (x.T * 2).map_blocks(np.negative, dtype=float)[:5, :5],
        lambda x: x.map_blocks(np.negative, dtype=float).T[:5, :5] + 1,
    ],
    ids=["mapped", "turned before", "turned after"],
)
def test_one_block_needs_few_tasks(make: Any) -> None:
    """What a function of blocks takes in is cut as its blocks are: one block doesn't need parts of many long tasks."""
    made = plan([make(nb.zeros((10**5, 10**5), chunks=500)).expr], "1GiB")

    assert made.ntasks <= 3
    assert made.sequential_peak < 50e6


def test_chunks_of_functions_of_blocks_don_t_cut_stored_chunks() -> None:
    """Where numbers are stored in other chunks than blocks are made of, each stored chunk is still decoded once."""
    f = named("f", np.zeros((8, 90, 180), np.int16), (8, 30, 30), (1, 90, 180))
    made = plan([(f + 1).map_blocks(np.negative, dtype=np.int16).sum().expr], "1GiB")

    assert f.nbytes == made.read_bytes.sum()


@pytest.mark.parametrize("chunks", [None, (1, 4)])
def test_no_rows_of_a_file(chunks: Any, tmp_path: Any) -> None:
    """What is folded along an axis of nothing has steps, too, also beside what reads the rest of the file."""
    a = np.arange(9.0).reshape(1, 9)
    with h5py.File(tmp_path / "a.h5", "w") as f:
        f.create_dataset("x", data=a, chunks=chunks)
    x = nb.open(tmp_path / "a.h5", "x")

    np.testing.assert_array_equal(a[1:].sum(axis=0), x[1:].sum(axis=0).compute())
    np.testing.assert_array_equal(a[1:].sum(axis=0), nb.compute(abs(x)[1:].sum(axis=0), x.max())[0])


def test_several_reductions_of_no_columns_of_a_file(tmp_path: Any) -> None:
    """Pieces of their results are made of nothing, each of its own length."""
    a = np.zeros((30, 0))
    with h5py.File(tmp_path / "a.h5", "w") as f:
        f.create_dataset("x", data=a)
    with tiny_tasks():
        x = nb.open(tmp_path / "a.h5", "x")
        total, number = nb.compute(x.sum(axis=1), nb.count_nonzero(x + 1, axis=1))

    np.testing.assert_array_equal(a.sum(axis=1), total)
    np.testing.assert_array_equal(np.count_nonzero(a, axis=1), number)
