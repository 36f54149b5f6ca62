"""Undoing the filters a stored chunk went through, in the thread that needs the chunk.

A pipeline is the list of filters HDF5 applied when the chunk was written; decoding runs it backwards on
raw bytes.  The packages that decode are chosen for speed and because they let go of the GIL.  Only bytes
come in here: no files, no datasets.  What can't be decoded (szip, n-bit, unknown user filters, a package
that is not installed) is told by `Pipeline.why_not`, before any chunk is read.
"""

from __future__ import annotations

import sys
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.compiling import KERNEL, CannotCompile, kernels_loaded, run_loops
from nbarray.errors import CorruptChunk
from nbarray.io.codecs import CODECS, Buffer, find_codec
from nbarray.io.inflate import InflateError, inflate
from nbarray.io.scratch import scratch

__all__ = ["DEFLATE", "FLETCHER32", "SHUFFLE", "Filter", "Pipeline", "unshuffle"]

DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3

#: Items that are brought together at once: few enough to stay in cache.
_TILE = 65_536

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

_NAMES = {DEFLATE: "deflate", SHUFFLE: "shuffle", FLETCHER32: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset"}


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter: HDF5's number for it, its parameters, and the name the file gives it."""

    code: int
    values: tuple[int, ...] = ()
    given_name: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        codec = CODECS.get(self.code)
        return _NAMES.get(self.code) or (codec.name if codec else self.given_name or f"filter {self.code}")


class Pipeline:
    """The filters of a dataset, in the order they were applied.

    filters : as the file lists them
    nbytes : bytes of a whole chunk before the first filter
    """

    def __init__(self, filters: tuple[Filter, ...], nbytes: int) -> None:
        self.filters = filters
        self.nbytes = nbytes

    def __str__(self) -> str:
        return ", ".join(f.name for f in reversed(self.filters))

    @property
    def route(self) -> str:
        """How chunks are read, for people."""
        return f"decoded in the workers: {self}" if self.filters else "read in the workers: not compressed"

    def why_not(self) -> str | None:
        """Why chunks can't be decoded here, or None if they can."""
        for each in self.filters:
            if each.code in (DEFLATE, SHUFFLE, FLETCHER32):
                continue
            codec = CODECS.get(each.code)
            if codec is None:
                return f"the {each.name} filter"
            if find_codec(each.code) is None:
                return f"the {each.name} filter (the package {codec.package}, which decodes it, is not installed)"
        return None

    def _applied(self, skipped: int) -> list[Filter]:
        return [f for i, f in enumerate(self.filters) if not skipped >> i & 1]

    def shuffled_by(self, skipped: int) -> int:
        """The item size that a chunk's bytes are shuffled by when all else is undone; 1 if they aren't."""
        applied = self._applied(skipped)
        return _itemsize(applied[0]) if _is_shuffled(applied) else 1

    def decode(self, raw: Buffer, skipped: int, out: Bytes | None = None) -> Bytes:
        """Undo all filters but a leading shuffle (see `shuffled_by`).

        raw : the chunk as stored
        skipped : bit i set where filter i was not applied to this chunk
        out : where the bytes may be made, if there are `nbytes`
        Returns `nbytes` bytes, valid until this thread decodes again.  Raises CorruptChunk saying what is wrong.
        """
        applied = self._applied(skipped)
        sizes, last = self._sizes(applied), int(_is_shuffled(applied))
        data = raw
        for position in range(len(applied) - 1, last - 1, -1):
            each, expected = applied[position], sizes[position]
            if each.code == SHUFFLE:
                data = _unshuffled(data, each)
            elif each.code == FLETCHER32:
                data = _checked(data)
            elif each.code == DEFLATE:
                data = _inflated(data, expected, out if position == last else None)
            else:
                data = _decoded(data, each, expected)
        return _exactly(data, self.nbytes)

    def _sizes(self, applied: list[Filter]) -> list[int | None]:
        """Bytes before each filter; None after a compressor, whose output can be of any size."""
        sizes: list[int | None] = [self.nbytes]
        for each in applied:
            size = sizes[-1]
            if each.code == FLETCHER32 and size is not None:
                size += 4
            elif each.code != SHUFFLE:
                size = None
            sizes.append(size)
        return sizes


def _is_shuffled(applied: list[Filter]) -> bool:
    return bool(applied) and applied[0].code == SHUFFLE


def _itemsize(shuffle: Filter) -> int:
    return max(1, shuffle.values[0] if shuffle.values else 1)


def _exactly(data: Buffer, nbytes: int) -> Bytes:
    array = np.frombuffer(data, np.uint8)
    if array.nbytes != nbytes:
        raise CorruptChunk(f"it decodes to {array.nbytes} bytes, expected {nbytes}")
    return array


def _inflated(data: Buffer, expected: int | None, out: Bytes | None) -> Buffer:
    try:
        if expected is None:
            return zlib.decompress(data)
        if out is None or out.nbytes != expected:
            out = scratch("decoded", expected)
        inflate(data, out)
        return out
    except (InflateError, zlib.error):
        raise CorruptChunk(_why_not_inflated(data, expected)) from None


def _why_not_inflated(data: Buffer, expected: int | None) -> str:
    """What is wrong with a deflate stream; slow, only asked after decoding has failed."""
    try:
        got = len(zlib.decompress(data))
    except zlib.error as error:
        return f"bad deflate stream: {error}"
    return f"it inflates to {got} bytes, expected {expected}"


def _decoded(data: Buffer, each: Filter, expected: int | None) -> Buffer:
    decode = find_codec(each.code)
    if decode is None:
        raise CorruptChunk(f"there is no decoder for the {each.name} filter")
    try:
        return decode(data, expected, each.values)
    except CorruptChunk:
        raise
    except Exception as error:  # each package has errors of its own
        raise CorruptChunk(f"bad {each.name} data: {error}") from error


def _unshuffled(data: Buffer, each: Filter) -> Buffer:
    raw = np.frombuffer(data, np.uint8)
    itemsize = _itemsize(each)
    out = np.empty(raw.nbytes, np.uint8)
    unshuffle(raw, itemsize, out, 0, raw.nbytes // itemsize)
    return out.data


def unshuffle(raw: Bytes, itemsize: int, out: Bytes, first: int, last: int) -> None:
    """Bring the bytes of items `first` to `last` (exclusive) together again.

    raw : all first bytes, all second bytes, ..., then the bytes that make no whole item
    out : bytes of those items, contiguous; also of what follows the last whole item, if `last` is it

    >>> out = np.empty(4, np.uint8)
    >>> unshuffle(np.array([1, 2, 3, 10, 20, 30], np.uint8), 2, out, 1, 3)
    >>> out
    array([ 2, 20,  3, 30], dtype=uint8)
    """
    count = raw.nbytes // itemsize
    planes = raw[: count * itemsize].reshape(itemsize, count)[:, first:last]
    whole = out[: (last - first) * itemsize]
    if _brought_together(planes, itemsize, whole):
        pass
    elif itemsize == 1:
        whole[:] = planes[0]
    elif itemsize == 2:
        # one shift and one or on whole numbers is twice as fast as two strided byte copies
        pairs = whole.view("<u2")
        low = scratch("low bytes", 2 * min(len(pairs), _TILE)).view("<u2")
        for start in range(0, len(pairs), _TILE):
            part = pairs[start : start + _TILE]
            end = start + len(part)
            np.copyto(part, planes[1, start:end])
            np.left_shift(part, 8, out=part)
            np.copyto(low[: len(part)], planes[0, start:end])
            np.bitwise_or(part, low[: len(part)], out=part)
    elif itemsize <= 16:
        columns = whole.reshape(-1, itemsize)
        for byte in range(itemsize):
            columns[:, byte] = planes[byte]
    else:
        whole.reshape(-1, itemsize)[...] = planes.T
    if last == count and out.nbytes > whole.nbytes:
        out[whole.nbytes :] = raw[count * itemsize :]


def _brought_together(planes: Bytes, itemsize: int, out: Bytes) -> bool:
    """Bring bytes together by compiled code, if there is any: a quarter of the time, and one call for all."""
    if itemsize not in _LOOPS or sys.byteorder != "little" or not kernels_loaded():
        return False
    try:
        run_loops(_LOOPS[itemsize], *planes, out.view(f"<u{itemsize}"))
    except CannotCompile:
        return False
    return True


def _loop(itemsize: int) -> str:
    """The source of a loop that makes items of so many bytes."""
    planes = [f"p{byte}" for byte in range(itemsize)]
    kind = f"np.uint{8 * itemsize}"
    item = " | ".join(f"{kind}({kind}({p}[k]) << {kind}({8 * byte}))" for byte, p in enumerate(planes))
    head = ["import numpy as np", "", "", f"def {KERNEL}({', '.join(planes)}, out):"]
    cut = [f"    {p} = {p}[: len(out)]" for p in planes]
    return "\n".join([*head, *cut, "    for k in range(len(out)):", f"        out[k] = {item}", ""])


_LOOPS = {itemsize: _loop(itemsize) for itemsize in (2, 4, 8)}


def _checked(data: Buffer) -> Buffer:
    """The bytes before a Fletcher-32 checksum, if it fits them."""
    array = np.frombuffer(data, np.uint8)
    if array.nbytes < 4:
        raise CorruptChunk("it is too short to hold its checksum")
    body, stored = array[:-4], int.from_bytes(array[-4:].tobytes(), "little")
    first, second = _fletcher32(body)
    # files of HDF5 before 1.6.3 hold the sums with their bytes swapped
    for low, high in ((stored & 0xFFFF, stored >> 16), (_swap(stored & 0xFFFF), _swap(stored >> 16))):
        if low % 65535 == first and high % 65535 == second:
            return body.data
    raise CorruptChunk(f"checksum mismatch: the file says {stored:08x}, the bytes give {second:04x}{first:04x}")


def _swap(word: int) -> int:
    return (word & 0xFF) << 8 | word >> 8


def _fletcher32(body: Bytes) -> tuple[int, int]:
    """Both sums, modulo 65535, of the big-endian 16-bit words of `body`.

    Words are read little-endian and the sums multiplied by 256 at the end: modulo 65535 that swaps the bytes.
    """
    words = body[: body.nbytes // 2 * 2].view("<u2")
    first = second = 0
    tile = 32768  # so that the running sums of a tile fit 32 bits
    sums = scratch("fletcher32", 4 * tile).view(np.uint32)
    for start in range(0, words.size, tile):
        part = words[start : start + tile]
        running = np.cumsum(part, dtype=np.uint32, out=sums[: part.size])
        second = (second + part.size * first + int(running.sum(dtype=np.uint64))) % 65535
        first = (first + int(running[-1])) % 65535
    if body.nbytes % 2:
        # the odd byte is the high byte of a big-endian word, so the low byte of a little-endian one
        first = (first + int(body[-1])) % 65535
        second = (second + first) % 65535
    return first * 256 % 65535, second * 256 % 65535
