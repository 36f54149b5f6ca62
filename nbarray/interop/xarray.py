"""nbarray as a chunk manager of xarray: what `chunks=` and `.chunk()` of its objects give.

xarray loads this file through the entry point ``nbarray`` of the group ``xarray.chunkmanagers``; nbarray itself does
where xarray indexes one of its arrays.  Choose it with ``chunked_array_type="nbarray"``, or for good with
``xarray.set_options(chunk_manager="nbarray")``.  It may use arrays and their functions, not the notebook.

Picking points (`sel` and `isel` by arrays that share dimensions, `idxmax`, `idxmin`) and assigning to parts work as
for NumPy arrays: the file teaches xarray's adapter to do so for our arrays (`_index_through`).

Not lazy or not there:

- variables of Python objects (cftime dates, strings of any length) stay as xarray holds them, unchunked;
- `apply_ufunc(dask="parallelized")` without `output_dtypes` computes one block to find the dtype;
- `persist` waits for the values; `polyfit` looks whether some are missing, unless it is told ``skipna=False``, and is
  computed where they are;
- xarray itself works in memory for anybody but dask: `.dt`, `ffill`, `bfill`, and comparing (`equals`, `merge`,
  coordinates of two objects that differ);
- `xarray.map_blocks` calls its function once, with all that is blocked, and `scan` raises `NotBlocked`: xarray calls it
  for dask only;
- positions in coordinates that are in memory can't be blocked, as in ``t.isel(time=t.argmax("time"))``: xarray refuses
  it, and says what to compute;
- `to_netcdf` and `to_zarr` with ``compute=False`` give a `dask.delayed`, so that they need dask;
- values of files are read by xarray's own reader, under its lock: `nbarray.open` reads in parallel.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
from xarray.core.indexing import ArrayApiIndexingAdapter, ImplicitToExplicitIndexingAdapter
from xarray.namedarray.parallelcompat import ChunkManagerEntrypoint

from nbarray.api import creation as public_creation
from nbarray.api.array import Array, wrap
from nbarray.api.blocks import blockwise, reduction, shuffle
from nbarray.api.computing import compute
from nbarray.api.creation import from_array
from nbarray.api.dispatch import PUBLIC
from nbarray.api.functions import map_blocks
from nbarray.api.gufunc import apply_gufunc
from nbarray.api.storing import store
from nbarray.config import current
from nbarray.errors import ChunkError, InputError, NotBlocked
from nbarray.grid.chunks import AxisChunks
from nbarray.grid.normalize import normalize_chunks
from nbarray.io.getitem import GetitemReader
from nbarray.io.protocols import Origin, Source
from nbarray.ops.creation import from_source
from nbarray.units import parse_bytes

__all__ = ["NbarrayManager"]

#: What xarray hands to every chunk manager although it is meant for another library.
_FOREIGN = {"name", "lock", "inline_array", "meta", "asarray", "fancy"}


class _Lazy:
    """An array of xarray that isn't in memory yet, as something `GetitemReader` can read: native byte order, plain."""

    def __init__(self, data: Any, shape: tuple[int, ...]) -> None:
        self._data = data
        self.shape = shape
        self.dtype: np.dtype[Any] = np.dtype(data.dtype).newbyteorder("=")

    def __getitem__(self, region: tuple[slice, ...]) -> np.ndarray[Any, Any]:
        return np.asarray(self._data[region]).astype(self.dtype, copy=False)


class _Reader(GetitemReader):
    """A reader that a deep copy shares: xarray copies deeply in passing, and nobody can change what is only read."""

    def __deepcopy__(self, memo: dict[int, Any]) -> _Reader:
        return self


class NbarrayManager(ChunkManagerEntrypoint[Any]):
    """What xarray asks for when it works with blocked arrays; see `xarray.namedarray.parallelcompat`."""

    array_cls: type[Any] = Array

    def __init__(self) -> None:
        self.array_cls = Array

    # ------------------------------------------------------------------------------------------------ chunks

    def chunks(self, data: Any) -> tuple[tuple[int, ...], ...]:
        """Sizes of the chunks, axis by axis."""
        sizes: tuple[tuple[int, ...], ...] = data.chunks
        return sizes

    def normalize_chunks(
        self,
        chunks: Any,
        shape: Any = None,
        limit: int | str | None = None,
        dtype: Any = None,
        previous_chunks: Any = None,
    ) -> tuple[tuple[int, ...], ...]:
        """Sizes for each axis, from all that xarray's ``chunks=`` may be."""
        if shape is None:
            if not isinstance(chunks, tuple | list) or not all(isinstance(c, tuple | list) for c in chunks):
                raise ChunkError(f"chunks={chunks!r} need the shape of the array, unless they are sizes for each axis")
            shape = tuple(sum(c) for c in chunks)
        if chunks is None:
            raise ChunkError("chunks=None: expected a number, a tuple with one entry an axis, or 'auto'")
        chunks, text = _bytes_apart(chunks, tuple(shape))
        wanted = limit if text is None else text
        bound = current().chunk_bytes if wanted is None else parse_bytes(wanted, "limit")
        itemsize = 8 if dtype is None else np.dtype(dtype).itemsize
        return normalize_chunks(chunks, shape, itemsize, max(1, bound), _stored(previous_chunks)).tuples()

    def rechunk(self, data: Any, chunks: Any, **options: Any) -> Any:
        """Other chunks; axes that a dictionary doesn't name, or names with None, keep theirs."""
        _refuse("rechunk", options, set())
        if isinstance(chunks, dict):
            asked = [chunks.get(k, chunks.get(k - data.ndim)) for k in range(data.ndim)]
        elif isinstance(chunks, tuple | list) and len(chunks) == data.ndim:
            asked = list(chunks)
        else:
            asked = [chunks] * data.ndim
        kept = tuple(own if c is None else c for c, own in zip(asked, data.chunks, strict=True))
        return data.rechunk(self.normalize_chunks(kept, data.shape, dtype=data.dtype))

    def unify_chunks(self, *args: Any, **options: Any) -> tuple[dict[Any, Any], list[Any]]:
        """Common chunks by dimension, and the arrays cut by them; takes array, dimensions, array, ..."""
        pairs = list(zip(args[::2], args[1::2], strict=True))
        common: dict[Any, AxisChunks] = {}
        for data, dims in pairs:
            for axis, dim in zip(data.expr.chunks.axes if isinstance(data, Array) else (), dims or (), strict=True):
                seen = common.get(dim)
                if seen is None or seen.size == 1:
                    common[dim] = axis
                elif axis.size == seen.size:
                    common[dim] = seen.refine(axis)
        cut = [
            data.rechunk(tuple((n,) if n == 1 else common[d].sizes for n, d in zip(data.shape, dims, strict=True)))
            if isinstance(data, Array)
            else data
            for data, dims in pairs
        ]
        return {dim: axis.sizes for dim, axis in common.items()}, cut

    def get_auto_chunk_size(self) -> int:
        """Bytes of a chunk when nobody says how large chunks should be."""
        return current().chunk_bytes

    # -------------------------------------------------------------------------------------- making, computing

    def from_array(self, data: Any, chunks: Any, **options: Any) -> Any:
        """A blocked array on an array of xarray or NumPy; nothing is read.

        Variables of Python objects are handed back as they are: their size in memory can't be known.
        """
        _refuse("from_array", options, _FOREIGN)
        lazy = isinstance(data, ImplicitToExplicitIndexingAdapter)
        if np.dtype(data.dtype).hasobject:
            return data.array if lazy else data
        if isinstance(data, Array):
            return self.rechunk(data, chunks)
        made = self.normalize_chunks(chunks, data.shape, dtype=data.dtype)
        if isinstance(data, np.ndarray):
            return from_array(data, made)
        held = _Lazy(data, tuple(data.shape))
        origin = Origin("object", None, "xarray", "by xarray, one read at a time")
        # xarray turns missing values into NaN itself, so its arrays are never masked
        return wrap(from_source(Source(_Reader(held, origin=origin, masked=False), None), made))

    def compute(self, *data: Any, **options: Any) -> tuple[Any, ...]:
        """Values for all arrays together; what isn't a blocked array is handed on as it is."""
        _refuse("compute", options, {"memory", "workers"})
        values = compute(*data, **options)
        return tuple(np.asanyarray(v) if isinstance(d, Array) else v for d, v in zip(data, values, strict=True))

    def persist(self, *data: Any, **options: Any) -> tuple[Any, ...]:
        """Blocked arrays on computed values, in the same chunks."""
        values = self.compute(*data, **options)
        return tuple(from_array(v, d.chunks) if isinstance(d, Array) else v for d, v in zip(data, values, strict=True))

    def store(self, sources: Any, targets: Any, **options: Any) -> Any:
        """Compute arrays and write them into targets; see `nbarray.api.storing`.

        compute=False : later, when what is returned is computed, which is a `dask.delayed` as xarray goes on with it
        """
        _refuse("store", options, {"lock", "compute", "flush", "regions", "memory", "workers"})
        if not options.pop("compute", True):
            return _delayed(functools.partial(self.store, sources, targets, **options))
        options.pop("flush", None)
        if isinstance(sources, Array):
            sources, targets = [sources], [targets]
        regions = options.pop("regions", None)
        if not isinstance(regions, list):
            regions = [regions] * len(sources)
        return store(list(sources), list(targets), regions, **options)

    # --------------------------------------------------------------------------------------- functions of blocks

    def map_blocks(
        self,
        func: Callable[..., Any],
        *args: Any,
        dtype: Any = None,
        chunks: Any = None,
        drop_axis: Any = None,
        new_axis: Any = None,
        **kwargs: Any,
    ) -> Any:
        """A function of each block; see `nbarray.map_blocks`."""
        drop = None if drop_axis is None or drop_axis == [] else drop_axis
        new = None if new_axis is None or new_axis == [] else new_axis
        return map_blocks(func, *args, dtype=dtype, chunks=chunks, drop_axis=drop, new_axis=new, **kwargs)

    def apply_gufunc(
        self,
        func: Callable[..., Any],
        signature: str,
        *args: Any,
        axes: Any = None,
        keepdims: bool = False,
        output_dtypes: Any = None,
        vectorize: bool | None = None,
        output_sizes: dict[str, int] | None = None,
        allow_rechunk: bool = False,
        meta: Any = None,
        **kwargs: Any,
    ) -> Any:
        """A function of whole core axes, which come last; see `nbarray.apply_gufunc`."""
        return apply_gufunc(
            func,
            signature,
            *args,
            axes=axes,
            keepdims=keepdims,
            output_dtypes=output_dtypes or None,
            output_sizes=output_sizes,
            vectorize=vectorize,
            allow_rechunk=bool(allow_rechunk),
            meta=meta,
            **kwargs,
        )

    @property
    def array_api(self) -> Any:
        """nbarray's functions, by NumPy's names."""
        made = {name: getattr(public_creation, name) for name in public_creation.__all__}
        return SimpleNamespace(**{**PUBLIC, **made})

    def shuffle(self, x: Any, indexer: Any, axis: int, chunks: Any) -> Any:
        """Positions in another order, group by group; see `nbarray.shuffle`."""
        return shuffle(x, indexer, axis)

    def reduction(
        self,
        arr: Any,
        func: Any,
        combine_func: Any = None,
        aggregate_func: Any = None,
        axis: Any = None,
        dtype: Any = None,
        keepdims: bool = False,
    ) -> Any:
        """A reduction by the caller's functions; see `nbarray.reduction`."""
        return reduction(
            arr,
            func,
            aggregate_func or combine_func or func,
            axis=axis,
            keepdims=keepdims,
            dtype=arr.dtype if dtype is None else dtype,
            combine=combine_func,
        )

    def blockwise(self, func: Any, out_ind: Any, *args: Any, **options: Any) -> Any:
        """A function of blocks paired by names of axes; see `nbarray.blockwise`."""
        return blockwise(func, out_ind, *args, **options)

    # --------------------------------------------------------------------------------------------- not there yet

    def scan(self, func: Any, binop: Any, ident: Any, arr: Any, *args: Any, **options: Any) -> NoReturn:
        """A running reduction: xarray asks for it with dask's arrays only."""
        _missing("scan")


def _missing(what: str) -> NoReturn:
    raise NotBlocked(f"{what} has no blocked form in nbarray yet; if the data fit into memory, .compute() them first")


def _delayed(call: Callable[[], Any]) -> Any:
    """A call for later, as dask has it; the budget and the threads are still ours."""
    try:
        from dask.delayed import delayed
    except ImportError as error:
        raise NotBlocked("compute=False: xarray gives a dask.delayed; install dask, or write at once") from error
    return delayed(call, pure=False)()


def _refuse(where: str, options: dict[str, Any], known: set[str]) -> None:
    """Refuse options that nobody would look at."""
    unknown = sorted(set(options) - known)
    if unknown:
        raise InputError(f"{where}: nbarray has no options {unknown}; known: {sorted(known)}")


def _bytes_apart(chunks: Any, shape: tuple[int, ...]) -> tuple[Any, str | None]:
    """Chunks with "auto" for sizes in bytes, and those bytes; empty axes are one empty chunk."""
    if isinstance(chunks, dict):
        chunks = tuple(chunks.get(k, chunks.get(k - len(shape), -1)) for k in range(len(shape)))
    if not isinstance(chunks, tuple | list):
        chunks = (chunks,) * len(shape)
    if len(shape) == 1 and len(chunks) != 1:
        chunks = (tuple(chunks),)
    sizes = {c for c in chunks if isinstance(c, str) and c != "auto"}
    if len(sizes) > 1:
        raise ChunkError(f"chunks={chunks!r} give several sizes in bytes; expected one")
    whole = (-1 if n == 0 and c == 0 else c for c, n in zip(chunks, shape, strict=False))
    plain = tuple("auto" if isinstance(c, str) else c for c in whole)
    return (plain if len(chunks) == len(shape) else chunks), next(iter(sizes), None)


def _stored(previous: Sequence[Any] | None) -> tuple[int, ...] | None:
    """The shape of the stored chunks, from sizes or one size for each axis."""
    if not previous:
        return None
    return tuple(int(max(p, default=1)) if isinstance(p, tuple | list) else int(p) for p in previous)


def _index_through(method: str, accessor: str) -> None:
    """Let xarray's adapter of array API arrays index ours by one of their accessors; others stay with the adapter.

    The standard knows neither points nor grids.  So the adapter refuses points, and assigns to a grid as to points.
    """
    general = getattr(ArrayApiIndexingAdapter, method, None)

    def index(self: Any, indexer: Any, *value: Any) -> Any:
        if not isinstance(self.array, Array):
            return general(self, indexer, *value)  # type: ignore[misc]
        found = getattr(self.array, accessor)
        return found.__setitem__(indexer.tuple, *value) if value else found[indexer.tuple]

    if general is not None:
        setattr(ArrayApiIndexingAdapter, method, index)


for _method, _accessor in {"_vindex_get": "vindex", "_vindex_set": "vindex", "_oindex_set": "oindex"}.items():
    _index_through(_method, _accessor)
