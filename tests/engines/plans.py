"""Plans made to measure: any graph of tasks, with any bytes, that really run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from nbarray.expr.lowered import Box, Corner, Lowered, Sink
from nbarray.expr.node import node, settled
from nbarray.grid.chunks import Chunks, Int64, regular
from nbarray.kernels.elementwise import ById
from nbarray.kernels.workspace import Workspace
from nbarray.plan.plan import Plan

#: What each task needs, the bytes of each task's block, and the bytes each needs while it runs.
Graph = tuple[list[list[int]], list[int], list[int]]
#: (task, its inputs) -> None, called before the task does its work
Work = Callable[[int, Sequence[Any]], None]


def no_work(task: int, blocks: Sequence[Any]) -> None:
    """The task does nothing but count."""


@node
class Counting(Lowered):
    """Task i makes one number: 1 and the numbers of the tasks it needs."""

    ntasks: int
    work: ById

    def settle(self) -> dict[str, Any]:
        return settled((self.ntasks,), np.int64, Chunks((regular(self.ntasks, 1),)), False)

    @property
    def label(self) -> str:
        return "count"

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        return []

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        self.work.value(low[0], blocks)
        values = np.array([1 + sum(int(values[0]) for values, _ in blocks)])
        if sink is None:
            return values, None
        sink[0][...] = values
        return None


def graph_plan(graph: Graph, work: Work = no_work) -> Plan:
    """The plan of a graph; its result is the numbers of all tasks."""
    needs, block_bytes, scratch_bytes = graph
    n = len(needs)
    deps = np.array([d for each in needs for d in each], np.int64)
    uses = np.bincount(deps, minlength=n).astype(np.int64)
    return Plan(
        nodes=(Counting(n, ById(work)),),
        targets=(0,),
        placements=(None,),
        task_node=np.zeros(n, np.int64),
        task_block=np.arange(n, dtype=np.int64),
        dep_indptr=np.concatenate([[0], np.cumsum([len(each) for each in needs])]).astype(np.int64),
        deps=deps,
        task_bytes=np.array(block_bytes, np.int64),
        scratch_bytes=np.array(scratch_bytes, np.int64),
        uses=uses,
        to_result=np.ones(n, bool),
        read_bytes=np.zeros(n, np.int64),
        result_bytes=8 * n,
    )


def numbers(graph: Graph) -> list[int]:
    """What the tasks of a graph make."""
    made: list[int] = []
    for each in graph[0]:
        made.append(1 + sum(made[d] for d in each))
    return made


def chain(n: int, nbytes: int = 10) -> Graph:
    """Each task needs the one before:   0 → 1 → 2 → ..."""
    return [[t - 1] if t else [] for t in range(n)], [nbytes] * n, [0] * n


def apart(n: int, nbytes: int = 10) -> Graph:
    """Tasks that don't need each other."""
    return [[] for _ in range(n)], [0] * n, [nbytes] * n


@st.composite
def graphs(draw: st.DrawFn, most: int = 24) -> Graph:
    """Any graph in which tasks need earlier ones, with any bytes."""
    n = draw(st.integers(1, most))
    needs = [draw(st.lists(st.integers(0, t - 1), max_size=4, unique=True)) if t else [] for t in range(n)]
    nbytes = st.lists(st.integers(0, 100), min_size=n, max_size=n)
    return needs, draw(nbytes), draw(nbytes)
