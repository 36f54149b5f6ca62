"""Numbers between two ends that may be arrays: evenly, or evenly in their logarithms."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from nbarray.errors import InputError
from nbarray.expr.leaves import Arange
from nbarray.expr.node import Expr
from nbarray.kernels.program import Constant
from nbarray.ops import creation
from nbarray.ops.elementwise import astype, ufunc, where
from nbarray.ops.operands import as_expr, drop_axes, given_chunks, one_axis
from nbarray.ops.reductions import reduction
from nbarray.ops.shaping import expand_dims, moveaxis

__all__ = ["geomspace", "linspace", "logspace"]


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0, chunks: Any = None
) -> Expr:
    """`num` numbers evenly spaced from `start` to `stop`; between arrays, along the new axis `axis`."""
    if not any(isinstance(v, Expr) or np.ndim(v) for v in (start, stop)):
        if axis != 0:
            one_axis(axis, 1)
        return creation.linspace(start, stop, num, endpoint, dtype, chunks)
    num = operator.index(num)
    if num < 0:
        raise InputError(f"linspace: number of samples, {num}, must be non-negative")
    parts = num - 1 if endpoint else num
    kind = creation.spaced_dtype(start, stop)
    first, last = (astype(as_expr(v), kind) for v in (start, stop))
    delta = ufunc(np.subtract, last, first)
    grid = given_chunks(chunks, (num,), kind)
    line = Arange(Constant.of(0), Constant.of(1), np.dtype(np.int64), grid)
    index = expand_dims(line, tuple(range(1, 1 + delta.ndim)))
    steps = astype(index, kind)
    if parts > 0:
        step = ufunc(np.divide, delta, parts)
        small = ufunc(np.multiply, ufunc(np.divide, steps, parts), delta)
        vanishes = reduction("any", as_expr(ufunc(np.equal, step, 0)))  # anywhere: then NumPy divides first everywhere
        made = where(vanishes, small, ufunc(np.multiply, steps, step))
    else:
        made = ufunc(np.multiply, steps, delta)
    made = ufunc(np.add, made, first)
    if endpoint and num > 1:
        made = where(ufunc(np.equal, index, num - 1), last, made)
    made = moveaxis(made, 0, axis) if axis != 0 else made
    if dtype is not None and np.dtype(dtype).kind in "iu":
        made = ufunc(np.floor, made)
    return made if dtype is None else astype(made, dtype)


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
    chunks: Any = None,
) -> Expr:
    """Powers of `base`, with exponents evenly spaced from `start` to `stop`."""
    if isinstance(base, Expr) or np.ndim(base):
        ndim = max(as_expr(v).ndim for v in (start, stop, base))
        start, stop, base = (_with_axes(as_expr(v), ndim) for v in (start, stop, base))
        base = expand_dims(base, axis)
    powers: Expr = ufunc(np.power, base, linspace(start, stop, num, endpoint, None, axis, chunks))
    return powers if dtype is None else astype(powers, dtype)


def _with_axes(x: Expr, ndim: int) -> Expr:
    return expand_dims(x, tuple(range(ndim - x.ndim))) if x.ndim < ndim else x


def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0, chunks: Any = None
) -> Expr:
    """Numbers each of which is the same multiple of the one before, from `start` to `stop`.

    Raises InputError for an end that is 0, unless it is a blocked array, whose values aren't looked at.
    """
    if any(not isinstance(v, Expr) and np.any(np.asarray(v) == 0) for v in (start, stop)):
        raise InputError("geomspace: Geometric sequence cannot include zero")
    ends = [as_expr(np.asarray(v)) if not isinstance(v, Expr) else v for v in (start, stop)]
    kind = np.result_type(*(e.dtype for e in ends), float(num), np.zeros((), dtype))
    first, last = (astype(e, kind) for e in ends)
    sign = ufunc(np.sign, first)
    first, last = ufunc(np.divide, first, sign), ufunc(np.divide, last, sign)
    low, high = ufunc(np.log10, first), ufunc(np.log10, last)
    shape = np.broadcast_shapes(low.sizes, high.sizes)
    if shape == ():  # not numbers but arrays without axes, so that `linspace` takes them
        low, high = (expand_dims(e, 0) for e in (low, high))
    made = logspace(low, high, num, endpoint, 10.0, kind, 0, chunks)
    index = expand_dims(
        Arange(Constant.of(0), Constant.of(1), np.dtype(np.int64), given_chunks(chunks, (num,), kind)),
        tuple(range(1, made.ndim)),
    )
    made = where(ufunc(np.equal, index, 0), first, made)
    if num > 1 and endpoint:
        made = where(ufunc(np.equal, index, num - 1), last, made)
    made = ufunc(np.multiply, made, sign)
    if shape == ():
        made = drop_axes(made, (1,))
    made = moveaxis(made, 0, axis) if axis != 0 else made
    return made if dtype is None else astype(made, dtype)
