"""From lowered nodes to a plan.

Demand goes from the results to the sources: only blocks that something needs become tasks.  Which
those are is integer arithmetic over all blocks of a node at once; only putting tasks into an order
walks them one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nbarray.compiling import COMPILER_BYTES
from nbarray.expr.lowered import Lowered
from nbarray.expr.lowered_folds import Merge
from nbarray.expr.lowered_fused import Fused
from nbarray.expr.node import Expr
from nbarray.expr.operands import is_direct, operand_of
from nbarray.grid.chunks import Int64
from nbarray.grid.regions import Placement, blocks_in_boxes
from nbarray.io.writers import Writer
from nbarray.plan.order import depth_first
from nbarray.plan.plan import Plan

__all__ = ["build_plan"]


class _Demand:
    """The blocks of one node that are needed, and what they need: per task, operand after operand."""

    def __init__(self, blocks: Int64) -> None:
        self.blocks = blocks
        self.first = 0
        #: for each operand made of tasks: (index of its node, blocks a task, block numbers)
        self.needs: list[tuple[int, Int64, Int64]] = []
        self.block_bytes = self.scratch_bytes = self.read_bytes = np.zeros(0, np.int64)
        self.panel_bytes = 0


def build_plan(
    roots: Sequence[Lowered],
    placements: Sequence[Placement | None] | None = None,
    writers: Sequence[Writer | None] = (),
) -> Plan:
    """The plan that makes all blocks of `roots`.

    placements : how results lie on them; writers : what takes those results in that aren't to be in memory
    """
    nodes = _consumers_first(roots)
    index = {n: k for k, n in enumerate(nodes)}
    wanted: list[list[Int64]] = [[] for _ in nodes]
    targets = tuple(index[r] for r in roots)
    for t in set(targets):
        wanted[t].append(np.arange(nodes[t].chunks.nblocks, dtype=np.int64))
    demands = []
    for k, lowered in enumerate(nodes):
        demand = _demand(lowered, wanted[k], index)
        for j, _, numbers in demand.needs:
            if j != k:
                wanted[j].append(numbers)
        demands.append(demand)
    made = _flatten(nodes, targets, tuple(placements or [None] * len(roots)), demands)
    return _written(made, tuple(writers)) if any(writers) else made


def _written(plan: Plan, writers: tuple[Writer | None, ...]) -> Plan:
    """`plan` with results that are written instead of kept."""
    plan = replace(plan, writers=writers)
    scratch = plan.scratch_bytes.copy()
    for k, takers in plan.writers_of.items():
        lowered, tasks = plan.nodes[k], np.flatnonzero(plan.task_node == k)
        block_bytes = lowered.block_bytes(*lowered.chunks.boxes(plan.task_block[tasks]))
        for writer in takers:
            scratch[tasks] += writer.extra_bytes(block_bytes)
        taker = plan.made_in(k)
        if taker is not None and not taker.in_place:
            scratch[tasks] += lowered.streaming_bytes
        if lowered.fills_sink and taker is None:  # else blocks that nobody else needs never exist
            scratch[tasks] += block_bytes * (plan.uses[tasks] == 0)
    return replace(plan, scratch_bytes=scratch, result_bytes=sum(_result_bytes(plan.nodes[k]) for k in plan.in_memory))


def _consumers_first(roots: Sequence[Lowered]) -> list[Lowered]:
    """All nodes, each after everything that uses it."""
    order: list[Lowered] = []
    seen: set[Expr] = set()
    stack: list[tuple[Lowered, bool]] = [(r, False) for r in reversed(roots)]
    while stack:
        lowered, ready = stack.pop()
        if ready:
            order.append(lowered)
        elif lowered not in seen:
            seen.add(lowered)
            stack.append((lowered, True))
            stack.extend((b, False) for b in reversed(_bases(lowered)))
    return order[::-1]


def _bases(lowered: Lowered) -> list[Lowered]:
    bases = (operand_of(e).base for e in lowered.operands)
    return [b for b in bases if isinstance(b, Lowered)]


def _demand(lowered: Lowered, wanted: list[Int64], index: dict[Lowered, int]) -> _Demand:
    blocks = wanted[0] if len(wanted) == 1 and _is_increasing(wanted[0]) else np.unique(np.concatenate(wanted))
    blocks, preceding = _with_preceding(lowered, blocks)
    demand = _Demand(blocks)
    if preceding is not None:
        demand.needs.append((index[lowered], (preceding >= 0).astype(np.int64), preceding[preceding >= 0]))
    low, high = lowered.chunks.boxes(blocks)
    demand.block_bytes = lowered.block_bytes(low, high)
    demand.scratch_bytes = lowered.scratch_bytes(low, high)
    demand.read_bytes = lowered.read_bytes(low, high)
    demand.panel_bytes = int(lowered.panel_bytes(low, high).max(initial=0))
    boxes = None
    for k, expr in enumerate(lowered.operands):
        operand = operand_of(expr)
        if is_direct(operand.base):
            continue
        boxes = boxes if boxes is not None else lowered.operand_boxes(low, high)
        base_low, base_high = operand.placement.base_boxes(*boxes[k], operand.base.ndim)
        counts, numbers = blocks_in_boxes(operand.base.chunks, base_low, base_high)
        if not operand.base.ndim:  # a box without axes can't say that it is empty
            counts = np.asarray((boxes[k][1] > boxes[k][0]).all(axis=1), np.int64)
            numbers = np.zeros(int(counts.sum()), np.int64)
        assert isinstance(operand.base, Lowered)
        demand.needs.append((index[operand.base], counts, numbers))
    return demand


def _with_preceding(lowered: Lowered, blocks: Int64) -> tuple[Int64, Int64 | None]:
    """Some blocks and all that they go on from; and for each of them the one it goes on from, -1 for none."""
    while (preceding := lowered.preceding(blocks)) is not None:
        together = np.union1d(blocks, preceding[preceding >= 0])
        if len(together) == len(blocks):
            break
        blocks = together
    return blocks, preceding


def _is_increasing(numbers: Int64) -> bool:
    return bool((numbers[1:] > numbers[:-1]).all())


def _flatten(
    nodes: list[Lowered], targets: tuple[int, ...], placements: tuple[Placement | None, ...], demands: list[_Demand]
) -> Plan:
    first = 0
    for demand in demands:
        demand.first, first = first, first + len(demand.blocks)
    indptr, deps = _dependencies(demands, first)
    roots = np.concatenate(
        [np.arange(demands[t].first, demands[t].first + len(demands[t].blocks)) for t in dict.fromkeys(targets)]
        or [np.zeros(0, np.int64)]
    )
    lengths = [len(d.blocks) for d in demands]
    streamed = _streamed(nodes)
    order = depth_first(roots, indptr, deps, first, np.repeat(streamed, lengths) if any(streamed) else None)
    del roots
    new_indptr, new_deps = _renumbered(indptr, deps, order, first)
    del indptr, deps
    task_node = np.repeat(np.arange(len(nodes)), lengths)[order]
    uses = np.bincount(new_deps, minlength=first).astype(np.int64, copy=False)
    to_result = np.isin(task_node, list(set(targets)))
    block_bytes = _in_order(demands, "block_bytes", order)
    straight = to_result & (uses == 0)
    makes_own_block = np.array([not n.fills_sink for n in nodes], bool)[task_node]
    scratch = _in_order(demands, "scratch_bytes", order)
    scratch += block_bytes * (straight & makes_own_block)
    _count_kept(nodes, task_node, block_bytes, scratch)
    block_bytes[straight] = 0
    return Plan(
        nodes=tuple(nodes),
        targets=targets,
        placements=placements,
        task_node=task_node,
        task_block=_in_order(demands, "blocks", order),
        dep_indptr=new_indptr,
        deps=new_deps,
        task_bytes=block_bytes,
        scratch_bytes=scratch,
        uses=uses,
        to_result=to_result,
        read_bytes=_in_order(demands, "read_bytes", order),
        result_bytes=sum(_result_bytes(nodes[t]) for t in targets),
        compiler_bytes=COMPILER_BYTES if any(lowered.compiled for lowered in nodes) else 0,
        panel_bytes=max((d.panel_bytes for d in demands), default=0),
    )


def _count_kept(nodes: list[Lowered], task_node: Int64, block_bytes: Int64, scratch: Int64) -> None:
    """Add to `scratch` what workers may keep of buffers that they fold in while a task makes its block in place.

    It is what tasks take whose states are merged, but for the room for that block: no more is held then than when the
    last of them was made.
    """
    for k, lowered in enumerate(nodes):
        folding = [nodes.index(base) for base in _bases(lowered) if base.kind == "fused"] if lowered.in_place else []
        if folding:
            most, tasks = int(scratch[np.isin(task_node, folding)].max(initial=0)), np.flatnonzero(task_node == k)
            scratch[tasks] = np.maximum(scratch[tasks], most - block_bytes[tasks])


def _streamed(nodes: list[Lowered]) -> list[bool]:
    """Nodes that read together what a source is copied to, block by block, and those that merge their states."""
    users: dict[Lowered, list[int]] = {}
    for k, lowered in enumerate(nodes):
        for base in dict.fromkeys(_bases(lowered)):
            users.setdefault(base, []).append(k)
    copies = [base for base, by in users.items() if len(by) > 1 and isinstance(base, Fused) and base.copies]
    if not copies:
        return [False] * len(nodes)
    readers = {k for base in copies for k in users[base]}
    return [k in readers or isinstance(lowered, Merge) for k, lowered in enumerate(nodes)]


def _renumbered(indptr: Int64, deps: Int64, order: Int64, ntasks: int) -> tuple[Int64, Int64]:
    """What each task needs, in the numbering by execution."""
    rank = np.empty(ntasks, np.int64)
    rank[order] = np.arange(ntasks)
    counts = np.diff(indptr)[order]
    new_indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64, copy=False)
    picks = np.repeat(indptr[:-1][order] - new_indptr[:-1], counts) + np.arange(len(deps))
    return new_indptr, rank[deps[picks]]


def _in_order(demands: list[_Demand], name: str, order: Int64) -> Int64:
    """An array of all demands, task by task; taken from them, for with many tasks each takes much memory."""
    arrays = [getattr(d, name) for d in demands]
    for demand in demands:
        setattr(demand, name, np.zeros(0, np.int64))
    together = arrays[0] if len(arrays) == 1 else _together(arrays)
    made: Int64 = together[order]
    return made


def _result_bytes(lowered: Lowered) -> int:
    return int(np.prod(lowered.sizes, dtype=np.int64)) * (lowered.dtype.itemsize + lowered.masked)


def _together(arrays: list[Int64]) -> Int64:
    return np.concatenate(arrays).astype(np.int64, copy=False) if arrays else np.zeros(0, np.int64)


def _dependencies(demands: list[_Demand], ntasks: int) -> tuple[Int64, Int64]:
    """What each task needs, in the numbering by node."""
    counts = np.zeros(ntasks, np.int64)
    for demand in demands:
        for _, per_task, _ in demand.needs:
            counts[demand.first : demand.first + len(demand.blocks)] += per_task
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    deps = np.empty(int(indptr[-1]), np.int64)
    filled = indptr[:-1].copy()
    for demand in demands:
        own = slice(demand.first, demand.first + len(demand.blocks))
        for j, per_task, numbers in demand.needs:
            tasks = demands[j].first + np.searchsorted(demands[j].blocks, numbers)
            within = np.arange(len(numbers)) - np.repeat(np.cumsum(per_task) - per_task, per_task)
            deps[np.repeat(filled[own], per_task) + within] = tasks
            filled[own] += per_task
    return indptr, deps
