"""`nb.linalg` is `numpy.linalg`: of small matrices, of stacks of them, and of matrices larger than a block."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import BudgetError, DTypeError, InputError, LinAlgError, NotBlocked, TaskError
from nbarray.ops import tall, triangular
from tests.compare import check, check_blocks, same
from tests.laws.arrays import MASKED, values_of

RNG = np.random.default_rng(8)
CLOSE = {"f": 3e-4, "F": 3e-4, "d": 1e-10, "D": 1e-10}


def normal(shape: tuple[int, ...], dtype: str = "d") -> np.ndarray[Any, Any]:
    """Normally distributed numbers."""
    a = RNG.normal(size=shape)
    return (a + 1j * RNG.normal(size=shape) if dtype in "FD" else a).astype(dtype)


def positive(n: int, dtype: str = "d") -> np.ndarray[Any, Any]:
    """A Hermitian positive definite matrix."""
    a = normal((n, n), dtype)
    return (a @ a.conj().T + n * np.eye(n)).astype(dtype)


SQUARE = np.stack([positive(4) + np.triu(normal((4, 4))) for _ in range(6)]).reshape(2, 3, 4, 4)
MATRICES = {
    "one": SQUARE[0, 0],
    "stack": SQUARE,
    "single": SQUARE[0].astype("f"),
    "complex": SQUARE + 1j * normal(SQUARE.shape),
    "whole": np.array([[2, 1], [7, 5]]),
    "truth": np.array([[True, False], [True, True]]),
    "big-endian": SQUARE[0, 0].astype(">f8"),
    "one-element": np.array([[3.0]]),
    "tall": normal((3, 5, 2)),
    "wide": normal((2, 5)),
    "vector": np.ones(3),
    "number": np.array(2.0),
    "half": SQUARE[0, 0].astype("e"),
    "long": SQUARE[0, 0].astype("g"),
    "text": np.array([["a", "b"], ["c", "d"]]),
    "no-matrices": np.zeros((0, 3, 3)),
    "no-rows": np.zeros((2, 0, 0)),
    "no-columns": np.zeros((2, 0), "i"),
    "nan": np.full((2, 2), np.nan),
}
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "cholesky": lambda x: np.linalg.cholesky(x),
    "det": lambda x: np.linalg.det(x),
    "slogdet": lambda x: tuple(np.linalg.slogdet(x)),
    "inv": lambda x: np.linalg.inv(x),
    "pinv": lambda x: np.linalg.pinv(x),
    "svdvals": lambda x: np.linalg.svdvals(x),
    "svd-values": lambda x: np.linalg.svd(x, compute_uv=False),
    "svd": lambda x: tuple(np.linalg.svd(x)),
    "svd-reduced": lambda x: tuple(np.linalg.svd(x, full_matrices=False)),
    "svd-hermitian": lambda x: tuple(np.linalg.svd(x, hermitian=True)),
    "qr": lambda x: tuple(np.linalg.qr(x)),
    "qr-r": lambda x: np.linalg.qr(x, mode="r"),
    "qr-complete": lambda x: tuple(np.linalg.qr(x, mode="complete")),
    "qr-wrong": lambda x: np.linalg.qr(x, mode="wrong"),
    "eigh": lambda x: tuple(np.linalg.eigh(x)),
    "eigh-upper": lambda x: tuple(np.linalg.eigh(x, UPLO="U")),
    "eigvalsh": lambda x: np.linalg.eigvalsh(x),
    "eigvalsh-wrong": lambda x: np.linalg.eigvalsh(x, "X"),
    "cond": lambda x: np.linalg.cond(x),
    "cond-1": lambda x: np.linalg.cond(x, 1),
    "cond--2": lambda x: np.linalg.cond(x, -2),
    "matrix_rank": lambda x: np.linalg.matrix_rank(x),
    "matrix_rank-tol": lambda x: np.linalg.matrix_rank(x, tol=1.0),
    "matrix_rank-tols": lambda x: np.linalg.matrix_rank(x, tol=[[[0.5]], [[2.0]]]),
    "matrix_rank-hermitian": lambda x: np.linalg.matrix_rank(x, hermitian=True),
    "matrix_power": lambda x: np.linalg.matrix_power(x, 5),
    "matrix_power-0": lambda x: np.linalg.matrix_power(x, 0),
    "matrix_power--2": lambda x: np.linalg.matrix_power(x, -2),
    "trace": lambda x: np.linalg.trace(x, offset=1),
    "diagonal": lambda x: np.linalg.diagonal(x, offset=-1),
    "matrix_norm": lambda x: np.linalg.matrix_norm(x),
    "matrix_norm-nuc": lambda x: np.linalg.matrix_norm(x, ord="nuc", keepdims=True),
    "vector_norm": lambda x: np.linalg.vector_norm(x, axis=-1),
}


@pytest.mark.parametrize(("matrix", "function"), [(m, f) for m in MATRICES for f in FUNCTIONS])
def test_functions(matrix: str, function: str) -> None:
    """Every function of every kind of matrix is NumPy's, or refused as NumPy refuses it."""
    a = MATRICES[matrix]
    kind = np.asarray(a).dtype.char
    expected = lambda: FUNCTIONS[function](a)  # noqa: E731

    check(lambda: FUNCTIONS[function](nb.from_array(a, chunks=2)), expected, within=CLOSE.get(kind, 1e-10))


def test_objects() -> None:
    """Matrices of objects have Q and R, as doubles, and powers, if they are no stacks: as in NumPy."""
    one = SQUARE[0, 0].astype(int).astype(object)
    for name in ("qr", "matrix_power", "matrix_power-0", "det"):
        same(FUNCTIONS[name], one, chunks=2, close=True)
    for stack in (one[None], np.zeros((0, 2, 2), object)):
        same(FUNCTIONS["qr"], stack, chunks=2, close=True)
        with pytest.raises(NotBlocked, match="stacks of object arrays"):
            nb.linalg.matrix_power(nb.from_array(stack), 2)


@pytest.mark.parametrize("matrix", ["one", "stack", "complex", "single", "whole", "vector", "wide", "half"])
def test_eig(matrix: str) -> None:
    """Eigenvalues and eigenvectors are NumPy's as complex numbers."""
    a = MATRICES[matrix]

    def as_complex(x: Any) -> Any:
        made = tuple(np.linalg.eig(x))
        if isinstance(x, nb.Array):
            return (*made, np.linalg.eigvals(x))
        kind = "F" if a.dtype == "f" else "D"
        return (*(m.astype(kind) for m in made), np.linalg.eigvals(x).astype(kind))

    check(lambda: as_complex(nb.from_array(a, chunks=2)), lambda: as_complex(a), within=CLOSE.get(a.dtype.char, 1e-10))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((4, 4), (4,)), ((4, 4), (4, 3)), ((4, 4), (4, 0)), ((3, 4, 4), (3, 4, 2)), ((3, 4, 4), (4, 2)),
        ((4, 4), (3, 4, 2)), ((2, 3, 4, 4), (1, 4, 2)), ((3, 4, 4), (4,)), ((4, 4), (3,)), ((4, 3), (4,)),
        ((4,), (4,)), ((4, 4), ()), ((0, 0), (0, 2)),
    ],
    ids=str,
)  # fmt: skip
def test_solve(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    """Vectors, matrices and stacks on the right-hand side."""
    a = normal(left) + 9 * np.eye(*left[-2:]) if len(left) > 1 else normal(left)

    same(lambda x, y: np.linalg.solve(x, y), a, normal(right), chunks=2, close=True)
    same(lambda x, y: np.linalg.solve(x, y), a, RNG.integers(0, 9, right), chunks=2, close=True)


@pytest.mark.parametrize("ord", [None, "fro", "f", "nuc", np.inf, -np.inf, 0, 1, -1, 2, -2, 3, 2.5, "wrong"])
def test_norms(ord: Any) -> None:
    """Every order, of vectors, matrices and everything, along any axes."""
    for a in (values_of("d"), values_of("D"), values_of("i"), values_of("f"), normal((3, 4, 2)), np.arange(5.0)):
        within = CLOSE.get(a.dtype.char, 1e-10)
        for axis in (None, 0, -1, (0, 1), (-1, 0), (0,), (0, 0), 7, (0, 1, 2)):
            for keepdims in (False, True):

                def norm(x: Any, axis: Any = axis, keepdims: bool = keepdims) -> Any:
                    return np.linalg.norm(x, ord, axis, keepdims)

                check(lambda f=norm, v=a: f(nb.from_array(v, chunks=2)), lambda f=norm, v=a: f(v), within=within)
        for axis in (None, 0, (0, -1)):

            def vector_norm(x: Any, axis: Any = axis) -> Any:
                return np.linalg.vector_norm(x, axis=axis, ord=ord)

            if not (isinstance(ord, str) and a.ndim > 1 and axis != 0):
                check(
                    lambda f=vector_norm, v=a: f(nb.from_array(v, chunks=2)),
                    lambda f=vector_norm, v=a: f(v),
                    within=within,
                )


@pytest.mark.parametrize("dtype", ["c8", "c16"])
def test_norms_of_infinities(dtype: str) -> None:
    """The norm of what has an infinite part is infinite, and NaN only where a part is."""
    a = np.array([[complex(np.inf, 0), 1], [complex(0, -np.inf), -0.0], [complex(np.nan, 1), 0]], dtype)
    for rows in (slice(0, 2), slice(0, 3)):
        for axis in (0, 1, None):
            same(lambda x, r=rows, k=axis: np.linalg.norm(x[r], axis=k), a, chunks=2)
            same(lambda x, r=rows: np.linalg.matrix_norm(x[r]), a, chunks=2)


# ------------------------------------------------------------------------------------ larger than a block


@contextlib.contextmanager
def small_blocks(nbytes: int = 800) -> Iterator[None]:
    """Cut matrices of a few dozen rows as those of many thousands."""
    before = tall.PANEL_BYTES, tall.MOST_TRIANGLES, triangular.BLOCK_SIDE
    tall.PANEL_BYTES, tall.MOST_TRIANGLES, triangular.BLOCK_SIDE = 320, 3, 6
    try:
        with nb.config(chunk_bytes=nbytes):
            yield
    finally:
        tall.PANEL_BYTES, tall.MOST_TRIANGLES, triangular.BLOCK_SIDE = before


def orthonormal(q: np.ndarray[Any, Any], within: float) -> None:
    """Columns are orthonormal."""
    np.testing.assert_allclose(q.conj().T @ q, np.eye(q.shape[1]), atol=within)


@pytest.mark.parametrize("dtype", list("fdFD"))
@pytest.mark.parametrize("shape", [(203, 5), (400, 3), (90, 1), (41, 5), (5, 203), (12, 40), (40, 39)], ids=str)
@pytest.mark.parametrize("chunks", [7, (50, 2)], ids=str)
def test_panels(shape: tuple[int, int], dtype: str, chunks: Any) -> None:
    """QR and singular values of tall and wide matrices in chunks of any shape: with LAPACK's signs, and orthonormal."""
    a, within = normal(shape, dtype), CLOSE[dtype]
    with small_blocks():
        x = nb.from_array(a, chunks=chunks)
        q, r = nb.compute(*nb.linalg.qr(x))
        u, s, v = nb.compute(*nb.linalg.svd(x, full_matrices=False))
        alone, values = nb.compute(nb.linalg.qr(x, mode="r"), nb.linalg.svdvals(x))

    expected = np.linalg.qr(a)
    orthonormal(q, within)
    orthonormal(u, within)
    orthonormal(v.conj().T, within)
    check((q, r, alone), (*expected, expected[1]), within=within * 10)
    check((s, values), (np.linalg.svdvals(a),) * 2, within=within)
    check((u * s) @ v, a, within=within)


@pytest.mark.parametrize("dtype", list("fD"))
@pytest.mark.parametrize("shape", [(203, 5), (5, 203), (90, 1), (40, 39)], ids=str)
def test_full_matrices(shape: tuple[int, int], dtype: str) -> None:
    """U and V of tall and wide matrices filled up to squares, and the complete Q, are made in one task."""
    a, within = normal(shape, dtype), CLOSE[dtype]
    with small_blocks():
        x = nb.from_array(a, chunks=(50, 2))
        u, s, v = nb.compute(*nb.linalg.svd(x))
        q, r = nb.compute(*nb.linalg.qr(x, mode="complete"))

    check(s, np.linalg.svdvals(a), within=within)
    check((q, r), tuple(np.linalg.qr(a, mode="complete")), within=within * 10)
    for square, n in ((u, shape[0]), (v, shape[1]), (q, shape[0])):
        assert (n, n) == square.shape
        assert a.dtype == square.dtype
        orthonormal(square, within)
    k = min(shape)
    check((u[:, :k] * s) @ v[:k], a, within=within)


@pytest.mark.parametrize("dtype", list("fd"))
def test_dependent_columns(dtype: str) -> None:
    """Columns that depend on each other, of very different lengths, or zero: still orthonormal, still a product."""
    a = normal((300, 4), dtype)
    cases = [a * 10.0 ** np.array([-9, 0, 5, 9]), a @ [[1, 1, 0, 2], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 1, 1]], 0 * a]
    hilbert = 1 / (np.arange(300)[:, None] + np.arange(4) + 1)
    with small_blocks():
        for case in [*cases, hilbert, np.vander(np.linspace(0, 1, 300), 4)]:
            case = case.astype(dtype)
            q, r = nb.compute(*nb.linalg.qr(nb.from_array(case, chunks=11)))
            u, s, v = nb.compute(*nb.linalg.svd(nb.from_array(case, chunks=11), full_matrices=False))

            orthonormal(q, CLOSE[dtype])
            orthonormal(u, CLOSE[dtype])
            scale = np.abs(case).max() or 1
            np.testing.assert_allclose(q @ r / scale, case / scale, atol=CLOSE[dtype])
            np.testing.assert_allclose((u * s) @ v / scale, case / scale, atol=CLOSE[dtype])


def test_panels_with_nan() -> None:
    """NaN gives what LAPACK makes of it: NaN, or LinAlgError from the task."""
    a = normal((300, 4))
    a[77, 2] = np.nan
    with small_blocks():
        x = nb.from_array(a, chunks=11)
        assert np.isnan(nb.linalg.qr(x)[1].compute()).any()
        with pytest.raises(TaskError, match="did not converge") as caught:
            nb.linalg.svdvals(x).compute()

    assert isinstance(caught.value, np.linalg.LinAlgError)


@pytest.mark.parametrize("dtype", list("fdFD"))
@pytest.mark.parametrize("n", [13, 37])
def test_large_squares(n: int, dtype: str) -> None:
    """Cholesky, LU, equations, inverses and determinants, block by block; chunks don't have to be square."""
    a, b, within = positive(n, dtype), normal((n, 4), dtype), CLOSE[dtype] * 100
    skew = a + n * normal((n, n), dtype)
    with small_blocks(2500):
        x, y, z = nb.from_array(a, chunks=(5, 8)), nb.from_array(b, chunks=3), nb.from_array(skew, chunks=(4, 9))
        lower = np.linalg.cholesky(a)
        check(nb.linalg.cholesky(x), lower, within=within)
        check(nb.linalg.cholesky(x, upper=True), lower.conj().T, within=within)
        check(nb.linalg.cholesky(x, lower=False), lower.conj().T, within=within)
        check(nb.linalg.solve(z, y), np.linalg.solve(skew, b), within=within)
        check(nb.linalg.solve(z, y[:, 0]), np.linalg.solve(skew, b[:, 0]), within=within)
        check(nb.linalg.solve(x, y, assume_a="pos"), np.linalg.solve(a, b), within=within)
        check(nb.linalg.inv(z), np.linalg.inv(skew), within=within)
        check(nb.linalg.det(z[:9, :9]), np.linalg.det(skew[:9, :9]), within=within)
        check(tuple(nb.linalg.slogdet(z)), tuple(np.linalg.slogdet(skew)), within=within)
        check(tuple(nb.linalg.slogdet(z[::-1])), tuple(np.linalg.slogdet(skew[::-1])), within=within)
        check(nb.linalg.cond(x, 1), np.linalg.cond(a, 1), within=within)
        check(nb.linalg.matrix_power(x, -1), np.linalg.inv(a), within=within)
        check_blocks(nb.linalg.cholesky(x))
        triangle = np.tril(skew) + n * np.eye(n).astype(dtype)
        t = nb.from_array(triangle, chunks=5)
        check(nb.linalg.solve_triangular(t, y, lower=True), np.linalg.solve(triangle, b), within=within)
        check(nb.linalg.solve_triangular(t.T, y[:, 1]), np.linalg.solve(triangle.T, b[:, 1]), within=within)


@pytest.mark.parametrize("shape", [(1, 1), (23, 23), (37, 20), (20, 37), (3, 40), (14, 14), (6, 0)], ids=str)
@pytest.mark.parametrize("nbytes", [800, 2**20])
def test_lu(shape: tuple[int, int], nbytes: int) -> None:
    """P L U is the matrix, and no number of L is larger than 1."""
    for dtype in "dF":
        a = normal(shape, dtype)
        with small_blocks(nbytes):
            p, lower, upper = nb.compute(*nb.linalg.lu(nb.from_array(a, chunks=7)))

        np.testing.assert_allclose(p @ lower @ upper, a, atol=CLOSE[dtype] * 10)
        assert (np.tril(lower) == lower).all()
        assert (np.triu(upper) == upper).all()
        assert np.abs(lower).max(initial=0) <= 1.5
        assert np.array_equal(p.sum(axis=0), np.ones(shape[0]))


@pytest.mark.parametrize("shape", [(5, 1, 1), (2, 3, 4, 4), (7, 5, 3), (7, 3, 5), (3, 40, 40), (0, 3, 3), (2, 0, 4)])
@pytest.mark.parametrize("dtype", list("fdFDi"))
def test_lu_of_stacks(shape: tuple[int, ...], dtype: str) -> None:
    """P L U is each matrix, several in a task; P only exchanges rows, and so that no number of L is large."""
    a = (normal(shape, "d" if dtype == "i" else dtype) * 9).astype(dtype)
    if a.size:
        a[0, ..., 0] = 0
    x = nb.from_array(a, chunks=2)
    made = nb.linalg.lu(x)
    p, lower, upper = nb.compute(*made)

    check_blocks(made[1])
    assert [e.dtype for e in made] == [np.dtype("d" if dtype == "i" else dtype.lower()), *[lower.dtype] * 2]
    np.testing.assert_allclose(p @ lower @ upper, a, atol=CLOSE.get(dtype, 1e-10) * 10)
    assert (np.tril(lower) == lower).all()
    assert (np.triu(upper) == upper).all()
    assert np.abs(lower).max(initial=0) <= 1.5
    assert np.array_equal(p.sum(axis=-2), np.ones((*shape[:-2], shape[-2])))
    assert np.array_equal(p.sum(axis=-1), np.ones((*shape[:-2], shape[-2])))


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("dtype", list("fDi"))
@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3, 4, 4), (3, 4, 2)), ((3, 4, 4), (4, 2)), ((4, 4), (3, 4, 2)), ((2, 3, 4, 4), (1, 4, 2)), ((3, 4, 4), (4,)),
        ((3, 4, 4), (3, 4)), ((0, 4, 4), (4, 2)), ((2, 0, 0), (0, 2)), ((2, 90, 90), (90, 3)), ((3, 4, 4), (2, 4, 1)),
    ],
    ids=str,
)  # fmt: skip
def test_solve_triangles_of_stacks(left: tuple[int, ...], right: tuple[int, ...], dtype: str, lower: bool) -> None:
    """One half of each matrix of a stack counts, and stacks stand for each other, as `numpy.linalg.solve` has it."""
    half = np.tril if lower else np.triu
    a, b = (
        (normal(left, "D" if dtype == "D" else "d") + 30 * np.eye(left[-1])).astype(dtype),
        normal(right).astype(dtype),
    )

    def ours() -> Any:
        return nb.linalg.solve_triangular(nb.from_array(a, chunks=2), nb.from_array(b, chunks=2), lower=lower)

    check(ours, lambda: np.linalg.solve(half(a), b), within=CLOSE.get(dtype, 1e-10))


def test_stacks_larger_than_a_budget() -> None:
    """Factors and solutions of a stack go through a task a few matrices at a time."""
    a = normal((4000, 8, 8)) + 20 * np.eye(8)
    with nb.config(memory=a.nbytes // 2):
        x = nb.from_array(a, chunks=(100, 8, 8))
        sums = nb.compute(*(e.sum(axis=0) for e in nb.linalg.lu(x)))
        solved = nb.linalg.solve_triangular(x, nb.ones(8)).sum(axis=0).compute()

    p, lower, upper = nb.compute(*nb.linalg.lu(nb.from_array(a)))
    np.testing.assert_allclose(p @ lower @ upper, a, atol=1e-10)
    check(sums, tuple(e.sum(axis=0) for e in (p, lower, upper)), within=1e-10)
    check(solved, np.linalg.solve(np.triu(a), np.ones(8)).sum(axis=0), within=1e-10)


@pytest.mark.parametrize("shape", [(300, 4), (300, 1), (9, 4), (4, 4), (3, 5)], ids=str)
@pytest.mark.parametrize("rank", [None, 1])
@pytest.mark.parametrize("chunks", [11, 500])
def test_lstsq(shape: tuple[int, int], rank: int | None, chunks: int) -> None:
    """Solutions, sums of squares left, ranks and singular values; also of matrices of less than full rank."""
    a, b = normal(shape), normal((shape[0], 3))
    a = a if rank is None else a[:, :1] @ np.ones((1, shape[1]))
    for right in (b, b[:, 0]):
        expected = np.linalg.lstsq(a, right)
        with small_blocks():
            made = np.linalg.lstsq(nb.from_array(a, chunks=chunks), nb.from_array(right, chunks=chunks))
            x, sums, rank_, values = nb.compute(*made)

        check((x, values), (expected[0], expected[3]), within=1e-9)
        assert expected[2] == rank_
        if len(expected[1]):
            check(sums, expected[1], within=1e-9)
        elif shape[0] > shape[1]:
            columns = right.reshape(len(right), -1)
            np.testing.assert_allclose(sums, ((columns - a @ x.reshape(shape[1], -1)) ** 2).sum(axis=0))
    same(lambda x, y: np.linalg.lstsq(x, y)[0], a[None], b)
    same(lambda x, y: np.linalg.lstsq(x, y)[0], a, b[:-1])


def test_tall_pinv_and_rank() -> None:
    """The pseudo-inverse and rank of a tall matrix."""
    a = normal((300, 4))
    a[:, 3] = a[:, 0] * 2
    with small_blocks():
        x = nb.from_array(a, chunks=20)
        check(nb.linalg.pinv(x), np.linalg.pinv(a), within=1e-10)
        check(nb.linalg.pinv(x.T), np.linalg.pinv(a.T), within=1e-10)
        check(nb.linalg.matrix_rank(x), np.linalg.matrix_rank(a))
        check(nb.linalg.cond(x[:, :3]), np.linalg.cond(a[:, :3]), within=1e-10)
        check(nb.linalg.norm(x, 2), np.linalg.norm(a, 2), within=1e-10)


def test_limits() -> None:
    """Singular values that count as zeros: one limit for all matrices, or one for each; NumPy's, or rounding errors."""
    a = normal((3, 4, 2))
    limits = np.array([1e-3, 0.5, 0.9])

    for name in ("pinv", "matrix_rank"):
        for limit in (limits, limits[:1], limits[0], limits.reshape(1, 3)[0], None):
            same(lambda x, n=name, t=limit: getattr(np.linalg, n)(x, rtol=t), a, close=True)
        same(lambda x, t, n=name: getattr(np.linalg, n)(x, rtol=t), a, limits, close=True)
        same(lambda x, t, n=name: getattr(np.linalg, n)(x, t), a, limits, close=True)
    same(lambda x: np.linalg.pinv(x, rtol=limits), a[0])
    same(lambda x: np.linalg.pinv(x, 1e-3, rtol=1e-3), a)
    same(lambda x: np.linalg.pinv(x @ x.T, np.float64(1e-2), hermitian=True), a[0], close=True)


def test_tensors() -> None:
    """`tensorsolve` and `tensorinv`, and shapes that don't fit."""
    a = np.eye(24).reshape(6, 4, 2, 3, 4) + normal((6, 4, 2, 3, 4))

    same(lambda x, y: np.linalg.tensorsolve(x, y), a, normal((6, 4)), chunks=2, close=True)
    same(lambda x, y: np.linalg.tensorsolve(x, y, axes=(0, 2)), normal((2, 6, 3, 4)), normal((6, 4))[:, :1], chunks=2)
    same(lambda x: np.linalg.tensorinv(x, 2), a, chunks=2, close=True)
    same(lambda x: np.linalg.tensorinv(x, 0), a)
    same(lambda x: np.linalg.tensorinv(x, 1), a)


def test_compressed() -> None:
    """The largest singular values of a matrix of low rank, by random vectors; the same for the same seed."""
    a = normal((200, 6)) @ normal((6, 90)) + 1e-9 * normal((200, 90))
    x = nb.from_array(a, chunks=40)
    expected = np.linalg.svdvals(a)[:6]
    for options in ({}, {"n_power_iter": 2}, {"n_power_iter": 1, "iterator": "QR"}):
        u, s, v = nb.compute(*nb.linalg.svd_compressed(x, 6, seed=5, **options))

        check(s, expected, within=1e-8)
        np.testing.assert_allclose((u * s) @ v, a, atol=1e-6)
        orthonormal(u, 1e-10)
    again = nb.linalg.svd_compressed(x, 6, seed=5)[1].compute()
    assert again.tobytes() == nb.linalg.svd_compressed(x, 6, seed=5)[1].compute().tobytes()
    assert (26, 200) == nb.linalg.compression_matrix(x, 16).shape
    assert [20, 26, 7] == [nb.linalg.compression_level(*p) for p in ((90, 6), (90, 16), (7, 6))]
    with pytest.raises(InputError, match="iterator"):
        nb.linalg.compression_matrix(x, 2, iterator="wrong")


def test_out_of_core() -> None:
    """Tall QR in a quarter of the matrix' bytes: what is between goes through scratch."""
    a = normal((60_000, 20))
    with nb.config(memory=a.nbytes // 4):
        x = nb.from_array(a, chunks=1000)
        report = np.linalg.qr(x)[0][-5:].plan()
        last = np.linalg.qr(x)[0][-5:].compute()
        r = nb.linalg.qr(x, mode="r").compute()

    assert report.sequential_peak <= a.nbytes // 4
    check((last, r), (np.linalg.qr(a)[0][-5:], np.linalg.qr(a)[1]), within=1e-9)


def test_same_bits_for_any_number_of_workers() -> None:
    """Panels depend on the matrix alone."""
    with small_blocks():
        x = nb.from_array(normal((400, 5)), chunks=30)
        made = {n: nb.linalg.qr(x)[1].compute(workers=n).tobytes() for n in (1, 2, 4)}

    assert 1 == len(set(made.values()))


def test_errors_from_tasks() -> None:
    """LAPACK's refusals come from the task that met them, and are NumPy's type as well."""
    singular = nb.from_array(np.ones((30, 30)), chunks=7)
    for block in (2**20, 800):
        with small_blocks(block):
            for function in (
                nb.linalg.cholesky,
                lambda x: nb.linalg.solve(x - x, x[0]),
                lambda x: nb.linalg.inv(x - x),
            ):
                with pytest.raises(np.linalg.LinAlgError) as caught:
                    function(singular - 2 * nb.eye(30)).compute()
                assert isinstance(caught.value, TaskError)
    for function in (nb.linalg.inv, lambda x: nb.linalg.solve_triangular(x, x)):
        with pytest.raises(TaskError, match="Singular matrix"):
            function(nb.zeros((5, 2, 2), chunks=1)).compute()


def test_what_has_to_be_whole_is_declared() -> None:
    """Eigenvalues of a matrix that doesn't fit into the budget are refused before anything is read."""
    with pytest.raises(BudgetError, match="eigh"):
        nb.linalg.eigh(nb.zeros((2000, 2000), chunks=100)).eigenvalues.compute(memory="16MiB")
    for shape in ((10_000, 3), (3, 10_000)):
        with pytest.raises(BudgetError, match="svd, full_matrices=True"):
            nb.linalg.svd(nb.zeros(shape, chunks=100)).S.compute(memory="16MiB")
    with pytest.raises(BudgetError, match="qr, mode='complete'"):
        nb.linalg.qr(nb.zeros((10_000, 3), chunks=100), mode="complete").R.compute(memory="16MiB")


@pytest.mark.parametrize(("function", "axis"), [(nb.linalg.tsqr, 0), (nb.linalg.sfqr, 1)])
def test_tall_and_wide_ones(function: Any, axis: int) -> None:
    """Each takes what is long its way, or in one block across; a square in blocks is neither, and left to qr."""
    wide = normal((5, 9))

    def cut(rows: int, columns: int, chunks: Any) -> nb.Array:
        a = normal((rows, columns))
        return nb.from_array(a, chunks) if axis == 0 else nb.from_array(a.T.copy(), chunks[::-1])

    for x in (cut(20, 10, (10, 5)), cut(20, 20, (10, 20)), cut(5, 10, (5, 10)), cut(5, 10, (2, 10))):
        q, r = function(x)
        np.testing.assert_allclose(x.compute(), (q @ r).compute())
        np.testing.assert_allclose(np.eye(min(x.shape)), (q.T @ q).compute(), atol=1e-12)
    with pytest.raises(InputError, match=r"not of shape \(20, 20\) in chunks \(10, 10\); use qr, which takes any"):
        function(nb.from_array(normal((20, 20)), 10))
    u, s, vh = nb.linalg.tsqr(nb.from_array(wide, (2, 9)), compute_svd=True)
    assert (9, 9) == vh.shape
    np.testing.assert_allclose(wide, ((u * s) @ vh[:5]).compute())


def test_refusals() -> None:
    """What has no blocked form says so; masked arrays and wrong shapes are refused."""
    x = nb.from_array(normal((40, 40)), chunks=7)
    with pytest.raises(NotBlocked, match="raw"):
        nb.linalg.qr(x, mode="raw")
    with pytest.raises(DTypeError, match="masked"):
        nb.linalg.inv(nb.from_array(MASKED["masked-d"]))
    with pytest.raises(LinAlgError, match="square, not 40 by 39"):
        nb.linalg.inv(x[:, 1:])
    with pytest.raises(InputError, match="assume_a"):
        nb.linalg.solve(x, x, assume_a="wrong")
    with pytest.raises(InputError, match="sfqr"):
        nb.linalg.tsqr(x[:3])
    with pytest.raises(InputError, match="tsqr"):
        nb.linalg.sfqr(x[:, :3])
    assert nb.linalg.sfqr(x[:3]).R.shape == (3, 40)


def test_names() -> None:
    """Every name of `numpy.linalg` is there, and NumPy's function leads to ours."""
    missing = [n for n in np.linalg.__all__ if not hasattr(nb.linalg, n)]

    assert [] == missing
    assert isinstance(np.linalg.qr(nb.ones((3, 3))), nb.linalg.QRResult)


def test_sym_pos_is_deprecated() -> None:
    """The older keyword of `solve` does what it did, with a warning."""
    a, b = nb.asarray([[4.0, 1.0], [1.0, 3.0]]), nb.asarray([1.0, 2.0])
    with pytest.warns(FutureWarning, match="sym_pos keyword is deprecated"):
        made = nb.linalg.solve(a, b, sym_pos=True)

    check(made, np.linalg.solve([[4.0, 1.0], [1.0, 3.0]], [1.0, 2.0]), within=1e-12)
