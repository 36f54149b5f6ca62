"""Arrays that write themselves into a target when they are computed: what `store(compute=False)` gives.

What is stored at once is written by `storing`, as the plan's own tasks.  Here writing is part of an expression, so that
it may be computed with others: blocks as they are, assigned under a lock unless the caller says that none is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nbarray.api.array import Array, wrap
from nbarray.api.creation import from_array
from nbarray.api.storing import guard_of, units
from nbarray.errors import InputError
from nbarray.expr.node import Expr
from nbarray.io.getitem import GetitemReader, lock_of
from nbarray.io.protocols import Source
from nbarray.ops.creation import from_source
from nbarray.ops.mapping import map_blocks
from nbarray.ops.shaping import rechunk
from nbarray.ops.tasks import one_task

__all__ = ["stored", "storing"]

Region = tuple[slice, ...]


def storing(source: Array, target: Any, region: Region | None, lock: Any, keep: bool) -> Array:
    """An array that writes when it is computed.

    lock : held while a block is assigned; None or True for one that belongs to the target, False for none
    keep : its values are those of the source; else it has none
    """
    guard = lock_of(target) if lock is None or lock is True else guard_of(None if lock is False else lock)
    unit = units(target, source.ndim)
    expr = source.expr if unit is None else rechunk(source.expr, _whole_units(source, unit))
    places = (target, _region(region, target, source.shape), guard, keep)
    if keep:
        kept = map_blocks(_write, [expr, *places], expr.dtype, title="store")
        return Array(kept if unit is None else rechunk(kept, source.expr.chunks))
    ones = tuple((1,) * n for n in expr.chunks.numblocks)
    done = map_blocks(_write, [expr, *places], bool, ones, masked=False, title="store")
    return Array(_nothing(done, expr.dtype))


def _nothing(done: Expr, dtype: np.dtype[Any]) -> Expr:
    """An array of no elements that needs all that was done."""

    def nothing(block: Any) -> Any:
        return np.empty(0, dtype)

    return one_task(nothing, [done], (0,), dtype, label="store")


def _write(block: Any, target: Any, region: Any, lock: Any, keep: bool, block_info: Any) -> Any:
    """Assigns a block to its place in the target's region."""
    spans = block_info[0]["array-location"]
    with lock:
        target[_within(region, spans)] = block
    return block if keep else np.ones((1,) * np.ndim(block), bool)


def _region(region: Region | None, target: Any, shape: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """A region as (start, step) for each axis.  Raises InputError where it has another size than the source."""
    if region is None:
        return ()
    ranges = [range(*s.indices(n)) for s, n in zip(region, target.shape, strict=False)]
    if tuple(map(len, ranges)) != shape[: len(ranges)]:
        raise InputError(f"store: an array of shape {shape} doesn't fit {region} of a target of shape {target.shape}")
    return tuple((r.start, r.step) for r in ranges)


def _within(region: tuple[tuple[int, int], ...], spans: Sequence[tuple[int, int]]) -> Any:
    if not spans:
        return ...
    places = (*region, *((0, 1),) * (len(spans) - len(region)))
    return tuple(_along(*place, *span) for place, span in zip(places, spans, strict=True))


def _along(start: int, step: int, a: int, b: int) -> slice:
    """Elements a to b of what begins at `start`."""
    end = start + (b - 1) * step + (1 if step > 0 else -1)
    return slice(start + a * step, None if end < 0 else end, step)


def _whole_units(source: Array, unit: tuple[int, ...]) -> tuple[int, ...]:
    """Chunks about as large as the source's, of whole pieces of the target."""
    return tuple(max(1, n // u) * u for n, u in zip(source.chunksize, unit, strict=True))


def stored(source: Array, target: Any, region: Region | None, lock: Any) -> Array:
    """What lies in a target now, in the chunks of the array that was written there; read under the lock, if given."""
    if lock is None or isinstance(lock, bool):
        whole = from_array(target)
    else:
        whole = wrap(from_source(Source(GetitemReader(target, lock=guard_of(lock)), None)))
    return (whole if region is None else whole[region]).rechunk(source.expr.chunks)
