"""NetCDF-3 files read without any library: the header once, then the numbers by the workers themselves.

The classic formats (CDF-1, CDF-2 with 64-bit offsets, CDF-5) are big-endian numbers after a short
header.  The netCDF library may only be called by one thread at a time; these files don't need it.
"""

from __future__ import annotations

import functools
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nbarray.errors import FileFormatError, InputError, ReadError, VariableNotFound, near_names
from nbarray.grid.regions import shape_of
from nbarray.io.attributes import READ, Rules
from nbarray.io.contiguous import ContiguousData
from nbarray.io.found import Found
from nbarray.io.pool import FileStamp
from nbarray.io.protocols import Origin

__all__ = ["Header", "NetCDF3Reader", "Variable", "is_netcdf3", "open_netcdf3", "read_header"]

_TYPES = {1: "i1", 2: "S1", 3: "i2", 4: "i4", 5: "f4", 6: "f8", 7: "u1", 8: "u2", 9: "u4", 10: "i8", 11: "u8"}
_DIMENSIONS, _VARIABLES, _ATTRIBUTES = 0x0A, 0x0B, 0x0C


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a NetCDF-3 file.

    dimensions : their names; record : whether the first is the record dimension
    dtype : native; begin : bytes into the file; stride : bytes from record to record, None if it has none
    """

    name: str
    dimensions: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    attributes: dict[str, Any]
    begin: int
    record: bool
    stride: int | None


@dataclass(frozen=True, slots=True)
class Header:
    """What a NetCDF-3 file says of itself."""

    variables: dict[str, Variable]

    def variable(self, name: str | None, path: str) -> Variable:
        """The variable of that name, or the only one; VariableNotFound with near names if there is none."""
        if name is None:
            if len(self.variables) != 1:
                raise InputError(f"{path}: say which of its variables to open: {', '.join(list(self.variables)[:12])}")
            name = next(iter(self.variables))
        found = self.variables.get(name.strip("/"))
        if found is None:
            raise VariableNotFound(f"{path} has no variable {name!r}; {near_names(name, self.variables)}")
        return found


@functools.lru_cache(maxsize=64)
def read_header(file: FileStamp) -> Header:
    """The header of a file; FileFormatError if it is not a whole NetCDF-3 header."""
    data = Path(file.path).read_bytes() if file.nbytes < 2**20 else _beginning(file.path, 2**20)
    while True:
        try:
            return _Parser(data, file).header()
        except (struct.error, IndexError):
            if len(data) >= file.nbytes:
                raise FileFormatError(f"{file.path}: its NetCDF-3 header is cut short; copy the file again") from None
            data = _beginning(file.path, 8 * len(data))


def _beginning(path: str, nbytes: int) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(nbytes)


class _Parser:
    """Walks through the header's bytes; struct.error or IndexError where they end too early."""

    def __init__(self, data: bytes, file: FileStamp) -> None:
        self.data, self.file, self.at = data, file, 4
        version = data[3] if data[:3] == b"CDF" and len(data) > 3 else 0
        if version not in (1, 2, 5):
            raise FileFormatError(f"{file.path} is not a NetCDF-3 file; its first bytes are {data[:4]!r}")
        self.size_code = ">q" if version == 5 else ">i"
        self.offset_code = ">i" if version == 1 else ">q"

    def number(self, code: str) -> int:
        (value,) = struct.unpack_from(code, self.data, self.at)
        self.at += struct.calcsize(code)
        return int(value)

    def size(self) -> int:
        return self.number(self.size_code)

    def take(self, nbytes: int) -> bytes:
        """Bytes that are filled up to a multiple of four."""
        part = self.data[self.at : self.at + nbytes]
        if len(part) < nbytes or nbytes < 0:
            raise IndexError
        self.at += nbytes + -nbytes % 4
        return part

    def name(self) -> str:
        return self.take(self.size()).decode("utf-8", errors="replace")

    def count(self, tag: int) -> int:
        """How many entries a list has, after its tag."""
        found, count = self.number(">i"), self.size()
        if found != tag and (found, count) != (0, 0):
            raise FileFormatError(f"{self.file.path}: its NetCDF-3 header is damaged at byte {self.at}")
        return count

    def type(self) -> np.dtype[Any]:
        code = self.number(">i")
        if code not in _TYPES:
            raise FileFormatError(f"{self.file.path}: its NetCDF-3 header names an unknown type {code}; it is damaged")
        return np.dtype(_TYPES[code])

    def attributes(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for _ in range(self.count(_ATTRIBUTES)):
            name, dtype, count = self.name(), self.type(), self.size()
            raw = self.take(count * dtype.itemsize)
            if dtype.kind == "S":
                found[name] = raw.decode("utf-8", errors="replace").replace("\0", "")
            else:
                values = np.frombuffer(raw, dtype.newbyteorder(">")).astype(dtype)
                found[name] = values[0] if count == 1 else values
        return found

    def header(self) -> Header:
        records = self.size()
        dimensions = [(self.name(), self.size()) for _ in range(self.count(_DIMENSIONS))]
        self.attributes()
        raw = []
        for _ in range(self.count(_VARIABLES)):
            name = self.name()
            ids = [self.size() for _ in range(self.size())]
            attributes, dtype = self.attributes(), self.type()
            self.size()  # the size the file gives is capped at 4 GiB, so it is worked out below
            raw.append((name, ids, attributes, dtype, self.number(self.offset_code)))
        return self._laid_out(records, dimensions, raw)

    def _laid_out(self, records: int, dimensions: list[tuple[str, int]], raw: list[Any]) -> Header:
        is_record = [bool(ids) and dimensions[ids[0]][1] == 0 for _, ids, *_ in raw]
        sizes = [
            math.prod(dimensions[i][1] for i in ids[1:] if record) * dtype.itemsize
            for (_, ids, _, dtype, _), record in zip(raw, is_record, strict=True)
        ]
        in_record = [size for size, record in zip(sizes, is_record, strict=True) if record]
        # a single record variable is not filled up to four bytes
        stride = in_record[0] if len(in_record) == 1 else sum(size + -size % 4 for size in in_record)
        if records < 0:  # written as a stream: the file's length tells
            begin = min((entry[4] for entry, record in zip(raw, is_record, strict=True) if record), default=0)
            records = max(0, self.file.nbytes - begin) // stride if stride else 0
        variables = {}
        for (name, ids, attributes, dtype, begin), record in zip(raw, is_record, strict=True):
            shape = tuple(records if record and axis == 0 else dimensions[i][1] for axis, i in enumerate(ids))
            names = tuple(dimensions[i][0] for i in ids)
            variables[name] = Variable(name, names, shape, dtype, attributes, begin, record, stride if record else None)
        return Header(variables)


class NetCDF3Reader:
    """A variable of a NetCDF-3 file, in native byte order.

    shape, dtype : what is expected of it; compared with the file when it is first read
    """

    stored_chunks: tuple[int, ...] | None = None
    masked = False
    array: np.ndarray[Any, Any] | None = None

    def __init__(self, file: FileStamp, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._file, self._name, self.shape, self.dtype = file, name, shape, dtype
        self.origin = Origin("NetCDF-3", file.path, name, "read in the workers")
        self._data: ContiguousData | None = None

    def read(self, region: tuple[slice, ...], out: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
        """The stored numbers of a region; CorruptChunk if the file ends too early, ReadError if it has changed."""
        data = self._data or self._find()
        if out is None:
            shape = shape_of(region)
            out = np.empty(shape, self.dtype)
        return data.read(region, out)

    def _find(self) -> ContiguousData:
        self._file.check()
        variable = read_header(self._file).variable(self._name, self._file.path)
        if variable.shape != self.shape or variable.dtype != self.dtype:
            raise ReadError(
                f"{self._file.path}, variable {self._name!r}: it was {self.dtype} of shape {self.shape} and is "
                f"{variable.dtype} of shape {variable.shape} in the file; open it again"
            )
        data = ContiguousData(
            self._file, self._name, variable.shape, variable.dtype.newbyteorder(">"), variable.begin, variable.stride
        )
        self._data = data
        return data

    def __repr__(self) -> str:
        return f"NetCDF3Reader({self.origin}, {self.shape}, {self.dtype})"


def is_netcdf3(path: str, head: bytes) -> bool:
    """Whether a file is NetCDF-3, by its first bytes."""
    return head[:4] in (b"CDF\x01", b"CDF\x02", b"CDF\x05")


def open_netcdf3(file: FileStamp, name: str | None) -> Found:
    """The variable `name` of a NetCDF-3 file; VariableNotFound with near names."""
    variable = read_header(file).variable(name, file.path)
    return Found(
        NetCDF3Reader(file, variable.name, variable.shape, variable.dtype),
        {key: value for key, value in variable.attributes.items() if key in READ},
        Rules(),
        grows=0 if variable.record else None,
    )
