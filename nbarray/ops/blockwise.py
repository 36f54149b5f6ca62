"""Functions of blocks that are told apart by names of their axes.

Every array is looked at in one common grid: first the axes of the result, then those that only arguments have.  So
all of it is `MapBlocks`, and the function gets its blocks with the axes that they have by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.errors import ChunkError, InputError, NotBlocked, ShapeError
from nbarray.expr.blocks import MapBlocks, UserFunction
from nbarray.expr.node import Expr
from nbarray.expr.structure import View
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.grid.regions import AxisMap, Placement
from nbarray.kernels.elementwise import ById
from nbarray.ops.operands import as_expr

__all__ = ["Index", "blockwise", "common_chunks", "pairs_of"]

Index = tuple[Hashable, ...]
Block = np.ndarray[Any, Any]


def pairs_of(args: Sequence[Any]) -> list[tuple[Any, Index | None]]:
    """(value, names of its axes or None) of arguments that come in turns; arrays with names are made expressions."""
    if len(args) % 2:
        raise InputError("blockwise: expected arrays and the names of their axes in turns, such as x, 'ij', y, None")
    made: list[tuple[Any, Index | None]] = []
    for value, names in zip(args[::2], args[1::2], strict=True):
        if names is None:
            made.append((value, None))
            continue
        array, index = as_expr(value), tuple(names)
        if array.ndim != len(index):
            raise InputError(f"blockwise: {names!r} names {len(index)} axes of an array of {array.ndim}")
        if len(set(index)) < len(index):
            raise NotBlocked(f"blockwise: {names!r} names an axis twice; take the diagonal first")
        made.append((array, index))
    return made


def common_chunks(pairs: Sequence[tuple[Any, Index | None]], align: bool = True) -> dict[Hashable, AxisChunks]:
    """The chunks of each named axis: the coarsest that fit all arrays, or by position if they aren't to be aligned.

    Raises ShapeError for sizes that differ and are not 1, ChunkError for numbers of blocks that differ.
    """
    found: dict[Hashable, list[AxisChunks]] = {}
    for array, index in pairs:
        for name, axis in zip(index or (), array.chunks.axes if index else (), strict=True):
            found.setdefault(name, []).append(axis)
    made: dict[Hashable, AxisChunks] = {}
    for name, axes in found.items():
        several = [a for a in axes if a.size != 1] or axes[:1]
        if align and len({a.size for a in several}) > 1:
            sizes = sorted({a.size for a in several})
            raise ShapeError(f"axis {name!r} with different lengths in arrays: {sizes}; they must be equal or 1")
        if align:
            common = several[0]
            for other in several[1:]:
                common = common.refine(other)
        else:
            cut = [a for a in axes if a.count > 1] or several
            if len({a.count for a in cut}) > 1:
                raise ChunkError(f"axis {name!r} has {sorted({a.count for a in cut})} blocks in different arrays")
            common = cut[0]
        made[name] = common
    return made


def blockwise(
    function: Callable[..., Any],
    out: Index,
    pairs: Sequence[tuple[Any, Index | None]],
    dtype: Any,
    *,
    adjust_chunks: dict[Hashable, Any] | None = None,
    new_axes: dict[Hashable, Any] | None = None,
    align: bool = True,
    concatenate: bool = False,
    keywords: dict[str, Any] | None = None,
    masked: bool | None = None,
) -> Expr:
    """A function of the blocks that belong together by the names of their axes.

    out : names of the result's axes
    pairs : as `pairs_of` makes them
    adjust_chunks : for names of axes, what becomes of sizes of blocks: a size, sizes, or a function
    new_axes : sizes of axes that no argument has
    align : blocks go together by the elements they hold, else by their numbers
    concatenate : along axes that the result lacks the function is given all in one, else lists of blocks
    """
    new = {} if new_axes is None else dict(new_axes)
    given = dict(keywords or {})
    whole = {k: v for k, v in given.items() if isinstance(v, Expr)}
    every = [*pairs, *((v, tuple((k, j) for j in range(v.ndim))) for k, v in whole.items())]
    common = common_chunks(every, align)
    unknown = [name for name in out if name not in common and name not in new]
    if unknown or len(set(out)) < len(out):
        raise InputError(f"blockwise: {out!r} names axes twice or that no array has; give their sizes in new_axes=")
    grid = [*(n for n in out if n in common and n not in new), *(n for n in common if n not in out)]
    arguments = [_in_grid(a, i, grid, common, align) for a, i in every if i is not None]
    chunks = Chunks(tuple(_result_axis(n, common, new, adjust_chunks or {}) for n in out))
    missing = any(a.masked for a, i in pairs if i is not None) if masked is None else masked
    named = {n for _, index in pairs for n in index or ()}
    lists = {n: common[n].count for n in grid if n in named and n not in out and not concatenate}
    cut = iter(arguments)
    slots = [v if i is None else _slot(i, grid, lists, next(cut)[1]) for v, i in every]
    called = _called(function, slots, len(pairs), list(whole), {k: v for k, v in given.items() if k not in whole})
    held = ById(UserFunction(called, {}, False, False, missing))
    places = tuple(grid.index(n) if n in grid else -1 for n in out)
    return MapBlocks(
        held, tuple(v for v, _ in arguments), tuple(c for _, c in arguments), chunks, places, np.dtype(dtype)
    )


def _in_grid(
    array: Expr, index: Index, grid: list[Hashable], common: dict[Hashable, AxisChunks], align: bool
) -> tuple[Expr, Chunks]:
    """An argument with the axes of the grid, and how it is cut for the blocks of the grid."""
    maps, axes = [], []
    for name in grid:
        if name not in index:
            maps.append(AxisMap(-1, 0, 0, 1))
            axes.append(regular(1, 1))
            continue
        k = index.index(name)
        maps.append(AxisMap(k, 0, 1, array.sizes[k]))
        own, together = array.chunks.axes[k], common[name]
        if align:
            axes.append(together if own.size == together.size else regular(1, 1))
        else:
            axes.append(own)
    placement = Placement(tuple(maps))
    view = array if placement.is_identity(array.sizes) else View(array, placement)
    return view, Chunks(tuple(axes))


def _result_axis(
    name: Hashable, common: dict[Hashable, AxisChunks], new: dict[Hashable, Any], adjust: dict[Hashable, Any]
) -> AxisChunks:
    if name in new:
        size = new[name]
        return AxisChunks.of(size) if isinstance(size, tuple | list) else regular(int(size), int(size))
    axis = common[name]
    if name not in adjust:
        return axis
    how = adjust[name]
    if callable(how):
        sizes = tuple(how(n) for n in axis.sizes)
    else:
        sizes = tuple(how) if isinstance(how, tuple | list) else (how,) * axis.count
    if len(sizes) != axis.count:
        raise ChunkError(f"adjust_chunks for axis {name!r} are {sizes}, but there are {axis.count} blocks along it")
    return AxisChunks.of(int(n) for n in sizes)


@dataclass(frozen=True)
class _Slot:
    """How a block in the grid becomes what the function is given.

    extra : axes of the grid that the argument hasn't got
    order : of the others, for each axis of the argument
    cuts : for each of these, None for one block, or where the blocks of a list of them begin and end
    """

    extra: tuple[int, ...]
    order: tuple[int, ...]
    cuts: tuple[tuple[tuple[int, int], ...] | None, ...]

    def of(self, block: Block) -> Any:
        return self._listed(block.squeeze(self.extra).transpose(self.order), 0)

    def _listed(self, block: Block, axis: int) -> Any:
        while axis < block.ndim and self.cuts[axis] is None:
            axis += 1
        if axis == block.ndim:
            return block
        before = (slice(None),) * axis
        return [self._listed(block[(*before, slice(a, b))], axis + 1) for a, b in self.cuts[axis] or ()]


def _slot(index: Index, grid: list[Hashable], lists: dict[Hashable, int], chunks: Chunks) -> _Slot:
    """For an argument with these axes, cut so in the grid; along `lists` it gets so many blocks."""
    at = [grid.index(name) for name in index]
    cuts: list[tuple[tuple[int, int], ...] | None] = []
    for name, k in zip(index, at, strict=True):
        axis = chunks.axes[k]
        spans = tuple(axis.span(number) for number in range(axis.count))
        cuts.append((spans * lists[name] if axis.count == 1 else spans) if name in lists else None)
    kept = sorted(at)
    return _Slot(tuple(k for k in range(len(grid)) if k not in at), tuple(kept.index(k) for k in at), tuple(cuts))


def _called(
    function: Callable[..., Any], slots: list[Any], positional: int, names: list[str], keywords: dict[str, Any]
) -> Callable[..., Any]:
    """The function on blocks in the grid."""

    def called(*blocks: Block) -> Any:
        rest = iter(blocks)
        values = [s.of(next(rest)) if isinstance(s, _Slot) else s for s in slots]
        return function(*values[:positional], **dict(zip(names, values[positional:], strict=True)), **keywords)

    called.__name__ = getattr(function, "__name__", type(function).__name__)
    return called
