"""HDF5 datasets, decoded on all cores.

HDF5's library holds one lock while it reads *and decompresses*.  So it is asked once, when the first
block is needed, where each stored chunk lies (`hdf5index`); then every worker reads the raw bytes and
decodes them itself (`chunked`, `contiguous`).  What can't be done so goes through the library
(`hdf5library`), and the origin says why.  h5py is imported when a file is first looked into.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nbarray.errors import CorruptChunk, MissingFile, ReadError, UnsupportedVariable
from nbarray.grid.regions import shape_of
from nbarray.io.chunked import ChunkedData
from nbarray.io.hdf5index import Layout, NotDirect, check_direct, find_layout, look_up
from nbarray.io.hdf5library import HDF5LibraryReader
from nbarray.io.pool import FileStamp, stamp_file
from nbarray.io.protocols import Origin, Reader, Source, read_into

__all__ = ["HDF5Reader", "check_kind", "dataset_source"]


class HDF5Reader:
    """An HDF5 dataset whose bytes are read and decoded by the thread that needs them.

    file, name : where it is; shape, dtype, stored_chunks : what is known of it already
    route : how it will be read, as far as that is known before the file is looked into
    library : makes the reader to use instead, given the reason, if it turns out that it can't be read so
    layout : where the bytes are, if that is known already
    """

    masked = False
    array: np.ndarray[Any, Any] | None = None

    def __init__(
        self,
        file: FileStamp,
        name: str,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        stored_chunks: tuple[int, ...] | None,
        *,
        kind: str = "HDF5",
        route: str = "decoded in the workers",
        library: Callable[[str], Reader] | None = None,
        layout: Layout | None = None,
    ) -> None:
        self._file, self._name = file, name
        self.shape, self.dtype, self.stored_chunks = shape, dtype, stored_chunks
        self._kind, self._route = kind, route
        self._library = library or self._through_h5py
        self._lock = threading.Lock()
        self._layout = layout
        self._instead: Reader | None = None

    @property
    def origin(self) -> Origin:
        if self._instead is not None:
            return self._instead.origin
        route = self._route if self._layout is None else self._layout.route
        return Origin(self._kind, self._file.path, self._name, route)

    def read(self, region: tuple[slice, ...], out: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
        """The stored numbers of a region.

        Raises CorruptChunk where the bytes can't be decoded, ReadError if the file has changed since it was
        wrapped, MissingFile if it is gone.
        """
        if self._layout is None and self._instead is None:
            self._look()
        if self._instead is not None:
            return self._instead.read(region, out)
        assert self._layout is not None
        if out is None:
            shape = shape_of(region)
            out = np.empty(shape, self.dtype)
        return self._layout.read(region, out)

    def read_shuffled(self, region: tuple[slice, ...], out: np.ndarray[Any, Any]) -> int:
        """See `io.protocols.ShuffledReader`; raises as `read` does."""
        if self._layout is None and self._instead is None:
            self._look()
        if isinstance(self._layout, ChunkedData):
            return self._layout.read_shuffled(region, out)
        read_into(self, region, out)
        return 1

    def _look(self) -> None:
        """Find out where the bytes are; done once, by the first thread that reads."""
        with self._lock:
            if self._layout is not None or self._instead is not None:
                return
            try:
                self._layout = self._find()
            except NotDirect as reason:
                self._instead = self._library(str(reason))

    def _find(self) -> Layout:
        import h5py

        self._file.check()
        try:
            handle = h5py.File(self._file.path, "r")
        except OSError as error:
            if "lock" in str(error):
                raise NotDirect("the file is open for writing") from None
            raise ReadError(f"can't open {self._file.path} as HDF5: {error}") from error
        with handle:
            dataset = look_up(handle, self._name)
            if not isinstance(dataset, h5py.Dataset):
                raise ReadError(f"{self._file.path} has no dataset {self._name!r} any more; open it again")
            if dataset.dtype != self.dtype:
                raise NotDirect(f"HDF5 has it as {dataset.dtype}")
            try:
                return find_layout(dataset, self._file, self._name, self.shape)
            except RuntimeError as error:  # the library's tables of where chunks lie
                raise CorruptChunk(
                    f"{self._file.path}, variable {self._name!r}: where it is stored can't be told: {error}; the file "
                    "is damaged: copy it again from its source"
                ) from error

    def _through_h5py(self, reason: str) -> Reader:
        return HDF5LibraryReader(self.shape, self.dtype, self.stored_chunks, reason, file=self._file, name=self._name)

    def __repr__(self) -> str:
        return f"HDF5Reader({self.origin}, {self.shape}, {self.dtype})"


def dataset_source(dataset: Any) -> Source:
    """An open `h5py.Dataset` as a source; its numbers are its values.

    A file opened read-only is read by path and may be closed afterwards.  Raises UnsupportedVariable for
    types that NumPy has no numbers for.
    """
    check_kind(dataset)
    path = _path_of(dataset.file)
    shape, dtype, chunks = dataset.shape, dataset.dtype, dataset.chunks
    try:
        file = _own_file(dataset.file, path)
    except NotDirect as reason:
        return Source(
            HDF5LibraryReader(shape, dtype, chunks, str(reason), name=dataset.name, path=path, dataset=dataset), None
        )
    try:
        pipeline = check_direct(dataset)
    except NotDirect as reason:
        return Source(HDF5LibraryReader(shape, dtype, chunks, str(reason), file=file, name=dataset.name), None)
    route = "read in the workers: contiguous" if chunks is None else pipeline.route
    return Source(HDF5Reader(file, dataset.name, shape, dtype, chunks, route=route), None)


def check_kind(dataset: Any) -> None:
    """Raise UnsupportedVariable where a dataset is no array of fixed-size items."""
    if dataset.shape is None:
        why = "is empty (it has a type but no shape); there is nothing to read"
    elif dataset.dtype.hasobject:
        why = (
            "holds items of variable length or references, whose size in memory nobody can know beforehand; "
            "read it with h5py and wrap the array you make of it"
        )
    elif dataset.dtype.subdtype is not None:
        why = f"holds small arrays as its items ({dataset.dtype}); read it with h5py and wrap the array it gives"
    else:
        return
    raise UnsupportedVariable(f"{_path_of(dataset.file)}, dataset {dataset.name!r} {why}")


def _path_of(file: Any) -> str:
    name = file.filename
    return str(Path(os.fsdecode(name)).absolute()) if isinstance(name, str | bytes) else str(name)


def _own_file(file: Any, path: str) -> FileStamp:
    """The stamp of a file we may open a second time by its path; NotDirect if we may not."""
    if file.driver not in ("sec2", "stdio"):
        raise NotDirect(f"opened with the {file.driver!r} driver")
    if file.mode != "r":
        raise NotDirect("the file is open for writing")
    if file.swmr_mode:
        raise NotDirect("the file may be written to while it is read (SWMR)")
    try:
        return stamp_file(path)
    except MissingFile:
        raise NotDirect("the file is not at its path any more") from None
