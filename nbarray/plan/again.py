"""Plans of small computations, kept for when they are asked for again.

In a notebook the same cell runs over and over, and a function is called in a loop: expressions are made anew each time,
but are alike (see `expr.alike`).  Planning a small one takes longer than running it, so its plan is made once.

A plan of few nodes is kept at once, another when it is asked for the second time.  It keeps nothing alive: arrays,
readers and functions belong to those who compute with them, and when one of these is gone, the plans that it is in go
as well.  What else decides over a plan is part of what it is found by, or is looked at when it is found: the budget,
and whether work is compiled.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import ref

from nbarray.config import current
from nbarray.expr.alike import holds_only, lent, likeness
from nbarray.expr.node import Expr, among_themselves
from nbarray.expr.text import SHORT, expr_text
from nbarray.expr.walk import postorder
from nbarray.plan.make import Making, grain_of
from nbarray.plan.plan import Plan
from nbarray.rewrite.grain import Grain

__all__ = ["Rule", "forget_plans", "kept_plans", "note_rule", "plan_again"]

#: So many plans are kept, those that were used last; of so many expressions it is known that they were planned once.
MOST_PLANS, MOST_ASKED = 64, 512
#: What has no more nodes is kept without waiting for it to be asked for again: copying it takes a tenth of planning it.
FEW_NODES = 32
#: Tasks, nodes and cuts of all plans kept; each takes one or two kilobytes.  One plan has a quarter at the most.
MOST_PARTS = 4096

#: Stage, rule, the expression before and after, as text.
Rule = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A plan; what it is for, with the objects in that; the grain it was made with; the rules, if anybody was told."""

    plan: Plan
    parts: int
    key: Hashable
    refs: tuple[ref[Any], ...]
    grain: Grain
    rules: tuple[Rule, ...] | None

    def is_for(self, key: Hashable, objects: Sequence[Any], budget_bytes: int) -> bool:
        """Whether it is what would be planned now."""
        same = self.key == key and all(a() is b for a, b in zip(self.refs, objects, strict=True))
        grain, bounds = grain_of(budget_bytes), self.grain.bounds
        assert grain.task_elements is not None
        suits = grain == self.grain or (
            not bounds.fixed and grain.task_elements >= bounds.least and grain.compiles == self.grain.compiles
        )
        return same and suits and self.plan.run_bytes() <= budget_bytes


_lock = threading.Lock()
#: by the hash of what they are for, the one used last at the end
_plans: dict[int, _Kept] = {}
#: hashes of what was planned before: whether it turned out that it can't be kept
_asked: dict[int, bool] = {}


def plan_again(exprs: Sequence[Expr], budget_bytes: int, rules: list[Rule] | None = None) -> Plan | None:
    """The plan for some expressions, kept or new; None for expressions of which nothing is kept.

    rules : to which those that were applied are added, if anybody wants to know
    """
    found = likeness(exprs)
    if found is None:
        return None
    key = found.key, current().jit
    number = hash(key)
    kept = _plans.get(number)
    told = rules is not None
    if kept is not None and (kept.rules is not None or not told) and kept.is_for(key, found.objects, budget_bytes):
        _used(number, kept)
    else:
        worth = _is_worth_keeping(number, found.nodes <= FEW_NODES)
        kept = _made(key, number, found.objects, exprs, budget_bytes, told) if worth else None
    if kept is None:
        return Making(exprs, budget_bytes, None if rules is None else partial(note_rule, rules)).plan()
    if rules is not None:
        rules.extend(kept.rules or ())
    return kept.plan.keeping(exprs)


def note_rule(rules: list[Rule], stage: str, rule: str, before: Expr, after: Expr) -> None:
    """Add a rule that was applied, as text, which keeps nothing alive."""
    rules.append((stage, rule, expr_text(before, SHORT), expr_text(after, SHORT)))


def kept_plans() -> list[Plan]:
    """The plans that are kept, the one used last at the end."""
    return [kept.plan for kept in _plans.values()]


def forget_plans() -> None:
    """Keep none of the plans that were made so far."""
    with _lock:
        _plans.clear()
        _asked.clear()


def _is_worth_keeping(number: int, few: bool) -> bool:
    """Whether a plan is asked for again, or of few nodes, and it hasn't turned out that it can't be kept."""
    with _lock:
        before = _asked.pop(number, None)
        _asked[number] = bool(before)
        if len(_asked) > MOST_ASKED:
            del _asked[next(iter(_asked))]
    return few if before is None else not before


def _used(number: int, kept: _Kept) -> None:
    with _lock:
        if _plans.pop(number, None) is kept:  # else another one has come in its place meanwhile
            _plans[number] = kept


def _made(
    key: Hashable, number: int, objects: Sequence[Any], exprs: Sequence[Expr], budget_bytes: int, telling: bool
) -> _Kept | None:
    """A plan that keeps nothing alive, and is kept from now on unless it is large; None where that can't be had."""
    rules: list[Rule] = []
    kept = None
    with contextlib.suppress(TypeError):  # some objects can't be referred to weakly
        refs = tuple(ref(o, partial(_gone, number)) for o in objects)
        with among_themselves():
            copies, held = lent(exprs)
            making = Making(copies, budget_bytes, partial(note_rule, rules) if telling else None)
            plan = making.plan()
        if holds_only(plan.nodes, held):
            kept = _Kept(plan, _parts(plan), key, refs, making.grain, tuple(rules) if telling else None)
    if kept is None or making.attempts > 1 or kept.parts > MOST_PARTS // 4 or plan.run_bytes() > budget_bytes:
        _asked[number] = True
        return kept
    with _lock:
        _plans.pop(number, None)
        _plans[number] = kept
        while len(_plans) > MOST_PLANS or sum(each.parts for each in list(_plans.values())) > MOST_PARTS:
            _plans.pop(next(iter(_plans)), None)
    return kept


def _gone(number: int, which: ref[Any]) -> None:
    """Let a plan go because something it was for has gone; called at any time, so without a lock."""
    kept = _plans.get(number)
    if kept is not None and any(which is each for each in kept.refs):
        _plans.pop(number, None)


def _parts(plan: Plan) -> int:
    """Tasks, nodes and cuts of a plan: what it takes memory for."""
    nodes = list(postorder(plan.nodes))
    cuts = sum(len(axis.explicit or ()) for node in plan.nodes for axis in node.chunks.axes)
    return plan.ntasks + len(nodes) + cuts
