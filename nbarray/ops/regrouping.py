"""Blocks put together otherwise: reshaped by themselves, or filled by groups of positions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from nbarray.errors import ChunkError, IndexingError, InputError, ShapeError
from nbarray.expr.node import Expr
from nbarray.expr.picking import Take, at_positions
from nbarray.expr.regrouped import Groups, ReshapeBlocks
from nbarray.expr.structure import Rechunk
from nbarray.grid.chunks import AxisChunks, Chunks
from nbarray.ops.operands import as_sizes, one_axis

__all__ = ["reshape_blockwise", "shuffle"]

#: Groups are put together to chunks so many times as large as those there were, at the most.
TOLERANCE = 1.25


def reshape_blockwise(x: Expr, shape: Any, chunks: Any = None) -> Expr:
    """Each block in another shape, where axes of `x` become one, or (with `chunks`) come of one."""
    sizes = as_sizes(shape)
    if math.prod(x.sizes) != math.prod(sizes) or -1 in sizes:
        raise ShapeError(f"reshape_blockwise: {x.shape} and {sizes} don't have as many elements")
    if chunks is None and len(sizes) > x.ndim:
        raise InputError("reshape_blockwise: give chunks= of the result where axes are taken apart")
    groups = _groups(x.sizes, sizes)
    given = None if chunks is None else [tuple(int(n) for n in c) for c in chunks]
    if given is not None and tuple(map(sum, given)) != sizes:
        raise ChunkError(
            f"Chunk sizes do not match for the following chunks: {chunks!r} add up to {tuple(map(sum, given))}, "
            f"but the shape is {sizes}"
        )
    axes: list[AxisChunks] = []
    for inner, outer in groups:
        before = _products([x.chunks.axes[k].sizes for k in inner])
        after = [before] if given is None else [given[k] for k in outer]
        if given is not None and _products(after) != before:
            raise ChunkError(
                f"Chunk sizes do not match for the following chunks: those of axes {outer}, {after}, "
                f"hold other numbers of elements than those there were, {before}"
            )
        axes += [AxisChunks.of(c) for c in after]
    return ReshapeBlocks(x, x.chunks, groups, Chunks(tuple(axes)))


def _products(chunks: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(math.prod(sizes) for sizes in product(*chunks))


def _groups(old: tuple[int, ...], new: tuple[int, ...]) -> Groups:
    """Which axes become which: as few as can be, one of them alone on its side."""
    made: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    i, j = 0, 0
    while i < len(old) or j < len(new):
        inner, outer = [i] if i < len(old) else [], [j] if j < len(new) else []
        i, j = i + len(inner), j + len(outer)
        while math.prod(old[k] for k in inner) != math.prod(new[k] for k in outer):
            if math.prod(old[k] for k in inner) < math.prod(new[k] for k in outer) and i < len(old):
                inner.append(i)
                i += 1
            elif j < len(new):
                outer.append(j)
                j += 1
            else:
                break
        if j == len(new) and len(outer) == 1:
            inner += range(i, len(old))
            i = len(old)
        if min(len(inner), len(outer)) != 1 and (inner or outer):
            if not (all(old[k] == 1 for k in inner) and all(new[k] == 1 for k in outer)):
                raise ShapeError(
                    f"reshape_blockwise: axes of {old} can't be put together or taken apart, one by one, to {new}"
                )
        made.append((tuple(inner), tuple(outer)))
    return tuple(made)


def shuffle(x: Expr, indexer: Any, axis: int) -> Expr:
    """Positions along an axis, group by group; small groups share a chunk, and large ones make others' chunks short."""
    k = one_axis(axis, x.ndim)
    if not isinstance(indexer, list | tuple) or not all(isinstance(g, list | tuple | np.ndarray) for g in indexer):
        raise InputError(f"indexer must be a list of lists of positional indices, not {indexer!r}")
    positions = np.array([int(p) for group in indexer for p in group], np.int64)
    if len(positions) and (positions.max() >= x.sizes[k] or positions.min() < 0):
        raise IndexingError(f"Indexer contains out of bounds index; axis {k} has {x.sizes[k]} elements")
    most = int(x.chunks.axes[k].largest * TOLERANCE)
    sizes: list[int] = []
    for group in indexer:
        if sizes and sizes[-1] + len(group) <= most:
            sizes[-1] += len(group)
        else:
            sizes.append(len(group))
    axes = list(x.chunks.axes)
    grown = max(sizes, default=0) / max(1, axes[k].largest)
    for j, other in enumerate(axes):
        if j != k and grown > TOLERANCE and other.largest > 1:
            axes[j] = _cut_to(other, max(1, int(other.largest / grown)))
            grown *= axes[j].largest / other.largest
    axes[k] = AxisChunks.of(sizes)
    return Rechunk(Take(x, (k,), k, at_positions((positions,))), Chunks(tuple(axes)))


def _cut_to(axis: AxisChunks, length: int) -> AxisChunks:
    """Chunks of at most a length, each a part of one there was."""
    pieces = ((length,) * (n // length) + ((n % length,) if n % length else ()) for n in axis.sizes)
    return AxisChunks.of(n for of_one in pieces for n in of_one)
