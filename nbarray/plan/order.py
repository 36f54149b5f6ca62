"""The order in which tasks run: depth first from the results, so that blocks are used soon after they are made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nbarray.grid.chunks import Int64

__all__ = ["depth_first"]


def depth_first(roots: Int64, indptr: Int64, deps: Int64, ntasks: int, eager: NDArray[np.bool_] | None = None) -> Int64:
    """Tasks such that each comes after what it needs, and just before it is needed.

    roots : tasks to finish, in this order
    indptr, deps : task t needs ``deps[indptr[t]:indptr[t + 1]]``
    eager : of each task, whether it comes as soon as all it needs is there, since it lets go of more than it makes

        roots 4 5, 4 needs 0 1, 5 needs 1 2:     0 1 4 2 5
        5 is eager, and needs 0 alone:           0 5 1 4
    """
    if len(deps) == 0:
        return np.asarray(roots, np.int64)
    starts, needs = indptr.tolist(), deps.tolist()
    done = bytearray(ntasks)
    order: list[int] = []
    missing, users = _waiting(indptr, deps, eager) if eager is not None else ([], {})

    def finish(task: int) -> None:
        ready = [task]
        while ready:
            task = ready.pop()
            done[task] = 1
            order.append(task)
            for user in users.get(task, ()):
                missing[user] -= 1
                if not missing[user] and not done[user]:
                    ready.append(user)

    for root in roots.tolist():
        if done[root]:
            continue
        stack = [root]
        while stack:
            task = stack[-1]
            if done[task]:
                stack.pop()
                continue
            start, stop = starts[task], starts[task + 1]
            waiting = [d for d in needs[start:stop] if not done[d]] if stop > start else ()
            if not waiting:
                stack.pop()
                if users:
                    finish(task)
                else:
                    done[task] = 1
                    order.append(task)
            elif len(waiting) == 1:
                stack.append(waiting[0])
            else:
                stack.extend(reversed(waiting))
    return np.array(order, np.int64)


def _waiting(indptr: Int64, deps: Int64, eager: NDArray[np.bool_]) -> tuple[list[int], dict[int, list[int]]]:
    """How many tasks each one needs; and for each task the eager ones that need it."""
    counts = np.diff(indptr)
    users: dict[int, list[int]] = {}
    by_task = np.repeat(np.arange(len(counts)), counts)
    chosen = eager[by_task]
    for task, need in zip(by_task[chosen].tolist(), deps[chosen].tolist(), strict=True):
        users.setdefault(need, []).append(task)
    return counts.tolist(), users
