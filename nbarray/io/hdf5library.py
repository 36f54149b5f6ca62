"""Reading HDF5 through the library, one read at a time, where it can't be done without.

Files are opened by their path and kept open for a while, a few at most, and closed when the last array
that reads from them is gone.  One lock covers all of it: the library has one of its own anyway.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nbarray.errors import ReadError
from nbarray.grid.regions import shape_of
from nbarray.io.failing import failing_chunk
from nbarray.io.pool import FileStamp
from nbarray.io.protocols import Origin

__all__ = ["LIBRARY", "HDF5LibraryReader", "OpenFiles", "one_at_a_time"]


def one_at_a_time(reason: str) -> str:
    """The route of an `Origin` for reading under a lock."""
    return f"through the library, one at a time: {reason}"


class OpenFiles:
    """Files held open in a library that may only be called by one thread at a time.

    opener : gives an object with ``close()`` for a path
    lock : to be held around every call into the library
    """

    def __init__(self, opener: Callable[[str], Any], limit: int = 16) -> None:
        self.lock = threading.RLock()
        self._opener, self._limit = opener, limit
        self._open: dict[FileStamp, Any] = {}
        self._readers: dict[FileStamp, int] = {}
        self._gone: deque[FileStamp] = deque()

    def __contains__(self, file: FileStamp) -> bool:
        return file in self._open

    def register(self, reader: object, file: FileStamp) -> None:
        """Close the file when `reader` and all others that read from it are gone."""
        with self.lock:
            self._close_gone()
            self._readers[file] = self._readers.get(file, 0) + 1
        weakref.finalize(reader, self._release, file)

    def get(self, file: FileStamp) -> Any:
        """The open file; call and use it with the lock held.  ReadError if it has changed or can't be opened."""
        self._close_gone()
        file.check()
        handle = self._open.pop(file, None)
        if handle is None:
            while len(self._open) >= self._limit:
                self._close(next(iter(self._open)))
            try:
                handle = self._opener(file.path)
            except Exception as error:
                raise ReadError(f"can't open {file.path}: {error}") from error
        self._open[file] = handle  # at the end: the one used last
        return handle

    def _release(self, file: FileStamp) -> None:
        """Called when a reader is collected: by any thread at any time, so it must not wait for the lock."""
        self._gone.append(file)
        if self.lock.acquire(blocking=False):
            try:
                self._close_gone()
            finally:
                self.lock.release()

    def _close_gone(self) -> None:
        while self._gone:
            file = self._gone.popleft()
            self._readers[file] -= 1
            if not self._readers[file]:
                del self._readers[file]
                self._close(file)

    def _close(self, file: FileStamp) -> None:
        handle = self._open.pop(file, None)
        if handle is not None:
            with contextlib.suppress(Exception):
                handle.close()


def _missing_files(dataset: Any) -> str:
    """Which of the external files that hold a dataset's numbers aren't there, for a message; "" if that isn't it."""
    folder = Path(os.fsdecode(dataset.file.filename)).parent
    names = [os.fsdecode(name) for name, _, _ in dataset.external or ()]
    missing = [name for name in names if not Path(name).exists() and not (folder / name).exists()]
    if not missing:
        return ""
    return f"; its numbers are in {', '.join(missing)}, which is not there: put it back, or open a file that is whole"


def _open_h5py(path: str) -> Any:
    import h5py

    return h5py.File(path, "r")


#: HDF5 files opened by path.
LIBRARY = OpenFiles(_open_h5py)


class HDF5LibraryReader:
    """An HDF5 dataset read by h5py under a lock.

    file, name : where it is, opened when needed; or
    dataset : the user's own dataset, for files that can't be opened a second time
    reason : why it is read so, for people
    """

    masked = False
    array: np.ndarray[Any, Any] | None = None

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        stored_chunks: tuple[int, ...] | None,
        reason: str,
        *,
        file: FileStamp | None = None,
        name: str = "",
        path: str | None = None,
        dataset: Any = None,
    ) -> None:
        self.shape, self.dtype, self.stored_chunks = shape, dtype, stored_chunks
        self._file, self._name, self._dataset = file, name, dataset
        self.origin = Origin("HDF5", path if file is None else file.path, name, one_at_a_time(reason))
        if file is not None:
            LIBRARY.register(self, file)

    def read(self, region: tuple[slice, ...], out: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
        """What h5py gives; ReadError if the file has changed, was closed, or the library fails."""
        with LIBRARY.lock:
            dataset = self._dataset if self._file is None else LIBRARY.get(self._file)[self._name]
            if not dataset:
                raise ReadError(f"{self.origin}: the file was closed; keep it open while arrays read from it")
            try:
                block = np.asarray(dataset[region], self.dtype)
            except OSError as error:
                why = _missing_files(dataset) or failing_chunk(dataset.__getitem__, region, self.stored_chunks)
                raise ReadError(f"{self.origin}: {error}{why}") from error
        if out is None or block.shape != out.shape:
            return self._checked(block, region)
        out[...] = block
        return out

    def _checked(self, block: np.ndarray[Any, Any], region: tuple[slice, ...]) -> np.ndarray[Any, Any]:
        shape = shape_of(region)
        if block.shape != shape:
            raise ReadError(f"{self.origin}: expected a block of shape {shape}, got {block.shape}; was it resized?")
        return block
