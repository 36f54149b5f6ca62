"""What a run tells its observers of its plan and of its tasks, put together from what the run knows."""

from __future__ import annotations

from time import perf_counter

from nbarray import events
from nbarray.plan.ledger import Ledger
from nbarray.plan.plan import Plan

__all__ = ["plan_ready", "task_finished"]


def plan_ready(number: int, plan: Plan, budget_bytes: int, workers: int) -> events.PlanReady:
    """A run begins: what there is to do."""
    counts = tuple(events.NodeCount(n.label, int(c)) for n, c in zip(plan.nodes, plan.tasks_by_node(), strict=True))
    return events.PlanReady(
        number,
        counts,
        plan.ntasks,
        int(plan.read_bytes.sum()),
        plan.result_bytes,
        plan.run_bytes(),
        budget_bytes,
        workers,
        perf_counter(),
    )


def task_finished(
    number: int,
    plan: Plan,
    ledger: Ledger,
    task: int,
    worker: int,
    span: tuple[float, float],
    spent: tuple[float, float, float],
) -> events.TaskFinished:
    """A task is done.

    span : when it began and ended; spent : seconds in readers, of these reading files, and waiting before it
    """
    reader_s, file_s, waited_s = spent
    return events.TaskFinished(
        number,
        task,
        int(plan.task_node[task]),
        worker,
        *span,
        ledger.block_bytes(task),
        ledger.held_bytes,
        int(plan.read_bytes[task]),
        file_s,
        max(0.0, reader_s - file_s),
        waited_s,
    )
