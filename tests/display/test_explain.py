"""What is made of expressions, in words."""

from __future__ import annotations

import numpy as np

import nbarray as nb
from nbarray.display.explain import Explanation
from nbarray.rewrite.stages import STAGES


def test_rules_are_told_with_before_and_after() -> None:
    """Each rule that applied has its stage, its name, its meaning and both sides."""
    x = nb.ones((6, 8), chunks=3) + nb.from_array(np.arange(48.0).reshape(6, 8), chunks=4)
    said = repr(x[2:, ::2].explain())

    assert "simplify: view_through_elementwise" in said
    assert "before  view(add(" in said
    assert "after   add(view(" in said
    assert said.index("As written") < said.index("Rules: ") < said.index("As run")


def test_rules_say_what_they_mean() -> None:
    """The words are the first line of each rule's own documentation, which every rule has."""
    assert [] == [rule.__name__ for _, rules in STAGES for rule in rules if not rule.__doc__]
    said = repr(nb.arange(10).rechunk(5).sum().explain())

    assert "Tasks read any rectangle of their operands" in said


def test_fused_operations_are_listed() -> None:
    """What runs is shown with the members of each fused group, in order."""
    x = nb.from_array(np.ones((100, 100)), chunks=(10, 100))
    said = repr(((x - 1) ** 2).sum().explain())

    assert "subtract → power → sum" in said or "subtract → square → sum" in said


def test_nothing_to_do_is_said() -> None:
    """Where no rule applies that is said, and there is no table."""
    explained = nb.arange(10).explain()

    assert "Rules: none applied" in repr(explained)
    assert "<table>" not in explained._repr_html_()


def test_notebooks_get_tables() -> None:
    """The same in HTML, escaped."""

    def f(block):
        return block

    f.__name__ = "<b>"
    html = nb.map_blocks(f, nb.arange(10, chunks=5), dtype=int)[1:3].explain()._repr_html_()

    assert "&lt;b&gt;" in html
    assert "<b>(" not in html


def test_runs_of_a_rule_are_told_once() -> None:
    """A rule that applies to many parts in a row is one entry with a count."""
    parts = [nb.from_array(np.ones((2, 3)) * k, chunks=1).rechunk(2) for k in range(5)]
    explained = nb.concatenate(parts).sum().explain()

    assert isinstance(explained, Explanation)
    assert "drop_rechunk, 5 times" in repr(explained)
