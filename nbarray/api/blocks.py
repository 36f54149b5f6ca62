"""Functions of blocks by hand: paired by names of axes, in trees, along lines, group by group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply, unwrap, wrap
from nbarray.api.creation import asarray, from_array
from nbarray.api.dispatch import PUBLIC, is_method, public
from nbarray.api.mapping import dtype_of_first_block, mapped
from nbarray.config import current
from nbarray.errors import InputError, NotBlocked, ShapeError
from nbarray.expr.node import Expr
from nbarray.grid.chunks import AxisChunks
from nbarray.ops import blockwise as named
from nbarray.ops.along import along_lines
from nbarray.ops.indexing import getitem
from nbarray.ops.operands import one_axis
from nbarray.ops.regrouping import reshape_blockwise as reshape_blocks
from nbarray.ops.regrouping import shuffle as shuffle_expr
from nbarray.ops.trees import reduction_by
from nbarray.session import Form, compute

__all__ = ["blockwise", "reduction", "shuffle"]


@public()
def blockwise(
    func: Callable[..., Any],
    out_ind: Any,
    *args: Any,
    name: str | None = None,
    token: str | None = None,
    dtype: Any = None,
    adjust_chunks: dict[Any, Any] | None = None,
    new_axes: dict[Any, Any] | None = None,
    align_arrays: bool = True,
    concatenate: bool | None = None,
    meta: Any = None,
    **kwargs: Any,
) -> Array:
    """Apply a function to the blocks that belong together by the names of their axes.

    out_ind : names of the result's axes, such as "ij"
    args : arrays and the names of their axes in turns; None for what is handed on as it is
    dtype, meta : of the result; without either, the function is called once, now, on the first blocks
    adjust_chunks : by name, what the function makes of sizes of blocks: a size, one for each, or a function
    new_axes : by name, sizes (or chunks) of axes that only the result has
    align_arrays : cut all arrays alike; else blocks go together by their numbers
    concatenate : along axes that the result lacks the function gets all in one; by default lists of blocks
    kwargs : for the function; blocked arrays among them are given to it whole
    name, token : not used

    Raises ShapeError, ChunkError for arrays that don't fit each other, InputError for names that don't.

    Cost: one pass, a task for each block of the result; memory for the blocks that a call takes and gives.

    >>> import numpy as np, nbarray as nb
    >>> x = nb.arange(4, chunks=2)
    >>> nb.blockwise(np.add.outer, "ij", x, "i", x, "j", dtype=int).compute()
    array([[0, 1, 2, 3],
           [1, 2, 3, 4],
           [2, 3, 4, 5],
           [3, 4, 5, 6]])
    """
    options: dict[str, Any] = {
        "adjust_chunks": adjust_chunks, "new_axes": new_axes, "align": align_arrays, "concatenate": bool(concatenate),
    }  # fmt: skip
    return wrap(_blockwise(func, tuple(out_ind), unwrap(args), _dtype(dtype, meta), options, kwargs))


def _blockwise(
    func: Callable[..., Any], out: Any, args: Sequence[Any], dtype: Any, options: dict[str, Any], kwargs: dict[str, Any]
) -> Expr:
    pairs = named.pairs_of(args)
    keywords = {k: unwrap(v) for k, v in kwargs.items()}

    def build(function: Callable[..., Any], dtype: Any, masked: bool | None) -> Expr:
        return named.blockwise(function, out, pairs, dtype, keywords=keywords, masked=masked, **options)

    if dtype is not None:
        return build(func, dtype, None)
    return build(func, *dtype_of_first_block(func, build))


#: dask's old name
PUBLIC["atop"] = blockwise


def _dtype(dtype: Any, meta: Any) -> Any:
    return meta.dtype if dtype is None and meta is not None else dtype


@public()
def reduction(
    x: Any,
    chunk: Callable[..., Any],
    aggregate: Callable[..., Any],
    axis: Any = None,
    keepdims: bool = False,
    dtype: Any = None,
    split_every: Any = None,
    combine: Callable[..., Any] | None = None,
    name: str | None = None,
    out: None = None,
    concatenate: bool = True,
    output_size: int = 1,
    meta: Any = None,
    weights: Any = None,
) -> Array:
    """A reduction over `axis` by functions of your own.

    chunk : (block, axis, keepdims) -> what the block comes to; (block, weights, axis, keepdims) with weights
    combine : (parts, axis, keepdims) -> a part; by default `aggregate`
    aggregate : (parts, axis, keepdims) -> a block of the result
    split_every : how many parts are put together at once (16), or a dictionary by axis
    concatenate : parts are arrays and put together to one; else lists of them, nested for several axes
    output_size : elements along reduced axes of the result, with `keepdims`
    dtype, meta : of the result, needed

    Raises InputError without a dtype.  One pass; parts are held beside the budget, so they should be small.

    >>> import numpy as np, nbarray as nb
    >>> nb.reduction(nb.arange(9, chunks=2), np.sum, np.sum, dtype=int).compute()
    np.int64(36)
    """
    if out is not None:
        raise NotBlocked("reduction: out= is not supported on blocked arrays; use the result instead")
    kind = _dtype(dtype, meta)
    if kind is None:
        raise InputError("reduction: give the dtype of the result")
    return apply(
        reduction_by, chunk, combine or aggregate, aggregate, asarray(x), axis, kind, keepdims=keepdims,
        split_every=split_every, concatenate=concatenate, output_size=output_size,
        weights=None if weights is None else asarray(weights),
    )  # fmt: skip


@public(np.apply_along_axis)
def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, dtype: Any = None, shape: Any = None, **kwargs: Any
) -> Array:
    """Apply a function to lines along an axis, as `numpy.apply_along_axis` does.

    func1d : takes a line (and args, kwargs), gives a number or an array
    dtype, shape : of what it gives; without them it is called once, now, on the first line

    Raises AxisError.  One pass; lines are in one block, so memory is for a few blocks of whole lines.

    >>> import numpy as np, nbarray as nb
    >>> nb.apply_along_axis(np.ptp, 0, nb.asarray([[1, 5], [4, 9]], chunks=1)).compute()
    array([3, 4])
    """
    x = asarray(arr)
    k = one_axis(axis, x.ndim)
    if dtype is None or shape is None:
        if 0 in x.shape:
            raise InputError("Cannot apply_along_axis when any iteration dimensions are 0; give dtype= and shape=")
        line = compute(getitem(x.expr, tuple(slice(None) if j == k else 0 for j in range(x.ndim))))[0]
        made = np.asanyarray(func1d(line, *args, **kwargs))
        dtype, shape = made.dtype if dtype is None else dtype, made.shape if shape is None else shape
    sizes = (shape,) if hasattr(shape, "__index__") else tuple(shape)
    most = max(1, current().chunk_bytes // max(1, x.dtype.itemsize))
    return apply(along_lines, func1d, x, k, tuple(int(n) for n in sizes), dtype, args, kwargs, most)


@public(np.apply_over_axes)
def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Array:
    """Apply a function (of an array and an axis) for one axis after the other, as `numpy.apply_over_axes` does.

    Cost: that of the function, once for each axis.

    >>> import nbarray as nb
    >>> nb.apply_over_axes(nb.sum, nb.ones((2, 3)), [0, 1]).compute()
    array([[6.]])
    """
    x = asarray(a)
    for axis in (axes,) if np.ndim(axes) == 0 else axes:
        k = one_axis(axis, x.ndim)
        made = asarray(func(x, k))
        if made.ndim == x.ndim - 1:
            made = made[(*(slice(None),) * k, None)]
        if made.ndim != x.ndim:
            raise ShapeError("function is not returning an array of the correct shape")
        x = made
    return x


@public()
def reshape_blockwise(x: Any, shape: Any, chunks: Any = None) -> Array:
    """Each block in another shape by itself, so that nothing moves between blocks; elements end up in another order.

    shape : of the result; axes are put together, or with `chunks` (of the result) taken apart

    Raises ShapeError where axes can't be put together, ChunkError for chunks that don't fit.

    Cost: none by itself: each block is reshaped where it is.

    >>> import nbarray as nb
    >>> nb.reshape_blockwise(nb.arange(8, chunks=4).reshape(2, 4, chunks=(1, 4)), (8,)).chunks
    ((4, 4),)
    """
    return apply(reshape_blocks, asarray(x), shape, chunks)


@public()
def shuffle(x: Any, indexer: Sequence[Sequence[int]], axis: int, chunks: str = "auto") -> Array:
    """Positions along an axis in groups; each group is a chunk of the result.

    indexer : lists of positions

    Raises InputError, IndexingError.  Cost: each block is read about once.

    >>> import nbarray as nb
    >>> nb.shuffle(nb.arange(5), [[4, 0], [1]], 0).compute()
    array([4, 0, 1])
    """
    return apply(shuffle_expr, asarray(x), indexer, axis)


is_method("shuffle")(shuffle)


@public()
def unify_chunks(*args: Any, **options: Any) -> tuple[dict[Any, tuple[int, ...]], list[Array]]:
    """Arrays cut alike along axes of the same name: the chunks of each name, and the arrays.

    args : arrays and the names of their axes in turns

    Cost: as `rechunk` of those that are cut otherwise.

    >>> import nbarray as nb
    >>> chunks, _ = nb.unify_chunks(nb.ones(4, chunks=2), "i", nb.ones(4, chunks=3), "i")
    >>> chunks
    {'i': (2, 1, 1)}
    """
    pairs = named.pairs_of(unwrap(args))
    common = named.common_chunks([(a, i) for a, i in pairs if i is not None])
    made = []
    for value, index in pairs:
        if index is None:
            made.append(value)
            continue
        own: list[AxisChunks] = [
            common[n] if common[n].size == axis.size else axis for n, axis in zip(index, value.chunks.axes, strict=True)
        ]
        made.append(Array(value).rechunk(tuple(a.sizes for a in own)))
    return {n: axis.sizes for n, axis in common.items()}, made


@public()
def fromfunction(
    function: Callable[..., Any], shape: Any = None, dtype: Any = float, chunks: Any = "auto", **kwargs: Any
) -> Array:
    """An array made of its indices, block by block, as `numpy.fromfunction` makes one.

    function : takes for each axis an array of indices; gives an array of that shape, or a number
    dtype : of the indices, None for float; the result's is found out by one call, now, on the first block

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.fromfunction(lambda i, j: i + j, (2, 3), dtype=int).compute()
    array([[0, 1, 2],
           [1, 2, 3]])
    """
    if shape is None:
        raise InputError("fromfunction: give the shape")
    sizes = (shape,) if hasattr(shape, "__index__") else tuple(shape)
    kind = np.dtype(dtype)
    plain = from_array(np.broadcast_to(np.zeros((), kind), sizes), chunks)
    title = f"fromfunction({getattr(function, '__name__', type(function).__name__)})"
    handed = {"function": function, "kind": kind, "given": tuple(kwargs.items())}
    return wrap(mapped(_of_indices, (), None, {"chunks": plain.chunks, "token": title, **handed}))


def _of_indices(function: Any, kind: Any, given: Any, block_info: Any = None) -> Any:
    """A block of what a function makes of its indices."""
    spans = block_info[None]["array-location"]
    index = np.indices(tuple(b - a for a, b in spans), dtype=kind)
    places = [i + np.asarray(a).astype(kind) for i, (a, _) in zip(index, spans, strict=True)]
    made = np.asanyarray(function(*places, **dict(given)))
    return made if made.shape == index.shape[1:] else np.broadcast_to(made, index.shape[1:])


class frompyfunc:  # noqa: N801 - NumPy's name
    """A function of Python objects, element by element, as `numpy.frompyfunc` makes one; results are objects.

    Cost: one pass, at the speed of Python: a call for each element.

    >>> import nbarray as nb
    >>> nb.frompyfunc(lambda a, b: a * b, 2, 1)(nb.arange(3), 2).compute()
    array([0, 2, 4], dtype=object)
    """

    def __init__(self, func: Callable[..., Any], nin: int, nout: int) -> None:
        if nout != 1:
            raise _SeveralResults("frompyfunc of several results has no blocked form; make one for each result")
        self._ufunc = np.frompyfunc(func, nin, nout)
        self.nin, self.nout = nin, nout
        self.__name__ = getattr(func, "__name__", type(func).__name__)

    def __call__(self, *args: Any) -> Any:
        if not any(isinstance(a, Array) for a in args):
            return self._ufunc(*args)
        blocked = [asarray(np.asarray(a)) if not isinstance(a, Array) and np.ndim(a) else a for a in args]

        def on_blocks(*blocks: Any) -> Any:
            return np.asarray(self._ufunc(*blocks), object)

        on_blocks.__name__ = self.__name__
        return wrap(mapped(on_blocks, unwrap(blocked), object, {}))

    def outer(self, a: Any, b: Any) -> Any:
        """The function of all pairs."""
        x, y = asarray(a), asarray(b)
        return self(x[(..., *(None,) * y.ndim)], y)


class _SeveralResults(NotBlocked, NotImplementedError):
    """What dask raises is caught as well."""


class vectorize:  # noqa: N801 - NumPy's name
    """A function of numbers made one of blocked arrays, as `numpy.vectorize` does; also a decorator.

    otypes, excluded, signature, cache, doc : as `numpy.vectorize` takes them; without otypes the function is called on
        the first block, now, to find out the dtype

    Cost: one pass, at the speed of Python: a call for each element.

    >>> import nbarray as nb
    >>> nb.vectorize(lambda a, b: max(a, b) - 1, otypes=[int])(nb.arange(3), 1).compute()
    array([0, 0, 1])
    """

    def __init__(self, pyfunc: Callable[..., Any], otypes: Any = None, doc: str | None = None, **options: Any) -> None:
        self._plain = np.vectorize(pyfunc, otypes=otypes, doc=doc, **options)
        self._signature = options.get("signature")
        self._dtypes = None if otypes is None else [np.dtype(t) for t in otypes]
        self.__name__ = getattr(pyfunc, "__name__", type(pyfunc).__name__)
        self.__doc__ = self._plain.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not any(isinstance(a, Array) for a in args):
            return self._plain(*args, **kwargs)
        if self._signature is not None or (self._dtypes is not None and len(self._dtypes) > 1):
            raise NotBlocked(
                "vectorize with a signature or several results: use nb.apply_gufunc(function, signature, ..., "
                "vectorize=True)"
            )
        blocked = [asarray(np.asarray(a)) if not isinstance(a, Array) and np.ndim(a) else a for a in args]

        def on_blocks(*blocks: Any, **more: Any) -> Any:
            return self._plain(*blocks, **more)

        on_blocks.__name__ = self.__name__
        dtype = None if self._dtypes is None else self._dtypes[0]
        return Array(wrap(mapped(on_blocks, unwrap(blocked), dtype, kwargs)).expr, Form.ARRAY)


for _class in (frompyfunc, vectorize):
    public()(_class)
