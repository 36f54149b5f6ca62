"""Tails of distributions: closed forms where there are any, and integrals of densities elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nbarray.kernels.distributions import chi2_tail, f_tail, normal_two_sided, t_two_sided

X = np.array([1e-6, 0.01, 0.3, 1.0, 2.5, 7.0, 30.0])


def test_closed_forms() -> None:
    """Chi-square of 1, 2 and 4, t of 1 and 2, and F of 2 degrees of freedom have tails in closed form."""
    erfc = np.vectorize(math.erfc)

    np.testing.assert_allclose(chi2_tail(X, 1), erfc(np.sqrt(X / 2)), rtol=1e-12)
    np.testing.assert_allclose(chi2_tail(X, 2), np.exp(-X / 2), rtol=1e-12)
    np.testing.assert_allclose(chi2_tail(X, 4), np.exp(-X / 2) * (1 + X / 2), rtol=1e-12)
    np.testing.assert_allclose(t_two_sided(-X, 1), 2 / np.pi * np.arctan(1 / X), rtol=1e-12)
    np.testing.assert_allclose(t_two_sided(X, 2), 1 - X / np.sqrt(2 + X**2), rtol=1e-9)
    np.testing.assert_allclose(f_tail(X, 2, 7), (1 + 2 * X / 7) ** -3.5, rtol=1e-12)
    np.testing.assert_allclose(normal_two_sided(X), erfc(X / np.sqrt(2)), rtol=1e-14)


@pytest.mark.parametrize("df", [3, 7.5, 40, 1000])
def test_integrals(df: float) -> None:
    """Other degrees of freedom: what the density integrates to."""
    for value in (0.1, 1.0, 2.0):
        at = np.linspace(0, value, 20001)
        log_front = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
        inside = 2 * np.trapezoid(np.exp(log_front) * (1 + at**2 / df) ** (-(df + 1) / 2), at)

        np.testing.assert_allclose(t_two_sided(value, df), 1 - inside, rtol=1e-7)
        np.testing.assert_allclose(f_tail(value**2, 1, df), 1 - inside, rtol=1e-7)


def test_far_tails() -> None:
    """A tail that is much smaller than what a number differs from 1 by is known as well as others."""
    for df, value in ((377, 10.0), (1000, 30.0), (5000, 6.3)):
        high = np.linspace(0, 1, 2_000_001)[1:]
        tail = 2 * np.trapezoid((1 + (value / high) ** 2 / df) ** (-(df + 1) / 2) * value / high**2, high)
        log_front = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)

        np.testing.assert_allclose(t_two_sided(value, df), math.exp(log_front) * tail, rtol=1e-7)
        np.testing.assert_allclose(f_tail(value**2, 1, df), math.exp(log_front) * tail, rtol=1e-7)
    np.testing.assert_allclose(f_tail(30.0, 2, 400), (1 + 2 * 30 / 400) ** -200.0, rtol=1e-11)


def test_edges() -> None:
    """Nothing is at least NaN, everything at least nothing; infinity is never reached."""
    assert 1.0 == chi2_tail(0.0, 3) == t_two_sided(0.0, 3) == f_tail(0.0, 2, 3)
    assert 0.0 == chi2_tail(np.inf, 3) == t_two_sided(-np.inf, 3) == f_tail(np.inf, 2, 3)
    assert np.isnan(chi2_tail(np.nan, 3))
    assert np.isnan(t_two_sided(1.0, 0.0))
