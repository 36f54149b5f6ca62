"""Moments of samples and tests of hypotheses, as `scipy.stats` names them; nothing is computed until it is asked for.

Each takes two passes over the data at the most, and memory for a few blocks and the results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nbarray.api import functions, shapes
from nbarray.api.array import Array, apply
from nbarray.api.creation import asarray
from nbarray.api.dispatch import PUBLIC
from nbarray.api.handles import moment as central_moment
from nbarray.errors import InputError, NotBlocked
from nbarray.kernels import distributions
from nbarray.ops.mapping import map_blocks
from nbarray.ops.operands import one_axis

__all__ = [
    "Finding",
    "chisquare",
    "f_oneway",
    "kurtosis",
    "kurtosistest",
    "moment",
    "normaltest",
    "power_divergence",
    "skew",
    "skewtest",
    "ttest_1samp",
    "ttest_ind",
    "ttest_rel",
]


class Finding(NamedTuple):
    """What a test gives: the statistic, and how likely it is to be at least so far off by chance."""

    statistic: Array
    pvalue: Array


def _tail(function: Callable[..., Any], *values: Any) -> Array:
    """The tail of a distribution at blocked values, with numbers or blocked arrays for its parameters."""
    arrays = [v if isinstance(v, Array) else None for v in values]
    numbers = [v for v in values if not isinstance(v, Array)]

    def tail(*blocks: Any) -> Any:
        return function(*blocks, *numbers)

    tail.__name__ = function.__name__
    return apply(lambda *x: map_blocks(tail, list(x), float), *(a for a in arrays if a is not None))


def _sample(a: Any, axis: Any, nan_policy: str, least: int = 0, what: str = "") -> tuple[Array, Any, float]:
    """The array, the axis to go along, and how many elements that has."""
    if nan_policy != "propagate":
        raise NotBlocked(
            f"nan_policy={nan_policy!r} has no blocked form; take out what is missing first: x[~nb.isnan(x)]"
        )
    x = asarray(a)
    if axis is None:
        x, axis = x.ravel(), 0
    k = one_axis(axis, x.ndim)
    n = x.shape[k]
    if n < least:
        raise InputError(f"{what} is not valid with less than {least} samples; only {n} samples were given.")
    return x, k, float(n)


def moment(a: Any, order: Any = 1, axis: Any = 0, nan_policy: str = "propagate") -> Array:
    """The central moment of an order (or of several orders, along a new first axis) along an axis.

    Cost: two passes over the data; memory for a few blocks.

    >>> import nbarray as nb
    >>> nb.stats.moment([1.0, 2.0, 6.0], 2).compute().round(12)
    np.float64(4.666666666667)
    """
    x, k, _ = _sample(a, axis, nan_policy)
    if np.ndim(order):
        return shapes.stack([central_moment(x, int(o), k) for o in order])
    return central_moment(x, order, k)


def skew(a: Any, axis: Any = 0, bias: bool = True, nan_policy: str = "propagate") -> Array:
    """How lopsided samples are: the third moment over the cube of the standard deviation; NaN where all are alike.

    bias : False corrects for the size of the sample

    Cost: two passes over the data; memory for a few blocks.

    >>> import nbarray as nb
    >>> nb.stats.skew(nb.asarray([1.0, 2.0, 6.0])).compute().round(3)
    np.float64(0.595)
    """
    x, k, n = _sample(a, axis, nan_policy)
    second, third = central_moment(x, 2, k), central_moment(x, 3, k)
    made = third / functions.where(second > 0, second, np.nan) ** 1.5
    return made if bias or n <= 2 else made * float(np.sqrt((n - 1.0) * n) / (n - 2.0))


def kurtosis(a: Any, axis: Any = 0, fisher: bool = True, bias: bool = True, nan_policy: str = "propagate") -> Array:
    """How heavy the tails of samples are: the fourth moment over the squared variance, less 3 (`fisher`).

    bias : False corrects for the size of the sample

    Cost: two passes over the data; memory for a few blocks.

    >>> import nbarray as nb
    >>> nb.stats.kurtosis(nb.asarray([1.0, 2.0, 3.0])).compute()
    np.float64(-1.5)
    """
    x, k, n = _sample(a, axis, nan_policy)
    second, fourth = central_moment(x, 2, k), central_moment(x, 4, k)
    made = fourth / functions.where(second > 0, second, np.nan) ** 2.0
    if not bias and n > 3:
        made = ((n**2 - 1.0) * made - 3 * (n - 1) ** 2.0) * (1.0 / (n - 2) / (n - 3)) + 3.0
    return made - 3 if fisher else made


def skewtest(a: Any, axis: Any = 0, nan_policy: str = "propagate") -> Finding:
    """Whether samples are skewed otherwise than normal ones are.  Raises InputError for less than 8 of them.

    Cost: two passes over the data; memory for a few blocks.

    >>> import nbarray as nb
    >>> nb.stats.skewtest(nb.asarray([1.0, 2, 3, 4, 5, 6, 7, 30])).statistic.compute() > 0
    np.True_
    """
    x, k, n = _sample(a, axis, nan_policy, 8, "skewtest")
    y = skew(x, k) * float(np.sqrt(((n + 1) * (n + 3)) / (6.0 * (n - 2))))
    beta2 = 3.0 * (n**2 + 27 * n - 70) * (n + 1) * (n + 3) / ((n - 2.0) * (n + 5) * (n + 7) * (n + 9))
    w2 = -1 + np.sqrt(2 * (beta2 - 1))
    delta, alpha = float(1 / np.sqrt(0.5 * np.log(w2))), float(np.sqrt(2.0 / (w2 - 1)))
    z = PUBLIC["arcsinh"](functions.where(y == 0, 1.0, y) / alpha) * delta
    return Finding(z, _tail(distributions.normal_two_sided, z))


def kurtosistest(a: Any, axis: Any = 0, nan_policy: str = "propagate") -> Finding:
    """Whether samples have other tails than normal ones have.  Raises InputError for less than 5 of them.

    Cost: two passes over the data; memory for a few blocks.

    >>> import nbarray as nb
    >>> nb.stats.kurtosistest(nb.arange(40.0)).statistic.compute() < 0
    np.True_
    """
    x, k, n = _sample(a, axis, nan_policy, 5, "kurtosistest")
    expected = 3.0 * (n - 1) / (n + 1)
    variance = 24.0 * n * (n - 2) * (n - 3) / ((n + 1) * (n + 1.0) * (n + 3) * (n + 5))
    y = (kurtosis(x, k, fisher=False) - expected) / float(np.sqrt(variance))
    root = 6.0 * (n * n - 5 * n + 2) / ((n + 7) * (n + 9)) * np.sqrt(6.0 * (n + 3) * (n + 5) / (n * (n - 2) * (n - 3)))
    degrees = 6.0 + 8.0 / root * (2.0 / root + np.sqrt(1 + 4.0 / root**2))
    below = y * float(np.sqrt(2 / (degrees - 4.0))) + 1
    part = PUBLIC["cbrt"](float(1 - 2.0 / degrees) / functions.where(below == 0, np.nan, below))
    z = (float(1 - 2 / (9.0 * degrees)) - part) / float(np.sqrt(2 / (9.0 * degrees)))
    return Finding(z, _tail(distributions.normal_two_sided, z))


def normaltest(a: Any, axis: Any = 0, nan_policy: str = "propagate") -> Finding:
    """Whether samples are from a normal distribution, by their skewness and their tails.

    Cost: two passes over the data; memory for a few blocks.

    >>> import nbarray as nb
    >>> nb.stats.normaltest(nb.arange(40.0)).statistic.compute() > 0
    np.True_
    """
    squares = skewtest(a, axis, nan_policy).statistic ** 2 + kurtosistest(a, axis, nan_policy).statistic ** 2
    return Finding(squares, _tail(distributions.chi2_tail, squares, 2.0))


# ------------------------------------------------------------------------------------------ means of samples


def ttest_1samp(a: Any, popmean: Any, axis: Any = 0, nan_policy: str = "propagate") -> Finding:
    """Whether the mean of samples is `popmean`.

    Cost: two passes over the data; memory for a few blocks.

    >>> import nbarray as nb
    >>> nb.stats.ttest_1samp([1.0, 2.0, 3.0], 2.0).pvalue.compute()
    np.float64(1.0)
    """
    x, k, n = _sample(a, axis, nan_policy)
    t = (x.mean(axis=k) - popmean) / PUBLIC["sqrt"](x.var(axis=k, ddof=1) / n)
    return Finding(t, _tail(distributions.t_two_sided, t, n - 1))


def ttest_rel(a: Any, b: Any, axis: Any = 0, nan_policy: str = "propagate") -> Finding:
    """Whether pairs have the same mean.

    Cost: two passes over the data; memory for a few blocks.

    >>> import nbarray as nb
    >>> nb.stats.ttest_rel(nb.asarray([1.0, 2.0, 4.0]), nb.asarray([2.0, 2.0, 3.0])).statistic.compute()
    np.float64(0.0)
    """
    return ttest_1samp(asarray(a) - asarray(b), 0, axis, nan_policy)


def ttest_ind(a: Any, b: Any, axis: Any = 0, equal_var: bool = True, nan_policy: str = "propagate") -> Finding:
    """Whether two independent samples have the same mean.

    equal_var : their variances are taken to be equal; False is Welch's test

    Cost: two passes over the data; memory for a few blocks.

    >>> import nbarray as nb
    >>> nb.stats.ttest_ind(nb.asarray([1.0, 2.0]), nb.asarray([1.0, 2.0])).statistic.compute()
    np.float64(0.0)
    """
    x, k, n1 = _sample(a, axis, nan_policy)
    y, j, n2 = _sample(b, axis, nan_policy)
    v1, v2 = x.var(axis=k, ddof=1), y.var(axis=j, ddof=1)
    degrees: Any
    if equal_var:
        degrees = n1 + n2 - 2.0
        spread = (v1 * (n1 - 1) + v2 * (n2 - 1)) / degrees * (1.0 / n1 + 1.0 / n2)
    else:
        first, second = v1 / n1, v2 / n2
        spread = first + second
        degrees = spread**2 / (first**2 / (n1 - 1) + second**2 / (n2 - 1))
    t = (x.mean(axis=k) - y.mean(axis=j)) / PUBLIC["sqrt"](spread)
    return Finding(t, _tail(distributions.t_two_sided, t, degrees))


def f_oneway(*args: Any, axis: int = 0) -> Finding:
    """Whether several samples have the same mean: the variance between them over the variance within them.

    Cost: two passes over the data; memory for a few blocks.

    >>> import nbarray as nb
    >>> nb.stats.f_oneway(nb.asarray([1.0, 2.0]), nb.asarray([2.0, 4.0])).statistic.compute()
    np.float64(1.8)
    """
    if len(args) < 2:
        raise InputError(f"f_oneway: expected at least two samples, not {len(args)}")
    samples = [_sample(a, axis, "propagate") for a in args]
    total = sum(n for _, _, n in samples)
    together = shapes.concatenate([x for x, _, _ in samples], samples[0][1])
    centre = together.mean(axis=samples[0][1])
    between: Any = 0.0
    within: Any = 0.0
    for x, k, n in samples:
        mean = x.mean(axis=k, keepdims=True)
        between = between + n * (x.mean(axis=k) - centre) ** 2
        within = within + ((x - mean) ** 2).sum(axis=k)
    low, high = len(samples) - 1.0, total - len(samples)
    value = (between / low) / (within / high)
    return Finding(value, _tail(distributions.f_tail, value, low, high))


# ------------------------------------------------------------------------------------------------- frequencies

_POWERS = {
    "pearson": 1,
    "log-likelihood": 0,
    "freeman-tukey": -0.5,
    "mod-log-likelihood": -1,
    "neyman": -2,
    "cressie-read": 2 / 3,
}


def power_divergence(
    f_obs: Any, f_exp: Any = None, ddof: int = 0, axis: Any = 0, lambda_: float | str | None = None
) -> Finding:
    """Whether observed frequencies are the expected ones (by default: all alike).

    lambda_ : the power of the family, or its name: "pearson" (the default), "log-likelihood", "freeman-tukey",
        "mod-log-likelihood", "neyman" or "cressie-read"

    Raises InputError for other names.

    Cost: one pass over the data; memory for a few blocks and the result.

    >>> import nbarray as nb
    >>> nb.stats.power_divergence(nb.asarray([16, 18, 16, 14])).statistic.compute()
    np.float64(0.5)
    """
    if isinstance(lambda_, str) and lambda_ not in _POWERS:
        raise InputError(f"power_divergence: lambda_={lambda_!r}; expected a number or one of {', '.join(_POWERS)}")
    power = 1 if lambda_ is None else _POWERS[lambda_] if isinstance(lambda_, str) else lambda_
    observed, k, n = _sample(asarray(f_obs) * 1.0, axis, "propagate")
    expected = observed.mean(axis=k, keepdims=True) if f_exp is None else asarray(f_exp)
    if power == 1:
        terms = (observed - expected) ** 2 / expected
    elif power == 0:
        terms = 2.0 * _times_log(observed, observed / expected)
    elif power == -1:
        terms = 2.0 * _times_log(expected, expected / observed)
    else:
        terms = observed * ((observed / expected) ** power - 1) / (0.5 * power * (power + 1))
    value = terms.sum(axis=k)
    return Finding(value, _tail(distributions.chi2_tail, value, n - 1 - ddof))


def _times_log(x: Any, y: Any) -> Array:
    """``x * log(y)``, and 0 where `x` is 0."""
    return functions.where(x == 0, 0.0, x * PUBLIC["log"](functions.where(x == 0, 1.0, y)))


def chisquare(f_obs: Any, f_exp: Any = None, ddof: int = 0, axis: Any = 0) -> Finding:
    """Pearson's chi-square test of frequencies; see `power_divergence`.

    Cost: one pass over the data; memory for a few blocks and the result.

    >>> import nbarray as nb
    >>> nb.stats.chisquare(nb.asarray([16, 18, 16, 14])).statistic.compute()
    np.float64(0.5)
    """
    return power_divergence(f_obs, f_exp, ddof, axis, "pearson")
