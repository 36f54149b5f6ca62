"""Whoever asks a blocked array for all its values can be told of: np.asarray, a function of another package.

Converting is allowed, as NumPy's users expect; but where somebody watches (a ``%%blocked`` cell) it is said,
or refused, before anything is read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from nbarray.expr.node import Expr

__all__ = ["values_of", "watch_conversions"]

Watcher = Callable[[Expr], None]
_watcher: ContextVar[Watcher | None] = ContextVar("nbarray_conversions", default=None)


def values_of(array: Any) -> Any:
    """Compute an `Array` for somebody who needs values and didn't call `compute`; whoever watches is told before."""
    watcher = _watcher.get()
    if watcher is not None and array.shape:  # asking for it counts sizes that depend on values
        watcher(array.expr)
    return array.compute()


@contextlib.contextmanager
def watch_conversions(watcher: Watcher) -> Iterator[None]:
    """Let `watcher` be told of every conversion inside the ``with`` block; it may raise."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)
