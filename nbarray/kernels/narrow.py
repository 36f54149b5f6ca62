"""Folding where the last axes are short: colours, components, small windows.

NumPy's loops run along the last axis, or along the axes before it if they are folded alike.  Three elements at a time,
starting a loop takes ten times as long as what it does.  So such axes are brought to the front first, by a copy in
cache, and loops are long again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

__all__ = ["copied_to_front", "front", "narrow_axes", "numbers_in_front"]

Tile = np.ndarray[Any, Any]
#: (name, shape, dtype) -> a buffer that is used again
Take = Callable[[Any, tuple[int, ...], np.dtype[Any]], Tile]

#: Last axes with fewer elements together are brought to the front; for so many, loops are long enough.
LONG = 9
#: Of arrays with fewer elements nothing takes long.
FEW = 4096


def narrow_axes(sizes: Sequence[int], axes: Collection[int]) -> int:
    """How many last axes are to be brought to the front, of a space that is folded over `axes`; 0 for none.

    >>> narrow_axes((500, 500, 3), (2,)), narrow_axes((500, 500, 3), (0, 1)), narrow_axes((500, 500, 3), (1, 2))
    (1, 1, 0)
    """
    count, together = 0, 1
    long = [k for k, n in enumerate(sizes) if n != 1]
    for k in reversed(range(len(sizes))):
        if long and k in long and (k in axes) != (long[-1] in axes):
            break
        count, together = count + 1, together * sizes[k]
    return count if count < len(sizes) and together < LONG and math.prod(sizes) >= FEW else 0


def front(array: Tile, count: int) -> Tile:
    """A view with the last `count` axes in front."""
    return np.moveaxis(array, range(-count, 0), range(count)) if count else array


def numbers_in_front(axes: Sequence[int], ndim: int, count: int) -> tuple[int, ...]:
    """What numbers axes have in such a view.

    >>> numbers_in_front((0, 2), 3, 1)
    (1, 0)
    """
    return tuple((k + count) % ndim for k in axes)


def copied_to_front(array: Tile, count: int, take: Take, name: Any) -> Tile:
    """A copy with the last `count` axes in front, in a buffer of that name."""
    view = front(array, count)
    out = take(name, view.shape, view.dtype)
    np.copyto(out, view)
    return out
