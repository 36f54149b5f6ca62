"""What is said of a plan that doesn't fit."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbarray as nb
from nbarray.errors import BudgetError
from nbarray.plan.fit import check_fits, smaller_chunks
from tests.engines.plans import chain, graph_plan


def test_what_fits_passes() -> None:
    """A budget of just what is needed is enough."""
    plan = graph_plan(chain(3, nbytes=1000))
    check_fits(plan, plan.run_bytes())

    with pytest.raises(BudgetError):
        check_fits(plan, plan.run_bytes() - 1)


def test_needs_are_said() -> None:
    """The error names what is needed, what of it is results, and the budget."""
    plan = graph_plan(chain(3, nbytes=4096))
    with pytest.raises(BudgetError) as caught:
        check_fits(plan, 2048)

    assert str(caught.value).startswith(
        "this needs 8.02 KiB (results 24 B, blocks and scratch 8.00 KiB; most of it for count in blocks of (1,)), "
        'but the budget is 2.00 KiB; raise the budget with nb.config(memory="9KiB")'
    )


A = np.random.default_rng(3).normal(size=(1000, 1000))


@pytest.mark.parametrize("budget", ["60kB", "600kB"])
def test_work_is_cut_more_finely_where_memory_is_short(budget: str) -> None:
    """What takes too much in tasks and tiles of the usual size is done in smaller ones."""
    x = nb.from_array(A, chunks=500)

    assert math.isclose(((x - 1) * x.T).sum().compute(memory=budget), ((A - 1) * A.T).sum(), rel_tol=1e-12)


def test_the_advice_is_good() -> None:
    """Chunks and budgets that an error names would do."""

    def with_chunks(chunks: Any) -> nb.Array:
        return (nb.from_array(A, chunks=chunks).map_blocks(np.negative, dtype=float) + 1).sum()

    with pytest.raises(BudgetError) as caught:
        with_chunks(500).compute(memory="1MB")
    told = str(caught.value)
    (memory,) = re.findall(r'memory="(\w+)"', told)
    (chunks,) = re.findall(r"chunks=\((\d+), (\d+)\)", told)

    assert math.isclose(with_chunks(500).compute(memory=memory), (1 - A).sum(), rel_tol=1e-12)
    assert math.isclose(with_chunks(tuple(map(int, chunks))).compute(memory="1MB"), (1 - A).sum(), rel_tol=1e-12)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=4), st.floats(1, 1e4))
def test_smaller_chunks_are_small_enough(chunks: list[int], times: float) -> None:
    """They have so many times fewer elements, or are single elements; and no axis is longer than it was."""
    smaller = smaller_chunks(tuple(chunks), times)

    assert math.prod(smaller) <= max(1, math.prod(chunks) / times)
    assert all(1 <= n <= m for n, m in zip(smaller, chunks, strict=True))
