"""Reading a region of a dataset that is stored in chunks, straight from the file and without a lock.

Knows where each chunk lies and how it was filtered, not which format told it so.  Only the chunks that
hold needed elements are read; a whole chunk is decoded right into the caller's buffer, a part by way of
this thread's scratch.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nbarray.errors import CorruptChunk
from nbarray.io.contiguous import ContiguousData
from nbarray.io.filters import Pipeline, unshuffle
from nbarray.io.pool import FileStamp, pool, read_exactly
from nbarray.io.scratch import roomy, scratch

__all__ = ["ChunkTable", "ChunkedData"]

#: In chunks without filters, what lies between needed elements is left out where it is so many times more than they
#: are, and so many bytes.
SPARSE, SHORT_BYTES = 2, 2**20

Block = np.ndarray[Any, Any]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True, slots=True)
class ChunkTable:
    """Where the chunks of a dataset lie, in C order over the grid of chunks.

    offsets : int64, bytes into the file; -1 where a chunk was never written
    sizes : int64, bytes as stored; skipped : uint32, bit i set where filter i was not applied
    """

    offsets: np.ndarray[Any, np.dtype[np.int64]]
    sizes: np.ndarray[Any, np.dtype[np.int64]]
    skipped: np.ndarray[Any, np.dtype[np.uint32]]


class _Piece(NamedTuple):
    """The part of one chunk along one axis.

    number : of the chunk along the axis; place : of it in the table, counted along this axis alone
    target, within : where the part goes in `out`, and where it is in the chunk
    first, last : first and last needed element of the chunk, counted along this axis alone
    """

    number: int
    place: int
    target: slice
    within: slice
    first: int
    last: int


class _Part(NamedTuple):
    """The part of one chunk: `numbers` along each axis, and as in `_Piece` for all axes together."""

    numbers: tuple[int, ...]
    place: int
    target: tuple[slice, ...]
    within: tuple[slice, ...]
    first: int
    last: int

    @classmethod
    def of(cls, pieces: tuple[_Piece, ...]) -> _Part:
        numbers, places, targets, withins, firsts, lasts = zip(*pieces, strict=True)
        return cls(numbers, sum(places), targets, withins, sum(firsts), sum(lasts) + 1)


class ChunkedData:
    """A dataset stored in chunks.

    name : of the variable, for messages; fill : what chunks that were never written hold
    """

    def __init__(
        self,
        file: FileStamp,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        chunk: tuple[int, ...],
        table: ChunkTable,
        pipeline: Pipeline,
        fill: Any,
    ) -> None:
        self._file, self._name, self._dtype = file, name, dtype
        self._shape, self._chunk = shape, chunk
        self._table, self._pipeline, self._fill = table, pipeline, fill
        grid = [-(-n // c) for n, c in zip(shape, chunk, strict=True)]
        axes = range(len(grid))
        self._places = tuple(math.prod(grid[axis + 1 :]) for axis in axes)
        self._items = tuple(math.prod(chunk[axis + 1 :]) for axis in axes)
        self._nitems = math.prod(chunk)

    @property
    def route(self) -> str:
        """How it is read, for people."""
        return self._pipeline.route

    def read(self, region: tuple[slice, ...], out: Block) -> Block:
        """Fill `out` with a region; raises CorruptChunk naming file, variable and chunk."""
        self._read_parts(self._parts(region), out)
        return out

    def read_shuffled(self, region: tuple[slice, ...], out: Block) -> int:
        """As `read`, but the bytes of whole chunks may stay as they were shuffled.

        Returns how many items make a run: of each, all first bytes come first, then all second ones, and so on.
        It is 1 where bytes are together.
        """
        parts = self._parts(region)
        shuffled = all(self._stays_shuffled(part, out[part.target]) for part in parts)
        self._read_parts(parts, out, shuffled)
        return self._nitems if shuffled else 1

    def _parts(self, region: tuple[slice, ...]) -> list[_Part]:
        """The part of each chunk that a region touches."""
        axes = [_pieces(*each) for each in zip(region, self._chunk, self._places, self._items, strict=True)]
        return [_Part.of(pieces) for pieces in itertools.product(*axes)]

    def _stays_shuffled(self, part: _Part, target: Block) -> bool:
        """Whether a part is a whole chunk that is shuffled by items, and lies in `target` as it lies in itself."""
        whole = part.last - part.first == target.size == self._nitems and target.flags.c_contiguous
        by = self._dtype.itemsize
        there = self._table.offsets[part.place] >= 0
        return whole and by > 1 and there and self._pipeline.shuffled_by(int(self._table.skipped[part.place])) == by

    def _read_parts(self, parts: list[_Part], out: Block, shuffled: bool = False) -> None:
        with pool.descriptor(self._file) as fd:
            for part in parts:
                try:
                    self._read_part(fd, part, out[part.target], shuffled)
                except CorruptChunk as error:
                    raise self._named(error, part.numbers) from error.__cause__

    def _read_part(self, fd: int, part: _Part, target: Block, shuffled: bool) -> None:
        """Read what is needed of a chunk, and bring it to its target."""
        place, first, last = part.place, part.first, part.last
        if self._table.offsets[place] < 0:
            target[...] = self._fill
            return
        # needed elements that lie side by side in the chunk and in `out` go there without a copy
        if last - first == target.size and target.flags.c_contiguous:
            self._decode(fd, place, first, last, target.reshape(-1).view(np.uint8), shuffled)
            return
        apart = last - first > SPARSE * target.size and (last - first) * self._dtype.itemsize > SHORT_BYTES
        if apart and not self._pipeline.filters:
            self._read_sparse(place, part.within, target)
            return
        itemsize = self._dtype.itemsize
        whole = scratch("chunk", self._nitems * itemsize)
        self._decode(fd, place, first, last, whole[first * itemsize : last * itemsize])
        target[...] = whole.view(self._dtype).reshape(self._chunk)[part.within]

    def _read_sparse(self, place: int, within: tuple[slice, ...], target: Block) -> None:
        """Read few items that lie far apart in a chunk without filters, and little of what is between them."""
        offset, size = int(self._table.offsets[place]), int(self._table.sizes[place])
        if size != self._nitems * self._dtype.itemsize:
            raise CorruptChunk(f"it is stored in {size} bytes, expected {self._nitems * self._dtype.itemsize}")
        chunk = ContiguousData(self._file, self._name, self._chunk, self._dtype, offset)
        if target.flags.c_contiguous:
            chunk.read(within, target)
            return
        part = scratch("chunk", target.nbytes).view(self._dtype).reshape(target.shape)
        target[...] = chunk.read(within, part)

    def _decode(self, fd: int, place: int, first: int, last: int, out: Bytes, shuffled: bool = False) -> None:
        """Bring items `first` to `last` of a chunk into `out`; as they are shuffled, if that is asked for."""
        table, itemsize = self._table, self._dtype.itemsize
        offset, size = int(table.offsets[place]), int(table.sizes[place])
        if not self._pipeline.filters:
            if size != self._nitems * itemsize:
                raise CorruptChunk(f"it is stored in {size} bytes, expected {self._nitems * itemsize}")
            read_exactly(fd, out.data, offset + first * itemsize)
            return
        raw = scratch("raw", roomy(size))[:size]
        read_exactly(fd, raw.data, offset)
        skipped = int(table.skipped[place])
        by = 1 if shuffled else self._pipeline.shuffled_by(skipped)
        # what has to be unshuffled can't be made where it goes to
        decoded = self._pipeline.decode(raw, skipped, out if by == 1 else None)
        if by == itemsize > 1:
            unshuffle(decoded, itemsize, out, first, last)
        elif by == 1:
            part = decoded[first * itemsize : last * itemsize]
            if part.ctypes.data != out.ctypes.data:
                out[:] = part
        else:
            whole = np.empty(decoded.nbytes, np.uint8)
            unshuffle(decoded, by, whole, 0, decoded.nbytes // by)
            out[:] = whole[first * itemsize : last * itemsize]

    def _named(self, error: CorruptChunk, index: tuple[int, ...]) -> CorruptChunk:
        return CorruptChunk(
            f"{self._file.path}, variable {self._name!r}, chunk {index}: {error}; "
            "the file is damaged or was not written to the end: copy it again from its source"
        )


def _pieces(part: slice, chunk: int, place: int, items: int) -> list[_Piece]:
    """The parts of one axis, chunk by chunk, leaving out chunks that a step jumps over.

    place, items : how far apart neighbouring chunks are in the table, and neighbouring elements in a chunk
    """
    start, stop, step = part.start, part.stop, part.step or 1
    pieces, done = [], 0
    while start < stop:
        number, at = divmod(start, chunk)
        count = -(-min(stop - start, chunk - at) // step)
        last = at + (count - 1) * step
        target, within = slice(done, done + count), slice(at, last + 1, step)
        pieces.append(_Piece(number, number * place, target, within, at * items, last * items))
        done += count
        start += count * step
    return pieces
