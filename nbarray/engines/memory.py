"""Giving memory back to the system when a run has ended.

What was freed stays with the C library, which hands it out again but doesn't tell the system.  glibc can
be asked to, for all but the ends of the arenas that it gives each thread; so threads that compute share
the main arena.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any

__all__ = ["WORTH_BYTES", "give_back", "share_arena"]

#: Below this, what a run held isn't worth the milliseconds that giving back takes.
WORTH_BYTES = 16 * 2**20
#: The number of arenas, in glibc's `mallopt`.
_M_ARENA_MAX = -8


@cache
def _library() -> Any:
    """The C library if it is glibc, else None."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        library = ctypes.CDLL(None)
        library.malloc_trim, library.mallopt  # noqa: B018 - are they there?
    except (OSError, AttributeError):
        return None
    return library


@cache
def share_arena() -> bool:
    """Let threads that are made from now on share one arena; returns whether that could be asked for."""
    library = _library()
    return library is not None and bool(library.mallopt(_M_ARENA_MAX, 1))


def give_back() -> bool:
    """Give free memory back; returns whether that could be asked for."""
    library = _library()
    if library is None:
        return False
    library.malloc_trim(0)
    return True
