"""Reading through the netCDF library, one read at a time, where it can't be done without.

The library must never be called by two threads at once, whatever the file: every call of ours is made
under one lock.  The user's own calls in other threads can't be held back; our own handles are
therefore separate ones wherever the file can be opened by its path.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.errors import ReadError
from nbarray.grid.regions import shape_of
from nbarray.io.failing import failing_chunk
from nbarray.io.hdf5library import OpenFiles, one_at_a_time
from nbarray.io.pool import FileStamp
from nbarray.io.protocols import Origin

__all__ = ["NETCDF", "NetCDFLibraryReader"]


def _open_netcdf4(path: str) -> Any:
    import netCDF4

    dataset = netCDF4.Dataset(path, "r")
    dataset.set_auto_maskandscale(False)
    dataset.set_auto_chartostring(False)
    return dataset


#: Files opened in the netCDF library by path; its lock covers every call into that library.
NETCDF = OpenFiles(_open_netcdf4)


class NetCDFLibraryReader:
    """The stored numbers of a variable, read by netCDF4 under a lock.

    name : full, with its groups; reason : why it is read so, for people
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
        reason: str,
    ) -> None:
        self._file, self._name = file, name
        self.shape, self.dtype, self.stored_chunks = shape, dtype, stored_chunks
        self.origin = Origin("NetCDF", file.path, name, one_at_a_time(reason))
        NETCDF.register(self, file)

    def read(self, region: tuple[slice, ...], out: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
        """What netCDF4 gives; ReadError if the file has changed or the library fails."""
        with NETCDF.lock:
            dataset = NETCDF.get(self._file)
            try:
                block = np.asarray(dataset[self._name][region])
            except (OSError, RuntimeError, IndexError) as error:
                which = failing_chunk(lambda part: dataset[self._name][part], region, self.stored_chunks)
                raise ReadError(f"{self.origin}: {error}{which}") from error
        shape = shape_of(region)
        if block.shape != shape or block.dtype != self.dtype:
            raise ReadError(
                f"{self.origin}: expected {self.dtype} of shape {shape}, got {block.dtype} of shape {block.shape}"
            )
        return block
