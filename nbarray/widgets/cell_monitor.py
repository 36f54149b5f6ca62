"""The monitor that a cell shows by itself, for its runs that last.

Runs tell when they begin, under their own lock; so that is only noted, and a thread that sleeps until then looks
whether the run still goes on.  That thread, like the monitor's, runs in a copy of the cell's context.
"""

from __future__ import annotations

import contextlib
import contextvars
import sys
import threading
import time
from collections.abc import Callable

from nbarray import runs
from nbarray.events import Event, PlanningStarted, PlanReady
from nbarray.observers.progress import SHOW_AFTER_S, UPDATE_EVERY_S
from nbarray.widgets.comms import cell_of_output
from nbarray.widgets.monitor import Monitor
from nbarray.widgets.panel_html import message_html
from nbarray.widgets.place import Place
from nbarray.widgets.printed import Printed, catch, let_go

__all__ = ["CellMonitor"]


def _hand_back(run: int, printed: Printed) -> None:
    """There will be no panel: what was kept for it stands below the cell."""
    let_go(run, printed)
    sys.stdout.write("".join(f"{line}\n" for line in printed.lines()))


class CellMonitor:
    """An observer that shows a monitor for each run of a cell that isn't over soon.

    blocking : the cell waits for its runs
    show_after_s : runs that end sooner show nothing
    every_s : the least time between two updates

    Call `close` when a blocking cell ends.  Sending may fail (a closed kernel, an old front end); then the run goes
    on without a monitor.
    """

    def __init__(
        self,
        *,
        blocking: bool = True,
        show_after_s: float = SHOW_AFTER_S,
        every_s: float = UPDATE_EVERY_S,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._blocking, self._show_after_s, self._every_s, self._clock = blocking, show_after_s, every_s, clock
        self._lock = threading.Lock()  # guards _due and _thread
        self._due: list[tuple[float, int]] = []
        self._noted: set[int] = set()
        self._printed: dict[int, Printed] = {}  # of runs that no panel has been shown of yet
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._context = contextvars.copy_context()
        self._cell = cell_of_output()
        self._monitors: list[tuple[Monitor, Place]] = []  # the thread's, then close()'s

    def __call__(self, event: Event) -> None:
        if not isinstance(event, PlanReady | PlanningStarted) or self._closed.is_set():
            return
        with self._lock:
            if event.run in self._noted:
                return
            self._noted.add(event.run)
            if not self._blocking:
                self._printed[event.run] = Printed()
                catch(event.run, self._printed[event.run])
            self._due.append((self._clock() + self._show_after_s, event.run))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._context.copy().run, args=(self._wait,), name="nbarray-monitor-due", daemon=True
                )
                self._thread.start()

    def _wait(self) -> None:
        while True:
            with self._lock:
                if not self._due or self._closed.is_set():
                    self._thread = None
                    return
                due_s, number = self._due[0]
            if self._closed.wait(max(0.0, due_s - self._clock())):
                continue
            with self._lock:
                if self._due[:1] != [(due_s, number)]:  # somebody could not wait
                    continue
                self._due.pop(0)
            with contextlib.suppress(Exception):  # a thread has nowhere to complain
                self._show(number)

    def show_now(self) -> None:
        """Show what still goes on, where it was started: a front end may hear of nothing that comes after the cell."""
        with self._lock:
            due, self._due = self._due, []
        for _, number in due:
            with contextlib.suppress(Exception):
                self._show(number)

    def _show(self, number: int) -> None:
        record = runs.find(number)
        run = record.run if record is not None else None
        printed = self._printed.pop(number, None)
        if run is None or run.wait(0):
            if printed is not None:
                _hand_back(number, printed)
            if record is not None and record.state == "failed" and not self._blocking and record.error:
                # nobody waits for it, and it may have ended before anybody looked
                said = f"run {record.number} of {record.label} failed: {record.error}"
                Place(self._cell).say(message_html(said, "error"), said)
            return
        if any(getattr(other.run, "counting", None) is run for other in runs.recent()):
            return  # it is shown where that run is planned
        # one that came before leaves its place to the next
        free = [place for _, place in self._monitors if not place.shown]
        place = free[-1] if free else Place(self._cell)
        self._monitors = [(monitor, p) for monitor, p in self._monitors if p is not place]
        monitor = Monitor(
            run, blocking=self._blocking, place=place, printed=printed, clock=self._clock, every_s=self._every_s
        )
        self._monitors.append((monitor, place))
        monitor.show()

    def close(self) -> None:
        """The cell has ended: what is shown becomes a summary, and nothing is shown from now on."""
        self._closed.set()
        with self._lock:
            self._due.clear()
            thread = self._thread
        if thread is not None:
            thread.join(timeout=5.0)
        for number in list(self._printed):
            _hand_back(number, self._printed.pop(number))
        for monitor, _ in self._monitors:
            monitor.close(linger=True)
        self._monitors.clear()

    def __enter__(self) -> CellMonitor:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
