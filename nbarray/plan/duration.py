"""About how long the tasks of a plan work, from what they read, compute and move.

The rates are of one worker of an ordinary machine, so this is right within a factor; whoever has seen runs end knows
the factor of this machine.  What users' functions take can't be known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nbarray.compiling import kernels_loaded
from nbarray.expr.leaves import SourceArray
from nbarray.expr.lowered import Lowered
from nbarray.expr.lowered_folds import FoldedParts
from nbarray.expr.lowered_fused import Fused
from nbarray.expr.lowered_mapped import Mapped
from nbarray.expr.lowered_products import Product
from nbarray.expr.operands import decodes, is_generated, operand_of, reads_storage
from nbarray.expr.patchwork import Patchwork
from nbarray.expr.summaries import MergedSummaries, PartSummaries
from nbarray.grid.chunks import Float64, Int64
from nbarray.plan.plan import Plan
from nbarray.plan.reads import reads_by_source

__all__ = ["Work", "is_users", "task_seconds", "work_of_plan"]


#: Bytes in a second: decoded, read as they are stored, taken from memory, and moved from block to block.
DECODED, READ, TAKEN, MOVED = 500e6, 3e9, 1.2e10, 4e9
#: Seconds for a number: an operation, one of those that take long, a random number, a step of a fold.
OPERATION_S, SLOW_S, GENERATED_S, FOLD_S = 0.4e-9, 4e-9, 16e-9, 0.3e-9
#: Seconds for a number that is counted, sorted, or given to a function of our own.
COUNTED_S, SORTED_S, MAPPED_S = 2e-9, 12e-9, 8e-9
#: Compiled programs take this share of the time.
COMPILED = 0.25
#: Multiplications and additions in a second.
FLOPS = 5e10
#: Of more tasks than this a part is looked at, as many of each node as it has its share.
MOST_TASKS = 1024
#: Seconds for a task, for each block that it is given, and for the first kernels of a process.
TASK_S, NEED_S, LOADING_S = 2e-5, 5e-6, 1.0
_SLOW = frozenset(
    {
        "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "cos", "cosh", "divmod",
        "exp", "exp2", "expm1", "float_power", "floor_divide", "fmod", "hypot", "log", "log10", "log1p", "log2",
        "logaddexp", "logaddexp2", "power", "remainder", "sin", "sinh", "tan", "tanh",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Work:
    """What tasks do together.

    busy_s : seconds of work that can be done side by side; alone_s : before the first of it
    known : whether that is all; what users' functions take isn't in it
    """

    busy_s: float
    alone_s: float
    known: bool


def work_of_plan(plan: Plan) -> Work:
    """About how long the tasks of a plan work."""
    busy_s = plan.ntasks * TASK_S + len(plan.deps) * NEED_S + 2 * plan.spilled_bytes / READ
    busy_s += (int(plan.task_bytes[plan.deps].sum()) + plan.result_bytes) / MOVED
    busy_s += sum(times * _busy_s(some) for times, some in _samples(plan))
    known = not any(is_users(lowered) for lowered in plan.nodes)
    loads = any(lowered.compiled for lowered in plan.nodes) and not kernels_loaded()
    return Work(busy_s, LOADING_S if loads else 0.0, known)


def task_seconds(plan: Plan, block_bytes: Int64) -> Float64:
    """About how long each task works; of users' functions, as long as one of ours might.

    block_bytes : what is in the block of each
    """
    needs, moved = np.diff(plan.dep_indptr), np.concatenate([[0], np.cumsum(block_bytes[plan.deps])])
    seconds = TASK_S + NEED_S * needs + np.diff(moved[plan.dep_indptr]) / MOVED
    for k, tasks in _by_node(plan):
        lowered = plan.nodes[k]
        low, high = lowered.chunks.boxes(plan.task_block[tasks])
        made = lowered.block_bytes(low, high)
        seconds[tasks] += _computing_s(lowered, low, high)
        seconds[tasks] += plan.read_bytes[tasks] / (DECODED if _decodes(lowered) else READ)
        if plan.scratch_at is not None:
            seconds[tasks] += made * (plan.scratch_at[tasks] >= 0) / READ
        for writer in plan.writers_of.get(k, ()):
            seconds[tasks] += writer.effort * made / TAKEN
    return seconds


def _by_node(plan: Plan) -> Iterator[tuple[int, Int64]]:
    """Nodes that have tasks, and these."""
    return ((k, tasks) for k, tasks in enumerate(plan.tasks_of_nodes()) if tasks.size)


def _decodes(lowered: Lowered) -> bool:
    """Whether tasks decode what is stored."""
    bases = (operand_of(expr).base for expr in lowered.operands)
    sources = (base.source if isinstance(base, Patchwork) else base for base in bases)
    return any(isinstance(source, SourceArray) and decodes(source) for source in sources)


def _samples(plan: Plan) -> Iterator[tuple[float, Plan]]:
    """Plans with few tasks that together stand for all, and for how many times theirs each stands."""
    if plan.ntasks <= MOST_TASKS:
        yield 1.0, plan
        return
    step = -(-plan.ntasks // MOST_TASKS)
    of_nodes = plan.tasks_of_nodes()
    many = [tasks for tasks in of_nodes if len(tasks) > 16 * step]
    few = [tasks for tasks in of_nodes if len(tasks) <= 16 * step]
    sampled = [tasks[::step] for tasks in many]
    times = sum(map(len, many)) / max(1, sum(map(len, sampled)))
    for share, some in (times, sampled), (1.0, few):
        if some:
            tasks = np.concatenate(some)
            yield share, replace(plan, task_node=plan.task_node[tasks], task_block=plan.task_block[tasks])


def _busy_s(plan: Plan) -> float:
    """Seconds that tasks read and compute."""
    busy_s = 0.0
    for source, reads in reads_by_source(plan).items():
        if reads_storage(source):
            busy_s += reads.moved_bytes / (DECODED if decodes(source) else READ)
    for k, tasks in _by_node(plan):
        busy_s += float(_computing_s(plan.nodes[k], *plan.nodes[k].chunks.boxes(plan.task_block[tasks])).sum())
    return busy_s


def is_users(lowered: Lowered) -> bool:
    """Whether tasks call what somebody else wrote."""
    if isinstance(lowered, Mapped):
        return not _is_ours(lowered.function.function)
    parts = lowered.parts if isinstance(lowered, FoldedParts) else (lowered,)
    return any(i.op.function is not None for p in parts if isinstance(p, Fused) for i in p.program.instructions)


def _is_ours(function: Any) -> bool:
    """Whether a function, or what it calls that was handed to it, is of this package or NumPy's."""
    home = getattr(function, "__module__", None) or ""
    if home.partition(".")[0] not in ("nbarray", "numpy"):
        return False  # what it closes over may not be there yet
    handed = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    handed += getattr(function, "__dict__", {}).values()
    return all(_is_ours(f) for f in handed if callable(f))


def _computing_s(lowered: Lowered, low: Int64, high: Int64) -> Float64:
    """Seconds for each task of a node, with going over what lies in memory."""
    taken = [np.maximum(b - a, 0).prod(axis=1) for a, b in lowered.operand_boxes(low, high)]
    made = np.maximum(high - low, 0).prod(axis=1)
    going_s = lowered.taken_bytes(low, high) / TAKEN
    if isinstance(lowered, Fused):
        return going_s + _program_s(lowered, taken, made)
    if isinstance(lowered, FoldedParts):
        first = 0
        for part in lowered.parts:
            going_s = going_s + _program_s(part, taken[first : first + len(part.args)], 0 * made)
            first += len(part.args)
        return going_s
    if isinstance(lowered, Product):  # of rows and columns: as many as the geometric mean of what goes in and out
        return going_s + 2 * (taken[0].astype(float) * taken[-1] * made) ** 0.5 / FLOPS
    if isinstance(lowered, PartSummaries):
        return going_s + sum(taken) * (SORTED_S if lowered.summary.sorts else COUNTED_S)
    if isinstance(lowered, MergedSummaries):  # most of them are put in order
        return going_s + (lowered.scratch_bytes(low, high) - lowered.spare_bytes(low, high)) / 8 * SORTED_S
    if lowered.kind == "select":
        return going_s * TAKEN / MOVED
    if lowered.kind == "sort":
        return going_s + made * SORTED_S
    if isinstance(lowered, Mapped) or lowered.kind == "order":
        return going_s + sum(taken) * (SORTED_S if lowered.kind != "blocks" else MAPPED_S)
    return going_s


def _program_s(fused: Fused, taken: Sequence[Int64], made: Int64) -> Float64:
    program = fused.program
    numbers = np.max([made if not program.folds else 0 * made, *taken], axis=0)
    each = sum(SLOW_S if i.op.name in _SLOW else OPERATION_S for i in program.instructions)
    each += FOLD_S * len(program.folds) + GENERATED_S * sum(is_generated(operand_of(arg).base) for arg in fused.args)
    return np.asarray(numbers * (each * (COMPILED if program.compiled else 1.0)))
