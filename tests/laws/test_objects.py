"""Python objects in arrays: treated as NumPy treats them, wherever that can be done block by block."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import NotBlocked
from tests.compare import quiet, same

NUMBERS = np.array([[k * 7 % 5 - 2 + j for j in range(5)] for k in range(7)], object)
FRACTIONS = np.array([[Fraction(k, j + 1) for j in range(5)] for k in range(7)], object)
WAYS: dict[str, Callable[[Any], Any]] = {
    "add": lambda x: x + 1,
    "multiply": lambda x: x * x - 2,
    "negative": lambda x: -x,
    "equal": lambda x: x == 2,
    "sum": lambda x: x.sum(axis=0),
    "mean": lambda x: x.mean(axis=1),
    "var": lambda x: x.var(axis=0),
    "var of all": lambda x: np.var(x, ddof=1),
    "nanvar": lambda x: np.nanvar(x, axis=1, keepdims=True),
    "nanmean": lambda x: np.nanmean(x),
    "std": lambda x: np.std(x, axis=0),
    "any": lambda x: (x > 1).any(),
    "transpose": lambda x: x.T[::-1],
    "reshape": lambda x: x.reshape(5, 7),
    "concatenate": lambda x: np.concatenate([x, x]),
    "where": lambda x: np.where(x > 0, x, 0),
    "astype": lambda x: x.astype(float),
    "sort": lambda x: np.sort(x, axis=0),
    "take": lambda x: x[[1, 3, 1]],
    "mask": lambda x: x[x > 1],
    "cumsum": lambda x: np.cumsum(x, axis=0),
    "tile": lambda x: np.tile(x, (2, 2)),
    "roll": lambda x: np.roll(x, 3),
    "diagonal": lambda x: np.diagonal(x),
    "tril": lambda x: np.tril(x),
    "matmul": lambda x: x @ x.T,
}


@pytest.mark.parametrize("name", WAYS)
def test_objects(name: str) -> None:
    """Numbers of any length, and fractions."""
    same(WAYS[name], NUMBERS * 10**30)
    same(WAYS[name], FRACTIONS)


EMPTY = np.zeros((0, 2), object)
TEXTS = np.array([["a", "b"], ["", "c"], ["d", "e"]], object)
FLOATS = np.array([[0.1, np.nan, 2.0], [0.3, 4.0, 0.5]], object)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "var", "std"])
def test_sums_of_objects(name: str) -> None:
    """Texts are put together in order, nothing is divided as NumPy divides it, floats are added up in any order."""
    for function in (getattr(np, name), getattr(np, f"nan{name}")):
        for a in (EMPTY, EMPTY[:, 0], EMPTY.T, TEXTS, TEXTS[:, 0], FLOATS, FLOATS * 1j, np.array(4, object)):
            for axis in (None, 0) if a.ndim else (None,):
                with quiet():
                    same(lambda x, f=function, k=axis: f(x, axis=k), a, chunks=2, close=True)


@pytest.mark.parametrize("value", [3, 2.5, np.nan, 1 + 2j, Fraction(1, 3)], ids=repr)
def test_one_object(value: Any) -> None:
    """An object of no axes is divided by a number of NumPy's, and has a root, whether or not axes are kept."""
    a = np.array(value, object)
    for name in ("std", "var", "mean", "sum", "prod"):
        for function in (getattr(np, name), getattr(np, f"nan{name}")):
            for options in ({}, {"keepdims": True}, {"axis": ()}):
                with quiet():
                    same(lambda x, f=function, o=options: f(x, **o), a)
    for function in (np.nanstd, np.std):
        same(lambda x, f=function: f(x, keepdims=True), a.reshape(1))


@pytest.mark.parametrize("name", ["nancumsum", "nancumprod"])
def test_running_totals_without_nan(name: str) -> None:
    """NaN among objects is what isn't equal to itself."""
    for axis in (None, 0, 1):
        same(lambda x, k=axis: getattr(np, name)(x, axis=k), FLOATS, chunks=2)


def test_numbers_alone_in_views() -> None:
    """A view without axes of objects is one of them."""
    same(lambda x: x[1:2, 0].reshape(()), NUMBERS)
    same(lambda x: np.kron(x, x), NUMBERS[:1, 0], chunks=1)


def test_extremes_are_refused() -> None:
    """There is no smallest object to begin with."""
    with pytest.raises(NotBlocked, match="make numbers of them first"):
        nb.from_array(NUMBERS, chunks=3).max()


def test_numbers_added_up_as_objects() -> None:
    """With ``dtype=object`` they are objects first: a mean of nothing is NaN, complex numbers have a variance."""
    for a in (np.zeros(0), np.array([[1 + 2j, np.inf], [3, 0]]), np.arange(4, dtype="u1"), np.zeros((0, 2))):
        for name in ("sum", "mean", "var", "nanmean", "prod"):
            with quiet():
                same(lambda x, n=name: getattr(np, n)(x, dtype=object), a, chunks=2, close=True)
                same(lambda x, n=name: getattr(np, n)(x, axis=0, dtype=object), a, chunks=2, close=True)
