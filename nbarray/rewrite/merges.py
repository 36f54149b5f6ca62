"""How the states of a reduction's parts are merged: in trees where they are small, in chains where they are large.

A tree is as wide as what a task may merge, and holds so many states on each of its levels.  A chain takes in one state
after the other, and holds what it has merged and the next.  Runs of a chain are short, and their ends are merged in
chains in turn: so rounding errors grow no faster than in NumPy's own sums, which add up 16 elements in a row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nbarray.expr.lowered import Lowered
from nbarray.expr.lowered_folds import FoldedParts, Merge, Spans
from nbarray.expr.lowered_fused import Fused
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.kernels.program import Fold
from nbarray.rewrite.grain import Grain
from nbarray.rewrite.grids import merged_grid

__all__ = ["End", "folds_of", "merged"]

#: A node, and where the state lies that is left to merge.
End = tuple[Lowered, Spans]

#: How many states one task merges, and at most how many bytes of them.
MERGE_FAN, MERGE_BYTES = 32, 16 * 2**20
#: States of more bytes are merged one after the other.
CHAINED_BYTES = 2**20
#: How many states a chain takes in one after the other, at the most.
LONGEST = 16


def folds_of(lowered: Lowered) -> tuple[Fold, ...]:
    """What a node that gives states folds."""
    if isinstance(lowered, FoldedParts | Merge):
        return lowered.folds
    assert isinstance(lowered, Fused)
    return lowered.program.folds


def merged(parts: Sequence[Lowered], axes: tuple[int, ...], grain: Grain, pieces: bool) -> list[End]:
    """Merges of the states of parts that lie end to end; gives what is left for a last merge.

    pieces : the last merge is several tasks, each of which merges a piece of all that is left
    """
    low, high = (a[:1] for a in parts[0].chunks.boxes(np.zeros(1, np.int64)))
    state_bytes = max(1, int(parts[0].block_bytes(low, high)[0]))
    if state_bytes > grain.of(CHAINED_BYTES):
        return _in_chains(parts, axes, pieces)
    fan = max(2, min(MERGE_FAN, grain.of(MERGE_BYTES) // state_bytes))
    # all that pieces are made of is held until the last of them is
    fewest = 1 if pieces else max(1, fan // len(parts))
    return [(_in_tree(p, axes, fan, fewest), ()) for p in parts]


def _in_tree(part: Lowered, axes: tuple[int, ...], fan: int, fewest: int) -> Lowered:
    """Merges of `fan` states each, until there are no more than the `fewest`."""
    node = part
    while math.prod(node.chunks.axes[k].count for k in axes) > fewest:
        grid = merged_grid(node.chunks, axes, fan)
        node = Merge((node,), folds_of(part), grid, 0, None, part.dtype, part.masked)
    return node


def _in_chains(parts: Sequence[Lowered], axes: Sequence[int], apart: bool) -> list[End]:
    """Merges of one state after the other, within each part and then of all parts; gives what is left to merge.

    apart : leave the last state out where that is possible, for tasks that merge pieces of it beside each other
    """
    if len(parts) == 1:
        return _chained(parts[0], axes, apart)
    ends = [end for part in parts for end in _chained(part, axes, False)]
    while len(ends) > LONGEST:
        length = _even(len(ends))
        ends = [_in_a_row(ends[k : k + length], axes) for k in range(0, len(ends), length)]
    return [_in_a_row(ends[:-1], axes), ends[-1]]


def _chained(part: Lowered, axes: Sequence[int], apart: bool) -> list[End]:
    """What is left to merge of one part: the end of its last chain, or (`apart`) what that would be made of."""
    node = under = part
    grid, last = part.chunks, -1
    for axis in sorted(axes, reverse=True):
        while grid.axes[axis].count > 1:
            length = _even(grid.axes[axis].count)
            under, last = node, axis
            node = Merge((under,), folds_of(part), grid, 0, None, part.dtype, part.masked, (axis, length))
            offsets = grid.axes[axis].offsets
            cuts = AxisChunks.from_offsets(np.concatenate([offsets[:-1:length], offsets[-1:]]))
            grid = Chunks((*grid.axes[:axis], cuts, *grid.axes[axis + 1 :]))
    if last < 0:
        return [(part, ())]
    cuts = node.chunks.axes[last]
    if not apart:
        return [(node, ((last, *cuts.span(cuts.count - 1)),))]
    begins = {last: cuts.span(cuts.count - 1)[0]}
    if isinstance(under, Merge) and under.chain is not None:
        axis = under.chain[0]
        begins[axis] = under.chunks.axes[axis].span(under.chunks.axes[axis].count - 1)[0]
    rest = tuple((k, a, under.chunks.axes[k].size) for k, a in begins.items())
    return [(node, ((last, *cuts.span(cuts.count - 2)),)), (under, rest)]


def _in_a_row(ends: Sequence[End], axes: Sequence[int]) -> End:
    """One state that is merged of some, one after the other."""
    made, where = ends[0]
    grid = Chunks(tuple(regular(1, 1) if k in axes else a for k, a in enumerate(made.chunks.axes)))
    for state, span in ends[1:]:
        folds = folds_of(made)
        made = Merge((made, state), folds, grid, 0, None, made.dtype, made.masked, None, (where, span))
        where = ()
    return made, where


def _even(count: int) -> int:
    """How long the runs of so many states are: all alike, and none longer than the `LONGEST`."""
    return -(-count // -(-count // LONGEST))
