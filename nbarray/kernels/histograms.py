"""Counting elements by bins: equal ones by arithmetic, others by searching, several dimensions together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nbarray.compiling import KERNEL, CannotCompile, run_watched
from nbarray.errors import InputError
from nbarray.kernels.native import worth
from nbarray.kernels.summaries import Block, Int64, Summary

__all__ = ["Counts", "EqualEdges", "Histogram", "HistogramND"]

#: Elements that are counted at once: their places stay in the cache.
TILE = 2**15
#: What counting one element takes, in operations as programs count them.
OPERATIONS = 6
#: Compiled code counts neighbours in so many tables, so that it needn't wait for itself; in one, of many bins.
TABLES, FEW_BINS = 4, 4096

#: Counts by equal bins: a place by arithmetic, then compared with the edges beside it; `above` ends with infinity.
_COUNT = {
    kind: f"""import numpy as np


def {KERNEL}(values, first, last, scale, edges, above, tables):
    bins, one = np.uint64(len(edges)), np.uint64(1)
    flat, apart = tables.reshape(-1), np.uint64(len(tables) - 1)
    for k in range(len(values)):
        x = np.{kind}(values[k])
        if first <= x <= last:
            j = min(np.uint64((np.float64(x) - first) * scale), bins - one)
            if x < edges[j]:
                j -= one
            elif x >= above[j]:
                j += one
            flat[(np.uint64(k) & apart) * bins + j] += 1
"""
    for kind in ("float32", "float64")
}


@dataclass(frozen=True)
class EqualEdges:
    """The edges of equal bins, as NumPy makes them, as a function of the smallest and the largest element.

    within : the two numbers are a range for elements of this dtype, instead
    column : as `numpy.histogramdd` has them for a column
    """

    bins: int
    within: np.dtype[Any] | None = None
    column: bool = False

    def __call__(self, ends: Block) -> Block:
        values, span = (ends, None) if self.within is None else (np.empty(0, self.within), tuple(ends))
        try:
            if not self.column:
                return np.histogram_bin_edges(values, self.bins, span)
            made: Block = np.histogramdd(values[:, None], [self.bins], None if span is None else [span])[1][0]
            return made
        except ValueError as error:
            raise InputError(str(error)) from None


@dataclass(frozen=True)
class Histogram(Summary):
    """Elements, or their weights (a second array), by bin; the edges are the extra.

    equal : bins are equally wide; density : counts become shares of all, for each unit of width
    compiled : elements are counted by compiled code, which gives the same
    each : bytes for each element at once, at the most
    """

    bins: int
    equal: bool
    dtype: np.dtype[Any]
    density: bool
    compiled: bool = False
    each: int = field(default=64, kw_only=True)

    @property
    def name(self) -> str:
        return "histogram"

    @property
    def kernels(self) -> tuple[str, ...]:
        return (_COUNT["float64"],)  # edges of float32 elements alone are others

    def for_elements(self, count: int) -> Summary:
        return replace(self, compiled=self.equal and worth(OPERATIONS * count))

    def likely(self, sample: Block | None) -> Summary:
        # where bins are equal, edges seldom lie so close that they have to be searched for; compiled loops make nothing
        return replace(self, each=0 if self.compiled else 26) if self.equal else self

    def begin(self, extras: Sequence[Block]) -> Any:
        if not self.equal and (extras[0][:-1] > extras[0][1:]).any():
            raise InputError("`bins` must increase monotonically, when an array")
        return np.zeros(self.bins, self.dtype)

    def take(self, state: Any, pieces: Sequence[Block], low: Sequence[int], extras: Sequence[Block]) -> Any:
        values, edges = pieces[0].reshape(-1), extras[0]
        weights = pieces[1].reshape(-1) if len(pieces) > 1 else None
        equal = self.equal and _evenness(edges) < 0.25
        if equal and weights is None and self.compiled and _count_compiled(values, edges, state):
            return state
        count = _count_equal if equal else _count_any
        for a in range(0, len(values), TILE):
            part = None if weights is None else weights[a : a + TILE]
            count(values[a : a + TILE], edges, state, part)
        return state

    def merge(self, states: Sequence[Any]) -> Any:
        return np.sum(states, axis=0, dtype=self.dtype)

    def finish(self, state: Any, extras: Sequence[Block]) -> Block:
        if not self.density:
            return np.asarray(state)
        with np.errstate(all="ignore"):
            return np.asarray(state / np.array(np.diff(extras[0]), float) / state.sum())

    def state_bytes(self, elements: Int64, parts: int) -> Int64:
        return np.full(len(elements), self.bins * self.dtype.itemsize * parts, np.int64)

    def scratch_bytes(self, elements: Int64) -> Int64:
        return np.minimum(elements, TILE) * self.each + (2 + TABLES) * self.bins * self.dtype.itemsize


def _evenness(edges: Block) -> float:
    """How far the edges and our arithmetic may be from where they should be, in widths of a bin."""
    span = float(edges[-1] - edges[0])
    largest = max(abs(float(edges[0])), abs(float(edges[-1])))
    return 8 * float(np.finfo(edges.dtype).eps) * (len(edges) - 1) * (1 + largest / span)


def _count_compiled(values: Block, edges: Block, counts: Block) -> bool:
    """Count by compiled code, which raises a flag where it meets NaN; returns whether that could be done."""
    exact = values.dtype == edges.dtype or (values.dtype.kind in "iu" and values.itemsize <= 4)
    if edges.dtype.name not in _COUNT or not exact or not values.dtype.isnative:
        return False
    tables = np.zeros((TABLES if len(counts) <= FEW_BINS else 1, len(counts)), np.int64)
    above = np.append(edges[1:-1], edges.dtype.type(np.inf))
    first, last = float(edges[0]), float(edges[-1])
    scale = len(counts) / (last - first)
    try:
        run_watched(_COUNT[edges.dtype.name], values, first, last, scale, edges[:-1], above, tables)
    except CannotCompile:
        return False
    counts += tables.sum(axis=0)
    return True


def _count_equal(values: Block, edges: Block, counts: Block, weights: Block | None) -> None:
    """Count by arithmetic; what comes close to an edge is compared with it."""
    first, last, bins = edges[0], edges[-1], len(edges) - 1
    if not (values.min() >= first and values.max() <= last):  # NaN as well
        inside = (values >= first) & (values <= last)
        values, weights = values[inside], None if weights is None else weights[inside]
    values = values.astype(edges.dtype, copy=False)
    place = values - first
    if np.isfinite(scale := bins / (last - first)):
        place *= scale
    else:  # edges that lie closer than the smallest normal number
        place = place / (last - first) * bins
    number = place.astype(np.intp)
    away = np.rint(place)
    away -= place
    close = np.flatnonzero(np.abs(away, out=away) <= edges.dtype.type(_evenness(edges)))
    if 8 * close.size > values.size:
        number = np.minimum(number, bins - 1)
        number -= values < edges[number]
        number += (values >= edges[number + 1]) & (number != bins - 1)
    elif close.size:
        number[close] = np.minimum(np.searchsorted(edges, values[close], "right") - 1, bins - 1)
    _add(number, counts, weights)


def _add(number: Block, counts: Block, weights: Block | None) -> None:
    bins = len(counts)
    if weights is None:
        counts += np.bincount(number, minlength=bins)
    elif weights.dtype.kind == "c":
        counts.real += np.bincount(number, weights.real, bins)
        counts.imag += np.bincount(number, weights.imag, bins)
    else:
        counts += np.bincount(number, weights, bins).astype(counts.dtype)


def _count_any(values: Block, edges: Block, counts: Block, weights: Block | None) -> None:
    """Count by searching for the edges among the sorted elements."""
    if weights is None:
        values = np.sort(values)
        ends = np.searchsorted(values, edges, "left")
        ends[-1:] = np.searchsorted(values, edges[-1:], "right")
        counts += np.diff(ends)
        return
    order = np.argsort(values, kind="stable")
    values = values[order]
    ends = np.searchsorted(values, edges, "left")
    ends[-1:] = np.searchsorted(values, edges[-1:], "right")
    before = np.concatenate([np.zeros(1, counts.dtype), np.cumsum(weights[order], dtype=counts.dtype)])
    counts += np.diff(before[ends])


@dataclass(frozen=True)
class HistogramND(Summary):
    """Elements at the same place of several arrays by bins in as many dimensions; the edges are the extras.

    weighted : one more array has weights
    """

    bins: tuple[int, ...]
    weighted: bool
    density: bool

    @property
    def name(self) -> str:
        return f"histogram of {len(self.bins)} dimensions"

    def begin(self, extras: Sequence[Block]) -> Any:
        return np.zeros(self.bins)

    def take(self, state: Any, pieces: Sequence[Block], low: Sequence[int], extras: Sequence[Block]) -> Any:
        flat = [p.reshape(-1) for p in pieces]
        weights = flat.pop() if self.weighted else None
        for a in range(0, len(flat[0]), TILE):
            sample = np.stack([p[a : a + TILE] for p in flat], axis=1)
            part = None if weights is None else weights[a : a + TILE]
            state += np.histogramdd(sample, list(extras), weights=part)[0]
        return state

    def merge(self, states: Sequence[Any]) -> Any:
        return np.sum(states, axis=0)

    def finish(self, state: Any, extras: Sequence[Block]) -> Block:
        if not self.density:
            return np.asarray(state)
        total = state.sum()
        with np.errstate(all="ignore"):
            for k, edges in enumerate(extras):
                state = state / np.diff(edges).reshape([-1 if j == k else 1 for j in range(len(extras))])
            return np.asarray(state / total)

    def state_bytes(self, elements: Int64, parts: int) -> Int64:
        return np.full(len(elements), 8 * parts * int(np.prod(self.bins)), np.int64)

    def scratch_bytes(self, elements: Int64) -> Int64:
        return np.minimum(elements, TILE) * 32 * (2 + len(self.bins)) + 24 * int(np.prod([b + 2 for b in self.bins]))


@dataclass(frozen=True)
class Counts(Summary):
    """How often each whole number below `size` is there, or the sum of the weights (a second array) at its places."""

    size: int
    dtype: np.dtype[Any]

    @property
    def name(self) -> str:
        return "bincount"

    def begin(self, extras: Sequence[Block]) -> Any:
        return np.zeros(self.size, self.dtype)

    def take(self, state: Any, pieces: Sequence[Block], low: Sequence[int], extras: Sequence[Block]) -> Any:
        values = pieces[0].reshape(-1).astype(np.intp, copy=False)
        if values.size and values.min() < 0:
            raise InputError("'list' argument must have no negative elements")
        weights = pieces[1].reshape(-1) if len(pieces) > 1 else None
        state += np.bincount(values, weights, self.size)
        return state

    def merge(self, states: Sequence[Any]) -> Any:
        return np.sum(states, axis=0, dtype=self.dtype)

    def finish(self, state: Any, extras: Sequence[Block]) -> Block:
        return np.asarray(state)

    def state_bytes(self, elements: Int64, parts: int) -> Int64:
        return np.full(len(elements), self.size * self.dtype.itemsize * parts, np.int64)

    def scratch_bytes(self, elements: Int64) -> Int64:
        return elements * 16 + self.size * self.dtype.itemsize
