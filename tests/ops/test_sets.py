"""Distinct elements and sets of them are NumPy's, few or many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import nbarray as nb
from nbarray.errors import NotBlocked
from nbarray.kernels import uniques
from nbarray.ops import sets
from tests.compare import check, same
from tests.examples import law
from tests.laws.arrays import KINDS, LAYOUTS, MASKED

RNG = np.random.default_rng(6)


@pytest.fixture(params=["few", "many", "no tables"])
def amount(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Distinct elements that can be kept, too many to be kept, and such that have no table."""
    monkeypatch.setattr(uniques, "TILE", 7)
    if request.param == "many":
        monkeypatch.setattr(sets, "FEWEST", 2)
        monkeypatch.setattr(sets, "MOST", 2)
    if request.param == "no tables":
        monkeypatch.setattr(uniques, "TABLE", 0)
        monkeypatch.setattr(uniques, "TABLE_TIMES", 0)
    return request.param


def plain(a: Any) -> Any:
    """Without negative zeros: which of two equal zeros stands for both isn't said."""
    return a + np.zeros((), a.dtype) if a.dtype.kind in "fc" else a


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in ("peculiar-F", "peculiar-D")])
def test_unique(kind: str, amount: str) -> None:
    """Values, first places, counts and the inverse, of every dtype."""
    a = plain(KINDS[kind])
    same(np.unique, a)
    same(lambda x: np.unique(x, return_counts=True), a)
    same(lambda x: np.unique(x, return_index=True, return_counts=True), a)
    if amount != "many":
        same(lambda x: np.unique(x, True, True, True), a)
    if a.dtype.kind in "fi":
        same(lambda x: np.unique(x, equal_nan=False), a)


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name: str) -> None:
    """No axes, no elements, one element, other orders of axes."""
    same(np.unique, LAYOUTS[name])
    same(lambda x: np.unique(x, True, True, True), LAYOUTS[name])


@law(20)
@given(
    arrays(np.float64, st.integers(1, 50), elements=st.sampled_from([0.0, 1, 2, 3, np.nan, np.inf])),
    st.integers(1, 9),
)
def test_nan(a: Any, chunk: int) -> None:
    """All NaN are one, or each by itself."""
    x = nb.from_array(a, chunks=chunk)
    check(lambda: nb.unique(x, True, True, True), lambda: np.unique(a, True, True, True))
    for name in ("unique_values", "unique_counts", "unique_all"):
        check(lambda n=name: tuple(_tuple(getattr(nb, n)(x))), lambda n=name: tuple(_tuple(getattr(np, n)(a))))
    # NumPy numbers the NaN of `unique_inverse` in no order; ours are in theirs
    check(lambda: nb.unique_inverse(x).inverse_indices, lambda: np.unique_all(a).inverse_indices)


def _tuple(found: Any) -> Any:
    return found if isinstance(found, tuple) else (found,)


def test_large_whole_numbers() -> None:
    """The ends of what whole numbers can be."""
    for dtype in ("i8", "u8", "i1", "u1"):
        info = np.iinfo(dtype)
        a = np.array([info.max, info.min, info.max - 3, info.max, 5], dtype)
        same(lambda x: np.unique(x, True, True, True), a, chunks=2)
        same(lambda x: np.unique(x, True, True, True), a[[0, 2, 3]], chunks=2)


def test_parts_along_an_axis() -> None:
    """Distinct rows and columns, in order."""
    a = RNG.integers(0, 2, (9, 3))
    for b in (a, a.astype("f4"), a.astype("U1"), RNG.integers(0, 2, (4, 2, 3))):
        for axis in (0, 1, -1):
            same(lambda x, axis=axis: np.unique(x, axis=axis), b)
            same(lambda x, axis=axis: np.unique(x, True, False, True, axis=axis), b)
    same(lambda x: np.unique(x, axis=5), a)
    with pytest.raises(NotBlocked, match="axis with return_inverse has no blocked form"):
        nb.unique(nb.from_array(a), return_inverse=True, axis=0)


@pytest.mark.usefixtures("amount")
@pytest.mark.parametrize("dtype", ["i8", "f4", "M8[D]", "U2"])
def test_sets(dtype: str) -> None:
    """Unions, intersections, differences, of arrays of one dtype and of two."""
    a, b = RNG.integers(0, 12, 30).astype(dtype), RNG.integers(6, 20, (4, 5)).astype(dtype)
    for name in ("union1d", "intersect1d", "setdiff1d", "setxor1d"):
        same(getattr(np, name), a, b)
        same(getattr(np, name), a, b[:0])
        if dtype != "M8[D]" and dtype != "U2":
            same(getattr(np, name), a, b.astype("f8") + 0.5 * (b > 9))
    same(lambda x, y: np.setdiff1d(x, y, assume_unique=True), np.unique(a), b)
    for pair in ((a, b), (np.unique(a), np.unique(b)), (a[:0], b), (a[:1], b[:0]), (a[:0], b[:0])):
        same(lambda x, y: np.setxor1d(x, y, assume_unique=True), *pair)


def test_places_of_what_is_common() -> None:
    """Where common elements are first in both arrays."""
    a, b = RNG.integers(0, 12, 30), RNG.integers(6, 20, 25)
    same(lambda x, y: np.intersect1d(x, y, return_indices=True), a, b)


def test_the_size_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking for a shape runs one pass, values and counts come out of it, and what follows is an ordinary array."""
    seen: list[Any] = []
    a = RNG.integers(0, 9, 60)
    x = nb.from_array(a, chunks=10).map_blocks(lambda block: (seen.append(1), block)[1], dtype=a.dtype)
    values, counts = nb.unique(x, return_counts=True)

    assert not seen
    assert np.unique(a).shape == values.shape
    assert len(seen) == 6
    np.testing.assert_array_equal(np.unique(a, return_counts=True)[1] * 2, (counts * 2).compute())
    np.testing.assert_array_equal(np.unique(a)[::-1], values[::-1].compute())
    assert len(seen) == 6


def test_many_fit_into_a_small_budget() -> None:
    """Nearly all elements are distinct, and don't all fit beside what finding them takes."""
    a = RNG.integers(0, 10**6, 40_000)
    with nb.config(memory=a.nbytes, chunk_bytes=8000):
        shape = nb.unique(nb.from_array(a, chunks=5000)).shape
        largest = nb.unique(nb.from_array(a, chunks=5000))[-3:].compute()

    assert np.unique(a).shape == shape
    np.testing.assert_array_equal(np.unique(a)[-3:], largest)


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Masked arrays, and the inverse of too many distinct elements."""
    with pytest.raises(NotBlocked, match="unique of masked arrays has no blocked form"):
        nb.unique(nb.from_array(MASKED["masked-d"]))
    with pytest.raises(NotBlocked, match="setxor1d of masked arrays has no blocked form"):
        nb.setxor1d(nb.from_array(MASKED["masked-d"]), [1.0], assume_unique=True)
    monkeypatch.setattr(sets, "FEWEST", 2)
    monkeypatch.setattr(sets, "MOST", 2)
    with pytest.raises(NotBlocked, match="allow more with"):
        nb.unique(nb.arange(9, chunks=2), return_inverse=True)[1].compute()


@pytest.mark.usefixtures("amount")
@pytest.mark.parametrize("dtype", ["d", "D", "M8[D]", "m8[s]"])
def test_sets_with_nothing_known(dtype: str) -> None:
    """NaN and NaT of one array are none of the other's, and come once from each."""
    lost = np.nan if dtype in "dD" else np.array("NaT", dtype)
    a, b = np.arange(30).astype(dtype), np.arange(8, 20).astype(dtype)
    a[[2, 5]] = b[[0, 1, 3]] = lost
    for pair in ((a, b), (a, b[4:]), (a[10:], b), (b[:2], b[:1]), (a[:0], b)):
        for name in ("union1d", "intersect1d", "setdiff1d", "setxor1d"):
            same(getattr(np, name), *pair)
        same(lambda x, y: np.setxor1d(x, y, assume_unique=True), *pair)


NANS = np.array([2 - 1j, np.nan, 1 + 1j, complex(0, np.nan), complex(1, np.nan)])


def test_complex_nan() -> None:
    """Numbers with NaN in one part or both are one element, and the inverse knows which."""
    same(lambda x: np.unique(x, return_inverse=True), NANS, chunks=2)


@pytest.mark.parametrize("dtype", ["f8", "F", "M8[s]"])
def test_each_nan_by_itself(dtype: str) -> None:
    """Several NaN come in the order of their places, however pieces come; complex ones by their parts first."""
    a = RNG.integers(-3, 4, (6, 2, 4)).astype(dtype)
    a[RNG.random(a.shape) < 0.3] = np.array("NaT" if dtype == "M8[s]" else np.nan, dtype)
    if dtype == "F":
        a.imag[RNG.random(a.shape) < 0.3] = np.nan
    for x in (a, a.T, a[:, 0], a[:1, :, 0]):
        for chunks in (1, 2, -1):
            same(lambda x: tuple(np.unique_all(x)), x, chunks=chunks)
            blocked = nb.from_array(x, chunks=chunks)
            check(nb.unique_inverse(blocked).inverse_indices, np.unique_all(x).inverse_indices)


def test_the_only_axis() -> None:
    """Parts of an array with one axis are its elements: NaN is one, and there is an inverse."""
    a = np.array([np.nan, 0, 1, 0, np.nan])
    same(lambda x: np.unique(x, axis=0, equal_nan=True), a, chunks=2)
    same(lambda x: np.unique(x, return_inverse=True, axis=-1), a, chunks=2)
    same(lambda x: np.unique(x, axis=1), a)


def test_among_objects() -> None:
    """Objects are compared with each other, as they need not have an order."""
    mixed = np.array([(1,), 2, None, "b", (2, 1)], object)
    same(lambda x, y: np.isin(x, y), mixed, mixed[2:], chunks=2)
    same(lambda x, y: np.isin(x, y, invert=True), mixed, mixed[:1], chunks=2)
    same(lambda x: np.isin(x, np.array(["b", None], object)), mixed[:4].reshape(2, 2), chunks=1)


@pytest.mark.parametrize("kind", [None, "sort", "table", "quick"])
def test_ways_to_look(kind: str | None) -> None:
    """The way is NumPy's business, but a table is for whole numbers alone."""
    same(lambda x: np.isin(x, [1, 3], kind=kind), np.arange(5))
    same(lambda x: np.isin(x, [1.0], kind=kind), np.arange(5.0))


def test_union_with_a_number_of_python() -> None:
    """It is put behind the array, whose dtype it takes, if that is of the kind."""
    for dtype, number in (("b", 3), ("b", 300), ("b", 2.5), ("f", 1e300), ("i", 1j), ("?", 2)):
        same(lambda x, n=number: np.union1d(x, n), np.arange(2).astype(dtype), chunks=1)
        same(lambda x, n=number: np.union1d(n, x), np.arange(2).astype(dtype), chunks=1)
