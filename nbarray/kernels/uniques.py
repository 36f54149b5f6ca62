"""Distinct elements with their counts and first places, as long as there are few enough to be kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from nbarray.kernels.sorting import argsort_stable
from nbarray.kernels.summaries import Block, Int64, Summary, flat_positions

__all__ = ["Distinct", "differs", "distinct_dtype"]

#: Whole numbers are counted in a table while it has at most so many places, or so many for each element.
TABLE, TABLE_TIMES = 2**16, 2
#: Elements whose distinct values are found at once; and that are counted in a table at once, or some times its places.
TILE, PIECE, PIECE_TIMES = 2**18, 2**16, 4


class _Found(NamedTuple):
    """Distinct elements in order, how often each is there, and the flat position of the first."""

    values: Block
    counts: Int64
    first: Int64


def distinct_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Rows of the result: an element, how often it is there, where first."""
    return np.dtype([("value", dtype), ("count", np.int64), ("first", np.int64)])


def likely_distinct(sample: Block) -> int:
    """About how many distinct elements there are where a sample of them has been drawn from very many.

    Those seen once stand for those not seen: the share of elements that are like one seen before is one less the share
    of those (Good and Turing).

    >>> likely_distinct(np.arange(1000) % 50), likely_distinct(np.arange(10)) > 10**9
    (50, True)
    """
    _, counts = np.unique(sample, return_counts=True)
    seen_before = len(sample) - int((counts == 1).sum())
    return -(-len(counts) * len(sample) // seen_before) if seen_before else 2**62


def differs(ordered: Block, equal_nan: bool) -> Block:
    """Where sorted elements differ from the one before; the first does."""
    new = np.ones(len(ordered), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    if equal_nan and ordered.dtype.kind in "fcmM":
        new[1:] &= ~(np.isnan(ordered[1:]) & np.isnan(ordered[:-1]))
    return new


def _lost_in_place(order: Int64, values: Block, first: Int64) -> Int64:
    """An order of values in which NaN that are sorted alike are in the order of their places, as those of numbers are.

    Which pieces of an array come first isn't the order of their elements.
    """
    if values.dtype.kind not in "fcmM":
        return order
    lost = int(np.count_nonzero(np.isnan(values)))
    last = order[len(order) - lost :]  # NaN is sorted behind all numbers
    last = last[np.argsort(first[last], kind="stable")]
    return np.concatenate([order[: len(order) - lost], last[np.argsort(values[last], kind="stable")]])


def _above(values: Block, smallest: int) -> Int64:
    """How much larger whole numbers are than the smallest of them."""
    if values.dtype == np.uint64 and smallest >> 63:
        return (values - values.dtype.type(smallest)).astype(np.int64)
    return values.astype(np.int64, copy=False) - smallest


@dataclass(frozen=True)
class Distinct(Summary):
    """The distinct elements of an array, or of those where a second one is true: up to `most` of them.

    likely_most : how many there may be by what is known of them

    The result has a row for each and a last one, whose count says how many there are; -1 if they were too many.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    most: int
    equal_nan: bool
    wants_first: bool
    likely_most: int | None = None

    @property
    def name(self) -> str:
        return "unique"

    def likely(self, sample: Block | None) -> Summary:
        return self if sample is None else replace(self, likely_most=min(self.most, likely_distinct(sample)))

    def begin(self, extras: Sequence[Block]) -> Any:
        none = np.zeros(0, np.int64)
        return _Found(np.empty(0, self.dtype), none, none)

    def take(self, state: Any, pieces: Sequence[Block], low: Sequence[int], extras: Sequence[Block]) -> Any:
        flat = pieces[0].reshape(-1)
        chosen = np.flatnonzero(pieces[1].reshape(-1)) if len(pieces) > 1 else None
        count = len(flat) if chosen is None else len(chosen)
        found = [state]
        for a in range(0, count, TILE):
            if found[0] is None:
                return None
            inside = None if chosen is None else chosen[a : a + TILE]
            values = flat[a : a + TILE] if inside is None else flat[inside]
            made = self._of(values)
            if self.wants_first:
                at = made.first + a if inside is None else inside[made.first]
                made = made._replace(first=flat_positions(at, pieces[0].shape, low, self.shape))
            found = [self.merge([found[0], made])]
        return found[0]

    def _of(self, values: Block) -> _Found:
        if values.dtype.kind in "iub" and values.size:
            smallest, largest = int(values.min()), int(values.max())
            if largest - smallest < max(TABLE, TABLE_TIMES * values.size) and values.dtype.itemsize < 9:
                return self._by_table(values, smallest, largest - smallest + 1)
        if self.wants_first:
            order = argsort_stable(values)
            ordered = values[order]
        else:
            order, ordered = None, np.sort(values)
        starts = np.flatnonzero(differs(ordered, self.equal_nan))
        counts = np.diff(starts, append=len(values))
        return _Found(ordered[starts], counts, counts if order is None else order[starts])

    def _by_table(self, values: Block, smallest: int, size: int) -> _Found:
        if not self.wants_first:
            table = np.zeros(size, np.int64)
            piece = max(PIECE, PIECE_TIMES * size)
            for a in range(0, len(values), piece):
                table += np.bincount(_above(values[a : a + piece], smallest), minlength=size)
            there = first = np.flatnonzero(table)
        else:
            shifted = _above(values, smallest)
            table = np.bincount(shifted, minlength=size)
            there = np.flatnonzero(table)
            places = np.empty(size, np.int64)
            places[shifted[::-1]] = np.arange(len(values) - 1, -1, -1)
            first = places[there]
        if values.dtype.kind == "b":
            return _Found((there + smallest).astype(bool), table[there], first)
        return _Found(there.astype(values.dtype) + values.dtype.type(smallest), table[there], first)

    def merge(self, states: Sequence[Any]) -> Any:
        if any(s is None for s in states):
            return None
        states = [s for s in states if len(s.values)] or states[:1]
        if len(states) > 1:
            values = np.concatenate([s.values for s in states])
            order = np.argsort(values, kind="stable")
            firsts = np.concatenate([s.first for s in states])
            if self.wants_first and not self.equal_nan:
                order = _lost_in_place(order, values, firsts)
            values = values[order]
            starts = np.flatnonzero(differs(values, self.equal_nan))
            counts = np.add.reduceat(np.concatenate([s.counts for s in states])[order], starts)
            first = np.minimum.reduceat(firsts[order], starts)
            merged = _Found(values[starts], counts, first)
        else:
            merged = states[0]
        return merged if len(merged.values) <= self.most else None

    def finish(self, state: Any, extras: Sequence[Block]) -> Block:
        made = np.zeros(self.most + 1, distinct_dtype(self.dtype))
        self.finish_into(state, extras, made)
        return made

    def finish_into(self, state: Any, extras: Sequence[Block], out: Block) -> None:
        # rows that nobody looks at aren't touched: there may be very many more than there are distinct elements
        n = -1 if state is None else len(state.values)
        if state is not None:
            out["value"][:n], out["count"][:n], out["first"][:n] = state
        out[-1] = np.zeros((), out.dtype)
        out[-1]["count"] = n

    def finished_bytes(self, nbytes: Int64) -> Int64:
        rows = self.most + 1 if self.likely_most is None else self.likely_most + 1
        return np.minimum(nbytes, rows * distinct_dtype(self.dtype).itemsize)

    def state_bytes(self, elements: Int64, parts: int) -> Int64:
        most = self.most if self.likely_most is None else self.likely_most
        return np.minimum(elements, most * parts) * (self.dtype.itemsize + 16)

    def scratch_bytes(self, elements: Int64) -> Int64:
        tile, width = np.minimum(elements, TILE), self.dtype.itemsize
        if self.likely_most is None:
            return tile * (3 * width + 40) + self.most * 2 * (width + 32)
        by_table = self.dtype.kind in "iub" and width < 9 and not self.wants_first
        piece = np.minimum(tile, max(PIECE, PIECE_TIMES * self.likely_most))
        return (piece * 8 if by_table else tile * (2 * width + 2)) + self.likely_most * 2 * (width + 32)
