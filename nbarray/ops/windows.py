"""Windows that slide along axes, and reductions over them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nbarray.errors import AxisError, DTypeError, InputError, NotBlocked
from nbarray.expr.node import Expr
from nbarray.expr.windows import Rolling, Windows
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.ops.creation import full
from nbarray.ops.elementwise import astype
from nbarray.ops.ghosting import no_shorter
from nbarray.ops.operands import normalize_axes, one_axis

__all__ = ["rolling", "sliding_window_view"]


def sliding_window_view(x: Expr, window_shape: Any, axis: Any = None, automatic_rechunk: bool = True) -> Expr:
    """Windows of `window_shape` along `axis`, as `numpy.lib.stride_tricks.sliding_window_view` has them.

    automatic_rechunk : cut other axes more finely, so that chunks are about as large as those of `x`

    Raises InputError for lengths that don't fit, AxisError.
    """
    lengths = tuple(window_shape) if hasattr(window_shape, "__iter__") else (window_shape,)
    if not all(hasattr(n, "__index__") for n in lengths):
        raise DTypeError(f"window_shape={window_shape!r}: expected an integer or a sequence of integers")
    lengths = tuple(n.__index__() for n in lengths)
    if any(n < 0 for n in lengths):
        raise InputError(f"`window_shape` cannot contain negative values, such as {min(lengths)}")
    if axis is None:
        axes = tuple(range(x.ndim))
    else:
        given = tuple(axis) if hasattr(axis, "__iter__") else (axis,)
        axes = tuple(one_axis(a, x.ndim) for a in given)
    if len(lengths) != len(axes):
        raise InputError(
            f"window_shape {window_shape!r} must give a length for each of the axes {axes}: of {x.ndim} axes, or those "
            "in axis="
        )
    for k in dict.fromkeys(axes):
        if sum(n - 1 for a, n in zip(axes, lengths, strict=True) if a == k) >= max(1, x.sizes[k]):
            raise InputError(f"window shape {window_shape!r} cannot be larger than the array, of shape {x.shape}")
    if 0 in lengths:
        steps = [sum(n - 1 for a, n in zip(axes, lengths, strict=True) if a == k) for k in range(x.ndim)]
        shape = tuple(n - s for n, s in zip(x.sizes, steps, strict=True))
        return full((*shape, *lengths), np.zeros((), x.dtype))
    return _windows(x, axes, lengths, automatic_rechunk)


def _windows(x: Expr, axes: tuple[int, ...], lengths: tuple[int, ...], finer: bool) -> Expr:
    if not axes:
        return x
    # an axis that comes twice is windowed twice: windows of windows
    first = next((i for i, a in enumerate(axes) if a in axes[:i]), len(axes))
    here, by = axes[:first], lengths[:first]
    own = _chunks(x.chunks, here, by, finer)
    made = Windows(x, here, by, Chunks((*own, *(regular(n, n) for n in by))))
    return _windows(made, axes[first:], lengths[first:], finer)


def _chunks(chunks: Chunks, axes: Sequence[int], lengths: Sequence[int], finer: bool) -> list[AxisChunks]:
    """Chunks of windows along the axes there were before."""
    made = list(chunks.axes)
    grown = math.prod(lengths)
    for k, n in zip(axes, lengths, strict=True):
        whole = AxisChunks.of(no_shorter(made[k].sizes, n - 1)) if made[k].largest < 2**20 else made[k]
        grown = -(-grown * whole.largest // max(1, made[k].largest))
        made[k] = whole.cut(0, 1, whole.size - n + 1)
    others = [k for k, a in enumerate(made) if k not in axes and a.size]
    if not finer or not others:
        return made
    parts = math.ceil(grown ** (1 / len(others)) - 1e-9)
    for k in others:
        made[k] = AxisChunks.of(n for size in made[k].sizes for n in _parts(size, parts))
    return made


def _parts(size: int, count: int) -> list[int]:
    """A size cut into `count` parts as equal as can be, the longer ones first.

    >>> _parts(25, 3)
    [9, 8, 8]
    """
    count = max(1, min(size, count))
    whole, rest = divmod(size, count)
    return [whole + 1] * rest + [whole] * (count - rest)


def rolling(
    name: str, x: Expr, window: Any, axis: Any = -1, min_count: int | None = None, center: bool = False, ddof: float = 0
) -> Expr:
    """Row `name` of the table of reductions over a window that ends at (or lies around) each element.

    The result is as large as `x`.  Where a window holds fewer than `min_count` values (NaN and masked ones left out,
    and what lies beyond the edges) it is NaN, or masked; None means as many as the window is long.
    """
    axes = normalize_axes(axis, x.ndim)
    given = tuple(window) if hasattr(window, "__iter__") else (window,) * len(axes)
    if isinstance(axis, tuple | list):
        order = [one_axis(a, x.ndim) for a in axis]
        given = tuple(given[order.index(a)] for a in axes) if len(given) == len(order) else given
    lengths = _lengths(given, axes, x)
    if x.dtype.kind not in "biufc" or (x.dtype.kind == "c" and name in ("min", "max")):
        raise NotBlocked(f"rolling_{name} of {x.dtype} has no blocked form; give real or complex numbers")
    most = math.prod(lengths)
    least = most if min_count is None else min_count
    if isinstance(least, bool) or not hasattr(least, "__index__") or not 0 <= least <= most:
        raise InputError(f"rolling_{name}: min_count={min_count!r}; expected a number from 0 to {most}, the window's")
    before = tuple(n // 2 if center else n - 1 for n in lengths)
    params: list[tuple[str, Any]] = [] if name not in ("var", "std") else [("ddof", ddof)]
    # with whole windows only, NaN and what lies beyond the edges (NaN as well) make NaN by themselves
    if (least < most or name == "count") and x.dtype.kind in "fc":
        params.append(("skip_nan", True))
    if name == "count":
        return Rolling(name, x, axes, lengths, before, None, np.dtype(np.intp), tuple(params), x.chunks)
    if x.dtype.kind not in "fc":
        x = astype(x, np.float64)
        params += [("skip_nan", True)] if least < most else []
    params += [("min_count", int(least)), ("on_nothing", "nan")] if name not in ("sum", "prod") or least else []
    kind = np.dtype(x.dtype.type(0).real.dtype) if name in ("var", "std") else x.dtype.newbyteorder("=")
    return Rolling(name, x, axes, lengths, before, None, kind, tuple(params), x.chunks)


def _lengths(given: tuple[Any, ...], axes: tuple[int, ...], x: Expr) -> tuple[int, ...]:
    if len(given) != len(axes):
        raise InputError(f"window={given!r} has {len(given)} lengths for {len(axes)} axes; give one for each")
    for n, k in zip(given, axes, strict=True):
        if isinstance(n, bool) or not hasattr(n, "__index__") or n < 1:
            raise InputError(f"window={n!r}: expected a number of elements, at least 1")
        if n > max(1, x.sizes[k]):
            raise InputError(f"window={n} is longer than axis {k}, of {x.sizes[k]} elements")
    if not axes:
        raise AxisError("a window needs an axis, and a number has none")
    return tuple(int(n) for n in given)
