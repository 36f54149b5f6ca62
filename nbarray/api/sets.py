"""Distinct elements, and sets of them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nbarray.api.array import Array
from nbarray.api.creation import asarray
from nbarray.api.dispatch import public
from nbarray.errors import NotBlocked
from nbarray.expr.node import Expr, remember_place
from nbarray.expr.unsized import Unsized
from nbarray.kernels.keys import held_by_key
from nbarray.ops import sets
from nbarray.ops.lines import asked_of_numpy
from nbarray.ops.operands import normalize_axes
from nbarray.ops.ordering import isin
from nbarray.provenance import caller
from nbarray.session import resolve_sizes

__all__: list[str] = []


class UniqueAllResult(NamedTuple):
    """What `unique_all` gives."""

    values: Array
    indices: Array
    inverse_indices: Array
    counts: Array


class UniqueCountsResult(NamedTuple):
    """What `unique_counts` gives."""

    values: Array
    counts: Array


class UniqueInverseResult(NamedTuple):
    """What `unique_inverse` gives."""

    values: Array
    inverse_indices: Array


def _array(expr: Expr) -> Array:
    remember_place(expr, caller(), written=True)
    return Array(expr)


def _known(a: Any) -> Expr:
    """An array's expression, with its sizes counted if they weren't known."""
    return resolve_sizes(asarray(a).expr)


@public(np.unique)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """The distinct elements in order, as `numpy.unique` has them.

    return_index, return_inverse, return_counts : where each is first, which each element is, how often each is there
    axis : distinct parts along an axis; None: distinct elements

    How many there are is known once it is asked (the shape, computing): one pass, which keeps the distinct elements,
    so nothing is done twice.  Where they take more than a 64th of the budget, the array is sorted out of core instead.
    Raises NotBlocked for masked arrays and objects, and for the inverse or parts of so many distinct elements.

    >>> import nbarray as nb
    >>> values, counts = nb.unique(nb.asarray([3, 1, 3]), return_counts=True)
    >>> values.compute(), counts.compute()
    (array([1, 3]), array([1, 2]))
    """
    x = _known(ar)
    if axis is not None and x.ndim == 1:  # its parts are its elements
        sets.check_axis_type(axis)
        normalize_axes(axis, 1)
    elif axis is not None:
        return _unique_parts(x, axis, equal_nan, return_index, return_inverse, return_counts)
    found = sets.distinct(x, equal_nan, wants_first=return_index)
    asked = [
        found.values,
        *([found.first] if return_index else []),
        *([found.inverse] if return_inverse else []),
        *([found.counts] if return_counts else []),
    ]
    made = tuple(map(_array, asked))
    return made if len(made) > 1 else made[0]


def _unique_parts(x: Expr, axis: int, equal_nan: bool, index: bool, inverse: bool, counts: bool) -> Any:
    sets.check_axis_type(axis)
    if inverse:
        raise NotBlocked("unique along an axis with return_inverse has no blocked form; compute first: x.compute()")
    rows, apart = sets.rows_of(x, axis)
    found = sets.distinct(rows, equal_nan, wants_first=index)
    values = found.values
    assert isinstance(values, Unsized)
    shape = tuple(None if k == axis % x.ndim else n for k, n in enumerate(x.shape))

    def answer(asked: Any) -> Expr:
        return apart(values.held.value(asked))

    parts = Unsized(values.questions, held_by_key(answer), shape, x.dtype, "unique")
    made = tuple(map(_array, [parts, *([found.first] if index else []), *([found.counts] if counts else [])]))
    return made if len(made) > 1 else made[0]


@public(np.unique_values)
def unique_values(x: Any) -> Array:
    """The distinct elements in order, each NaN by itself; see `nbarray.unique`.

    Cost: as `unique`.

    >>> import nbarray as nb
    >>> nb.unique_values(nb.asarray([3, 1, 3])).compute()
    array([1, 3])
    """
    return _array(sets.distinct(_known(x), False).values)


@public(np.unique_counts)
def unique_counts(x: Any) -> UniqueCountsResult:
    """The distinct elements and how often each is there, each NaN by itself; see `nbarray.unique`.

    Cost: as `unique`.

    >>> import nbarray as nb
    >>> nb.unique_counts(nb.asarray([3, 1, 3])).counts.compute()
    array([1, 2])
    """
    found = sets.distinct(_known(x), False)
    return UniqueCountsResult(_array(found.values), _array(found.counts))


@public(np.unique_inverse)
def unique_inverse(x: Any) -> UniqueInverseResult:
    """The distinct elements and which of them each element is, each NaN by itself; see `nbarray.unique`.

    Cost: as `unique`, and a pass to find each element.

    >>> import nbarray as nb
    >>> nb.unique_inverse(nb.asarray([3, 1, 3])).inverse_indices.compute()
    array([1, 0, 1])
    """
    found = sets.distinct(_known(x), False)
    return UniqueInverseResult(_array(found.values), _array(found.inverse))


@public(np.unique_all)
def unique_all(x: Any) -> UniqueAllResult:
    """All that `nbarray.unique` gives, each NaN by itself.

    Cost: as `unique`, and a pass to find each element.

    >>> import nbarray as nb
    >>> nb.unique_all(nb.asarray([3, 1, 3])).indices.compute()
    array([1, 0])
    """
    found = sets.distinct(_known(x), False, wants_first=True)
    return UniqueAllResult(*map(_array, (found.values, found.first, found.inverse, found.counts)))


@public(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Array:
    """The distinct elements of both arrays in order, as `numpy.union1d` has them; see `nbarray.unique`.

    Cost: as `unique` of both.

    >>> import nbarray as nb
    >>> nb.union1d(nb.arange(3), [2, 5]).compute()
    array([0, 1, 2, 5])
    """
    first, second = _beside(ar1, ar2), _beside(ar2, ar1)
    return _array(sets.set_of("union1d", _known(first), _known(second)).values)


def _beside(given: Any, other: Any) -> Any:
    """A number of Python's as NumPy puts it behind an array: in its dtype, if that is of the kind."""
    if not isinstance(given, int | float | complex) or not hasattr(other, "dtype"):
        return given
    return asked_of_numpy(np.concatenate, (np.empty(0, other.dtype), given), axis=None)


@public(np.intersect1d)
def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """The distinct elements that are in both arrays, as `numpy.intersect1d` has them; see `nbarray.unique`.

    return_indices : where each is first in both arrays, as well

    Cost: as `unique` of the first, and as `isin` among the other; with `return_indices` the same the other way round.

    >>> import nbarray as nb
    >>> nb.intersect1d(nb.arange(3), [2, 5]).compute()
    array([2])
    """
    a, b = _known(ar1), _known(ar2)
    found = sets.set_of("intersect1d", a, b, return_indices)
    if not return_indices:
        return _array(found.values)
    other = sets.set_of("intersect1d", b, a, True)
    return _array(found.values), _array(found.first), _array(other.first)


@public(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    """The distinct elements of one array that aren't in another, as `numpy.setdiff1d` has them; see `nbarray.unique`.

    assume_unique : elements are distinct already, and come in the order they have

    Cost: as `unique` of the first, and as `isin` among the other.

    >>> import nbarray as nb
    >>> nb.setdiff1d(nb.arange(4), [2, 5]).compute()
    array([0, 1, 3])
    """
    a, b = _known(ar1), _known(ar2)
    if assume_unique:
        flat = _array(a).ravel()
        return flat[_array(isin(flat.expr, b, True))]
    return _array(sets.set_of("setdiff1d", a, b).values)


@public(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Array:
    """The distinct elements that are in one of two arrays only, as `numpy.setxor1d` has them; see `nbarray.unique`.

    assume_unique : the elements of each are distinct already; both are sorted together, and elements counted

    Cost: as `unique` of both, and as `isin` among each.

    >>> import nbarray as nb
    >>> nb.setxor1d(nb.arange(3), [2, 5]).compute()
    array([0, 1, 5])
    """
    made = sets.alone if assume_unique else sets.one_side
    return _array(made(_known(ar1), _known(ar2)))
