"""Writing numbers to their place in a file, without a library: any rectangle, by many threads at once.

What is stored without filters in C order needs nobody's help to be written, once it is known where it lies.
So blocks can be cut as suits their sources: what belongs into different stored chunks goes there in runs.
This file knows no file format.
"""

from __future__ import annotations

import itertools
import math
import os
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from nbarray.grid.chunks import Chunks, Int64
from nbarray.io.scratch import scratch
from nbarray.io.writers import Block, Corner, Writer, told

__all__ = ["RawWriter"]

#: Blocks are cut as suits what they are made of, if they can be written in runs of so many bytes.
SHORT_RUN = 4096
#: What is made and written at once: little enough to stay in the processor's cache.
PIECE_BYTES = 2**20


class RawWriter(Writer):
    """An array in a file, in chunks in C order.

    path : of the file, which exists; shape, dtype : of the array
    chunk : shape of a chunk; those at the end of an axis are as long as the others
    offsets : where each chunk begins in the file, in bytes, by its number in C order
    """

    route = "any rectangle, in the workers: not compressed"

    def __init__(self, path: str, shape: Corner, dtype: np.dtype[Any], chunk: Corner, offsets: Int64) -> None:
        self.place = path
        self._chunk = tuple(max(1, n) for n in chunk)
        self._shape, self._dtype, self._offsets = shape, dtype, offsets
        self._grid = tuple(-(-n // c) for n, c in zip(shape, self._chunk, strict=True))
        self.units = self._good_units(dtype.itemsize)
        self.stored = self._chunk
        self._free = threading.Condition()
        self._busy, self._closed = 0, False
        self._file = os.open(path, os.O_WRONLY)

    def _good_units(self, itemsize: int) -> Corner:
        """The least that should be written at once: what makes up a good run."""
        units, run = [1] * len(self._chunk), itemsize
        for k in range(len(units) - 1, -1, -1):
            if run >= SHORT_RUN:
                break
            wanted, chunk = -(-SHORT_RUN // run), self._chunk[k]
            if self._grid[k] > 1:  # no unit lies in two chunks
                wanted = next((n for n in range(wanted, chunk) if chunk % n == 0), chunk)
            units[k] = wanted if 2 * wanted < chunk else chunk
            run *= units[k]
        return tuple(units)

    def suits(self, chunks: Chunks) -> bool:
        return self.streams(chunks.largest)

    def streams(self, lengths: Corner) -> bool:
        run = self._dtype.itemsize
        for length, unit, size in zip(reversed(lengths), reversed(self._chunk), reversed(self._shape), strict=True):
            run *= min(length, unit)
            if length < min(unit, size):
                break
        return run >= min(SHORT_RUN, math.prod(self._chunk) * self._dtype.itemsize)

    def extra_bytes(self, block_bytes: Int64) -> Int64:
        return 2 * np.minimum(block_bytes, PIECE_BYTES)

    def spare_bytes(self, block_bytes: Int64) -> Int64:
        # pieces at the ends of axes alone are longer than what belongs to the array
        return self.extra_bytes(block_bytes) // 2

    def close(self) -> None:
        with self._free:
            self._free.wait_for(lambda: not self._busy)
            if not self._closed:
                self._closed = True
                os.close(self._file)

    # --------------------------------------------------------------------------------------------- writing

    def write(self, low: Corner, high: Corner, values: Block, mask: Block | None) -> None:
        for a, b, out in self.fill(low, high):
            inside: Any = (*(slice(p - o, q - o) for p, q, o in zip(a, b, low, strict=True)), ...)
            out[...] = values[inside]

    def fill(self, low: Corner, high: Corner) -> Iterator[tuple[Corner, Corner, Block]]:
        with told(self.place):
            for number, chunk_low, a, b in self._pieces(low, high):
                # an axis that ends within a chunk is written to the chunk's end, so that runs are long
                extent = self._extent(chunk_low, a, b)
                nbytes = math.prod(extent) * self._dtype.itemsize
                raw = scratch("written", nbytes)
                buffer = raw.view(self._dtype).reshape(extent)
                inside: Any = (*(slice(0, q - p) for p, q in zip(a, b, strict=True)), ...)
                out = buffer[inside]
                if out.size < buffer.size:
                    raw[:] = 0
                yield a, b, out
                first = tuple(p - s for p, s in zip(a, chunk_low, strict=True))
                self._put(raw, extent, first, int(self._offsets[number]))

    def _pieces(self, low: Corner, high: Corner) -> Iterator[tuple[int, Corner, Corner, Corner]]:
        """Parts of a box that lie each in one chunk: its number and first element, and the corners of the part."""
        units = self._chunk
        ranges = [range(a // u, -(-b // u)) for a, b, u in zip(low, high, units, strict=True)]
        for index in itertools.product(*ranges):
            number = 0
            for k, count in zip(index, self._grid, strict=True):
                number = number * count + k
            chunk_low = tuple(k * u for k, u in zip(index, units, strict=True))
            a = tuple(max(p, s) for p, s in zip(low, chunk_low, strict=True))
            b = tuple(min(q, s + u) for q, s, u in zip(high, chunk_low, units, strict=True))
            for part_low, part_high in self._cut(a, b):
                yield number, chunk_low, part_low, part_high

    def _extent(self, chunk_low: Corner, low: Corner, high: Corner) -> Corner:
        """The shape of what is written for a part: it, and what little is missing to the ends of chunks.

        It is twice the part at the most, which `extra_bytes` counts on.
        """
        extent, room = [b - a for a, b in zip(low, high, strict=True)], 2.0
        for k in range(len(extent) - 1, 0, -1):
            whole = self._chunk[k] - (low[k] - chunk_low[k])
            if high[k] == self._shape[k] and whole <= room * extent[k]:
                room *= extent[k] / whole
                extent[k] = whole
        return tuple(extent)

    def _cut(self, low: Corner, high: Corner) -> Iterator[tuple[Corner, Corner]]:
        """Parts of `PIECE_BYTES` at the most, long along the last axes."""
        left, lengths = max(1, PIECE_BYTES // self._dtype.itemsize), []
        for a, b in zip(reversed(low), reversed(high), strict=True):
            lengths.append(max(1, min(b - a, left)))
            left = max(1, left // max(1, b - a))
        starts = [range(a, b, n) for a, b, n in zip(low, high, reversed(lengths), strict=True)]
        for corner in itertools.product(*starts):
            yield corner, tuple(min(p + n, q) for p, n, q in zip(corner, reversed(lengths), high, strict=True))

    def _put(self, raw: Block, extent: Corner, first: Corner, offset: int) -> None:
        """Write a part of a chunk run by run: `first` is where in the chunk it begins."""
        units = self._chunk
        strides = [math.prod(units[k + 1 :]) * self._dtype.itemsize for k in range(len(units))]
        axis = len(units)
        while axis > 0 and extent[axis - 1] == units[axis - 1]:
            axis -= 1
        # along the axis before those that are whole, elements still follow each other
        outer = extent[: max(0, axis - 1)]
        run = raw.nbytes // max(1, math.prod(outer))
        with self._free:
            if self._closed:
                return
            self._busy += 1
        try:
            start = offset + sum(p * s for p, s in zip(first, strides, strict=True))
            for k, index in enumerate(np.ndindex(*outer)):
                at = start + sum(i * s for i, s in zip(index, strides, strict=False))
                write_exactly(self._file, raw[k * run : (k + 1) * run].data, at)
        finally:
            with self._free:
                self._busy -= 1
                self._free.notify_all()


def write_exactly(file: int, data: memoryview, offset: int) -> None:
    """Write all of some bytes."""
    while data.nbytes:
        done = os.pwrite(file, data, offset)
        data, offset = data[done:], offset + done
