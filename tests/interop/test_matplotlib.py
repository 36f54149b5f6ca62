"""What matplotlib draws of blocked arrays; the truth is what it draws of NumPy's, pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import nbarray as nb

PLOTS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "plot": lambda axes, t, x: axes.plot(t, x),
    "scatter": lambda axes, t, x: axes.scatter(t, x[:, 0], c=x[:, 1]),
    "bar": lambda axes, t, x: axes.bar(t, x[:, 0]),
    "step": lambda axes, t, x: axes.step(t, x[:, 0]),
    "stem": lambda axes, t, x: axes.stem(t, x[:, 0]),
    "fill_between": lambda axes, t, x: axes.fill_between(t, x[:, 0], x[:, 1]),
    "pcolormesh": lambda axes, t, x: axes.pcolormesh(t, np.arange(3), x.T),
    "contourf": lambda axes, t, x: axes.contourf(t, np.arange(3), x.T),
    "hist": lambda axes, t, x: axes.hist(x),
    "hist of dates": lambda axes, t, x: axes.hist(t),
    "boxplot": lambda axes, t, x: axes.boxplot(x),
    "boxplot of one": lambda axes, t, x: axes.boxplot(x[:, 1]),
    "violinplot": lambda axes, t, x: axes.violinplot(x),
    "imshow": lambda axes, t, x: axes.imshow(x),
    "ticks": lambda axes, t, x: axes.set_xticks(t[::9]),
    "limits": lambda axes, t, x: axes.set_xlim(t[3], t[9]),
}


def _pixels(plot: Callable[[Any, Any, Any], Any], times: Any, values: Any) -> np.ndarray[Any, Any]:
    figure = Figure(figsize=(4, 3))
    canvas = FigureCanvasAgg(figure)
    plot(figure.subplots(), times, values)
    canvas.draw()
    return np.array(canvas.buffer_rgba())


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", PLOTS)
@pytest.mark.filterwarnings("ignore::UserWarning")  # of masked elements, as for NumPy's arrays
def test_pixels(name: str, masked: bool) -> None:
    """A plot of blocked values, or over blocked dates, is the same to the pixel."""
    a: Any = np.random.default_rng(0).normal(size=(40, 3))
    a = np.ma.masked_where(a > 1, a) if masked else a
    dates = np.arange("2014-01-01", "2014-02-10", dtype="M8[D]")
    expected = _pixels(PLOTS[name], dates, a)
    actual = _pixels(PLOTS[name], nb.from_array(dates, 7), nb.from_array(a, (7, 2)))

    np.testing.assert_array_equal(expected, actual)


def test_to_numpy() -> None:
    """`to_numpy` gives NumPy's array, also without axes, masked where the array is."""
    masked = np.ma.masked_greater(np.arange(6.0), 3)
    whole, total, holes = (x.to_numpy() for x in (nb.arange(6, chunks=4), nb.arange(6).sum(), nb.from_array(masked, 4)))

    np.testing.assert_array_equal(np.arange(6), whole, strict=True)
    np.testing.assert_array_equal(np.array(15), total, strict=True)
    assert np.ma.MaskedArray is type(holes)
    np.testing.assert_array_equal(masked.mask, holes.mask)


def test_masked_arrays_of_ours() -> None:
    """Masked arrays of numpy.ma that are made of blocked ones lie on plain arrays."""
    masked = np.ma.masked_greater(np.arange(6.0), 3)
    made = np.ma.asanyarray(nb.from_array(masked, 4))

    assert np.ndarray is type(made.data)
    np.testing.assert_array_equal(masked.filled(9), made.filled(9))
