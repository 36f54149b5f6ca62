"""What must be true of every plan; checked with ``NBARRAY_CHECK=1``."""

from __future__ import annotations

import numpy as np

from nbarray.plan.plan import Plan

__all__ = ["check_plan"]


def check_plan(plan: Plan) -> None:
    """Raises AssertionError where a plan breaks its own laws."""
    n = plan.ntasks
    users = np.repeat(np.arange(n), np.diff(plan.dep_indptr))
    assert plan.dep_indptr[0] == 0, "dependencies start at 0"
    assert plan.dep_indptr[-1] == len(plan.deps), "dependencies end at the end"
    assert (plan.deps < users).all(), "a task comes after everything it needs"
    assert (plan.uses == np.bincount(plan.deps, minlength=n)).all(), "uses count the users"
    assert ((plan.uses > 0) | plan.to_result).all(), "every block is used or a result"
    for array in (plan.task_bytes, plan.scratch_bytes, plan.read_bytes):
        assert (array >= 0).all(), "bytes are not negative"
    for target in plan.targets:
        made = (plan.task_node == target).sum()
        assert made == plan.nodes[target].chunks.nblocks, "all blocks of a result are made"
