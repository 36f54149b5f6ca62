"""Indexing: what stands between brackets picks what it picks in NumPy, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import AxisError, IndexingError, InputError
from tests.compare import same
from tests.laws.arrays import KINDS, LAYOUTS, MASKED, values_of

S = np.s_
BASIC = [
    S[0], S[-1], S[2, 3], S[2, -1], S[:, 2], S[1:5], S[::2], S[::-1], S[5:1:-2], S[6::-3], S[10:20], S[-3:], S[3:3],
    S[::-100], S[100::-1], S[-100:2], S[...], S[None], S[..., None], S[None, ..., 0], S[1:4, None, ::-1],
    S[None, None, 0, 0], S[...,], S[()], S[:, :], S[..., ::2], S[1, ..., 1], S[np.int8(3)],
    S[np.uint8(1), :], S[np.array(2)],
]  # fmt: skip
LISTED = [
    S[[0, -1, 0, 3]], S[[]], S[np.array([], int)], S[np.array([1, 1, 6], np.uint8)], S[range(3)], S[:, [0, 2]],
    S[:, [-1, -1, 0]], S[[1, 2], 0], S[0, [1, 2]], S[..., [4, 0]], S[[0], ...], S[2:5, [1, 0]], S[[2, 0], 1:4],
    S[[2, 0], None], S[None, [2, 0]], S[[2, 0], None, 1], S[1, None, [2, 0]], S[[True, False] * 3 + [True]],
    S[[2, 0],],
    S[np.array([True, False] * 3 + [True])], S[:, np.array([True, False, True, False, True])], S[np.zeros(7, bool)],
    S[1:3, np.ones(5, bool)],
]  # fmt: skip
POINTS = [
    S[[0, 2], [1, 3]], S[[[0], [2]], [1, 3]], S[[0, 2], [[1], [3]]], S[[0, 1], -1], S[[6, 0, 0], [4, 4, -5]],
    S[[1], [0, 1]],
    S[np.zeros((2, 2), int)], S[:, np.zeros((2, 3), int)], S[np.array([[0, 1]]), None], S[None, [0, 1], None, [0, 1]],
    S[[], []], S[np.zeros((0, 2), int)], S[np.zeros((0, 1), int), [9]], S[True], S[False], S[None, True, ..., 0],
    S[:, True, [0, 1]], S[False, [0, 1]], S[[True] * 7, 0], S[[True] * 7, [1]],
    S[np.arange(35).reshape(7, 5) % 3 == 0],
    S[np.arange(7) % 2 == 0, np.arange(5) % 2 == 1][:1], S[np.ix_([2, 0], [1, 1, 4])], S[np.ix_([], [1])],
    S[np.ix_([True] * 7, [3, 1])], S[(0, 1),], S[[0, 1], ..., [0, 1]], S[..., [0, 1], [0, 1]],
    S[1:, [[0, 1], [2, 0]]],
    S[np.array([3], np.uint8), np.array([-1], np.int8)], S[[[[0]]], [[1, 2]]], S[np.zeros((1, 1), int), :],
]  # fmt: skip
WRONG = [
    S[7], S[-8], S[0, 5], S[0, 0, 0], S[[7]], S[[-8]], S[np.array([0, 9])], S["a"], S[1.5], S[:, 1.5], S[[1.5]],
    S[..., ...], S[::0], S["a":], S[1.5:2], S[np.array([True, False])], S[np.array([1.0])], S[{}],
    S[:, :, None, 0], S[[0], 9], S[[0, 1], [0, 1, 2]], S[[0, 7], [0, 0]], S[np.ones((7, 4), bool)],
    S[np.ones((7, 5, 1), bool)],
    S[np.ones((2, 2), bool)], S[[True] * 7, [0, 1]], S[[0], [0], [0]], S[[[0], [1, 2]]], S[True, 0, 0, 0], S[["a"]],
]  # fmt: skip


@pytest.mark.parametrize("index", [*BASIC, *LISTED, *POINTS, *WRONG], ids=repr)
def test_index(index: Any) -> None:
    """Every form of index, on what lies in memory and on what is computed."""
    for kind in ("dtype-d", "dtype-?", "text", "datetime", "masked-i"):
        a = MASKED[kind] if kind.startswith("masked") else KINDS[kind]
        same(lambda x: x[index], a)
    same(lambda x: (x + 1)[index], values_of("d"))
    same(lambda x: x.T.T[index] * 2, values_of("f"))
    same(lambda x: x.reshape(5, 7).reshape(7, 5)[index], values_of("i"))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    """Views of transposed, reversed, repeated and empty arrays, and of numbers without axes."""
    for index in (S[0], S[::-1], S[...], S[None], S[..., 0], S[[0]], S[[]], S[1:], S[..., ::2], S[..., None, :2]):
        same(lambda x, i=index: x[i], LAYOUTS[layout])


@pytest.mark.parametrize(
    "index",
    [
        S[[0, 1], :, 0], S[0, :, [0, 1]], S[:, 0, [0, 1, 3]], S[:, [2, 0], 0], S[[1, 0], ..., 0], S[0, ..., [1, 0]],
        S[0, None, [0, 1]], S[[0, 1], None, 0], S[:, [0, 2], 1:], S[None, [0, 1], None], S[[0, 1], 0, 0],
        S[0, [0, 1], 0], S[0, 0, [0, 1]], S[:, None, 0, [1]],
    ],
    ids=repr,
)  # fmt: skip
def test_where_the_listed_axis_goes(index: Any) -> None:
    """With integers beside it, a listed axis comes first when something stands between them, and stays otherwise."""
    a = LAYOUTS["three-axes"]

    same(lambda x: x[index], a)
    same(lambda x: (x * 2)[index], a)
    same(lambda x: x.transpose(2, 1, 0).transpose(2, 1, 0)[index], a)


@pytest.mark.parametrize(
    "index",
    [
        S[:, 0, ..., [0, 1]], S[:, 0, [0, 1]], S[[0, 1], :, [0, 1]], S[:, [0, 1], [0, 1]], S[[0], [[0], [1]], :],
        S[0, :, [[0, 1]]],
        S[[[0], [1]], :, [0, 2, 1]], S[np.ix_([1, 0], [2], [3, 3, 0])], S[[1, 0], [0, 1], [2, 2]],
        S[:, None, [0, 1], [1, 0]],
        S[[0, 1], None, [1, 0]], S[:, np.eye(3, 4) > 0], S[np.eye(2, 3) > 0], S[np.eye(2, 3) > 0, [1]],
        S[..., [True, False, True, False]],
        S[[True, False], :, [1, 2]], S[[[0, 1], [1, 0]], 1:, ::-1], S[::-1, [[2, 0]], [[1], [1]]],
        S[0, [1, 2], [0, 3]],
        S[[1], 0, [0, 3]], S[..., [1], 0], S[np.ones((2, 3, 4), bool)], S[:, :, np.array(2)],
        S[[0], [True, False, True]],
    ],
    ids=repr,
)  # fmt: skip
def test_points_of_three_axes(index: Any) -> None:
    """Points stand where NumPy puts them, for what lies in memory, is computed, is turned round, and has gaps."""
    a = LAYOUTS["three-axes"]
    gaps = np.ma.MaskedArray(np.arange(24).reshape(2, 3, 4), np.arange(24).reshape(2, 3, 4) % 5 == 0)

    for chunks in (1, 2, (2, (1, 2), (3, 1))):
        same(lambda x: x[index], a[:2, :3, :4], chunks=chunks)
        same(lambda x: (x * 2)[index], a[:2, :3, :4], chunks=chunks)
        same(lambda x: x[index], gaps, chunks=chunks)
    same(lambda x: (x + 1).transpose(2, 1, 0).transpose(2, 1, 0)[index], a[:2, :3, :4], chunks=2)


def test_index_after_index() -> None:
    """Indices follow each other, into reductions and out of them."""
    a = values_of("d")
    chains: list[Callable[[Any], Any]] = [
        lambda x: x[::2][1:][::-1],
        lambda x: x[[3, 1, 2]][::-1][1:],
        lambda x: x[[3, 1, 2]][:, [0, 0]] + x[:3, :2],
        lambda x: x[:, [3, 1, 2]][1:4].sum(0),
        lambda x: x[[3, 1, 2]].max(0)[::-1],
        lambda x: x.sum(0)[1:3],
        lambda x: x.mean(axis=1, keepdims=True)[2:, 0],
        lambda x: (x - x.mean(axis=0))[3],
        lambda x: np.concatenate([x, x + 1])[5:9, ::2],
        lambda x: np.concatenate([x, x])[:, ::2].sum(axis=0),
        lambda x: np.concatenate([x, x]).T[::2].sum(1),
        lambda x: np.stack([x, x * 2], axis=1)[::-1, 1],
        lambda x: np.broadcast_to(x[0], (4, 5))[1:, 2],
        lambda x: (x[:, None] * x[None])[2, ::-1],
    ]

    for chain in chains:
        same(chain, a, close=True)


@pytest.mark.parametrize("kind", ["dtype-d", "dtype-i", "peculiar-d", "dtype-F", "dtype-?", "text", "datetime-nat"])
@pytest.mark.parametrize("chosen", ["some", "none", "all"])
def test_mask(kind: str, chosen: str) -> None:
    """``x[mask]`` with a mask of x's own shape, blocked or not, and what is made of it."""
    a = KINDS[kind]
    mask = {"some": values_of("d") > 0, "none": np.zeros((7, 5), bool), "all": np.ones((7, 5), bool)}[chosen]
    functions: list[Callable[[Any], Any]] = [
        lambda y: y, lambda y: y.size, lambda y: y.shape, len, lambda y: y[2:5], lambda y: y[::-1], lambda y: y[[0, 1]],
        lambda y: y + y, lambda y: y + np.arange(y.size), lambda y: np.concatenate([y, y]), lambda y: y.reshape(-1, 1),
        lambda y: y[:, None] == y, lambda y: y.astype("U5"), lambda y: y[y == y[:1]] if y.size else y, lambda y: y.T,
    ]  # fmt: skip

    for function in functions:
        same(lambda x, m, f=function: f(x[m]), a, mask)
    same(lambda x: x[mask], a)
    same(lambda x, m: (x == x)[m].all(), a, mask)
    same(lambda x, m: x[m,], a, mask)


@pytest.mark.parametrize("kind", ["dtype-d", "dtype-i", "peculiar-d", "dtype-F", "dtype-?", "text", "timedelta"])
@pytest.mark.parametrize("chosen", ["some", "none", "all"])
def test_reductions_over_a_mask(kind: str, chosen: str) -> None:
    """Reductions of ``x[mask]``, in all their forms."""
    a = KINDS[kind]
    mask = {"some": values_of("d") > 0, "none": np.zeros((7, 5), bool), "all": np.ones((7, 5), bool)}[chosen]

    for name in ("sum", "prod", "mean", "std", "var", "min", "max", "any", "all", "argmin", "argmax"):
        same(lambda x, m, n=name: getattr(x[m], n)(), a, mask, close=True)
        same(lambda x, m, n=name: getattr(x[m], n)(axis=0), a, mask, close=True)
    for function in (np.nanmean, np.nansum, np.count_nonzero, np.nanstd):
        same(lambda x, m, f=function: f(x[m]), a, mask, close=True)
    same(lambda x, m: x[m].sum(keepdims=True), a, mask, close=True)
    same(lambda x, m: x[m].sum(axis=-1), a, mask, close=True)
    same(lambda x, m: x[m].sum(axis=1), a, mask, close=True)
    same(lambda x, m: x[m].max(axis=()), a, mask, close=True)
    same(lambda x, m: x[m].max(initial=3), a, mask, close=True)
    same(lambda x, m: x[m].sum(where=True), a, mask, close=True)
    same(lambda x, m: x[m].sum(dtype="f4"), a, mask, close=True)
    same(lambda x, m: x[m].var(ddof=1), a, mask, close=True)
    same(lambda x, m: (x[m] + 1).sum(), a, mask, close=True)


@pytest.mark.parametrize("shape", [(0,), (3,), (0, 1), (2, 3), (3, 0)])
@pytest.mark.parametrize("of", [(0,), (0, 0), (0, 3), (2, 0), (0, 2), (1,)])
def test_masks_of_no_elements(shape: tuple[int, ...], of: tuple[int, ...]) -> None:
    """NumPy takes one for an axis of any length."""
    a, mask = np.arange(np.prod(shape)).reshape(shape), np.zeros(of, bool)

    def assigned(x: Any, index: Any) -> Any:
        x = x.copy()
        x[index] = 7
        return x

    for index in (lambda m: m, lambda m: (..., m), lambda m: (slice(None), m), lambda m: (m, None)):
        same(lambda x, i=index: x[i(mask)], a, chunks=2)
        same(lambda x, m, i=index: x[i(m)], a, mask, chunks=2)
        same(lambda x, i=index: assigned(x, i(mask)), a, chunks=2)
        same(lambda x, m, i=index: assigned(x, i(m)), a, mask, chunks=2)


def test_masks_of_masks() -> None:
    """Selections of selections, selections of no axes, and selections put together."""
    a = values_of("d")

    same(lambda x: x[x > 0][1:].sum(), a, close=True)
    same(lambda x: x[x > 0] * x[x > 1][:1], a)
    same(lambda x: x[x > 0] + x[x > 1], a)
    same(lambda x: x.ravel()[x.ravel() > 1].mean(), a, close=True)
    same(lambda x: x[::2][x[::2] > 0], a)
    same(lambda x: x.T[x.T > 0], a)
    same(lambda x: x[x > 1], np.array(3.5))
    same(lambda x: x[x > 9], np.array(3.5))
    same(lambda x: np.where(x > 0, x, 0)[x > 0].max(), a)


def test_masked_arrays() -> None:
    """Masked arrays keep their masks in selections."""
    for a in (MASKED["masked-d"], MASKED["masked-i"], MASKED["masked-everywhere"]):
        plain = a.data > 0
        same(lambda x, m: x[m], a, plain)
        same(lambda x, m: x[m].sum(), a, plain, close=True)
        same(lambda x, m: x[m].mean(), a, plain, close=True)


def test_blocked_indices() -> None:
    """Positions and masks of one axis may be blocked arrays, too."""
    a = values_of("d")

    same(lambda x, i: x[i], a, np.array([2, 0, 1]))
    same(lambda x, i: x[:, i], a, np.array([2, 0, 1]))
    same(lambda x: x[x[:, 0] > 0], a)
    same(lambda x: x[:, x[0] > 0].sum(0), a, close=True)
    same(lambda x: x[x[:, 0].argmax()], a)
    same(lambda x: x[x[:3] > 0], a)
    same(lambda x: x[x[:, :3] > 0], a)
    same(lambda x: x[x[:, 0] > 0].sum(), a)
    same(lambda x: x[x[:, 0] > 0] * 2, a)
    same(lambda x: x[x[:, 0] > 0, 1:], a)
    same(lambda x, i, j: x[i, j], a, np.array([2, 0, -1]), np.array([[0], [-5]]))
    same(lambda x, i, j: (x + 1)[i, j], a, np.array([2, 0, -1]), np.array([[0], [-5]]))
    same(lambda x, i: (x + 1)[i, [0, 1]], a, np.array([2, 0]))
    same(lambda x, i: x[..., i], a, np.array([[2, 0], [-1, 1]]))
    same(lambda x, i: x[i], a, np.array([0, 7]))
    same(lambda x, i: x[i], a, np.array([0.0, 7]))
    same(lambda x, i: x[i], a, np.zeros((0, 2), int))
    same(lambda x, m: x[m], LAYOUTS["three-axes"], LAYOUTS["three-axes"][..., 0] > 0)
    same(lambda x, m: x[m].T[0], LAYOUTS["three-axes"], LAYOUTS["three-axes"][..., 0] > 0)
    same(lambda x, m: x[:, m], LAYOUTS["three-axes"], LAYOUTS["three-axes"][0] > 0)


def test_take() -> None:
    """`take` along an axis, or of the flattened array."""
    a = values_of("i")

    for indices in ([0, 2, -1], [3, 3], 2, [], [9]):
        for axis in (0, 1, -1, None, 3):
            same(lambda x, i=indices, k=axis: np.take(x, np.array(i, int), axis=k), a)


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (S[7], IndexingError, "index 7 is out of bounds for axis 0 with size 7"),
        (S[[0, -9]], IndexingError, "index -9 is out of bounds for axis 0 with size 7"),
        (S[0, 0, 0], IndexingError, "array is 2-dimensional, but 3 were indexed"),
        (S[np.ones(3, bool)], IndexingError, "size of axis is 7 but size of corresponding boolean axis is 3"),
        (S[::0], InputError, "slice step cannot be zero"),
        (S["a"], IndexingError, "valid indices, not str 'a'"),
        (S[[0, 1], [0, 1, 2]], IndexingError, r"could not be broadcast together with shapes \(2,\) \(3,\)"),
        (S[np.ones((7, 4), bool)], IndexingError, "along axis 1; size of axis is 5 but size of corresponding"),
    ],
)
def test_messages(index: Any, error: type[Exception], message: str) -> None:
    """A refusal says what was given, what there is, and what to do, at the user's line."""
    x = nb.from_array(values_of("d"), chunks=3)

    with pytest.raises(error, match=message):
        x[index]


def test_slices_of_floats() -> None:
    """NumPy raises a TypeError for them, and an IndexError for a single one; here both are both."""
    for kind in (TypeError, IndexError):
        with pytest.raises(kind, match="slice indices must be integers"):
            nb.arange(3)[0:1.5]


def test_take_of_nothing() -> None:
    """Where no element is taken NumPy looks at no position that comes after axes of no elements, nor clips any."""
    for shape in ((0, 0), (0, 3), (3, 0), (2, 0, 0), (0, 2, 0)):
        for axis in range(len(shape)):
            for mode in ("raise", "clip"):
                for at in ([-1], [5], 0):
                    same(lambda x, i=at, a=axis, m=mode: np.take(x, i, a, mode=m), np.zeros(shape))


def test_message_of_take() -> None:
    """A wrong axis is refused by `take`."""
    with pytest.raises(AxisError, match="axis 2 is out of bounds"):
        nb.take(nb.from_array(values_of("d")), [0], axis=2)
