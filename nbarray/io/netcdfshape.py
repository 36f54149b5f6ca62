"""The shape netCDF-4 gives a variable, which is not always that of its HDF5 dataset.

A dimension without a limit is as long as the longest variable along it; the others are read as if they
had been filled up.  HDF5 knows each dataset's own length only, so all datasets that share the dimension
are asked.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["netcdf_shape"]

_REFERENCES = b"REFERENCE_LIST"


def netcdf_shape(dataset: Any) -> tuple[int, ...]:
    """The shape of an open h5py dataset as netCDF4 would tell it."""
    shape = list(dataset.shape)
    for axis, most in enumerate(dataset.maxshape):
        if most is None:
            for scale in _scales(dataset, axis):
                shape[axis] = max(shape[axis], _longest(scale, alone=scale != dataset.id))
    return tuple(shape)


def _scales(dataset: Any, axis: int) -> list[Any]:
    """The low-level datasets that stand for the dimension of an axis: one, or none where it is no netCDF dimension."""
    import h5py

    if h5py.h5ds.is_scale(dataset.id):
        return [dataset.id] if axis == 0 else []  # a coordinate stands for its own dimension
    found: list[Any] = []
    h5py.h5ds.iterate(dataset.id, axis, found.append, 0)
    return found


def _longest(scale: Any, alone: bool) -> int:
    """The length of the longest dataset along a dimension, by calls that cost microseconds.

    alone : whether to leave it at that if just one dataset is on the dimension, since that is the one asked for
    """
    import h5py

    longest = int(scale.shape[0])
    if not h5py.h5a.exists(scale, _REFERENCES):
        return longest
    attribute = h5py.h5a.open(scale, _REFERENCES)
    if alone and attribute.shape == (1,):
        return longest
    users = np.zeros(attribute.shape, attribute.dtype)
    attribute.read(users)
    return max(longest, *(int(h5py.h5r.dereference(user, scale).shape[axis]) for user, axis in users))
