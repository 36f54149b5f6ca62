"""One place in a cell's output: a live panel while there is something to steer, a plain summary afterwards.

The output that a notebook keeps must not refer to a widget that is gone, so it is replaced at the end, and the
widgets are closed.  A page that was loaded anew meanwhile doesn't get that: front ends forget which output has which
name.  It still shows the widgets, and nothing at all once they are closed.  For its sake what is left of them is the
summary, in a widget, as long as the kernel lives.  A kernel hears of such a page when that is loaded and no cell
runs; so the summary of every panel that has ended lives on for a moment.
"""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import threading
from typing import Any

from nbarray.widgets.comms import cell_of_output, close_tree, display_below, page_loaded_last, tree_of
from nbarray.widgets.panel_html import UNMARKED

__all__ = ["LINGER_S", "MOST_LINGERING", "Place", "close_all"]

WIDGET = "application/vnd.jupyter.widget-view+json"
#: Seconds that a panel's summary exists as a widget after its end, if no page was loaded anew; how many of them at the
#: most; and how many that pages loaded anew show.
LINGER_S, MOST_LINGERING, MOST_KEPT = 15.0, 4, 100

_lock = threading.Lock()
_counter = itertools.count()
_lingering: list[_Ended] = []
_kept: list[_Ended] = []


class _Ended:
    """What is left of a panel that has ended; page : the one that was loaded last when the panel was shown."""

    def __init__(self, widget: Any, page: Any) -> None:
        self.widget, self.page, self.number = widget, page, next(_counter)
        context = contextvars.copy_context()
        self._timer = threading.Timer(LINGER_S, context.run, (_over, [self]))
        self._timer.name, self._timer.daemon = "nbarray-monitor-ended", True
        self._timer.start()

    def close(self) -> None:
        self._timer.cancel()
        with contextlib.suppress(Exception):
            close_tree(self.widget)


def _over(ended: list[_Ended]) -> None:
    """Free what no page can show any more; keep the others, but not without end."""
    with _lock:
        ended = [each for each in ended if each in _lingering]
        _lingering[:] = [each for each in _lingering if each not in ended]
        _kept.extend(each for each in ended if each.page != page_loaded_last())
        free = [*(each for each in ended if each not in _kept), *_kept[:-MOST_KEPT]]
        del _kept[:-MOST_KEPT]
    for each in free:
        each.close()


def _linger(widget: Any, page: Any, shown: int) -> None:
    """Let what is left of a panel live on, and that of others no more whose end came before this one was shown.

    shown : when that was, by the counter of ends
    """
    with _lock:
        _lingering.append(_Ended(widget, page))
        over = [each for each in _lingering[:-1] if each.number < shown] or _lingering[:-MOST_LINGERING]
    _over(over)


def _leave(widget: Any, html: str) -> None:
    """Put the summary in the place of all that a panel has in it."""
    import ipywidgets

    before, kept = tree_of(widget), next(each for each in widget.children if isinstance(each, ipywidgets.HTML))
    kept.value, widget.children = UNMARKED + html, (kept,)
    widget.remove_class("nbarray-live")  # or there would be room for sliders, if other panels stand on the page
    stays = {id(each) for each in tree_of(widget)}
    for part in before:
        if id(part) not in stays:
            part.close()


def close_all() -> None:
    """Free what is left of all panels that have ended."""
    with _lock:
        ended = [*_lingering, *_kept]
        _lingering.clear()
        _kept.clear()
    for each in ended:
        each.close()


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
        self._page: Any = None
        self._shown = 0

    @property
    def shown(self) -> bool:
        """Whether a panel stands there."""
        return self._widget is not None

    def show(self, widget: Any, html: str, text: str, *, here: bool = False) -> None:
        """Display a widget, with what is to be seen where there are no widgets.

        here : where something was displayed before
        """
        view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
        if self._widget is None:
            self._page, self._shown = page_loaded_last(), next(_counter)
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
        """Put the summary there instead; the widget is closed, or shows the summary too, if it may linger."""
        widget, self._widget = self._widget, None
        if widget is None:
            return
        try:
            self._display({"text/html": html, "text/plain": text}, here=True)
        finally:
            if linger:
                with contextlib.suppress(Exception):  # a front end that has gone
                    _leave(widget, html)
                _linger(widget, self._page, self._shown)
            else:
                close_tree(widget)
