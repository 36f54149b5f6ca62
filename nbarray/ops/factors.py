"""Factors of matrices: QR, singular values, eigenvalues.

Tall matrices are cut into panels of rows (`ops.tall`); small ones are factored by LAPACK, several in a task where they
are stacked; what is neither has to be in one task, which declares its bytes, so that the plan tells them.  Factors that
LAPACK gives together are made together, below each other, and taken apart by views.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.errors import InputError, NotBlocked
from nbarray.expr.node import Expr
from nbarray.ops.contraction import matmul
from nbarray.ops.elementwise import astype, function, ufunc
from nbarray.ops.indexing import getitem
from nbarray.ops.joining import concatenate
from nbarray.ops.matrices import check_square, fits, matrices, of_each, real_dtype
from nbarray.ops.operands import as_expr
from nbarray.ops.shaping import swapaxes
from nbarray.ops.tall import is_tall, tall_qr, tall_svd, triangle
from nbarray.ops.tasks import one_task

__all__ = ["adjoint", "eig", "eigh", "eigvals", "eigvalsh", "qr", "real_part", "svd", "svdvals"]

Matrix = np.ndarray[Any, Any]
QR_MODES = ("reduced", "complete", "r", "raw")


def adjoint(x: Expr) -> Expr:
    """The conjugate transpose of matrices."""
    turned = swapaxes(x, -1, -2)
    made: Expr = ufunc(np.conjugate, turned) if x.dtype.kind == "c" else turned
    return made


def _rows(x: Expr, first: int, count: int) -> Expr:
    return getitem(x, (..., slice(first, first + count), slice(None)))


def real_part(x: Expr) -> Expr:
    """The real part of numbers that are complex."""
    return function("real", x) if x.dtype.kind == "c" else x


# ------------------------------------------------------------------------------------------------------------ QR


def qr(a: Any, mode: str = "reduced") -> Expr | tuple[Expr, Expr]:
    """Q and R of matrices; R alone for mode "r"."""
    if mode not in QR_MODES:
        raise InputError(f"Unrecognized mode '{mode}'; expected one of {', '.join(QR_MODES)}")
    given = as_expr(a)
    if given.ndim > 1 and given.dtype.kind in "OSUmM":  # of whatever isn't a float NumPy makes doubles, here alone
        given = astype(given, float)
    x = matrices("qr", given)
    if mode == "raw":
        raise NotBlocked("qr: mode='raw' (LAPACK's reflections) has no blocked form; use 'reduced' or 'r'")
    m, n = x.sizes[-2:]
    if mode == "complete" and m > n:
        return _complete(x)
    if x.ndim == 2 and is_tall(x):
        return _tall_r(x) if mode == "r" else tall_qr(x)
    if x.ndim == 2 and n > m and not fits(x):
        return _wide(x, mode)
    k = min(m, n)
    if mode == "r":
        return of_each(lambda block: np.linalg.qr(block, mode="r"), [x], (k, n), x.dtype, "qr")

    def qr(block: Matrix) -> Matrix:
        q, r = np.linalg.qr(block)
        return np.concatenate([q, r.swapaxes(-1, -2)], axis=-2)

    packed = of_each(qr, [x], (m + n, k), x.dtype, "qr")
    return _rows(packed, 0, m), swapaxes(_rows(packed, m, n), -1, -2)


def _complete(x: Expr) -> tuple[Expr, Expr]:
    m, n = x.sizes[-2:]

    def qr(block: Matrix) -> Matrix:
        return np.concatenate(np.linalg.qr(block, mode="complete"), axis=-1)

    packed = of_each(qr, [x], (m, m + n), x.dtype, "qr, mode='complete'", 2.5)
    return getitem(packed, (..., slice(0, m))), getitem(packed, (..., slice(m, None)))


def _tall_r(x: Expr) -> Expr:
    """R with LAPACK's signs, which the first rows decide together with the triangle of the others."""
    n = x.sizes[1]
    rows = [getitem(x, slice(0, n)), triangle(getitem(x, slice(n, None)))]
    return one_task(
        lambda *parts: np.linalg.qr(np.concatenate(parts), mode="r"), rows, (n, n), x.dtype, 2.0, "qr of triangles"
    )


def _wide(x: Expr, mode: str) -> Expr | tuple[Expr, Expr]:
    """Of more columns than rows: those that make a square, then Q^H times the others."""
    m = x.sizes[0]
    square = qr(getitem(x, (slice(None), slice(0, m))))
    assert isinstance(square, tuple)
    q, r = square
    r = concatenate([r, matmul(adjoint(q), getitem(x, (slice(None), slice(m, None))))], 1)
    return r if mode == "r" else (q, r)


# --------------------------------------------------------------------------------------------- singular values


def svd(a: Any, full_matrices: bool = True, hermitian: bool = False) -> tuple[Expr, Expr, Expr]:
    """U, the singular values and V^H of matrices."""
    x = matrices("svd", a)
    m, n = x.sizes[-2:]
    if hermitian:
        check_square(x)
    if x.ndim == 2 and not hermitian and not full_matrices:
        for tall, turned in ((x, False), (swapaxes(x, 0, 1), True)):
            if is_tall(tall):
                u, s, v = tall_svd(tall)
                return (swapaxes(v, 0, 1), s, swapaxes(u, 0, 1)) if turned else (u, s, v)
    k = min(m, n)
    width = max(m, n) if full_matrices else k

    def svd(block: Matrix) -> Matrix:
        u, s, v = np.linalg.svd(block, full_matrices=full_matrices, hermitian=hermitian)
        made = np.zeros((*block.shape[:-2], m + 1 + n, width), block.dtype)
        made[..., :m, : u.shape[-1]], made[..., m, :k] = u, s
        made[..., m + 1 :, : v.shape[-2]] = v.swapaxes(-1, -2)
        return made

    label = "svd, full_matrices=True" if full_matrices and m != n else "svd"
    packed = of_each(svd, [x], (m + 1 + n, width), x.dtype, label, 2.0)
    u = getitem(packed, (..., slice(0, m), slice(0, m if full_matrices else k)))
    v = getitem(packed, (..., slice(m + 1, None), slice(0, n if full_matrices else k)))
    return u, real_part(getitem(packed, (..., m, slice(0, k)))), swapaxes(v, -1, -2)


def svdvals(a: Any, hermitian: bool = False) -> Expr:
    """The singular values of matrices, the largest first; a tall matrix is read once."""
    x = matrices("svd", a)
    if hermitian:
        check_square(x)
    if x.ndim == 2 and not hermitian:
        if is_tall(x):
            x = triangle(x)
        elif is_tall(swapaxes(x, 0, 1)):
            x = triangle(swapaxes(x, 0, 1))

    def svdvals(block: Matrix) -> Matrix:
        return np.linalg.svd(block, compute_uv=False, hermitian=hermitian)

    return of_each(svdvals, [x], (min(x.sizes[-2:]),), real_dtype(x.dtype), "svdvals", 1.5)


# -------------------------------------------------------------------------------------------------- eigenvalues


def eigh(a: Any, UPLO: Any = "L") -> tuple[Expr, Expr]:  # noqa: N803 - NumPy's name
    """Eigenvalues, in ascending order, and eigenvectors of symmetric or Hermitian matrices."""
    x = _symmetric("eigh", a, UPLO)
    n = x.sizes[-1]

    def eigh(block: Matrix) -> Matrix:
        values, vectors = np.linalg.eigh(block, UPLO)
        return np.concatenate([vectors, values[..., None, :].astype(vectors.dtype)], axis=-2)

    packed = of_each(eigh, [x], (n + 1, n), x.dtype, "eigh", 1.25)
    return real_part(getitem(packed, (..., n, slice(None)))), _rows(packed, 0, n)


def eigvalsh(a: Any, UPLO: Any = "L") -> Expr:  # noqa: N803 - NumPy's name
    """Eigenvalues of symmetric or Hermitian matrices, in ascending order."""
    x = _symmetric("eigvalsh", a, UPLO)

    def eigvalsh(block: Matrix) -> Matrix:
        return np.linalg.eigvalsh(block, UPLO)

    return of_each(eigvalsh, [x], (x.sizes[-1],), real_dtype(x.dtype), "eigvalsh", 1.5)


def _symmetric(what: str, a: Any, half: Any) -> Expr:
    if str(half).upper() not in ("L", "U"):
        raise InputError(f"UPLO argument must be 'L' or 'U', not {half!r}")
    x = matrices(what, a)
    check_square(x)
    return x


def eig(a: Any) -> tuple[Expr, Expr]:
    """Eigenvalues and right eigenvectors of square matrices, always complex."""
    x = matrices("eig", a)
    check_square(x)
    n, kind = x.sizes[-1], np.dtype(x.dtype.char.upper())

    def eig(block: Matrix) -> Matrix:
        values, vectors = np.linalg.eig(block)
        return np.concatenate([vectors, values[..., None, :]], axis=-2).astype(kind)

    packed = of_each(eig, [x], (n + 1, n), kind, "eig", 1.25)
    return getitem(packed, (..., n, slice(None))), _rows(packed, 0, n)


def eigvals(a: Any) -> Expr:
    """Eigenvalues of square matrices, always complex."""
    x = matrices("eigvals", a)
    check_square(x)
    kind = np.dtype(x.dtype.char.upper())

    def eigvals(block: Matrix) -> Matrix:
        return np.linalg.eigvals(block).astype(kind)

    return of_each(eigvals, [x], (x.sizes[-1],), kind, "eigvals", 2.0)
