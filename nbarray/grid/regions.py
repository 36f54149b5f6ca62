"""Boxes of positions, and which blocks of a grid they touch: for many boxes at once.

A box is a low and a high corner; many boxes are two integer arrays of shape (n, ndim).  An `AxisMap`
says how one axis of a view lies on its base, so that boxes of the view become boxes of the base.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nbarray.grid.chunks import Chunks, Int64
from nbarray.hashing import remembers_hash

__all__ = ["AxisMap", "Placement", "blocks_in_boxes", "compose", "identity", "shape_of"]


@dataclass(frozen=True, slots=True)
class AxisMap:
    """One axis of a view: element `i` is element ``start + step * i`` of the base's `axis`.

    axis : the base's axis, or -1 for a new axis
    step : may be negative; 0 repeats one element (broadcasting)
    size : length of the view's axis
    """

    axis: int
    start: int
    step: int
    size: int

    @property
    def repeats(self) -> bool:
        """Whether the axis shows the same element more than once."""
        return self.size > 1 and (self.step == 0 or self.axis < 0)


@remembers_hash
@dataclass(frozen=True)
class Placement:
    """How a view lies on its base: a map for each axis of the view, and a position for each base axis it drops."""

    axes: tuple[AxisMap, ...]
    fixed: tuple[tuple[int, int], ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(a.size for a in self.axes)

    def is_identity(self, shape: Sequence[int]) -> bool:
        return (
            not self.fixed
            and len(self.axes) == len(shape)
            and all(
                m.start == 0 and m.step == 1 and m.axis == k and m.size == shape[k] for k, m in enumerate(self.axes)
            )
        )

    def base_boxes(self, low: Int64, high: Int64, ndim: int) -> tuple[Int64, Int64]:
        """The base's boxes (of `ndim` axes) that hold what boxes of the view show; empty boxes stay empty."""
        base_low = np.zeros((len(low), ndim), np.int64)
        base_high = np.ones_like(base_low)
        for axis, position in self.fixed:
            base_low[:, axis], base_high[:, axis] = position, position + 1
        for k, m in enumerate(self.axes):
            if m.axis < 0:
                continue
            first = m.start + m.step * low[:, k]
            last = m.start + m.step * (high[:, k] - 1)
            base_low[:, m.axis] = np.minimum(first, last)
            base_high[:, m.axis] = np.maximum(first, last) + 1
        empty = (high <= low).any(axis=1)
        base_high[empty] = base_low[empty]
        return base_low, base_high


def identity(shape: Sequence[int]) -> Placement:
    """The view that is its base."""
    return _identity(tuple(shape))


@lru_cache(maxsize=1024)
def _identity(shape: tuple[int, ...]) -> Placement:
    return Placement(tuple(AxisMap(k, 0, 1, int(n)) for k, n in enumerate(shape)))


def compose(outer: Placement, inner: Placement) -> Placement:
    """`outer` lies on a view that itself lies by `inner` on its base: the two as one."""
    axes = []
    for m in outer.axes:
        if m.axis < 0:
            axes.append(m)
            continue
        n = inner.axes[m.axis]
        if n.axis < 0:
            axes.append(AxisMap(-1, 0, 0, m.size))
        else:
            axes.append(AxisMap(n.axis, n.start + n.step * m.start, n.step * m.step, m.size))
    fixed = list(inner.fixed)
    for axis, position in outer.fixed:
        n = inner.axes[axis]
        if n.axis >= 0:
            fixed.append((n.axis, n.start + n.step * position))
    return Placement(tuple(axes), tuple(sorted(fixed)))


def blocks_in_boxes(grid: Chunks, low: Int64, high: Int64) -> tuple[Int64, Int64]:
    """Blocks of `grid` that each box touches, as (counts a box, block numbers in C order, box after box)."""
    n, ndim = low.shape
    if ndim == 0:
        return np.ones(n, np.int64), np.zeros(n, np.int64)
    first = np.empty_like(low)
    extent = np.empty_like(low)
    for k, axis in enumerate(grid.axes):
        first[:, k] = axis.chunk_of(low[:, k])
        extent[:, k] = axis.chunk_of(np.maximum(high[:, k] - 1, low[:, k])) - first[:, k] + 1
    extent[(high <= low).any(axis=1)] = 0
    counts = extent.prod(axis=1)
    total = int(counts.sum())
    owner = np.repeat(np.arange(n), counts)
    within = np.arange(total, dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    number = np.zeros(total, np.int64)
    stride = 1
    for k in range(ndim - 1, -1, -1):
        within, offset = np.divmod(within, extent[owner, k])
        number += (first[owner, k] + offset) * stride
        stride *= grid.axes[k].count
    return counts, number


def shape_of(region: Sequence[slice]) -> tuple[int, ...]:
    """How many elements slices with an explicit start and stop hold along each axis.

    >>> shape_of((slice(0, 5, 2), slice(3, 3, 1)))
    (3, 0)
    """
    return tuple(len(range(s.start, s.stop, s.step or 1)) for s in region)
