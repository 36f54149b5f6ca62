"""A viewer for arrays of any number of axes.

Sliders choose the place along the leading axes and what of the last two is in view; only blocks in view are computed.
Handlers of sliders only say what is wanted (`fetching.Fetcher`), so they may run in any thread and while a cell is
busy; one thread computes, draws and writes the picture.
"""

from __future__ import annotations

import base64
import threading
import weakref
from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np

from nbarray.api.array import Array
from nbarray.api.creation import from_array
from nbarray.display.html import array_text
from nbarray.errors import InputError
from nbarray.widgets.clickable import Clickable
from nbarray.widgets.comms import asked_by, close_tree, keep_answering
from nbarray.widgets.fetching import Fetcher
from nbarray.widgets.place import Place
from nbarray.widgets.png import png
from nbarray.widgets.views import (
    CELLS,
    PLANE_PX,
    Floats,
    View,
    check_colours,
    draw,
    nearest,
    neighbours,
    numbers,
    pointed_at,
)

__all__ = ["Viewer", "explore"]

#: Seen until something has been computed; a browser shows a broken picture where there is none.
_NOTHING = png(np.zeros((1, 1, 4), np.uint8))

#: What stands there meanwhile.
_COMPUTING = "computing …"

#: Seconds that showing a viewer waits for its first picture, so that a saved notebook has one.
FIRST_PICTURE_S = 3.0

#: Viewers by the cell that made them, with its execution.
_made: dict[str, tuple[str, weakref.WeakSet[Viewer]]] = {}
_lock = threading.Lock()


def explore(
    x: Any, *, cmap: str = "viridis", percentiles: tuple[float, float] = (2.0, 98.0), memory: int | str | None = None
) -> Viewer:
    """Look through an array: planes of its last two axes, with sliders for the others.

    x : an array of numbers of one axis or more, or anything `from_array` takes
    cmap : a colour map of matplotlib's
    percentiles : of the values in view, the colours go from the one to the other
    memory : budget of what is computed

    A click on a plane moves the pointer, whose row and column are drawn as profiles; so do sliders.

    Computes the blocks in view, each time something else is looked at, and planes beside it when nothing else is to do;
    moving on cancels what isn't looked at any more.  Planes of more than 512 rows or columns are shown with steps.
    Close it with ``close()``; then its picture stays.  A cell that runs again closes what it made before.

    Raises InputError for arrays that can't be drawn.
    """
    array = Array(from_array(x).expr)  # as it is now: views that are kept must not differ from others
    if array.ndim == 0 or 0 in array.shape:
        raise InputError(f"explore: there is nothing to see in an array of shape {array.shape}")
    if array.dtype.kind not in "biufc":
        raise InputError(f"explore: expected numbers, not {array.dtype}")
    low, high = percentiles
    if not 0 <= low < high <= 100:
        raise InputError(f"explore: expected two percentiles between 0 and 100, the lower one first, not {percentiles}")
    check_colours(cmap)
    cell = asked_by()
    if cell is not None:
        _close_earlier(*cell)
    viewer = Viewer(array, cmap, (float(low), float(high)), memory)
    if cell is not None:
        with _lock:
            _made.setdefault(cell[0], (cell[1], weakref.WeakSet()))[1].add(viewer)
    return viewer


def _close_earlier(cell: str, execution: str) -> None:
    """Close what earlier executions of a cell made: its output, where one could do so, is gone."""
    with _lock:
        for name in [name for name, (_, viewers) in _made.items() if not viewers]:
            del _made[name]
        earlier = _made.pop(cell) if _made.get(cell, (execution,))[0] != execution else None
    for viewer in earlier[1] if earlier else ():
        viewer.close()


class Viewer:
    """Shows an array with sliders; made by `explore`.

    panel : the widgets
    view : what is looked at
    """

    def __init__(self, array: Array, cmap: str, percentiles: tuple[float, float], memory: int | str | None) -> None:
        self.array, self._cmap, self._percentiles, self._memory = array, cmap, percentiles, memory
        self._axis = 0
        self._closed = False
        self._drawing = threading.Lock()
        self._last: tuple[View, Floats] | None = None
        self._place = Place()
        self._build()
        self._fetcher: Fetcher[View] = Fetcher(self._start, self._show, self._fail, self._next_views)
        self._fetcher.want(self.view)

    # ------------------------------------------------------------------------------------------- widgets

    def _build(self) -> None:
        import ipywidgets

        shape = self.array.shape
        style, wide = {"description_width": "6.5em"}, ipywidgets.Layout(width="30em")

        def slider(name: str, size: int, value: int) -> Any:
            return ipywidgets.IntSlider(value, 0, size - 1, description=name, style=style, layout=wide)

        def span(name: str, size: int) -> Any:
            return ipywidgets.IntRangeSlider(
                value=(0, size), min=0, max=size, description=name, style=style, layout=wide, continuous_update=False
            )

        self.places = [slider(f"axis {k}", n, 0) for k, n in enumerate(shape[:-2])]
        self.rows = span("rows", shape[-2]) if len(shape) > 1 else None
        self.columns = span("columns", shape[-1])
        self.row = self.column = None
        if len(shape) > 1:
            self.row, self.column = (
                slider(f"at {name}", n, n // 2) for name, n in zip(("row", "column"), shape[-2:], strict=True)
            )
        self.image = ipywidgets.Image(
            value=_NOTHING, format="png", layout=ipywidgets.Layout(width="608px", max_width="none")
        )
        self.status = ipywidgets.HTML(_COMPUTING)
        for k, place in enumerate(self.places):
            place.observe(self._mover(k), names="value")
        for part in (self.rows, self.columns):
            if part is not None:
                part.observe(self._mover(None), names="value")
        pointer = [w for w in (self.row, self.column) if w is not None]
        for part in pointer:
            part.observe(self._pointed, names="value")
        ranges = [w for w in (self.rows, self.columns) if w is not None]
        for part in (*self.places, *ranges, *pointer):
            keep_answering(part)
        sides = [ipywidgets.VBox([*self.places, *ranges]), ipywidgets.VBox(pointer)]
        self.clicks = None if self.row is None else self._clickable()
        self._picture = self.image if self.clicks is None else self.clicks.box
        self._picture.layout.display = "none"  # until there is one
        controls = ipywidgets.HBox(sides, layout=ipywidgets.Layout(flex_flow="row wrap"))
        self.panel = ipywidgets.VBox([controls, self._picture, self.status])
        self.panel.add_class("nbarray-panel")

    def _clickable(self) -> Clickable:
        """The picture, where a click moves the pointer."""
        left, top, width, height = PLANE_PX
        rows, columns = CELLS
        names = [f"{r}, {c}" for r in range(rows) for c in range(columns)]
        return Clickable(names, columns, self._click, (width / columns, height / rows), (left, top), self.image)

    def _click(self, cell: int) -> None:
        if self.row is not None and self.column is not None:
            self.row.value, self.column.value = pointed_at(self.view, cell)

    def _mover(self, axis: int | None) -> Callable[[Any], None]:
        def moved(change: Any) -> None:
            if axis is not None:
                self._axis = axis
            self._fetcher.want(self.view)

        return moved

    def _pointed(self, change: Any) -> None:
        """Profiles elsewhere: nothing has to be computed."""
        self._fetcher.want(self.view)

    @property
    def view(self) -> View:
        """What is looked at."""

        def chosen(span: Any) -> tuple[int, int]:
            low, high = span.value
            return (low, high) if high > low else (min(low, span.max - 1), min(low, span.max - 1) + 1)

        rows = None if self.rows is None else chosen(self.rows)
        return View(tuple(place.value for place in self.places), rows, chosen(self.columns))

    # --------------------------------------------------------------------------- in the fetcher's thread

    def _start(self, view: View) -> Any:
        return self.array[view.index].start(memory=self._memory)

    def _next_views(self, view: View) -> list[View]:
        return neighbours(view, self.array.shape, self._axis)

    def _show(self, view: View, values: Any) -> None:
        floats = numbers(values)
        with self._drawing:
            if self._closed:
                return
            at = (0, 0) if self.row is None or self.column is None else (self.row.value, self.column.value)
            self._last = view, floats
            self.image.value = draw(view, floats, at, self._cmap, self._percentiles)
            self._picture.layout.display = None
            self.status.value = escape(self._words(view, values, at))

    def _fail(self, view: View, error: BaseException) -> None:
        with self._drawing:
            if not self._closed:
                # what was there before is not what is looked at now
                self.image.value = _NOTHING
                self._picture.layout.display = "none"
                self.status.value = f"<b>{escape(type(error).__name__)}</b>: {escape(str(error))}"

    def _words(self, view: View, values: Any, at: tuple[int, int]) -> str:
        """Where one is, the value at the pointer, and whether rows or columns were left out."""
        text = f"x[{', '.join(_index_text(i) for i in view.index)}]"
        if view.rows is not None:
            found = nearest(view, at)
            text += f", {_value_text(values[found.inside])} at ({found.row}, {found.column})"
        return text

    # ------------------------------------------------------------------------------------------- showing

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until what is looked at is drawn; returns whether it is."""
        return self._fetcher.wait(timeout)

    def close(self) -> None:
        """Take the widgets away, and leave the picture in the notebook; what is being computed is cancelled."""
        self._fetcher.close()
        with self._drawing:
            if self._closed:
                return
            self._closed = True
            html = self._static()
        if self._place.shown:
            self._place.end(html, repr(self))
        else:
            close_tree(self.panel)

    def _static(self) -> str:
        """The picture as it is now, for pages without widgets."""
        picture = self.image.value
        if picture == _NOTHING:
            why = f"<div>{self.status.value}</div>" if self.status.value != _COMPUTING else ""
            return f"<div>{escape(repr(self))}</div>{why}"
        alt = escape(f"{self.status.value} of {array_text(self.array.expr)}")
        return f'<img alt="{alt}" src="data:image/png;base64,{base64.b64encode(picture).decode()}">'

    def _ipython_display_(self) -> None:
        self.wait(FIRST_PICTURE_S)
        if self._closed:
            self._place.say(self._static(), repr(self))
        else:
            self._place.show(self.panel, self._static(), repr(self))

    def __repr__(self) -> str:
        return f"<Viewer of {array_text(self.array.expr)}>"


def _index_text(index: int | slice) -> str:
    if isinstance(index, int):
        return str(index)
    step = f":{index.step}" if index.step not in (None, 1) else ""
    return f"{index.start}:{index.stop}{step}"


def _value_text(value: Any) -> str:
    """A value as it is: masked, infinite, complex and whole numbers too."""
    if value is np.ma.masked:
        return "masked"
    return str(value) if np.asarray(value).dtype.kind in "biu" else f"{value:.6g}"
