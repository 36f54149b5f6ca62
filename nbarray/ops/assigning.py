"""Assigning: ``x[index] = value`` as an expression of what `x` becomes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nbarray.errors import BroadcastError, DTypeError, InputError, UnknownSize
from nbarray.expr.leaves import Scalar
from nbarray.expr.node import Expr
from nbarray.expr.picking import Assign, Take, TakeLater, at_positions
from nbarray.expr.structure import View
from nbarray.grid.chunks import Int64
from nbarray.grid.indexing import Later, ParsedIndex
from nbarray.grid.regions import AxisMap, Placement
from nbarray.ops import masking
from nbarray.ops.elementwise import astype, ufunc, where
from nbarray.ops.fields import names_fields, with_fields
from nbarray.ops.fillvalues import fill_value_of, with_fill_value
from nbarray.ops.indexing import check_mask, parsed_index
from nbarray.ops.lines import asked_of_numpy
from nbarray.ops.masking import put_on
from nbarray.ops.operands import as_expr, broadcast_to
from nbarray.ops.scans import scan
from nbarray.ops.shaping import expand_dims, reshape

__all__ = ["as_value", "assign", "assign_by_mask", "cast_to", "one_after_the_other"]


def as_value(value: Any, x: Expr) -> Expr:
    """What is assigned to `x`, in its dtype.  Raises DTypeError or InputError where NumPy can't convert it."""
    if isinstance(value, Expr):
        return cast_to(value, x.dtype)
    if value is np.ma.masked and x.masked:
        return as_expr(np.ma.MaskedArray(np.zeros((), x.dtype), True))
    try:
        if not isinstance(value, np.ndarray | np.generic):
            value = np.asarray(value, x.dtype)
        value = np.asanyarray(value) if x.masked else np.asarray(value)
        return as_expr(value.astype(x.dtype))
    except TypeError as error:
        raise DTypeError(f"assigning {value!r:.40} to {x.dtype}: {error}") from None
    except ValueError as error:
        raise InputError(f"assigning {value!r:.40} to {x.dtype}: {error}") from None


def _with_gaps(x: Expr, value: Any) -> Expr:
    """`x`, with a mask if what is assigned to it has one: what is missing there is no value here."""
    missing = value.masked if isinstance(value, Expr) else np.ma.getmask(value) is not np.ma.nomask
    return put_on(x, np.False_) if missing and not x.masked else x


def cast_to(value: Expr, dtype: np.dtype[Any]) -> Expr:
    """Values in a dtype that they may not fit into, as assigning has it."""
    return value if value.dtype == dtype and not isinstance(value, Scalar) else astype(value, dtype)


def assign(x: Expr, index: Any, value: Any) -> Expr:
    """What `x` is after ``x[index] = value``.

    index : as NumPy takes it; a mask may be an expression, positions may not
    Raises IndexingError, BroadcastError, DTypeError as NumPy does.
    """
    alone = index[0] if isinstance(index, tuple) and len(index) == 1 else index
    if names_fields(x, alone):
        return with_fields(x, alone, value)
    x = _with_gaps(x, value)
    new = as_value(value, x)
    if isinstance(alone, Expr) and alone.dtype.kind == "b":
        return assign_by_mask(x, alone, new)
    if isinstance(alone, np.ndarray) and alone.dtype.kind == "b" and alone.ndim and alone.shape == x.shape:
        if not new.ndim:
            return assign_by_mask(x, as_expr(alone), new)
        _check_listed(new, int(np.count_nonzero(alone)))
    parsed = parsed_index(index, x)
    if any(isinstance(p, Later) for p in parsed.positions):
        raise UnknownSize("positions to assign to have to be known")
    shape = _picked_shape(parsed)
    if new.ndim and not shape and not x.dtype.hasobject and _is_one_element(index):
        one, given = np.empty((), x.dtype), isinstance(value, Expr)
        asked_of_numpy(one.__setitem__, (), np.empty((1,) * new.ndim, value.dtype) if given else value)
        new = new if given else as_expr(one)  # a truth value, all else isn't made of sequences
    elif isinstance(value, list | tuple) and new.ndim > len(shape):
        raise InputError(f"setting an array element with a sequence: a list {new.ndim} deep for {len(shape)} axes")
    new = _fit(new, shape)
    return x if 0 in shape else _assign(x, parsed, new)


def _is_one_element(index: Any) -> bool:
    """Whether an index is of whole numbers alone: what it picks is no array, but an element."""
    items = index if isinstance(index, tuple) else (index,)
    return all(isinstance(i, int | np.integer | np.ndarray) and np.asarray(i).dtype.kind in "iu" for i in items)


def _check_listed(new: Expr, count: int) -> None:
    """What is assigned by a mask of the array's own shape: one value, or as many as it picks."""
    if new.ndim > 1:
        raise DTypeError(
            "NumPy boolean array indexing assignment requires a 0 or 1-dimensional input, input has "
            f"{new.ndim} dimensions"
        )
    if new.ndim and new.sizes[0] not in (1, count):
        raise InputError(
            f"NumPy boolean array indexing assignment cannot assign {new.sizes[0]} input values to the {count} output "
            "values where the mask is true"
        )


def _picked_shape(parsed: ParsedIndex) -> tuple[int, ...]:
    kept = [m.size for k, m in enumerate(parsed.placement.axes) if k not in parsed.axes]
    return (*kept[: parsed.at], *(parsed.points or ()), *kept[parsed.at :])


def _fit(new: Expr, shape: tuple[int, ...]) -> Expr:
    """Leading axes of length 1 may be too many; all else has to be spread to the shape picked."""
    given = new.sizes
    while new.ndim > len(shape) and new.sizes[0] == 1:
        new = View(new, Placement(tuple(AxisMap(k, 0, 1, n) for k, n in enumerate(new.sizes) if k), ((0, 0),)))
    fits = new.ndim <= len(shape) and all(
        n in (1, m) for n, m in zip(reversed(new.sizes), reversed(shape), strict=False)
    )
    if not fits:
        raise BroadcastError(f"could not broadcast input array from shape {given} into shape {shape}")
    return new


def _assign(x: Expr, parsed: ParsedIndex, new: Expr) -> Expr:
    """The node: the value's axes in the order of the array's, its points along one axis in front."""
    points = parsed.points or ()
    shape, count = _picked_shape(parsed), len(points)
    full = View(new, _spread(new, shape))
    maps = parsed.placement.axes
    kept_maps = [m for k, m in enumerate(maps) if k not in parsed.axes]
    kept_axes = [*range(parsed.at), *range(parsed.at + count, len(shape))]  # of the value, for each of kept_maps
    axes = tuple(maps[k].axis for k in parsed.axes)
    parts = {axis: (position, 1, 1) for axis, position in parsed.placement.fixed}
    source: dict[int, AxisMap] = {axis: AxisMap(-1, 0, 0, 1) for axis in parts}
    dropped = []
    for k, m in zip(kept_axes, kept_maps, strict=True):
        if m.axis < 0:
            dropped.append((k, 0))
        elif m.step < 0:
            parts[m.axis] = (m.start + m.step * (m.size - 1), -m.step, m.size)
            source[m.axis] = AxisMap(k, m.size - 1, -1, m.size)
        else:
            parts[m.axis] = (m.start, m.step, m.size)
            source[m.axis] = AxisMap(k, 0, 1, m.size)
    others = [source[k] for k in sorted(source)]
    held = tuple(np.broadcast_to(np.asarray(p), points).reshape(-1) for p in parsed.positions)
    keep = _last_of_each(held, [x.sizes[k] for k in axes]) if held else None
    many = 1 if not held else len(held[0]) if keep is None else len(keep)
    if all(m.repeats or m.size == 1 for m in full.placement.axes[parsed.at : parsed.at + count]):
        # the same for all points: one of them stands for all
        dropped += [(parsed.at + j, 0) for j in range(count)]
        moved: Expr = View(full, Placement((AxisMap(-1, 0, 0, many), *others), tuple(dropped)))
    else:
        of_points = [AxisMap(parsed.at + j, 0, 1, n) for j, n in enumerate(points)]
        moved = View(full, Placement((*of_points, *others), tuple(dropped)))
        moved = moved if count == 1 else reshape(moved, (math.prod(points), *moved.sizes[count:]))
        moved = moved if keep is None else Take(moved, (0,), 0, at_positions((keep,)))
    held = held if keep is None else tuple(h[keep] for h in held)
    return Assign(x, moved, axes, at_positions(held), tuple(parts[k] for k in sorted(parts)))


def _spread(new: Expr, shape: tuple[int, ...]) -> Placement:
    skip = len(shape) - new.ndim
    return Placement(
        tuple(
            AxisMap(-1, 0, 0, n) if k < skip else AxisMap(k - skip, 0, 1 if new.sizes[k - skip] == n else 0, n)
            for k, n in enumerate(shape)
        )
    )


def _last_of_each(held: tuple[Int64, ...], sizes: list[int]) -> Int64 | None:
    """Of points given several times the last counts: which those are; None if none is."""
    place = np.ravel_multi_index(held, sizes)
    _, first = np.unique(place[::-1], return_index=True)
    return None if len(first) == len(place) else np.sort(len(place) - 1 - first)


def assign_by_mask(x: Expr, mask: Expr, new: Expr) -> Expr:
    """``x[mask] = new``, the same for all points that the mask picks.

    Raises UnknownSize where they are to get different values; see `one_after_the_other`.
    """
    check_mask(x, mask)
    rest = x.sizes[mask.ndim :]
    if new.ndim > len(rest) and new.sizes[0] != 1:
        raise UnknownSize("how many points there are has to be known")
    spread = expand_dims(mask, tuple(range(mask.ndim, x.ndim)))
    return _instead(spread, _fit(new, rest), x)


def one_after_the_other(x: Expr, mask: Expr, value: Any, count: int) -> Expr:
    """``x[mask] = value`` for a mask that picks `count` points: the n-th, in C order, gets the n-th value."""
    x = _with_gaps(x, value)
    new, rest = as_value(value, x), x.sizes[mask.ndim :]
    if mask.ndim == x.ndim:
        _check_listed(new, count)
    new = broadcast_to(_fit(new, (count, *rest)), (count, *rest))
    if not count:
        return x
    number = ufunc(np.subtract, scan(np.add, reshape(mask, -1), 0, np.int64), 1)
    number = reshape(ufunc(np.maximum, number, 0), mask.sizes)
    spread = expand_dims(mask, tuple(range(mask.ndim, x.ndim)))
    return _instead(spread, TakeLater(new, (0,), 0, (number,)), x)


def _instead(chosen: Expr, new: Expr, x: Expr) -> Expr:
    """`x` with other values, and their masks, where they are chosen."""
    if not x.masked:
        return cast_to(where(chosen, new, x), x.dtype)
    made, kept = cast_to(masking.where(chosen, new, x), x.dtype), fill_value_of(x)
    return made if kept is None else with_fill_value(made, kept)
