"""Indexing: what stands between brackets becomes a view, and perhaps picked points or a selection."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.errors import IndexingError
from nbarray.expr.blocks import Select
from nbarray.expr.elementwise import Elementwise
from nbarray.expr.node import Expr
from nbarray.expr.picking import Take, TakeLater, at_positions
from nbarray.expr.structure import View
from nbarray.grid.chunks import Int64
from nbarray.grid.indexing import Later, ParsedIndex, in_bounds, parse_index
from nbarray.grid.regions import AxisMap, Placement, identity
from nbarray.kernels.elementwise import Op
from nbarray.ops.elementwise import ufunc
from nbarray.ops.fields import fields, names_fields
from nbarray.ops.operands import as_expr, broadcast_to, one_axis

__all__ = ["check_mask", "getitem", "in_bounds", "outer_index", "parsed_index", "pick", "slab", "take", "viewed"]


def getitem(x: Expr, index: Any) -> Expr:
    """``x[index]``, whatever NumPy takes; positions may be expressions, and a mask that stands alone too.

    Raises IndexingError as NumPy raises IndexError.
    """
    alone = index[0] if isinstance(index, tuple) and len(index) == 1 else index
    if names_fields(x, alone):
        return fields(x, alone)
    if isinstance(alone, np.ndarray) and alone.dtype.kind == "b" and alone.ndim > 1 and alone.shape == x.shape:
        alone = as_expr(alone)
    if isinstance(alone, Expr) and alone.dtype.kind == "b" and 0 in alone.sizes:
        index = np.zeros(alone.sizes, bool)  # it need not fit, and nothing has to be waited for
    elif isinstance(alone, Expr) and alone.dtype.kind == "b":
        check_mask(x, alone)
        # numpy.ma looks at what masked booleans hide, too
        return Select(x, Elementwise(Op("ma.data"), (alone,), alone.dtype) if alone.masked else alone)
    parsed = parsed_index(index, x)
    return pick(viewed(x, parsed.placement), parsed)


def parsed_index(index: Any, x: Expr) -> ParsedIndex:
    """An index taken apart; positions that are expressions stay such."""
    items = index if isinstance(index, tuple) else (index,)
    return parse_index(tuple(_later(item) if isinstance(item, Expr) else item for item in items), x.sizes)


def _later(item: Expr) -> Later:
    if item.dtype.kind not in "iu":
        raise IndexingError(f"arrays used as indices must be of integer (or boolean) type, not {item.dtype}")
    return Later(item, item.sizes)


def check_mask(x: Expr, mask: Expr) -> None:
    """A mask is for the first axes of an array.  Raises IndexingError if it isn't."""
    for k, n in enumerate(mask.sizes):
        if k >= x.ndim:
            raise IndexingError(f"too many indices for array: it has {x.ndim} axes, but the mask has {mask.ndim}")
        if n != x.sizes[k]:
            raise IndexingError(
                f"boolean index did not match indexed array along axis {k}: the array has shape {x.shape}, the mask "
                f"{mask.shape}; give a mask of the array's own shape, or of its first axes"
            )


def viewed(x: Expr, placement: Placement) -> Expr:
    """The view, or `x` itself if it is all of it."""
    return x if placement.is_identity(x.sizes) else View(x, placement)


def slab(x: Expr, axis: int, part: slice) -> Expr:
    """A slice of one axis, and all of the others; most of padding and shifting is made of these."""
    sizes = x.sizes
    start, stop, step = part.indices(sizes[axis])
    size = len(range(start, stop, step))
    if (start, step, size) == (0, 1, sizes[axis]):
        return x
    maps = identity(sizes).axes
    return View(x, Placement((*maps[:axis], AxisMap(axis, start, step, size), *maps[axis + 1 :])))


def pick(view: Expr, parsed: ParsedIndex) -> Expr:
    """The points that an index picks of its view."""
    if parsed.points is None:
        return view
    if not parsed.axes:  # masks without axes: everything once, or never
        maps = [AxisMap(k, 0, 1, n) for k, n in enumerate(view.sizes)]
        maps[parsed.at : parsed.at] = [AxisMap(-1, 0, 0, n) for n in parsed.points]
        return View(view, Placement(tuple(maps)))
    if any(isinstance(p, Later) for p in parsed.positions):
        indices = [as_expr(p.value if isinstance(p, Later) else p) for p in parsed.positions]
        for k in parsed.axes:
            if not view.sizes[k] and 0 not in parsed.points:
                raise IndexingError(
                    f"an index is out of bounds for an axis of size 0: the array has shape {view.shape}"
                )
        spread = tuple(broadcast_to(i, parsed.points) for i in indices)
        return TakeLater(view, parsed.axes, parsed.at, spread)
    if 0 in parsed.points:
        return _nothing(view, parsed)
    positions: list[Int64] = [np.asarray(p) for p in parsed.positions]
    own = _own_axes(positions, parsed.points)
    if own is not None:
        return _pick_axis_by_axis(view, parsed, positions, own)
    whole = tuple(np.broadcast_to(p, parsed.points) for p in positions)
    return Take(view, parsed.axes, parsed.at, at_positions(whole))


def _nothing(view: Expr, parsed: ParsedIndex) -> Expr:
    """No point of a view, which may have none."""
    kept = [n for k, n in enumerate(view.sizes) if k not in parsed.axes]
    shape = (*kept[: parsed.at], *(parsed.points or ()), *kept[parsed.at :])
    return _of_shape(shape, view)


def _of_shape(shape: tuple[int, ...], like: Expr) -> Expr:
    """No elements, of another array's dtype."""
    empty = np.empty(shape, like.dtype)
    return as_expr(np.ma.MaskedArray(empty, np.zeros(shape, bool)) if like.masked else empty)


def _own_axes(positions: list[Int64], points: tuple[int, ...]) -> list[int | None] | None:
    """For arrays that each vary along one axis of the points, their own: which. None if there are others."""
    own: list[int | None] = []
    for p in positions:
        skip = len(points) - p.ndim
        varies = [k + skip for k, n in enumerate(p.shape) if n != 1]
        if len(varies) > 1 or (varies and varies[0] in own):
            return None
        own.append(varies[0] if varies else None)
    return own


def _pick_axis_by_axis(view: Expr, parsed: ParsedIndex, positions: list[Int64], own: list[int | None]) -> Expr:
    """Positions that form a grid are picked along one axis after another."""
    assert parsed.points is not None
    fixed = []
    made = view
    owner: dict[int, int] = {}
    for axis, p, k in zip(parsed.axes, positions, own, strict=True):
        if k is None:
            fixed.append((axis, int(p.reshape(-1)[0])))
        else:
            made = Take(made, (axis,), axis, at_positions((p.reshape(-1),)))
            owner[k] = axis
    kept = [AxisMap(k, 0, 1, made.sizes[k]) for k in range(view.ndim) if k not in parsed.axes]
    points = [AxisMap(owner[k], 0, 1, n) if k in owner else AxisMap(-1, 0, 0, n) for k, n in enumerate(parsed.points)]
    maps = (*kept[: parsed.at], *points, *kept[parsed.at :])
    return viewed(made, Placement(maps, tuple(fixed)))


def outer_index(index: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """An item for each axis: Ellipsis and what is missing are filled in."""
    items = list(index) if isinstance(index, tuple) else [index]
    dots = [k for k, item in enumerate(items) if item is Ellipsis]
    used = len(items) - len(dots) - sum(item is None for item in items)
    if used > len(shape):
        raise IndexingError(f"too many indices for array: array is {len(shape)}-dimensional, but {used} were indexed")
    at = dots[0] if dots else len(items)
    items[at : at + len(dots[:1])] = [slice(None)] * (len(shape) - used)
    return tuple(items)


def take(x: Expr, indices: Any, axis: int, mode: str = "raise") -> Expr:
    """Positions along one axis; their axes take its place.  mode : "raise", "wrap" or "clip" what is out of bounds."""
    k = one_axis(axis, x.ndim)
    size = x.sizes[k]
    given = indices if isinstance(indices, Expr) else np.asarray(indices)
    shape = (*x.sizes[:k], *np.shape(given), *x.sizes[k + 1 :])
    if given.dtype.kind in "iu" and 0 in shape and (mode != "raise" or 0 in x.sizes[:k]):
        return _of_shape(shape, x)  # as NumPy, which then looks at no position
    if not isinstance(given, Expr):
        given = given.astype(np.int64) if given.size == 0 and not isinstance(indices, np.ndarray) else given
        if mode == "raise" or not size:
            given = in_bounds(given, k, size) if given.dtype.kind in "iu" else given
        elif mode == "wrap":
            given = given % size
        else:
            given = np.clip(given, 0, size - 1)
        return getitem(x, (*(slice(None),) * k, given))
    if mode != "raise" and size:
        indices = (
            ufunc(np.remainder, indices, size)
            if mode == "wrap"
            else ufunc(np.minimum, ufunc(np.maximum, indices, 0), size - 1)
        )
    return getitem(x, (*(slice(None),) * k, indices))
