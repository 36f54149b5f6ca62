"""Factors of matrices: the functions of `nb.linalg`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from nbarray.api.array import Array, apply
from nbarray.api.creation import asarray
from nbarray.api.dispatch import implements, takes
from nbarray.errors import InputError
from nbarray.ops import compressed, equations, factors

__all__ = [
    "EigResult",
    "EighResult",
    "QRResult",
    "SVDResult",
    "cholesky",
    "compression_level",
    "compression_matrix",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "lu",
    "qr",
    "sfqr",
    "svd",
    "svd_compressed",
    "svdvals",
    "tsqr",
]

compression_level = compressed.compression_level


class QRResult(NamedTuple):
    """Q and R."""

    Q: Array
    R: Array


class SVDResult(NamedTuple):
    """U, the singular values, and the adjoint of V."""

    U: Array
    S: Array
    Vh: Array


class EigResult(NamedTuple):
    """Eigenvalues, and eigenvectors as columns."""

    eigenvalues: Array
    eigenvectors: Array


class EighResult(NamedTuple):
    """Eigenvalues in ascending order, and eigenvectors as columns."""

    eigenvalues: Array
    eigenvectors: Array


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> QRResult | Array:
    """Matrices as Q R, Q with orthonormal columns and R an upper triangle, with the signs that LAPACK gives them.

    a : (..., m, n); mode : "reduced", "complete" (each matrix in one task), or "r" for R alone

    A tall matrix of any chunks is cut into panels of whole rows: it is read once, and Q's size is held between or goes
    through scratch. Of a wide one the first square is factored in one task. Stacks run several matrices a task.
    Raises LinAlgError for fewer than two axes, DTypeError, NotBlocked for mode "raw".

    >>> import nbarray as nb
    >>> q, r = nb.linalg.qr(nb.ones((1000, 3), chunks=(100, 2)))
    >>> q.shape, r.shape
    ((1000, 3), (3, 3))
    """
    made = apply(factors.qr, asarray(a), mode)
    return QRResult(*made) if isinstance(made, tuple) else made


def tsqr(data: Any, compute_svd: bool = False) -> QRResult | SVDResult:
    """Q and R of a tall matrix, or with `compute_svd` its U, singular values and V^H, which is square.

    data : of more rows than columns, or not cut between columns; InputError for others, of which `qr` takes all

    Cost: one pass over the data; Q's size is held or goes through scratch.

    >>> import nbarray as nb
    >>> u, s, v = nb.linalg.tsqr(nb.ones((1000, 3), chunks=(100, 3)), compute_svd=True)
    >>> s.compute().round(3)[0]
    np.float64(54.772)
    """
    x = asarray(data)
    _check_long("tsqr", x, 0)
    made = svd(x, full_matrices=x.ndim == 2 and x.shape[0] < x.shape[1]) if compute_svd else qr(x)
    assert isinstance(made, QRResult | SVDResult)
    return made


def sfqr(data: Any, name: str | None = None) -> QRResult:
    """Q and R of a matrix of more columns than rows; `name` is taken for dask's sake.

    data : of more columns than rows, or not cut between rows; InputError for others, of which `qr` takes all

    Cost: as `qr` of a wide matrix.

    >>> import nbarray as nb
    >>> q, r = nb.linalg.sfqr(nb.ones((2, 6), chunks=2))
    >>> q.shape, r.shape
    ((2, 2), (2, 6))
    """
    x = asarray(data)
    _check_long("sfqr", x, 1)
    made = qr(x)
    assert isinstance(made, QRResult)
    return made


def _check_long(name: str, x: Array, axis: int) -> None:
    """Raises InputError for a matrix that isn't longer along an axis than along the other, nor whole along that."""
    if x.ndim == 2 and x.shape[axis] <= x.shape[1 - axis] and x.numblocks[1 - axis] > 1:
        rows, columns = ("rows", "columns")[axis], ("columns", "rows")[axis]
        raise InputError(
            f"{name}: expected a matrix of more {rows} than {columns}, or of all its {columns} in one block, not of "
            f"shape {x.shape} in chunks {x.chunksize}; use qr, which takes any, or {('sfqr', 'tsqr')[axis]}"
        )


@implements(np.linalg.svd)
@takes("coerce_signs")
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> SVDResult | Array:
    """Matrices as ``U * S @ Vh``, singular values in descending order.

    a : (..., m, n); full_matrices : square U and Vh

    Without full matrices, tall and wide ones of any chunks are cut into panels: they are read once. What is neither,
    and each with its full matrices, has to be in one task, whose bytes the plan tells; BudgetError where they are too
    many: about 3 times those of the larger square.
    The signs of vectors are any. Raises LinAlgError for fewer than two axes and where LAPACK does not converge.

    >>> import nbarray as nb
    >>> u, s, vh = nb.linalg.svd(nb.ones((1000, 3), chunks=(100, 2)), full_matrices=False)
    >>> u.shape, s.shape, vh.shape
    ((1000, 3), (3,), (3, 3))
    """
    if not compute_uv:
        return apply(factors.svdvals, asarray(a), bool(hermitian))
    return SVDResult(*apply(factors.svd, asarray(a), bool(full_matrices), bool(hermitian)))


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Array:
    """The singular values of matrices, in descending order; a tall or wide matrix is read once, and nothing is held.

    >>> import nbarray as nb
    >>> nb.linalg.svdvals(nb.eye(3)).compute()
    array([1., 1., 1.])
    """
    return apply(factors.svdvals, asarray(x))


def compression_matrix(
    data: Any,
    q: int,
    iterator: str = "power",
    n_power_iter: int = 0,
    n_oversamples: int = 10,
    seed: Any = None,
    compute: bool = False,
) -> Array:
    """Orthonormal rows (k, m) that span nearly what the `q` largest singular values of a matrix (m, n) do.

    iterator, n_power_iter : "power" or "QR" steps, each of two passes over the data, that make them better; powers
        round away what belongs to singular values that are small beside the largest, "QR" doesn't
    n_oversamples : more vectors than asked for; seed : decides the vectors; compute : taken for dask's sake

    >>> import nbarray as nb
    >>> nb.linalg.compression_matrix(nb.ones((100, 20)), q=3, seed=1).shape[1]
    100
    """
    return apply(compressed.compression_matrix, asarray(data), q, iterator, n_power_iter, n_oversamples, seed)


def svd_compressed(
    a: Any,
    k: int,
    iterator: str = "power",
    n_power_iter: int = 0,
    n_oversamples: int = 10,
    seed: Any = None,
    compute: bool = False,
    coerce_signs: bool = True,
) -> SVDResult:
    """The `k` largest singular values of a matrix with their vectors, nearly, in two passes over the data.

    Two more passes for each of `n_power_iter` make it more exact where other singular values are hardly smaller; for
    small ones among the `k` largest take the `iterator` "QR" then, as `compression_matrix` says. Same arguments as
    dask's; `compute` and `coerce_signs` change nothing.

    >>> import nbarray as nb
    >>> u, s, vh = nb.linalg.svd_compressed(nb.ones((200, 100), chunks=50), 2, seed=1)
    >>> u.shape, s.compute().round(6)[0], vh.shape
    ((200, 2), np.float64(141.421356), (2, 100))
    """
    made = apply(compressed.svd_compressed, asarray(a), k, iterator, n_power_iter, n_oversamples, seed)
    return SVDResult(*made)


@implements(np.linalg.cholesky)
def cholesky(a: Any, /, lower: bool | None = None, *, upper: bool = False) -> Array:
    """The triangle L with L L^H = a of Hermitian positive definite matrices, or with `upper` its adjoint.

    a : (..., n, n), of which the half that is asked for is read; lower : the other way to say so

    A matrix larger than a chunk is factored block after block. Raises LinAlgError where one isn't positive definite.

    Cost: each block is read once; the factor is held or goes through scratch.

    >>> import nbarray as nb
    >>> nb.linalg.cholesky(nb.asarray([[4.0, 2.0], [2.0, 2.0]])).compute()
    array([[2., 0.],
           [1., 1.]])
    """
    return apply(equations.cholesky, asarray(a), bool(upper) if lower is None else not lower)


def lu(a: Any) -> tuple[Array, Array, Array]:
    """P, L and U with P L U the matrix: rows are exchanged for the largest numbers, as in `scipy.linalg.lu`.

    a : (..., m, n); one larger than a chunk is factored by panels of columns, each in one task; of a stack, each
        matrix has to fit into a task, which does several

    Cost: each panel is read once; factors are held or go through scratch.

    >>> import nbarray as nb
    >>> p, l, u = nb.linalg.lu(nb.asarray([[1.0, 2.0], [4.0, 4.0]]))
    >>> u.compute()
    array([[4., 4.],
           [0., 1.]])
    """
    made: tuple[Array, Array, Array] = apply(equations.lu, asarray(a))
    return made


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> EighResult:  # noqa: N803 - NumPy's name
    """Eigenvalues and eigenvectors of symmetric or Hermitian matrices, of which one half is read.

    Each matrix has to be in one task, whose bytes the plan tells; BudgetError where they are too many.

    Cost: one pass; each matrix has to fit into a task.

    >>> import nbarray as nb
    >>> nb.linalg.eigh(nb.asarray([[2.0, 0.0], [0.0, 3.0]])).eigenvalues.compute()
    array([2., 3.])
    """
    return EighResult(*apply(factors.eigh, asarray(a), UPLO))


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Array:  # noqa: N803 - NumPy's name
    """Eigenvalues of symmetric or Hermitian matrices; see `eigh`.

    Cost: one pass; each matrix has to fit into a task.

    >>> import nbarray as nb
    >>> nb.linalg.eigvalsh(nb.asarray([[2.0, 0.0], [0.0, 3.0]])).compute()
    array([2., 3.])
    """
    return apply(factors.eigvalsh, asarray(a), UPLO)


@implements(np.linalg.eig)
def eig(a: Any) -> EigResult:
    """Eigenvalues and right eigenvectors of square matrices, each in one task.

    Both are complex, always: what NumPy's dtype is depends on the values.

    Cost: one pass; each matrix has to fit into a task.

    >>> import nbarray as nb
    >>> nb.linalg.eig(nb.asarray([[2.0, 0.0], [0.0, 3.0]])).eigenvalues.compute().real
    array([2., 3.])
    """
    return EigResult(*apply(factors.eig, asarray(a)))


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Array:
    """Eigenvalues of square matrices, always complex; see `eig`.

    Cost: one pass; each matrix has to fit into a task.

    >>> import nbarray as nb
    >>> nb.linalg.eigvals(nb.asarray([[2.0, 0.0], [0.0, 3.0]])).compute().real
    array([2., 3.])
    """
    return apply(factors.eigvals, asarray(a))
