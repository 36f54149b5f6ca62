"""What takes in the blocks of a result that is written as it is made.

A writer knows in which pieces its target is stored, so that tasks can be cut to suit it, and is called by
many threads at once, each with another rectangle.  Whoever wrote last closes it: afterwards nothing gets
through any more, also from tasks of a cancelled run that are still under way.
"""

from __future__ import annotations

import contextlib
import errno
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nbarray.errors import WriteError
from nbarray.grid.chunks import Chunks, Int64

__all__ = ["AssigningWriter", "MemoryWriter", "Writer", "told"]

Corner = tuple[int, ...]
Block = np.ndarray[Any, Any]
Region = tuple[slice, ...]


class Writer:
    """Takes rectangles of an array.

    place : what is written to, for people
    units : shape of the pieces in which the target is best written, or None where any rectangle is as good
    whole : whether each of them has to be written whole, by one task
    in_place : whether the target is memory, into which blocks may be made
    effort : writing a byte takes as long as going over so many
    route : how it is written, for people
    stored : shape of the chunks that the target is stored in, if it tells
    rewrites_parts : whether writing a part of a chunk means reading and writing all of it
    in_turn : whether one block is written after the other, so that what that takes is taken once
    """

    place = "an object"
    units: Corner | None = None
    whole = False
    in_place = False
    effort = 2
    route = "in place"
    stored: Corner | None = None
    rewrites_parts = False
    in_turn = False

    def place_of(self, shape: Corner) -> tuple[Corner, Corner, Corner]:
        """Where the first element of an array of `shape` goes, the target's shape, and how far apart elements go."""
        return (0,) * len(shape), shape, (1,) * len(shape)

    def streams(self, lengths: Corner) -> bool:
        """Whether `fill` takes boxes of such a shape well, so that a block made of them never has to exist whole."""
        return False

    def suits(self, chunks: Chunks) -> bool:
        """Whether blocks cut so can be written well."""
        if self.units is None or not self.whole:
            return True
        cuts = zip(chunks.axes, self.units, strict=True)
        return all(not (axis.offsets[1:-1] % max(1, unit)).any() for axis, unit in cuts)

    def extra_bytes(self, block_bytes: Int64) -> Int64:
        """What writing blocks of so many bytes takes besides them."""
        return np.zeros_like(block_bytes)

    def spare_bytes(self, block_bytes: Int64) -> Int64:
        """The part of `extra_bytes` that is there for blocks that don't suit the target, and not touched otherwise."""
        return np.zeros_like(block_bytes)

    def write(self, low: Corner, high: Corner, values: Block, mask: Block | None) -> None:
        """Write the block between two corners.  Raises WriteError where the target can't take it."""
        raise NotImplementedError

    def part(self, low: Corner, high: Corner) -> Block:
        """The memory that a block belongs into, of writers that work in place."""
        raise NotImplementedError

    def fill(self, low: Corner, high: Corner) -> Iterator[tuple[Corner, Corner, Block]]:
        """Pieces of a box: their corners, and a buffer whose contents are written when the next one is asked for."""
        raise NotImplementedError

    def close(self) -> None:
        """Let nothing through any more, and wait for what is under way."""


@contextlib.contextmanager
def told(place: Any, kinds: tuple[type[Exception], ...] = (OSError,)) -> Iterator[None]:
    """What the system or a library says of a place that can't be written to, as our error.

    kinds : what it may raise for that
    """
    try:
        yield
    except kinds as error:
        if isinstance(error, WriteError):
            raise
        full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
        raise WriteError(f"{place} can't be written: {'the disk is full' if full else error}") from error


class MemoryWriter(Writer):
    """Writes into (a region of) an array in memory, many threads at once."""

    place = "an array in memory"

    def __init__(self, target: Block, dtype: np.dtype[Any]) -> None:
        self._target = target
        self.in_place = target.dtype == dtype and target.flags.writeable

    def part(self, low: Corner, high: Corner) -> Block:
        index: Any = (*map(slice, low, high), ...)
        found: Block = self._target[index]
        return found

    def write(self, low: Corner, high: Corner, values: Block, mask: Block | None) -> None:
        self.part(low, high)[...] = values


class AssigningWriter(Writer):
    """Writes by ``target[region] = values``, one thread at a time.

    region : where the array goes in its target; None for the whole of it
    guards : held while values are assigned; units : the chunks of the target, of which no two tasks should share one
    masked : whether `numpy.ma` arrays are assigned
    stored : the chunks of the target, where they are known, also if a region lies across them
    """

    route = "assigned, one block at a time"
    rewrites_parts = True
    in_turn = True

    def __init__(
        self,
        target: Any,
        region: Region | None,
        guards: Sequence[Any],
        units: Sequence[int] | None,
        masked: bool,
        stored: Sequence[int] | None = None,
    ) -> None:
        self._target, self._region, self._guards, self._masked = target, region, guards, masked
        self._lock, self._closed = threading.Lock(), False
        self.units = None if units is None else tuple(units)
        self.whole = units is not None
        self.stored = self.units if stored is None else tuple(stored)
        self.place = _name_of(target)
        # netCDF4 says so of a full disk; what other objects raise is their own
        netcdf = type(target).__module__.partition(".")[0] == "netCDF4"
        self._kinds: tuple[type[Exception], ...] = (OSError, RuntimeError) if netcdf else (OSError,)

    def extra_bytes(self, block_bytes: Int64) -> Int64:
        # libraries filter chunks in copies of them, all that belong to a block at once
        return block_bytes.copy() if self.stored is not None else super().extra_bytes(block_bytes)

    def place_of(self, shape: Corner) -> tuple[Corner, Corner, Corner]:
        whole = tuple(getattr(self._target, "shape", shape))
        region = (*(self._region or ()), *(slice(None),) * (len(shape) - len(self._region or ())))
        return tuple(s.start or 0 for s in region), whole, tuple(s.step or 1 for s in region)

    def write(self, low: Corner, high: Corner, values: Block, mask: Block | None) -> None:
        given = np.ma.MaskedArray(values, False if mask is None else mask) if self._masked else values
        with contextlib.ExitStack() as stack:
            for lock in (self._lock, *self._guards):
                stack.enter_context(lock)
            if not self._closed:
                stack.enter_context(told(self.place, self._kinds))
                self._target[inside(self._region, low, high)] = given

    def close(self) -> None:
        with self._lock:
            self._closed = True


def _name_of(target: Any) -> str:
    """What a target is called: its file and its name, where it has any, or what kind of object it is."""
    file = getattr(getattr(target, "file", None), "filename", None) or getattr(target, "store", None)
    if file is None and type(target).__module__.partition(".")[0] == "netCDF4":
        with contextlib.suppress(Exception):
            file = target.group().filepath()
    name = str(getattr(target, "name", "") or "").strip("/")
    return f"{file}:{name}" if file is not None and name else str(file or name or type(target).__name__)


def inside(region: Region | None, low: Corner, high: Corner) -> Any:
    """The part of a target's region where a block goes.

    >>> inside((slice(10, 20, 2),), (1,), (3,))
    (slice(12, 16, 2),)
    """
    if not low:
        return ... if region is None else region
    if region is None:
        return tuple(map(slice, low, high))
    made = []
    for part, a, b in zip(region, low, high, strict=False):
        offset, step = part.start or 0, part.step or 1
        made.append(slice(offset + a * step, offset + b * step, step))
    return (*made, *map(slice, low[len(region) :], high[len(region) :]))
