"""Giving memory back to the system when a run has ended.

What was freed stays with the C library, which hands it out again but doesn't tell the system.  glibc can
be asked to, for all but the ends of the arenas that it gives each thread; so threads that compute share
the main arena.  In a process whose threads have arenas already, a new one is given one of those: then the thread
itself has to free something large, which lets glibc look at the arena's end.

While something runs, blocks come from the system and go back to it one by one: in between others, freed ones would
stay, and a run would hold more than it counts.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from functools import cache
from typing import Any

from nbarray.kernels.workspace import Spares
from nbarray.plan.plan import Plan
from nbarray.plan.spares import MOST_SPARE, has_room, makers_of_states

__all__ = ["WORTH_BYTES", "exact", "give_back", "give_back_own", "least_mapped", "share_arena", "spares_for", "usual"]

#: Below this, what a run held isn't worth the milliseconds that giving back takes.
WORTH_BYTES = 16 * 2**20
#: The number of arenas, in glibc's `mallopt`.
_M_ARENA_MAX = -8
#: From how many bytes on the system is asked for memory, and from how many that are free at its end the heap shrinks.
_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -3, -1
#: What glibc comes to by itself in a process with large arrays.
_USUAL_BYTES, _HEAP_BYTES = 32 * 2**20, 64 * 2**20
#: What is asked for while something runs: where chunks are compressed, pieces of all sizes would lie between others;
#: where chunks are decoded, a megabyte for each would be mapped, cleared and unmapped again and again.
_READING_BYTES, _WRITING_BYTES = 4 * 2**20, 2**20

#: Too much for the lists of small pieces, and too little to come from the system.
_PROBE_BYTES = 2**17

_lock = threading.Lock()
#: for each run, from how many bytes on its blocks come from the system
_running: list[int] = []


@cache
def _library() -> Any:
    """The C library if it is glibc, else None."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        library = ctypes.CDLL(None)
        library.malloc_trim, library.mallopt  # noqa: B018 - are they there?
        library.malloc.restype, library.free.argtypes, library.free.restype = ctypes.c_void_p, [ctypes.c_void_p], None
    except (OSError, AttributeError):
        return None
    return library


@cache
def share_arena() -> bool:
    """Let threads that are made from now on share one arena; returns whether that could be asked for."""
    library = _library()
    return library is not None and bool(library.mallopt(_M_ARENA_MAX, 1))


def least_mapped(plan: Plan, budget_bytes: int) -> int:
    """From how many bytes on blocks of a run had better come from the system.

    Smaller ones, too, where something is written, and where blocks of such a size wait for others in a budget that
    leaves little room: freed ones would stay in between.
    """
    waiting = int(plan.task_bytes.max(initial=0))
    tight = _WRITING_BYTES <= waiting < _READING_BYTES and not has_room(plan, budget_bytes)
    return _WRITING_BYTES if plan.writers_of or tight else _READING_BYTES


def spares_for(plan: Plan, budget_bytes: int) -> Spares:
    """What a run keeps of states of reductions to make others in: nothing where it would be missed."""
    return Spares(MOST_SPARE, makers_of_states(plan)) if has_room(plan, budget_bytes) else Spares()


def exact(least: int = _READING_BYTES) -> None:
    """Let blocks of so many bytes go back to the system when they are freed, until `usual` is called with the same."""
    _running.append(least)
    _settle()


def usual(least: int = _READING_BYTES) -> None:
    """The end of what `exact` began."""
    _running.remove(least)
    _settle()


def _settle() -> None:
    library = _library()
    if library is not None:
        with _lock:
            library.mallopt(_M_MMAP_THRESHOLD, min(_running, default=_USUAL_BYTES))
            library.mallopt(_M_TRIM_THRESHOLD, _HEAP_BYTES)


def give_back_own() -> None:
    """Give back what is free at the end of the arena of the thread that calls this."""
    library = _library()
    if library is None:
        return
    with _lock:
        library.mallopt(_M_TRIM_THRESHOLD, _PROBE_BYTES)
        library.free(library.malloc(_PROBE_BYTES))
        library.mallopt(_M_TRIM_THRESHOLD, _HEAP_BYTES)


def give_back() -> bool:
    """Give free memory back; returns whether that could be asked for."""
    library = _library()
    if library is None:
        return False
    library.malloc_trim(0)
    return True
