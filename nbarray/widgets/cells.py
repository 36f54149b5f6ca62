"""The chunk grid of a result as cells: which part of each has been computed.

There are 10,000 cells at the most; of finer grids several chunks are one cell.  A cell's blocks are found axis by
axis, so that counting what is done takes a few sums over the grid.  No widgets here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from nbarray.grid.chunks import Chunks, Int64
from nbarray.grid.regions import AxisMap, identity
from nbarray.plan.plan import Plan

__all__ = ["Cells"]

MOST_CELLS = 10_000


@dataclass(frozen=True)
class Cells:
    """The cells of the first result with the most blocks, or with the most of the chunks that somebody chose.

    result : which of the plan's results it is
    target : the node that makes it; -1 if there is none
    edges : for each axis of the result, where its cells begin and end
    grouped : whether cells are several blocks
    """

    result: int
    target: int
    edges: tuple[Int64, ...]
    _grid: tuple[int, ...]
    _spans: tuple[tuple[int, Int64, Int64], ...]  # (axis of the grid, first block, end) of each axis of the result
    _fixed: tuple[tuple[int, int], ...]
    grouped: bool = False

    @staticmethod
    def of(plan: Plan, most: int = MOST_CELLS, chosen: Sequence[Chunks] = ()) -> Cells:
        """The cells of a plan's result; one without results or without axes has one cell.

        chosen : chunks of each result, to be cells in place of the blocks that tasks make
        """
        if not plan.targets:
            return Cells(0, -1, (), (), (), ())
        counted = chosen or [plan.nodes[target].chunks for target in plan.targets]
        result = max(range(len(plan.targets)), key=lambda k: (counted[k].nblocks, -k))
        target = plan.targets[result]
        node = plan.nodes[target]
        axes = node.chunks.axes
        placement = plan.placements[result] or identity(node.sizes)
        fine = [_edges(m, axes[m.axis].offsets if m.axis >= 0 else None) for m in placement.axes]
        if chosen:
            fine = [axis.offsets for axis in chosen[result].axes]
        edges = _coarse(fine, most)
        spans = []
        for m, cuts in zip(placement.axes, edges, strict=True):
            if m.axis >= 0 and m.size:
                ends = m.start + m.step * cuts[:-1], m.start + m.step * (cuts[1:] - 1)
                chunk = axes[m.axis].chunk_of
                spans.append((m.axis, chunk(np.minimum(*ends)), chunk(np.maximum(*ends)) + 1))
            else:
                spans.append((-1, np.zeros(len(cuts) - 1, np.int64), np.ones(len(cuts) - 1, np.int64)))
        grouped = sum(map(len, edges)) < sum(map(len, fine))
        fixed = tuple((axis, axes[axis].number_of(position)) for axis, position in placement.fixed)
        return Cells(result, target, edges, node.chunks.numblocks, tuple(spans), fixed, grouped)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(cuts) - 1 for cuts in self.edges)

    @property
    def count(self) -> int:
        return prod(self.shape)

    def region(self, cell: tuple[int, ...]) -> tuple[slice, ...]:
        """The part of the result that a cell is.  Raises IndexError for one that isn't there."""
        if len(cell) != len(self.shape) or any(not 0 <= k < n for k, n in zip(cell, self.shape, strict=True)):
            raise IndexError(f"expected one of {self.shape} blocks, counted from 0, such as "
                             f"{', '.join('0' for _ in self.shape)}, not {', '.join(map(str, cell))}")  # fmt: skip
        return tuple(slice(int(cuts[k]), int(cuts[k + 1])) for cuts, k in zip(self.edges, cell, strict=True))

    @property
    def nblocks(self) -> int:
        """How many blocks the result is made of."""
        return prod(self._grid)

    def filled(self, done: NDArray[np.int32]) -> NDArray[np.float64]:
        """The share of each cell's blocks that is done, from a 0 or 1 for each block."""
        if self.target < 0:
            return np.zeros(self.shape)
        counts = done.reshape(self._grid)
        for axis, position in self._fixed:
            counts = counts.take([position], axis=axis)
        for axis, first, end in self._spans:
            blocks = counts.shape[axis] if axis >= 0 else 0
            if axis < 0 or (blocks == len(first) and np.array_equal(np.stack([first, end - 1]), [range(blocks)] * 2)):
                continue  # each cell is a block
            sums = np.zeros([n + (k == axis) for k, n in enumerate(counts.shape)], counts.dtype)
            np.cumsum(counts, axis, counts.dtype, sums[(slice(None),) * axis + (slice(1, None),)])
            counts = sums.take(end, axis) - sums.take(first, axis)
        kept = [axis for axis, _, _ in self._spans if axis >= 0]
        dropped = tuple(axis for axis in range(counts.ndim) if axis not in kept)
        counts = counts.sum(axis=dropped) if dropped else counts
        order = [sorted(kept).index(axis) for axis in kept]
        shape = [n if axis >= 0 else 1 for n, (axis, _, _) in zip(self.shape, self._spans, strict=True)]
        counts = counts.transpose(order).reshape(shape)
        return np.broadcast_to(counts / self._whole, self.shape)

    @cached_property
    def _whole(self) -> NDArray[np.float64]:
        """How many blocks each cell is made of."""
        whole, ndim = np.ones(self.shape), len(self.shape)
        for k, (_, first, end) in enumerate(self._spans):
            whole *= (end - first).reshape([-1 if j == k else 1 for j in range(ndim)])
        return whole


def _edges(m: AxisMap, offsets: Int64 | None) -> Int64:
    """Where the blocks of the base begin and end along an axis of the result."""
    if offsets is None or not m.size or m.step == 0:
        return np.array([0, m.size], np.int64)
    if m.start == 0 and m.step == 1 and m.size == offsets[-1]:
        return offsets
    low, high = sorted((m.start, m.start + m.step * (m.size - 1)))
    inner = offsets[(offsets > low) & (offsets <= high)]
    cuts = -((m.start - inner) // m.step) if m.step > 0 else (m.start - inner) // -m.step + 1
    edges = np.concatenate([[0], cuts if m.step > 0 else cuts[::-1], [m.size]]).astype(np.int64)
    return edges[np.concatenate([[True], np.diff(edges) > 0])]


def _coarse(edges: list[Int64], most: int) -> tuple[Int64, ...]:
    """Cuts left out until there are no more than `most` cells, always along the axis with the most of them."""
    counts, steps = [len(cuts) - 1 for cuts in edges], [1] * len(edges)
    while prod(counts) > most:
        k = max(range(len(counts)), key=counts.__getitem__)
        counts[k], steps[k] = -(-counts[k] // 2), 2 * steps[k]
    return tuple(
        np.concatenate([cuts[:-1:step], cuts[-1:]]) if step > 1 else cuts
        for cuts, step in zip(edges, steps, strict=True)
    )
