"""How `nb.stats` is called by the law of every function, and what it is held against.

SciPy, whose names these are, need not be there: statistics are written out as textbooks have them, and tails of
distributions are integrals of their densities.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.laws.calls import Builder, Call, Draw, Values, axis_of

__all__ = ["STATISTICS", "STATISTICS_TRUTH"]

#: Where to look at functions on an interval, and what each place counts.
PLACES, SHARES = np.polynomial.legendre.leggauss(200)


# ------------------------------------------------------------------------------------------ tails, by integrals


def _integral(function: Callable[[Values], Values], low: float, high: float) -> float:
    half = (high - low) / 2
    return float(half * (SHARES * function(low + half * (PLACES + 1))).sum())


def _beta_share(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function: the integral of u^(a-1) (1-u)^(b-1), where u is a squared sine."""
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b))
    until = math.asin(math.sqrt(min(1.0, x)))

    def density(u: Values) -> Values:
        t = until * u**4  # smooth at 0, also for powers that aren't whole
        made: Values = 2 * np.sin(t) ** (2 * a - 1) * np.cos(t) ** (2 * b - 1) * 4 * until * u**3
        return made

    return front * _integral(density, 0.0, 1.0)


def _normal(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))


def _student(t: float, df: float) -> float:
    return _beta_share(df / (df + t * t), df / 2, 0.5)


def _fisher(f: float, low: float, high: float) -> float:
    return _beta_share(high / (high + low * f), high / 2, low / 2)


def _chi2(x: float, df: float) -> float:
    """The integral of s^(df-1) exp(-s^2), as far as there is anything of it."""
    start = math.sqrt(max(x, 0.0) / 2)
    whole = _integral(lambda s: 2 * s ** (df - 1) * np.exp(-(s**2)), start, start + 12)
    return whole / math.gamma(df / 2)


def _tested(tail: Callable[..., float], statistic: Any, *parameters: Any) -> list[Any]:
    """A statistic, and how likely it is to be at least so far off."""

    def one(value: float, *rest: float) -> float:
        return tail(value, *rest) if np.isfinite([value, *rest]).all() else float("nan")

    return [statistic, np.vectorize(one, otypes=[float])(np.asarray(statistic, float), *parameters)[()]]


# ------------------------------------------------------------------------------------------- what they are called on


def sample(draw: Draw, least: int = 0, kinds: str = "dddfi") -> Values:
    """Numbers without any symmetry, whose moments aren't zero by chance; now and then NaN."""
    shape = tuple(draw(st.lists(st.integers(least, 9) | st.integers(8, 14), min_size=1, max_size=3)))
    rng = np.random.default_rng(draw(st.integers(0, 20)))
    made: Values = rng.gamma(2.0, 30.0, shape).round(3).astype(draw(st.sampled_from(kinds)))
    if made.size and made.dtype.kind == "f" and draw(st.integers(0, 7)) == 0:
        made.reshape(-1)[rng.integers(made.size)] = np.nan
    return made


def _axis(draw: Draw, x: Values) -> Any:
    return None if draw(st.integers(0, 3)) == 0 else axis_of(draw, x)


def moments(draw: Draw, name: str) -> Call:
    """moment(x, order, axis), skew(x, axis, bias), kurtosis(x, axis, fisher, bias)."""
    x = sample(draw, least=1)
    axis, unbiased, excess = _axis(draw, x), draw(st.booleans()), draw(st.booleans())
    if name == "stats.moment":
        order = draw(st.sampled_from([0, 2, 3, 4, [2, 3], -1]))
        return [x], lambda f, x: f(x, order, axis)
    options = {"fisher": excess} if name == "stats.kurtosis" else {}
    return [x], lambda f, x: f(x, axis=axis, bias=not unbiased, **options)


def shaped(draw: Draw, name: str) -> Call:
    """skewtest(x, axis), kurtosistest, normaltest: of enough samples, or of too few."""
    x = sample(draw, least=draw(st.sampled_from([8, 8, 8, 3])), kinds="ddi")
    axis = _axis(draw, x)
    return [x], lambda f, x: list(f(x, axis))


def means(draw: Draw, name: str) -> Call:
    """ttest_1samp(x, mean, axis), ttest_rel(x, y, axis), ttest_ind(x, y, axis, equal_var)."""
    x = sample(draw, least=2, kinds="ddi")
    axis = _axis(draw, x)
    if name == "stats.ttest_1samp":
        mean = draw(st.sampled_from([0, 55.5, 70]))
        return [x], lambda f, x: list(f(x, mean, axis))
    y = (x[::-1] * np.random.default_rng(1).uniform(0.8, 1.3, x.shape)).round(3)
    if name == "stats.ttest_rel":
        return [x, y], lambda f, x, y: list(f(x, y, axis))
    if x.ndim == 1 and draw(st.booleans()):
        y = np.concatenate([y, y + 1.25])
    alike = draw(st.booleans())
    return [x, y], lambda f, x, y: list(f(x, y, axis, equal_var=alike))


def groups(draw: Draw, name: str) -> Call:
    """f_oneway(x, y, ..., axis=)."""
    x = sample(draw, least=2, kinds="ddi")
    others = [(x + np.random.default_rng(k).normal(5, 20, x.shape)).round(3) for k in range(draw(st.integers(0, 2)))]
    axis = axis_of(draw, x)
    return [x, *others], lambda f, *a: list(f(*a, axis=axis))


def frequencies(draw: Draw, name: str) -> Call:
    """power_divergence(x, expected, ddof, axis, lambda_), chisquare(x, expected, ddof, axis)."""
    shape = tuple(draw(st.lists(st.integers(4, 9), min_size=1, max_size=2)))
    rng = np.random.default_rng(draw(st.integers(0, 20)))
    x, y = rng.integers(1, 40, shape), rng.integers(1, 40, shape).astype(float)
    axis, ddof = _axis(draw, x), draw(st.integers(0, 2))
    power = draw(st.sampled_from([None, 0, 1, -1, 0.5, -2.0, *POWERS, "wrong"])) if "power" in name else None
    options = {} if power is None else {"lambda_": power}
    if draw(st.booleans()) and axis is not None:
        return [x, y], lambda f, x, y: list(f(x, y, ddof, axis, **options))
    return [x], lambda f, x: list(f(x, None, ddof, axis, **options))


# ----------------------------------------------------------------------------------------------- what they have to be


def _line(x: Any, axis: Any) -> tuple[Values, int]:
    return (np.ravel(x), 0) if axis is None else (np.asarray(x), axis)


def _moment(x: Any, order: Any = 1, axis: Any = 0) -> Any:
    if np.ndim(order):
        return np.stack([_moment(x, k, axis) for k in order])
    if order < 0:
        raise ValueError("a moment of no order")
    x, axis = _line(x, axis)
    return ((x - x.mean(axis, keepdims=True)) ** order).mean(axis)


def _skew(x: Any, axis: Any = 0, bias: bool = True) -> Any:
    x, axis = _line(x, axis)
    second, third, n = _moment(x, 2, axis), _moment(x, 3, axis), x.shape[axis]
    made = third / np.where(second > 0, second, np.nan) ** 1.5
    return made if bias or n <= 2 else made * float(np.sqrt(n * (n - 1)) / (n - 2))


def _kurtosis(x: Any, axis: Any = 0, fisher: bool = True, bias: bool = True) -> Any:
    x, axis = _line(x, axis)
    second, fourth, n = _moment(x, 2, axis), _moment(x, 4, axis), x.shape[axis]
    made = fourth / np.where(second > 0, second, np.nan) ** 2
    if not bias and n > 3:
        made = (n - 1) / (n - 2) / (n - 3) * ((n + 1) * made - 3 * (n - 1)) + 3
    return made - 3 if fisher else made


def _skewtest(x: Any, axis: Any = 0) -> list[Any]:
    """D'Agostino, 1970."""
    x, axis = _line(x, axis)
    n = float(x.shape[axis])
    if n < 8:
        raise ValueError("too few")
    y = _skew(x, axis) * math.sqrt((n + 1) * (n + 3) / (6 * (n - 2)))
    beta = 3 * (n * n + 27 * n - 70) * (n + 1) * (n + 3) / ((n - 2) * (n + 5) * (n + 7) * (n + 9))
    squared = math.sqrt(2 * (beta - 1)) - 1
    alpha = math.sqrt(2 / (squared - 1))
    return _tested(_normal, np.arcsinh(y / alpha) / math.sqrt(math.log(math.sqrt(squared))))


def _kurtosistest(x: Any, axis: Any = 0) -> list[Any]:
    """Anscombe and Glynn, 1983."""
    x, axis = _line(x, axis)
    n = float(x.shape[axis])
    if n < 5:
        raise ValueError("too few")
    variance = 24 * n * (n - 2) * (n - 3) / ((n + 1) ** 2 * (n + 3) * (n + 5))
    y = (_kurtosis(x, axis) + 3 - 3 * (n - 1) / (n + 1)) / math.sqrt(variance)
    root = 6 * (n * n - 5 * n + 2) / ((n + 7) * (n + 9)) * math.sqrt(6 * (n + 3) * (n + 5) / (n * (n - 2) * (n - 3)))
    a = 6 + 8 / root * (2 / root + math.sqrt(1 + 4 / root**2))
    part = np.cbrt((1 - 2 / a) / (1 + y * math.sqrt(2 / (a - 4))))
    return _tested(_normal, (1 - 2 / (9 * a) - part) / math.sqrt(2 / (9 * a)))


def _normaltest(x: Any, axis: Any = 0) -> list[Any]:
    return _tested(_chi2, _skewtest(x, axis)[0] ** 2 + _kurtosistest(x, axis)[0] ** 2, 2.0)


def _ttest_1samp(x: Any, mean: Any, axis: Any = 0) -> list[Any]:
    x, axis = _line(x, axis)
    n = x.shape[axis]
    return _tested(_student, (x.mean(axis) - mean) / (x.std(axis, ddof=1) / math.sqrt(n)), n - 1.0)


def _ttest_ind(x: Any, y: Any, axis: Any = 0, equal_var: bool = True) -> list[Any]:
    (x, axis), (y, _) = _line(x, axis), _line(y, axis)
    n, m = x.shape[axis], y.shape[axis]
    u, v = x.var(axis, ddof=1) / n, y.var(axis, ddof=1) / m
    if equal_var:
        df: Any = n + m - 2.0
        spread = (u * n * (n - 1) + v * m * (m - 1)) / df * (1 / n + 1 / m)
    else:
        df, spread = (u + v) ** 2 / (u**2 / (n - 1) + v**2 / (m - 1)), u + v
    return _tested(_student, (x.mean(axis) - y.mean(axis)) / np.sqrt(spread), df)


def _f_oneway(*samples: Any, axis: int = 0) -> list[Any]:
    if len(samples) < 2:
        raise ValueError("one sample")
    whole = np.concatenate(samples, axis)
    inside = sum(((x - x.mean(axis, keepdims=True)) ** 2).sum(axis) for x in samples)
    between = ((whole - whole.mean(axis, keepdims=True)) ** 2).sum(axis) - inside
    low, high = len(samples) - 1.0, float(whole.shape[axis] - len(samples))
    return _tested(_fisher, (between / low) / (inside / high), low, high)


POWERS = {
    "pearson": 1, "log-likelihood": 0, "freeman-tukey": -0.5, "mod-log-likelihood": -1, "neyman": -2,
    "cressie-read": 2 / 3,
}  # fmt: skip


def _power_divergence(x: Any, expected: Any = None, ddof: int = 0, axis: Any = 0, lambda_: Any = 1) -> list[Any]:
    """Cressie and Read, 1984."""
    if isinstance(lambda_, str) and lambda_ not in POWERS:
        raise ValueError("no such power")
    power = POWERS.get(lambda_, lambda_)
    x, axis = _line(x, axis)
    y = x.mean(axis, keepdims=True) if expected is None else expected
    if power == 0:
        terms = 2 * x * np.log(x / y)
    elif power == -1:
        terms = 2 * y * np.log(y / x)
    elif power == 1:
        terms = (x - y) ** 2 / y
    else:
        terms = 2 / (power * (power + 1)) * x * ((x / y) ** power - 1)
    return _tested(_chi2, terms.sum(axis), x.shape[axis] - 1.0 - ddof)


#: Qualified name -> how it is called.
STATISTICS: dict[str, Builder] = {
    **{f"stats.{n}": moments for n in ("moment", "skew", "kurtosis")},
    **{f"stats.{n}": shaped for n in ("skewtest", "kurtosistest", "normaltest")},
    **{f"stats.{n}": means for n in ("ttest_1samp", "ttest_rel", "ttest_ind")},
    **{f"stats.{n}": frequencies for n in ("power_divergence", "chisquare")},
    "stats.f_oneway": groups,
}
STATISTICS_TRUTH: dict[str, Callable[..., Any]] = {
    "stats.moment": _moment,
    "stats.skew": _skew,
    "stats.kurtosis": _kurtosis,
    "stats.skewtest": _skewtest,
    "stats.kurtosistest": _kurtosistest,
    "stats.normaltest": _normaltest,
    "stats.ttest_1samp": _ttest_1samp,
    "stats.ttest_rel": lambda x, y, axis: _ttest_1samp(x - y, 0, axis),
    "stats.ttest_ind": _ttest_ind,
    "stats.f_oneway": _f_oneway,
    "stats.power_divergence": _power_divergence,
    "stats.chisquare": _power_divergence,
}
