"""Arrays made of nothing are NumPy's, bit for bit."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import ChunkError, DTypeError, InputError, NotBlocked
from tests.compare import check, check_blocks, same
from tests.laws.arrays import KINDS

SHAPES = [3, (2, 3), (), 0, (0, 3), [2, 2], np.int64(3), np.array([2, 3]), (2, -1), -1, 2.5, "a", (2, 2.5), None]
DAY, DAYS = np.datetime64("2014-01-01"), np.timedelta64


def both(name: str, *args: Any, chunks: Any = None, **options: Any) -> None:
    """The function of this name makes the same, in chunks."""
    ours = getattr(nb, name)
    check(lambda: ours(*args, chunks=chunks, **options), lambda: getattr(np, name)(*args, **options))


@pytest.mark.parametrize("shape", SHAPES, ids=repr)
def test_filled(shape: Any) -> None:
    """Zeros, ones and other values, of all shapes and dtypes."""
    for name in ("zeros", "ones"):
        both(name, shape)
        for dtype in ("i4", "?", "c8", "M8[s]", "U3", ">f8", "nonsense"):
            both(name, shape, dtype=dtype)
    for value in (1, 2.5, True, np.float32(2), np.nan, -0.0):
        both("full", shape, value, dtype="f4")
        both("full", shape, value, dtype=">i2")
    for value in (1, 2.5, True, 1j, "abc", np.float32(2), DAY, np.nan, -0.0):
        both("full", shape, value)


def test_values_that_do_not_fit() -> None:
    """Python's integers have to fit the dtype; arrays of values are spread."""
    both("full", 3, 300, dtype="u1")
    both("full", 3, -1, dtype="u1")
    both("full", 3, 2.7, dtype="i4")
    both("full", 3, "abc", dtype="f4")
    both("full", (3, 2), [1, 2])
    both("full", (3, 2), [1.5, 2], dtype="i4")
    both("full", 3, [1, 2])


@pytest.mark.parametrize("name", ["zeros_like", "ones_like"])
def test_like(name: str) -> None:
    """With the shape, dtype and chunks of another array, or some of them."""
    like = getattr(np, name)

    for kind in ("dtype-d", "dtype-?", "datetime", "big-endian-i4", "dtype-F", "text"):
        same(like, KINDS[kind])
        same(lambda x: like(x, dtype="i2"), KINDS[kind])
        same(lambda x: like(x, shape=(3, 2)), KINDS[kind])
        same(lambda x: like(x, shape=4), KINDS[kind])
        same(lambda x: np.full_like(x, 3), KINDS[kind])
        same(lambda x: np.full_like(x, 2.5, dtype="f4"), KINDS[kind])
    same(lambda x: np.full_like(x, 300), KINDS["dtype-B"])
    assert ((3, 3, 1), (2, 2, 1)) == getattr(nb, name)(nb.zeros((7, 5), chunks=(3, 2))).chunks


def test_empty() -> None:
    """Arrays whose values don't matter have a shape and a dtype."""
    x = nb.empty((2, 3), "f4", chunks=2)

    assert ((2, 3), np.dtype("f4"), ((2,), (2, 1))) == (x.shape, x.dtype, x.chunks)
    assert ((2, 3), np.dtype("i2")) == (nb.empty_like(x, dtype="i2").shape, nb.empty_like(x, dtype="i2").dtype)


@pytest.mark.parametrize(
    "args",
    [
        (5,), (0,), (-3,), (1, 5), (5, 1), (5, 1, -1), (0, 10, 3), (0, 7, 2), (7, 0, -2), (1, 2, 3), (0, 5, None),
        (2.5,), (0, 10, 2.5), (0.0, 1.0, 0.1), (1, 0, -0.1), (0.5, 3), (0, 1, 0.3), (1.5, 2), (0, -10, -2.5), (-0.0, 3),
        (0, 1e-3, 1e-4), (3.7, -2.2, -0.7), (0.1, 1.1, 0.1), (1e10, 1e10 + 5), (0.3, 40, 0.7), (-7.7, -90, -1.3),
        (np.float32(0), np.float32(3), np.float32(0.5)), (np.int8(0), np.int8(100), np.int8(7)), (np.uint8(25),),
        (2**63 - 3, 2**63 - 1), (np.array(3),), (True,), (np.nan,), (0, np.inf), (0, 10**19), ("a",),
        (np.array([1, 2]),),
    ],
    ids=repr,
)  # fmt: skip
def test_arange(args: tuple[Any, ...]) -> None:
    """Numbers of all dtypes, forwards and backwards, counted and rounded as NumPy does."""
    for dtype in (None, "f4", "i2", "f8", "c16", "c8", "u1", ">i4", "e"):
        both("arange", *args, dtype=dtype, chunks=4)


@pytest.mark.parametrize("dtype", ["e", "f", "d", "F", "q"])
def test_long_ranges(dtype: str) -> None:
    """Rounding is NumPy's however far a range goes, and in whichever part of it."""
    for args in ((0.3, 400, 0.7), (-7.7, -900, -1.3), (0, 300, 0.1)):
        both("arange", *args, dtype=dtype, chunks=100)
        check(
            nb.arange(*args, dtype=dtype, chunks=100)[::-3][5:40], lambda a=args: np.arange(*a, dtype=dtype)[::-3][5:40]
        )


@pytest.mark.parametrize(
    "args",
    [
        (DAY, np.datetime64("2014-02-01")), (DAY, np.datetime64("2014-02-01"), DAYS(3, "D")), (DAY, 5),
        (DAY, np.datetime64("2014-01-03"), DAYS(5, "h")), (DAY, DAYS(5, "D")), (DAY, 20, 5), (DAYS(5, "s"),),
        (DAYS(0, "s"), DAYS(100, "s"), DAYS(7, "s")), (0, 10, DAYS(2, "s")), (DAYS(0, "s"), 5),
        (np.datetime64("2014-02-01"), DAY),
        (np.datetime64("2014-02"), np.datetime64("2014-02-04")), (np.datetime64("NaT"), DAY), (DAY,),
        (np.datetime64("2014-02-01"), DAY, DAYS(-6, "D")),
    ],
    ids=repr,
)  # fmt: skip
def test_ranges_of_times(args: tuple[Any, ...]) -> None:
    """Dates and spans of time, the end told as a date or by how far away it is."""
    both("arange", *args, chunks=4)
    both("arange", *args, dtype="M8[D]" if isinstance(args[0], np.datetime64) else "m8[ms]", chunks=400)


@pytest.mark.parametrize(
    "args",
    [
        (0, 1), (0, 1, 5), (0, 1, 1), (0, 1, 0), (1, 0, 7), (2, 2, 3), (0, 10, 11), (-3.5, 7.25, 13), (0, 1e300, 9),
        (0, 5e-324, 3), (1j, 2, 4), (np.float32(0), np.float32(1), 7), (0, np.inf, 3), (np.nan, 1, 3), (0, 1, -1),
        (0, 1, 2.5),
        (0, 100, 1000), (0.1, 0.7, 97), (5, -3, 17), (np.array(0.0), 1, 4), (True, 5, 4), (-0.0, 1, 3), (0, -0.0, 3),
        (1e16, 1e16 + 10, 7), (0, np.float32(8), 3), (np.float16(1), 2.5, 4), (np.complex64(1), 2, 3),
        (np.int32(1), np.float32(3), 3), (np.array([1, 2], "f4"), 5, 3), (1, np.array([2, 3], "f2"), 3),
    ],
    ids=repr,
)  # fmt: skip
def test_linspace(args: tuple[Any, ...]) -> None:
    """Evenly spaced numbers: the same bits, and the end exactly."""
    for options in ({}, {"endpoint": False}, {"dtype": "i4"}, {"dtype": "f4"}, {"dtype": "c8"}, {"dtype": "e"}):
        both("linspace", *args, **options, chunks=4)
    both("logspace", *args, chunks=4)


@pytest.mark.parametrize("axis", [0, -1, 1, -2, 1.0, None], ids=repr)
def test_spaced_along_an_axis(axis: Any) -> None:
    """Numbers make an array of one axis, and it is no other."""
    for name in ("linspace", "logspace"):
        both(name, 1, 2, 3, axis=axis)
        both(name, [1, 2], 3, 4, axis=axis)


@pytest.mark.parametrize(
    "ends", [(0, np.float32(3)), (np.float16(1), 2), (np.array([1, 2], "f4"), 3), (1, 4)], ids=repr
)
def test_distances(ends: Any) -> None:
    """The distance is of the numbers' dtype."""
    for num in (1, 4):
        check(lambda n=num: nb.linspace(*ends, n, retstep=True), lambda n=num: np.linspace(*ends, n, retstep=True))


@pytest.mark.parametrize(
    "args", [(3,), (3, 4), (4, 3, 1), (3, 3, -1), (3, 3, 5), (0,), (3, 0), (3, None, 1), (2.5,), (-1,), (3, 3, 1.5)]
)
def test_eye(args: tuple[Any, ...]) -> None:
    """Ones on a diagonal."""
    for dtype in (float, int, bool, "c8", "U1", ">i2"):
        both("eye", *args, dtype=dtype, chunks=2)
    check(lambda: nb.eye(*args, chunks=2).T[::-1].sum(axis=0), lambda: np.eye(*args).T[::-1].sum(axis=0))


@pytest.mark.parametrize(
    "made",
    [
        lambda m, c: m.arange(3, 20, **c), lambda m, c: m.linspace(0, 1, 17, **c), lambda m, c: m.eye(17, **c)[3],
        lambda m, c: m.zeros(17, **c), lambda m, c: m.arange(0.5, 9, 0.5, **c),
    ],
    ids=["arange", "linspace", "eye", "zeros", "arange of floats"],
)  # fmt: skip
def test_parts_and_blocks(made: Any) -> None:
    """Any part can be made by itself, and blocks are as promised."""

    def function(module: ModuleType) -> Any:
        return made(module, {"chunks": 4} if module is nb else {})

    check_blocks(function(nb))
    for index in (np.s_[::-1], np.s_[3:11:2], np.s_[-1], np.s_[[5, 5, 0]], np.s_[9:3:-4]):
        check(lambda i=index: function(nb)[i] + 1, lambda i=index: function(np)[i] + 1)


def test_a_trillion() -> None:
    """Arrays larger than any disk cost nothing until they are computed."""
    x = nb.arange(-5 * 10**11, 5 * 10**11, chunks=10**6)

    assert ((10**12,), 10**6, 8 * 10**12) == (x.shape, x.nblocks, x.nbytes)
    assert np.arange(-5 * 10**11, -5 * 10**11 + 3).tolist() == x[:3].tolist()
    assert [499999999999, 0] == [x[-1].item(), x[5 * 10**11].item()]
    assert np.float64(6.0) == nb.full((10**6, 10**6), 2.0, chunks=1000)[5, 10**5 : 10**5 + 3].sum().compute()


def test_messages() -> None:
    """Arguments that can't be used are told, with what was expected."""
    with pytest.raises(InputError, match="the step is 0"):
        nb.arange(0, 5, 0)
    with pytest.raises(InputError, match="needs a start and a stop"):
        nb.arange(DAY)
    with pytest.raises(DTypeError, match=r"shape=\(2, 2\.5\): expected an integer or a sequence of integers"):
        nb.zeros((2, 2.5))
    with pytest.raises(InputError, match=r"shape=\(2, -1\): expected sizes that are not negative"):
        nb.ones((2, -1))
    with pytest.raises(InputError, match="number of samples, -1, must be non-negative"):
        nb.linspace(0, 1, -1)
    with pytest.raises(NotBlocked, match="arange of complex128"):
        nb.arange(1j)
    with pytest.raises(ChunkError, match=r"chunks=\(2, 2\) has 2 entries, but the array has 3 axes"):
        nb.zeros((4, 4, 4), chunks=(2, 2))


@pytest.mark.parametrize(
    ("args", "dtype"),
    [
        (("1969-05", "1970-05", 2), "M8"),
        (("1066-10-13", "1066-10-16"), np.datetime64),
        ((np.datetime64("2011-03-01"), np.timedelta64(5, "M")), None),
        ((np.datetime64("2011-03"), np.timedelta64(5, "M")), None),
        ((np.array("2010-01-04", "M8[D]"), np.datetime64("2010-01-06")), None),
        ((np.array(3), np.array(7), np.array(2)), None),
        ((np.array("2010-01-04", "M8[D]"),), None),
    ],
    ids=str,
)
def test_ranges_of_dates_and_blocked_ends(args: Any, dtype: Any) -> None:
    """Texts say the unit of dates, months are no days, and ends may be blocked."""
    check(lambda: nb.arange(*args, dtype=dtype), lambda: np.arange(*args, dtype=dtype))
    blocked = [nb.from_array(a) if isinstance(a, np.ndarray) else a for a in args]
    check(lambda: nb.arange(*blocked, dtype=dtype), lambda: np.arange(*args, dtype=dtype))


def test_sizes_that_are_arrays() -> None:
    """A number in an array is a size; a size below zero isn't one."""
    check(lambda: nb.ones(nb.asarray(3)), np.ones(3))
    check(lambda: nb.zeros(np.array(3)), np.zeros(3))
    check(lambda: nb.broadcast_to(nb.ones(1), -1), lambda: np.broadcast_to(np.ones(1), -1))
