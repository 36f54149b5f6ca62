"""How axes are cut into chunks.

An axis of a million equal chunks is two integers here, not a million: sizes and offsets are made only
when somebody asks.  Everything is immutable and hashable, so chunks can be part of an expression's
identity.  This file knows integers, no data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from nbarray.hashing import remembers_hash

__all__ = ["AxisChunks", "Chunks", "regular"]

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]


@remembers_hash
@dataclass(frozen=True)
class AxisChunks:
    """One axis: `size` elements in equal chunks of `step` (the last may be shorter), or in `explicit` sizes.

    A zero-size axis is one chunk of size 0.  Use `regular` or `AxisChunks.of` to make one: they give
    equal cuts one form, so that equality means equality.

    >>> AxisChunks.of([4, 4, 2]) == regular(10, 4)
    True
    >>> regular(10, 4).sizes, AxisChunks.of([1, 2]).count
    ((4, 4, 2), 2)
    """

    size: int
    step: int
    explicit: tuple[int, ...] | None = None

    @staticmethod
    def of(sizes: Iterable[int]) -> AxisChunks:
        """From the sizes of the chunks, dropping empty ones."""
        sizes = tuple(filter(None, map(int, sizes)))
        if not sizes:
            return regular(0, 1)
        if sizes[-1] <= sizes[0] and sizes[:-1].count(sizes[0]) == len(sizes) - 1:
            return regular(sum(sizes), sizes[0])
        return AxisChunks(sum(sizes), 0, sizes)

    @staticmethod
    def from_offsets(offsets: Int64) -> AxisChunks:
        """From chunk boundaries, the first 0 and the last the size; repeated ones are dropped."""
        sizes = np.diff(offsets)
        sizes = sizes[sizes > 0]
        if sizes.size == 0:
            return regular(0, 1)
        if sizes[-1] <= sizes[0] and (sizes[:-1] == sizes[0]).all():
            return regular(int(sizes.sum()), int(sizes[0]))
        return AxisChunks(int(sizes.sum()), 0, tuple(sizes.tolist()))

    @property
    def is_regular(self) -> bool:
        return self.explicit is None

    @property
    def count(self) -> int:
        """Number of chunks, at least 1."""
        if self.explicit is not None:
            return len(self.explicit)
        return max(1, -(-self.size // self.step))

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        if self.explicit is not None:
            return self.explicit
        if self.size == 0:
            return (0,)
        whole, rest = divmod(self.size, self.step)
        return (self.step,) * whole + ((rest,) if rest else ())

    @cached_property
    def offsets(self) -> Int64:
        """Boundaries: `count + 1` integers from 0 to `size`."""
        if self.explicit is not None:
            return np.concatenate([[0], np.cumsum(self.explicit)]).astype(np.int64)
        offsets = np.arange(self.count + 1, dtype=np.int64) * self.step
        offsets[-1] = self.size
        return offsets

    @property
    def largest(self) -> int:
        return min(self.step, self.size) if self.explicit is None else max(self.explicit)

    def first(self, k: int) -> tuple[int, ...]:
        """Sizes of the first `k` chunks, without making the others."""
        if self.explicit is not None:
            return self.explicit[:k]
        return tuple(max(0, min(self.step, self.size - i * self.step)) for i in range(min(k, self.count)))

    def chunk_of(self, positions: Int64) -> Int64:
        """Which chunk holds each position (0 <= position < size)."""
        if self.explicit is None:
            return positions // self.step
        return np.searchsorted(self.offsets, positions, side="right").astype(np.int64) - 1

    def bounds(self, chunk: Int64) -> tuple[Int64, Int64]:
        """First position and end of chunks."""
        if self.explicit is None:
            low = chunk * self.step
            high = np.asarray(low + self.step)
            return low, np.minimum(high, self.size, out=high)[()]
        return self.offsets[chunk], self.offsets[chunk + 1]

    def number_of(self, position: int) -> int:
        """Which chunk holds a position: `chunk_of` for one, without arrays."""
        if self.explicit is None:
            return position // self.step
        return int(np.searchsorted(self.offsets, position, side="right")) - 1

    def span(self, number: int) -> tuple[int, int]:
        """First position and end of a chunk: `bounds` for one, without arrays."""
        if self.explicit is None:
            low = number * self.step
            return low, min(low + self.step, self.size)
        return int(self.offsets[number]), int(self.offsets[number + 1])

    def cut(self, start: int, step: int, count: int) -> AxisChunks:
        """The chunks of ``axis[start::step]`` with `count` elements; `step` may be negative, not 0."""
        if count == 0:
            return regular(0, 1)
        if step == 1 and start == 0 and count == self.size:
            return self
        if self.explicit is None and step > 0 and start % self.step == 0 and self.step % step == 0:
            return regular(count, self.step // step)
        if self.explicit is None and self.step >= self.size:
            return regular(count, count)
        low, high = (start, start + step * (count - 1)) if step > 0 else (start + step * (count - 1), start)
        if count == 1 or (self.explicit is None and low // self.step == high // self.step):
            return regular(count, count)
        edges = self.offsets[(self.offsets > low) & (self.offsets <= high)]
        if step > 0:
            cuts = -(-(edges - start) // step)
        else:
            cuts = np.sort((start - edges) // -step + 1)
        return AxisChunks.from_offsets(np.concatenate([[0], cuts, [count]]).astype(np.int64))

    def join(self, other: AxisChunks) -> AxisChunks:
        """This axis followed by another."""
        if other.size == 0:
            return self
        if self.size == 0:
            return other
        if self.is_regular and other.is_regular and self.size % self.step == 0:
            if self.step == other.step or (other.size <= self.step and other.count == 1):
                return regular(self.size + other.size, self.step)
        return AxisChunks.of(self.sizes + other.sizes)

    def refine(self, other: AxisChunks) -> AxisChunks:
        """The coarsest chunks that both are unions of; both have the same size."""
        if self == other or other.count == 1:
            return self
        if self.count == 1:
            return other
        if self.is_regular and other.is_regular:
            small, large = sorted((self.step, other.step))
            if large % small == 0:
                return regular(self.size, small)
        return AxisChunks.from_offsets(np.union1d(self.offsets, other.offsets))


#: Axes of so many chunks are remembered.
FEW_CHUNKS = 1024


@lru_cache(maxsize=4096)
def regular(size: int, step: int) -> AxisChunks:
    """`size` elements in chunks of `step`."""
    return AxisChunks(int(size), max(1, min(int(step), int(size))))


def join_all(axes: Sequence[AxisChunks]) -> AxisChunks:
    """Several axes end to end."""
    axes = [a for a in axes if a.size] or list(axes[:1])
    step = axes[0].step
    if step and all(a.is_regular and a.step == step and a.size % step == 0 for a in axes[:-1]):
        last = axes[-1]
        if last.is_regular and (last.step == step or (last.count == 1 and last.size <= step)):
            return regular(sum(a.size for a in axes), step)
    few = sum(a.count for a in axes) <= FEW_CHUNKS
    return _end_to_end(tuple(axes)) if few else AxisChunks.of(chain.from_iterable(a.sizes for a in axes))


@lru_cache(maxsize=256)
def _end_to_end(axes: tuple[AxisChunks, ...]) -> AxisChunks:
    """Axes that don't make a regular one: padding makes the same over and over."""
    return AxisChunks.of(chain.from_iterable(a.sizes for a in axes))


@remembers_hash
@dataclass(frozen=True)
class Chunks:
    """The chunk grid of an array: one `AxisChunks` an axis.

    >>> grid = Chunks((regular(10, 4), regular(6, 6)))
    >>> grid.shape, grid.numblocks, grid.nblocks
    ((10, 6), (3, 1), 3)
    """

    axes: tuple[AxisChunks, ...]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        return tuple(a.size for a in self.axes)

    @cached_property
    def numblocks(self) -> tuple[int, ...]:
        return tuple(a.count for a in self.axes)

    @cached_property
    def nblocks(self) -> int:
        return math.prod(self.numblocks)

    @cached_property
    def largest(self) -> tuple[int, ...]:
        """Shape of the largest block."""
        return tuple(a.largest for a in self.axes)

    def tuples(self) -> tuple[tuple[int, ...], ...]:
        """Sizes of all chunks, axis by axis."""
        return tuple(a.sizes for a in self.axes)

    def boxes(self, blocks: Int64) -> tuple[Int64, Int64]:
        """Low and high corners, each of shape (len(blocks), ndim), of blocks numbered in C order."""
        low = np.empty((len(blocks), len(self.axes)), np.int64)
        high = np.empty_like(low)
        rest = np.asarray(blocks, np.int64)
        for k in range(len(self.axes) - 1, -1, -1):
            axis = self.axes[k]
            rest, chunk = np.divmod(rest, axis.count)
            low[:, k], high[:, k] = axis.bounds(chunk)
        return low, high

    def volumes(self, blocks: Int64) -> Int64:
        """How many elements blocks have that are numbered in C order."""
        if all(axis.is_regular and axis.size % axis.step == 0 for axis in self.axes):  # all blocks are alike
            return np.broadcast_to(np.int64(math.prod(self.largest)), blocks.shape)
        volumes, rest = np.ones(len(blocks), np.int64), np.asarray(blocks, np.int64)
        for axis in reversed(self.axes):
            rest, chunk = np.divmod(rest, axis.count)
            low, high = axis.bounds(chunk)
            volumes *= high - low
        return volumes
