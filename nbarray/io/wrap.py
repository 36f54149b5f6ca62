"""What `from_array` takes: one place that knows which kind of object becomes which reader.

h5py and netCDF4 are never imported here: an object can only be theirs if the user has imported them.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from nbarray.errors import DTypeError
from nbarray.io.getitem import GetitemReader, checked_dtype, checked_shape
from nbarray.io.hdf5 import dataset_source
from nbarray.io.memory import MemoryReader
from nbarray.io.netcdf import variable_source
from nbarray.io.netcdflibrary import NETCDF
from nbarray.io.protocols import Source

__all__ = ["is_wrappable", "wrap"]


def wrap(obj: Any, lock: Any = None) -> Source:
    """An object with data as a source.

    obj : a NumPy array, masked array or memmap; an `h5py.Dataset`; a `netCDF4.Variable`, whose values are those of
        ``obj[...]``; or anything with shape, dtype and ``__getitem__``
    lock : held while anything but a NumPy array is read, through ``obj[...]``
    Raises InputError or DTypeError for anything else, UnsupportedVariable for items of variable length.

    >>> wrap(np.arange(3)).reader.shape
    (3,)
    """
    if isinstance(obj, np.ndarray):
        if isinstance(obj, np.ma.MaskedArray) and obj.dtype.names:
            raise DTypeError(
                "a masked array of records, with a mask for each field, can't be cut into blocks; mask records as a "
                "whole: nb.ma.masked_array(x.data, mask)"
            )
        if isinstance(obj, np.memmap):
            checked_dtype(obj)
        keep = isinstance(obj, np.ma.MaskedArray | np.memmap)
        return Source(MemoryReader(obj if keep else np.asarray(obj)), None)
    if lock is not None:
        return Source(GetitemReader(obj, lock=lock), None)
    if _is(obj, "h5py", "Dataset"):
        return dataset_source(obj)
    if _is(obj, "netCDF4", "Variable"):
        return variable_source(obj)
    if type(obj).__module__.partition(".")[0] == "netCDF4":  # its own kinds of variable, such as those over many files
        with NETCDF.lock:
            return Source(GetitemReader(obj, lock=NETCDF.lock), None)
    return Source(GetitemReader(obj), None)


def is_wrappable(obj: Any) -> bool:
    """Whether `wrap` takes an object, found out without reading anything.

    >>> is_wrappable(np.zeros(3)), is_wrappable([1, 2]), is_wrappable(np.float64(1))
    (True, False, False)
    """
    if isinstance(obj, np.generic | type) or not hasattr(type(obj), "__getitem__"):
        return False
    try:
        if _is(obj, "netCDF4", "Variable"):
            return obj.dtype is not str and not np.dtype(obj.dtype).hasobject
        checked_shape(obj)
        checked_dtype(obj)
    except Exception:  # whatever an unknown object raises when it is asked
        return False
    return True


def _is(obj: Any, module: str, name: str) -> bool:
    """Whether an object is of a class of a package that may not be imported."""
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(obj, kind)
