"""Events become a share done, a time left and bytes held."""

from __future__ import annotations

import io

import pytest

from nbarray.events import (
    BlockReleased,
    NodeCount,
    PlanReady,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    TaskFinished,
    TaskStarted,
)
from nbarray.observers.progress import ProgressLine, ProgressState, progress_text


def plan(run=1, nodes=(("mean", 10),), time_s=100.0, workers=2):
    counts = tuple(NodeCount(name, tasks) for name, tasks in nodes)
    tasks = sum(count.tasks for count in counts)
    return PlanReady(run, counts, tasks, 1000, 8, 4096, 8192, workers=workers, time_s=time_s)


def finished(task, start_s, stop_s, node=0, held_bytes=0, run=1):
    return TaskFinished(run, task, node, 0, start_s=start_s, stop_s=stop_s, nbytes=8, held_bytes=held_bytes)


def folded(*events):
    state = ProgressState()
    for event in events:
        state.fold(event)
    return state


def test_counts_follow_the_tasks_that_finished():
    """Started tasks don't count as done; finished ones count for the run and for their node."""
    state = folded(
        plan(nodes=(("read", 2), ("mean", 1))),
        TaskStarted(1, 0, 0, 100.0),
        finished(0, 100.0, 100.5, held_bytes=64),
        TaskStarted(1, 1, 0, 100.5),
    )

    assert (state.done, state.tasks, state.state) == (1, 3, "running")
    assert [(node.name, node.done, node.tasks, node.busy_s) for node in state.nodes] == [
        ("read", 1, 2, 0.5),
        ("mean", 0, 1, 0.0),
    ]


def test_peak_is_the_most_ever_held():
    """Held bytes go down when blocks are released; the peak does not."""
    state = folded(plan(), finished(0, 100, 101, held_bytes=64), BlockReleased(1, 0, 64, 0))

    assert (state.held_bytes, state.peak_bytes) == (0, 64)


def test_elapsed_time_includes_pauses_and_working_time_does_not():
    """A run paused for 5 of 20 seconds has worked for 15."""
    state = folded(plan(time_s=100.0), RunPaused(1, 110.0), RunResumed(1, 115.0))

    assert (state.elapsed_s(120.0), state.working_s(120.0)) == (20.0, 15.0)


def test_while_paused_the_working_time_stands_still():
    """What a pause lasts is known before it ends."""
    state = folded(plan(time_s=100.0), RunPaused(1, 110.0))

    assert (state.state, state.working_s(114.0), state.left_s(114.0)) == ("paused", 10.0, None)


def test_time_left_is_silent_until_it_is_worth_something():
    """Not in the first second, and not before several tasks are done."""
    early = folded(plan(), *(finished(i, 100.0, 100.1) for i in range(8)))
    few = folded(plan(), finished(0, 100.0, 101.0))

    assert early.left_s(100.5) is None
    assert few.left_s(102.0) is None


def test_time_left_counts_every_node_with_its_own_speed():
    """Ten slow reads done and a hundred quick sums to come are not a hundred slow reads to come."""
    reads = [finished(i, 100.0 + i, 101.0 + i) for i in range(10)]
    sums = [finished(10 + i, 110.0, 110.01, node=1) for i in range(10)]
    state = folded(plan(nodes=(("read", 10), ("sum", 110)), workers=1), *reads, *sums)

    assert state.left_s(110.1) == pytest.approx(1.0, rel=0.05)


def test_time_left_is_shared_by_the_workers():
    """Two workers that were always busy halve the time."""
    tasks = [finished(i, 100.0 + i // 2, 101.0 + i // 2) for i in range(10)]
    state = folded(plan(nodes=(("read", 20),)), *tasks)

    assert state.left_s(105.0) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (RunFinished(1, wall_s=2.0, busy_s=3.0, peak_bytes=99), ("done", 2.0, None)),
        (RunFailed(1, wall_s=2.0, error="no disk"), ("failed", 2.0, "no disk")),
        (RunCancelled(1, wall_s=2.0, tasks_done=0), ("cancelled", 2.0, None)),
    ],
)
def test_every_end_stops_the_clock(end, expected):
    """Done, failed and cancelled runs keep the wall time they had."""
    state = folded(plan(), end)

    assert (state.state, state.elapsed_s(1e9), state.error) == expected
    assert state.ended


def test_a_run_is_named_after_its_largest_node():
    """Of nodes with as many tasks, the later one, which is nearer to what was asked for."""
    assert folded(plan(nodes=(("read", 10), ("mean", 10), ("divide", 1)))).name == "mean"
    assert folded(plan(nodes=())).name == "run"


def test_the_line_says_share_tasks_time_left_and_held_bytes():
    """One line with everything a person waits for."""
    tasks = [finished(i, 100.0 + i, 101.0 + i, held_bytes=64 * 2**20) for i in range(10)]
    state = folded(plan(nodes=(("mean", 20),), workers=1), *tasks)

    assert progress_text(state, 110.0) == ("mean  ▓▓▓▓▓░░░░░   50 %  10/20 tasks  10.0 s  10.0 s left  64.0 MiB held")


class Clock:
    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


def test_a_short_run_writes_nothing():
    """A run that ends within half a second leaves the terminal alone."""
    clock, written = Clock(), []
    line = ProgressLine(written.append, clock=clock)
    line(plan())
    clock.now_s += 0.4
    line(finished(0, 100.0, 100.4))
    line(RunFinished(1, 0.4, 0.4, 0))

    assert written == []


def test_the_line_is_rewritten_at_most_five_times_a_second():
    """However many tasks finish in a second."""
    clock, written = Clock(), []
    line = ProgressLine(written.append, clock=clock)
    line(plan(nodes=(("mean", 1000),)))
    for i in range(200):
        clock.now_s += 0.01
        line(finished(i, clock.now_s - 0.01, clock.now_s))

    assert 6 <= len(written) <= 8  # of two seconds, less the first half


def test_the_line_is_wiped_at_the_end():
    """What a terminal shows afterwards is an empty line with the cursor at its beginning."""
    clock, written = Clock(), []
    line = ProgressLine(written.append, clock=clock)
    line(plan())
    clock.now_s += 1
    line(finished(0, 100.0, 101.0))
    shown = written[-1]
    line(RunFinished(1, 1.0, 1.0, 0))

    assert shown.startswith("\rmean")
    assert written[-1] == "\r" + " " * (len(shown) - 1) + "\r"


def test_events_of_unknown_runs_are_ignored():
    """An observer attached in the middle of a run never saw its plan."""
    written = []
    line = ProgressLine(written.append)
    line(finished(0, 0.0, 1.0))
    line.close()

    assert written == []


def test_there_is_no_line_where_nobody_looks():
    """Output into a file or a pipe gets no progress."""
    assert ProgressLine.for_stream(io.StringIO()) is None
