"""Sorting in runs: where sorted runs have to be cut, so that pieces of all of them make one part of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["argsort_stable", "cut_runs", "merge_pieces", "sort_stable"]

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


def sort_stable(values: Run, axis: int = -1) -> Run:
    """A sorted copy, the same bits as a stable sort gives, by NumPy's fast unstable sort where that can't be told.

    Equal whole numbers are the same bits, and so are equal floats but zeros and NaN: where there are zeros of both
    signs, or NaN, which may differ in bits nobody sees, it is sorted again.  NumPy's fast sort takes one zero for
    another: there may be none with a sign in what it makes.
    """
    if values.dtype.kind not in "iuf" or not values.dtype.isnative or values.dtype.itemsize > 8:
        return np.sort(values, axis=axis, kind="stable")
    made = np.sort(values, axis=axis)
    if values.dtype.kind == "f" and _zeros_differ(values, made):
        del made  # two results at once would be more than a task says it takes
        return np.sort(values, axis=axis, kind="stable")
    return made


def argsort_stable(values: Run) -> Run:
    """The positions that sort one axis, ties in their order: NumPy's fast unstable ones, with ties put right after.

    >>> argsort_stable(np.array([2.0, 1.0, 2.0, 1.0])).tolist()
    [1, 3, 0, 2]
    """
    if values.dtype.kind not in "iuf" or not values.dtype.isnative or values.dtype.itemsize not in (4, 8):
        return np.argsort(values, kind="stable")
    order = np.argsort(values)
    ordered = values[order]
    new = ordered[1:] != ordered[:-1]
    if values.dtype.kind == "f":
        new &= ordered[:-1] == ordered[:-1]  # NaN is last, and one like another
    if new.all():
        return order
    first = np.concatenate([[0], np.cumsum(new)]) * len(values)
    result: Run = np.sort(order + first) - first
    return result


def _zeros_differ(values: Run, ordered: Run) -> bool:
    """Whether there are negative zeros (and perhaps positive ones) among values, which are sorted too."""
    if ordered.ndim == 1 and np.searchsorted(ordered, 0, "left") == np.searchsorted(ordered, 0, "right"):
        return False
    signed = np.signbit(values)
    signed &= values == 0
    return bool(signed.any())


def merge_pieces(values: Sequence[Run], others: Sequence[Run] | None = None) -> Run:
    """One sorted array of sorted pieces; or what belongs to their elements, in that order."""
    together = np.concatenate(list(values))
    if others is None:
        return sort_stable(together)
    order = argsort_stable(together)
    result: Run = np.concatenate(list(others))[order]
    return result
