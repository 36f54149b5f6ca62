"""Blocks in another shape, each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.lowered import Box, Corner, Inputs, Lowered, Sink, deliver
from nbarray.expr.node import Expr, node, settled
from nbarray.grid.chunks import Chunks, Int64
from nbarray.kernels.workspace import Workspace

__all__ = ["ReshapeBlocks", "ReshapedBlocks"]

#: (axes of the base, axes of the result): one of the two is a single axis
Groups = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]


@node
class ReshapeBlocks(Expr):
    """The blocks of `base` in another shape, in C order of blocks along axes that become one, or come of one.

    cut : how `base` is cut
    """

    base: Expr
    cut: Chunks
    groups: Groups
    chunks: Chunks

    kind: ClassVar[str] = "view"
    stored: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.base.dtype, self.chunks, self.base.masked)

    @property
    def label(self) -> str:
        return f"reshape blocks to {self.chunks.shape}"


@node
class ReshapedBlocks(Lowered):
    """`ReshapeBlocks`, a task for each block."""

    arg: Expr
    cut: Chunks
    groups: Groups
    chunks: Chunks

    kind: ClassVar[str] = "view"

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.arg.dtype, self.chunks, self.arg.masked)

    @property
    def label(self) -> str:
        return "reshape blocks"

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        a, b = (np.zeros((len(low), self.arg.ndim), np.int64) for _ in range(2))
        for inner, outer in self.groups:
            number = np.zeros(len(low), np.int64)
            for k in outer:
                axis = self.chunks.axes[k]
                number = number * axis.count + axis.chunk_of(np.minimum(low[:, k], max(0, axis.size - 1)))
            for k in reversed(inner):
                number, here = np.divmod(number, self.cut.axes[k].count)
                a[:, k], b[:, k] = self.cut.axes[k].bounds(here)
        return [(a, b)]

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        inputs = Inputs(self, low, high, blocks, workspace)
        corners = np.array([low], np.int64).reshape(1, -1), np.array([high], np.int64).reshape(1, -1)
        a, b = self.operand_boxes(*corners)[0]
        values, mask = inputs.read_whole(0, tuple(a[0].tolist()), tuple(b[0].tolist()))
        shape = tuple(n - m for m, n in zip(low, high, strict=True))
        return deliver(sink, (values.reshape(shape), None if mask is None else mask.reshape(shape)), workspace)
