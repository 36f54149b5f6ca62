"""How much a run will hold: its tasks are gone through as workers would take them, without being run."""

from __future__ import annotations

import heapq

from nbarray.plan.ledger import Ledger
from nbarray.plan.plan import Plan

__all__ = ["projected_peak"]

#: Plans of more tasks are not gone through: it takes some 10 µs a task.
MOST_TASKS = 1000
#: Reading a byte from storage takes as long as making or going over so many.
READING = 8


def projected_peak(plan: Plan, workers: int, budget_bytes: int) -> int:
    """About the most bytes that a run with so many workers holds, results included."""
    return plan.pending_bytes() - plan.sequential_peak + _held(plan, workers, budget_bytes)


def _held(plan: Plan, workers: int, budget_bytes: int) -> int:
    """About the most bytes of blocks and scratch."""
    if workers == 1 or plan.ntasks <= 1:
        return plan.sequential_peak
    if plan.ntasks > MOST_TASKS:
        largest = int((plan.task_bytes + plan.scratch_bytes).max(initial=0))
        room = budget_bytes - plan.pending_bytes()
        return plan.sequential_peak + max(0, min((min(workers, plan.ntasks) - 1) * largest, room))
    return max(plan.sequential_peak, _peak_of_ledger(plan, workers, budget_bytes))


def _peak_of_ledger(plan: Plan, workers: int, budget_bytes: int) -> int:
    """What a run's own bookkeeping comes to, if tasks take as long as they have bytes to treat."""
    ledger = Ledger(plan, budget_bytes)
    took = (READING * plan.read_bytes + plan.task_bytes + plan.scratch_bytes).tolist()
    running: list[tuple[int, int]] = []
    now = 0
    while not ledger.all_done:
        while len(running) < workers and (task := ledger.next_task()) is not None:
            heapq.heappush(running, (now + took[task], task))
        now, done = heapq.heappop(running)
        ledger.finish(done)
    return ledger.peak_bytes
