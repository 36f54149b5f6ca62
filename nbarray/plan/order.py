"""The order in which tasks run: depth first from the results, so that blocks are used soon after they are made."""

from __future__ import annotations

import numpy as np

from nbarray.grid.chunks import Int64

__all__ = ["depth_first"]


def depth_first(roots: Int64, indptr: Int64, deps: Int64, ntasks: int) -> Int64:
    """Tasks such that each comes after what it needs, and just before it is needed.

    roots : tasks to finish, in this order
    indptr, deps : task t needs ``deps[indptr[t]:indptr[t + 1]]``

        roots 4 5, 4 needs 0 1, 5 needs 1 2:     0 1 4 2 5
    """
    if len(deps) == 0:
        return np.asarray(roots, np.int64)
    starts, needs = indptr.tolist(), deps.tolist()
    done = bytearray(ntasks)
    order: list[int] = []
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
                done[task] = 1
                order.append(task)
                stack.pop()
            elif len(waiting) == 1:
                stack.append(waiting[0])
            else:
                stack.extend(reversed(waiting))
    return np.array(order, np.int64)
