"""Asking the HDF5 library, once, where a dataset's bytes lie in its file.

This is all the library is needed for: offsets, sizes and filters.  What it can't tell, or what can't be
decoded without it, raises `NotDirect` with the reason in people's words.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nbarray.io.chunked import ChunkedData, ChunkTable
from nbarray.io.contiguous import ContiguousData
from nbarray.io.filters import Filter, Pipeline
from nbarray.io.pool import FileStamp

__all__ = ["ConstantData", "Layout", "NotDirect", "check_direct", "find_layout", "look_up"]

#: netCDF-4 names a variable so that is called like a dimension without being its coordinate ...
_NOT_COORDINATE = "_nc4_non_coord_"
#: ... and writes this into the dataset that only stands for the dimension.
_ONLY_A_DIMENSION = b"This is a netCDF dimension but not a netCDF variable"


class NotDirect(Exception):
    """A dataset that has to be read through the library; the message says why."""


class ConstantData:
    """A dataset of which nothing was ever written: all fill value."""

    route = "nothing to read: never written"

    def __init__(self, fill: Any) -> None:
        self._fill = fill

    def read(self, region: tuple[slice, ...], out: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """Fill `out` with the fill value."""
        out[...] = self._fill
        return out


Layout = ChunkedData | ContiguousData | ConstantData


def look_up(handle: Any, name: str) -> Any:
    """What an open h5py file calls `name`: a dataset, a group, or None; as netCDF-4 sees it where it wrote the file."""
    folder, _, last = name.strip("/").rpartition("/")
    hidden = handle.get(f"{folder}/{_NOT_COORDINATE}{last}")
    if hidden is not None:
        return hidden
    found = handle.get(name)
    title = found.attrs.get("NAME") if found is not None and "NAME" in found.attrs else None
    return None if isinstance(title, bytes) and title.startswith(_ONLY_A_DIMENSION) else found


def check_direct(dataset: Any) -> Pipeline:
    """The filters of an h5py dataset whose bytes can be read and decoded here; NotDirect if they can't."""
    import h5py

    create = dataset.id.get_create_plist()
    layout = create.get_layout()
    if layout == h5py.h5d.VIRTUAL:
        raise NotDirect("virtual dataset")
    if layout == h5py.h5d.COMPACT:
        raise NotDirect("compact dataset, stored inside the file's metadata")
    if create.get_external_count():
        raise NotDirect("stored in external files")
    if dataset.file.userblock_size and h5py.version.hdf5_version_tuple < (2, 0, 0):
        raise NotDirect("file with a user block")
    if not _same_bytes(dataset):
        raise NotDirect("stored in a format that NumPy does not have")
    pipeline = Pipeline(_filters(create), math.prod(dataset.chunks or (1,)) * dataset.dtype.itemsize)
    reason = pipeline.why_not()
    if reason is not None:
        raise NotDirect(reason)
    return pipeline


def find_layout(dataset: Any, file: FileStamp, name: str, shape: tuple[int, ...]) -> Layout:
    """Where the bytes of an open h5py dataset lie.

    file : the stamp of the file it is in; name : of the variable, for messages
    shape : what it is to be read as; longer than the dataset where a netCDF dimension has grown without it
    Raises NotDirect if it has to be read through the library.
    """
    pipeline = check_direct(dataset)
    if shape != dataset.shape and (dataset.chunks is None or not _has_grown(dataset, shape)):
        raise NotDirect(f"HDF5 has it in the shape {dataset.shape}")
    fill, dtype = dataset.fillvalue, dataset.dtype
    if dataset.chunks is None:
        offset = dataset.id.get_offset()
        if offset is None:
            return ConstantData(fill)
        return ContiguousData(file, name, shape, dtype, int(offset))
    table = _table(dataset, shape)
    return ChunkedData(file, name, shape, dtype, dataset.chunks, table, pipeline, fill)


def _has_grown(dataset: Any, shape: tuple[int, ...]) -> bool:
    """Whether a shape is the dataset's but for axes without a limit, along which it is longer."""
    if len(shape) != len(dataset.shape):
        return False
    axes = zip(shape, dataset.shape, dataset.maxshape, strict=True)
    return all(wanted == has or (wanted > has and most is None) for wanted, has, most in axes)


def _table(dataset: Any, shape: tuple[int, ...]) -> ChunkTable:
    chunk = dataset.chunks
    grid = tuple(-(-n // c) for n, c in zip(shape, chunk, strict=True))
    strides = [math.prod(grid[axis + 1 :]) for axis in range(len(grid))]
    count = math.prod(grid)
    table = ChunkTable(np.full(count, -1, np.int64), np.zeros(count, np.int64), np.zeros(count, np.uint32))
    found: list[tuple[tuple[int, ...], int, int, int]] = []

    def note(info: Any) -> None:
        found.append((info.chunk_offset, info.byte_offset, info.size, info.filter_mask))

    if count:
        dataset.id.chunk_iter(note)
    if found:
        origins = np.array([each[0] for each in found], np.int64) // np.array(chunk, np.int64)
        inside = (origins < np.array(grid, np.int64)).all(axis=1)
        numbers = (origins @ np.array(strides, np.int64))[inside]
        for column, target in ((1, table.offsets), (2, table.sizes), (3, table.skipped)):
            target[numbers] = np.array([each[column] for each in found], target.dtype)[inside]
    return table


def _filters(create: Any) -> tuple[Filter, ...]:
    filters = []
    for i in range(create.get_nfilters()):
        code, _flags, values, name = create.get_filter(i)
        filters.append(Filter(code, tuple(values), name.decode(errors="replace").rstrip("\0")))
    return tuple(filters)


def _same_bytes(dataset: Any) -> bool:
    """Whether the file holds the very bytes of the NumPy dtype."""
    import h5py

    stored, dtype = dataset.id.get_type(), dataset.dtype
    if dtype.hasobject or stored.get_size() != dtype.itemsize:
        return False
    if isinstance(stored, h5py.h5t.TypeStringID):
        # bytes after the end of a null-terminated string may be anything; one byte has none after it
        return bool(stored.get_strpad() == h5py.h5t.STR_NULLPAD or stored.get_size() == 1)
    if isinstance(stored, h5py.h5t.TypeEnumID):
        stored = stored.get_super()
        dtype = np.dtype(np.int8) if dtype.kind == "b" else np.dtype(dtype.str)
    if isinstance(stored, h5py.h5t.TypeCompoundID | h5py.h5t.TypeArrayID | h5py.h5t.TypeOpaqueID):
        return _same_bytes_inside(stored, dtype)
    return bool(stored == h5py.h5t.py_create(np.dtype(dtype.str)))


def _same_bytes_inside(stored: Any, dtype: np.dtype[Any]) -> bool:
    import h5py

    try:
        return bool(stored == h5py.h5t.py_create(dtype, logical=True))
    except TypeError:
        return False
