"""Singular values of a matrix that is much larger than its rank: by products with a few random vectors.

Halko, Martinsson and Tropp, Finding structure with randomness, 2011.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.errors import InputError, LinAlgError
from nbarray.expr.leaves import Filled
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks, regular
from nbarray.kernels.program import Constant
from nbarray.ops.contraction import matmul
from nbarray.ops.elementwise import astype
from nbarray.ops.factors import adjoint, qr, svd
from nbarray.ops.indexing import getitem
from nbarray.ops.matrices import matrices, room
from nbarray.ops.tasks import of_blocks, whole

__all__ = ["compression_level", "compression_matrix", "svd_compressed"]

ITERATORS = ("power", "QR", "none")


def compression_level(n: int, q: int, n_oversamples: int = 10, min_subspace_size: int = 20) -> int:
    """How many random vectors find `q` singular values of a matrix whose shorter side has `n` elements.

    Cost: none: known without reading anything.

    >>> import nbarray as nb
    >>> nb.linalg.compression_level(1000, 10)
    20
    """
    return min(max(min_subspace_size, q + n_oversamples), n)


def compression_matrix(
    a: Any, q: int, iterator: str = "power", n_power_iter: int = 0, n_oversamples: int = 10, seed: Any = None
) -> Expr:
    """Rows (k, m) of orthonormal vectors that a matrix (m, n) maps onto, nearly.

    iterator : "power", or "QR", which makes them orthonormal after each of the `n_power_iter` steps
    """
    x = matrices("compression_matrix", a)
    if x.ndim != 2:
        raise LinAlgError(f"{x.ndim}-dimensional array given. Array must be two-dimensional")
    if iterator not in ITERATORS:
        raise InputError(f"iterator={iterator!r}: expected one of {', '.join(ITERATORS)}")
    k = compression_level(min(x.sizes), q, n_oversamples)
    found = matmul(x, astype(_normal(x.sizes[1], k, seed, x.dtype), x.dtype))
    for _ in range(n_power_iter):
        if iterator == "QR":
            found = _orthonormal(matmul(adjoint(x), _orthonormal(found)))
            found = matmul(x, found)
        else:
            found = matmul(x, matmul(adjoint(x), found))
    return adjoint(_orthonormal(found))


def _orthonormal(x: Expr) -> Expr:
    factors = qr(x)
    assert isinstance(factors, tuple)
    return factors[0]


def svd_compressed(
    a: Any, k: int, iterator: str = "power", n_power_iter: int = 0, n_oversamples: int = 10, seed: Any = None
) -> tuple[Expr, Expr, Expr]:
    """The largest `k` singular values, nearly, with their vectors."""
    x = matrices("svd_compressed", a)
    short = compression_matrix(x, k, iterator, n_power_iter, n_oversamples, seed)
    u, s, v = svd(matmul(short, x), False)
    u = matmul(adjoint(short), u)
    return getitem(u, (slice(None), slice(0, k))), getitem(s, slice(0, k)), getitem(v, slice(0, k))


def _normal(rows: int, columns: int, seed: Any, dtype: np.dtype[Any]) -> Expr:
    """Normally distributed numbers, which depend on the seed alone."""
    root = seed if isinstance(seed, int | np.integer) else np.random.default_rng(seed).integers(2**63)
    cut = Chunks((regular(rows, max(1, min(2**14, room(dtype) // max(1, columns)))), *whole((columns,)).axes))
    place = Filled(Constant.of(np.float64(0)), Chunks(cut.axes[:1]))

    def normal(block: Any, block_id: tuple[int, ...]) -> Any:
        return np.random.default_rng([int(root), block_id[0]]).standard_normal((len(block), columns))

    return of_blocks(normal, [(place, place.chunks)], cut, (0, -1), np.float64, block_id=True)
