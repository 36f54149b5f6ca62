"""The handle on a run: pause, resume, cancel, more workers, another budget, waiting."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from nbarray.engines.run import Run
from nbarray.errors import Cancelled, ConfigError, TaskError
from nbarray.plan.ledger import Ledger
from tests.engines.patience import PATIENCE_S, threads_of, until
from tests.engines.plans import Graph, apart, chain, graph_plan, numbers


class Gates:
    """Tasks that wait until they are let through, so that tests decide what happens when."""

    def __init__(self, graph: Graph) -> None:
        self.gates = [threading.Event() for _ in graph[0]]
        self.begun = [threading.Event() for _ in graph[0]]
        self.plan = graph_plan(graph, self._work)

    def _work(self, task: int, blocks: Sequence[Any]) -> None:
        self.begun[task].set()
        assert self.gates[task].wait(PATIENCE_S)

    def open(self, *tasks: int) -> None:
        """Let tasks through; all of them if none is named."""
        for task in tasks or range(len(self.gates)):
            self.gates[task].set()

    def under_way(self, *tasks: int) -> None:
        """Wait until tasks have begun."""
        for task in tasks:
            assert self.begun[task].wait(PATIENCE_S), f"task {task} never begins"

    def begun_tasks(self) -> list[int]:
        """The tasks that have begun."""
        return [task for task, event in enumerate(self.begun) if event.is_set()]


@pytest.fixture
def make() -> Iterator[Callable[..., tuple[Gates, Run]]]:
    """Makes runs whose tasks wait at gates; all gates are open and all runs over when the test is."""
    made: list[tuple[Gates, Run]] = []

    def start(graph: Graph, workers: int = 2, slack: int = 10**6) -> tuple[Gates, Run]:
        gates = Gates(graph)
        run = Run(gates.plan, gates.plan.run_bytes() + slack, workers)
        made.append((gates, run))
        return gates, run.start()

    yield start
    for gates, run in made:
        run.cancel()
        gates.open()
        assert run.wait(PATIENCE_S)


def still(condition: Callable[[], bool], seconds: float = 0.1) -> bool:
    """Whether something stays so for a while."""
    deadline = time.perf_counter() + seconds
    while condition() and time.perf_counter() < deadline:
        time.sleep(0.01)
    return condition()


def test_start_returns_at_once(make: Any) -> None:
    """Starting doesn't wait for any task."""
    gates, run = make(chain(3))

    assert "running" == run.state
    assert (0, 3) == run.progress
    gates.open()
    run.result(PATIENCE_S)
    assert ("done", (3, 3)) == (run.state, run.progress)


def test_starting_twice_is_starting_once(make: Any) -> None:
    """A second start changes nothing."""
    _, run = make(chain(2), workers=1)

    assert run.start() is run
    assert 1 == len(threads_of(run))


def test_pause_starts_no_more_tasks(make: Any) -> None:
    """Tasks under way end, and that is all until the run is resumed."""
    gates, run = make(apart(5), workers=2)
    gates.under_way(0, 1)
    run.pause()
    gates.open()

    assert "paused" == run.state
    assert until(lambda: run.progress[0] == 2)
    assert still(lambda: gates.begun_tasks() == [0, 1])


def test_resume_goes_on(make: Any) -> None:
    """What was paused comes to its end after it is resumed."""
    gates, run = make(apart(5), workers=2)
    run.pause()
    gates.open()
    run.resume()

    assert [1] * 5 == run.result(PATIENCE_S).sinks[0][0].tolist()
    assert "done" == run.state


def test_pausing_and_resuming_what_has_ended_does_nothing(make: Any) -> None:
    """Buttons may be pressed too late."""
    gates, run = make(apart(1))
    gates.open()
    run.result(PATIENCE_S)
    states = []
    for late in (run.pause, run.resume, run.cancel, lambda: run.set_workers(3), lambda: run.set_budget("1MiB")):
        late()
        states.append(run.state)

    assert ["done"] * 5 == states
    assert until(lambda: not threads_of(run))


def test_cancel_ends_a_run(make: Any) -> None:
    """No more tasks start, `result` says that the run was cancelled, and how far it had come."""
    gates, run = make(chain(4), workers=1)
    gates.open(0)
    gates.under_way(1)
    run.cancel()
    gates.open()
    with pytest.raises(Cancelled, match="cancelled after 1 of 4 tasks"):
        run.result(PATIENCE_S)

    assert "cancelled" == run.state
    assert [0, 1] == gates.begun_tasks()


def test_cancel_while_paused(make: Any) -> None:
    """A paused run can be cancelled, and ends at once if nothing is under way."""
    gates, run = make(apart(3), workers=1)
    gates.under_way(0)
    run.pause()
    gates.open(0)
    assert until(lambda: run.progress[0] == 1)
    run.cancel()

    assert run.wait(0)


def test_cancel_before_the_start(make: Any) -> None:
    """A run cancelled before it was started never runs a task."""
    gates = Gates(chain(2))
    told: list[Any] = []
    run = Run(gates.plan, 10**6, 1, [told.append])
    run.cancel()
    run.start()
    with pytest.raises(Cancelled):
        run.result(PATIENCE_S)

    assert [] == gates.begun_tasks()
    assert [0.0] == [event.wall_s for event in told]


def test_cancel_frees_blocks() -> None:
    """What tasks have made is gone as soon as the last of them under way has ended."""
    made: list[weakref.ref[Any]] = []
    reached, go_on = threading.Event(), threading.Event()

    def work(task: int, blocks: Sequence[Any]) -> None:
        made.extend(weakref.ref(values) for values, _ in blocks)
        if task == 3:
            reached.set()
            go_on.wait(PATIENCE_S)

    run = Run(graph_plan(([[], [], [0, 1], [0, 1, 2]], [8] * 4, [0] * 4), work), 10**6, 1).start()
    assert reached.wait(PATIENCE_S)
    alive = [ref() is not None for ref in made]
    run.cancel()
    go_on.set()
    run.wait(PATIENCE_S)

    assert all(alive)
    assert until(lambda: gc.collect() >= 0 and all(ref() is None for ref in made))


def test_a_failed_task_frees_what_others_made() -> None:
    """An error ends the run and gives all blocks back; no other task begins."""
    made: list[weakref.ref[Any]] = []
    begun: list[int] = []

    def work(task: int, blocks: Sequence[Any]) -> None:
        begun.append(task)
        made.extend(weakref.ref(values) for values, _ in blocks)
        if task == 3:
            raise ValueError("here")

    run = Run(graph_plan(([[], [0], [0, 1], [], [1, 2, 3]], [8] * 5, [0] * 5), work), 10**6, 1).start()
    with pytest.raises(TaskError):
        run.result(PATIENCE_S)

    assert [0, 1, 2, 3] == begun
    assert until(lambda: gc.collect() >= 0 and all(ref() is None for ref in made))


def test_more_workers(make: Any) -> None:
    """More threads begin to work while the run goes on."""
    gates, run = make(apart(4), workers=1)
    gates.under_way(0)
    assert still(lambda: gates.begun_tasks() == [0], 0.05)
    run.set_workers(3)
    gates.under_way(0, 1, 2)

    assert still(lambda: gates.begun_tasks() == [0, 1, 2], 0.05)


def test_fewer_workers(make: Any) -> None:
    """After the tasks under way only as many go on as are wanted."""
    gates, run = make(apart(6), workers=3)
    gates.under_way(0, 1, 2)
    run.set_workers(1)
    gates.open(0, 1, 2)
    gates.under_way(3)

    assert still(lambda: gates.begun_tasks() == [0, 1, 2, 3], 0.05)
    gates.open()
    run.result(PATIENCE_S)


@pytest.mark.parametrize("workers", [0, -1, 1.5, True])
def test_workers_are_a_number_of_threads(make: Any, workers: Any) -> None:
    """No workers at all would be a run that never ends."""
    _, run = make(apart(2))
    with pytest.raises(ConfigError, match="workers"):
        run.set_workers(workers)


def test_a_larger_budget_lets_more_run_at_once(make: Any) -> None:
    """Memory that is added while a run goes on is used from the next task on."""
    gates, run = make(apart(4, nbytes=100), workers=4, slack=0)
    gates.under_way(0)
    assert still(lambda: gates.begun_tasks() == [0], 0.05)
    run.set_budget(gates.plan.run_bytes() + 200)
    gates.under_way(0, 1, 2)

    assert still(lambda: gates.begun_tasks() == [0, 1, 2], 0.05)


def test_a_smaller_budget_lets_fewer_run_at_once(make: Any) -> None:
    """Memory that is taken away is not taken from tasks under way."""
    gates, run = make(apart(6, nbytes=100), workers=2, slack=100)
    gates.under_way(0, 1)
    run.set_budget(gates.plan.run_bytes())
    gates.open(0, 1)
    gates.under_way(2)

    assert still(lambda: gates.begun_tasks() == [0, 1, 2], 0.05)


def test_result_after_a_while(make: Any) -> None:
    """`result` with a time limit gives up waiting, not the run."""
    gates, run = make(apart(1))
    with pytest.raises(TimeoutError, match=r"not done after 0\.05 s; it goes on"):
        run.result(0.05)

    assert not run.wait(0)
    gates.open()
    assert [1] == run.result(PATIENCE_S).sinks[0][0].tolist()


def test_a_run_can_be_awaited(make: Any) -> None:
    """In a notebook, ``await run`` leaves the kernel free while it waits."""
    gates, run = make(apart(3))

    async def wait() -> Any:
        ticks = 0
        waiting = asyncio.ensure_future(_awaited(run))
        while ticks < 3:
            await asyncio.sleep(0.01)
            ticks += 1
        gates.open()
        return await waiting

    assert [1, 1, 1] == asyncio.run(wait()).sinks[0][0].tolist()


async def _awaited(run: Run) -> Any:
    return await run


def test_giving_up_awaiting_cancels_the_run(make: Any) -> None:
    """What nobody waits for any more is not computed."""
    _, run = make(apart(3), workers=1)

    async def wait() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(_awaited(run), 0.1)

    asyncio.run(wait())

    assert "cancelled" == run.state


def test_threads_end_with_the_run(make: Any) -> None:
    """A run that has ended leaves no thread behind."""
    gates, run = make(apart(8), workers=4)
    alive = len(threads_of(run))
    gates.open()
    run.result(PATIENCE_S)

    assert 4 == alive
    assert until(lambda: not threads_of(run))


def test_no_more_threads_than_tasks(make: Any) -> None:
    """Two tasks need no eight threads."""
    _, run = make(apart(2), workers=8)

    assert 2 == len(threads_of(run))


def test_a_run_inside_a_task() -> None:
    """A task may compute something itself: its run has threads of its own."""
    inner = chain(3)

    def work(task: int, blocks: Sequence[Any]) -> None:
        made = graph_plan(inner)
        assert numbers(inner) == Run(made, made.run_bytes(), 1).start().result(PATIENCE_S).sinks[0][0].tolist()

    made = graph_plan(apart(4), work)

    assert [1] * 4 == Run(made, made.run_bytes() + 100, 2).start().result(PATIENCE_S).sinks[0][0].tolist()


def test_two_runs_at_once(make: Any) -> None:
    """Runs don't wait for each other."""
    first_gates, first = make(chain(2))
    second_gates, second = make(chain(2))
    first_gates.under_way(0)
    second_gates.open()
    second.result(PATIENCE_S)

    assert ("running", "done") == (first.state, second.state)


def test_settings_of_the_thread_hold_in_its_workers() -> None:
    """NumPy's error state, set around `start`, is in force inside tasks."""
    seen: list[str] = []

    def work(task: int, blocks: Sequence[Any]) -> None:
        seen.append(np.geterr()["divide"])

    with np.errstate(divide="raise"):
        run = Run(graph_plan(apart(2), work), 10**6, 2).start()
    run.result(PATIENCE_S)

    assert ["raise", "raise"] == seen


def test_repr_says_how_far_it_is(make: Any) -> None:
    """A run shows its state and how many tasks are done."""
    gates, run = make(chain(2))
    gates.open()
    run.result(PATIENCE_S)

    assert f"<Run {run.number}: done, 2 of 2 tasks>" == repr(run)


def test_nothing_to_do() -> None:
    """A plan without tasks is done when it is started."""
    made = graph_plan(([], [], []))
    run = Run(made, 100, 2).start()

    assert run.wait(0)
    assert [] == run.result().sinks[0][0].tolist()


def test_no_room_for_the_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that can't begin says so, has failed, and takes no part of what others share."""

    def full(plan: Any) -> Any:
        raise MemoryError("no room")

    monkeypatch.setattr("nbarray.engines.run.Results", full)
    run = Run(graph_plan(chain(3)), 10**6, 2)
    with pytest.raises(MemoryError, match="no room"):
        run.start()

    assert "failed" == run.state
    assert run.wait(0)


def test_cancelled_before_it_runs_here() -> None:
    """In the calling thread, too, nothing begins that was cancelled before."""
    gates = Gates(chain(2))
    run = Run(gates.plan, 10**6, 1)
    run.cancel()
    with pytest.raises(Cancelled):
        run.run_here()

    assert [] == gates.begun_tasks()
    assert "cancelled" == run.state


def test_an_error_in_the_bookkeeping_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a fault of the engine itself comes out of `result`: nobody waits for ever."""

    def broken(self: Ledger, task: int) -> list[int]:
        raise RuntimeError("lost count")

    monkeypatch.setattr(Ledger, "finish", broken)
    run = Run(graph_plan(chain(3)), 10**6, 2).start()
    with pytest.raises(RuntimeError, match="lost count"):
        run.result(PATIENCE_S)
    assert until(lambda: not threads_of(run))
