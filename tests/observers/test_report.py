"""What a run took and what held it up, from its events alone."""

from __future__ import annotations

import time

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray import session
from nbarray.events import (
    NodeCount,
    PlanDetails,
    PlanReady,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    SourceRead,
    TaskFinished,
)
from nbarray.observers.record import from_json, replay, to_json
from nbarray.observers.report import RunReport

MIB = 2**20


def plan(tasks=2, workers=2, budget=100 * MIB):
    """A plan of one operation."""
    return PlanReady(1, (NodeCount("mean", tasks),), tasks, 0, 0, 10 * MIB, budget, workers, time_s=100.0)


def task(number, worker, start_s, stop_s, **facts):
    """A task that ended."""
    return TaskFinished(1, number, 0, worker, start_s, stop_s, 8, 5 * MIB, **facts)


def details(*sources, projected=10 * MIB, spilled=0):
    """What is known of the plan besides."""
    return PlanDetails(1, ("Cell In[3], line 2: t.mean()",), sources, projected, spilled)


def report_of(*events):
    """The report of a stream."""
    report = RunReport()
    replay(events, report)
    return report


def test_the_time_of_workers_is_divided_completely():
    """Reading, decoding, computing as tasks say, waiting as workers say and after their last; the rest is ours."""
    report = report_of(
        plan(),
        task(0, 0, 100.0, 106.0, read_s=1.0, decode_s=2.0),
        task(1, 1, 102.0, 105.0, waited_s=1.5),
        RunFinished(1, wall_s=10.0, busy_s=9.0, peak_bytes=5 * MIB),
    )

    # worker 0: 6 s busy, 4 s after it; worker 1: 0.5 s taking, 1.5 s waiting, 3 s busy, 5 s after it
    assert pytest.approx({"disk": 5, "decoding": 10, "compute": 30, "scheduler": 2.5, "idle": 52.5}) == report.limits
    assert "idle" == report.limit


def test_pauses_do_not_count():
    """Nobody is idle because somebody pressed Pause."""
    report = report_of(
        plan(tasks=1, workers=1),
        RunPaused(1, 101.0),
        RunResumed(1, 105.0),
        task(0, 0, 105.0, 106.0, waited_s=4.0),
        RunFinished(1, wall_s=6.0, busy_s=1.0, peak_bytes=5 * MIB),
    )

    assert (50, 50, 0) == tuple(round(report.limits[name]) for name in ("compute", "scheduler", "idle"))
    assert "4.0 s of it paused" in repr(report)


def test_workers_that_never_had_a_task_were_idle():
    """One task on four workers."""
    report = report_of(plan(tasks=1, workers=4), task(0, 0, 100.0, 101.0), RunFinished(1, 1.0, 1.0, 0))

    assert 75 == round(report.limits["idle"])
    assert ["there was 1 task for 4 workers: smaller chunks keep all of them busy"] == report.advice


def test_operations_of_one_name_and_place_are_one():
    """The costliest first."""
    nodes = (NodeCount("a", 1), NodeCount("b", 1), NodeCount("a", 1))
    report = report_of(
        PlanDetails(1, ("p", "q", "p"), (), 0, 0),
        PlanReady(1, nodes, 3, 0, 0, 0, MIB, 1, time_s=0.0),
        *[TaskFinished(1, k, k, 0, k, k + 0.5, 8, 8) for k in range(3)],
    )

    assert [("a", "p", 2, 1.0), ("b", "q", 1, 0.5)] == [(o.name, o.place, o.done, o.busy_s) for o in report.operations]


@pytest.mark.parametrize(
    ("source", "facts", "expected"),
    [
        (SourceRead("t in x.nc", "decoded in the workers", 100, 100, 320), {"decode_s": 0.5}, "3.2 times all there is"),
        (SourceRead("t in x.nc", "decoded in the workers", 100, 200, 200), {}, "was read 2.0 times"),
        (
            SourceRead("t in x.nc", "through the library, one at a time: szip", 100, 100, 100),
            {"decode_s": 0.9},
            "only one worker can",
        ),
        (SourceRead("t in x.nc", "not compressed", 100, 100, 100), {"read_s": 0.9}, "reading files is the limit"),
        (
            SourceRead("t in x.nc", "decoded in the workers: deflate", 100, 100, 100),
            {"decode_s": 0.9},
            "undoing the compression (deflate) is the limit",
        ),
    ],
)
def test_advice_says_what_to_do(source, facts, expected):
    """For each thing that holds a run up."""
    done = task(0, 0, 100.0, 101.0, read_bytes=100, **facts)
    report = report_of(details(source), plan(1, 1), done, RunFinished(1, 1.0, 1.0, 0))

    assert expected in report.advice[0]


def test_there_are_three_pieces_of_advice_at_most():
    """However much is wrong."""
    slow = SourceRead("t", "through the library, one at a time: szip", 100, 100, 320)
    report = report_of(
        details(slow, projected=90 * MIB, spilled=MIB),
        plan(10, 4),
        task(0, 0, 100.0, 101.0, read_s=0.5, decode_s=0.5),
        RunFinished(1, 1.0, 1.0, 0),
    )

    assert 3 == len(report.advice)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (RunFinished(1, 2.0, 1.0, MIB), "Run 1: done in 2.0 s"),
        (RunFailed(1, 2.0, "mean failed\nmore"), "Run 1: failed after 2.0 s"),
        (RunCancelled(1, 2.0, 1), "Run 1: cancelled after 2.0 s"),
    ],
)
def test_every_end_is_told(end, expected):
    """In both forms, escaped for the notebook."""
    report = report_of(details(SourceRead("<b>", "r", 1, 1, 1)), plan(), task(0, 0, 100.0, 101.0), end)

    assert expected == repr(report).splitlines()[0]
    assert expected in report._repr_html_()
    assert "&lt;b&gt;" in report._repr_html_()
    assert "<b>" not in report._repr_html_()


def test_before_it_begins_there_is_nothing_to_tell():
    """A report may be shown at any time."""
    assert "Report: the run has not begun" == repr(RunReport())
    assert [] == RunReport().advice


def test_a_recording_gives_the_same_report(tmp_path):
    """Of a real run that reads a compressed file: what was read, what held it up, and the same from the file."""
    values = np.random.default_rng(0).normal(size=(40, 60, 50))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("t", data=values, chunks=(10, 30, 50), compression=1, shuffle=True)
    lines: list[str] = []
    report = RunReport()
    x = nb.open(tmp_path / "x.h5", "t")
    session.compute(x.std(axis=0).expr, observers=[report, lambda event: lines.append(to_json(event))], workers=2)
    again = RunReport()
    replay(map(from_json, lines), again)

    assert repr(report) == repr(again)
    assert report._repr_html_() == again._repr_html_()
    assert values.nbytes == report.read_bytes == report.sources[0].stored_bytes
    assert 95 <= sum(report.limits.values()) <= 105
    assert report.limits["decoding"] > 0
    assert report.limits["disk"] > 0
    assert report.peak_bytes > 0
    assert report.projected_bytes > 0
    assert "test_report.py" in report.operations[0].place


def test_many_short_tasks_are_told_whatever_their_time_went_into():
    """Handing over Python's lock is part of what tasks seem to take; which operation it was matters less."""
    short = [task(k, k % 2, 100 + k * 2e-4, 100 + k * 2e-4 + 1.5e-4) for k in range(5000)]
    report = report_of(plan(tasks=5000, workers=2), *short, RunFinished(1, 1.0, 0.75, 0))

    assert ["5 000 tasks took 150 µs each, of which much is the handing over from one to the next: larger chunks make "
            "fewer and longer ones"] == report.advice  # fmt: skip


def test_time_lost_between_long_tasks_is_not_blamed_on_them():
    """Three tasks of 140 ms each on a machine that was busy with something else."""
    long = [task(k, 0, 100 + 0.3 * k, 100 + 0.3 * k + 0.14) for k in range(3)]
    report = report_of(plan(tasks=3, workers=1), *long, RunFinished(1, 0.75, 0.42, 0))

    assert 1 == len(report.advice)
    assert "neither in a task nor waiting" in report.advice[0]
    assert "short" not in report.advice[0]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_shares_of_a_real_run_cover_its_time(workers):
    """What was measured by itself (reading, decoding, computing, waiting) is no more than workers had, but for 5 %."""
    report = RunReport()

    def slow(block):
        time.sleep(0.02)
        return block

    with session.observe(report):
        x = nb.map_blocks(slow, nb.ones((12, 4), chunks=(1, 4)), dtype="f8").start(workers=workers)
        x.result(20)
    waited_s = sum(w.waited_s for w in report._by_worker.values())

    assert report.busy_s + waited_s <= 1.05 * report.wall_s * workers
    assert 100 == pytest.approx(sum(report.limits.values()), abs=5)
    assert report.limits["compute"] > 100 * 12 * 0.02 / (report.wall_s * workers) - 5


def test_a_long_line_of_code_is_cut_in_the_report():
    """And the same line is not what a report consists of."""
    report = report_of(
        PlanDetails(1, ("Cell In[3], line 2: " + "x" * 300,), (), 0, 0),
        plan(tasks=1, workers=1), task(0, 0, 100.0, 101.0), RunFinished(1, 1.0, 1.0, 0),
    )  # fmt: skip

    assert "Cell In[3], line 2: xxx" in repr(report)
    assert max(len(line) for line in repr(report).splitlines()) < 140
