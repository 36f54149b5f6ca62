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
from nbarray.expr.lowered import Lowered
from nbarray.expr.lowered_folds import FoldedParts
from nbarray.expr.lowered_fused import Fused
from nbarray.expr.lowered_mapped import Mapped
from nbarray.expr.lowered_products import Product
from nbarray.expr.operands import decodes, is_generated, operand_of, reads_storage
from nbarray.expr.summaries import PartSummaries
from nbarray.plan.plan import Plan
from nbarray.plan.reads import reads_by_source

__all__ = ["Work", "is_users", "work_of_plan"]

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
MOST_TASKS = 4096
#: Seconds for a task, and for the first kernels of a process.
TASK_S, LOADING_S = 2e-5, 1.0
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
    busy_s = plan.ntasks * TASK_S + 2 * plan.spilled_bytes / READ
    busy_s += (int(plan.task_bytes[plan.deps].sum()) + plan.result_bytes) / MOVED
    busy_s += sum(times * _busy_s(some) for times, some in _samples(plan))
    known = not any(is_users(lowered) for lowered in plan.nodes)
    loads = any(lowered.compiled for lowered in plan.nodes) and not kernels_loaded()
    return Work(busy_s, LOADING_S if loads else 0.0, known)


def _samples(plan: Plan) -> Iterator[tuple[float, Plan]]:
    """Plans with few tasks that together stand for all, and for how many times theirs each stands."""
    if plan.ntasks <= MOST_TASKS:
        yield 1.0, plan
        return
    by_node, step = np.argsort(plan.task_node, kind="stable"), -(-plan.ntasks // MOST_TASKS)
    many = (plan.tasks_by_node() > 16 * step)[plan.task_node[by_node]]
    sample = by_node[many][::step]
    for times, tasks in (many.sum() / max(1, len(sample)), sample), (1.0, by_node[~many]):
        yield float(times), replace(plan, task_node=plan.task_node[tasks], task_block=plan.task_block[tasks])


def _busy_s(plan: Plan) -> float:
    """Seconds that tasks read and compute."""
    busy_s = 0.0
    for source, reads in reads_by_source(plan).items():
        rate = DECODED if decodes(source) else READ if reads_storage(source) else TAKEN
        busy_s += reads.moved_bytes / rate
    by_node = np.argsort(plan.task_node, kind="stable")
    edges = np.searchsorted(plan.task_node[by_node], np.arange(len(plan.nodes) + 1))
    for k, lowered in enumerate(plan.nodes):
        tasks = by_node[edges[k] : edges[k + 1]]
        if not tasks.size:
            continue
        low, high = lowered.chunks.boxes(plan.task_block[tasks])
        boxes = lowered.operand_boxes(low, high)
        taken = [int(np.maximum(b - a, 0).prod(axis=1).sum()) for a, b in boxes]
        busy_s += _computing_s(lowered, len(tasks), taken, int((high - low).prod(axis=1).sum()))
    return busy_s


def is_users(lowered: Lowered) -> bool:
    """Whether tasks call what somebody else wrote."""
    if isinstance(lowered, Mapped):
        return not _is_ours(lowered.function.function)
    parts = lowered.parts if isinstance(lowered, FoldedParts) else (lowered,)
    return any(i.op.function is not None for p in parts if isinstance(p, Fused) for i in p.program.instructions)


def _is_ours(function: Any) -> bool:
    """Whether a function, or what it calls that was handed to it, is of this package or NumPy's."""
    handed = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    handed += getattr(function, "__dict__", {}).values()
    home = getattr(function, "__module__", None) or ""
    return home.partition(".")[0] in ("nbarray", "numpy") and all(_is_ours(f) for f in handed if callable(f))


def _computing_s(lowered: Lowered, tasks: int, taken: Sequence[int], made: int) -> float:
    """Seconds for all tasks of a node.

    taken : numbers taken from each operand; made : numbers in its blocks
    """
    if isinstance(lowered, Fused):
        return _program_s(lowered, taken, made)
    if isinstance(lowered, FoldedParts):
        seconds, first = 0.0, 0
        for part in lowered.parts:
            seconds += _program_s(part, taken[first : first + len(part.args)], 0)
            first += len(part.args)
        return seconds
    if isinstance(lowered, Product):  # of rows and columns: as many as the geometric mean of what goes in and out
        return 2 * (float(taken[0]) * taken[-1] * made / max(1, tasks)) ** 0.5 / FLOPS
    if isinstance(lowered, Mapped) or lowered.kind in ("order", "sort"):
        each = COUNTED_S if isinstance(lowered, PartSummaries) else SORTED_S if lowered.kind != "blocks" else MAPPED_S
        return sum(taken) * each
    return 0.0


def _program_s(fused: Fused, taken: Sequence[int], made: int) -> float:
    program, numbers = fused.program, max([made if not fused.program.folds else 0, *taken])
    each = sum(SLOW_S if i.op.name in _SLOW else OPERATION_S for i in program.instructions)
    each += FOLD_S * len(program.folds) + GENERATED_S * sum(is_generated(operand_of(arg).base) for arg in fused.args)
    return numbers * each * (COMPILED if program.compiled else 1.0)
