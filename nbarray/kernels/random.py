"""Random numbers by counter: a tile of an array is made from the seed and its own number, whoever asks for it.

The tiles follow the shape of the array alone, so that chunks, workers and budgets change no value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from nbarray.grid.regions import shape_of
from nbarray.kernels.elementwise import ById
from nbarray.kernels.program import Constant

__all__ = ["Draw", "random_part", "tile_shape"]

Tile = np.ndarray[Any, Any]
#: Elements of a tile: changing it changes all random numbers.
ELEMENTS = 16384
#: Tiles kept for the neighbours of a part that was read: 2 MiB of doubles.
KEPT = 16


@dataclass(frozen=True)
class Draw:
    """One call of one method of a generator.

    seed, call : of the generator, and how many calls it had before
    params : numbers, or arrays that spread to the shape; with `tail`, arrays that are taken whole
    options : named parameters of the method, such as the dtype
    tail : axes at the end that the method makes by itself
    """

    method: str
    seed: int | tuple[int, ...]
    call: int
    params: tuple[Constant | ById, ...]
    options: tuple[tuple[str, Hashable], ...] = ()
    tail: int = 0

    def generator(self, number: int) -> np.random.Generator:
        """What makes tile `number`: tiles are 2**64 steps of the counter apart."""
        counter = np.array([0, number, 0, 0], np.uint64)
        return np.random.Generator(np.random.Philox(key=_key(self.seed, self.call), counter=counter))

    def tiles(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Sizes of the tiles of an array; axes that the method makes by itself are whole."""
        lead = len(shape) - self.tail
        return (*tile_shape(shape[:lead], ELEMENTS // max(1, math.prod(shape[lead:]))), *shape[lead:])

    def make(self, number: int, size: tuple[int, ...], part: tuple[slice, ...]) -> Tile:
        """The values of a tile that is `part` of the array."""
        method: Callable[..., Any] = getattr(self.generator(number), self.method)
        params = [p.value if self.tail else _share(p.value, part) for p in self.params]
        return np.asarray(method(*params, size=size, **dict(self.options)))


@lru_cache(maxsize=256)
def _key(seed: int | tuple[int, ...], call: int) -> Tile:
    return np.random.SeedSequence(seed, spawn_key=(call,)).generate_state(2, np.uint64)


def _share(value: Any, part: tuple[slice, ...]) -> Any:
    """What a parameter that spreads over an array is in a part of it."""
    if not np.ndim(value):
        return value
    last = part[len(part) - value.ndim :]
    return value[tuple(slice(None) if n == 1 else s for n, s in zip(value.shape, last, strict=True))]


def tile_shape(shape: tuple[int, ...], elements: int = ELEMENTS) -> tuple[int, ...]:
    """Sizes of tiles, alike along all axes as far as these are long enough.

    >>> tile_shape((100_000,)), tile_shape((1000, 1000)), tile_shape((4, 10_000))
    ((16384,), (128, 128), (4, 4096))
    """
    sizes, room = [0] * len(shape), max(elements, 1)
    for done, axis in enumerate(sorted(range(len(shape)), key=shape.__getitem__)):
        side = int(room ** (1 / (len(shape) - done)) + 1e-9)
        sizes[axis] = max(1, min(shape[axis], side))
        room = max(1, room // sizes[axis])
    return tuple(sizes)


def random_part(draw: Draw, shape: tuple[int, ...], dtype: np.dtype[Any], slices: tuple[slice, ...]) -> Tile:
    """The values in a rectangle: parts of the tiles that it touches."""
    out = np.empty(shape_of(slices), dtype)
    if not out.size:
        return out
    sizes = draw.tiles(shape)
    along = [list(_touched(s, size)) for s, size in zip(slices, sizes, strict=True)]
    for pieces in product(*along):
        values = _tile(draw, shape, sizes, tuple(k for k, _, _ in pieces))
        out[tuple(to for _, _, to in pieces)] = values[tuple(of for _, of, _ in pieces)]
    return out


def _touched(part: slice, size: int) -> Iterator[tuple[int, slice, slice]]:
    """Along an axis: the tiles that a part touches, which of their positions, and where these go."""
    positions = range(part.start, part.stop, part.step)
    done = 0
    while done < len(positions):
        k, first = divmod(positions[done], size)
        count = min(len(positions) - done, -(-(size - first) // part.step))
        yield k, slice(first, first + (count - 1) * part.step + 1, part.step), slice(done, done + count)
        done += count


@lru_cache(maxsize=KEPT)
def _tile(draw: Draw, shape: tuple[int, ...], sizes: tuple[int, ...], at: tuple[int, ...]) -> Tile:
    counts = [-(-n // size) for n, size in zip(shape, sizes, strict=True)]
    number = 0
    for k, count in zip(at, counts, strict=True):
        number = number * count + k
    part = tuple(slice(k * s, min((k + 1) * s, n)) for k, s, n in zip(at, sizes, shape, strict=True))
    lead = len(shape) - draw.tail
    return draw.make(number, tuple(s.stop - s.start for s in part[:lead]), part)
