"""Writing computed values into anything that takes ``target[region] = values``.

What fits into half of the budget is computed together, so that what arrays share is read once.  What
doesn't is computed and written in pieces of whole chunks of the target, one being written while the next
is computed.  Only the caller's thread writes.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

from nbarray.api.array import Array
from nbarray.api.functions import compute
from nbarray.engines.run import Run
from nbarray.errors import InputError
from nbarray.session import limits

__all__ = ["pieces", "store"]

Region = tuple[slice, ...]

#: A piece takes at most this share of the budget: one is held while it is written, beside the next one's run.
PIECE_SHARE = 4


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
    jobs = _jobs(sources, targets, regions, budget // PIECE_SHARE)
    _overlapped(jobs, guard, budget - budget // PIECE_SHARE, workers)


def _jobs(
    sources: Sequence[Array], targets: Sequence[Any], regions: Sequence[Region | None], room: int
) -> Iterator[tuple[Array, Any, Any]]:
    """Pieces of sources, each with its target and where in it it goes; a piece takes about `room` bytes."""
    for source, target, region in zip(sources, targets, regions, strict=True):
        for piece in pieces(source.shape, _unit(source, target, region), room // max(1, source.dtype.itemsize)):
            yield source[piece] if piece else source, target, _inside(region, piece)


def _overlapped(
    jobs: Iterator[tuple[Array, Any, Any]],
    guard: contextlib.AbstractContextManager[Any],
    memory: int,
    workers: int | None,
) -> None:
    """Compute each piece while the one before is written."""
    waiting: tuple[Run, Any, Any] | None = None
    try:
        for source, target, place in itertools.chain(jobs, [(None, None, None)]):
            values = None if waiting is None else waiting[0].result()[0]
            done, waiting = waiting, None
            if source is not None:
                waiting = source.start(memory=memory, workers=workers), target, place
            if done is not None:
                with guard:
                    done[1][done[2]] = values
    finally:
        if waiting is not None:
            waiting[0].cancel()


def _unit(source: Array, target: Any, region: Region | None) -> tuple[int, ...]:
    """What is written at once at the least: a chunk of the target, if it has chunks and is written whole."""
    chunks = getattr(target, "chunks", None)
    if region is None and isinstance(chunks, tuple) and all(isinstance(n, int) for n in chunks):
        return chunks
    return source.chunksize


def pieces(shape: Sequence[int], unit: Sequence[int], elements: int) -> Iterator[Region]:
    """Cut an array into pieces of whole units, as large as `elements` allow, long along the last axes.

    >>> list(pieces((4, 6), (2, 2), 8))
    [(slice(0, 2, None), slice(0, 4, None)), (slice(0, 2, None), slice(4, 6, None)), \
(slice(2, 4, None), slice(0, 4, None)), (slice(2, 4, None), slice(4, 6, None))]
    """
    lengths = [max(1, min(u, n)) for u, n in zip(unit, shape, strict=True)]
    for k in range(len(lengths) - 1, -1, -1):
        times = max(1, elements // max(1, math.prod(lengths)))
        lengths[k] = max(1, min(lengths[k] * times, shape[k]))
    starts = [range(0, n, length) for n, length in zip(shape, lengths, strict=True)]
    for corner in itertools.product(*starts):
        yield tuple(slice(a, min(a + length, n)) for a, length, n in zip(corner, lengths, shape, strict=True))


def _inside(region: Region | None, piece: Region) -> Any:
    """The part of a target's region where a piece of the source goes."""
    if not piece:
        return ... if region is None else region
    if region is None:
        return piece
    made = []
    for whole, part in zip(region, piece, strict=False):
        offset, step = whole.start or 0, whole.step or 1
        made.append(slice(offset + part.start * step, offset + part.stop * step, step))
    return (*made, *piece[len(region) :])
