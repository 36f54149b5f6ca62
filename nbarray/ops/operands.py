"""Making expressions of what operations are given: expressions, numbers, arrays."""

from __future__ import annotations

import datetime
import operator
from typing import Any

import numpy as np

from nbarray.config import current
from nbarray.errors import AxisError, DTypeError
from nbarray.expr.leaves import Scalar, SourceArray
from nbarray.expr.node import Expr
from nbarray.expr.structure import View
from nbarray.grid.chunks import Chunks
from nbarray.grid.normalize import auto_chunks, normalize_chunks
from nbarray.grid.regions import AxisMap, Placement
from nbarray.io.memory import MemoryReader
from nbarray.kernels.elementwise import ById, ByKey
from nbarray.kernels.keys import COMPARED_BYTES
from nbarray.kernels.program import Constant
from nbarray.units import parse_bytes

__all__ = [
    "as_expr",
    "as_sizes",
    "broadcast_to",
    "constant",
    "default_chunks",
    "drop_axes",
    "given_chunks",
    "normalize_axes",
    "one_axis",
    "sample",
]


def as_expr(value: Any) -> Expr:
    """An expression for a value: a Python number stays one (it has no dtype of its own)."""
    if isinstance(value, Expr):
        return value
    if isinstance(value, bool | int | float | complex | np.generic):
        return Scalar(Constant.of(value))
    if isinstance(value, datetime.date | datetime.timedelta):
        value = np.datetime64(value) if isinstance(value, datetime.date) else np.timedelta64(value)
    array = np.asanyarray(value)
    if isinstance(value, list | tuple) and array.ndim:
        return constant(array)
    if array.ndim == 0 and not isinstance(array, np.ma.MaskedArray):
        return Scalar(Constant.of(array[()]))
    return SourceArray(ById(MemoryReader(array)), default_chunks(array.shape, array.dtype))


def constant(array: np.ndarray[Any, Any], chunks: Any = None) -> Expr:
    """An expression for values that nobody else has to change: few are the same node wherever they are equal."""
    reader = MemoryReader(array)
    plain = type(array) is np.ndarray and not array.dtype.hasobject and array.nbytes <= COMPARED_BYTES
    key = (array.shape, array.dtype, array.tobytes()) if plain else None
    held = ById(reader) if key is None else ByKey(reader, key)
    return SourceArray(held, given_chunks(chunks, array.shape, array.dtype))


def default_chunks(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Chunks:
    """Chunks for those who don't care."""
    return auto_chunks(shape, dtype.itemsize, current().chunk_bytes)


def given_chunks(
    chunks: Any,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    stored: tuple[int, ...] | None = None,
    block_bytes: int | str | None = None,
) -> Chunks:
    """Chunks as a user gave them; None leaves them to us.  `block_bytes`: of "auto" ones, as a setting if not given."""
    most = current().chunk_bytes if block_bytes is None else max(1, parse_bytes(block_bytes, "block_size_limit"))
    return normalize_chunks("auto" if chunks is None else chunks, shape, dtype.itemsize, most, stored)


def as_sizes(shape: Any) -> tuple[int, ...]:
    """A shape as a tuple of ints: of one integer or several.  Raises DTypeError for anything else."""
    several = hasattr(shape, "__iter__") and not isinstance(shape, str) and getattr(shape, "ndim", 1) > 0
    given = tuple(shape) if several else (shape,)
    if not all(hasattr(n, "__index__") for n in given):
        raise DTypeError(f"shape={shape!r}: expected an integer or a sequence of integers")
    return tuple(n.__index__() for n in given)


def sample(expr: Expr) -> Any:
    """What stands for `expr` when NumPy is asked for a dtype: an empty array, or the number itself."""
    if isinstance(expr, Scalar) and expr.weak:
        return expr.constant.value
    return np.empty(0, expr.dtype)


def normalize_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes as sorted, non-negative integers; None means all.  Raises AxisError, or DTypeError for no integer."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, tuple | list) else (axis,)
    axes = []
    for a in given:
        if isinstance(a, bool) or not hasattr(a, "__index__"):
            raise DTypeError(f"axis={axis!r}: expected an integer or a tuple of integers")
        k = a.__index__()
        if not -ndim <= k < ndim:
            raise AxisError(f"axis {k} is out of bounds for array of dimension {ndim}")
        axes.append(k % ndim)
    if len(set(axes)) != len(axes):
        raise AxisError(f"duplicate value in 'axis': {axis!r}")
    return tuple(sorted(axes))


def one_axis(axis: Any, ndim: int) -> int:
    """An axis as a non-negative integer.  Raises AxisError, or DTypeError for what is no integer: None, a tuple."""
    try:
        k = operator.index(axis)
    except TypeError:
        raise DTypeError(f"axis={axis!r}: expected an integer") from None
    return normalize_axes(k, ndim)[0]


def drop_axes(expr: Expr, axes: tuple[int, ...]) -> Expr:
    """Leave out axes of length 1."""
    if not axes:
        return expr
    maps = tuple(AxisMap(k, 0, 1, n) for k, n in enumerate(expr.sizes) if k not in axes)
    return View(expr, Placement(maps, tuple((a, 0) for a in axes)))


def broadcast_to(expr: Expr, shape: tuple[int, ...]) -> Expr:
    """Spread `expr` to a shape that it broadcasts to."""
    if expr.shape == shape:
        return expr
    skip = len(shape) - expr.ndim
    axes = []
    for k, n in enumerate(shape):
        if k < skip:
            axes.append(AxisMap(-1, 0, 0, n))
        elif expr.sizes[k - skip] == n:
            axes.append(AxisMap(k - skip, 0, 1, n))
        else:
            axes.append(AxisMap(k - skip, 0, 0, n))
    return View(expr, Placement(tuple(axes)))
