"""How much a run will hold: its tasks are gone through as workers would take them, without being run."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbarray.compiling import COMPILING_BYTES, first_bytes, loading_bytes
from nbarray.expr.lowered import Lowered
from nbarray.grid.chunks import Float64, Int64
from nbarray.kernels.panels import kept_panels
from nbarray.kernels.workspace import SMALL_BYTES
from nbarray.plan.duration import task_seconds
from nbarray.plan.ledger import LARGEST_WINDOW, WINDOW_S, Ledger, next_window
from nbarray.plan.plan import BLOCK_BYTES, NEED_BYTES, TASK_BYTES, Plan
from nbarray.plan.spares import MOST_SPARE, has_room, makers_of_states

__all__ = ["projected_peak"]


#: Plans of more tasks are not gone through: it takes some 10 µs a task.
MOST_TASKS = 5000
#: What is kept about a run besides its tasks: threads, lists, small objects.
RUN_BYTES = 2**19


def projected_peak(plan: Plan, workers: int, budget_bytes: int) -> int:
    """About the most bytes that a run with so many workers holds, results and its own bookkeeping included."""
    kept = RUN_BYTES + TASK_BYTES * plan.ntasks
    if plan.compiler_bytes:
        compiling = first_bytes(text for lowered in plan.nodes for text in lowered.kernels)
        kept += compiling - min(loading_bytes(), COMPILING_BYTES)
    promised = plan.sequential_peak + plan.kept_bytes + plan.result_bytes
    return plan.pending_bytes(0) - promised + _held(plan, workers, budget_bytes) + kept


def _held(plan: Plan, workers: int, budget_bytes: int) -> int:
    """About the most bytes of blocks, scratch and results."""
    blocks, (in_turn, scratch) = _used_blocks(plan), _used_scratch(plan)
    seconds = task_seconds(plan, blocks)
    blocks += BLOCK_BYTES * (plan.uses > 0)
    scratch += NEED_BYTES * np.diff(plan.dep_indptr) + _left_buffers(plan, scratch)
    if plan.ntasks <= MOST_TASKS:
        return _simulated(plan, workers, budget_bytes, seconds, blocks, in_turn, scratch)
    used = replace(plan, task_bytes=blocks, scratch_bytes=in_turn + scratch)
    # beside the task at which one worker alone holds most, the others have the largest, and as many as they take
    beside = np.clip(WINDOW_S / seconds, 1, LARGEST_WINDOW) * blocks + scratch
    beside[used.peak_task] = 0
    ahead = int(np.sort(beside)[plan.ntasks - workers + 1 :].sum())
    room = budget_bytes - plan.pending_bytes(workers)
    panels = plan.pending_bytes(workers) - plan.pending_bytes(0)
    return used.sequential_peak + plan.result_bytes + panels + max(0, min(ahead, room))


def _in_place(plan: Plan) -> NDArray[np.bool_]:
    """Whether each task makes its block of the first that it is given."""
    return np.array([lowered.in_place for lowered in plan.nodes], bool)[plan.task_node]


def _simulated(
    plan: Plan,
    workers: int,
    budget_bytes: int,
    seconds: Float64,
    used_blocks: Int64,
    used_in_turn: Int64,
    used_scratch: Int64,
) -> int:
    """The most that is held if tasks take as long as is thought, without what is only put by.

    Short ones are taken several at a time, as workers do: their blocks are handed in together.  Of results so much is
    held as has been written.
    """
    ledger, kept = Ledger(plan, budget_bytes, workers), kept_panels()
    took, blocks, panels = seconds.tolist(), used_blocks.tolist(), _panels(plan).tolist()
    in_place = _in_place(plan)
    begun, ended = np.where(in_place, 0, used_blocks).tolist(), np.where(in_place, used_blocks, 0).tolist()
    fetching = (seconds * _of_tasks(plan, lambda lowered: lowered.fetching_share, np.float64)).tolist()
    beginning = list[tuple[float, int, int]]()
    in_turn, scratch, results = used_in_turn.tolist(), used_scratch.tolist(), _results(plan).tolist()
    nodes, idle, running = plan.task_node.tolist(), workers, list[tuple[float, list[int]]]()
    making = makers_of_states(plan) if has_room(plan, budget_bytes) else {}
    spares = _Spares(making)
    windows: dict[int, int] = {}
    now, held, most = 0.0, 0, 0
    while not ledger.all_done:
        while idle and (tasks := ledger.take(windows, workers)):
            time, node = sum(took[t] for t in tasks), nodes[tasks[0]]
            windows[node] = next_window(windows.get(node, 1), time / len(tasks))
            heapq.heappush(running, (now + time, tasks))
            idle -= 1
            held += sum(results[t] for t in tasks)
            for t in tasks:
                heapq.heappush(beginning, (now + fetching[t], t, begun[t]))
            kept = max(kept, sum(max(panels[t] for t in some) for _, some in running))
        if idle:
            spares.clear()  # a worker that waits gives back what it can
        working = sum(max(scratch[t] for t in some) for _, some in running)
        working += max(in_turn[some[0]] for _, some in running)
        while beginning and beginning[0][0] <= running[0][0]:
            _, task, nbytes = heapq.heappop(beginning)
            held += nbytes
            if nodes[task] in making:
                spares.take(nbytes)
        most = max(most, held + kept + working + spares.held_bytes)
        now, done = heapq.heappop(running)
        idle += 1
        for t in done:
            freed = [blocks[r] for r in ledger.finish(t)]
            held += ended[t] - sum(freed)
            if ended[t] and freed:
                spares.leave(freed[-1])
            spares.note_done(nodes[t])
    return most - kept_panels()


class _Spares:
    """How many bytes a run keeps of states that merging leaves, see `kernels.workspace.Spares`."""

    def __init__(self, making: dict[int, int]) -> None:
        self._making = dict(making)
        self._kept: list[int] = []

    @property
    def held_bytes(self) -> int:
        return sum(self._kept)

    def leave(self, nbytes: int) -> None:
        if any(self._making.values()):
            self._kept = [*self._kept, nbytes][-MOST_SPARE:]

    def take(self, nbytes: int) -> None:
        if nbytes in self._kept:
            self._kept.remove(nbytes)

    def note_done(self, node: int) -> None:
        if node in self._making:
            self._making[node] -= 1
            if not any(self._making.values()):
                self.clear()

    def clear(self) -> None:
        self._kept.clear()


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


def _left_buffers(plan: Plan, scratch: Int64) -> Int64:
    """What a worker has at hand of tasks before, while each runs: of those that fill buffers, unless it is one.

    A task that makes its block in place leaves them there, if they take no more than what is counted for it.
    """
    fills = np.array([lowered.kind == "fused" for lowered in plan.nodes], bool)[plan.task_node]
    few = np.where(fills, 0, int(scratch[fills & (scratch <= SMALL_BYTES)].max(initial=0)))
    most = int(scratch[fills].max(initial=0))
    return np.where(_in_place(plan) & (most <= plan.task_bytes + scratch), np.maximum(most - scratch, 0), few)


def _used_blocks(plan: Plan) -> Int64:
    """The bytes of each task's block, of elements like those that are known."""
    return np.maximum(plan.task_bytes - _of_tasks(plan, lambda lowered: lowered.spare_block_bytes), 0)


def _results(plan: Plan) -> Int64:
    """What each task writes of results in memory."""
    found, kept = np.zeros(plan.ntasks, np.int64), set(plan.in_memory)
    for k in kept:
        tasks, lowered = np.flatnonzero(plan.task_node == k), plan.nodes[k]
        low, high = lowered.chunks.boxes(plan.task_block[tasks])
        found[tasks] = lowered.block_bytes(low, high) - lowered.spare_block_bytes(low, high)
    return found


def _panels(plan: Plan) -> Int64:
    """What BLAS keeps from each task for the thread that runs it."""
    return _of_tasks(plan, lambda lowered: lowered.panel_bytes)


def _spare(lowered: Lowered) -> Callable[[Int64, Int64], Int64]:
    return lowered.spare_bytes


def _of_tasks(plan: Plan, of: Callable[[Lowered], Callable[[Int64, Int64], Any]], kind: type = np.int64) -> Any:
    """What nodes tell of the corners of blocks, for each task."""
    found: Any = np.zeros(plan.ntasks, kind)
    for k, lowered in enumerate(plan.nodes):
        tasks = np.flatnonzero(plan.task_node == k)
        found[tasks] = of(lowered)(*lowered.chunks.boxes(plan.task_block[tasks]))
    return found
