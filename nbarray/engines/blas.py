"""BLAS keeps to one thread while several tasks of a plan call it.

With threads of its own in every worker there would be more of them than processors, and OpenBLAS lets workers wait
for each other besides.  One task that runs alone has all of its threads.
"""

from __future__ import annotations

import sys
import threading
from functools import lru_cache
from typing import Any

from nbarray.plan.plan import Plan

__all__ = ["hold", "is_called_often", "release"]

#: Since some version threadpoolctl lets one thread alone change OpenBLAS's threads; the last of our workers must, too.
_LET_GO = "clear_controlling_thread"

_lock = threading.Lock()
_holders = 0
_held: Any = None


def _controller() -> Any:
    """What is loaded now: a package imported since the last look, such as scipy, may have brought a BLAS of its own."""
    return _looked(len(sys.modules))


@lru_cache(maxsize=1)
def _looked(modules: int) -> Any:
    from threadpoolctl import ThreadpoolController  # takes a millisecond: only paid where products are made

    return ThreadpoolController()


def _free(controller: Any) -> None:
    for library in controller.lib_controllers:
        getattr(library, _LET_GO, lambda force: None)(force=True)


def hold() -> None:
    """From now on one thread, until as many have released it as hold it."""
    global _holders, _held
    with _lock:
        _holders += 1
        if _holders == 1:
            controller = _controller()
            _free(controller)
            _held = controller, controller.limit(limits=1, user_api="blas")


def release() -> None:
    """As many threads as before, if nobody else holds it."""
    global _holders, _held
    with _lock:
        _holders -= 1
        if _holders == 0:
            controller, limiter = _held
            _free(controller)
            limiter.restore_original_limits()
            _free(controller)
            _held = None


def is_called_often(plan: Plan) -> bool:
    """Whether several tasks call BLAS, which may then be under way at the same time."""
    counts = plan.tasks_by_node().tolist()
    return sum(n for n, lowered in zip(counts, plan.nodes, strict=True) if lowered.calls_blas) > 1
