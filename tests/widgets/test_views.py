"""What part of an array is in view, and its picture."""

from __future__ import annotations

import io

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.image import imread

from nbarray.widgets.views import MOST_PIXELS, View, colour_limits, draw, neighbours, numbers


@pytest.mark.parametrize(
    ("view", "shape"),
    [
        (View((2, 1), (0, 30), (5, 20)), (30, 15)),
        (View((), (0, 2000), (10, 700)), (500, 345)),
        (View((), None, (0, 5)), (5,)),
        (View((0,), (3, 4), (0, 1)), (1, 1)),
    ],
)
def test_the_index_gives_a_picture_that_fits(view: View, shape: tuple[int, ...]) -> None:
    """The index of a view gives its range, with steps where there are too many rows or columns."""
    size = tuple(2000 for _ in view.leading) + (() if view.rows is None else (2000,)) + (2000,)
    data = np.broadcast_to(np.float32(0), size)

    assert shape == data[view.index].shape
    assert max(shape) <= MOST_PIXELS


def test_neighbours_stay_inside() -> None:
    """At either end of an axis there is one neighbour, and without leading axes none."""
    view = View((0, 4), (0, 3), (0, 3))

    assert [(1, 4)] == [v.leading for v in neighbours(view, (2, 5, 3, 3), 0)]
    assert [(0, 3)] == [v.leading for v in neighbours(view, (2, 5, 3, 3), 1)]
    assert [] == neighbours(View((), (0, 3), (0, 3)), (3, 3), 0)


def test_what_cannot_be_drawn_is_nan() -> None:
    """Masked and infinite values become NaN, complex ones their magnitude, booleans 0 and 1."""
    masked = np.ma.masked_greater(np.array([1, 2, 3], "i2"), 2)

    assert [1.0, 2.0] == numbers(masked)[:2].tolist()
    assert np.isnan(numbers(masked)[2])
    assert np.isnan(numbers(np.array([np.inf, -np.inf, np.nan]))).all()
    assert [5.0] == numbers(np.array([3 + 4j])).tolist()
    assert [0.0, 1.0] == numbers(np.array([False, True])).tolist()


def test_a_few_wild_values_do_not_set_the_colours() -> None:
    """Limits are percentiles of known values; where those are equal, all values; and never empty."""
    values = np.r_[np.linspace(0, 1, 999), 1e12]

    assert tuple(np.percentile(values, (1, 99))) == colour_limits(values, (1, 99))
    assert (0.0, 7.0) == colour_limits(np.r_[np.zeros(999), 7.0], (2, 98))
    assert (2.5, 3.5) == colour_limits(np.full(4, 3.0), (2, 98))
    assert (0.0, 1.0) == colour_limits(np.full(4, np.nan), (2, 98))


@pytest.mark.parametrize(
    ("view", "values"),
    [
        (View((), (0, 30), (5, 20)), np.arange(450.0).reshape(30, 15)),
        (View((), (3, 4), (0, 1)), np.ones((1, 1))),
        (View((), None, (0, 9)), np.arange(9.0)),
        (View((), (0, 2), (0, 2)), np.full((2, 2), np.nan)),
    ],
)
def test_every_view_has_a_picture(view: View, values: np.ndarray) -> None:
    """Planes, lines and single values are drawn as PNG, without a figure of pyplot's."""
    before = pyplot.get_fignums()
    picture = imread(io.BytesIO(draw(view, values, (2, 6), "viridis", (2, 98))))

    assert (392, 608) == picture.shape[:2]
    assert (picture[:3, :3, 3] == 0).all()  # the page shows through
    assert before == pyplot.get_fignums()
    assert picture.std() > 0


def test_pictures_follow_the_pointer_and_the_colours() -> None:
    """Another pointer or other percentiles give another picture."""
    view, values = View((), (0, 30), (0, 30)), np.arange(900.0).reshape(30, 30)
    pictures = {draw(view, values, at, "viridis", p) for at in ((3, 4), (20, 4)) for p in ((0, 100), (20, 80))}

    assert 4 == len(pictures)
