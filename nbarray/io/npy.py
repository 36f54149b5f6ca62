"""NumPy's own files, mapped into memory."""

from __future__ import annotations

import numpy as np

from nbarray.errors import FileFormatError, InputError, UnsupportedVariable
from nbarray.io.found import Found
from nbarray.io.memory import MemoryReader
from nbarray.io.pool import FileStamp

__all__ = ["is_npy", "open_npy"]


def is_npy(path: str, head: bytes) -> bool:
    """Whether a file is one of `numpy.save`."""
    return head.startswith(b"\x93NUMPY")


def open_npy(file: FileStamp, name: str | None) -> Found:
    """The array of a ``.npy`` file, which has no name; FileFormatError if the file is cut short."""
    if name is not None:
        raise InputError(f"{file.path} holds one array without a name; leave the name {name!r} out")
    try:
        array = np.load(file.path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        if "object" in str(error).lower():
            raise UnsupportedVariable(f"{file.path} holds Python objects, which can't be read in parts") from None
        raise FileFormatError(f"{file.path} is damaged or cut short: {error}; write it again with numpy.save") from None
    return Found(MemoryReader(array))
