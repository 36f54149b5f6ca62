"""Systems of equations, inverses and determinants, by the factors that suit the shape of a matrix."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.errors import AxisError, DTypeError, LinAlgError, NotBlocked, ShapeError
from nbarray.expr.elementwise import broadcast_sizes
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks, regular
from nbarray.kernels.matrices import solve_triangle
from nbarray.ops.contraction import matmul
from nbarray.ops.creation import eye, full
from nbarray.ops.diagonals import diagonal
from nbarray.ops.elementwise import astype, ufunc, where
from nbarray.ops.factors import adjoint, real_part, svd
from nbarray.ops.indexing import getitem
from nbarray.ops.joining import concatenate
from nbarray.ops.matrices import check_square, fits, matrices, matrix_dtype, of_each, real_dtype, room
from nbarray.ops.operands import as_expr, broadcast_to, drop_axes
from nbarray.ops.reductions import reduction
from nbarray.ops.shaping import expand_dims, moveaxis, reshape
from nbarray.ops.tall import is_tall, triangle
from nbarray.ops.tasks import of_blocks, one_task, whole
from nbarray.ops.triangular import (
    RowFactors,
    blocked_cholesky,
    blocked_solve_triangle,
    row_factors,
    row_factors_of_each,
)

__all__ = [
    "cholesky",
    "det",
    "inv",
    "lstsq",
    "lu",
    "matrix_power",
    "pinv",
    "slogdet",
    "solve",
    "solve_triangular",
    "tensorinv",
    "tensorsolve",
]

Matrix = np.ndarray[Any, Any]


def cholesky(a: Any, upper: bool = False) -> Expr:
    """The triangle L with L L^H = a, or its adjoint, of Hermitian positive definite matrices."""
    x = matrices("cholesky", a)
    check_square(x)
    x = adjoint(x) if upper else x
    if x.ndim == 2 and not fits(x):
        made = blocked_cholesky(x)
    else:
        made = of_each(np.linalg.cholesky, [x], x.sizes[-2:], x.dtype, "cholesky")
    return adjoint(made) if upper else made


def lu(a: Any) -> tuple[Expr, Expr, Expr]:
    """P, L and U with ``P L U`` the matrix, rows exchanged for the largest numbers."""
    x = matrices("lu", a)
    factors = row_factors(x) if x.ndim == 2 else row_factors_of_each(x)
    return factors.exchange, factors.lower, factors.upper


def solve_triangular(a: Any, b: Any, lower: bool = False) -> Expr:
    """``x`` with ``a x = b`` for triangles; the other half of `a` is taken for zeros."""
    x, y = _system("solve_triangular", a, b)
    columns = expand_dims(y, 1) if y.ndim == 1 else y
    if x.ndim == 2 and columns.ndim == 2:
        made = blocked_solve_triangle(x, columns, lower)
    else:

        def substitute(triangles: Matrix, block: Matrix) -> Matrix:
            return solve_triangle(triangles, block, lower)

        made = _of_each_system(substitute, x, columns, "solve triangle")
    return drop_axes(made, (made.ndim - 1,)) if y.ndim == 1 else made


def _of_each_system(function: Callable[..., Matrix], x: Expr, columns: Expr, label: str) -> Expr:
    """A function of the matrices of two stacks, of which each may stand for many of the other."""
    stack = broadcast_sizes([x.sizes[:-2], columns.sizes[:-2]], label)
    both = [broadcast_to(e, (*stack, *e.sizes[-2:])) for e in (x, columns)]
    return of_each(function, both, columns.sizes[-2:], x.dtype, label)


def _system(what: str, a: Any, b: Any) -> tuple[Expr, Expr]:
    """Both sides of an equation, in one dtype; a right-hand side of one axis is a vector."""
    x, y = as_expr(a), as_expr(b)
    if x.ndim < 2:
        raise LinAlgError(f"{x.ndim}-dimensional array given. Array must be at least two-dimensional")
    check_square(x)
    if y.ndim == 0:
        raise ShapeError(f"{what}: expected a vector or a matrix on the right-hand side, not a number")
    if y.sizes[0 if y.ndim == 1 else -2] != x.sizes[-1]:
        raise ShapeError(f"{what}: a matrix of {x.sizes[-1]} rows doesn't fit a right-hand side of shape {y.sizes}")
    kind = matrix_dtype(what, x, y)
    return astype(x, kind), astype(y, kind)


def solve(a: Any, b: Any, positive: bool = False) -> Expr:
    """``x`` with ``a x = b``; positive : `a` is Hermitian positive definite."""
    x, y = _system("solve", a, b)
    columns = expand_dims(y, 1) if y.ndim == 1 else y
    if x.ndim == 2 and columns.ndim == 2 and not fits(x):
        made = _solve_large(x, columns, positive)
    elif x.ndim == 2 and columns.ndim == 2:
        width = regular(columns.sizes[1], max(1, room(y.dtype) // max(1, x.sizes[0])))
        cut = Chunks((*whole(columns.sizes[:1]).axes, width))
        operands = [(x, whole(x.sizes)), (columns, cut)]
        made = of_blocks(np.linalg.solve, operands, cut, (0, 1), x.dtype, takes=1.0)
    else:
        made = _of_each_system(np.linalg.solve, x, columns, "solve")
    return drop_axes(made, (made.ndim - 1,)) if y.ndim == 1 else made


def _solve_large(x: Expr, b: Expr, positive: bool) -> Expr:
    if positive:
        lower = blocked_cholesky(x)
        return blocked_solve_triangle(adjoint(lower), blocked_solve_triangle(lower, b, True), False)
    factors = row_factors(x)
    forward = blocked_solve_triangle(factors.packed, factors.of(b), True, unit=True)
    return blocked_solve_triangle(factors.packed, forward, False)


def inv(a: Any) -> Expr:
    """The inverses of matrices."""
    x = matrices("inv", a)
    check_square(x)
    if x.ndim == 2 and not fits(x):
        return _solve_large(x, eye(x.sizes[0], None, 0, x.dtype), False)
    return of_each(np.linalg.inv, [x], x.sizes[-2:], x.dtype, "inv")


def matrix_power(a: Any, n: Any) -> Expr:
    """Square matrices multiplied `n` times, by squaring; of the inverse for negative `n`."""
    x = as_expr(a)
    if x.ndim < 2:
        raise LinAlgError(f"{x.ndim}-dimensional array given. Array must be at least two-dimensional")
    check_square(x)
    if not hasattr(n, "__index__"):
        raise DTypeError(f"exponent must be an integer, not {n!r}")
    n = n.__index__()
    if x.dtype.hasobject and x.ndim > 2:
        raise NotBlocked("matrix_power: not supported for stacks of object arrays, as in NumPy; take one by one")
    if n == 0:
        return broadcast_to(eye(x.sizes[-1], None, 0, x.dtype), x.sizes)
    x, n, made = (inv(x), -n, None) if n < 0 else (x, n, None)
    while True:
        if n % 2:
            made = x if made is None else matmul(made, x)
        n //= 2
        if not n:
            assert made is not None
            return made
        x = matmul(x, x)


# ----------------------------------------------------------------------------------------------- determinants


def slogdet(a: Any) -> tuple[Expr, Expr]:
    """Signs and logarithms of the absolute values of determinants."""
    x = matrices("slogdet", a)
    check_square(x)
    if x.ndim == 2 and not fits(x):
        packed = _of_factors(row_factors(x))
    else:

        def slogdet(block: Matrix) -> Matrix:
            return np.stack(np.linalg.slogdet(block), axis=-1)

        packed = of_each(slogdet, [x], (2,), x.dtype, "slogdet")
    return getitem(packed, (..., 0)), real_part(getitem(packed, (..., 1)))


def _of_factors(factors: RowFactors) -> Expr:
    """Sign and logarithm of a large matrix's determinant."""
    numbers = diagonal(factors.packed)

    def slogdet(numbers: Matrix, order: Matrix) -> Matrix:
        seen, odd = np.zeros(len(order), bool), 0
        for k in range(len(order)):  # every cycle of an even number of rows is an odd number of exchanges
            length = 0
            while not seen[k]:
                seen[k], k, length = True, order[k], length + 1
            odd ^= length > 0 and length % 2 == 0
        sizes = np.abs(numbers)
        with np.errstate(all="ignore"):
            sign = np.prod(numbers / sizes) if sizes.all() else 0 * numbers[0]
            return np.array([-sign if odd else sign, np.log(sizes).sum()], numbers.dtype)

    return one_task(slogdet, [numbers, factors.order], (2,), numbers.dtype)


def det(a: Any) -> Expr:
    """The determinants of matrices."""
    x = matrices("det", a)
    check_square(x)
    if x.ndim == 2 and not fits(x):
        sign, logarithm = slogdet(x)
        made: Expr = ufunc(np.multiply, sign, ufunc(np.exp, logarithm))
        return made
    return of_each(np.linalg.det, [x], (), x.dtype, "det")


# ---------------------------------------------------------------------------------------------- least squares


def lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Expr, Expr, Expr, Expr]:
    """Least squares: the solution, the sums of squares left, the rank and the singular values of a matrix (m, n)."""
    x, y = as_expr(a), as_expr(b)
    if x.ndim != 2 or y.ndim not in (1, 2):
        raise LinAlgError(f"{(x if x.ndim != 2 else y).ndim}-dimensional array given. Array must be two-dimensional")
    if x.sizes[0] != y.sizes[0]:
        raise LinAlgError(f"Incompatible dimensions: {x.sizes[0]} rows on the left, {y.sizes[0]} on the right")
    kind = matrix_dtype("lstsq", x, y)
    m, n = x.sizes
    columns = astype(expand_dims(y, 1) if y.ndim == 1 else y, kind)
    k = columns.sizes[1]
    least = float(np.finfo(kind).eps * max(m, n)) if rcond is None else float(rcond)
    both = concatenate([astype(x, kind), columns], 1)
    # the equations' triangle, with the right-hand sides as more columns, has the same solutions
    both = triangle(both) if is_tall(both) else both

    def solution(block: Matrix) -> Matrix:
        return np.linalg.lstsq(block[:, :n], block[:, n:], rcond=least)[0]

    def left_over(block: Matrix) -> Matrix:
        made, sums, _, _ = np.linalg.lstsq(block[:, :n], block[:, n:], rcond=least)
        return sums if len(sums) else (np.abs(block[:, n:] - block[:, :n] @ made) ** 2).sum(axis=0)

    def rank(block: Matrix) -> Matrix:
        return np.asarray(np.linalg.lstsq(block[:, :n], block[:, n:], rcond=least)[2], np.intc)

    def values(block: Matrix) -> Matrix:
        return np.linalg.lstsq(block[:, :n], block[:, n:], rcond=least)[3]

    real = real_dtype(kind)
    made = one_task(solution, [both], (n, k), kind, 1.5, "lstsq")
    sums = (
        one_task(left_over, [both], (k,) if m > n else (0,), real, 1.5, "lstsq, what is left")
        if m > n
        else _nothing(real)
    )
    return (
        drop_axes(made, (1,)) if y.ndim == 1 else made,
        sums,
        one_task(rank, [both], (), np.intc, 1.5, "lstsq, rank"),
        one_task(values, [both], (min(m, n),), real, 1.5, "lstsq, singular values"),
    )


def _nothing(dtype: np.dtype[Any]) -> Expr:
    return as_expr(np.empty(0, dtype))


def pinv(a: Any, rcond: Any = None, hermitian: bool = False) -> Expr:
    """The pseudo-inverses of matrices; singular values up to `rcond` times the largest count as 0.

    rcond : a number, a limit for each matrix, or None for the rounding errors of the largest singular value
    """
    given = as_expr(a)
    if given.ndim > 1 and not math.prod(given.sizes[-2:]):
        return full((*given.sizes[:-2], *given.sizes[:-3:-1]), 0, given.dtype)  # NumPy's calculates nothing then
    x = matrices("pinv", a)
    m, n = x.sizes[-2:]
    limit = max(m, n) * np.finfo(x.dtype).eps if rcond is None else rcond
    each = isinstance(limit, Expr) or np.ndim(limit) > 0
    if not each and (x.ndim > 2 or fits(x) or hermitian):

        def pinv(block: Matrix) -> Matrix:
            return np.linalg.pinv(block, limit, hermitian=hermitian)

        return of_each(pinv, [x], (n, m), x.dtype, "pinv", 3.5)
    u, s, v = svd(x, False, hermitian)
    largest = reduction("max", s, -1, keepdims=True, initial=0.0)
    kept = ufunc(np.greater, s, ufunc(np.multiply, largest, expand_dims(as_expr(limit), -1)))
    if kept.sizes != s.sizes:
        raise ShapeError(f"pinv: limits of shape {kept.sizes[:-1]} for matrices of shape {x.sizes}; give one for each")
    inverse = where(kept, ufunc(np.reciprocal, where(kept, s, np.ones((), s.dtype)[()])), np.zeros((), s.dtype)[()])
    return matmul(ufunc(np.multiply, adjoint(v), expand_dims(inverse, -2)), adjoint(u))


# ----------------------------------------------------------------------------------------------------- tensors


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Expr:
    """``x`` with ``tensordot(a, x, x.ndim) = b``."""
    x, y = as_expr(a), as_expr(b)
    if axes is not None:
        for k in axes:
            if not -x.ndim <= k < x.ndim:
                raise AxisError(f"tensorsolve: axis {k} is out of bounds for array of dimension {x.ndim}")
            x = moveaxis(x, k, -1)
    shape = x.sizes[y.ndim - x.ndim :] if y.ndim < x.ndim else ()
    n = math.prod(shape)
    if math.prod(x.sizes) != n**2:
        raise LinAlgError("Input arrays must satisfy the requirement prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim])")
    return reshape(solve(reshape(x, (n, n)), reshape(y, (-1,))), shape)


def tensorinv(a: Any, ind: int = 2) -> Expr:
    """The inverse under `tensordot` over the first `ind` axes."""
    x = as_expr(a)
    if ind <= 0:
        raise ShapeError(f"Invalid ind argument: {ind}; expected more than 0")
    rows, columns = x.sizes[:ind], x.sizes[ind:]
    flat = reshape(x, (math.prod(rows), math.prod(columns)))
    return reshape(inv(flat), (*columns, *rows))
