"""Operands that lie the other way round, such as the transpose of an array: brought into the order of their use.

Neighbours in use are then whole rows apart in memory, often a power of two, so that they push each other out of the
caches.  What a tile needs is read along the rows as they lie, and turned in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbarray.compiling import KERNEL, CannotCompile, run_loops

__all__ = ["along", "stored_along", "straight"]

Tile = np.ndarray[Any, Any]
#: (name, shape, dtype) -> a buffer that is used again
Take = Callable[[str, tuple[int, ...], np.dtype[Any]], Tile]

#: Neighbours at most so many bytes from each other lie side by side: in one cache line.
LINE = 64
#: Elements that rows of a buffer are longer than they have to be, so that they don't meet in the same cache lines.
APART = 8

#: Squares of eight by eight, one cache line a row, from rows `s` apart into rows `p` apart.
_TURN = f"""import numpy as np


def {KERNEL}(a, s, b, p, n, m):
    for j0 in range(0, m, 8):
        for i0 in range(0, n, 8):
            if i0 + 8 <= n and j0 + 8 <= m:
                for i in range(8):
                    row = b[(i0 + i) * p + j0 : (i0 + i) * p + j0 + 8]
                    for j in range(8):
                        row[j] = a[(j0 + j) * s + i0 + i]
            else:
                for i in range(i0, min(n, i0 + 8)):
                    for j in range(j0, min(m, j0 + 8)):
                        b[i * p + j] = a[j * s + i]
"""


def stored_along(shape: Sequence[int], strides: Sequence[int]) -> int | None:
    """The axis along which an array is stored, if it isn't stored along the last; else None.

    >>> stored_along((9, 9), (8, 72)), stored_along((9, 9), (72, 8))
    (0, None)
    """
    if len(shape) < 2 or shape[-1] < 2 or abs(strides[-1]) <= LINE:
        return None
    distance, axis = min((abs(s), k) for k, (n, s) in enumerate(zip(shape, strides, strict=True)) if n > 1)
    return axis if 0 < distance <= LINE else None


def along(values: Sequence[Tile]) -> int | None:
    """The axis along which one of some operands is stored, if it isn't stored along the last."""
    for value in values:
        axis = stored_along(value.shape, value.strides)
        if axis is not None:
            return axis
    return None


def straight(value: Tile, compiles: bool, take: Take) -> Tile:
    """A tile that is stored the other way round, brought into the order of its axes, or near to each other at least.

    compiles : turn it by compiled code
    take : gives the buffers that it is put into
    """
    axis = stored_along(value.shape, value.strides)
    if axis is None:
        return value
    rows = np.moveaxis(value, axis, -1)
    if compiles and value.itemsize in (1, 2, 4, 8) and value.flags.aligned:
        room = take("turned", (*rows.shape[:-2], rows.shape[-1], rows.shape[-2] + APART), value.dtype)
        if all(_turned(rows[place], room[place]) for place in np.ndindex(rows.shape[:-2])):
            return np.moveaxis(room[..., : rows.shape[-2]], -2, axis)
    room = take("rows", (*rows.shape[:-1], rows.shape[-1] + APART), value.dtype)[..., : rows.shape[-1]]
    np.copyto(room, rows)
    return np.moveaxis(room, -1, axis)


def _turned(rows: Tile, room: Tile) -> bool:
    """Write rows into columns by compiled code; returns whether that could be done."""
    (m, n), itemsize = rows.shape, rows.itemsize
    apart, within = rows.strides
    if within != itemsize or apart < 0 or apart % itemsize:
        return False
    kind = np.dtype(f"u{itemsize}")
    flat = np.lib.stride_tricks.as_strided(rows, ((m - 1) * apart // itemsize + n,), (itemsize,))
    try:
        run_loops(_TURN, flat.view(kind), apart // itemsize, room.reshape(-1).view(kind), room.shape[1], n, m)
    except CannotCompile:
        return False
    return True
