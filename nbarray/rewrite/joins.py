"""Concatenated parts: treated as one where they are alike, apart where they are not."""

from __future__ import annotations

from itertools import accumulate, pairwise

from nbarray.expr.elementwise import Elementwise
from nbarray.expr.leaves import Filled, SourceArray
from nbarray.expr.node import Expr
from nbarray.expr.patchwork import patches_of
from nbarray.expr.reduce import Reduce
from nbarray.expr.structure import Concatenate, View
from nbarray.grid.regions import AxisMap, Placement, identity
from nbarray.grid.splitting import split_placement
from nbarray.io.joined import JoinedReader
from nbarray.kernels.elementwise import ById
from nbarray.rewrite.driver import on

__all__ = [
    "concatenate_alike",
    "concatenate_filled",
    "concatenate_sources",
    "elementwise_through_concatenate",
    "flatten_concatenate",
    "pieces_at",
    "reduce_through_concatenate",
]


@on(Concatenate)
def flatten_concatenate(expr: Expr) -> Expr | None:
    """Concatenations inside concatenations along the same axis are one; a single part is itself.

    concatenate([concatenate([a, b]), c])   ->   concatenate([a, b, c])
    """
    match expr:
        case Concatenate((part,), _):
            return part
        case Concatenate(parts, axis) if any(isinstance(p, Concatenate) and p.axis == axis for p in parts):
            flat: list[Expr] = []
            for p in parts:
                flat.extend(p.parts if isinstance(p, Concatenate) and p.axis == axis else (p,))
            return Concatenate(tuple(flat), axis)
        case Concatenate(parts, axis) if any(p.sizes[axis] == 0 for p in parts) and expr.sizes[axis]:
            return Concatenate(tuple(p for p in parts if p.sizes[axis]), axis)
    return None


@on(Concatenate)
def concatenate_alike(expr: Expr) -> Expr | None:
    """The same operation on all parts is done once, on the concatenation.

    concatenate([f(a, 2), f(b, 2)])   ->   f(concatenate([a, b]), 2)
    """
    match expr:
        case Concatenate((Elementwise(op, args, dtype) as first, *rest), axis) if rest:
            which = _varying_argument(first, rest)
            if which is None:
                return None
            arg = args[which]
            if arg.shape != first.shape or arg.ndim == 0:
                return None
            inner = [p.args[which] for p in (first, *rest)]  # type: ignore[attr-defined]
            if any(a.shape != p.shape or a.dtype != arg.dtype for a, p in zip(inner, (first, *rest), strict=True)):
                return None
            others = [a for k, a in enumerate(args) if k != which]
            if any(a.ndim > first.ndim - 1 - axis and a.ndim for a in others):
                return None
            joined = Concatenate(tuple(inner), axis)
            return Elementwise(op, tuple(joined if k == which else a for k, a in enumerate(args)), dtype)
        case Concatenate((View() as first, *rest), axis) if rest:
            return _concatenate_views(first, [*rest], axis)
    return None


def _varying_argument(first: Elementwise, rest: list[Expr]) -> int | None:
    """The one argument that differs between parts that do the same thing, or None."""
    which = None
    for other in rest:
        if not isinstance(other, Elementwise) or other.op != first.op or other.dtype != first.dtype:
            return None
        if len(other.args) != len(first.args):
            return None
        for k, (a, b) in enumerate(zip(first.args, other.args, strict=True)):
            if a is not b:
                if which not in (None, k):
                    return None
                which = k
    return which


def _concatenate_views(first: View, rest: list[Expr], axis: int) -> Expr | None:
    """Views that keep the joined axis whole and agree on everything else."""
    source = first.placement.axes[axis].axis
    if source < 0 or first.placement.axes[axis].repeats:
        return None
    bases: list[Expr] = []
    total = 0
    for view in (first, *rest):
        if not isinstance(view, View) or view.placement.fixed != first.placement.fixed:
            return None
        if view.base.ndim != first.base.ndim or view.base.dtype != first.base.dtype:
            return None
        if view.placement.axes[axis] != AxisMap(source, 0, 1, view.base.sizes[source]):
            return None
        if any(
            a != b for k, (a, b) in enumerate(zip(view.placement.axes, first.placement.axes, strict=True)) if k != axis
        ):
            return None
        same = all(
            a == b for k, (a, b) in enumerate(zip(view.base.sizes, first.base.sizes, strict=True)) if k != source
        )
        if not same:
            return None
        bases.append(view.base)
        total += view.base.sizes[source]
    axes = list(first.placement.axes)
    axes[axis] = AxisMap(source, 0, 1, total)
    whole = Concatenate(tuple(bases), source)
    joined: Expr | None = whole
    inner, _ = split_placement(first.placement, first.base.sizes)
    if not inner.is_identity(first.base.sizes):
        # a slice that came out of the parts here would sink back into them, unless they become one source
        joined = concatenate_sources(whole)
    return None if joined is None else View(joined, Placement(tuple(axes), first.placement.fixed))


@on(Concatenate)
def concatenate_filled(expr: Expr) -> Expr | None:
    """Parts that are the same constant are one constant array.

    concatenate([ones(2), ones(3)])   ->   ones(5)
    """
    match expr:
        case Concatenate((Filled() as first, *rest)) if all(
            isinstance(p, Filled) and p.value == first.value for p in rest
        ):
            return Filled(first.value, expr.chunks)
    return None


@on(Concatenate)
def concatenate_sources(expr: Expr) -> Expr | None:
    """Sources end to end are one source, which reads from the right ones.

    concatenate([file_1, file_2, ...])   ->   files
    """
    match expr:
        case Concatenate(parts, axis) as whole if all(
            isinstance(p, SourceArray) and not p.masked and p.reader.array is None for p in parts
        ):
            readers = tuple(p.reader for p in parts)  # type: ignore[attr-defined]
            return SourceArray(ById(JoinedReader.of(readers, axis)), whole.chunks)
    return None


@on(Elementwise)
def elementwise_through_concatenate(expr: Expr) -> Expr | None:
    """Parts that differ are computed apart.

    concatenate([a * 2, b + 1]) - c   ->   concatenate([a * 2 - c[:n], b + 1 - c[n:]])
    """
    match expr:
        case Elementwise(op, args, dtype):
            found = [a for a in args if isinstance(a, Concatenate) and a.ndim == expr.ndim and a.shape == expr.shape]
            # what wraps around an edge of a stored array is read with the rest of it
            found = [a for a in found if patches_of(a) is None]
            if not found:
                return None
            axis, ends = found[0].axis, _ends(found[0])
            columns = [_pieces(a, expr, axis, ends) for a in args]
            return Concatenate(tuple(Elementwise(op, row, dtype) for row in zip(*columns, strict=True)), axis)
    return None


@on(Reduce)
def reduce_through_concatenate(expr: Expr) -> Expr | None:
    """Parts side by side along an axis that stays are reduced apart.

    concatenate([a, b]).max(axis=1)   ->   concatenate([a.max(axis=1), b.max(axis=1)])
    """
    match expr:
        case Reduce(name, Concatenate(parts, axis) as joined, axes, skip, dtype, params) if axis not in axes:
            skips = [None] * len(parts) if skip is None else _pieces(skip, joined, axis, _ends(joined))
            pairs = zip(parts, skips, strict=True)
            return Concatenate(tuple(Reduce(name, part, axes, left, dtype, params) for part, left in pairs), axis)
    return None


def _ends(joined: Concatenate) -> list[int]:
    """Where the parts begin, and where the last one ends."""
    return [0, *accumulate(part.sizes[joined.axis] for part in joined.parts)]


def pieces_at(arg: Expr, joined: Concatenate) -> list[Expr] | None:
    """What of an operand, which broadcasts to a concatenation, belongs to each part; None if that would be slices."""
    return _apart(arg, joined, joined.axis, _ends(joined))


def _pieces(arg: Expr, whole: Expr, axis: int, ends: list[int]) -> list[Expr]:
    """What of an operand, which broadcasts to `whole`, belongs to each part along `axis`: slices, if need be."""
    found = _apart(arg, whole, axis, ends)
    if found is not None:
        return found
    k = axis - (whole.ndim - arg.ndim)
    pieces: list[Expr] = []
    for start, stop in pairwise(ends):
        axes = list(identity(arg.sizes).axes)
        axes[k] = AxisMap(k, start, 1, stop - start)
        pieces.append(View(arg, Placement(tuple(axes))))
    return pieces


def _apart(arg: Expr, whole: Expr, axis: int, ends: list[int]) -> list[Expr] | None:
    """The pieces of an operand that is the same for all parts, or is put together just as they are."""
    k = axis - (whole.ndim - arg.ndim)
    if k < 0 or arg.sizes[k] != whole.sizes[axis]:
        return [arg] * (len(ends) - 1)
    if isinstance(arg, Concatenate) and arg.axis == k and _ends(arg) == ends:
        return list(arg.parts)
    return None
