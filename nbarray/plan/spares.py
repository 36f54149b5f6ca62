"""Which states a run keeps that nobody needs any more, to make others in."""

from __future__ import annotations

import numpy as np

from nbarray.expr.lowered_folds import FoldedParts
from nbarray.expr.lowered_fused import Fused
from nbarray.plan.plan import Plan

__all__ = ["MOST_SPARE", "ROOM", "has_room", "makers_of_states"]

#: A budget of less than so many times what a plan takes has little room.
ROOM = 2
#: States that a run keeps at the most.
MOST_SPARE = 4


def has_room(plan: Plan, budget_bytes: int) -> bool:
    """Whether a run may keep what nobody counts."""
    return budget_bytes >= ROOM * plan.run_bytes()


def makers_of_states(plan: Plan) -> dict[int, int]:
    """The nodes whose states are made in what others leave, and how many of their tasks there are.

    New states are made only where none is left, and none are kept once all large ones were made, so that no more are
    held than were at once without keeping any.
    """
    making = [k for k, n in enumerate(plan.nodes) if n.gives_states and isinstance(n, Fused | FoldedParts)]
    tasks = {k: np.flatnonzero(plan.task_node == k) for k in making}
    largest = {k: int(plan.task_bytes[t].max(initial=0)) for k, t in tasks.items()}
    return {k: len(tasks[k]) for k in making if 4 * largest[k] >= max(largest.values())}
