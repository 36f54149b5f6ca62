"""Writing HDF5 datasets on all cores.

HDF5's library writes *and compresses* under one lock.  Of a new dataset without filters we let it give room to
all chunks beforehand, and write them ourselves (`rawwrite`).  Whole chunks of a dataset that is compressed are
compressed by the thread that made them and only handed to the library.  What can't be done so is assigned.
"""

from __future__ import annotations

import itertools
import math
import threading
from typing import Any

import deflate
import numpy as np

from nbarray.grid.chunks import Int64
from nbarray.io.filters import DEFLATE, SHUFFLE, Filter
from nbarray.io.hdf5index import NotDirect, check_direct
from nbarray.io.rawwrite import RawWriter
from nbarray.io.writers import AssigningWriter, Block, Corner, Writer, told

__all__ = ["create_dataset", "dataset_writer"]

#: What a dataset may be asked for besides its chunks, and still be written by ourselves.
PLAIN = frozenset({"chunks", "track_times", "track_order"})
#: Compressing a byte takes as long as going over so many.
COMPRESSING = 64


def create_dataset(file: Any, name: str, shape: Corner, dtype: np.dtype[Any], options: dict[str, Any]) -> Any:
    """A new dataset as `h5py.Group.create_dataset` makes it; one without filters has room for all of its chunks."""
    import h5py

    if not set(options) <= PLAIN or not math.prod(shape) or dtype.hasobject:
        return file.create_dataset(name, shape=shape, dtype=dtype, **options)
    create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    create.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    # room is all that is wanted: nobody sees what is in it before it is written
    create.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    return file.create_dataset(name, shape=shape, dtype=dtype, dcpl=create, **options)


def dataset_writer(dataset: Any, dtype: np.dtype[Any], new: bool = False) -> Writer:
    """What writes the whole of an open h5py dataset.

    new : we made it just now by `create_dataset`, and nobody else writes to it
    """
    found: Writer | None = None
    try:
        pipeline = check_direct(dataset)
        if dataset.dtype == dtype and not dtype.hasobject and math.prod(dataset.shape):
            found = _raw_writer(dataset) if new and not pipeline.filters else None
            if found is None and dataset.chunks and _encodes(pipeline.filters):
                found = ChunkWriter(dataset, pipeline.filters)
    except NotDirect:
        pass
    return found or AssigningWriter(dataset, None, (), dataset.chunks, False)


def _raw_writer(dataset: Any) -> Writer | None:
    import h5py

    if dataset.file.userblock_size or dataset.id.get_create_plist().get_alloc_time() != h5py.h5d.ALLOC_TIME_EARLY:
        return None
    chunk = dataset.chunks or dataset.shape
    grid = [-(-n // c) for n, c in zip(dataset.shape, chunk, strict=True)]
    offsets = np.full(math.prod(grid), -1, np.int64)
    if dataset.chunks is None:
        offsets[:] = dataset.id.get_offset() or -1
    else:
        places: list[tuple[Corner, int]] = []
        dataset.id.chunk_iter(lambda info: places.append((info.chunk_offset, info.byte_offset)))
        if places:
            index = np.array([p for p, _ in places], np.int64) // np.array(chunk, np.int64)
            offsets[np.ravel_multi_index(tuple(index.T), grid)] = [at for _, at in places]
    if (offsets < 0).any():
        return None
    dataset.file.flush()
    return RawWriter(dataset.file.filename, dataset.shape, dataset.dtype, chunk, offsets)


def _encodes(filters: tuple[Filter, ...]) -> bool:
    return [f.code for f in filters] in ([], [SHUFFLE], [DEFLATE], [SHUFFLE, DEFLATE])


class ChunkWriter(Writer):
    """Whole chunks of an h5py dataset, filtered by the thread that made them."""

    whole = True

    def __init__(self, dataset: Any, filters: tuple[Filter, ...]) -> None:
        self.place = dataset.file.filename
        self.units = dataset.chunks
        self._dataset, self._shape, self._dtype, self._filters = dataset, dataset.shape, dataset.dtype, filters
        self.effort = COMPRESSING if filters else Writer.effort
        self.route = f"whole chunks, filtered in the workers: {', '.join(f.name for f in filters) or 'not compressed'}"
        self.stored = self.units
        self._lock, self._closed = threading.Lock(), False

    @property
    def _chunk_bytes(self) -> int:
        return math.prod(self.units or ()) * self._dtype.itemsize

    def extra_bytes(self, block_bytes: Int64) -> Int64:
        # a chunk as it is stored, shuffled, and compressed
        return np.full_like(block_bytes, (1 + len(self._filters)) * self._chunk_bytes)

    def spare_bytes(self, block_bytes: Int64) -> Int64:
        # a block that is one chunk is stored as it is
        return np.where(block_bytes == self._chunk_bytes, self._chunk_bytes, 0)

    def close(self) -> None:
        with self._lock:
            self._closed = True

    def write(self, low: Corner, high: Corner, values: Block, mask: Block | None) -> None:
        units = self.units or ()
        for first in itertools.product(*(range(a, b, u) for a, b, u in zip(low, high, units, strict=True))):
            part = values[tuple(slice(p - a, p - a + u) for p, a, u in zip(first, low, units, strict=True))]
            if part.shape != units:
                whole = np.zeros(units, self._dtype)
                whole[tuple(map(slice, part.shape))] = part
                part = whole
            data = self._encoded(np.ascontiguousarray(part))
            with told(self.place), self._lock:
                if not self._closed:
                    self._dataset.id.write_direct_chunk(first, data)

    def _encoded(self, chunk: Block) -> Any:
        """A chunk as it is stored.  No filter is left out, even where it makes it longer: HDF5 forgets which were."""
        data: Any = chunk.reshape(-1).view(np.uint8)
        for each in self._filters:
            if each.code == SHUFFLE:
                size = self._dtype.itemsize
                data = np.ascontiguousarray(data.reshape(-1, size).T).reshape(-1)
            else:
                data = deflate.zlib_compress(data, each.values[0] if each.values else 6)
        return data
