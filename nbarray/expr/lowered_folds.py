"""Lowered nodes that fold parts of different kinds, and that merge what folds give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, groupby
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.lowered import Box, Corner, Inputs, Lowered, Sink, deliver
from nbarray.expr.lowered_fused import Fused, state_bytes
from nbarray.expr.node import Expr, node, settled
from nbarray.expr.operands import is_shuffled, operand_of
from nbarray.grid.chunks import Chunks, Float64, Int64, regular
from nbarray.kernels.fused_folds import fold_box
from nbarray.kernels.packed import kernels_of, without_lines
from nbarray.kernels.program import Fold, Program
from nbarray.kernels.reduction_rows import State
from nbarray.kernels.reductions import REDUCTIONS
from nbarray.kernels.states import finish_state, merge_states
from nbarray.kernels.stored_folds import StoredPart, fold_stored
from nbarray.kernels.workspace import Workspace

__all__ = ["FoldedParts", "Merge", "Spans"]

#: Axes, and where a part of each begins and ends.
Spans = tuple[tuple[int, int, int], ...]


@node
class FoldedParts(Lowered):
    """Folds over parts that lie end to end, each with a program of its own, in runs of several parts a task.

    parts : folds over one part each; they agree in the axes that stay
    runs : task (i, ...) folds parts ``runs[i]`` to ``runs[i + 1]``
    axis : the axis along which they lie; blocks are numbered by run along it
    together : of short parts, stored numbers that are fetched and folded at once
    unlike : that is so though stored numbers of the parts stand for different values
    """

    parts: tuple[Fused, ...]
    runs: tuple[int, ...]
    axis: int
    together: int
    unlike: bool

    kind: ClassVar[str] = "fused"
    gives_states: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        first = self.parts[0]
        axes = list(first.grid.axes)
        axes[self.axis] = regular(len(self.runs) - 1, 1)
        chunks = Chunks(tuple(axes))
        return settled(chunks.shape, first.dtype, chunks, first.masked)

    @property
    def folds(self) -> tuple[Fold, ...]:
        return self.parts[0].program.folds

    @property
    def label(self) -> str:
        return self.parts[0].label

    @property
    def compiled(self) -> bool:
        return self.parts[0].compiled

    @property
    def kernels(self) -> tuple[str, ...]:
        first = self.parts[0]
        shuffled = is_shuffled(operand_of(first.args[0]).base)
        return kernels_of(first.program, first.step, shuffled, True) if self.unlike else first.kernels

    @property
    def operands(self) -> tuple[Expr, ...]:
        return tuple(a for p in self.parts for a in p.args)

    def _part_box(self, part: Fused, low: Int64, high: Int64) -> Box:
        low, high = low.copy(), high.copy()
        for a in self.folds[0].axes:
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
        return state_bytes(self.folds, *self._part_box(self.parts[0], low, high), True)

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        each = [p.scratch_bytes(*self._part_box(p, low, high)) for p in self._unlike_parts()]
        alone = min(math.prod(p.step) for p in self.parts)
        return np.max(each, axis=0) + max(0, self.together - alone) * self.parts[0].program.operands[0].itemsize

    def spare_bytes(self, low: Int64, high: Int64) -> Int64:
        return np.min([p.spare_bytes(*self._part_box(p, low, high)) for p in self._unlike_parts()], axis=0)

    def fetching_share(self, low: Int64, high: Int64) -> Float64:
        runs = np.array(self.runs, np.int64)
        counts = runs[high[:, self.axis]] - runs[low[:, self.axis]]
        part = self.parts[0]
        box = self._part_box(part, low, high)
        # of a part; several are fetched together if they are short
        whole = np.maximum(box[1] - box[0], 1).prod(axis=1)
        return np.minimum(1.0, np.maximum(part.fetching_share(*box), self.together / whole) / np.maximum(counts, 1))

    def _unlike_parts(self) -> list[Fused]:
        """A part of each kind that may take other bytes than the others."""
        kinds = {(p.program.tile_width(2), p.program.tile_elements, p.program.compiled, p.step): p for p in self.parts}
        return list(kinds.values())

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        inputs = Inputs(self, low, high, blocks, workspace)
        firsts, programs = workspace.keep(("parts", self), self._numbered)
        states: tuple[State, ...] | None = None
        for _, alike in groupby(range(*self.runs[low[self.axis] :][:2]), key=programs.__getitem__):
            numbers = list(alike)
            stored = self._stored(inputs, [(k, firsts[k]) for k in numbers], low, high)
            if stored:
                states = fold_stored(stored, self.axis, self.together, self.unlike, workspace, states)
                continue
            for k in numbers:
                part = self.parts[k]
                a, b = part.folded_box(low, high)
                read = part.aligned(inputs, firsts[k])
                states = fold_box(part.program, a, b, part.step, part.grid.shape, read, workspace, states)
        return states

    def _stored(self, inputs: Inputs, numbers: list[tuple[int, int]], low: Corner, high: Corner) -> list[StoredPart]:
        """Some parts, each with the number of its first operand, as stored numbers; none if one of them is other."""
        found = []
        for k, first in numbers:
            part = self.parts[k]
            box = part.folded_box(low, high)
            fill = part.filling(inputs, *box, first)
            if fill is None:
                return []
            found.append(StoredPart(part.program, *box, part.step, fill))
        return found

    def _numbered(self) -> tuple[list[int], list[int]]:
        """Of each part, which of all operands is its first, and a number that those have whose rows fold together."""
        numbers: dict[Program, int] = {}
        firsts = accumulate((len(p.args) for p in self.parts), initial=0)
        programs = (without_lines(p.program) if self.unlike else p.program for p in self.parts)
        return list(firsts), [numbers.setdefault(program, len(numbers)) for program in programs]


@node
class Merge(Lowered):
    """Merges reduction states of neighbouring blocks; the last merge finishes one of the results.

    parts : nodes that give states of `folds` over one space, end to end (or just one)
    grid : the grid that their blocks are merged to; a last merge may take their states apart along axes that stay
    count : elements that go into one result
    pick : which of the folds to finish; None to go on with the states of all
    chain : (axis, length): blocks in runs of that length along an axis also take in what is merged in the one before,
        so that few states are held, however many there are: the last of a run has all of it
    spans : of each part (axis, start, stop) of axes, where the states lie that are merged; of other axes all
    """

    parts: tuple[Lowered, ...]
    folds: tuple[Fold, ...]
    grid: Chunks
    count: int
    pick: int | None
    of_dtype: np.dtype[Any]
    of_masked: bool
    chain: tuple[int, int] | None = None
    spans: tuple[Spans, ...] = ()

    kind: ClassVar[str] = "merge"

    @property
    def _merged(self) -> tuple[Fold, ...]:
        return self.folds if self.pick is None else (self.folds[self.pick],)

    @property
    def _axes(self) -> tuple[int, ...]:
        return self.folds[0].axes

    def settle(self) -> dict[str, Any]:
        chunks = self.grid
        if self.pick is not None:
            chunks = Chunks(tuple(regular(1, 1) if k in self._axes else a for k, a in enumerate(self.grid.axes)))
        return settled(chunks.shape, self.of_dtype, chunks, self.of_masked)

    @property
    def gives_states(self) -> bool:  # type: ignore[override]
        return self.pick is None

    @property
    def in_place(self) -> bool:  # type: ignore[override]
        return self.chain is not None

    @property
    def label(self) -> str:
        return f"{', '.join(fold.name for fold in self._merged)}, merge"

    def preceding(self, blocks: Int64) -> Int64 | None:
        if self.chain is None:
            return None
        axis, length = self.chain
        stride = math.prod(self.chunks.numblocks[axis + 1 :])
        place = blocks // stride % self.chunks.numblocks[axis]
        return np.where(place % length == 0, -1, blocks - stride)

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        if self.pick is None and not self.spans and len(self.parts) == 1:
            return [(self._ends_of(self.parts[0], low, high), high)]
        boxes = []
        for part, spans in zip(self.parts, self.spans or [()] * len(self.parts), strict=True):
            a, b = low.copy(), high.copy()
            for axis in self._axes:
                a[:, axis], b[:, axis] = 0, part.chunks.axes[axis].size
            for axis, start, stop in spans:
                a[:, axis], b[:, axis] = start, stop
            boxes.append((a, b))
        return boxes

    @staticmethod
    def _ends_of(part: Lowered, low: Int64, high: Int64) -> Int64:
        """Where boxes begin that hold the last block alone, if that has all of its run."""
        if not isinstance(part, Merge) or part.chain is None:
            return low
        low, axis = low.copy(), part.chain[0]
        cuts = part.chunks.axes[axis]
        low[:, axis] = cuts.bounds(cuts.chunk_of(high[:, axis] - 1))[0]
        return low

    def block_bytes(self, low: Int64, high: Int64) -> Int64:
        return state_bytes(self._merged, low, high, self.gives_states)

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        return super().scratch_bytes(low, high) if self.pick is None else state_bytes(self._merged, low, high, True)

    def run(
        self,
        low: Corner,
        high: Corner,
        blocks: Sequence[tuple[State, ...]],
        sink: Sink | None,
        workspace: Workspace,
    ) -> Any:
        numbers = range(len(self.folds)) if self.pick is None else (self.pick,)
        piece = self._piece(low, high) if blocks else None  # the state of nothing is made as large as it has to be
        merged = []
        for k in numbers:
            states = [block[k] for block in blocks] or [self._nothing(self.folds[k], low, high)]
            if piece is None:
                merged.append(merge_states(self.folds[k].name, states))
                workspace.spares.leave([p for state in states[1:2] if state.disposable for p in state.planes])
            else:
                merged.append(merge_states(self.folds[k].name, [state.piece(piece) for state in states]))
        if self.pick is None:
            return tuple(merged)
        fold, (state,) = self.folds[self.pick], merged
        # pieces may lie in their state: together they are no less than what they keep of it
        out = None if sink is None else sink[0]
        return deliver(sink, finish_state(fold, state, self.count, out), workspace)

    def _piece(self, low: Corner, high: Corner) -> tuple[slice, ...] | None:
        """Which part of their states a task merges; None for all."""
        whole = self.parts[0].chunks.axes
        if all(k in self._axes or a == b for k, (a, b) in enumerate(zip(whole, self.grid.axes, strict=True))):
            return None
        start = [
            0 if k in self._axes else a.span(a.number_of(n))[0] for k, (a, n) in enumerate(zip(whole, low, strict=True))
        ]
        return tuple(slice(a - n, b - n) for a, b, n in zip(low, high, start, strict=True))

    def _nothing(self, fold: Fold, low: Corner, high: Corner) -> State:
        """The state of an empty block, for which no other block is asked."""
        shape = tuple(1 if k in fold.axes else b - a for k, (a, b) in enumerate(zip(low, high, strict=True)))
        return REDUCTIONS[fold.name].begin(shape, fold.values, fold.result, fold.left)
