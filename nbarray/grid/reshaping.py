"""Which axes become which when an array gets another shape, and how the result is cut.

Elements stay in C order, so axes go together in groups of as many elements.  This file knows integers, no data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from nbarray.grid.chunks import Chunks, regular

__all__ = ["are_runs", "reshaped_chunks"]

#: (axes of the one shape, axes of the other) that hold as many elements
Group = tuple[tuple[int, ...], tuple[int, ...]]


def _axis_groups(old: Sequence[int], new: Sequence[int]) -> list[Group]:
    """The smallest groups of axes that become each other, for two shapes of as many elements, which are not none.

    Axes of one element, which come and go, are in no group.

    >>> _axis_groups((4, 6, 5), (24, 1, 5))
    [((0, 1), (0,)), ((2,), (2,))]
    """
    left, right = (iter([k for k, n in enumerate(shape) if n != 1]) for shape in (old, new))
    groups: list[Group] = []
    for first in left:
        inner, outer = [first], [next(right)]
        before, after = old[inner[0]], new[outer[0]]
        while before != after:
            if before < after:
                inner.append(next(left))
                before *= old[inner[-1]]
            else:
                outer.append(next(right))
                after *= new[outer[-1]]
        groups.append((tuple(inner), tuple(outer)))
    return groups


def reshaped_chunks(chunks: Chunks, shape: Sequence[int]) -> Chunks:
    """Chunks for another shape of the array, in blocks about as large as those there are.

    An axis that stays one is cut as it was; others get as many elements as the chunks along those they come of, the
    last ones first.

    >>> reshaped_chunks(Chunks((regular(20, 10), regular(20, 10), regular(5, 5))), (400, 5)).tuples()
    ((100, 100, 100, 100), (5,))
    """
    axes = [regular(1, 1)] * len(shape)
    for inner, outer in _axis_groups(chunks.shape, shape):
        if len(inner) == len(outer) == 1:
            axes[outer[0]] = chunks.axes[inner[0]]
            continue
        room = math.prod(chunks.axes[k].largest for k in inner)
        for k in reversed(outer):
            pieces = -(-shape[k] // max(1, min(shape[k], room)))
            axes[k] = regular(shape[k], -(-shape[k] // pieces))
            room //= axes[k].largest
    return Chunks(tuple(axes))


def are_runs(chunks: Chunks) -> bool:
    """Whether every block is a run of elements one behind the other: no axis is cut after one that blocks go along.

    >>> are_runs(Chunks((regular(4, 1), regular(6, 3)))), are_runs(Chunks((regular(4, 4), regular(6, 3))))
    (True, False)
    """
    along = [k for k, axis in enumerate(chunks.axes) if axis.largest > 1]
    return all(axis.count == 1 for axis in chunks.axes[along[0] + 1 :]) if along else True
