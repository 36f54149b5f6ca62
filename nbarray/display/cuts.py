"""What it costs that the chunks of an array cut the chunks of its file.

A stored chunk is decoded whole for any part of it.  So where blocks are read one by one, a stored chunk that several of
them share is decoded for each.  This file says how often that is, on average, and which chunks near the chosen
ones would cut none.

What blocks of an array need of a file is followed through what only moves elements or works on each by itself.  Where
anything else lies between, the blocks of what it works on are taken to be read one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from nbarray.expr.elementwise import Elementwise
from nbarray.expr.leaves import SourceArray
from nbarray.expr.node import Expr
from nbarray.expr.operands import decodes
from nbarray.expr.structure import Concatenate, Rechunk, View
from nbarray.grid.chunks import AxisChunks, Chunks, regular

__all__ = ["Cut", "ReadCost", "axis_factor", "read_cost"]

#: Equal chunks of an axis that are looked at; how the others lie repeats that.
_MOST_CHUNKS = 4096
#: Operations that are looked at, once for each way in which their blocks are needed.
_MOST_LOOKS = 20_000
#: What is less than this much too much isn't worth saying.
WORTH_SAYING = 1.05


class ReadCost(NamedTuple):
    """Reading block by block decodes each stored chunk `factor` times; blocks of shape `whole` would decode it once."""

    factor: float
    whole: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """An axis as blocks need it: elements `first` to `stop` of `chunks`; element i lies at ``start + step * i``."""

    chunks: AxisChunks
    first: int
    stop: int
    start: int = 0
    step: int = 1

    def alike(self) -> Cut:
        """The same for all that lie alike on their chunks."""
        whole = 0 if self.chunks.explicit is not None else self.first - self.first % self.chunks.step
        return replace(self, first=self.first - whole, stop=self.stop - whole, start=self.start + self.step * whole)

    def within(self, offset: int, size: int) -> Cut:
        """What lies at `offset` and the `size` positions from there on, counted from there."""
        if self.step == 0:
            here = offset <= self.start < offset + size
            first, stop = (self.first, self.stop) if here else (0, 0)
        else:
            # the first elements at or beyond both ends, of which the nearer one is the last for negative steps
            one, other = offset - self.start, offset + size - self.start
            bounds = (-(-one // self.step), -(-other // self.step)) if self.step > 0 else (
                (other // self.step) + 1, (one // self.step) + 1
            )  # fmt: skip
            first, stop = max(self.first, bounds[0]), min(self.stop, bounds[1])
        return replace(self, first=first, stop=max(first, stop), start=self.start - offset)


def _touched(start: int, step: int, first: np.ndarray, stop: np.ndarray, stored: int) -> np.ndarray:
    """How many stored chunks hold elements `first` to `stop`, of which there is one at the least."""
    if abs(step) >= stored:
        return stop - first
    one, other = start + step * first, start + step * (stop - 1)
    return abs(other // stored - one // stored) + 1


@lru_cache(maxsize=1024)
def axis_factor(cut: Cut, stored: int) -> float:
    """How often stored chunks are decoded along an axis, if chunk after chunk is read.

    >>> from nbarray.grid.chunks import regular
    >>> whole = Cut(regular(12, 4), 0, 12)
    >>> axis_factor(whole, 2), axis_factor(whole, 6), axis_factor(whole, 12)
    (1.0, 2.0, 3.0)
    """
    if cut.stop <= cut.first or cut.step == 0:
        return 1.0
    begin, end = cut.chunks.number_of(cut.first), cut.chunks.number_of(cut.stop - 1) + 1
    looked_at = min(end, begin + _MOST_CHUNKS) if cut.chunks.is_regular else end
    low, high = cut.chunks.bounds(np.arange(begin, looked_at, dtype=np.int64))
    low, high = np.maximum(low, cut.first), np.minimum(high, cut.stop)
    read = float(_touched(cut.start, cut.step, low, high, stored).sum())
    if looked_at < end and abs(cut.step) < stored:
        # the part that is looked at doesn't end where a stored chunk does
        return read * stored / float((high[-1] - low[0]) * abs(cut.step))
    return read / float(_touched(cut.start, cut.step, low[0], high[-1], stored))


def _own(chunks: Chunks) -> tuple[Cut, ...]:
    """All of an array, by its own chunks."""
    return tuple(Cut(axis, 0, axis.size) for axis in chunks.axes)


def _below(expr: Expr, cuts: tuple[Cut, ...]) -> Iterator[tuple[Expr, tuple[Cut, ...]]]:
    """What an operation works on, and how blocks need it if they need the operation by `cuts`."""
    if isinstance(expr, Rechunk):
        yield expr.base, cuts
    elif isinstance(expr, View) and None not in expr.base.shape:
        yield expr.base, _under_view(expr, cuts)
    elif isinstance(expr, Concatenate):
        offset = 0
        for part in expr.parts:
            size = part.sizes[expr.axis]
            here = cuts[expr.axis].within(offset, size).alike()
            offset += size
            if here.stop > here.first:
                yield part, (*cuts[: expr.axis], here, *cuts[expr.axis + 1 :])
    elif isinstance(expr, Elementwise):
        for arg in expr.args:
            last = cuts[len(cuts) - arg.ndim :]
            yield arg, tuple(c if n != 1 else Cut(regular(1, 1), 0, 1) for c, n in zip(last, arg.shape, strict=True))
    else:
        for child in expr.children:
            yield child, _own(child.chunks)


def _under_view(view: View, cuts: tuple[Cut, ...]) -> tuple[Cut, ...]:
    """How blocks need the base of a view."""
    found = [Cut(regular(1, 1), 0, 1)] * view.base.ndim
    for axis, position in view.placement.fixed:
        found[axis] = Cut(regular(1, 1), 0, 1, position)
    for m, cut in zip(view.placement.axes, cuts, strict=True):
        if m.axis >= 0:
            found[m.axis] = replace(cut, start=m.start + m.step * cut.start, step=m.step * cut.step)
    return tuple(found)


def _whole(cut: Cut, size: int, stored: int) -> int:
    """The size of chunks nearest to the chosen ones that holds whole stored chunks."""
    chosen = cut.chunks.largest * abs(cut.step)
    return max(1, min(size, max(1, round(chosen / stored)) * stored))


def read_cost(expr: Expr) -> ReadCost | None:
    """The dearest of the sources of `expr`, or None where no source has its stored chunks cut."""
    stack = [(expr, _own(expr.chunks))]
    seen = set(stack)
    worst: ReadCost | None = None
    while stack and len(seen) < _MOST_LOOKS:
        node, cuts = stack.pop()
        if not isinstance(node, SourceArray):
            fresh = [pair for pair in _below(node, cuts) if pair not in seen]
            seen.update(fresh)
            stack += fresh
        elif decodes(node):
            stored = [max(1, n) for n in node.reader.stored_chunks or ()]
            factor = prod(axis_factor(cut, n) for cut, n in zip(cuts, stored, strict=True))
            if factor > (WORTH_SAYING if worst is None else worst.factor):
                worst = ReadCost(factor, tuple(map(_whole, cuts, node.reader.shape, stored)))
    return worst
