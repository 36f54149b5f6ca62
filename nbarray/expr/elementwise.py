"""Elementwise nodes: an operation of the table on operands that broadcast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nbarray.errors import BroadcastError
from nbarray.expr.node import Expr, node, settled
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.kernels.elementwise import Op

__all__ = ["Elementwise", "broadcast_chunks", "broadcast_sizes"]


@node
class Elementwise(Expr):
    """`op` on `args`, whose shapes broadcast as NumPy's do."""

    op: Op
    args: tuple[Expr, ...]
    of_dtype: np.dtype[Any]

    kind: ClassVar[str] = "elementwise"

    def settle(self) -> dict[str, Any]:
        shape = broadcast_sizes([a.sizes for a in self.args], self.op.label)
        chunks = broadcast_chunks(shape, [a.chunks for a in self.args])
        masked = self.op.makes_mask or (not self.op.drops_mask and any(a.masked for a in self.args))
        return settled(shape, self.of_dtype, chunks, masked)

    @property
    def label(self) -> str:
        if self.op.name == "cast":
            return f"astype({self.of_dtype})"
        return self.op.label


def broadcast_sizes(shapes: Sequence[tuple[int, ...]], what: str) -> tuple[int, ...]:
    """The common shape of `shapes`; raises BroadcastError that shows all of them."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        shown = " ".join(str(s).replace(" ", "") for s in shapes)
        raise BroadcastError(
            f"{what}: operands could not be broadcast together with shapes {shown}; "
            "compared from the last axis, sizes must be equal or 1"
        ) from None


def broadcast_chunks(shape: tuple[int, ...], operands: Sequence[Chunks]) -> Chunks:
    """The coarsest chunks that fit all operands."""
    axes: list[AxisChunks] = []
    for k, size in enumerate(shape):
        best: AxisChunks | None = None
        for chunks in operands:
            j = k - len(shape) + len(chunks.axes)
            if j >= 0 and chunks.axes[j].size == size:
                best = chunks.axes[j] if best is None else best.refine(chunks.axes[j])
        axes.append(best if best is not None else regular(size, size))
    return Chunks(tuple(axes))
