"""What it costs that the chunks of an array cut the chunks of its file.

A stored chunk is decoded whole for any part of it.  So where blocks are read one by one, a stored chunk that several of
them share is decoded for each.  This file says how many times more that is, and which chunks near the chosen
ones would cut none.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from nbarray.expr.leaves import SourceArray
from nbarray.expr.node import Expr
from nbarray.expr.operands import decodes
from nbarray.expr.walk import postorder
from nbarray.grid.chunks import AxisChunks

__all__ = ["ReadCost", "axis_factor", "read_cost"]

#: Chunks of an axis that are looked at; how the others lie repeats that.
_MOST_CHUNKS = 4096
#: What is less than this much too much isn't worth saying.
WORTH_SAYING = 1.05


class ReadCost(NamedTuple):
    """Reading block by block decodes `factor` times the values; blocks of shape `whole` would decode each once."""

    factor: float
    whole: tuple[int, ...]


def axis_factor(axis: AxisChunks, stored: int) -> float:
    """How many times the positions of an axis are decoded, if chunk after chunk is read.

    >>> from nbarray.grid.chunks import regular
    >>> axis_factor(regular(12, 4), 2), axis_factor(regular(12, 4), 6), axis_factor(regular(12, 4), 12)
    (1.0, 2.0, 3.0)
    """
    chunks = np.arange(min(axis.count, _MOST_CHUNKS), dtype=np.int64)
    low, high = axis.bounds(chunks)
    decoded = np.minimum(-(-high // stored) * stored, axis.size) - low // stored * stored
    read = int((high - low).sum())
    return float(decoded[high > low].sum() / read) if read else 1.0


def _whole(axis: AxisChunks, stored: int) -> int:
    """The size of chunks nearest to the chosen ones that holds whole stored chunks."""
    return max(1, min(axis.size, max(1, round(axis.largest / stored)) * stored))


def read_cost(expr: Expr) -> ReadCost | None:
    """The dearest of the sources of `expr`, or None where no source has its stored chunks cut."""
    seen: set[tuple[Sequence[AxisChunks], tuple[int, ...]]] = set()
    worst: ReadCost | None = None
    for node in postorder([expr]):
        if not isinstance(node, SourceArray) or not decodes(node):
            continue
        axes, stored = node.chunks.axes, tuple(max(1, n) for n in node.reader.stored_chunks or ())
        if (axes, stored) in seen:
            continue
        seen.add((axes, stored))
        factor = prod(axis_factor(axis, n) for axis, n in zip(axes, stored, strict=True))
        if factor > (WORTH_SAYING if worst is None else worst.factor):
            worst = ReadCost(factor, tuple(_whole(axis, n) for axis, n in zip(axes, stored, strict=True)))
    return worst
