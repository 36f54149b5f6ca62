"""Products of matrices and tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.errors import DTypeError, InputError, ShapeError, UnknownSize
from nbarray.expr.blocks import Contract
from nbarray.expr.elementwise import broadcast_sizes
from nbarray.expr.node import Expr
from nbarray.ops.elementwise import astype, ufunc
from nbarray.ops.operands import as_expr, broadcast_to, drop_axes, one_axis
from nbarray.ops.shaping import expand_dims, transpose

__all__ = ["dot", "matmul", "tensordot"]


def _product_dtype(what: str, left: Expr, right: Expr, **options: Any) -> np.dtype[Any]:
    if left.masked or right.masked:
        raise DTypeError(f"{what} of masked arrays is not supported; fill them first")
    try:
        return np.matmul(np.empty((1, 0), left.dtype), np.empty((0, 1), right.dtype), **options).dtype
    except TypeError as error:
        raise DTypeError(f"{what} of {left.dtype} and {right.dtype}: {error}") from None


def matmul(a: Any, b: Any, **options: Any) -> Expr:
    """Matrix product over the last axis of `a` and the last but one of `b`; leading axes broadcast.

    options : `dtype` and `casting`, as NumPy takes them
    """
    left, right = as_expr(a), as_expr(b)
    if left.ndim == 0 or right.ndim == 0:
        raise ShapeError("matmul: Input operand does not have enough dimensions; use * for scalars")
    dtype = _product_dtype("matmul", left, right, **options)
    if options.get("dtype") is not None:
        left, right = astype(left, dtype), astype(right, dtype)
    vectors = left.ndim == 1, right.ndim == 1
    left = expand_dims(left, 0) if vectors[0] else left
    right = expand_dims(right, 1) if vectors[1] else right
    if left.shape[-1] != right.shape[-2]:
        raise ShapeError(
            f"matmul: shapes {as_expr(a).shape} and {as_expr(b).shape} don't fit: {left.shape[-1]} columns meet "
            f"{right.shape[-2]} rows"
        )
    stack = broadcast_sizes([left.sizes[:-2], right.sizes[:-2]], "matmul")
    left = broadcast_to(left, (*stack, *left.sizes[-2:]))
    right = broadcast_to(right, (*stack, *right.sizes[-2:]))
    made = Contract(left, right, len(stack), 1, dtype)
    return drop_axes(made, tuple(k for k, v in ((made.ndim - 2, vectors[0]), (made.ndim - 1, vectors[1])) if v))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Expr:
    """Products summed over pairs of axes, as `numpy.tensordot`."""
    left, right = as_expr(a), as_expr(b)
    if isinstance(axes, int | np.integer):
        n = int(axes)
        pairs = list(range(left.ndim - n, left.ndim)), list(range(n))
    else:
        try:
            first, second = axes
        except (TypeError, ValueError) as error:
            kind = DTypeError if isinstance(error, TypeError) else InputError
            raise kind(f"tensordot: axes={axes!r}; expected an integer, or a pair of axes or lists of axes") from None
        pairs = (
            list(first) if isinstance(first, list | tuple) else [first],
            list(second) if isinstance(second, list | tuple) else [second],
        )
    summed = [[one_axis(k, e.ndim) for k in p] for p, e in zip(pairs, (left, right), strict=True)]
    for i, j in zip(*summed, strict=False):
        _check_counted("tensordot", (left.shape[i], right.shape[j]))
    if len(summed[0]) != len(summed[1]) or [left.shape[i] for i in summed[0]] != [right.shape[j] for j in summed[1]]:
        raise ShapeError(
            f"tensordot: shape-mismatch for sum: axes {pairs[0]} of {left.shape} and axes {pairs[1]} of {right.shape}"
        )
    dtype = _product_dtype("tensordot", left, right)
    if not summed[0]:
        left, right = expand_dims(left, left.ndim), expand_dims(right, 0)
        summed = [[left.ndim - 1], [0]]
    left = transpose(left, [k for k in range(left.ndim) if k not in summed[0]] + summed[0])
    right = transpose(right, summed[1] + [k for k in range(right.ndim) if k not in summed[1]])
    return Contract(left, right, 0, len(summed[0]), dtype)


def _check_counted(name: str, sizes: tuple[int | None, int | None]) -> None:
    """Raises UnknownSize where one of two sizes that have to be the same depends on values."""
    if None in sizes and sizes != (None, None):
        raise UnknownSize(f"{name}: sizes of {sizes}, of which one depends on values")


def dot(a: Any, b: Any) -> Expr:
    """The product `numpy.dot` has: over the last axis of `a` and the last but one (or only) of `b`."""
    left, right = (as_expr(np.asarray(v)[()] if np.isscalar(v) else v) for v in (a, b))
    if left.ndim == 0 or right.ndim == 0:
        product: Expr = ufunc(np.multiply, left, right)
        return product
    axis = max(0, right.ndim - 2)
    _check_counted("dot", (left.shape[-1], right.shape[axis]))
    if left.shape[-1] != right.shape[axis]:
        raise ShapeError(
            f"dot: shapes {left.shape} and {right.shape} not aligned: {left.shape[-1]} (dim {left.ndim - 1}) != "
            f"{right.shape[axis]} (dim {axis})"
        )
    return tensordot(left, right, ([left.ndim - 1], [axis]))
