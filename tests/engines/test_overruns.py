"""What callers' functions take beyond their blocks."""

from __future__ import annotations

import sys
import threading
import time
import warnings

import numpy as np
import pytest

import nbarray as nb
from nbarray.engines import overruns
from nbarray.engines.overruns import held_bytes
from nbarray.errors import BudgetError, BudgetWarning
from nbarray.events import BudgetExceeded, RunFailed
from nbarray.observers.report import RunReport
from nbarray.session import observe

pytestmark = pytest.mark.skipif(held_bytes() is None, reason="the system doesn't tell what is held")


def greedy(block: np.ndarray) -> np.ndarray:
    """Takes 200 MB for a moment, again and again."""
    for _ in range(10):
        np.ones(25_000_000).sum()
    return block


def modest(block: np.ndarray) -> np.ndarray:
    return block + 1


def blocks_of(function) -> nb.Array:
    x = nb.from_array(np.arange(40_000.0), chunks=10_000)
    return nb.map_blocks(function, x, dtype=float)


def test_held_bytes_grow_with_what_is_filled():
    """What the process holds grows by what is filled, and not by what is only asked for."""
    before = held_bytes()
    filled = np.ones(40_000_000)  # much more than what is freed meanwhile

    assert 0.9 * filled.nbytes < held_bytes() - before < 1.5 * filled.nbytes


def test_a_greedy_function_is_told_of():
    """A function that takes more than the budget and frees it within its task is warned of, by name, and reported."""
    seen = []
    report = RunReport()
    with observe(seen.append), observe(report), pytest.warns(BudgetWarning, match="greedy"):
        blocks_of(greedy).start(memory="20MB").result()
    exceeded = [event for event in seen if isinstance(event, BudgetExceeded)]

    assert exceeded
    assert 150e6 < exceeded[-1].held_bytes < 1e9
    assert 20_000_000 == exceeded[-1].budget_bytes
    assert report.overrun_bytes == exceeded[-1].held_bytes
    assert "more memory than its blocks" in report.advice[0]


@pytest.mark.parametrize("chunks", [10_000, 40_000])
@pytest.mark.parametrize("in_settings", [True, False])
def test_a_run_that_is_waited_for_ends_beyond_its_budget(chunks: int, in_settings: bool):
    """Where a budget was named, the overrun is the error; nothing is left of the run, and others go on as ever."""
    seen = []
    x = nb.map_blocks(greedy, nb.from_array(np.arange(40_000.0), chunks=chunks), dtype=float)
    told = r"held, more than the budget of 19.1 MiB: .*greedy.*allows more; \d of \d tasks were done"
    with observe(seen.append), warnings.catch_warnings(), nb.config(memory="20MB" if in_settings else None):
        warnings.simplefilter("error")
        with pytest.raises(BudgetError, match=told):
            x.compute(memory=None if in_settings else "20MB")
    (exceeded,) = [event for event in seen if isinstance(event, BudgetExceeded)]
    (failed,) = [event for event in seen if isinstance(event, RunFailed)]

    assert exceeded.run == failed.run
    assert not overruns._watches
    np.testing.assert_array_equal(np.arange(40_000.0) + 1, blocks_of(modest).compute(memory="20MB"))


def test_nobody_who_named_no_budget_is_stopped(monkeypatch):
    """Half of what is free is no promise: what takes more is told of, and goes on."""
    monkeypatch.setattr(sys.modules["nbarray.config"], "_lately_available", lambda: 40_000_000)
    with nb.config(memory=None), pytest.warns(BudgetWarning, match="greedy"):
        made = blocks_of(greedy).compute()

    np.testing.assert_array_equal(np.arange(40_000.0), made)


def test_a_modest_function_is_not():
    """A function that takes what its blocks take is not warned of, nor is a budget that is large enough."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        blocks_of(modest).compute(memory="20MB")
        blocks_of(greedy).compute(memory="2GB")


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "nbarray-watch"]


def test_one_thread_looks_for_all_runs(monkeypatch):
    """However many runs call functions of others, one thread looks; it ends when there are none for a while."""
    monkeypatch.setattr(overruns, "IDLE_S", 0.1)
    for _ in range(5):
        blocks_of(modest).compute()
        seen = watchers()
    for thread in seen:
        thread.join(5)

    assert len(seen) == 1
    assert not watchers()
    assert not overruns._watches


def test_our_own_operations_are_not_watched():
    """Nothing is looked at where no caller's function runs: our own operations are counted."""
    before = watchers()
    run = (nb.from_array(np.arange(10.0)) + 1).start()
    run.result()

    assert watchers() in (before, [])


def test_what_others_hold_is_not_blamed_on_functions():
    """What is made meanwhile, and is still there when all tasks have ended, is no function's."""
    going, made = threading.Event(), threading.Event()

    def waiting(block: np.ndarray) -> np.ndarray:
        going.set()
        assert made.wait(20)
        time.sleep(0.1)  # for somebody to look
        return block

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = blocks_of(waiting).start(memory="20MB")
        assert going.wait(20)
        mine = np.ones(25_000_000)
        made.set()
        run.result()

    assert 25_000_000 == mine.sum()


def test_of_several_runs_nobody_knows_which_holds_what():
    """A run that wasn't the only one all the time is not told to take too much: another one may have."""
    seen = []
    gate = threading.Event()
    other = blocks_of(lambda block: block + gate.wait(20)).start(memory="20MB")
    with observe(seen.append), warnings.catch_warnings():
        warnings.simplefilter("error")
        blocks_of(greedy).compute(memory="20MB")
        gate.set()
        other.result()

    assert not [event for event in seen if isinstance(event, BudgetExceeded)]
