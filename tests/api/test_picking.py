"""Functions that pick: by position, by condition, by number; and access axis by axis, point by point, by block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import IndexingError, InputError
from tests.compare import check, same
from tests.laws.arrays import KINDS, values_of

CALLS: list[Callable[[Any], Any]] = [
    lambda x: np.take(x, [[0, 1], [6, -1]], axis=0), lambda x: np.take(x, 3),
    lambda x: np.take(x, [99, -99], mode="clip"),
    lambda x: np.take(x, [99, -99], axis=1, mode="wrap"), lambda x: np.take(x, [9], axis=1),
    lambda x: x.take([1, 2], 1),
    lambda x: np.take_along_axis(x, np.array([[1], [0]]), 1), lambda x: np.take_along_axis(x, np.array([0, 3]), None),
    lambda x: np.take_along_axis(x, np.argsort(values_of("d"), axis=0), 0),
    lambda x: np.take_along_axis(x, np.array([0.5]), None), lambda x: np.take_along_axis(x, np.array([1]), 1),
    lambda x: np.nonzero(x), lambda x: x.nonzero(), lambda x: np.where(x > 0), lambda x: np.argwhere(x),
    lambda x: np.flatnonzero(x), lambda x: np.nonzero(x[0, 0]), lambda x: np.argwhere(x[0, 0]),
    lambda x: np.nonzero(x[:0]),
    lambda x: np.compress([True, False, True], x, axis=0), lambda x: np.compress([True, False, True], x),
    lambda x: np.compress([0, 1], x, axis=1), lambda x: np.compress([[True]], x),
    lambda x: np.compress([True] * 9, x, 0),
    lambda x: np.compress(x[:, 0] > 0, x, axis=0), lambda x: x.compress([True, True], 1),
    lambda x: np.extract(x > 0, x),
    lambda x: np.extract([1, 0, 1], x), lambda x: np.select([x > 1, x < 0], [x, x * 2], 7),

    lambda x: np.select([x > 1], [x.astype("f4")]), lambda x: np.select([x], [x]),
    lambda x: np.select([x > 0], [1, 2]), lambda x: np.select([x > 1], [x.astype("u4")], -1),
    lambda x: np.choose((x > 0).astype(int), [x.astype("u1"), 3]),
    lambda x: np.choose((x > 0).astype(int), [x, x * 10]), lambda x: np.choose(np.arange(5) % 2, [0, x]),
    lambda x: np.choose((x > 0).astype(int) * 2, [x, -x]), lambda x: (x > 0).astype(int).choose([1, 2]),
    lambda x: np.choose((x > 0).astype(int) * 2, [x, -x], mode="clip"), lambda x: np.choose(x > 0.5, [x, 1.5]),
    lambda x: np.piecewise(x, [x < 0, x > 2], [lambda v: -v, 9]), lambda x: np.piecewise(x, x > 0, [lambda v: v * 2]),
    lambda x: np.piecewise(x, [x < 0, x > 2], [1, 2, lambda v, k: v + k], 5),
    lambda x: np.piecewise(x, [x > 0], [1, 2, 3]),
    lambda x: np.append(x, x), lambda x: np.append(x, x[:1], axis=0), lambda x: np.append(x, [1], axis=0),
    lambda x: np.delete(x, 1), lambda x: np.delete(x, [0, -1], axis=1),
    lambda x: np.delete(x, slice(None, None, 2), 0),
    lambda x: np.delete(x, [True] + [False] * 6, 0), lambda x: np.delete(x, [7], 0), lambda x: np.delete(x, [], 0),
    lambda x: np.delete(x, slice(None), 0), lambda x: np.delete(x, 9, 0), lambda x: np.delete(x, range(0, 35, 1)),
    lambda x: np.insert(x, 1, 9, axis=0), lambda x: np.insert(x, [1, 1, 3], 9, axis=0),
    lambda x: np.insert(x, 2, [1, 2]),
    lambda x: np.insert(x, [0, 7], np.arange(10).reshape(2, 5), axis=0), lambda x: np.insert(x, -1, [7] * 7, axis=1),
    lambda x: np.insert(x, [8, 9], 1, axis=0), lambda x: np.insert(x, slice(0, 2), 1, axis=0),
    lambda x: np.insert(x, [], 1),
    lambda x: np.insert(x, np.array([True, False, True]), 5), lambda x: np.insert(x, 9, 1, axis=0),
    lambda x: np.insert(x, [1], x[:2], 0),
    lambda x: np.repeat(x, 2), lambda x: np.repeat(x, [1, 0, 2, 0, 3], axis=1), lambda x: x.repeat(3, 0),
    lambda x: np.repeat(x, [1, 2], axis=0), lambda x: np.repeat(x, -1), lambda x: np.repeat(x, 0, axis=0),
    lambda x: np.repeat(x, 1.5), lambda x: x.item(3), lambda x: x.item(1, 2), lambda x: x.item((1, 2)),
    lambda x: x.item(),
    lambda x: x[:1, :1].item(), lambda x: x.item(99), lambda x: np.tril_indices_from(x),
    lambda x: x[np.ix_([0, 2], [1])],
    lambda x: np.unravel_index((x > 0).astype(int) + 3, (2, 3)), lambda x: np.unravel_index((x > 0).astype(int), 1),
    lambda x: np.ravel_multi_index(((x > 0).astype(int), [0, 1, 2, 3, 4]), (2, 5)),
    lambda x: np.ravel_multi_index(((x > 0).astype(int), 3), (1, 5), mode="wrap"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_calls(number: int) -> None:
    """Each function gives what NumPy's gives, or refuses as it does."""
    same(CALLS[number], values_of("i"))
    same(CALLS[number], KINDS["dtype-f"])


def test_outer_index() -> None:
    """`oindex` picks along each axis by itself."""
    a = np.arange(60).reshape(3, 4, 5)
    x = nb.from_array(a, chunks=2)

    check(x.oindex[[2, 0], :, [1, 1, 3]], a[[2, 0]][:, :, [1, 1, 3]])
    check(x.oindex[[2, 0], 1], a[[2, 0], 1])
    check(x.oindex[..., [True, False, True, False, False]], a[..., [0, 2]])
    check(x.oindex[np.array([0]), ::-1, 2], a[[0]][:, ::-1, 2])
    x.oindex[[2, 0], :, [1, 3]] = 9
    a[np.ix_([2, 0], range(4), [1, 3])] = 9

    check(x, a)


def test_point_index() -> None:
    """`vindex` picks points, whose axes come first."""
    a = np.arange(60).reshape(3, 4, 5)
    x = nb.from_array(a, chunks=2)

    check(x.vindex[[2, 0], :, [1, 3]], a[[2, 0], :, [1, 3]])
    check(x.vindex[:, [0, 1], [1, 3]], np.moveaxis(a[:, [0, 1], [1, 3]], 1, 0))
    check(x.vindex[[[0], [1]], [0, 1], 2], a[[[0], [1]], [0, 1], 2])
    check(x.vindex[:, nb.asarray([0, 1]), [1, 3]], np.moveaxis(a[:, [0, 1], [1, 3]], 1, 0))
    x.vindex[:, [0, 1], [1, 3]] = [[1, 2, 3], [4, 5, 6]]
    a[:, [0, 1], [1, 3]] = np.array([[1, 2, 3], [4, 5, 6]]).T

    check(x, a)


def test_block_index() -> None:
    """`blocks` picks by block, along each axis by itself; `partitions` is the same."""
    a = np.arange(35).reshape(7, 5)
    x = nb.from_array(a, chunks=(3, 2))

    check(x.blocks[1, -1], a[3:6, 4:])
    check(x.blocks[1:], a[3:])
    check(x.blocks[[2, 0]], a[[6, 0, 1, 2]])
    check(x.partitions[::-1, 0], a[[6, 3, 4, 5, 0, 1, 2], :2])
    assert ((1, 3), (2, 2, 1)) == x.blocks[[2, 0]].chunks
    assert (3, 3) == x.blocks.shape
    assert 9 == len(x.blocks.ravel())
    check(x.blocks[[2, 0]].blocks[:, [0, 2]], a[[6, 0, 1, 2]][:, [0, 1, 4]])
    with pytest.raises(IndexingError, match="out of bounds"):
        x.blocks[3]
    with pytest.raises(InputError, match="a list along more than one axis"):
        x.blocks[[0, 1], np.array([0, 1])]
    with pytest.raises(InputError, match=r"newaxis .* not supported"):
        x.blocks[None]


def test_each_stored_block_is_read_once() -> None:
    """Positions in any order read each block once."""

    class Counting:
        shape, dtype, chunks, reads = (1000, 4), np.dtype(int), (100, 4), 0

        def __getitem__(self, index: Any) -> Any:
            Counting.reads += (index[0].stop - index[0].start) * (index[1].stop - index[1].start)
            return np.arange(4000).reshape(1000, 4)[index]

    positions = np.random.default_rng(0).integers(0, 1000, 5000)
    x = nb.from_array(Counting(), chunks=(100, 4))
    Counting.reads = 0

    np.testing.assert_array_equal(np.arange(4000).reshape(1000, 4)[positions], x[positions].compute())
    assert Counting.reads <= 2 * 4000


def test_chunks_of_taken() -> None:
    """Taken at blocked positions, elements are in the positions' chunks, if these are no longer than its own."""
    at = nb.from_array(np.array([1, 2, 3, 3, 2, 1]), chunks=3)

    assert at.chunks == nb.take(nb.arange(5), at).chunks
    assert ((2, 2, 2),) == nb.take(nb.arange(6, chunks=2), at).chunks
    check(nb.take(np.arange(5.0) * 2, at), np.array([2.0, 4.0, 6.0, 6.0, 4.0, 2.0]))


@pytest.mark.parametrize("dtype", [">i4", ">f8", ">c16", ">M8[s]", ">U2"])
def test_byte_orders(dtype: str) -> None:
    """What is left out, put between and picked keeps its byte order, or becomes what NumPy makes of it."""
    a = np.arange(10).reshape(5, 2).astype(dtype)
    calls: list[Callable[[Any], Any]] = [
        lambda x: np.delete(x, 1, 0), lambda x: np.delete(x, [0, 3]), lambda x: np.insert(x, 1, x[0], 0),
        lambda x: np.insert(x, [1, 1, 4], x[:3], 0), lambda x: np.insert(x, 9, x[0, 0]),
        lambda x: np.repeat(x, 2, 1), lambda x: np.compress([True, False, True], x, 0), lambda x: np.append(x, x, 0),
    ]  # fmt: skip
    for call in calls:
        same(call, a, chunks=2)


def test_compress_of_nothing() -> None:
    """Where there is nothing beside the axis there is nothing to pick, of as many as are wanted."""
    for shape in ((4, 0), (0, 4), (2, 0, 3)):
        for axis in range(len(shape)):
            same(lambda x, k=axis: np.compress([True, False][: x.shape[k]], x, k), np.ones(shape), chunks=2)


def test_no_axes() -> None:
    """Of an array without axes NumPy takes axis 0, and what is laid out has one."""
    for a in (np.array(3), np.array("text"), np.array("2001", "M8[D]")):
        same(lambda x: np.repeat(x, 3), a)
        same(lambda x: np.repeat(x, 2, 0), a)
        same(lambda x: np.squeeze(x, 0), a)
        same(lambda x: np.squeeze(x, 1), a)
        for axis in (None, 0, -1, 1):
            same(lambda x, k=axis: np.argsort(x, k), a)


@pytest.mark.parametrize("source", ["u8", "i2", "f4"])
@pytest.mark.parametrize("dtype", ["i8", ">i8"])
def test_what_copyto_leaves_alone_keeps_its_bits(source: str, dtype: str) -> None:
    """Elements that stay aren't cast to a dtype that holds both and back; the array's dtype stays."""
    a, new = np.array([2**63 - 1, 5, -(2**63)], dtype), np.array([1, 2, 3], source)
    x = nb.from_array(a.copy(), chunks=2)
    where = np.array([False, True, False])
    np.copyto(a, new, where=where, casting="unsafe")
    nb.copyto(x, new, where=where, casting="unsafe")

    assert a.tolist() == x.compute().tolist()
    assert a.dtype == x.compute().dtype


def test_conditions_for_a_number() -> None:
    """A number by itself has a condition for each function; along an axis a list of booleans is one."""
    same(lambda x: np.piecewise(x, [True, False], [1, 0]) + 0, np.array(5))
    same(lambda x: np.piecewise(x, [False, True, False], [4, 2, 0]) + 0, np.array(3.5))
    same(lambda x: np.piecewise(x, [False, True], [1]), np.array(3))
    same(lambda x: np.piecewise(x, [True, False, True], [4, 2]), np.arange(3))


def test_records_are_inserted() -> None:
    """Tuples are read as records; no positions at all need to be whole numbers where an array holds them."""
    a = np.array([(1, b"a"), (2, b"b")], "i4,S1")
    same(lambda x: np.insert(x, 0, (4, "d")), a, chunks=1)
    same(lambda x: np.insert(x, [0, 2], [(4, "d"), (5, "e")]), a, chunks=1)
    same(lambda x: np.insert(x, np.zeros(0), []), np.arange(3))
    same(lambda x: np.insert(x, [], []), np.arange(3))


OBJECTS = np.array([None, "", 0, 0.0, "a", 1, False], object)


@pytest.mark.parametrize("a", [OBJECTS, np.zeros(3, "i4,f8"), np.array([(0, 1), (0, 0)], "i4,f8")], ids=["O", "0", "V"])
def test_what_is_not_zero(a: np.ndarray) -> None:
    """Objects count as they are true, records if a field isn't zero."""
    same(np.nonzero, a, chunks=2)
    same(np.argwhere, a, chunks=2)
    same(lambda x: np.count_nonzero(x) + 0, a, chunks=2)


def test_choices_one_after_the_other() -> None:
    """The method takes the arrays to choose from as arguments of their own, too."""
    a = np.array([1, 0, 2])
    same(lambda x: x.choose(7, [1, 2, 3], 9), a, chunks=2)
    same(lambda x: x.choose([7, [1, 2, 3], 9], mode="wrap"), a, chunks=2)
    same(lambda x, y: (x % 2).choose(y, y * 2), a, np.array([4, 5, 6]), chunks=2)
