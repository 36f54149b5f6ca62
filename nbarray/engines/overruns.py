"""Whether callers' functions take more memory than a run has: no plan can count that, so it is looked at.

What a function allocates and frees within a task shows nowhere else: the ledger has its blocks alone.  Fifty looks a
second at what the process holds, besides files, cost nothing to speak of, and what has been filled with numbers is
there long enough to be seen.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from nbarray.errors import BudgetWarning
from nbarray.plan.duration import is_users
from nbarray.plan.plan import Plan
from nbarray.units import format_bytes

__all__ = ["Watch", "held_bytes"]

#: How often is looked, in seconds.
EVERY_S = 0.02
#: The budget is exceeded where this share of it and so many bytes more are held: a process isn't one run alone.
SHARE, LEAST_BYTES = 0.1, 32 * 2**20


def held_bytes() -> int | None:
    """Bytes that the process holds in memory and that are no file's; None where the system doesn't tell."""
    try:
        _, resident, shared = map(int, Path("/proc/self/statm").read_bytes().split()[:3])
    except (OSError, ValueError):
        return None
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


class Watched(Protocol):
    """A run, as far as it is watched."""

    @property
    def budget_bytes(self) -> int:
        """What it may hold."""

    def exceeded(self, held_bytes: int) -> None:
        """So much is held instead."""


class Watch:
    """Looks at what is held over the beginning of a run, in a thread, while functions are called that others wrote.

    run : a reference that doesn't keep it, as the thread ends a little later; it is told when its budget is exceeded,
        and again when a tenth more is held
    """

    def __init__(self, plan: Plan, run: Callable[[], Watched | None]) -> None:
        self._names = list(dict.fromkeys(node.label for node in plan.nodes if is_users(node)))
        self._stop = threading.Event()
        self._found = ""
        base = held_bytes() if self._names else None
        if base is not None:
            threading.Thread(target=self._look, args=(base, run), name="nbarray-watch", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def _look(self, base: int, run: Callable[[], Watched | None]) -> None:
        most = 0
        while not self._stop.wait(EVERY_S):
            held = (held_bytes() or 0) - base
            if held > (1 + SHARE) * most and (watched := run()) is not None:
                budget = watched.budget_bytes
                if held > budget + max(SHARE * budget, LEAST_BYTES):
                    most = held
                    self._found = self._text(held, budget)
                    watched.exceeded(held)
                del watched

    def _text(self, held: int, budget: int) -> str:
        return (
            f"{format_bytes(held)} were held during the run, whose budget is {format_bytes(budget)}: "
            f"{' and '.join(self._names)} may take more memory than its blocks, which is all that can be "
            "counted before; use smaller chunks, or fewer workers"
        )

    def warn(self) -> None:
        """Warn once whoever asks for the result."""
        found, self._found = self._found, ""
        if found:
            warnings.warn(found, BudgetWarning, stacklevel=4)
