"""How the space of a fused program is cut into tasks and steps.

The number of tasks follows elements, not the user's chunks, and depends on nothing but the expression:
never on workers, so that results are the same bits for any number of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nbarray.expr.leaves import Random, SourceArray
from nbarray.expr.node import Expr
from nbarray.expr.operands import (
    Operand,
    decodes,
    is_direct,
    is_generated,
    operand_of,
    reads_freely,
    reads_storage,
    stored_axis,
)
from nbarray.expr.structure import view_chunks
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.kernels.tiles import STORED_LENGTH, TILE_ELEMENTS, TURNED_LENGTH
from nbarray.rewrite.chunking import whole_chunks
from nbarray.rewrite.grain import USUAL, Grain

__all__ = [
    "Space",
    "elements_together",
    "elementwise_grid",
    "finishing_grid",
    "fold_grid",
    "in_whole_steps",
    "line_grid",
    "merged_grid",
    "runs_of_parts",
    "step_lengths",
    "unit_grid",
]

#: A task covers between these many elements; in between, an array makes about `GOOD_TASKS` of them.
FEWEST, MOST, GOOD_TASKS = 2**18, 2**23, 64
#: A task that folds onto many results should see so many elements for each, or merging costs too much; fewer,
#: down to the second number, where that would leave too few tasks to share.
FOLD_DEPTH, SHALLOWEST, FEW_TASKS = 16, 4, 12
#: So many pieces of a result are finished apart where it has fewer blocks.
FEW_PIECES = 4
#: What is fetched at once from storage, in elements; for folds, which go over few results once for all that is
#: fetched, so many deep if that takes no more bytes than these; of packed numbers twice as many, as states are
#: many times as large.
STEP_ELEMENTS, STEP_DEPTH, STEP_BYTES = 2**20, 8, 2**22
#: What folds fetch at once where nothing is decoded: then calls, and what a step makes for all results, count for more.
FREE_STEP_BYTES = 2**24
#: What isn't decoded is read in pieces that are still in cache when they are used.
PIECE_BYTES = 2**20


@dataclass(frozen=True)
class Space:
    """A space of elements with its operands.

    units : along each axis the chunks that should not be cut, or None where any cut is as good
    has_blocks : operands are blocks that other tasks make; a task holds all those that it needs
    stored_bytes : an element takes in all operands that are read from storage
    spread : so many elements are decoded or generated for one of the space, as views leave others out
    free : nothing that is read from storage has to be decoded
    """

    shape: tuple[int, ...]
    units: tuple[AxisChunks | None, ...]
    has_storage: bool
    has_generated: bool
    has_blocks: bool = False
    stored_bytes: int = 0
    spread: int = 1
    free: bool = False

    @staticmethod
    def of(shape: tuple[int, ...], operands: Sequence[Expr], grain: Grain = USUAL) -> Space:
        units: list[AxisChunks | None] = [None] * len(shape)
        has_storage = has_generated = has_blocks = False
        stored_bytes, spread, free = 0, 1, True
        in_memory: list[Operand] = []
        for expr in operands:
            operand = operand_of(expr)
            has_generated |= is_generated(operand.base)
            stored = reads_storage(operand.base)
            random = isinstance(operand.base, Random)
            if is_direct(operand.base) and not stored and not random:
                in_memory.append(operand)
                continue
            has_storage |= stored
            free &= not stored or (isinstance(operand.base, SourceArray) and reads_freely(operand.base))
            stored_bytes += operand.base.dtype.itemsize if stored else 0
            has_blocks |= not (stored or random)
            spread = max(spread, _spread(operand))
            chunks = view_chunks(_readable_chunks(operand.base, grain), operand.placement)
            skip = len(shape) - len(chunks.axes)
            for k, (axis, m) in enumerate(zip(chunks.axes, operand.placement.axes, strict=True)):
                if axis.size == shape[k + skip] and not m.repeats:
                    units[k + skip] = _reconcile(units[k + skip], axis)
        if grain.divisor == 1 and grain.most(STORED_LENGTH * TURNED_LENGTH) == STORED_LENGTH * TURNED_LENGTH:
            for operand in in_memory:  # last, so that they don't cut what is stored
                _keep_turned(units, operand)
        return Space(shape, tuple(units), has_storage, has_generated, has_blocks, stored_bytes, spread, free)

    def unit(self, axis: int) -> AxisChunks:
        have = self.units[axis]
        return have if have is not None else regular(self.shape[axis], 1)


def _spread(operand: Operand) -> int:
    """How many elements are decoded or generated for one that a view with steps, or without some axes, shows."""
    base, placement = operand.base, operand.placement
    if isinstance(base, Random):
        whole: Sequence[int] = base.draw.tiles(base.sizes)
    elif isinstance(base, SourceArray) and decodes(base) and base.reader.stored_chunks is not None:
        whole = base.reader.stored_chunks
    else:
        return 1
    left_out = [min(abs(m.step), whole[m.axis]) for m in placement.axes if m.axis >= 0]
    left_out += [min(whole[axis], base.sizes[axis]) for axis, _ in placement.fixed]
    return math.prod(max(1, n) for n in left_out)


def _keep_turned(units: list[AxisChunks | None], operand: Operand) -> None:
    """What is turned in memory is read along the axis that it is stored along, in runs as long as tiles have them."""
    stored, axes = stored_axis(operand), operand.placement.axes
    if stored is None:
        return
    skip = len(units) - len(axes)
    for k, length in ((stored, STORED_LENGTH), (len(axes) - 1, TURNED_LENGTH)):
        if units[k + skip] is None:
            units[k + skip] = regular(axes[k].size, length)


def _readable_chunks(base: Expr, grain: Grain) -> Chunks:
    """The chunks that reading shouldn't cut: those that the rules chose, or smaller ones where memory is short."""
    if grain.divisor > 1 and isinstance(base, SourceArray) and reads_storage(base):
        stored = base.reader.stored_chunks
        if stored is not None:
            return whole_chunks(base.sizes, stored, base.dtype.itemsize, grain.divisor)
    if isinstance(base, SourceArray) and reads_freely(base):
        return _pieces(base.chunks, base.dtype.itemsize)
    if isinstance(base, Random):  # a part of a tile costs as much as all of it
        return Chunks(
            tuple(regular(n, max(1, size)) for n, size in zip(base.sizes, base.draw.tiles(base.sizes), strict=True))
        )
    return base.chunks


def _pieces(chunks: Chunks, itemsize: int) -> Chunks:
    """Chunks cut along their first axes into pieces that lie in one run and stay in cache between reading and use."""
    axes, left = list(chunks.axes), PIECE_BYTES // itemsize
    for k in range(len(axes) - 1, -1, -1):
        length = max(1, axes[k].largest)
        if length > left and axes[k].is_regular:
            axes[k] = regular(axes[k].size, _divisor(length, max(1, left)))
        left //= length
    return Chunks(tuple(axes))


def _divisor(length: int, most: int) -> int:
    """The largest divisor of `length` that is no more than `most`."""
    return next(n for n in range(min(length, most), 0, -1) if length % n == 0)


def _reconcile(a: AxisChunks | None, b: AxisChunks) -> AxisChunks:
    """Cuts that suit two operands: common ones where they are, else those of the coarser."""
    if a is None or a == b:
        return b
    fine = a.refine(b)
    coarse = a if a.count <= b.count else b
    return fine if fine.count <= 2 * max(a.count, b.count) else coarse


def _target(elements: int, grain: Grain) -> int:
    good = min(max(elements // GOOD_TASKS, grain.of(FEWEST)), grain.of(MOST))
    return max(1, grain.most(good))


def _many(grain: Grain) -> int:
    """So many results make a task that folds onto them worth keeping deep."""
    return max(1, grain.of(TILE_ELEMENTS // 4))


def _depth(reduced: int, alike: float) -> int:
    """How many elements a task should fold onto each of many results, of `reduced` in all.

    alike : how much there is of the kind, as times of this: tasks of all of it are shared
    """
    return max(SHALLOWEST, min(FOLD_DEPTH, math.ceil(reduced * alike / FEW_TASKS)))


def _grow(space: Space, order: Sequence[int], lengths: list[int], target: int) -> None:
    """Lengthen tasks along axes in order, by whole units, until they hold `target` elements."""
    for k in order:
        unit = max(1, space.unit(k).largest)
        room = target // max(1, math.prod(lengths))
        times = max(1, min(room, -(-space.shape[k] // unit)))
        lengths[k] = max(1, min(unit * times, space.shape[k]))


def _cut(unit: AxisChunks, length: int) -> AxisChunks:
    """Cut an axis into runs of about `length` that never cut a unit."""
    if length >= unit.size:
        return regular(unit.size, max(1, unit.size))
    if unit.is_regular:
        return regular(unit.size, max(1, length // unit.step) * unit.step)
    offsets = unit.offsets
    kept = [0]
    for k in range(1, len(offsets)):
        if offsets[k] - kept[-1] > length and offsets[k - 1] > kept[-1]:
            kept.append(int(offsets[k - 1]))
    return AxisChunks.from_offsets(np.array([*kept, unit.size], np.int64))


def _even(unit: AxisChunks, length: int) -> int:
    """The length that cuts the axis into as many runs, but into even ones."""
    if not unit.is_regular or length >= unit.size or length < 1:
        return length
    runs = -(-unit.size // length)
    units = -(-unit.size // unit.step)
    return min(length, -(-units // runs) * unit.step)


def _grid(space: Space, lengths: Sequence[int]) -> Chunks:
    return Chunks(tuple(_cut(space.unit(k), _even(space.unit(k), n)) for k, n in enumerate(lengths)))


def elementwise_grid(space: Space, grain: Grain = USUAL) -> Chunks:
    """Tasks that each write a block, long along the last axes; as large as what they have to decode lets them be."""
    lengths = [max(1, min(space.unit(k).largest, n)) for k, n in enumerate(space.shape)]
    target = max(1, _target(math.prod(space.shape) * space.spread, grain) // space.spread)
    _grow(space, range(len(lengths) - 1, -1, -1), lengths, target)
    return _grid(space, lengths)


def unit_grid(space: Space, units: Sequence[int], grain: Grain = USUAL) -> Chunks:
    """Tasks that each make whole units, chunks of a target; more of them first where else a source's would be cut."""
    cuts = tuple(regular(n, max(1, min(unit, n))) for n, unit in zip(space.shape, units, strict=True))
    lengths = [axis.step for axis in cuts]
    fits = [space.units[k] is None or space.unit(k).largest <= lengths[k] for k in range(len(lengths))]
    whole = replace(space, units=cuts)
    order = sorted(range(len(lengths)), key=lambda k: (fits[k], -k))
    _grow(whole, order, lengths, _target(math.prod(space.shape), grain))
    return _grid(whole, lengths)


def fold_grid(space: Space, axes: Sequence[int], grain: Grain = USUAL, alike: float = 1) -> Chunks:
    """Tasks that each fold a run: few results, seen deep; `alike` as `_depth` has it."""
    lengths = [max(1, min(space.unit(k).largest, n)) for k, n in enumerate(space.shape)]
    kept = [k for k in range(len(lengths)) if k not in axes]
    target = _target(math.prod(space.shape), grain)
    reduced = math.prod(space.shape[k] for k in axes)
    # as many results a task as leaves the target deep enough; all of them if the array is shallow
    most = max(_many(grain), target // max(1, min(reduced, 4 * FOLD_DEPTH)))
    inner = [k for k in range(len(lengths)) if all(j in axes for j in range(k, len(lengths)))]
    run = math.prod(space.shape[k] for k in inner)
    if run > target:
        inner = []
    if inner:
        # whole runs of what lies side by side in memory: each gives a result, and there is nothing to merge
        _grow(space, inner[::-1], lengths, target)
        most = min(target, most * run)
    _grow(space, kept[::-1], lengths, most)
    results = math.prod(lengths[k] for k in kept)
    if not space.has_blocks:  # what is fetched step by step can be as deep as one likes
        target = _target(math.prod(space.shape), USUAL)
    deep = max(target, results * _depth(reduced, alike)) if results > _many(grain) else target
    _grow(space, [k for k in sorted(axes, reverse=True) if k not in inner], lengths, deep)
    return _grid(space, lengths)


def line_grid(space: Space, axes: Sequence[int], grain: Grain = USUAL) -> Chunks:
    """Tasks that each treat whole lines along `axes`, cut across them only."""
    lengths = [n if k in axes else max(1, min(space.unit(k).largest, n)) for k, n in enumerate(space.shape)]
    kept = [k for k in range(len(lengths)) if k not in axes]
    _grow(space, kept[::-1], lengths, _target(math.prod(space.shape), grain))
    # smaller than a stored chunk rather than more than memory has room for
    most = grain.most(grain.of(MOST))
    cuts = list(_grid(space, lengths).axes)
    for k in kept:
        room = max(1, most * lengths[k] // max(1, math.prod(lengths)))
        if math.prod(lengths) > most and room < lengths[k]:
            lengths[k], cuts[k] = room, regular(space.shape[k], room)
    for k in axes:
        cuts[k] = regular(space.shape[k], max(1, space.shape[k]))
    return Chunks(tuple(cuts))


def _nearly(length: int, unit: int, size: int) -> int:
    """About `length`, in whole units, so that `size` is cut into about as long pieces: a short last one costs as much.

    >>> _nearly(8, 1, 25), _nearly(8, 4, 32), _nearly(8, 1, 5)
    (9, 8, 5)
    """
    pieces = max(1, round(size / length))
    return min(size, -(-size // (pieces * unit)) * unit)


def fold_lengths(
    shape: Sequence[int], axes: Sequence[int], results: int, grain: Grain = USUAL, alike: float = 1
) -> int:
    """How many positions of the reduced axes, taken together, one task should fold onto `results` results."""
    target = _target(math.prod(shape), grain)
    reduced = math.prod(shape[k] for k in axes)
    deep = max(target, results * _depth(reduced, alike)) if results > _many(grain) else target
    return max(1, deep // max(1, results))


def merged_grid(chunks: Chunks, axes: tuple[int, ...], fan: int) -> Chunks:
    """Neighbouring blocks put together along the reduced axes, `fan` of them at the most.

    >>> merged_grid(Chunks((regular(10, 2), regular(6, 3))), (0,), 2).numblocks
    (3, 2)
    """
    grown = list(chunks.axes)
    left = fan
    for k in sorted(axes, reverse=True):
        times = max(1, min(left, grown[k].count))
        left //= times
        offsets = grown[k].offsets
        grown[k] = AxisChunks.from_offsets(np.concatenate([offsets[:-1:times], offsets[-1:]]))
    return Chunks(tuple(grown))


def finishing_grid(grid: Chunks) -> Chunks:
    """Blocks of results, or a few pieces of each where there are but few: the last tasks have no others beside them.

    >>> finishing_grid(Chunks((regular(1, 1), regular(721, 721), regular(1440, 1440)))).axes[1].sizes
    (181, 181, 181, 178)
    """
    pieces = min(FEW_PIECES // max(1, grid.nblocks), 2 * math.prod(grid.shape) // FEWEST)
    longest = next((k for k, axis in enumerate(grid.axes) if axis.size > 1), None)
    if pieces < 2 or longest is None or grid.axes[longest].count > 1:
        return grid
    axes = list(grid.axes)
    axes[longest] = regular(axes[longest].size, -(-axes[longest].size // pieces))
    return Chunks(tuple(axes))


def runs_of_parts(lengths: list[int], most: int) -> list[int]:
    """Boundaries of runs of parts, each about `most` long together; the last are shorter and shorter.

    Workers then end at about the same time, instead of waiting for who has got the last run.

    >>> runs_of_parts([4] * 16, 16)
    [0, 4, 8, 12, 14, 15, 16]
    """
    runs, total, left = [0], 0, sum(lengths)
    wanted = most if left <= most else min(most, left / 2)
    for k, n in enumerate(lengths):
        if total and total + n > wanted:
            runs.append(k)
            left -= total
            total, wanted = 0, min(most, left / 2)
        total += n
    return [*runs, len(lengths)]


def step_lengths(
    space: Space, grid: Chunks, grain: Grain = USUAL, axes: Sequence[int] = (), packed: bool = False
) -> tuple[int, ...]:
    """What a task fetches at once: a few stored chunks, or one tile of generated numbers, or all there is.

    axes : folded over; packed : what is folded are stored numbers
    """
    if not space.has_storage and not space.has_generated:
        return tuple(max(1, n) for n in grid.largest)
    lengths = [max(1, min(space.unit(k).largest, n)) for k, n in enumerate(space.shape)]
    limit = STEP_ELEMENTS if space.has_storage else TILE_ELEMENTS
    if axes and space.has_storage and space.free:
        limit = max(limit, FREE_STEP_BYTES // space.stored_bytes)
    limit = grain.of(limit)
    for k in range(len(lengths) - 1, -1, -1):
        unit = lengths[k]
        room = max(1, limit // max(1, math.prod(lengths)))
        lengths[k] = max(1, min(unit * room, grid.axes[k].largest))
    if space.has_storage:
        for k in sorted(axes, reverse=True):
            times = _times_as_deep(lengths, axes, space.stored_bytes, grain, packed)
            if times > 1:
                lengths[k] = _nearly(lengths[k] * times, lengths[k], max(1, grid.axes[k].largest))
    return tuple(lengths)


def in_whole_steps(grid: Chunks, step: Sequence[int], axes: Sequence[int]) -> Chunks:
    """The grid with about as many tasks along folded axes, but of whole steps, which are cut at multiples of a length.

    >>> in_whole_steps(Chunks((regular(1600, 25), regular(10, 10))), (8, 10), (0,)).largest
    (24, 10)
    """
    cuts = list(grid.axes)
    for k in axes:
        length, cut = step[k], cuts[k]
        if cut.is_regular and cut.step < cut.size and cut.step % length:
            cuts[k] = regular(cut.size, max(1, round(cut.step / length)) * length)
    return Chunks(tuple(cuts))


def elements_together(
    step: Sequence[int], axes: Sequence[int], itemsize: int, axis: int, longest: int, grain: Grain
) -> int:
    """How many packed numbers are fetched and folded at once of parts that lie end to end, each of about one `step`.

    axes : folded over; axis, longest : along which they lie, and how long those of a task are together at the most
    """
    times = _times_as_deep(step, axes, itemsize, grain, True)
    return math.prod(step) // step[axis] * max(step[axis], min(step[axis] * times, longest))


def _times_as_deep(lengths: Sequence[int], axes: Sequence[int], stored_bytes: int, grain: Grain, packed: bool) -> int:
    """How many steps of such lengths a fold should fetch at once."""
    most = grain.of(STEP_BYTES * (1 + packed)) // max(1, stored_bytes)
    depth = max(1, math.prod(lengths[j] for j in axes))
    return min(-(-STEP_DEPTH // depth), most // max(1, math.prod(lengths)))
