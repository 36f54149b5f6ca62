"""Elements of given ranks among all elements, found exactly in a few passes that keep little.

Each pass sorts what may still be the element looked for, piece by piece, and keeps evenly spaced elements of each
piece.  As their places in their pieces are known, they hold a rank between two of them, with few elements in between,
whatever the values are: `NARROWS` times the elements over the samples.  The next pass looks only at those; a few
passes leave none.  Nothing is guessed, so the number of passes is known before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from nbarray.kernels.sorting import sort_stable
from nbarray.kernels.summaries import Block, Int64, Summary, presence

__all__ = [
    "FEWEST_SAMPLES",
    "SAMPLES",
    "THINNED",
    "Narrow",
    "Sample",
    "between",
    "bracket_dtype",
    "left_between",
    "passes",
    "sample_sorted",
    "thinned",
    "together",
]

#: Elements kept of each piece in the first pass, and the fewest worth keeping.
SAMPLES, FEWEST_SAMPLES = 4096, 64
#: Up to so many intervals are told apart by comparing; for more, pieces are sorted.
FEW = 6
#: Samples are thinned once in the pieces and some times in merging, and a bracket has two sides.
THINNED = 6
NARROWS = 2 * THINNED


class Sample(NamedTuple):
    """Some of `size` elements in order, the first and the last among them.

    up_to : at least so many of all are not larger than each; below : at most so many are smaller
    """

    values: Block
    up_to: Int64
    below: Int64
    size: int


def sample_sorted(values: Block, samples: int) -> Sample:
    """Keep `samples` of sorted elements.

    >>> sample_sorted(np.array([1, 4, 4, 8, 9]), 3)
    Sample(values=array([1, 4, 9]), up_to=array([1, 3, 5]), below=array([0, 2, 4]), size=5)
    """
    n = len(values)
    at = np.arange(n, dtype=np.int64) if n <= samples else np.linspace(0, n - 1, samples).astype(np.int64)
    return Sample(values[at], at + 1, at, n)


def together(samples: Sequence[Sample]) -> Sample:
    """All that is known of all elements that were sampled."""
    # step by step, and in place, as there may be many: tasks say how many bytes this takes
    values = np.concatenate([s.values for s in samples])
    order = np.argsort(values, kind="stable")
    values = values[order]
    at_least = _running([np.diff(s.up_to, prepend=0) for s in samples], order)
    at_most = _running([np.diff(s.below, append=s.size) for s in samples], order)
    del order
    at = np.searchsorted(values, values, "right")  # of equal ones the last
    at -= 1
    up_to = at_least[at]
    del at_least
    at = np.searchsorted(values, values, "left")
    none = at == 0
    at -= ~none
    below = at_most[at]
    below[none] = 0
    return Sample(values, up_to, below, sum(s.size for s in samples))


def _running(counts: Sequence[Int64], order: Int64) -> Int64:
    """Running totals in an order."""
    ordered = np.concatenate(counts)[order]
    return np.cumsum(ordered, out=ordered)


def thinned(sample: Sample, samples: int) -> Sample:
    """Fewer elements of a sample, evenly spaced in rank."""
    if len(sample.values) <= samples:
        return sample
    wanted = np.linspace(1, sample.size, samples)
    kept = np.unique(np.searchsorted(sample.up_to, wanted, "left"))
    kept = np.unique(np.concatenate([[0], kept, [len(sample.values) - 1]]))
    return Sample(sample.values[kept], sample.up_to[kept], sample.below[kept], sample.size)


def between(sample: Sample, ranks: Sequence[int]) -> list[tuple[Any, Any]]:
    """For each rank among all elements, two elements that it lies between or is one of."""
    found = []
    for rank in ranks:
        low = int(np.searchsorted(sample.below, rank, "right")) - 1
        high = int(np.searchsorted(sample.up_to, rank, "right"))
        found.append((sample.values[low], sample.values[high]))
    return found


def bracket_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """What is known of a rank: the elements it lies between, the rank, whether it is found, and how many there are."""
    return np.dtype([("low", dtype), ("high", dtype), ("rank", np.int64), ("done", bool), ("valid", np.int64)])


def passes(count: int, samples: int, later: int) -> int:
    """How many passes leave nothing to look for among `count` elements.

    >>> passes(4000, 4096, 4096), passes(10**5, 4096, 4096), passes(10**9, 4096, 1024)
    (1, 2, 4)
    """
    needed, left = 1, left_between(count, samples)
    while left:
        needed, left = needed + 1, left_between(left, later)
    return needed


def left_between(count: int, samples: int) -> int:
    """At most so many of `count` elements lie between two samples that hold a rank between them."""
    return NARROWS * count // (samples - 1) if count > samples else 0


@dataclass(frozen=True)
class Narrow(Summary):
    """A pass: the first over all elements, a later one over those between the brackets of the pass before (its extra).

    dtype : of the elements
    ranks : the ranks looked for, given how many elements are numbers
    count : how many ranks; number : of the pass; left : at most so many elements lie in each bracket
    copies : of elements at once, at the most: those that are numbers, in order, and once more where zeros differ
    masks : bytes for each element at once, at the most, of comparisons
    brackets : how many different ones there may be, if that is known
    """

    dtype: np.dtype[Any]
    ranks: Callable[[int], Sequence[int]]
    count: int
    number: int
    samples: int
    left: int
    copies: int = field(default=3, kw_only=True)
    masks: int = field(default=3, kw_only=True)
    brackets: int | None = field(default=None, kw_only=True)

    @property
    def name(self) -> str:
        return f"quantile, pass {self.number}"

    @property
    def sorts(self) -> bool:
        return self.number == 1

    def likely(self, sample: Block | None) -> Summary:
        if self.number == 1:
            all_numbers = sample is not None and presence(sample) is None
            return replace(self, copies=1, masks=0 if all_numbers else 3)
        # a small part of them is put in order, and the ranks on both sides of a quantile lie in one bracket
        return replace(self, copies=0, brackets=-(-self.count // 2))

    def needs(self, extras: Sequence[Block]) -> bool:
        return not extras or not bool(extras[0]["done"].all())

    def begin(self, extras: Sequence[Block]) -> Any:
        return [([], 0) for _ in self._open(extras)] if extras else [([], 0)]

    def _open(self, extras: Sequence[Block]) -> list[tuple[Any, Any, list[int]]]:
        """The different brackets, with the ranks looked for in each."""
        found: list[tuple[Any, Any, list[int]]] = []
        for k in np.argsort(extras[0]["rank"], kind="stable").tolist():
            b = extras[0][k]
            if b["done"]:
                continue
            if found and found[-1][0] == b["low"] and found[-1][1] == b["high"]:
                found[-1][2].append(k)
            else:
                found.append((b["low"], b["high"], [k]))
        return found

    def take(self, state: Any, pieces: Sequence[Block], low: Sequence[int], extras: Sequence[Block]) -> Any:
        values = pieces[0].reshape(-1)
        if not extras:
            there = presence(values)
            if there is not None:
                values = values[there]
            if values.size:
                state[0][0].append(sample_sorted(sort_stable(values), self.samples))
            return state
        brackets = self._open(extras)
        if len(brackets) > FEW:
            values = sort_stable(values)
        for k, (a, b, _) in enumerate(brackets):
            if len(brackets) > FEW:
                start = int(np.searchsorted(values, a, "right"))
                inside = values[start : int(np.searchsorted(values, b, "left"))]
            else:
                start = int(np.count_nonzero(values <= a))
                inside = sort_stable(values[(values > a) & (values < b)])
            samples, below = state[k]
            if inside.size:
                samples.append(sample_sorted(inside, self.samples))
            state[k] = samples, below + start
        return state

    def merge(self, states: Sequence[Any]) -> Any:
        merged = []
        for of_each in zip(*states, strict=True):
            samples = [sample for found, _ in of_each for sample in found]
            merged.append((samples and [thinned(together(samples), self.samples)], sum(below for _, below in of_each)))
        return merged

    def finish(self, state: Any, extras: Sequence[Block]) -> Block:
        return self._first(state[0][0]) if not extras else self._later(state, extras[0].copy())

    def _first(self, samples: list[Sample]) -> Block:
        made = np.zeros(self.count, bracket_dtype(self.dtype))
        valid = sum(s.size for s in samples)
        made["valid"] = valid
        if not valid:
            made["done"] = True
            return made
        made["rank"] = [r % valid for r in self.ranks(valid)]
        for k, (low, high) in enumerate(between(together(samples), made["rank"].tolist())):
            made[k]["low"], made[k]["high"] = low, high
        made["done"] = made["low"] == made["high"]
        return made

    def _later(self, state: Any, made: Block) -> Block:
        if made["done"].all():
            return made
        for (low, high, which), (samples, below) in zip(self._open([made]), state, strict=True):
            inside = sum(s.size for s in samples)
            for k in which:
                rank = int(made[k]["rank"]) - below
                if 0 <= rank < inside:
                    a, b = between(together(samples), [rank])[0]
                else:
                    a = b = low if rank < 0 else high
                made[k]["low"], made[k]["high"], made[k]["done"] = a, b, a == b
        return made

    def state_bytes(self, elements: Int64, parts: int) -> Int64:
        kept = self._kept(elements, parts)
        return self._brackets * (kept * (self.dtype.itemsize + 16) + 512 * parts)

    def merging_bytes(self, elements: Int64, parts: int) -> Int64:
        # of one bracket after the other, `together`; what is thinned of those before is the merged state
        kept = self._kept(elements, parts)
        return kept * (self.dtype.itemsize + 40) + self.state_bytes(elements, 1)

    @property
    def _brackets(self) -> int:
        return self.brackets or (self.count if self.number > 1 else 1)

    def _kept(self, elements: Int64, parts: int) -> Int64:
        """Elements kept of each bracket."""
        return np.minimum(np.minimum(elements, self.left), self.samples * parts)

    def scratch_bytes(self, elements: Int64) -> Int64:
        return elements * (self.copies * self.dtype.itemsize + self.masks)
