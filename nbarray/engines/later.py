"""A run whose plan is still being made, in another thread.

It can be started, paused, resized and cancelled like any other: what is asked for meanwhile is done as soon as there is
a plan.  Until then its plan is one without tasks, so whoever looks at it sees nothing to do and nothing done.
Who makes the plan, and how, is not known here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from nbarray import events
from nbarray.engines.run import Run
from nbarray.engines.tasks import Results
from nbarray.errors import Cancelled
from nbarray.plan.ledger import Ledger
from nbarray.plan.plan import Plan

__all__ = ["LaterRun"]

_NONE = np.zeros(0, np.int64)
_NO_PLAN = Plan(
    (), (), (), _NONE, _NONE, np.zeros(1, np.int64), _NONE, _NONE, _NONE, _NONE, np.zeros(0, bool), _NONE, 0
)  # fmt: skip


class LaterRun(Run):
    """A run that will have a plan.

    state : "planning" until then; if planning fails the run has failed
    """

    def __init__(
        self,
        budget_bytes: int,
        workers: int,
        observers: Sequence[events.Observer] = (),
        ended: Callable[[Run], None] = lambda run: None,
    ) -> None:
        super().__init__(_NO_PLAN, budget_bytes, workers, observers, ended=ended)
        self.state = "planning"
        self._decided = threading.Event()
        self._begins = self._pauses = False
        self._counting: Run | None = None

    @property
    def planned(self) -> bool:
        """Whether its plan has been made."""
        return self.plan is not _NO_PLAN

    @property
    def can_be_made_anew(self) -> bool:
        """Whether it has no plan, and nobody has started or cancelled it."""
        return not (self.planned or self._begins or self.state == "cancelled")

    @property
    def counting(self) -> Run | None:
        """The run whose values planning waits for: one that counts a size, for example."""
        return self._counting if self.state == "planning" else None

    def wait_planned(self, timeout: float | None = None) -> bool:
        """Wait until there is a plan, or never will be; returns whether that is so."""
        return self._decided.wait(timeout)

    # ---------------------------------------------------------------------------------------------- control

    def start(self) -> Run:
        """Begin, as soon as there is a plan; returns at once."""
        with self._change:
            if self.state == "planning":
                self._begins = True
                return self
        return super().start()

    def pause(self) -> None:
        """Start no more tasks; those running end."""
        with self._change:
            self._pauses = True
        super().pause()

    def resume(self) -> None:
        """Go on after a pause."""
        with self._change:
            self._pauses = False
        super().resume()

    def cancel(self) -> None:
        """Stop; a plan that is being made is dropped, and what it waits for is cancelled too."""
        with self._change:
            planning, counting = self.state == "planning", self._counting
            if planning:
                self.state, self._counting = "cancelled", None
                self._error = Cancelled("the run was cancelled while it was planned")
                self.tell(events.RunCancelled(self.number, 0.0, 0))
                self._decided.set()
                self._end()
        if planning and counting is not None:
            counting.cancel()
        super().cancel()

    # ------------------------------------------------------------------------------------- for the planner

    def count_by(self, run: Run) -> None:
        """Planning waits for another run now.  Raises Cancelled if nobody wants the plan any more."""
        with self._change:
            self._counting = run
            if self.state != "planning":
                raise Cancelled("the run was cancelled while it was planned")

    def give(self, plan: Plan, finish: Callable[[Results], Any], told: Callable[[], None]) -> None:
        """Here is the plan, unless nobody wants it any more: what was asked for meanwhile is done now.

        told : called before
        """
        with self._change:
            if self.state != "planning":
                return
            self.plan, self._finish, self._counting = plan, finish, None
            self._ledger = Ledger(plan, self.budget_bytes, self._workers)
            told()
            self.state = "ready"
            try:
                if self._begins:
                    super().start()
                    if self._pauses:
                        super().pause()
            finally:
                self._decided.set()

    def refuse(self, error: BaseException) -> None:
        """There will be no plan."""
        with self._change:
            if self.state == "planning":
                self._counting = None
                self._decided.set()
                self._give_up(error)

    def tell_planning(self) -> None:
        """Let observers know that it takes a while."""
        with self._change:
            if self.state == "planning":
                self.tell(events.PlanningStarted(self.number, perf_counter()))
