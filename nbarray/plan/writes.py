"""What a plan writes to each target, and what of its chunks has to be read back for that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbarray.expr.lowered import Lowered
from nbarray.grid.chunks import Int64
from nbarray.io.writers import Writer
from nbarray.plan.plan import Plan

__all__ = ["Writes", "writes"]


@dataclass(frozen=True)
class Writes:
    """What goes to one target.

    place, route, chunks : where to, how, and in pieces of which shape it is stored, if that is known
    written_bytes : of the array, as it is in memory
    read_back_bytes : of chunks that a block covers in part, which have to be read to be written
    """

    place: str
    route: str
    chunks: tuple[int, ...] | None
    written_bytes: int
    read_back_bytes: int


def writes(plan: Plan) -> list[Writes]:
    """What is written, target by target."""
    found = []
    for target, writer in zip(plan.targets, plan.writers, strict=False):
        if writer is None:
            continue
        lowered = plan.nodes[target]
        low, high = lowered.chunks.boxes(plan.task_block[plan.task_node == target])
        written = int(lowered.block_bytes(low, high).sum())
        found.append(Writes(writer.place, writer.route, writer.stored, written, _read_back(lowered, writer, low, high)))
    return found


def _read_back(lowered: Lowered, writer: Writer, low: Int64, high: Int64) -> int:
    """Bytes of the chunks that blocks cover in part; the end of the target counts as the end of a chunk."""
    if writer.stored is None or not writer.rewrites_parts or not len(low):
        return 0
    origin, size, step = (np.array(a, np.int64).reshape(1, -1) for a in writer.place_of(lowered.sizes))
    chunk = np.array(writer.stored, np.int64).reshape(1, -1)
    first, last = origin + low * step, origin + (high - 1) * step + 1
    touched = -(-last // chunk) - first // chunk
    whole = np.where(last == size, -(-last // chunk), last // chunk) - -(-first // chunk)
    whole = np.where(step == 1, np.maximum(whole, 0), 0)
    partial = touched.prod(axis=1) - whole.prod(axis=1)
    return int(partial.sum() * chunk.prod()) * lowered.dtype.itemsize
