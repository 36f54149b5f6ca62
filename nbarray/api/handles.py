"""Methods of arrays beside NumPy's: keeping values, other dtypes for the same bytes, moments; stacks of files."""

from __future__ import annotations

import math
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from nbarray.api import shapes
from nbarray.api.array import Array, apply
from nbarray.api.assigning import hold
from nbarray.api.conversions import values_of
from nbarray.api.creation import asarray, from_array
from nbarray.api.dispatch import METHODS, PUBLIC, is_method, public, takes
from nbarray.api.masked import filled, getdata, getmaskarray, masked_array
from nbarray.api.refused import ATTRIBUTES
from nbarray.api.storing import units
from nbarray.display.chunk_grid import grid_svg, sized
from nbarray.errors import DTypeError, InputError, MissingAttribute, MissingFile
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks, regular
from nbarray.ops.fillvalues import fill_value_of
from nbarray.ops.operands import normalize_axes, one_axis
from nbarray.ops.tasks import of_blocks
from nbarray.session import Form, compute

__all__ = ["from_npy_stack", "from_zarr", "moment", "optimize", "persist", "to_npy_stack"]


@public()
@takes("scheduler", "optimize_graph", "traverse")
def persist(*arrays: Any, memory: int | str | None = None, workers: int | None = None) -> Any:
    """Compute arrays together and keep their values in memory: arrays in the same chunks, for further work.

    memory, workers : for the run; the kept values count as results, and stay as long as the arrays do

    Returns an array for one, a tuple for several.  Cost: one run, as `compute`; the values are held.

    >>> import nbarray as nb
    >>> x = nb.persist(nb.arange(4) + 1)
    >>> (x * x).sum().compute()
    np.int64(30)
    """
    blocked = [a if isinstance(a, Array) else asarray(a) for a in arrays]
    chunks = [x.chunks for x in blocked]
    forms = [Form.ARRAY] * len(blocked)
    values = compute(*(x.expr for x in blocked), memory=memory, workers=workers, forms=forms) if blocked else ()
    kept = tuple(Array(from_array(v, c).expr, x.form) for v, c, x in zip(values, chunks, blocked, strict=True))
    return kept[0] if len(kept) == 1 else kept


@is_method("persist")
@takes("scheduler", "optimize_graph", "traverse")
def _persist(x: Array, *, memory: int | str | None = None, workers: int | None = None) -> Array:
    """Compute this array and keep its values in memory; see `nbarray.persist`."""
    made: Array = persist(x, memory=memory, workers=workers)
    return made


@is_method("to_numpy")
def _to_numpy(x: Array) -> np.ndarray[Any, Any]:
    """All values as NumPy's array, masked if this one is; computes.  It is pandas' name, which matplotlib looks for."""
    values: np.ndarray[Any, Any] = np.asanyarray(values_of(x))
    return values


@public()
def optimize(*arrays: Any, **options: Any) -> tuple[Array, ...]:
    """The arrays as they are: what they are made of is rewritten whenever they are computed; see `Array.explain`.

    For code written for dask, whose options are taken and change nothing.  Cost: none.

    >>> import nbarray as nb
    >>> (x,) = nb.optimize(nb.arange(4) + 1)
    >>> x.compute()
    array([1, 2, 3, 4])
    """
    return tuple(a if isinstance(a, Array) else asarray(a) for a in arrays)


@is_method("to_svg")
def _to_svg(x: Array, size: float | None = None) -> str:
    """The picture of how an array is cut into chunks, as SVG text, which fits into a few kB for any number of chunks.

    size : its longer side, in pixels; by default as in the notebook.  Raises InputError for a size that isn't positive.
    """
    if size is not None and not size > 0:
        raise InputError(f"to_svg: size={size!r}; expected pixels, more than 0")
    return sized(grid_svg(x.expr.chunks, x.expr.shape), size)


@is_method("store")
def _store(x: Array, target: Any, lock: Any = None, regions: Any = None, **options: Any) -> Any:
    """Compute this array and assign it to a target; see `nbarray.store`."""
    return PUBLIC["store"](x, target, lock, regions, **options)


@is_method("compute_chunk_sizes")
def _compute_chunk_sizes(x: Array) -> Array:
    """Count sizes that depend on values, if there are any; returns the array itself."""
    assert x.chunks is not None  # asking for them counts
    return x


@is_method("__await__")
def _await(x: Array) -> Generator[Any, None, Any]:
    """Begin computing, and let others run until it is done: ``values = await x``."""
    values = yield from x.start().__await__()
    return values[0]


@is_method("__deepcopy__")
def _deepcopy(x: Array, memo: Any) -> Array:
    return x.copy()


@is_method("__format__")
def _format(x: Array, spec: str) -> str:
    return format(x.compute() if spec and not x.ndim else repr(x), spec)


@is_method("__round__")
def _round(x: Array, decimals: int = 0) -> Array:
    return x.round(decimals)


METHODS["npartitions"] = property(lambda x: x.nblocks, doc="Number of chunks.")  # type: ignore[assignment]


class _Missing:
    """Stands for an attribute of NumPy's arrays that blocked ones don't have, and says why; `hasattr` says False."""

    def __init__(self, name: str, reason: str) -> None:
        self._told = f"a blocked array has no {name!r}: {reason}"

    def __get__(self, x: Array | None, kind: type[Array]) -> NoReturn:
        raise MissingAttribute(self._told)


METHODS.update({name: _Missing(name, reason) for name, reason in ATTRIBUTES.items()})  # type: ignore[misc]


@is_method("__dir__")
def _names(x: Array) -> list[str]:
    """The attributes that an array has."""
    return [name for name in object.__dir__(x) if name not in ATTRIBUTES]


# ------------------------------------------------------------------------------------------- the same bytes


@is_method("view")
@takes("order")
def _view(x: Array, dtype: Any = None) -> Array:
    """The same bytes as another dtype, `x` itself by default; where items are longer or shorter, the last axis is, too.

    Raises DTypeError (a TypeError) for objects, InputError (a ValueError) for a last axis that doesn't fit.
    """
    return x if dtype is None else apply(_viewed, x, np.dtype(dtype))


def _viewed(x: Expr, dtype: np.dtype[Any]) -> Expr:
    if dtype.hasobject or x.dtype.hasobject:
        raise DTypeError(f"view: Cannot change data-type for array of references: {x.dtype} as {dtype}")
    old, new = x.dtype.itemsize, dtype.itemsize
    made = cut = x.chunks
    if old != new:
        if not x.ndim:
            raise InputError("view: Changing the dtype of a 0d array is only supported if the itemsize is unchanged")
        size = x.sizes[-1] * old
        if size % new:
            raise InputError(
                f"view: When changing to a larger dtype, its size must be a divisor of the total size in bytes of the "
                f"last axis of the array: {size} bytes, items of {new}"
            )
        unit = math.lcm(old, new)
        step = max(1, x.chunks.axes[-1].largest * old // unit) * unit
        cut = Chunks((*x.chunks.axes[:-1], regular(x.sizes[-1], max(1, step // old))))
        made = Chunks((*x.chunks.axes[:-1], regular(size // new, max(1, step // new))))

    def view(block: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.ascontiguousarray(block).reshape(block.shape).view(dtype)

    return of_blocks(view, [(x, cut)], made, range(x.ndim), dtype)


@is_method("byteswap")
def _byteswap(x: Array, inplace: bool = False) -> Array:
    """The same values with the bytes of each in the other order, under the same dtype; what is masked stays so.

    inplace : the handle itself is changed, and returned.  Raises DTypeError for objects.
    """
    made = apply(_swapped, getdata(x) if x.masked else x)
    made = masked_array(made, getmaskarray(x), fill_value=fill_value_of(x.expr)) if x.masked else made
    return hold(x, made) if inplace else made


def _swapped(x: Expr) -> Expr:
    if x.dtype.hasobject:
        raise DTypeError(f"byteswap: {x.dtype} holds references, whose bytes mean nothing in another order")
    return of_blocks(lambda block: block.byteswap(), [(x, x.chunks)], x.chunks, range(x.ndim), x.dtype)


@is_method("tobytes")
def _tobytes(x: Array, order: Any = "C", fill_value: Any = None) -> bytes:
    """All values as bytes, which takes computing them; masked elements as `filled` has them."""
    values = filled(x, fill_value) if x.masked else x
    return np.asarray(values_of(values)).tobytes(order)


# --------------------------------------------------------------------------------------------------- moments


@public()
@is_method("moment")
@takes("split_every")
def moment(
    a: Any, order: int, axis: Any = None, dtype: Any = None, keepdims: bool = False, ddof: float = 0, out: None = None
) -> Array:
    """The central moment of an order: the mean of the `order`-th powers of distances from the mean.

    ddof : divide by the number of elements less this

    Two passes over the data.  Raises InputError for an order that is negative or not whole.

    >>> import nbarray as nb
    >>> nb.moment(nb.arange(3), 2).compute()
    np.float64(0.6666666666666666)
    """
    if not isinstance(order, int | np.integer) or order < 0:
        raise InputError(f"moment: Order must be an integer >= 0, not {order!r}")
    x = asarray(a)
    count = math.prod(x.shape[k] for k in normalize_axes(axis, x.ndim))
    kind = np.dtype(np.mean(np.ones(1, x.dtype)).dtype if dtype is None else dtype)
    apart = x.astype(kind) - x.mean(axis=axis, keepdims=True, dtype=kind)
    total = (apart**order).sum(axis=axis, keepdims=keepdims, dtype=kind)
    return total / kind.type(count - ddof)


# ---------------------------------------------------------------------------------------------------- files


@public()
def from_zarr(url: Any, component: str | None = None, chunks: Any = None, **options: Any) -> Array:
    """A blocked array on an array of the package `zarr`, or at a path or address it opens.

    component : the array's name in a group; options : as `zarr.open` takes them
    chunks : by default as they are stored (whole shards, where there are such); "auto" puts small ones together

    Cost: reads what describes the array; values are read when they are needed.

    >>> import nbarray as nb
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     x = nb.to_zarr(nb.ones((4, 6), chunks=2), f"{folder}/x.zarr")
    ...     nb.from_zarr(f"{folder}/x.zarr").chunks
    ((2, 2), (2, 2, 2))
    """
    if not hasattr(url, "dtype"):
        import zarr

        url = zarr.open(url, mode="r", **options)
    found = url[component] if component is not None else url
    return from_array(found, units(found, found.ndim) if chunks is None else chunks)


@public()
def to_npy_stack(dirname: Any, x: Any, axis: int = 0) -> None:
    """Write an array to a folder of ``.npy`` files, one for each chunk along an axis: 0.npy, 1.npy, ...

    Cost: a run for each file, which computes what it needs: one pass, but what all need (a mean, say) is made for each.

    >>> import nbarray as nb
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     nb.to_npy_stack(folder, nb.arange(4, chunks=2))
    ...     sorted(p.name for p in Path(folder).glob("*.npy"))
    ['0.npy', '1.npy']
    """
    values, folder = asarray(x), Path(dirname)
    k = one_axis(axis, values.ndim)
    folder.mkdir(parents=True, exist_ok=True)
    start = 0
    for number, size in enumerate(values.chunks[k]):
        part = values[(*(slice(None),) * k, slice(start, start + size))]
        PUBLIC["to_npy"](part, folder / f"{number}.npy")
        start += size


@public()
@takes("mmap_mode")
def from_npy_stack(dirname: Any, axis: int = 0, chunks: Any = None) -> Array:
    """A folder of ``.npy`` files, 0.npy, 1.npy, ..., end to end along an axis; nothing is read yet.

    Raises MissingFile for a folder without such files.

    Cost: reads the files' headers; values are read block by block when they are needed.

    >>> import nbarray as nb
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     nb.to_npy_stack(folder, nb.arange(4, chunks=2))
    ...     nb.from_npy_stack(folder).compute()
    array([0, 1, 2, 3])
    """
    paths = [p for p in Path(dirname).glob("*.npy") if re.fullmatch(r"\d+", p.stem)]
    if not paths:
        raise MissingFile(f"{dirname}: no files 0.npy, 1.npy, ... in it")
    parts = [PUBLIC["open"](p) for p in sorted(paths, key=lambda p: int(p.stem))]
    made = shapes.concatenate(parts, axis)
    return made if chunks is None else made.rechunk(chunks)
