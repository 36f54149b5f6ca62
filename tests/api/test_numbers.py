"""Functions of elements that aren't ufuncs, and what is put together of few of them: as NumPy has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from tests.compare import check, same
from tests.laws.arrays import KINDS, LAYOUTS, NUMBERS, values_of

ELEMENTS: dict[str, Callable[[Any], Any]] = {
    "fix": lambda x: np.fix(x / 2),
    "fix alone": lambda x: np.fix(x),
    "sinc": lambda x: np.sinc(x),
    "i0": lambda x: np.i0(x),
    "isneginf": lambda x: np.isneginf(x),
    "isposinf": lambda x: np.isposinf(x),
    "isreal": lambda x: np.isreal(x),
    "iscomplex": lambda x: np.iscomplex(x),
    "around": lambda x: np.around(x, 1),
    "polyval": lambda x: np.polyval([2, -1, 3], x),
    "polyval of floats": lambda x: np.polyval([0.5, -1], x),
}
AXES: dict[str, Callable[[Any], Any]] = {
    "trapezoid": lambda x: np.trapezoid(x),
    "trapezoid down": lambda x: np.trapezoid(x, axis=0, dx=0.5),
    "trapezoid along": lambda x: np.trapezoid(x, [0, 1, 3, 4, 9]),
    "trapezoid down along": lambda x: np.trapezoid(x, x, axis=0),
    "trapezoid outside": lambda x: np.trapezoid(x, axis=2),
    "unwrap": lambda x: np.unwrap(x * 2.1),
    "unwrap down": lambda x: np.unwrap(x, axis=0, period=6),
    "unwrap of odd periods": lambda x: np.unwrap(x, period=3),
    "unwrap of halves that don't fit": lambda x: np.unwrap(np.abs(x).astype("u1"), period=3),
    "unwrap large jumps": lambda x: np.unwrap(x, 4.0, period=5.0),
    "unwrap outside": lambda x: np.unwrap(x, axis=-3),
}


@pytest.mark.parametrize("dtype", [*NUMBERS, ">f8"])
@pytest.mark.parametrize("name", ELEMENTS)
def test_elements(name: str, dtype: str) -> None:
    """Element by element, for every kind of number, NaN and infinities among them."""
    same(ELEMENTS[name], values_of(dtype), close=True)
    if f"peculiar-{dtype}" in KINDS and dtype in "fdD":
        same(ELEMENTS[name], KINDS[f"peculiar-{dtype}"], close=True)


@pytest.mark.parametrize("name", AXES)
def test_along_axes(name: str) -> None:
    """Along axes, chunked or not."""
    for dtype in "?hifd":
        for chunks in (3, (7, 1), -1):
            same(AXES[name], values_of(dtype), chunks=chunks, close=True)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    """No axes, no elements, and other orders in memory."""
    a = LAYOUTS[layout]

    same(lambda x: np.fix(x), a)
    same(lambda x: np.polyval([1, 2], x), a)
    same(lambda x: np.array_equal(x, x) if isinstance(x, np.ndarray) else bool(np.array_equal(x, x)), a)
    if a.ndim:
        same(lambda x: np.trapezoid(x), a, close=True)
        same(lambda x: np.unwrap(x), a, close=True)


def test_missing() -> None:
    """Missing is what isn't a number, a time, or (among objects) anything."""
    objects = nb.from_array(KINDS["peculiar-d"], chunks=2).astype(object)

    check(nb.isnull(objects), np.isnan(KINDS["peculiar-d"]))
    check(nb.notnull(nb.from_array(KINDS["datetime-nat"], chunks=2)), ~np.isnat(KINDS["datetime-nat"]))
    check(nb.isnull(nb.from_array(KINDS["peculiar-F"], chunks=2)), np.isnan(KINDS["peculiar-F"]))
    check(nb.isnull(nb.arange(3)), np.zeros(3, bool))


def test_real_if_close() -> None:
    """Numbers that are real but for rounding become real."""
    for imaginary in (0, 1e-15, 1e-10):
        for tol in (100, 1e9, 1e-12):
            same(lambda x, tol=tol: np.real_if_close(x, tol), values_of("d") + imaginary * 1j)
    same(lambda x: np.real_if_close(x), values_of("i"))


@pytest.mark.parametrize("equal_nan", [False, True])
def test_equality(equal_nan: bool) -> None:
    """Arrays are equal in shape and in each element; equivalent, once spread to one shape."""
    for name in ("dtype-d", "peculiar-d", "peculiar-F", "datetime-nat", "text", "dtype-?"):
        a = KINDS[name]
        if equal_nan and name == "text":
            continue  # NumPy can't
        for b in (a.copy(), a[:1], a + a if a.dtype.kind in "f" else a[::-1]):
            x, y = nb.from_array(a, chunks=3), nb.from_array(b, chunks=2)

            assert np.array_equal(a, b, equal_nan) == bool(np.array_equal(x, y, equal_nan))
            assert np.array_equiv(a, b) == bool(np.array_equiv(x, y))
    assert not nb.array_equiv(nb.ones(2), nb.ones(3))


@pytest.mark.parametrize("dtype", ["?", "i4", "d", "D", "m8[s]", "M8[s]", "U3", "S3"])
def test_is_real(dtype: str) -> None:
    """What has no imaginary part; dates and texts equal no number, so they aren't."""
    a = np.arange(6).astype(dtype)
    same(np.isreal, a, chunks=2)
    same(np.iscomplex, a, chunks=2)


def test_tolerances_may_be_arrays() -> None:
    """Each element has its own; Python's numbers take the precision of what they are compared with."""
    a, b = np.array([2.1, 2.1, 2.1]), np.array([2.0, 2.0, np.nan])
    same(lambda x, y: np.isclose(x, y, rtol=[1e-8, 0.06, 1], atol=np.array([0.11, 1e-8, 1])), a, b, chunks=2)
    same(lambda x, y: np.isclose(x, y, atol=y), a, b, chunks=2)
    same(lambda x: np.isclose(x, 0.9999999999999998, rtol=0, atol=0), np.ones(3, "f4"))


def test_results_go_where_they_are_told() -> None:
    """`out` of `clip` and `round` and ``copy=False`` of `nan_to_num` change a handle."""
    for change in (
        lambda x, out: np.clip(x, 2, 3, out=out),
        lambda x, out: x.clip(2, out=out),
        lambda x, out: np.round(x, 1, out=out),
        lambda x, out: x.round(1, out=out),
        lambda x, out: np.nan_to_num(out, copy=False),
    ):

        def changed(x: Any, change: Callable[[Any, Any], Any] = change) -> Any:
            out = x * np.nan
            change(x, out)
            return out + 0

        same(changed, np.array([1.26, 2.51, 9.9]), chunks=2)


def test_bounds_come_in_pairs() -> None:
    """One bound alone is an error, as leaving a side open is said by None, and so are both pairs of names."""
    same(lambda x: np.clip(x, 2), np.arange(3))
    same(lambda x: np.clip(x, 2, 3, min=1), np.arange(3))
    same(lambda x: np.clip(x, min=1), np.arange(3))


def test_facts_of_what_is_not_blocked() -> None:
    """Lists and numbers have a shape, too."""
    for name in ("shape", "ndim", "size", "iscomplexobj", "isrealobj"):
        for value in ([1, 2], 3.5, [[1j]]):
            assert getattr(np, name)(value) == getattr(nb, name)(value)
