"""Whether callers' functions take more memory than a run has: no plan can count that, so it is looked at.

What a function allocates and frees within a task shows nowhere else: the ledger has its blocks alone.  Fifty looks a
second at what the process holds, besides files, cost nothing to speak of, and what has been filled with numbers is
there long enough to be seen.

All that is known is what the whole process holds.  So nothing is told of a run that wasn't the only one all the time;
and what is still there when all tasks have ended is not blamed on functions: somebody else has made it meanwhile.
Where nobody else can have, as who began the run waits for it, it ends if its budget was asked for.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from time import sleep
from typing import Protocol

from nbarray.config import beginning_of
from nbarray.engines.memory import give_back
from nbarray.errors import BudgetWarning
from nbarray.plan.duration import is_users
from nbarray.plan.plan import Plan
from nbarray.units import format_bytes

__all__ = ["Watch", "held_bytes"]

#: How often is looked, and how long the thread that does it waits for another run, in seconds.
EVERY_S, IDLE_S = 0.02, 2.0
#: The budget is exceeded where this share of it and so many bytes more are held: a process isn't one run alone.
SHARE, LEAST_BYTES = 0.1, 32 * 2**20


def held_bytes() -> int | None:
    """Bytes that the process holds in memory and that are no file's; None where the system doesn't tell."""
    try:
        _, resident, shared = map(int, beginning_of("/proc/self/statm").split()[:3])
    except (OSError, ValueError):
        return None
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


class Watched(Protocol):
    """A run, as far as it is watched."""

    @property
    def budget_bytes(self) -> int:
        """What it may hold."""

    @property
    def alone(self) -> bool:
        """Whether no other run has been under way since it began."""

    def exceeded(self, held_bytes: int, told: str) -> None:
        """So much is held instead, which is `told` in words."""


class Watch:
    """Looks at what is held over the beginning of a run, while functions are called that others wrote.

    run : a reference that doesn't keep it; it is told when its budget is exceeded, and again when a tenth more is held
    """

    def __init__(self, plan: Plan, run: Callable[[], Watched | None]) -> None:
        self._names = list(dict.fromkeys(node.label for node in plan.nodes if is_users(node)))
        self._run, self._result_bytes = run, plan.result_bytes
        self._most = self._budget = 0
        self._allowed = 0.0
        base = held_bytes() if self._names else None
        if base is not None:
            self._base = base
            _add(self)

    def stop(self) -> None:
        """Look no more: the tasks have ended; what is held now, but for results, isn't what they took."""
        with _lock:
            _watches.discard(self)
        if self._most:
            give_back()
            left = (held_bytes() or 0) - self._base - self._result_bytes
            self._most -= max(0, left)

    def look(self, held_bytes: int) -> None:
        """So much is held by the process."""
        held = held_bytes - self._base
        if held > (1 + SHARE) * self._most and (watched := self._run()) is not None:
            budget = watched.budget_bytes
            allowed = budget + max(SHARE * budget, LEAST_BYTES)
            if held > allowed and watched.alone:
                self._most, self._allowed, self._budget = held, allowed, budget
                told = f"about {format_bytes(held)} are held, more than the budget of {format_bytes(budget)}"
                watched.exceeded(held, f"{told}: {self._advice}")

    def warn(self) -> None:
        """Warn once whoever asks for the result."""
        most, self._most = self._most, 0
        if most > self._allowed:
            warnings.warn(
                f"about {format_bytes(most)} were held during the run and given back, more than its budget of "
                f"{format_bytes(self._budget)}: {self._advice}",
                BudgetWarning,
                stacklevel=4,
            )

    @property
    def _advice(self) -> str:
        return (
            f"{' and '.join(self._names)} may take more memory than blocks do, which is all that can be counted "
            "before; smaller chunks or fewer workers take less, a larger budget allows more"
        )


_lock = threading.Lock()
_watches: set[Watch] = set()
_thread: threading.Thread | None = None


def _add(watch: Watch) -> None:
    """Look for one more; one thread does it for all, as starting one takes longer than a small run does."""
    global _thread
    with _lock:
        _watches.add(watch)
        if _thread is None or not _thread.is_alive():  # it isn't after a fork
            _thread = threading.Thread(target=_look, name="nbarray-watch", daemon=True)
            _thread.start()


def _look() -> None:
    global _thread
    idle = 0
    while True:
        sleep(EVERY_S)
        with _lock:
            watches = list(_watches)
            idle = 0 if watches else idle + 1
            if idle > IDLE_S / EVERY_S:
                _thread = None
                return
        held = held_bytes() if watches else None
        if held is not None:
            for watch in watches:
                watch.look(held)
