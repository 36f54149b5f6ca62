"""Histograms and counts are NumPy's, with bins given or found, weights, density and any dtype."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import nbarray as nb
from nbarray.errors import NotBlocked
from tests.compare import check, same
from tests.examples import law
from tests.laws.arrays import KINDS, LAYOUTS, MASKED

RNG = np.random.default_rng(8)
VALUES = RNG.normal(size=(9, 13))
WEIGHTS = RNG.integers(1, 5, (9, 13))


@pytest.mark.parametrize("kind", [k for k in KINDS if "peculiar" not in k])
def test_dtypes(kind: str) -> None:
    """Bins are found from the data, or given by a range or by edges; what NumPy refuses is refused."""
    a = KINDS[kind]
    if a.dtype.kind in "mMcSU":  # bins of these are NumPy's by accident, if at all
        return
    same(lambda x: np.histogram(x), a)
    same(lambda x: np.histogram(x, 7, (-3, 3)), a)
    same(lambda x: np.histogram(x, [-4, -1, 0, 2.5, 3]), a)
    same(lambda x: np.histogram_bin_edges(x, 4), a)


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name: str) -> None:
    """No elements, one, several axes, other orders."""
    same(np.histogram, LAYOUTS[name])
    same(lambda x: np.histogram(x, 5, (1, 9)), LAYOUTS[name])
    same(lambda x: np.histogram(x, 5, density=True), LAYOUTS[name])


def test_weights_and_density() -> None:
    """Weights are added up, whole ones exactly; density is a share of all for each unit of width."""
    for w in (WEIGHTS, WEIGHTS / 8, WEIGHTS + 2j):
        same(lambda x, w: np.histogram(x, 6, weights=w), VALUES, w, close=True)
        same(lambda x, w: np.histogram(x, [-1, 0, 0.5, 4], weights=w), VALUES, w, close=True)
    for bins in (5, [-2.0, 0, 1, 3]):
        same(lambda x, bins=bins: np.histogram(x, bins, density=True), VALUES)
        same(lambda x, w, bins=bins: np.histogram(x, bins, density=True, weights=w), VALUES, WEIGHTS / 4, close=True)
    same(lambda x, w: np.histogram(x, 3, weights=w), VALUES, WEIGHTS[:4])


@law(60)
@given(
    arrays(
        st.sampled_from(["f4", "f8", "i4"]),
        st.integers(1, 60),
        elements=st.integers(-40, 40),
    ),
    st.sampled_from([1, 2, 3, 7, 10, 40, 80, 1000]),
    st.sampled_from([None, (0, 10), (-40, 40), (-0.3, 0.7)]),
    st.sampled_from([0, 1e6, 0.1]),
)
def test_elements_on_edges(a: Any, bins: int, span: Any, shift: float) -> None:
    """What lies on an edge, or next to one, is in the bin that NumPy puts it into."""
    a = (a + shift).astype(a.dtype) / (10 if a.dtype.kind == "f" else 1)
    same(lambda x: np.histogram(x, bins, span), a.astype(np.dtype(a.dtype)))


def test_nan_and_infinity() -> None:
    """They are in no bin that was given; a range can't be found from them."""
    a = np.array([1, np.nan, 2, np.inf, -np.inf, 2.5])
    same(lambda x: np.histogram(x, 3, (0, 3)), a)
    same(lambda x: np.histogram(x, [0, 2, 3.0]), a)
    same(np.histogram, a)


def test_several_dimensions() -> None:
    """Two columns, or as many as there are; bins by number, by edges, for each."""
    x, y = RNG.normal(size=(2, 40)).round(1)
    same(np.histogram2d, x, y)
    same(lambda x, y: np.histogram2d(x, y, bins=[3, np.array([-1, 0, 2.0])], density=True), x, y, close=True)
    same(lambda x, y: np.histogram2d(x, y, bins=4, range=[[-1, 1], [0, 2]]), x, y)
    same(lambda x, y, w: np.histogram2d(x, y, bins=4, weights=w), x, y, np.arange(40.0), close=True)
    sample = RNG.integers(0, 9, (30, 3))
    same(lambda s: np.histogramdd(s, bins=(2, 3, 4)), sample)
    same(lambda s: np.histogramdd(s, bins=2, density=True), sample, close=True)
    same(lambda x, y: np.histogram2d(x, y[:5]), x, y)
    same(lambda s: np.histogramdd(s, bins=(2, 3)), sample)


@pytest.mark.parametrize("dtype", ["i8", "u1", "?", "i2"])
def test_bincount(dtype: str) -> None:
    """The size follows the largest number, and is at least what was asked for."""
    a = RNG.integers(0, 7, 23).astype(dtype)
    same(np.bincount, a)
    same(lambda x: np.bincount(x, minlength=11), a)
    same(lambda x, w: np.bincount(x, w), a, np.arange(23.0), close=True)
    same(lambda x: np.bincount(x) * 2, a)


def test_bincount_refuses() -> None:
    """Negative numbers, fractions, and more than one axis."""
    same(np.bincount, np.array([1, -2]))
    same(np.bincount, np.array([1.5]))
    same(np.bincount, np.array([[1]]))
    same(lambda x: np.bincount(x, minlength=-1), np.array([1]))
    same(np.bincount, np.zeros(0, int))
    same(lambda x, w: np.bincount(x, w), np.array([1]), np.ones(2))


def test_digitize() -> None:
    """Rising and falling edges, both sides."""
    for bins in ([-1, 0, 0.5], [2, 1, -3.0], []):
        same(lambda x, bins=bins: np.digitize(x, bins), VALUES)
        same(lambda x, bins=bins: np.digitize(x, bins, right=True), VALUES)
    same(lambda x: np.digitize(x, [1, 3, 2]), VALUES)
    same(lambda x: np.digitize(x, [1, 2]), np.array(1.5))


@pytest.mark.parametrize("bins", [[-1, 0, 0.5], [2, 1, -3.0], [], [1, 3, 2], [[1, 2]], 3, [1j, 2], ["a"]], ids=str)
def test_digitize_by_blocked_edges(bins: Any) -> None:
    """Edges that are blocked are read when the result is computed, and not before; errors are NumPy's."""
    edges = np.array(bins)
    same(lambda x, e: np.digitize(x, e, True), VALUES, edges, chunks=2)

    def unread(block: Any) -> Any:
        raise AssertionError("read too early")

    if edges.ndim == 1 and edges.dtype.kind in "if":
        assert VALUES.shape == nb.digitize(VALUES, nb.from_array(edges).map_blocks(unread, dtype=edges.dtype)).shape


def test_edges_of_blocked_numbers() -> None:
    """A list of edges may hold blocked numbers; edges out of order are found when they are computed."""
    x, a = nb.from_array(VALUES, chunks=4), VALUES
    ends, edges = [x.min(), 0, x.max()], [a.min(), 0, a.max()]
    check(lambda: nb.histogram(x, ends), lambda: np.histogram(a, edges))
    check(lambda: nb.histogram_bin_edges(x, ends), lambda: np.histogram_bin_edges(a, edges))
    check(lambda: nb.digitize(x, ends), lambda: np.digitize(a, edges))
    check(lambda: nb.histogram2d(x[0], x[1], ends), lambda: np.histogram2d(a[0], a[1], edges))
    check(lambda: nb.histogramdd(x[:, :2], [ends, 3])[0], lambda: np.histogramdd(a[:, :2], [edges, 3])[0])
    for make in (lambda m, e: m.histogram(a, e), lambda m, e: m.histogram2d(a[0], a[0], e)):
        check(lambda make=make: make(nb, nb.asarray(np.array([0, 2, 1]))), lambda make=make: make(np, [0, 2, 1]))


@pytest.mark.parametrize("kind", KINDS)
def test_ptp(kind: str) -> None:
    """The largest less the smallest, of every dtype."""
    for axis in (None, 0, (0, 1)):
        same(lambda x, axis=axis: np.ptp(x, axis=axis), KINDS[kind])
        same(lambda x, axis=axis: np.ptp(x, axis=axis, keepdims=True), KINDS[kind])


def test_masked_are_refused() -> None:
    """Counting has no masked form; the spread of masked values has."""
    x = nb.from_array(MASKED["masked-d"], chunks=3)
    for function in (nb.histogram, nb.bincount, lambda x: nb.digitize(x, [0])):
        with pytest.raises(NotBlocked, match="masked arrays has no blocked form"):
            function(x)
    check(lambda: nb.ptp(x, axis=0), lambda: np.ma.ptp(MASKED["masked-d"], axis=0))
    with pytest.raises(NotBlocked, match="bins='auto' depends on all the data"):
        nb.histogram(nb.ones(3), bins="auto")


def test_it_fits_into_a_small_budget() -> None:
    """The range is found and everything counted a block at a time."""
    a = RNG.normal(size=200_000)
    with nb.config(memory=a.nbytes // 10):
        x = nb.from_array(a, chunks=9000)
        counts, edges = nb.compute(*nb.histogram(x * 2, 30))

    np.testing.assert_array_equal(np.histogram(a * 2, 30)[0], counts)
    np.testing.assert_array_equal(np.histogram(a * 2, 30)[1], edges)


@pytest.mark.parametrize("span", [1, [0, 1, 2], [0], np.array([[0, 1]]), [1, 0]], ids=str)
def test_ranges_that_are_none(span: Any) -> None:
    """What isn't a pair of numbers is refused as NumPy refuses it, and the range is named."""
    x = nb.asarray([1.0, 2.0])

    check(lambda: nb.histogram(x, 10, span), lambda: np.histogram(np.array([1.0, 2.0]), 10, span))
    with pytest.raises((ValueError, TypeError), match="range"):
        nb.histogram(x, 10, span)
    with pytest.raises(ValueError, match="sequence of pairs"):
        nb.histogramdd(nb.ones((4, 2)), 2, [(0, 1), (0, 1, 2)])


def test_what_is_given_may_be_blocked() -> None:
    """The ends of a range are computed with the counts; a number of bins when it is given; edges come back as given."""
    x, ends = nb.from_array(VALUES, chunks=4), (VALUES.min(), VALUES.max())
    lazy = [x.min(), x.max()]
    edges = nb.asarray(np.array([-1.0, 0, 2]))

    check(lambda: nb.histogram(x, 7, lazy), lambda: np.histogram(VALUES, 7, ends))
    check(lambda: nb.histogram(x, 7, [-1, lazy[1]], True), lambda: np.histogram(VALUES, 7, [-1, ends[1]], True))
    check(lambda: nb.histogram(x, nb.asarray(7), nb.asarray(np.array([0, 1]))), lambda: np.histogram(VALUES, 7, (0, 1)))
    check(lambda: nb.histogram_bin_edges(x, 3, lazy), lambda: np.histogram_bin_edges(VALUES, 3, ends))
    check(
        lambda: nb.histogramdd(x[:, :2], (2, 3), [lazy, (0, 1)])[0],
        lambda: np.histogramdd(VALUES[:, :2], (2, 3), [ends, (0, 1)])[0],
    )
    assert edges is nb.histogram(x, edges)[1]
    assert edges is nb.histogram2d(x[0], x[1], [3, edges])[2]
    assert edges is nb.histogram_bin_edges(x, edges)
    with pytest.raises(TypeError, match="only integer scalar arrays"):
        nb.histogram(x, nb.asarray(7.5))
    with pytest.raises(TypeError, match="only 0-dimensional arrays can be the end of a range"):
        nb.histogram(x, 7, [x[0], 4])


def test_normed() -> None:
    """What NumPy once called normed is density, where it was; the histogram of one array says what to write."""
    a = VALUES[:, :2]

    check(lambda: nb.histogramdd(nb.asarray(a), 3, normed=True)[0], lambda: np.histogramdd(a, 3, density=True)[0])
    check(lambda: nb.histogram2d(*a.T, 3, normed=True)[0], lambda: np.histogram2d(*a.T, 3, density=True)[0])
    with pytest.raises(ValueError, match="normed= is deprecated, and gone from NumPy; give density=True"):
        nb.histogram(nb.asarray(a), normed=True)
    with pytest.raises(TypeError, match="normed= is another name for density="):
        nb.histogramdd(nb.asarray(a), 3, density=True, normed=True)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: nb.histogram(x, 7)[0],
        lambda x: nb.histogram(x, 7, (0, x.max()))[0],
        lambda x: nb.histogram(x, [1, 2, 3])[0],
        lambda x: nb.histogramdd((x[0], x[1]), (2, 3), ((0, 1), (1, 2)))[0],
        lambda x: nb.bincount(x.astype(int)[0], minlength=3),
    ],
    ids=["number", "range", "edges", "several", "bincount"],
)
def test_counts_asked_for_twice_are_the_same(make: Any) -> None:
    """So they are computed once."""
    x = nb.from_array(VALUES, chunks=4)

    assert make(x).expr is make(x).expr


@pytest.mark.parametrize("dtype", ["f8", "f4", "i2", "i8", ">f8"])
def test_compiled_code_counts_as_numpy_does(dtype: str) -> None:
    """At edges and beside them, with NaN, infinities and what is out of range; for few bins and for many."""
    pytest.importorskip("numba")
    edges = np.linspace(-3, 3, 101)
    a = np.concatenate([edges, np.nextafter(edges, 9), np.nextafter(edges, -9), RNG.normal(size=3000) * 2])
    if dtype.endswith(("f8", "f4")):
        a = np.concatenate([a, [np.nan, np.inf, -np.inf]])
    a = (a * (1 if "f" in dtype else 50)).astype(dtype)
    with nb.config(jit=True):
        for bins, span in ((100, (-3, 3)), (7, (-2.5, 3)), (1, (0, 1)), (5000, (-3, 3))):
            check(nb.histogram(nb.from_array(a, chunks=500), bins, span)[0], np.histogram(a, bins, span)[0])
        check(nb.histogram(nb.from_array(a[::-2]), 9, (-1, 1))[0], np.histogram(a[::-2], 9, (-1, 1))[0])


def test_edges_closer_than_the_smallest_normal_number() -> None:
    """Bins may be as narrow as numbers allow."""
    same(lambda x: np.histogram(x, 2, (-1e-308, -2e-313)), np.array([-9e-309, -1e-309]))


def test_ways_to_choose_bins() -> None:
    """A way NumPy doesn't know is an error of its own, one that it knows a refusal; unsigned edges have to increase."""
    same(lambda x: np.histogram(x, "mad"), np.arange(3.0))
    same(lambda x: np.histogram(x, np.array([1, 3, 1], "u8")), np.arange(3))
    with pytest.raises(NotBlocked, match="depends on all the data"):
        nb.histogram(nb.arange(3), "auto")


def test_a_list_of_numbers_is_one_column() -> None:
    """As for NumPy, which makes a column of what has one axis."""
    check(
        lambda: nb.histogramdd([0.5, 0.75], bins=[[0, 0.6, 1]])[0],
        lambda: np.histogramdd([0.5, 0.75], [[0, 0.6, 1]])[0],
    )


def test_coordinates_of_several_dtypes() -> None:
    """They are one array for NumPy, and edges are of its dtype."""
    x, y = np.arange(5, dtype="f4"), np.arange(5)[::-1]
    same(lambda x, y: np.histogram2d(x, y, 2), x, y, chunks=2)
    same(lambda x, y: np.histogramdd([x, y], [2, [0, 1, 4]])[1], x, y, chunks=2)


def test_no_bins() -> None:
    """No edges, or a single one, are around nothing."""
    for edges in ([], [1]):
        for density in (False, True):
            same(lambda x, e=edges, d=density: np.histogram(x, e, density=d), np.arange(4.0))


def test_counts_of_an_empty_list() -> None:
    """A list of nothing has no wrong dtype; an array of no floats has."""
    for x in ([], (), np.zeros(0), np.zeros(0, int)):
        check(lambda x=x: nb.bincount(x, minlength=2), lambda x=x: np.bincount(x, minlength=2))
