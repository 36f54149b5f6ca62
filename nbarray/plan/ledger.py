"""Which task may start: the head always, others within the slack.

Tasks are numbered in execution order.  The *head* is the lowest that isn't finished; everything before
it is done, so it can always start, and if nothing but heads ever ran, the bytes held would follow the
sequential order and never exceed its peak.  Tasks *ahead* of the head may start only while the bytes of
everything ahead (scratch and block while running, the block once done) stay within
``budget - sequential peak``.  Together the two never exceed the budget, and nothing can deadlock.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping

import numpy as np

from nbarray.plan.plan import Plan

__all__ = ["LARGEST_WINDOW", "WINDOW_S", "Ledger", "next_window"]

#: A worker takes short tasks for about so many seconds at once, and not more of them than this.
WINDOW_S, LARGEST_WINDOW = 0.001, 64
#: Nor more than make so many bytes: these wait until all of them are made.
WINDOW_BYTES = 2**20


def next_window(window: int, each_s: float) -> int:
    """How many tasks to take at once where so many took so long each: so many that taking them costs little.

    >>> next_window(4, 1e-5), next_window(4, 0.5)
    (8, 1)
    """
    return max(1, min(2 * window, LARGEST_WINDOW, int(WINDOW_S / max(each_s, 1e-9))))


class Ledger:
    """Bookkeeping of one run.  Not thread-safe: whoever runs the tasks holds a lock around it.

    What it knows of each task lies in the plan's own arrays, seen as Python's numbers one by one: lists of as many
    would take several times the bytes of the plan.

    waiting : how many inputs of each task aren't made yet
    users : how many tasks still need each block
    held_bytes : bytes of blocks and scratch that exist now, as declared; `peak_bytes` the most so far
    ahead_bytes : the part of them that belongs to tasks after the head
    scratch_bytes : the part of them that tasks under way need besides their blocks
    most_running : how many tasks were under way at once, at the most
    """

    def __init__(self, plan: Plan, budget_bytes: int, workers: int = 1) -> None:
        self._plan, self._workers = plan, workers
        self.set_budget(budget_bytes)
        counts = np.diff(plan.dep_indptr)
        self.waiting: memoryview[int] = counts.data
        self.users: memoryview[int] = plan.uses.copy().data
        self._blocks: memoryview[int] = plan.task_bytes.data
        self._scratch: memoryview[int] = plan.scratch_bytes.data
        self._nodes: memoryview[int] = plan.task_node.data
        self._starts: memoryview[int] = plan.dep_indptr.data
        self._deps: memoryview[int] = plan.deps.data
        consumers_start, consumers = plan.consumers
        self._consumers_start: memoryview[int] = consumers_start.data
        self._consumers: memoryview[int] = consumers.data
        # tasks that need nothing are ready from the beginning: how many there are, and the first that isn't taken yet
        self._sources, self._source = int((counts == 0).sum()), 0
        self._made_ready: list[int] = []
        self._ntasks = plan.ntasks
        self._pass_to_source()
        # the first that is ready, of either kind; as many as there are tasks if none is
        self._first = self._source
        self._finished = bytearray(plan.ntasks)
        self._ahead: dict[int, int] = {}
        self.head = self.done = self.held_bytes = self.peak_bytes = self.ahead_bytes = 0
        self.scratch_bytes = self._running = self.most_running = 0

    def set_budget(self, budget_bytes: int) -> None:
        """Change the budget; what runs already is not taken back."""
        self.budget_bytes = budget_bytes
        self._slack = budget_bytes - self._plan.pending_bytes(self._workers)

    def set_workers(self, workers: int) -> None:
        """Change how many threads there are, for what BLAS keeps for each."""
        self._workers = workers
        self.set_budget(self.budget_bytes)

    def next_task(self, before: int | None = None, parts: int = 1) -> int | None:
        """The first task that may start now, taken off the list of ready ones, or None.

        before : only one that comes before this; parts : how many runs share the budget
        """
        task = self._first
        if task == self._ntasks or (before is not None and task >= before):
            return None
        scratch = self._scratch[task]
        cost = self._blocks[task] + scratch
        if task != self.head:
            slack = self._slack if parts == 1 else self.budget_bytes // parts - self._plan.pending_bytes(self._workers)
            if self.ahead_bytes + cost > slack:
                return None
            self._ahead[task] = cost
            self.ahead_bytes += cost
        self._take_first()
        self.held_bytes += cost
        self.scratch_bytes += scratch
        self.peak_bytes = max(self.peak_bytes, self.held_bytes)
        self._running += 1
        self.most_running = max(self.most_running, self._running)
        return task

    def take(self, windows: Mapping[int, int], workers: int, parts: int = 1) -> list[int]:
        """Tasks of one node that may start now, near each other, and as many left for the others.

        windows : how many at the most of each node; one of those that aren't there
        """
        task = self.next_task(None, parts)
        if task is None:
            return []
        tasks, node = [task], self._nodes[task]
        window = 1 if workers == 1 else min(windows.get(node, 1), (self.ready + 1) // workers)
        room = WINDOW_BYTES - self._blocks[task]
        while len(tasks) < window and (first := self._first) < self._ntasks and self._nodes[first] == node:
            room -= self._blocks[first]
            task = self.next_task(tasks[0] + 2 * window, parts) if room >= 0 else None
            if task is None:
                break
            tasks.append(task)
        return tasks

    def finish(self, task: int) -> list[int]:
        """Note that a task is done; returns the tasks whose blocks nobody needs any more."""
        self.done += 1
        self._running -= 1
        self._finished[task] = 1
        self.held_bytes -= self._scratch[task]
        self.scratch_bytes -= self._scratch[task]
        released = []
        for d in self._deps[self._starts[task] : self._starts[task + 1]]:
            self.users[d] -= 1
            if self.users[d] == 0:
                released.append(d)
        if self.users[task] == 0:
            released.append(task)
        for c in self._consumers[self._consumers_start[task] : self._consumers_start[task + 1]]:
            self.waiting[c] -= 1
            if self.waiting[c] == 0:
                heapq.heappush(self._made_ready, c)
                self._first = min(self._first, c)
        for r in released:
            self.held_bytes -= self._blocks[r]
        self._settle(task, released)
        return released

    def _settle(self, task: int, released: list[int]) -> None:
        """Let the head go on, and take out of `ahead` what no longer belongs there."""
        if task in self._ahead:
            self._reduce_ahead(task, self._blocks[task])
        for r in released:
            if r in self._ahead:
                self._reduce_ahead(r, 0)
        finished, n = self._finished, len(self._finished)
        while self.head < n and finished[self.head]:
            self.head += 1
            self._reduce_ahead(self.head - 1, 0)
        if self.head < n:
            self._reduce_ahead(self.head, 0)

    def _reduce_ahead(self, task: int, nbytes: int) -> None:
        before = self._ahead.pop(task, 0)
        self.ahead_bytes -= before
        if nbytes and before:
            self._ahead[task] = nbytes
            self.ahead_bytes += nbytes

    def _take_first(self) -> None:
        """Take the first task off those that are ready."""
        if self._first == self._source:
            self._sources -= 1
            self._source += 1
            self._pass_to_source()
        else:
            heapq.heappop(self._made_ready)
        self._first = min(self._source, self._made_ready[0]) if self._made_ready else self._source

    def _pass_to_source(self) -> None:
        """Go on to the next task that needs nothing."""
        starts, task, end = self._starts, self._source, self._ntasks
        while task < end and starts[task] != starts[task + 1]:
            task += 1
        self._source = task

    def inputs(self, task: int) -> list[int]:
        """The tasks whose blocks a task needs."""
        return self._deps[self._starts[task] : self._starts[task + 1]].tolist()

    @property
    def ready(self) -> int:
        """How many tasks have all that they need, whether or not there is memory for them."""
        return len(self._made_ready) + self._sources

    @property
    def all_done(self) -> bool:
        return self.done == len(self._finished)

    @property
    def finished(self) -> bytes:
        """A byte for each task: 1 if it is done."""
        return bytes(self._finished)

    def block_bytes(self, task: int) -> int:
        return self._blocks[task]
