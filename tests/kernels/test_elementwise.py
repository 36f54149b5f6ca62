"""Operations on tiles: what they make is never part of what they were given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from tests.compare import check, same

Z = np.random.default_rng(3).standard_normal(50) + 1j * np.random.default_rng(4).standard_normal(50)


def test_parts_of_what_is_used_no_more() -> None:
    """The real part of a value stays when the value's buffer is used for another one."""
    same(lambda z: (z * 2).real + (z * 3).imag, Z, chunks=7)
    same(lambda z: (z * 2).imag / (z - 1).real + (z * 3).real, Z, chunks=7)


@pytest.mark.parametrize("values", [Z, Z.real, np.arange(50)], ids=["complex", "real", "whole"])
@pytest.mark.parametrize("name", ["real", "imag", "round", "nan_to_num", "angle"])
def test_what_is_left_out_stays_in_the_callers_array(values: Any, name: str) -> None:
    """A reduction that leaves elements out changes nothing in the array that it reads."""
    function, given = getattr(np, name), values.copy()
    where = np.arange(50) % 3 == 0
    blocked = nb.from_array(given, chunks=50)
    check(function(blocked).sum(where=nb.from_array(where)), function(values).sum(where=where), within=1e-13)

    assert np.array_equal(values, given)
