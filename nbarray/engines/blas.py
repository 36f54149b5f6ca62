"""BLAS keeps to one thread while workers call it.

With threads of its own in every worker there would be more of them than processors, and OpenBLAS lets workers wait
for each other besides.  One task that runs alone has all of its threads.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

__all__ = ["hold", "release"]

#: Since some version threadpoolctl lets one thread alone change OpenBLAS's threads; the last of our workers must, too.
_LET_GO = "clear_controlling_thread"

_lock = threading.Lock()
_holders = 0
_limiter: Any = None


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController  # takes a millisecond: only paid where products are made

    return ThreadpoolController()


def _free() -> None:
    for library in _controller().lib_controllers:
        getattr(library, _LET_GO, lambda force: None)(force=True)


def hold() -> None:
    """From now on one thread, until as many have released it as hold it."""
    global _holders, _limiter
    with _lock:
        _holders += 1
        if _holders == 1:
            _free()
            _limiter = _controller().limit(limits=1, user_api="blas")


def release() -> None:
    """As many threads as before, if nobody else holds it."""
    global _holders, _limiter
    with _lock:
        _holders -= 1
        if _holders == 0:
            _free()
            _limiter.restore_original_limits()
            _limiter = None
            _free()
