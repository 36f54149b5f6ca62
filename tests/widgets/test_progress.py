"""The notebook's progress line comes with a long run and leaves nothing behind."""

from __future__ import annotations

import threading
import time

import ipywidgets
import pytest
from ipywidgets.widgets import widget as widget_module

from nbarray.events import NodeCount, PlanReady, RunFailed, RunFinished, RunPaused, TaskFinished
from nbarray.observers.progress import ProgressState
from nbarray.widgets.progress import NotebookProgress, close_tree, progress_html

WIDGET = "application/vnd.jupyter.widget-view+json"


def plan(run=1, tasks=10):
    return PlanReady(run, (NodeCount("mean", tasks),), tasks, 0, 0, 0, 0, workers=2, time_s=time.perf_counter())


def finished(task, run=1):
    now_s = time.perf_counter()
    return TaskFinished(run, task, 0, 0, start_s=now_s - 0.01, stop_s=now_s, nbytes=8, held_bytes=64)


def end(run=1):
    return RunFinished(run, 1.0, 1.0, 64)


@pytest.fixture
def models():
    """The widget models that exist now and did not before."""
    registry = widget_module._instances
    before = set(registry)
    return lambda: [model for key, model in registry.items() if key not in before]


def quick(**kwargs):
    return NotebookProgress(show_after_s=0.0, every_s=0.01, **kwargs)


def wait_until(condition, timeout_s=5.0):
    stop_s = time.perf_counter() + timeout_s
    while not condition() and time.perf_counter() < stop_s:
        time.sleep(0.005)
    return condition()


def test_a_long_run_is_shown_and_updated(displays, models):
    """One display; what follows are changes of the same widget."""
    with quick() as progress:
        progress(plan())
        shown = wait_until(lambda: displays)
        [line] = [model for model in models() if isinstance(model, ipywidgets.HTML)]
        first = line.value
        progress(finished(0))
        changed = wait_until(lambda: "1/10 tasks" in line.value)

    assert shown
    assert changed
    assert "0/10 tasks" in first
    assert [WIDGET in data for data, _ in displays] == [True, False]


def test_a_run_that_ends_at_once_shows_nothing(displays, models):
    """The default: nothing within the first half second."""
    with NotebookProgress(every_s=0.01) as progress:
        progress(plan())
        time.sleep(0.1)
        progress(finished(0))
        progress(end())

    assert displays == []
    assert models() == []


def test_closing_empties_the_output_and_frees_every_model(displays, models):
    """The place in the output holds no widget when the notebook is saved, and the registry none either."""
    with quick() as progress:
        progress(plan())
        shown = wait_until(lambda: displays)
        alive = len(models())
        progress(end())

    assert shown
    assert alive >= 1
    assert displays[-1] == ({"text/html": "", "text/plain": ""}, True)
    assert models() == []


def test_closing_in_the_middle_of_a_run_is_the_same(displays, models):
    """An interrupted cell closes its line while its run is still being cancelled."""
    progress = quick()
    progress(plan())
    wait_until(lambda: displays)
    progress.close()
    progress(finished(0))
    progress(RunFailed(1, 1.0, "late"))

    assert displays[-1] == ({"text/html": "", "text/plain": ""}, True)
    assert models() == []


def test_two_runs_of_a_cell_share_one_place(displays, models):
    """The second run's line stands where the first's stood."""
    with quick() as progress:
        for run in (1, 2):
            progress(plan(run))
            wait_until(lambda run=run: sum(WIDGET in data for data, _ in displays) == run)
            progress(end(run))
            wait_until(
                lambda run=run: sum("text/html" in data and not data["text/html"] for data, _ in displays) == run
            )

    assert [update for data, update in displays if WIDGET in data] == [False, True]


def test_a_hundred_runs_leave_no_thread_and_no_model(displays, models):
    """Neither of short runs nor of shown ones."""
    before = threading.active_count()
    for _ in range(100):
        with quick() as progress:
            progress(plan())
            progress(end())

    assert threading.active_count() == before
    assert models() == []


def test_updates_come_at_most_at_the_rate_asked_for(displays, monkeypatch):
    """Events may come a thousand times as often."""
    seen = []
    monkeypatch.setattr("nbarray.widgets.progress.progress_html", lambda state, now_s: seen.append(now_s) or "x")
    with NotebookProgress(show_after_s=0.0, every_s=0.05) as progress:
        progress(plan(tasks=10_000))
        stop_s = time.perf_counter() + 0.5
        task = 0
        while time.perf_counter() < stop_s:
            progress(finished(task))
            task += 1
            time.sleep(0.0005)

    assert 3 <= len(seen) <= 10


def test_a_front_end_that_fails_does_not_disturb_the_run(displays, monkeypatch):
    """The observer goes on taking events."""
    monkeypatch.setattr("ipywidgets.HTML", lambda **kwargs: 1 / 0)
    with quick() as progress:
        progress(plan())
        time.sleep(0.05)
        progress(finished(0))
        progress(end())

    assert displays == []


def test_it_sends_in_the_context_of_the_cell(displays):
    """Without the cell's context ipykernel 7.0 can't send, and later ones send to another cell."""
    import contextvars

    cell = contextvars.ContextVar("cell")
    cell.set(3)
    seen = []
    with quick(clock=lambda: seen.append(cell.get(None)) or time.perf_counter()) as progress:
        seen.clear()
        threading.Thread(target=progress, args=(plan(),)).start()
        wait_until(lambda: displays)

    assert seen[-1] == 3


def test_names_from_files_are_escaped():
    """A variable may be called anything."""
    state = ProgressState()
    state.fold(PlanReady(1, (NodeCount("<script>", 4),), 4, 0, 0, 0, 0, workers=2, time_s=10.0))

    assert "<script>" not in progress_html(state, 11.0)


def test_a_paused_run_says_so():
    """Instead of a time left."""
    state = ProgressState()
    state.fold(PlanReady(1, (NodeCount("mean", 4),), 4, 0, 0, 0, 0, workers=2, time_s=10.0))
    state.fold(RunPaused(1, 11.0))

    assert "paused" in progress_html(state, 11.0)


def test_closing_a_tree_closes_children_layouts_and_styles(displays, models):
    """`close` of a box alone would leave all the rest registered."""
    close_tree(ipywidgets.VBox([ipywidgets.HBox([ipywidgets.Button()]), ipywidgets.IntSlider()]))

    assert models() == []
