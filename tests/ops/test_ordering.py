"""Partitions, the largest few, several keys, places in sorted arrays and membership are NumPy's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import nbarray as nb
from nbarray.errors import NotBlocked
from nbarray.kernels import extremes
from nbarray.ops import ordering
from tests.compare import check, same
from tests.examples import law
from tests.laws.arrays import KINDS, MASKED

RNG = np.random.default_rng(4)
ORDERED = [k for k in KINDS if KINDS[k].dtype.kind != "c" and k[:8] != "peculiar"]


@pytest.fixture(params=["lines in tasks", "long lines"])
def room(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Once in blocks of lines, once with lines that fit nowhere."""
    monkeypatch.setattr(extremes, "TILE", 5)
    monkeypatch.setattr(extremes, "SPARE", 3)
    with nb.config(chunk_bytes=2**20 if request.param == "lines in tasks" else 1):
        yield


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("kind", ORDERED)
def test_topk(kind: str) -> None:
    """The first of what sorting gives, from either end, along any axis; of equal ones the first comes first."""
    a = KINDS[kind]
    for axis in (0, 1, -1):
        n = a.shape[axis]
        turned = np.flip(a, axis)
        down = np.flip(np.sort(a, axis=axis), axis)
        downwards = np.flip(n - 1 - np.argsort(turned, axis=axis, kind="stable"), axis)
        for k in (1, 3, 50):
            part = (*(slice(None),) * (axis % 2), slice(0, k))
            for chunks in (2, 4):
                x = nb.from_array(a, chunks=chunks)
                check(nb.topk(x, k, axis), down[part])
                check(x.topk(-k, axis), np.sort(a, axis=axis)[part])
                check(x.argtopk(k, axis), downwards[part])
                check(nb.argtopk(x, -k, axis), np.argsort(a, axis=axis, kind="stable")[part])


@law(40)
@given(
    arrays(np.float64, st.integers(1, 60), elements=st.sampled_from([0.0, 1, 2, 3, np.nan, np.inf, -np.inf])),
    st.integers(-9, 9).filter(bool),
    st.integers(1, 20),
)
def test_topk_of_one_axis(a: Any, k: int, chunk: int) -> None:
    """NaN counts as the largest; ties keep their order across blocks."""
    tile, spare = extremes.TILE, extremes.SPARE
    extremes.TILE, extremes.SPARE = 4, 2
    try:
        order = np.argsort(a, kind="stable")
        if k > 0:
            order = len(a) - 1 - np.argsort(a[::-1], kind="stable")[::-1]
        x = nb.from_array(a, chunks=chunk)
        check(nb.argtopk(x, k), order[: abs(k)])
        check(nb.topk(x, k), a[order[: abs(k)]])
    finally:
        extremes.TILE, extremes.SPARE = tile, spare


@pytest.mark.parametrize("kind", ORDERED)
@pytest.mark.parametrize("axis", [0, 1, None])
def test_partition(kind: str, axis: Any) -> None:
    """Lines in tasks are NumPy's; longer ones are in order, which is a partition."""
    a = KINDS[kind]
    same(lambda x: np.partition(x, 2, axis=axis), a)
    same(lambda x: np.partition(x, [1, -2], axis=axis), a)
    with nb.config(chunk_bytes=1):
        x = nb.from_array(a, chunks=2)
        check(nb.partition(x, 2, axis=axis), np.sort(a, axis=axis))
        order = nb.argpartition(x, 2, axis=axis).compute()
    flat, at = (a.ravel(), 0) if axis is None else (a, axis)
    same_place = np.take_along_axis(flat, order, at)

    np.testing.assert_array_equal(np.sort(flat, axis=at), same_place)
    same(lambda x: np.partition(x, 99, axis=axis), a)
    same(lambda x: np.partition(x[:0], 99, axis=axis), a)  # of nothing every rank will do
    same(lambda x: np.argpartition(x[:, :0], 0, axis=-1), np.atleast_2d(a))
    same(lambda x: np.partition(x, 1.5, axis=axis), a)


@pytest.mark.usefixtures("room")
def test_lexsort() -> None:
    """The last key counts first, for one axis and several, keys of different dtypes."""
    a, b = RNG.integers(0, 3, 40), RNG.integers(0, 4, 40) / 2
    for keys in ([a], [a, b], [b, a], [a, b, a.astype("u1")]):
        same(lambda *k: np.lexsort(k), *keys)
    same(lambda *k: np.lexsort(k, axis=0), RNG.integers(0, 3, (6, 3)), RNG.integers(0, 2, (6, 3)))
    same(lambda *k: np.lexsort(k), a, b[:5])
    same(np.lexsort, RNG.integers(0, 3, (2, 30)))


@pytest.mark.parametrize("dtype", ["i1", "i8", "f4", "D", "?"])
def test_sort_complex(dtype: str) -> None:
    """Sorted and made complex, small whole numbers in single precision."""
    same(np.sort_complex, RNG.integers(-4, 4, (4, 9)).astype(dtype))


@pytest.mark.parametrize("room_bytes", [2**20, 16])
@pytest.mark.parametrize("dtype", ["i4", "f8", ">f8", "M8[s]", "U2"])
def test_searchsorted(room_bytes: int, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Either may be the larger one; ties go left or right of their equals."""
    monkeypatch.setattr(ordering, "held", lambda: room_bytes)
    a, v = np.sort(RNG.integers(0, 9, 30).astype(dtype)), RNG.integers(0, 9, (4, 6)).astype(dtype)
    for side in ("left", "right"):
        same(lambda x, y, side=side: np.searchsorted(x, y, side), a, v)
    if dtype != "U2":
        same(np.searchsorted, a, v[0, 0].reshape(()))
    same(np.searchsorted, a[:0], v)


def test_searchsorted_refuses() -> None:
    """Wrong sides, more than one axis, sorters that can't be one."""
    same(lambda x: np.searchsorted(x, [1], "middle"), np.arange(3))
    same(lambda x: np.searchsorted(x, [1]), np.ones((2, 2)))
    days = np.array(["2014-01-01", "2014-01-02"], "M8[D]")
    for pair in ((np.array([False, True]), days), (days, np.array([False, True])), (days, np.array([1]))):
        same(np.searchsorted, *pair)
    for sorter in ([0.0, 1.0, 2.0], [0, 1], [0, 1, 2, 0]):
        same(lambda x, s=sorter: np.searchsorted(x, [1], sorter=s), np.arange(3))


@pytest.mark.parametrize("dtype", ["?", "i8", "f4", "D", "M8[D]", "m8[s]", "O"])
def test_searchsorted_as_objects(dtype: str) -> None:
    """What has no dtype together is compared as Python's objects, of which dates of nanoseconds are whole numbers."""
    v = np.arange(3).astype(dtype)
    for unit in ("M8[ns]", "M8[D]"):
        for count in (0, 4) if dtype != "O" or unit == "M8[ns]" else (0,):
            same(np.searchsorted, np.arange(count).astype(unit), v)
            same(np.searchsorted, np.arange(count).astype(unit), v[:0])


def test_searchsorted_by_a_sorter() -> None:
    """An array that isn't sorted itself, with the positions that sort it, which may be blocked too."""
    a = np.array([3, 1, 2, 2, 5, 1, 0])

    for dtype in ("int64", "uint8"):
        same(lambda x, s: np.searchsorted(x, [[1, 4], [2, 9]], "right", sorter=s), a, np.argsort(a).astype(dtype))
    same(lambda x: np.searchsorted(x, 2, sorter=[6, 1, 5, 2, 3, 0, 4]), a)


@pytest.mark.parametrize("room_bytes", [2**20, 64])
@pytest.mark.parametrize("dtype", ["i8", "u1", "f4", "M8[s]", "U2", "D", "?"])
def test_isin(room_bytes: int, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few and many others, in memory or blocked, of other dtypes too."""
    monkeypatch.setattr(ordering, "held", lambda: room_bytes)
    a = RNG.integers(0, 60, (5, 8)).astype(dtype)
    for others in (a[0, :3], RNG.integers(0, 99, 40).astype(dtype), a[:0]):
        same(np.isin, a, others)
        same(lambda x, y: np.isin(x, y, invert=True), a, others)
    same(np.isin, np.array([1, np.nan]), np.array([np.nan, 1.0] * 20))
    same(lambda x: np.isin(x, 2.5), np.arange(9) / 2)
    for one in (a[0, 0], a[0, 0].astype("?"), a[0, 0].astype(object)) if dtype != "U2" else ():
        same(np.isin, np.array(one), np.repeat(np.array([one, one]), 20))


@pytest.mark.parametrize("k", [2, -2, 9])
def test_topk_of_masked(k: int) -> None:
    """Of what isn't masked; where there are too few, the rest is masked."""
    a = MASKED["masked-d"]
    made = nb.topk(nb.from_array(a, chunks=2), k, axis=-1).compute()

    for line, found in zip(a.reshape(-1, a.shape[-1]), made.reshape(-1, made.shape[-1]), strict=True):
        values = np.sort(line.compressed())
        values = (values[::-1] if k > 0 else values)[: abs(k)]
        np.testing.assert_array_equal(values, found.compressed())


def test_masked_are_refused() -> None:
    """None of these has a masked form."""
    x = nb.from_array(MASKED["masked-d"], chunks=3)
    for function in (
        lambda: nb.argtopk(x, 1),
        lambda: nb.partition(x, 1),
        lambda: nb.lexsort([x]),
        lambda: nb.isin(x, [1]),
        lambda: nb.searchsorted(x[0], [1]),
    ):
        with pytest.raises(NotBlocked, match="masked arrays has no blocked form"):
            function()


def test_topk_fits_into_a_small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only candidates are kept."""
    monkeypatch.setattr(extremes, "TILE", 256)
    monkeypatch.setattr(extremes, "SPARE", 256)
    a = RNG.normal(size=100_000)
    with nb.config(memory=a.nbytes // 3):
        found = nb.topk(nb.from_array(a, chunks=9000) * 2, 100).compute()

    np.testing.assert_array_equal(np.sort(a * 2)[::-1][:100], found)


def test_searchsorted_chunks() -> None:
    """Places are in the chunks of what is looked for."""
    v = nb.from_array(np.array([11, 30, -20, 1, -10, 10, 37, 11]), chunks=5)

    assert v.chunks == nb.searchsorted(nb.arange(0, 40, 10, chunks=3), v).chunks


def test_ranks_and_sorters_that_are_arrays() -> None:
    """Ranks may be blocked; a sorter that reaches outside the array is NumPy's error."""
    a = np.array([3, 1, 2, 9, 0])
    same(lambda x, k: np.partition(x, k), a, np.array([1, 2]), chunks=2)
    same(lambda x, k: x[np.argpartition(x, k)][2:3], a, np.array([2]), chunks=2)
    for sorter in ([0, 1, 2, 3, 5], [-1, 0, 1, 2, 3], [4, 1, 2, 0, 3]):
        same(lambda x, sorter=sorter: np.searchsorted(x, np.arange(-1, 11), sorter=sorter), a)
