"""Where the cuts between chunks fall on a drawn axis, in pixels.

An axis of any number of chunks becomes at most two dozen of them: where there are more, its two
ends are drawn and a gap stands for the middle.  Only the ends of an axis are looked at, so a million
chunks cost what ten cost.  This file knows nothing of faces, colours or SVG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from nbarray.display.facts import Sizes
from nbarray.grid.chunks import AxisChunks

__all__ = ["Ruler", "axis_lengths", "ruler"]

#: Chunks of one axis drawn at most, unless said otherwise; more could hardly be told apart.
MOST_CHUNKS = 24
#: Pixels below which chunks run into each other.
SPACING = 6.5
#: Pixels of the gap that stands for the chunks left out.
GAP = 22.0


@dataclass(frozen=True, slots=True)
class Ruler:
    """A drawn axis.

    length : pixels
    cuts : pixels from the start of the axis to each cut inside it, ascending
    gap : start and end in pixels of the part that stands for chunks left out, or None
    text : the size of the axis
    known : whether the size is known; where not, cuts are evenly spaced
    """

    length: float
    cuts: tuple[float, ...]
    gap: tuple[float, float] | None
    text: str
    known: bool

    @property
    def first(self) -> float:
        """Pixels of the first chunk."""
        return self.cuts[0] if self.cuts else self.length


def axis_lengths(shape: Sizes, longest: float, shortest: float) -> list[float]:
    """Pixels for each axis: in proportion, but never under `shortest`.

    An axis of unknown size is drawn at two thirds of `longest`.

    >>> axis_lengths((1000, 500, 2, None), longest=120.0, shortest=30.0)
    [120.0, 60.0, 30.0, 80.0]
    """
    most = max([size for size in shape if size is not None], default=0)
    lengths = []
    for size in shape:
        if size is None:
            lengths.append(longest * 2 / 3)
        else:
            # integers may be beyond what a float holds, their ratio isn't
            lengths.append(max(shortest, longest * (size / most) if most else shortest))
    return lengths


def _chunk_sizes(axis: AxisChunks, known: bool, start: int, stop: int) -> list[int]:
    """Sizes of the chunks `start` to `stop`, without looking at the others."""
    if not known:
        return [1] * (stop - start)
    if axis.explicit is not None:
        return list(axis.explicit[start:stop])
    sizes = [axis.largest] * (stop - start)
    if sizes and stop == axis.count:
        sizes[-1] = axis.size - (axis.count - 1) * axis.largest
    return sizes


def _stretch(sizes: Sequence[int], length: float) -> list[float]:
    """Pixels of each chunk, in proportion to its size and `length` together."""
    total = sum(sizes)
    return [length * (size / total) if total else length / len(sizes) for size in sizes]


def ruler(axis: AxisChunks, size: int | None, length: float, most: int = MOST_CHUNKS) -> Ruler:
    """Put an axis of `size` on `length` pixels, with at most `most` chunks drawn."""
    # thin spaces between groups of three digits, where there are enough of them to be miscounted
    text = "?" if size is None else f"{size:,}".replace(",", "\u202f") if size >= 10_000 else str(size)
    known = size is not None
    fit = max(4, min(most, int(length / SPACING)))
    if axis.count <= fit:
        widths = _stretch(_chunk_sizes(axis, known, 0, axis.count), length)
        return Ruler(length, tuple(accumulate(widths[:-1])), None, text, known)
    ends = max(2, int(fit * (1 - GAP / length)) // 2)
    sizes = _chunk_sizes(axis, known, 0, ends) + _chunk_sizes(axis, known, axis.count - ends, axis.count)
    widths = _stretch(sizes, length - GAP)
    widths.insert(ends, GAP)
    cuts = tuple(accumulate(widths[:-1]))
    return Ruler(length, cuts, (cuts[ends - 1], cuts[ends]), text, known)
