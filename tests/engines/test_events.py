"""What a run tells while it happens: the stream of events that observers rely on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbarray import events
from nbarray.engines.run import Run
from nbarray.errors import Cancelled, TaskError
from tests.engines.plans import Graph, chain, graph_plan, graphs, numbers

ENDS = (events.RunFinished, events.RunFailed, events.RunCancelled)


def observed(graph: Graph, workers: int, slack: int = 10**6) -> tuple[Run, list[events.Event]]:
    """A run that has ended, and all it told."""
    told: list[events.Event] = []
    made = graph_plan(graph)
    run = Run(made, made.run_bytes() + slack, workers, [told.append]).start()
    run.result(20)
    return run, told


def of(kind: type[Any], told: list[events.Event]) -> list[Any]:
    """The events of a kind."""
    return [event for event in told if isinstance(event, kind)]


@given(graphs(), st.integers(1, 4))
def test_stream_is_well_formed(graph: Graph, workers: int) -> None:
    """PlanReady first, each task started and then finished, once, RunFinished last; in the end nothing is held."""
    run, told = observed(graph, workers)
    n = run.plan.ntasks
    started, finished = of(events.TaskStarted, told), of(events.TaskFinished, told)
    of_tasks = [(k, e) for k, e in enumerate(told) if isinstance(e, events.TaskStarted | events.TaskFinished)]
    position = {(type(event), event.task): k for k, event in of_tasks}

    assert isinstance(told[0], events.PlanReady)
    assert isinstance(told[-1], events.RunFinished)
    assert {run.number} == {event.run for event in told}
    assert list(range(n)) == sorted(event.task for event in started)
    assert list(range(n)) == sorted(event.task for event in finished)
    assert all(position[events.TaskStarted, t] < position[events.TaskFinished, t] for t in range(n))
    assert 0 == finished[-1].held_bytes


@given(graphs())
def test_tasks_start_after_what_they_need(graph: Graph) -> None:
    """A task is only told to start when all that it needs were told to be finished."""
    _, told = observed(graph, 3)
    finished: set[int] = set()
    for event in told:
        if isinstance(event, events.TaskStarted):
            assert set(graph[0][event.task]) <= finished
        elif isinstance(event, events.TaskFinished):
            finished.add(event.task)


@given(graphs(), st.integers(0, 300))
def test_told_bytes_keep_to_the_budget(graph: Graph, slack: int) -> None:
    """Held bytes are never negative and, with the results, never more than the budget; the peak is the ledger's."""
    run, told = observed(graph, 4, slack)
    held = [event.held_bytes for event in told if isinstance(event, events.TaskFinished | events.BlockReleased)]
    (end,) = of(events.RunFinished, told)

    assert min(held) >= 0
    assert max(held) + run.plan.result_bytes <= end.peak_bytes <= run.plan.run_bytes() + slack


@given(graphs())
def test_blocks_are_released_once(graph: Graph) -> None:
    """Every block that somebody needs is released, once, after its last user."""
    _, told = observed(graph, 2)
    used = {d for needs in graph[0] for d in needs}

    assert sorted(used) == sorted(event.task for event in of(events.BlockReleased, told))


def test_plan_ready_says_what_comes() -> None:
    """The first event holds what observers show before anything has happened."""
    run, told = observed(chain(3, nbytes=100), 2, slack=50)
    ready = of(events.PlanReady, told)[0]

    assert (events.NodeCount("count", 3),) == ready.nodes
    assert (3, 0, 24) == (ready.tasks, ready.read_bytes, ready.result_bytes)
    assert (run.plan.run_bytes(), run.plan.run_bytes() + 50) == (ready.peak_bytes, ready.budget_bytes)
    assert 2 == ready.workers


def test_times_are_in_order() -> None:
    """A task begins before it ends, and busy time is the sum of what tasks took."""
    _, told = observed(chain(5), 2)
    finished = of(events.TaskFinished, told)
    (end,) = of(events.RunFinished, told)

    assert all(event.start_s <= event.stop_s for event in finished)
    assert sum(event.stop_s - event.start_s for event in finished) == pytest.approx(end.busy_s)
    assert end.busy_s <= 2 * end.wall_s
    assert {0, 1} >= {event.worker for event in finished}


def test_a_failed_run_says_so_once() -> None:
    """RunFailed comes once, last, with the message that the user gets."""
    told: list[events.Event] = []

    def work(task: int, blocks: Sequence[Any]) -> None:
        if task == 2:
            raise ValueError("here")

    run = Run(graph_plan(chain(5), work), 10**6, 2, [told.append]).start()
    with pytest.raises(TaskError) as caught:
        run.result(20)

    assert 1 == len([event for event in told if isinstance(event, ENDS)])
    assert isinstance(told[-1], events.RunFailed)
    assert str(caught.value) == told[-1].error
    assert [0, 1] == [event.task for event in of(events.TaskFinished, told)]


def test_a_result_that_cannot_be_made_is_a_failed_run() -> None:
    """An error after the last task is told as one."""
    told: list[events.Event] = []

    def finish(results: Any) -> Any:
        raise ValueError("no such result")

    run = Run(graph_plan(chain(2)), 10**6, 1, [told.append], finish).start()
    with pytest.raises(ValueError, match="no such result"):
        run.result(20)

    assert "failed" == run.state
    assert isinstance(told[-1], events.RunFailed)


def test_a_cancelled_run_says_so_last() -> None:
    """After RunCancelled nothing is told, whatever is still under way."""
    told: list[events.Event] = []
    runs: list[Run] = []

    def work(task: int, blocks: Sequence[Any]) -> None:
        if task == 1:
            runs[0].cancel()

    run = Run(graph_plan(chain(4), work), 10**6, 1, [told.append])
    runs.append(run)
    run.start()
    with pytest.raises(Cancelled):
        run.result(20)

    assert isinstance(told[-1], events.RunCancelled)
    assert 1 == told[-1].tasks_done
    assert [0] == [event.task for event in of(events.TaskFinished, told)]


def test_pause_and_resume_are_told() -> None:
    """Observers see when a run stands still."""
    told: list[events.Event] = []
    runs: list[Run] = []

    def watch(event: events.Event) -> None:
        told.append(event)
        if isinstance(event, events.TaskFinished) and event.task == 0:
            runs[0].pause()

    run = Run(graph_plan(chain(3)), 10**6, 1, [watch])
    runs.append(run)
    run.start()
    while not of(events.RunPaused, told):
        assert not run.wait(0.01)
    run.resume()
    run.result(20)

    assert 1 == len(of(events.RunPaused, told)) == len(of(events.RunResumed, told))


def test_an_observer_that_raises_breaks_nothing() -> None:
    """The run goes on, others are told everything, and the broken one is told nothing more."""
    told: list[events.Event] = []
    calls: list[events.Event] = []

    def broken(event: events.Event) -> None:
        calls.append(event)
        raise RuntimeError("broken observer")

    graph = chain(4)
    made = graph_plan(graph)
    run = Run(made, made.run_bytes(), 2, [broken, told.append]).start()

    assert numbers(graph) == run.result(20).sinks[0][0].tolist()
    assert 1 == len(calls)
    assert isinstance(told[-1], events.RunFinished)


def test_an_observer_may_cancel() -> None:
    """A monitor's stop button works from inside the stream."""
    runs: list[Run] = []

    def stop(event: events.Event) -> None:
        if isinstance(event, events.TaskFinished) and event.task == 1:
            runs[0].cancel()

    run = Run(graph_plan(chain(5)), 10**6, 1, [stop])
    runs.append(run)
    run.start()
    with pytest.raises(Cancelled):
        run.result(20)


def test_no_observers_no_events() -> None:
    """Without observers a run makes no records at all."""
    graph = chain(3)
    made = graph_plan(graph)

    assert numbers(graph) == Run(made, made.run_bytes(), 1).run_here().sinks[0][0].tolist()
