"""What ran when: a few numbers for each task of a run, kept for pictures drawn afterwards.

It costs a fraction of a microsecond a task, and a bounded amount of memory: when it is full every second record
is dropped, and only every second task is recorded from then on.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from nbarray.events import Event, PlanReady, TaskFinished

__all__ = ["FIELDS", "Trace"]

FIELDS = ("task", "worker", "start_s", "stop_s", "held_bytes")
#: Tasks recorded at most; 40 bytes each.
MOST_TASKS = 2**15


class Trace:
    """Records of finished tasks, in the order in which they ended.

    every : one task of so many was recorded
    finished : tasks that ended, recorded or not

    >>> trace = Trace()
    >>> trace.add(0, 1, 10.0, 10.5, 4096)
    >>> trace.table["stop_s"] - trace.table["start_s"], trace.table["worker"]
    (array([0.5]), array([1.]))
    """

    __slots__ = ("_numbers", "every", "finished", "started_s")

    def __init__(self, started_s: float | None = None) -> None:
        self._numbers = array("d")
        self.every = 1
        self.finished = 0
        self.started_s = started_s

    def add(self, task: int, worker: int, start_s: float, stop_s: float, held_bytes: int) -> None:
        """Note that a task has ended."""
        self.finished += 1
        if self.finished % self.every:
            return
        self._numbers.extend((task, worker, start_s, stop_s, held_bytes))
        if len(self._numbers) >= MOST_TASKS * len(FIELDS):
            self._numbers = array("d", np.frombuffer(self._numbers).reshape(-1, len(FIELDS))[1::2].tobytes())
            self.every *= 2

    @property
    def table(self) -> dict[str, NDArray[np.float64]]:
        """A column for each of `FIELDS`."""
        rows = np.array(self._numbers, np.float64).reshape(-1, len(FIELDS))
        return {name: rows[:, k] for k, name in enumerate(FIELDS)}

    @staticmethod
    def of_events(events: Iterable[Event]) -> Trace:
        """The trace of the last run of a stream of events."""
        trace = Trace()
        for event in events:
            if isinstance(event, PlanReady):
                trace = Trace(event.time_s)
            elif isinstance(event, TaskFinished):
                trace.add(event.task, event.worker, event.start_s, event.stop_s, event.held_bytes)
        return trace
