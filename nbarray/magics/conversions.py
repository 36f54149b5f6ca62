"""What a cell says, or refuses, where its code asks a blocked array for all its values."""

from __future__ import annotations

import threading
from collections.abc import Callable

from nbarray.api.conversions import Watcher
from nbarray.config import current
from nbarray.errors import BudgetError
from nbarray.provenance import users_place
from nbarray.units import format_bytes

__all__ = ["begun_from_now_on", "conversion_watcher"]

#: The share of the budget that may be converted under ``--strict``.
STRICT_SHARE = 0.01


def _say(text: str) -> None:
    print(text)  # not as an error: nothing is wrong


def conversion_watcher(strict: bool, write: Callable[[str], object] = _say) -> Watcher:
    """What is to be told of conversions in one cell: a line for each place is written, or strict ones are refused."""
    told: set[str] = set()

    def watch(shape: tuple[int, ...], nbytes: int) -> None:
        place, function = users_place()
        where = "" if place is None else f" ({place})"
        what = f"all values of an array of shape {shape}, {format_bytes(nbytes)},"
        who = f"{function}() needs" if function else "a conversion to NumPy needs"
        allowed = int(STRICT_SHARE * current().budget_bytes())
        if strict and nbytes > allowed:
            raise BudgetError(
                f"{who} {what} at once{where}; --strict allows {format_bytes(allowed)}, 1 % of the memory: compute it "
                "where that is meant (.compute()), select less, or leave --strict out"
            )
        if str(place) not in told:
            told.add(str(place))
            write(f"nbarray: {who} {what} computed for it{where}")

    return watch


def begun_from_now_on() -> Callable[[], bool]:
    """Whether the thread that asks was begun after this was called, by code of the user's: a cell's threads."""
    before = frozenset(threading.enumerate())

    def begun() -> bool:
        thread = threading.current_thread()
        return thread not in before and not thread.name.startswith("nbarray-")  # as all of ours are called

    return begun
