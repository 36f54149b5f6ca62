"""States of reductions put together, and finished."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from nbarray.errors import InputError
from nbarray.kernels.program import Fold
from nbarray.kernels.reduction_rows import Reduction, State
from nbarray.kernels.reductions import REDUCTIONS
from nbarray.kernels.sums import add_part
from nbarray.kernels.tiles import TILE_ELEMENTS, tiles

__all__ = ["finish_state", "merge_states"]

Tile = np.ndarray[Any, Any]
#: Values and mask of a block; the mask is None where nothing is missing.
Planes = tuple[Tile, Tile | None]


def merge_states(name: str, states: list[State]) -> State:
    """One state that has seen what all of them have; the first is made into it if nobody else needs it."""
    merge = REDUCTIONS[name].merge
    first = states[0]
    if not first.disposable:
        first = replace(first, planes=[p.copy() for p in first.planes], disposable=False)
    for other in states[1:]:
        for part in tiles(first.planes[0].shape, TILE_ELEMENTS):  # what is made on the way stays small
            merge(first.part(part), other.part(part))
        first.shift += other.shift
        if other.left is not None:
            first.left = other.left if first.left is None else first.left + other.left
    return first


def _finished(row: Reduction, state: State, seen: Any, result: np.dtype[Any], params: dict[str, Any]) -> Tile:
    """The results of a state, tile by tile where there are many, and in its place if they are of one kind."""
    shape = state.planes[0].shape
    parts = tiles(shape, TILE_ELEMENTS)
    if len(parts) <= 1:
        return row.finish(state.planes, seen, result, params)
    values: Tile | None = None
    for part in parts:
        some = row.finish(state.part(part), seen[part] if np.ndim(seen) else seen, result, params)
        if values is None:
            first = state.planes[0]
            values = first if first.dtype == some.dtype else np.empty(shape, some.dtype)
        values[part] = some
    assert values is not None
    return values


def finish_state(fold: Fold, state: State, count: int) -> Planes:
    """The result of a reduction over `count` elements, with the reduced axes kept at length 1; the state is used up."""
    row = REDUCTIONS[fold.name]
    seen = count if state.left is None else np.subtract(count, state.left, dtype=np.int64)
    params = dict(fold.params)
    nothing = np.equal(seen, 0)
    on_nothing = params.get("on_nothing")
    if on_nothing not in (None, "nan") and np.any(nothing):
        raise InputError(str(on_nothing))
    quiet = fold.masked or not np.any(nothing)
    if state.shift:
        add_part(state.planes, np.asarray(state.shift))
    with np.errstate(divide="ignore" if quiet else None, invalid="ignore" if quiet else None):
        values = _finished(row, state, seen, fold.result, params)
    if not fold.masked:
        if on_nothing == "nan" and np.any(nothing):
            warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=2)
            missing = np.array("NaT" if values.dtype.kind in "mM" else np.nan, values.dtype)
            values = np.where(nothing, missing, values)
        return values, None
    freedom: Any = params.get("ddof", 0)
    lost = np.less_equal(seen, freedom)
    if params.get("finite"):
        lost = lost | ~np.isfinite(values)
    return values, np.broadcast_to(lost, values.shape) if np.any(lost) else None
