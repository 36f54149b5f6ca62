"""Histograms and counts."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply, wrap
from nbarray.api.creation import asarray
from nbarray.api.dispatch import is_method, public, takes
from nbarray.errors import DTypeError, InputError, NotBlocked
from nbarray.expr.node import Expr
from nbarray.ops import histograms

__all__: list[str] = []


@public(np.histogram)
def histogram(
    a: Any,
    bins: Any = 10,
    range: Any = None,
    density: bool | None = None,
    weights: Any = None,
    *,
    normed: bool | None = None,
) -> tuple[Array, Array]:
    """Counts by bin, and the bins' edges, as `numpy.histogram` has them.

    bins : how many, or their edges; range : (smallest, largest) for a number of bins; density : shares of all, for
        each unit of width; weights : of the elements, in the array's shape

    One pass over the data; with a number of bins and no `range`, a pass for the smallest and largest element goes
    before it, inside the same plan.  The ends of `range` and edges may be blocked; a blocked number of bins is computed
    at once.
    Raises InputError as NumPy does, also for `normed`, which is gone; NotBlocked for bins by name and masked arrays.

    >>> import nbarray as nb
    >>> counts, edges = nb.histogram(nb.asarray([1, 2, 1]), bins=2)
    >>> counts.compute(), edges.compute()
    (array([2, 1]), array([1. , 1.5, 2. ]))
    """
    if normed:
        raise InputError("histogram: normed= is deprecated, and gone from NumPy; give density=True")
    args = asarray(a), _bins(bins), range, bool(density), weights
    made: tuple[Array, Array] = apply(histograms.histogram, *args)
    return made[0], _edges(bins, made[1])


def _bins(bins: Any) -> Any:
    """A number of bins is a size: one that is a blocked array is computed."""
    return operator.index(bins) if isinstance(bins, Array) and not bins.ndim else _together(bins)


def _together(bins: Any) -> Any:
    """Edges, of which some are blocked numbers, as an array."""
    some = isinstance(bins, list | tuple) and any(isinstance(b, Array) for b in bins)
    return asarray(bins) if some else bins


def _edges(given: Any, made: Array) -> Array:
    """Edges as they were given, if they were an array."""
    return given if isinstance(given, Array) and given.ndim else made


@public(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Array:
    """The edges of bins, as `numpy.histogram_bin_edges` has them; see `nbarray.histogram`.

    Cost: a pass for the smallest and largest element, unless `range` or edges are given.

    >>> import nbarray as nb
    >>> nb.histogram_bin_edges(nb.asarray([1, 2, 1]), bins=2).compute()
    array([1. , 1.5, 2. ])
    """
    return _edges(bins, apply(histograms.bin_edges, asarray(a), _bins(bins), range))


@public(np.histogram2d)
def histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    density: bool | None = None,
    weights: Any = None,
    *,
    normed: bool | None = None,
) -> tuple[Array, Array, Array]:
    """Counts by bins of two arrays together, and the edges along both, as `numpy.histogram2d` has them.

    bins : how many, or edges, for both or for each; normed : another name for density; otherwise as `nbarray.histogram`

    Cost: as `histogram`: one pass, and one more without ranges.

    >>> import nbarray as nb
    >>> nb.histogram2d(nb.arange(4), nb.arange(4), bins=2)[0].compute()
    array([[2., 0.],
           [0., 2.]])
    """
    if hasattr(bins, "__len__") and len(bins) not in (1, 2):
        bins = [bins, bins]
    elif hasattr(bins, "__len__") and len(bins) == 1:
        bins = [bins[0], bins[0]]
    counts, edges = _several([asarray(x).expr, asarray(y).expr], bins, range, density, weights, normed)
    return counts, edges[0], edges[1]


@public(np.histogramdd)
def histogramdd(
    sample: Any,
    bins: Any = 10,
    range: Any = None,
    density: bool | None = None,
    weights: Any = None,
    *,
    normed: bool | None = None,
) -> tuple[Array, list[Array]]:
    """Counts by bins of several columns together, and the edges along each, as `numpy.histogramdd` has them.

    sample : an array of shape (N, D), or D arrays of N elements; bins : how many, or edges, for all or for each
    normed : another name for density

    Cost: as `histogram`: one pass, and one more without ranges.

    >>> import nbarray as nb
    >>> counts, edges = nb.histogramdd(nb.ones((5, 3), chunks=2), bins=(1, 1, 2))
    >>> counts.compute().tolist(), len(edges)
    ([[[0.0, 5.0]]], 3)
    """
    if isinstance(sample, list | tuple) and any(np.ndim(s) for s in sample):
        kind = np.result_type(*(asarray(s).dtype for s in sample))
        columns = [asarray(s).astype(kind).expr for s in sample]
    else:
        columns = apply(histograms.columns_of, asarray(sample))
    return _several(columns, bins, range, density, weights, normed)


def _several(
    columns: list[Expr], bins: Any, range: Any, density: bool | None, weights: Any, normed: bool | None
) -> tuple[Array, list[Array]]:
    if normed is not None and density is not None:
        raise DTypeError("histogram: normed= is another name for density=; give one of them")
    given = [_bins(b) for b in bins] if isinstance(bins, list | tuple) else _bins(bins)
    shares = bool(density if normed is None else normed)
    counts, edges = apply(histograms.histogramdd, columns, given, range, shares, weights)
    own = bins if isinstance(bins, list | tuple) and len(bins) == len(edges) else [None] * len(edges)
    return counts, [_edges(b, wrap(e)) for b, e in zip(own, edges, strict=True)]


@public(np.bincount)
@takes("split_every")
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Array:
    """How often each whole number is there, as `numpy.bincount` has it.

    The size depends on the largest number: asking for it (the shape, computing) takes a pass over the data first.

    >>> import nbarray as nb
    >>> nb.bincount(nb.asarray([0, 3, 3])).compute()
    array([1, 0, 0, 2])
    """
    nothing = isinstance(x, list | tuple) and not x  # a list of nothing holds whole numbers, if NumPy wants them
    return apply(histograms.bincount, asarray(x, np.intp if nothing else None), weights, minlength)


@public(np.digitize)
def digitize(x: Any, bins: Any, right: bool = False) -> Array:
    """Which bin each element is in, as `numpy.digitize` has it.

    bins : edges in rising or falling order; each task holds all of them, blocked ones, too, once they are computed

    Raises InputError for edges out of order, at once, or when it is computed with blocked ones; DTypeError for complex
    numbers; NotBlocked for masked arrays.

    Cost: one pass; memory for a few blocks, and the edges for each task.

    >>> import nbarray as nb
    >>> nb.digitize(nb.arange(4), [1, 3]).compute()
    array([0, 1, 1, 2])
    """
    return apply(histograms.digitize, asarray(x), _together(bins), right)


@is_method("ptp")
@public(np.ptp)
def ptp(a: Any, axis: Any = None, out: None = None, keepdims: Any = False) -> Array:
    """The largest value less the smallest, over `axis`, as `numpy.ptp` has it; one pass.

    >>> import nbarray as nb
    >>> nb.ptp(nb.arange(5)).compute()
    np.int64(4)
    """
    if out is not None:
        raise NotBlocked("ptp: out= is not supported on blocked arrays; use the result instead")
    return apply(histograms.ptp, asarray(a), axis, bool(keepdims) and keepdims is not np._NoValue)
