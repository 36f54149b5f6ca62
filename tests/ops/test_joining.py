"""Arrays put together: end to end and along new axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import DTypeError, ShapeError
from tests.compare import check, same
from tests.laws.arrays import KINDS, LAYOUTS, MASKED, values_of

JOINS: dict[str, Callable[[Any], Any]] = {
    "concatenate": lambda x: np.concatenate([x, x]),
    "concatenate, columns": lambda x: np.concatenate((x, x[:, :2]), axis=1),
    "concatenate, last axis": lambda x: np.concatenate([x, x[:, ::-1]], axis=-1),
    "concatenate, flattened": lambda x: np.concatenate([x, x[0]], axis=None),
    "concatenate, one": lambda x: np.concatenate([x]),
    "concatenate, some empty": lambda x: np.concatenate([x, x[:0], x[1:2], x[:3]]),
    "concatenate, all empty": lambda x: np.concatenate([x[:0], x[:0]]),
    "concatenate, of computed": lambda x: np.concatenate([x == x, x != x[:1]], axis=1),
    "concatenate, in turn": lambda x: np.concatenate([np.concatenate([x, x[::2]]), x[1:3]]),
    "concatenate, across": lambda x: np.concatenate([np.concatenate([x, x], axis=1), np.concatenate([x, x], axis=1)]),
    "stack": lambda x: np.stack([x, x]),
    "stack, axis 1": lambda x: np.stack([x, x[::-1]], axis=1),
    "stack, last axis": lambda x: np.stack([x, x[::-1]], axis=-1),
    "vstack": lambda x: np.vstack([x, x[0]]),
    "vstack of vectors": lambda x: np.vstack([x[0], x[1]]),
    "hstack": lambda x: np.hstack([x, x]),
    "hstack of vectors": lambda x: np.hstack([x[0], x[1]]),
    "dstack": lambda x: np.dstack([x, x]),
    "dstack of vectors": lambda x: np.dstack([x[0], x[1]]),
    "sizes differ": lambda x: np.concatenate([x, x[:, 1:]]),
    "axes differ": lambda x: np.concatenate([x, x[0]]),
    "axis too large": lambda x: np.concatenate([x, x], axis=2),
    "axis of text": lambda x: np.concatenate([x, x], axis="a"),
    "no axes": lambda x: np.concatenate([x[0, 0], x[0, 0]]),
    "stack, shapes differ": lambda x: np.stack([x, x[1:]]),
    "stack, axis too large": lambda x: np.stack([x, x], axis=5),
    "concatenate, dtype": lambda x: np.concatenate([x, x], dtype="f4"),
    "concatenate, dtype forbidden": lambda x: np.concatenate([x, x], dtype="i2"),
    "concatenate, dtype forced": lambda x: np.concatenate([x, x], dtype="i2", casting="unsafe"),
}


@pytest.mark.parametrize("name", JOINS)
def test_joins(name: str) -> None:
    """Every way of joining, for one of each kind of dtype."""
    for kind in ("dtype-d", "dtype-?", "dtype-F", "text", "datetime", "big-endian-f8"):
        same(JOINS[name], KINDS[kind])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    """Numbers without axes, arrays of no elements, and arrays that lie in memory in other ways."""
    for join in (np.concatenate, np.stack, np.hstack, np.vstack, np.dstack):
        same(lambda x, f=join: f([x, x]), LAYOUTS[layout])
    same(lambda x: np.concatenate([x, x], axis=None), LAYOUTS[layout])
    same(lambda x: np.stack([x, x], axis=-1), LAYOUTS[layout])


@pytest.mark.parametrize("other", ["dtype-?", "dtype-B", "dtype-e", "dtype-D", "text", "datetime", "big-endian-i4"])
def test_dtypes_that_differ(other: str) -> None:
    """Parts of different dtypes are promoted, or refused."""
    for kind in ("dtype-i", "dtype-f", "timedelta"):
        same(lambda x, y: np.concatenate([x, y]), KINDS[kind], KINDS[other])
        same(lambda x, y: np.stack([x, y[::-1]], axis=1), KINDS[kind], KINDS[other])


def test_what_is_not_blocked() -> None:
    """NumPy arrays, lists and numbers can be parts, and an array can be a sequence of parts."""
    same(lambda x: np.concatenate([x, values_of("i")]), values_of("d"))
    same(lambda x: np.concatenate([x, [[1, 2, 3, 4, 5]]]), values_of("d"))
    same(lambda x: np.stack([x[0, 0], 2]), values_of("d"))
    same(np.concatenate, LAYOUTS["three-axes"])
    same(np.stack, LAYOUTS["three-axes"])
    check(lambda: nb.concatenate([]), lambda: np.concatenate([]))
    check(lambda: nb.stack([]), lambda: np.stack([]))


@pytest.mark.parametrize("name", MASKED)
def test_masked(name: str) -> None:
    """Joined with masked arrays, plain ones have nothing missing."""
    a = MASKED[name]
    x = nb.from_array(a, chunks=3)

    check(lambda: nb.concatenate([x, x]), np.ma.concatenate([a, a]))
    check(lambda: nb.concatenate([x, a.data], axis=1), np.ma.concatenate([a, a.data], axis=1))
    check(lambda: nb.concatenate([a.data, x * 2]), lambda: np.ma.concatenate([a.data, a * 2]))
    check(lambda: nb.stack([x, x[::-1]], axis=1), np.ma.stack([a, a[::-1]], axis=1))


def test_computing_with_what_is_joined() -> None:
    """Operations and reductions go into the parts, and come out the same."""
    a, b = values_of("d"), values_of("f")
    wholes: list[Callable[[Any, Any], Any]] = [
        lambda x, y: np.concatenate([x * 2, y + 1]) - 3,
        lambda x, y: np.concatenate([x * 2, y + 1]).mean(axis=0),
        lambda x, y: np.concatenate([x * 2, y + 1]).sum(axis=1),
        lambda x, y: np.concatenate([x, x, x]).std(),
        lambda x, y: np.concatenate([x, y]).argmax(axis=0),
        lambda x, y: np.concatenate([x, y]) - np.concatenate([x, y]).mean(axis=0),
        lambda x, y: np.concatenate([x, y])[::3].max(axis=0) - np.concatenate([x, y])[1::3].min(axis=0),
        lambda x, y: np.concatenate([x, y]) + np.concatenate([y, x[:2], x[2:]]),
        lambda x, y: np.concatenate([x + y[0], y + y[0]], axis=1).T.sum(axis=0),
        lambda x, y: np.concatenate([x[:, :1] + x, y[:, :1] + y]),
        lambda x, y: np.stack([x, y]).mean(axis=0),
    ]

    for whole in wholes:
        same(whole, a, b, close=True)


def test_chunks() -> None:
    """Chunks of parts stay where they were; across, the parts' cuts are put together."""
    x, y = nb.from_array(np.ones((7, 6)), chunks=(3, 4)), nb.from_array(np.ones((5, 6)), chunks=(2, 3))

    assert ((3, 3, 1, 2, 2, 1), (3, 1, 2)) == nb.concatenate([x, y]).chunks
    assert ((1, 1), (3, 3, 1), (4, 2)) == nb.stack([x, x]).chunks


def test_messages() -> None:
    """What doesn't fit is told by its number and sizes."""
    x = nb.from_array(values_of("d"))

    with pytest.raises(ShapeError, match=r"along axis 1 the array at index 0 has size 5 and .* index 2 has size 4"):
        nb.concatenate([x, x, x[:, 1:]])
    with pytest.raises(ShapeError, match="the array at index 0 has 2 and the array at index 1 has 1"):
        nb.concatenate([x, x[0]])
    with pytest.raises(ShapeError, match=r"array 0 has \(7, 5\), array 1 has \(6, 5\)"):
        nb.stack([x, x[1:]])
    with pytest.raises(DTypeError, match=r"float64.*float64.*int16"):
        nb.concatenate([x, x], dtype="i2")


@pytest.mark.parametrize("name", ["stack", "vstack", "hstack", "dstack"])
def test_the_dtype_that_is_asked_for(name: str) -> None:
    """Values are cast to it as `casting` lets them be."""
    a = np.array([[1, 2], [3, 4]])
    for options in ({"dtype": "f4"}, {"dtype": int}, {"dtype": int, "casting": "unsafe"}):
        same(lambda x, y, options=options: getattr(np, name)([x, y], **options), a, a / 4, chunks=1)


def test_texts_are_as_long_as_the_longest_needs() -> None:
    """Numbers joined as texts of no given length aren't cut short."""
    same(
        lambda x, y: np.concatenate([x, y], dtype="S", casting="unsafe"),
        np.arange(2),
        np.array([1.2345678901234567e-100]),
    )
