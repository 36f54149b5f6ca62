"""Norms of vectors and matrices, condition numbers and ranks."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.errors import AxisError, InputError, LinAlgError, ShapeError
from nbarray.expr.node import Expr
from nbarray.ops.elementwise import astype, function, ufunc, where
from nbarray.ops.equations import inv
from nbarray.ops.factors import eigvalsh, svdvals
from nbarray.ops.indexing import getitem
from nbarray.ops.matrices import check_square, fits, matrices, of_each, real_dtype
from nbarray.ops.operands import as_expr, normalize_axes, one_axis
from nbarray.ops.reductions import reduction
from nbarray.ops.shaping import expand_dims, moveaxis

__all__ = ["cond", "matrix_rank", "norm", "vector_norm"]

Axes = tuple[int, ...]


def norm(x: Any, order: Any = None, axis: Any = None, keepdims: bool = False) -> Expr:
    """The norm of vectors (one axis) or matrices (two), or of all elements."""
    a = _inexact(x)
    if axis is None:
        flat = order is None or (order in ("f", "fro") and a.ndim == 2) or (order == 2 and a.ndim == 1)
        axes = tuple(range(a.ndim))
        if flat:
            return _lengths(a, axes, keepdims)
    else:
        given = axis if isinstance(axis, tuple) else (axis,)
        axes = tuple(one_axis(k, a.ndim) for k in given)
    if len(axes) == 1:
        return vector_norm(a, order, axes, keepdims)
    if len(axes) != 2:
        raise ShapeError(f"Improper number of dimensions to norm: {len(axes)}; expected 1 or 2")
    if axes[0] == axes[1]:
        raise AxisError("Duplicate axes given.")
    return _matrix_norm(a, order, axes, keepdims)


def _inexact(x: Any) -> Expr:
    a = as_expr(x)
    return a if a.dtype.kind in "fc" else astype(a, np.dtype(float))


def _absolute(a: Expr) -> Expr:
    made: Expr = ufunc(np.absolute, a)
    return made


def _lengths(a: Expr, axes: Axes, keepdims: bool) -> Expr:
    """Square roots of sums of squares."""
    squares = ufunc(np.square, a)
    if a.dtype.kind == "c":
        squares = ufunc(np.add, *(ufunc(np.square, function(part, a)) for part in ("real", "imag")))
    made: Expr = ufunc(np.sqrt, reduction("sum", squares, axes, keepdims=keepdims))
    return made


def vector_norm(x: Any, order: Any = 2, axes: Any = None, keepdims: bool = False) -> Expr:
    """The norm of vectors that lie along all of `axes` together."""
    a = _inexact(x)
    axes = normalize_axes(axes, a.ndim)
    if order is None or (not isinstance(order, str) and order == 2):
        return _lengths(a, axes, keepdims)
    if isinstance(order, str):
        raise InputError(f"Invalid norm order '{order}' for vectors")
    size = _absolute(a)
    if order in (np.inf, -np.inf):
        return _extreme("max" if order > 0 else "min", size, axes, keepdims)
    if order == 0:
        there = astype(ufunc(np.not_equal, a, np.zeros((), a.dtype)[()]), size.dtype)
        return reduction("sum", there, axes, keepdims=keepdims)
    if order == 1:
        return reduction("sum", size, axes, keepdims=keepdims)
    try:
        sums = reduction("sum", ufunc(np.power, size, float(order)), axes, keepdims=keepdims)
    except (TypeError, ValueError):
        raise InputError(f"Invalid norm order {order!r} for vectors") from None
    made: Expr = ufunc(np.power, sums, 1.0 / float(order))
    return made


def _extreme(name: str, sizes: Expr, axes: Any, keepdims: bool = False) -> Expr:
    """A reduction of numbers that aren't negative: the largest of none is 0."""
    return reduction(name, sizes, axes, keepdims=keepdims, initial=0 if name == "max" else np._NoValue)


#: Matrix norms that are a sum of absolute values: which axis is summed, and which of the sums is taken.
_SUMS: dict[Any, tuple[int, str]] = {1: (0, "max"), -1: (0, "min"), np.inf: (1, "max"), -np.inf: (1, "min")}
#: Matrix norms of singular values.
_OF_VALUES: dict[Any, str] = {2: "max", -2: "min", "nuc": "sum"}


def _matrix_norm(a: Expr, order: Any, axes: Axes, keepdims: bool) -> Expr:
    if order is None or order in ("fro", "f"):
        return _lengths(a, tuple(sorted(axes)), keepdims)
    if not isinstance(order, str | int | float | np.number) or (order not in _SUMS and order not in _OF_VALUES):
        raise InputError(f"Invalid norm order for matrices: {order!r}")
    if order in _OF_VALUES:
        made = _extreme(_OF_VALUES[order], svdvals(moveaxis(a, axes, (-2, -1))), -1)
    else:
        summed, name = _SUMS[order]
        sums = reduction("sum", _absolute(moveaxis(a, axes, (-2, -1))), summed - 2)
        made = _extreme(name, sums, -1)
    return expand_dims(made, tuple(sorted(axes))) if keepdims else made


def cond(x: Any, order: Any = None) -> Expr:
    """The condition numbers of matrices."""
    a = as_expr(x)
    if 0 in a.sizes[-2:]:
        raise LinAlgError("cond is not defined on empty arrays")
    a = matrices("cond", a)
    if order in (None, 2, -2):
        values = svdvals(a)
        ends = getitem(values, (..., -1)), getitem(values, (..., 0))
        ratio = ufunc(np.divide, *(ends if order == -2 else ends[::-1]))
        return _infinite_for_nan(ratio, a)
    check_square(a)
    if a.ndim > 2 or fits(a):
        return of_each(lambda block: np.linalg.cond(block, order), [a], (), real_dtype(a.dtype), "cond", 4.0)
    made = ufunc(np.multiply, norm(a, order, (-2, -1)), norm(inv(a), order, (-2, -1)))
    return _infinite_for_nan(made, a)


def _infinite_for_nan(made: Expr, a: Expr) -> Expr:
    """Where there is no number although the matrix has numbers everywhere, it is singular."""
    absent = reduction("any", ufunc(np.isnan, a), (-2, -1))
    singular = ufunc(np.logical_and, ufunc(np.isnan, made), ufunc(np.logical_not, absent))
    return where(singular, np.asarray(np.inf, made.dtype)[()], made)


def matrix_rank(a: Any, tol: Any = None, hermitian: bool = False, rtol: Any = None) -> Expr:
    """How many singular values of matrices are larger than a tolerance."""
    x = as_expr(a)
    if tol is not None and rtol is not None:
        raise InputError("`tol` and `rtol` can't be both set.")
    if x.ndim < 2:
        there = ufunc(np.not_equal, x, np.zeros((), x.dtype)[()])
        return astype(reduction("any", there), np.dtype(np.intp))
    x = matrices("matrix_rank", x)
    values = _absolute(eigvalsh(x)) if hermitian else svdvals(x)
    if tol is None:
        share = max(x.sizes[-2:]) * np.finfo(values.dtype).eps if rtol is None else expand_dims(as_expr(rtol), -1)
        limit = ufunc(np.multiply, reduction("max", values, -1, keepdims=True, initial=0.0), share)
    else:
        limit = expand_dims(as_expr(tol), -1)
    return reduction("sum", ufunc(np.greater, values, limit), -1)  # for one matrix there may be many tolerances
