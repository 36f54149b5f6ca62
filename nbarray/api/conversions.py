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
#: Those that are told of other threads too, each with what says whether of the one that asks
_of_threads: list[tuple[Callable[[], bool], Watcher]] = []


def values_of(array: Any) -> Any:
    """Compute an `Array` for somebody who needs values and didn't call `compute`; whoever watches is told before."""
    if _watching() is not None and array.ndim:
        tell_conversion(array.shape, array.nbytes)
    return array.compute()


def tell_conversion(shape: tuple[int, ...], nbytes: int) -> None:
    """Say that an array is about to be made whole."""
    watcher = _watching()
    if watcher is not None:
        watcher(shape, nbytes)


def _watching() -> Watcher | None:
    watcher = _watcher.get()
    if watcher is None and _of_threads:
        return next((other for takes_part, other in reversed(_of_threads) if takes_part()), None)
    return watcher


@contextlib.contextmanager
def watch_conversions(watcher: Watcher, takes_part: Callable[[], bool] | None = None) -> Iterator[None]:
    """Let `watcher` be told of every conversion inside the ``with`` block; it may raise.

    takes_part : whether what another thread converts meanwhile counts, asked in that thread; None for no other thread
    """
    token = _watcher.set(watcher)
    others = [] if takes_part is None else [(takes_part, watcher)]
    _of_threads.extend(others)
    try:
        yield
    finally:
        _watcher.reset(token)
        for other in others:
            _of_threads.remove(other)
