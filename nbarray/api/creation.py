"""Public functions that make arrays: of data that exists, and of nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply, wrap
from nbarray.api.conversions import values_of
from nbarray.api.dispatch import public, takes
from nbarray.api.storing import guard_of
from nbarray.errors import DTypeError, InputError
from nbarray.io.opening import open_many, open_source
from nbarray.io.wrap import wrap as wrap_source
from nbarray.ops import creation, joining, shaping
from nbarray.ops.lines import asked_of_numpy
from nbarray.ops.operands import constant

__all__ = [
    "arange",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_array",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "open",
    "zeros",
    "zeros_like",
]


@public()
@takes("name", "asarray", "fancy", "meta", "inline_array")
def from_array(obj: Any, chunks: Any = None, lock: Any = None, *, blockshape: Any = None) -> Array:
    """A blocked array on data that exists: nothing is copied or read now.

    obj : a NumPy array or memmap, an h5py.Dataset, a netCDF4.Variable (its scale, offset and masking apply, as
        in ``obj[...]``), anything with shape, dtype and ``__getitem__``, or a number or list of what NumPy takes
    lock : held while anything but a NumPy array is read, one piece at a time; by default (and for True or False) what
        reads it knows what has to be locked
    chunks : a size for each axis, -1 for a whole axis, "auto", or bytes a chunk ("64MiB")
    blockshape : another name for chunks

    Raises ChunkError when chunks don't fit the shape, InputError when `obj` is no array.

    >>> import numpy as np, nbarray as nb
    >>> nb.from_array(np.ones((4, 6)), chunks=(2, 3)).sum(axis=0).compute()
    array([4., 4., 4., 4., 4., 4.])
    """
    if chunks is not None and blockshape is not None:
        raise InputError("give chunks or blockshape, not both: they mean the same")
    if isinstance(obj, Array):
        return obj if chunks is None and blockshape is None else obj.rechunk(blockshape if chunks is None else chunks)
    if isinstance(obj, list | tuple | bool | int | float | complex | np.generic):
        return wrap(constant(np.asarray(obj), blockshape if chunks is None else chunks))
    guard = None if lock is None or isinstance(lock, bool) else guard_of(lock)
    return wrap(creation.from_source(wrap_source(obj, guard), blockshape if chunks is None else chunks))


def check_like(like: Any) -> None:
    """What `like` says of NumPy's functions: what kind of array to make.  Raises DTypeError for one that isn't ours."""
    if not (like is None or isinstance(like, Array | np.ndarray)):
        raise DTypeError(
            f"like={type(like).__name__}: nbarray makes blocked arrays only, so like= is a blocked or a NumPy array; "
            "leave it out"
        )


@public()
@takes("order", "allow_unknown_chunksizes")
def asarray(obj: Any, dtype: Any = None, chunks: Any = None, *, copy: bool | None = None, like: Any = None) -> Array:
    """A blocked array of anything NumPy makes an array of; blocked arrays are handed on, lists of them are stacked.

    copy : True for another array to write to than the one given, False to refuse what can't do without a copy
    like : a blocked or a NumPy array; what is made is blocked anyway

    Cost: none, but for the list or scalar that is made an array of.

    >>> import nbarray as nb
    >>> nb.asarray([1, 2, 3]).sum().compute()
    np.int64(6)
    """
    check_like(like)
    if copy is False and not (hasattr(obj, "dtype") and dtype in (None, obj.dtype)):
        raise InputError("copy=False: a copy can't be avoided; leave it out, or give copy=None")
    if isinstance(obj, list | tuple) and _holds_arrays(obj):
        obj = wrap(joining.stack([asarray(o).expr for o in obj]))
    if isinstance(obj, Array) or (hasattr(obj, "shape") and hasattr(obj, "dtype")):
        made = from_array(obj, chunks)
        made = made if dtype is None else made.astype(dtype)
        return made.copy() if copy and made is obj else made
    return wrap(constant(asked_of_numpy(np.asarray, obj, dtype), chunks))  # what texts and tuples are, the dtype says


def _holds_arrays(values: Any) -> bool:
    return any(isinstance(v, Array) or (isinstance(v, list | tuple) and _holds_arrays(v)) for v in values)


@public()
def open(
    path: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    name: str | None = None,
    chunks: Any = None,
    *,
    missing: str = "nan",
) -> Array:
    """A variable of a file, or of many files end to end along their record dimension.

    path : a file, a pattern ("2014-*.nc") or a list of files; HDF5, NetCDF and .npy
    name : of the variable ("group/variable" inside groups)
    missing : "nan" gives floats with NaN where a value is missing, "mask" gives masked arrays

    Raises MissingFile, FileFormatError, VariableNotFound, FilesDiffer; each says what to do.

    Cost: reads headers and where chunks lie, no values; one file open at a time.

    >>> import nbarray as nb
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     nb.to_netcdf(f"{folder}/2014.nc", "t", nb.ones((4, 6)))
    ...     nb.open(f"{folder}/*.nc", "t").shape
    (4, 6)
    """
    many = not isinstance(path, str | os.PathLike) or any(c in os.fspath(path) for c in "*?[")
    if isinstance(path, str | os.PathLike) and os.path.exists(path):
        many = False
    if not many:
        assert isinstance(path, str | os.PathLike)
        return wrap(creation.from_source(open_source(path, name, missing), chunks))
    opened = open_many(path, name, missing)
    return wrap(creation.from_sources(list(opened.sources), opened.axis, chunks))


@public()
@takes("order")
def full(shape: Any, fill_value: Any, dtype: Any = None, chunks: Any = None, *, like: Any = None) -> Array:
    """An array of one value, or of values that spread to its shape.

    like : a blocked or a NumPy array; what is made is blocked anyway

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.full((2, 2), 7).compute()
    array([[7, 7],
           [7, 7]])
    """
    check_like(like)
    if not isinstance(fill_value, Array) and not np.ndim(fill_value):
        return wrap(creation.full(shape, fill_value, dtype, chunks))
    spread = apply(shaping.broadcast_to, asarray(fill_value, dtype), shape)
    return spread if chunks is None else spread.rechunk(chunks)


@public()
@takes("order")
def zeros(shape: Any, dtype: Any = float, chunks: Any = None, *, like: Any = None) -> Array:
    """An array of zeros.

    like : a blocked or a NumPy array; what is made is blocked anyway

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.zeros((2, 2), dtype=int).compute()
    array([[0, 0],
           [0, 0]])
    """
    check_like(like)
    return wrap(creation.full(shape, np.zeros((), dtype), None, chunks))


@public()
@takes("order")
def ones(shape: Any, dtype: Any = float, chunks: Any = None, *, like: Any = None) -> Array:
    """An array of ones.

    like : a blocked or a NumPy array; what is made is blocked anyway

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.ones((2, 2), chunks=1).compute()
    array([[1., 1.],
           [1., 1.]])
    """
    check_like(like)
    return wrap(creation.full(shape, np.ones((), dtype), None, chunks))


@public()
@takes("order")
def empty(shape: Any, dtype: Any = float, chunks: Any = None, *, like: Any = None) -> Array:
    """An array whose values don't matter: zeros.

    like : a blocked or a NumPy array; what is made is blocked anyway

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.empty((2, 3)).shape
    (2, 3)
    """
    check_like(like)
    return zeros(shape, dtype, chunks)


@public(np.full_like)
@takes("order", "subok", "device", "name")
def full_like(a: Any, fill_value: Any, dtype: Any = None, chunks: Any = None, shape: Any = None) -> Array:
    """An array of one value, with the shape, dtype and chunks of another.

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.full_like(nb.arange(3), 7).compute()
    array([7, 7, 7])
    """
    like = asarray(a)
    sizes = like.shape if shape is None else shape
    grid = like.expr.chunks if chunks is None and shape is None else chunks
    return full(sizes, fill_value, like.dtype if dtype is None else dtype, grid)


@public(np.zeros_like)
@takes("order", "subok", "device", "name")
def zeros_like(a: Any, dtype: Any = None, chunks: Any = None, shape: Any = None) -> Array:
    """Zeros, with the shape, dtype and chunks of another array.

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.zeros_like(nb.arange(3)).compute()
    array([0, 0, 0])
    """
    return full_like(a, np.zeros((), asarray(a).dtype if dtype is None else dtype), dtype, chunks, shape)


@public(np.ones_like)
@takes("order", "subok", "device", "name")
def ones_like(a: Any, dtype: Any = None, chunks: Any = None, shape: Any = None) -> Array:
    """Ones, with the shape, dtype and chunks of another array.

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.ones_like(nb.arange(3)).compute()
    array([1, 1, 1])
    """
    return full_like(a, np.ones((), asarray(a).dtype if dtype is None else dtype), dtype, chunks, shape)


@public(np.empty_like)
@takes("order", "subok", "device", "name")
def empty_like(a: Any, dtype: Any = None, chunks: Any = None, shape: Any = None) -> Array:
    """An array whose values don't matter, with the shape, dtype and chunks of another.

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.empty_like(nb.arange(3)).shape
    (3,)
    """
    return zeros_like(a, dtype, chunks, shape)


@public()
def arange(
    start: Any, stop: Any = None, step: Any = 1, dtype: Any = None, chunks: Any = None, *, like: Any = None
) -> Array:
    """Evenly spaced numbers from `start` (0 if only one bound is given) up to, not including, `stop`.

    like : a blocked or a NumPy array; what is made is blocked anyway

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.arange(-5 * 10**11, 5 * 10**11, chunks=10**6).shape
    (1000000000000,)
    """
    check_like(like)
    start, stop, step = (values_of(v) if isinstance(v, Array) else v for v in (start, stop, step))
    return wrap(creation.arange(start, stop, step, dtype, chunks))


@public()
@takes("order")
def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = float, chunks: Any = None, *, like: Any = None) -> Array:  # noqa: N803 - NumPy's names
    """Ones on the `k`-th diagonal of an `N` by `M` array.

    like : a blocked or a NumPy array; what is made is blocked anyway

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.eye(2, 3, k=1).compute()
    array([[0., 1., 0.],
           [0., 0., 1.]])
    """
    check_like(like)
    return wrap(creation.eye(N, M, k, dtype, chunks))
