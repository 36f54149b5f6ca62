"""Mean squares of deviations, taken as variances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from tests.compare import check

FORMS: tuple[Any, ...] = (
    lambda x: ((x - x.mean(axis=0)) ** 2).mean(),
    lambda x: ((x - x.mean(axis=-1, keepdims=True)) ** 2).mean(axis=(0, -1)),
    lambda x: ((x.mean() - x) ** 2).sum(axis=0),
    lambda x: ((x - x.mean(axis=0)) * (x - x.mean(axis=0))).mean(axis=0, keepdims=True),
    lambda x: np.square(x - x.mean(axis=0)[None]).sum(axis=1),
)


@pytest.mark.parametrize("form", FORMS, ids=["mean", "last axis", "sum", "product", "square"])
@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", ">f8", "i2", "u1", "?", "c16"])
@pytest.mark.parametrize("odd", [None, np.nan, np.inf])
def test_values(form: Any, dtype: str, odd: float | None) -> None:
    """Whatever the dtype, and where values are missing or infinite."""
    x = (np.random.default_rng(4).normal(size=(7, 5)) * 9).astype(dtype)
    if x.dtype.kind in "fc" and odd is not None:
        x[2, 3] = odd

    with np.errstate(all="ignore"):
        check(lambda: form(nb.from_array(x, chunks=3)), lambda: form(x), within=1e-2 if dtype == "f2" else 1e-5)


def test_deviations_that_are_small_beside_the_mean() -> None:
    """Nothing is lost far from zero."""
    values = np.random.default_rng(5).normal(size=4000) + 1e9
    x = nb.from_array(values, chunks=300)

    np.testing.assert_allclose(((x - x.mean()) ** 2).mean().compute(), values.var(), rtol=1e-9)


def test_of_a_deviation_that_is_wanted_too() -> None:
    """The deviations themselves stay what they are."""
    values = np.random.default_rng(6).normal(size=(12, 5))
    x = nb.from_array(values, chunks=4)
    deviation = x - x.mean(axis=0)

    made, spread = nb.compute(deviation, (deviation**2).mean(axis=0))

    np.testing.assert_allclose(made, values - values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(spread, values.var(axis=0), rtol=1e-12)
