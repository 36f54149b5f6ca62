"""Products of vectors and matrices beside `matmul`: inner, outer, cross and Kronecker's; powers and chains."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from nbarray.errors import AxisError, DTypeError, InputError, LinAlgError, ShapeError
from nbarray.expr.elementwise import broadcast_sizes
from nbarray.expr.node import Expr
from nbarray.ops.contraction import matmul, tensordot
from nbarray.ops.einsum import einsum
from nbarray.ops.elementwise import ufunc
from nbarray.ops.indexing import getitem
from nbarray.ops.joining import stack
from nbarray.ops.operands import as_expr, broadcast_to, one_axis
from nbarray.ops.reductions import reduction
from nbarray.ops.shaping import expand_dims, moveaxis, reshape, swapaxes

__all__ = [
    "cross",
    "inner",
    "kron",
    "matrix_transpose",
    "matvec",
    "multi_dot",
    "outer",
    "outer_of_vectors",
    "vdot",
    "vecdot",
    "vecmat",
]


def _sum_of_products(a: Expr, b: Expr, axis: Any) -> Expr:
    """Multiplied and summed in one pass, in the dtype of the products."""
    made: Expr = ufunc(np.multiply, a, b)
    if made.dtype.kind == "b":
        return reduction("any", made, axis)
    return reduction("sum", made, axis, dtype=made.dtype)


def _plain(what: str, *values: Any) -> list[Expr]:
    arrays = [as_expr(v) for v in values]
    if any(a.masked for a in arrays):
        raise DTypeError(f"{what} of masked arrays is not supported; fill them first")
    return arrays


def _conjugate(x: Expr) -> Expr:
    made: Expr = ufunc(np.conjugate, x) if x.dtype.kind == "c" else x
    return made


def vdot(a: Any, b: Any) -> Expr:
    """The sum of products of all elements, the first ones conjugated."""
    left, right = (reshape(x, -1) for x in _plain("vdot", a, b))
    if left.sizes != right.sizes:
        raise ShapeError(f"vdot: cannot multiply {left.sizes[0]} elements with {right.sizes[0]}")
    return _sum_of_products(_conjugate(left), right, None)


def inner(a: Any, b: Any) -> Expr:
    """Products summed over the last axes."""
    left, right = _plain("inner", a, b)
    if left.ndim == 0 or right.ndim == 0:
        product: Expr = ufunc(np.multiply, left, right)
        return product
    if left.sizes[-1] != right.sizes[-1]:
        raise ShapeError(f"inner: shapes {left.sizes} and {right.sizes} not aligned: the last axes must be equal")
    return tensordot(left, right, ([left.ndim - 1], [right.ndim - 1]))


def outer(a: Any, b: Any) -> Expr:
    """Products of every element with every other; both are flattened."""
    left, right = (reshape(as_expr(x), -1) for x in (a, b))
    product: Expr = ufunc(np.multiply, expand_dims(left, 1), expand_dims(right, 0))
    return product


def outer_of_vectors(a: Any, b: Any) -> Expr:
    """`outer` of two vectors; ShapeError for anything else."""
    left, right = as_expr(a), as_expr(b)
    if left.ndim != 1 or right.ndim != 1:
        raise ShapeError(
            f"Input arrays must be one-dimensional, but they are x1.ndim={left.ndim} and x2.ndim={right.ndim}."
        )
    return outer(left, right)


def kron(a: Any, b: Any) -> Expr:
    """The Kronecker product: blocks of `b`, one for each element of `a`."""
    left, right = as_expr(a), as_expr(b)
    n = max(left.ndim, right.ndim)
    left = expand_dims(left, tuple(range(n - left.ndim)))
    right = expand_dims(right, tuple(range(n - right.ndim)))
    left = expand_dims(left, tuple(range(1, 2 * n, 2)))
    right = expand_dims(right, tuple(range(0, 2 * n, 2)))
    product: Expr = ufunc(np.multiply, left, right)
    pairs = zip(product.sizes[::2], product.sizes[1::2], strict=True)
    return reshape(product, tuple(p * q for p, q in pairs))


def vecdot(a: Any, b: Any, axis: int = -1) -> Expr:
    """Products of vectors along an axis, the first ones conjugated; other axes broadcast."""
    left, right = _plain("vecdot", a, b)
    if left.ndim == 0 or right.ndim == 0:
        raise ShapeError("vecdot: expected arrays of at least one axis")
    axes = [one_axis(axis, x.ndim) for x in (left, right)]
    left, right = (moveaxis(x, k, -1) for x, k in zip((left, right), axes, strict=True))
    if left.sizes[-1] != right.sizes[-1]:
        raise ShapeError(f"vecdot: vectors of {left.sizes[-1]} and of {right.sizes[-1]} elements")
    return _sum_of_products(_conjugate(left), right, -1)


def matvec(a: Any, b: Any) -> Expr:
    """Matrices times vectors; leading axes broadcast."""
    left, right = _plain("matvec", a, b)
    if left.ndim < 2 or right.ndim < 1:
        raise ShapeError("matvec: expected matrices and vectors")
    return getitem(matmul(left, expand_dims(right, right.ndim)), (..., 0))


def vecmat(a: Any, b: Any) -> Expr:
    """Vectors, conjugated, times matrices; leading axes broadcast."""
    left, right = _plain("vecmat", a, b)
    if left.ndim < 1 or right.ndim < 2:
        raise ShapeError("vecmat: expected vectors and matrices")
    return getitem(matmul(expand_dims(_conjugate(left), left.ndim - 1), right), (..., 0, slice(None)))


def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Expr:
    """Cross products of vectors of 3 (or 2) elements along an axis; other axes broadcast."""
    left, right = as_expr(a), as_expr(b)
    if axis is not None:
        axisa = axisb = axisc = axis
    if left.ndim == 0 or right.ndim == 0:
        raise InputError("At least one array has zero dimension")
    left = moveaxis(left, one_axis(axisa, left.ndim), -1)
    right = moveaxis(right, one_axis(axisb, right.ndim), -1)
    n, m = left.sizes[-1], right.sizes[-1]
    if n not in (2, 3) or m not in (2, 3):
        raise ShapeError(f"incompatible dimensions for cross product (dimension must be 2 or 3), not {n} and {m}")
    shape = broadcast_sizes([left.sizes[:-1], right.sizes[:-1]], "cross")
    p, q = ([getitem(x, (..., k)) for k in range(x.sizes[-1])] for x in (left, right))

    def minor(i: int, j: int) -> Expr | None:
        """``p[i] q[j] - p[j] q[i]``, where a third element that isn't there is 0."""
        parts = [ufunc(np.multiply, p[k], q[h]) if k < n and h < m else None for k, h in ((i, j), (j, i))]
        if parts[0] is not None and parts[1] is not None:
            return ufunc(np.subtract, *parts)
        return parts[0] if parts[0] is not None else ufunc(np.negative, parts[1])

    if n == m == 2:
        made = minor(0, 1)
        assert made is not None
        return broadcast_to(made, shape)
    parts = [broadcast_to(as_expr(minor(*pair)), shape) for pair in ((1, 2), (2, 0), (0, 1))]
    if not -len(shape) - 1 <= axisc <= len(shape):
        raise AxisError(f"axisc: axis {axisc} is out of bounds for array of dimension {len(shape) + 1}")
    return stack(parts, axisc)


def matrix_transpose(x: Expr) -> Expr:
    """The last two axes exchanged."""
    if x.ndim < 2:
        raise ShapeError(f"matrix_transpose: expected an array of at least 2 axes, not of {x.ndim}")
    return swapaxes(x, -1, -2)


def multi_dot(arrays: Sequence[Any]) -> Expr:
    """A chain of matrices multiplied in the order that makes the fewest bytes; the ends may be vectors."""
    values = _plain("multi_dot", *arrays)
    if len(values) < 2:
        raise InputError("Expecting at least two arrays.")
    for k, x in enumerate(values):
        if x.ndim != 2 and not (x.ndim == 1 and k in (0, len(values) - 1)):
            raise LinAlgError(f"{x.ndim}-dimensional array given. Array must be two-dimensional")
    labels = [chr(ord("A") + k) for k in range(26)] + [chr(ord("a") + k) for k in range(26)]
    if len(values) > 51:
        return multi_dot([multi_dot(values[:26]), *values[26:]])
    terms = [labels[k] + labels[k + 1] for k in range(len(values))]
    if values[0].ndim == 1:
        terms[0] = terms[0][1]
    if values[-1].ndim == 1:
        terms[-1] = terms[-1][0]
    for x, y in pairwise(values):
        if x.sizes[-1] != y.sizes[0]:
            raise ShapeError(f"shapes {x.sizes} and {y.sizes} not aligned: {x.sizes[-1]} != {y.sizes[0]}")
    ends = ("" if values[0].ndim == 1 else terms[0][0]) + ("" if values[-1].ndim == 1 else terms[-1][1])
    return einsum([",".join(terms) + "->" + ends, *values])
