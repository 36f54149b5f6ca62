"""Quantiles of sorted elements, by every method that NumPy has, rounded as NumPy rounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nbarray.kernels.summaries import presence

__all__ = [
    "METHODS",
    "MedianRanks",
    "Places",
    "QuantileRanks",
    "interpolate",
    "line_medians",
    "line_quantiles",
    "middle",
    "places",
]

Array = np.ndarray[Any, Any]
#: For a few ranks of lines longer than this, putting only those into place is faster than sorting.
LONG, FEW = 2048, 2


class Places(NamedTuple):
    """Where quantiles lie between sorted elements; a negative rank counts from the end.

    low, high : ranks of the elements on both sides; the same, and no `share`, where no two are mixed
    share : how much of the way from one to the other
    """

    low: Array
    high: Array
    share: Array | None


def _discrete(index: Array, stays: Callable[[Array, Array], Array]) -> Array:
    below = np.floor(index)
    return np.maximum(np.where(stays(index - below, index), below, below + 1).astype(np.intp), 0)


def _continuous(alpha: float, beta: float) -> Callable[[Any, Array], Array]:
    return lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


def _as_it_is(share: Array, index: Array) -> Array:
    return share


#: method -> (where it lies among n elements, as a rank or between ranks; what becomes of the part between ranks)
METHODS: dict[str, tuple[Callable[[Any, Array], Array], Callable[[Array, Array], Array] | None]] = {
    "inverted_cdf": (lambda n, q: _discrete(n * q - 1, lambda share, _: share == 0), None),
    "averaged_inverted_cdf": (lambda n, q: n * q - 1, lambda share, _: np.where(share == 0, 0.5, 1.0)),
    "closest_observation": (
        lambda n, q: _discrete(n * q - 1 - 0.5, lambda share, index: (share == 0) & (np.floor(index) % 2 == 1)),
        None,
    ),
    "interpolated_inverted_cdf": (_continuous(0, 1), _as_it_is),
    "hazen": (_continuous(0.5, 0.5), _as_it_is),
    "weibull": (_continuous(0, 0), _as_it_is),
    "linear": (lambda n, q: (n - 1) * q, _as_it_is),
    "median_unbiased": (_continuous(1 / 3.0, 1 / 3.0), _as_it_is),
    "normal_unbiased": (_continuous(3 / 8.0, 3 / 8.0), _as_it_is),
    "lower": (lambda n, q: np.floor((n - 1) * q).astype(np.intp), None),
    "higher": (lambda n, q: np.ceil((n - 1) * q).astype(np.intp), None),
    "midpoint": (
        lambda n, q: 0.5 * (np.floor((n - 1) * q) + np.ceil((n - 1) * q)),
        lambda _, index: np.where(index % 1 == 0, 0.0, 0.5),
    ),
    "nearest": (lambda n, q: np.around((n - 1) * q).astype(np.intp), None),
}


def places(method: str, n: Any, q: Array) -> Places:
    """Where quantiles `q` of `n` sorted elements lie; both may be arrays that broadcast.

    >>> places("linear", 5, np.array([0.125, 1.0]))
    Places(low=array([ 0, -1]), high=array([ 1, -1]), share=array([0.5, 5. ]))
    """
    where, share_of = METHODS[method]
    index = np.asanyarray(where(n, q))
    if share_of is None or (index.dtype.kind in "iu" and method == "linear"):
        index = index.astype(np.intp)
        return Places(index, index, None)
    low = np.floor(index)
    high = low + 1
    above, below = index >= n - 1, index < 0
    # what lies outside is the last or first element, mixed with itself: infinities become NaN there, as in NumPy
    low, high = np.where(above, -1, low), np.where(above, -1, high)
    low, high = np.where(below, 0, low), np.where(below, 0, high)
    share = np.asanyarray(share_of(index - low, index), dtype=index.dtype)
    return Places(low.astype(np.intp), high.astype(np.intp), share)


def interpolate(low: Array, high: Array, share: Array | None, weak: bool) -> Array:
    """Values between the elements on both sides.

    weak : the quantile was a Python number, which doesn't change the dtype
    """
    if share is None:
        return low
    step = high - low
    rest = 1 - share
    near = share >= 0.5
    if weak and step.dtype.kind == "f":
        share, rest = share.astype(step.dtype), rest.astype(step.dtype)
    mixed = np.asanyarray(low + step * share)
    return np.where(near, (high - step * rest).astype(mixed.dtype, copy=False), mixed)


def middle(n: int) -> list[int]:
    """The ranks whose mean is the median of `n` elements.

    >>> middle(4), middle(5)
    ([1, 2], [2])
    """
    return [n // 2 - 1, n // 2] if n % 2 == 0 else [n // 2]


def line_quantiles(
    block: Array, axes: tuple[int, ...], q: Array, method: str, weak: bool, skip_nan: bool, dtype: np.dtype[Any]
) -> Array:
    """Quantiles `q` (one axis) over `axes`: they come along the first of these, the others become 1 long."""
    values, k = _lines_of(block, axes)
    n = values.shape[k]
    there = presence(values)
    if skip_nan and there is not None:
        valid = np.moveaxis(there, k, 0).sum(axis=0)
        size = np.maximum(valid, 1)[None]
        # sizes are Python's integers for NumPy: they don't change the dtype of `q`
        size = size.astype(q.dtype) if q.dtype.kind == "f" else size
        found = places(method, size, q.reshape(-1, *[1] * valid.ndim))
        ordered = np.moveaxis(np.sort(values, axis=k), k, 0)
        wrap = np.maximum(valid, 1)[None]
        low, high = (np.take_along_axis(ordered, np.where(r < 0, r + wrap, r), axis=0) for r in found[:2])
        lost = valid == 0
    else:
        found = places(method, n, q)
        ordered = np.moveaxis(_in_order(values, np.unique(np.concatenate([found.low, found.high]) % n), k), k, 0)
        low, high = ordered[found.low], ordered[found.high]
        lost = None if there is None else ~np.moveaxis(there, k, 0).all(axis=0)
        if found.share is not None:
            found = found._replace(share=found.share.reshape(-1, *[1] * (low.ndim - 1)))
    made = np.asanyarray(interpolate(low, high, found.share, weak)).astype(dtype, copy=False)
    if lost is not None:
        made = np.where(lost[None], _nothing(dtype), made)
    return _along(made, axes)


def line_medians(block: Array, axes: tuple[int, ...], skip_nan: bool, dtype: np.dtype[Any]) -> Array:
    """Medians over `axes`, which become 1 long."""
    values, k = _lines_of(block, axes)
    n = values.shape[k]
    there = presence(values)
    if skip_nan and there is not None:
        valid = np.moveaxis(there, k, 0).sum(axis=0)
        ordered = np.moveaxis(np.sort(values, axis=k), k, 0)
        ranks = np.stack([np.maximum(valid - 1, 0) // 2, np.minimum(valid // 2, n - 1)])
        made = np.mean(np.take_along_axis(ordered, ranks, axis=0), axis=0)
        # the mean of an element with itself may overflow
        made = np.where(valid % 2 == 1, np.take_along_axis(ordered, ranks[:1], axis=0)[0].astype(made.dtype), made)
        lost = valid == 0
    else:
        ordered = np.moveaxis(_in_order(values, np.array(middle(n)), k), k, 0)
        made = np.mean(ordered[middle(n)], axis=0)
        lost = None if there is None else ~np.moveaxis(there, k, 0).all(axis=0)
    if lost is not None:
        made = np.where(lost, _nothing(np.dtype(dtype)), made)
    return _along(np.asarray(made, dtype)[None], axes)


def _lines_of(block: Array, axes: tuple[int, ...]) -> tuple[Array, int]:
    """The block with its lines along one axis, and which that is."""
    if len(axes) == 1:
        return block, axes[0]
    moved = np.moveaxis(block, axes, range(-len(axes), 0))
    kept = moved.shape[: block.ndim - len(axes)]
    return moved.reshape(*kept, -1), len(kept)


def _in_order(values: Array, ranks: Array, axis: int) -> Array:
    """A copy in which elements of some ranks are where sorting would put them."""
    if values.shape[axis] > LONG and len(ranks) <= FEW:
        return np.partition(values, ranks, axis=axis)
    return np.sort(values, axis=axis)


def _nothing(dtype: np.dtype[Any]) -> Any:
    return np.array("NaT", dtype) if dtype.kind in "mM" else dtype.type(np.nan)


def _along(made: Array, axes: tuple[int, ...]) -> Array:
    """Results in front put along the first of `axes`; the others become 1 long."""
    spread = np.expand_dims(made, tuple(1 + a for a in axes))
    return np.squeeze(np.moveaxis(spread, 0, axes[0] + 1), axis=axes[0])


@dataclass(frozen=True)
class MedianRanks:
    """The ranks that the median of `count` elements is made of, or of those that are numbers if it is None."""

    count: int | None

    def __call__(self, valid: int) -> list[int]:
        ranks = middle(valid if self.count is None else self.count)
        return [ranks[0], ranks[-1]]


@dataclass(frozen=True)
class QuantileRanks:
    """The ranks that quantiles are made of, first the lower ones and then the upper ones."""

    method: str
    q: tuple[Any, ...]
    count: int | None

    def __call__(self, valid: int) -> list[int]:
        n = valid if self.count is None else self.count
        found = places(self.method, n, np.array(self.q))
        ranks: list[int] = (np.concatenate([found.low, found.high]) % max(1, n)).tolist()
        return ranks
