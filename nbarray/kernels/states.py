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
from nbarray.kernels.tiles import TILE_ELEMENTS, part_of, tiles

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


def _finished(
    row: Reduction, state: State, count: int, result: np.dtype[Any], params: dict[str, Any], out: Tile | None
) -> Tile:
    """The results of a state, tile by tile where there are many, and in `out` or its place if they are of one kind."""
    first = state.planes[0]
    parts = tiles(first.shape, TILE_ELEMENTS)
    values: Tile | None = None
    place = first if out is None else out
    for part in parts:
        planes = state.part(part)
        if state.shift:
            add_part(planes, np.asarray(state.shift))
        some = row.finish(planes, _seen(state, part, count), result, params)
        if len(parts) == 1:
            return some
        if values is None:
            values = place if place.dtype == some.dtype else np.empty(first.shape, some.dtype)
        values[part] = some
    return row.finish(state.planes, count, result, params) if values is None else values


def _seen(state: State, part: tuple[slice, ...], count: int) -> Any:
    """How many elements each result of a part has seen; one number where none of them lacks any."""
    left = None if state.left is None else part_of(state.left, part)
    return count if left is None or not left.any() else np.subtract(count, left, dtype=np.int64)


def finish_state(fold: Fold, state: State, count: int, out: Tile | None = None) -> Planes:
    """The result of a reduction over `count` elements, with the reduced axes kept at length 1; the state is used up.

    out : where results may be made; without it they may be made in the state's own place
    """
    params = dict(fold.params)
    least = count if state.left is None else count - int(state.left.max(initial=0))
    on_nothing = params.get("on_nothing")
    if on_nothing not in (None, "nan") and not least:
        raise InputError(str(on_nothing))
    quiet = fold.masked or bool(least)
    with np.errstate(divide="ignore" if quiet else None, invalid="ignore" if quiet else None):
        values = _finished(REDUCTIONS[fold.name], state, count, fold.result, params, out)
    if not fold.masked:
        if on_nothing == "nan" and not least:
            warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=2)
            missing = np.array("NaT" if values.dtype.kind in "mM" else np.nan, values.dtype)
            values = np.where(_seen_at_most(state, count, 0), missing, values)
        return values, None
    freedom: Any = params.get("ddof", 0)
    lost = _seen_at_most(state, count, freedom) if least <= freedom else np.False_
    if params.get("finite") and not all(
        np.isfinite(part_of(values, p)).all() for p in tiles(values.shape, TILE_ELEMENTS)
    ):
        lost = lost | ~np.isfinite(values)
    return values, np.broadcast_to(lost, values.shape) if np.any(lost) else None


def _seen_at_most(state: State, count: int, most: float) -> Any:
    """Which results have seen no more than so many elements; one answer for all where none were left out."""
    if state.left is None:
        return np.bool_(count <= most)
    return np.less_equal(np.subtract(count, state.left, dtype=np.int64), most)
