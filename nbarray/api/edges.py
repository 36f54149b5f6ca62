"""The parts that overlapping is made of, by the names of dask's module: attributes of `nb.overlap`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbarray.api.array import Array, wrap
from nbarray.api.creation import asarray
from nbarray.api.differences import push
from nbarray.api.ghosting import overlap, trim_overlap
from nbarray.errors import InputError
from nbarray.expr.node import Expr
from nbarray.ops import ghosting
from nbarray.ops.operands import one_axis

__all__: list[str] = []


def coerce_depth(ndim: int, depth: Any) -> dict[int, Any]:
    """How many elements of the neighbours, by axis: a number, or (before, after) where these differ.

    Cost: none.

    >>> import nbarray as nb
    >>> nb.overlap.coerce_depth(2, {1: (2, 1)})
    {0: 0, 1: (2, 1)}
    """
    pairs = enumerate(ghosting.depths(depth, ndim))
    return {k: before if before == after else (before, after) for k, (before, after) in pairs}


def coerce_boundary(ndim: int, boundary: Any) -> dict[int, Any]:
    """What lies beyond the edges, by axis.

    Cost: none.

    >>> import nbarray as nb
    >>> nb.overlap.coerce_boundary(2, {0: "reflect"})
    {0: 'reflect', 1: 'none'}
    """
    return {k: "none" if b is None else b for k, b in enumerate(ghosting.boundaries(boundary, ndim))}


def ensure_minimum_chunksize(size: int, chunks: Sequence[int]) -> tuple[int, ...]:
    """The chunks of an axis put together until none has less than `size` elements.

    Raises InputError for an axis that is shorter than that.

    Cost: none.

    >>> import nbarray as nb
    >>> nb.overlap.ensure_minimum_chunksize(10, (20, 20, 1))
    (20, 11, 10)
    """
    if sum(chunks) < size:
        raise InputError(f"The overlapping depth {size} is larger than your array {sum(chunks)}.")
    return tuple(chunks) if min(chunks, default=0) >= size else ghosting.no_shorter(chunks, size)


def boundaries(x: Any, depth: Any = None, kind: Any = None) -> Array:
    """An array with what lies beyond its edges: what `overlap` gives blocks at the edges.

    depth, kind : as `nbarray.map_overlap` takes depth and boundary

    Cost: none before it is computed; then the array is read as it lies, and what lies beyond again.

    >>> import nbarray as nb
    >>> nb.overlap.boundaries(nb.arange(3), 1, "periodic").compute()
    array([2, 0, 1, 2, 0])
    """
    array = asarray(x)
    made: Expr = array.expr
    pairs, edges = ghosting.depths(depth, array.ndim), ghosting.boundaries(kind, array.ndim)
    for axis, (pair, edge) in enumerate(zip(pairs, edges, strict=True)):
        made = made if edge is None else ghosting.beyond(made, axis, pair, edge)
    return wrap(made)


def add_dummy_padding(x: Any, depth: Any, boundary: Any) -> Array:
    """An array with elements of no meaning (zeros) beyond those edges that have nothing beyond them.

    Cost: none before it is computed; then the array is read as it lies.

    >>> import nbarray as nb
    >>> nb.overlap.add_dummy_padding(nb.arange(2), 1, "none").compute()
    array([0, 0, 1, 0])
    """
    array = asarray(x)
    edges = ghosting.boundaries(boundary, array.ndim)
    return boundaries(array, depth, {k: 0 for k, edge in enumerate(edges) if edge is None})


def trim_internal(x: Any, axes: Any, boundary: Any = None) -> Array:
    """Blocks without what `overlap` gave them; see `nbarray.trim_overlap`.

    Cost: none before it is computed; then one pass.

    >>> import nbarray as nb
    >>> nb.overlap.trim_internal(nb.overlap(nb.arange(4, chunks=2), 1, "reflect"), 1, "reflect").compute()
    array([0, 1, 2, 3])
    """
    made: Array = trim_overlap(x, axes, boundary)
    return made


def _one_axis(x: Any, axis: int, depth: Any, edge: Any) -> Array:
    array = asarray(x)
    k = one_axis(axis, array.ndim)
    return boundaries(array, {k: depth}, {k: edge})


def constant(x: Any, axis: int, depth: Any, value: Any) -> Array:
    """`depth` times a value in front of and behind an axis.

    Cost: none before it is computed; then the array is read as it lies.

    >>> import nbarray as nb
    >>> nb.overlap.constant(nb.arange(2), 0, 1, 9).compute()
    array([9, 0, 1, 9])
    """
    return _one_axis(x, axis, depth, value)


def nearest(x: Any, axis: int, depth: Any) -> Array:
    """The first and last elements of an axis `depth` times more.

    Cost: none before it is computed; then the array is read as it lies, and its edges again.

    >>> import nbarray as nb
    >>> nb.overlap.nearest(nb.arange(2), 0, 1).compute()
    array([0, 0, 1, 1])
    """
    return _one_axis(x, axis, depth, "nearest")


def periodic(x: Any, axis: int, depth: Any) -> Array:
    """The last `depth` elements of an axis in front of it, and the first behind it.

    Cost: none before it is computed; then the array is read as it lies, and its edges again.

    >>> import nbarray as nb
    >>> nb.overlap.periodic(nb.arange(3), 0, 1).compute()
    array([2, 0, 1, 2, 0])
    """
    return _one_axis(x, axis, depth, "periodic")


def reflect(x: Any, axis: int, depth: Any) -> Array:
    """The first `depth` elements of an axis in front of it in turn, and the last behind it.

    Cost: none before it is computed; then the array is read as it lies, and its edges again.

    >>> import nbarray as nb
    >>> nb.overlap.reflect(nb.arange(3), 0, 2).compute()
    array([1, 0, 0, 1, 2, 2, 1])
    """
    return _one_axis(x, axis, depth, "reflect")


for _function in (
    add_dummy_padding, boundaries, coerce_boundary, coerce_depth, constant, ensure_minimum_chunksize, nearest,
    periodic, push, reflect, trim_internal,
):  # fmt: skip
    setattr(overlap, _function.__name__, _function)
