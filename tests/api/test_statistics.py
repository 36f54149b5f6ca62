"""`nbarray.stats`: moments by their definitions, and tests of hypotheses by examples whose results are published."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import InputError, NotBlocked
from tests.compare import check
from tests.laws.arrays import values_of

A = np.random.default_rng(11).gamma(2, 3, (40, 3))
#: Lengths of mussels (McDonald et al. 1991), as in the handbooks.
MUSSELS = [
    [0.0571, 0.0813, 0.0831, 0.0976, 0.0817, 0.0859, 0.0735, 0.0659, 0.0923, 0.0836],
    [0.0873, 0.0662, 0.0672, 0.0819, 0.0749, 0.0649, 0.0835, 0.0725],
    [0.0974, 0.1352, 0.0817, 0.1016, 0.0968, 0.1064, 0.105],
    [0.1033, 0.0915, 0.0781, 0.0685, 0.0677, 0.0697, 0.0764, 0.0689],
    [0.0703, 0.1026, 0.0956, 0.0973, 0.1039, 0.1045],
]


def blocked(a: Any) -> nb.Array:
    return nb.from_array(np.asarray(a), chunks=3)


def close(result: Any, statistic: Any, pvalue: Any) -> None:
    """A test gives this statistic and this probability."""
    np.testing.assert_allclose(result.statistic.compute(), statistic, rtol=1e-10)
    np.testing.assert_allclose(result.pvalue.compute(), pvalue, rtol=1e-9)


@pytest.mark.parametrize("axis", [0, 1, None])
def test_moments(axis: int | None) -> None:
    """Moments, skewness and kurtosis are means of powers of standardised values."""
    apart = A - A.mean(axis=axis, keepdims=True)
    scaled = apart / A.std(axis=axis, keepdims=True)
    x = blocked(A)

    check(nb.stats.moment(x, 3, axis), (apart**3).mean(axis), within=1e-10)
    check(nb.stats.skew(x, axis), (scaled**3).mean(axis), within=1e-10)
    check(nb.stats.kurtosis(x, axis), (scaled**4).mean(axis) - 3, within=1e-10)
    check(nb.stats.kurtosis(x, axis, fisher=False), (scaled**4).mean(axis), within=1e-10)
    check(nb.stats.moment(x, [2, 4], axis), np.stack([(apart**k).mean(axis) for k in (2, 4)]), within=1e-10)


def test_moments_corrected() -> None:
    """Corrected for the size of the sample, as textbooks have it."""
    n, scaled = 40, (A - A.mean(0)) / A.std(0, ddof=1)

    check(nb.stats.skew(blocked(A), bias=False), n / ((n - 1) * (n - 2)) * (scaled**3).sum(0), within=1e-10)
    expected = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * (scaled**4).sum(0) - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
    check(nb.stats.kurtosis(blocked(A), bias=False), expected, within=1e-9)


def test_samples_that_are_all_alike() -> None:
    """Where nothing varies there is no skewness."""
    assert np.isnan(nb.stats.skew(nb.ones(5, chunks=2)).compute())
    assert np.isnan(nb.stats.kurtosis(nb.ones(5, chunks=2)).compute())


def test_normality() -> None:
    """Skewness, tails and both together."""
    close(nb.stats.skewtest(blocked([1, 2, 3, 4, 5, 6, 7, 8000])), 3.571773510360407, 0.0003545719905823133)
    close(nb.stats.skewtest(blocked([2, 8, 0, 4, 1, 9, 9, 0])), 0.44626385374196975, 0.6554066631275459)
    close(nb.stats.kurtosistest(blocked(np.arange(20))), -1.7058104152122062, 0.08804338332528348)
    x = blocked(A)
    both = nb.stats.skewtest(x).statistic ** 2 + nb.stats.kurtosistest(x).statistic ** 2
    close(nb.stats.normaltest(x), both.compute(), np.exp(-both.compute() / 2))
    with pytest.raises(InputError, match="not valid with less than 8 samples; only 3"):
        nb.stats.skewtest(blocked([1, 2, 3]))
    with pytest.raises(InputError, match="less than 5"):
        nb.stats.kurtosistest(blocked([1, 2, 3]))


def test_means() -> None:
    """Student's tests by their definitions; of two samples they agree with the analysis of variance."""
    x, y = A[:, 0], A[:25, 1]
    t = (x.mean() - 5) / (x.std(ddof=1) / np.sqrt(40))
    made = nb.stats.ttest_1samp(blocked(x), 5)
    np.testing.assert_allclose(made.statistic.compute(), t, rtol=1e-12)

    pairs = nb.stats.ttest_rel(blocked(x[:25]), blocked(y))
    one = nb.stats.ttest_1samp(blocked(x[:25] - y), 0)
    close(pairs, one.statistic.compute(), one.pvalue.compute())

    together = nb.stats.ttest_ind(blocked(x), blocked(y))
    variance = nb.stats.f_oneway(blocked(x), blocked(y))
    close(variance, together.statistic.compute() ** 2, together.pvalue.compute())

    welch = nb.stats.ttest_ind(blocked(x), blocked(y), equal_var=False)
    expected = (x.mean() - y.mean()) / np.sqrt(x.var(ddof=1) / 40 + y.var(ddof=1) / 25)
    np.testing.assert_allclose(welch.statistic.compute(), expected, rtol=1e-12)
    same_size = nb.stats.ttest_ind(blocked(x), blocked(x[::-1] + 1), equal_var=False)
    plain = nb.stats.ttest_ind(blocked(x), blocked(x[::-1] + 1))
    close(same_size, plain.statistic.compute(), plain.pvalue.compute())


def test_analysis_of_variance() -> None:
    """A published example, and its axes."""
    close(nb.stats.f_oneway(*map(blocked, MUSSELS)), 7.121019471642447, 0.0002812242314534544)
    parts = A[:10], A[10:25], A[25:]
    made = nb.stats.f_oneway(*map(blocked, parts))
    for k in range(3):
        one = nb.stats.f_oneway(*(blocked(p[:, k]) for p in parts))
        np.testing.assert_allclose(made.pvalue.compute()[k], one.pvalue.compute(), rtol=1e-9)
    with pytest.raises(InputError, match="at least two samples"):
        nb.stats.f_oneway(blocked(A))


def test_frequencies() -> None:
    """Published examples of the chi-square test and its family."""
    observed = blocked([16, 18, 16, 14, 12, 12])
    close(nb.stats.chisquare(observed), 2.0, 0.84914503608460956)
    close(nb.stats.chisquare(observed, [16, 16, 16, 16, 16, 8]), 3.5, 0.62338762774958223)
    close(nb.stats.power_divergence(observed, lambda_="log-likelihood"), 2.006573162632538, 0.84823476779463769)
    for name in ("freeman-tukey", "mod-log-likelihood", "neyman", "cressie-read"):
        assert 1.9 < nb.stats.power_divergence(observed, lambda_=name).statistic.compute() < 2.2
    both = nb.stats.chisquare(blocked(np.array([[16, 18, 16, 14, 12, 12], [32, 24, 16, 28, 20, 24]]).T))
    np.testing.assert_allclose(both.statistic.compute(), [2.0, 20 / 3], rtol=1e-12)
    with pytest.raises(InputError, match="expected a number or one of pearson"):
        nb.stats.power_divergence(observed, lambda_="lambda")


def test_refused() -> None:
    """Missing values go through; leaving them out is for the user to say."""
    assert np.isnan(nb.stats.skew(blocked([1.0, np.nan, 3])).compute())
    with pytest.raises(NotBlocked, match="take out what is missing first"):
        nb.stats.skew(blocked(values_of("d")), nan_policy="omit")
