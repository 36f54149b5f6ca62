"""Factors of blocks that `numpy.linalg` doesn't have, or not as fast, made of what it has."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["conjugate", "lu_in_place", "lu_of_each", "solve_triangle", "thin_qr"]

Matrix = np.ndarray[Any, Any]
#: Triangles of this side are solved as they are; columns of this many are factored one by one; matrices of a stack
#: that have no more are factored together.
SMALLEST_TRIANGLE, NARROWEST_PANEL, SMALL_MATRIX = 64, 16, 32


def conjugate(a: Matrix) -> Matrix:
    """The conjugate transpose."""
    turned = a.swapaxes(-1, -2)
    return turned.conj() if a.dtype.kind == "c" else turned


def thin_qr(a: Matrix) -> tuple[Matrix, Matrix | None, Matrix]:
    """Orthonormal columns and an upper triangle, as ``(q, s, r)`` with ``a = q s r``; `s` None stands for the identity.

    a : of shape (m, n) with any m and n

    A tall block whose columns are not nearly dependent is made orthonormal by the Cholesky factor of its Gram matrix,
    twice, which is several times as fast as Householder's reflections and as accurate (Yamamoto and others, Roundoff
    error analysis of the CholeskyQR2 algorithm, 2015); any other by LAPACK.
    """
    made = _cholesky_qr(a) if a.shape[0] >= 2 * a.shape[1] > 0 else None
    if made is not None:
        return made
    q, r = np.linalg.qr(a)
    return q, None, r


def _cholesky_qr(a: Matrix) -> tuple[Matrix, Matrix, Matrix] | None:
    """QR by Gram matrices; None where the first of them has lost too many digits."""
    limit = 0.1 / np.sqrt(np.finfo(a.dtype).eps)
    with np.errstate(all="ignore"):
        gram = conjugate(a) @ a
        lengths = np.sqrt(np.diagonal(gram).real)
        if not np.isfinite(gram).all() or not (lengths > np.finfo(a.dtype).tiny ** 0.25).all():
            return None
        try:
            first = conjugate(np.linalg.cholesky(gram))
            inverse = np.linalg.inv(first)
            condition = np.linalg.norm(first / lengths) * np.linalg.norm(inverse * lengths[:, None])
            if not condition < limit:
                return None
            q = a @ inverse
            second = conjugate(np.linalg.cholesky(conjugate(q) @ q))
            return q, np.linalg.inv(second), second @ first
        except np.linalg.LinAlgError:
            return None


def solve_triangle(t: Matrix, b: Matrix, lower: bool, unit: bool = False) -> Matrix:
    """``x`` with ``t x = b`` for triangles (..., n, n); their other half isn't looked at.

    By halves, so that most is products.  Raises LinAlgError where a number on the diagonal is 0.
    """
    n = t.shape[-1]
    if n > SMALLEST_TRIANGLE:
        h = n // 2
        one, other = (slice(None, h), slice(h, None)) if lower else (slice(h, None), slice(None, h))
        first = solve_triangle(t[..., one, one], b[..., one, :], lower, unit)
        second = solve_triangle(t[..., other, other], b[..., other, :] - t[..., other, one] @ first, lower, unit)
        return np.concatenate([first, second] if lower else [second, first], axis=-2)
    triangle = np.tril(t) if lower else np.triu(t)
    if unit:
        triangle[..., np.arange(n), np.arange(n)] = 1
    elif not np.diagonal(triangle, axis1=-2, axis2=-1).all():
        raise np.linalg.LinAlgError("Singular matrix")
    return np.linalg.solve(triangle, b)


def lu_in_place(a: Matrix) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Factors of `a` (m, n) with row exchanges, in its place: U, and below its diagonal L, whose own is 1.

    Returns the order of rows: row i was row ``order[i]`` before.  By halves of the columns (Toledo, Locality of
    reference in LU decomposition with partial pivoting, 1997), so that most of it is products of matrices.
    """
    m, n = a.shape
    order = np.arange(m)
    if n <= NARROWEST_PANEL or m <= 1:
        _lu_by_columns(a, order)
        return order
    h = min(m, n) // 2
    left = lu_in_place(a[:, :h])
    a[:, h:] = a[left, h:]
    a[:h, h:] = solve_triangle(a[:h, :h], a[:h, h:], True, unit=True)
    a[h:, h:] -= a[h:, :h] @ a[:h, h:]
    right = lu_in_place(a[h:, h:])
    a[h:, :h] = a[h:, :h][right]
    order[:] = left
    order[h:] = order[h:][right]
    return order


def _lu_by_columns(a: Matrix, order: np.ndarray[Any, np.dtype[np.intp]]) -> None:
    for k in range(min(a.shape)):
        column = a[k:, k]
        # of complex numbers the larger is what LAPACK takes for it
        size = np.abs(column.real) + np.abs(column.imag) if a.dtype.kind == "c" else np.abs(column)
        p = k + int(size.argmax())
        if p != k:
            a[[k, p]] = a[[p, k]]
            order[[k, p]] = order[[p, k]]
        if a[k, k] != 0:
            a[k + 1 :, k] /= a[k, k]
            a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])


def lu_of_each(a: Matrix) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Factors of matrices (count, m, n), in their place, as `lu_in_place`; returns the orders of their rows."""
    count, m, n = a.shape
    order = np.tile(np.arange(m), (count, 1))
    if min(m, n) > SMALL_MATRIX:
        for k in range(count):
            order[k] = lu_in_place(a[k])
        return order
    each = np.arange(count)
    for k in range(min(m, n)):
        column = a[:, k:, k]
        size = np.abs(column.real) + np.abs(column.imag) if a.dtype.kind == "c" else np.abs(column)
        p = k + size.argmax(axis=1)
        for rows in (a, order):
            largest = rows[each, p]
            rows[each, p] = rows[:, k]
            rows[:, k] = largest
        pivot = a[:, k, k, None]
        a[:, k + 1 :, k] /= np.where(pivot == 0, 1, pivot)
        a[:, k + 1 :, k + 1 :] -= a[:, k + 1 :, k, None] * a[:, k, None, k + 1 :]
    return order
