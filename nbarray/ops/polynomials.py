"""What has to know the coefficients of a polynomial: its roots, of which there are as many as its degree."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.errors import LinAlgError, ShapeError
from nbarray.expr.node import Expr
from nbarray.expr.unsized import Unsized
from nbarray.kernels.elementwise import ById
from nbarray.ops.elementwise import astype
from nbarray.ops.matrices import matrix_dtype
from nbarray.ops.operands import as_expr

__all__ = ["roots"]


def roots(x: Expr) -> Expr:
    """The roots of a polynomial, complex, coefficients from the highest power down; leading zeros don't count."""
    if x.ndim != 1:
        raise ShapeError(f"Input must be a rank-1 array, not of {x.ndim} axes")
    kind = np.result_type(matrix_dtype("roots", x), np.complex64)

    def answer(values: tuple[np.ndarray[Any, Any], ...]) -> Expr:
        try:
            return as_expr(np.roots(values[0]).astype(kind))
        except np.linalg.LinAlgError as error:
            raise LinAlgError(f"roots: {error}") from None

    return Unsized((astype(x, matrix_dtype("roots", x)),), ById(answer), (None,), kind, "roots")
