"""Polynomials: as NumPy has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.compare import same
from tests.laws.arrays import values_of

WAYS: dict[str, Callable[[Any], Any]] = {
    "polyadd": lambda p: np.polyadd(p, [1, 2]),
    "polyadd to a longer one": lambda p: np.polyadd([9, 8, 7, 6, 5, 4, 3.0], p),
    "polysub": lambda p: np.polysub(p, p[:3]),
    "polyder": lambda p: np.polyder(p),
    "polyder twice": lambda p: np.polyder(p, 2),
    "polyder too often": lambda p: np.polyder(p, 9),
    "polyder never": lambda p: np.polyder(p, -1),
    "polyint": lambda p: np.polyint(p),
    "polyint twice": lambda p: np.polyint(p, 2, [3, 4]),
    "polyint with one constant": lambda p: np.polyint(p, 2, 5),
    "polyint with too few": lambda p: np.polyint(p, 3, [1, 2]),
    "polyint never": lambda p: np.polyint(p, -1),
}


@pytest.mark.parametrize("name", WAYS)
def test_coefficients(name: str) -> None:
    """Sums, differences, derivatives and integrals."""
    for dtype in "ifdD":
        same(WAYS[name], values_of(dtype)[1], chunks=2, close=True)


def test_products() -> None:
    """The product of polynomials is a convolution."""
    same(lambda p: np.polymul(p, [1, 2, 3.0]), values_of("d")[1], chunks=2, close=True)


def test_polynomials_in_two_variables() -> None:
    """Coefficients are a table; points are pairs, or make a grid."""
    c = np.array([[1, 2, 0.5], [0, -1, 3]])
    polynomial = np.polynomial.polynomial

    same(lambda x: polynomial.polyval2d(x, x + 1, c), values_of("d"), close=True)
    same(lambda x: polynomial.polygrid2d(x[0], x[:, 1], c), values_of("d"), close=True)
    same(lambda x: polynomial.polyval2d(x, x[:2], c), values_of("d"))
    same(lambda x: polynomial.polyval2d(x, x, [[1, 2], [3, 4]]), values_of("i"), close=True)


def test_polynomial_of_blocked_coefficients() -> None:
    """Coefficients may be blocked."""
    same(lambda p, x: np.polyval(p, x), np.array([1.0, -2.0, 0.5]), values_of("d"), chunks=2)
