"""Sums that keep what rounding would lose.

Sums over few results see very many tiles, so a second plane collects the rounding errors of the first
(Neumaier, 1974); it costs nothing there.  Sums onto many results are added plainly, as NumPy adds rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["FEW", "add_part", "add_planes", "keeps_losses", "total"]

Tile = np.ndarray[Any, Any]

#: Up to so many results, losses are kept.
FEW = 1024


def keeps_losses(plane: Tile) -> bool:
    """Whether a sum of this shape and dtype gets a second plane."""
    return plane.size <= FEW and plane.dtype.kind in "fc"


def add_part(planes: list[Tile], part: Any) -> None:
    """Add to the planes, in place.

    >>> planes = [np.array([1e16]), np.array([0.0])]
    >>> for _ in range(4):
    ...     add_part(planes, np.array([1.0]))
    >>> float(planes[0][0] + planes[1][0]) == 1e16 + 4
    True
    """
    sums = planes[0]
    if len(planes) == 1:
        np.add(sums, part, out=sums, casting="unsafe")
        return
    with np.errstate(invalid="ignore"):
        after = sums + part
        larger = np.abs(sums) >= np.abs(part)
        lost = np.where(larger, (sums - after) + part, (part - after) + sums)
    np.add(planes[1], lost, out=planes[1], where=np.isfinite(lost))
    sums[...] = after


def add_planes(planes: list[Tile], other: list[Tile]) -> None:
    """Add another sum to the first, in place."""
    add_part(planes, other[0])
    if len(planes) > 1:
        planes[1] += other[1]


def total(planes: list[Tile]) -> Tile:
    """The sum, with what was lost put back."""
    return planes[0] if len(planes) == 1 else planes[0] + planes[1]
