"""What tasks take in: a view on something that exists without tasks, or on blocks that other tasks make.

An operand is an expression ``View(base)`` or ``base``.  A *direct* base (stored numbers, arrays in
memory, numbers made by formula) can be read in any rectangle at any time.  All other bases are made
of blocks, and a rectangle is put together from the blocks that it touches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from nbarray.expr.leaves import Arange, Eye, Filled, Generated, Random, Scalar, SourceArray
from nbarray.expr.node import Expr
from nbarray.expr.patchwork import Patchwork
from nbarray.expr.structure import View
from nbarray.grid.chunks import Chunks, Int64
from nbarray.grid.regions import Placement, identity, shape_of
from nbarray.io.meter import meter
from nbarray.io.protocols import read_shuffled
from nbarray.kernels.direct import arange_part, arrange, base_slices, eye_part, full_part, read_part, split_planes
from nbarray.kernels.fused import Planes
from nbarray.kernels.patched import Patched
from nbarray.kernels.random import random_part
from nbarray.kernels.turning import stored_along
from nbarray.kernels.workspace import Workspace

__all__ = [
    "DIRECT",
    "Operand",
    "block_ranges",
    "decodes",
    "decoding_bytes",
    "is_direct",
    "is_generated",
    "is_shuffled",
    "lies_in_memory",
    "operand_bytes",
    "operand_of",
    "reads_freely",
    "reads_storage",
    "stored_axis",
    "turning_bytes",
]

DIRECT = (SourceArray, Filled, Arange, Eye, Random, Scalar, Patchwork)

Corner = tuple[int, ...]
#: Patches are read at once if no more than so many times what they show is read.
NEAR = 1.5
_ONES = (1,) * 64


def is_direct(expr: Expr) -> bool:
    """Whether any rectangle of `expr` can be had without a task."""
    return isinstance(expr, DIRECT)


def is_generated(expr: Expr) -> bool:
    """Whether values are computed at each read."""
    return isinstance(expr, Generated)


def lies_in_memory(expr: Expr) -> bool:
    """Whether any part of `expr` is there already."""
    return is_direct(expr) and not reads_storage(expr) and not is_generated(expr)


def reads_storage(expr: Expr) -> bool:
    """Whether reading means decoding or copying, so that it should be done by whole stored chunks."""
    source = expr.source if isinstance(expr, Patchwork) else expr
    return isinstance(source, SourceArray) and source.reader.array is None


def decodes(source: SourceArray) -> bool:
    """Whether stored chunks have to be decoded whole for any part of them."""
    if not reads_storage(source) or source.reader.stored_chunks is None:
        return False
    return "not compressed" not in source.reader.origin.route


def is_shuffled(expr: Expr) -> bool:
    """Whether bytes of stored numbers lie apart, as far as is known, when all else is decoded."""
    return isinstance(expr, SourceArray) and reads_storage(expr) and "shuffle" in expr.reader.origin.route


def reads_freely(source: SourceArray) -> bool:
    """Whether any run of bytes can be read from a file by itself, so that reading may cut chunks."""
    return source.reader.array is None and source.reader.origin.route.startswith("read in the workers")


def decoding_bytes(expr: Expr) -> int:
    """What reading any part of `expr` takes besides what is read: a chunk as it is stored, and decoded."""
    if isinstance(expr, Patchwork):
        expr = expr.source
    if not (isinstance(expr, SourceArray) and decodes(expr)):
        return 0
    return 2 * math.prod(expr.reader.stored_chunks or ()) * expr.dtype.itemsize


def stored_axis(operand: Operand) -> int | None:
    """The axis of a view of an array in memory that it is stored along, if that isn't the last; else None."""
    array = operand.base.reader.array if isinstance(operand.base, SourceArray) else None
    if array is None:
        return None
    axes = operand.placement.axes
    return stored_along([m.size for m in axes], [0 if m.axis < 0 else array.strides[m.axis] * m.step for m in axes])


def turning_bytes(operand: Operand, elements: Int64) -> Int64:
    """What it takes to bring tiles of so many elements into the order of their axes, if they are stored in another."""
    order = [m.axis for m in operand.placement.axes if m.axis >= 0]
    turned = order != sorted(order) or stored_axis(operand) is not None
    return elements * operand.base.dtype.itemsize * 9 // 8 * turned


@dataclass(frozen=True, slots=True)
class Operand:
    """A view on a base; `whole` if it shows all of it, as it is."""

    base: Expr
    placement: Placement
    whole: bool = False

    def is_blocks_of(self, chunks: Chunks) -> bool:
        """Whether any block of `chunks` is one of its blocks as it is, so that nothing has to be put together."""
        return self.whole and not is_direct(self.base) and self.base.chunks == chunks

    def slices(self, low: Corner, high: Corner) -> tuple[slice, ...]:
        """The part of the base that a rectangle of the view shows."""
        return base_slices(self.placement, low, high, self.base.ndim)

    def read_apart(self, low: Corner, high: Corner, workspace: Workspace, name: Any) -> Planes | Patched:
        """As `read`, but what lies in several parts may stay apart."""
        base = self.base
        if not isinstance(base, Patchwork) or not self.whole:
            return self.read(low, high, workspace, name)
        return read_patches(base, tuple(map(slice, low, high, _ONES)), workspace, name)

    def read(self, low: Corner, high: Corner, workspace: Workspace, name: Any) -> Planes:
        """A rectangle of a direct base, in the view's order; axes that repeat have length 1."""
        if self.whole:
            return self._read_base(tuple(map(slice, low, high, _ONES)), workspace, name)
        slices = self.slices(low, high)
        values, mask = self._read_base(slices, workspace, name)
        return arrange(values, self.placement), None if mask is None else arrange(mask, self.placement)

    @property
    def fills(self) -> bool:
        """Whether its stored numbers lie in the order of its axes, so that `fill` can be called."""
        stored = isinstance(self.base, SourceArray) and self.base.reader.array is None and not self.base.reader.masked
        steady = all(m.axis == k and m.step > 0 for k, m in enumerate(self.placement.axes))
        return stored and steady and len(self.placement.axes) == self.base.ndim

    def fill(self, low: Corner, high: Corner, out: np.ndarray[Any, Any]) -> int:
        """Read a rectangle into `out`, whose bytes may be shuffled then: see `io.protocols.ShuffledReader`."""
        assert isinstance(self.base, SourceArray)
        began = perf_counter()
        run = read_shuffled(self.base.reader, self.slices(low, high), out)
        meter.reader_s += perf_counter() - began
        return run

    def _read_base(self, slices: tuple[slice, ...], workspace: Workspace, name: Any) -> Planes:
        base = self.base
        if isinstance(base, SourceArray):
            if base.reader.array is not None:
                return split_planes(base.reader.read(slices))
            return _read_stored(base, slices, workspace, name)
        if isinstance(base, Patchwork):
            apart = read_patches(base, slices, workspace, name)
            if not isinstance(apart, Patched):
                return apart
            return apart.together(workspace.buffer((name, "together"), apart.shape, base.dtype))
        if isinstance(base, Arange):
            take = partial(workspace.buffer_for, name)
            return arange_part(base.start.value, base.step.value, base.dtype, slices[0], take), None
        if isinstance(base, Eye):
            return eye_part(base.k, base.dtype, slices[0], slices[1]), None
        if isinstance(base, Random):
            return random_part(base.draw, base.sizes, base.dtype, slices), None
        if isinstance(base, Filled):
            return full_part(base.value.value, base.dtype, slices), None
        assert isinstance(base, Scalar)
        return full_part(base.constant.value, base.dtype, slices), None

    def assemble(self, low: Corner, high: Corner, blocks: Sequence[Any], workspace: Workspace) -> Planes:
        """A rectangle put together from the blocks that it touches, given in C order."""
        slices = self.slices(low, high)
        values, mask = _assemble(self.base.chunks, slices, blocks, self.base.dtype)
        return arrange(values, self.placement), None if mask is None else arrange(mask, self.placement)


def _read_stored(source: SourceArray, slices: tuple[slice, ...], workspace: Workspace, name: Any) -> Planes:
    shape = shape_of(slices)
    buffer, began = workspace.buffer(name, shape, source.dtype), perf_counter()
    planes = read_part(source.reader.read, slices, buffer)
    meter.reader_s += perf_counter() - began
    return planes


def read_patches(work: Patchwork, slices: tuple[slice, ...], workspace: Workspace, name: Any) -> Planes | Patched:
    """A rectangle of a patchwork: read at once where its patches lie near each other, else one by one."""
    source = work.source
    shown = [found for patch in work.patches if (found := patch.shown(slices)) is not None]
    parts = [base_slices(p, (0,) * len(p.axes), p.shape, source.ndim) for _, p in shown]
    around = tuple(slice(min(s.start for s in axis), max(s.stop for s in axis), 1) for axis in zip(*parts, strict=True))
    apart = sum(math.prod(shape_of(part)) for part in parts)
    cells: list[tuple[tuple[slice, ...], Planes]] = []
    whole = None
    if len(parts) > 1 and math.prod(s.stop - s.start for s in around) <= NEAR * apart:
        whole = _read_stored(source, around, workspace, name)
    for k, ((target, placement), part) in enumerate(zip(shown, parts, strict=True)):
        if whole is None:
            values, mask = _read_stored(source, part, workspace, (name, k))
        else:
            inside = tuple(
                slice(s.start - a.start, s.stop - a.start, s.step) for s, a in zip(part, around, strict=True)
            )
            values, mask = whole[0][inside], None if whole[1] is None else whole[1][inside]
        shape = tuple(t.stop - t.start for t in target)
        values = np.broadcast_to(arrange(values, placement), shape)
        cells.append((target, (values, None if mask is None else np.broadcast_to(arrange(mask, placement), shape))))
    shape = shape_of(slices)
    return cells[0][1] if len(cells) == 1 else Patched(shape, cells)


def operand_of(expr: Expr) -> Operand:
    """`expr` taken as a view on a base."""
    if isinstance(expr, View):
        return Operand(expr.base, expr.placement)
    return Operand(expr, identity(expr.sizes), True)


def operand_bytes(operands: Sequence[Operand], boxes: list[tuple[Int64, Int64]], count: int) -> Int64:
    """Bytes that reading the operands' rectangles may take, for each of `count` tasks."""
    total = np.zeros(count, np.int64)
    for operand, (a, b) in zip(operands, boxes, strict=True):
        total += np.maximum(b - a, 0).prod(axis=1) * (operand.base.dtype.itemsize + operand.base.masked)
        total += decoding_bytes(operand.base)
    return total


def block_ranges(chunks: Chunks, slices: tuple[slice, ...]) -> list[range]:
    """The blocks a rectangle touches, along each axis."""
    ranges = []
    for axis, s in zip(chunks.axes, slices, strict=True):
        if s.stop <= s.start:
            return [range(0)] * len(slices)
        if axis.is_regular:
            ranges.append(range(s.start // axis.step, (s.stop - 1) // axis.step + 1))
        else:
            first, last = np.searchsorted(axis.offsets, [s.start, s.stop - 1], side="right").tolist()
            ranges.append(range(first - 1, last))
    return ranges


def _assemble(chunks: Chunks, slices: tuple[slice, ...], blocks: Sequence[Any], dtype: np.dtype[Any]) -> Planes:
    shape = shape_of(slices)
    ranges = block_ranges(chunks, slices)
    if len(blocks) == 1:
        inside, _ = _overlap(chunks, slices, tuple(r.start for r in ranges))
        values, mask = blocks[0]
        everything = (*inside, ...)  # an array even of no axes: texts and objects would be no arrays any more
        return values[everything], None if mask is None else mask[everything]
    out = np.empty(shape, dtype)
    out_mask = np.zeros(shape, bool) if any(b[1] is not None for b in blocks) else None
    for place, (values, mask) in zip(np.ndindex(*[len(r) for r in ranges]), blocks, strict=True):
        inside, target = _overlap(chunks, slices, tuple(r.start + p for r, p in zip(ranges, place, strict=True)))
        out[target] = values[inside]
        if mask is not None and out_mask is not None:
            out_mask[target] = mask[inside]
    return out, out_mask


def _overlap(chunks: Chunks, slices: tuple[slice, ...], block: Corner) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Which part of a block a rectangle shows, and where in the rectangle it goes."""
    inside, target = [], []
    for axis, s, k in zip(chunks.axes, slices, block, strict=True):
        start = k * axis.step if axis.is_regular else int(axis.offsets[k])
        stop = min(start + axis.step, axis.size) if axis.is_regular else int(axis.offsets[k + 1])
        first = s.start if start <= s.start else s.start + -(-(start - s.start) // s.step) * s.step
        count = len(range(first, min(stop, s.stop), s.step))
        inside.append(
            slice(first - start, first - start + (count - 1) * s.step + 1 if count else first - start, s.step)
        )
        to = (first - s.start) // s.step
        target.append(slice(to, to + count))
    return tuple(inside), tuple(target)
