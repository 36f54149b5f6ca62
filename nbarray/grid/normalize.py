"""From what people write as ``chunks=`` to `Chunks`.

Accepts an integer, ``-1`` or None (the whole axis), "auto", a size in bytes ("32MiB"), a dictionary by
axis, or one of these (or explicit sizes) for each axis.  A chunk longer than its axis is the whole axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nbarray.errors import ChunkAxisError, ChunkError
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.units import parse_bytes

__all__ = ["auto_chunks", "check_axes_named", "normalize_chunks"]


def normalize_chunks(
    chunks: Any,
    shape: Sequence[int],
    itemsize: int,
    chunk_bytes: int,
    stored: Sequence[int] | None = None,
) -> Chunks:
    """`Chunks` for `shape`.

    chunks : what the user wrote (see the module)
    itemsize : bytes of an element
    chunk_bytes : how large "auto" chunks may be, in bytes
    stored : shape of the chunks in the file; "auto" takes multiples of them

    Raises ChunkError when they don't fit the shape.

    >>> normalize_chunks((2, -1), (5, 3), 8, 1000).tuples()
    ((2, 2, 1), (3,))
    """
    shape = tuple(int(n) for n in shape)
    if isinstance(chunks, Chunks):
        chunks = chunks.tuples()
    if isinstance(chunks, str) and chunks != "auto":
        chunk_bytes, chunks = max(1, parse_bytes(chunks, "chunks")), "auto"
    if chunks is None or isinstance(chunks, str):
        chunks = ("auto",) * len(shape)
    elif isinstance(chunks, int | np.integer):
        chunks = (chunks,) * len(shape)
    elif isinstance(chunks, dict):
        check_axes_named(chunks, len(shape))
        chunks = tuple(chunks.get(k, chunks.get(k - len(shape), -1)) for k in range(len(shape)))
    try:
        given = tuple(chunks)
    except TypeError:
        raise ChunkError(f"chunks={chunks!r}: expected a number, a tuple with one entry an axis, or 'auto'") from None
    if not shape and all(isinstance(c, int | np.integer) for c in given):
        return Chunks(())  # a single element has one block, whatever is asked for
    if len(given) != len(shape):
        if len(shape) == 1 and all(isinstance(c, int | np.integer) for c in given):
            given = (given,)
        else:
            raise ChunkError(
                f"chunks={chunks!r} has {len(given)} entries, but the array has {len(shape)} axes, shape {shape}"
            )
    axes = [_axis(c, n, k, shape) for k, (c, n) in enumerate(zip(given, shape, strict=True))]
    return Chunks(_fill_auto(axes, shape, itemsize, chunk_bytes, stored))


def check_axes_named(chunks: dict[Any, Any], ndim: int) -> None:
    """Raises ChunkError for keys that name no axis, a TypeError for those that aren't numbers."""
    unknown = [k for k in chunks if not isinstance(k, int | np.integer) or not -ndim <= k < ndim]
    if unknown:
        error = ChunkError if isinstance(unknown[0], int | np.integer) else ChunkAxisError
        raise error(f"chunks={chunks!r} names axes {unknown} of an array of {ndim} axes")


def auto_chunks(shape: Sequence[int], itemsize: int, chunk_bytes: int, stored: Sequence[int] | None = None) -> Chunks:
    """Chunks of about `chunk_bytes`, long along the last axes, made of whole stored chunks if these are small."""
    return normalize_chunks("auto", shape, itemsize, chunk_bytes, stored)


def _axis(given: Any, size: int, k: int, shape: tuple[int, ...]) -> AxisChunks | None:
    if isinstance(given, str):
        if given == "auto":
            return None
        raise ChunkError(f"chunks for axis {k} are {given!r}; expected a number, sizes, -1 or 'auto'")
    if given is None:
        return regular(size, size)
    if isinstance(given, AxisChunks):
        given = given.sizes
    if isinstance(given, int | np.integer) and not isinstance(given, bool):
        if given == -1:
            return regular(size, size)
        if given < 1 and (given or size):
            raise ChunkError(f"chunks for axis {k} are {given}; a chunk has at least 1 element (-1: the whole axis)")
        return regular(size, int(given))
    try:
        sizes = [int(s) for s in given]
        whole = all(s == g for s, g in zip(sizes, given, strict=True))
    except (TypeError, ValueError):
        whole = False
    if not whole or any(s < 0 for s in sizes):
        raise ChunkError(f"chunks for axis {k} are {given!r}; expected a number or a tuple of sizes")
    if sum(sizes) != size:
        raise ChunkError(
            f"chunks for axis {k} add up to {sum(sizes)}, but the axis has {size} elements (shape {shape}); "
            f"give sizes that add up to {size}, or one number"
        )
    return AxisChunks.of(sizes)


def _fill_auto(
    axes: list[AxisChunks | None],
    shape: tuple[int, ...],
    itemsize: int,
    chunk_bytes: int,
    stored: Sequence[int] | None,
) -> tuple[AxisChunks, ...]:
    """Give the axes left to us lengths from the last to the first, while the block stays within the bytes."""
    elements = max(1, chunk_bytes // max(1, itemsize))
    elements //= max(1, math.prod(a.largest for a in axes if a is not None))
    unit = [
        1 if a is not None or stored is None else min(max(1, stored[k]), max(1, shape[k])) for k, a in enumerate(axes)
    ]
    if math.prod(unit) > max(1, elements):
        unit = [1] * len(axes)
    left = max(1, elements // math.prod(unit))
    done: list[AxisChunks] = []
    for k in range(len(axes) - 1, -1, -1):
        axis = axes[k]
        if axis is None:
            times = max(1, min(left, -(-shape[k] // unit[k])))
            left = max(1, left // times)
            axis = regular(shape[k], unit[k] * times)
        done.append(axis)
    return tuple(reversed(done))
