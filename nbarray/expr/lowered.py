"""Nodes that tasks are made of.

A lowered node says, for many of its blocks at once and in integer arithmetic, which rectangle of each
operand they need, how many bytes they make and need besides; and it has one kernel that makes a block.
Blocks are numbered in C order over `chunks`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.node import Expr, node, settled
from nbarray.expr.operands import (
    Operand,
    block_ranges,
    decoding_bytes,
    is_direct,
    is_generated,
    operand_of,
    reads_storage,
)
from nbarray.grid.chunks import Chunks, Int64, regular
from nbarray.kernels.fused import (
    Planes,
    Workspace,
    evaluate_box,
    finish_state,
    fold_box,
    merge_states,
)
from nbarray.kernels.program import Fold, Program
from nbarray.kernels.reductions import REDUCTIONS, State

__all__ = ["FoldedParts", "Fused", "Lowered", "Merge", "Sink"]

Corner = tuple[int, ...]
Box = tuple[Int64, Int64]
#: Where a block's values and mask go, if they are part of a result
Sink = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]


@node
class Lowered(Expr):
    """A node made of tasks, one a block."""

    kind: ClassVar[str] = "lowered"
    #: whether blocks are reduction states, not arrays
    gives_states: ClassVar[bool] = False
    #: whether a block that goes into a result is written there directly, and never exists besides
    fills_sink: ClassVar[bool] = False

    @property
    def operands(self) -> tuple[Expr, ...]:
        """What the tasks take in, each a view on a base."""
        return self.children

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        """The rectangle of each operand that blocks with these corners need; empty where they need nothing."""
        raise NotImplementedError

    def block_bytes(self, low: Int64, high: Int64) -> Int64:
        """Bytes of each block."""
        return (high - low).prod(axis=1) * (self.dtype.itemsize + (1 if self.masked else 0))

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        """Bytes each task needs besides its inputs and its block."""
        return np.zeros(len(low), np.int64)

    def read_bytes(self, low: Int64, high: Int64) -> Int64:
        """Bytes of stored numbers each task decodes or copies in."""
        total = np.zeros(len(low), np.int64)
        for operand, (a, b) in zip(map(operand_of, self.operands), self.operand_boxes(low, high), strict=True):
            if reads_storage(operand.base):
                total += np.maximum(b - a, 0).prod(axis=1) * operand.base.dtype.itemsize
        return total

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        """Make a block: into `sink` if given (then nothing is returned), else a new one.

        blocks : what the tasks it depends on made, operand after operand, each in C order
        """
        raise NotImplementedError


class Inputs:
    """Reads rectangles of a task's operands, from direct bases or from the blocks it was given."""

    def __init__(
        self, lowered: Lowered, low: Corner, high: Corner, blocks: Sequence[Any], workspace: Workspace
    ) -> None:
        self._lowered, self._workspace = lowered, workspace
        self._operands: list[Operand] = workspace.keep(
            ("operands", lowered), lambda: [operand_of(e) for e in lowered.operands]
        )
        # an empty rectangle touches no blocks, also where it is one of something made of blocks
        self._blocks: list[dict[Corner, Any] | None] = [None if is_direct(o.base) else {} for o in self._operands]
        if blocks:
            self._share(low, high, list(blocks))

    def _share(self, low: Corner, high: Corner, blocks: list[Any]) -> None:
        corners = np.array([low], np.int64).reshape(1, len(low)), np.array([high], np.int64).reshape(1, len(high))
        for k, (operand, (a, b)) in enumerate(zip(self._operands, self._lowered.operand_boxes(*corners), strict=True)):
            if is_direct(operand.base) or (b <= a).any():
                continue
            slices = operand.slices(tuple(a[0].tolist()), tuple(b[0].tolist()))
            ranges = block_ranges(operand.base.chunks, slices)
            places = _places(ranges)
            self._blocks[k] = dict(zip(places, blocks[: len(places)], strict=True))
            del blocks[: len(places)]

    def read(self, k: int, low: Corner, high: Corner, buffer: int | None = None) -> Planes:
        """A rectangle of operand `k`; axes along which it repeats have length 1.

        buffer : which of the worker's buffers may be read into (by default one for each operand)
        """
        operand = self._operands[k]
        if any(b <= a for a, b in zip(low, high, strict=True)):
            return np.empty(tuple(b - a for a, b in zip(low, high, strict=True)), operand.base.dtype), None
        blocks = self._blocks[k]
        if blocks is None:
            return operand.read(low, high, self._workspace, ("operand", k if buffer is None else buffer))
        ranges = block_ranges(operand.base.chunks, operand.slices(low, high))
        return operand.assemble(low, high, [blocks[p] for p in _places(ranges)], self._workspace)

    def read_whole(self, k: int, low: Corner, high: Corner) -> Planes:
        """As `read`, with repeated axes spread out."""
        values, mask = self.read(k, low, high)
        shape = tuple(b - a for a, b in zip(low, high, strict=True))
        if values.shape == shape:
            return values, mask
        return np.broadcast_to(values, shape), None if mask is None else np.broadcast_to(mask, shape)


def _places(ranges: list[range]) -> list[Corner]:
    if len(ranges) == 1:
        return [(i,) for i in ranges[0]]
    places: list[Corner] = [()]
    for r in ranges:
        places = [(*p, i) for p in places for i in r]
    return places


def new_block(lowered: Lowered, shape: Corner) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]:
    """An empty block, with a mask plane if the node is masked."""
    return np.empty(shape, lowered.dtype), np.zeros(shape, bool) if lowered.masked else None


def deliver(sink: Sink | None, planes: Planes) -> Planes | None:
    """Hand a finished block on: copied into the sink if there is one."""
    if sink is None:
        return planes
    sink[0][...] = planes[0]
    if sink[1] is not None:
        sink[1][...] = False if planes[1] is None else planes[1]
    return None


@node
class Fused(Lowered):
    """A fused program over a space, cut into tasks by `grid`; with a fold, each task makes a state.

    args : operands, aligned to the space from the last axis
    space : its shape
    grid : blocks of the space
    step : what a task fetches at once
    final : the fold sees whole axes, so blocks are finished results
    """

    program: Program
    args: tuple[Expr, ...]
    grid: Chunks
    step: tuple[int, ...]
    final: bool
    of_dtype: np.dtype[Any]
    of_masked: bool
    name: str
    members: tuple[str, ...]

    kind: ClassVar[str] = "fused"

    @property
    def fills_sink(self) -> bool:  # type: ignore[override]
        return self.program.fold is None

    def settle(self) -> dict[str, Any]:
        chunks = self.grid
        if self.program.fold is not None and self.final:
            axes = self.program.fold.axes
            chunks = Chunks(tuple(regular(1, 1) if k in axes else a for k, a in enumerate(self.grid.axes)))
        return settled(chunks.shape, self.of_dtype, chunks, self.of_masked)

    @property
    def gives_states(self) -> bool:  # type: ignore[override]
        return self.program.fold is not None and not self.final

    @property
    def label(self) -> str:
        return self.name

    def _space_boxes(self, low: Int64, high: Int64) -> Box:
        if self.program.fold is None or not self.final:
            return low, high
        low, high = low.copy(), high.copy()
        for a in self.program.fold.axes:
            low[:, a], high[:, a] = 0, self.grid.axes[a].size
        return low, high

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        low, high = self._space_boxes(low, high)
        boxes = []
        for arg, spread in zip(self.args, self.program.spreads, strict=True):
            skip = low.shape[1] - arg.ndim
            a, b = low[:, skip:].copy(), high[:, skip:].copy()
            for k in range(arg.ndim):
                if not spread[k + skip]:
                    a[:, k], b[:, k] = 0, 1
            boxes.append((a, b))
        return boxes

    def block_bytes(self, low: Int64, high: Int64) -> Int64:
        fold = self.program.fold
        if fold is None:
            return super().block_bytes(low, high)
        return _state_bytes(fold, low, high, self.gives_states)

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        space_low, space_high = self._space_boxes(low, high)
        extent = np.maximum(space_high - space_low, 1)
        step = np.minimum(extent, np.array(self.step, np.int64).reshape(1, -1))
        bytes_ = np.full(len(low), self.program.scratch_bytes(), np.int64)
        for arg, spread in zip(self.args, self.program.spreads, strict=True):
            base = operand_of(arg).base
            if is_direct(base) and not reads_storage(base) and not is_generated(base):
                continue
            varies = np.array(spread, bool)
            part = np.where(varies, step, 1).prod(axis=1)
            bytes_ += part * (base.dtype.itemsize + base.masked) + decoding_bytes(base)
        if self.program.fold is not None and self.final:
            bytes_ += _state_bytes(self.program.fold, low, high, True)
        if self.program.fold is not None and self.program.fold.linear is not None:
            # sums of stored numbers, and counts of those left out, beside the state
            bytes_ += _state_bytes(self.program.fold, space_low, space_high, True)
        return bytes_

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        inputs = Inputs(self, low, high, blocks, workspace)
        fold = self.program.fold
        if fold is not None and self.final:
            low = tuple(0 if k in fold.axes else a for k, a in enumerate(low))
            high = tuple(self.grid.axes[k].size if k in fold.axes else b for k, b in enumerate(high))
        read = self.aligned(inputs)
        if fold is None:
            shape = tuple(b - a for a, b in zip(low, high, strict=True))
            out, mask = sink if sink is not None else new_block(self, shape)
            any_masked = evaluate_box(self.program, low, high, self.step, read, out, mask, workspace)
            return None if sink is not None else (out, mask if any_masked else None)
        state = fold_box(self.program, low, high, self.step, self.grid.shape, read, workspace)
        if not self.final:
            return state
        return deliver(sink, finish_state(fold, state, math.prod(self.grid.axes[a].size for a in fold.axes)))

    def aligned(self, inputs: Inputs, first: int = 0) -> Callable[[int, Corner, Corner], Planes]:
        """Reads operands in the space's coordinates; ours are the inputs from number `first` on."""
        ndim = self.program.ndim

        def read(k: int, low: Corner, high: Corner) -> Planes:
            arg, spread = self.args[k], self.program.spreads[k]
            skip = ndim - arg.ndim
            a = tuple(p if spread[j + skip] else 0 for j, p in enumerate(low[skip:]))
            b = tuple(q if spread[j + skip] else 1 for j, q in enumerate(high[skip:]))
            values, mask = inputs.read(first + k, a, b, k)
            if skip:
                lead = (None,) * skip
                values, mask = values[lead], None if mask is None else mask[lead]
            return values, mask

        return read


@node
class FoldedParts(Lowered):
    """Folds over parts that lie end to end, each with a program of its own, in runs of several parts a task.

    parts : folds over one part each; they agree in the axes that stay
    runs : task (i, ...) folds parts ``runs[i]`` to ``runs[i + 1]``
    axis : the axis along which they lie; blocks are numbered by run along it
    """

    parts: tuple[Fused, ...]
    runs: tuple[int, ...]
    axis: int

    kind: ClassVar[str] = "fused"
    gives_states: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        first = self.parts[0]
        axes = list(first.grid.axes)
        axes[self.axis] = regular(len(self.runs) - 1, 1)
        chunks = Chunks(tuple(axes))
        return settled(chunks.shape, first.dtype, chunks, first.masked)

    @property
    def fold(self) -> Fold:
        fold = self.parts[0].program.fold
        assert fold is not None
        return fold

    @property
    def label(self) -> str:
        return self.parts[0].label

    @property
    def operands(self) -> tuple[Expr, ...]:
        return tuple(a for p in self.parts for a in p.args)

    def _part_box(self, part: Fused, low: Int64, high: Int64) -> Box:
        low, high = low.copy(), high.copy()
        for a in self.fold.axes:
            low[:, a], high[:, a] = 0, part.grid.axes[a].size
        return low, high

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        boxes = []
        starts = np.array(self.runs, np.int64)
        first, last = starts[low[:, self.axis]], starts[low[:, self.axis] + 1]
        for k, part in enumerate(self.parts):
            outside = (k < first) | (k >= last)
            for a, b in part.operand_boxes(*self._part_box(part, low, high)):
                b[outside] = a[outside]
                boxes.append((a, b))
        return boxes

    def block_bytes(self, low: Int64, high: Int64) -> Int64:
        return _state_bytes(self.fold, *self._part_box(self.parts[0], low, high), True)

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        widest = {p.program.scratch_bytes(): p for p in self.parts}
        boxes = {k: self._part_box(p, low, high) for k, p in widest.items()}
        return np.max([p.scratch_bytes(*boxes[k]) for k, p in widest.items()], axis=0)

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        inputs = Inputs(self, low, high, blocks, workspace)
        firsts = np.cumsum([0, *(len(p.args) for p in self.parts)]).tolist()
        state = None
        for k in range(self.runs[low[self.axis]], self.runs[low[self.axis] + 1]):
            part = self.parts[k]
            axes = part.grid.axes
            a = tuple(0 if j in self.fold.axes else n for j, n in enumerate(low))
            b = tuple(axes[j].size if j in self.fold.axes else n for j, n in enumerate(high))
            read = part.aligned(inputs, firsts[k])
            state = fold_box(part.program, a, b, part.step, part.grid.shape, read, workspace, state)
        return state


def _state_bytes(fold: Fold, low: Int64, high: Int64, states: bool) -> Int64:
    extent = np.maximum(high - low, 0)
    extent[:, list(fold.axes)] = 1
    elements = extent.prod(axis=1)
    if not states:
        return elements * (fold.result.itemsize + (1 if fold.masked else 0))
    return elements * fold.state_width


@node
class Merge(Lowered):
    """Merges reduction states of neighbouring blocks; the last merge finishes the result.

    parts : nodes that give states over one space, end to end along `along` (or just one)
    cuts : for each part, the grid its blocks are merged to
    """

    parts: tuple[Lowered, ...]
    fold: Fold
    grid: Chunks
    count: int
    final: bool
    of_dtype: np.dtype[Any]
    of_masked: bool

    kind: ClassVar[str] = "merge"

    def settle(self) -> dict[str, Any]:
        chunks = self.grid
        if self.final:
            chunks = Chunks(tuple(regular(1, 1) if k in self.fold.axes else a for k, a in enumerate(self.grid.axes)))
        return settled(chunks.shape, self.of_dtype, chunks, self.of_masked)

    @property
    def gives_states(self) -> bool:  # type: ignore[override]
        return not self.final

    @property
    def label(self) -> str:
        return f"{self.fold.name}, merge"

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        if len(self.parts) == 1 and not self.final:
            return [(low, high)]
        boxes = []
        for part in self.parts:
            a, b = low.copy(), high.copy()
            for axis in self.fold.axes:
                a[:, axis], b[:, axis] = 0, part.chunks.axes[axis].size
            boxes.append((a, b))
        return boxes

    def block_bytes(self, low: Int64, high: Int64) -> Int64:
        return _state_bytes(self.fold, low, high, self.gives_states)

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        return _state_bytes(self.fold, low, high, True) if self.final else super().scratch_bytes(low, high)

    def run(self, low: Corner, high: Corner, blocks: Sequence[State], sink: Sink | None, workspace: Workspace) -> Any:
        state = merge_states(self.fold.name, list(blocks) or [self._nothing(low, high)])
        if not self.final:
            return state
        return deliver(sink, finish_state(self.fold, state, self.count))

    def _nothing(self, low: Corner, high: Corner) -> State:
        """The state of an empty block, for which no other block is asked."""
        shape = tuple(1 if k in self.fold.axes else b - a for k, (a, b) in enumerate(zip(low, high, strict=True)))
        return REDUCTIONS[self.fold.name].begin(shape, self.fold.values, self.fold.result)
