"""Reading a region of numbers that lie in a file one after another, without a lock.

The first axis may have gaps between its items (the records of NetCDF-3), the rest lies in C order.
Whole rows go right into the caller's buffer; what has to be picked out of longer runs goes through a
few megabytes of scratch.  Knows no file format.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from nbarray.errors import CorruptChunk
from nbarray.io.pool import FileStamp, pool, read_exactly
from nbarray.io.scratch import scratch

__all__ = ["ContiguousData"]

Block = np.ndarray[Any, Any]

#: Runs shorter than this are read together with what lies between them ...
SHORT_RUN = 128 * 2**10
#: ... as long as at least one byte in so many is needed ...
WASTE = 8
#: ... in pieces of at most so many bytes (or one item of the axis).
PIECE = 4 * 2**20


class ContiguousData:
    """Numbers in C order from `offset` bytes into a file.

    shape : of the whole, () for a single number
    dtype : in the byte order of the file; the buffers read into may have the other one
    stride : bytes from one item of the first axis to the next; None for no gaps
    """

    def __init__(
        self,
        file: FileStamp,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        offset: int,
        stride: int | None = None,
    ) -> None:
        self._file, self._name, self._dtype, self._offset = file, name, dtype, offset
        self._shape = shape or (1,)
        inner = [math.prod(self._shape[axis + 1 :]) * dtype.itemsize for axis in range(len(self._shape))]
        self._gaps = stride is not None and stride != inner[0]
        self._strides = (inner[0] if stride is None else stride, *inner[1:])

    @property
    def route(self) -> str:
        """How it is read, for people."""
        return "read in the workers: records" if self._gaps else "read in the workers: contiguous"

    def read(self, region: tuple[slice, ...], out: Block) -> Block:
        """Fill the C-contiguous `out` with a region; raises CorruptChunk if the file ends too early."""
        if out.size:
            self._read_runs(region or (slice(0, 1, 1),), out if region else out.reshape(1))
        return out

    def _read_runs(self, region: tuple[slice, ...], out: Block) -> None:
        axis = self._run_axis(region, out.shape)
        try:
            with pool.descriptor(self._file) as fd:
                for picked in itertools.product(*(_items(part) for part in region[:axis])):
                    base = self._offset + sum(i * stride for (i, _), stride in zip(picked, self._strides, strict=False))
                    self._read_run(fd, base, region, axis, out[tuple(where for _, where in picked)])
        except CorruptChunk as error:
            raise CorruptChunk(
                f"{self._file.path}, variable {self._name!r}: {error}; the file was not written or copied to the end: "
                "copy it again from its source"
            ) from None

    def _run_axis(self, region: tuple[slice, ...], counts: tuple[int, ...]) -> int:
        """The outermost axis that is read in one run per item of the axes before it."""
        axis = len(region) - 1
        while axis > 0 and self._covers_all(axis, region[axis]) and not (axis == 1 and self._gaps):
            axis -= 1
        while axis > 0:
            needed = math.prod(counts[axis:]) * self._dtype.itemsize
            if needed >= SHORT_RUN or needed * WASTE < self._strides[axis - 1] * (region[axis - 1].step or 1):
                break
            axis -= 1
        return axis

    def _covers_all(self, axis: int, part: slice) -> bool:
        return part.start == 0 and part.stop >= self._shape[axis] and (part.step or 1) == 1

    def _read_run(self, fd: int, base: int, region: tuple[slice, ...], axis: int, out: Block) -> None:
        """Read along `axis`; `out` has length 1 along the axes before it."""
        part, stride = region[axis], self._strides[axis]
        step = part.step or 1
        item = math.prod(self._shape[axis + 1 :]) * self._dtype.itemsize
        whole = all(self._covers_all(a, region[a]) for a in range(axis + 1, len(region)))
        out = out.reshape(out.shape[axis:])
        if whole and step == 1 and stride == item:
            read_exactly(fd, out.reshape(-1).view(np.uint8).data, base + part.start * stride)
            if out.dtype != self._dtype:
                np.copyto(out, out.view(self._dtype))  # swaps the bytes; unlike ndarray.byteswap without the GIL
            return
        # items far apart are read one by one
        count, per_piece = out.shape[0], 1 if item * WASTE < stride * step else max(1, PIECE // (stride * step))
        for first in range(0, count, per_piece):
            items = min(per_piece, count - first)
            # from the first needed item to the end of the last one, with all that lies between
            nbytes = (items - 1) * step * stride + item
            raw = scratch("rows", nbytes)
            read_exactly(fd, raw.data, base + (part.start + first * step) * stride)
            shape = (items, *self._shape[axis + 1 :])
            inner = self._strides[axis + 1 :] if axis + 1 < len(region) else ()
            rows: Block = np.ndarray(shape, self._dtype, raw.data, 0, (step * stride, *inner))
            out[first : first + items] = rows[(slice(None), *region[axis + 1 :])]


def _items(part: slice) -> list[tuple[int, slice]]:
    """Each index of a slice, with where it goes."""
    return [(i, slice(at, at + 1)) for at, i in enumerate(range(part.start, part.stop, part.step or 1))]
