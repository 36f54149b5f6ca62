"""Every rule of the optimiser, before and after: see `tests/pages/page.py` for how pages are written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nbarray.expr.node import Expr
from nbarray.rewrite.driver import Rule, rewrite
from nbarray.rewrite.grain import Grain
from nbarray.rewrite.stages import STAGES, lower, optimise
from nbarray.session import compute
from tests.pages.arrays import names, numpy_names
from tests.pages.page import Case, all_cases, as_written, page_names, read_page

RULES: dict[str, Rule] = {rule.__name__: rule for _, rules in STAGES for rule in rules}
#: Pages about what follows the rules.
OTHER_PAGES = {"lower"}
#: Elements of a task on the page about lowering: few, so that its small arrays make several tasks.
TASK_ELEMENTS = 24


def expression(case: Case) -> Expr:
    """What the code of a case makes."""
    expr: Expr = eval(case.code, names()).expr
    return expr


def after(case: Case, expr: Expr) -> Expr:
    """What the rule of a case, and nothing but its helpers, makes of an expression."""
    return rewrite(expr, [RULES[name] for name in (case.page, *case.helpers)])


def test_every_rule_has_a_page() -> None:
    """Each rule of each stage has a page, and there is no page without a rule."""
    assert set(RULES) | OTHER_PAGES == set(page_names())


def test_every_rule_is_explained() -> None:
    """A rule's docstring says what it does, and shows it before and after."""
    assert [] == [name for name, rule in RULES.items() if "->" not in (rule.__doc__ or "")]


@pytest.mark.parametrize("name", sorted(RULES))
def test_page_shows_the_rule_at_work(name: str) -> None:
    """A page has a case that the rule changes."""
    assert any(case.after != ["unchanged"] for case in read_page(name))


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_before(case: Case) -> None:
    """The code makes the expression that the page shows first."""
    assert case.before == as_written(expression(case))


@pytest.mark.parametrize("case", [case for case in all_cases() if case.page in RULES], ids=str)
def test_after(case: Case) -> None:
    """The rule alone makes of it what the page shows second."""
    expr = expression(case)
    result = after(case, expr)

    assert case.after == (["unchanged"] if result is expr else as_written(result))


@pytest.mark.parametrize("case", read_page("lower"), ids=str)
def test_lowered(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """All stages and lowering make the tasks that the page shows second."""
    for name in ("FEWEST", "MOST"):
        monkeypatch.setattr(f"nbarray.rewrite.grids.{name}", TASK_ELEMENTS)
    (root,) = lower(optimise([expression(case)]), Grain(TASK_ELEMENTS))

    assert case.after == as_written(root.lowered)


@pytest.mark.parametrize("case", all_cases(), ids=str)
def test_values(case: Case) -> None:
    """What the code means to NumPy is what all stages give, and what the rule alone gives."""
    expected: Any = np.asarray(eval(case.numpy_code, numpy_names()))
    expr = expression(case)
    one_rule = after(case, expr) if case.page in RULES else expr
    whole, alone = compute(expr, one_rule)

    assert (expected.shape, expected.dtype) == (whole.shape, whole.dtype)
    np.testing.assert_allclose(whole, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(alone, expected, rtol=1e-12, atol=1e-12)
