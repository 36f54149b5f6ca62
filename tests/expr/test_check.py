"""The check that every step of rewriting is held to."""

from __future__ import annotations

import numpy as np
import pytest

import nbarray as nb
from nbarray.expr.check import check_same_kind

X = nb.from_array(np.zeros((6, 8)))
M = nb.from_array(np.ma.masked_greater(np.ones((6, 8)), 2))


def test_what_stays_the_same_passes() -> None:
    """Other ways to the same shape and dtype are what rules are for."""
    check_same_kind("rule", X.expr, X.rechunk(2).expr)


@pytest.mark.parametrize(
    ("after", "what"), [(X.T, "shape"), (X.astype("f4"), "dtype"), (M, "masked")], ids=["shape", "dtype", "masked"]
)
def test_what_changes_is_named(after: nb.Array, what: str) -> None:
    """A rule that changes shape, dtype or maskedness is found out, with its name."""
    with pytest.raises(AssertionError, match=f"rule broken_rule changed {what}"):
        check_same_kind("broken_rule", X.expr, after.expr)
