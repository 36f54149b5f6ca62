"""Assigning: what an array is after ``x[index] = value`` is what NumPy makes of it, for every index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import BroadcastError, DTypeError, InputError
from tests.compare import check, same
from tests.laws.arrays import KINDS, LAYOUTS, MASKED, values_of
from tests.ops.test_indexing import BASIC, LISTED, POINTS, WRONG

S = np.s_


def after(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What an array is after a change."""

    def changed(x: Any) -> Any:
        x = x.copy()
        change(x)
        return x

    return changed


def assigned(index: Any, value: Any) -> Callable[[Any], Any]:
    """What an array is after a value is assigned to an index."""
    return after(lambda x: x.__setitem__(index, value))


@pytest.mark.parametrize("index", [*BASIC, *LISTED, *POINTS, *WRONG], ids=repr)
def test_assigned(index: Any) -> None:
    """One value, and values that all differ, go where NumPy puts them: to what is stored and to what is computed."""
    a = values_of("i")
    try:
        shape = a[index].shape
    except Exception:  # any: that assigning is refused in the same way is what is tested
        shape = ()
    values = np.arange(100, 100 + np.prod(shape, dtype=int)).reshape(shape)

    same(assigned(index, 77), a)
    same(assigned(index, values), a)
    check(lambda: assigned(index, nb.from_array(values, chunks=2))(nb.from_array(a, chunks=3) * 2),
          lambda: assigned(index, values)(a * 2))  # fmt: skip


def test_products_in_place() -> None:
    """Two lines have a product that is no line."""
    for other in (np.eye(3), np.ones(3)):

        def multiply(x: Any, other: Any = other) -> Any:
            x @= other
            return x

        check(lambda f=multiply: f(nb.arange(3.0)), lambda f=multiply: f(np.arange(3.0)))


@pytest.mark.parametrize("kind", ["dtype-d", "dtype-?", "text", "datetime", "dtype-F", "dtype-b"])
def test_kinds(kind: str) -> None:
    """Values of every kind, assigned to themselves in another order."""
    a = KINDS[kind]

    same(assigned(S[1:4], a[::-1][1:4]), a)
    same(assigned(S[[5, 0]], a[[2, 3]]), a)
    same(assigned(S[[5, 0], [1, 1]], a[0, 0]), a)
    same(lambda x, b: assigned(S[::-2, 1:], b)(x), a, a[3])  # shapes that don't fit


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    """Arrays without axes, without elements, and of three axes."""
    for index in (S[...], S[0], S[::-1], S[[0]], S[[]], S[..., 0], S[None], S[()]):
        same(assigned(index, 3), LAYOUTS[layout])


@pytest.mark.parametrize(
    "index", [S[[0, 1], :, [0, 1]], S[:, [0, 1], [0, 1]], S[[0], [[0], [1]], :], S[..., [1], 0], S[0, :, [[0, 1]]],
              S[np.eye(2, 3) > 0], S[::-1, [[2, 0]], [[1], [1]]], S[[1, 1, 0], :, 1:3], S[:, None, [0, 0], [1, 1]]],
    ids=repr,
)  # fmt: skip
def test_three_axes(index: Any) -> None:
    """Points beside slices, given several times among them: the last value stays."""
    a = np.arange(24).reshape(2, 3, 4)
    values = 100 + np.arange(a[index].size).reshape(a[index].shape)

    for chunks in (1, 2, (2, (1, 2), (3, 1))):
        same(assigned(index, values), a, chunks=chunks)
        same(assigned(index, values[..., :1]), a, chunks=chunks)
        same(assigned(index, 7), a + 0.5, chunks=chunks)


@pytest.mark.parametrize("value", [300, "a", None, 1j, [1, 2], np.ones((2, 5)), np.ones((1, 1, 5)), np.nan, True, [[1]],
                                   np.float32(2.7), object()], ids=lambda v: repr(v).partition(" at ")[0])  # fmt: skip
def test_values(value: Any) -> None:
    """What doesn't fit is refused as by NumPy; what fits is cast."""
    for kind in ("d", "b", "i"):
        same(assigned(S[1], value), values_of(kind))
        same(assigned(S[[1, 2]], value), values_of(kind))


@pytest.mark.parametrize("value", [[1], [[2]], [0, 0], np.ones(1), np.ones((1, 1)), np.ones(2), np.array(2)], ids=repr)
@pytest.mark.parametrize("dtype", ["d", "i", "D", "?", "U3", "M8[s]"])
def test_an_element_is_no_sequence(dtype: str, value: Any) -> None:
    """An index of whole numbers alone picks an element, which a sequence of one isn't; an array of no axes takes it."""
    for index in (0, -1, np.array(1), (0, ...), (0, None)):
        same(assigned(index, value), np.zeros(3, dtype), chunks=2)
    for index in ((), ..., None):
        same(assigned(index, value), np.zeros((), dtype))
    same(after(lambda x: x.__setitem__(0, x[:1])), np.zeros(3, dtype))


def test_masks() -> None:
    """Masks, blocked or not, with one value, with values for what follows, and one value after the other."""
    a = values_of("d")
    count = int((a > 1).sum())
    rows = a[:, 0] > 0

    for value in (0, np.arange(count), np.arange(count) + 0.5, np.arange(count + 1), [5], np.ones((1, 1)), 2j):
        same(after(lambda x, v=value: x.__setitem__(x > 1, v)), a)
        same(after(lambda x, v=value: x.__setitem__(a > 1, v)), a)
    for value in (0, np.arange(5), np.arange(rows.sum() * 5).reshape(-1, 5), np.ones((1, 5)), np.ones(4), [[1], [2]]):
        same(after(lambda x, v=value: x.__setitem__(x[:, 0] > 0, v)), a)
        same(after(lambda x, v=value: x.__setitem__(rows, v)), a)
        same(after(lambda x, v=value: x.__setitem__((x[:, 0] > 0, slice(1, 2)), v)), a)
    same(after(lambda x: x.__setitem__(x > 99, [])), a)
    same(after(lambda x: x.__setitem__(x[:3] > 0, 0)), a)
    same(after(lambda x: x.__setitem__(x > 0, x[x > 0] * 2)), a)


def test_masked_arrays() -> None:
    """Values with gaps and without go into masked arrays, and gaps themselves."""
    a = MASKED["masked-i"]

    same(assigned(S[1], 5), a)
    same(assigned(S[[0, 2], 1], np.ma.masked), a)
    for mask in (a.data > 1, np.arange(7) % 2 == 0):  # by a mask, what was missing is there, or the other way round
        for value in (3, np.ma.masked, np.arange(5) if mask.ndim == 1 else 2.5):
            same(assigned(mask, value), a)
    same(assigned(a.data > 1, 3), a.astype(">i4"))
    same(assigned(a.data > 1, np.ma.masked_equal(np.arange(np.count_nonzero(a.data > 1)), 4)), a)
    same(assigned(S[1:3], a[3:5]), a)
    same(assigned(S[[5, 1]], a[[0, 3]]), a)


@pytest.mark.parametrize("blocked", [False, True])
def test_gaps_stay_gaps(blocked: bool) -> None:
    """Masked values give a mask to an array that has none, as to one of numpy.ma: NumPy would lose them."""
    a = np.arange(60).reshape(6, 10)
    gaps = np.ma.array(np.arange(4).reshape(2, 2), mask=[[0, 1], [1, 0]])
    over = np.ma.masked_less(np.arange(30), 9)

    def changed(x: Any, whole: bool) -> Any:
        given = [nb.from_array(v, chunks=3) if whole and blocked else v for v in (gaps, over)]
        x[1, 1:7:2] = np.ma.masked
        x[1:5:2, [7, 5]] = given[0]
        x[x % 2 == 0] = given[1]
        return x

    x = nb.from_array(a, chunks=4)
    check(lambda: changed(nb.from_array(a, chunks=4), True), lambda: changed(np.ma.array(a), False))
    x[0] = np.ma.array(range(10))
    assert not x.masked


def test_positions_that_are_computed() -> None:
    """Positions may be blocked arrays."""
    a = values_of("d")

    same(lambda x, i: assigned(i, 9)(x), a, np.array([2, 0, -1]))
    same(lambda x, i: assigned((slice(None), i), 9)(x), a, np.array([2, 0, -1]))
    same(after(lambda x: x.__setitem__((x[:, 0].argmax(), 0), 9)), a)


def test_one_after_another() -> None:
    """Assignments follow each other, and what is made of an array before keeps what it had."""

    def many(x: Any) -> Any:
        x = x.copy()
        for k in range(5):
            x[k, k] = k
            x[:, k] += 10
            x[x > 100] = x[x > 100] - 100
        return x, x.sum(0), x[::2]

    same(many, values_of("d"))
    x = nb.arange(5)
    y = x * 2
    x[:] = 0

    np.testing.assert_array_equal(np.arange(5) * 2, y.compute())


@pytest.mark.parametrize("kind", ["d", "i", "B", "?"])
def test_in_place_operators(kind: str) -> None:
    """``x += y`` keeps the dtype and the shape, or refuses as NumPy does."""
    operators = ["iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "iand", "ior", "ixor", "ilshift"]

    for name in operators:
        for other in (2, 2.5, np.arange(5) + 1, np.ones((2, 7, 5)), np.arange(5)[::-1] % 2 == 0):

            def changed(x: Any, n: str = f"__{name}__", o: Any = other) -> Any:
                x = x.copy()
                made = getattr(x, n)(o)
                assert made is x
                return x

            same(changed, values_of(kind))


@pytest.mark.parametrize("kind", ["d", "i", "B", "?"])
def test_in_place_operators_of_numbers(kind: str) -> None:
    """An element, or a sum, is a number as in NumPy: what it can't hold makes another number, or an array."""
    for other in (2, 2.5, 1j, np.arange(5) + 1.5):

        def one(x: Any, o: Any = other) -> Any:
            number = x.sum()
            number += o
            return number

        def within(x: Any, o: Any = other) -> Any:
            x = x.copy()
            x[1, 2] += o
            return x

        same(one, values_of(kind))
        if np.ndim(other) == 0 and not isinstance(other, complex):
            same(within, values_of(kind))


def test_out() -> None:
    """``out=`` gives results to a handle, ``where=`` to some of its elements, and the handle is what comes back."""
    a, b = values_of("d"), values_of("d")[::-1] * 2

    def add(x: Any, y: Any, **options: Any) -> Any:
        z = x.copy()
        made = np.add(x, y, out=z, **options)
        assert made is z
        return z

    same(lambda x, y: add(x, y), a, b)
    same(lambda x, y: add(x, y, where=x > 0), a, b)
    same(lambda x, y: add(x, y, where=np.arange(5) > 2), a, b)
    same(lambda x: np.divmod(x, 2, out=(x.copy(), x.copy())), a)
    same(lambda x: np.modf(x, out=(None, x.copy())), a)
    same(lambda x: x.sum(0, out=x[0].copy()), a, close=True)
    same(lambda x: np.max(x, axis=1, out=x[:, 0].copy()), a)
    same(lambda x: np.cumsum(x[0], out=x[0].copy()) if isinstance(x, np.ndarray) else np.cumsum(x[0]), a, close=True)
    same(lambda x: np.add(x, 1.5, out=x.astype(int)), a)
    same(lambda x: np.add(x, np.ones((2, 7, 5)), out=x.copy()), a)
    same(lambda x: np.add(x, 1, out=np.stack([x, x])), a)
    same(lambda x: np.add.reduce(x, axis=0, out=x[0].copy()), a, close=True)


def test_functions_that_change() -> None:
    """put, place, putmask, copyto, fill_diagonal and put_along_axis change the handle."""
    a = values_of("i")
    order = np.argsort(a, axis=1)[:, :2]
    changes: list[Callable[[Any], Any]] = [
        lambda x: np.put(x, [0, -1, 3], [10, 20]), lambda x: np.put(x, [99], 1),
        lambda x: np.put(x, [1], 2**70),
        lambda x: np.put(x, [99, -99], 1, "wrap"),
        lambda x: np.put(x, [99, -99], 1, "clip"), lambda x: np.put(x, [], 1), lambda x: x.put([[1, 2]], [3]),
        lambda x: np.place(x, x > 0, [1, 2, 3]), lambda x: np.place(x, x > 99, []), lambda x: np.place(x, x > 0, []),
        lambda x: np.putmask(x, x > 0, x * 2), lambda x: np.putmask(x, x > 0, [7, 8, 9]),
        lambda x: np.putmask(x, x > 0, 1),
        lambda x: np.copyto(x, 7), lambda x: np.copyto(x, np.arange(5), where=x > 0), lambda x: np.copyto(x, 1.5),
        lambda x: np.copyto(x, np.ones((1, 7, 5), int)), lambda x: np.copyto(x, np.ones(4, int)),
        lambda x: np.fill_diagonal(x, 9), lambda x: np.fill_diagonal(x, [1, 2, 3]),
        lambda x: np.fill_diagonal(x, 9, True),
        lambda x: np.fill_diagonal(x[0], 1), lambda x: np.put_along_axis(x, order, -5, 1),
        lambda x: np.put_along_axis(x, order[:, 0], -5, None), lambda x: np.put_along_axis(x, order[:1], order, 1),
    ]  # fmt: skip

    for change in changes:
        same(after(change), a)
    for dtype in ("f8", "i4", "?", "u8", "D", "U3"):  # putmask and place take what fits safely
        same(after(lambda x, d=dtype: np.putmask(x, x > 0, np.ones(3, d))), a)
    for kind in ("?", "i4", "f4"):  # lists become what the array is of
        for values in ([1, 2, 0], 2, [1.5, 0.0]):
            same(after(lambda x, v=values: np.putmask(x, x > 0, v)), a.astype(kind))
        same(after(lambda x, d=dtype: np.place(x, x > 0, np.ones(3, d))), a.astype("f4"))
    same(after(lambda x: np.put(x, [0], 1)), a[:0])
    same(after(lambda x: np.put(x, [], 1)), a[:0])
    same(after(lambda x: np.fill_diagonal(x, 3)), np.zeros((3, 3, 3)), chunks=2)
    same(after(lambda x: np.fill_diagonal(x, 3)), np.zeros((3, 3, 2)), chunks=2)


def test_in_a_small_budget() -> None:
    """Assigning to an array that is larger than the budget takes a few blocks."""
    a = np.arange(30_000.0).reshape(300, 100)
    x = nb.from_array(a, chunks=(10, 100)) + 0
    for y in (x, a):
        y[::2] = 0
        y[[1, 3], [5, 7]] = -1
        y[y > 29_990] = 1

    np.testing.assert_array_equal(a.sum(0), x.sum(0).compute(memory=a.nbytes // 2))


def test_messages() -> None:
    """A refusal says what was given and what there is."""
    x = nb.from_array(values_of("d"), chunks=3)

    with pytest.raises(BroadcastError, match=r"input array from shape \(4,\) into shape \(7, 5\)"):
        x[:] = np.ones(4)
    with pytest.raises(InputError, match=r"cannot assign 2 input values to the 35 output values"):
        x[x == x] = [1, 2]
    with pytest.raises(DTypeError, match="can't be cast to int64"):
        np.add(x, 1, out=x.astype(int))


CHANGES: dict[str, Callable[[Any], Any]] = {
    "fill": lambda x: x.fill(4.5),
    "fill-with-a-list": lambda x: x.fill([1, 2]),
    "sort": lambda x: x.sort(),
    "sort-an-axis": lambda x: x.sort(axis=0),
    "partition": lambda x: x.partition(1),
    "flat-slice": lambda x: x.flat.__setitem__(S[1::2], [7, 8]),
    "flat-list": lambda x: x.flat.__setitem__([5, 0], 9),
    "flat-number": lambda x: x.flat.__setitem__(3, 5),
    "all-of-flat": lambda x: setattr(x, "flat", [9, 8]),
    "all-the-same": lambda x: setattr(x, "flat", 3),
}


@pytest.mark.parametrize("name", CHANGES)
def test_methods_that_change_an_array(name: str) -> None:
    """Methods without a result let the handle hold the changed array."""
    same(after(CHANGES[name]), np.array([[3.0, 1], [2, 9], [0, 7]]), chunks=2)


def test_elements_in_c_order() -> None:
    """`flat` is indexed, gone through, and counted."""
    a = np.arange(6).reshape(2, 3)
    same(lambda x: x.flat[1:4], a, chunks=2)
    same(lambda x: x.flat[[5, 0]], a, chunks=2)
    same(lambda x: list(x.flat), a[:, :2], chunks=1)

    assert len(a.flat) == len(nb.from_array(a).flat)


def test_masks_of_more_axes() -> None:
    """A mask with more axes than the array is too many indices."""
    same(lambda x, m: after(lambda y: y.__setitem__(m, 0))(x), np.arange(3), np.ones((2, 2), bool))
