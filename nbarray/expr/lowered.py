"""Nodes that tasks are made of.

A lowered node says, for many of its blocks at once and in integer arithmetic, which rectangle of each
operand they need, how many bytes they make and need besides; and it has one kernel that makes a block.
Blocks are numbered in C order over `chunks`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from operator import le, sub
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.node import Expr, node, settled
from nbarray.expr.operands import (
    Operand,
    block_ranges,
    decoding_bytes,
    is_direct,
    lies_in_memory,
    operand_of,
    reads_storage,
    stored_axis,
    turning_bytes,
)
from nbarray.grid.chunks import Chunks, Int64, regular
from nbarray.kernels.fused import Fetch, Planes, band_elements, evaluate_box, evaluate_pieces
from nbarray.kernels.fused_folds import RESULTS_AT_ONCE, fold_box
from nbarray.kernels.native import kernel_width
from nbarray.kernels.packed import exact_dtype, folds_at_once, kernels_of, needs_stored_sums
from nbarray.kernels.patched import Patched
from nbarray.kernels.program import Fold, Program
from nbarray.kernels.states import finish_state
from nbarray.kernels.sums import FEW
from nbarray.kernels.tiles import RUN_LENGTH
from nbarray.kernels.workspace import Workspace

__all__ = ["Box", "Corner", "Fused", "Inputs", "Lowered", "Sink", "deliver", "state_bytes"]

Corner = tuple[int, ...]
Box = tuple[Int64, Int64]
#: Where a block's values and mask go, if they are part of a result
Sink = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any] | None]
Pieces = Callable[[Corner, Corner], Iterable[tuple[Corner, Corner, np.ndarray[Any, Any]]]]


@node
class Lowered(Expr):
    """A node made of tasks, one a block."""

    kind: ClassVar[str] = "lowered"
    #: whether blocks are reduction states, not arrays
    gives_states: ClassVar[bool] = False
    #: whether a block that goes into a result is written there directly, and never exists besides
    fills_sink: ClassVar[bool] = False
    #: in boxes of which shape a block can be made piece by piece, by `stream`; None if it can't
    streams: ClassVar[Corner | None] = None
    #: whether tasks may call a library that has threads of its own
    calls_blas: ClassVar[bool] = False

    @property
    def compiled(self) -> bool:
        """Whether tasks run kernels that are compiled."""
        return False

    @property
    def kernels(self) -> tuple[str, ...]:
        """The sources of compiled kernels that tasks run, as far as they are known before."""
        return ()

    @property
    def operands(self) -> tuple[Expr, ...]:
        """What the tasks take in, each a view on a base."""
        return self.children

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        """The rectangle of each operand that blocks with these corners need; empty where they need nothing."""
        raise NotImplementedError

    def boxes_of(self, low: Corner, high: Corner) -> Sequence[tuple[Sequence[int], Sequence[int]]]:
        """`operand_boxes` for one block, as plain numbers."""
        corners = np.array([low], np.int64).reshape(1, len(low)), np.array([high], np.int64).reshape(1, len(high))
        return [(a[0].tolist(), b[0].tolist()) for a, b in self.operand_boxes(*corners)]

    def block_bytes(self, low: Int64, high: Int64) -> Int64:
        """Bytes of each block."""
        return (high - low).prod(axis=1) * (self.dtype.itemsize + (1 if self.masked else 0))

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        """Bytes each task needs besides its inputs and its block."""
        return np.zeros(len(low), np.int64)

    def spare_bytes(self, low: Int64, high: Int64) -> Int64:
        """The part of `scratch_bytes` that is there for what seldom happens, and not touched otherwise."""
        return np.zeros(len(low), np.int64)

    def spare_block_bytes(self, low: Int64, high: Int64) -> Int64:
        """The part of `block_bytes` that is there for elements unlike those that are known."""
        return np.zeros(len(low), np.int64)

    def panel_bytes(self, low: Int64, high: Int64) -> Int64:
        """What BLAS keeps from each task for the thread that runs it, also when the task is done."""
        return np.zeros(len(low), np.int64)

    def effort(self, low: Int64, high: Int64) -> Int64:
        """What making each block takes beyond going over its bytes, as the bytes that could be gone over meanwhile."""
        return np.zeros(len(low), np.int64)

    def read_bytes(self, low: Int64, high: Int64) -> Int64:
        """Bytes of stored numbers each task decodes or copies in."""
        total = np.zeros(len(low), np.int64)
        for operand, (a, b) in zip(map(operand_of, self.operands), self.operand_boxes(low, high), strict=True):
            if reads_storage(operand.base):
                total += np.maximum(b - a, 0).prod(axis=1) * operand.base.dtype.itemsize
        return total

    def taken_bytes(self, low: Int64, high: Int64) -> Int64:
        """Bytes of the operands that each task goes over, wherever they are."""
        total = np.zeros(len(low), np.int64)
        for expr, (a, b) in zip(self.operands, self.operand_boxes(low, high), strict=True):
            total += np.maximum(b - a, 0).prod(axis=1) * expr.dtype.itemsize
        return total

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        """Make a block: into `sink` if given (then nothing is returned), else a new one.

        blocks : what the tasks it depends on made, operand after operand, each in C order
        """
        raise NotImplementedError

    @property
    def streaming_bytes(self) -> int:
        """What is held for several pieces while a block is made by `stream`."""
        return 0

    def stream(self, low: Corner, high: Corner, blocks: Sequence[Any], pieces: Pieces, workspace: Workspace) -> None:
        """Make a block piece by piece: `pieces` gives the corners of those of a box, and where their values go."""
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
        for k, (operand, (a, b)) in enumerate(zip(self._operands, self._lowered.boxes_of(low, high), strict=True)):
            if is_direct(operand.base) or any(map(le, b, a)):
                continue
            slices = operand.slices(tuple(a), tuple(b))
            ranges = block_ranges(operand.base.chunks, slices)
            places = _places(ranges)
            self._blocks[k] = dict(zip(places, blocks[: len(places)], strict=True))
            del blocks[: len(places)]

    def read(self, k: int, low: Corner, high: Corner) -> Planes:
        """A rectangle of operand `k`; axes along which it repeats have length 1."""
        found = self.read_apart(k, low, high)
        if isinstance(found, Patched):
            name = ("together", k)
            return found.together(self._workspace.buffer(name, found.shape, self._operands[k].base.dtype))
        return found

    def read_apart(self, k: int, low: Corner, high: Corner, buffer: int | None = None) -> Planes | Patched:
        """As `read`, but what lies in several parts may stay apart.

        buffer : which of the worker's buffers may be read into (by default one for each operand)
        """
        operand = self._operands[k]
        if any(map(le, high, low)):
            return np.empty(tuple(b - a for a, b in zip(low, high, strict=True)), operand.base.dtype), None
        blocks = self._blocks[k]
        if blocks is None:
            return operand.read_apart(low, high, self._workspace, ("operand", k if buffer is None else buffer))
        ranges = block_ranges(operand.base.chunks, operand.slices(low, high))
        return operand.assemble(low, high, [blocks[p] for p in _places(ranges)], self._workspace)

    def read_whole(self, k: int, low: Corner, high: Corner) -> Planes:
        """As `read`, with repeated axes spread out."""
        values, mask = self.read(k, low, high)
        shape = tuple(map(sub, high, low))
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


def deliver(sink: Sink | None, planes: Planes, workspace: Workspace) -> Planes | None:
    """Hand a finished block on: copied into the sink if there is one, or out of what the worker uses again."""
    if sink is None:
        values, mask = planes
        return (
            values.copy() if workspace.lends(values) else values,
            mask.copy() if mask is not None and workspace.lends(mask) else mask,
        )
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
        return not self.program.folds

    def settle(self) -> dict[str, Any]:
        chunks = self.grid
        if self.program.folds and self.final:
            axes = self.program.folds[0].axes
            chunks = Chunks(tuple(regular(1, 1) if k in axes else a for k, a in enumerate(self.grid.axes)))
        return settled(chunks.shape, self.of_dtype, chunks, self.of_masked)

    @property
    def gives_states(self) -> bool:  # type: ignore[override]
        return bool(self.program.folds) and not self.final

    @property
    def label(self) -> str:
        return self.name

    @property
    def compiled(self) -> bool:
        return self.program.compiled

    @property
    def kernels(self) -> tuple[str, ...]:
        return kernels_of(self.program) if self.program.compiled else ()

    def _space_boxes(self, low: Int64, high: Int64) -> Box:
        if not self.program.folds or not self.final:
            return low, high
        low, high = low.copy(), high.copy()
        for a in self.program.folds[0].axes:
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
        if not self.program.folds:
            return super().block_bytes(low, high)
        return state_bytes(self.program.folds, low, high, self.gives_states)

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        space_low, space_high = self._space_boxes(low, high)
        step, tile = self._at_once(space_low, space_high)
        bytes_ = self._tile_bytes(step, tile)
        if self.program.folds:
            bytes_ = self._folding_bytes(space_low, space_high, bytes_)
        for arg, spread in zip(self.args, self.program.spreads, strict=True):
            operand = operand_of(arg)
            bytes_, base = bytes_ + turning_bytes(operand, tile), operand.base
            if lies_in_memory(base):
                continue
            if operand.is_blocks_of(self.grid):
                continue
            varies = np.array(spread, bool)
            part = np.where(varies, step, 1).prod(axis=1)
            bytes_ += part * (base.dtype.itemsize + base.masked) + decoding_bytes(base)
        if self.program.folds and self.final:
            bytes_ += state_bytes(self.program.folds, low, high, True)
        return bytes_

    def spare_bytes(self, low: Int64, high: Int64) -> Int64:
        if not self.program.compiled or (self.program.folds and folds_at_once(self.program)):
            return super().spare_bytes(low, high)
        return self._tile_bytes(*self._at_once(*self._space_boxes(low, high)))

    def _at_once(self, low: Int64, high: Int64) -> tuple[Int64, Int64]:
        """For parts of the space, the shape of the largest step, and the elements of the largest tile of it."""
        step = np.minimum(np.maximum(high - low, 1), np.array(self.step, np.int64).reshape(1, -1))
        turned = any(stored_axis(operand_of(arg)) is not None for arg in self.args)
        elements = self.program.turned_elements if turned else self.program.tile_elements
        return step, np.minimum(step.prod(axis=1), elements)

    def _tile_bytes(self, step: Int64, tile: Int64) -> Int64:
        """What tiles of so many elements take, of steps of a shape."""
        depth = 1
        if self.program.folds:
            axes = list(self.program.folds[0].axes)
            depth = min(int(step[:, axes].prod(axis=1).min(initial=2**62)), self.program.tile_elements // RUN_LENGTH)
        return (tile * self.program.tile_width(depth)).astype(np.int64)

    def _folding_bytes(self, low: Int64, high: Int64, tiles: Int64) -> Int64:
        """What tiles of so many bytes take, and what is kept for results beside their states."""
        kept, folds = self._kept_elements(low, high), self.program.folds
        if folds_at_once(self.program):
            # counts of what is missing, where the state has none; but tiles where losses of few sums are kept
            counts = max(fold.left.itemsize * (not fold.counts_left) for fold in folds)
            return np.where(kept > FEW, kept * counts, tiles)
        if self.program.compiled:
            tiles = tiles + np.minimum(kept, RESULTS_AT_ONCE) * kernel_width(self.program)
        step = np.array(self.step, np.int64)
        axes = list(folds[0].axes)
        deep = np.any((high - low)[:, axes] > (step - low % step)[:, axes], axis=1)
        count = int((high - low)[:, axes].prod(axis=1).max(initial=0))
        for fold in folds:
            if needs_stored_sums(self.program, fold):
                # sums of stored numbers, and counts of those left out, beside the state
                tiles = tiles + deep * kept * (exact_dtype(fold.values, count).itemsize + fold.left.itemsize)
        return tiles

    def _kept_elements(self, low: Int64, high: Int64) -> Int64:
        extent = np.maximum(high - low, 0)
        extent[:, list(self.program.folds[0].axes)] = 1
        return extent.prod(axis=1)

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        inputs = Inputs(self, low, high, blocks, workspace)
        if self.program.folds and self.final:
            axes = self.program.folds[0].axes
            low = tuple(0 if k in axes else a for k, a in enumerate(low))
            high = tuple(self.grid.axes[k].size if k in axes else b for k, b in enumerate(high))
        read = self.aligned(inputs)
        if not self.program.folds:
            shape = tuple(b - a for a, b in zip(low, high, strict=True))
            out, mask = sink if sink is not None else new_block(self, shape)
            any_masked = evaluate_box(self.program, low, high, self.step, read, out, mask, workspace)
            return None if sink is not None else (out, mask if any_masked else None)
        states = fold_box(self.program, low, high, self.step, self.grid.shape, read, workspace)
        if not self.final:
            return states
        (fold,), (state,) = self.program.folds, states
        return deliver(sink, finish_state(fold, state, math.prod(self.grid.axes[a].size for a in fold.axes)), workspace)

    @property
    def streams(self) -> Corner | None:  # type: ignore[override]
        if self.program.folds or self.masked:
            return None
        return tuple(min(a, b) for a, b in zip(self.step, self.grid.largest, strict=True))

    @property
    def streaming_bytes(self) -> int:
        return band_elements(self.program, self.step) * self.dtype.itemsize

    def stream(self, low: Corner, high: Corner, blocks: Sequence[Any], pieces: Pieces, workspace: Workspace) -> None:
        read = self.aligned(Inputs(self, low, high, blocks, workspace))
        evaluate_pieces(self.program, low, high, self.step, read, pieces, workspace)

    def aligned(self, inputs: Inputs, first: int = 0) -> Fetch:
        """Reads operands in the space's coordinates; ours are the inputs from number `first` on."""
        ndim = self.program.ndim

        def read(k: int, low: Corner, high: Corner) -> Planes | Patched:
            arg, spread = self.args[k], self.program.spreads[k]
            skip = ndim - arg.ndim
            a = tuple(p if spread[j + skip] else 0 for j, p in enumerate(low[skip:]))
            b = tuple(q if spread[j + skip] else 1 for j, q in enumerate(high[skip:]))
            found = inputs.read_apart(first + k, a, b, k)
            if isinstance(found, Patched):
                return found.expanded(skip) if skip else found
            values, mask = found
            if skip:
                lead = (None,) * skip
                values, mask = values[lead], None if mask is None else mask[lead]
            return values, mask

        return read


def state_bytes(folds: Sequence[Fold], low: Int64, high: Int64, states: bool) -> Int64:
    """Bytes of the states of folds over boxes, or of the results of the one fold there is."""
    extent = np.maximum(high - low, 0)
    extent[:, list(folds[0].axes)] = 1
    elements = extent.prod(axis=1)
    if not states:
        (fold,) = folds
        return elements * (fold.result.itemsize + (1 if fold.masked else 0))
    return elements * sum(fold.state_width for fold in folds)
