"""What one pass that keeps little can say: histograms of a range nobody knew, how many elements are distinct."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.errors import DTypeError, InputError
from nbarray.kernels.histograms import EqualEdges
from nbarray.kernels.ranks import Narrow, Sample, together
from nbarray.kernels.summaries import Block, Int64, Summary

__all__ = ["BINS", "DistinctCount", "SampledHistogram", "hashed", "registers"]

#: A row of a sampled histogram: an edge, and how many elements are in the bin that begins there.
BINS = np.dtype([("edge", float), ("count", np.int64)])
#: Elements hashed at once.
TILE = 2**14


@dataclass(frozen=True)
class SampledHistogram(Narrow):
    """Equal bins from the smallest to the largest element, counted among samples of known rank."""

    bins: int

    @property
    def name(self) -> str:
        return "approximate histogram"

    def finish(self, state: Any, extras: Sequence[Block]) -> Block:
        samples: list[Sample] = state[0][0]
        known = sum(s.size for s in samples)
        if known < self.left:
            raise InputError("the range of values with NaN among them is not finite")
        made = np.zeros(self.bins + 1, BINS)
        all_of = together(samples)
        made["edge"] = EqualEdges(self.bins)(all_of.values[[0, -1]].astype(float))
        after = np.searchsorted(all_of.values, made["edge"], "left")
        at_least = np.where(after > 0, all_of.up_to[np.maximum(after - 1, 0)], 0)
        at_most = np.append(all_of.below, known)[after]
        before = (at_least + at_most) // 2
        before[0], before[-1] = 0, known
        made["count"][:-1] = np.diff(before)
        return made


def registers(error: float) -> int:
    """Bits that number the registers which count distinct elements with this relative standard error."""
    return max(4, min(18, math.ceil(2 * math.log2(1.04 / error))))


def hashed(values: Block) -> Block:
    """64 mixed bits of each element; equal elements have equal bits, zeros of both signs and all NaN too."""
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind == "c":
        return _mixed(hashed(values.real) * np.uint64(3) + hashed(values.imag))
    if kind in "OV" or (kind == "f" and size > 8):
        raise DTypeError(f"unique_count of {values.dtype} has no hash; give another dtype: x.astype(...)")
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if kind == "f":
        values = values + values.dtype.type(0)
        values[np.isnan(values)] = np.nan
    if size <= 8 and kind not in "SU":
        return _mixed(values.view(f"u{size}").astype(np.uint64))
    rows = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), size)
    padded = np.zeros((len(values), -(-size // 8) * 8), np.uint8)
    padded[:, :size] = rows
    made = np.zeros(len(values), np.uint64)
    for word in padded.view(np.uint64).T:
        made = _mixed(made ^ word)
    return made


def _mixed(bits: Block) -> Block:
    """The finishing steps of SplitMix64 (Steele, Lea and Flood 2014)."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@dataclass(frozen=True)
class DistinctCount(Summary):
    """How many elements are distinct, by the HyperLogLog of Flajolet, Fusy, Gandouet and Meunier (2007).

    bits : that number the registers; the relative standard error is ``1.04 / sqrt(2**bits)``
    """

    bits: int

    @property
    def name(self) -> str:
        return "approximate unique_count"

    def begin(self, extras: Sequence[Block]) -> Any:
        return np.zeros(2**self.bits, np.uint8)

    def take(self, state: Any, pieces: Sequence[Block], low: Sequence[int], extras: Sequence[Block]) -> Any:
        flat = pieces[0].reshape(-1)
        for a in range(0, len(flat), TILE):
            bits = hashed(flat[a : a + TILE])
            number = (bits >> np.uint64(64 - self.bits)).astype(np.intp)
            rest = (bits << np.uint64(self.bits)) >> np.uint64(11)
            # a float's exponent is the place of the first bit
            leading = np.frexp(rest.astype(float))[1]
            np.maximum.at(state, number, np.minimum(54 - leading, 54 - self.bits + 11).astype(np.uint8))
        return state

    def merge(self, states: Sequence[Any]) -> Any:
        return np.maximum.reduce(list(states))

    def finish(self, state: Any, extras: Sequence[Block]) -> Block:
        m = len(state)
        share = {16: 0.673, 32: 0.697, 64: 0.709}.get(m, 0.7213 / (1 + 1.079 / m))
        guess = share * m * m / float(np.sum(2.0 ** -state.astype(float)))
        empty = int(np.count_nonzero(state == 0))
        if guess <= 2.5 * m and empty:
            guess = m * math.log(m / empty)
        return np.array(round(guess), np.int64)

    def state_bytes(self, elements: Int64, parts: int) -> Int64:
        return np.full(len(elements), parts * 2**self.bits, np.int64)

    def scratch_bytes(self, elements: Int64) -> Int64:
        return np.full(len(elements), TILE * 96, np.int64)
