"""``NBARRAY_DEBUG``: what runs do, as text, one step of detail a level.

1 a line per run, 2 also one per node, 3 also each rewrite rule as it is applied, 4 also each task.  It
reads events only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from nbarray.events import Event, PlanReady, RuleApplied, RunPaused, RunResumed, TaskFinished
from nbarray.observers.progress import ProgressState
from nbarray.units import format_bytes, format_seconds

__all__ = ["DebugLog"]


def _to_stderr(text: str) -> None:
    # looked up at every call: notebooks and tests exchange sys.stderr
    sys.stderr.write(text)


class DebugLog:
    """An observer that writes what happens.

    level : 1 to 4, see the module
    write : takes text, each call a whole line

    >>> from nbarray.events import NodeCount, PlanReady, RunFinished
    >>> log = DebugLog(1, lambda text: print(text, end=""))
    >>> log(PlanReady(7, (NodeCount("sum", 4),), 4, 0, 8, 2048, 4096, workers=2, time_s=0.0))
    >>> log(RunFinished(7, wall_s=1.5, busy_s=2.5, peak_bytes=1024))
    run 7: sum, 4 tasks, done in 1.5 s (busy 2.5 s on 2 workers), peak 1.00 KiB (2.00 KiB one task at a time),
    budget 4.00 KiB
    """

    def __init__(self, level: int, write: Callable[[str], object] = _to_stderr) -> None:
        self.level = level
        self._write = write
        self._runs: dict[int, ProgressState] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, RuleApplied):
            if self.level >= 3:
                self._line(f"run {event.run}: {event.stage}, {event.rule}: {event.before} -> {event.after}")
            return
        if isinstance(event, PlanReady):
            self._runs[event.run] = ProgressState()
        state = self._runs.get(event.run)
        if state is None:
            return
        state.fold(event)
        if isinstance(event, TaskFinished):
            if self.level >= 4:
                self._task(state, event)
        elif isinstance(event, RunPaused | RunResumed) and self.level >= 2:
            self._line(f"run {event.run}: {'paused' if isinstance(event, RunPaused) else 'goes on'}")
        if state.ended:
            del self._runs[event.run]
            self._run(state)

    def _task(self, state: ProgressState, event: TaskFinished) -> None:
        name = state.nodes[event.node].name if event.node < len(state.nodes) else f"node {event.node}"
        self._line(
            f"run {event.run}: task {event.task} ({name}) on worker {event.worker}, "
            f"{format_seconds(event.stop_s - event.start_s)}, made {format_bytes(event.nbytes)}, "
            f"held {format_bytes(event.held_bytes)}"
        )

    def _run(self, state: ProgressState) -> None:
        took = format_seconds(state.wall_s or 0.0)
        if state.state == "done":
            end = (
                f"done in {took} (busy {format_seconds(state.busy_s)} on {state.workers} workers), "
                f"peak {format_bytes(state.peak_bytes)} ({format_bytes(state.planned_peak_bytes)} one task at a time), "
                f"budget {format_bytes(state.budget_bytes)}"
            )
        else:
            end = f"{state.state} after {took} with {state.done} done"
        # the first line alone: an error's message may be a page
        error = f": {state.error.splitlines()[0]}" if state.error else ""
        self._line(f"run {state.run}: {state.name}, {state.tasks} tasks, {end}{error}")
        if self.level >= 2:
            for node in state.nodes:
                self._line(
                    f"run {state.run}:   {node.name}: {node.done}/{node.tasks} tasks, "
                    f"busy {format_seconds(node.busy_s)}, made {format_bytes(node.nbytes)}"
                )

    def _line(self, text: str) -> None:
        self._write(text + "\n")
