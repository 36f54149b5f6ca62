"""What a source of data has to be able to do.

A reader knows a shape, a dtype and how to read a rectangle; it gives *stored* numbers, and whatever
has to be done to them (scale, offset, missing values) is a `Packing` beside it.  Readers are held by
identity and used by many threads at once.  This file knows no file format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from nbarray.packing import Packing

__all__ = ["Origin", "Reader", "ShuffledReader", "Source", "read_into", "read_shuffled"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where data comes from, for people.

    kind : "numpy", "memmap", "HDF5", "NetCDF-4", "NetCDF-3", "object"
    path, name : the file and the variable in it, if any
    route : how reading is done: "in memory", "decoded in the workers: deflate, shuffle",
        or "through the library, one at a time: <why>"
    """

    kind: str
    path: str | None = None
    name: str | None = None
    route: str = "in memory"

    def __str__(self) -> str:
        place = f"{self.path}:{self.name}" if self.path and self.name else self.path or self.name
        return f"{self.kind} {place}" if place else self.kind


@runtime_checkable
class Reader(Protocol):
    """A rectangle of stored numbers that can be read in parts, by several threads at once.

    shape, dtype : of what `read` gives
    stored_chunks : shape of the pieces the file is stored in, or None where any region costs just its own bytes
    masked : whether `read` gives `numpy.ma` arrays
    array : the whole as an ndarray, if it lies in memory (then `read` is never called), else None
    origin : where it comes from
    """

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def stored_chunks(self) -> tuple[int, ...] | None: ...
    @property
    def masked(self) -> bool: ...
    @property
    def array(self) -> np.ndarray[Any, Any] | None: ...
    @property
    def origin(self) -> Origin: ...

    def read(self, region: tuple[slice, ...], out: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
        """The stored numbers in `region`.

        region : one slice an axis, each with explicit start, stop and step >= 1, inside the shape
        out : a C-contiguous buffer of the region's shape and the reader's dtype that may be filled and
            returned; a reader may return another array instead
        """
        ...


class ShuffledReader(Reader, Protocol):
    """A reader that can leave the bytes of numbers as a shuffle filter put them, for who goes on with them so."""

    def read_shuffled(self, region: tuple[slice, ...], out: np.ndarray[Any, Any]) -> int:
        """Fill `out` with the stored numbers in `region`; their bytes may lie apart.

        region, out : as for `Reader.read`
        Returns how many numbers make a run in `out`: of each run all first bytes come first, then all second ones,
        and so on.  It is 1 where bytes are together.
        """
        ...


def read_into(reader: Reader, region: tuple[slice, ...], out: np.ndarray[Any, Any]) -> None:
    """Fill `out`, which may lie in any way, with the stored numbers in `region`, wherever the reader puts them."""
    found = reader.read(region, out if out.flags.c_contiguous else None)
    if found is not out:
        out[...] = found


def read_shuffled(reader: Reader, region: tuple[slice, ...], out: np.ndarray[Any, Any]) -> int:
    """As `ShuffledReader.read_shuffled`, of any reader."""
    read = getattr(reader, "read_shuffled", None)
    if read is None:
        read_into(reader, region, out)
        return 1
    return int(read(region, out))


@dataclass(frozen=True, slots=True)
class Source:
    """A reader, with what has to be done to its numbers to get values (None: nothing)."""

    reader: Reader
    packing: Packing | None
