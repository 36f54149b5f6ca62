"""Weighted averages, covariances and correlations: as NumPy has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from tests.compare import check, same
from tests.laws.arrays import FLOATS, MASKED, values_of

W = np.arange(35.0).reshape(7, 5) % 4 + 0.5
AVERAGES: dict[str, Callable[[Any], Any]] = {
    "all": lambda x: np.average(x),
    "axis": lambda x: np.average(x, 0),
    "axes": lambda x: np.average(x, (0, 1), keepdims=True),
    "returned": lambda x: np.average(x, 1, returned=True),
    "of all returned": lambda x: np.average(x, returned=True),
    "weighted": lambda x: np.average(x, weights=W),
    "weighted rows": lambda x: np.average(x, 0, W),
    "weights of an axis": lambda x: np.average(x, 1, W[0]),
    "weights of two axes": lambda x: np.average(x, (1, 0), W.T),
    "weights returned": lambda x: np.average(x, 1, W[0], True),
    "weights kept": lambda x: np.average(x, 1, W, True, keepdims=True),
    "blocked weights": lambda x: np.average(x, 1, x * x + 1),
    "weights without axis": lambda x: np.average(x, weights=W[0]),
    "weights that don't fit": lambda x: np.average(x, 0, W[0]),
    "weights of nothing": lambda x: np.average(x, weights=np.zeros((7, 5))),
    "axis outside": lambda x: np.average(x, 2),
}
TOGETHER: dict[str, Callable[[Any], Any]] = {
    "cov": lambda x: np.cov(x),
    "cov of columns": lambda x: np.cov(x, rowvar=False),
    "cov of one": lambda x: np.cov(x[0]),
    "cov of two": lambda x: np.cov(x[0], x[1]),
    "cov of more": lambda x: np.cov(x, x[:2] * 2),
    "cov of more columns": lambda x: np.cov(x, x[:, 1], rowvar=False),
    "cov of weights that are nothing": lambda x: np.cov(x, fweights=[0] * x.shape[1]),
    "cov biased": lambda x: np.cov(x, bias=True),
    "cov ddof": lambda x: np.cov(x, ddof=2),
    "cov ddof too many": lambda x: np.cov(x, ddof=9),
    "cov half": lambda x: np.cov(x, ddof=0.5),
    "cov of a number": lambda x: np.cov(x[0, 0:1]),
    "cov of a cube": lambda x: np.cov(x[None]),
    "cov with frequencies": lambda x: np.cov(x, fweights=[1, 2, 0, 1, 3]),
    "cov with weights": lambda x: np.cov(x, aweights=[1, 2, 0.5, 1, 3]),
    "cov with both": lambda x: np.cov(x, fweights=[1, 2, 0, 1, 3], aweights=[1, 2, 0.5, 1, 3]),
    "cov with both biased": lambda x: np.cov(x, fweights=[1, 2, 0, 1, 3], aweights=[1, 2, 0.5, 1, 3], ddof=0),
    "cov with halves": lambda x: np.cov(x, fweights=[1, 2, 0.5, 1, 3]),
    "cov with too few": lambda x: np.cov(x, fweights=[1, 2]),
    "cov with negative": lambda x: np.cov(x, aweights=[1, 2, -1, 1, 1]),
    "cov with a table": lambda x: np.cov(x, aweights=W),
    "cov in single precision": lambda x: np.cov(x, dtype=np.float32),
    "corrcoef": lambda x: np.corrcoef(x),
    "corrcoef of columns": lambda x: np.corrcoef(x, rowvar=False),
    "corrcoef of one": lambda x: np.corrcoef(x[0]),
}


@pytest.mark.parametrize("dtype", list("?hifdFD"))
@pytest.mark.parametrize("name", AVERAGES)
def test_average(name: str, dtype: str) -> None:
    """Averages, weighted or not, for every kind of number."""
    same(AVERAGES[name], values_of(dtype), close=True)


def test_average_of_peculiar_numbers() -> None:
    """NaN and infinities go through."""
    for a in FLOATS.values():
        same(lambda x: np.average(x, 0, W), a, close=True)


def test_average_of_masked() -> None:
    """Without weights, masked elements are left out."""
    a = MASKED["masked-d"]

    check(nb.average(nb.from_array(a, chunks=3), 0), np.ma.average(a, 0), within=1e-13)


@pytest.mark.parametrize("name", TOGETHER)
def test_together(name: str) -> None:
    """Covariances and correlations, real and complex."""
    for dtype in "ifdD":
        if dtype == "D" and ("corr" in name or "too many" in name):
            continue  # NumPy divides rounding errors there
        same(TOGETHER[name], values_of(dtype) + (1j * values_of(dtype)[::-1] if dtype == "D" else 0), close=True)


def test_correlations_of_complex() -> None:
    """Correlations of complex variables stay within one, in both parts."""
    rng = np.random.default_rng(3)
    same(lambda x: np.corrcoef(x), rng.random((3, 8)) + 1j * rng.random((3, 8)), close=True)


def test_covariance_out_of_core() -> None:
    """Of few variables and very many observations, in a budget that holds a small part of them."""
    x = nb.stack([nb.arange(10**5, chunks=10**4) % 7, nb.arange(10**5, chunks=10**4) % 11])
    a = np.stack([np.arange(10**5) % 7, np.arange(10**5) % 11])

    np.testing.assert_allclose(nb.cov(x[:, :9999]).compute(memory="1MiB"), np.cov(a[:, :9999]), rtol=1e-12)
