"""What %%blocked may do with a cell instead of computing it and waiting, and what it says about it."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import nbarray as nb
from nbarray import runs
from nbarray.api.report import PlanReport
from nbarray.display.picture import Picture
from nbarray.engines.run import Run
from nbarray.errors import Cancelled, TaskError
from nbarray.observers.report import RunReport
from tests.magics.loaded import loaded


@pytest.fixture
def shell(shell, monkeypatch):
    """A shell with the extension."""
    yield from loaded(shell, monkeypatch)


@pytest.fixture
def gate(shell):
    """A function of blocks that waits until the test lets it go."""
    opened = threading.Event()

    def wait(block):
        opened.wait(20)
        return block

    shell.push({"wait": wait})
    yield opened
    opened.set()


def run(shell, cell):
    """Run a cell that must succeed; its value."""
    result = shell.run_cell(cell)
    result.raise_error()
    return result.result


WAITING = "nb.map_blocks(wait, a, dtype='f8').sum(axis=0)"


# -- in the background


def test_in_the_background_the_value_is_a_run(shell, a, gate):
    """It is there while no block is; its result is the cell's value, once it is there."""
    value = run(shell, f"%%blocked -b --chunks 4,50\n{WAITING}")
    planned = value.wait_planned(5)
    state, done = value.state, value.progress[0]
    gate.set()

    assert isinstance(value, Run)
    assert (planned, state, done) == (True, "running", 0)
    np.testing.assert_allclose(value.result(10), a.sum(axis=0))


def test_other_cells_run_meanwhile(shell, a, gate):
    """Also ones that compute."""
    run(shell, f"%%blocked -b\n{WAITING}")

    assert run(shell, "%%blocked\na.max()") == a.max()


def test_the_result_has_the_form_of_the_value(shell, a):
    """Containers keep theirs, and what isn't an array stays."""
    value = run(shell, "%%blocked --background\n{'low': a.min(), 'all': (a.max(), 'text')}")

    assert value.result(10) == {"low": a.min(), "all": (a.max(), "text")}


def test_names_are_filled_when_it_is_done(shell, a, gate):
    """Those that the cell assigns are lazy until then, another gets the value."""
    value = run(shell, f"%%blocked -b -o m,total\nm = {WAITING}\nm.sum()")
    before = (type(shell.user_ns["m"]), "total" in shell.user_ns)
    gate.set()
    value.result(10)

    assert before == (nb.Array, False)
    np.testing.assert_allclose(shell.user_ns["m"], a.sum(axis=0))
    assert shell.user_ns["total"] == pytest.approx(a.sum())


def test_a_name_bound_anew_meanwhile_is_left_alone(shell, a, gate):
    """What the user wrote last holds."""
    value = run(shell, f"%%blocked -b -o m,total\nm = {WAITING}\nm.sum()")
    shell.push({"m": 1, "total": 2})
    gate.set()
    value.result(10)

    assert (shell.user_ns["m"], shell.user_ns["total"]) == (1, 2)


def test_a_run_can_be_awaited(shell, a):
    """At the top level of a cell; the value is the result."""
    run(shell, "run = %blocked -b a.sum(axis=1)")

    np.testing.assert_allclose(run(shell, "await run"), a.sum(axis=1))


def test_the_run_tells_its_error(shell, a):
    """Wherever its result is asked for, with the user's line; names stay as they were."""

    def bad(block):
        raise ValueError("no good")

    shell.push({"bad": bad})
    value = run(shell, "%%blocked -b -o m\nm = nb.map_blocks(bad, a, dtype='f8')\n")
    with pytest.raises(TaskError, match="no good"):
        value.result(10)

    assert repr(value) == f"<Run {value.number}: failed, 0 of 1 task: ValueError: no good>"
    assert isinstance(shell.user_ns["m"], nb.Array)
    assert "ValueError: no good" in repr(run(shell, "%blocked_runs"))


def test_in_a_terminal_nothing_is_written_over_the_prompt(shell, a, gate, monkeypatch):
    """A run in the background shows no line there unless it is asked for."""
    from nbarray.magics import blocked

    seen = []
    monkeypatch.setattr(blocked, "cell_progress", lambda shell, monitor, blocking: seen.append(monitor))
    run(shell, "%%blocked -b\na.sum()")
    run(shell, "%%blocked -b --monitor\na.sum()")

    assert seen == [True]


def test_nothing_to_compute_is_said(shell, capsys):
    """No run of nothing."""
    result = shell.run_cell("%%blocked -b\n1 + 1")

    assert not result.success
    assert "there is nothing to compute: neither value nor -o is a blocked array" in capsys.readouterr().err


# -- nothing computed


def test_lazy_computes_nothing(shell, a):
    """The value is a blocked array."""
    before = len(runs.recent())
    value = run(shell, "%%blocked --lazy -o kept\na.mean(axis=0)")

    assert isinstance(value, nb.Array)
    assert shell.user_ns["kept"] is value
    assert len(runs.recent()) == before


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("%%blocked --plan\na.mean(axis=0)", PlanReport),
        ("%%blocked --plan -o m\nm = a.mean(axis=0)\n", PlanReport),
        ("%blocked_plan --workers 2 --memory 1GiB a.mean(axis=0)", PlanReport),
        ("%%blocked_plan\na.mean(axis=0)", PlanReport),
        ("%%blocked --graph\na.mean(axis=0)", Picture),
        ("%blocked_graph a.mean(axis=0)", Picture),
        ("p = %blocked --plan a.mean(axis=0)\np", PlanReport),
    ],
)
def test_plans_and_graphs_are_shown_and_nothing_computed(shell, a, cell, kind):
    """Of the value and of what -o names, together."""
    before = len(runs.recent())
    value = run(shell, cell)

    assert isinstance(value, kind)
    assert len(runs.recent()) == before


def test_a_plan_has_what_the_options_say(shell, a):
    """The budget and the workers of the cell."""
    value = run(shell, "%blocked_plan --workers 3 --memory 1GiB a.mean(axis=0)")

    assert (value.workers, value.budget_bytes) == (3, 2**30)


def test_all_that_is_wanted_is_planned_together(shell, a):
    """A source that the value and two names need is read once, in one run."""
    before = runs.recent()[-1].number if runs.recent() else 0
    run(shell, "%%blocked -o low,high\nlow = a.min(axis=0)\nhigh = a.max(axis=0)\na.sum(axis=0)")
    new = [record for record in runs.recent() if record.number > before]

    assert len(new) == 1
    assert isinstance(shell.user_ns["low"], np.ndarray)


def test_outside_the_cell_nothing_is_told(shell, a, capsys):
    """np.asarray says what it does."""
    run(shell, "np.asarray(nb.from_array(a))")

    assert "nbarray:" not in capsys.readouterr().out


# -- reports and runs


def test_report_stores_what_it_took(shell, a):
    """Under a name, beside the value."""
    value = run(shell, "%%blocked --report took\na.sum()")
    report = shell.user_ns["took"]

    assert value == pytest.approx(a.sum())
    assert isinstance(report, RunReport)
    assert report.state == "done"
    assert "Cell In[" in report.operations[0].place


def test_the_last_report_is_shown(shell, a):
    """Of any run while the extension is loaded; an older one by its number."""
    run(shell, "nb.from_array(a).sum().compute()")
    first = run(shell, "%blocked_report")
    run(shell, "%blocked a.max()")
    second = run(shell, "%blocked_report")

    assert second.run > first.run
    assert run(shell, f"%blocked_report {first.run}") is first


def test_runs_are_listed(shell, a):
    """With what they were; escaped in the notebook."""
    run(shell, "%blocked a.max() if 1 < 2 else 0")
    table = run(shell, "%blocked_runs")

    (line,) = (line for line in repr(table).splitlines() if "1 < 2" in line)
    assert "done" in line
    assert "1 &lt; 2" in table._repr_html_()


def test_a_run_is_steered_by_its_number(shell, a, gate):
    """Paused, and cancelled while it is paused."""
    value = run(shell, f"%%blocked -b --chunks 4,50\n{WAITING}")
    run(shell, f"%blocked_runs --pause {value.number}")
    paused = value.state
    table = run(shell, f"%blocked_runs --cancel {value.number}")
    gate.set()
    with pytest.raises(Cancelled):
        value.result(10)

    assert paused == "paused"
    assert "cancelled" in repr(table)


# -- wrong use


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%%blocked --plan --lazy\na", "--lazy and --plan can't go together"),
        ("%%blocked --lazy --report r\na", "--report and --lazy can't go together, since nothing is computed"),
        ("%%blocked --backgrund\na", "there is no option '--backgrund'; did you mean '--background'?"),
        ("%%blocked --no-moniter\na", "did you mean '--no-monitor'"),
        ("%%blocked --plan=3\na", "--plan takes no value"),
        ("%%blocked --report 1a\na", "expected a name for a variable"),
        ("%%blocked --report a,b\na", "expected one name"),
        ("%%blocked --plan\n1", "there is nothing to compute"),
        ("%blocked_plan", "nothing to evaluate"),
        ("%blocked_runs --cancel three", "expected the number of a run"),
        ("%blocked_runs --cancel 99999999", "there is no run 99999999"),
        ("%blocked_runs 3", "can't use '3'"),
        ("%blocked_report three", "expected the number of a run"),
        ("%blocked_report 99999999", "there is no run 99999999"),
    ],
)
def test_a_wrong_use_is_one_line(shell, a, capsys, cell, message):
    """No traceback, and the cell counts as failed."""
    result = shell.run_cell(cell)
    err = capsys.readouterr().err

    assert not result.success
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_cancelling_what_has_ended_is_said(shell, a, capsys):
    """With how it ended."""
    run(shell, "%blocked a.max()")
    number = runs.recent()[-1].number
    shell.run_cell(f"%blocked_runs --cancel {number}")

    assert f"run {number} has ended already (done)" in capsys.readouterr().err


def test_monitor_says_whether_progress_is_shown(shell, a, monkeypatch):
    """From the start, never, or if it lasts."""
    from nbarray.magics import blocked

    seen = []
    monkeypatch.setattr(blocked, "cell_progress", lambda shell, monitor, blocking: seen.append(monitor))
    for option in ("", "--monitor", "--no-monitor"):
        run(shell, f"%%blocked {option}\na.sum()")

    assert seen == [None, True, False]
