"""Memory as arithmetic: the sequential peak of plans small enough to be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.plan.check import check_plan
from nbarray.plan.plan import Plan, block_box
from tests.engines.plans import Graph, apart, chain, graph_plan, graphs


def held(graph: Graph) -> list[int]:
    """Bytes held while each task runs."""
    return graph_plan(graph).held_bytes.tolist()


def test_a_chain_holds_two_blocks() -> None:
    """Each block waits for one user: it and what the user makes exist together.

    0 (10) → 1 (20) → 2 (40)

    task 0: 10          its own block
    task 1: 10 + 20
    task 2: 20 + 40     block 0 is gone
    """
    assert [10, 30, 60] == held(([[], [0], [1]], [10, 20, 40], [0, 0, 0]))


def test_scratch_is_held_while_a_task_runs() -> None:
    """What a task needs besides its block comes and goes with it.

    0 (10, scratch 100) → 1 (10, scratch 5)
    """
    assert [110, 25] == held(([[], [0]], [10, 10], [100, 5]))


def test_a_block_waits_for_its_last_user() -> None:
    """A block that is needed again at the end is held throughout.

    0 (10) ──────────────→ 3 (1)
       └→ 1 (20) → 2 (20) ─┘
    """
    assert [10, 30, 50, 31] == held(([[], [0], [1], [0, 2]], [10, 20, 20, 1], [0] * 4))


def test_a_merge_holds_what_it_merges() -> None:
    """A tree of merges holds one state a level and the blocks of the branch that is being made.

    0 (8)  1 (8) → 2 (8)   3 (8)  4 (8) → 5 (8)   2, 5 → 6 (8)
    """
    assert [8, 16, 24, 16, 24, 32, 24] == held(([[], [], [0, 1], [], [], [3, 4], [2, 5]], [8] * 7, [0] * 7))


def test_blocks_that_go_straight_into_a_result_are_not_held() -> None:
    """A task whose block is written to its place in the result declares none."""
    assert [7, 7, 7] == held(apart(3, nbytes=7))


@given(graphs())
def test_held_bytes_are_what_exists(graph: Graph) -> None:
    """In any graph: the blocks of earlier tasks that this one or a later one needs, its own, and its scratch."""
    needs, block_bytes, scratch = graph
    expected = []
    for t in range(len(needs)):
        needed = {d for each in needs[t:] for d in each if d < t}
        expected.append(sum(block_bytes[d] for d in needed) + block_bytes[t] + scratch[t])

    assert expected == held(graph)


@given(graphs())
def test_the_peak_is_somewhere(graph: Graph) -> None:
    """The sequential peak is the most bytes held, at the task that is named; `alive` says whose they are."""
    plan = graph_plan(graph)
    alive = plan.alive(plan.peak_task)

    assert plan.held_bytes[plan.peak_task] == plan.sequential_peak == max(held(graph))
    assert plan.task_bytes[alive].sum() + plan.scratch_bytes[plan.peak_task] == plan.sequential_peak


def test_a_run_needs_the_peak_and_the_results() -> None:
    """Results are held from the beginning to the end."""
    plan = graph_plan(chain(3, nbytes=10))

    assert 20 == plan.sequential_peak
    assert 20 + 3 * 8 == plan.run_bytes()


def test_an_empty_plan() -> None:
    """Nothing to do needs nothing."""
    plan = graph_plan(([], [], []))

    assert (0, 0, -1) == (plan.ntasks, plan.sequential_peak, plan.peak_task)


@pytest.mark.parametrize(
    "chunks",
    [
        Chunks((regular(10, 4), regular(6, 6))),
        Chunks((AxisChunks.of([3, 1, 2]), regular(5, 2))),
        Chunks((regular(0, 1),)),
        Chunks(()),
    ],
    ids=str,
)
def test_the_box_of_one_block_is_that_of_many(chunks: Chunks) -> None:
    """One block's corners, found without arrays, are those found with them."""
    low, high = chunks.boxes(np.arange(chunks.nblocks))

    for k in range(chunks.nblocks):
        assert (tuple(low[k].tolist()), tuple(high[k].tolist())) == block_box(chunks, k)


class TestChecks:
    """A plan that breaks its laws is found out."""

    def broken(self, **changes: object) -> Plan:
        """A plan of a chain with some of its arrays exchanged."""
        plan = graph_plan(chain(3))
        fields = {name: getattr(plan, name) for name in plan.__dataclass_fields__}
        return Plan(**{**fields, **changes})

    def test_a_good_plan_passes(self) -> None:
        """Nothing is said of a plan that is right."""
        check_plan(self.broken())

    def test_a_task_before_what_it_needs(self) -> None:
        """Tasks are numbered so that each comes after what it needs."""
        with pytest.raises(AssertionError, match="after everything it needs"):
            check_plan(self.broken(deps=np.array([1, 2])))

    def test_uses_that_are_not_counted(self) -> None:
        """A block has as many users as there are tasks that need it."""
        with pytest.raises(AssertionError, match="uses count"):
            check_plan(self.broken(uses=np.array([1, 2, 0])))

    def test_a_block_that_nobody_wants(self) -> None:
        """Nothing is made in vain."""
        with pytest.raises(AssertionError, match="used or a result"):
            check_plan(self.broken(to_result=np.zeros(3, bool)))

    def test_negative_bytes(self) -> None:
        """Bytes are counted from 0 on."""
        with pytest.raises(AssertionError, match="negative"):
            check_plan(self.broken(scratch_bytes=np.array([0, -1, 0])))

    def test_a_result_with_a_hole(self) -> None:
        """All blocks of a result are made."""
        with pytest.raises(AssertionError, match="all blocks"):
            check_plan(self.broken(task_node=np.array([0, 0, 1])))
