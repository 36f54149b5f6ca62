"""How picked and assigned points become tasks.

Where tasks would go through the same chunks again and again, points are first picked in the order in which they are
stored, each chunk read once, and then put in the order asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from nbarray.expr.lowered_picking import Assigned, Gathered, GatheredLater, in_memory, unit_numbers
from nbarray.expr.node import Expr
from nbarray.expr.operands import is_generated, operand_of
from nbarray.expr.picking import Assign, Take, TakeLater
from nbarray.expr.structure import View
from nbarray.grid.chunks import AxisChunks, Chunks, Int64, regular
from nbarray.kernels.elementwise import ById
from nbarray.rewrite.grids import FEWEST, Space, elementwise_grid
from nbarray.rewrite.lower import Lowering

__all__ = ["LOWERINGS"]

#: Reading a chunk so many times is no worse than moving what is picked of it twice.
FEW_TIMES = 2


def _units(arg: Expr, axes: tuple[int, ...], space: Space) -> tuple[AxisChunks, ...]:
    """What is read at once along each axis."""
    units = []
    for k in axes:
        have = space.units[k]
        if have is None and is_generated(operand_of(arg).base):
            have = arg.chunks.axes[k]
        units.append(regular(arg.sizes[k], max(1, arg.sizes[k])) if have is None else have)
    return tuple(units)


def _grid(expr: Expr, arg: Expr, axes: tuple[int, ...], at: int, lowering: Lowering) -> tuple[Chunks, Space]:
    space = Space.of(arg.sizes, (arg,), lowering.grain)
    kept = [u for k, u in enumerate(space.units) if k not in axes]
    points: list[AxisChunks | None] = [None] * (expr.ndim - len(kept))
    return elementwise_grid(Space(expr.sizes, (*kept[:at], *points, *kept[at:]), False, False), lowering.grain), space


def take(lowering: Lowering, expr: Expr) -> Expr:
    """Points in the order asked for, or first in the order in which they are stored."""
    assert isinstance(expr, Take)
    arg = lowering.operand(expr.base)
    grid, space = _grid(expr, arg, expr.axes, expr.at, lowering)
    units = _units(arg, expr.axes, space)
    direct = Gathered(arg, expr.axes, expr.at, expr.held, grid, units)
    if in_memory(arg) or grid.nblocks == 1 or not expr.positions[0].size:
        return direct
    number = unit_numbers([p.ravel() for p in expr.positions], units)
    if _times_read(number, grid, expr) <= FEW_TIMES:
        return direct
    # along one axis, points in order are units in order
    order = np.argsort(expr.positions[0].ravel(), kind="stable") if len(units) == 1 else _order(number, expr)
    stored = _in_stored_order(lowering, expr, arg, space, units, number[order], order)
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    places = ById((back.reshape(expr.positions[0].shape),))
    return Gathered(stored, (0,), expr.at, places, grid, (stored.chunks.axes[0],))


def _order(number: Int64, expr: Take) -> Int64:
    """Unit after unit, and in each by position, so that tasks need small boxes."""
    return np.lexsort((*[p.ravel() for p in reversed(expr.positions)], number))


def _times_read(number: Int64, grid: Chunks, expr: Take) -> float:
    """How often a unit that holds points is read, on average."""
    shape = expr.positions[0].shape
    block = np.zeros(shape, np.int64)
    for k, n in enumerate(shape):
        axis = grid.axes[expr.at + k]
        chunk = axis.chunk_of(np.arange(n, dtype=np.int64)).reshape((-1,) + (1,) * (len(shape) - k - 1))
        block = block * axis.count + chunk
    least = int(number.min())
    pairs = np.unique(block.ravel() * (int(number.max()) - least + 1) + number - least)
    return len(pairs) / len(np.unique(number))


def _in_stored_order(
    lowering: Lowering,
    expr: Take,
    arg: Expr,
    space: Space,
    units: tuple[AxisChunks, ...],
    number: Int64,
    order: Int64,
) -> Gathered:
    """The points along one axis, unit after unit; tasks cut it between units, or where there are very many."""
    most = lowering.grain.of(4 * FEWEST)
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(number)]
    cuts = [0]
    for start, stop in pairwise(edges):
        cuts += [*range(start + most, stop, most), stop]
    points = AxisChunks.from_offsets(np.array(cuts, np.int64))
    kept = [k for k in range(arg.ndim) if k not in expr.axes]
    shape = (len(number), *(arg.sizes[k] for k in kept))
    of_points = Space(shape, (points, *(space.units[k] for k in kept)), False, False)
    held = ById(tuple(p.ravel()[order] for p in expr.positions))
    return Gathered(arg, expr.axes, 0, held, elementwise_grid(of_points, lowering.grain), units)


def take_later(lowering: Lowering, expr: Expr) -> Expr:
    """Points at positions that tasks compute: each task looks where in the array its own lie."""
    assert isinstance(expr, TakeLater)
    arg = lowering.operand(expr.base)
    indices = tuple(lowering.operand(i) for i in expr.indices)
    grid, space = _grid(expr, arg, expr.axes, expr.at, lowering)
    return GatheredLater(arg, expr.axes, expr.at, indices, grid, _units(arg, expr.axes, space))


def assign(lowering: Lowering, expr: Expr) -> Expr:
    """Blocks are copied, and what comes into them lies in the order of the blocks."""
    assert isinstance(expr, Assign)
    arg = lowering.operand(expr.base)
    grid = elementwise_grid(Space.of(arg.sizes, (arg,), lowering.grain), lowering.grain)
    value, positions = expr.value, expr.positions
    starts = np.array([0, 1], np.int64)
    if expr.axes:
        cut = [grid.axes[k] for k in expr.axes]
        number = unit_numbers(positions, cut)
        order = np.argsort(number, kind="stable")
        blocks = int(np.prod([a.count for a in cut], dtype=np.int64))
        starts = np.searchsorted(number[order], np.arange(blocks + 1)).astype(np.int64)
        if not _repeats(value) and (order[1:] < order[:-1]).any():
            value = Take(value, (0,), 0, ById((order,)))
        positions = tuple(p[order] for p in positions)
    held = ById(positions)
    return Assigned(arg, lowering.operand(value), expr.axes, held, ById(starts), expr.parts, grid)


def _repeats(value: Expr) -> bool:
    """Whether the same is assigned to all points."""
    return isinstance(value, View) and value.placement.axes[0].repeats


LOWERINGS: dict[type[Expr], Callable[[Lowering, Expr], Expr]] = {
    Take: take,
    TakeLater: take_later,
    Assign: assign,
}
