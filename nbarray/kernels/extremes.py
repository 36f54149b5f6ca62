"""The largest or smallest few elements, and places in sorted arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.kernels.summaries import Block, Int64, Summary

__all__ = ["Foremost", "Ranked", "first_of_lines", "is_among", "order_of"]

#: Elements looked at together, and candidates held besides those wanted before they are sorted out.
TILE, SPARE = 2**17, 2**14


def order_of(values: Block, largest: bool, axis: int = -1) -> Block:
    """The positions that sort from the largest down, or from the smallest up; of equal ones the first comes first."""
    if not largest:
        return np.argsort(values, axis=axis, kind="stable")
    turned = np.argsort(np.flip(values, axis), axis=axis, kind="stable")
    return np.flip(values.shape[axis] - 1 - turned, axis)


def first_of_lines(block: Block, count: int, largest: bool, axis: int, positions: bool) -> Block:
    """The first `count` of each line, from the largest down or the smallest up, or where they are."""
    part: tuple[slice, ...] = (*(slice(None),) * axis, slice(0, count))
    if positions:
        return order_of(block, largest, axis)[part]
    ordered = np.sort(block, axis=axis)
    return (np.flip(ordered, axis) if largest else ordered)[part]


@dataclass(frozen=True)
class Foremost(Summary):
    """The `count` largest (or smallest) elements of one axis in order, or their positions."""

    count: int
    largest: bool
    positions: bool
    dtype: np.dtype[Any]

    @property
    def name(self) -> str:
        return "topk"

    def begin(self, extras: Sequence[Block]) -> Any:
        return np.empty(0, self.dtype), np.empty(0, np.int64)

    def take(self, state: Any, pieces: Sequence[Block], low: Sequence[int], extras: Sequence[Block]) -> Any:
        values, at = state
        piece = pieces[0]
        bar = self._bar(values)
        for a in range(0, len(piece), TILE):
            tile = piece[a : a + TILE]
            better = np.arange(len(tile)) if bar is None else np.flatnonzero(self._better(tile, bar))
            if not better.size:
                continue
            values = np.concatenate([values, tile[better]])
            at = np.concatenate([at, better + (a + low[0])])
            if len(values) > self.count + SPARE or (bar is None and len(values) > self.count):
                values, at = self._best(values, at)
                bar = self._bar(values)
        return self._best(values, at)

    def _bar(self, values: Block) -> Any:
        """The last of as many as are wanted, if there are as many."""
        return values[order_of(values, self.largest)[-1]] if len(values) == self.count else None

    def _better(self, tile: Block, bar: Any) -> Block:
        """Which come before `bar`; what isn't a number comes after all in rising order."""
        if bar != bar:
            return np.zeros(tile.shape, bool) if self.largest else tile == tile
        return ~(tile <= bar) if self.largest else tile < bar

    def _best(self, values: Block, at: Int64) -> tuple[Block, Int64]:
        if len(values) > 2 * self.count:
            near = self._near(values)
            values, at = values[near], at[near]
        kept = np.sort(order_of(values, self.largest)[: self.count])
        return values[kept], at[kept]

    def _near(self, values: Block) -> Block:
        """Those that are among the first, and those equal to the last of them: found without sorting."""
        rank = len(values) - self.count if self.largest else self.count - 1
        bar = np.partition(values, rank)[rank]
        if bar != bar:
            return np.flatnonzero(values != values) if self.largest else np.arange(len(values))
        return np.flatnonzero(~(values < bar) if self.largest else values <= bar)

    def merge(self, states: Sequence[Any]) -> Any:
        return self._best(np.concatenate([v for v, _ in states]), np.concatenate([a for _, a in states]))

    def finish(self, state: Any, extras: Sequence[Block]) -> Block:
        order = order_of(state[0], self.largest)
        return np.asarray(state[self.positions][order])

    def state_bytes(self, elements: Int64, parts: int) -> Int64:
        return np.minimum(elements, self.count * parts) * (self.dtype.itemsize + 8)

    def scratch_bytes(self, elements: Int64) -> Int64:
        return (np.minimum(elements, self.count + SPARE) + TILE) * (2 * self.dtype.itemsize + 32)


@dataclass(frozen=True)
class Ranked(Summary):
    """How many elements of a sorted array come before each of some values (the extra): its places in it."""

    side: Any
    shape: tuple[int, ...]

    @property
    def name(self) -> str:
        return "searchsorted"

    def begin(self, extras: Sequence[Block]) -> Any:
        return np.zeros(self.shape, np.int64)

    def take(self, state: Any, pieces: Sequence[Block], low: Sequence[int], extras: Sequence[Block]) -> Any:
        state += np.searchsorted(pieces[0], extras[0], self.side)
        return state

    def merge(self, states: Sequence[Any]) -> Any:
        return np.sum(states, axis=0)

    def finish(self, state: Any, extras: Sequence[Block]) -> Block:
        return np.asarray(state)

    def state_bytes(self, elements: Int64, parts: int) -> Int64:
        return np.full(len(elements), 8 * parts * int(np.prod(self.shape)), np.int64)

    def scratch_bytes(self, elements: Int64) -> Int64:
        return np.full(len(elements), 24 * int(np.prod(self.shape)), np.int64)


def is_among(block: Block, ordered: Block) -> Block:
    """Which elements are among sorted ones of the same dtype; NaN never is."""
    if len(ordered) <= 16:
        found = np.zeros(block.shape, bool)
        for value in ordered:
            found |= block == value
        return found
    if block.dtype.kind in "iu":
        return np.isin(block, ordered) if int(ordered[-1]) - int(ordered[0]) < 2**20 else _found(block, ordered)
    return _found(block, ordered)


def _found(block: Block, ordered: Block) -> Block:
    at = np.asarray(np.searchsorted(ordered, block))  # NumPy gives a number for a block without axes
    at[at == len(ordered)] = 0
    return np.asarray(ordered[at] == block)
