"""Variables that the user opened with netCDF4, as readers of stored numbers and what to do to them.

netCDF4 is not thread-safe at all, so nothing here calls it while reading if that can be helped: HDF5
files are decoded by `hdf5`, NetCDF-3 files by `netcdf3`.  Everything a wrapped variable needs to know is asked of the
netCDF4 object, which is cheap; the file is not opened a second time before the first read.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nbarray.errors import UnsupportedVariable
from nbarray.io.attributes import READ, Rules, netcdf4_packing
from nbarray.io.getitem import GetitemReader
from nbarray.io.hdf5 import HDF5Reader
from nbarray.io.hdf5library import one_at_a_time
from nbarray.io.netcdf3 import NetCDF3Reader
from nbarray.io.netcdflibrary import NETCDF, NetCDFLibraryReader
from nbarray.io.ownfiles import how_open
from nbarray.io.pool import FileStamp, stamp_file
from nbarray.io.protocols import Origin, Reader, Source

__all__ = ["variable_source"]

#: netCDF4's names of filters, in the order they are undone, and what people call them.
_FILTERS = {
    "zlib": "deflate", "zstd": "zstd", "bzip2": "bzip2", "blosc": "blosc", "szip": "szip",
    "shuffle": "shuffle", "fletcher32": "fletcher32",
}  # fmt: skip


def variable_source(variable: Any) -> Source:
    """A `netCDF4.Variable` as a source whose values are ``variable[...]``.

    Its switches (``set_auto_mask`` and the like) count as they are now.  Raises UnsupportedVariable for
    strings and other types of variable length.
    """
    with NETCDF.lock:
        return _source(variable)


def _source(variable: Any) -> Source:
    group = variable.group()
    path, name = group.filepath(), f"{group.path}/{variable.name}".lstrip("/")
    _check_type(variable, path, name)
    rules = Rules(bool(variable.mask), bool(variable.scale), bool(variable.always_mask))
    attributes = _attributes(variable)
    if _becomes_text(variable, attributes):
        return Source(_text_reader(variable, path, name, attributes), None)
    file, reason = _own_file(group, path)
    if file is None:
        return Source(_users_reader(variable, path, name, _result(variable, rules, attributes), reason), None)
    return Source(_reader(variable, group, file, name), _packing(variable, rules, attributes))


def _reader(variable: Any, group: Any, file: FileStamp, name: str) -> Reader:
    shape, dtype = variable.shape, np.dtype(variable.dtype)
    if group.disk_format == "NETCDF3":
        return NetCDF3Reader(file, name, shape, dtype)
    chunking = variable.chunking()
    chunks = tuple(chunking) if isinstance(chunking, list) else None
    if group.disk_format != "HDF5":
        return NetCDFLibraryReader(file, name, shape, dtype, chunks, f"{group.disk_format} file")

    def library(reason: str) -> Reader:
        return NetCDFLibraryReader(file, name, shape, dtype, chunks, reason)

    if chunks is None:
        route = "read in the workers: contiguous"
    else:
        used = variable.filters() or {}
        names = [said for key, said in _FILTERS.items() if used.get(key)]
        route = f"decoded in the workers: {', '.join(names)}" if names else "read in the workers: not compressed"
    return HDF5Reader(file, name, shape, dtype, chunks, kind="NetCDF-4", route=route, library=library)


def _check_type(variable: Any, path: str, name: str) -> None:
    """Raise UnsupportedVariable where items have no fixed size."""
    if variable.dtype is str or np.dtype(variable.dtype).hasobject or getattr(variable, "_isvlen", False):
        what = "strings of variable length" if variable.dtype is str else "lists of variable length"
        raise UnsupportedVariable(
            f"{path}, variable {name!r} holds {what}, whose size in memory nobody can know beforehand; "
            "read it with netCDF4 and wrap the array you make of it"
        )


def _attributes(variable: Any) -> dict[str, Any]:
    known = set(variable.ncattrs())
    return {name: variable.getncattr(name) for name in (*READ, "_Encoding") if name in known}


def _packing(variable: Any, rules: Rules, attributes: dict[str, Any]) -> Any:
    """The packing of a variable; netCDF4 neither masks nor scales compound types and doesn't scale enums."""
    primitive, enum = variable._isprimitive, variable._isenum
    rules = Rules(rules.mask and (primitive or enum), rules.scale and primitive, rules.always_mask)
    return netcdf4_packing(attributes, np.dtype(variable.dtype), rules, lambda: variable.get_fill_value() is not None)


def _result(variable: Any, rules: Rules, attributes: dict[str, Any]) -> tuple[np.dtype[Any], bool]:
    """The dtype of ``variable[...]`` and whether it is masked."""
    packing = _packing(variable, rules, attributes)
    if packing is not None:
        return np.dtype(packing.result_dtype), packing.result == "mask"
    if variable._iscompound and variable.chartostring:
        return np.dtype(variable._cmptype.dtype_view), False
    return np.dtype(variable.dtype), False


def _own_file(group: Any, path: str) -> tuple[FileStamp | None, str]:
    """The stamp of a file that may be read by its path; else None and why not."""
    if getattr(group, "auto_complex", False):
        return None, "opened with auto_complex"
    if "://" in path:
        return None, "not a file on this machine"
    if not Path(path).is_file():
        return None, "the file is not at its path: it is in memory, was moved or deleted"
    how = how_open(path)
    if how == "writing":
        return None, "the file is open for writing"
    if how == "not":
        return None, "the file was read into memory"
    return stamp_file(path), ""


def _becomes_text(variable: Any, attributes: dict[str, Any]) -> bool:
    """Whether netCDF4 joins the last axis of characters into strings."""
    characters = np.dtype(variable.dtype) == np.dtype("S1")
    return bool(variable.chartostring and characters and attributes.get("_Encoding") is not None)


def _origin(path: str, name: str, reason: str) -> Origin:
    return Origin("NetCDF", path, name, one_at_a_time(reason))


def _users_reader(variable: Any, path: str, name: str, result: tuple[np.dtype[Any], bool], reason: str) -> Reader:
    """Read with the user's own variable: what it gives are values already."""
    dtype, masked = result
    if variable._iscompound:
        masked = False
    return GetitemReader(
        variable, shape=variable.shape, dtype=dtype, lock=NETCDF.lock, origin=_origin(path, name, reason), masked=masked
    )


class _Text:
    """Characters as strings: one axis less."""

    def __init__(self, variable: Any) -> None:
        self._variable = variable

    def __getitem__(self, region: tuple[slice, ...]) -> Any:
        return self._variable[(*region, slice(None))]


def _text_reader(variable: Any, path: str, name: str, attributes: dict[str, Any]) -> Reader:
    encoding, length = str(attributes["_Encoding"]), variable.shape[-1]
    dtype = np.dtype(f"S{length}") if encoding in ("none", "None", "bytes") else np.dtype(f"U{length}")
    return GetitemReader(
        _Text(variable), shape=variable.shape[:-1], dtype=dtype, lock=NETCDF.lock,
        origin=_origin(path, name, "characters that become strings"), masked=False,
    )  # fmt: skip
