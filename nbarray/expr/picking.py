"""Points of an array, picked or assigned to: what any index that is more than a view becomes.

Positions are integers from 0 on, checked where the index was given.  A node holds few of them by what they are, so that
the same points picked twice are the same node; many by identity, never compared or hashed.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.node import Expr, node, settled
from nbarray.grid.chunks import AxisChunks, Chunks, Int64, regular
from nbarray.kernels.elementwise import ById, ByKey
from nbarray.kernels.keys import COMPARED_BYTES

__all__ = ["Assign", "Take", "TakeLater", "at_positions"]


def at_positions(arrays: tuple[Any, ...]) -> ById:
    """What a node holds of arrays of positions: a copy of few, which are equal where their contents are."""
    if sum(a.nbytes for a in arrays) > COMPARED_BYTES:
        return ById(arrays)
    few = tuple(np.array(a) for a in arrays)
    return ByKey(few, tuple((a.shape, a.dtype.str, a.tobytes()) for a in few))


def _picked_chunks(
    base: Expr, axes: tuple[int, ...], at: int, points: tuple[int, ...], cut: Chunks | None = None
) -> Chunks:
    """The axes of the points stand for those picked along, and are cut as finely as those together, or as `cut` is."""
    room = max(1, math.prod(base.chunks.axes[k].largest for k in axes))
    kept = [a for k, a in enumerate(base.chunks.axes) if k not in axes]
    if cut is not None and math.prod(cut.largest) <= room:
        return Chunks((*kept[:at], *cut.axes, *kept[at:]))
    cuts: list[AxisChunks] = []
    for n in reversed(points):
        length = max(1, min(n, room))
        cuts.append(regular(n, length))
        room //= length
    return Chunks((*kept[:at], *reversed(cuts), *kept[at:]))


@node
class Take(Expr):
    """Points of `base` at known positions.

    axes : along which positions are given
    at : the points' axes come after so many of the other axes
    held : for each of `axes` an array of positions, all of the points' shape
    """

    base: Expr
    axes: tuple[int, ...]
    at: int
    held: ById

    kind: ClassVar[str] = "select"
    stored: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        chunks = _picked_chunks(self.base, self.axes, self.at, self.positions[0].shape)
        return settled(chunks.shape, self.base.dtype, chunks, self.base.masked)

    @property
    def positions(self) -> tuple[Int64, ...]:
        positions: tuple[Int64, ...] = self.held.value
        return positions


@node
class TakeLater(Expr):
    """Points of `base` at positions that are computed too: `indices`, one for each of `axes`, all of one shape."""

    base: Expr
    axes: tuple[int, ...]
    at: int
    indices: tuple[Expr, ...]

    kind: ClassVar[str] = "select"
    stored: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        chunks = _picked_chunks(self.base, self.axes, self.at, self.indices[0].sizes, self.indices[0].chunks)
        return settled(chunks.shape, self.base.dtype, chunks, self.base.masked)

    @property
    def label(self) -> str:
        return "take"


@node
class Assign(Expr):
    """`base` with `value` at some points; no point comes twice.

    value : shape (points, *lengths of the other axes' parts)
    axes : along which positions are given; none, and one point, for a slice
    held : for each of `axes` a one-dimensional array of positions
    parts : for each other axis (start, step, size) of what is assigned to, with a positive step
    """

    base: Expr
    value: Expr
    axes: tuple[int, ...]
    held: ById
    parts: tuple[tuple[int, int, int], ...]

    kind: ClassVar[str] = "select"
    stored: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        return settled(self.base.shape, self.base.dtype, self.base.chunks, self.base.masked)

    @property
    def positions(self) -> tuple[Int64, ...]:
        positions: tuple[Int64, ...] = tuple(np.asarray(p) for p in self.held.value)
        return positions
