"""Views sink: slices, steps and transposes move towards the source, so that less is read and computed."""

from __future__ import annotations

from collections.abc import Sequence

from nbarray.expr.elementwise import Elementwise
from nbarray.expr.leaves import Filled
from nbarray.expr.node import Expr
from nbarray.expr.reduce import Reduce
from nbarray.expr.structure import Concatenate, View, view_chunks
from nbarray.grid.regions import AxisMap, Placement, compose, identity
from nbarray.grid.splitting import operand_placement, split_placement
from nbarray.rewrite.driver import on

__all__ = [
    "is_stored_so",
    "merge_views",
    "reduce_as_stored",
    "view_into_filled",
    "view_through_concatenate",
    "view_through_elementwise",
    "view_through_reduce",
]


def _view(base: Expr, placement: Placement) -> Expr:
    return base if placement.is_identity(base.sizes) else View(base, placement)


@on(View)
def merge_views(expr: Expr) -> Expr | None:
    """A view of a view is one view; the view of everything is the thing itself.

    x[::2][3:]   ->   x[6::2]
    x.T.T        ->   x
    """
    match expr:
        case View(View(base, inner), outer):
            return _view(base, compose(outer, inner))
        case View(base, placement) if placement.is_identity(base.sizes):
            return base
    return None


@on(View)
def view_into_filled(expr: Expr) -> Expr | None:
    """Part of a constant array is a smaller one.

    zeros(9)[2:5]   ->   zeros(3)
    """
    match expr:
        case View(Filled(value, chunks), placement):
            return Filled(value, view_chunks(chunks, placement))
    return None


@on(View)
def view_through_elementwise(expr: Expr) -> Expr | None:
    """Slice operands instead of results; an operand is never spread out by it.

    (x + y)[3:]   ->   x[3:] + y[3:]
    (x + y).T     ->   x.T + y.T
    """
    match expr:
        case View(Elementwise(op, args, dtype) as base, placement) if not any(m.repeats for m in placement.axes):
            whole = base.sizes
            new_args = tuple(a if a.ndim == 0 else _view(a, operand_placement(placement, whole, a.sizes)) for a in args)
            result = Elementwise(op, new_args, dtype)
            return _restore_shape(result, placement.shape)
    return None


def _restore_shape(expr: Expr, shape: tuple[int, ...]) -> Expr:
    """Give back axes of length 1 that no operand has."""
    if expr.shape == shape:
        return expr
    have = iter(range(expr.ndim))
    missing = len(shape) - expr.ndim
    axes = [AxisMap(-1, 0, 0, n) if k < missing else AxisMap(next(have), 0, 1, n) for k, n in enumerate(shape)]
    return View(expr, Placement(tuple(axes)))


@on(View)
def view_through_reduce(expr: Expr) -> Expr | None:
    """Slice before reducing, along the axes that stay.

    x.mean(axis=0)[3:]   ->   x[:, 3:].mean(axis=0)
    """
    match expr:
        case View(Reduce(name, base, axes, skip, dtype, params) as reduced, placement):
            inner, outer = split_placement(placement, reduced.sizes)
            if inner.is_identity(reduced.sizes):
                return None
            whole = identity(base.sizes).axes
            on_base = Placement(tuple(whole[k] if k in axes else m for k, m in enumerate(inner.axes)))
            new_skip = skip
            if skip is not None and skip.ndim:
                new_skip = _view(skip, operand_placement(on_base, base.sizes, skip.sizes))
            return _view(Reduce(name, _view(base, on_base), axes, new_skip, dtype, params), outer)
    return None


@on(Reduce)
def reduce_as_stored(expr: Expr) -> Expr | None:
    """Reduce along axes as they are stored, and move axes afterwards, when little is left.

    x.T.mean(axis=0)              ->   x.mean(axis=1)
    (x.T + y.T).max(axis=0)       ->   (x + y).max(axis=1)
    """
    match expr:
        case Reduce(name, base, axes, skip, dtype, params) if len(axes) == 1 or _in_any_order(name, base):
            orders = _orders(base) if skip is None else _orders(base) | _orders(skip)
            if len(orders) != 1:
                return None
            (order,) = orders
            if order == tuple(sorted(order)):
                return None
            stored = tuple(sorted(range(len(order)), key=order.__getitem__))
            turned = _moved(base, stored)
            new_skip = skip
            if skip is not None and skip.ndim:
                new_skip = _view(skip, operand_placement(_moving(base.sizes, stored), base.sizes, skip.sizes))
            made = Reduce(name, turned, tuple(j for j, k in enumerate(stored) if k in axes), new_skip, dtype, params)
            return _moved(made, tuple(stored.index(k) for k in range(base.ndim)))
    return None


def _in_any_order(name: str, base: Expr) -> bool:
    """Whether the order of several axes doesn't matter: it does for positions, and where objects are put together."""
    return not name.startswith("arg") and base.dtype.kind != "O"


def _moving(sizes: Sequence[int], order: Sequence[int]) -> Placement:
    """The view of which axis j is axis ``order[j]`` of its base."""
    return Placement(tuple(AxisMap(k, 0, 1, int(sizes[k])) for k in order))


def _moved(expr: Expr, order: Sequence[int]) -> Expr:
    return _view(expr, _moving(expr.sizes, order))


def is_stored_so(expr: Expr) -> bool:
    """Whether all that varies along all axes of an elementwise expression is stored in their order."""
    return all(order == tuple(sorted(order)) for order in _orders(expr))


def _orders(expr: Expr) -> set[tuple[int, ...]]:
    """The orders in which those operands of elementwise operations are stored that vary along all axes.

    An order has for each axis the number of the axis that it is stored along.
    """
    found: set[tuple[int, ...]] = set()
    seen: set[Expr] = set()
    left = [expr]
    while left:
        each = left.pop()
        if each in seen or each.ndim < expr.ndim or isinstance(each, Filled):
            continue
        seen.add(each)
        if isinstance(each, Elementwise):
            left += each.args
        elif isinstance(each, View):
            if isinstance(each.base, View | Elementwise):
                return set()  # it has not sunk yet
            if not any(m.axis < 0 or m.repeats for m in each.placement.axes):
                found.add(tuple(m.axis for m in each.placement.axes))
        elif each.sizes == expr.sizes:
            found.add(tuple(range(expr.ndim)))
    return found


@on(View)
def view_through_concatenate(expr: Expr) -> Expr | None:
    """Slice the parts; parts that are sliced away vanish.

    concatenate([a, b])[len(a):]   ->   b
    """
    match expr:
        case View(Concatenate(parts, axis) as whole, placement):
            inner, outer = split_placement(placement, whole.sizes)
            if inner.is_identity(whole.sizes):
                return None
            pieces = _slice_parts(parts, axis, inner)
            joined = pieces[0] if len(pieces) == 1 else Concatenate(tuple(pieces), axis)
            return _view(joined, outer)
    return None


def _slice_parts(parts: tuple[Expr, ...], axis: int, inner: Placement) -> list[Expr]:
    m = inner.axes[axis]
    pieces: list[Expr] = []
    start = 0
    for part in parts:
        stop = start + part.sizes[axis]
        # which elements i of the view, with start <= m.start + m.step * i < stop, lie in this part
        if m.step > 0:
            first, last = -(-(start - m.start) // m.step), -(-(stop - m.start) // m.step)
        else:
            first, last = (m.start - stop) // -m.step + 1, (m.start - start) // -m.step + 1
        first, last = max(0, first), min(m.size, last)
        if last > first:
            cut = AxisMap(axis, m.start + m.step * first - start, m.step, last - first)
            pieces.append(_view(part, Placement((*inner.axes[:axis], cut, *inner.axes[axis + 1 :]))))
        start = stop
    if not pieces:
        cut = AxisMap(axis, 0, 1, 0)
        pieces = [_view(parts[0], Placement((*inner.axes[:axis], cut, *inner.axes[axis + 1 :])))]
    return pieces if m.step > 0 else pieces[::-1]
