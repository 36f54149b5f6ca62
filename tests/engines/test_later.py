"""Runs whose plan is made in another thread."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import nbarray as nb
from nbarray import runs
from nbarray.config import current
from nbarray.engines.later import LaterRun
from nbarray.engines.snapshot import snapshot
from nbarray.errors import BudgetError, Cancelled, TaskError
from nbarray.events import PlanDetails, PlanningStarted, PlanReady, RunFailed, RunFinished
from nbarray.session import later, observe, plan
from tests.engines.patience import until

A = np.arange(40.0 * 5).reshape(40, 5)


@pytest.fixture
def gate():
    """Lets the counting of sizes go on."""
    opened = threading.Event()
    yield opened
    opened.set()


def _until_counting(run):
    """The run that planning waits for, once there is one."""
    until(lambda: run.counting is not None)
    return run.counting


@pytest.fixture
def unsized(gate):
    """The sum of rows whose number isn't known before the gate is open."""

    def wait(block):
        gate.wait(20)
        return block

    x = nb.from_array(A, chunks=(10, 5))
    mask = nb.map_blocks(wait, x[:, 0], dtype="f8") > 100
    return x[mask] * 2  # no reduction: that would need no size


def test_a_long_plan_is_not_waited_for(unsized, gate) -> None:
    """The run is there while what it waits for isn't, and its result when everything is."""
    run = unsized.start()
    first = run.state, run.progress
    gate.set()
    (value,) = run.result(10)

    assert ("planning", (0, 0)) == first
    np.testing.assert_array_equal(A[A[:, 0] > 100] * 2, value)
    assert run.state == "done"
    assert isinstance(run, LaterRun)
    assert run.planned


def test_what_is_refused_at_once_is_raised_at_once() -> None:
    """Small plans that don't fit are an error where the run was asked for, and no run remains."""
    before = [record.number for record in runs.recent()]
    with pytest.raises(BudgetError):
        nb.ones((1000, 1000)).start(memory=1000)

    assert before == [record.number for record in runs.recent()]


def test_what_fails_later_ends_the_run(gate) -> None:
    """Also the error of a block on the way to the plan."""

    def bad(block):
        gate.wait(20)
        raise ValueError("no good")

    x = nb.from_array(A, chunks=(10, 5))
    run = (x[nb.map_blocks(bad, x[:, 0], dtype="f8") > 1] * 2).start()
    planning = run.state
    gate.set()
    with pytest.raises(TaskError, match="no good"):
        run.result(10)

    assert ("planning", "failed") == (planning, run.state)
    record = runs.find(run.number)
    assert record is not None
    assert record.ended
    assert "no good" in record.error


def test_a_budget_that_turns_out_too_small(unsized, gate) -> None:
    """Is an error of the run."""
    run = later([unsized.expr, nb.ones(10**6).expr], memory=100_000).start()
    gate.set()
    with pytest.raises(BudgetError):
        run.result(10)

    assert "failed" == run.state


def test_cancelling_ends_what_is_counted_too(unsized, gate) -> None:
    """At once, and nothing more is started when the count ends."""
    run = unsized.start()
    counting = _until_counting(run)
    run.cancel()
    with pytest.raises(Cancelled):
        run.result(10)
    gate.set()

    assert counting is not None
    assert ("cancelled", "cancelled") == (run.state, counting.state)
    assert counting.wait(10)


def test_what_is_asked_for_meanwhile_is_done_then(unsized, gate) -> None:
    """Pausing, workers and budget."""
    run = unsized.start(workers=1)
    run.pause()
    run.set_workers(2)
    run.set_budget("64MiB")
    gate.set()
    assert run.wait_planned(10)
    paused = run.state
    run.resume()

    assert "paused" == paused
    assert (2, 64 * 2**20) == (run.workers, run.budget_bytes)
    np.testing.assert_array_equal(A[A[:, 0] > 100] * 2, run.result(10)[0])


def test_settings_are_those_of_the_start(gate) -> None:
    """Counting, and a plan that is made later, go by what was in force when the run was asked for."""
    seen = []

    def look(block):
        gate.wait(20)
        seen.append((current().budget_bytes(), current().workers))
        return block

    x = nb.from_array(A, chunks=(10, 5))
    counted = x[nb.map_blocks(look, x[:, 0], dtype="f8") > 100] * 2
    with nb.config(memory="32MiB", workers=1):
        run = counted.start()
    gate.set()
    run.result(10)

    assert (32 * 2**20, 1) == (run.budget_bytes, run.workers)
    assert {(32 * 2**20, 1)} == set(seen)


def test_settings_in_a_block_of_a_run_planned_later(unsized, gate) -> None:
    """A block's function can compute something by settings of its own, and leaves none of them behind."""
    seen = []

    def look(block):
        before = current().workers
        with nb.config(workers=3) as inside:
            seen.append((inside.workers, current().workers))
        assert before == current().workers
        return block

    run = later([nb.map_blocks(look, nb.from_array(A, chunks=(10, 5)), dtype="f8").expr, unsized.expr], workers=1)
    run.start()
    gate.set()
    run.result(10)

    assert {(3, 3)} == set(seen)


def test_a_block_of_a_run_planned_later_computes_something(unsized, gate) -> None:
    """A block's function may wait for a run of its own, as in a run that was planned at once."""

    def scaled(block):
        return block * float(nb.from_array(block).sum().compute())

    x = nb.from_array(A, chunks=(10, 5))
    run = later([nb.map_blocks(scaled, x, dtype="f8").expr, unsized.expr]).start()
    planning = run.state
    gate.set()
    value, _ = run.result(10)

    assert "planning" == planning
    np.testing.assert_array_equal(np.concatenate([part * part.sum() for part in np.split(A, 4)]), value)


def test_no_room_for_the_result(gate, monkeypatch) -> None:
    """A run that can't begin once it has a plan has failed: nobody waits for ever."""

    def full(plan):
        raise MemoryError("no room")

    begun = threading.Event()

    def wait(block):
        begun.set()
        gate.wait(20)
        return block

    x = nb.from_array(A, chunks=(10, 5))
    run = (x[nb.map_blocks(wait, x[:, 0], dtype="f8") > 100] * 2).start()
    planning = run.state
    assert begun.wait(10)
    monkeypatch.setattr("nbarray.engines.run.Results", full)
    gate.set()
    with pytest.raises(MemoryError, match="no room"):
        run.result(10)

    assert ("planning", "failed") == (planning, run.state)
    assert run.wait_planned(1)


def test_observers_are_told_in_order(unsized, gate) -> None:
    """First that planning goes on, then what the plan is."""
    events: list = []
    with observe(events.append):
        run = unsized.start()
    gate.set()
    run.result(10)
    kinds = [type(e) for e in events if e.run == run.number]

    assert [PlanningStarted] == kinds[:1]
    assert kinds.index(PlanDetails) < kinds.index(PlanReady)
    assert RunFinished in kinds[-2:]


def test_observers_are_told_of_a_plan_that_fails(gate) -> None:
    """As of any run that fails."""

    def bad(block):
        gate.wait(20)
        raise ValueError("no good")

    x = nb.from_array(A, chunks=(10, 5))
    events: list = []
    with observe(events.append):
        run = (x[nb.map_blocks(bad, x[:, 0], dtype="f8") > 1] * 2).start()
    gate.set()
    run.wait(10)

    assert [PlanningStarted, RunFailed] == [type(e) for e in events if e.run == run.number]


@pytest.mark.parametrize(("room", "kept"), [(1, False), (4, True)])
def test_states_are_kept_as_the_plan_allows(room: int, kept: bool) -> None:
    """What merging leaves is kept for other states where the budget has room for it, however late the plan comes."""
    began, runs_, spares = threading.Event(), [], []

    def look(block):
        began.wait(20)
        spares.append(snapshot(runs_[0]).spare_bytes)
        return block

    total = nb.from_array(np.ones((640, 2**15)), chunks=(1, 2**15)).map_blocks(look, dtype="f8").sum(axis=0)
    runs_.append(total.start(workers=1, memory=room * plan([total.expr]).run_bytes()))
    began.set()
    runs_[0].result(60)

    assert isinstance(runs_[0], LaterRun)
    assert kept == any(spares)
