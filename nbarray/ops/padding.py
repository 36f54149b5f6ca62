"""Padding: values beyond the edges, made of views, constants and reductions of what there is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbarray.errors import DTypeError, InputError, NotBlocked
from nbarray.expr.node import Expr
from nbarray.expr.structure import Concatenate
from nbarray.ops.creation import full
from nbarray.ops.elementwise import astype, round_, ufunc
from nbarray.ops.indexing import slab
from nbarray.ops.joining import concatenate
from nbarray.ops.lines import asked_of_numpy
from nbarray.ops.operands import broadcast_to, drop_axes
from nbarray.ops.quantiles import median
from nbarray.ops.reductions import reduction
from nbarray.ops.spacing import linspace

__all__ = ["PERIODS", "pad", "pad_axis", "pairs"]

#: mode -> (a position that may lie outside, or many, length of the axis) -> the positions inside that they stand for
PERIODS: dict[str, Callable[[Any, int], Any]] = {
    "edge": lambda at, n: (abs(at) - abs(at - (n - 1)) + n - 1) // 2,
    "wrap": lambda at, n: at % n,
    "symmetric": lambda at, n: (2 * n - 1 - abs(2 * n - 1 - 2 * (at % (2 * n)))) // 2,
    "reflect": lambda at, n: n - 1 - abs(n - 1 - at % max(1, 2 * n - 2)),
}
#: So many positions are looked up one by one, which takes less time than asking NumPy.
FEW_POSITIONS = 8
#: mode -> the reduction whose result is put beyond the edges
_STATISTICS = {"maximum": "max", "minimum": "min", "mean": "mean", "median": "median"}
_NEEDED = {"constant": "constant_values", "linear_ramp": "end_values", **dict.fromkeys(_STATISTICS, "stat_length")}


def pairs(given: Any, ndim: int, name: str) -> list[tuple[Any, Any]]:
    """(before, after) for each axis, of a value, a pair, or pairs.  Raises InputError for other forms."""
    if isinstance(given, dict):
        found = {(k + ndim) % max(1, ndim): v for k, v in given.items()}
        return [pairs(found.get(k, 0), 1, name)[0] for k in range(ndim)]
    try:
        array = np.broadcast_to(np.asarray(given, object), (ndim, 2))
    except ValueError:
        raise InputError(
            f"pad: {name}={given!r} doesn't fit {ndim} axes; give a number, (before, after), or such a pair an axis"
        ) from None
    return [(before, after) for before, after in array.tolist()]


def pad(x: Expr, pad_width: Any, mode: Any = "constant", **options: Any) -> Expr:
    """More elements around an array, axis after axis, as `numpy.pad` has it.

    Raises InputError (a ValueError) for widths that are negative or not whole, NotBlocked for modes that have no
    blocked form.
    """
    widths = pairs(pad_width, x.ndim, "pad_width")
    for width in (w for pair in widths for w in pair):
        if isinstance(width, bool) or not isinstance(width, int | np.integer):
            raise DTypeError(f"pad: `pad_width` must be of integral type, not {width!r}")
        if width < 0:
            raise InputError(f"pad: pad_width can't contain negative values, such as {width}")
    known = ["constant", "empty", "linear_ramp", *PERIODS, *_STATISTICS]
    if not callable(mode) and mode not in known:
        raise InputError(f"pad: mode={mode!r} is not supported; expected one of {', '.join(known)}")
    if callable(mode):
        raise NotBlocked(
            f"pad: mode={mode!r} has no blocked form; use one of {', '.join(known)}, or compute first: "
            "np.pad(x.compute(), ...)"
        )
    turns = mode in ("reflect", "symmetric")
    unknown = [k for k in options if k != ("reflect_type" if turns else _NEEDED.get(mode))]
    if unknown:
        raise InputError(f"pad: unsupported keyword arguments for mode {mode!r}: {', '.join(unknown)}")
    odd = turns and options.pop("reflect_type", "even") == "odd"
    extra = pairs(next(iter(options.values()), None if mode in _STATISTICS else 0), x.ndim, "values")
    least = 1 if mode in ("maximum", "minimum") else 0  # a mean of nothing is NaN
    for length in (v for pair in extra for v in pair if mode in _STATISTICS and v is not None):
        if length < least:
            raise InputError(f"pad: stat_length of {length} yields no value for padding; give at least {least}")
    if mode in _STATISTICS and x.ndim and 0 not in x.sizes:
        if x.dtype.kind in "SU":
            raise DTypeError(f"pad: text, such as {x.dtype}, has no {mode}")
        if x.dtype.kind == "m":  # as all that NumPy takes for whole numbers is rounded, and it rounds no times
            raise DTypeError(f"pad: {mode}: np.rint takes no times, such as {x.dtype}; pad x.astype(int)")
    if 0 in x.sizes and mode != "constant":
        for axis, (pair, n) in enumerate(zip(widths, x.sizes, strict=True)):
            _refuse_empty(axis, n, *pair)
        mode, extra = "empty", [(0, 0)] * x.ndim  # what has no elements has none beyond its edges
    for axis, (before, after) in enumerate(widths):
        if odd and x.sizes[axis] > 1 and 0 not in x.sizes:
            x = _turned_about(x, axis, int(before), int(after), mode == "symmetric")
        else:
            x = pad_axis(x, axis, int(before), int(after), mode, extra[axis])
    return x


def _refuse_empty(axis: int, n: int, before: int, after: int) -> None:
    if not n and (before or after):
        raise InputError(f"pad: can't extend empty axis {axis} using modes other than 'constant' or 'empty'")


def pad_axis(x: Expr, axis: int, before: int, after: int, mode: str, extra: tuple[Any, Any] = (0, 0)) -> Expr:
    """More elements in front of and behind one axis; `extra` are constants, ends or lengths of statistics."""
    n = x.sizes[axis]
    if mode not in ("constant", "empty"):
        _refuse_empty(axis, n, before, after)
    if mode in ("constant", "empty"):
        front, back = (_constant(x, axis, width, value) for width, value in zip((before, after), extra, strict=True))
    elif mode == "linear_ramp":
        front, back = _ramp(x, axis, before, extra[0], False), _ramp(x, axis, after, extra[1], True)
    elif mode in _STATISTICS:
        front = _statistic(x, axis, before, mode, extra[0], False)
        back = _statistic(x, axis, after, mode, extra[1], True)
    else:
        front, back = (_picked(x, axis, _inside(mode, at, n)) for at in (range(-before, 0), range(n, n + after)))
    if not front and not back:
        return x
    if mode in PERIODS:
        return Concatenate((*front, x, *back), axis)  # parts of one array: they fit
    return concatenate([*front, x, *back], axis, dtype=x.dtype)


def _turned_about(x: Expr, axis: int, before: int, after: int, with_edge: bool) -> Expr:
    """More elements around an axis of several, turned about the values at its edges: what rose goes on rising.

    with_edge : the element at the edge comes twice

    As NumPy does it, piece by piece, each made of all that there is by then as far as that is whole periods.
    """
    n, last = x.sizes[axis], 0 if with_edge else 1
    while before or after:
        size = x.sizes[axis]
        whole = (size - last) // (n - last) * (n - last)
        parts = [x]
        if now := min(whole, before):
            parts.insert(0, _about(x, axis, 0, slice(last, last + now)))
            before -= now
        if now := min(whole, after):
            parts.append(_about(x, axis, size - 1, slice(size - last - now, size - last)))
            after -= now
        x = concatenate(parts, axis, dtype=x.dtype)
    return x


def _about(x: Expr, axis: int, edge: int, part: slice) -> Expr:
    """A part of an axis turned about one of its elements, as numbers are by subtracting."""
    turned = slab(slab(x, axis, part), axis, slice(None, None, -1))
    twice = ufunc(np.multiply, slab(x, axis, slice(edge, edge + 1)), 2)
    return astype(ufunc(np.subtract, twice, turned), x.dtype)


def _constant(x: Expr, axis: int, width: int, value: Any) -> list[Expr]:
    # what NumPy makes of a value, or its error, also where no element is added
    one = asked_of_numpy(np.pad, np.zeros(1, x.dtype), 1, constant_values=value)[0]
    shape = (*x.sizes[:axis], width, *x.sizes[axis + 1 :])
    return [full(shape, one, dtype=x.dtype)] if width else []


def _statistic(x: Expr, axis: int, width: int, mode: str, length: Any, behind: bool) -> list[Expr]:
    """The extreme, mean or median of the `length` elements (None: all) next to an edge.

    It is made, and maybe refused, also where no element is added: as NumPy's is.
    """
    if not width and x.dtype.hasobject:
        return []  # what objects can do isn't known before they are there
    n = x.sizes[axis]
    seen = n if length is None else min(n, int(length))
    part = slab(x, axis, slice(n - seen, n) if behind else slice(0, seen))
    found = median(part, axis, True) if mode == "median" else reduction(_STATISTICS[mode], part, axis, keepdims=True)
    found = round_(found) if x.dtype.kind in "iu" and found.dtype.kind == "f" else found
    return [_spread(astype(found, x.dtype), axis, width)] if width else []


def _ramp(x: Expr, axis: int, width: int, end: Any, behind: bool) -> list[Expr]:
    """From the edge evenly to `end`, which is the outermost element; as a statistic, also where there is none."""
    edge = drop_axes(slab(x, axis, slice(-1, None) if behind else slice(0, 1)), (axis,))
    ramp = linspace(end, edge, width, False, x.dtype, axis)
    return [slab(ramp, axis, slice(None, None, -1)) if behind else ramp] if width else []


def _inside(mode: str, outside: range, n: int) -> Sequence[int]:
    """The positions that some outside stand for."""
    period = PERIODS[mode]
    if len(outside) <= FEW_POSITIONS:
        return [period(at, n) for at in outside]
    found: list[int] = period(np.asarray(outside), n).tolist()
    return found


def _picked(x: Expr, axis: int, positions: Sequence[int]) -> list[Expr]:
    """Elements at positions, as views: each run of equally spaced ones is a slice."""
    parts: list[Expr] = []
    start = 0
    while start < len(positions):
        step = positions[start + 1] - positions[start] if start + 1 < len(positions) else 1
        stop = start + 1
        while stop < len(positions) and abs(step) <= 1 and positions[stop] - positions[stop - 1] == step:
            stop += 1
        first, last = positions[start], positions[stop - 1]
        if first == last:
            parts.append(_spread(slab(x, axis, slice(first, first + 1)), axis, stop - start))
        else:
            end = last + step
            parts.append(slab(x, axis, slice(first, None if end < 0 else end, step)))
        start = stop
    return parts


def _spread(x: Expr, axis: int, width: int) -> Expr:
    return broadcast_to(x, (*x.sizes[:axis], width, *x.sizes[axis + 1 :]))
