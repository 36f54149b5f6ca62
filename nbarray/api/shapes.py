"""Arrays put together, and arrays in other shapes: joining, transposing, reshaping, and chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply
from nbarray.api.creation import asarray
from nbarray.api.dispatch import public, takes
from nbarray.errors import NotBlocked
from nbarray.ops import joining, shaping
from nbarray.ops.arranging import at_least

__all__ = ["concatenate", "stack"]


@public(np.concatenate)
@takes("allow_unknown_chunksizes")
def concatenate(
    arrays: Sequence[Any], axis: int | None = 0, out: None = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Array:
    """Arrays end to end along `axis`; None joins them flattened.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for.

    >>> import nbarray as nb
    >>> nb.concatenate([nb.zeros((1, 2)), nb.ones((1, 2))]).compute()
    array([[0., 0.],
           [1., 1.]])
    """
    _refuse_out("concatenate", out)
    return apply(joining.concatenate, list(arrays), axis, dtype, casting)


def _refuse_out(name: str, out: Any) -> None:
    if out is not None:
        raise NotBlocked(f"{name}: out= is not supported on blocked arrays; use the result instead")


@public(np.stack)
@takes("allow_unknown_chunksizes")
def stack(
    arrays: Sequence[Any], axis: int = 0, out: None = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Array:
    """Arrays of one shape along a new axis.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for.

    >>> import nbarray as nb
    >>> nb.stack([nb.arange(2), nb.arange(2)], axis=1).compute()
    array([[0, 0],
           [1, 1]])
    """
    _refuse_out("stack", out)
    return apply(joining.stack, list(arrays), axis, dtype, casting)


@public(np.vstack)
@takes("allow_unknown_chunksizes")
def vstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Array:
    """Arrays below each other.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for.

    >>> import nbarray as nb
    >>> nb.vstack([nb.arange(2), nb.arange(2)]).compute()
    array([[0, 1],
           [0, 1]])
    """
    return concatenate([apply(at_least, asarray(a), 2) for a in tup], 0, dtype=dtype, casting=casting)


@public(np.hstack)
@takes("allow_unknown_chunksizes")
def hstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Array:
    """Arrays beside each other.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for.

    >>> import nbarray as nb
    >>> nb.hstack([nb.arange(2), nb.arange(3)]).compute()
    array([0, 1, 0, 1, 2])
    """
    parts = [apply(at_least, asarray(a), 1) for a in tup]
    return concatenate(parts, 0 if parts and parts[0].ndim == 1 else 1, dtype=dtype, casting=casting)


@public(np.dstack)
@takes("allow_unknown_chunksizes")
def dstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Array:
    """Arrays behind each other.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for.

    >>> import nbarray as nb
    >>> nb.dstack([nb.arange(2), nb.arange(2)]).shape
    (1, 2, 2)
    """
    return concatenate([apply(at_least, asarray(a), 3) for a in tup], 2, dtype=dtype, casting=casting)


@public(np.transpose)
def transpose(a: Any, axes: Any = None) -> Array:
    """Axes in another order; reversed if none is given.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> nb.transpose(nb.ones((2, 3, 4))).shape
    (4, 3, 2)
    """
    return asarray(a).transpose(axes)


@public(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Array:
    """Axes moved to new places.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> nb.moveaxis(nb.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    return apply(shaping.moveaxis, asarray(a), source, destination)


@public(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Array:
    """Two axes exchanged.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> nb.swapaxes(nb.ones((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    return asarray(a).swapaxes(axis1, axis2)


@public(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Array:
    """Without axes of length 1.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> nb.squeeze(nb.ones((1, 3, 1))).shape
    (3,)
    """
    return asarray(a).squeeze(axis)


@public(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Array:
    """New axes of length 1.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> nb.expand_dims(nb.arange(3), (0, 2)).shape
    (1, 3, 1)
    """
    return apply(shaping.expand_dims, asarray(a), axis)


@public(np.reshape)
@takes("merge_chunks", "limit")
def reshape(a: Any, /, shape: Any, order: str = "C", *, chunks: Any = None, copy: bool | None = None) -> Array:
    """Another shape of the same size; one size may be -1.

    order : "C" or "F", in which elements are counted; "A" is "C"

    Cost: none where axes of length 1 come and go, or stored axes are split; else blocks are put together from runs of
    elements.

    >>> import nbarray as nb
    >>> nb.reshape(nb.arange(6), (2, -1)).compute()
    array([[0, 1, 2],
           [3, 4, 5]])
    """
    return asarray(a).reshape(shape, order=order, chunks=chunks)


@public(np.ravel)
def ravel(a: Any, order: str = "C") -> Array:
    """One axis.

    order : "C" or "F", in which elements are counted; "A" and "K" are "C"

    Cost: as `reshape`.

    >>> import nbarray as nb
    >>> nb.ravel(nb.eye(2)).compute()
    array([1., 0., 0., 1.])
    """
    return asarray(a).ravel(order)


@public(np.broadcast_to)
@takes("meta")
def broadcast_to(array: Any, shape: Any, subok: bool = False, *, chunks: Any = None) -> Array:
    """Spread to a larger shape without copying.

    chunks : of the result, for the axes along which it is spread; the others stay as they are

    Raises BroadcastError for a shape that doesn't fit, ChunkError for other chunks along an axis that isn't spread.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> nb.broadcast_to(nb.arange(3), (2, 3)).compute()
    array([[0, 1, 2],
           [0, 1, 2]])
    """
    return apply(shaping.broadcast_to, asarray(array), shape, chunks)


@public(np.flip)
def flip(m: Any, axis: Any = None) -> Array:
    """Axes run backwards.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> nb.flip(nb.arange(3)).compute()
    array([2, 1, 0])
    """
    return apply(shaping.flip, asarray(m), axis)


@public()
@takes("threshold", "method")
def rechunk(x: Any, chunks: Any = "auto", *, balance: bool = False, block_size_limit: Any = None) -> Array:
    """The same values in other chunks; see `Array.rechunk`.

    Cost: none before what doesn't care for chunks; else blocks are put together from those they touch, through scratch
    if need be.

    >>> import nbarray as nb
    >>> nb.rechunk(nb.arange(6, chunks=2), 3).chunks
    ((3, 3),)
    """
    return asarray(x).rechunk(chunks, balance=balance, block_size_limit=block_size_limit)
