"""Writing computed values into files, arrays, and anything that takes ``target[region] = values``.

All arrays of a call are one run: what they share is read and computed once, and each block is written by the
task that makes it, as soon as it is there.  So nothing is held for long, and the budget is for blocks alone.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nbarray.api.array import Array
from nbarray.errors import InputError
from nbarray.expr.leaves import SourceArray
from nbarray.expr.walk import postorder
from nbarray.io.hdf5write import dataset_writer
from nbarray.io.netcdflibrary import NETCDF
from nbarray.io.writers import AssigningWriter, MemoryWriter, Writer
from nbarray.session import compute

__all__ = ["guard_of", "pieces", "store", "units", "write"]

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
    # one for all: objects that aren't ours are called by one thread at a time, if nobody says otherwise
    guard = threading.RLock() if lock is None else guard_of(lock)
    chosen = [_writer(*each, guard) for each in zip(sources, targets, regions, strict=True)]
    values = write(sources, chosen, memory, workers)
    for result, target, region, writer in zip(values, targets, regions, chosen, strict=True):
        if writer is None:
            with guard:
                target[... if region is None else region] = result


class _Acquired:
    """A lock that can only be acquired and released, for `with`."""

    def __init__(self, lock: Any) -> None:
        self.lock = lock

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *error: object) -> None:
        self.lock.release()


def guard_of(lock: Any) -> contextlib.AbstractContextManager[Any]:
    """A lock to be held, nothing for None or False, one of its own for True.  Raises InputError for what is no lock."""
    if lock is True:
        return threading.RLock()
    if lock is None or lock is False:
        return contextlib.nullcontext()
    if hasattr(lock, "__enter__"):
        guard: contextlib.AbstractContextManager[Any] = lock
        return guard
    if not (hasattr(lock, "acquire") and hasattr(lock, "release")):
        raise InputError(f"lock={lock!r} can't be held; give a lock such as threading.Lock()")
    return _Acquired(lock)


def write(
    sources: Sequence[Array],
    writers: Sequence[Writer | None],
    memory: int | str | None = None,
    workers: int | None = None,
) -> tuple[Any, ...]:
    """Compute arrays together, each into a writer, which is closed; the values of those that have none."""
    try:
        return compute(*(s.expr for s in sources), memory=memory, workers=workers, writers=writers)
    finally:
        for writer in writers:
            if writer is not None:
                writer.close()


def _writer(source: Array, target: Any, region: Region | None, guard: Any) -> Writer | None:
    """What writes an array into (a region of) a target; None where it has to be computed whole before."""
    if type(target) in (np.ndarray, np.memmap):
        part = target[... if region is None else region]
        if isinstance(part, np.ndarray) and part.shape == source.shape and not _reads(source, part):
            return MemoryWriter(part, source.dtype)
        return None
    if region is not None and not _plain(region):
        return None
    stored = units(target, source.ndim)
    if region is None and not source.masked and _is(target, "h5py", "Dataset"):
        return dataset_writer(target, source.dtype)
    guards = (NETCDF.lock, guard) if _is(target, "netCDF4", "Variable") else (guard,)
    return AssigningWriter(target, region, guards, stored if region is None else None, source.masked, stored)


def _reads(source: Array, target: np.ndarray[Any, Any]) -> bool:
    """Whether an array is made of what lies in the memory that it is to be written to."""
    arrays = (e.reader.array for e in postorder([source.expr]) if isinstance(e, SourceArray))
    return any(a is not None and np.may_share_memory(a, target) for a in arrays)


def _is(target: Any, package: str, name: str) -> bool:
    """Whether a target is of a class of a package, which isn't imported for it."""
    found = getattr(sys.modules.get(package), name, None)
    return found is not None and isinstance(target, found)


def _plain(region: Any) -> bool:
    """Whether a region is made of slices that count forwards from a position that they name."""
    return isinstance(region, tuple) and all(
        isinstance(s, slice) and (s.start or 0) >= 0 and (s.step or 1) > 0 for s in region
    )


def units(target: Any, ndim: int) -> tuple[int, ...] | None:
    """What a target stores as one piece, if it tells: shards of chunks, or chunks."""
    if _is(target, "netCDF4", "Variable"):
        found = target.chunking()
        return tuple(found) if isinstance(found, list) else None
    for name in ("shards", "chunks"):
        unit = getattr(target, name, None)
        if isinstance(unit, tuple) and len(unit) == ndim and all(isinstance(n, int) and n > 0 for n in unit):
            return unit
    return None


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
