"""Finding a variable by its name in an HDF5 or NetCDF-4 file.

h5py opens a file in a third of the time netCDF4 takes, and is safe to call from any thread; so it reads
the metadata of both.  The file is closed before anything is returned.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from nbarray.errors import FileFormatError, InputError, NBArrayError, ReadError, VariableNotFound, near_names
from nbarray.io.attributes import READ, Rules, normal_attribute
from nbarray.io.found import Found
from nbarray.io.hdf5 import HDF5Reader, check_kind
from nbarray.io.hdf5index import NotDirect, find_layout, look_up
from nbarray.io.hdf5library import HDF5LibraryReader
from nbarray.io.netcdflibrary import NetCDFLibraryReader
from nbarray.io.netcdfshape import netcdf_shape
from nbarray.io.pool import FileStamp, stamp_file
from nbarray.io.protocols import Reader
from nbarray.units import format_bytes

__all__ = ["SIGNATURE", "is_hdf5", "open_hdf5"]

SIGNATURE = b"\x89HDF\r\n\x1a\n"

#: A dataset of at most so many chunks is looked through while its file is open anyway.
FEW_CHUNKS = 4096

_NETCDF_SUFFIXES = (".nc", ".nc4", ".cdf")


def is_hdf5(path: str, head: bytes) -> bool:
    """Whether a file is HDF5: its signature is at the start, or after a user block of 512, 1024, ... bytes."""
    if head.startswith(SIGNATURE):
        return True
    at, nbytes = 512, Path(path).stat().st_size
    with Path(path).open("rb") as file:
        while at + len(SIGNATURE) <= min(nbytes, 2**21):
            file.seek(at)
            if file.read(len(SIGNATURE)) == SIGNATURE:
                return True
            at *= 2
    return False


def open_hdf5(file: FileStamp, name: str | None) -> Found:
    """The variable `name` ("t2m" or "group/t2m") of an HDF5 file; None takes the only one there is.

    Raises FileFormatError if the file is damaged, VariableNotFound with near names, UnsupportedVariable for
    types of variable length.
    """
    with _opened(file) as handle:
        try:
            return _found(handle, file, name)
        except NBArrayError:
            raise
        except Exception as error:  # h5py has many kinds for what it can't make sense of
            raise FileFormatError(
                f"{file.path}{'' if name is None else f', variable {name!r}'} can't be read as HDF5: {error}; "
                "the file is damaged or not whole: copy it again from its source"
            ) from error


def _found(handle: Any, file: FileStamp, name: str | None) -> Found:
    dataset = _dataset(handle, file.path, name)
    check_kind(dataset)
    if dataset.file.filename != handle.filename:  # an external link leads to another file
        handle = dataset.file
        file = stamp_file(os.fsdecode(handle.filename))
    is_netcdf = file.path.lower().endswith(_NETCDF_SUFFIXES) or "_NCProperties" in handle.attrs
    rules = _rules(dataset, is_netcdf)
    return Found(
        _reader(dataset, file, is_netcdf),
        {} if rules is None else _attributes(dataset),
        rules,
        filled=_is_filled(dataset),
        grows=next((axis for axis, most in enumerate(dataset.maxshape) if most is None), None),
    )


def _opened(file: FileStamp) -> Any:
    import h5py

    try:
        return h5py.File(file.path, "r")
    except OSError as error:
        text = str(error)
        cut = re.search(r"truncated file: eof = (\d+).*stored_eof = (\d+)", text)
        if cut:
            has, should = format_bytes(int(cut[1])), format_bytes(int(cut[2]))
            raise FileFormatError(
                f"{file.path} is cut short: it has {has}, expected {should}; copy it again from its source"
            ) from None
        if "lock" in text:
            raise ReadError(f"{file.path} is open for writing here or in another program; close it first") from None
        raise FileFormatError(f"{file.path} can't be read as HDF5: {text}; it is damaged or not whole") from None


def _dataset(handle: Any, path: str, name: str | None) -> Any:
    import h5py

    if name is None:
        names = _names(handle)
        if len(names) != 1:
            raise InputError(f"{path}: say which of its variables to open: {', '.join(names[:12]) or 'it has none'}")
        name = names[0]
    found = look_up(handle, name)
    if found is None:
        raise VariableNotFound(f"{path} has no variable {name!r}; {near_names(name, _names(handle)) or 'it has none'}")
    if not isinstance(found, h5py.Dataset):
        members = list(found)[:8] if isinstance(found, h5py.Group) else []
        inside = ", ".join(f"{name.strip('/')}/{each}" for each in members)
        raise VariableNotFound(f"{path}: {name!r} is a group, not a variable; it holds {inside or 'nothing'}")
    return found


def _names(handle: Any) -> list[str]:
    """All variables of a file with their groups, as `look_up` takes them."""
    import h5py

    names: list[str] = []

    def note(name: str, item: Any) -> None:
        plain = name.replace("_nc4_non_coord_", "")
        if isinstance(item, h5py.Dataset) and plain not in names and look_up(handle, plain) is not None:
            names.append(plain)

    handle.visititems(note)
    return names


def _reader(dataset: Any, file: FileStamp, is_netcdf: bool) -> Reader:
    name, dtype, chunks = dataset.name, dataset.dtype, dataset.chunks
    shape = netcdf_shape(dataset) if is_netcdf else dataset.shape
    count = math.prod(-(-n // c) for n, c in zip(shape, chunks, strict=True)) if chunks else 1
    kind = "NetCDF-4" if is_netcdf else "HDF5"

    def library(reason: str) -> Reader:
        if is_netcdf:
            # netCDF4 brings more filters than h5py; it knows nothing of the prefix either
            plain = name.replace("_nc4_non_coord_", "")
            return NetCDFLibraryReader(file, plain, shape, dtype, chunks, reason)
        return HDF5LibraryReader(shape, dtype, chunks, reason, file=file, name=name)

    try:
        layout = find_layout(dataset, file, name.lstrip("/"), shape) if count <= FEW_CHUNKS else None
    except NotDirect as reason:
        return library(str(reason))
    return HDF5Reader(file, name.lstrip("/"), shape, dtype, chunks, kind=kind, layout=layout, library=library)


def _rules(dataset: Any, is_netcdf: bool) -> Rules | None:
    """What the attributes of a dataset are good for: all of it for numbers, masking for enums, nothing for the rest."""
    import h5py

    if dataset.dtype.kind not in "iufcS" or (dataset.dtype.kind == "S" and dataset.dtype.itemsize > 1):
        return None
    enum = h5py.check_enum_dtype(dataset.dtype) is not None
    return Rules(mask=True, scale=not enum, default_fill=is_netcdf)


def _attributes(dataset: Any) -> dict[str, Any]:
    import h5py

    found = {}
    for name in READ:
        if h5py.h5a.exists(dataset.id, name.encode()):
            attribute = h5py.h5a.open(dataset.id, name.encode())
            if attribute.dtype.kind in "iuf":  # much faster than h5py's own way, in which text is read
                value = np.empty(attribute.shape, attribute.dtype)
                attribute.read(value)
            else:
                value = dataset.attrs[name]
            found[name] = normal_attribute(value)
    return found


def _is_filled(dataset: Any) -> bool:
    import h5py

    return bool(dataset.id.get_create_plist().get_fill_time() != h5py.h5d.FILL_TIME_NEVER)
