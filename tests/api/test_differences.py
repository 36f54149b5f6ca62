"""Differences, gradients, groups, convolutions and fills: as NumPy has them, whatever the chunks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import InputError, NotBlocked
from tests.compare import check, same, tiny_tasks
from tests.laws.arrays import KINDS, LAYOUTS, values_of

A = values_of("d")


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("text", "bytes")])
def test_diff(kind: str) -> None:
    """Every dtype, order and axis."""
    for n, axis in ((0, 0), (1, -1), (2, 0), (9, 1)):
        same(lambda x, n=n, k=axis: np.diff(x, n, axis=k), KINDS[kind], chunks=(3, 2))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    """Shapes of every kind; refused as NumPy refuses."""
    a = LAYOUTS[layout]
    same(lambda x: np.diff(x), a)
    same(lambda x: np.ediff1d(x), a)
    same(lambda x: np.diff(x, -1), a)
    if a.ndim:
        same(lambda x: np.gradient(x, axis=-1), a, close=True)


def test_diff_options() -> None:
    """What is put before and behind."""
    a = values_of("q")
    for options in ({"prepend": 0}, {"append": [[1, 2, 3, 4, 5]]}, {"prepend": np.zeros((2, 5), int), "append": 9}):
        same(lambda x, o=options: np.diff(x, axis=0, **o), a)
    same(lambda x: np.diff(x, prepend=np.zeros((3, 3))), a)
    same(lambda x: np.ediff1d(x, to_end=[1, 2], to_begin=[3, 4]), a)
    same(lambda x: np.ediff1d(x, to_end=1.5), a)
    for kind in ("big-endian-f8", "big-endian-i4", "timedelta"):  # with ends, the dtype stays what it is
        same(lambda x: np.ediff1d(x), KINDS[kind])
        same(lambda x: np.ediff1d(x, to_begin=0), KINDS[kind])


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize(
    ("varargs", "axis"),
    [((), None), ((2,), None), ((1.0, 1.5), None), ((), 0), ((np.exp(np.arange(5)),), -1),
     ((0.5, np.exp(np.arange(5))), (0, 1)), ((np.arange(7) * 2,), 0), ((1, 2, 3), None), ((np.arange(3),), 0)],
    ids=str,
)  # fmt: skip
def test_gradient(varargs: Any, axis: Any, edge_order: int) -> None:
    """Distances, coordinates, axes and orders of edges."""
    for dtype in ("q", "f", "d", "D"):
        same(
            lambda x: np.gradient(x, *varargs, axis=axis, edge_order=edge_order),
            values_of(dtype), chunks=(3, 2), close=True,
        )  # fmt: skip


@pytest.mark.parametrize("function", [np.sum, np.mean, np.max, nb.sum], ids=["sum", "mean", "max", "ours"])
def test_coarsen(function: Any) -> None:
    """Groups of neighbours, over the borders of chunks."""
    plain = np.sum if function is nb.sum else function
    x = nb.from_array(A[:6, :4], chunks=(4, 3))
    check(nb.coarsen(function, x, {0: 2, 1: 4}), plain(A[:6, :4].reshape(3, 2, 1, 4), axis=(1, 3)), within=1e-13)
    check(nb.coarsen(function, x, {0: 3}), plain(A[:6, :4].reshape(2, 3, 4), axis=1), within=1e-13)
    trimmed = nb.coarsen(function, nb.from_array(A, chunks=2), {0: 3, 1: 2}, trim_excess=True)
    check(trimmed, plain(A[:6, :4].reshape(2, 3, 2, 2), axis=(1, 3)), within=1e-13)
    with pytest.raises(InputError, match="do not align"):
        nb.coarsen(function, nb.from_array(A), {0: 3})


@pytest.mark.parametrize("function", [np.convolve, np.correlate])
def test_products_with_a_number(function: Any) -> None:
    """To `convolve` a number is a line, to `correlate` it is too little."""
    same(lambda x: function(x, 3), np.arange(5.0))
    same(lambda x: function(3, x), np.arange(5.0))


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("function", [np.convolve, np.correlate])
def test_convolve(mode: str, function: Any) -> None:
    """Lengths of all kinds, and dtypes."""
    for dtype in ("q", "d", "D"):
        for n, m in ((9, 1), (9, 2), (9, 5), (4, 9), (3, 3), (3, 8)):
            a, v = np.arange(n).astype(dtype) + 1, (np.arange(m) ** 2).astype(dtype)
            if dtype == "D":
                v = v * (1 + 2j)
            same(lambda x, y: function(x, y, mode), a, v, chunks=2, close=True)
    same(lambda x: function(x, np.zeros(0), mode), np.arange(3.0))


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("function", [np.convolve, np.correlate])
def test_convolve_infinite(mode: str, function: Any) -> None:
    """At the ends nothing is multiplied that isn't there: 0 times infinity would be no number."""
    for n, m in ((9, 1), (9, 4), (4, 9), (3, 3)):
        a, v = np.arange(n) + 1.0, np.arange(m) + 1.0
        v[[0, -1]] = np.inf
        same(lambda x, y: function(x, y, mode), a, v, chunks=2, close=True)
        same(lambda x, y: function(x, y, mode), v, a, chunks=4, close=True)
    same(np.polymul, np.array([1, np.inf, 2]), np.array([np.inf, 1]), chunks=1, close=True)


def test_interp() -> None:
    """Values between points, beyond them, and around a period."""
    x, xp, fp = A, np.array([-3.0, 0, 1, 4]), np.array([1.0, 5, 2, 9])
    same(lambda a: np.interp(a, xp, fp), x)
    same(lambda a: np.interp(a, xp, fp, left=-1, right=99), x)
    same(lambda a: np.interp(a, xp, fp, period=3), x)
    same(lambda a: np.interp(a, xp, fp * 1j), x)
    same(lambda a, p, q: np.interp(a, p, q), x, xp, fp)
    same(lambda a: np.interp(a, xp, fp[:2]), x)


@pytest.mark.parametrize("most", [None, 0, 1, 2, 5])
@pytest.mark.parametrize("axis", [0, 1])
def test_push(most: int | None, axis: int) -> None:
    """The last value before each NaN, however many blocks before."""
    a = np.where(np.random.default_rng(5).random((9, 7)) < 0.6, np.nan, np.arange(63.0).reshape(9, 7))
    expected = np.moveaxis(a.copy(), axis, 0)
    since = np.zeros(expected.shape[1:], int)
    for k in range(1, len(expected)):
        missing = np.isnan(np.moveaxis(a, axis, 0)[k])
        since = np.where(missing, since + 1, 0)
        fill = missing & ((since <= most) if most is not None else True)
        expected[k] = np.where(fill, expected[k - 1], expected[k])
    with tiny_tasks():
        check(nb.push(nb.from_array(a, chunks=(2, 3)), most, axis), np.moveaxis(expected, 0, axis))


def test_refusals() -> None:
    """What has no blocked form."""
    with pytest.raises(NotBlocked):
        np.gradient(nb.from_array(values_of("m8[s]")))
    with pytest.raises(NotBlocked, match="coordinates"):
        np.gradient(nb.arange(5), nb.arange(5))


def test_blocked_distances_that_do_not_fit() -> None:
    """They are told before it is said that they have to be computed."""
    a = np.ones((3, 3))
    same(lambda x, d: np.gradient(x, d, 1), a, np.ones((2, 3)))
    same(lambda x, d: np.gradient(x, 1, d), a, np.ones(2))
