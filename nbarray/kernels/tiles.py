"""Cutting a block into steps and tiles.

A step is what is fetched at once (whole stored chunks, for a file); a tile is what is computed at
once and stays in cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from typing import Any

import numpy as np

__all__ = [
    "LARGEST_TILE",
    "LEAST_TILE",
    "RUN_LENGTH",
    "SMALLEST_TILE",
    "STORED_LENGTH",
    "TILE_BYTES",
    "TILE_ELEMENTS",
    "TURNED_ELEMENTS",
    "TURNED_LENGTH",
    "Where",
    "fold_tiles",
    "part_of",
    "steps",
    "tiles",
]

#: Elements of a tile where nothing more is known.
TILE_ELEMENTS = 65_536
#: What a tile's buffers may take together, and how many elements it has at least and at most.  Two workers hand
#: the interpreter over between calls, so small tiles cost more than they win; large ones leave the cache.
TILE_BYTES, SMALLEST_TILE, LARGEST_TILE = 12 * 2**20, 32_768, 262_144
#: No smaller tiles, however short memory is: calls would take longer than what they do.
LEAST_TILE = 1024
#: A tile that is folded is made of runs of so many elements that lie side by side.
RUN_LENGTH = 8192
#: Where an operand is stored along another axis than the last: elements of a tile along both, and in all for NumPy.
TURNED_LENGTH, STORED_LENGTH, TURNED_ELEMENTS = 256, 1024, 65_536

Box = tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(slots=True)
class Where:
    """Where a tile lies in the whole array: needed by what reports positions.

    alike : nothing has been left out so far, so that all results of the tile have seen equally many elements
    """

    low: tuple[int, ...]
    shape: tuple[int, ...]
    alike: bool


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
def tiles(shape: tuple[int, ...], elements: int, turned: int | None = None) -> tuple[tuple[slice, ...], ...]:
    """Cut a box of `shape` into tiles of about so many elements, long along the last axes, in C order.

    turned : the axis along which an operand is stored that isn't stored along the last one
    """
    lengths = [1] * len(shape)
    if turned is not None:
        _lengthen(lengths, shape, [len(shape) - 1], min(elements, TURNED_LENGTH))
        _lengthen(lengths, shape, [turned], min(elements, lengths[-1] * STORED_LENGTH))
        _lengthen(lengths, shape, range(len(shape)), elements)
        return _cut(shape, lengths)
    _lengthen(lengths, shape, range(len(shape)), elements)
    return _cut(shape, lengths)


@lru_cache(maxsize=256)
def fold_tiles(
    shape: tuple[int, ...], elements: int, axes: tuple[int, ...], turned: int | None = None
) -> tuple[tuple[slice, ...], ...]:
    """Cut a box that is reduced over `axes` into tiles that hold as much of those as can be.

    Results are then touched seldom.  Tiles are made of runs that lie side by side in memory.

    >>> len(fold_tiles((32, 100_000), 262_144, (0,)))
    13
    """
    if turned is not None:
        return tiles(shape, elements, turned)
    lengths = [1] * len(shape)
    _lengthen(lengths, shape, range(len(shape)), min(elements, RUN_LENGTH))
    _lengthen(lengths, shape, axes, elements)
    _lengthen(lengths, shape, range(len(shape)), elements)
    return _cut(shape, lengths)


def _lengthen(lengths: list[int], shape: tuple[int, ...], axes: Iterable[int], elements: int) -> None:
    """Make a tile longer along some axes, the last first, until it holds about so many elements."""
    for k in sorted(axes, reverse=True):
        room = max(1, elements // max(1, math.prod(lengths) // lengths[k]))
        pieces = -(-shape[k] // room) if shape[k] else 1
        lengths[k] = max(lengths[k], 1, -(-shape[k] // pieces))


def _cut(shape: tuple[int, ...], lengths: list[int]) -> tuple[tuple[slice, ...], ...]:
    axes = [
        [slice(a, min(a + length, n)) for a in range(0, n, length)] for n, length in zip(shape, lengths, strict=True)
    ]
    return tuple(product(*axes))
