"""The standard's linear algebra extension."""

from __future__ import annotations

from typing import Any

from nbarray import linalg as ours
from nbarray.api.array import Array
from nbarray.array_api.spelling import spelled

_ROWS = {
    "cholesky": "x, /, *, upper=False",
    "cross": "x1, x2, /, *, axis=-1",
    "det": "x, /",
    "diagonal": "x, /, *, offset=0",
    "eig": "x, /",
    "eigh": "x, /",
    "eigvals": "x, /",
    "eigvalsh": "x, /",
    "inv": "x, /",
    "matmul": "x1, x2, /",
    "matrix_norm": "x, /, *, keepdims=False, ord='fro'",
    "matrix_power": "x, n, /",
    "matrix_rank": "x, /, *, rtol=None",
    "matrix_transpose": "x, /",
    "outer": "x1, x2, /",
    "qr": "x, /, *, mode='reduced'",
    "slogdet": "x, /",
    "solve": "x1, x2, /",
    "svd": "x, /, *, full_matrices=True",
    "svdvals": "x, /",
    "tensordot": "x1, x2, /, *, axes=2",
    "trace": "x, /, *, offset=0, dtype=None",
    "vecdot": "x1, x2, /, *, axis=-1",
    "vector_norm": "x, /, *, axis=None, keepdims=False, ord=2",
}


def _pinv(x: Any, *, rtol: Any = None) -> Array:
    return ours.pinv(x, rtol=rtol)  # the standard's limit follows the dtype, NumPy's is a number


globals().update({name: spelled(name, row, getattr(ours, name)) for name, row in _ROWS.items()})
pinv = spelled("pinv", "x, /, *, rtol=None", _pinv)
__all__ = [*_ROWS, "pinv"]
