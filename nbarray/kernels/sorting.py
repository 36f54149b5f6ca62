"""Sorting in runs: where sorted runs have to be cut, so that pieces of all of them make one part of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["cut_runs", "merge_pieces"]

Run = np.ndarray[Any, Any]


def cut_runs(runs: Sequence[Run], rank: int) -> list[int]:
    """How many elements of each sorted run are among the first `rank` of all of them.

    Of equal elements, those of earlier runs come first, so that sorting is stable.  NaN comes last, as NumPy has it.

    >>> cut_runs([np.array([1, 5, 5]), np.array([2, 5, 9])], 4)
    [3, 1]
    """
    low, high = [0] * len(runs), [len(run) for run in runs]
    while True:
        widest = max(range(len(runs)), key=lambda k: high[k] - low[k])
        if high[widest] == low[widest]:
            return low
        pivot = runs[widest][(low[widest] + high[widest]) // 2]
        left = [int(np.searchsorted(run, pivot, "left")) for run in runs]
        right = [int(np.searchsorted(run, pivot, "right")) for run in runs]
        if rank <= sum(left):
            high = [min(h, n) for h, n in zip(high, left, strict=True)]
        elif rank >= sum(right):
            low = [max(a, n) for a, n in zip(low, right, strict=True)]
        else:
            missing = rank - sum(left)
            for k, (a, b) in enumerate(zip(left, right, strict=True)):
                taken = min(missing, b - a)
                left[k] += taken
                missing -= taken
            return left


def merge_pieces(values: Sequence[Run], others: Sequence[Run] | None = None) -> Run:
    """One sorted array of sorted pieces; or what belongs to their elements, in that order."""
    together = np.concatenate(list(values))
    if others is None:
        together.sort(kind="stable")
        return together
    order = np.argsort(together, kind="stable")
    result: Run = np.concatenate(list(others))[order]
    return result
