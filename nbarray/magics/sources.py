"""Which objects of a user's namespace ``%%blocked`` treats as blocked arrays.

Decided by looking only: no library is imported for it (an object of h5py can't exist before h5py is
imported), and nothing is read.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

__all__ = ["LARGE_BYTES", "is_on_file", "is_source"]

#: NumPy arrays of at least this many bytes are blocked inside ``%%blocked``; below it, NumPy at once is quicker.
LARGE_BYTES = 64 * 2**20

#: Kinds of dtype that can be blocked: numbers, booleans and times.
_KINDS = frozenset("biufcmM")

#: Module and class of arrays on file.
_STORED = (("h5py", "Dataset"), ("netCDF4", "Variable"), ("zarr", "Array"))


def _is_instance(obj: object, module: str, name: str) -> bool:
    cls = getattr(sys.modules.get(module), name, None)
    return cls is not None and isinstance(obj, cls)


def is_on_file(obj: object) -> bool:
    """Whether `obj` is stored numbers in one or more dimensions: of h5py, netCDF4 or zarr.

    >>> is_on_file(np.zeros(3))
    False
    """
    if not any(_is_instance(obj, *kind) for kind in _STORED):
        return False
    # its file was closed: whoever uses it gets the library's own error
    if _is_instance(obj, "h5py", "Dataset") and not obj:  # which may still know its dtype and shape
        return False
    try:
        dtype, shape = obj.dtype, obj.shape  # type: ignore[attr-defined]
    except Exception:
        return False
    return isinstance(dtype, np.dtype) and dtype.kind in _KINDS and shape is not None and len(shape) > 0


def is_source(obj: object) -> bool:
    """Whether `obj` becomes a blocked array: on file, a memmap, or a NumPy array of 64 MiB or more.

    >>> is_source(np.zeros(3)), is_source(np.empty(2**23)), is_source([1.0] * 100)
    (False, True, False)
    """
    kind: type[Any] = type(obj)
    if kind is np.ndarray or kind is np.ma.MaskedArray:
        assert isinstance(obj, np.ndarray)
        return obj.nbytes >= LARGE_BYTES and obj.dtype.kind in _KINDS and obj.ndim > 0
    if isinstance(obj, np.memmap):
        # a result of reducing a memmap is a memmap too, with nothing mapped behind it
        return obj.ndim > 0 and obj.dtype.kind in _KINDS and getattr(obj, "_mmap", None) is not None
    return is_on_file(obj)
