"""Memory of their own for arrays that are made again and again, in huge pages where they are large enough.

The system brings in fresh memory page by page, which takes longer than to fill it where pages are small: several
threads of a process wait for each other there.  Linux can bring in two megabytes at once, if asked for memory
that begins and ends at such a page.  What an array of its own has goes back when the array goes, wherever others lie.
"""

from __future__ import annotations

import contextlib
import math
import mmap
from typing import Any

import numpy as np

__all__ = ["LARGE", "own_empty"]

HUGE = 2 * 2**20
#: Smaller arrays come from the C library; and blocks that are smaller, which are made more often.
LEAST, LARGE = 2**19, 2**22
#: A last page that is not full is huge, too, if no more than one of so many bytes is left over.
SPARE = 16

_ADVICE = getattr(mmap, "MADV_HUGEPAGE", None)


def own_empty(shape: tuple[int, ...], dtype: np.dtype[Any], least: int = LEAST) -> np.ndarray[Any, Any]:
    """As `numpy.empty`, in memory of its own if it has so many bytes, and in huge pages where there are such.

    >>> own_empty((2, 3), np.dtype("f4")).shape
    (2, 3)
    """
    nbytes = math.prod(shape) * dtype.itemsize
    if _ADVICE is None or dtype.hasobject or nbytes < least:
        return np.empty(shape, dtype)
    whole = -(-nbytes // HUGE) * HUGE
    if whole - nbytes > nbytes // SPARE:
        whole -= HUGE
    try:
        memory = mmap.mmap(-1, max(whole, nbytes), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (OSError, OverflowError, ValueError) as error:
        raise MemoryError(f"there are no {nbytes} bytes for an array of shape {shape} and dtype {dtype}") from error
    with contextlib.suppress(OSError):  # a system without huge pages
        if whole:
            memory.madvise(_ADVICE, 0, whole)
    return np.ndarray(shape, dtype, memory)
