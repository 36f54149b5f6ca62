"""The progress line of a notebook: one ipywidgets HTML widget, there only while a run lasts.

Events arrive in the engine's coordinator thread, which must not wait for the kernel's sockets; so they
are only folded there, and one ticker thread draws, five times a second at most.  The ticker runs in a
copy of the context of the cell that made it: without it ipykernel 7.0 can't send from a thread at all,
and later ones send to whichever cell runs last.  This file knows events, nothing of magics.
"""

from __future__ import annotations

import contextlib
import contextvars
import html
import threading
import time
from collections.abc import Callable
from typing import Any

from nbarray.events import Event, PlanReady
from nbarray.observers.progress import SHOW_AFTER_S, UPDATE_EVERY_S, ProgressState, progress_facts

__all__ = ["NotebookProgress", "available", "close_tree", "progress_html"]


def available() -> bool:
    """Whether ipywidgets can be imported; asking also pays for its import, before any run waits for it."""
    try:
        import ipywidgets  # noqa: F401
    except ImportError:
        return False
    return True


def progress_html(state: ProgressState, now_s: float) -> str:
    """The state of a run as one line of HTML that inherits the page's colours.

    >>> from nbarray.events import NodeCount, PlanReady
    >>> state = ProgressState()
    >>> state.fold(PlanReady(1, (NodeCount("a<b", 4),), 4, 0, 0, 0, 0, workers=2, time_s=10.0))
    >>> "a&lt;b" in progress_html(state, 11.0), "0/4 tasks" in progress_html(state, 11.0)
    (True, True)
    """
    name = html.escape(state.name)
    share = f'max="{max(state.tasks, 1)}" value="{state.done}"'
    bar = f'<progress {share} aria-label="{name}" style="width:180px"></progress>'
    facts = "".join(
        f'<span style="white-space:nowrap">{html.escape(fact)}</span>' for fact in progress_facts(state, now_s)
    )
    return (
        '<div class="nbarray-progress" style="display:flex;gap:1.2em;align-items:center;'
        'font-family:monospace;font-size:13px;font-variant-numeric:tabular-nums">'
        f"<b>{name}</b>{bar}{facts}</div>"
    )


def close_tree(widget: Any) -> None:
    """Close a widget, its children, layouts and styles: `widget.close()` alone leaves those registered."""
    for child in getattr(widget, "children", ()):
        close_tree(child)
    for part in (getattr(widget, "layout", None), getattr(widget, "style", None), widget):
        if part is not None and hasattr(part, "close"):
            part.close()


class _Output:
    """One place in a cell's output where the widget comes and goes."""

    def __init__(self) -> None:
        self._widget: Any = None
        self._handle: Any = None

    @property
    def shown(self) -> bool:
        return self._widget is not None

    def show(self, text: str) -> None:
        if self._widget is not None:
            self._widget.value = text
            return
        import IPython.display
        import ipywidgets

        display: Any = IPython.display.display
        self._widget = ipywidgets.HTML(value=text)
        if self._handle is None:
            self._handle = display(self._widget, display_id=True)
        else:
            self._handle.update(self._widget)

    def hide(self) -> None:
        """Empty the place first, so that no front end looks for a model that is gone."""
        widget, self._widget = self._widget, None
        if widget is None:
            return
        if self._handle is not None:
            # an output once made can't be taken back, only emptied; both types, or exporters complain
            self._handle.update({"text/html": "", "text/plain": ""}, raw=True)
        close_tree(widget)


class NotebookProgress:
    """An observer that shows the run that is going on in the output of the cell it was made in.

    clock : seconds, as `time.perf_counter`
    show_after_s : runs that end sooner show nothing
    every_s : the least time between two updates

    Use it as a context manager, or call `close`: then the line is gone from the notebook, and no widget
    model is left.  Sending may fail (a closed kernel, an old front end); then the run goes on without a line.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.perf_counter,
        show_after_s: float = SHOW_AFTER_S,
        every_s: float = UPDATE_EVERY_S,
    ) -> None:
        self._clock = clock
        self._show_after_s = show_after_s
        self._every_s = every_s
        self._lock = threading.Lock()  # guards _runs and _ticker
        self._runs: dict[int, tuple[ProgressState, float]] = {}  # with the time each may be shown
        self._ticker: threading.Thread | None = None
        self._closed = threading.Event()
        self._context = contextvars.copy_context()
        self._output = _Output()  # the ticker's, then close()'s

    def __call__(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, PlanReady) and not self._closed.is_set():
                self._runs[event.run] = (ProgressState(), self._clock() + self._show_after_s)
                self._start_ticker()
            known = self._runs.get(event.run)
            if known is not None:
                known[0].fold(event)
                if known[0].ended:
                    del self._runs[event.run]

    def _start_ticker(self) -> None:
        if self._ticker is None:
            self._ticker = threading.Thread(
                target=self._context.run, args=(self._tick,), name="nbarray-progress", daemon=True
            )
            self._ticker.start()

    def _tick(self) -> None:
        while not self._closed.wait(self._every_s):
            now_s = self._clock()
            with self._lock:
                due = [state for state, show_s in self._runs.values() if now_s >= show_s]
                text = progress_html(due[-1], now_s) if due else None
                if not self._runs and not self._output.shown:
                    self._ticker = None  # nothing to do; the next run starts another
                    return
            try:
                if text is None:
                    self._output.hide()
                else:
                    self._output.show(text)
            except Exception:  # a picture must never end a run, and a thread has nowhere to complain
                with self._lock:
                    self._runs.clear()
                return

    def close(self) -> None:
        """Take the line away; nothing is shown from now on."""
        self._closed.set()
        with self._lock:
            self._runs.clear()
            ticker = self._ticker
        if ticker is not None:
            ticker.join(timeout=5.0)
        with contextlib.suppress(Exception):
            self._output.hide()

    def __enter__(self) -> NotebookProgress:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
