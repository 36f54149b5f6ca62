"""Rules that put a cheaper operation in place of one that gives the same bits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nbarray.expr.elementwise import Elementwise
from nbarray.expr.leaves import Scalar
from nbarray.expr.node import Expr
from nbarray.kernels.elementwise import ufunc_op
from nbarray.kernels.program import Constant
from nbarray.rewrite.driver import on

__all__ = ["divide_by_power_of_two"]

_DIVIDE = ufunc_op(np.divide)


@on(Elementwise)
def divide_by_power_of_two(expr: Expr) -> Expr | None:
    """Multiply by its reciprocal, which is exact, and several times faster.

    x / 4   ->   x * 0.25
    """
    match expr:
        case Elementwise(op, (x, Scalar(constant)), dtype) if op == _DIVIDE and not expr.masked:
            reciprocal = _reciprocal(constant)
            if reciprocal is not None and dtype == x.dtype and dtype in (np.float32, np.float64):
                return Elementwise(ufunc_op(np.multiply), (x, Scalar(reciprocal)), dtype)
    return None


def _reciprocal(constant: Constant) -> Constant | None:
    """Of a power of two that every float can hold; None of other numbers."""
    value: Any = constant.value
    if isinstance(value, bool | complex) or not isinstance(value, int | float | np.floating):
        return None
    size = abs(float(value))
    if not 2.0**-100 < size < 2.0**100 or math.frexp(size)[0] != 0.5:
        return None
    return Constant.of(1 / value if isinstance(value, int) else type(value)(1) / value)
