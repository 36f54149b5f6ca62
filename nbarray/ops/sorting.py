"""Sorting along an axis, out of core where it has to be.

Where whole lines fit into a block, blocks are made of lines and each is sorted by itself.  A longer line
is sorted in runs, one a block; then the exact places are found where all runs have to be cut for
each block of the result, which merges its pieces.  So everything is read twice and written once,
whatever its size.
"""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np

from nbarray.config import current
from nbarray.errors import DTypeError, NotBlocked
from nbarray.expr.blocks import MapBlocks, UserFunction, held_once
from nbarray.expr.node import Expr
from nbarray.expr.sorting import BESIDE, KEY, MergeRuns
from nbarray.grid.chunks import Chunks, regular
from nbarray.kernels.sorting import argsort_stable, sort_stable
from nbarray.ops.indexing import getitem
from nbarray.ops.joining import concatenate
from nbarray.ops.lines import MOST_LINES, line_room, map_lines
from nbarray.ops.masking import as_last, filled
from nbarray.ops.operands import one_axis
from nbarray.ops.shaping import expand_dims, rechunk, reshape, transpose

__all__ = ["sort"]

#: The table of cuts takes at most this share of the budget.
CUTS_SHARE = 4

Block = np.ndarray[Any, Any]


def sort(x: Expr, axis: int | None = -1, positions: bool = False) -> Expr:
    """`x` in order along `axis` (None: flattened), NaN last; or the positions that put it in order.  Both are stable.

    What is masked comes last.  Raises AxisError, DTypeError for what has no order, NotBlocked for masked text.
    """
    if axis is None:
        x, axis = reshape(x, -1), 0
    k = one_axis(axis, x.ndim)
    if x.masked:
        last = _last(x.dtype)
        return sort(filled(x, last), k, True) if positions else as_last(lambda y: sort(y, k), x, k, last)
    try:
        np.sort(np.empty(0, x.dtype))
    except TypeError as error:
        raise DTypeError(f"sort of {x.dtype}: {error}") from None
    # a task that finds positions holds them, an order and what sorting needs beside the line
    room = max(1, line_room(x.dtype) // (4 if positions else 1))
    n = x.sizes[k]
    if n <= room or (x.ndim > 1 and x.chunks.axes[k].count == 1) or not math.prod(x.sizes):
        return _lines(x, k, positions)
    if x.ndim == 1:
        return _long_line(x, room, positions)
    others = [range(m) for j, m in enumerate(x.sizes) if j != k]
    if math.prod(map(len, others)) > MOST_LINES:
        raise NotBlocked(
            f"sorting {math.prod(map(len, others))} lines of {n} elements, none of which fits into a chunk, has no "
            'blocked form; allow larger chunks with nb.config(chunk_bytes="...")'
        )
    lines = [
        _long_line(getitem(x, (*place[:k], slice(None), *place[k:])), room, positions) for place in product(*others)
    ]
    joined = concatenate([expand_dims(line, 0) for line in lines], 0, dtype=lines[0].dtype)
    together = reshape(joined, (*(m for j, m in enumerate(x.sizes) if j != k), n))
    order = [*range(k), x.ndim - 1, *range(k, x.ndim - 1)]
    return transpose(together, order)


def _last(dtype: np.dtype[Any]) -> Any:
    """The value that sorting puts last.  Raises NotBlocked for dtypes that have none."""
    if dtype.kind not in "biufcmM":
        raise NotBlocked(f"sorting masked arrays of {dtype} has no blocked form; fill what is missing first")
    if dtype.kind in "mM":
        return np.array("NaT", dtype)[()]
    return np.array(np.nan, dtype)[()] if dtype.kind in "fc" else np.ma.minimum_fill_value(dtype)


def _lines(x: Expr, axis: int, positions: bool) -> Expr:
    def sort(block: Block) -> Block:
        return sort_stable(block, axis)

    def argsort(block: Block) -> Block:
        return argsort_stable(block) if block.ndim == 1 else np.argsort(block, axis=axis, kind="stable")

    dtype = np.dtype(np.intp) if positions else x.dtype
    made = argsort if positions else sort
    return map_lines(made.__name__, made, [x], (axis,), (x.sizes[axis],), dtype, copies=3 if positions else 0)


def _run_length(n: int, room: int) -> int:
    """How long runs are: as a task has room for, but not so short that where to cut them all takes a large table."""
    entries = max(64, current().budget_bytes() // (8 * CUTS_SHARE))
    return max(room, -(-n // math.isqrt(entries)))


def _long_line(x: Expr, room: int, positions: bool) -> Expr:
    room = _run_length(x.sizes[0], room)
    if x.chunks.axes[0].largest > room or x.chunks.axes[0].count > max(64, 4 * -(-x.sizes[0] // room)):
        x = rechunk(x, (room,))
    offsets = x.chunks.axes[0].offsets
    runs_of = np.dtype([(KEY, x.dtype), (BESIDE, np.intp)]) if positions else x.dtype

    def sort_run(block: Block, block_id: tuple[int, ...]) -> Block:
        if not positions:
            return sort_stable(block)
        order = argsort_stable(block)
        run = np.empty(block.shape, runs_of)
        run[KEY], run[BESIDE] = block[order], order + offsets[block_id[0]]
        return run

    held = held_once(UserFunction(sort_run, {}, True, False, False))
    runs = MapBlocks(held, (x,), (x.chunks,), x.chunks, (0,), runs_of)
    return MergeRuns(runs, Chunks((regular(x.sizes[0], max(1, min(room, x.chunks.axes[0].largest))),)))
