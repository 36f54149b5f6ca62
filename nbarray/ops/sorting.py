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
from nbarray.expr.blocks import MapBlocks, UserFunction
from nbarray.expr.node import Expr
from nbarray.expr.sorting import BESIDE, KEY, MergeRuns
from nbarray.grid.chunks import Chunks, regular
from nbarray.kernels.elementwise import ById
from nbarray.ops.indexing import getitem
from nbarray.ops.joining import concatenate
from nbarray.ops.operands import normalize_axes
from nbarray.ops.shaping import expand_dims, rechunk, reshape, transpose

__all__ = ["sort"]

#: So many lines that are longer than a block are sorted one by one.
MOST_LINES = 1024
Block = np.ndarray[Any, Any]


def sort(x: Expr, axis: int | None = -1, positions: bool = False) -> Expr:
    """`x` in order along `axis` (None: flattened), NaN last; or the positions that put it in order.  Both are stable.

    Raises AxisError, DTypeError for what has no order, NotBlocked for masked arrays.
    """
    if x.masked:
        raise NotBlocked("sorting masked arrays has no blocked form yet; fill what is missing first")
    if axis is None:
        x, axis = reshape(x, -1), 0
    (k,) = normalize_axes(axis, x.ndim)
    try:
        np.sort(np.empty(0, x.dtype))
    except TypeError as error:
        raise DTypeError(f"sort of {x.dtype}: {error}") from None
    room = max(1, current().chunk_bytes // max(1, x.dtype.itemsize))
    n = x.sizes[k]
    if n <= room or x.chunks.axes[k].count == 1 or not math.prod(x.sizes):
        return _lines(x if x.chunks.axes[k].count == 1 else _whole_lines(x, k, room), k, positions)
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


def _lines(x: Expr, axis: int, positions: bool) -> Expr:
    def sort(block: Block) -> Block:
        return np.sort(block, axis=axis, kind="stable")

    def argsort(block: Block) -> Block:
        return np.argsort(block, axis=axis, kind="stable")

    held = ById(UserFunction(argsort if positions else sort, {}, False, False, False))
    dtype = np.dtype(np.intp) if positions else x.dtype
    return MapBlocks(held, (x,), (x.chunks,), x.chunks, tuple(range(x.ndim)), dtype)


def _whole_lines(x: Expr, axis: int, room: int) -> Expr:
    """The same array in blocks of whole lines along `axis`, of `room` elements at the most."""
    lengths = [1] * x.ndim
    lengths[axis] = max(1, x.sizes[axis])
    for j in range(x.ndim - 1, -1, -1):
        if j != axis:
            lengths[j] = max(1, min(x.sizes[j], room // math.prod(lengths)))
    return rechunk(x, tuple(lengths))


def _long_line(x: Expr, room: int, positions: bool) -> Expr:
    if x.chunks.axes[0].largest > room or x.chunks.axes[0].count > max(64, 4 * -(-x.sizes[0] // room)):
        x = rechunk(x, (room,))
    offsets = x.chunks.axes[0].offsets
    runs_of = np.dtype([(KEY, x.dtype), (BESIDE, np.intp)]) if positions else x.dtype

    def sort_run(block: Block, block_id: tuple[int, ...]) -> Block:
        if not positions:
            return np.sort(block, kind="stable")
        order = np.argsort(block, kind="stable")
        run = np.empty(block.shape, runs_of)
        run[KEY], run[BESIDE] = block[order], order + offsets[block_id[0]]
        return run

    held = ById(UserFunction(sort_run, {}, True, False, False))
    runs = MapBlocks(held, (x,), (x.chunks,), x.chunks, (0,), runs_of)
    return MergeRuns(runs, Chunks((regular(x.sizes[0], max(1, min(room, x.chunks.axes[0].largest))),)))
