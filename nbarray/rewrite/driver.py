"""Applies rules to expressions until none applies.

A rule is a function from a node to another node that has the same values, or to None where it doesn't
apply.  Nodes are rewritten from the roots down, so that a slice sinks through a chain in one pass, and
passes are repeated until nothing changes.  With checks on (``NBARRAY_CHECK=1``), every step is held to
the law: shape, dtype and maskedness never change.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from nbarray.expr.check import check_same_kind
from nbarray.expr.node import Expr, place_of, remember_place

__all__ = ["Rule", "Told", "on", "rewrite"]

Rule = Callable[[Expr], Expr | None]
_On = dict[type[Expr], tuple[Rule, ...]]
#: (rule's name, before, after)
Told = Callable[[str, Expr, Expr], None]

#: Passes over an expression, and rules applied to one node one after another: what needs more has no end.
_MAX_PASSES, _MAX_STEPS = 1000, 20_000
_ENDLESS = "rules {} don't come to an end"


def rewrite(root: Expr, rules: Sequence[Rule], told: Told | None = None) -> Expr:
    """`root` with `rules` applied wherever they apply."""
    by_type: _On = {}
    for _ in range(_MAX_PASSES):
        done: dict[Expr, Expr] = {}
        after = _one_pass(root, rules, told, done, by_type)
        if after is root:
            return root
        root = after
    raise AssertionError(_ENDLESS.format([r.__name__ for r in rules]))


def on(*kinds: type[Expr]) -> Callable[[Rule], Rule]:
    """Say to which kinds of node a rule can apply, so that it isn't tried on others."""

    def mark(rule: Rule) -> Rule:
        rule.on = kinds  # type: ignore[attr-defined]
        return rule

    return mark


def _one_pass(root: Expr, rules: Sequence[Rule], told: Told | None, done: dict[Expr, Expr], by_type: _On) -> Expr:
    heads: dict[Expr, Expr] = {}
    stack = [root]
    while stack:
        expr = stack[-1]
        if expr in done:
            stack.pop()
            continue
        if expr not in heads:
            heads[expr] = _apply(expr, rules, told, by_type)
        head = heads[expr]
        waiting = [c for c in head.children if c not in done]
        if waiting:
            if any(c in heads for c in waiting):
                raise AssertionError(_ENDLESS.format([r.__name__ for r in rules]) + ": one puts a node into itself")
            stack.extend(waiting)
            continue
        same = all(done[c] is c for c in head.children)
        done[expr] = head if same else _keep_place(head.rebuild(done.__getitem__), head)
        stack.pop()
    return done[root]


def _rules_for(kind: type[Expr], rules: Sequence[Rule], by_type: _On) -> tuple[Rule, ...]:
    found = by_type.get(kind)
    if found is None:
        found = by_type[kind] = tuple(r for r in rules if issubclass(kind, getattr(r, "on", Expr)))
    return found


def _apply(expr: Expr, rules: Sequence[Rule], told: Told | None, by_type: _On) -> Expr:
    """Apply rules to one node until none applies."""
    for _ in range(_MAX_STEPS):
        for rule in _rules_for(type(expr), rules, by_type):
            after = rule(expr)
            if after is None or after is expr:
                continue
            if os.environ.get("NBARRAY_CHECK") == "1":
                check_same_kind(rule.__name__, expr, after)
            if told is not None:
                told(rule.__name__, expr, after)
            expr = _keep_place(after, expr)
            break
        else:
            return expr
    raise AssertionError(_ENDLESS.format([r.__name__ for r in rules]))


def _keep_place(after: Expr, before: Expr) -> Expr:
    remember_place(after, place_of(before))
    return after
