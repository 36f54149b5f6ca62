"""Means and variances of parts, put together by the updating formulas of Chan, Golub and LeVeque (1983).

A state is three planes: how many elements each result has seen, their mean, and the sum of their squared deviations
from it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nbarray.compiling import KERNEL, CannotCompile, kernels_loaded, run_loops
from nbarray.kernels.tiles import Where

__all__ = ["deviation", "moments_dtypes", "moments_fold", "moments_merge", "moments_of", "moments_update", "variance"]

#: For fewer results NumPy takes no longer than calling compiled code does.
FEW_RESULTS = 1024

Tile = np.ndarray[Any, Any]
Axes = tuple[int, ...]


def moments_fold(planes: list[Tile], values: Tile, mask: Tile | None, axes: Axes, where: Where) -> None:
    """Two passes over the tile while it is in cache, then one update of the planes."""
    moments_update(planes, *moments_of(values, mask, axes, planes[1].dtype), where.alike)


def moments_of(values: Tile, mask: Tile | None, axes: Axes, kind: np.dtype[Any]) -> tuple[Any, Tile, Any]:
    """How many elements of a tile count, their mean, of dtype `kind`, and the sum of their squared deviations."""
    size = math.prod(values.shape[a] for a in axes)
    real = np.dtype(kind.type(0).real.dtype)
    if mask is None:
        n: Any = float(size)
        if size == 1:
            return n, values.astype(kind, copy=False), 0.0
        total = np.add.reduce(values, axis=axes, keepdims=True, dtype=kind)
        mean = total / n
        deviation = values - mean
    else:
        n = np.subtract(float(size), np.add.reduce(mask, axis=axes, keepdims=True, dtype=np.float64))
        total = np.add.reduce(values, axis=axes, keepdims=True, dtype=kind)  # left-out values are 0 here
        mean = total / np.maximum(n, 1.0)
        deviation = values - mean
        np.copyto(deviation, 0, where=mask)
    if deviation.dtype.kind == "c":
        square = deviation.real**2 + deviation.imag**2
    else:
        square = np.multiply(deviation, deviation, out=deviation)
    return n, mean, np.add.reduce(square, axis=axes, keepdims=True, dtype=real)


def moments_update_alike(planes: list[Tile], n: float, mean: Tile, m2: Any) -> None:
    """As `moments_update`, where all results have seen equally many elements."""
    count, mean_plane, m2_plane = planes
    before = float(count.flat[0])
    if before + n == 0:
        return
    share = n / (before + n)
    count += count.dtype.type(n)
    if _updated(mean_plane, m2_plane, mean, m2, before, share):
        return
    delta = mean - mean_plane
    step = delta * share
    mean_plane += step
    m2_plane += _square(delta, step, before)
    m2_plane += m2


def _square(delta: Tile, step: Tile, before: Any) -> Tile:
    """What the step of a mean adds to squared deviations, made in `step`: nothing where nothing was seen `before`.

    Counts come first: the square of a large mean is infinite, and no times that would be NaN.
    """
    step *= before
    if step.dtype.kind == "c":
        return delta.real * step.real + delta.imag * step.imag
    step *= delta
    return step


#: As `moments_update_alike`, operation for operation.
_UPDATING = f"""def {KERNEL}(mean, m2, other_mean, other_m2, before, share):
    for k in range(len(mean)):
        delta = other_mean[k] - mean[k]
        step = delta * share
        mean[k] += step
        m2[k] += step * before * delta
        m2[k] += other_m2[k]
"""


def _updated(mean: Tile, m2: Tile, other_mean: Tile, other_m2: Any, before: float, share: float) -> bool:
    """Update by compiled code, if there is any, and many results: in one pass, where NumPy makes seven."""
    if mean.size < FEW_RESULTS or mean.dtype != np.float64 or not kernels_loaded():
        return False
    planes = (mean, m2, other_mean, other_m2)
    if not all(isinstance(p, np.ndarray) and p.dtype == np.float64 and p.shape == mean.shape for p in planes):
        return False
    return _looped(_UPDATING, planes, before, share)


def _looped(text: str, planes: tuple[Tile, ...], *numbers: float) -> bool:
    """Run loops over planes that each lie in one run of memory; returns whether that could be done."""
    if not all(p.flags.c_contiguous for p in planes):
        return False
    try:
        run_loops(text, *(p.reshape(-1) for p in planes), *numbers)
    except CannotCompile:
        return False
    return True


def moments_update(planes: list[Tile], n: Any, mean: Any, m2: Any, alike: bool) -> None:
    """Put a group of `n` elements, with its mean and sum of squared deviations, to those seen before.

    alike : whether nothing has been left out so far, so that all results have seen equally many elements
    """
    count, mean_plane, m2_plane = planes
    if alike and isinstance(n, float) and count.size:
        moments_update_alike(planes, n, mean, m2)
        return
    together = np.add(count, n, dtype=np.float64)
    share = np.maximum(together, 1.0)  # where nothing has been seen, nothing is added either
    np.divide(n, share, out=share)
    delta = mean - mean_plane
    step = delta * share
    mean_plane += step
    m2_plane += _square(delta, step, count)
    m2_plane += m2
    count[...] = together


def moments_merge(planes: list[Tile], other: list[Tile]) -> None:
    """Put what another state has seen to the first."""
    if _merged(planes, other):
        return
    alike = all(plane.size and plane.min() == plane.max() for plane in (planes[0], other[0]))
    n: Any = float(other[0].flat[0]) if alike else other[0].astype(np.float64)
    moments_update(planes, n, other[1], other[2], alike)


#: As `moments_update`, operation for operation; 1 is added where nothing has been seen, since compilers make of a
#: larger of two divisions by both.
_MERGING = f"""import numpy as np


def {KERNEL}(count, mean, m2, more, other_mean, other_m2):
    for k in range(len(count)):
        seen, n = float(count[k]), float(more[k])
        both = seen + n
        share = n / (both + np.float64(both == 0.0))
        delta = other_mean[k] - mean[k]
        step = delta * share
        mean[k] += step
        m2[k] += step * seen * delta
        m2[k] += other_m2[k]
        count[k] = seen + n
"""


def _merged(planes: list[Tile], other: list[Tile]) -> bool:
    """Merge by compiled code, if there is any: in one pass, where NumPy makes ten."""
    if planes[1].dtype != np.float64 or not kernels_loaded():
        return False
    return _looped(_MERGING, (*planes, *other))


def variance(planes: list[Tile], count: Any, dtype: np.dtype[Any], params: dict[str, Any]) -> Tile:
    """The variance of what a state has seen."""
    return np.true_divide(planes[2], freedom(planes, params)).astype(dtype, copy=False)


def deviation(planes: list[Tile], count: Any, dtype: np.dtype[Any], params: dict[str, Any]) -> Tile:
    """The standard deviation of what a state has seen."""
    return np.sqrt(np.true_divide(planes[2], freedom(planes, params))).astype(dtype, copy=False)


def freedom(planes: list[Tile], params: dict[str, Any]) -> Tile:
    """What variances divide by; with too few elements NumPy divides by 0, or (nanvar) gives NaN."""
    freedom = np.subtract(planes[0], params.get("ddof", 0), dtype=np.float64)
    few = np.nan if params.get("too_few") == "nan" else 0
    return np.where(freedom > 0, freedom, few)


def moments_dtypes(values: np.dtype[Any], result: np.dtype[Any]) -> tuple[np.dtype[Any], ...]:
    """Dtypes of the planes: of counts, means and sums of squares."""
    if values.kind == "c":
        return (np.dtype(np.float64), np.dtype(np.complex128), np.dtype(np.float64))
    kind = np.dtype(np.float64) if result.itemsize <= 8 else result
    return (np.dtype(np.float64), kind, kind)
