"""What needs neighbours of each element: groups, convolution, points on both sides, the last value before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.errors import InputError, NotBlocked
from nbarray.expr.blocks import Ghost, MapBlocks, UserFunction, held_once
from nbarray.expr.node import Expr
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.ops.elementwise import astype
from nbarray.ops.indexing import getitem
from nbarray.ops.lines import asked_of_numpy
from nbarray.ops.operands import one_axis
from nbarray.ops.padding import pad_axis
from nbarray.ops.tasks import of_blocks, whole

__all__ = ["coarsen", "convolve", "interp", "push"]

Block = np.ndarray[Any, Any]

#: What gives the same along several axes together, and along one after the other.
_AXIS_BY_AXIS = (np.max, np.min, np.all, np.any, np.sum, np.prod)


def coarsen(
    function: Callable[..., Any],
    x: Expr,
    sizes: dict[int, int],
    trim: bool,
    dtype: Any,
    keywords: dict[str, Any],
    masked: bool,
) -> Expr:
    """A reduction of groups of so many neighbours along each axis; blocks are cut where groups begin."""
    for k, n in sizes.items():
        if n < 1 or (x.sizes[k] % n and not trim):
            raise InputError(f"Coarsening factors {sizes} do not align with the shape {x.shape}; or trim_excess=True")
    x = getitem(x, tuple(slice(0, n - n % sizes.get(k, 1)) for k, n in enumerate(x.sizes)))
    cut, made = [], []
    for k, axis in enumerate(x.chunks.axes):
        n = sizes.get(k, 1)
        ends = np.unique(np.append(axis.offsets[:-1] // n, axis.size // n))
        cut.append(AxisChunks.from_offsets(ends * n))
        made.append(AxisChunks.from_offsets(ends))
    members = tuple(k + sum(j < k for j in sizes) + 1 for k in sorted(sizes))

    def groups(block: Block) -> Any:
        shape = [m for k, n in enumerate(block.shape) for m in ((n // sizes[k], sizes[k]) if k in sizes else (n,))]
        block = block.reshape(shape)
        if function not in _AXIS_BY_AXIS or keywords:
            return function(block, axis=members, **keywords)
        for done, k in enumerate(members):  # the first leaves little for the others, along which loops are short
            block = function(block, axis=k - done)
        return block

    groups.__name__ = f"coarsen by {getattr(function, '__name__', 'function')}"
    return of_blocks(
        groups, [(x, Chunks(tuple(cut)))], Chunks(tuple(made)), range(x.ndim), dtype, masked=masked or x.masked
    )


def convolve(x: Expr, short: Expr, mode: str) -> Expr:
    """The convolution with a shorter array: a block and as much around it as the shorter one reaches."""
    if x.masked or short.masked:
        raise NotBlocked("convolution of masked arrays has no blocked form; fill them first")
    kind = asked_of_numpy(np.convolve, np.zeros(1, x.dtype), np.zeros(1, short.dtype)).dtype
    n, m = x.sizes[0], short.sizes[0]
    before = {"full": m - 1, "same": m - 1 - (m - 1) // 2, "valid": 0}[mode]
    size = {"full": n + m - 1, "same": n, "valid": n - m + 1}[mode]
    padded = pad_axis(x, 0, before, size + m - 1 - n - before, "constant")
    axis = regular(size, max(1, x.chunks.axes[0].largest))

    def block_of(block: Block, other: Block, block_id: tuple[int, ...]) -> Block:
        start = int(axis.offsets[block_id[0]]) - before  # in x
        kept = block[max(0, -start) : n - start]
        if len(kept) == len(block):
            made = np.convolve(block, other, "valid")
        else:  # what was padded is not to be multiplied: 0 times infinity is no number
            first = m - 1 - max(0, -start)
            made = np.convolve(kept, other)[first : first + len(block) - m + 1]
        return made.astype(kind, copy=False)

    block_of.__name__ = "convolve"
    held = held_once(UserFunction(block_of, {}, True, False, False))
    chunks = Chunks((axis,))
    ghosts = ((Ghost(0, m - 1, 0),), (Ghost(0, 0, 0),))
    return MapBlocks(held, (padded, short), (chunks, whole((m,))), chunks, (0,), kind, ghosts)


def interp(x: Expr, places: Expr, values: Expr, options: dict[str, Any]) -> Expr:
    """Values between points, which every task reads whole."""
    if any(e.masked for e in (x, places, values)):
        raise NotBlocked("interp of masked arrays has no blocked form; fill them first")
    if places.ndim != 1 or values.ndim != 1 or places.sizes != values.sizes:
        raise InputError("fp and xp are not of the same length")
    if not places.sizes[0]:
        raise InputError("array of sample points is empty")
    kind = asked_of_numpy(
        np.interp, np.zeros(1, x.dtype), np.arange(2).astype(places.dtype), np.zeros(2, values.dtype), **options
    ).dtype

    def between(block: Block, xp: Block, fp: Block) -> Any:
        return np.interp(block, xp, fp, **options)

    between.__name__ = "interp"
    operands = [(x, x.chunks), (places, whole(places.sizes)), (values, whole(values.sizes))]
    return of_blocks(between, operands, x.chunks, range(x.ndim), kind)


def push(x: Expr, most: int | None, axis: Any) -> Expr:
    """The last value before each NaN: within blocks, and across them from the last value that each block has."""
    k = one_axis(axis, x.ndim)
    if x.masked:
        raise NotBlocked("push of masked arrays has no blocked form; fill them with NaN first")
    if most is not None and most < 0:
        raise InputError(f"push: n={most} is negative")
    if x.dtype.kind not in "fc" or not x.sizes[k]:
        return x if x.dtype.kind in "fc" else astype(x, np.float64)
    cell = np.dtype([("value", x.dtype), ("place", np.intp)])
    offsets = x.chunks.axes[k].offsets
    count = x.chunks.axes[k].count
    one_each, together = (
        Chunks(tuple(regular(count, n) if j == k else a for j, a in enumerate(x.chunks.axes))) for n in (1, count)
    )

    def last_place(block: Block) -> Block:
        line = np.arange(block.shape[k]).reshape([-1 if j == k else 1 for j in range(block.ndim)])
        return np.maximum.accumulate(np.where(np.isnan(block), -1, line), axis=k)

    def last(block: Block, block_id: tuple[int, ...]) -> Block:
        place = np.take(last_place(block), [-1], axis=k)
        made = np.empty(place.shape, cell)
        made["value"] = np.take_along_axis(block, np.maximum(place, 0), axis=k)
        made["place"] = np.where(place < 0, -1, place + offsets[block_id[k]])
        return made

    def before(cells: Block) -> Block:
        line = np.arange(count).reshape([-1 if j == k else 1 for j in range(cells.ndim)])
        found = np.maximum.accumulate(np.where(cells["place"] < 0, 0, line), axis=k)
        return np.roll(np.take_along_axis(cells, found, axis=k), 1, axis=k)

    def fill(block: Block, carried: Block, block_id: tuple[int, ...]) -> Block:
        place = last_place(block)
        line = np.arange(block.shape[k]).reshape([-1 if j == k else 1 for j in range(block.ndim)])
        made = np.take_along_axis(block, np.maximum(place, 0), axis=k)
        far = line - place
        if block_id[k]:
            outside = place < 0
            made = np.where(outside, carried["value"], made)
            far = np.where(outside, line + offsets[block_id[k]] - carried["place"], far)
            place = np.where(outside, carried["place"], place)
        kept = place >= 0 if most is None else (place >= 0) & (far <= most)
        return np.where(kept, made, block)

    ends = of_blocks(last, [(x, x.chunks)], one_each, range(x.ndim), cell, block_id=True)
    carried = of_blocks(before, [(ends, together)], together, range(x.ndim), cell)
    return of_blocks(fill, [(x, x.chunks), (carried, one_each)], x.chunks, range(x.ndim), x.dtype, block_id=True)
