"""What a plan takes from each source, and what it has to decode for that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbarray.expr.leaves import SourceArray
from nbarray.expr.operands import NEAR, decodes, operand_of, reads_storage
from nbarray.expr.patchwork import Patchwork
from nbarray.grid.chunks import Int64
from nbarray.grid.regions import Placement, identity
from nbarray.plan.plan import Plan

__all__ = ["Reads", "reads_by_source"]

#: Reading a shorter run of what isn't compressed takes as long as this many bytes.
RUN_BYTES = 2048


@dataclass
class Reads:
    """Bytes of stored numbers that all tasks take from a source, and bytes of the whole chunks that hold them.

    A chunk counts each time a task takes part of it.  They are the same where nothing has to be decoded.

    moved_bytes : the bytes that reading takes as long as: those decoded, or more where they are read in short runs
    """

    read_bytes: int = 0
    decoded_bytes: int = 0
    moved_bytes: int = 0

    def add(self, read: int, decoded: int, moved: int) -> None:
        """Count what some tasks take."""
        self.read_bytes += read
        self.decoded_bytes += decoded
        self.moved_bytes += moved


def reads_by_source(plan: Plan) -> dict[SourceArray, Reads]:
    """What is taken from each source."""
    found: dict[SourceArray, Reads] = {}
    for lowered, tasks in zip(plan.nodes, plan.tasks_of_nodes(), strict=True):
        operands = [operand_of(expr) for expr in lowered.operands]
        if not any(isinstance(operand.base, SourceArray | Patchwork) for operand in operands):
            continue
        boxes = lowered.operand_boxes(*lowered.chunks.boxes(plan.task_block[tasks]))
        for operand, (low, high) in zip(operands, boxes, strict=True):
            base = operand.base
            if isinstance(base, Patchwork):
                _add_patches(found.setdefault(base.source, Reads()), base, operand.placement, low, high)
            elif isinstance(base, SourceArray):
                read = int(np.maximum(high - low, 0).prod(axis=1).sum()) * base.dtype.itemsize
                decoded = _decoded(base, operand.placement, low, high) if decodes(base) else read
                in_runs = reads_storage(base) and base.ndim and not decodes(base)
                moved = _in_runs(base, operand.placement, low, high) if in_runs else decoded
                found.setdefault(base, Reads()).add(read, decoded, moved)
    return found


def _in_runs(base: SourceArray, placement: Placement, low: Int64, high: Int64) -> int:
    """Bytes of boxes where short runs count as much as longer ones: reading a few bytes takes as long."""
    base_low, base_high = placement.base_boxes(low, high, base.ndim)
    extent = np.maximum(base_high - base_low, 0)
    for k, axis in enumerate(placement.axes):
        if axis.axis >= 0 and axis.axis < base.ndim - 1:
            extent[:, axis.axis] = np.minimum(extent[:, axis.axis], np.maximum(high[:, k] - low[:, k], 0))
    stored = base.reader.stored_chunks or base.sizes
    run = np.minimum(extent[:, -1], min(stored[-1], base.sizes[-1]))
    least = min(max(1, RUN_BYTES // base.dtype.itemsize), stored[-1], base.sizes[-1])
    times = np.maximum(run, least) / np.maximum(run, 1)
    return int((extent.prod(axis=1) * times).sum()) * base.dtype.itemsize


def _add_patches(reads: Reads, work: Patchwork, placement: Placement, low: Int64, high: Int64) -> None:
    """What boxes take from the source of a patchwork, as it is read: at once where its patches lie near each other."""
    source = work.source
    boxes = work.read_boxes(*placement.base_boxes(low, high, work.ndim))
    elements = sum((b - a).prod(axis=1) for a, b in boxes)
    lowest = np.full((len(low), source.ndim), 2**62)
    highest = np.zeros_like(lowest)
    for a, b in boxes:
        shown = (b > a).all(axis=1)
        lowest[shown], highest[shown] = np.minimum(lowest, a)[shown], np.maximum(highest, b)[shown]
    around = np.where(highest > lowest, highest - lowest, 0).prod(axis=1)
    together = around <= NEAR * elements
    read = decoded = int(np.where(together, around, elements).sum()) * source.dtype.itemsize
    if decodes(source):
        whole = identity(source.sizes)
        decoded = _decoded(source, whole, lowest[together], highest[together])
        decoded += sum(_decoded(source, whole, a[~together], b[~together]) for a, b in boxes)
    reads.add(read, decoded, decoded)


def _decoded(base: SourceArray, placement: Placement, low: Int64, high: Int64) -> int:
    """Bytes of all chunks that boxes touch; along an axis, a step touches no more chunks than it has positions."""
    stored = base.reader.stored_chunks
    assert stored is not None
    base_low, base_high = placement.base_boxes(low, high, base.ndim)
    chunk = np.array(stored, np.int64)
    touched = np.where(base_high > base_low, (base_high - 1) // chunk - base_low // chunk + 1, 0)
    for k, axis in enumerate(placement.axes):
        if axis.axis >= 0:
            touched[:, axis.axis] = np.minimum(touched[:, axis.axis], np.maximum(high[:, k] - low[:, k], 0))
    elements = np.minimum(touched * chunk, np.array(base.sizes, np.int64)).prod(axis=1)
    return int(elements.sum()) * base.dtype.itemsize
