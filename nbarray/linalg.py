"""Linear algebra, as `numpy.linalg` names it, and what blocked arrays have besides."""

from __future__ import annotations

from nbarray.api.linalg_products import (
    cross,
    diagonal,
    matmul,
    matrix_transpose,
    multi_dot,
    outer,
    tensordot,
    trace,
    vecdot,
)
from nbarray.errors import LinAlgError

__all__ = [
    "LinAlgError",
    "cross",
    "diagonal",
    "matmul",
    "matrix_transpose",
    "multi_dot",
    "outer",
    "tensordot",
    "trace",
    "vecdot",
]
