"""How functions of whole lines and summaries become tasks."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nbarray.expr.node import Expr
from nbarray.expr.summaries import LineBlocks, MapLines, MergedSummaries, PartSummaries, Summarise
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.rewrite.grids import Space, elementwise_grid, line_grid, step_lengths
from nbarray.rewrite.lower import Lowering

__all__ = ["LOWERINGS"]

#: How many states one task merges, and how many bytes of them; but a few always, or there would be too many steps.
FAN, FAN_BYTES, LEAST_FAN = 64, 16 * 2**20, 8


def map_lines(lowering: Lowering, expr: Expr) -> Expr:
    """Blocks are cut across the lines only, and are as small as memory asks for."""
    assert isinstance(expr, MapLines)
    found = [lowering.parts(a) for a in expr.args]
    operands = [e for parts in found for e in parts]
    grid = line_grid(Space.of(expr.args[0].sizes, operands, lowering.grain), expr.axes, lowering.grain)
    args = tuple(lowering.cut_as(a, grid, expr.label) for a in expr.args)
    extras = tuple(lowering.operand(e) for e in expr.extras)
    whole = (Chunks((regular(e.sizes[0], max(1, e.sizes[0])),)) for e in extras)
    chunks = (*(grid,) * len(args), *whole)
    axes = tuple(range(expr.ndim))
    return LineBlocks(expr.held, (*args, *extras), chunks, expr.result_chunks(grid), axes, expr.dtype, ())


def summarise(lowering: Lowering, expr: Expr) -> Expr:
    """Parts are summarised, the states merged in a tree, and the last is finished."""
    assert isinstance(expr, Summarise)
    operands = [e for a in expr.args for e in lowering.parts(a)]
    extras = tuple(lowering.operand(e) for e in expr.extras)
    space = Space.of(expr.args[0].sizes, operands, lowering.grain)
    grid = elementwise_grid(space, lowering.grain)
    args = tuple(lowering.cut_as(a, grid, expr.label) for a in expr.args)
    step = step_lengths(space, grid, lowering.grain)
    count = math.prod(expr.args[0].sizes)
    summary = expr.summary.for_elements(count) if lowering.grain.compiles else expr.summary
    node: PartSummaries | MergedSummaries = PartSummaries(summary, args, extras, grid, step)
    state_bytes = max(1, int(node.block_bytes(*node.chunks.boxes(np.zeros(1, np.int64)))[0]))
    fan = max(LEAST_FAN, min(FAN, lowering.grain.of(FAN_BYTES) // state_bytes))
    while node.chunks.nblocks > fan:
        node = MergedSummaries(node, summary, (), coarser(node.chunks, fan), None, node.dtype)
    return MergedSummaries(node, summary, extras, node.chunks, expr.of_shape, expr.of_dtype)


def coarser(chunks: Chunks, fan: int) -> Chunks:
    """Neighbouring blocks put together, about `fan` of them."""
    grown: list[AxisChunks] = list(chunks.axes)
    for k in range(len(grown) - 1, -1, -1):
        times = max(1, min(fan, grown[k].count))
        fan //= times
        offsets = grown[k].offsets
        grown[k] = AxisChunks.from_offsets(np.concatenate([offsets[:-1:times], offsets[-1:]]))
    return Chunks(tuple(grown))


LOWERINGS: dict[type[Expr], Callable[[Lowering, Expr], Expr]] = {MapLines: map_lines, Summarise: summarise}
