"""Arrays made of data that exists: what is taken, in which chunks, and what is refused."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import ChunkError, InputError, MissingFile
from tests.compare import check, check_blocks
from tests.laws.arrays import KINDS, LAYOUTS, MASKED, values_of


@pytest.mark.parametrize("name", [*KINDS, *LAYOUTS, *MASKED])
def test_from_array(name: str) -> None:
    """An array in blocks is the array, in its values and in each block."""
    a = {**KINDS, **LAYOUTS, **MASKED}[name]
    x = nb.from_array(a, chunks=2)

    check(x, a)
    check_blocks(x)


def test_memmap(tmp_path: Path) -> None:
    """Files mapped into memory are read where they lie."""
    a = values_of("f")
    np.save(tmp_path / "a.npy", a)

    check(nb.from_array(np.load(tmp_path / "a.npy", mmap_mode="r"), chunks=3) + 1, a + 1)
    check(nb.open(tmp_path / "a.npy", chunks=3).sum(axis=0), a.sum(axis=0))


def test_anything_with_brackets() -> None:
    """An object with shape, dtype and brackets is an array; only what is needed is read."""
    a = values_of("d")

    class Source:
        shape, dtype = a.shape, a.dtype

        def __init__(self) -> None:
            self.read = 0

        def __getitem__(self, index: Any) -> Any:
            part = a[index]
            self.read += part.size
            return part

    source = Source()
    x = nb.from_array(source, chunks=(3, 2))
    source.read = 0

    check(x[2:4, 1:3].compute(), a[2:4, 1:3])
    assert source.read < a.size
    check(x.T * 2, a.T * 2)


def test_asarray() -> None:
    """Lists and numbers become arrays, of a dtype if asked."""
    check(nb.asarray([1, 2, 3]), np.asarray([1, 2, 3]))
    check(nb.asarray([[1.5], [2]], dtype="f4"), np.asarray([[1.5], [2]], dtype="f4"))
    check(nb.asarray(3), np.asarray(3))
    check(nb.asarray(np.float32(2)), np.asarray(np.float32(2)))
    check(nb.asarray(nb.arange(3), dtype=float), np.arange(3.0))


def test_copies() -> None:
    """`array` makes another array to write to, `asarray` one if it has to, or is told to."""
    for made in (lambda m, x: m.array(x), lambda m, x: m.asarray(x, copy=True), lambda m, x: m.asarray(x)):
        found = []
        for module, x in ((nb, nb.arange(3)), (np, np.arange(3))):
            made(module, x)[0] = 9
            found.append(np.asarray(x).tolist())

        assert found[1] == found[0]
    for function in (lambda m, x: m.array(x, "f4", copy=False), lambda m, x: m.asarray([1, 2], copy=False)):
        check(lambda f=function: f(nb, nb.arange(3)), lambda f=function: f(np, np.arange(3)))
    check(nb.asanyarray(nb.arange(3), copy=False, device="cpu"), np.arange(3))


@pytest.mark.parametrize("name", ["zeros_like", "ones_like", "empty_like", "asanyarray"])
def test_unknown_keywords(name: str) -> None:
    """A keyword that is misspelt isn't let pass."""
    for module in (np, nb):
        with pytest.raises(TypeError, match="unexpected keyword"):
            getattr(module, name)(module.arange(3), dtpye=float)


def test_changes_show_as_they_do_in_views() -> None:
    """Nothing is copied: the array shows what its source holds when it is computed."""
    a = values_of("d")
    x = nb.from_array(a, chunks=3)
    a[0] = 100

    check(x, a)


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        (3, ((3, 3, 1), (3, 2))),
        ((2, -1), ((2, 2, 2, 1), (5,))),
        ((None, 4), ((7,), (4, 1))),
        (((4, 3), (1, 4)), ((4, 3), (1, 4))),
        ((100, 100), ((7,), (5,))),
        ({1: 2}, ((7,), (2, 2, 1))),
        (np.int64(4), ((4, 3), (4, 1))),
        ("80B", ((2, 2, 2, 1), (5,))),
        ("auto", ((7,), (5,))),
        (None, ((7,), (5,))),
    ],
    ids=str,
)
def test_chunks(chunks: Any, expected: Any) -> None:
    """Chunks are given in many ways; `blockshape` is another word for them."""
    assert expected == nb.from_array(values_of("d"), chunks=chunks).chunks
    assert expected == nb.from_array(values_of("d"), blockshape=chunks).chunks


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ((3,), r"chunks=\(3,\) has 1 entries, but the array has 2 axes, shape \(7, 5\)"),
        ((3, 2, 1), "has 3 entries, but the array has 2 axes"),
        (0, "chunks for axis 0 are 0; a chunk has at least 1 element"),
        ((3, -2), "chunks for axis 1 are -2"),
        (((4, 4), 5), r"chunks for axis 0 add up to 8, but the axis has 7 elements \(shape \(7, 5\)\)"),
        (((4, 2.5), 5), r"chunks for axis 0 are \(4, 2\.5\)"),
        ((2.5, 1), r"chunks for axis 0 are 2\.5; expected a number or a tuple of sizes"),
        (("many", 1), "chunks for axis 0 are 'many'"),
        (2.5, r"chunks=2\.5: expected a number, a tuple with one entry an axis, or 'auto'"),
        ({2: 1}, r"names axes \[2\] of an array of 2 axes"),
        (True, "chunks"),
    ],
    ids=str,
)
def test_chunks_that_do_not_fit(chunks: Any, message: str) -> None:
    """Chunks that don't fit are refused with the shape, and what would fit."""
    with pytest.raises(ChunkError, match=message):
        nb.from_array(values_of("d"), chunks=chunks)


def test_chunks_of_nothing() -> None:
    """An axis without elements may be said to be in chunks without elements."""
    x = nb.from_array(np.empty((2, 0)), chunks=(1, 0))

    assert ((1, 1), (0,)) == x.chunks
    check(nb.tile(x, 2), np.tile(np.empty((2, 0)), 2))


@pytest.mark.parametrize(
    "name", ["array", "asarray", "asanyarray", "arange", "eye", "identity", "ones", "tri", "zeros"]
)
@pytest.mark.parametrize("like", [None, np.ones(2), nb.ones(2)], ids=["none", "numpy", "blocked"])
def test_like(name: str, like: Any) -> None:
    """NumPy's `like` is taken; what is made is blocked, and knows nothing of the other array."""
    made = getattr(nb, name)(3, like=like)

    assert isinstance(made, nb.Array)
    check(made, getattr(np, name)(3))
    check(nb.full(3, 4, like=like), np.full(3, 4))
    check(nb.empty(3, like=like).shape, (3,))


def test_like_something_else() -> None:
    """Arrays of another kind are not made."""
    with pytest.raises(TypeError, match="like=list: nbarray makes blocked arrays only"):
        nb.arange(3, like=[1])


def test_messages() -> None:
    """What is no array is refused."""
    with pytest.raises(InputError, match="chunks or blockshape, not both"):
        nb.from_array(values_of("d"), chunks=2, blockshape=3)
    with pytest.raises(InputError, match="expected something with shape, dtype and __getitem__"):
        nb.from_array({1, 2})
    with pytest.raises(MissingFile):
        nb.open("no-such-file.nc", "t2m")


def test_numbers_and_lists() -> None:
    """What isn't an array yet is made one."""
    np.testing.assert_array_equal([[1, 2], [3, 4]], nb.from_array([[1, 2], (3, 4)], chunks=(1, 2)).compute())
    assert 5 == nb.from_array(5).compute()


def test_a_lock_to_read_under() -> None:
    """It is held whenever something is read that isn't in memory as a NumPy array; True and False leave it to us."""

    class Watched:
        shape, dtype, ndim = (6,), np.dtype(float), 1

        def __getitem__(self, index: Any) -> Any:
            return np.arange(6.0)[index] + held.locked()

    held = threading.Lock()

    np.testing.assert_array_equal(np.arange(6.0) + 1, nb.from_array(Watched(), 2, held).compute())
    for lock in (True, False, None):
        np.testing.assert_array_equal(np.arange(6.0), nb.from_array(Watched(), 2, lock=lock, name="x").compute())
    with pytest.raises(InputError, match="lock=3 can't be held"):
        nb.from_array(Watched(), lock=3)


LISTS = [
    ([(1, "a"), (2, "b")], "i4,S1"),
    ([(1, (2, 3)), (4, (5, 6))], [("a", int), ("b", [("c", int), ("d", int)])]),
    (["NaT", 1, 2], "M8[ns]"),
    (["2001-01-01", "2002-02"], "M8"),
    ([1, "two", None], object),
    ([1.5, 2], int),
    ([1, 300], np.uint8),
    ([1, 2**64 - 1], None),
    ([[1, 2], [3]], None),
]


@pytest.mark.parametrize(("values", "dtype"), LISTS, ids=str)
def test_the_dtype_says_what_lists_hold(values: Any, dtype: Any) -> None:
    """Texts, tuples and numbers in lists are read as values of the dtype that is asked for, not cast to it later."""
    check(lambda: nb.array(values, dtype), lambda: np.array(values, dtype))
    check(lambda: nb.asarray(values, dtype, chunks=1), lambda: np.asarray(values, dtype))


def test_dates_without_a_unit() -> None:
    """They can be made, and shown."""
    check(nb.zeros((2, 2), "M8"), np.zeros((2, 2), "M8"))

    assert "full(0)" in repr(nb.zeros(2, "M8").plan())


@pytest.mark.parametrize("name", ["zeros", "ones", "empty", "full", "eye"])
def test_an_order_in_memory_means_nothing(name: str) -> None:
    """It is taken where NumPy takes it."""
    args = (3, 7) if name == "full" else (3,)

    assert getattr(nb, name)(*args, order="F").shape == getattr(np, name)(*args, order="F").shape
