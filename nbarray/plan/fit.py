"""Whether a plan fits into a budget, and what to do where it doesn't.

Work is cut more finely first.  What still takes too much is refused before anything is read, saying what
is needed, what most of it is, and which chunks would do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nbarray.errors import BudgetError
from nbarray.expr.lowered import Corner, Lowered
from nbarray.expr.node import place_of
from nbarray.expr.operands import operand_of, reads_storage
from nbarray.plan.plan import Plan
from nbarray.rewrite.grain import Grain
from nbarray.units import format_bytes

__all__ = ["check_fits", "fit", "smaller_chunks"]


def fit(build: Callable[[Grain], Plan], grain: Grain, budget_bytes: int) -> Plan:
    """The plan of the coarsest grain that fits into a budget, or the one that takes least if none does."""
    best = build(grain)
    finer = grain.finer()
    while best.run_bytes() > max(budget_bytes, best.result_bytes) and finer is not None:
        made = build(finer)
        if made.run_bytes() < best.run_bytes():
            best = made
        finer = finer.finer()
    return best


def check_fits(plan: Plan, budget_bytes: int) -> None:
    """Raises BudgetError for a plan that takes more than so many bytes even if one task runs at a time."""
    need = plan.run_bytes()
    if need <= budget_bytes:
        return
    results, peak = format_bytes(plan.result_bytes), format_bytes(plan.sequential_peak)
    advice = [f'raise the budget with nb.config(memory="{_rounded_up(need)}")']
    most = made = ""
    if plan.result_bytes > budget_bytes:
        advice.append("reduce or slice the array: the result alone is larger than the budget")
    elif plan.ntasks:
        lowered = plan.nodes[_dearest(plan)]
        block = _shape(lowered)
        place = place_of(lowered)
        most = f"; most of it for {lowered.label} in blocks of {block}"
        made = f"\n{lowered.label} was made in {place}" if place else ""
        advice.append(_chunk_advice(lowered, block, plan.sequential_peak / max(1, budget_bytes - plan.result_bytes)))
    raise BudgetError(
        f"this needs {format_bytes(need)} (results {results}, blocks and scratch {peak}{most}), "
        f"but the budget is {format_bytes(budget_bytes)}; {', or '.join(filter(None, advice))}{made}"
    )


def _rounded_up(nbytes: int) -> str:
    """A budget of so many bytes or a little more, as people write it.

    >>> _rounded_up(3 * 2**20 + 1)
    '4MiB'
    """
    unit, name = (2**20, "MiB") if nbytes >= 2**20 else (2**10, "KiB")
    return f"{-(-nbytes // unit)}{name}"


def _dearest(plan: Plan) -> int:
    """The node that most bytes at the peak belong to: its blocks that exist then, or the scratch of its task."""
    task, alive = plan.peak_task, plan.alive(plan.peak_task)
    held = np.bincount(plan.task_node[alive], plan.task_bytes[alive], len(plan.nodes))
    return int(held.argmax()) if held.max() >= plan.scratch_bytes[task] / 2 else int(plan.task_node[task])


def _shape(lowered: Lowered) -> Corner:
    """The largest rectangle that a task of a node treats: its block, or what it folds or reads."""
    low, high = lowered.chunks.boxes(np.zeros(1, np.int64))
    boxes = [(low, high), *lowered.operand_boxes(low, high)]
    low, high = max(boxes, key=lambda box: int((box[1] - box[0]).prod(axis=1)[0]))
    return tuple((high - low)[0].tolist())


def _chunk_advice(lowered: Lowered, block: Corner, times: float) -> str:
    for expr in lowered.operands:
        base = operand_of(expr).base
        stored = getattr(base, "reader", None) and base.reader.stored_chunks  # type: ignore[attr-defined]
        if reads_storage(base) and stored and math.prod(block) <= 4 * math.prod(stored):
            return f"store {base.label} in smaller chunks: those of {stored} have to be read whole"
    return f"use smaller chunks, such as chunks={smaller_chunks(block, times)}" if math.prod(block) > 1 else ""


def smaller_chunks(chunks: Corner, times: float) -> Corner:
    """Chunks of so many times fewer elements at the least: the longest axis is halved until they are.

    >>> smaller_chunks((100, 4000, 4000), 8)
    (100, 1000, 2000)
    """
    shape, limit = list(chunks), math.prod(chunks) / times
    while math.prod(shape) > max(1, limit):
        k = shape.index(max(shape))
        shape[k] = -(-shape[k] // 2)
    return tuple(shape)
