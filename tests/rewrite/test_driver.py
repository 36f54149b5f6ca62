"""Applying rules: from the roots down, until none applies, and never changing what an expression is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.expr.elementwise import Elementwise
from nbarray.expr.node import Expr, place_of
from nbarray.expr.structure import Rechunk, View
from nbarray.ops.elementwise import astype
from nbarray.rewrite.chunking import merge_rechunks
from nbarray.rewrite.driver import rewrite
from nbarray.rewrite.views import merge_views, view_through_elementwise
from tests.compare import tiny_tasks

X = nb.from_array(np.arange(48.0).reshape(6, 8), chunks=(3, 4))


def test_nothing_applies() -> None:
    """An expression that no rule changes is given back as it is."""
    e = (X + 1).sum().expr

    assert e is rewrite(e, [merge_rechunks])


def test_rules_apply_inside() -> None:
    """A rule applies wherever it can, not only at the root."""
    e = (X.rechunk(2).rechunk(3) + 1).sum().expr

    assert (X.rechunk(3) + 1).sum().expr is rewrite(e, [merge_rechunks])


def test_rules_apply_to_what_rules_have_made() -> None:
    """A slice goes through a whole chain, and meets the slice below it."""
    e = (X[1:] + 1 - 2)[2:].expr

    assert (X[3:] + 1 - 2).expr is rewrite(e, [view_through_elementwise, merge_views])


def test_shared_parts_stay_shared() -> None:
    """What is used twice is changed once."""
    applied: list[Expr] = []

    def note(expr: Expr) -> Expr | None:
        applied.append(expr)
        return None

    y = X + 1
    rewrite((y * y - y).expr, [note])

    assert len(applied) == len(set(applied))


def test_what_happens_is_told() -> None:
    """Rule, before and after, in the order in which they are applied."""
    told: list[tuple[str, Expr, Expr]] = []
    e = X.rechunk(2).rechunk(3).expr
    after = rewrite(e, [merge_rechunks], lambda *event: told.append(event))

    assert [("merge_rechunks", e, after)] == told


def test_the_place_in_the_users_code_is_kept() -> None:
    """What a rule makes belongs to the line of what it was made from."""
    e = (X + 1.5)[2:].expr  # here
    after = rewrite(e, [view_through_elementwise])

    assert after is not e
    assert place_of(e) == place_of(after)


def test_a_rule_that_puts_a_node_into_itself() -> None:
    """A rule whose result holds what it was made from is an error, not a hang."""

    def wrapped(expr: Expr) -> Expr | None:
        return Rechunk(expr, X.rechunk(2).expr.chunks) if expr is X.expr else None

    with pytest.raises(AssertionError, match=r"\['wrapped'\] don't come to an end"):
        rewrite((X + 1).expr, [wrapped])


def test_rules_that_undo_each_other() -> None:
    """Two rules that go back and forth are an error, not a hang."""

    def forth(expr: Expr) -> Expr | None:
        return Rechunk(expr, X.rechunk(2).expr.chunks) if isinstance(expr, Elementwise) else None

    def back(expr: Expr) -> Expr | None:
        return expr.base if isinstance(expr, Rechunk) else None

    with pytest.raises(AssertionError, match="don't come to an end"):
        rewrite((X + 1).expr, [forth, back])


def test_many_views_of_views_are_one() -> None:
    """Thousands of slices are merged one after another."""
    long = nb.arange(10_000)
    e = long
    for _ in range(3000):
        e = e[1:]

    assert long[3000:].expr is rewrite(e.expr, [merge_views])


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (lambda e: astype(e, np.float32) if isinstance(e, View) else None, "dtype"),
        (lambda e: e.base if isinstance(e, View) else None, "shape"),
    ],
    ids=["dtype", "shape"],
)
def test_a_rule_that_changes_what_an_expression_is(broken: Any, what: str) -> None:
    """Checks find the rule that changes a shape or a dtype, at the step where it does."""
    broken.__name__ = "broken_rule"
    with pytest.raises(AssertionError, match=f"broken_rule changed {what}"):
        rewrite((X[1:] + 1).expr, [broken])


def test_checks_can_be_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without NBARRAY_CHECK nothing is checked."""
    monkeypatch.delenv("NBARRAY_CHECK")

    wrong = rewrite(X[1:].expr, [lambda e: e.base if isinstance(e, View) else None])

    assert X.shape == wrong.shape


def test_deep_expressions() -> None:
    """A chain of thousands of operations is rewritten without calls inside calls."""
    e = X
    for _ in range(4000):
        e = e + 1
    after = rewrite(e[2:].expr, [view_through_elementwise])

    assert isinstance(after, Elementwise)
    assert (4, 8) == after.shape


def test_deep_chains_of_blocks_are_computed() -> None:
    """So is a chain of operations that can't be fused, through all that follows."""
    e = X
    for _ in range(300):
        e = e.map_blocks(np.negative, dtype=float)

    np.testing.assert_array_equal(X.compute(), e.compute())


def test_rules_leave_the_values_alone() -> None:
    """A heap of views, joins and reductions means what it means to NumPy."""
    a = np.arange(48.0).reshape(6, 8)
    expected = (np.concatenate([a.T[2:] * 2, a.T[::-1] + 1])[::2, 1:] - a[0, 1:6]).std(axis=0)[::-1]
    made = (nb.concatenate([X.T[2:] * 2, X.T[::-1] + 1])[::2, 1:] - X[0, 1:6]).std(axis=0)[::-1]
    with tiny_tasks():
        actual = made.compute()

    np.testing.assert_allclose(actual, expected, rtol=1e-13)
