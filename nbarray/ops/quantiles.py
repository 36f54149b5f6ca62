"""Medians and quantiles, exact, along any axes.

Where lines fit into a task, blocks of whole lines are sorted.  The elements of a longer line that the result is made
of are found in a few passes over it (`kernels.ranks`), which keep little, so that nothing has to be sorted whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from nbarray.config import current
from nbarray.errors import DTypeError, InputError, NotBlocked
from nbarray.expr.node import Expr
from nbarray.expr.summaries import Summarise
from nbarray.kernels import ranks
from nbarray.kernels.keys import frozen
from nbarray.kernels.quantiles import (
    METHODS,
    MedianRanks,
    QuantileRanks,
    interpolate,
    line_medians,
    line_quantiles,
    places,
)
from nbarray.ops.indexing import getitem
from nbarray.ops.joining import concatenate
from nbarray.ops.lines import MOST_LINES, asked_of_numpy, is_empty, line_room, map_lines, refuse_masked
from nbarray.ops.operands import as_expr, broadcast_to, drop_axes, normalize_axes
from nbarray.ops.shaping import expand_dims, moveaxis, reshape

__all__ = ["median", "narrowed", "quantile"]

#: For so many bytes of the budget, one element is kept of each piece.
SAMPLES_SHARE = 2**15
Block = np.ndarray[Any, Any]


def median(x: Expr, axis: Any = None, keepdims: bool = False, skip_nan: bool = False) -> Expr:
    """The median over `axis`; of masked arrays as `numpy.ma` has it.

    Raises AxisError, DTypeError for what can't be halved, NotBlocked for masked lines that don't fit into a task.
    """
    name = "nanmedian" if skip_nan else "median"
    function = np.nanmedian if skip_nan else np.median
    if skip_nan:
        refuse_masked(name, x)
    axes = normalize_axes(axis, x.ndim)
    if is_empty(x) or (x.ndim and not axes):
        return _of_nothing(function, x, axis, keepdims=keepdims)
    dtype = asked_of_numpy(np.median, np.zeros((2, 2), x.dtype), axis=0).dtype
    if x.ndim == 0:
        x, axes, keepdims = expand_dims(x, 0), (0,), False
    if math.prod(x.sizes[a] for a in axes) > line_room(x.dtype):
        refuse_masked(f"{name} along an axis too long for a task", x)
        count = None if skip_nan else math.prod(x.sizes[a] for a in axes)
        return _finished(_long(x, axes, MedianRanks(count), 2, _mean_of(count, dtype), 1, dtype), axes, (), keepdims)

    def medians(block: Block) -> Block:
        if isinstance(block, np.ma.MaskedArray):
            return np.ma.median(block, axis=axes, keepdims=True)  # type: ignore[no-untyped-call]
        return line_medians(block, axes, skip_nan, dtype)

    return _finished(map_lines(name, medians, [x], axes, (1,) * len(axes), dtype, x.masked), axes, (), keepdims)


def quantile(
    x: Expr,
    q: Any,
    axis: Any = None,
    method: str = "linear",
    keepdims: bool = False,
    weights: Any = None,
    skip_nan: bool = False,
    name: str = "quantile",
) -> Expr:
    """Quantiles or percentiles over `axis`, by a method of NumPy's, along a new first axis if `q` has one.

    Raises AxisError, DTypeError, InputError for a `q` outside, NotBlocked for masked arrays, and for weights where
    lines don't fit into a task.
    """
    function = getattr(np, name)
    refuse_masked(name, x)
    axes = normalize_axes(axis, x.ndim)
    if weights is not None:
        asked_of_numpy(function, np.zeros(2, x.dtype), q, method=method, weights=np.ones(2))
        weights = _spread_weights(as_expr(weights), x, axis, axes)
    dtype = asked_of_numpy(function, np.zeros((2, 2), x.dtype), q, axis=0, method=method).dtype
    if x.ndim == len(axes) and not skip_nan and np.ndim(q) == 0:
        dtype = dtype.newbyteorder("=")  # a number to NumPy, which has no byte order, whatever axes it is given
    if is_empty(x) or (x.ndim and not axes):
        return _of_nothing(function, x, axis, q=q, method=method, keepdims=keepdims)
    weak = type(q) in (int, float)
    fractions = np.asanyarray(np.true_divide(q, 100) if name.endswith("percentile") else q)
    shape, flat = fractions.shape, frozen(fractions.reshape(-1))
    q = q if weak else frozen(q)
    if x.ndim == 0:
        x, axes, keepdims = expand_dims(x, 0), (0,), False
    sizes = (flat.size, *(1,) * (len(axes) - 1))
    if math.prod(x.sizes[a] for a in axes) > line_room(x.dtype):
        if weights is not None:
            raise NotBlocked(f"{name} with weights along an axis too long for a task has no blocked form")
        count = None if skip_nan else math.prod(x.sizes[a] for a in axes)
        wanted = QuantileRanks(method, tuple(flat), count)
        made = _long(x, axes, wanted, 2 * flat.size, _mix_of(method, flat, weak, count, dtype), flat.size, dtype)
        return _finished(made, axes, shape, keepdims)

    def quantiles(block: Block, *weights: Block) -> Block:
        if weights or block.dtype.kind not in "fiumM" or method not in METHODS:
            return _by_numpy(function, block, axes, q, method, weights).astype(dtype, copy=False)
        return line_quantiles(block, axes, flat, method, weak, skip_nan, dtype)

    args = [x] if weights is None else [x, weights]
    return _finished(map_lines(name, quantiles, args, axes, sizes, dtype), axes, shape, keepdims)


def _of_nothing(function: Callable[..., Any], x: Expr, axis: Any, **options: Any) -> Expr:
    """What NumPy makes of an array without elements, or over no axes."""
    if is_empty(x):
        made = asked_of_numpy(function, np.empty(x.sizes, x.dtype), axis=axis, **options)
        return as_expr(np.asarray(made))
    raise NotBlocked(f"{function.__name__}: axis={axis!r} names no axis")


def _by_numpy(
    function: Any, block: Block, axes: tuple[int, ...], q: Any, method: str, weights: tuple[Block, ...]
) -> Block:
    options = {"weights": weights[0]} if weights else {}
    try:
        made = np.asarray(function(block, np.ravel(q), axis=axes, method=method, **options))
    except ValueError as error:
        raise InputError(str(error)) from None
    spread = np.expand_dims(made, tuple(1 + a for a in axes))
    return np.squeeze(np.moveaxis(spread, 0, axes[0] + 1), axis=axes[0])


def _spread_weights(weights: Expr, x: Expr, axis: Any, axes: tuple[int, ...]) -> Expr:
    """Weights in the array's shape; raises as NumPy does where they don't fit."""
    if weights.shape == x.shape:
        return weights
    if axis is None:
        raise DTypeError("Axis must be specified when shapes of a and weights differ.")
    if weights.sizes != tuple(x.sizes[a] for a in axes):
        raise InputError("Shape of weights must be consistent with shape of a along specified axis.")
    return broadcast_to(expand_dims(weights, tuple(k for k in range(x.ndim) if k not in axes)), x.sizes)


def _finished(made: Expr, axes: tuple[int, ...], shape: tuple[int, ...], keepdims: bool) -> Expr:
    """Results along the first of `axes` put where NumPy has them: in axes of `shape` in front."""
    if not shape:
        return made if keepdims else drop_axes(made, axes)
    first = moveaxis(drop_axes(made, axes[1:]), axes[0], 0)
    if keepdims:
        first = expand_dims(first, tuple(1 + a for a in axes))
    return first if len(shape) == 1 else reshape(first, (*shape, *first.sizes[1:]))


def narrowed(x: Expr, wanted: Callable[[int], Any], count: int) -> Expr:
    """Brackets of `count` ranks among all elements of `x`, found exactly."""
    samples = max(ranks.FEWEST_SAMPLES, min(ranks.SAMPLES, current().budget_bytes() // SAMPLES_SHARE))
    later, left = max(ranks.FEWEST_SAMPLES, samples // max(1, count)), math.prod(x.sizes)
    dtype = ranks.bracket_dtype(x.dtype)
    made: tuple[Expr, ...] = ()
    for number in range(1, ranks.passes(left, samples, later) + 1):
        step = ranks.Narrow(x.dtype, wanted, count, number, later if made else samples, left)
        left = ranks.left_between(left, step.samples)
        made = (Summarise(step, (x,), made, (count,), dtype),)
    return made[0]


def _long(
    x: Expr,
    axes: tuple[int, ...],
    wanted: Callable[[int], Any],
    count: int,
    finish: Callable[[Block], Block],
    size: int,
    dtype: np.dtype[Any],
) -> Expr:
    """As blocks of whole lines give it, for lines that are too long for one: each by itself."""
    others = [range(1) if k in axes else range(n) for k, n in enumerate(x.sizes)]
    lines = math.prod(map(len, others))
    if lines > MOST_LINES:
        raise NotBlocked(
            f"quantiles of {lines} lines, none of which fits into a task, have no blocked form; "
            'allow more memory with nb.config(memory="...", chunk_bytes="...")'
        )
    made = []
    for place in product(*others):
        index = tuple(slice(None) if k in axes else slice(p, p + 1) for k, p in enumerate(place))
        brackets = narrowed(getitem(x, index), wanted, count)
        made.append(expand_dims(map_lines("quantile", finish, [brackets], (0,), (size,), dtype), 0))
    together = concatenate(made, 0, dtype=dtype)
    kept = [k for k in range(x.ndim) if k not in axes]
    spread = reshape(together, (*(x.sizes[k] for k in kept), size))
    return (
        expand_dims(moveaxis(spread, len(kept), axes[0]), axes[1:])
        if axes[1:]
        else moveaxis(spread, len(kept), axes[0])
    )


def _mean_of(count: int | None, dtype: np.dtype[Any]) -> Callable[[Block], Block]:
    def mean(brackets: Block) -> Block:
        found, lost = _found(brackets, count)
        one = found[:1] if (count or int(brackets["valid"][0])) % 2 else found
        return np.asarray([_nan(dtype) if lost else np.mean(one)], dtype)

    return mean


def _mix_of(method: str, q: Block, weak: bool, count: int | None, dtype: np.dtype[Any]) -> Callable[[Block], Block]:
    def mix(brackets: Block) -> Block:
        found, lost = _found(brackets, count)
        if lost:
            return np.full(len(q), _nan(dtype), dtype)
        share = places(method, count or int(brackets["valid"][0]), q).share
        return np.asarray(interpolate(found[: len(q)], found[len(q) :], share, weak), dtype)

    return mix


def _found(brackets: Block, count: int | None) -> tuple[Block, bool]:
    """The elements found, and whether the result is NaN: none are numbers, or one isn't that should count."""
    assert brackets["done"].all(), "passes end with every element found"
    valid = int(brackets["valid"][0]) if len(brackets) else 1
    return brackets["low"], valid == 0 or (count is not None and valid < count)


def _nan(dtype: np.dtype[Any]) -> Any:
    return np.array("NaT", dtype)[()] if dtype.kind in "mM" else np.nan
