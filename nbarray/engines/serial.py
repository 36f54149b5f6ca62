"""The reference engine: one task after another, in order, in the thread that asks."""

from __future__ import annotations

from typing import Any

from nbarray.engines.failures import task_error
from nbarray.engines.tasks import Results, run_task
from nbarray.kernels.workspace import Workspace
from nbarray.plan.plan import Plan

__all__ = ["run_serially"]


def run_serially(plan: Plan, results: Results) -> None:
    """Run all tasks of a plan into `results`."""
    workspace = Workspace()
    blocks: dict[int, Any] = {}
    users = plan.uses.tolist()
    for task in range(plan.ntasks):
        needs = plan.dependencies(task).tolist()
        given = [blocks[d] for d in needs]
        try:
            block = run_task(plan, task, given, results, workspace)
        except Exception as error:
            raise task_error(plan, task, given, error) from error
        del given
        if users[task]:
            blocks[task] = block
        for d in needs:
            users[d] -= 1
            if users[d] == 0:
                del blocks[d]
