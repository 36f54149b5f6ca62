"""A plan: which tasks there are, what each needs, and in which order they run; as flat integer arrays.

Tasks are numbered in execution order: running them from 0 on, one at a time, is always right, and the
most bytes that this holds at any time is the *sequential peak*.  Engines may run ahead of that order as
far as memory allows, and so need no other ordering.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nbarray.compiling import loading_bytes
from nbarray.expr.lowered import Corner, Lowered
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks, Int64
from nbarray.grid.regions import Placement
from nbarray.io.writers import Writer
from nbarray.kernels.panels import kept_panels

__all__ = ["BLOCK_BYTES", "NEED_BYTES", "TASK_BYTES", "Plan", "block_box"]

#: What is kept of a task as long as a run lasts: in the plan, in its ledger, and of when it ran.
TASK_BYTES = 160
#: What a block takes besides its elements, with its place among others; and a task for each block that it is given.
BLOCK_BYTES, NEED_BYTES = 256, 160
#: Of all this so much isn't counted, like threads and modules: it is next to nothing unless there are very many tasks.
UNCOUNTED_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Plan:
    """Tasks in execution order.

    nodes : the lowered nodes that tasks belong to
    targets : for each result asked for, the index of the node that makes it
    placements : for each, how the result lies on what the node makes (None: it is just that)
    task_node, task_block : node and block of each task
    dep_indptr, deps : the tasks each task needs, operand after operand, in C order within one
        (task t needs ``deps[dep_indptr[t]:dep_indptr[t + 1]]``)
    task_bytes : bytes each task's block takes until its last user is done (0 if it goes straight into a result)
    scratch_bytes : bytes each task needs while it runs
    uses : how many tasks need each task's block
    to_result : whether a task's block is (part of) a result
    read_bytes : bytes of stored numbers each task decodes
    result_bytes : bytes of all results together
    scratch_at : where in the scratch file each task's block goes, in bytes; -1 for those that stay in memory
    spilled_bytes : size of the scratch file
    notes : what was done to make it fit, for people
    compiler_bytes : what loading the compiler takes, if tasks need it
    panel_bytes : what BLAS keeps for a thread that multiplies matrices
    writers : for each target, what takes its blocks in as they are made; None for a result in memory
    kept : what else has to exist as long as it is used: plans that are made once for many runs keep no data alive
    """

    nodes: tuple[Lowered, ...]
    targets: tuple[int, ...]
    placements: tuple[Placement | None, ...]
    task_node: Int64
    task_block: Int64
    dep_indptr: Int64
    deps: Int64
    task_bytes: Int64
    scratch_bytes: Int64
    uses: Int64
    to_result: np.ndarray[tuple[int], np.dtype[np.bool_]]
    read_bytes: Int64
    result_bytes: int
    scratch_at: Int64 | None = None
    spilled_bytes: int = 0
    notes: tuple[str, ...] = ()
    compiler_bytes: int = 0
    panel_bytes: int = 0
    writers: tuple[Writer | None, ...] = ()
    kept: tuple[Expr, ...] = ()

    @cached_property
    def writers_of(self) -> dict[int, tuple[Writer, ...]]:
        """What the blocks of nodes are written to, of those that are written."""
        found: dict[int, tuple[Writer, ...]] = {}
        for target, writer in zip(self.targets, self.writers, strict=False):
            if writer is not None:
                found[target] = (*found.get(target, ()), writer)
        return found

    def keeping(self, exprs: Sequence[Expr]) -> Plan:
        """The same plan, for a run that computes these expressions, and what has been found out about it so far."""
        made = copy(self)
        object.__setattr__(made, "kept", tuple(exprs))
        return made

    @property
    def in_memory(self) -> list[int]:
        """The target of each result that is to be an array in memory."""
        writers = self.writers or (None,) * len(self.targets)
        return [target for target, writer in zip(self.targets, writers, strict=True) if writer is None]

    def made_in(self, node: int) -> Writer | None:
        """The writer that takes blocks of a node in as they are made, so that they never exist whole, if one does."""
        takers = self.writers_of.get(node, ())
        if len(takers) != 1 or node in self.in_memory:
            return None
        (writer,), lowered = takers, self.nodes[node]
        streams = lowered.streams is not None and writer.streams(lowered.streams)
        return writer if streams or (writer.in_place and lowered.fills_sink) else None

    @property
    def label(self) -> str:
        """What a run of it is called: the operation that makes its first result."""
        return self.nodes[self.targets[0]].label.removesuffix(", merge") if self.targets else "a computation"

    @property
    def ntasks(self) -> int:
        return len(self.task_node)

    @cached_property
    def sequential_peak(self) -> int:
        """The most bytes held at once, results aside, when tasks run one at a time in order."""
        return int(self.held_bytes.max(initial=0))

    @cached_property
    def peak_task(self) -> int:
        """The task at which the sequential peak is reached."""
        return int(self.held_bytes.argmax()) if self.ntasks else -1

    @cached_property
    def held_bytes(self) -> Int64:
        """Bytes held while each task runs, in order: earlier blocks still needed, its own block and its scratch."""
        freed = np.zeros(self.ntasks + 1, np.int64)
        np.add.at(freed, self._freed_before(), self.task_bytes)
        np.cumsum(freed, out=freed)
        held: Int64 = np.cumsum(self.task_bytes)
        held -= freed[:-1]
        held += self.scratch_bytes
        return held

    @cached_property
    def kept_bytes(self) -> int:
        """What a run keeps about its tasks, and about blocks that exist at once, where there are very many of them."""
        if self.ntasks * (TASK_BYTES + BLOCK_BYTES) + NEED_BYTES * len(self.deps) <= UNCOUNTED_BYTES:
            return 0
        gone = np.bincount(self._freed_before(), minlength=self.ntasks + 1)
        np.cumsum(gone, out=gone)
        objects = np.arange(1, self.ntasks + 1)
        objects -= gone[:-1]  # so many blocks exist at each task
        objects *= BLOCK_BYTES
        del gone
        objects += NEED_BYTES * np.diff(self.dep_indptr)
        return max(0, TASK_BYTES * self.ntasks + int(objects.max(initial=0)) - UNCOUNTED_BYTES)

    def _freed_before(self) -> Int64:
        """The task before which each task's block is freed."""
        last = self._last_use()
        last += 1
        return last

    def _last_use(self) -> Int64:
        """The last task that needs each task's block; the task itself if none does."""
        last = np.arange(self.ntasks, dtype=np.int64)
        if self.deps.size:
            np.maximum.at(last, self.deps, np.repeat(last, np.diff(self.dep_indptr)))
        return last

    @cached_property
    def consumers(self) -> tuple[Int64, Int64]:
        """The tasks that need each task's block, as dependencies are kept: where those of each begin, and the tasks."""
        needed = np.repeat(np.arange(self.ntasks), np.diff(self.dep_indptr))
        order = np.argsort(self.deps, kind="stable")
        starts = np.zeros(self.ntasks + 1, np.int64)
        np.cumsum(np.bincount(self.deps, minlength=self.ntasks), out=starts[1:])
        return starts, needed[order]

    def alive(self, task: int) -> Int64:
        """The tasks whose blocks exist while a task runs, if tasks run in order: those still needed, and its own."""
        return np.flatnonzero(self._last_use()[: task + 1] >= task).astype(np.int64)

    def dependencies(self, task: int) -> Int64:
        return self.deps[self.dep_indptr[task] : self.dep_indptr[task + 1]]

    def box(self, task: int) -> tuple[Corner, Corner]:
        """Low and high corner of a task's block."""
        return block_box(self.nodes[self.task_node[task]].chunks, int(self.task_block[task]))

    def tasks_by_node(self) -> Int64:
        """How many tasks each node has."""
        return np.bincount(self.task_node, minlength=len(self.nodes)).astype(np.int64)

    def tasks_of_nodes(self) -> list[Int64]:
        """The tasks of each node, in order."""
        if len(self.nodes) == 1:
            return [np.arange(self.ntasks)]
        ends = np.cumsum(self.tasks_by_node())
        return np.split(np.argsort(self.task_node, kind="stable"), ends[:-1]) if self.nodes else []

    def run_bytes(self) -> int:
        """What a run takes at the least: the sequential peak, the results, the compiler, what BLAS keeps, and of tasks.

        It doesn't depend on what has been loaded already: that decides how work is cut, which decides bits.
        """
        return self.sequential_peak + self.result_bytes + self.compiler_bytes + self.panel_bytes + self.kept_bytes

    def pending_bytes(self, workers: int = 1) -> int:
        """As `run_bytes` with so many threads, without what compiler and BLAS have taken in this process before."""
        compiler, threads = min(self.compiler_bytes, loading_bytes()), min(workers, self.ntasks)
        panels = max(0, threads * self.panel_bytes - kept_panels())
        return self.sequential_peak + self.result_bytes + self.kept_bytes + compiler + panels


def block_box(chunks: Chunks, number: int) -> tuple[Corner, Corner]:
    """Low and high corner of one block; `Chunks.boxes` for a single block, without arrays."""
    low, high = [], []
    for axis in reversed(chunks.axes):
        number, k = divmod(number, axis.count)
        start, stop = axis.span(k)
        low.append(start)
        high.append(stop)
    return tuple(low[::-1]), tuple(high[::-1])
