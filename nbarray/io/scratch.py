"""Buffers that a worker thread uses again for every chunk it decodes.

Allocating megabytes per chunk costs page faults; each thread keeps one growing buffer per purpose
instead.  Nothing here knows what the bytes are.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

__all__ = ["forget", "held_bytes", "roomy", "scratch"]

#: A buffer larger than this is not kept for the next chunk.
KEPT_BYTES = 64 * 2**20


class _Buffers(threading.local):
    def __init__(self) -> None:
        self.kept: dict[str, np.ndarray[Any, np.dtype[np.uint8]]] = {}


_buffers = _Buffers()


def forget() -> None:
    """Let go of this thread's buffers."""
    _buffers.kept.clear()


def held_bytes() -> int:
    """What this thread's buffers take."""
    return sum(kept.nbytes for kept in _buffers.kept.values())


def scratch(purpose: str, nbytes: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A buffer of `nbytes` bytes for this thread, valid until it asks again for the same purpose.

    >>> scratch("raw", 4).shape
    (4,)
    """
    kept = _buffers.kept.get(purpose)
    if kept is None or kept.nbytes < nbytes:
        kept = np.empty(nbytes, np.uint8)
        if nbytes <= KEPT_BYTES:
            _buffers.kept[purpose] = kept
    return kept[:nbytes]


def roomy(nbytes: int) -> int:
    """Up to an eighth more, so that a buffer is large enough also for what is a little larger: compressed chunks vary.

    >>> roomy(1_000_000), roomy(1_040_000), roomy(1_050_000)
    (1048576, 1048576, 1179648)
    """
    unit = 1 << max(0, nbytes.bit_length() - 4)
    return -(-nbytes // unit) * unit
