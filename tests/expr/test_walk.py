"""Walking expressions."""

from __future__ import annotations

import numpy as np

import nbarray as nb
from nbarray.expr.leaves import Scalar, SourceArray
from nbarray.expr.node import Expr
from nbarray.expr.walk import postorder, transform

X = nb.from_array(np.zeros((6, 8)), chunks=4)


def test_children_come_first_and_everything_once() -> None:
    """
      e
     / \\
    d   |
     \\ /
      x
    """
    d = X * 2
    e = (d + X).expr

    assert ["numpy", "2", "multiply", "add"] == [node.label for node in postorder([e])]


def test_several_roots_share_what_they_need() -> None:
    """What two roots need is walked over once, for the first of them."""
    one, two = (X + 1).expr, (X + 2).expr

    assert ["numpy", "1", "add", "2", "add"] == [node.label for node in postorder([one, two])]


def test_deep_expressions_are_walked() -> None:
    """However deep an expression is."""
    x = X
    for _ in range(5000):
        x = x + 1

    assert 5002 == sum(1 for _ in postorder([x.expr]))


def test_transform_changes_each_node_once() -> None:
    """A function is applied to each node, from the leaves up, with children changed already."""
    seen: list[str] = []

    def change(node: Expr) -> Expr:
        seen.append(node.label)
        return (X + 5).expr if isinstance(node, SourceArray) else node

    changed = transform(((X * X) + 3).expr, change)

    assert ["numpy", "multiply", "3", "add"] == seen
    assert (((X + 5) * (X + 5)) + 3).expr is changed


def test_transform_that_changes_nothing() -> None:
    """Gives the same object back."""
    e = (X.T + 1).sum(axis=0).expr

    assert e is transform(e, lambda node: node)


def test_numbers_are_nodes_too() -> None:
    """They can be exchanged like others."""
    changed = transform((X + 1).expr, lambda n: (X + 2).expr.children[1] if isinstance(n, Scalar) else n)

    assert (X + 2).expr is changed
