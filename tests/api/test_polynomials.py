"""Polynomials: as NumPy has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import InputError
from tests.compare import check, quiet, same
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
    for some in (c, c[0], np.arange(8.0).reshape(2, 2, 2), 3.0):
        same(lambda x, some=some: polynomial.polygrid2d(x, x[0], some), values_of("d"), close=True)
        same(lambda x, some=some: polynomial.polyval2d(x, x + 1, some), values_of("d"), close=True)


def test_polynomial_of_blocked_coefficients() -> None:
    """Coefficients may be blocked."""
    same(lambda p, x: np.polyval(p, x), np.array([1.0, -2.0, 0.5]), values_of("d"), chunks=2)


POINTS = np.array([0.0, 1, 2, 3, 4, 5, 7.5, 8])
VALUES = np.array([1.0, 0.5, 4, 9.5, 14, 26, 57, 63])


@pytest.mark.parametrize(
    "options",
    [
        {"deg": 2}, {"deg": 0}, {"deg": -1}, {"deg": 1, "full": True}, {"deg": 2, "w": VALUES + 1},
        {"deg": 2, "cov": True}, {"deg": 2, "cov": "unscaled", "w": VALUES + 1}, {"deg": 7, "cov": True},
        {"deg": 2, "rcond": 1e-3}, {"deg": 1, "w": VALUES[1:]},
    ],
    ids=str,
)  # fmt: skip
def test_polyfit(options: dict[str, Any]) -> None:
    """Fits, what is left of the distances, covariances: of one polynomial or several."""
    for y in (VALUES, np.stack([VALUES, VALUES[::-1]], 1), VALUES[1:], VALUES.astype(int)):
        with quiet():
            check(
                lambda y=y: np.polyfit(nb.from_array(POINTS, chunks=3), nb.from_array(y, chunks=2), **options),
                lambda y=y: _one_dtype(np.polyfit(POINTS, y, **options)),
                within=1e-9,
            )


def _one_dtype(made: Any) -> Any:
    """What `full` gives, with the rank and the limit as they are."""
    return list(made) if isinstance(made, tuple) else made


def test_polyfit_of_many_points() -> None:
    """Points that are read once, panel by panel."""
    t = np.linspace(-1, 1, 20_000)
    y = 3 * t**3 - t + 0.5

    check(np.polyfit(nb.from_array(t, chunks=999), nb.from_array(y, chunks=700), 3), np.polyfit(t, y, 3), within=1e-9)


@pytest.mark.parametrize(
    "p", [[1, -3, 2], [1, 0, 1], [0, 0, 2, 4, 0], [0, 0], [], [5], [1j, 2, 3], [[1, 2]], [1.5, np.nan]], ids=str
)
def test_roots(p: Any) -> None:
    """The roots are NumPy's, as complex numbers; leading zeros don't count, roots at 0 do."""
    a = np.array(p)
    check(lambda: nb.roots(nb.from_array(a, chunks=2)), lambda: np.roots(a).astype(complex), within=1e-12)


@pytest.mark.parametrize("dtype", [*"?bHiqefdgFDG", ">f8", "M8[s]", "U1"])
def test_poly(dtype: str) -> None:
    """The polynomial with given roots is NumPy's, complex where the roots are."""
    a = np.array([3, 0, 2, 1]).astype(dtype)

    check(lambda: nb.poly(nb.from_array(a, chunks=3)), lambda: _as_complex(np.poly(a), a), within=1e-6)


def _as_complex(made: Any, a: Any) -> Any:
    return made.astype(a.dtype) if a.dtype.kind == "c" else made


@pytest.mark.parametrize(
    "a",
    [np.zeros(0), np.array(5.0), np.diag([1.0, 2, 3]), np.array([[0, 1], [-1, 0]]), np.ones((2, 2), "f4"),
     np.zeros((0, 0)), np.ones((2, 3)), np.ones((2, 2, 2)), np.array([[1.0, np.nan], [0, 1]]),
     np.array([[1, 1j], [0, 1]])],
    ids=lambda a: f"{a.shape}{a.dtype}",
)  # fmt: skip
def test_poly_of_matrices(a: np.ndarray) -> None:
    """Squares give their characteristic polynomial; nothing gives 1, other shapes are refused."""
    check(
        lambda: nb.poly(nb.from_array(a, chunks=2)),
        lambda: _as_complex(np.poly(a.reshape(a.shape or 1)), a),
        within=1e-9,
    )


DIVISIONS = [
    ([3.0, 5, 2], [2, 1]), ([1, 2, 3, 4, 5], [1, 1, 0]), ([1], [1, 2]), ([1, 0, 0, -1], [1, -1]), ([], [1]), ([1], []),
    ([1, 2], [0, 1]), (5, 2), ([[1, 2]], [[1, 2]]), (np.float32([1, 2, 4]), [1, 3]), ([1j, 2], np.float16([1, 2])),
    (["a"], [1.0]), ([0.0, 0.0, 1.0], [1.0]),
]  # fmt: skip


@pytest.mark.parametrize(("u", "v"), DIVISIONS, ids=str)
def test_polydiv(u: Any, v: Any) -> None:
    """Quotients and remainders are NumPy's, of as many coefficients; errors, too, but for several axes."""
    first, second = np.array(u), np.array(v)
    if first.ndim > 1:
        with pytest.raises(InputError, match="one axis"):
            nb.polydiv(first, second)
        return

    check(
        lambda: np.polydiv(nb.from_array(first, chunks=2), nb.from_array(second, chunks=1)),
        lambda: np.polydiv(first, second),
        within=1e-12,
    )
