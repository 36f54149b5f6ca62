"""The runs of this process: which there are and were, how they do, what each was started for.

A run that nobody holds any more goes on and can be found here, also to be cancelled.  Nothing is kept alive
by that: of a run that has ended and was let go, a few numbers remain, and those of the last hundred only.
"""

from __future__ import annotations

import threading
import time
from weakref import ref

from nbarray.engines.run import Run
from nbarray.observers.report import RunReport
from nbarray.provenance import Place
from nbarray.units import format_many

__all__ = ["RunRecord", "drop", "ended", "find", "keep_reports", "new_report", "note", "recent"]

#: How many runs that have ended are remembered, and of how many the reports are.
MOST_ENDED, MOST_REPORTS = 100, 20


class RunRecord:
    """What is known of a run, while it lasts and afterwards.

    number : of the run; label : the operation that makes its (first) result; place : where that was written
    began : seconds since 1970; tasks : how many; report : what it took, if that was observed
    """

    def __init__(self, run: Run, label: str, place: Place | None, report: RunReport | None) -> None:
        self.number, self.label, self.place, self.report = run.number, label, place, report
        self.began = time.time()
        self.tasks = run.plan.ntasks
        self._run = ref(run)
        # (state, tasks done, seconds, peak, error), once it has ended
        self._end: tuple[str, int, float, int, str] | None = None

    def planned(self, label: str, tasks: int) -> None:
        """Note what it turned out to be, once there is a plan."""
        self.label, self.tasks = label, tasks

    def end(self, run: Run) -> None:
        """Note how the run ended."""
        self._end = self._facts(run)

    @staticmethod
    def _facts(run: Run) -> tuple[str, int, float, int, str]:
        error = run.error
        failure = getattr(error, "failure", None)
        why = str(failure.why if failure is not None else error).splitlines() if run.state == "failed" else []
        told = why[0] if why else ""
        return run.state, run.progress[0], run.wall_s, run.peak_bytes, told

    def _now(self) -> tuple[str, int, float, int, str]:
        run = self._run()
        return self._end or (self._facts(run) if run is not None else ("dropped", 0, 0.0, 0, ""))

    @property
    def run(self) -> Run | None:
        """The run itself, unless it has ended and nobody holds it any more."""
        return self._run()

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._end is not None

    @property
    def state(self) -> str:
        """ "planning", "ready", "running", "paused", "done", "failed", "cancelled"; "dropped": it was never started."""
        return self._now()[0]

    @property
    def done(self) -> int:
        """How many tasks are done."""
        return self._now()[1]

    @property
    def wall_s(self) -> float:
        """Seconds since it began, or that it took."""
        return self._now()[2]

    @property
    def peak_bytes(self) -> int:
        """The most bytes held so far."""
        return self._now()[3]

    @property
    def error(self) -> str:
        """Why it failed, in a line."""
        return self._now()[4]

    def cancel(self) -> bool:
        """Cancel it; returns False if it had ended before."""
        run = self._run()
        if run is None or self.ended:
            return False
        run.cancel()
        return True

    def __repr__(self) -> str:
        done = f"{self.done} of {format_many(self.tasks, 'task')}"
        return f"<RunRecord {self.number}: {self.label}, {self.state}, {done}>"


_lock = threading.Lock()
_records: dict[int, RunRecord] = {}
_reporting = False


def keep_reports(keep: bool) -> None:
    """Whether a report is made of every run from now on; it costs a few microseconds a task."""
    global _reporting
    _reporting = keep


def new_report() -> RunReport | None:
    """A report for a run about to start, if reports are kept."""
    return RunReport() if _reporting else None


def note(run: Run, label: str, place: Place | None, report: RunReport | None = None) -> RunRecord:
    """Remember a run that was made."""
    record = RunRecord(run, label, place, report)
    with _lock:
        _records[run.number] = record
        if len(_records) > MOST_ENDED + 20:  # now and then: small runs are many
            _forget()
    return record


def drop(run: Run) -> None:
    """Forget a run that was refused before anybody got it."""
    with _lock:
        _records.pop(run.number, None)


def _forget() -> None:
    """Let go of what ended long ago, and of what was never started."""
    over = [r for r in _records.values() if r.ended or r.state == "dropped"]
    for record in over[: max(0, len(over) - MOST_ENDED)]:
        del _records[record.number]
    for record in over[: max(0, len(over) - MOST_REPORTS)]:
        record.report = None


def ended(run: Run) -> None:
    """Note that a run is over; called by the run, under its lock."""
    record = find(run.number)
    if record is not None:
        record.end(run)


def recent() -> list[RunRecord]:
    """The runs under way and the last ones that have ended, in the order they were made."""
    with _lock:
        records = list(_records.values())
    return [record for record in records if record.state != "dropped"]


def find(number: int) -> RunRecord | None:
    """The run of a number."""
    with _lock:
        return _records.get(number)
