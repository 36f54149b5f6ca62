"""Nodes that tasks are made of.

A lowered node says, for many of its blocks at once and in integer arithmetic, which rectangle of each
operand they need, how many bytes they make and need besides; and it has one kernel that makes a block.
Blocks are numbered in C order over `chunks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import le, sub
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.node import Expr, node
from nbarray.expr.operands import (
    Operand,
    block_ranges,
    is_direct,
    lies_in_memory,
    operand_of,
    reads_storage,
)
from nbarray.grid.chunks import Float64, Int64
from nbarray.kernels.fused import Planes
from nbarray.kernels.patched import Patched
from nbarray.kernels.stored_folds import Fill
from nbarray.kernels.workspace import Workspace
from nbarray.pages import LARGE, own_empty

__all__ = ["Box", "Corner", "Inputs", "Lowered", "Pieces", "Sink", "deliver", "new_block"]

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
    #: whether blocks are copies of what is stored in a source
    copies: ClassVar[bool] = False
    #: whether a block that goes into a result is written there directly, and never exists besides
    fills_sink: ClassVar[bool] = False
    #: in boxes of which shape a block can be made piece by piece, by `stream`; None if it can't
    streams: ClassVar[Corner | None] = None
    #: whether a block is made of the first one that a task is given, in its place
    in_place: ClassVar[bool] = False
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

    def preceding(self, blocks: Int64) -> Int64 | None:
        """Which blocks of this node each of some goes on from, -1 where it begins; None if all begin by themselves."""
        return None

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

    def fetching_share(self, low: Int64, high: Int64) -> Float64:
        """Which share of each task's time passes before its block is made, as something is fetched first."""
        return np.zeros(len(low))

    def spare_block_bytes(self, low: Int64, high: Int64) -> Int64:
        """The part of `block_bytes` that is there for elements unlike those that are known."""
        return np.zeros(len(low), np.int64)

    def panel_bytes(self, low: Int64, high: Int64) -> Int64:
        """What BLAS keeps from each task for the thread that runs it, also when the task is done."""
        return np.zeros(len(low), np.int64)

    def read_bytes(self, low: Int64, high: Int64) -> Int64:
        """Bytes of stored numbers each task decodes or copies in."""
        total = np.zeros(len(low), np.int64)
        for operand, (a, b) in zip(map(operand_of, self.operands), self.operand_boxes(low, high), strict=True):
            if reads_storage(operand.base):
                total += np.maximum(b - a, 0).prod(axis=1) * operand.base.dtype.itemsize
        return total

    def taken_bytes(self, low: Int64, high: Int64) -> Int64:
        """Bytes of operands in memory that each task goes over."""
        total = np.zeros(len(low), np.int64)
        for expr, (a, b) in zip(self.operands, self.operand_boxes(low, high), strict=True):
            if lies_in_memory(operand_of(expr).base):
                total += np.maximum(b - a, 0).prod(axis=1) * expr.dtype.itemsize
        return total

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        """Make a block: into `sink` if given (then nothing is returned), else a new one.

        blocks : what the tasks it depends on made: the block that precedes it, if one does, and then operand after
            operand, each in C order
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

    def fill_of(self, k: int) -> Fill:
        """What reads rectangles of operand `k`, if that is stored numbers as they lie, into a buffer."""
        return self._operands[k].fill

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
    return own_empty(shape, lowered.dtype, LARGE), np.zeros(shape, bool) if lowered.masked else None


def deliver(sink: Sink | None, planes: Planes, workspace: Workspace) -> Planes | None:
    """Hand a finished block on: copied into the sink if there is one, or out of what the worker uses again."""
    if sink is None:
        values, mask = planes
        return (
            values.copy() if workspace.lends(values) else values,
            mask.copy() if mask is not None and workspace.lends(mask) else mask,
        )
    if planes[0] is not sink[0]:
        sink[0][...] = planes[0]
    if sink[1] is not None:
        sink[1][...] = False if planes[1] is None else planes[1]
    return None
