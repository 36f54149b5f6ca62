"""Putting arrays together: end to end, or along a new axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nbarray.errors import DTypeError, ShapeError
from nbarray.expr.leaves import Scalar
from nbarray.expr.node import Expr
from nbarray.expr.structure import Concatenate
from nbarray.ops.elementwise import astype
from nbarray.ops.masking import put_on
from nbarray.ops.operands import as_expr, broadcast_to, one_axis
from nbarray.ops.shaping import expand_dims, reshape

__all__ = ["concatenate", "stack"]


def concatenate(arrays: Sequence[Any], axis: int | None = 0, dtype: Any = None, casting: str = "same_kind") -> Expr:
    """Arrays end to end along `axis`; None joins them flattened.

    Raises ShapeError (a ValueError) naming the array that doesn't fit.
    """
    parts = [_array(a) for a in arrays]
    if not parts:
        raise ShapeError("concatenate: need at least one array")
    samples: list[Any] = [p.dtype for p in parts]
    if axis is None:  # then Python's numbers have no dtype of their own
        samples = [a if type(a) in (int, float, complex) else p.dtype for a, p in zip(arrays, parts, strict=True)]
        parts, axis = [reshape(p, -1) for p in parts], 0
    first = parts[0]
    if first.ndim == 0:
        raise ShapeError("concatenate: zero-dimensional arrays cannot be concatenated")
    k = one_axis(axis, first.ndim)
    for i, part in enumerate(parts):
        if part.ndim != first.ndim:
            raise ShapeError(
                f"concatenate: all arrays must have the same number of dimensions, but the array at index 0 has "
                f"{first.ndim} and the array at index {i} has {part.ndim}"
            )
        for j, (n, m) in enumerate(zip(first.shape, part.shape, strict=True)):
            if j != k and n != m:
                raise ShapeError(
                    f"concatenate: sizes must match along all axes but {k}; along axis {j} the array at index 0 has "
                    f"size {n} and the array at index {i} has size {m}. Shapes: {_few([p.shape for p in parts], i)}"
                )
    kind = _common_dtype(samples) if dtype is None else np.dtype(dtype)
    cast = tuple(astype(p, kind, casting) for p in parts)
    if len({p.dtype for p in cast}) > 1:  # "S" is as long as each part needs: the longest holds them all
        cast = tuple(astype(p, np.result_type(*(c.dtype for c in cast))) for p in cast)
    if any(p.masked for p in cast):
        cast = tuple(p if p.masked else put_on(p, np.False_) for p in cast)  # so that each part is of the same kind
    return Concatenate(cast, k) if len(cast) > 1 else cast[0]


def _few(shapes: Sequence[Any], last: int) -> str:
    """The first shape and that which doesn't fit, with those between if they are few."""
    between = shapes[1:last] if last <= 4 else ["..."]
    return ", ".join(str(s) for s in (shapes[0], *between, shapes[last]))


def _array(value: Any) -> Expr:
    expr = as_expr(value)
    if isinstance(expr, Scalar) and expr.weak:
        return as_expr(np.asarray(expr.constant.value)[()])
    return expr


def _common_dtype(samples: list[Any]) -> np.dtype[Any]:
    try:
        return np.result_type(*samples)
    except TypeError as error:
        raise DTypeError(f"concatenate: {error}") from None


def stack(arrays: Sequence[Any], axis: int = 0, dtype: Any = None, casting: str = "same_kind") -> Expr:
    """Arrays of one shape along a new axis."""
    parts = [_array(a) for a in arrays]
    if not parts:
        raise ShapeError("stack: need at least one array")
    for i, part in enumerate(parts):
        if part.shape != parts[0].shape:
            raise ShapeError(
                f"stack: all input arrays must have the same shape; array 0 has {parts[0].shape}, "
                f"array {i} has {part.shape}"
            )
    k = one_axis(axis, parts[0].ndim + 1)
    expanded = [expand_dims(p, k) if p.ndim else broadcast_to(p, (1,)) for p in parts]
    return concatenate(expanded, k, dtype, casting)
