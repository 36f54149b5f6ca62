"""Arrays put together, and arrays in other shapes: joining, transposing, reshaping, and chunks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply
from nbarray.api.creation import asarray
from nbarray.api.dispatch import public
from nbarray.errors import NotBlocked
from nbarray.ops import joining, shaping

__all__ = ["concatenate", "stack"]


@public(np.concatenate)
def concatenate(
    arrays: Sequence[Any], axis: int | None = 0, out: None = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Array:
    """Arrays end to end along `axis`; None joins them flattened.

    >>> import nbarray as nb
    >>> nb.concatenate([nb.zeros((1, 2)), nb.ones((1, 2))]).compute()
    array([[0., 0.],
           [1., 1.]])
    """
    if out is not None:
        raise NotBlocked("concatenate: out= is not supported on blocked arrays; use the result instead")
    return apply(joining.concatenate, list(arrays), axis, dtype, casting)


@public(np.stack)
def stack(arrays: Sequence[Any], axis: int = 0) -> Array:
    """Arrays of one shape along a new axis."""
    return apply(joining.stack, list(arrays), axis)


def _at_least(a: Any, ndim: int) -> Array:
    x = asarray(a)
    if ndim == 3 and x.ndim == 2:
        return x[:, :, None]
    if ndim == 3 and x.ndim == 1:
        return x[None, :, None]
    return x[(None,) * max(0, ndim - x.ndim)] if x.ndim < ndim else x


@public(np.vstack)
def vstack(tup: Sequence[Any]) -> Array:
    """Arrays below each other."""
    return concatenate([_at_least(a, 2) for a in tup], 0)


@public(np.hstack)
def hstack(tup: Sequence[Any]) -> Array:
    """Arrays beside each other."""
    parts = [_at_least(a, 1) for a in tup]
    return concatenate(parts, 0 if parts and parts[0].ndim == 1 else 1)


@public(np.dstack)
def dstack(tup: Sequence[Any]) -> Array:
    """Arrays behind each other."""
    return concatenate([_at_least(a, 3) for a in tup], 2)


@public(np.transpose)
def transpose(a: Any, axes: Any = None) -> Array:
    """Axes in another order; reversed if none is given."""
    return asarray(a).transpose(axes)


@public(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Array:
    """Axes moved to new places."""
    return apply(shaping.moveaxis, asarray(a), source, destination)


@public(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Array:
    """Two axes exchanged."""
    return asarray(a).swapaxes(axis1, axis2)


@public(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Array:
    """Without axes of length 1."""
    return asarray(a).squeeze(axis)


@public(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Array:
    """New axes of length 1."""
    return apply(shaping.expand_dims, asarray(a), axis)


@public(np.reshape)
def reshape(a: Any, /, shape: Any, order: str = "C", *, chunks: Any = None, copy: bool | None = None) -> Array:
    """Another shape of the same size, in C order; one size may be -1."""
    if order != "C":
        raise NotBlocked(f"reshape: order={order!r} has no blocked form; only 'C' has")
    return asarray(a).reshape(shape, chunks=chunks)


@public(np.ravel)
def ravel(a: Any, order: str = "C") -> Array:
    """One axis, in C order."""
    return reshape(a, -1, order)


@public(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Array:
    """Spread to a larger shape without copying."""
    return apply(shaping.broadcast_to, asarray(array), shape)


@public(np.flip)
def flip(m: Any, axis: Any = None) -> Array:
    """Axes run backwards."""
    return apply(shaping.flip, asarray(m), axis)


@public()
def rechunk(x: Any, chunks: Any = "auto") -> Array:
    """The same values in other chunks; see `Array.rechunk`."""
    return asarray(x).rechunk(chunks)
