"""Waiting for what happens in other threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from nbarray.engines.run import Run

#: Seconds after which a test gives up; nothing here takes a tenth of it.
PATIENCE_S = 20
#: Seconds between two looks.
PAUSE_S = 0.002


def until(condition: Callable[[], bool]) -> bool:
    """Wait for something that takes no time but happens elsewhere."""
    for _ in range(int(PATIENCE_S / PAUSE_S)):  # not by the clock: that goes on while a machine stands still
        if condition():
            return True
        time.sleep(PAUSE_S)
    return condition()


def threads_of(run: Run) -> list[threading.Thread]:
    """The living threads of a run."""
    return [t for t in threading.enumerate() if t.name.startswith(f"nbarray-{run.number}-")]
