"""How far a run has come, folded from its events, and one line of text that says so.

`ProgressState` is the one place where events become numbers a person wants (share done, time left,
bytes held); every progress display reads it.  `ProgressLine` shows it in a terminal.  This file knows
events only: what a task computes and who runs it stay hidden.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TextIO

from nbarray.events import (
    BlockReleased,
    Event,
    PlanReady,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    TaskFinished,
)
from nbarray.units import format_bytes, format_seconds

__all__ = [
    "SHOW_AFTER_S",
    "UPDATE_EVERY_S",
    "NodeProgress",
    "ProgressLine",
    "ProgressState",
    "progress_facts",
    "progress_text",
]

#: A run that ends sooner than this shows nothing but its value.
SHOW_AFTER_S = 0.5
#: A person reads no faster, and on two cores more would cost.
UPDATE_EVERY_S = 0.2
#: An estimate before this much work says more about the first task than about the rest.
_ESTIMATE_AFTER_S = 1.0
_ESTIMATE_AFTER_TASKS = 8

RunState = Literal["waiting", "running", "paused", "done", "failed", "cancelled"]


@dataclass(slots=True)
class NodeProgress:
    """One node of the plan: tasks and how many are done, seconds its tasks took, bytes they made."""

    name: str
    tasks: int
    done: int = 0
    busy_s: float = 0.0
    nbytes: int = 0


class ProgressState:
    """What is known of one run so far.

    Give it the run's events in order through `fold`; read anything at any time.  It takes no lock: a
    reader in another thread may see the task count of one event and the bytes of the next.

    >>> from nbarray.events import NodeCount, PlanReady, TaskFinished
    >>> state = ProgressState()
    >>> state.fold(PlanReady(1, (NodeCount("mean", 4),), 4, 0, 0, 0, 0, workers=2, time_s=10.0))
    >>> state.fold(TaskFinished(1, 0, 0, 0, start_s=10.0, stop_s=10.5, nbytes=8, held_bytes=64))
    >>> state.done, state.tasks, state.fraction, state.held_bytes
    (1, 4, 0.25, 64)
    """

    def __init__(self) -> None:
        self.run: int | None = None
        self.state: RunState = "waiting"
        self.nodes: list[NodeProgress] = []
        self.tasks = 0
        self.done = 0
        self.workers = 1
        self.read_bytes = 0  # what the plan says the whole run reads
        self.result_bytes = 0
        self.planned_peak_bytes = 0
        self.budget_bytes = 0
        self.held_bytes = 0
        self.peak_bytes = 0
        self.busy_s = 0.0
        self.wall_s: float | None = None  # known once the run has ended
        self.error: str | None = None
        self._started_s = 0.0
        self._paused_since_s: float | None = None
        self._paused_s = 0.0

    def fold(self, event: Event) -> None:
        """Take one event into account."""
        if type(event) is TaskFinished:  # first, and without match: it comes once a task
            self._task(event)
            return
        match event:
            case BlockReleased():
                self.held_bytes = event.held_bytes
            case PlanReady():
                self._plan(event)
            case RunPaused():
                self.state, self._paused_since_s = "paused", event.time_s
            case RunResumed():
                if self._paused_since_s is not None:
                    self._paused_s += event.time_s - self._paused_since_s
                self.state, self._paused_since_s = "running", None
            case RunFinished():
                self.state, self.wall_s, self.busy_s = "done", event.wall_s, event.busy_s
                self.peak_bytes, self.held_bytes = event.peak_bytes, 0
            case RunFailed():
                self.state, self.wall_s, self.error = "failed", event.wall_s, event.error
            case RunCancelled():
                self.state, self.wall_s = "cancelled", event.wall_s

    def _plan(self, event: PlanReady) -> None:
        self.run, self.state = event.run, "running"
        self.nodes = [NodeProgress(node.name, node.tasks) for node in event.nodes]
        self.tasks, self.workers = event.tasks, event.workers
        self.read_bytes, self.result_bytes = event.read_bytes, event.result_bytes
        self.planned_peak_bytes, self.budget_bytes = event.peak_bytes, event.budget_bytes
        self._started_s = event.time_s

    def _task(self, event: TaskFinished) -> None:
        busy_s = event.stop_s - event.start_s
        self.done += 1
        self.busy_s += busy_s
        self.held_bytes = event.held_bytes
        self.peak_bytes = max(self.peak_bytes, event.held_bytes)
        if event.node < len(self.nodes):
            node = self.nodes[event.node]
            node.done += 1
            node.busy_s += busy_s
            node.nbytes += event.nbytes

    @property
    def ended(self) -> bool:
        """Whether the run is over, however it ended."""
        return self.state in ("done", "failed", "cancelled")

    @property
    def fraction(self) -> float:
        """The share of tasks done, from 0 to 1."""
        return self.done / self.tasks if self.tasks else 0.0

    @property
    def name(self) -> str:
        """What the run mostly does: the node with the most tasks, the last of them if there are several."""
        named = [node for node in self.nodes if node.name]
        return max(reversed(named), key=lambda node: node.tasks).name if named else "run"

    def elapsed_s(self, now_s: float) -> float:
        """Seconds since the plan was ready, pauses included; `now_s` is of `time.perf_counter`."""
        if self.wall_s is not None:
            return self.wall_s
        return max(0.0, now_s - self._started_s) if self.state != "waiting" else 0.0

    def working_s(self, now_s: float) -> float:
        """Seconds since the plan was ready, without the pauses."""
        pause_s = self._paused_s
        if self._paused_since_s is not None:
            pause_s += now_s - self._paused_since_s
        return max(0.0, self.elapsed_s(now_s) - pause_s)

    def left_s(self, now_s: float) -> float | None:
        """Seconds until the run ends, or None while an estimate would be worth nothing.

        Every node's remaining tasks count with that node's own mean time, so that a thousand quick
        additions after a hundred slow reads are not taken for reads.  Dividing by how many tasks really ran
        side by side so far accounts for waiting.
        """
        working_s = self.working_s(now_s)
        too_early = working_s < _ESTIMATE_AFTER_S or self.done < min(_ESTIMATE_AFTER_TASKS, self.tasks // 2)
        if self.state != "running" or too_early or not self.done or self.busy_s <= 0.0:
            return None
        mean_s = self.busy_s / self.done
        todo_s = sum(
            (node.tasks - node.done) * (node.busy_s / node.done if node.done else mean_s)
            for node in self.nodes
            if node.tasks > node.done
        )
        side_by_side = min(max(self.busy_s / working_s, 0.05), float(self.workers))
        return todo_s / side_by_side


def progress_facts(state: ProgressState, now_s: float) -> list[str]:
    """What a progress display says in words: share, tasks, time, time left or "paused", bytes held.

    >>> progress_facts(ProgressState(), 0.0)
    ['0 %', '0/0 tasks', '0 ms']
    """
    facts = [
        f"{int(state.fraction * 100)} %",
        f"{state.done}/{state.tasks} tasks",
        format_seconds(state.elapsed_s(now_s)),
    ]
    left_s = state.left_s(now_s)
    if state.state == "paused":
        facts.append("paused")
    elif left_s is not None:
        facts.append(f"{format_seconds(left_s)} left")
    if state.held_bytes:
        facts.append(f"{format_bytes(state.held_bytes)} held")
    return facts


def progress_text(state: ProgressState, now_s: float, cells: int = 10) -> str:
    """The state of a run as one line, with a bar of `cells` characters.

    >>> from nbarray.events import NodeCount, PlanReady
    >>> state = ProgressState()
    >>> state.fold(PlanReady(1, (NodeCount("mean", 4),), 4, 0, 0, 0, 0, workers=2, time_s=10.0))
    >>> progress_text(state, 10.25, cells=4)
    'mean  ░░░░   0 %  0/4 tasks  250 ms'
    """
    filled = int(state.fraction * cells)
    percent, *facts = progress_facts(state, now_s)
    return "  ".join([state.name, "▓" * filled + "░" * (cells - filled), percent.rjust(5), *facts])


class ProgressLine:
    """An observer that keeps one line of a terminal up to date and wipes it when the run is over.

    write : takes text; the line is rewritten in place by a carriage return
    clock : seconds, as `time.perf_counter`

    Nothing is written for runs shorter than half a second, and never more than five times a second.  Where
    several runs go on at once the one that started last is shown.
    """

    def __init__(self, write: Callable[[str], object], *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._write = write
        self._clock = clock
        self._lock = threading.Lock()
        self._runs: dict[int, ProgressState] = {}
        self._next_s = 0.0
        self._width = 0

    @classmethod
    def for_stream(cls, stream: TextIO | None = None) -> ProgressLine | None:
        """A line on `stream` (stderr unless told otherwise), or None where it is not a terminal."""
        out = sys.stderr if stream is None else stream
        if not out.isatty():
            return None

        def write(text: str) -> None:
            out.write(text)
            out.flush()

        return cls(write)

    def __call__(self, event: Event) -> None:
        with self._lock:
            state = self._runs.get(event.run)
            if state is None:
                if not isinstance(event, PlanReady):
                    return
                state = self._runs[event.run] = ProgressState()
                self._next_s = max(self._next_s, self._clock() + SHOW_AFTER_S)
            state.fold(event)
            if state.ended:
                del self._runs[event.run]
                self._show("")
            elif (now_s := self._clock()) >= self._next_s:
                self._next_s = now_s + UPDATE_EVERY_S
                self._show(progress_text(next(reversed(self._runs.values())), now_s))

    def close(self) -> None:
        """Wipe the line, whatever still runs."""
        with self._lock:
            self._runs.clear()
            self._show("")

    def _show(self, text: str) -> None:
        if text or self._width:
            self._write("\r" + text.ljust(self._width) + ("" if text else "\r"))
        self._width = len(text)
