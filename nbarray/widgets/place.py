"""One place in a cell's output: a live panel while there is something to steer, a plain summary afterwards.

The output that a notebook keeps must not refer to a widget that is gone, so it is replaced at the end.  A page
that was loaded anew meanwhile doesn't get that, and still shows the widgets; so panels of runs that have ended
live on for a while: the last few of them.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from typing import Any

from nbarray.widgets.comms import cell_of_output, close_tree, display_below

__all__ = ["MOST_LINGERING", "Place", "close_all"]

WIDGET = "application/vnd.jupyter.widget-view+json"
#: Panels that have ended and whose widgets still exist.
MOST_LINGERING = 4

_lock = threading.Lock()
_lingering: list[Any] = []


def _linger(widget: Any) -> None:
    with _lock:
        _lingering.append(widget)
        over = [_lingering.pop(0) for _ in range(len(_lingering) - MOST_LINGERING)]
    for each in over:
        close_tree(each)


def close_all() -> None:
    """Free the widgets of all panels that have ended."""
    with _lock:
        over = list(_lingering)
        _lingering.clear()
    for each in over:
        with contextlib.suppress(Exception):
            close_tree(each)


def _update(handle: Any, bundle: dict[str, Any]) -> None:
    """Replace an output, which is found by its name and not by the cell that sends.

    Programs that run notebooks listen to one cell at a time; so a thread sends for the cell that runs now, instead
    of its own, which may have ended long ago.
    """
    if threading.current_thread() is not threading.main_thread():
        with contextlib.suppress(LookupError):  # a kernel that must be told for whom
            contextvars.Context().run(handle.update, bundle, raw=True)
            return
    handle.update(bundle, raw=True)


class Place:
    """Where something is displayed; in several outputs, if it is displayed again.

    cell : below which a thread displays, as `cell_of_output` has it; the one that runs now by default
    """

    def __init__(self, cell: Any = None) -> None:
        self._cell = cell_of_output() if cell is None else cell
        self._handles: list[Any] = []
        self._widget: Any = None

    @property
    def shown(self) -> bool:
        """Whether a panel stands there."""
        return self._widget is not None

    def show(self, widget: Any, html: str, text: str, *, here: bool = False) -> None:
        """Display a widget, with what is to be seen where there are no widgets.

        here : where something was displayed before
        """
        view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
        self._widget = widget
        self._display({WIDGET: view, "text/html": html, "text/plain": text}, here)

    def say(self, html: str, text: str) -> None:
        """Display something that isn't a widget."""
        self._display({"text/html": html, "text/plain": text}, here=False)

    def _display(self, bundle: dict[str, Any], here: bool) -> None:
        import IPython.display

        display: Any = IPython.display.display
        if here and self._handles:
            for handle in self._handles:
                _update(handle, bundle)
            return
        made: Any = IPython.display.DisplayHandle()
        if not display_below(self._cell, bundle, made.display_id):
            made = display(bundle, raw=True, display_id=True)
        if made is not None:
            self._handles.append(made)

    def end(self, html: str, text: str, *, linger: bool = True) -> None:
        """Put the summary there instead; the widget is closed, later if it may linger."""
        widget, self._widget = self._widget, None
        if widget is None:
            return
        try:
            self._display({"text/html": html, "text/plain": text}, here=True)
        finally:
            if linger:
                _linger(widget)
            else:
                close_tree(widget)
