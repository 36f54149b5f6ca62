"""Arrays that lie in memory already, and files mapped into it.

They are handed on as they are (`array`), so whoever computes with them slices them without a copy.
"""

from __future__ import annotations

import os
from typing import Any
from weakref import ref

import numpy as np

from nbarray.io.protocols import Origin

__all__ = ["LentReader", "MemoryReader"]


class MemoryReader:
    """An ndarray, a memmap or a masked array as a reader.

    array : used as it is, never copied; a masked array keeps its mask

    >>> MemoryReader(np.arange(6).reshape(2, 3)).read((slice(0, 2, 1), slice(0, 3, 2)))
    array([[0, 2],
           [3, 5]])
    """

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self._array = array
        self._dtype: np.dtype[Any] = array.dtype
        self._masked = isinstance(array, np.ma.MaskedArray)
        self._origin = _origin(array)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self._array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._dtype

    @property
    def stored_chunks(self) -> tuple[int, ...] | None:
        return None

    @property
    def masked(self) -> bool:
        return self._masked

    @property
    def array(self) -> np.ndarray[Any, Any] | None:
        return self._array

    @property
    def origin(self) -> Origin:
        return self._origin

    def read(self, region: tuple[slice, ...], out: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
        """A view of the region; `out` is left alone."""
        view: np.ndarray[Any, Any] = self._array[region]
        return view

    def __repr__(self) -> str:
        return f"MemoryReader({self.shape}, {self.dtype})"


class LentReader(MemoryReader):
    """A reader of an array that somebody else keeps alive, and that is gone when nobody does."""

    def __init__(self, reader: MemoryReader) -> None:
        self._ref = ref(reader._array)
        self._dtype, self._masked, self._origin = reader._dtype, reader._masked, reader._origin

    @property
    def _array(self) -> np.ndarray[Any, Any]:  # type: ignore[override]
        found = self._ref()
        assert found is not None, "an array that was lent is read after it is gone"
        return found


def _origin(array: np.ndarray[Any, Any]) -> Origin:
    if isinstance(array, np.memmap):
        path = getattr(array, "filename", None)
        return Origin("memmap", None if path is None else os.fspath(path), None, "mapped into memory")
    return Origin("numpy")
