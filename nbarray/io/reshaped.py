"""A reader whose axes are split: the same stored numbers in C order, in a shape of more axes.

Years of days become (year, day) this way, without anything being moved: a rectangle is read in as many runs as it
takes, and whole stored chunks stay whole.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from nbarray.grid.regions import shape_of
from nbarray.io.protocols import Origin, Reader, read_into

__all__ = ["ReshapedReader", "split_axes"]

Index = tuple[int | slice, ...]


def split_axes(shape: Sequence[int], wanted: Sequence[int]) -> list[list[int]] | None:
    """For each axis of `shape` the axes of `wanted` that it is split into; None if `wanted` is no such split.

    >>> split_axes((12, 5), (3, 4, 5))
    [[0, 1], [2]]
    >>> split_axes((3, 4), (2, 6)) is None
    True
    """
    groups: list[list[int]] = []
    k = 0
    for size in shape:
        group: list[int] = []
        have = 1
        while k < len(wanted) and (have < size or (not group and size == have)):
            have *= wanted[k]
            group.append(k)
            k += 1
        if have != size or not group:
            return None
        groups.append(group)
    while groups and k < len(wanted) and wanted[k] == 1:
        groups[-1].append(k)
        k += 1
    return groups if k == len(wanted) and all(shape) else None


class ReshapedReader:
    """Reads from a reader as if its axes were split; `groups` as `split_axes` gives them."""

    masked = False
    array: np.ndarray[Any, Any] | None = None

    def __init__(self, reader: Reader, shape: tuple[int, ...], groups: list[list[int]], chunks: Any) -> None:
        self._reader, self._groups = reader, groups
        self.shape, self.dtype = shape, reader.dtype
        self.stored_chunks: tuple[int, ...] | None = chunks

    @property
    def origin(self) -> Origin:
        """Where the numbers come from."""
        return self._reader.origin

    @staticmethod
    def of(reader: Reader, shape: tuple[int, ...]) -> ReshapedReader | None:
        """The reader of that shape, the same one as long as it is in use; None if stored chunks would be cut."""
        groups = split_axes(reader.shape, shape)
        if groups is None or reader.masked:
            return None
        chunks = None
        if reader.stored_chunks is not None:
            parts = [
                _split_chunk(c, [shape[k] for k in group])
                for c, group in zip(reader.stored_chunks, groups, strict=True)
            ]
            if None in parts:
                return None
            chunks = tuple(n for part in parts if part is not None for n in part)
        key = (id(reader), shape)
        found = _RESHAPED.get(key)
        if found is None or found._reader is not reader:
            found = _RESHAPED[key] = ReshapedReader(reader, shape, groups, chunks)
        return found

    def read(self, region: tuple[slice, ...], out: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
        """See `io.protocols.Reader.read`."""
        if out is None:
            out = np.empty(shape_of(region), self.dtype)
        if not out.size:
            return out
        runs = [list(_runs([region[k] for k in g], [self.shape[k] for k in g])) for g in self._groups]
        for combination in itertools.product(*runs):
            target = out[(*(i for index, _ in combination for i in index), ...)]
            part = tuple(base for _, base in combination)
            shape = shape_of(part)
            if target.flags.c_contiguous:
                read_into(self._reader, part, target.reshape(shape))
            else:
                target[...] = self._reader.read(part).reshape(target.shape)
        return out


def _split_chunk(length: int, sizes: list[int]) -> list[int] | None:
    """How long a stored chunk is along each of the axes that its axis is split into; None if a cut goes through one."""
    made = []
    for size in reversed(sizes):
        if length % size == 0:
            made.append(size)
            length //= size
        elif size % length == 0:
            made.append(length)
            length = 1
        else:
            return None
    return made[::-1] if length == 1 else None


def _runs(parts: list[slice], sizes: list[int]) -> Iterator[tuple[Index, slice]]:
    """The runs of one axis that make up a rectangle of the axes it is split into: (where in the rectangle, run)."""
    last = len(parts) - 1
    while last > 0 and (parts[last].start, parts[last].stop, parts[last].step) == (0, sizes[last], 1):
        last -= 1
    inner = math.prod(sizes[last + 1 :])
    run, whole = parts[last], (slice(None),) * (len(parts) - last)
    leading = [list(enumerate(range(s.start, s.stop, s.step))) for s in parts[:last]]
    if run.step > 1 and inner > 1:
        leading.append(list(enumerate(range(run.start, run.stop, run.step))))
        run, whole = slice(0, 1, 1), whole[1:]
        last += 1
    for places in itertools.product(*leading):
        at = 0
        for (_, position), size in zip(places, sizes, strict=False):
            at = at * size + position
        at *= math.prod(sizes[len(places) :])
        # strided runs only where there is nothing inside them
        base = slice(at + run.start * inner, at + (run.stop - 1) * inner + inner, run.step if inner == 1 else 1)
        yield (*(place for place, _ in places), *whole), base


_RESHAPED: WeakValueDictionary[Any, ReshapedReader] = WeakValueDictionary()
