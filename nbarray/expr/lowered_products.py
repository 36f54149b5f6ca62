"""Products of matrices, as tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.lowered import Box, Corner, Inputs, Lowered, Sink, deliver
from nbarray.expr.node import Expr, node, settled
from nbarray.expr.operands import decoding_bytes, lies_in_memory, operand_of
from nbarray.grid.chunks import Chunks, Int64
from nbarray.kernels.panels import panel_bytes
from nbarray.kernels.workspace import Workspace
from nbarray.pages import LARGE, own_empty

__all__ = ["Mirrored", "Product"]


@node
class Product(Lowered):
    """Products of blocks, summed over `depth` axes, so many positions of the first of them at a time.

    Shapes as in `expr.blocks.Contract`: left (stack..., i..., k...), right (stack..., k..., j...).

    parts : 0, or how many parts are made of the sums, along an axis in front of the result's
    """

    left: Expr
    right: Expr
    stack: int
    depth: int
    run_length: int
    chunks: Chunks
    of_dtype: np.dtype[Any]
    parts: int = 0

    kind: ClassVar[str] = "contract"
    calls_blas: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.of_dtype, self.chunks, False)

    @property
    def label(self) -> str:
        return "matmul"

    @property
    def _summed(self) -> tuple[int, ...]:
        return self.left.sizes[self.left.ndim - self.depth :]

    def _cut(self, part: Any) -> Any:
        """Where a part of the sums begins, along the first axis that is summed."""
        return self._summed[0] * part // max(1, self.parts)

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        n, s = len(low), self.stack
        free = self.left.ndim - self.depth
        summed_low = np.zeros((n, self.depth), np.int64)
        summed_high = summed_low + np.array(self._summed, np.int64).reshape(1, -1)
        if self.parts:
            summed_low[:, 0], summed_high[:, 0] = self._cut(low[:, 0]), self._cut(high[:, 0])
            low, high = low[:, 1:], high[:, 1:]
        return [
            (np.hstack([low[:, :free], summed_low]), np.hstack([high[:, :free], summed_high])),
            (
                np.hstack([low[:, :s], summed_low, low[:, free:]]),
                np.hstack([high[:, :s], summed_high, high[:, free:]]),
            ),
        ]

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        extent = np.maximum(high - low, 0)[:, 1 if self.parts else 0 :]
        free = self.left.ndim - self.depth
        deep = self._deep()
        left = extent[:, :free].prod(axis=1) * deep
        right = extent[:, : self.stack].prod(axis=1) * extent[:, free:].prod(axis=1) * deep
        parts = extent.prod(axis=1) * self.of_dtype.itemsize * (self._summed[0] > self.run_length)
        return parts + self._taken_bytes(self.left, left) + self._taken_bytes(self.right, right)

    def _deep(self) -> int:
        """Over how many positions one call of BLAS sums."""
        return min(self.run_length, max(1, self._summed[0])) * math.prod(self._summed[1:])

    def panel_bytes(self, low: Int64, high: Int64) -> Int64:
        extent = np.maximum(high - low, 0)[:, 1 if self.parts else 0 :]
        free = self.left.ndim - self.depth
        rows, columns = extent[:, self.stack : free].prod(axis=1), extent[:, free:].prod(axis=1)
        return panel_bytes(rows, self._deep(), columns, self.of_dtype)

    def _taken_bytes(self, expr: Expr, elements: Int64) -> Int64:
        """What it takes to have so many elements of an operand as BLAS wants them."""
        operand = operand_of(expr)
        base = operand.base
        steps = all(axis.step == 1 for axis in operand.placement.axes)
        suits = expr.dtype == self.of_dtype and expr.ndim == self.stack + 2 and steps
        width = (not lies_in_memory(base)) * base.dtype.itemsize + (not suits) * self.of_dtype.itemsize
        return elements * width + decoding_bytes(base)

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        inputs = Inputs(self, low, high, blocks, workspace)
        s, free, rest = self.stack, self.left.ndim - self.depth, self._summed[1:]
        made = tuple(b - a for a, b in zip(low, high, strict=True))
        first, last = (self._cut(low[0]), self._cut(high[0])) if self.parts else (0, self._summed[0])
        low, high = (low[1:], high[1:]) if self.parts else (low, high)
        zeros = (0,) * len(rest)
        shape = tuple(b - a for a, b in zip(low, high, strict=True))
        stack, rows, columns = shape[:s], math.prod(shape[s:free]), math.prod(shape[free:])
        total = own_empty((*stack, rows, columns), self.of_dtype, LARGE)
        if first == last:
            total.fill(0)
        part = None
        for a in range(first, last, self.run_length):
            b = min(a + self.run_length, last)
            left, _ = inputs.read_whole(0, (*low[:free], a, *zeros), (*high[:free], b, *rest))
            right, _ = inputs.read_whole(1, (*low[:s], a, *zeros, *low[free:]), (*high[:s], b, *rest, *high[free:]))
            deep = (b - a) * math.prod(rest)
            factors = left.reshape(*stack, rows, deep), right.reshape(*stack, deep, columns)
            if a == first:
                total = np.matmul(*factors, out=total, dtype=self.of_dtype)
            else:  # the same room for all: a third array would be more than a task says it takes
                part = own_empty(total.shape, self.of_dtype, LARGE) if part is None else part
                total += np.matmul(*factors, out=part, dtype=self.of_dtype)
        return deliver(sink, (total.reshape(made), None), workspace)


@node
class Mirrored(Lowered):
    """A symmetric product in square blocks: those below the diagonal are the others, turned.

    triangle : the product; only its blocks on and above the diagonal are asked for
    """

    triangle: Expr

    kind: ClassVar[str] = "contract"

    def settle(self) -> dict[str, Any]:
        return settled(self.triangle.shape, self.triangle.dtype, self.triangle.chunks, False)

    @property
    def label(self) -> str:
        return "matmul, mirrored"

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        below = (low[:, 0] > low[:, 1])[:, None]
        return [(np.where(below, low[:, ::-1], low), np.where(below, high[:, ::-1], high))]

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        values = blocks[0][0]
        return deliver(sink, (values.T if low[0] > low[1] else values, None), workspace)
