"""What is seen of a run by looking at it."""

from __future__ import annotations

import threading
import time

import h5py
import numpy as np
import psutil
import pytest

import nbarray as nb
from nbarray.engines.snapshot import snapshot
from nbarray.errors import TaskError
from nbarray.units import format_bytes
from nbarray.widgets import watching
from nbarray.widgets.panel_html import panel_html, summary_text
from nbarray.widgets.watching import HOLDERS, MOST_LOOKS, Watch


class Clock:
    """Time that goes on when told."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


def test_what_is_done_is_counted_by_operation(slow, gate, until, clock) -> None:
    """Tasks of one name together, from none to all."""
    run = slow.start(workers=2)
    watch = Watch(run, clock)
    watch.look()
    before = [(o.name, o.tasks, o.done) for o in watch.operations]
    gate.open.set()
    run.result()
    watch.look()

    assert [("map_blocks(Gate)", 24, 0)] == [(name.replace("gate", "Gate"), n, done) for name, n, done in before]
    assert [(24, 24)] == [(o.tasks, o.done) for o in watch.operations]
    assert watch.ended
    assert watch.fraction == 1.0
    assert (watch.filled == 1).all()


def test_blocks_of_small_results_are_as_many_as_tasks(clock) -> None:
    """At every look, so that numbers that stand beside each other agree."""
    source, looked = nb.from_array(np.zeros((40, 100)), chunks=(1, 100)), threading.Semaphore(0)
    run = nb.map_blocks(lambda b: (looked.acquire(timeout=10), b)[1], source, dtype="f8").start(workers=1)
    watch, seen = Watch(run, clock), []
    while not run.wait(0.01):
        looked.release()
        watch.look()
        seen.append((watch.done, int((watch.filled == 1).sum())))

    assert len(set(seen)) > 5
    assert all(done == filled for done, filled in seen)


def test_time_left_comes_from_bytes_and_is_silent_at_first(clock) -> None:
    """Half of the bytes in four seconds: four more; nothing is said in the first second, nor in a pause."""
    source = nb.from_array(np.zeros((64, 1000)), chunks=(1, 1000))
    run = nb.map_blocks(lambda b: (time.sleep(0.01), b)[1], source, dtype="f8").start(workers=1)
    watch = Watch(run, clock)
    watch.look()
    early = watch.left_s
    while run.progress[0] < 32:
        time.sleep(0.001)
    run.pause()
    run.wait(0.1)
    clock.now_s += 4.0
    run.resume()
    watch.look()
    left, done = watch.left_s, watch.done
    run.pause()
    watch.look()
    paused = watch.left_s
    run.cancel()

    assert early is None
    assert left == pytest.approx(4.0 * (64 - done) / done, rel=0.02)
    assert paused is None


def test_pauses_are_no_time_of_work(slow, gate, clock) -> None:
    """A minute of pause doesn't change the rates."""
    run = slow.start(workers=1)
    watch = Watch(run, clock)
    watch.look()
    clock.now_s += 1
    run.pause()
    watch.look()
    clock.now_s += 60
    watch.look()
    run.cancel()

    assert watch.last is not None
    assert watch.last.working_s == pytest.approx(1.0, abs=0.5)


def test_bytes_read_are_those_of_the_tasks_done(tmp_path, clock) -> None:
    """All of the file, once, at the end."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"] = np.zeros((64, 1000))
    run = nb.open(tmp_path / "a.h5", "a", chunks=(8, 1000)).sum(axis=1).start()
    watch = Watch(run, clock)
    run.result()
    watch.look()

    assert watch.last is not None
    assert watch.bytes_read == watch.read_bytes == 64 * 1000 * 8


def test_memory_is_what_the_ledger_and_the_process_say(slow, gate, clock, until) -> None:
    """Result, as far as its blocks are there, and what the process has beyond that; nothing is held at the end."""
    run = slow.start(workers=2)
    watch = Watch(run, clock, resident=iter([1000, 1000 + 2**20, 1000 + 2**20]).__next__)
    until(lambda: snapshot(run).scratch_bytes)
    watch.look()
    during = watch.last
    gate.open.set()
    run.result()
    watch.look()

    assert during is not None
    assert watch.last is not None
    assert during.held[1] > 0
    assert during.held[2] == 0
    assert sum(during.held) == 2**20
    assert (0, 0, 48 * 9 * 8, 0) == watch.last.held[:4]


def test_what_is_kept_for_tasks_to_come_is_the_cache(clock) -> None:
    """States of reductions that others are made in; nothing of them is left at the end."""
    began, watches, looked = threading.Event(), [], []

    def look(block):
        began.wait(20)
        watches[0].look()
        looked.append(watches[0].last.held[HOLDERS.index("cache")])
        return block

    x = nb.from_array(np.ones((640, 2**15)), chunks=(1, 2**15)).map_blocks(look, dtype="f8")
    run = x.sum(axis=0).start(workers=1, memory="1GiB")
    watches.append(Watch(run, clock))
    began.set()
    run.result()
    watches[0].look()

    assert any(looked)
    assert 0 == sum(size % 2**18 for size in looked)
    assert 0 == watches[0].last.held[HOLDERS.index("cache")]


def test_the_peak_of_a_run_that_was_cancelled_is_what_was_there(clock, until) -> None:
    """Its result takes no memory where nothing was written; one that is done has all of it."""
    passed, enough = [], threading.Event()

    def some(block):
        passed.append(1)
        if len(passed) > 2:
            enough.wait(20)
        return block + 1

    x = nb.map_blocks(some, nb.from_array(np.zeros((8, 2**17)), chunks=(1, 2**17)), dtype="f8")
    run = x.start(workers=1)
    watch = Watch(run, clock)
    until(lambda: len(passed) == 3)
    run.cancel()
    enough.set()
    until(lambda: run.wait(0))
    watch.look()
    whole = x.start(workers=1)
    whole.result()
    other = Watch(whole, clock)
    other.look()

    assert watch.state == "cancelled"
    assert 2 * 2**20 <= watch.peak_bytes <= 6 * 2**20
    assert f"peak {format_bytes(watch.peak_bytes)} of" in summary_text(watch)
    assert other.peak_bytes == whole.peak_bytes > 8 * 2**20


def test_memory_is_asked_for_where_the_system_has_no_file_that_tells_it(monkeypatch) -> None:
    """All that the process has, files too."""
    monkeypatch.setattr(watching, "held_bytes", lambda: None)

    assert psutil.Process().memory_info().rss == pytest.approx(watching.resident_bytes(), rel=0.1)


def test_looks_are_a_bounded_sample(slow, clock) -> None:
    """However long a run takes; the first and about the last are among them."""
    run = slow.start(workers=1)
    watch = Watch(run, clock)
    for _ in range(3000):
        clock.now_s += 0.2
        watch.look()
    run.cancel()
    times = [look.now_s for look in watch.looks]

    assert MOST_LOOKS / 2 <= len(times) <= MOST_LOOKS
    assert times[0] < 102
    assert times[-1] > 690


def test_an_error_is_told_and_the_run_let_go(clock) -> None:
    """The watch doesn't keep what a run made alive."""
    run = nb.map_blocks(lambda b: 1 / 0, nb.zeros((4, 4), chunks=2), dtype="f8").start()
    watch = Watch(run, clock)
    with pytest.raises(TaskError):
        run.result()
    watch.look()

    assert watch.state == "failed"
    assert "division by zero" in watch.error
    assert watch._run is None


def test_a_look_at_many_tasks_is_quick() -> None:
    """With its picture a millisecond for 50,000 tasks; the best of many, as others want the processor too."""
    source = nb.from_array(np.zeros((50_000, 2)), chunks=(1, 2))
    run = nb.map_blocks(np.negative, source, dtype="f8").start(workers=1)
    watch = Watch(run, time.perf_counter)
    took = []
    while not run.wait(0.02) and len(took) < 30:
        start = time.thread_time()
        watch.look()
        panel_html(watch)
        took.append(time.thread_time() - start)

    run.cancel()

    assert watch.plan.ntasks == 50_000
    assert min(took) < 0.001
