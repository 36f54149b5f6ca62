"""What part of an array is in view, and how it is drawn.

A view is a plane of the last two axes (or a line, if there is but one), at fixed places along the others, within
ranges of rows and columns.  Planes larger than a picture are taken with steps.  Drawing goes straight to PNG,
without pyplot, so that no figure of the user's cell is touched, on a transparent ground with grey writing, which
can be read on light and dark pages.  This file knows no widgets.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from nbarray.errors import InputError, near_names

__all__ = [
    "CELLS",
    "PLANE_PX",
    "View",
    "check_colours",
    "colour_limits",
    "draw",
    "nearest",
    "neighbours",
    "numbers",
    "pointed_at",
]

#: Rows and columns of a picture at most: more has no room.
MOST_PIXELS = 512
#: Inches and dots per inch of the picture, and where the plane lies in it: left, bottom, width, height, of one.
_SIZE, _DPI, _PLANE = (7.6, 4.9), 80, (0.08, 0.34, 0.60, 0.62)
#: The same in pixels from the left and the top: left, top, width, height.
PLANE_PX = (
    _PLANE[0] * _SIZE[0] * _DPI,
    (1 - _PLANE[1] - _PLANE[3]) * _SIZE[1] * _DPI,
    _PLANE[2] * _SIZE[0] * _DPI,
    _PLANE[3] * _SIZE[1] * _DPI,
)
#: Rows and columns of the places in the plane that can be pointed at.
CELLS = (40, 60)
#: Larger values are gaps.
LARGEST = 1e300
#: Points of a line at most.
MOST_POINTS = 4096

#: Frames and writing, on whatever ground the page has; the pointer's row and column.
_INK, _ROW, _COLUMN = "#868686", "#e4572e", "#2e86e4"

Span = tuple[int, int]
Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class View:
    """The part of an array that is looked at.

    leading : the place along each axis before the last two
    rows, columns : from and to along the last two; an array of one axis has no rows
    """

    leading: tuple[int, ...]
    rows: Span | None
    columns: Span

    @property
    def steps(self) -> tuple[int, int]:
        """Every so many rows and columns are taken."""
        most = MOST_POINTS if self.rows is None else MOST_PIXELS
        rows = 1 if self.rows is None else -(-(self.rows[1] - self.rows[0]) // most)
        return max(1, rows), max(1, -(-(self.columns[1] - self.columns[0]) // most))

    @property
    def index(self) -> tuple[int | slice, ...]:
        """The index of the array that gives it."""
        steps = self.steps
        rows = () if self.rows is None else (slice(*self.rows, steps[0]),)
        return (*self.leading, *rows, slice(*self.columns, steps[1]))


def pointed_at(view: View, cell: int) -> tuple[int, int]:
    """The row and the column that one of `CELLS` is: the one in its middle.

    >>> pointed_at(View((), (0, 80), (100, 160)), 61)
    (3, 101)
    """
    assert view.rows is not None
    (top, bottom), (left, right) = view.rows, view.columns
    r, c = divmod(cell, CELLS[1])
    return top + int((r + 0.5) * (bottom - top) / CELLS[0]), left + int((c + 0.5) * (right - left) / CELLS[1])


class Place(NamedTuple):
    """An element that is drawn: its index among those drawn, and where it lies in the array."""

    inside: tuple[int, int]
    row: int
    column: int


def nearest(view: View, at: tuple[int, int]) -> Place:
    """The element that is drawn at a row and a column, or nearest to them where they aren't in view.

    >>> nearest(View((), (0, 1024), (100, 160)), (501, 7))
    Place(inside=(250, 0), row=500, column=100)
    """
    assert view.rows is not None
    inside, places = [], []
    for position, (low, high), step in zip(at, (view.rows, view.columns), view.steps, strict=True):
        inside.append((min(max(position, low), high - 1) - low) // step)
        places.append(low + inside[-1] * step)
    return Place((inside[0], inside[1]), places[0], places[1])


def neighbours(view: View, shape: Sequence[int], axis: int) -> list[View]:
    """The views before and after along a leading axis: the next one first.

    >>> [v.leading for v in neighbours(View((3, 0), (0, 4), (0, 4)), (5, 1, 4, 4), 0)]
    [(4, 0), (2, 0)]
    """
    if not view.leading:
        return []
    places = (view.leading[axis] + 1, view.leading[axis] - 1)
    return [
        replace(view, leading=(*view.leading[:axis], place, *view.leading[axis + 1 :]))
        for place in places
        if 0 <= place < shape[axis]
    ]


def numbers(values: Any) -> Floats:
    """Values as floats that can be drawn: NaN where masked or infinite, magnitudes of complex numbers.

    What is too large for matplotlib to calculate with, as some files' mark for no value is, isn't drawn either.
    """
    plain = np.ma.getdata(values)
    plain = np.abs(plain) if plain.dtype.kind == "c" else plain
    floats = plain.astype(np.float64)
    floats[~(np.abs(floats) <= LARGEST) | np.ma.getmaskarray(values)] = np.nan
    return floats


def colour_limits(values: Floats, percentiles: tuple[float, float]) -> tuple[float, float]:
    """Limits between which most values lie, so that a few wild ones don't wash out the others.

    >>> colour_limits(np.array([np.nan, *range(100), 1e9]), (2, 98))
    (2.0, 98.0)
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(known, percentiles))
    if low == high:
        low, high = float(known.min()), float(known.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def check_colours(cmap: Any) -> None:
    """Raise InputError if matplotlib has no colour map of this name."""
    from matplotlib import colormaps

    if isinstance(cmap, str) and cmap not in colormaps:
        raise InputError(f"explore: there is no colour map {cmap!r}; {near_names(cmap, colormaps)}")


def draw(view: View, values: Floats, at: tuple[int, int], cmap: str, percentiles: tuple[float, float]) -> bytes:
    """The view as a PNG picture, with profiles along the row and the column at `at`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, dpi=_DPI, facecolor="none")
    FigureCanvasAgg(figure)
    if view.rows is None:
        axes = figure.add_axes((0.09, 0.11, 0.88, 0.84))
        axes.plot(np.arange(*view.columns, view.steps[1]), values, color=_COLUMN, linewidth=1)
        axes.margins(x=0)
    elif values.size:
        _draw_plane(figure, view, values, at, cmap, percentiles)
    for axes in figure.axes:
        axes.set_facecolor("none")
        axes.tick_params(colors=_INK, labelsize=8)
        for spine in axes.spines.values():
            spine.set_color(_INK)
    png = io.BytesIO()
    figure.savefig(png, format="png", facecolor="none")
    return png.getvalue()


def _draw_plane(
    figure: Any, view: View, values: Floats, at: tuple[int, int], cmap: str, percentiles: tuple[float, float]
) -> None:
    """The image, its colour bar, and the two profiles on the image's own scales."""
    assert view.rows is not None
    (top, bottom), (left, right) = view.rows, view.columns
    low, high = colour_limits(values, percentiles)
    (row, column), at_row, at_column = nearest(view, at)
    image = figure.add_axes(_PLANE)
    drawn = image.imshow(
        values, cmap=cmap, vmin=low, vmax=high, aspect="auto", interpolation="nearest",
        extent=(left - 0.5, right - 0.5, bottom - 0.5, top - 0.5),
    )  # fmt: skip
    image.axhline(at_row, color=_ROW, linewidth=0.9)
    image.axvline(at_column, color=_COLUMN, linewidth=0.9)
    image.tick_params(labelbottom=False)
    figure.colorbar(drawn, cax=figure.add_axes((0.91, 0.34, 0.018, 0.62)), extend="both").outline.set_edgecolor(_INK)
    along = figure.add_axes((0.08, 0.09, 0.60, 0.22), sharex=image)
    along.plot(np.arange(left, right, view.steps[1]), values[row], color=_ROW, linewidth=0.9)
    down = figure.add_axes((0.70, 0.34, 0.17, 0.62), sharey=image)
    down.plot(values[:, column], np.arange(top, bottom, view.steps[0]), color=_COLUMN, linewidth=0.9)
    down.tick_params(labelleft=False)
    image.set_xlim(left - 0.5, right - 0.5)
    image.set_ylim(bottom - 0.5, top - 0.5)
