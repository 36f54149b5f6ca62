"""Equations, inverses, determinants and norms: the functions of `nb.linalg`."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

from nbarray.api.array import Array, apply
from nbarray.api.creation import asarray
from nbarray.api.dispatch import implements
from nbarray.errors import InputError
from nbarray.ops import equations, norms

__all__ = [
    "SlogdetResult",
    "cond",
    "det",
    "inv",
    "lstsq",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "norm",
    "pinv",
    "slogdet",
    "solve",
    "solve_triangular",
    "tensorinv",
    "tensorsolve",
    "vector_norm",
]


class SlogdetResult(NamedTuple):
    """Signs, and logarithms of absolute values."""

    sign: Array
    logabsdet: Array


@implements(np.linalg.solve)
def solve(a: Any, b: Any, sym_pos: Any = None, assume_a: str = "gen") -> Array:
    """``x`` with ``a @ x = b``.

    a : (..., n, n); b : (n,), or (..., n, k); assume_a : "pos" says that a large `a` is Hermitian positive definite
        (`sym_pos` is its older form)

    A matrix larger than a chunk, of any chunks, is factored by panels. Raises LinAlgError for a matrix that isn't
    square, and when it is computed for a singular one.

    Cost: a matrix's factors are made once, and held or put into scratch between the two sweeps.

    >>> import nbarray as nb
    >>> nb.linalg.solve(nb.asarray([[2.0, 0.0], [0.0, 4.0]]), nb.asarray([2.0, 2.0])).compute()
    array([1. , 0.5])
    """
    if sym_pos is not None:
        warnings.warn(
            "solve: the sym_pos keyword is deprecated, as in SciPy; give assume_a='pos'", FutureWarning, stacklevel=2
        )
    if assume_a not in ("gen", "pos"):
        raise InputError(f"solve: assume_a={assume_a!r}; expected 'gen' or 'pos'")
    return apply(equations.solve, asarray(a), asarray(b), bool(sym_pos) or assume_a == "pos")


def solve_triangular(a: Any, b: Any, lower: bool = False) -> Array:
    """``x`` with ``a @ x = b`` for triangles (..., n, n); the other half of `a` counts as zeros.

    b : (n,), or (..., n, k); stacks are broadcast to each other, as by `solve`

    Raises LinAlgError, when it is computed, for zeros on the diagonal. Cost: each block of `a` is read once; a large
    triangle is solved block after block, of a stack several in a task.

    >>> import nbarray as nb
    >>> nb.linalg.solve_triangular(nb.asarray([[2.0, 1.0], [9.0, 4.0]]), nb.asarray([3.0, 4.0])).compute()
    array([1., 1.])
    """
    return apply(equations.solve_triangular, asarray(a), asarray(b), bool(lower))


@implements(np.linalg.inv)
def inv(a: Any) -> Array:
    """The inverses of matrices (..., n, n); raises LinAlgError for singular ones, when they are computed.

    Cost: one pass over small matrices; one larger than a chunk is factored block after block.

    >>> import nbarray as nb
    >>> nb.linalg.inv(nb.asarray([[2.0, 0.0], [0.0, 4.0]])).compute()
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    return apply(equations.inv, asarray(a))


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue) -> Array:
    """The pseudo-inverses of matrices (..., m, n).

    rcond, rtol : singular values up to so many times the largest count as 0, one number or one for each matrix;
        by default 1e-15 times, as NumPy's; ``rtol=None``: as many times as rounding errors are

    Cost: that of the singular values and vectors, and a product.

    >>> import nbarray as nb
    >>> nb.linalg.pinv(nb.asarray([[2.0], [0.0]])).compute()
    array([[0.5, 0. ]])
    """
    if rcond is not None and rtol is not np._NoValue:
        raise InputError("`rtol` and `rcond` can't be both set.")
    limit = rcond if rcond is not None else 1e-15 if rtol is np._NoValue else rtol
    return apply(equations.pinv, asarray(a), limit, bool(hermitian))


@implements(np.linalg.det)
def det(a: Any) -> Array:
    """The determinants of matrices (..., n, n).

    Cost: one pass over small matrices; one larger than a chunk is factored block after block.

    >>> import nbarray as nb
    >>> nb.linalg.det(nb.asarray([[[2.0, 0.0], [0.0, 3.0]], [[0.0, 1.0], [1.0, 0.0]]])).compute()
    array([ 6., -1.])
    """
    return apply(equations.det, asarray(a))


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> SlogdetResult:
    """Signs of determinants, and logarithms of their absolute values: for those that are too large or too small.

    Cost: as `det`.

    >>> import nbarray as nb
    >>> sign, logarithm = nb.linalg.slogdet(nb.eye(3) * 2)
    >>> sign.compute()
    np.float64(1.0)
    """
    return SlogdetResult(*apply(equations.slogdet, asarray(a)))


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: float | None = None) -> tuple[Array, Array, Array, Array]:
    """Least squares: ``x`` for which the sum of squares of ``a @ x - b`` is least.

    a : (m, n); b : (m,) or (m, k); rcond : singular values up to so many times the largest count as 0

    Returns the solution, the sums of squares that are left, the rank and the singular values. The sums are there for a
    matrix of less than full rank, too, where NumPy gives none.

    Cost: a tall matrix is read once.

    >>> import nbarray as nb
    >>> t = nb.arange(100.0, chunks=10)
    >>> nb.linalg.lstsq(nb.stack([t, nb.ones_like(t)], 1), 3 * t + 1)[0].compute().round(6)
    array([3., 1.])
    """
    made: tuple[Array, Array, Array, Array] = apply(equations.lstsq, asarray(a), asarray(b), rcond)
    return made


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Array:
    """``x`` with ``tensordot(a, x, x.ndim) = b``.

    Cost: as `solve`.

    >>> import nbarray as nb
    >>> nb.linalg.tensorsolve(nb.eye(4).reshape(2, 2, 2, 2), nb.ones((2, 2))).shape
    (2, 2)
    """
    return apply(equations.tensorsolve, asarray(a), asarray(b), axes)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Array:
    """The inverse of an array under `tensordot` over its first `ind` axes.

    Cost: as `inv`.

    >>> import nbarray as nb
    >>> nb.linalg.tensorinv(nb.eye(4).reshape(2, 2, 2, 2)).shape
    (2, 2, 2, 2)
    """
    return apply(equations.tensorinv, asarray(a), ind)


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Array:
    """Square matrices multiplied with themselves; negative powers are those of the inverse.

    Cost: about 2 log2(n) products of matrices.

    >>> import nbarray as nb
    >>> nb.linalg.matrix_power(nb.asarray([[1, 1], [0, 1]]), 5).compute()
    array([[1, 5],
           [0, 1]])
    """
    return apply(equations.matrix_power, asarray(a), n)


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    """Norms of vectors along an axis, of matrices along two, or of all elements; one pass over the data for most.

    ord : None (lengths), "fro", "nuc", inf, -inf, 0 (of vectors), 1, -1, 2, -2, or (of vectors) any number

    >>> import nbarray as nb
    >>> nb.linalg.norm(nb.asarray([[3.0, 4.0], [6.0, 8.0]]), axis=1).compute()
    array([ 5., 10.])
    """
    return apply(norms.norm, asarray(x), ord, axis, bool(keepdims))


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Array:
    """Norms of vectors that lie along all the axes given together, or of all elements.

    Cost: one pass over the data; memory for a few blocks and the result.

    >>> import nbarray as nb
    >>> nb.linalg.vector_norm(nb.asarray([3.0, 4.0])).compute()
    np.float64(5.0)
    """
    return apply(norms.vector_norm, asarray(x), ord, axis, bool(keepdims))


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    """Norms of the matrices that the last two axes make.

    Cost: one pass; of order 2 and "nuc", that of the singular values.

    >>> import nbarray as nb
    >>> nb.linalg.matrix_norm(nb.eye(4)).compute()
    np.float64(2.0)
    """
    return apply(norms.norm, asarray(x), ord, (-2, -1), bool(keepdims))


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Array:
    """The condition numbers of matrices, by a norm of order `p`; infinite for singular ones.

    Cost: that of the singular values, or of the inverse for other norms.

    >>> import nbarray as nb
    >>> nb.linalg.cond(nb.asarray([[2.0, 0.0], [0.0, 1.0]])).compute()
    np.float64(2.0)
    """
    return apply(norms.cond, asarray(x), p)


@implements(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Array:  # noqa: N803
    """How many singular values of matrices are above a tolerance; by default as NumPy chooses it.

    Cost: that of the singular values: a tall or wide matrix is read once.

    >>> import nbarray as nb
    >>> nb.linalg.matrix_rank(nb.eye(3)).compute()
    np.int64(3)
    """
    return apply(norms.matrix_rank, asarray(A), tol, bool(hermitian), rtol)
