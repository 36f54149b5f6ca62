"""How much a run will hold: its tasks are gone through as workers would take them, without being run."""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np

from nbarray.compiling import COMPILING_BYTES, compiles_first, loading_bytes
from nbarray.expr.lowered import Lowered
from nbarray.grid.chunks import Int64
from nbarray.kernels.panels import kept_panels
from nbarray.plan.duration import TAKEN
from nbarray.plan.ledger import Ledger, next_window
from nbarray.plan.plan import Plan

__all__ = ["projected_peak"]

#: Plans of more tasks are not gone through: it takes some 10 µs a task.
MOST_TASKS = 5000
#: What is kept about a run, and about each of its tasks: threads, lists, small objects.
RUN_BYTES, TASK_BYTES = 2**19, 400
#: Reading a byte from storage takes as long as making or going over so many.
READING = 8


def projected_peak(plan: Plan, workers: int, budget_bytes: int) -> int:
    """About the most bytes that a run with so many workers holds, results and its own bookkeeping included."""
    kept = RUN_BYTES + TASK_BYTES * plan.ntasks
    if plan.compiler_bytes and not compiles_first(text for lowered in plan.nodes for text in lowered.kernels):
        kept -= min(loading_bytes(), COMPILING_BYTES)
    return plan.pending_bytes(0) - plan.sequential_peak + _held(plan, workers, budget_bytes) + kept


def _held(plan: Plan, workers: int, budget_bytes: int) -> int:
    """About the most bytes of blocks and scratch."""
    if plan.ntasks > MOST_TASKS:
        largest = int((plan.task_bytes + plan.scratch_bytes).max(initial=0))
        room = budget_bytes - plan.pending_bytes(workers)
        panels = plan.pending_bytes(workers) - plan.pending_bytes(0)
        return plan.sequential_peak + panels + max(0, min((min(workers, plan.ntasks) - 1) * largest, room))
    return _simulated(plan, workers, budget_bytes)


def _simulated(plan: Plan, workers: int, budget_bytes: int) -> int:
    """The most that is held if tasks take as long as they have bytes to treat, without what is only put by.

    Short ones are taken several at a time, as workers do: their blocks are handed in together.
    """
    ledger, kept = Ledger(plan, budget_bytes, workers), kept_panels()
    took, blocks, panels = (of(plan).tolist() for of in (_time, _used_blocks, _panels))
    in_turn, scratch = (each.tolist() for each in _used_scratch(plan))
    nodes, idle, running = plan.task_node.tolist(), workers, list[tuple[int, list[int]]]()
    windows: dict[int, int] = {}
    now = held = most = 0
    while not ledger.all_done:
        while idle and (tasks := ledger.take(windows, workers)):
            time, node = sum(took[t] for t in tasks), nodes[tasks[0]]
            windows[node] = next_window(windows.get(node, 1), time / TAKEN / len(tasks))
            heapq.heappush(running, (now + time, tasks))
            idle -= 1
            held += sum(blocks[t] for t in tasks)
            kept = max(kept, sum(max(panels[t] for t in some) for _, some in running))
            working = sum(max(scratch[t] for t in some) for _, some in running)
            most = max(most, held + kept + working + max(in_turn[some[0]] for _, some in running))
        now, done = heapq.heappop(running)
        idle += 1
        held -= sum(blocks[r] for t in done for r in ledger.finish(t))
    return most - kept_panels()


def _time(plan: Plan) -> Int64:
    """About how long each task takes, as bytes that could be gone over meanwhile."""
    in_turn, scratch = _used_scratch(plan)
    time = READING * plan.read_bytes + plan.task_bytes + scratch + in_turn
    for k, lowered in enumerate(plan.nodes):
        tasks = np.flatnonzero(plan.task_node == k)
        low, high = lowered.chunks.boxes(plan.task_block[tasks])
        time[tasks] += lowered.taken_bytes(low, high) + lowered.effort(low, high)
        for writer in plan.writers_of.get(k, ()):
            time[tasks] += writer.effort * lowered.block_bytes(low, high)
    return time


def _used_scratch(plan: Plan) -> tuple[Int64, Int64]:
    """What of each task's scratch is touched where nothing unusual happens: by one task at a time, and the rest."""
    in_turn, scratch = np.zeros(plan.ntasks, np.int64), plan.scratch_bytes - _of_tasks(plan, _spare)
    for k, writers in plan.writers_of.items():
        tasks = np.flatnonzero(plan.task_node == k)
        nbytes = plan.nodes[k].block_bytes(*plan.nodes[k].chunks.boxes(plan.task_block[tasks]))
        for writer in writers:
            scratch[tasks] -= writer.spare_bytes(nbytes)
            if writer.in_turn:
                in_turn[tasks] = np.maximum(in_turn[tasks], writer.extra_bytes(nbytes))
                scratch[tasks] -= writer.extra_bytes(nbytes)
    return in_turn, np.maximum(scratch, 0)


def _used_blocks(plan: Plan) -> Int64:
    """The bytes of each task's block, of elements like those that are known."""
    return np.maximum(plan.task_bytes - _of_tasks(plan, lambda lowered: lowered.spare_block_bytes), 0)


def _panels(plan: Plan) -> Int64:
    """What BLAS keeps from each task for the thread that runs it."""
    return _of_tasks(plan, lambda lowered: lowered.panel_bytes)


def _spare(lowered: Lowered) -> Callable[[Int64, Int64], Int64]:
    return lowered.spare_bytes


def _of_tasks(plan: Plan, of: Callable[[Lowered], Callable[[Int64, Int64], Int64]]) -> Int64:
    """What nodes tell of the corners of blocks, for each task."""
    found = np.zeros(plan.ntasks, np.int64)
    for k, lowered in enumerate(plan.nodes):
        tasks = np.flatnonzero(plan.task_node == k)
        found[tasks] = of(lowered)(*lowered.chunks.boxes(plan.task_block[tasks]))
    return found
