"""Tails of the distributions that tests of hypotheses refer to: normal, Student's t, chi-square and F.

They are made of the error function and the incomplete beta and gamma functions, as continued fractions (Lentz's
method) and series; a few values at a time, so speed doesn't matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["chi2_tail", "f_tail", "normal_two_sided", "t_two_sided"]

Values = np.ndarray[Any, Any]
_TINY = 1e-300
_STEPS = 20000


def normal_two_sided(z: Any) -> Values:
    """How likely a normal variable is at least as far from 0 as `z`.

    >>> normal_two_sided(1.959963984540054).round(12)
    np.float64(0.05)
    """
    return _each(lambda v: math.erfc(abs(v) / math.sqrt(2)), z)


def t_two_sided(t: Any, df: Any) -> Values:
    """How likely Student's t with `df` degrees of freedom is at least as far from 0 as `t`.

    >>> t_two_sided(2.0, 2).round(12) == round(1 - 2 / 6**0.5, 12)
    np.True_
    """
    return _each(lambda v, d: _above(v * v, 1.0, d), t, df)


def f_tail(value: Any, df1: Any, df2: Any) -> Values:
    """How likely F with `df1` and `df2` degrees of freedom is at least `value`."""
    return _each(_above, value, df1, df2)


def chi2_tail(value: Any, df: Any) -> Values:
    """How likely chi-square with `df` degrees of freedom is at least `value`.

    >>> chi2_tail(2.0, 2).round(12) == round(math.exp(-1), 12)
    np.True_
    """
    return _each(lambda v, d: _gamma_above(d / 2, v / 2) if math.isfinite(v) else 0.0, value, df)


def _above(value: float, df1: float, df2: float) -> float:
    """The tail of F; its square root is the two-sided one of t where `df1` is 1."""
    if not math.isfinite(value):
        return 0.0
    scaled = df1 * value
    return _beta(df2 / 2, df1 / 2, df2 / (df2 + scaled), scaled / (df2 + scaled))


def _each(function: Callable[..., float], *values: Any) -> Values:
    """The function of each element; NaN of NaN, and of no degrees of freedom."""

    def of_one(*numbers: float) -> float:
        if any(math.isnan(v) for v in numbers) or any(v <= 0 for v in numbers[1:]):
            return math.nan
        return function(*numbers)

    made = np.vectorize(of_one, otypes=[float])(*(np.asarray(v, float) for v in values))
    return made[()]


def _beta(a: float, b: float, x: float, rest: float) -> float:
    """The regularised incomplete beta function at `x`, of which one also knows the `rest` to 1: either may be tiny."""
    if x <= 0 or rest <= 0:
        return 0.0 if x <= 0 else 1.0
    logs = (math.log(x), math.log1p(-x)) if x < rest else (math.log1p(-rest), math.log(rest))
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * logs[0] + b * logs[1])
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, rest) / b


def _beta_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d or _TINY)
    made = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / (1 + term * d or _TINY)
            c = 1 + term / c or _TINY
            made *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return made


def _gamma_above(s: float, x: float) -> float:
    """The regularised upper incomplete gamma function."""
    if x <= 0:
        return 1.0
    front = math.exp(s * math.log(x) - x - math.lgamma(s))
    if x < s + 1:
        term = total = 1 / s
        for k in range(1, _STEPS):
            term *= x / (s + k)
            total += term
            if term < total * 1e-17:
                break
        return 1 - front * total
    b = x + 1 - s
    c, d = 1 / _TINY, 1 / b
    made = d
    for k in range(1, _STEPS):
        term = -k * (k - s)
        b += 2
        d = 1 / (term * d + b or _TINY)
        c = b + term / c or _TINY
        made *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return front * made
