"""Differences between neighbours, gradients, and what else needs a few neighbours of each element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.api.array import Array, wrap
from nbarray.api.creation import asarray
from nbarray.api.dispatch import IMPLEMENTATIONS, PUBLIC, public
from nbarray.api.mapping import dtype_of_first_block
from nbarray.errors import DTypeError, InputError, NotBlocked
from nbarray.expr.node import Expr
from nbarray.ops import neighbours
from nbarray.ops.lines import asked_of_numpy
from nbarray.ops.operands import one_axis

__all__ = ["coarsen", "convolve", "correlate", "diff", "ediff1d", "gradient", "interp", "push"]


def _at(x: Array, axis: int, part: Any) -> Array:
    return x[(*(slice(None),) * axis, part)]


def _joined(parts: list[Any], axis: int) -> Array:
    made: Array = PUBLIC["concatenate"](parts, axis=axis)
    return made


@public(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Array:
    """The n-th differences of neighbours along an axis, as `numpy.diff` has them; booleans: where they differ.

    prepend, append : values put before and behind the axis first

    Raises InputError for negative n, AxisError.  Views and subtractions: one pass.

    >>> import nbarray as nb
    >>> nb.diff(nb.asarray([1, 4, 9, 16])).compute()
    array([3, 5, 7])
    """
    x = asarray(a)
    if n == 0:
        return x
    if n < 0:
        raise InputError(f"order must be non-negative but got {n!r}")
    if x.ndim == 0:
        raise InputError("diff requires input that is at least one dimensional")
    k = one_axis(axis, x.ndim)
    extra = [None if e is None or e is np._NoValue else _beside(e, x, k) for e in (prepend, append)]
    if any(e is not None for e in extra):
        x = _joined([e for e in (extra[0], x, extra[1]) if e is not None], k)
    for _ in range(n):
        after, before = _at(x, k, slice(1, None)), _at(x, k, slice(None, -1))
        x = np.not_equal(after, before) if x.dtype.kind == "b" else np.subtract(after, before)
    return x


def _beside(value: Any, x: Array, axis: int) -> Array:
    made = asarray(value)
    if made.ndim:
        return made
    shape = tuple(1 if k == axis else n for k, n in enumerate(x.shape))
    spread: Array = PUBLIC["broadcast_to"](made, shape)
    return spread


@public(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Array:
    """The differences of neighbours in the flattened array, as `numpy.ediff1d` has them.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.ediff1d(nb.asarray([1, 2, 4]), to_begin=-99).compute()
    array([-99,   1,   2])
    """
    x = asarray(ary).ravel()
    ends = []
    for name, value in (("to_begin", to_begin), ("to_end", to_end)):
        end = None if value is None else asarray(value).ravel()
        if end is not None and not np.can_cast(end.dtype, x.dtype, "same_kind"):
            raise DTypeError(f"dtype of `{name}` must be compatible with input `ary` under the `same_kind` rule.")
        ends.append(None if end is None else end.astype(x.dtype))
    made = x[1:] - x[:-1]
    parts = [e for e in (ends[0], made, ends[1]) if e is not None]
    return parts[0] if len(parts) == 1 else _joined(parts, 0).astype(x.dtype)


@public(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Slopes from central differences, as `numpy.gradient` has them: one array, or one for each of several axes.

    varargs : distances, or coordinates along each axis (arrays in memory)
    edge_order : 1 or 2, order of the differences at the edges

    Raises InputError for axes that are too short, NotBlocked for dates and blocked coordinates.

    Cost: one pass, fused with what it is used in, for each array that is given back.

    >>> import nbarray as nb
    >>> nb.gradient(nb.asarray([1.0, 4.0, 9.0, 16.0])).compute()
    array([3., 4., 6., 7.])
    """
    x = asarray(f)
    axes = tuple(range(x.ndim)) if axis is None else tuple(
        one_axis(a, x.ndim) for a in (axis if isinstance(axis, tuple | list) else (axis,))
    )  # fmt: skip
    if len(set(axes)) < len(axes):
        raise InputError("gradient: repeated axis")
    if x.dtype.kind in "mM" or x.masked:
        raise NotBlocked("gradient of dates and of masked arrays has no blocked form")
    if x.dtype.kind not in "iufc" and axes:  # booleans and texts can't be subtracted
        asked_of_numpy(np.subtract, np.zeros(1, x.dtype), np.zeros(1, x.dtype))
    if edge_order not in (1, 2):
        raise InputError("'edge_order' greater than 2 not supported")
    if len(varargs) not in (0, 1, len(axes)):
        raise DTypeError("invalid number of arguments")
    given = varargs * len(axes) if len(varargs) == 1 else varargs or (1.0,) * len(axes)
    steps = [_step(v, x.shape[k]) for v, k in zip(given, axes, strict=True)]
    x = x if x.dtype.kind in "fc" else x.astype(np.float64)
    for k in axes:
        if x.shape[k] < edge_order + 1:
            raise InputError(
                "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are "
                "required."
            )
    made = tuple(_slope(x, k, step, edge_order) for k, step in zip(axes, steps, strict=True))
    return made[0] if len(axes) == 1 else made


def _step(value: Any, size: int) -> Any:
    """One distance, or the distances of neighbours."""
    given = value if isinstance(value, Array) and value.ndim else np.asanyarray(value)
    if given.ndim == 0:
        return given[()]
    if given.ndim != 1:
        raise InputError("distances must be either scalars or 1d")
    if len(given) != size:
        raise InputError("when 1d, distances must match the length of the corresponding dimension")
    if isinstance(given, Array):
        raise NotBlocked("gradient: blocked coordinates have no blocked form; compute them first")
    apart = np.diff(given.astype(np.float64) if given.dtype.kind in "iu" else given)
    return apart[0] if (apart == apart[0]).all() else apart


def _slope(x: Array, axis: int, step: Any, edge_order: int) -> Array:
    uniform = np.ndim(step) == 0
    first, second, last = (_at(x, axis, p) for p in (slice(None, -2), slice(1, -1), slice(2, None)))
    if uniform:
        inner = (last - first) / (2.0 * step)
    else:
        shape = (*(1,) * axis, -1, *(1,) * (x.ndim - axis - 1))
        a, b = step[:-1].reshape(shape), step[1:].reshape(shape)
        inner = -b / (a * (a + b)) * first + (b - a) / (a * b) * second + a / (b * (a + b)) * last
    edges = []
    for places, near, far in (((0, 1, 2), 0, 1), ((-1, -2, -3), -1, -2)):
        sign = 1.0 if near == 0 else -1.0
        h = step if uniform else step[near]
        if edge_order == 1:
            p, q = (_at(x, axis, slice(k, k + 1 or None)) for k in places[:2])
            edges.append((q - p) / h if near == 0 else (p - q) / h)
            continue
        g = step if uniform else step[far]
        p, q, r = (_at(x, axis, slice(k, k + 1 or None)) for k in places)
        weights = (-(2.0 * h + g) / (h * (h + g)), (h + g) / (h * g), -h / (g * (h + g)))
        edges.append((p * weights[0] + q * weights[1] + r * weights[2]) * sign)
    return _joined([edges[0], inner, edges[1]], axis).astype(x.dtype)


@public()
def coarsen(
    reduction: Callable[..., Any], x: Any, axes: dict[int, int], trim_excess: bool = False, **kwargs: Any
) -> Array:
    """A reduction of groups of neighbours: each of `axes` becomes so many times shorter.

    reduction : such as ``np.mean``, taking ``axis=``; it gets blocks with the members of groups along axes of their own
    axes : axis -> members of a group
    trim_excess : leave out what doesn't fill a group; else InputError

    Cost: one pass over the data; memory for a few blocks and the result.

    >>> import numpy as np, nbarray as nb
    >>> nb.coarsen(np.sum, nb.arange(6), {0: 2}).compute()
    array([1, 5, 9])
    """
    array = asarray(x)
    ours = {v: k for k, v in IMPLEMENTATIONS.items()}
    called = ours.get(reduction, reduction)
    sizes = {one_axis(k, array.ndim): int(n) for k, n in axes.items()}

    def build(function: Callable[..., Any], dtype: Any, masked: bool | None) -> Expr:
        return neighbours.coarsen(function, array.expr, sizes, trim_excess, dtype, kwargs, bool(masked))

    return wrap(build(called, *dtype_of_first_block(called, build)))


def _sliding(name: str, a: Any, v: Any, mode: str) -> Array:
    x, y = asarray(a), asarray(v)
    if x.ndim > 1 or y.ndim > 1:
        raise InputError(f"{name}: object too deep for desired array; expected arrays of one axis")
    if mode not in ("full", "same", "valid"):
        raise InputError(f"{name}: mode must be one of 'valid', 'same', or 'full' (got {mode!r})")
    x, y = (e.reshape(1) if e.ndim == 0 else e for e in (x, y))
    if not len(x) or not len(y):
        raise InputError(f"{name}: a and v cannot be empty")
    if len(y) > len(x):
        x, y = y, x
    return wrap(neighbours.convolve(x.expr, y.expr, mode))


@public(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Array:
    """The convolution of two arrays of one axis, as `numpy.convolve` has it; each task reads the shorter one whole.

    Cost: one pass over the longer array, which is read with what surrounds its blocks.

    >>> import nbarray as nb
    >>> nb.convolve(nb.arange(4), [1, 2]).compute()
    array([0, 1, 4, 7, 6])
    """
    return _sliding("convolve", a, v, mode)


@public(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Array:
    """The cross-correlation of two arrays of one axis, as `numpy.correlate` has it.

    Cost: one pass over the longer array, which is read with what surrounds its blocks.

    >>> import nbarray as nb
    >>> nb.correlate(nb.arange(4), [1, 2]).compute()
    array([2, 5, 8])
    """
    x, y = asarray(a), asarray(v)
    if not (x.ndim and y.ndim):
        raise InputError("correlate: object of too small depth for desired array; expected arrays of one axis")
    y = y.conj()[::-1]
    if len(y) > len(x) and mode != "full":
        # NumPy turns the longer one round and the result back, so the middle lies elsewhere
        return _sliding("correlate", y[::-1], x[::-1], mode)[::-1]
    return _sliding("correlate", x, y, mode)


@public(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Array:
    """Values between points, as `numpy.interp` has them; the points are read whole by each task.

    Cost: one pass over `x`; the points are held in memory.

    >>> import nbarray as nb
    >>> nb.interp(nb.asarray([0.5, 2.5]), [0, 1, 2], [0.0, 10.0, 20.0]).compute()
    array([ 5., 20.])
    """
    given = {"left": left, "right": right, "period": period}
    return wrap(neighbours.interp(asarray(x).expr, asarray(xp).expr, asarray(fp).expr, given))


@public()
def push(array: Any, n: int | None = None, axis: int = -1) -> Array:
    """NaN filled with the last value before it along an axis, at most `n` times; None: however far.

    Two passes over what lies in several blocks.

    >>> import numpy as np, nbarray as nb
    >>> nb.push(nb.asarray([1.0, np.nan, np.nan, 4.0]), 1).compute()
    array([ 1.,  1., nan,  4.])
    """
    return wrap(neighbours.push(asarray(array).expr, n, axis))
