"""Cutting a block into steps and tiles.

A step is what is fetched at once (whole stored chunks, for a file); a tile is what is computed at
once and stays in cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise, product
from typing import Any

import numpy as np

__all__ = ["LARGEST_TILE", "LEAST_TILE", "SMALLEST_TILE", "TILE_BYTES", "TILE_ELEMENTS", "part_of", "steps", "tiles"]

#: Elements of a tile where nothing more is known.
TILE_ELEMENTS = 65_536
#: What a tile's buffers may take together, and how many elements it has at least and at most.  Two workers hand
#: the interpreter over between calls, so small tiles cost more than they win; large ones leave the cache.
TILE_BYTES, SMALLEST_TILE, LARGEST_TILE = 12 * 2**20, 32_768, 262_144
#: No smaller tiles, however short memory is: calls would take longer than what they do.
LEAST_TILE = 1024

Box = tuple[tuple[int, ...], tuple[int, ...]]


def part_of(array: np.ndarray[Any, Any], region: tuple[slice, ...]) -> np.ndarray[Any, Any]:
    """A view on a region that can be written to; indexing a 0-d array by ``()`` would give a scalar instead.

    >>> part_of(np.zeros(()), ())
    array(0.)
    """
    index: Any = (*region, ...)
    view: np.ndarray[Any, Any] = array[index]
    return view


def steps(low: tuple[int, ...], high: tuple[int, ...], lengths: tuple[int, ...]) -> Iterator[Box]:
    """Cut a box at multiples of `lengths`, in C order.

    >>> list(steps((1,), (6,), (4,)))
    [((1,), (4,)), ((4,), (6,))]
    """
    axes = []
    for a, b, n in zip(low, high, lengths, strict=True):
        cuts = [a, *range((a // n + 1) * n, b, n), b]
        axes.append(list(pairwise(cuts)))
    for box in product(*axes):
        yield tuple(a for a, _ in box), tuple(b for _, b in box)


@lru_cache(maxsize=256)
def tiles(shape: tuple[int, ...], elements: int) -> tuple[tuple[slice, ...], ...]:
    """Cut a box of `shape` into tiles of about so many elements, long along the last axes, in C order."""
    lengths = []
    left = max(1, elements)
    for n in reversed(shape):
        pieces = -(-n // left) if n else 1
        length = max(1, -(-n // pieces))
        lengths.append(length)
        left = max(1, left // length)
    axes = [
        [slice(a, min(a + length, n)) for a in range(0, n, length)]
        for n, length in zip(shape, reversed(lengths), strict=True)
    ]
    return tuple(product(*axes))
