"""Parts of what needs no task to exist: arrays in memory, stored numbers, and numbers made by formula."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from nbarray.grid.regions import Placement, shape_of
from nbarray.kernels.fused import Planes

__all__ = ["arange_part", "arrange", "base_slices", "eye_part", "split_planes"]

Tile = np.ndarray[Any, Any]
Corner = tuple[int, ...]


def base_slices(placement: Placement, low: Corner, high: Corner, ndim: int) -> tuple[slice, ...]:
    """Slices (of positive step) of the base that hold what a view's box shows."""
    slices = [slice(0, 1, 1)] * ndim
    for axis, position in placement.fixed:
        slices[axis] = slice(position, position + 1, 1)
    for m, a, b in zip(placement.axes, low, high, strict=True):
        if m.axis < 0:
            continue
        if b <= a:
            slices[m.axis] = slice(0, 0, 1)
        elif m.step == 0:
            slices[m.axis] = slice(m.start, m.start + 1, 1)
        else:
            first, last = m.start + m.step * a, m.start + m.step * (b - 1)
            slices[m.axis] = slice(min(first, last), max(first, last) + 1, abs(m.step))
    return tuple(slices)


def arrange(part: Tile, placement: Placement) -> Tile:
    """Turn what `base_slices` picked into the view's order of axes; axes that repeat stay at length 1."""
    index: list[Any] = [slice(None)] * part.ndim
    for axis, _ in placement.fixed:
        index[axis] = 0
    for m in placement.axes:
        if m.axis >= 0 and m.step < 0:
            index[m.axis] = slice(None, None, -1)
    part = part[(*index, ...)]  # the Ellipsis keeps 0-d parts arrays
    dropped = sorted(axis for axis, _ in placement.fixed)
    order = [m.axis - sum(d < m.axis for d in dropped) for m in placement.axes if m.axis >= 0]
    if order != list(range(len(order))):
        part = part.transpose(order)
    new = tuple(k for k, m in enumerate(placement.axes) if m.axis < 0)
    return np.expand_dims(part, new) if new else part


def split_planes(part: Tile) -> Planes:
    """Values and mask of what was read."""
    if isinstance(part, np.ma.MaskedArray):
        mask = np.ma.getmask(part)
        if mask is np.ma.nomask:
            return part.data, None
        return part.data, np.asarray(mask)
    return part, None


def arange_part(
    start: Any, step: Any, dtype: np.dtype[Any], part: slice, take: Callable[[str, Corner, np.dtype[Any]], Tile]
) -> Tile:
    """``start + step * i`` for the positions in `part`, as `numpy.arange` computes it.

    take : (name, shape, dtype) -> a buffer that may be reused from call to call
    """
    size = len(range(part.start, part.stop, part.step))
    if dtype.kind in "mM":  # counted in ticks of their unit
        return arange_part(start, step, np.dtype(np.int64), part, take).view(dtype)
    if dtype.kind in "iu" and _is_whole(start) and _is_whole(step):
        first, by = int(start) + int(step) * part.start, int(step) * part.step
        return np.add(_multiples(by, size, dtype), np.asarray(first).astype(dtype), out=take("arange", (size,), dtype))
    positions = np.arange(part.start, part.stop, part.step)
    # NumPy rounds the first two elements to the dtype, and goes on from them in that precision (halves in singles)
    exact = (
        np.zeros(0, dtype).real.dtype if dtype.kind == "c" else np.dtype(np.float32) if dtype == np.float16 else dtype
    )
    with np.errstate(over="ignore", invalid="ignore"):
        first, second = (exact.type(dtype.type(value).real) for value in (start, start + step))
        values = (first + positions.astype(exact) * (second - first)).astype(dtype, copy=False)
    if part.start < 2:
        values[positions == 0], values[positions == 1] = first, second
    return values


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer)


@lru_cache(maxsize=8)
def _multiples(by: int, size: int, dtype: np.dtype[Any]) -> Tile:
    """``0, by, 2 * by, ...``: the same for every tile of a range."""
    return np.arange(size, dtype=np.int64).astype(dtype) * np.asarray(by).astype(dtype)


def eye_part(k: int, dtype: np.dtype[Any], rows: slice, columns: slice) -> Tile:
    """Part of a matrix with ones on the `k`-th diagonal."""
    i = np.arange(rows.start, rows.stop, rows.step)
    j = np.arange(columns.start, columns.stop, columns.step)
    part = np.zeros((len(i), len(j)), dtype)
    part[j[None, :] - i[:, None] == k] = 1
    return part


def full_part(value: Any, dtype: np.dtype[Any], slices: tuple[slice, ...]) -> Tile:
    """One value, shown everywhere without taking memory."""
    return np.broadcast_to(np.asarray(value, dtype), shape_of(slices))


def read_part(read: Callable[..., Tile], slices: tuple[slice, ...], buffer: Tile | None) -> Planes:
    """What a reader gives for `slices`."""
    return split_planes(read(slices, buffer))
