"""What has to know a polynomial whole: its roots, the one that has given roots, and the quotient of two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.errors import IndexingError, InputError, LinAlgError, NotBlocked, ShapeError
from nbarray.expr.node import Expr
from nbarray.expr.unsized import Unsized
from nbarray.kernels.elementwise import ById
from nbarray.ops.elementwise import astype
from nbarray.ops.indexing import getitem
from nbarray.ops.lines import asked_of_numpy, map_lines, refuse_masked
from nbarray.ops.matrices import matrix_dtype
from nbarray.ops.operands import as_expr

__all__ = ["poly", "polydiv", "roots"]


def roots(x: Expr) -> Expr:
    """The roots of a polynomial, complex, coefficients from the highest power down; leading zeros don't count."""
    if x.ndim != 1:
        raise ShapeError(f"Input must be a rank-1 array, not of {x.ndim} axes")
    kind = np.result_type(matrix_dtype("roots", x), np.complex64)

    def answer(values: tuple[np.ndarray[Any, Any], ...]) -> Expr:
        try:
            return as_expr(np.roots(values[0]).astype(kind))
        except np.linalg.LinAlgError as error:
            raise LinAlgError(f"roots: {error}") from None

    return Unsized((astype(x, matrix_dtype("roots", x)),), ById(answer), (None,), kind, "roots")


def poly(x: Expr) -> Expr:
    """The polynomial with these roots, or the characteristic one of a square; complex of what is complex."""
    refuse_masked("poly", x)
    square = x.ndim == 2 and x.sizes[0] == x.sizes[1] != 0
    if x.ndim != 1 and not square:
        raise InputError(f"poly: input must be 1d or non-empty square 2d array, not of shape {x.shape}")
    if not x.sizes[0]:
        return as_expr(np.float64(1.0))
    if square:
        kind = matrix_dtype("poly", x)
    else:
        kind = asked_of_numpy(np.poly, np.ones(1, x.dtype)).dtype if x.dtype.kind != "c" else x.dtype

    def coefficients(block: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        made: np.ndarray[Any, Any] = np.poly(block).astype(kind)
        return made[None] if square else made

    count = x.sizes[0] + 1
    made = map_lines("poly", coefficients, [x], (0, 1) if square else (0,), (1, count) if square else (count,), kind)
    return getitem(made, 0) if square else made


def polydiv(u: Expr, v: Expr) -> tuple[Expr, Expr]:
    """Quotient and remainder of two polynomials; how long the remainder is depends on values."""
    refuse_masked("polydiv", u, v)
    if u.ndim != 1 or v.ndim != 1:
        raise InputError(f"polydiv: expected coefficients along one axis each, not of shapes {u.shape} and {v.shape}")
    if not u.sizes[0] or not v.sizes[0]:
        raise IndexingError("polydiv: a polynomial without coefficients; give at least one, [0] for nothing")
    if "O" in (u.dtype.kind, v.dtype.kind):
        raise NotBlocked("polydiv of objects has no blocked form; compute them, and divide them with NumPy")
    kind = asked_of_numpy(np.polydiv, np.ones(1, u.dtype), np.ones(1, v.dtype))[0].dtype

    def part(k: int) -> Callable[..., Any]:
        return lambda first, second: np.polydiv(first, second)[k]

    count = max(u.sizes[0] - v.sizes[0] + 1, 1)
    quotient = map_lines("polydiv", part(0), [u], (0,), (count,), kind, extras=[v])
    left = Unsized((u, v), ById(lambda values: as_expr(part(1)(*values))), (None,), kind, "polydiv")
    return quotient, left
