"""Cheaper operations give the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import nbarray as nb
from tests.compare import same


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int64, np.complex128, ">f8"])
@pytest.mark.parametrize(
    "divisor", [4, 0.5, -8.0, 2.0**-99, 2.0**100, 3, np.float32(2), np.float64(4), np.int8(2), True]
)
def test_division_by_numbers(dtype: Any, divisor: Any) -> None:
    """Powers of two, other numbers, and every dtype they meet."""
    x = np.array([0.0, -0.0, 1, -3, 7, 100]).astype(dtype)

    same(lambda a: a / divisor, x)


@given(arrays(np.float64, 8), st.sampled_from([2, -4, 0.125, 2.0**50, 2.0**-50]))
def test_every_float(x: Any, divisor: float) -> None:
    """Subnormal, infinite and missing numbers too."""
    with np.errstate(all="ignore"):
        expected = x / divisor
        made = (nb.from_array(x, chunks=3) / divisor).compute()

    assert expected.tobytes() == made.tobytes()


def test_masked_division_keeps_its_domain() -> None:
    """The operator of masked arrays masks what it always masked."""
    x = np.ma.masked_equal(np.array([1.0, 2.0, np.inf]), 2.0)

    same(lambda a: a / 2, x)
