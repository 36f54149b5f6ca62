"""How much a run will hold: its tasks are gone through as workers would take them, without being run."""

from __future__ import annotations

import heapq

import numpy as np

from nbarray.grid.chunks import Int64
from nbarray.plan.ledger import Ledger
from nbarray.plan.plan import Plan

__all__ = ["projected_peak"]

#: Plans of more tasks are not gone through: it takes some 10 µs a task.
MOST_TASKS = 5000
#: What is kept about a run, and about each of its tasks: threads, lists, small objects.
RUN_BYTES, TASK_BYTES = 2**19, 400
#: What BLAS keeps for each thread that calls it.
BLAS_BYTES = 4 * 10**6
#: Reading a byte from storage takes as long as making or going over so many.
READING = 8


def projected_peak(plan: Plan, workers: int, budget_bytes: int) -> int:
    """About the most bytes that a run with so many workers holds, results and its own bookkeeping included."""
    kept = RUN_BYTES + TASK_BYTES * plan.ntasks
    if any(lowered.kind == "contract" and lowered.calls_blas for lowered in plan.nodes):
        kept += BLAS_BYTES * min(workers, plan.ntasks)
    return plan.pending_bytes() - plan.sequential_peak + _held(plan, workers, budget_bytes) + kept


def _held(plan: Plan, workers: int, budget_bytes: int) -> int:
    """About the most bytes of blocks and scratch."""
    if plan.ntasks > MOST_TASKS:
        largest = int((plan.task_bytes + plan.scratch_bytes).max(initial=0))
        room = budget_bytes - plan.pending_bytes()
        return plan.sequential_peak + max(0, min((min(workers, plan.ntasks) - 1) * largest, room))
    return _simulated(plan, workers, budget_bytes)


def _simulated(plan: Plan, workers: int, budget_bytes: int) -> int:
    """The most that is held if tasks take as long as they have bytes to treat, without what is only put by."""
    ledger, scratch = Ledger(plan, budget_bytes), _used_scratch(plan).tolist()
    took = _time(plan).tolist()
    running: list[tuple[int, int]] = []
    now = held = most = 0
    while not ledger.all_done:
        while len(running) < workers and (task := ledger.next_task()) is not None:
            heapq.heappush(running, (now + took[task], task))
            held += scratch[task] + ledger.block_bytes(task)
            most = max(most, held)
        now, done = heapq.heappop(running)
        held -= scratch[done] + sum(ledger.block_bytes(t) for t in ledger.finish(done))
    return most


def _time(plan: Plan) -> Int64:
    """About how long each task takes, as bytes that could be gone over meanwhile."""
    time = READING * plan.read_bytes + plan.task_bytes + plan.scratch_bytes
    for k, lowered in enumerate(plan.nodes):
        tasks = np.flatnonzero(plan.task_node == k)
        low, high = lowered.chunks.boxes(plan.task_block[tasks])
        time[tasks] += lowered.effort(low, high)
        for writer in plan.writers_of.get(k, ()):
            time[tasks] += writer.effort * lowered.block_bytes(low, high)
    return time


def _used_scratch(plan: Plan) -> Int64:
    """What of each task's scratch is touched where nothing unusual happens."""
    scratch = plan.scratch_bytes.copy()
    for k, lowered in enumerate(plan.nodes):
        tasks = np.flatnonzero(plan.task_node == k)
        scratch[tasks] -= lowered.spare_bytes(*lowered.chunks.boxes(plan.task_block[tasks]))
    return np.maximum(scratch, 0)
