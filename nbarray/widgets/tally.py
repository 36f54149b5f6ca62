"""What is done of a plan, counted without looking at every task.

Tasks are done in about the order of their numbers: all of them before the *head*, and a few beyond it.  So what
is done before it is looked up in running sums, which are made once, and only the few beyond it are added up: some
tens of microseconds, whatever the number of tasks, and hardly a moment in which workers wait.  That is Python's own
arithmetic: each operation of NumPy's that hasn't run for a fifth of a second takes ten microseconds to be fetched from
memory, and some let the interpreter go, which takes milliseconds to get back.  No widgets here.
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

    tasks : of each name; work_bytes : gone through; read_bytes : read
    blocks : how many blocks of the result are made
    """

    tasks: tuple[int, ...]
    work_bytes: int
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
        self._tasks_of = plan.tasks_of_nodes()
        first = [int(tasks[0]) if len(tasks) else plan.ntasks for tasks in self._tasks_of]
        self.names = list(dict.fromkeys(labels[k] for k in sorted(range(len(labels)), key=first.__getitem__)))
        self._name_of_node = [self.names.index(label) for label in labels]
        self.tasks = self._by_name([len(tasks) for tasks in self._tasks_of])
        self._work, self._read = self._sums()
        self._node = plan.task_node.data
        self.work_bytes, self.read_bytes = (sum(of[-1] for of in sums) for sums in (self._work, self._read))
        self._making = self._tasks_of[target] if target >= 0 else np.zeros(0, np.int64)
        self._marked = 0
        self.made = np.zeros(plan.nodes[target].chunks.nblocks if target >= 0 else 1, np.int32)

    def _sums(self) -> tuple[list[Sequence[int]], list[Sequence[int]]]:
        """Bytes that each node's first so many tasks go through, taking in, making and reading; and that they read."""
        plan, work, read = self._plan, [], []
        taken: Int64 | None = None
        if plan.deps.size:
            by = np.repeat(np.arange(plan.ntasks), np.diff(plan.dep_indptr))
            taken = np.bincount(by, plan.task_bytes[plan.deps], plan.ntasks).astype(np.int64)
        for node, those in zip(plan.nodes, self._tasks_of, strict=True):
            tasks = those if len(those) < plan.ntasks else slice(None)
            reads, made = plan.read_bytes[tasks], (node.chunks.volumes(plan.task_block[tasks]), node.dtype.itemsize)
            if node.gives_states:  # of what lies in its region; a state is smaller
                made = plan.task_bytes[tasks], 1
            each = [(reads, 1), made, *([] if taken is None else [(taken[tasks], 1)])]
            read.append(_sums(each[:1], 0))
            work.append(_sums(each, 1))
        return work, read

    def _by_name(self, of_nodes: Sequence[int]) -> tuple[int, ...]:
        counts = [0] * len(self.names)
        for name, count in zip(self._name_of_node, of_nodes, strict=True):
            counts[name] += count
        return tuple(counts)

    def count(self, seen: Snapshot) -> Done:
        """What is done, by a snapshot of a run of this plan."""
        head = seen.head
        before = [bisect_left(tasks.data, head) for tasks in self._tasks_of]
        beyond: list[list[int]] = [[] for _ in before]
        if len(beyond) == 1:
            beyond = [seen.beyond()]
        else:
            for task in seen.beyond():
                beyond[self._node[task]].append(task)
        tasks = [n + len(others) for n, others in zip(before, beyond, strict=True)]
        work, read = (self._add(sums, before, beyond) for sums in (self._work, self._read))
        return Done(self._by_name(tasks), work, read, tasks[self._target] if self._target >= 0 else 0)

    def _add(self, sums: list[Sequence[int]], before: Sequence[int], beyond: Sequence[list[int]]) -> int:
        """The sum of the numbers of each node's first so many tasks, and of some other tasks of it."""
        total = 0
        for of, tasks, n, others in zip(sums, self._tasks_of, before, beyond, strict=True):
            total += of[n]
            if isinstance(of, range):
                total += of.step * len(others)
            elif others and of[-1]:
                total += sum([of[k + 1] - of[k] for k in (bisect_left(tasks.data, task) for task in others)])
        return total

    def mark(self, seen: Snapshot) -> None:
        """Bring `made` up to date."""
        plan, now = self._plan, bisect_left(self._making, seen.head)
        beyond = np.array(seen.beyond(), np.int64)
        for tasks in (self._making[self._marked : now], beyond[plan.task_node[beyond] == self._target]):
            self.made[plan.task_block[tasks]] = 1
        self._marked = now


def _sums(terms: Sequence[tuple[Int64, int]], least: int) -> Sequence[int]:
    """The sum of all numbers before each place, and of all of them; a range where the numbers are alike.

    terms : what is added up to make a number, each times a factor; least : what a number is at the least
    """
    count = len(terms[0][0])
    if all(_alike(numbers) for numbers, _ in terms):
        each = max(least, sum(int(numbers[0]) * factor for numbers, factor in terms)) if count else 0
        return range(0, (count + 1) * each, each) if each else bytes(count + 1)
    sums = np.zeros(count + 1, np.int64)
    for numbers, factor in terms:
        sums[1:] += numbers * factor
    np.cumsum(np.maximum(sums[1:], least), out=sums[1:])
    return sums.data


def _alike(numbers: Int64) -> bool:
    return not len(numbers) or numbers.strides == (0,) or bool((numbers == numbers[0]).all())
