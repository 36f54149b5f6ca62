"""Opening files by name: which format, which variable, and many files as one array.

Formats are rows of one table; each is recognised by its first bytes, its suffix only says which to try
first and what to tell people.  Nothing stays open here: readers open files when they read.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from nbarray.errors import FileFormatError, FilesDiffer, InputError, MissingFile, ReadError
from nbarray.io.found import Found
from nbarray.io.netcdf3 import is_netcdf3, open_netcdf3
from nbarray.io.npy import is_npy, open_npy
from nbarray.io.openhdf5 import is_hdf5, open_hdf5
from nbarray.io.pool import FileStamp, stamp_file
from nbarray.io.protocols import Source

__all__ = ["Format", "Opened", "open_many", "open_source"]

AnyPath = str | os.PathLike[str]
Missing = Literal["nan", "mask"]


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: what it is called, what its files are called, how to know it and how to open a variable of it."""

    name: str
    suffixes: tuple[str, ...]
    recognises: Callable[[str, bytes], bool]
    open: Callable[[FileStamp, str | None], Found]


FORMATS = (
    Format("HDF5 or NetCDF-4", (".h5", ".hdf5", ".he5", ".nc", ".nc4", ".cdf"), is_hdf5, open_hdf5),
    Format("NetCDF-3", (".nc", ".nc3", ".cdf"), is_netcdf3, open_netcdf3),
    Format("a NumPy array", (".npy",), is_npy, open_npy),
)


#: what describes an array or a group in a folder of Zarr, of its versions 3 and 2
_ZARR = ("zarr.json", ".zarray", ".zgroup")


class Opened(NamedTuple):
    """Variables that make one array when they are laid end to end along `axis`."""

    sources: tuple[Source, ...]
    axis: int


def open_source(path: AnyPath, name: str | None = None, missing: str = "nan") -> Source:
    """A variable of one file, decoded by the CF conventions.

    name : "t2m" or "group/t2m"; None where the file holds one array
    missing : "nan" gives floats with NaN, "mask" gives masked values as netCDF4 does
    Raises MissingFile, FileFormatError, VariableNotFound, UnsupportedVariable or InputError.
    """
    checked = _checked_missing(missing)
    return _find(_plain(path), _checked_name(name)).source(checked)


def open_many(paths: AnyPath | Iterable[AnyPath], name: str | None = None, missing: str = "nan") -> Opened:
    """A variable over many files, as the parts of one array.

    paths : a pattern ("2014-*.nc"; its files in sorted order), one path, or a list of paths in the order wanted
    The axis is the one along which the files can grow (the record dimension), else the first.  Besides what
    `open_source` raises: FilesDiffer telling which file doesn't fit the first, and how.
    """
    checked, name = _checked_missing(missing), _checked_name(name)
    files = _expand(paths)
    found = [_find(path, name) for path in files]
    sources = tuple(each.source(checked) for each in found)
    axis = found[0].grows or 0
    if len(found) > 1:
        _check_fit(files, sources, name, axis)
    return Opened(sources, axis)


def _find(path: str, name: str | None) -> Found:
    if Path(path).is_dir():
        if any(Path(path, each).exists() for each in _ZARR):
            inner = "" if name is None else f", {name!r}"
            raise FileFormatError(f"{path} is a Zarr folder, which is opened by nb.from_zarr({path!r}{inner})")
        raise FileFormatError(f"{path} is a directory; to open the files in it, give a pattern such as '{path}/*.nc'")
    file = stamp_file(path)
    return _format_of(file.path).open(file, name)


def _format_of(path: str) -> Format:
    try:
        with Path(path).open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise ReadError(f"can't open {path}: {error.strerror}") from None
    if not head:
        raise FileFormatError(f"{path} is empty; it was not written, or not copied to the end")
    suffix = Path(path).suffix.lower()
    by_suffix = [each for each in FORMATS if suffix in each.suffixes]
    for each in [*by_suffix, *(each for each in FORMATS if each not in by_suffix)]:
        if each.recognises(path, head):
            return each
    expected = " or ".join(each.name for each in by_suffix or FORMATS)
    raise FileFormatError(f"{path}: expected {expected}, but the file {_looks_like(head)}")


def _looks_like(head: bytes) -> str:
    text = all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head)
    return f"is text, beginning with {head.decode('ascii')!r}" if text else f"begins with the bytes {head[:8]!r}"


def _expand(paths: AnyPath | Iterable[AnyPath]) -> list[str]:
    """The files meant, never none."""
    if isinstance(paths, Iterable) and not isinstance(paths, str | os.PathLike):
        files = [_plain(each) for each in paths]
        if not files:
            raise MissingFile("expected at least one file, got an empty list; was the pattern it comes from right?")
        return files
    pattern = _plain(paths)
    if Path(pattern).exists() or not glob.has_magic(pattern):
        return [pattern]
    files = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - takes absolute patterns
    if not files:
        raise MissingFile(f"no file matches {pattern!r} (looked from {Path.cwd()})")
    return files


def _check_fit(files: list[str], sources: tuple[Source, ...], name: str | None, axis: int) -> None:
    """FilesDiffer unless all sources agree with the first in everything but the length of `axis`."""
    first, dtype = sources[0].reader.shape, _dtype_of(sources[0])
    if not first:
        raise InputError(f"{name!r} is a single number in {files[0]}: many of them have no axis to be joined along")
    for path, source in zip(files[1:], sources[1:], strict=True):
        shape = source.reader.shape
        if len(shape) != len(first):
            how = f"has {len(shape)} axes {shape}, expected {len(first)} as {first}"
        elif other := [a for a, (n, m) in enumerate(zip(shape, first, strict=True)) if n != m and a != axis]:
            how = f"has shape {shape}, expected {first} but for axis {axis}: axis {other[0]} differs"
        elif _dtype_of(source) != dtype:
            how = f"gives {_dtype_of(source)}, expected {dtype}"
        else:
            continue
        raise FilesDiffer(f"{path}, variable {name!r}, {how} (as in {files[0]}); open such files apart")


def _dtype_of(source: Source) -> np.dtype[Any]:
    return source.reader.dtype if source.packing is None else np.dtype(source.packing.result_dtype)


def _plain(path: AnyPath) -> str:
    try:
        return str(Path(os.fspath(path)).expanduser())
    except TypeError:
        raise InputError(f"expected the path of a file, a pattern or a list of paths, not {path!r}") from None


def _checked_name(name: Any) -> str | None:
    if name is not None and (not isinstance(name, str) or not name.strip("/")):
        raise InputError(f"expected the name of a variable, such as 't2m' or 'group/t2m', not {name!r}")
    return name


def _checked_missing(missing: str) -> Missing:
    if missing == "nan" or missing == "mask":
        return missing  # type: ignore[return-value]
    raise InputError(f"missing: expected 'nan' (floats with NaN) or 'mask' (masked values), not {missing!r}")
