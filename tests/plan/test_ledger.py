"""The theorem that runs rest on: declared bytes never exceed the budget, and nothing waits for ever."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbarray.plan.ledger import WINDOW_BYTES, Ledger
from nbarray.plan.plan import Plan
from tests.engines.plans import Graph, apart, chain, graph_plan, graphs


class Simulation:
    """A run without threads: which of the tasks under way ends next is somebody else's choice."""

    def __init__(self, plan: Plan, budget_bytes: int, workers: int) -> None:
        self.plan, self.workers = plan, workers
        self.ledger = Ledger(plan, budget_bytes)
        self.running: list[int] = []
        self.finished: list[int] = []

    def start_tasks(self) -> None:
        """Start what may start."""
        while len(self.running) < self.workers and (task := self.ledger.next_task()) is not None:
            assert set(self.plan.dependencies(task).tolist()) <= set(self.finished), "its inputs exist"
            self.running.append(task)
            assert self.ledger.held_bytes == self.held_bytes()

    def finish(self, which: int) -> None:
        """End one of the tasks under way."""
        task = self.running.pop(which % len(self.running))
        self.finished.append(task)
        self.ledger.finish(task)
        assert self.ledger.held_bytes == self.held_bytes()

    def held_bytes(self) -> int:
        """What exists, counted anew: blocks that somebody still needs, and what is under way."""
        waiting = set(range(self.plan.ntasks)) - set(self.finished)
        needed = {d for t in waiting for d in self.plan.dependencies(t).tolist()}
        blocks = sum(int(self.plan.task_bytes[t]) for t in self.finished if t in needed)
        return blocks + sum(int(self.plan.task_bytes[t] + self.plan.scratch_bytes[t]) for t in self.running)


@given(graphs(), st.integers(0, 400), st.integers(1, 8), st.data())
def test_peak_stays_within_the_budget_and_all_tasks_finish(
    graph: Graph, extra: int, workers: int, data: st.DataObject
) -> None:
    """For any graph, any budget that fits the sequential peak, any workers and any order in which tasks end."""
    plan = graph_plan(graph)
    budget = plan.run_bytes() + extra
    run = Simulation(plan, budget, workers)
    while not run.ledger.all_done:
        run.start_tasks()
        assert run.running, "something is under way as long as something is left"
        run.finish(data.draw(st.integers(0, 7)))

    assert run.ledger.peak_bytes + plan.result_bytes <= budget
    assert 0 == run.ledger.held_bytes
    assert 0 == run.ledger.ahead_bytes
    assert sorted(run.finished) == list(range(plan.ntasks))


@given(graphs(), st.lists(st.integers(0, 400), min_size=1, max_size=6), st.data())
def test_budget_may_change_at_any_time(graph: Graph, extras: list[int], data: st.DataObject) -> None:
    """What runs isn't taken back, and what starts keeps to the new budget: the most ever allowed is the limit."""
    plan = graph_plan(graph)
    run = Simulation(plan, plan.run_bytes() + extras[0], 4)
    allowed = extras[0]
    while not run.ledger.all_done:
        extra = data.draw(st.sampled_from(extras))
        allowed = max(allowed, extra)
        run.ledger.set_budget(plan.run_bytes() + extra)
        run.start_tasks()
        run.finish(data.draw(st.integers(0, 7)))

    assert run.ledger.peak_bytes <= plan.sequential_peak + allowed


@given(graphs())
def test_one_worker_follows_the_sequential_peak(graph: Graph) -> None:
    """One worker holds exactly what the plan says, however large the budget is."""
    plan = graph_plan(graph)
    run = Simulation(plan, 10**9, 1)
    while not run.ledger.all_done:
        run.start_tasks()
        run.finish(0)

    assert list(range(plan.ntasks)) == run.finished
    assert plan.sequential_peak == run.ledger.peak_bytes


def test_without_slack_only_the_head_runs() -> None:
    """At a budget of the sequential peak, tasks run one at a time: the head, and nothing ahead of it."""
    plan = graph_plan(apart(5, nbytes=10))
    ledger = Ledger(plan, plan.run_bytes())

    assert 0 == ledger.next_task()
    assert ledger.next_task() is None
    ledger.finish(0)
    assert 1 == ledger.next_task()


@pytest.mark.parametrize(("slack", "expected"), [(0, 1), (10, 2), (25, 3), (1000, 5)])
def test_slack_is_what_may_run_ahead(slack: int, expected: int) -> None:
    """Beside the head, as many tasks run as fit into what the budget leaves."""
    plan = graph_plan(apart(5, nbytes=10))
    ledger = Ledger(plan, plan.run_bytes() + slack)
    started = [task for _ in range(5) if (task := ledger.next_task()) is not None]

    assert list(range(expected)) == started
    assert 10 * expected == ledger.held_bytes


def test_a_task_that_costs_nothing_may_always_start() -> None:
    """Tasks without bytes are not held back."""
    plan = graph_plan(apart(3, nbytes=0))
    ledger = Ledger(plan, plan.run_bytes())

    assert [0, 1, 2] == [ledger.next_task(), ledger.next_task(), ledger.next_task()]


def test_blocks_are_released_by_their_last_user() -> None:
    """Finishing a task gives back what nobody needs any more."""
    #   0 → 1 → 2
    ledger = Ledger(graph_plan(chain(3, nbytes=10)), 1000)
    released = []
    for task in range(3):
        assert task == ledger.next_task()
        released.append(ledger.finish(task))

    assert [[], [0], [1, 2]] == released


def test_a_budget_below_the_peak_runs_the_head_alone() -> None:
    """If somebody lowers the budget too far while a run goes on, it still comes to its end, one task at a time."""
    plan = graph_plan(chain(4, nbytes=50))
    run = Simulation(plan, plan.run_bytes() + 500, 4)
    run.ledger.set_budget(1)
    while not run.ledger.all_done:
        run.start_tasks()
        assert 1 == len(run.running)
        run.finish(0)

    assert plan.sequential_peak == run.ledger.peak_bytes


def test_bookkeeping_of_many_tasks_is_small() -> None:
    """A ledger keeps a few bytes for each task: the rest it looks up in the plan."""
    plan = graph_plan(apart(20_000, nbytes=1000))
    plan.run_bytes()
    tracemalloc.start()
    ledger = Ledger(plan, 10**9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert 20_000 == ledger.ready
    assert peak < 20_000 * 60


def test_large_blocks_are_not_taken_several_at_a_time() -> None:
    """However short tasks are, a worker takes no more of them than make a megabyte together, or one."""
    taken = []
    for nbytes in (WINDOW_BYTES // 1000, WINDOW_BYTES // 4, 2 * WINDOW_BYTES):
        needs = [[] for _ in range(100)] + [list(range(100))]
        ledger = Ledger(graph_plan((needs, [nbytes] * 101, [0] * 101)), 10**9, 2)
        taken.append(len(ledger.take({0: 64}, 2)))

    assert [50, 4, 1] == taken
