"""Fused programs as nodes: elementwise operations, and perhaps reductions at the end, done in one pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import lt
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.lowered import Box, Corner, Inputs, Lowered, Pieces, Sink, deliver, new_block
from nbarray.expr.node import Expr, node, settled
from nbarray.expr.operands import (
    decoding_bytes,
    is_shuffled,
    lies_in_memory,
    operand_of,
    reads_storage,
    stored_axis,
    turning_bytes,
)
from nbarray.grid.chunks import Chunks, Float64, Int64, regular
from nbarray.kernels.fused import Fetch, Planes, band_elements, evaluate_box, evaluate_pieces
from nbarray.kernels.fused_folds import RESULTS_AT_ONCE, fold_box
from nbarray.kernels.native import kernel_width
from nbarray.kernels.packed import exact_dtype, folds_at_once, kernels_of, needs_stored_sums
from nbarray.kernels.patched import Patched
from nbarray.kernels.program import Fold, Program
from nbarray.kernels.states import finish_state
from nbarray.kernels.stored_folds import Fill, StoredPart, fold_stored
from nbarray.kernels.sums import FEW
from nbarray.kernels.tiles import RUN_LENGTH
from nbarray.kernels.workspace import Workspace

__all__ = ["Fused", "state_bytes"]


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
        return f"read {self.name}" if self.copies else self.name

    @property
    def compiled(self) -> bool:
        return self.program.compiled

    @property
    def kernels(self) -> tuple[str, ...]:
        shuffled = any(is_shuffled(operand_of(arg).base) for arg in self.args)
        return kernels_of(self.program, self.step, shuffled) if self.program.compiled else ()

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

    @property
    def copies(self) -> bool:  # type: ignore[override]
        """Whether blocks are what is stored in a source, read once for all that need it."""
        alone = not self.members and not self.program.folds and len(self.args) == 1
        return alone and reads_storage(operand_of(self.args[0]).base)

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
        if self.fills and is_shuffled(operand_of(self.args[0]).base):
            # chunks are decoded where they are folded; one whose bytes have to come together isn't
            return np.full(len(low), decoding_bytes(operand_of(self.args[0]).base) // 2)
        if not self.program.compiled or (self.program.folds and folds_at_once(self.program)):
            return super().spare_bytes(low, high)
        return self._tile_bytes(*self._at_once(*self._space_boxes(low, high)))

    def fetching_share(self, low: Int64, high: Int64) -> Float64:
        if not self.gives_states or not any(reads_storage(operand_of(arg).base) for arg in self.args):
            return super().fetching_share(low, high)
        first, whole = self._at_once(low, high)[0].prod(axis=1), np.maximum(high - low, 1).prod(axis=1)
        return first / whole

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
            low, high = self.folded_box(low, high)
        read = self.aligned(inputs)
        if not self.program.folds:
            shape = tuple(b - a for a, b in zip(low, high, strict=True))
            out, mask = sink if sink is not None else self._new_block(shape, workspace)
            any_masked = evaluate_box(self.program, low, high, self.step, read, out, mask, workspace)
            return None if sink is not None else (out, mask if any_masked else None)
        fill = self.filling(inputs, low, high)
        if fill is not None:
            parts, axis = [StoredPart(self.program, low, high, self.step, fill)], self.program.folds[0].axes[0]
            states = fold_stored(parts, axis, math.prod(self.step), False, workspace)
        else:
            states = fold_box(self.program, low, high, self.step, self.grid.shape, read, workspace)
        if not self.final:
            return states
        (fold,), (state,) = self.program.folds, states
        return deliver(sink, finish_state(fold, state, math.prod(self.grid.axes[a].size for a in fold.axes)), workspace)

    def _new_block(self, shape: Corner, workspace: Workspace) -> Planes:
        if self.copies and not self.masked:
            return workspace.spares.take(shape, self.dtype), None
        return new_block(self, shape)

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

    def folded_box(self, low: Corner, high: Corner) -> tuple[Corner, Corner]:
        """What is folded onto a box of results: all there is along the axes that are folded."""
        axes = self.program.folds[0].axes
        return (
            tuple(0 if k in axes else a for k, a in enumerate(low)),
            tuple(self.grid.axes[k].size if k in axes else b for k, b in enumerate(high)),
        )

    @property
    def fills(self) -> bool:
        """Whether stored numbers are read into a buffer, and folded at once as they are stored."""
        if not (self.program.folds and folds_at_once(self.program)):
            return False
        (arg,) = self.args
        return arg.sizes == self.grid.shape and operand_of(arg).fills

    def filling(self, inputs: Inputs, low: Corner, high: Corner, first: int = 0) -> Fill | None:
        """What reads them, of a part of the space; None if there are none, or so few results that losses are kept."""
        axes = self.program.folds[0].axes
        kept = math.prod(q - p for k, (p, q) in enumerate(zip(low, high, strict=True)) if k not in axes)
        return inputs.fill_of(first) if self.fills and kept > FEW and all(map(lt, low, high)) else None

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
