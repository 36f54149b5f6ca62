"""The law of every public function: called on blocked arrays of any dtype it does what NumPy's does, or refuses."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

import nbarray as nb
from nbarray.errors import NBArrayError, NotBlocked
from tests.compare import base_of, compare, computed, outcome, quiet
from tests.examples import law
from tests.laws.table import ELSEWHERE, FAMILIES, OURS, PUBLIC_NAMES, THEIRS, within
from tests.laws.test_chains import chunks_of


@pytest.mark.parametrize("name", sorted(FAMILIES))
@law(6, share=0.1)
@given(data=st.data())
def test_function(name: str, data: st.DataObject) -> None:
    """Values, dtype, shape, errors, and what has no axes, are NumPy's; where nbarray refuses, it says so."""
    arrays, call = FAMILIES[name](data.draw, name)
    note(f"{name} of {arrays}")
    chunks = [data.draw(chunks_of(a.shape), label="chunks") for a in arrays]
    # of which functions may give others; in NumPy objects by themselves are what they are, numbers have no byte order,
    # texts no more than their length, and long doubles become doubles
    may_be = [a.ndim == 0 and a.dtype.char not in "OSUgG" and a.dtype.isnative for a in arrays]
    scalar = [may and data.draw(st.booleans(), label="a scalar") for may in may_be]

    def blocked() -> Any:
        made = [nb.from_array(a, chunks=c) for a, c in zip(arrays, chunks, strict=True)]
        return call(OURS[name], *[x[()] if alone else x for x, alone in zip(made, scalar, strict=True)])

    def expected() -> Any:
        return call(THEIRS[name], *[a[()] if alone else a.copy() for a, alone in zip(arrays, scalar, strict=True)])

    with quiet():
        wanted, refusal = outcome(expected)
        if refusal is None:
            with contextlib.suppress(NotBlocked):
                compare(blocked(), wanted, within=within(name, arrays))
            return
        made, error = outcome(lambda: computed(blocked()))
    # where several things are wrong at once, any of them may be the one that is told
    refused = isinstance(error, NBArrayError | base_of(type(refusal)))

    assert refused, f"NumPy raises {refusal!r}, nbarray {made if error is None else error!r}"


def test_every_name() -> None:
    """Each public function is in a family of the law, or among those that are tested otherwise."""
    elsewhere = {name for names in ELSEWHERE.values() for name in names.split()}

    assert PUBLIC_NAMES == set(FAMILIES) | elsewhere
    assert set() == set(FAMILIES) & elsewhere
