"""A mean of squared deviations is a variance, which needs no mean beforehand and so reads its base once."""

from __future__ import annotations

import math

import numpy as np

from nbarray.expr.elementwise import Elementwise
from nbarray.expr.leaves import Scalar
from nbarray.expr.node import Expr
from nbarray.expr.reduce import Reduce
from nbarray.expr.structure import View
from nbarray.grid.regions import AxisMap
from nbarray.kernels.elementwise import ufunc_op
from nbarray.kernels.program import Constant
from nbarray.rewrite.driver import on

__all__ = ["variance_in_one_pass"]

_SQUARE, _SUBTRACT, _MULTIPLY = ufunc_op(np.square), ufunc_op(np.subtract), ufunc_op(np.multiply)


@on(Reduce)
def variance_in_one_pass(expr: Expr) -> Expr | None:
    """Take the mean (or sum) of squared deviations from a mean as a variance, by its stable formula.

    ((x - x.mean(axis=0)) ** 2).mean()   ->   x.var(axis=0).mean()
    ((x - x.mean()) ** 2).sum()          ->   x.var() * x.size
    """
    match expr:
        case Reduce("mean" | "sum" as name, base, axes, None, dtype) if dtype.kind == "f" and not expr.masked:
            found = _squared_deviation(base)
            if found is None or not set(found.axes) <= set(axes) or base.dtype != dtype:
                return None
            spread: Expr = Reduce("var", found.base, found.axes, None, dtype, (("ddof", 0),))
            if name == "sum":
                spread = Elementwise(_MULTIPLY, (spread, Scalar(Constant.of(float(found.count)))), dtype)
            rest = tuple(a for a in axes if a not in found.axes)
            return Reduce(name, spread, rest, None, dtype, expr.params) if rest else spread
    return None


def _squared_deviation(expr: Expr) -> Reduce | None:
    """The mean, where `expr` is the square of what something deviates by from its mean; None of anything else."""
    match expr:
        case Elementwise(op, (deviation,)) if op == _SQUARE:
            pass
        case Elementwise(op, (deviation, other)) if op == _MULTIPLY and deviation == other:
            pass
        case _:
            return None
    match deviation:
        case Elementwise(op, args) if op == _SUBTRACT:
            for x, centre in (args, args[::-1]):
                mean = _mean_along(centre, x)
                if mean is not None:
                    return mean
    return None


def _mean_along(centre: Expr, x: Expr) -> Reduce | None:
    """The mean of `x` that `centre` shows, where each element of `x` meets the mean that it is part of."""
    mean = centre.base if isinstance(centre, View) else centre
    match mean:
        case Reduce("mean", base, _, None) if base == x and x.dtype.kind in "iuf" and x.dtype.itemsize < 16:
            narrow = x.dtype.kind == "f" and (x.dtype.itemsize < 4 or mean.dtype != x.dtype.newbyteorder("="))
            if narrow or not math.prod(x.sizes):
                return None
            return mean if _lies_along(centre, mean) else None
    return None


def _lies_along(centre: Expr, mean: Reduce) -> bool:
    """Whether broadcasting lays each axis of `centre` on the axis of `mean` that it shows."""
    if not isinstance(centre, View):
        return True
    sizes, ahead = mean.sizes, mean.ndim - centre.ndim
    if ahead < 0 or any(n != 1 for n in sizes[:ahead]) or any(sizes[axis] != 1 for axis, _ in centre.placement.fixed):
        return False
    return all(
        m == AxisMap(k, 0, 1, sizes[k]) or (m.size == sizes[k] == 1 and (m.axis < 0 or sizes[m.axis] == 1))
        for k, m in enumerate(centre.placement.axes, ahead)
    )
