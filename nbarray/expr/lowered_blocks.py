"""Lowered nodes that move whole blocks: joins, reshapes, selections."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.lowered import Box, Corner, Inputs, Lowered, Sink, deliver, new_block
from nbarray.expr.node import Expr, node, settled
from nbarray.expr.operands import operand_bytes, operand_of
from nbarray.grid.chunks import Chunks, Int64
from nbarray.kernels.workspace import Workspace

__all__ = ["Compressed", "Joined", "Reshaped"]


@node
class Joined(Lowered):
    """Parts end to end; each block lies within one part."""

    parts: tuple[Expr, ...]
    axis: int
    chunks: Chunks

    kind: ClassVar[str] = "join"
    fills_sink: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.parts[0].dtype, self.chunks, any(p.masked for p in self.parts))

    @property
    def label(self) -> str:
        return f"concatenate({len(self.parts)})"

    def _starts(self) -> list[int]:
        starts = [0]
        for part in self.parts:
            starts.append(starts[-1] + part.sizes[self.axis])
        return starts

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        boxes = []
        starts = self._starts()
        for k in range(len(self.parts)):
            a, b = low.copy(), high.copy()
            a[:, self.axis] = np.maximum(low[:, self.axis], starts[k]) - starts[k]
            b[:, self.axis] = np.minimum(high[:, self.axis], starts[k + 1]) - starts[k]
            outside = b[:, self.axis] <= a[:, self.axis]
            a[outside] = 0
            b[outside] = 0
            boxes.append((a, b))
        return boxes

    def boxes_of(self, low: Corner, high: Corner) -> Sequence[tuple[Sequence[int], Sequence[int]]]:
        boxes = []
        starts, axis = self._starts(), self.axis
        for start, stop in pairwise(starts):
            a, b = max(low[axis], start), min(high[axis], stop)
            if b <= a:
                boxes.append(((0,) * len(low), (0,) * len(low)))
                continue
            boxes.append(((*low[:axis], a - start, *low[axis + 1 :]), (*high[:axis], b - start, *high[axis + 1 :])))
        return boxes

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        inputs = Inputs(self, low, high, blocks, workspace)
        starts = self._starts()
        shape = tuple(b - a for a, b in zip(low, high, strict=True))
        out, mask = sink if sink is not None else new_block(self, shape)
        if mask is not None:
            mask[...] = False
        for k in range(len(self.parts)):
            a, b = max(low[self.axis], starts[k]), min(high[self.axis], starts[k + 1])
            if b <= a:
                continue
            part_low = tuple(a - starts[k] if j == self.axis else n for j, n in enumerate(low))
            part_high = tuple(b - starts[k] if j == self.axis else n for j, n in enumerate(high))
            values, missing = inputs.read_whole(k, part_low, part_high)
            where = (*(slice(None),) * self.axis, slice(a - low[self.axis], b - low[self.axis]))
            out[where] = values
            if missing is not None and mask is not None:
                mask[where] = missing
        return None if sink is not None else (out, mask)


@node
class Reshaped(Lowered):
    """Another shape in C order; each block is a run of elements that lie one behind the other."""

    arg: Expr
    chunks: Chunks

    kind: ClassVar[str] = "view"

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.arg.dtype, self.chunks, self.arg.masked)

    @property
    def label(self) -> str:
        return "reshape"

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        return operand_bytes([operand_of(self.arg)], self.operand_boxes(low, high), len(low))

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        shape, base = self.sizes, self.arg.sizes
        n, ndim = len(low), len(base)
        empty = (high <= low).any(axis=1) if low.shape[1] else np.zeros(n, bool)
        first = _ravel(low, shape)
        last = _ravel(np.maximum(high - 1, low), shape)
        a, b = _unravel(first, base), _unravel(last, base) + 1
        differs = np.zeros(n, bool)
        for k in range(ndim):
            a[differs, k], b[differs, k] = 0, base[k]
            differs |= (b[:, k] - a[:, k]) != 1
        b[empty] = a[empty]
        return [(a, b)]

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        inputs = Inputs(self, low, high, blocks, workspace)
        shape = tuple(b - a for a, b in zip(low, high, strict=True))
        corners = np.array([low], np.int64).reshape(1, len(low)), np.array([high], np.int64).reshape(1, len(high))
        a, b = self.operand_boxes(*corners)[0]
        box = tuple(a[0].tolist()), tuple(b[0].tolist())
        values, mask = inputs.read_whole(0, *box)
        start = int(_ravel(corners[0], self.sizes)[0])
        first = _unravel(np.array([start]), self.arg.sizes)[0] - a[0]
        offset = int(_ravel(first.reshape(1, -1), values.shape)[0]) if values.ndim else 0
        run = slice(offset, offset + math.prod(shape))

        def cut(plane: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            return plane.reshape(-1)[run].reshape(shape)

        return deliver(sink, (cut(values), None if mask is None else cut(mask)), workspace)


def _ravel(corners: Int64, shape: tuple[int, ...]) -> Int64:
    flat = np.zeros(len(corners), np.int64)
    for k, n in enumerate(shape):
        flat = flat * n + corners[:, k]
    return flat


def _unravel(flat: Int64, shape: tuple[int, ...]) -> Int64:
    corners = np.zeros((len(flat), len(shape)), np.int64)
    rest = flat
    for k in range(len(shape) - 1, -1, -1):
        rest, corners[:, k] = np.divmod(rest, max(1, shape[k]))
    return corners


@node
class Compressed(Lowered):
    """What a mask selects of runs of rows; see `expr.blocks.Compress` for the fields."""

    arg: Expr
    mask: Expr
    rows: Chunks
    chunks: Chunks
    offsets: tuple[int, ...]

    kind: ClassVar[str] = "select"

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.arg.dtype, self.chunks, self.arg.masked)

    @property
    def label(self) -> str:
        return "select"

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        # runs that gave nothing have the offset of the next one, and the search goes past them
        run = np.searchsorted(np.array(self.offsets[:-1], np.int64), low[:, 0], side="right") - 1
        ndim = self.mask.ndim
        a = np.zeros((len(low), self.arg.ndim), np.int64)
        b = a + np.array(self.arg.sizes, np.int64).reshape(1, -1)
        if ndim:
            a[:, 0], b[:, 0] = self.rows.axes[0].bounds(run)
        a[:, ndim:], b[:, ndim:] = low[:, 1:], high[:, 1:]
        empty = (high <= low).any(axis=1)
        a[empty], b[empty] = 0, 0
        return [(a, b), (a[:, :ndim], b[:, :ndim])]

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        shape = tuple(b - a for a, b in zip(low, high, strict=True))
        if 0 in shape:
            return deliver(sink, (np.empty(shape, self.arg.dtype), None), workspace)
        inputs = Inputs(self, low, high, blocks, workspace)
        corners = np.array([low], np.int64), np.array([high], np.int64)
        boxes = [(tuple(a[0].tolist()), tuple(b[0].tolist())) for a, b in self.operand_boxes(*corners)]
        values, missing = inputs.read_whole(0, *boxes[0])
        chosen = inputs.read_whole(1, *boxes[1])[0]
        return deliver(sink, (values[chosen], None if missing is None else missing[chosen]), workspace)
