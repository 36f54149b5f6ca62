"""From lowered nodes to plans: what is needed becomes tasks, and nothing else; millions of blocks take seconds."""

from __future__ import annotations

import time
from typing import Any

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray.expr.lowered_fused import Fused
from nbarray.plan.plan import Plan
from nbarray.session import plan
from nbarray.units import parse_bytes
from tests.compare import tiny_tasks
from tests.pages.arrays import named

A = np.arange(48.0).reshape(6, 8)


def tasks(made: Plan) -> list[tuple[str, tuple[int, ...], tuple[int, ...], list[int]]]:
    """Label, corners and needs of each task, in order."""
    return [
        (made.nodes[made.task_node[t]].label, *made.box(t), made.dependencies(t).tolist()) for t in range(made.ntasks)
    ]


def negated(x: nb.Array) -> nb.Array:
    """One task a block, whatever its size."""
    return x.map_blocks(np.negative, dtype=float)


def test_one_task_a_block() -> None:
    """Blocks of a user's function are tasks, in the order of the result.

    x (6, 8) in (3, 8):     map 0, map 1
    """
    made = plan([negated(nb.from_array(A, chunks=(3, 8))).expr])

    assert [
        ("map_blocks(negative)", (0, 0), (3, 8), []),
        ("map_blocks(negative)", (3, 0), (6, 8), []),
    ] == tasks(made)
    assert [True, True] == made.to_result.tolist()


def test_blocks_are_folded_as_they_come() -> None:
    """A fold over blocks that tasks make takes them one after another.

    map 0 → ┐
    map 1 → ┴ sum
    """
    made = plan([negated(nb.from_array(A, chunks=(3, 8))).sum().expr])

    assert [
        ("map_blocks(negative)", (0, 0), (3, 8), []),
        ("map_blocks(negative)", (3, 0), (6, 8), []),
        ("sum", (0, 0), (1, 1), [0, 1]),
    ] == tasks(made)


def test_needs_are_those_that_a_rectangle_touches() -> None:
    """A block of a rechunked array needs the blocks under it, in C order.

    columns of 4 over blocks of (3, 5):   (0, 0), (1, 0)  →  0:4      (0, 0), (0, 1), (1, 0), (1, 1)  →  4:8
    """
    made = plan([negated(negated(nb.from_array(A, chunks=(3, 5))).rechunk((6, 4))).expr])

    assert [
        ("map_blocks(negative)", (0, 0), (3, 5), []),
        ("map_blocks(negative)", (3, 0), (6, 5), []),
        ("map_blocks(negative)", (0, 0), (6, 4), [0, 1]),
        ("map_blocks(negative)", (0, 5), (3, 8), []),
        ("map_blocks(negative)", (3, 5), (6, 8), []),
        ("map_blocks(negative)", (0, 4), (6, 8), [0, 3, 1, 4]),
    ] == tasks(made)


def test_what_is_not_needed_is_no_task() -> None:
    """Of 48 blocks, a slice that shows two needs two."""
    made = plan([(negated(nb.from_array(A, chunks=1))[2:3, 4:6] + 1).expr])

    assert [
        ("map_blocks(negative)", (2, 4), (3, 5), []),
        ("map_blocks(negative)", (2, 5), (3, 6), []),
    ] == tasks(made)[:2]
    assert 3 == made.ntasks


def test_what_two_results_need_is_made_once() -> None:
    """Results that are computed together share tasks."""
    x = negated(nb.from_array(A, chunks=(3, 8)))
    made = plan([x.sum().expr, x.max().expr])

    assert [2, 1, 1, 1] == sorted(made.tasks_by_node().tolist(), reverse=True)


def test_a_result_that_others_need_is_kept_too() -> None:
    """A block that is both a result and an input is written to its place and held until it was used."""
    x = negated(nb.from_array(A, chunks=(3, 8)))
    made = plan([x.expr, x.sum().expr])

    assert [True, True, True] == made.to_result.tolist()
    assert [192, 192, 0] == made.task_bytes.tolist()


def test_a_view_of_blocks_is_no_task() -> None:
    """A transposed result is its base's blocks, laid otherwise."""
    made = plan([negated(nb.from_array(A, chunks=(3, 8))).T.expr])

    assert 2 == made.ntasks
    assert made.placements[0] is not None


def test_bytes_read_are_those_of_stored_numbers() -> None:
    """Arrays in memory are not read; of stored ones, each task reads its rectangle."""
    f = named("f", A, (2, 8), (2, 8))

    assert 48 * 8 == plan([f.sum().expr]).read_bytes.sum()
    assert 24 * 8 == plan([f[::2].sum().expr]).read_bytes.sum()
    assert 0 == plan([nb.from_array(A).sum().expr]).read_bytes.sum()


@pytest.mark.parametrize("memory", ["64MiB", "1GiB", "1TiB"])
def test_a_task_is_a_small_part_of_the_budget(memory: str) -> None:
    """However large an array and its chunks are, what one task holds is a small share of the budget."""
    x = nb.zeros((2**17, 2**17), chunks=(2**15, 2**17))
    made = plan([(x + 1).sum().expr], memory)

    assert (made.task_bytes + made.scratch_bytes).max() <= parse_bytes(memory) / 8


class TestScale:
    """Planning costs what is asked for, not what there is."""

    def timed(self, make: Any) -> tuple[float, Plan]:
        """Processor time, the best of three: others may be busy."""
        times = []
        for _ in range(3):
            start = time.process_time()
            made = plan([make().expr])
            times.append(time.process_time() - start)
        return min(times), made

    @pytest.mark.parametrize(
        "make",
        [
            lambda: nb.arange(10**12, chunks=10**6)[5 * 10**11 : 5 * 10**11 + 10] + 1,
            lambda: negated(nb.arange(10**12, chunks=10**6))[10**11 : 10**11 + 10],
            lambda: negated(nb.zeros((10**6, 10**6), chunks=500) + 1).T[700:710, 99_000:99_010] * 2,
            lambda: nb.zeros((10**6, 10**6), chunks=500).sum(axis=0)[5:7],
        ],
        ids=["elementwise", "mapped", "turned", "reduced"],
    )
    def test_one_block_of_a_huge_expression(self, make: Any) -> None:
        """A few elements of a trillion need a few tasks, and milliseconds to plan."""
        seconds, made = self.timed(make)

        assert made.ntasks <= 10
        assert seconds < 0.15

    @pytest.mark.parametrize(
        "reduce",
        [
            lambda x: x.sum(),
            lambda x: x.mean(),
            lambda x: x[x > 0].mean(),
            lambda x: (x + 1).std(),
        ],
        ids=["sum", "mean", "mean of the positive ones", "std"],
    )
    def test_a_trillion_elements(self, reduce: Any) -> None:
        """Reductions of a trillion elements are planned within seconds, and take a few blocks of memory."""
        start = time.process_time()
        made = plan([reduce(nb.arange(-5 * 10**11, 5 * 10**11, chunks=10**6)).expr], "1GiB")

        assert time.process_time() - start < 5
        assert made.sequential_peak < 50e6

    def test_a_hundred_thousand_tasks(self) -> None:
        """Planning 10⁵ blocks that each are a task takes a part of a second."""
        seconds, made = self.timed(lambda: negated(nb.zeros(10**6, chunks=10)).sum())

        assert made.ntasks > 10**5
        assert seconds < 1

    def test_a_million_tasks(self) -> None:
        """Planning a million tasks takes less than three seconds."""
        x = negated(nb.zeros((1000, 1000), chunks=1))
        seconds, made = self.timed(lambda: x.sum(axis=0))

        assert made.ntasks > 10**6
        assert seconds < 3

    def test_building_costs_nothing(self) -> None:
        """Writing down an expression over a million blocks takes milliseconds."""
        times = []
        for _ in range(5):
            start = time.process_time()
            e = nb.zeros((1000, 1000), chunks=1)
            (e + e.T).sum(axis=0).mean()
            times.append(time.process_time() - start)

        assert min(times) < 0.02


def test_plans_depend_on_the_expression_alone() -> None:
    """Planning again gives the same plan."""
    x = nb.from_array(A, chunks=(2, 3))
    with tiny_tasks():
        first, second = (plan([(x - x.mean(axis=0)).T.expr], "1GiB") for _ in range(2))

    for name in ("task_node", "task_block", "dep_indptr", "deps", "task_bytes", "scratch_bytes"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_what_workers_keep_while_they_merge_is_no_more_than_they_had(tmp_path: Any) -> None:
    """Buffers that a fold fills are counted for the merge after it, and most is held while something is folded."""
    with h5py.File(tmp_path / "plain.h5", "w") as file:
        file.create_dataset("v", shape=(1600, 500, 250), dtype="f8", chunks=(32, 500, 250))
    made = plan([nb.open(tmp_path / "plain.h5", "v").std(axis=0).expr])
    folds = np.isin(made.task_node, [k for k, node in enumerate(made.nodes) if isinstance(node, Fused)])
    merging = [
        k for k, node in enumerate(made.nodes) if node.in_place and made.scratch_bytes[made.task_node == k].any()
    ]
    counted = (made.scratch_bytes + made.task_bytes)[np.isin(made.task_node, merging)]

    assert made.scratch_bytes[folds].max() == counted.min() == counted.max()
    assert folds[made.peak_task]
