"""Arrays that lie in memory already, and files mapped into it.

They are handed on as they are (`array`), so whoever computes with them slices them without a copy.  The system
ends a process that looks at a page of a map whose file was cut short, so the file's size is asked for before each read.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from typing import Any
from weakref import ref

import numpy as np

from nbarray.errors import ReadError
from nbarray.io.protocols import Origin
from nbarray.units import format_bytes

__all__ = ["LentReader", "MemoryReader"]


class MemoryReader:
    """An ndarray, a memmap or a masked array as a reader.

    array : used as it is, never copied; a masked array keeps its mask

    >>> MemoryReader(np.arange(6).reshape(2, 3)).read((slice(0, 2, 1), slice(0, 3, 2)))
    array([[0, 2],
           [3, 5]])
    """

    stored_chunks: tuple[int, ...] | None = None

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self._array = array
        self.dtype: np.dtype[Any] = array.dtype
        self.masked = isinstance(array, np.ma.MaskedArray)
        self._map = _map_of(array)
        self.origin = _origin(array)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self._array.shape)

    @property
    def array(self) -> np.ndarray[Any, Any] | None:
        return self._array

    def read(self, region: tuple[slice, ...], out: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
        """A view of the region; `out` is left alone.  ReadError if it lies in a file that has been cut short since."""
        if self._map is not None:
            self._check_file(*self._map)
        everything: tuple[Any, ...] = (*region, ...)  # an array even of no axes
        view: np.ndarray[Any, Any] = self._array[everything]
        return view

    @staticmethod
    def _check_file(mapped: mmap.mmap, needed: int, path: Any) -> None:
        has, place = needed, "a mapped file" if path is None else os.fspath(path)
        with contextlib.suppress(OSError, ValueError):  # no file any more that could be asked
            has = mapped.size()
        if has < needed:
            raise ReadError(
                f"{place} has been cut short since it was mapped (it has {format_bytes(has)}, the map needs "
                f"{format_bytes(needed)}); write it again and map it anew"
            )

    def __repr__(self) -> str:
        return f"MemoryReader({self.shape}, {self.dtype})"


class LentReader(MemoryReader):
    """A reader of an array that somebody else keeps alive, and that is gone when nobody does."""

    def __init__(self, reader: MemoryReader) -> None:
        self._ref = ref(reader._array)
        self.dtype, self.masked, self.origin = reader.dtype, reader.masked, reader.origin

    @property
    def _map(self) -> tuple[mmap.mmap, int, Any] | None:  # type: ignore[override]
        return _map_of(self._array)

    @property
    def _array(self) -> np.ndarray[Any, Any]:  # type: ignore[override]
        found = self._ref()
        assert found is not None, "an array that was lent is read after it is gone"
        return found


def _map_of(array: np.ndarray[Any, Any]) -> tuple[mmap.mmap, int, Any] | None:
    """The map that an array is a view of, how many bytes its file has to have, and its path; None for other arrays."""
    base: Any = array
    while isinstance(base, np.ndarray):
        mapped = getattr(base, "_mmap", None)
        if isinstance(mapped, mmap.mmap):
            offset = int(getattr(base, "offset", 0))  # of the array; maps begin at multiples of the granularity
            needed = offset - offset % mmap.ALLOCATIONGRANULARITY + len(mapped)
            return mapped, needed, getattr(base, "filename", None)
        base = base.base
    return None


def _origin(array: np.ndarray[Any, Any]) -> Origin:
    if isinstance(array, np.memmap):
        path = getattr(array, "filename", None)
        return Origin("memmap", None if path is None else os.fspath(path), None, "mapped into memory")
    return Origin("numpy")
