"""Reductions over windows that slide along axes, without making the windows.

Windows of length 2n are put together from two of length n, so a window of w elements takes about log2(w)
operations on whole tiles, whatever is reduced: nothing is ever taken away again, so no rounding error grows with
the length of the axis, and infinities and NaN leave a window when they are out of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from nbarray.kernels.reductions import REDUCTIONS

__all__ = ["ROLLED", "roll", "slide"]

Block = np.ndarray[Any, Any]
Planes = list[Any]
Merge = Callable[[Planes, Planes], Planes]

#: Bytes of a tile: what is put together should stay in cache.
TILE_BYTES = 2**18
#: Tiles along a windowed axis hold so many windows' lengths, since neighbours read a window twice.
OVERLAP = 4


def _plain(ufunc: np.ufunc) -> Merge:
    return lambda a, b: [ufunc(a[0], b[0])]


def _moments(a: Planes, b: Planes) -> Planes:
    """Count, mean and sum of squared deviations of two groups together (Chan, Golub and LeVeque, 1983)."""
    (n, mean, squares), (m, other, more) = a, b
    together = n + m
    if np.ndim(together):
        share = np.divide(m, together, out=np.zeros(together.shape), where=together > 0)
    else:
        share = m / together
    delta = other - mean
    step = delta * share
    square = delta.real * step.real + delta.imag * step.imag if delta.dtype.kind == "c" else delta * step
    square *= n
    square += squares
    square += more
    step += mean
    return [together, step, square]


_MERGES: dict[str, Merge] = {
    "sum": _plain(np.add),
    "mean": _plain(np.add),
    "prod": _plain(np.multiply),
    "min": _plain(np.minimum),
    "max": _plain(np.maximum),
    "any": _plain(np.logical_or),
    "all": _plain(np.logical_and),
    "var": _moments,
    "std": _moments,
}
#: Rows of the table of reductions that can be taken over windows so.
ROLLED = frozenset({*_MERGES, "count"})


def slide(planes: Planes, merge: Merge, axis: int, length: int) -> Planes:
    """What windows of `length` elements along `axis` come to, of what single elements come to.

    >>> slide([np.arange(5)], _plain(np.add), 0, 3)[0]
    array([3, 6, 9])
    """
    have, covers = planes, 1
    made: Planes | None = None
    done = 0
    while True:
        if length & covers:
            made = have if made is None else merge(_part(made, axis, None, -covers), _part(have, axis, done, None))
            done += covers
            if done == length:
                return made
        have = merge(_part(have, axis, None, -covers), _part(have, axis, covers, None))
        covers *= 2


def _part(planes: Planes, axis: int, start: int | None, stop: int | None) -> Planes:
    where = (*(slice(None),) * axis, slice(start, stop))
    return [p[where] if np.ndim(p) else p for p in planes]


def roll(
    name: str,
    values: Block,
    left: Block | None,
    axes: Sequence[int],
    lengths: Sequence[int],
    dtype: np.dtype[Any],
    params: dict[str, Any],
) -> tuple[Block, Block | None]:
    """Row `name` of the table of reductions over every window, and how many elements each has seen.

    left : True for elements that don't count; None: all do, and then nothing is counted
    axes, lengths : of the windows; the result is so much shorter along these axes
    """
    shorter = dict(zip(axes, lengths, strict=True))
    shape = tuple(n - shorter.get(k, 1) + 1 for k, n in enumerate(values.shape))
    out = np.empty(shape, dtype)
    seen = None if left is None else np.empty(shape, np.intp)
    for low, high in _tiles(shape, shorter, values.dtype.itemsize):
        whole = tuple(slice(a, b + shorter.get(k, 1) - 1) for k, (a, b) in enumerate(zip(low, high, strict=True)))
        here = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        count: Any = math.prod(lengths)
        if left is not None and seen is not None:
            count = _over_all([np.logical_not(left[whole]).astype(np.intp)], _MERGES["sum"], axes, lengths)[0]
            seen[here] = count
        if name == "count":
            out[here] = count
            continue
        planes = _over_all(
            _single(name, values[whole], None if left is None else left[whole], dtype), _MERGES[name], axes, lengths
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            out[here] = REDUCTIONS[name].finish([np.asarray(p) for p in planes], count, dtype, params)
    return out, seen


def _over_all(planes: Planes, merge: Merge, axes: Sequence[int], lengths: Sequence[int]) -> Planes:
    for axis, length in zip(axes, lengths, strict=True):
        planes = slide(planes, merge, axis, length)
    return planes


def _single(name: str, values: Block, left: Block | None, dtype: np.dtype[Any]) -> Planes:
    """What single elements come to."""
    row = REDUCTIONS[name]
    if left is not None:
        assert row.neutral is not None
        values = np.where(left, np.asarray(row.neutral(values.dtype)).astype(values.dtype), values)
    kinds = row.state_dtypes(values.dtype, dtype)
    if _MERGES[name] is _moments:
        n: Any = 1.0 if left is None else np.logical_not(left).astype(np.float64)
        mean = values.astype(kinds[1], copy=False)
        with np.errstate(invalid="ignore"):
            # 0, but NaN where there is no number to deviate from
            return [n, mean, np.subtract(mean, mean).real.astype(kinds[2], copy=False)]
    return [values.astype(kinds[0], copy=False)]


def _tiles(
    shape: tuple[int, ...], shorter: dict[int, int], itemsize: int
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Boxes of the result that are made at once, in C order."""
    lengths = list(shape)
    room = max(1, TILE_BYTES // max(1, itemsize))
    for k in range(len(shape)):
        least = 1 if k not in shorter else min(shape[k], OVERLAP * shorter[k])
        over = -(-math.prod(lengths) // room)
        if over > 1:
            lengths[k] = max(least, -(-lengths[k] // over))
    starts = [range(0, n, max(1, length)) for n, length in zip(shape, lengths, strict=True)]
    for low in product(*starts):
        yield low, tuple(min(a + length, n) for a, length, n in zip(low, lengths, shape, strict=True))
