"""How long a plan may take is told as far as it is known."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import numpy as np
import pytest

import nbarray as nb
from nbarray.engines.run import Run
from nbarray.session import prepare
from nbarray.widgets import planned
from nbarray.widgets.planned import estimate_text, planned_html, remember_rate
from nbarray.widgets.watching import Watch

A = nb.from_array(np.random.default_rng(0).random((1500, 1500)), chunks=(300, 1500))


@pytest.fixture(autouse=True)
def nothing_learnt(monkeypatch) -> None:
    """As in a fresh kernel, which learns from short runs too: how long one takes depends on the machine."""
    monkeypatch.setattr(planned, "_factors", {})
    monkeypatch.setattr(planned, "LEAST_S", 0.0)


def ready(array, workers: int = 1, memory: str = "256MiB") -> tuple[Run, Watch]:
    """A run that isn't started, and what a monitor knows of it."""
    run = prepare([array.expr], workers=workers, memory=memory)
    watch = Watch(run, time.perf_counter)
    watch.look()
    return run, watch


def learn(array, workers: int = 1) -> float:
    """Watch a run to its end; the seconds that it took."""
    run, watch = ready(array, workers)
    run.start()
    watch.look()
    run.result()
    watch.look()
    remember_rate(watch)
    return run.wall_s


def told(array, workers: int = 1) -> str:
    return estimate_text(ready(array, workers)[1])


def slow(seconds: float):
    def sleep(block):
        time.sleep(seconds)
        return block

    return A.map_blocks(sleep)


def test_what_a_users_function_takes_is_not_guessed() -> None:
    """Nothing is said before it was measured, neither by what other work took."""
    silent = told(slow(0.1))
    learn(nb.sort(A, axis=1))

    assert (silent, told(slow(0.1))) == ("", "")


def test_what_was_measured_is_said_of_the_same_work() -> None:
    """With more workers in proportion: functions that wait do so side by side.  Of other work nothing."""
    took_s = learn(slow(0.1))
    once, side_by_side = told(slow(0.1)), told(slow(0.1), 5)

    assert once.endswith("(as measured before)")
    assert 0.9 < seconds(once) / took_s < 1.1
    assert 4.5 < seconds(once) / seconds(side_by_side) < 5.5
    assert "" == told(A.map_blocks(lambda block: block))


def seconds(text: str) -> float:
    number, unit = text.split()[1:3]
    return float(number) * {"ms": 1e-3, "s": 1}[unit]


def test_a_guess_says_from_where_to_where() -> None:
    """And what is over in a moment has no number."""
    many = nb.random.default_rng(1).normal(size=(20000, 20000), chunks=(1000, 20000)).sum()

    assert re.fullmatch(r"[\d.]+ m?s to [\d.]+ s \(a guess\)", told(many))
    assert "less than 500 ms (a guess)" == told(A.sum())


def test_another_kind_of_work_is_estimated_by_the_last_run() -> None:
    """How fast the machine is says more than rates of another one."""
    took_s = learn(nb.sort(nb.concatenate([A] * 4), axis=1))
    text = told(nb.median(nb.concatenate([A] * 4), axis=1))

    assert text.endswith("(by the last run)")
    assert took_s / 10 < seconds(text) < took_s * 10


def test_what_is_learnt_is_the_runs_time() -> None:
    """Not the time between two looks at it, which may be a hundred times as long."""
    run, watch = ready(A.sum())
    run.start()
    watch.look()
    run.result()
    watch.look()
    watch._recent[-1] = replace(watch._recent[-1], working_s=100 * run.wall_s)
    remember_rate(watch)
    text = told(A.sum())

    assert "as measured before" in text
    assert run.wall_s / 3 < seconds(text) < run.wall_s * 3


def test_the_panel_says_it() -> None:
    """Among the plan's numbers, or leaves it out."""
    assert "(a guess)" in planned_html(ready(A.sum())[1])
    assert "guess" not in planned_html(ready(slow(0.1))[1])
