"""Diagonals, cut out of the squares that they go through: nothing beside those is read."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.errors import AxisError, ShapeError
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks, regular
from nbarray.ops.indexing import getitem
from nbarray.ops.joining import concatenate
from nbarray.ops.operands import one_axis
from nbarray.ops.reductions import reduction
from nbarray.ops.shaping import moveaxis
from nbarray.ops.tasks import of_blocks

__all__ = ["diagonal", "trace"]

#: The side of the squares.
SQUARE = 512


def diagonal(x: Expr, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Expr:
    """Diagonals of the matrices that two axes make; they become the last axis.

    Raises ShapeError for fewer than two axes, AxisError.
    """
    if x.ndim < 2:
        raise ShapeError("diag requires an array of at least two dimensions")
    i, j = one_axis(axis1, x.ndim), one_axis(axis2, x.ndim)
    if i == j:
        raise AxisError("axis1 and axis2 cannot be the same")
    k = int(offset)
    x = moveaxis(x, (i, j), (-2, -1))
    x = getitem(x, (..., slice(max(0, -k), None), slice(max(0, k), None)))
    n = min(x.sizes[-2:])
    squares = [(a, min(a + SQUARE, n)) for a in range(0, max(1, n), SQUARE)]
    return concatenate([_of_square(getitem(x, (..., slice(a, b), slice(a, b)))) for a, b in squares], -1, x.dtype)


def _of_square(x: Expr) -> Expr:
    def diagonal(block: Any) -> Any:
        return block.diagonal(axis1=-2, axis2=-1)

    *leading, n = x.sizes[:-1]
    held = Chunks((*x.chunks.axes[: len(leading)], regular(n, max(1, n)), regular(n, max(1, n))))
    made = Chunks(held.axes[:-1])
    return of_blocks(diagonal, [(x, held)], made, range(x.ndim - 1), x.dtype, masked=x.masked)


def trace(x: Expr, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Expr:
    """Sums of diagonals."""
    return reduction("sum", diagonal(x, offset, axis1, axis2), -1, dtype=None if dtype is None else np.dtype(dtype))
