"""What is said of a plan that doesn't fit."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        "but the budget is 2.00 KiB; raise the budget with nb.config(memory=...)"
    )


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=4), st.floats(1, 1e4))
def test_smaller_chunks_are_small_enough(chunks: list[int], times: float) -> None:
    """They have so many times fewer elements, or are single elements; and no axis is longer than it was."""
    smaller = smaller_chunks(tuple(chunks), times)

    assert math.prod(smaller) <= max(1, math.prod(chunks) / times)
    assert all(1 <= n <= m for n, m in zip(smaller, chunks, strict=True))
