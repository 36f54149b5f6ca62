"""Triangles of matrices, and matrices made of their diagonal."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from nbarray.errors import InputError, ShapeError
from nbarray.expr.leaves import Arange, Eye
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks
from nbarray.kernels.program import Constant
from nbarray.ops.creation import full
from nbarray.ops.diagonals import diagonal
from nbarray.ops.elementwise import astype, ufunc, where
from nbarray.ops.joining import concatenate
from nbarray.ops.operands import given_chunks
from nbarray.ops.shaping import expand_dims, rechunk

__all__ = ["diag", "tri", "triangle"]


def tri(rows: int, columns: int | None = None, k: int = 0, dtype: Any = float, chunks: Any = None) -> Expr:
    """Ones on and below the `k`-th diagonal."""
    sizes = tuple(max(0, operator.index(n)) for n in (rows, rows if columns is None else columns))
    grid = given_chunks(chunks, sizes, np.dtype(dtype))
    return astype(_below(grid, operator.index(k)), dtype)


def _below(grid: Chunks, k: int) -> Expr:
    """True on and below the `k`-th diagonal, of the shape of two axes of `grid`."""
    at = [Arange(Constant.of(0), Constant.of(1), np.dtype(np.int64), Chunks((axis,))) for axis in grid.axes[-2:]]
    below: Expr = ufunc(np.greater_equal, ufunc(np.add, expand_dims(at[0], 1), k), at[1])
    return below


def triangle(x: Expr, k: int = 0, upper: bool = False) -> Expr:
    """The last two axes with zeros above (or below, `upper`) the `k`-th diagonal; a line becomes all rows."""
    if not x.ndim:
        raise ShapeError(f"{'triu' if upper else 'tril'}: expected an array of at least 1 axis")
    grid = x.chunks if x.ndim > 1 else Chunks((x.chunks.axes[0],) * 2)
    zero = np.zeros((), x.dtype)[()]
    below = _below(grid, operator.index(k) - upper)
    return where(below, zero, x) if upper else where(below, x, zero)


def diag(x: Expr, k: int = 0) -> Expr:
    """A matrix with `x` on its `k`-th diagonal; or, of a matrix, that diagonal."""
    k = operator.index(k)
    if x.ndim == 2:
        return diagonal(x, k, 0, 1)
    if x.ndim != 1:
        raise InputError(f"diag: Input must be 1- or 2-d, not {x.ndim}-d")
    size = x.sizes[0] + abs(k)
    zero = np.zeros((), x.dtype)[()]
    if k:
        x = concatenate([x, full(abs(k), np.zeros((), x.dtype), None, abs(k))], 0, x.dtype)
        x = rechunk(x, (x.chunks.axes[0].largest,))
    grid = given_chunks(None, (size, size), x.dtype)
    line = expand_dims(x, 1) if k >= 0 else x
    return astype(where(Eye(k, np.dtype(bool), grid), line, zero), x.dtype)
