"""The table of reductions; what a row is made of is told in `reduction_rows`.

Nan-reductions are no rows: leaving NaN out is a mask.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from nbarray.kernels.moments import deviation, moments_dtypes, moments_fold, moments_merge, moments_update, variance
from nbarray.kernels.reduction_rows import Axes, Reduction, Tile
from nbarray.kernels.sums import add_part, add_planes, total
from nbarray.kernels.tiles import Where

__all__ = ["REDUCTIONS"]

#: What folding a tile makes on the way (see `Reduction.makes`): a ufunc's reductions of it; deviations, and parts;
#: where the best are.
_PARTS, _DEVIATIONS, _BEST = (0.0, 1.0), (1.0, 3.0), (0.5, 6.0)


# ---------------------------------------------------------------- sum, prod, any, all, min, max, mean


def wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype sums are kept in between tiles: doubles for narrower floats, so that nothing is lost."""
    if dtype.kind == "f" and dtype.itemsize < 8:
        return np.dtype(np.float64)
    if dtype == np.complex64:
        return np.dtype(np.complex128)
    return dtype


def _reduce_tile(ufunc: np.ufunc, values: Tile, axes: Axes, dtype: np.dtype[Any] | None) -> Tile:
    if all(values.shape[a] == 1 for a in axes):
        return values
    if dtype is not None and (values.dtype.kind in "fc" and values.dtype.itemsize > 2):
        # along the last axis NumPy sums pairwise, which is good enough in the tile's own precision (doubles come
        # between tiles); along others it adds row to row
        if values.ndim - 1 in axes or values.dtype == dtype:
            dtype = None
    if dtype is not None and values.dtype.kind not in "biufc":
        dtype = None
    if dtype is not None and dtype.kind == "f" and values.dtype.kind in "biu":
        if values.dtype.itemsize <= 4:
            dtype = np.dtype(np.int64)  # exact, and faster than converting each element
        else:
            values, dtype = values.astype(dtype), None
    result: Tile = ufunc.reduce(values, axis=axes, keepdims=True, dtype=dtype)
    return result


def _folding(ufunc: np.ufunc, typed: bool) -> Callable[[list[Tile], Tile, Tile | None, Axes, Where], None]:
    def fold(planes: list[Tile], values: Tile, mask: Tile | None, axes: Axes, where: Where) -> None:
        part = _reduce_tile(ufunc, values, axes, planes[0].dtype if typed else None)
        ufunc(planes[0], part, out=planes[0], casting="unsafe")

    return fold


def _sum_fold(planes: list[Tile], values: Tile, mask: Tile | None, axes: Axes, where: Where) -> None:
    add_part(planes, _reduce_tile(np.add, values, axes, planes[0].dtype))


def _merging(ufunc: np.ufunc) -> Callable[[list[Tile], list[Tile]], None]:
    def merge(planes: list[Tile], other: list[Tile]) -> None:
        ufunc(planes[0], other[0], out=planes[0])

    return merge


def _sum_join(planes: list[Tile], made: list[Tile], count: int, where: Where) -> None:
    add_part(planes, made[0])


def _extreme_join(ufunc: np.ufunc) -> Callable[[list[Tile], list[Tile], int, Where], None]:
    def join(planes: list[Tile], made: list[Tile], count: int, where: Where) -> None:
        ufunc(planes[0], made[0], out=planes[0])

    return join


def _plain(planes: list[Tile], count: Any, dtype: np.dtype[Any], params: dict[str, Any]) -> Tile:
    return planes[0].astype(dtype, copy=False)


class _Nothing:
    """What sums and products of objects begin with: it leaves alone whatever is put to it, be it a text."""

    def __add__(self, other: Any) -> Any:
        return other

    __radd__ = __mul__ = __rmul__ = __add__


_NOTHING = _Nothing()


def _begun(dtype: np.dtype[Any], identity: int) -> Any:
    """What a plane of sums or products is filled with."""
    if dtype.kind == "m":
        return np.timedelta64(identity, "ns").astype(dtype)
    return _NOTHING if dtype.hasobject else identity


def _ended(plane: Tile, identity: int) -> Tile:
    """Sums or products, and the identity where there was nothing."""
    if plane.dtype.hasobject:
        flat: Any = plane.flat
        for k, value in enumerate(list(flat)):
            if value is _NOTHING:
                flat[k] = identity
    return plane


def _sum(planes: list[Tile], count: Any, dtype: np.dtype[Any], params: dict[str, Any]) -> Tile:
    return _ended(total(planes), 0).astype(dtype, copy=False)


def _prod(planes: list[Tile], count: Any, dtype: np.dtype[Any], params: dict[str, Any]) -> Tile:
    return _ended(planes[0], 1).astype(dtype, copy=False)


def _mean(planes: list[Tile], count: Any, dtype: np.dtype[Any], params: dict[str, Any]) -> Tile:
    if planes[0].dtype.kind == "m":
        return (planes[0] / count).astype(dtype, copy=False)
    return np.true_divide(total(planes), count).astype(dtype, copy=False)  # objects are divided by `ops`


def _same(values: np.dtype[Any], result: np.dtype[Any]) -> tuple[np.dtype[Any], ...]:
    return (values,)


def _wide_result(values: np.dtype[Any], result: np.dtype[Any]) -> tuple[np.dtype[Any], ...]:
    return (wide(result),)


def lowest(dtype: np.dtype[Any]) -> Any:
    """The value no other is below."""
    if dtype.kind == "f":
        return -np.inf
    if dtype.kind == "c":
        return complex(-np.inf, -np.inf)
    if dtype.kind == "b":
        return False
    if dtype.kind in "mM":
        return np.int64(np.iinfo(np.int64).min + 1).view(dtype.newbyteorder("="))
    if dtype.kind in "SU":
        return dtype.type()
    return np.iinfo(dtype).min


def highest(dtype: np.dtype[Any]) -> Any:
    """The value no other is above."""
    if dtype.kind == "f":
        return np.inf
    if dtype.kind == "c":
        return complex(np.inf, np.inf)
    if dtype.kind == "b":
        return True
    if dtype.kind in "mM":
        return np.int64(np.iinfo(np.int64).max).view(dtype.newbyteorder("="))
    if dtype.kind in "SU":
        width = dtype.itemsize if dtype.kind == "S" else dtype.itemsize // 4
        return b"\xff" * width if dtype.kind == "S" else chr(sys.maxunicode) * width
    return np.iinfo(dtype).max


def _ufunc_row(name: str, ufunc: np.ufunc, identity: Any) -> Reduction:
    return Reduction(
        name,
        _wide_result,
        lambda values, dtypes: (_begun(dtypes[0], identity),),
        _folding(ufunc, typed=True),
        _merging(ufunc),
        _plain,
        neutral=lambda dtype: identity,
        makes=_PARTS,
    )


def _extreme_row(name: str, ufunc: np.ufunc, worst: Callable[[np.dtype[Any]], Any]) -> Reduction:
    return Reduction(
        name,
        _same,
        lambda values, dtypes: (worst(dtypes[0]),),
        _folding(ufunc, typed=False),
        _merging(ufunc),
        _plain,
        has_identity=False,
        neutral=worst,
        join=_extreme_join(ufunc),
        makes=_PARTS,
    )


def _logical_row(name: str, ufunc: np.ufunc, identity: bool) -> Reduction:
    return Reduction(
        name,
        lambda values, result: (np.dtype(bool),),
        lambda values, dtypes: (identity,),
        _folding(ufunc, typed=False),
        _merging(ufunc),
        _plain,
        # text is true where there is any
        neutral=lambda dtype: identity if dtype.kind not in "SU" else dtype.type("1" if identity else ""),
        makes=_PARTS,
    )


# ------------------------------------------------------------------------------------------- variance


def _moments_row(name: str, finish: Callable[[list[Tile], Any, np.dtype[Any], dict[str, Any]], Tile]) -> Reduction:
    return Reduction(
        name,
        moments_dtypes,
        lambda values, dtypes: (0, 0, 0),
        moments_fold,
        moments_merge,
        finish,
        neutral=lambda dtype: 0,
        counts=True,
        makes=_DEVIATIONS,
        join=lambda planes, made, count, where: moments_update(planes, float(count), made[0], made[1], where.alike),
    )


# ---------------------------------------------------------------------------------- argmin and argmax


def _positions(where: Where, shape: tuple[int, ...], local: Tile, axes: Axes) -> Tile:
    """From positions inside a tile (along its reduced axes, in C order) to positions in the whole array."""
    extents = tuple(shape[a] for a in axes)
    parts = np.unravel_index(local, extents)
    whole = np.zeros_like(local)
    for a, part in zip(axes, parts, strict=True):
        whole = whole * where.shape[a] + (part + where.low[a])
    return whole


def _arg_fold(
    best: Callable[..., Any], better: np.ufunc
) -> Callable[[list[Tile], Tile, Tile | None, Axes, Where], None]:
    def fold(planes: list[Tile], values: Tile, mask: Tile | None, axes: Axes, where: Where) -> None:
        kept = tuple(k for k in range(values.ndim) if k not in axes)
        flat = values.transpose(kept + axes).reshape((*(values.shape[k] for k in kept), -1))
        local = best(flat, axis=-1)
        value = np.take_along_axis(flat, local[..., None], axis=-1)[..., 0]
        shape = tuple(1 if k in axes else values.shape[k] for k in range(values.ndim))
        position = _positions(where, values.shape, local.astype(np.int64), axes)
        _arg_update(planes, value.reshape(shape), position.reshape(shape), better)

    return fold


def _arg_update(planes: list[Tile], value: Tile, position: Tile, better: np.ufunc) -> None:
    """Take the better value; of equal ones, the first; NaN is better than anything, as NumPy has it."""
    have, at = planes
    wins = better(value, have)
    if value.dtype.kind in "fcmM":
        missing, had = np.not_equal(value, value), np.not_equal(have, have)
        ties = (value == have) | (missing & had)
        wins = (wins | missing) & ~had
    else:
        ties = value == have
    wins = wins | (ties & (position < at))
    np.copyto(have, value, where=wins)
    np.copyto(at, position, where=wins)


def _arg_row(name: str, best: Callable[..., Any], better: np.ufunc, worst: Callable[[np.dtype[Any]], Any]) -> Reduction:
    return Reduction(
        name,
        lambda values, result: (values, np.dtype(np.int64)),
        lambda values, dtypes: (worst(dtypes[0]), np.iinfo(np.int64).max),
        _arg_fold(best, better),
        lambda planes, other: _arg_update(planes, other[0], other[1], better),
        lambda planes, count, dtype, params: planes[1].astype(dtype, copy=False),
        has_identity=False,
        neutral=worst,
        makes=_BEST,
    )


REDUCTIONS: dict[str, Reduction] = {
    row.name: row
    for row in (
        replace(
            _ufunc_row("sum", np.add, 0), fold=_sum_fold, merge=add_planes, finish=_sum, is_sum=True, join=_sum_join
        ),
        replace(_ufunc_row("prod", np.multiply, 1), finish=_prod),
        _extreme_row("min", np.minimum, highest),
        _extreme_row("max", np.maximum, lowest),
        _logical_row("any", np.logical_or, False),
        _logical_row("all", np.logical_and, True),
        Reduction(
            "mean",
            _wide_result,
            lambda values, dtypes: (0,),
            _sum_fold,
            add_planes,
            _mean,
            neutral=lambda dtype: 0,
            is_sum=True,
            join=_sum_join,
            makes=_PARTS,
        ),
        Reduction(
            "count",
            lambda values, result: (np.dtype(np.int64),),
            lambda values, dtypes: (0,),
            lambda planes, values, mask, axes, where: None,
            _merging(np.add),
            lambda planes, count, dtype, params: np.add(planes[0], count).astype(dtype, copy=False),
        ),
        _moments_row("var", variance),
        _moments_row("std", deviation),
        _arg_row("argmin", np.argmin, np.less, highest),
        _arg_row("argmax", np.argmax, np.greater, lowest),
    )
}
