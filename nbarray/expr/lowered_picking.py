"""Tasks that pick points of an array, or put values at points of it.

A task that picks goes through its operand one *unit* after another (a stored chunk, a block), reads what holds its
points there, and puts them where they belong.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.leaves import SourceArray
from nbarray.expr.lowered import Box, Corner, Inputs, Lowered, Sink, new_block
from nbarray.expr.node import Expr, node, settled
from nbarray.expr.operands import decoding_bytes, operand_of
from nbarray.grid.chunks import AxisChunks, Chunks, Int64
from nbarray.grid.indexing import in_bounds
from nbarray.kernels.elementwise import ById
from nbarray.kernels.fused import Planes
from nbarray.kernels.picking import pick_into
from nbarray.kernels.workspace import Workspace

__all__ = ["Assigned", "Gathered", "GatheredLater", "in_memory", "unit_numbers"]


def in_memory(expr: Expr) -> bool:
    """Whether any part of an operand can be had without copying."""
    base = operand_of(expr).base
    return isinstance(base, SourceArray) and base.reader.array is not None


def unit_numbers(positions: Sequence[Int64], units: Sequence[AxisChunks]) -> Int64:
    """In which unit points lie, numbered in C order over the units."""
    number = np.zeros(positions[0].shape, np.int64)
    for p, unit in zip(positions, units, strict=True):
        number = number * unit.count + unit.chunk_of(p)
    return number


class _Picks(Lowered):
    """What picking has in common, wherever the positions come from."""

    arg: Expr
    axes: tuple[int, ...]
    at: int
    units: tuple[AxisChunks, ...]

    kind: ClassVar[str] = "select"
    fills_sink: ClassVar[bool] = True

    @property
    def label(self) -> str:
        return "take"

    @property
    def _kept(self) -> list[int]:
        return [k for k in range(self.arg.ndim) if k not in self.axes]

    def _points_ndim(self) -> int:
        return self.ndim - len(self._kept)

    def _split(self, corner: Any) -> tuple[Any, Any]:
        """A corner's part along the points' axes, and along the others."""
        end = self.at + self._points_ndim()
        return corner[self.at : end], (*corner[: self.at], *corner[end:])

    def _full(self, picked: Sequence[int], kept: Sequence[int]) -> Corner:
        """A corner of the operand."""
        corner = dict(zip(self.axes, picked, strict=True)) | dict(zip(self._kept, kept, strict=True))
        return tuple(int(corner[k]) for k in range(self.arg.ndim))

    def _kept_box(self, low: Int64, high: Int64) -> Box:
        """Boxes of the operand, all of it along the axes picked along."""
        a = np.zeros((len(low), self.arg.ndim), np.int64)
        b = a + np.array(self.arg.sizes, np.int64).reshape(1, -1)
        others = [k for k in range(self.ndim) if not self.at <= k < self.at + self._points_ndim()]
        a[:, self._kept], b[:, self._kept] = low[:, others], high[:, others]
        return a, b

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        where = slice(self.at, self.at + self._points_ndim())
        points = (high[:, where] - low[:, where]).prod(axis=1)
        kept = np.maximum(high - low, 0)
        kept[:, where] = 1
        width = self.arg.dtype.itemsize + self.arg.masked
        held = points * 8 * (2 * len(self.axes) + 4)
        if in_memory(self.arg):
            return held + self.block_bytes(low, high)
        a, b = self.operand_boxes(low, high)[0]
        extent = (b - a)[:, list(self.axes)]
        unit = np.minimum(extent, np.array([u.largest for u in self.units], np.int64).reshape(1, -1)).prod(axis=1)
        return held + (unit + points) * width * kept.prod(axis=1) + decoding_bytes(operand_of(self.arg).base)

    def spare_bytes(self, low: Int64, high: Int64) -> Int64:
        # along one axis, points of what lies in memory go to their block at once, unless that lies in pieces
        straight = in_memory(self.arg) and self.axes == (self.at,) and all(u.count == 1 for u in self.units)
        where = slice(self.at, self.at + self._points_ndim())
        unsorted = (high[:, where] - low[:, where]).prod(axis=1) * 8 * (len(self.axes) + 4)
        return (self.block_bytes(low, high) + unsorted) * straight

    def taken_bytes(self, low: Int64, high: Int64) -> Int64:
        return self.block_bytes(low, high)  # points, not the boxes that they lie in

    def _wanted(self, inputs: Inputs, low: Corner, high: Corner) -> list[Int64]:
        """Positions of a block's points, along each axis, in the points' shape."""
        raise NotImplementedError

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        inputs = Inputs(self, low, high, blocks, workspace)
        shape = tuple(b - a for a, b in zip(low, high, strict=True))
        out, mask = sink if sink is not None else new_block(self, shape)
        if mask is not None and sink is not None:
            mask[...] = False
        any_masked = False
        if 0 not in shape:
            (_, kept_low), (_, kept_high) = self._split(low), self._split(high)
            points, kept = self._split(shape)[0], self._kept
            wanted = self._wanted(inputs, low, high)
            for some, part in self._groups(wanted):
                first, last = [int(p.min()) for p in part], [int(p.max()) + 1 for p in part]
                box = self._full(first, kept_low), self._full(last, kept_high)
                values, missing = inputs.read_whole(0, *box)
                local = [p - f for p, f in zip(part, first, strict=True)]
                pick_into(out, values, self.axes, kept, self.at, points, some, local)
                if missing is not None and mask is not None:
                    pick_into(mask, missing, self.axes, kept, self.at, points, some, local)
                    any_masked = True
        return None if sink is not None else (out, mask if any_masked else None)

    def _groups(self, wanted: list[Int64]) -> Iterator[tuple[Int64 | None, list[Int64]]]:
        """The points in each unit: which they are (None: all), and their positions; unit after unit."""
        if all(u.count == 1 for u in self.units):
            yield None, wanted
            return
        flat = [w.ravel() for w in wanted]
        number = unit_numbers(flat, self.units)
        if bool(np.all(number == number[0])):
            yield None, wanted
            return
        order = np.argsort(number, kind="stable")
        ordered = number[order]
        edges = [0, *(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1).tolist(), len(order)]
        for start, stop in pairwise(edges):
            some = order[start:stop]
            yield some, [f[some] for f in flat]


@node
class Gathered(_Picks):
    """Points at known positions; see `expr.picking.Take`.

    units : for each of `axes`, how it is cut into what is read at once
    """

    arg: Expr
    axes: tuple[int, ...]
    at: int
    held: ById
    chunks: Chunks
    units: tuple[AxisChunks, ...]

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.arg.dtype, self.chunks, self.arg.masked)

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        a, b = self._kept_box(low, high)
        empty = (high <= low).any(axis=1)
        where = slice(self.at, self.at + self._points_ndim())
        corners = np.concatenate([low[:, where], high[:, where]], axis=1)
        some, owner = np.unique(corners, axis=0, return_inverse=True)
        found = self._bounds(some)
        for j, k in enumerate(self.axes):
            a[:, k], b[:, k] = found[0][owner.ravel(), j], found[1][owner.ravel(), j]
        a[empty], b[empty] = 0, 0
        return [(a, b)]

    def _bounds(self, corners: Int64) -> Box:
        """The least and the largest position, one more, of all points in boxes of points."""
        ndim = corners.shape[1] // 2
        a = np.zeros((len(corners), len(self.axes)), np.int64)
        b = np.zeros_like(a)
        if ndim == 1:
            full = corners[:, 0] < corners[:, 1]
            cuts = corners[full].ravel()
            for j, p in enumerate(self.held.value):
                # the last box goes to the end by itself; a copy with one more element would take as much as the points
                edges = cuts[:-1] if cuts.size and cuts[-1] == len(p) else cuts
                a[full, j] = np.minimum.reduceat(p, edges)[::2]
                b[full, j] = np.maximum.reduceat(p, edges)[::2] + 1
            return a, b
        for i, corner in enumerate(corners.tolist()):
            box = tuple(map(slice, corner[:ndim], corner[ndim:]))
            for j, p in enumerate(self.held.value):
                part = p[box]
                if part.size:
                    a[i, j], b[i, j] = part.min(), part.max() + 1
        return a, b

    def _wanted(self, inputs: Inputs, low: Corner, high: Corner) -> list[Int64]:
        box = tuple(map(slice, self._split(low)[0], self._split(high)[0]))
        return [np.asarray(p[box]) for p in self.held.value]


@node
class GatheredLater(_Picks):
    """Points at positions that other tasks compute; see `expr.picking.TakeLater`."""

    arg: Expr
    axes: tuple[int, ...]
    at: int
    indices: tuple[Expr, ...]
    chunks: Chunks
    units: tuple[AxisChunks, ...]

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.arg.dtype, self.chunks, self.arg.masked)

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        a, b = self._kept_box(low, high)
        empty = (high <= low).any(axis=1)
        a[empty], b[empty] = 0, 0
        where = slice(self.at, self.at + self._points_ndim())
        first, last = low[:, where].copy(), high[:, where].copy()
        first[empty], last[empty] = 0, 0
        return [(a, b), *[(first, last)] * len(self.indices)]

    def _wanted(self, inputs: Inputs, low: Corner, high: Corner) -> list[Int64]:
        box = self._split(low)[0], self._split(high)[0]
        return [
            in_bounds(np.asarray(inputs.read_whole(1 + j, *box)[0]), axis, self.arg.sizes[axis])
            for j, axis in enumerate(self.axes)
        ]


@node
class Assigned(Lowered):
    """Blocks with values put at points of them; see `expr.picking.Assign`.

    held : positions, block after block along `axes`
    starts : where in them each block's begin, and where the last one's end
    chunks : blocks
    """

    arg: Expr
    value: Expr
    axes: tuple[int, ...]
    held: ById
    starts: ById
    parts: tuple[tuple[int, int, int], ...]
    chunks: Chunks

    kind: ClassVar[str] = "select"
    fills_sink: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.arg.dtype, self.chunks, self.arg.masked)

    @property
    def label(self) -> str:
        return "assign"

    @property
    def _others(self) -> list[int]:
        return [k for k in range(self.ndim) if k not in self.axes]

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        a = np.zeros((len(low), self.value.ndim), np.int64)
        b = np.zeros_like(a)
        number = np.zeros(len(low), np.int64)
        for k in self.axes:
            axis = self.chunks.axes[k]
            number = number * axis.count + axis.chunk_of(np.minimum(low[:, k], max(0, axis.size - 1)))
        a[:, 0], b[:, 0] = self.starts.value[number], self.starts.value[number + 1]
        for j, (k, (start, step, size)) in enumerate(zip(self._others, self.parts, strict=True), 1):
            a[:, j] = np.clip(-((start - low[:, k]) // step), 0, size)
            b[:, j] = np.clip(-((start - high[:, k]) // step), 0, size)
        nothing = (b <= a).any(axis=1) | (high <= low).any(axis=1)
        a[nothing], b[nothing] = 0, 0
        return [(low, high), (a, b)]

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        total = np.zeros(len(low), np.int64)
        for operand, (a, b) in zip((self.arg, self.value), self.operand_boxes(low, high), strict=True):
            width = operand.dtype.itemsize + operand.masked + 8
            total += (b - a).prod(axis=1) * width + decoding_bytes(operand_of(operand).base)
        return total

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        inputs = Inputs(self, low, high, blocks, workspace)
        shape = tuple(b - a for a, b in zip(low, high, strict=True))
        out, mask = sink if sink is not None else new_block(self, shape)
        values, missing = inputs.read_whole(0, low, high)
        out[...] = values
        if mask is not None:
            mask[...] = False if missing is None else missing
        corners = np.array([low], np.int64).reshape(1, len(low)), np.array([high], np.int64).reshape(1, len(high))
        a, b = (c[0].tolist() for c in self.operand_boxes(*corners)[1])
        if math.prod(n - m for m, n in zip(a, b, strict=True)):
            self._put((out, mask), inputs.read_whole(1, tuple(a), tuple(b)), low, a, b)
        return None if sink is not None else (out, mask)

    def _put(self, block: Planes, new: Planes, low: Corner, a: list[int], b: list[int]) -> None:
        index: list[Any] = [p[a[0] : b[0]] - low[k] for k, p in zip(self.axes, self.held.value, strict=True)]
        for j, (k, (start, step, _)) in enumerate(zip(self._others, self.parts, strict=True), 1):
            first = start + step * a[j] - low[k]
            index.append(slice(first, first + step * (b[j] - a[j] - 1) + 1, step))
        order = (*self.axes, *self._others)
        for plane, values in zip(block, new, strict=True):
            if plane is None:
                continue
            # the other axes are cut first, so that the points stand alone
            count = len(self.axes)
            target = plane.transpose(order)[(*(slice(None),) * count, *index[count:], ...)]
            target[tuple(index[:count]) if count else ...] = False if values is None else values if count else values[0]
