"""Approximate answers are as close as they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbarray as nb
from nbarray.errors import DTypeError, InputError, NotBlocked
from nbarray.kernels.sketches import hashed
from tests.examples import law
from tests.laws.arrays import KINDS, MASKED

RNG = np.random.default_rng(3)
SHAPES = {
    "normal": RNG.normal(size=3000),
    "ties": RNG.integers(0, 5, 3000),
    "rising": np.arange(3000.0),
    "skewed": RNG.exponential(size=(30, 100)) ** 6,
    "one": np.array([4.0]),
}


@law(25)
@given(st.sampled_from(list(SHAPES)), st.sampled_from([0.02, 0.05, 0.2]), st.integers(7, 700))
def test_quantiles(name: str, error: float, chunk: int) -> None:
    """The rank of what is found is as near as was asked for."""
    a = SHAPES[name]
    q = np.linspace(0, 1, 7)
    found = nb.approx.quantile(nb.from_array(a, chunks=min(chunk, a.shape[-1])), q, error).compute()
    ordered = np.sort(a, axis=None)
    wanted = np.floor(q * (a.size - 1))
    first, last = np.searchsorted(ordered, found, "left"), np.searchsorted(ordered, found, "right") - 1
    away = np.maximum(first - wanted, wanted - last)

    assert a.dtype == found.dtype
    assert away.max() <= error * a.size
    assert ordered[first].tolist() == found.tolist()


def test_quantile_of_nan() -> None:
    """NaN gives NaN; one number gives one number."""
    assert np.isnan(nb.approx.quantile(nb.asarray([1.0, np.nan]), 0.5).compute())
    assert nb.approx.quantile(nb.asarray([7]), [0.5]).compute().tolist() == [7]
    assert nb.approx.quantile(nb.asarray([7]), 0.5).shape == ()


@pytest.mark.parametrize("name", SHAPES)
def test_histograms(name: str) -> None:
    """Each count is as near as was said, edges are right, and nothing is lost."""
    a, error = SHAPES[name], 0.02
    counts, edges = nb.compute(*nb.approx.histogram(nb.from_array(a, chunks=90), 13, error))
    wanted, wanted_edges = np.histogram(a, 13)

    np.testing.assert_allclose(edges, wanted_edges)
    assert np.abs(counts - wanted).max() <= 2 * error * a.size + 1
    assert a.size == counts.sum()


def test_histogram_refuses() -> None:
    """What has no range."""
    with pytest.raises(InputError, match="not finite"):
        nb.approx.histogram(nb.asarray([1.0, np.nan]))[0].compute()
    with pytest.raises(InputError, match="not finite"):
        nb.approx.histogram(nb.asarray([1.0, np.inf]))[0].compute()


@pytest.mark.parametrize("distinct", [0, 1, 10, 500, 20_000])
@pytest.mark.parametrize("kind", ["i8", "f4", "f8", "U6", "M8[s]", "D"])
def test_unique_counts(distinct: int, kind: str) -> None:
    """Within three standard errors, of few and many."""
    a = np.tile(np.arange(distinct), 2).astype(kind)
    found = nb.approx.unique_count(nb.from_array(a, chunks=3000), 0.03).compute()

    assert abs(found - distinct) <= 3 * 0.03 * distinct


def test_hashes_spread() -> None:
    """Bits are even, and equal for what is equal."""
    bits = hashed(np.arange(4096.0))

    assert 4096 == len(np.unique(bits))
    assert abs(np.unpackbits(bits.view(np.uint8)).mean() - 0.5) < 0.01
    assert 1 == len(np.unique(hashed(np.array([0.0, -0.0]))))
    assert 1 == len(np.unique(hashed(np.array([np.nan, -np.nan]))))
    for kind in ("big-endian-f8", "bytes", "dtype-F", "dtype-?"):
        a = KINDS[kind].ravel()
        assert len(np.unique(a)) == len(np.unique(hashed(a)))


def test_refusals() -> None:
    """Masked arrays, objects, and errors that can't be kept."""
    x: Any = nb.from_array(MASKED["masked-d"])
    for function in (
        lambda x: nb.approx.quantile(x, 0.5),
        lambda x: nb.approx.histogram(x),
        lambda x: nb.approx.unique_count(x),
    ):
        with pytest.raises(NotBlocked, match="masked arrays has no blocked form"):
            function(x)
    with pytest.raises(InputError, match="expected a share from"):
        nb.approx.quantile(nb.ones(3), 0.5, error=0)
    with pytest.raises(InputError, match="expected a share from"):
        nb.approx.unique_count(nb.ones(3), error=0.9)
    with pytest.raises(InputError, match="Quantiles must be in the range"):
        nb.approx.quantile(nb.ones(3), 2)
    with pytest.raises(DTypeError, match="has no hash"):
        nb.approx.unique_count(nb.from_array(np.ones(3, np.longdouble))).compute()
