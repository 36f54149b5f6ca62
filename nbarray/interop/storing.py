"""Writing computed values into anything that takes ``target[region] = values``.

What fits into half of the budget is computed together, so that what arrays share is read once.  What
doesn't is computed and written in slabs along its first axis.  Only the caller's thread writes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from nbarray.api.array import Array
from nbarray.api.functions import compute
from nbarray.errors import InputError
from nbarray.session import limits

__all__ = ["store"]

Region = tuple[slice, ...]


def store(
    sources: Sequence[Array],
    targets: Sequence[Any],
    regions: Sequence[Region | None],
    lock: Any = None,
    memory: int | str | None = None,
    workers: int | None = None,
) -> None:
    """Compute arrays and assign them to regions of targets.

    regions : where each goes, as slices for each axis of its target; None for the whole target
    lock : held while values are assigned, never while they are computed (sources may need it to read)

    >>> import numpy as np, nbarray as nb
    >>> out = np.zeros(4)
    >>> store([nb.ones(2)], [out], [(slice(1, 3),)])
    >>> out
    array([0., 1., 1., 0.])
    """
    if not len(sources) == len(targets) == len(regions):
        raise InputError(
            f"store: expected as many targets and regions as arrays ({len(sources)}), "
            f"not {len(targets)} targets and {len(regions)} regions"
        )
    guard = lock if hasattr(lock, "__enter__") else contextlib.nullcontext()
    budget, _ = limits(memory, workers)
    room = budget // 2
    if sum(s.nbytes for s in sources) <= room:
        whole = compute(*sources, memory=memory, workers=workers)
        for values, target, region in zip(whole, targets, regions, strict=True):
            with guard:
                target[... if region is None else region] = values
        return
    for source, target, region in zip(sources, targets, regions, strict=True):
        for start, stop in _slabs(source, room):
            (values,) = compute(source[start:stop] if source.ndim else source, memory=memory, workers=workers)
            with guard:
                target[_inside(region, start, stop, source.shape)] = values


def _slabs(source: Array, room: int) -> Iterator[tuple[int, int]]:
    """Pieces of the first axis, made of as many whole chunks as there is room for, but at least one."""
    if not source.ndim:
        yield 0, 0
        return
    row = max(1, source.nbytes // max(1, source.shape[0]))
    start = stop = 0
    for n in source.chunks[0]:
        if stop > start and (stop + n - start) * row > room:
            yield start, stop
            start = stop
        stop += n
    yield start, stop


def _inside(region: Region | None, start: int, stop: int, shape: tuple[int, ...]) -> Any:
    """The part of a target's region where rows `start` to `stop` of the source go."""
    if not shape:
        return ... if region is None else region
    if region is None:
        return (slice(start, stop), ...)
    first = region[0]
    offset, step = first.start or 0, first.step or 1
    return (slice(offset + start * step, offset + stop * step, step), *region[1:])
