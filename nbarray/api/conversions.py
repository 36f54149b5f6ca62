"""Whoever asks a blocked array for all its values can be told of: np.asarray, a function of another package.

Converting is allowed, as NumPy's users expect; but where somebody watches (a ``%%blocked`` cell) it is said,
or refused, before anything is read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

__all__ = ["Watcher", "tell_conversion", "values_of", "watch_conversions"]

#: Told of a shape and of bytes
Watcher = Callable[[tuple[int, ...], int], None]
_watcher: ContextVar[Watcher | None] = ContextVar("nbarray_conversions", default=None)


def values_of(array: Any) -> Any:
    """Compute an `Array` for somebody who needs values and didn't call `compute`; whoever watches is told before."""
    if _watcher.get() is not None and array.ndim:
        tell_conversion(array.shape, array.nbytes)
    return array.compute()


def tell_conversion(shape: tuple[int, ...], nbytes: int) -> None:
    """Say that an array is about to be made whole."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(shape, nbytes)


@contextlib.contextmanager
def watch_conversions(watcher: Watcher) -> Iterator[None]:
    """Let `watcher` be told of every conversion inside the ``with`` block; it may raise."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)
