"""What `x.plan()` returns."""

from __future__ import annotations

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import ConfigError
from nbarray.plan.plan import Plan

X = nb.from_array(np.ones((60, 80)), chunks=(20, 80)).map_blocks(np.negative, dtype=float)


def test_a_plan_shows_itself() -> None:
    """In a terminal as text, in a notebook as tables."""
    report = X.plan(memory="1GiB", workers=2)

    assert repr(report).startswith("Plan: 3 tasks of 1 operation")
    assert "1.00 GiB  budget" in repr(report)
    assert report._repr_html_().startswith("<div")


def test_its_numbers_can_be_asked_for() -> None:
    """Tasks by operation, bytes, and the plan itself."""
    report = X.plan(memory="1GiB", workers=3)

    assert isinstance(report.plan, Plan)
    assert {"map_blocks(negative)": 3} == report.tasks
    assert (3, 60 * 80 * 8, 0) == (report.ntasks, report.result_bytes, report.read_bytes)
    assert report.plan.sequential_peak == report.sequential_peak
    assert (2**30, 3) == (report.budget_bytes, report.workers)


def test_without_limits_the_settings_hold() -> None:
    """The budget and the workers are those a run would get."""
    with nb.config(memory="64MiB", workers=5):
        report = X.sum().plan()

    assert (2**26, 5) == (report.budget_bytes, report.workers)


def test_what_would_not_fit_can_be_planned() -> None:
    """A plan is no run: it says that it doesn't fit and is not refused."""
    assert "a run would be refused" in repr(X.plan(memory="1kB"))


def test_limits_are_checked() -> None:
    """A budget that is none is refused."""
    with pytest.raises(ConfigError):
        X.plan(memory="much")


def test_the_tasks_are_drawn() -> None:
    """`visualize(blocks=True)` draws what is planned."""
    assert "map_blocks(negative)" in X.visualize(blocks=True).dot
