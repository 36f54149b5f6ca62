"""Parts of one stored array end to end, to be read together: what padding by wrapping and rolling make.

Read part by part, what is stored in chunks would be decoded again for each of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.leaves import SourceArray
from nbarray.expr.node import Expr, node, settled
from nbarray.expr.structure import Concatenate, View
from nbarray.grid.chunks import AxisChunks, Chunks, Int64, regular
from nbarray.grid.regions import AxisMap, Placement, compose, identity

__all__ = ["Patch", "Patchwork", "patches_of"]

#: Of more parts than these, each is computed apart; of arrays in memory, all edges of four axes are read together.
MOST_PATCHES, MOST_IN_MEMORY = 16, 3**4

Corner = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Patch:
    """A part: the corners of where it belongs, and how it lies on the stored array."""

    low: Corner
    high: Corner
    placement: Placement

    def shown(self, slices: tuple[slice, ...]) -> tuple[tuple[slice, ...], Placement] | None:
        """Of a region: where in it this part belongs, and how what belongs there lies on the stored array."""
        target, axes = [], []
        for k, (s, low, high) in enumerate(zip(slices, self.low, self.high, strict=True)):
            skipped = max(0, -(-(low - s.start) // s.step))
            first = s.start + skipped * s.step
            count = len(range(first, min(s.stop, high), s.step))
            if not count:
                return None
            target.append(slice(skipped, skipped + count))
            axes.append(AxisMap(k, first - low, s.step, count))
        return tuple(target), compose(Placement(tuple(axes)), self.placement)


@node
class Patchwork(Expr):
    """Patches of a stored array that make up another one."""

    source: SourceArray
    patches: tuple[Patch, ...]
    shape_: Corner

    kind: ClassVar[str] = "join"

    def settle(self) -> dict[str, Any]:
        axes = [self._axis(k, n) for k, n in enumerate(self.shape_)]
        return settled(self.shape_, self.source.dtype, Chunks(tuple(axes)), self.source.masked)

    @property
    def label(self) -> str:
        return f"{self.source.label} in {len(self.patches)} parts"

    def _axis(self, axis: int, size: int) -> AxisChunks:
        """Cuts where stored chunks end or parts do, but no short ends by themselves."""
        edges: set[int] = {0, size}
        for patch in self.patches:
            m = patch.placement.axes[axis]
            edges.add(patch.low[axis])
            if m.axis >= 0 and m.step:
                inner = self.source.chunks.axes[m.axis].cut(m.start, m.step, m.size).offsets
                edges.update((inner + patch.low[axis]).tolist())
        if not size:
            return regular(0, 1)
        ordered = sorted(edges)
        most = max(b - a for a, b in pairwise(ordered))
        kept = [0]
        for edge in ordered[1:-1]:
            if 2 * min(edge - kept[-1], size - edge) >= most:
                kept.append(edge)
        return AxisChunks.from_offsets(np.array([*kept, size], np.int64))

    def read_boxes(self, low: Int64, high: Int64) -> list[tuple[Int64, Int64]]:
        """The boxes of the stored array that boxes show, patch by patch."""
        found = []
        for patch in self.patches:
            origin, extent = np.array(patch.low, np.int64), np.array(patch.high, np.int64) - np.array(patch.low)
            a, b = np.clip(low - origin, 0, extent), np.clip(high - origin, 0, extent)
            found.append(patch.placement.base_boxes(a, b, self.source.ndim))
        return found


def patches_of(expr: Expr, in_memory: bool = False) -> Patchwork | None:
    """Parts of one stored array that are joined along one or several axes, as a patchwork; None for anything else.

    in_memory : also of an array in memory; programs take its parts one by one, functions of blocks together
    """
    if not isinstance(expr, Concatenate) or not all(expr.sizes):
        return None
    source = _source(expr)
    if source is None or (source.reader.array is not None and not in_memory):
        return None
    found = _patches(expr, source, (0,) * expr.ndim)
    if found is None or len(found) > (MOST_IN_MEMORY if in_memory else MOST_PATCHES):
        return None
    return Patchwork(source, tuple(found), expr.sizes)


def _source(expr: Expr) -> SourceArray | None:
    """The stored array that the first part shows."""
    while isinstance(expr, Concatenate):
        expr = expr.parts[0]
    base = expr.base if isinstance(expr, View) else expr
    return base if isinstance(base, SourceArray) else None


def _patches(expr: Expr, source: SourceArray, corner: Corner) -> list[Patch] | None:
    if isinstance(expr, Concatenate):
        found: list[Patch] = []
        for part in expr.parts:
            inner = _patches(part, source, corner)
            if inner is None:
                return None
            found += inner
            corner = (*corner[: expr.axis], corner[expr.axis] + part.sizes[expr.axis], *corner[expr.axis + 1 :])
        return found
    base, placement = (expr.base, expr.placement) if isinstance(expr, View) else (expr, identity(expr.sizes))
    if base is not source or not math.prod(expr.sizes):
        return None
    return [Patch(corner, tuple(a + n for a, n in zip(corner, expr.sizes, strict=True)), placement)]
