"""What a run took and what held it up, folded from its events.

A recorded stream gives the same report as the run itself: nothing here looks at anything else.  How it
reads, as text and in a notebook, is in `report_text`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nbarray.events import (
    BudgetExceeded,
    Event,
    PlanDetails,
    PlanReady,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    SourceRead,
    TaskFinished,
)
from nbarray.observers.report_text import ReportFacts, advice, report_html, report_text

__all__ = ["LIMITS", "Operation", "RunReport"]

#: What a worker's time goes into.
LIMITS = ("disk", "decoding", "compute", "scheduler", "idle")


@dataclass(slots=True)
class Operation:
    """What one operation took: tasks, seconds of workers, and of these reading files and decoding; bytes it made."""

    name: str
    place: str = ""
    tasks: int = 0
    done: int = 0
    busy_s: float = 0.0
    read_s: float = 0.0
    decode_s: float = 0.0
    nbytes: int = 0


@dataclass(slots=True)
class _Worker:
    """One worker: seconds it was busy, seconds it waited for a task, when it ended its last."""

    busy_s: float = 0.0
    waited_s: float = 0.0
    stop_s: float = field(default=0.0)


class RunReport:
    """An observer of one run, the first that it is told of; shows itself as a report, at any time, in any front end.

    state : "waiting", "running", "paused", "done", "failed" or "cancelled"
    wall_s, busy_s : seconds it took, and that workers computed, together
    peak_bytes, projected_bytes, budget_bytes : the most bytes held, what was expected, what was allowed
    overrun_bytes : what callers' functions took together with all else, if that was more than allowed
    read_bytes : stored numbers that tasks took; sources : what is read from where, and how often

    >>> from nbarray.events import NodeCount, PlanReady, RunFinished, TaskFinished
    >>> report = RunReport()
    >>> report(PlanReady(1, (NodeCount("mean", 1),), 1, 0, 8, 512, 1024, workers=1, time_s=10.0))
    >>> report(TaskFinished(1, 0, 0, 0, 10.0, 11.0, 8, 64, read_bytes=80, read_s=0.25, decode_s=0.5))
    >>> report(RunFinished(1, wall_s=1.0, busy_s=1.0, peak_bytes=512))
    >>> {name: round(share) for name, share in report.limits.items()}
    {'disk': 25, 'decoding': 50, 'compute': 25, 'scheduler': 0, 'idle': 0}
    """

    def __init__(self) -> None:
        self.run: int | None = None
        self.state = "waiting"
        self.error = ""
        self.tasks = self.done = self.workers = 0
        self.wall_s = self.busy_s = self.read_s = self.decode_s = 0.0
        self.budget_bytes = self.peak_bytes = self.projected_bytes = self.overrun_bytes = 0
        self.result_bytes = self.spilled_bytes = self.read_bytes = 0
        self.sources: tuple[SourceRead, ...] = ()
        self._nodes: list[Operation] = []
        self._places: tuple[str, ...] = ()
        self._by_worker: dict[int, _Worker] = {}
        self._began_s = self._paused_s = 0.0
        self._paused_since_s: float | None = None

    def __call__(self, event: Event) -> None:
        if type(event) is TaskFinished:
            if event.run == self.run:
                self._task(event)
            return
        if self.run is None and isinstance(event, PlanDetails | PlanReady):
            self.run = event.run  # a recording may hold several runs at the same time
        if event.run != self.run:
            return
        if isinstance(event, PlanDetails):
            self._places, self.sources = event.places, event.sources
            self.projected_bytes, self.spilled_bytes = event.projected_bytes, event.spilled_bytes
        elif isinstance(event, PlanReady):
            self._plan(event)
        else:
            self._other(event)

    def _plan(self, event: PlanReady) -> None:
        self.state = "running"
        self.tasks, self.workers, self._began_s = event.tasks, event.workers, event.time_s
        self.budget_bytes, self.result_bytes = event.budget_bytes, event.result_bytes
        self.projected_bytes = self.projected_bytes or event.peak_bytes
        places = (*self._places, *[""] * (len(event.nodes) - len(self._places)))
        self._nodes = [Operation(n.name, p, n.tasks) for n, p in zip(event.nodes, places, strict=False)]

    def _task(self, event: TaskFinished) -> None:
        busy_s = event.stop_s - event.start_s
        self.done += 1
        self.busy_s += busy_s
        self.read_s += event.read_s
        self.decode_s += event.decode_s
        self.read_bytes += event.read_bytes
        self.wall_s = event.stop_s - self._began_s
        if event.held_bytes + self.result_bytes > self.peak_bytes:
            self.peak_bytes = event.held_bytes + self.result_bytes
        node = self._nodes[event.node]
        node.done += 1
        node.busy_s += busy_s
        node.read_s += event.read_s
        node.decode_s += event.decode_s
        node.nbytes += event.nbytes
        worker = self._by_worker.get(event.worker)
        if worker is None:
            worker = self._by_worker[event.worker] = _Worker()
        worker.busy_s += busy_s
        worker.waited_s += event.waited_s
        worker.stop_s = event.stop_s

    def _other(self, event: Event) -> None:
        match event:
            case RunPaused():
                self.state, self._paused_since_s = "paused", event.time_s
            case RunResumed():
                if self._paused_since_s is not None:
                    self._paused_s += event.time_s - self._paused_since_s
                self.state, self._paused_since_s = "running", None
            case BudgetExceeded():
                self.overrun_bytes = event.held_bytes
            case RunFinished():
                self.state, self.wall_s, self.busy_s = "done", event.wall_s, event.busy_s
                self.peak_bytes = event.peak_bytes
            case RunFailed():
                self.state, self.wall_s, self.error = "failed", event.wall_s, event.error
            case RunCancelled():
                self.state, self.wall_s = "cancelled", event.wall_s
        if self.state in ("done", "failed", "cancelled") and self._paused_since_s is not None:
            self._paused_s += max(0.0, self._began_s + self.wall_s - self._paused_since_s)
            self._paused_since_s = None

    @property
    def limits(self) -> dict[str, float]:
        """The shares of the workers' time, in per cent: disk, decoding, compute, scheduler, idle; pauses don't count.

        Disk is reading files, decoding undoing their filters (or all of it, where a library reads), scheduler
        taking tasks and handing them in, idle waiting for a task that may start.
        """
        working_s = max(0.0, self.wall_s - self._paused_s)
        workers = list(self._by_worker.values())
        end_s = self._began_s + self.wall_s
        waited_s = sum(w.waited_s + max(0.0, end_s - w.stop_s) for w in workers) - self._paused_s * len(workers)
        idle_s = max(0.0, waited_s) + working_s * max(0, self.workers - len(workers))
        compute_s = max(0.0, self.busy_s - self.read_s - self.decode_s)
        total_s = working_s * max(self.workers, len(workers))
        known_s = self.read_s + self.decode_s + compute_s + idle_s
        seconds = (self.read_s, self.decode_s, compute_s, max(0.0, total_s - known_s), idle_s)
        whole_s = sum(seconds)
        return {name: 100 * s / whole_s if whole_s else 0.0 for name, s in zip(LIMITS, seconds, strict=True)}

    @property
    def limit(self) -> str:
        """What most of the time went into."""
        shares = self.limits
        return max(shares, key=lambda name: shares[name])

    @property
    def operations(self) -> list[Operation]:
        """The operations, the costliest first; those of one name and place are one."""
        found: dict[tuple[str, str], Operation] = {}
        for node in self._nodes:
            same = found.setdefault((node.name, node.place), Operation(node.name, node.place))
            same.tasks, same.done = same.tasks + node.tasks, same.done + node.done
            same.busy_s, same.read_s = same.busy_s + node.busy_s, same.read_s + node.read_s
            same.decode_s, same.nbytes = same.decode_s + node.decode_s, same.nbytes + node.nbytes
        return sorted(found.values(), key=lambda operation: -operation.busy_s)

    @property
    def advice(self) -> list[str]:
        """What would make it quicker or smaller: three sentences at most, the most useful first."""
        return advice(self._facts())

    def _facts(self) -> ReportFacts:
        operations = self.operations
        return ReportFacts(
            run=self.run or 0,
            state=self.state,
            error=self.error,
            wall_s=self.wall_s,
            paused_s=self._paused_s,
            busy_s=self.busy_s,
            tasks=self.tasks,
            done=self.done,
            workers=self.workers,
            peak_bytes=self.peak_bytes,
            projected_bytes=self.projected_bytes,
            budget_bytes=self.budget_bytes,
            overrun_bytes=self.overrun_bytes,
            spilled_bytes=self.spilled_bytes,
            read_bytes=self.read_bytes,
            sources=self.sources,
            limits=self.limits,
            operations=[(o.name, o.place, o.done, o.tasks, o.busy_s) for o in operations],
        )

    def __repr__(self) -> str:
        return report_text(self._facts())

    def _repr_html_(self) -> str:
        return report_html(self._facts())
