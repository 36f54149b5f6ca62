"""The one path through which everything is computed: together, inside a budget, and interruptible."""

from __future__ import annotations

import _thread
import gc
import re
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray import events, session
from nbarray.engines import overruns
from nbarray.errors import BudgetError, Cancelled, ConfigError, ReadError, TaskError
from tests.compare import tiny_tasks
from tests.engines.patience import until
from tests.house.source import ROOT
from tests.pages.arrays import Named, named, read_by

A = np.random.default_rng(11).normal(size=(60, 80))
#: Eight MB, more than the buffers that any run needs.
LARGE = np.ones((1000, 1000))


class CountsReads(Named):
    """A reader that notes every region it is asked for."""

    def __init__(self, values: Any, stored_chunks: tuple[int, ...]) -> None:
        super().__init__("counted", values, stored_chunks)
        self.regions: list[tuple[slice, ...]] = []

    def read(self, region: tuple[slice, ...], out: Any = None) -> Any:
        self.regions.append(region)
        return super().read(region, out)


def counted(values: Any = A) -> tuple[nb.Array, CountsReads]:
    """A stored array, and what is read of it."""
    reader = CountsReads(values, (20, 80))
    return read_by(reader, (20, 80)), reader


# ------------------------------------------------------------------------------------------ computing together


def test_several_are_computed_together() -> None:
    """What several results share is done once: here one reading for the mean, and one for what it is taken from."""
    x, reader = counted()
    anomaly, mean = nb.compute(x - x.mean(axis=0), x.mean(axis=0))

    np.testing.assert_allclose(mean, A.mean(axis=0))
    np.testing.assert_allclose(anomaly, A - A.mean(axis=0))
    assert 2 * A.size == sum((r.stop - r.start) * 80 for r, _ in reader.regions)


def test_planning_reads_nothing() -> None:
    """Plans, shapes and texts come before the first byte is read."""
    x, reader = counted()
    y = (x - x.mean(axis=0)).T
    repr(y.plan()), y.plan()._repr_html_(), y.shape, repr(y), y._repr_html_()

    assert [] == reader.regions


def test_results_share_no_memory() -> None:
    """A result that is asked for twice comes twice, so that changing one leaves the other alone."""
    x = nb.from_array(A, chunks=20)
    one, two, turned = nb.compute(x + 1, x + 1, (x + 1).T)

    assert not np.shares_memory(one, two)
    assert not np.shares_memory(one, turned)
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one.T, turned)


def test_results_are_ones_own() -> None:
    """A result never shares memory with its source, and can be written to."""
    values = A.copy()
    result = nb.from_array(values, chunks=20).compute()
    result[...] = 0

    assert not np.shares_memory(values, result)
    np.testing.assert_array_equal(A, values)


def test_start_gives_a_run() -> None:
    """`start` returns at once; the result of the run is a tuple."""
    run = nb.from_array(A, chunks=20).sum().start()
    (total,) = run.result(20)

    assert A.sum() == pytest.approx(total)
    assert "done" == run.state


WORKLOADS: dict[str, Callable[[nb.Array], nb.Array]] = {
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(axis=0),
    "std": lambda x: x.std(axis=1),
    "spread": lambda x: abs(x - x.mean(axis=0)).sum(),
    "product": lambda x: (x @ x.T).sum(axis=0),
    "users' blocks": lambda x: x.map_blocks(np.sin, dtype=float).mean(),
    "selection": lambda x: x[x > 0].mean(),
    "join": lambda x: nb.concatenate([x * 3, x - 1]).sum(axis=1),
}


@pytest.mark.parametrize("name", WORKLOADS)
def test_results_are_the_same_bits_for_any_number_of_workers(name: str) -> None:
    """With 1, 2, 4 and 8 workers, and whenever it is computed again, the same bits come out."""
    x = nb.from_array(A, chunks=(7, 11))
    with tiny_tasks():
        results = [WORKLOADS[name](x).compute(workers=workers) for workers in (1, 2, 4, 8, 8)]

    assert 1 == len({np.asarray(result).tobytes() for result in results})


# -------------------------------------------------------------------------------------------------- observers


def test_observers_see_runs_that_start_inside() -> None:
    """`observe` lends its observer to every run of the `with` block, in any thread, and to none after it."""
    told: list[events.Event] = []
    x = nb.from_array(A, chunks=20)
    with session.observe(told.append):
        thread = threading.Thread(target=(x + 1).compute)
        thread.start()
        thread.join()
        inside = len(told)
    (x + 2).compute()

    assert inside > 0
    assert inside == len(told)


def test_rules_are_told_in_the_text_form() -> None:
    """Before a run begins, its observers are told which rule made what of what."""
    told: list[events.Event] = []
    x = nb.from_array(A, chunks=(30, 40))
    session.compute(x.T.T.expr, observers=[told.append])
    (rule,) = [event for event in told if isinstance(event, events.RuleApplied)]

    assert rule is told[0]
    assert ("simplify", "merge_views") == (rule.stage, rule.rule)
    assert "view(view(source numpy (60, 80) float64 in (30, 40)).transpose(1, 0)).transpose(1, 0)" == rule.before
    assert "source numpy (60, 80) float64 in (30, 40)" == rule.after


def test_texts_of_rules_are_short() -> None:
    """A rule about a thousand operations is told in a few lines."""
    told: list[events.Event] = []
    x = nb.from_array(A)
    for _ in range(1000):
        x = x + 1
    session.compute(x[2:].expr, observers=[told.append])

    assert max(len(event.before) for event in told if isinstance(event, events.RuleApplied)) <= 400


def test_observers_that_raise_break_nothing() -> None:
    """Neither when rules are told, nor later."""

    def broken(event: events.Event) -> None:
        raise RuntimeError("broken observer")

    x = nb.from_array(A, chunks=20)

    assert A.T.sum() == pytest.approx(session.compute(x.T.T.sum().expr, observers=[broken])[0])


# -------------------------------------------------------------------------------------------------- the budget


def _thrice(block: Any) -> Any:
    return block * 3


def test_what_does_not_fit_is_refused_before_anything_is_read() -> None:
    """The error says what is needed, what most of it is for, and on which line that was written."""
    x, reader = counted(LARGE)
    tripled = x.rechunk(1000).map_blocks(_thrice, dtype=float)  # here
    with pytest.raises(BudgetError) as caught:
        tripled.sum().compute(memory="8MiB")
    message = str(caught.value)

    assert [] == reader.regions
    assert "the budget is 8.00 MiB" in message
    assert "most of it for map_blocks(_thrice) in blocks of (1000, 1000)" in message
    assert "test_session.py, line" in message
    assert "# here" in message


def test_the_budget_that_is_asked_for_does() -> None:
    """A run gets through with the bytes that the error names."""
    x = nb.from_array(LARGE).map_blocks(_thrice, dtype=float).sum()
    with pytest.raises(BudgetError) as caught:
        x.compute(memory="6MiB")
    (number,) = re.findall(r"this needs ([\d.]+ \w+) ", str(caught.value))
    value, unit = number.split()

    assert LARGE.sum() * 3 == x.compute(memory=f"{float(value) * 1.01} {unit}")


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x.map_blocks(_thrice, dtype=float).sum(),
        lambda x: x.map_blocks(_thrice, dtype=float).map_blocks(_thrice, dtype=float).sum(axis=0),
        lambda x: x.map_blocks(_thrice, dtype=float).T.map_blocks(_thrice, dtype=float).mean(),
    ],
    ids=["mapped", "mapped twice", "mapped and turned"],
)
def test_the_chunks_that_are_advised_do(make: Callable[[nb.Array], nb.Array]) -> None:
    """With the chunks that the error names, the same computation fits."""
    x = nb.zeros((2000, 2000), chunks=2000)
    with pytest.raises(BudgetError) as caught:
        make(x).compute(memory="12MiB")
    (chunks,) = re.findall(r"chunks=(\(.*?\))", str(caught.value))
    smaller = x.rechunk(tuple(int(n) for n in re.findall(r"\d+", chunks)))

    assert 0 == np.sum(make(smaller).compute(memory="12MiB"))


def test_a_result_that_is_too_large_is_said_to_be() -> None:
    """Chunks don't help where the result alone is larger than the budget."""
    with pytest.raises(BudgetError, match="the result alone is larger than the budget") as caught:
        (nb.from_array(A) + 1).compute(memory="10kB")

    assert "chunks" not in str(caught.value)


def test_stored_chunks_that_are_too_large_are_named() -> None:
    """A stored chunk has to be read whole: no chunks of ours change that."""
    x = named("t2m", LARGE, (100, 100), (1000, 1000))
    with pytest.raises(BudgetError, match=r"store t2m in smaller chunks: those of \(1000, 1000\) "):
        x.sum().compute(memory="4MiB")


def test_products_keep_to_the_budget() -> None:
    """The blocks of a matrix product follow the budget."""
    a = nb.from_array(LARGE)

    assert 1000**3 == (a @ a).sum().compute(memory="12MiB")


@pytest.mark.parametrize("memory", ["much", -5, 0])
def test_a_budget_is_a_number_of_bytes(memory: Any) -> None:
    """What is no number of bytes is refused."""
    with pytest.raises(ConfigError, match="memory"):
        nb.from_array(A).sum().compute(memory=memory)


def test_a_budget_error_is_a_memory_error() -> None:
    """Code written for NumPy catches it."""
    with pytest.raises(MemoryError):
        (nb.from_array(A) + 1).compute(memory=1)


# ------------------------------------------------------------------------------------- interrupts and threads


def test_runs_leave_no_threads(new_threads: Callable[[], list[str]]) -> None:
    """After many runs no thread is there that wasn't before."""
    x = nb.from_array(A, chunks=7)
    with tiny_tasks():
        for _ in range(20):
            (x + 1).sum().compute(workers=4)

    assert [] == new_threads()


def _interrupt(block: Any) -> Any:
    _thread.interrupt_main()
    time.sleep(0.15)
    return block


@pytest.mark.parametrize("nblocks", [1, 6], ids=["in the calling thread", "in threads"])
def test_an_interrupt_cancels_the_run(nblocks: int, new_threads: Callable[[], list[str]]) -> None:
    """Ctrl-C in `compute` comes out as KeyboardInterrupt, soon, with the run cancelled and its threads gone."""
    told: list[events.Event] = []
    x = nb.zeros((6,), chunks=6 // nblocks).map_blocks(_interrupt, dtype=float)
    start = time.perf_counter()
    with session.observe(told.append), pytest.raises(KeyboardInterrupt):
        x.compute(workers=2)

    assert time.perf_counter() - start < 5
    assert [] == new_threads()
    assert isinstance(told[-1], events.RunCancelled)


def test_after_an_interrupt_all_is_as_before() -> None:
    """The next computation works."""
    x = nb.zeros((6,), chunks=1)
    with pytest.raises(KeyboardInterrupt):
        x.map_blocks(_interrupt, dtype=float).compute(workers=2)

    assert 6 == (x + 1).sum().compute()


def test_cancelled_from_elsewhere() -> None:
    """A run cancelled by somebody else raises Cancelled in who waits for it."""
    stop = threading.Event()

    def wait(block: Any) -> Any:
        stop.wait(10)
        return block

    run = nb.zeros((4,), chunks=1).map_blocks(wait, dtype=float).start(workers=2)
    threading.Timer(0.05, lambda: (run.cancel(), stop.set())).start()
    with pytest.raises(Cancelled):
        run.result(10)


def test_a_task_may_compute() -> None:
    """Functions of blocks may use blocked arrays themselves."""
    inner = nb.from_array(A, chunks=20)
    x = nb.zeros((4,), chunks=1).map_blocks(lambda block: block + inner.sum().compute(), dtype=float)

    np.testing.assert_allclose(x.compute(workers=2), np.full(4, A.sum()))


def test_errors_keep_their_kind() -> None:
    """An error inside a task is told as ours and as what it was."""

    def broken(block: Any) -> Any:
        raise ZeroDivisionError("nothing to divide by")

    with pytest.raises(ZeroDivisionError) as caught:
        nb.zeros((4,), chunks=1).map_blocks(broken, dtype=float).compute()

    assert isinstance(caught.value, TaskError)


class Broken(Named):
    """A reader of a file with a bad chunk."""

    def read(self, region: tuple[slice, ...], out: Any = None) -> Any:
        if region[0].stop > 40:
            raise ReadError("chunk 2 can't be decoded")
        return super().read(region, out)


@pytest.mark.parametrize(
    "reduce",
    [lambda x: x.mean(axis=0), lambda x: (x - x.mean()).std(), lambda x: x[20:] * 2, lambda x: x.T],
    ids=["mean", "twice", "slice", "view"],
)
def test_errors_of_reading_point_to_the_users_line(reduce: Callable[[nb.Array], nb.Array]) -> None:
    """Which line asked for it is said of whatever fails, however deep below that line's operation it is."""
    array = read_by(Broken("broken", A, (20, 80)), (20, 80))
    with tiny_tasks(), pytest.raises(ReadError) as caught:
        reduce(array).compute()

    assert isinstance(caught.value, TaskError)
    assert "test_session.py, line" in str(caught.value)
    assert str(caught.value).endswith("chunk 2 can't be decoded")


# --------------------------------------------------------------------------------------------- unknown sizes


def test_sizes_are_counted_once() -> None:
    """Asking for a shape that depends on values takes one pass, and asking again none."""
    x, reader = counted()
    positive = x[x > 0]
    sizes = [positive.shape for _ in range(3)]

    assert [(int((A > 0).sum()),)] * 3 == sizes
    assert 60 == sum(rows.stop - rows.start for rows, _ in reader.regions)


def test_what_was_counted_is_forgotten_with_its_array(new_threads: Callable[[], list[str]]) -> None:
    """Counting keeps no array alive."""
    values = A.copy()
    watch = weakref.ref(values)
    x = nb.from_array(values, chunks=20)
    positive = x[x > 0]
    positive.shape
    del x, positive, values

    assert [] == new_threads()
    gc.collect()
    assert watch() is None


def test_computing_keeps_nothing_alive(new_threads: Callable[[], list[str]]) -> None:
    """When the last reference to an array is gone, so is what it was made of."""
    values = A.copy()
    watch = weakref.ref(values)
    x = nb.from_array(values, chunks=20)
    (x - x.mean(axis=0)).std().compute(workers=2)
    del x, values

    assert [] == new_threads()
    gc.collect()
    assert watch() is None


# --------------------------------------------------------------------------------------------------- memory

MEASURE = """
import sys, threading, time
import numpy as np
import nbarray as nb
from nbarray.session import plan
from tests.pages.arrays import Named
from nbarray.api.array import Array
from nbarray.expr.leaves import SourceArray
from nbarray.grid.normalize import normalize_chunks
from nbarray.kernels.elementwise import ById

class Made(Named):
    "200 MB that are made when they are read, a stored chunk at a time."
    masked, array = False, None
    def __init__(self, shape, stored):
        self.shape, self.dtype, self.stored_chunks = shape, np.dtype("f8"), stored
        self.origin = type("Origin", (), {"kind": "made", "path": None, "name": "made", "route": "made"})()
    def read(self, region, out=None):
        shape = tuple(len(range(s.start, s.stop, s.step)) for s in region)
        out = np.empty(shape) if out is None else out
        out[...] = 1.5
        return out

def source(shape, stored):
    return Array(SourceArray(ById(Made(shape, stored)), normalize_chunks(stored, shape, 8, 2**25)))

def resident():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))

x = source((100, 500, 500), (1, 500, 500))
work = {WORK}
work[0:1].compute() if work.ndim else source((2, 9, 9), (1, 9, 9)).sum().compute()
nb.zeros(10**6).sum().compute(workers=2)
made = plan([work.expr], "1GiB")
base = peak = resident()
stop = threading.Event()
def watch():
    global peak
    while not stop.is_set():
        peak = max(peak, resident())
        time.sleep(0.002)
thread = threading.Thread(target=watch)
thread.start()
work.compute(memory="1GiB", workers=2)
stop.set()
thread.join()
print(made.run_bytes(), peak - base)
"""


@pytest.mark.memory
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="resident memory is read from /proc")
@pytest.mark.parametrize(
    "work",
    [
        "x.mean(axis=0)",
        "x.max()",
        "(x - x.mean(axis=0)).std()",
        "x.map_blocks(np.negative, dtype=float).sum(axis=0)",
        "x[::2, :100] * 2",
    ],
)
def test_declared_memory_is_measured_memory(work: str) -> None:
    """200 MB are read, but resident memory grows by what the plan declares for two workers, give or take 30 MB."""
    command = [sys.executable, "-c", MEASURE.replace("{WORK}", work)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    declared, measured = map(int, done.stdout.split())

    assert declared < 100e6
    assert measured <= 2 * declared + 30e6


@pytest.fixture(autouse=True)
def new_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """The threads that a test has started and that don't end soon; no test leaves one behind.

    What other tests have started ends when it likes.
    """
    monkeypatch.setattr(overruns, "IDLE_S", 0.05)
    before = set(threading.enumerate())

    def living() -> list[str]:
        return [thread.name for thread in set(threading.enumerate()) - before]

    def left() -> list[str]:
        until(lambda: not living())
        return living()

    yield left
    assert [] == left()
