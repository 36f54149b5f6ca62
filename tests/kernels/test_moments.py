"""Means and variances of parts, put together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from tests.compare import check


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("kind", ["f8", "c16", "masked"])
def test_variances_of_numbers_with_infinite_squares(jit: bool, axis: int | None, kind: str) -> None:
    """What begins with nothing takes the first mean as it is: no squares of it times nothing."""
    near = np.random.default_rng(3).normal(size=(6, 1500))
    x: Any = np.full(near.shape, 2.0**600) + np.rint(near * 8) * 2.0**500  # deviations have finite squares
    x[:, 3] = 2.0**600
    x = x.astype("c16") if kind == "c16" else np.ma.masked_less(x, 2.0**600) if kind == "masked" else x

    with nb.config(jit=jit):
        check(lambda: nb.from_array(x, chunks=(4, 1200)).var(axis=axis), lambda: x.var(axis=axis), within=1e-9)
