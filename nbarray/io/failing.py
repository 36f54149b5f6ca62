"""Which of the stored chunks of a region can't be read, asked after reading them all together has failed.

Libraries that read a region by themselves don't tell.  So its chunks are read once more, one by one, until one fails:
only then, and not for long, since what fails may be a line that is slow to say so.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

__all__ = ["brackets", "chunks_of", "failing_chunk"]

#: For how long chunks are read once more, and the next one is begun.
SEARCH_S = 2.0

Region = tuple[slice, ...]


def failing_chunk(read: Callable[[Region], Any], region: Region, chunks: tuple[int, ...] | None) -> str:
    """What is known of which chunk fails, as the end of a sentence; empty if nothing is.

    read : reads a region as before, raising what it raises; chunks : the shape of stored chunks
    """
    if chunks is None or not chunks:
        return ""
    stop_s = perf_counter() + SEARCH_S
    several = False
    for chunk, part in chunks_of(region, chunks):
        if part == region:  # the only one, which is told already
            return ""
        several = True
        try:
            read(part)
        except Exception:  # whatever it was before
            return f"; what fails is stored chunk {chunk}, {brackets(part)}"
        if perf_counter() > stop_s:
            return ""
    return "; each of its stored chunks could be read by itself afterwards" if several else ""


def chunks_of(region: Region, chunks: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], Region]]:
    """The stored chunks that a region touches, in order, each with the part of the region that lies in it.

    >>> list(chunks_of((slice(1, 8, 3),), (4,)))
    [((0,), (slice(1, 4, 3),)), ((1,), (slice(4, 8, 3),))]
    """
    for pieces in itertools.product(*map(_pieces, region, chunks)):
        numbers, parts = zip(*pieces, strict=True)
        yield numbers, parts


def _pieces(part: slice, chunk: int) -> list[tuple[int, slice]]:
    """Along one axis: numbers of chunks, and what is asked of each."""
    step = part.step or 1
    found = []
    for number in range(part.start // chunk, -(-part.stop // chunk)):
        begin = max(part.start, part.start + -(-(number * chunk - part.start) // step) * step)
        end = min(part.stop, (number + 1) * chunk)
        if begin < end:  # steps may go over it
            found.append((number, slice(begin, end, part.step)))
    return found


def brackets(region: Region) -> str:
    """A region as it is written.

    >>> brackets((slice(0, 4, 1), slice(2, 9, 3)))
    '[0:4, 2:9:3]'
    """
    parts = (f"{s.start}:{s.stop}" + (f":{s.step}" if s.step not in (None, 1) else "") for s in region)
    return f"[{', '.join(parts)}]"
