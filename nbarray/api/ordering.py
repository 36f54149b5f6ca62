"""Sorting, and what comes of it: partitions, the largest few, places in sorted arrays, membership."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.api.array import Array, apply
from nbarray.api.conversions import values_of
from nbarray.api.creation import asarray
from nbarray.api.dispatch import is_method, public
from nbarray.errors import DTypeError, InputError, NotBlocked, ShapeError
from nbarray.ops import ordering
from nbarray.ops.lines import asked_of_numpy
from nbarray.ops.sorting import sort as sort_expr

__all__ = ["argsort", "sort"]


@public(np.sort)
def sort(a: Any, axis: int | None = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> Array:
    """A sorted copy, as `numpy.sort` has it; inside the budget, however long the axis is.

    axis : which, or None for the flattened array; kind, stable : sorting is stable, whatever they say

    What is masked comes last.  Raises AxisError, InputError for a `kind` that NumPy hasn't got or that is given
    together with `stable`, NotBlocked for masked text and for `order`.

    Cost: lines that fit into a task are read once; a longer axis is sorted by runs, which are held or go through
    scratch, and merged.

    >>> import numpy as np, nbarray as nb
    >>> nb.sort(nb.from_array(np.array([3, 1, 2]), chunks=1)).compute()
    array([1, 2, 3])
    """
    return _sorted("sort", a, axis, kind, order, stable, False)


@is_method("argsort")
@public(np.argsort)
def argsort(a: Any, axis: int | None = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> Array:
    """The positions that sort an array along an axis, as `numpy.argsort` has it with ``kind="stable"``.

    What is masked comes last.  Raises AxisError, InputError for a `kind` that NumPy hasn't got or that is given
    together with `stable`, NotBlocked for masked text and for `order`.

    Cost: lines that fit into a task are read once; a longer axis is sorted by runs, which are held or go through
    scratch, and merged.

    >>> import numpy as np, nbarray as nb
    >>> nb.argsort(nb.from_array(np.array([3, 1, 2]), chunks=1)).compute()
    array([1, 2, 0])
    """
    return _sorted("argsort", a, axis, kind, order, stable, True)


def _sorted(name: str, a: Any, axis: int | None, kind: Any, order: Any, stable: Any, positions: bool) -> Array:
    asked_of_numpy(np.sort, np.empty(0), kind=kind, stable=stable)
    if order is not None:
        raise NotBlocked(f"{name}: order={order!r} has no blocked form; sort by one field: {name}(x[field])")
    x = asarray(a)
    if x.ndim == 0 and axis in (None, 0, -1) and positions:
        return apply(sort_expr, x.reshape(1), 0, True)  # NumPy's has an axis then
    return apply(sort_expr, x, axis, positions)


@public(np.partition)
def partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None) -> Array:
    """A copy with the elements of ranks `kth` where sorting would put them, as `numpy.partition` has it.

    Lines that don't fit into a task are sorted: that is a partition too, but the others come in another order.
    Raises AxisError, InputError for ranks outside, NotBlocked for masked arrays and for `order`.

    Cost: as `sort` at most.

    >>> import nbarray as nb
    >>> nb.partition(nb.asarray([3, 1, 2]), 1).compute()
    array([1, 2, 3])
    """
    if order is not None:
        raise NotBlocked(f"partition: order={order!r} has no blocked form")
    kth = values_of(kth) if isinstance(kth, Array) else kth
    asked_of_numpy(np.partition, np.empty(1), 0, kind=kind)
    return apply(ordering.partition, asarray(a), kth, axis)


@is_method("argpartition")
@public(np.argpartition)
def argpartition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: None = None) -> Array:
    """The positions that make a partition, as `numpy.argpartition` has it; see `nbarray.partition`.

    Cost: as `argsort` at most.

    >>> import nbarray as nb
    >>> nb.argpartition(nb.asarray([3, 1, 2]), 1).compute()
    array([1, 2, 0])
    """
    if order is not None:
        raise NotBlocked(f"argpartition: order={order!r} has no blocked form")
    kth = values_of(kth) if isinstance(kth, Array) else kth
    asked_of_numpy(np.partition, np.empty(1), 0, kind=kind)
    return apply(ordering.partition, asarray(a), kth, axis, True)


@is_method("topk")
@public()
def topk(a: Any, k: int, axis: int = -1, split_every: Any = None) -> Array:
    """The `k` largest elements along an axis, from the largest down; the ``-k`` smallest for a negative `k`.

    NaN counts as larger than all numbers, as in sorting.  One pass; memory for a few times `k` elements a task.
    split_every : is taken for compatibility, and means nothing

    >>> import nbarray as nb
    >>> nb.topk(nb.asarray([5, 1, 3, 6]), 2).compute()
    array([6, 5])
    """
    return apply(ordering.topk, asarray(a), k, axis)


@is_method("argtopk")
@public()
def argtopk(a: Any, k: int, axis: int = -1, split_every: Any = None) -> Array:
    """The positions of the `k` largest elements along an axis; see `nbarray.topk`.  Ties keep their order.

    Cost: one pass; memory for a few times `k` elements and positions a task.

    >>> import nbarray as nb
    >>> nb.argtopk(nb.asarray([5, 1, 3, 6]), 2).compute()
    array([3, 0])
    """
    return apply(ordering.topk, asarray(a), k, axis, True)


@public(np.lexsort)
def lexsort(keys: Any, axis: int = -1) -> Array:
    """The positions that sort by several keys, the last first, as `numpy.lexsort` has it.

    keys : arrays of one shape, or one array whose first axis counts them

    Cost: as `argsort` of all keys together.

    >>> import nbarray as nb
    >>> nb.lexsort([nb.asarray([1, 0, 2]), nb.asarray([5, 5, 4])]).compute()
    array([2, 1, 0])
    """
    arrays = [asarray(k) for k in keys]
    return apply(lambda *keys: ordering.lexsort(keys, axis), *arrays)


@public(np.sort_complex)
def sort_complex(a: Any) -> Array:
    """Sorted along the last axis and made complex, as `numpy.sort_complex` has it.

    Cost: as `sort`.

    >>> import nbarray as nb
    >>> nb.sort_complex(nb.asarray([2, 1])).compute()
    array([1.+0.j, 2.+0.j])
    """
    return apply(ordering.sort_complex, asarray(a))


@is_method("searchsorted")
@public(np.searchsorted)
def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Array:
    """Where elements would have to be put into a sorted array to keep it in order, as `numpy.searchsorted` has it.

    a : one-dimensional, sorted; v : of any shape; both may be larger than memory
    sorter : positions that sort `a`, which then isn't sorted itself; it costs what ``a[sorter]`` does

    One pass over `a` if `v` is small; otherwise one over `v` for each part of `a` that fits into a task.
    Raises NotBlocked for masked arrays.

    >>> import nbarray as nb
    >>> nb.searchsorted(nb.arange(0, 10, 2), [3, 4]).compute()
    array([2, 2])
    """
    x = asarray(a)
    if sorter is not None:
        _check_sorter(x, sorter)
        x = x[asarray(sorter)]
    return apply(ordering.searchsorted, x, asarray(v), side)


def _check_sorter(x: Array, given: Any) -> None:
    sorter = asarray(given)
    if sorter.dtype.kind not in "iu":
        raise DTypeError("sorter must only contain integers")
    if sorter.ndim != 1 or x.ndim != 1 or sorter.size != x.size:
        raise ShapeError(f"sorter of shape {sorter.shape} for an array of shape {x.shape}: it has to be one of each")
    places = None if isinstance(given, Array) else np.asarray(given)  # a blocked one is looked at when it is used
    if places is not None and places.size and not 0 <= places.min() <= places.max() < x.size:
        raise InputError(f"Sorter index out of range: expected 0 to {x.size - 1}, not {places.min()} to {places.max()}")


@public(np.isin)
def isin(
    element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, *, kind: Any = None
) -> Array:
    """Which elements are among some others, as `numpy.isin` has it.

    test_elements : may be blocked, and larger than memory: then there is a pass for each part that fits into a task
    kind : "sort", "table" or None; nothing changes, but as in NumPy a table is for booleans and whole numbers alone

    >>> import nbarray as nb
    >>> nb.isin(nb.arange(4), [1, 3]).compute()
    array([False,  True, False,  True])
    """
    return apply(ordering.isin, asarray(element), asarray(test_elements), bool(invert), kind)


@public()
def in1d(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False, *, kind: Any = None) -> Array:
    """`nbarray.isin` of the flattened array.

    Cost: as `isin`: one pass, if `test_elements` fit into a task.

    >>> import nbarray as nb
    >>> nb.in1d(nb.arange(3), [1]).compute()
    array([False,  True, False])
    """
    return isin(asarray(ar1).ravel(), ar2, assume_unique, invert, kind=kind)
