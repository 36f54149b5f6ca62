"""`nbarray.eager`: what has no blocked form, run on whole arrays when asked to, bytes named first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.lib import recfunctions

import nbarray as nb
from nbarray.errors import BudgetError, EagerWarning, NotBlocked


def test_eager_gives_what_numpy_gives() -> None:
    """The arguments are computed together, wherever they stand, and NumPy is called."""
    a = np.array([1.0, -3.0, 2.0])
    x = nb.from_array(a, chunks=2)

    with pytest.warns(EagerWarning, match="poly: 1 blocked argument, 24 B whole, computed into memory first"):
        poly = nb.eager(np.poly)(x)
    with pytest.warns(EagerWarning, match="2 blocked arguments, 48 B"):
        found = nb.eager(lambda parts, more: (parts, more))([x, 3], more={"y": (x + 1, "text")})

    assert np.poly(a).tolist() == poly.tolist()
    assert (a.tolist(), 3) == (found[0][0].tolist(), found[0][1])
    assert ((a + 1).tolist(), "text") == (found[1]["y"][0].tolist(), found[1]["y"][1])


def test_eager_without_blocked_arguments() -> None:
    """Where nothing is blocked, nothing is said."""
    assert [1.0, 0.0, -1.0] == nb.eager(np.poly)([1, -1]).tolist()
    assert "poly" == nb.eager(np.poly).__name__


def test_eager_is_refused_where_it_does_not_fit() -> None:
    """What is larger than the budget is refused before anything is read."""

    class Unreadable:
        shape, dtype = (10**9,), np.dtype(float)

        def __getitem__(self, index: Any) -> Any:
            if index == (slice(0, 1, 1),):
                return np.zeros(1)
            raise AssertionError("read")

    with nb.config(memory="1MiB"), pytest.raises(BudgetError, match=r"poly: .*7\.45 GiB whole, but the budget is 1"):
        nb.eager(np.poly)(nb.from_array(Unreadable()))


def test_refusals_name_it() -> None:
    """A function without a blocked form says why, if there is a reason, and names the way out."""
    records = nb.from_array(np.zeros(3, [("a", int)]))
    wanted = r"recfunctions\.stack_arrays has .* \(records .*\).* nb\.eager\(np\.lib\.recfunctions\.stack_arrays\)\(x\)"
    with pytest.raises(NotBlocked, match=wanted):
        recfunctions.stack_arrays((records, records))
