"""The runs of the process can be found and cancelled, and aren't kept alive for it."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

import nbarray as nb
from nbarray import runs, session
from nbarray.errors import TaskError

X = nb.from_array(np.ones((40, 10)), chunks=(10, 10))


def last():
    """The newest run."""
    return runs.recent()[-1]


def test_a_run_that_ended_is_remembered():
    """What it was, where it was written, how it went; not its result."""
    X.mean(axis=0).compute()
    record = last()

    assert ("mean", "done", True) == (record.label, record.state, record.ended)
    assert "test_runs.py" in str(record.place)
    assert record.done == record.tasks > 0
    assert record.wall_s > 0
    assert record.peak_bytes > 0


def test_results_are_not_kept():
    """A run that has ended is let go with its values; its numbers stay."""
    run = X.sum(axis=1).start()
    run.result()
    gone, number = weakref.ref(run), run.number
    del run
    gc.collect()

    assert gone() is None
    assert "done" == runs.find(number).state


def test_a_run_can_be_found_and_cancelled_by_its_number():
    """Also one that nobody holds."""
    release = threading.Event()

    def slow(block):
        release.wait(10)
        return block

    number = X.map_blocks(slow, dtype=float).start(workers=1).number
    record = runs.find(number)
    before = record.state
    cancelled = record.cancel()
    release.set()
    run = record.run
    if run is not None:
        run.wait(10)

    assert ("running", True) == (before, cancelled)
    assert "cancelled" == record.state
    assert not record.cancel()


def test_a_failed_run_says_why():
    """In a line."""

    def bad(block):
        raise ValueError("no good")

    with pytest.raises(TaskError):
        X.map_blocks(bad, dtype=float).compute()

    assert ("failed", "ValueError: no good") == (last().state, last().error)


def test_a_run_that_never_started_is_forgotten():
    """It holds nothing."""
    run = session.prepare([X.sum().expr])
    number, before = run.number, runs.find(run.number).state
    del run
    gc.collect()

    assert "ready" == before
    assert number not in [record.number for record in runs.recent()]


def test_only_the_last_hundred_are_remembered():
    """A loop over many small computations costs no memory."""
    for _ in range(150):
        X[0, 0].compute()

    assert 100 <= len(runs.recent()) <= 121


def test_reports_are_made_if_asked_for():
    """Of every run, whoever starts it."""
    runs.keep_reports(True)
    try:
        X.max().compute()
    finally:
        runs.keep_reports(False)
    with_report = last().report
    X.max().compute()

    assert "done" == with_report.state
    assert last().report is None


def test_how_python_begins_a_thread_is_nobodys_line():
    """What is made where no line of the user's is running has no place."""
    x = X + 0
    thread = threading.Thread(target=x.__iadd__, args=(1,))
    thread.start()
    thread.join()
    x.compute()

    assert last().place is None
