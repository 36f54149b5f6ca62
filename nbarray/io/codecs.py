"""Decoders for the compressed chunks of HDF5's registered filters, where a package brings one.

Each entry says which packages can decode and how; the first that imports is used.  Packages are
imported when a file first needs them.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.errors import CorruptChunk
from nbarray.io.scratch import scratch

__all__ = ["CODECS", "Buffer", "Codec", "find_codec"]

#: bytes, bytearray, memoryview or a uint8 array
Buffer = Any
#: (data, decoded bytes if known, the filter's parameters) -> decoded bytes
Decode = Callable[[Buffer, int | None, tuple[int, ...]], Buffer]


@dataclass(frozen=True, slots=True)
class Codec:
    """A compressor: its name, and how to make its decoder from each package that has one."""

    name: str
    makers: dict[str, Callable[[Any], Decode]]

    @property
    def package(self) -> str:
        """The package to install for it."""
        module = next(iter(self.makers)).partition(".")[0]
        return "python-lzf" if self.name == "lzf" else module


@functools.cache
def find_codec(code: int) -> Decode | None:
    """The decoder of a filter, or None where no installed package has it."""
    for module, make in CODECS[code].makers.items() if code in CODECS else ():
        try:
            return make(importlib.import_module(module))
        except (ImportError, AttributeError):  # not installed, or without the function we need
            continue
    return None


def _room(expected: int | None, nbytes: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A buffer to decode into: this thread's for the last step, whose size is known, so that no step reads from it."""
    return np.empty(nbytes, np.uint8) if expected is None else scratch("decoded", nbytes)


def _blosc(module: Any) -> Decode:
    header = 16

    def decode(data: Buffer, expected: int | None, values: tuple[int, ...]) -> Buffer:
        # the decoder trusts the sizes in the header, so they are compared with what is there first
        raw = np.frombuffer(data, np.uint8)
        if raw.nbytes < header:
            raise CorruptChunk("bad blosc data: shorter than its header")
        inside, stored = (int.from_bytes(raw[at : at + 4].tobytes(), "little") for at in (4, 12))
        if stored > raw.nbytes or (expected is not None and inside != expected):
            raise CorruptChunk(f"bad blosc data: {stored} bytes that give {inside} by its header, expected {expected}")
        out = _room(expected, inside)
        module.decompress(data, out)
        return out

    return decode


def _zstandard(module: Any) -> Decode:
    def decode(data: Buffer, expected: int | None, values: tuple[int, ...]) -> Buffer:
        return module.ZstdDecompressor().decompress(data, max_output_size=expected or 0)

    return decode


def _simple(module: Any) -> Decode:
    return lambda data, expected, values: module.decompress(memoryview(data))


def _lzf_of_h5py(module: Any) -> Decode:
    """The C function of h5py's own filter: called through ctypes it lets go of the GIL and takes no HDF5 lock."""
    decompress = ctypes.CDLL(module.__file__).lzf_decompress
    decompress.argtypes = (ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_uint)
    decompress.restype = ctypes.c_uint

    def decode(data: Buffer, expected: int | None, values: tuple[int, ...]) -> Buffer:
        size = _lzf_size(expected, values)
        raw, out = np.frombuffer(data, np.uint8), _room(expected, size)
        got = decompress(raw.ctypes.data, raw.nbytes, out.ctypes.data, size)
        if not got:
            raise CorruptChunk(f"bad lzf data: {raw.nbytes} bytes that can't be decoded into {size}")
        return out[:got]

    return decode


def _lzf(module: Any) -> Decode:
    def decode(data: Buffer, expected: int | None, values: tuple[int, ...]) -> Buffer:
        size = _lzf_size(expected, values)
        out = module.decompress(bytes(data), size)
        if out is None:
            raise CorruptChunk(f"bad lzf data: it can't be decoded into {size} bytes")
        return out

    return decode


def _lzf_size(expected: int | None, values: tuple[int, ...]) -> int:
    """Room for a decoded chunk: the filter's third parameter holds it, too."""
    size = expected or (values[2] if len(values) > 2 else 0)
    if not size:
        raise CorruptChunk("bad lzf data: its decoded size is not known")
    return size


def _lz4(module: Any) -> Decode:
    """HDF5's LZ4 frame: total size and block size, then blocks, each with its stored size, all big-endian."""

    def decode(data: Buffer, expected: int | None, values: tuple[int, ...]) -> Buffer:
        raw = memoryview(data).cast("B")
        total, block = int.from_bytes(raw[:8], "big"), int.from_bytes(raw[8:12], "big")
        if expected is not None and total != expected:
            raise CorruptChunk(f"bad lz4 data: its header says {total} bytes, expected {expected}")
        out, at, done = _room(expected, total), 12, 0
        while done < total:
            size, stored = min(block, total - done), int.from_bytes(raw[at : at + 4], "big")
            piece = raw[at + 4 : at + 4 + stored]
            if size <= 0 or len(piece) != stored:
                raise CorruptChunk("bad lz4 data: a block is cut short")
            if stored == size:  # kept as it was, since compressing did not pay
                out[done : done + size] = np.frombuffer(piece, np.uint8)
            else:
                # the package wants the decoded size in front
                module.decompress(size.to_bytes(4, "little") + bytes(piece), out[done : done + size])
            at, done = at + 4 + stored, done + size
        return out

    return decode


def _bitshuffle(module: Any) -> Decode:
    def decode(data: Buffer, expected: int | None, values: tuple[int, ...]) -> Buffer:
        if expected is None or len(values) < 3:
            raise CorruptChunk("bitshuffle over another compressor can't be decoded")
        dtype = np.dtype(f"V{values[2]}") if values[2] not in (1, 2, 4, 8) else np.dtype(f"u{values[2]}")
        count, raw = expected // dtype.itemsize, np.frombuffer(data, np.uint8)
        method = values[4] if len(values) > 4 else 0
        if method == 0:
            return module.bitunshuffle(raw.view(dtype), values[3] if len(values) > 3 else 0).view(np.uint8)
        block = int.from_bytes(raw[8:12].tobytes(), "big") // dtype.itemsize
        unpack = module.decompress_lz4 if method == 2 else module.decompress_zstd
        return unpack(raw[12:], (count,), dtype, block).view(np.uint8)

    return decode


CODECS: dict[int, Codec] = {
    307: Codec("bzip2", {"bz2": _simple}),
    32000: Codec("lzf", {"h5py.h5z": _lzf_of_h5py, "lzf": _lzf}),
    32001: Codec("blosc", {"numcodecs.blosc": _blosc, "blosc": _simple}),
    32004: Codec("lz4", {"numcodecs.lz4": _lz4}),
    32008: Codec("bitshuffle", {"bitshuffle": _bitshuffle}),
    32015: Codec("zstd", {"numcodecs.zstd": _simple, "zstandard": _zstandard, "compression.zstd": _simple}),
    32026: Codec("blosc2", {"blosc2": _simple}),
}
