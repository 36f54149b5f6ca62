"""How windows and reductions over them become tasks: functions of blocks that reach into their neighbours."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbarray.errors import InputError
from nbarray.expr.blocks import Ghost, MapBlocks, UserFunction, held_once
from nbarray.expr.node import Expr
from nbarray.expr.windows import Rolling, Windows
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.kernels.windows import roll
from nbarray.rewrite.grain import Grain
from nbarray.rewrite.lower import Lowering

__all__ = ["LOWERINGS"]

#: Bytes of a block, and how many windows' lengths it has along a windowed axis if it can: neighbours are read again.
BLOCK_BYTES = 32 * 2**20
REACH = 3
Block = np.ndarray[Any, Any]


def windows(lowering: Lowering, expr: Expr) -> Expr:
    """A block of windows is a view on a block and what follows it."""
    assert isinstance(expr, Windows)
    base, axes, lengths = expr.base, expr.axes, expr.lengths
    own = Chunks(expr.chunks.axes[: base.ndim])
    grid = _grid(own, axes, lengths, expr.dtype.itemsize * math.prod(lengths), lowering.grain)
    new = tuple(regular(n, n) for n in lengths)
    ghosts = _ghosts(base.ndim, axes, [(0, n - 1) for n in lengths])

    def spread(block: Block) -> Block:
        view = np.lib.stride_tricks.sliding_window_view
        seen = view(np.ma.getdata(block), lengths, axes)
        if not isinstance(block, np.ma.MaskedArray):
            return seen
        return np.ma.MaskedArray(seen, view(np.ma.getmaskarray(block), lengths, axes))

    spread.__name__ = expr.label
    held = held_once(UserFunction(spread, {}, False, False, expr.masked))
    places = (*range(base.ndim), *(-1 for _ in lengths))
    return lowering.map_blocks(
        MapBlocks(held, (base,), (grid,), Chunks((*grid.axes, *new)), places, expr.dtype, (ghosts,))
    )


def rolling(lowering: Lowering, expr: Expr) -> Expr:
    """A block of results is made of a block of elements and as many around it as a window reaches."""
    assert isinstance(expr, Rolling)
    args = (expr.base,) if expr.skip is None else (expr.base, expr.skip)
    width = max(expr.dtype.itemsize, expr.base.dtype.itemsize)
    grid = _grid(expr.chunks, expr.axes, expr.lengths, width, lowering.grain)
    befores = expr.before or (0,) * len(expr.axes)
    reach = [(before, n - 1 - before) for before, n in zip(befores, expr.lengths, strict=True)]
    ghosts = _ghosts(expr.ndim, expr.axes, reach)
    function = _rolling_function(expr, grid, reach)
    held = held_once(UserFunction(function, {}, True, False, expr.masked))
    places = tuple(range(expr.ndim))
    made = MapBlocks(held, args, (grid,) * len(args), grid, places, expr.dtype, (ghosts,) * len(args))
    return lowering.map_blocks(made)


def _grid(chunks: Chunks, axes: Sequence[int], lengths: Sequence[int], width: int, grain: Grain) -> Chunks:
    """Blocks of about as many elements as those of `chunks`, long enough along windowed axes, but not too large."""
    reach = dict(zip(axes, lengths, strict=True))
    wanted = [a.largest for a in chunks.axes]
    for k, n in reach.items():
        if wanted[k] < REACH * n:
            wanted[k] = min(chunks.axes[k].size, REACH * n)
    room = max(1, grain.of(BLOCK_BYTES) // max(1, width))
    for k in (*(k for k in range(len(wanted)) if k not in reach), *reach):
        over = -(-math.prod(wanted) // room)
        if over > 1:
            wanted[k] = max(1, -(-wanted[k] // over))
    return Chunks(tuple(_cut(axis, n) for axis, n in zip(chunks.axes, wanted, strict=True)))


def _cut(axis: AxisChunks, length: int) -> AxisChunks:
    return axis if axis.largest == length else regular(axis.size, length)


def _ghosts(ndim: int, axes: Sequence[int], reach: Sequence[tuple[int, int]]) -> tuple[Ghost, ...]:
    around = dict(zip(axes, reach, strict=True))
    return tuple(Ghost(*around.get(k, (0, 0)), 0) for k in range(ndim))


def _rolling_function(expr: Rolling, grid: Chunks, reach: Sequence[tuple[int, int]]) -> Callable[..., Block]:
    """What makes a block of results of a block of elements, with its neighbours, and of what is left out of them."""
    params = dict(expr.params)

    def function(block: Block, left: Block | None = None, *, block_id: tuple[int, ...]) -> Block:
        if isinstance(block, np.ma.MaskedArray):
            mask = np.ma.getmaskarray(block)
            left = mask if left is None else mask | left
            block = block.data
        if params.get("skip_nan"):
            missing = np.isnan(block)
            left = missing if left is None else missing | left
        if expr.before is not None:
            around = _beyond(expr, grid, reach, block_id)
            if left is not None or expr.name == "count" or block.dtype.kind not in "fc":
                left = np.pad(np.zeros(block.shape, bool) if left is None else left, around, constant_values=True)
            block = np.pad(block, around, constant_values=np.nan if block.dtype.kind in "fc" else 0)
        made, seen = roll(expr.name, block, left, expr.axes, expr.lengths, expr.dtype, params)
        return _missing(made, seen, params, expr.masked)

    function.__name__ = expr.label
    return function


def _beyond(
    expr: Rolling, grid: Chunks, reach: Sequence[tuple[int, int]], block_id: tuple[int, ...]
) -> list[tuple[int, int]]:
    """How many elements that windows reach for lie beyond the edges of the array."""
    around = [(0, 0)] * expr.ndim
    for k, (before, after) in zip(expr.axes, reach, strict=True):
        start, stop = grid.axes[k].span(block_id[k])
        around[k] = max(0, before - start), max(0, stop + after - expr.sizes[k])
    return around


def _missing(made: Block, seen: Block | None, params: dict[str, Any], masked: bool) -> Block:
    """The result where windows had enough elements, and nothing where they had too few."""
    if seen is None:
        return made
    least = params.get("min_count", 0)
    if masked:
        lost = seen <= max(params.get("ddof", 0), least - 1)
        if params.get("finite"):
            lost |= ~np.isfinite(made)
        return np.ma.MaskedArray(made, lost)
    on_nothing = params.get("on_nothing")
    few = seen < max(least, 1 if on_nothing is not None else 0)
    if not few.any():
        return made
    if on_nothing not in (None, "nan"):
        raise InputError(str(on_nothing))
    missing = np.array("NaT" if made.dtype.kind in "mM" else np.nan, made.dtype)
    return np.where(few, missing, made)


LOWERINGS: dict[type[Expr], Callable[[Lowering, Expr], Expr]] = {Windows: windows, Rolling: rolling}
