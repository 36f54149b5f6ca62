"""Products of vectors, matrices, stacks of them, and tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import DTypeError, NotBlocked, ShapeError
from nbarray.session import plan
from tests.compare import check_blocks, compare, same
from tests.laws.arrays import KINDS, MASKED, values_of

PAIRS = [
    ((5,), (5,)), ((4, 5), (5,)), ((5,), (5, 4)), ((4, 5), (5, 7)), ((2, 4, 5), (5, 3)), ((2, 4, 5), (2, 5, 3)),
    ((2, 1, 4, 5), (3, 5, 2)), ((5,), (2, 5, 3)), ((2, 4, 5), (5,)), ((0, 5), (5, 3)), ((4, 0), (0, 3)),
    ((4, 5), (5, 0)),
    ((0,), (0,)), ((2, 0, 5), (5, 3)), ((7, 7), (7, 7)), ((1, 1), (1, 1)), ((), (5,)), ((5,), ()), ((), ()),
    ((4, 5), (4, 5)),
    ((3,), (4,)), ((2, 4, 5), (3, 5, 2)),
]  # fmt: skip


def numbers(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray[Any, Any]:
    """Small whole numbers, so that all sums are exact."""
    return np.random.default_rng(seed).integers(-3, 4, shape).astype(dtype)


@pytest.mark.parametrize("dtype", list("?bBiqefdFD"))
@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_products(left: tuple[int, ...], right: tuple[int, ...], dtype: str) -> None:
    """`matmul`, `dot` and `tensordot` of all shapes and dtypes, or refused."""
    a, b = numbers(left, dtype, 1), numbers(right, dtype, 2)

    same(lambda x, y: x @ y, a, b, chunks=2, close=True)
    same(np.dot, a, b, close=True)
    same(lambda x, y: np.tensordot(x, y, 1), a, b, close=True)
    same(lambda x, y: np.tensordot(x, y, 0), a, b, close=True)


@pytest.mark.parametrize(
    "axes",
    [
        ([1, 0], [0, 1]), ((0, 1), (1, 0)), (1, 0), ([0], [1]), 2, 3, (-2, -3), ([0, 1], [0, 1]), ([0, 1], [0]),
        ([0, 0], [1, 1]), 5, (5, 0), ([], []), 1.5, "a", (0,), None,
    ],
    ids=str,
)  # fmt: skip
def test_tensordot_axes(axes: Any) -> None:
    """Pairs of axes in all forms, and those that don't fit."""
    same(lambda x, y: np.tensordot(x, y, axes=axes), numbers((3, 4, 5), "d", 1), numbers((4, 3, 2), "d", 2), close=True)


def test_what_stands_beside() -> None:
    """NumPy arrays and lists on either side, numbers in `dot`; `matmul` takes no numbers."""
    a = values_of("d")

    same(lambda x: x @ a.T, a, close=True)
    same(lambda x: a.T @ x, a, close=True)
    same(lambda x: np.matmul(a.T, x), a, close=True)
    same(lambda x: x @ [1, 2, 3, 4, 5], a, close=True)
    same(lambda x: [1, 2, 3, 4, 5, 6, 7] @ x, a, close=True)
    same(lambda x: x.dot(2), a)
    same(lambda x: np.dot(3, x), a)
    same(lambda x: x @ 2, a)
    same(lambda x: 2 @ x, a)


def test_products_of_expressions() -> None:
    """Products of what is computed, sliced and transposed, and what is computed of products."""
    a = values_of("d")

    same(lambda x: (x + 1) @ (x * 2).T[:, ::2], a, close=True)
    same(lambda x: (x @ x.T).sum(0), a, close=True)
    same(lambda x: (x @ x.T)[1:3, ::-1] + 1, a, close=True)
    same(lambda x: (x.T @ x) @ x.T, a, close=True)
    same(lambda x: x @ x.mean(axis=0), a, close=True)


@pytest.mark.parametrize(
    ("left", "right"),
    [("dtype-i", "dtype-e"), ("dtype-f", "dtype-D"), ("peculiar-d", "dtype-d"), ("big-endian-f8", "dtype-q")],
)
def test_mixed_dtypes(left: str, right: str) -> None:
    """Different dtypes are promoted; NaN and infinities spread."""
    same(lambda x, y: x @ y, KINDS[left], KINDS[right].T, close=True)
    same(lambda x, y: np.dot(x, y), KINDS[right], KINDS[left].T, close=True)


def test_blocks() -> None:
    """A product is made of blocks as promised."""
    x = nb.from_array(values_of("d"), chunks=(3, 2))

    check_blocks(x @ x.T)
    check_blocks(nb.tensordot(x, x, 0))


def test_long_products() -> None:
    """Sums over many runs."""
    a, b = np.random.default_rng(0).normal(size=(2, 40, 90))

    same(lambda x, y: x @ y.T, a, b, chunks=16, close=True)
    same(lambda x, y: x @ y.T, a.astype("f4"), b.astype("f4"), chunks=16, close=True)


@pytest.mark.parametrize("dtype", [None, "f2", "f4", ">f8", "c16", "i8", "O", "?", "U3"])
@pytest.mark.parametrize("kinds", [("?", "i2"), ("i4", "f8"), ("f4", ">f8"), ("f8", "c8"), ("O", "i8"), ("u8", "u1")])
def test_the_dtype_of_products(kinds: tuple[str, str], dtype: str | None) -> None:
    """Operands are cast before, as far as `casting` allows."""
    numbers = np.random.default_rng(1).integers(0, 5, (3, 4))
    a, b = numbers.astype(kinds[0]), numbers.T.astype(kinds[1])

    same(lambda x, y: np.matmul(x, y, dtype=dtype), a, b, chunks=2)
    for casting in ("no", "safe", "unsafe"):
        same(lambda x, y, how=casting: np.matmul(x, y, dtype=dtype, casting=how), a, b, chunks=2)
    if dtype not in ("i8", "?"):
        same(
            lambda x, y: nb.matmul(x, y, dtype=dtype) if isinstance(x, nb.Array) else np.matmul(x, y, dtype=dtype), a, b
        )


def test_messages() -> None:
    """Shapes, dtypes and axes that don't fit are told."""
    x = nb.from_array(values_of("d"), chunks=3)

    with pytest.raises(ShapeError, match=r"shapes \(7, 5\) and \(7, 5\) don't fit: 5 columns meet 7 rows"):
        x @ x
    with pytest.raises(ShapeError, match=r"shapes \(7, 5\) and \(7, 5\) not aligned: 5 \(dim 1\) != 7 \(dim 0\)"):
        nb.dot(x, x)
    with pytest.raises(ShapeError, match=r"axes \[1\] of \(7, 5\) and axes \[0\] of \(7, 5\)"):
        nb.tensordot(x, x, 1)
    with pytest.raises(DTypeError, match="matmul of <U3 and <U3"):
        nb.matmul(nb.from_array(KINDS["text"]), nb.from_array(KINDS["text"]).T)
    with pytest.raises(DTypeError, match="masked arrays is not supported; fill them first"):
        nb.from_array(MASKED["masked-d"]) @ x.T
    with pytest.raises(NotBlocked, match=r"np\.matmul"):
        np.matmul(x, x.T, axes=[(0, 1), (0, 1), (0, 1)])
    with pytest.raises(NotBlocked, match="out="):
        nb.dot(x, x.T, out=np.zeros((7, 7)))


@pytest.mark.parametrize("dtype", ["f8", "i4", "c16"])
def test_a_matrix_by_its_transpose(dtype: str) -> None:
    """Half of a symmetric product's blocks are the others, turned: the same values, and half of the work."""
    a = (np.random.default_rng(3).normal(size=(23, 7)) * 9).astype(dtype)
    x = nb.from_array(a, chunks=(4, 3))

    for function in (lambda m: m @ m.T, lambda m: m.T @ m, lambda m: (m @ m.T)[::-2, 3:], lambda m: (m @ m.T).sum()):
        compare(function(x), function(a), 1e-13 if dtype != "i4" else None)
    counts = (x @ x.T).plan().tasks
    assert counts["matmul"] < counts["matmul, mirrored"]


@pytest.mark.parametrize(
    ("product", "times"),
    [
        (lambda x, m: (x - m.mean(x, axis=0)) @ (x - m.mean(x, axis=0)).T, 1),
        (lambda x, m: (x.T + 1) @ (x + 1), 1),
        (lambda x, m: m.cov(x.T), 1),
        (lambda x, m: (x.T + 1) @ (x + 2), 2),
    ],
    ids=["rows", "columns", "covariance", "another matrix"],
)
def test_a_matrix_and_its_transpose_are_made_once(product: Any, times: int) -> None:
    """Deviations that are multiplied by themselves are made once, in the order in which they are stored."""
    a = np.random.default_rng(4).normal(size=(90, 70))
    x = nb.from_array(a, chunks=(40, 30))
    made = [node.label for node in plan([product(x, nb).expr]).nodes if node.label in ("add", "subtract")]

    assert times == len(made)
    compare(product(x, nb), product(a, np), 1e-12)
