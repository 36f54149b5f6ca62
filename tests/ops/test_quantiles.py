"""Medians and quantiles are NumPy's: in whole lines, and by narrowing down lines that are too long."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import nbarray as nb
from nbarray.errors import AxisError, NotBlocked
from nbarray.kernels import ranks
from nbarray.kernels.quantiles import METHODS
from nbarray.kernels.ranks import between, sample_sorted, thinned, together
from tests.compare import check, same
from tests.examples import law
from tests.laws.arrays import FLOATS, KINDS, LAYOUTS, MASKED

RNG = np.random.default_rng(5)
CUBE = RNG.integers(-9, 9, (4, 5, 6)) / 2
GAPS = np.where(RNG.random((4, 5, 6)) < 0.3, np.nan, CUBE)
AXES: list[Any] = [None, 0, -1, 1, (0, 2), (0, 1, 2)]


@pytest.fixture(params=["lines in tasks", "long lines"])
def room(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Once in blocks of lines, once in passes that keep so few elements that it takes several."""
    if request.param == "lines in tasks":
        yield
        return
    monkeypatch.setattr(ranks, "SAMPLES", 20)
    monkeypatch.setattr(ranks, "FEWEST_SAMPLES", 20)
    with nb.config(chunk_bytes=1):
        yield


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("keepdims", [False, True])
def test_axes(axis: Any, keepdims: bool) -> None:
    """Every axis, several, all; the axis of `q` comes first."""
    for name, a in (("median", CUBE), ("nanmedian", GAPS), ("median", GAPS)):
        same(lambda x, f=name: getattr(np, f)(x, axis=axis, keepdims=keepdims), a)
    for name, a in (("quantile", CUBE), ("nanquantile", GAPS), ("quantile", GAPS)):
        for q in (0.3, [0.0, 0.45, 1.0]):
            same(lambda x, f=name, q=q: getattr(np, f)(x, q, axis=axis, keepdims=keepdims), a)
    same(lambda x: np.percentile(x, [[0, 30], [60.5, 100]], axis=axis, keepdims=keepdims), CUBE)


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("method", METHODS)
def test_methods(method: str) -> None:
    """All of NumPy's methods, for several sizes and quantiles that fall on elements and between them."""
    for n in (1, 2, 7, 10):
        a = RNG.normal(size=n)
        for q in (0.5, np.float32(0.25), np.linspace(0, 1, 11)):
            same(lambda x, q=q: np.quantile(x, q, method=method), a)
            same(lambda x, q=q: np.nanquantile(x, q, method=method), np.append(a, np.nan))


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("kind", KINDS)
def test_dtypes(kind: str) -> None:
    """Every dtype, or NumPy's error."""
    a = KINDS[kind]
    if a.dtype.kind == "f":
        a = a + np.zeros((), a.dtype)  # which of two equal zeros is in the middle isn't said
    if a.dtype.kind != "c":  # what NumPy makes of NaN in complex numbers depends on how it sorts
        same(lambda x: np.median(x, axis=0), a)
        same(lambda x: np.median(x), a)
    same(lambda x: np.quantile(x, 0.3), a)
    same(lambda x: np.quantile(x, [0.25, 0.6], axis=0, method="lower"), a)
    if a.dtype.kind == "f":
        # NumPy's dtype hangs on whether the first line is all NaN
        same(lambda x: np.nanpercentile(x, [25, 60.0], axis=0), a[:, 1:])
        same(lambda x: np.nanmedian(x, axis=1), a)


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name: str) -> None:
    """No axes, no elements, one element, other orders of axes."""
    for axis in (None, 0, -1):
        same(lambda x, axis=axis: np.median(x, axis=axis), LAYOUTS[name])
        same(lambda x, axis=axis: np.quantile(x, [0.1, 0.5], axis=axis), LAYOUTS[name])


@pytest.mark.usefixtures("room")
def test_nothing_but_nan() -> None:
    """A line without numbers gives NaN."""
    for kind in ("peculiar-f", "peculiar-d"):
        same(lambda x: np.nanmedian(x, axis=0), FLOATS[kind])
        same(lambda x: np.nanquantile(x, 0.5, axis=0), FLOATS[kind])
    same(np.nanmedian, np.full(9, np.nan))


@pytest.mark.parametrize("name", MASKED)
def test_masked(name: str) -> None:
    """Medians of masked arrays are numpy.ma's; quantiles, which it hasn't got, are refused."""
    a = MASKED[name]
    if a.size and a.dtype.kind != "c" and "peculiar" not in name:
        for axis in (0, 1, None):
            check(
                lambda axis=axis: nb.median(nb.from_array(a, chunks=3), axis=axis),
                lambda axis=axis: np.ma.median(a, axis=axis),
            )
    with pytest.raises(NotBlocked, match="quantile of masked arrays has no blocked form"):
        nb.quantile(nb.from_array(a), 0.5)


def test_weights() -> None:
    """Weights of the array's shape, or one for each place along the axis."""
    full = RNG.integers(0, 4, CUBE.shape) + 0.5
    for function in (np.quantile, np.nanpercentile):  # an array, also of no axes
        for a in (np.ones(1), np.arange(3.0), np.ones((1, 1))):
            same(lambda x, w, f=function: f(x, 0.5, weights=w, method="inverted_cdf"), a, a + 1)
            same(lambda x, w, f=function: f(x, 0.5, axis=0, weights=w, method="inverted_cdf"), a, a + 1)
    same(lambda x, w: np.quantile(x, [0.2, 0.7], axis=1, weights=w, method="inverted_cdf"), CUBE, full)
    same(lambda x, w: np.percentile(x, 30, axis=2, weights=w, method="inverted_cdf"), CUBE, np.arange(6.0))
    same(lambda x, w: np.quantile(x, 0.5, axis=2, weights=w, method="linear"), CUBE, np.arange(6.0))
    same(lambda x, w: np.quantile(x, 0.5, axis=2, weights=w, method="inverted_cdf"), CUBE, np.arange(5.0))
    same(lambda x, w: np.quantile(x, 0.5, weights=w, method="inverted_cdf"), CUBE, np.arange(6.0))
    same(lambda x, w: np.quantile(x, 0.5, axis=2, weights=w, method="inverted_cdf"), CUBE, -np.arange(6.0))


@law(25)
@given(
    arrays(np.float64, st.integers(1, 150), elements=st.sampled_from([0.0, 1, 2, 3, 7, np.nan, np.inf, -np.inf])),
    st.integers(1, 9),
)
def test_ranks_are_exact(a: Any, chunk: int) -> None:
    """Any element of any rank is found among ties and infinities, whatever the pieces are."""
    before = ranks.SAMPLES, ranks.FEWEST_SAMPLES
    ranks.SAMPLES = ranks.FEWEST_SAMPLES = 20
    try:
        with nb.config(chunk_bytes=1):
            x = nb.from_array(a, chunks=chunk)
            q = np.linspace(0, 1, 5)
            check(
                lambda: nb.nanquantile(x, q, method="lower"),
                lambda: np.nanquantile(a, q, method="lower"),
            )
    finally:
        ranks.SAMPLES, ranks.FEWEST_SAMPLES = before


@given(
    st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=30), min_size=1, max_size=6),
    st.integers(3, 8),
    st.booleans(),
)
def test_brackets(lists: list[list[int]], samples: int, merged: bool) -> None:
    """A rank's element lies in its bracket, with no more elements inside than promised."""
    pieces = [np.sort(np.array(values)) for values in lists]
    whole = np.sort(np.concatenate(pieces))
    kept = [sample_sorted(p, samples) for p in pieces]
    if merged:
        kept = [thinned(together(kept[:3]), samples), *kept[3:]]
        kept = [thinned(together(kept[:2]), samples), *kept[2:]]

    for rank, (low, high) in enumerate(between(together(kept), range(len(whole)))):
        inside = np.count_nonzero((whole > low) & (whole < high))
        assert low <= whole[rank] <= high
        assert inside <= ranks.NARROWS * len(whole) / (samples - 1)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_small_budget_is_enough(tmp_path: Path, workers: int) -> None:
    """Quantiles of all elements, and along a long axis, stay in the budget without scratch."""
    a = RNG.normal(size=(20_000, 8))
    with nb.config(memory=a.nbytes // 2, scratch=str(tmp_path), workers=workers):
        x = nb.from_array(a, chunks=(5000, 8))
        report = nb.percentile(x, 99).plan()
        found = [nb.percentile(x, 99).compute(), nb.median(x[:, :2], axis=0).compute(), nb.median(x * 2 - 1).compute()]

    assert report.spilled_bytes == 0
    assert report.sequential_peak <= a.nbytes // 2
    assert np.percentile(a, 99) == found[0]
    np.testing.assert_array_equal(np.median(a[:, :2], axis=0), found[1])
    assert np.median(a * 2 - 1) == found[2]


def test_refusals() -> None:
    """Wrong axes, quantiles outside, unknown methods and `out` are refused as NumPy refuses them."""
    same(lambda x: np.median(x, axis=3), CUBE)
    same(lambda x: np.quantile(x, 1.5), CUBE)
    same(lambda x: np.percentile(x, -1), CUBE)
    same(lambda x: np.quantile(x, 0.5, method="best"), CUBE)
    with pytest.raises(AxisError):
        nb.median(nb.ones((2, 2)), axis=(0, 0))
    with pytest.raises(NotBlocked, match="out= is not supported"):
        nb.median(nb.ones(3), out=np.empty(()))
    with nb.config(chunk_bytes=8), pytest.raises(NotBlocked, match="quantiles of 2000 lines"):
        nb.median(nb.ones((2000, 3), chunks=1), axis=1)


def test_byte_order() -> None:
    """One quantile of all elements is in this machine's, in whatever shape, several are in the array's; as NumPy's."""
    for q in (0.3, [0.3, 0.5]):
        for axis in (None, 0, (0, 1)):
            for name in ("quantile", "nanquantile"):
                for keep in (False, True):
                    options = {"axis": axis, "method": "lower", "keepdims": keep}
                    same(
                        lambda x, f=name, q=q, o=options: getattr(np, f)(x, q, **o),
                        np.arange(6.0, dtype=">f8").reshape(2, 3),
                    )


@pytest.mark.parametrize("method", METHODS)
def test_whole_numbers_as_quantiles(method: str) -> None:
    """Quantiles 0 and 1 as whole numbers are those of NumPy, in its dtype, by every method."""
    a = np.array([[10, 11, 12], [7, 3, 5]])
    same(lambda x: np.quantile(x, [0, 1], axis=1, method=method), a, chunks=2)
    same(lambda x: np.quantile(x, 1, method=method), a, chunks=2)
    same(lambda x: np.quantile(x, [1, 0], method=method), a / 4, chunks=2)


def test_fractions_and_objects() -> None:
    """A quantile may be a fraction, and an object by itself has the quantiles of a number."""
    numbers = np.array([Fraction(k, 2) for k in range(8)], object)
    same(lambda x: np.percentile(x, Fraction(50)), numbers)
    same(lambda x: np.percentile(x, [Fraction(0), Fraction(25, 2)]), numbers)
    same(lambda x: np.nanquantile(x, 0.5), np.array(5, object))
