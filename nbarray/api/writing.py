"""Arrays into files: HDF5, NetCDF, Zarr and ``.npy``, whatever their size.

A file that is new gets its name when it is whole, so a run that fails or is cancelled leaves nothing that
looks like a result.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nbarray.api.array import Array
from nbarray.api.creation import asarray
from nbarray.api.dispatch import is_method, public, takes
from nbarray.api.storing import store as store_values
from nbarray.api.storing import write
from nbarray.api.storing_later import stored, storing
from nbarray.errors import InputError, WriteError
from nbarray.io.hdf5write import create_dataset, dataset_writer
from nbarray.io.newfiles import new_file, new_folder, told_of
from nbarray.io.rawwrite import RawWriter

__all__ = ["store", "to_hdf5", "to_netcdf", "to_npy", "to_zarr"]


@public()
@takes("scheduler", "optimize_graph")
def store(
    sources: Any,
    targets: Any,
    lock: Any = None,
    regions: Any = None,
    compute: bool = True,
    return_stored: bool = False,
    load_stored: bool | None = None,
    **options: Any,
) -> Any:
    """Compute arrays and assign them to targets: anything that takes ``target[region] = values``.

    lock : held while values are assigned (and while they are read again, for `return_stored`)
    regions : where they go in their targets (slices), None for all of it
    compute : write now.  If not, an array for each source, which writes when it is computed, its blocks from several
        threads, each under the lock (by default the target's own; False for none)
    return_stored : give arrays on the targets, which need square brackets that read; with ``compute=False``, arrays
        that write and then are what was written.  By default None, or arrays without elements
    load_stored : not used; values are the same, read again or not
    options : memory, workers

    Returns None, an array for a single source, or a tuple.  Raises InputError where counts or shapes differ.

    Cost: one pass, what arrays share is computed once; memory for a few pieces beside the budget's.

    >>> import numpy as np, nbarray as nb
    >>> out = np.zeros(3)
    >>> nb.store(nb.arange(3), out)
    >>> out
    array([0., 1., 2.])
    """
    arrays = [asarray(s) for s in (sources if isinstance(sources, list | tuple) else [sources])]
    places = list(targets) if isinstance(targets, list | tuple) else [targets]
    where = regions if isinstance(regions, list) else [regions] * len(arrays)
    for array, target, region in zip(arrays, places, where, strict=False):
        shape = getattr(target, "shape", None)
        if region is None and shape is not None and tuple(shape) != array.shape:
            raise InputError(f"store: an array of shape {array.shape} doesn't fit a target of shape {tuple(shape)}")
    fits = len(arrays) == len(places) == len(where)
    if compute or not fits:
        store_values(arrays, places, where, None if isinstance(lock, bool) else lock, **options)
        if not return_stored:
            return None
        made = [stored(*each, lock) for each in zip(arrays, places, where, strict=True)]
    else:
        made = [storing(*each, lock, return_stored) for each in zip(arrays, places, where, strict=True)]
    return made[0] if len(made) == 1 else tuple(made)


@public()
def to_npy(x: Any, path: Any, **options: Any) -> None:
    """Write an array to an ``.npy`` file, which `numpy.load` reads; an old file of that name is replaced.

    Raises WriteError where that can't be done, InputError for masked arrays.

    Cost: one pass, a piece is written while the next ones are computed.

    >>> import numpy as np, nbarray as nb
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     nb.to_npy(nb.arange(3), f"{folder}/x.npy")
    ...     np.load(f"{folder}/x.npy")
    array([0, 1, 2])
    """
    x = _plain(asarray(x), "to_npy")
    with new_file(Path(path)) as part:
        with told_of(path):
            offset = np.lib.format.open_memmap(part, "w+", x.dtype, x.shape).offset
        if x.size:
            write([x], [RawWriter(str(part), x.shape, x.dtype, x.shape, np.array([offset], np.int64))], **options)


@is_method("tofile")
def tofile(x: Array, fid: Any, sep: str = "", format: str = "%s", **options: Any) -> None:
    """Write the bytes of all values in C order to a file, which `nbarray.fromfile` reads; an old file is replaced.

    fid : a path.  Raises WriteError where that can't be done, InputError for masked arrays, an open file, or text.
    """
    if sep:
        raise InputError(f"tofile: sep={sep!r} writes text; use nb.savetxt(path, x)")
    if not isinstance(fid, str | os.PathLike):
        raise InputError(f"tofile: expected a path, not {type(fid).__name__}: pieces are written in any order")
    if x.dtype.hasobject:
        raise WriteError(f"tofile: {x.dtype} holds references, which are no bytes to be stored")
    x = _plain(x, "tofile")
    with new_file(Path(fid)) as part:
        with told_of(fid), part.open("wb") as file:
            file.truncate(x.nbytes)
        if x.size:
            write([x], [RawWriter(str(part), x.shape, x.dtype, x.shape, np.array([0], np.int64))], **options)


@public()
def to_hdf5(path: Any, *args: Any, memory: Any = None, workers: Any = None, **options: Any) -> None:
    """Write arrays to datasets of an HDF5 file: ``to_hdf5(path, "/x", x)`` or ``to_hdf5(path, {"/x": x, "/y": y})``.

    options : as `h5py.Group.create_dataset` takes them (compression, shuffle, ...); ``chunks=None`` for a contiguous
        dataset; by default a dataset has the array's chunks where they are alike

    A file that exists is added to.  Raises InputError for a name that is taken, WriteError for a place that can't be
    written to.

    Cost: one pass, a piece is written while the next ones are computed.

    >>> import nbarray as nb
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     nb.to_hdf5(f"{folder}/x.h5", "/x", nb.arange(3))
    ...     nb.open(f"{folder}/x.h5", "x").compute()
    array([0, 1, 2])
    """
    import h5py

    arrays = _named(args, "to_hdf5")
    plain = {name: _plain(x, "to_hdf5") for name, x in arrays.items()}
    with _changed_file(Path(path)) as part, told_of(path), h5py.File(part, "a") as file:
        for name in plain:
            if name in file:
                raise InputError(f"{path} has {name!r} already; give another name, or delete it first")
        try:
            targets = [_dataset(file, name, x, options) for name, x in plain.items()]
            writers = [dataset_writer(t, x.dtype, True) for t, x in zip(targets, plain.values(), strict=True)]
            write(list(plain.values()), writers, memory, workers)
        except BaseException:
            with contextlib.suppress(Exception):  # where there is no room for that either
                for name in plain:
                    if name in file:
                        del file[name]
            raise


def _dataset(file: Any, name: str, x: Array, options: dict[str, Any]) -> Any:
    chosen = dict(options)
    if "chunks" not in chosen and x.ndim and x.size and math.prod(map(len, x.chunks)) > 1:
        chosen["chunks"] = tuple(min(n, size) for n, size in zip(x.chunksize, x.shape, strict=True))
    return create_dataset(file, name, x.shape, x.dtype, chosen)


@public()
def to_netcdf(path: Any, *args: Any, dims: Any = None, memory: Any = None, workers: Any = None, **options: Any) -> None:
    """Write arrays to variables of a NetCDF-4 file: ``to_netcdf(path, "x", x)`` or ``to_netcdf(path, {"x": x})``.

    dims : names of the dimensions of all of the arrays, or a dictionary by variable; by default made up
    options : as `netCDF4.Dataset.createVariable` takes them (zlib, chunksizes, fill_value, ...)

    A file that exists is added to.  Masked elements are stored as missing.  Raises InputError for a name that is
    taken or dimensions of another size.

    Cost: one pass, a piece is written while the next ones are computed.

    >>> import nbarray as nb
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     nb.to_netcdf(f"{folder}/x.nc", "x", nb.arange(3))
    ...     nb.open(f"{folder}/x.nc", "x").compute()
    array([0, 1, 2])
    """
    import netCDF4

    arrays = _named(args, "to_netcdf")
    with contextlib.ExitStack() as stack:
        part = stack.enter_context(_changed_file(Path(path)))
        stack.enter_context(told_of(path))
        file = stack.enter_context(netCDF4.Dataset(part, "a" if part.exists() else "w"))
        targets = []
        for name, x in arrays.items():
            if name in file.variables:
                raise InputError(f"{path} has {name!r} already; give another name")
            given = dims.get(name) if isinstance(dims, Mapping) else dims
            endian = {"<": "little", ">": "big"}.get(x.dtype.byteorder, "native")
            names = _dimensions(file, x, given, name)
            targets.append(file.createVariable(name, x.dtype, names, **{"endian": endian, **options}))
            if isinstance(chunk := targets[-1].chunking(), list):  # chunks are written whole: the library need keep one
                targets[-1].set_var_chunk_cache(size=max(2**20, math.prod(chunk) * x.dtype.itemsize))
        store_values(list(arrays.values()), targets, [None] * len(targets), None, memory, workers)


def _dimensions(file: Any, x: Array, given: Any, variable: str) -> tuple[str, ...]:
    names = tuple(given) if given is not None else tuple(f"{variable}_{k}" for k in range(x.ndim))
    if len(names) != x.ndim:
        raise InputError(f"to_netcdf: dims={names} has {len(names)} names, but {variable!r} has {x.ndim} axes")
    for name, size in zip(names, x.shape, strict=True):
        if name not in file.dimensions:
            file.createDimension(name, size)
        elif len(file.dimensions[name]) != size:
            raise InputError(f"to_netcdf: dimension {name!r} has size {len(file.dimensions[name])}, not {size}")
    return names


@public()
def to_zarr(
    x: Any,
    target: Any,
    component: str | None = None,
    region: Any = None,
    compute: bool = True,
    return_stored: bool = False,
    *,
    memory: Any = None,
    workers: Any = None,
    **options: Any,
) -> Any:
    """Write an array to Zarr: into an array of the package `zarr`, or a new one at a path; returns it.

    component : name of the new array in the group at the path; region : slices, where it goes in the Zarr array
    compute, return_stored : as `nbarray.store` takes them; then what `store` gives is returned
    options : as `zarr.create_array` takes them (overwrite, compressors, ...); chunks are the array's

    Where writing fails, a folder made for it is removed; what is left elsewhere is named by a note of the error.

    Cost: one pass, a piece is written while the next ones are computed.

    >>> import nbarray as nb
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     written = nb.to_zarr(nb.ones((4, 4), chunks=2), f"{folder}/x.zarr")
    ...     written.shape
    (4, 4)
    """
    x = _plain(asarray(x), "to_zarr")
    stored = {"compute": compute, "return_stored": return_stored, "memory": memory, "workers": workers}
    if hasattr(target, "dtype"):
        made = store(x, target, None, region, **stored)
        return target if compute and not return_stored else made
    if region is not None:
        raise InputError("to_zarr: region= is of a Zarr array that exists; give that, instead of a path")
    import zarr

    place = os.fspath(target) if isinstance(target, os.PathLike) else target
    given = {"name": component, "shape": x.shape, "dtype": x.dtype, "chunks": x.chunksize, **options}
    folder = Path(place) if isinstance(place, str) and "://" not in place else None
    with new_folder(folder, component or "") as is_new:
        with told_of(target):
            array = zarr.create_array(place, **given)
        try:
            made = store(x, array, **stored)
        except BaseException as error:
            if not is_new:
                error.add_note(f"{array} holds a part of the values now; delete it, or write it with overwrite=True")
            raise
    return array if compute and not return_stored else made


def _named(args: tuple[Any, ...], function: str) -> dict[str, Array]:
    if len(args) == 1 and isinstance(args[0], Mapping):
        return {str(name): asarray(x) for name, x in args[0].items()}
    if len(args) == 2 and isinstance(args[0], str):
        return {args[0]: asarray(args[1])}
    raise InputError(f"{function}: expected a path, a name and an array, or a path and a dictionary of arrays by name")


def _plain(x: Array, function: str) -> Array:
    if x.masked:
        raise InputError(f"{function}: masked elements can't be stored there; fill them first, or use to_netcdf")
    return x


@contextlib.contextmanager
def _changed_file(path: Path) -> Iterator[Path]:
    """The file itself if it exists, else a name to write to first."""
    if path.exists():
        yield path
        return
    with new_file(path) as part:
        yield part


def _writing(name: str, write: Callable[..., Any]) -> None:
    def method(self: Array, path: Any, *args: Any, **options: Any) -> Any:
        names = args if name in ("to_hdf5", "to_netcdf") else ()
        return write(*((path, *names, self) if names else (self, path, *args)), **options)

    method.__name__, method.__doc__ = name, f"Write this array to a file; see `nbarray.{name}`."
    is_method(name)(method)


for _write in (to_hdf5, to_netcdf, to_npy, to_zarr):
    _writing(_write.__name__, _write)
