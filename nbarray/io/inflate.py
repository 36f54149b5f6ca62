"""Inflating into memory that is there already.

The package `deflate` makes a new object for each chunk, whose pages the system has to find and to clear; for chunks of
many megabytes that takes a tenth of the time.  The library inside the package, libdeflate, writes where it is told to.
Where a build of the package doesn't let it be called, or is another, the package's own function is used.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from typing import Any

import deflate  # libdeflate: twice as fast as zlib, and from 0.9 on it lets go of the GIL
import numpy as np
from deflate import _deflate

__all__ = ["InflateError", "inflate"]

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

InflateError = deflate.DeflateError


class _Library:
    """The functions of libdeflate that we call; raises AttributeError or OSError where that can't be done."""

    def __init__(self) -> None:
        library = ctypes.CDLL(_deflate.__file__)
        self.make, self.free = library.libdeflate_alloc_decompressor, library.libdeflate_free_decompressor
        self.run = library.libdeflate_zlib_decompress
        self.make.restype, self.make.argtypes = ctypes.c_void_p, ()
        self.free.restype, self.free.argtypes = None, (ctypes.c_void_p,)
        address, size = ctypes.c_void_p, ctypes.c_size_t
        self.run.restype, self.run.argtypes = ctypes.c_int, (address, address, size, address, size, address)


@functools.cache
def _library() -> _Library | None:
    try:
        return _Library()
    except (AttributeError, OSError, TypeError):
        return None


class _Decompressor:
    """What libdeflate works in; for one thread at a time."""

    def __init__(self, library: _Library) -> None:
        self._free, self.address = library.free, library.make()
        if not self.address:
            raise MemoryError("there is no room for a decompressor")

    def __del__(self) -> None:
        self._free(getattr(self, "address", None))


class _Own(threading.local):
    decompressor: _Decompressor | None = None


_own = _Own()


def inflate(data: Any, out: Bytes) -> None:
    """Fill `out` with what a zlib stream inflates to.

    data : bytes, or a contiguous array of bytes
    out : contiguous
    Raises InflateError if the stream is damaged, or inflates to fewer or more bytes.

    >>> import zlib
    >>> out = np.empty(3, np.uint8)
    >>> inflate(zlib.compress(b"abc"), out)
    >>> out.tobytes()
    b'abc'
    """
    raw = np.frombuffer(data, np.uint8)
    library = _library()
    if library is None:
        made = np.frombuffer(deflate.zlib_decompress(raw, out.nbytes), np.uint8)
        good = made.nbytes == out.nbytes
        if good:
            out[:] = made
    else:
        if _own.decompressor is None:
            _own.decompressor = _Decompressor(library)
        # without a place for how many bytes there are, fewer than there is room for are an error, too
        good = not library.run(
            _own.decompressor.address, raw.ctypes.data, raw.nbytes, out.ctypes.data, out.nbytes, None
        )
    if not good:
        raise InflateError(f"the stream is damaged, or doesn't inflate to {out.nbytes} bytes")
