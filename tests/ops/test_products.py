"""Products beside `matmul`, and Einstein sums, are NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import BroadcastError, DTypeError, NotBlocked
from nbarray.ops.einsum import contraction_order
from tests.compare import check, check_blocks, same
from tests.laws.arrays import KINDS, LAYOUTS, MASKED, values_of

RNG = np.random.default_rng(5)
A, B, C = (RNG.integers(-3, 4, shape) * 1.0 for shape in ((7, 5), (5, 6), (6, 7)))
CUBE = RNG.integers(-3, 4, (3, 3, 4)) * 1.0
SUMS: list[tuple[str, tuple[Any, ...]]] = [
    ("ij,jk", (A, B)),
    ("ij,jk,kl->il", (A, B, C)),
    ("ij,jk,ki", (A, B, C)),
    ("ij->ji", (A,)),
    ("ij->", (A,)),
    ("ji", (A,)),
    ("ij->j", (A,)),
    ("ij,ij->i", (A, A)),
    ("ij,ij", (A, A)),
    ("ij,ji", (A, A.T)),
    ("i,j", (A[:, 0], B[0])),
    ("i,i,i", (A[:, 0], A[:, 1], A[:, 2])),
    ("ij,kl,ij->kl", (A, B, A)),
    ("...j,jk->...k", (RNG.integers(0, 3, (2, 3, 5)), B)),
    ("...ij,...jk", (RNG.integers(0, 3, (2, 3, 5)), RNG.integers(0, 3, (4, 2, 5, 6)))),
    ("i...->...i", (CUBE,)),
    ("...->...", (A,)),
    ("ii", (A[:5],)),
    ("ii->i", (A[:5],)),
    ("iij->j", (CUBE,)),
    ("iij,jk->ik", (CUBE, CUBE[0].T)),
    ("iii", (CUBE[:, :, :3],)),
    ("ij,kj->ik", (A, A)),
    ("b i j , b j k -> b i k", (CUBE, CUBE.transpose(0, 2, 1))),
    ("bij,bj->bi", (CUBE, CUBE[:, 0])),
    ("ij,j", (A, np.ones(1))),
    ("ij,ij", (A, np.ones((1, 5)))),
    ("ij,jk,kl,lm,mn,no,op->ip", (np.full((2, 2), 2),) * 7),
    ("", (np.array(3.0),)),
    ("i,->i", (A[0], np.array(2.0))),
    ("ij,jk", (np.zeros((0, 3)), np.zeros((3, 2)))),
    ("ij,jk", (np.zeros((2, 0)), np.zeros((0, 2)))),
]
REFUSED = [
    ("i...->i", (A,)), ("ij,jk->iz", (A, B)), ("ij,jk", (A, A)), ("ij", (A, A)), ("ijk", (A,)), ("ij->ii", (A,)),
    ("i j-k", (A,)), ("i.j", (A,)), ("ij,", (A,)), ("ii", (A,)), ("i!", (A,)), ("ij->i->j", (A,)),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(SUMS) + len(REFUSED)))
def test_einsum(number: int) -> None:
    """Every kind of subscripts, or refused as NumPy refuses them."""
    subscripts, operands = [*SUMS, *REFUSED][number]
    same(lambda *x: np.einsum(subscripts, *x), *operands, chunks=2, close=True)


@pytest.mark.parametrize("dtype", list("?bhiQefdFD"))
def test_dtypes(dtype: str) -> None:
    """Every product of every dtype, with NumPy's result dtype."""
    a, b = A.astype(dtype), B.astype(dtype)

    for subscripts in ("ij,jk", "ij,jk->k", "ij,jk->"):
        same(lambda x, y, s=subscripts: np.einsum(s, x, y), a, b, close=True)
    same(lambda x: np.einsum("ij,ij->j", x, x), a, close=True)
    same(lambda x: np.einsum("ij->j", x), a, close=True)
    for pair in (np.vdot, np.inner, np.outer, np.kron, np.vecdot):
        same(pair, a, a, close=True)
    same(np.matvec, a, a[0], close=True)
    same(np.vecmat, a[:, 0], a, close=True)
    same(np.trace, a, close=True)
    same(np.cross, a[:, :3], a[:, 1:4], close=True)
    same(lambda x: np.linalg.multi_dot([x, x.T, x]), a, close=True)


@pytest.mark.parametrize("subscripts", ["i,j->", "i,j->j", "i,i,j->j", "i,j", "ij,k->k", "ji,k->jk", "i,j,k->k"])
@pytest.mark.parametrize("dtype", ["d", "F", "i", "?", "O"])
def test_einsum_of_nothing(subscripts: str, dtype: str) -> None:
    """A sum of no products is 0, also where the other operands hold what isn't finite."""
    size = {"i": 0, "j": 2, "k": 3}
    labels = subscripts.partition("->")[0].split(",")
    operands = [np.ones([size[c] for c in term], dtype) for term in labels]
    if dtype in "dF":
        operands[-1].flat[:2] = np.nan, np.inf
    same(lambda *x: np.einsum(subscripts, *x), *operands, chunks=2)


def test_einsum_by_lists() -> None:
    """Operands with lists of labels, numbers and what stands beside blocked arrays."""
    same(lambda x, y: np.einsum(x, [0, 1], y, [1, 2]), A, B, close=True)
    same(lambda x, y: np.einsum(x, [27, 1], y, [1, 2], [2, 27]), A, B, close=True)
    same(lambda x: np.einsum(x, [..., 0], [0, ...]), CUBE, close=True)
    same(lambda x: np.einsum(x, [0, 77]), A)
    same(lambda x: np.einsum(x, [0, "a"]), A)
    same(lambda x: np.einsum("ij,jk", x, B), A, close=True)
    check(nb.einsum("ij,jk", A, B), np.einsum("ij,jk", A, B), within=1e-14)


def test_labels_in_arrays() -> None:
    """Lists of labels may be arrays, blocked or not; a path is refused as NumPy refuses it."""
    a = np.ones((2, 3))
    same(lambda x, k: np.einsum(x, k), a, np.array([1, 0]))
    same(lambda x: np.einsum(x, np.array([0, 1]), np.array([0])), a)
    for subscripts in ("i..", "ij->jij", "i->j"):
        same(lambda x, subscripts=subscripts: np.einsum_path(subscripts, x), a)


def test_einsum_options() -> None:
    """The dtype to calculate in, casting, and a path that is prescribed."""
    x = [nb.from_array(v, chunks=3) for v in (A, B, C)]

    same(lambda v: np.einsum("ij,kj->ik", v, v, dtype="D"), A, close=True)
    same(lambda v: np.einsum("ij,kj->ik", v, v, dtype="f4"), A, close=True)
    same(lambda v: np.einsum("ij->i", v, dtype="f4", casting="same_kind"), A, close=True)
    path = nb.einsum_path("ij,jk,kl->il", *x)[0]
    expected = np.einsum("ij,jk,kl->il", A, B, C)
    assert np.einsum_path("ij,jk,kl->il", A, B, C)[0] == path
    for optimize in (path, ["einsum_path", (0, 2), (0, 1)], ["einsum_path", (0, 1, 2)], False, "optimal"):
        check(nb.einsum("ij,jk,kl->il", *x, optimize=optimize), expected, within=1e-13)
    with pytest.raises(NotBlocked, match="out="):
        nb.einsum("ij", x[0], out=A)
    with pytest.raises(DTypeError, match="masked"):
        nb.einsum("ij->j", nb.from_array(MASKED["masked-d"]))


def test_contraction_order() -> None:
    """The order makes the fewest bytes, of many operands too."""
    sizes = {"i": 1000, "j": 10, "k": 1000, "l": 10}

    assert [(1, 2), (0, 1)] == contraction_order(["ij", "jk", "kl"], "il", sizes)
    assert [(0, 1), (0, 1)] == contraction_order(["ji", "ik", "kj"], "jk", {**sizes, "k": 2})
    assert 11 == len(contraction_order(["ij", "ji"] * 6, "", sizes))


def test_what_lies_between_is_small() -> None:
    """A product of three that would be huge in between is made in a small budget."""
    a = np.random.default_rng(1).integers(-2, 3, (20, 20)) * 1.0
    x = nb.from_array(a, chunks=8)
    made = nb.einsum("ij,kj,kl,il->", x, x, x, x)

    assert made.plan().sequential_peak < 20**3 * 8
    check(made, np.einsum("ij,kj,kl,il->", a, a, a, a), within=1e-12)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    """Arrays of every shape, or refused."""
    a = LAYOUTS[layout]

    for function in (np.inner, np.vdot, np.outer, np.kron):
        same(lambda x, f=function: f(x, x), a, close=True)
    same(np.trace, a)
    same(np.matrix_transpose, a)
    same(lambda x: np.vecdot(x, x), a, close=True)
    same(lambda x: np.matvec(x, x), a, close=True)
    same(lambda x: np.vecmat(x, x), a, close=True)
    same(lambda x: np.cross(x, x), a, close=True)


@pytest.mark.parametrize("kind", ["peculiar-d", "peculiar-D", "big-endian-f8", "text"])
def test_kinds(kind: str) -> None:
    """NaN and infinities spread; what can't be multiplied is refused."""
    a = KINDS[kind]

    same(lambda x: np.einsum("ij,kj->ik", x, x), a, close=True)
    same(np.trace, a)
    same(lambda x: np.kron(x, x[:2]), a, close=True)
    if kind != "text":  # NumPy says that text has no itemsize
        same(lambda x: np.vdot(x, x), a, close=True)


@pytest.mark.parametrize("offset", [-9, -6, -1, 0, 2, 4, 9])
def test_trace(offset: int) -> None:
    """Every diagonal, of any two axes."""
    same(lambda x: np.trace(x, offset), A)
    same(lambda x: x.trace(offset, axis1=1, axis2=0), A)
    same(lambda x: x.diagonal(offset), A)
    same(lambda x: np.trace(x, offset, 2, 0), CUBE)
    same(lambda x: np.trace(x, offset, dtype="f4"), A, chunks=2)
    same(lambda x: np.trace(x, offset, 1, 1), CUBE)
    same(lambda x: np.trace(x, offset, 1, 7), CUBE)


def test_trace_reads_the_diagonal() -> None:
    """Of a large matrix only the squares on the diagonal are read."""
    a = np.random.default_rng(2).normal(size=(60, 60))
    x = nb.from_array(a, chunks=10)
    made = nb.trace(x * 2)

    assert made.plan().plan.ntasks < (x * 2).sum().plan().plan.ntasks
    check(made, np.trace(a * 2), within=1e-13)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((4, 3), (3,)),
        ((3,), (3,)),
        ((2, 5, 3), (5, 3)),
        ((4, 2), (4, 3)),
        ((4, 2), (4, 2)),
        ((4, 4), (4, 3)),
    ],
)
def test_cross(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    """Vectors of 3 and of 2 elements, broadcast; other lengths are refused."""
    a, b = RNG.integers(-3, 4, left), RNG.integers(-3, 4, right) * 1.0

    same(np.cross, a, b)
    same(np.cross, b, a)
    same(lambda x, y: np.linalg.cross(x, y), a, b)


def test_cross_axes() -> None:
    """Vectors along any axis, and results too."""
    a, b = RNG.integers(-3, 4, (3, 4)), RNG.integers(-3, 4, (4, 3))

    same(lambda x: np.cross(x, x[::-1], axis=0), a)
    same(lambda x, y: np.cross(x, y, 0, 1, 0), a, b)
    same(lambda x, y: np.cross(x, y, 0, 1, 5), a, b)
    same(lambda x: np.cross(x, x[::-1], 5), a)
    same(lambda x, y: np.linalg.cross(x, y.T, axis=0), a, b)


def test_kron_shapes() -> None:
    """Of arrays of different numbers of axes, and numbers."""
    same(np.kron, CUBE, A[:2])
    same(np.kron, A[0], B)
    same(lambda x: np.kron(x, 3), A)
    check_blocks(nb.kron(nb.from_array(A, chunks=2), nb.from_array(B, chunks=3)))


def test_products_of_vectors() -> None:
    """NumPy's newer functions, along any axis, with any broadcasting."""
    same(lambda x: np.vecdot(x, x, axis=0), A, close=True)
    same(lambda x: np.linalg.vecdot(x, x, axis=-2), A, close=True)
    same(np.vecdot, A, values_of("d")[0])
    same(np.vecdot, A, B)
    same(lambda x: np.linalg.outer(x[0], x[1]), A)
    same(lambda x: np.linalg.outer(x, x[1]), A)
    same(lambda x: np.linalg.matrix_transpose(x), CUBE)
    same(np.vdot, A, B)
    same(np.inner, A, B)


def test_deep_products() -> None:
    """Small products of long axes are made in parts; the same bits for any number of workers."""
    a = np.random.default_rng(3).normal(size=(3, 500))

    same(lambda x: x @ x.T, a, chunks=50, close=True)
    same(lambda x: x[0] @ x[1], a, chunks=50, close=True)
    x = nb.from_array(a, chunks=50)
    once, twice = ((x @ x.T).compute(workers=n) for n in (1, 2))
    assert once.tobytes() == twice.tobytes()


def test_products_go_where_they_are_told() -> None:
    """`out` of `matmul` and of the method `dot` is a handle that holds the product afterwards."""
    x, out = nb.from_array(A[:2, :2], chunks=1), nb.zeros((2, 2))

    assert nb.matmul(x, x, out=out) is out
    check(out, A[:2, :2] @ A[:2, :2], within=1e-14)
    assert x.dot(b=2 * x, out=out) is out
    check(out, A[:2, :2] @ A[:2, :2] * 2, within=1e-14)
    with pytest.raises(BroadcastError):
        x.dot(x, nb.zeros((1, 2, 2)))
