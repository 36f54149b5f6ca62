"""Nodes that move elements without computing: views, joins, rechunks, reshapes."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from nbarray.errors import ShapeError
from nbarray.expr.node import Expr, node, settled
from nbarray.grid.chunks import AxisChunks, Chunks, join_all, regular
from nbarray.grid.regions import Placement

__all__ = ["Concatenate", "Rechunk", "Reshape", "View", "view_chunks"]


def view_chunks(chunks: Chunks, placement: Placement) -> Chunks:
    """Chunks of a view on an array with `chunks`."""
    axes: list[AxisChunks] = []
    for m in placement.axes:
        if m.axis < 0 or m.step == 0:
            axes.append(regular(m.size, m.size))
        else:
            axes.append(chunks.axes[m.axis].cut(m.start, m.step, m.size))
    return Chunks(tuple(axes))


@node
class View(Expr):
    """Slices, steps, transposes, new and dropped axes and broadcasting, all as one placement on a base."""

    base: Expr
    placement: Placement

    kind: ClassVar[str] = "view"

    def settle(self) -> dict[str, Any]:
        chunks = view_chunks(self.base.chunks, self.placement)
        return settled(self.placement.shape, self.base.dtype, chunks, self.base.masked)

    @property
    def label(self) -> str:
        p, shape = self.placement, self.base.sizes
        axes = [m.axis for m in p.axes if m.axis >= 0]
        if (
            all(shape[axis] == 1 for axis, _ in p.fixed)
            and p.fixed
            and len(p.axes) == len(axes) == len(shape) - len(p.fixed)
        ):
            if axes == sorted(axes) and all((m.start, m.step, m.size) == (0, 1, shape[m.axis]) for m in p.axes):
                return "squeeze"
        cut = any(m.axis >= 0 and (m.start, m.step, m.size) != (0, 1, shape[m.axis]) for m in p.axes)
        if any(m.repeats for m in p.axes):
            return "broadcast_to"
        if axes != sorted(axes):
            return "transpose" if not cut else "transpose, slice"
        if cut or p.fixed:
            return "slice"
        return "expand_dims"


@node
class Concatenate(Expr):
    """Parts end to end along `axis`; all of one dtype."""

    parts: tuple[Expr, ...]
    axis: int

    kind: ClassVar[str] = "join"

    def settle(self) -> dict[str, Any]:
        first = self.parts[0]
        axes: list[AxisChunks] = []
        for k in range(first.ndim):
            columns = [p.chunks.axes[k] for p in self.parts]
            if k == self.axis:
                axes.append(join_all(columns))
                continue
            common = columns[0]
            for other in {id(c): c for c in columns[1:]}.values():
                common = common.refine(other)
            axes.append(common)
        chunks = Chunks(tuple(axes))
        return settled(chunks.shape, first.dtype, chunks, any(p.masked for p in self.parts))

    @property
    def label(self) -> str:
        return f"concatenate({len(self.parts)})"


@node
class Rechunk(Expr):
    """The same values in other chunks."""

    base: Expr
    chunks: Chunks

    kind: ClassVar[str] = "rechunk"

    def settle(self) -> dict[str, Any]:
        return settled(self.base.shape, self.base.dtype, self.chunks, self.base.masked)


@node
class Reshape(Expr):
    """The same values in C order, in another shape."""

    base: Expr
    chunks: Chunks

    kind: ClassVar[str] = "view"
    stored: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        if math.prod(self.base.sizes) != math.prod(self.chunks.shape):
            raise ShapeError(
                f"cannot reshape array of size {math.prod(self.base.sizes)} into shape {self.chunks.shape}"
            )
        return settled(self.chunks.shape, self.base.dtype, self.chunks, self.base.masked)
