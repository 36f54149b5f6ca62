"""A cell's monitor comes with a long run and leaves a summary."""

from __future__ import annotations

import contextlib
import contextvars
import io
import threading
import time
from types import SimpleNamespace

import ipywidgets
import numpy as np
import pytest

import nbarray as nb
from nbarray.session import observe
from nbarray.widgets import place
from nbarray.widgets.cell_monitor import CellMonitor

WIDGET = "application/vnd.jupyter.widget-view+json"


def quick(**options):
    return CellMonitor(show_after_s=0.0, every_s=0.01, **options)


@pytest.fixture(autouse=True)
def nothing_lingers():
    yield
    place.close_all()


def test_a_long_run_is_shown_and_becomes_a_summary(displays, slow, gate, until) -> None:
    """One output: the panel, with a text for where there are no widgets, then words."""
    with quick() as monitor, observe(monitor):
        run = slow.start()
        shown = until(lambda: displays)
        gate.open.set()
        run.result()
    (panel, first), (summary, update) = displays

    assert shown
    assert not first
    assert update
    assert {WIDGET, "text/html", "text/plain"} == set(panel)
    assert "VBox" not in panel["text/plain"]
    assert {"text/html", "text/plain"} == set(summary)
    assert "done in" in summary["text/html"]
    assert "done in" in summary["text/plain"]


def test_a_run_that_ends_at_once_shows_nothing(displays, models) -> None:
    """The default: nothing within the first half second."""
    with CellMonitor(every_s=0.01) as monitor, observe(monitor):
        nb.ones((100, 100), chunks=10).sum().compute()

    assert displays == []
    assert models() == []


def test_a_hundred_runs_leave_no_thread_and_no_model(displays, models, until, monkeypatch) -> None:
    """A panel that has ended lives on for a moment, and no longer than until the next one ends."""
    monkeypatch.setattr(place, "LINGER_S", 0.5)
    place.close_all()
    before = set(threading.enumerate())
    x = nb.map_blocks(lambda b: (time.sleep(0.01), b)[1], nb.zeros((2, 2), chunks=1), dtype="f8")
    most = 0
    for _ in range(100):
        with quick() as monitor, observe(monitor):
            x.compute()
        most = max(most, len(models()))
    shown = sum(WIDGET in data for data, _ in displays)
    until(lambda: not models() and before.issuperset(threading.enumerate()))

    assert shown >= 50  # a run that is over before its panel comes has none
    assert 0 < most <= 45
    assert models() == []
    assert set() == set(threading.enumerate()) - before


def test_a_page_loaded_anew_keeps_the_summary(displays, slow, gate, models, until, monkeypatch):
    """It has no other picture of how the run ended, and asks for all widgets when it is loaded; buttons are gone.

    What a later run leaves is kept for no page, and unloading frees everything.
    """
    monkeypatch.setattr(place, "LINGER_S", 0.05)
    gate.open.set()
    pages = iter(("of a page", "of another"))
    for _ in range(2):
        with quick(blocking=False) as first, observe(first):
            shown = len(displays)
            run = slow.start()
            until(lambda shown=shown: len(displays) > shown)
            monkeypatch.setattr(ipywidgets.Widget, "_control_comm", SimpleNamespace(comm_id=next(pages)))
            run.result()
    with quick() as second, observe(second):
        (slow + 1).compute()
    kept = until(lambda: len([model for model in models() if isinstance(model, ipywidgets.HTML)]) == 2)
    values = [model.value for model in models() if isinstance(model, ipywidgets.HTML)]
    pressed = [model for model in models() if isinstance(model, ipywidgets.Button)]
    rooms = [model._dom_classes for model in models() if isinstance(model, ipywidgets.VBox)]
    place.close_all()

    assert kept
    assert all("done in" in value for value in values)
    assert pressed == []
    assert all("nbarray-live" not in room for room in rooms), "room for sliders that never come"
    assert models() == []


def test_no_more_summaries_are_kept_than_a_few(displays, models, until, monkeypatch):
    """Whatever pages are loaded, the oldest go."""
    monkeypatch.setattr(place, "LINGER_S", 0.0)
    monkeypatch.setattr(place, "MOST_KEPT", 3)
    for k in range(5):
        where = place.Place()
        where.show(ipywidgets.VBox([ipywidgets.HTML("panel")]), "", "")
        monkeypatch.setattr(ipywidgets.Widget, "_control_comm", SimpleNamespace(comm_id=str(k)))
        where.end(f"summary {k}", "")

    assert until(lambda: 3 == len([model for model in models() if isinstance(model, ipywidgets.HTML)]))
    assert {"2", "3", "4"} == {m.value[-1] for m in models() if isinstance(m, ipywidgets.HTML)}


def test_a_summary_keeps_what_it_shares_with_what_has_gone(displays, models):
    """The layout of the buttons is also that of the summary's widget."""
    layout, where = ipywidgets.Layout(), place.Place()
    html = ipywidgets.HTML("panel", layout=layout)
    where.show(ipywidgets.VBox([ipywidgets.Button(layout=layout), html], layout=layout), "", "")
    where.end("summary", "")

    assert {"VBox", "HTML", "Layout", "HTMLStyle"} == {type(model).__name__ for model in models()}
    assert layout in models()
    assert html.value.endswith("summary")


def test_runs_one_after_the_other_share_one_place(displays, slow, gate, until) -> None:
    """The second run's panel stands where the first's summary stood."""
    gate.open.set()
    with quick() as monitor, observe(monitor):
        for count in (1, 2):
            run = slow.start(workers=1)
            until(lambda count=count: sum(WIDGET in data for data, _ in displays) == count)
            run.result()
            until(lambda count=count: sum(WIDGET not in data for data, _ in displays) == count)

    assert [False, True] == [update for data, update in displays if WIDGET in data]


def test_runs_at_once_have_a_place_each(displays, slow, gate, until) -> None:
    """Both can be steered."""
    with quick() as monitor, observe(monitor):
        runs = [slow.start(workers=1), (slow * 2).start(workers=1)]
        until(lambda: len(displays) == 2)
        views = [(WIDGET in data, update) for data, update in displays]
        gate.open.set()
        for run in runs:
            run.result()

    assert [(True, False), (True, False)] == views


def test_closing_in_the_middle_leaves_a_summary(displays, slow, gate, until) -> None:
    """An interrupted cell ends while tasks of its run are still under way."""
    monitor = quick()
    with observe(monitor):
        run = slow.start()
        until(lambda: displays)
    run.cancel()
    monitor.close()

    assert "cancelled" in displays[-1][0]["text/html"]
    assert WIDGET not in displays[-1][0]


def test_a_front_end_that_fails_does_not_disturb_the_run(displays, slow, gate, monkeypatch) -> None:
    """The run goes on without a monitor."""
    monkeypatch.setattr("ipywidgets.HTML", lambda *args, **options: 1 / 0)
    gate.open.set()
    with quick() as monitor, observe(monitor):
        value = slow.sum().compute()

    assert value == (48 * 9 - 1) * 48 * 9 / 2 + 48 * 9
    assert displays == []


def test_it_sends_in_the_context_of_the_cell(displays, slow, gate, until) -> None:
    """Without the cell's context ipykernel 7.0 can't send, and later ones send to another cell."""
    cell = contextvars.ContextVar("cell")
    cell.set(3)
    seen = set()

    def clock():
        seen.add((threading.current_thread().name, cell.get(None)))
        return time.perf_counter()

    monitor = quick(clock=clock)
    with observe(monitor):
        contextvars.Context().run(slow.start)
        until(lambda: displays and any(name == "nbarray-monitor" for name, _ in seen))
    monitor.close()

    assert {("nbarray-monitor", 3)} == {each for each in seen if each[0] == "nbarray-monitor"}


def test_a_plan_that_fails_in_the_background_is_told(displays, gate, until) -> None:
    """In the panel, which then is a summary with the error."""

    def bad(block):
        gate.open.wait(20)
        raise ValueError("no good")

    x = nb.from_array(np.arange(400.0).reshape(80, 5), chunks=(10, 5))
    with observe(quick(blocking=False)):
        run = (x[nb.map_blocks(bad, x[:, 0], dtype="f8") > 100] * 2).start()
    shown = until(lambda: displays)
    gate.open.set()
    run.wait(10)

    assert shown
    assert "planning" in displays[0][0]["text/html"] or "planned" in displays[0][0]["text/html"]
    assert until(lambda: "no good" in displays[-1][0]["text/html"])


def test_a_background_run_that_failed_before_anybody_looked_is_told(displays, until) -> None:
    """Nobody waits for it, so nobody else would say so."""

    def bad(block):
        raise ValueError("no <good>")

    with observe(CellMonitor(show_after_s=0.2, every_s=0.01, blocking=False)):
        run = nb.map_blocks(bad, nb.ones((4, 4), chunks=2), dtype="f8").start()
    run.wait(10)

    assert until(lambda: displays)
    assert "no &lt;good&gt;" in displays[0][0]["text/html"]


def test_what_a_run_without_panel_has_printed_stands_below_the_cell(displays) -> None:
    """It was kept for a panel, and the run ended before one was due."""
    monitor = CellMonitor(blocking=False, show_after_s=60.0)
    with contextlib.redirect_stdout(type("Stream", (io.StringIO,), {})()) as stream, observe(monitor):
        nb.map_blocks(lambda b: (print("a block"), b)[1], nb.ones((4, 2), chunks=(2, 2)), dtype="f8").start().result()
        during = stream.getvalue()
        monitor.show_now()

    assert ("", "a block\na block\n") == (during, stream.getvalue())
    assert displays == []
