"""NBARRAY_DEBUG writes one step of detail a level."""

from __future__ import annotations

import pytest

from nbarray.events import NodeCount, PlanReady, RuleApplied, RunCancelled, RunFailed, RunFinished, TaskFinished
from nbarray.observers.debug import DebugLog

STREAM = (
    RuleApplied(3, "simplify", "slice_pushdown", "before", "after"),
    PlanReady(3, (NodeCount("read", 2), NodeCount("mean", 1)), 3, 0, 8, 2048, 4096, workers=2, time_s=0.0),
    TaskFinished(3, 0, 0, 1, start_s=0.0, stop_s=0.25, nbytes=1024, held_bytes=1024),
    RunFinished(3, wall_s=1.5, busy_s=2.5, peak_bytes=1024),
)


def lines(level, stream=STREAM):
    written = []
    log = DebugLog(level, written.append)
    for event in stream:
        log(event)
    return "".join(written).splitlines()


@pytest.mark.parametrize(("level", "count"), [(1, 1), (2, 3), (3, 4), (4, 5)])
def test_each_level_adds_to_the_one_below(level, count):
    """A run; its two nodes; the rule; the task."""
    assert len(lines(level)) == count
    assert set(lines(level - 1)) <= set(lines(level)) if level > 1 else True


def test_a_task_says_who_did_what():
    """Node, worker, time and bytes."""
    [task] = [line for line in lines(4) if "task 0" in line]

    assert task == "run 3: task 0 (read) on worker 1, 250 ms, made 1.00 KiB, held 1.00 KiB"


def test_a_failed_run_says_why_on_its_line():
    """The first line of the error stands there, however long the rest is."""
    stream = (*STREAM[:3], RunFailed(3, wall_s=0.5, error="disk gone\nmore"))

    assert lines(1, stream) == ["run 3: read, 3 tasks, failed after 500 ms with 1 done: disk gone"]


def test_a_cancelled_run_says_how_far_it_came():
    """Cancelled is no failure."""
    stream = (*STREAM[:3], RunCancelled(3, wall_s=0.5, tasks_done=1))

    assert lines(1, stream) == ["run 3: read, 3 tasks, cancelled after 500 ms with 1 done"]


def test_without_a_sink_it_goes_to_stderr(capsys):
    """To whatever stderr is when a line is written."""
    log = DebugLog(1)
    for event in STREAM:
        log(event)

    assert capsys.readouterr().err.startswith("run 3: read, 3 tasks, done in 1.5 s")
