"""What is done of a plan, counted without looking at every task.

Tasks are done in about the order of their numbers: all of them before the *head*, and a few beyond it.  So what
is done before it is looked up in running sums, which are made once, and only the few beyond it are added up: some
tens of microseconds, whatever the number of tasks, and hardly a moment in which workers wait.  No widgets here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nbarray.engines.snapshot import Snapshot
from nbarray.grid.chunks import Int64
from nbarray.plan.plan import Plan

__all__ = ["Done", "Tally"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Done:
    """What was done at one time.

    tasks : of each name; work : bytes gone through; read_bytes : bytes read
    blocks : how many blocks of the result are made
    """

    tasks: Int64
    work: float
    read_bytes: int
    blocks: int


class Tally:
    """The sums over a plan's tasks.

    target : the node whose blocks are counted; -1 for none

    names : the labels of the operations, each once, in the order in which their tasks come
    tasks : how many each has
    work_bytes, read_bytes : of all tasks
    made : 1 for each block of the target that was done when `mark` looked, else 0
    """

    def __init__(self, plan: Plan, target: int) -> None:
        labels = [node.label for node in plan.nodes]
        self._plan, self._target = plan, target
        self._tasks_of = _by_node(plan)
        first = [tasks[0] if len(tasks) else plan.ntasks for tasks in self._tasks_of]
        self.names = list(dict.fromkeys(labels[k] for k in sorted(range(len(labels)), key=first.__getitem__)))
        self._name_of_node = [self.names.index(label) for label in labels]
        self.tasks = self._by_name([len(tasks) for tasks in self._tasks_of])
        self._work, self._read = _sums(self._work_of_tasks()), _sums(plan.read_bytes)
        self.work_bytes, self.read_bytes = float(self._work[-1]), int(self._read[-1])
        self._making = self._tasks_of[target] if target >= 0 else np.zeros(0, np.int64)
        self._marked = 0
        self.made = np.zeros(plan.nodes[target].chunks.nblocks if target >= 0 else 1, np.int32)

    def _work_of_tasks(self) -> Floats:
        """Bytes that each task goes through: what it reads, takes in from others, and makes."""
        plan = self._plan
        work = plan.read_bytes.astype(np.float64)
        if plan.deps.size:
            taken = np.repeat(np.arange(plan.ntasks), np.diff(plan.dep_indptr))
            work += np.bincount(taken, plan.task_bytes[plan.deps], plan.ntasks)
        for node, tasks in zip(plan.nodes, self._tasks_of, strict=True):
            work[tasks] += node.chunks.volumes(plan.task_block[tasks]) * node.dtype.itemsize
        return np.maximum(work, 1.0, out=work)

    def _by_name(self, of_nodes: Sequence[int]) -> Int64:
        counts = [0] * len(self.names)
        for name, count in zip(self._name_of_node, of_nodes, strict=True):
            counts[name] += count
        return np.array(counts, np.int64)

    def count(self, seen: Snapshot) -> Done:
        """What is done, by a snapshot of a run of this plan."""
        # NumPy's own search and counting let the interpreter go, and to get it back takes longer than they do
        head, beyond = seen.head, seen.beyond()
        tasks = [bisect_left(tasks, head) for tasks in self._tasks_of]
        for node in self._plan.task_node[beyond].tolist():
            tasks[node] += 1
        blocks = tasks[self._target] if self._target >= 0 else 0
        return Done(self._by_name(tasks), _sum(self._work, head, beyond), int(_sum(self._read, head, beyond)), blocks)

    def mark(self, seen: Snapshot) -> None:
        """Bring `made` up to date."""
        plan, now = self._plan, bisect_left(self._making, seen.head)
        beyond = seen.beyond()
        for tasks in (self._making[self._marked : now], beyond[plan.task_node[beyond] == self._target]):
            self.made[plan.task_block[tasks]] = 1
        self._marked = now


def _by_node(plan: Plan) -> list[Int64]:
    """The tasks of each node, in order."""
    if len(plan.nodes) == 1:
        return [np.arange(plan.ntasks)]
    ends = np.cumsum(plan.tasks_by_node())
    return np.split(np.argsort(plan.task_node, kind="stable"), ends[:-1]) if len(ends) else []


def _sums(numbers: Int64 | Floats) -> Int64 | Floats:
    """The sum of all numbers before each place, and of all of them."""
    sums: Int64 | Floats = np.zeros(len(numbers) + 1, numbers.dtype)  # type: ignore[assignment]
    if numbers.any():  # zeros that nobody has touched take no memory
        np.cumsum(numbers, out=sums[1:])
    return sums


def _sum(sums: Int64 | Floats, head: int, beyond: Int64) -> float:
    """The sum of the numbers before `head`, and of some beyond it."""
    return float(sums[head] + (sums[beyond + 1] - sums[beyond]).sum())
