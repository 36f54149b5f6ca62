"""Waiting for what happens in other threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from nbarray.engines.run import Run

#: Seconds after which a test gives up; nothing here takes a tenth of it.
PATIENCE_S = 20


def until(condition: Callable[[], bool]) -> bool:
    """Wait for something that takes no time but happens elsewhere."""
    deadline = time.perf_counter() + PATIENCE_S
    while not condition() and time.perf_counter() < deadline:
        time.sleep(0.002)
    return condition()


def threads_of(run: Run) -> list[threading.Thread]:
    """The living threads of a run."""
    return [t for t in threading.enumerate() if t.name.startswith(f"nbarray-{run.number}-")]
