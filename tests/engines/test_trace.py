"""What ran when."""

from __future__ import annotations

import numpy as np
import pytest

import nbarray as nb
from nbarray.engines import trace as module
from nbarray.engines.trace import FIELDS, Trace
from nbarray.events import PlanReady, TaskFinished
from nbarray.session import observe


def test_each_task_is_recorded() -> None:
    """A finished run has a record of each task: which worker, when, and the bytes held."""
    run = nb.arange(10**6, chunks=10**4).rechunk(10**5).map_blocks(np.negative).sum().start(workers=2)
    run.result()
    table = run.trace.table

    assert set(FIELDS) == set(table)
    assert list(range(run.plan.ntasks)) == sorted(table["task"].tolist())
    assert {0.0, 1.0} >= set(table["worker"].tolist())
    assert (table["stop_s"] >= table["start_s"]).all()
    assert (table["start_s"] >= run.trace.started_s).all()
    assert run.peak_bytes >= table["held_bytes"].max() > 0


def test_events_give_the_same_trace() -> None:
    """The events of a run say the same tasks, workers and times as its own trace."""
    seen = []
    with observe(seen.append):
        run = nb.ones((100, 100), chunks=(10, 100)).map_blocks(np.negative).sum().start(workers=1)
        run.result()
    told = Trace.of_events(seen)

    assert run.trace.finished == told.finished
    for name in ("task", "worker", "start_s", "stop_s"):
        assert run.trace.table[name].tolist() == told.table[name].tolist()


def test_only_the_last_run_of_a_stream_counts() -> None:
    """A new plan begins a new trace."""
    plan = PlanReady(1, (), 1, 0, 0, 0, 0, 1, time_s=7.0)
    task = TaskFinished(1, 0, 0, 0, 1.0, 2.0, 8, 8)

    assert 1 == Trace.of_events([plan, task, plan, task]).finished
    assert 7.0 == Trace.of_events([plan, task]).started_s


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When full, every second record goes, and what is kept is spread evenly over the run."""
    monkeypatch.setattr(module, "MOST_TASKS", 16)
    trace = Trace()
    for task in range(1, 1001):
        trace.add(task, 0, task, task + 0.5, 1)
        assert len(trace.table["task"]) < 16
    kept = trace.table["task"]

    assert 1000 == trace.finished
    assert {float(trace.every)} == set(np.diff(kept).tolist())
    assert kept[0] <= trace.every
    assert kept[-1] > 1000 - trace.every
