"""Which reductions share a pass over what they read, and which come last.

Reductions over the same axes of equally shaped arrays that have a large operand in common are folded
together: each tile is read and unpacked once, and goes into all of them.  ``x.mean(0)`` and ``x.std(0)``
in one expression, or the means of ``u**2``, ``v**2`` and ``u * v``, read their files once.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from nbarray.expr.elementwise import Elementwise
from nbarray.expr.leaves import SourceArray
from nbarray.expr.node import Expr
from nbarray.expr.operands import is_direct, reads_storage
from nbarray.expr.patchwork import Patchwork
from nbarray.expr.reduce import Reduce
from nbarray.expr.structure import Concatenate, View
from nbarray.expr.walk import postorder

__all__ = ["depths", "last_reductions", "read_in_several", "shared_passes"]

#: So many reductions share a pass at the most, and so many operands: each has buffers, and those should stay in cache.
MOST_REDUCTIONS, MOST_OPERANDS = 8, 8


def shared_passes(roots: Sequence[Expr]) -> dict[Reduce, tuple[Reduce, ...]]:
    """For each reduction that shares its pass with others, all that do, itself included."""
    alike: dict[Hashable, list[Reduce]] = {}
    for expr, depth in depths(roots).items():
        if isinstance(expr, Reduce):
            # of two at the same depth, none needs the other
            alike.setdefault((depth, expr.base.sizes, expr.axes, _parts(expr)), []).append(expr)
    shared: dict[Reduce, tuple[Reduce, ...]] = {}
    for reductions in alike.values():
        for group in _with_common_operands(reductions):
            if len(group) > 1:
                shared.update(dict.fromkeys(group, tuple(group)))
    return shared


def read_in_several(roots: Sequence[Expr], shared: Mapping[Reduce, tuple[Reduce, ...]]) -> frozenset[SourceArray]:
    """Stored sources that several passes read none of which needs another.

    shared : for each reduction that shares its pass, all that do
    """
    readers: dict[SourceArray, set[Expr]] = {}
    needs: dict[Expr, frozenset[Expr]] = {}  # of each expression, what is stored below it, once and for all
    taken: dict[Expr, frozenset[SourceArray]] = {}  # the sources that it reads itself
    for expr in postorder(roots):
        below = [frozenset({c}) | needs[c] if c.stored else needs[c] for c in expr.children]
        needs[expr] = frozenset[Expr]().union(*below)
        taken[expr] = frozenset[SourceArray]().union(*(taken[c] for c in expr.children if not c.stored))
        if isinstance(expr, SourceArray) and reads_storage(expr):
            taken[expr] = frozenset({expr})
        if expr.stored or expr in roots:
            first = shared.get(expr, (expr,))[0] if isinstance(expr, Reduce) else expr
            for source in taken[expr]:
                readers.setdefault(source, set()).add(first)
    return frozenset(
        source
        for source, passes in readers.items()
        if len(passes) > 1 and not any(passes & needs[each] for each in passes)
    )


def depths(roots: Sequence[Expr]) -> dict[Expr, int]:
    """How many reductions lie one below the other in each node, itself included; from the leaves up."""
    found: dict[Expr, int] = {}
    for expr in postorder(roots):
        found[expr] = max((found[c] for c in expr.children), default=0) + isinstance(expr, Reduce)
    return found


def last_reductions(roots: Sequence[Expr]) -> frozenset[Reduce]:
    """Reductions that results are made of, element by element and without anything else but numbers.

    They may be finished in any pieces: nobody wants blocks of theirs.
    """
    last: set[Reduce] = set()
    on_the_way: set[Expr] = set()
    for root in roots:
        chain, leaves = _chain(root)
        size = math.prod(root.sizes)
        reductions = {e for e in leaves if isinstance(e, Reduce) and math.prod(e.sizes) == size}
        if all(e in reductions or (is_direct(e) and e.ndim == 0) for e in leaves):
            last |= reductions
            on_the_way |= chain
    wanted: set[Expr] = set()  # by something else, too
    for expr in reversed(list(postorder(roots))):
        if expr not in on_the_way or expr in wanted:
            wanted.update(expr.children)
    return frozenset(last - wanted)


def _chain(root: Expr) -> tuple[set[Expr], set[Expr]]:
    """The elementwise operations that end in `root` with the views below them, and what these take in."""
    chain: set[Expr] = set()
    leaves: set[Expr] = set()
    stack = [root]
    while stack:
        expr = stack.pop()
        if not isinstance(expr, Elementwise | View):
            leaves.add(expr)
        elif expr not in chain:
            chain.add(expr)
            stack.extend(expr.children)
    return chain, leaves


def _parts(expr: Reduce) -> Hashable:
    """How a joined base is put together, where that decides how it is folded; None of others."""
    base = expr.base
    if isinstance(base, Concatenate) and base.axis in expr.axes:
        return base.axis, tuple(p.sizes[base.axis] for p in base.parts), expr.skip is None, expr.name[:3] == "arg"
    return None


@dataclass
class _Group:
    """Reductions that are linked by common operands."""

    members: list[Reduce]
    operands: set[Expr]
    large: set[Expr]

    def may_take_in(self, other: _Group) -> bool:
        few = len(self.members) + len(other.members) <= MOST_REDUCTIONS
        return few and bool(self.large & other.large) and len(self.operands | other.operands) <= MOST_OPERANDS

    def take_in(self, other: _Group) -> None:
        self.members += other.members
        self.operands |= other.operands
        self.large |= other.large


def _with_common_operands(reductions: list[Reduce]) -> list[list[Reduce]]:
    """Groups of those that have a large operand in common, each in the order given."""
    groups: list[_Group] = []
    for reduce in reductions:
        operands = _operands(reduce)
        new = _Group([reduce], operands, {operand for operand in operands if _is_large(operand)})
        kept = []
        for group in groups:
            if group.may_take_in(new):
                group.take_in(new)
                new = group
            else:
                kept.append(group)
        groups = [*kept, new]
    place = {reduce: k for k, reduce in enumerate(reductions)}
    return [sorted(group.members, key=place.__getitem__) for group in groups]


def _operands(reduce: Reduce) -> set[Expr]:
    """What is read to fold it; of a joined base, what the first part reads."""
    found: set[Expr] = set()
    seen: set[Expr] = set()
    stack = [reduce.base] if reduce.skip is None else [reduce.base, reduce.skip]
    while stack:
        expr = stack.pop()
        if expr in seen:
            continue
        seen.add(expr)
        if isinstance(expr, Elementwise):
            stack.extend(expr.args)
        elif isinstance(expr, Concatenate):
            stack.append(expr.parts[0])
        else:
            found.add(expr)
    return found


def _is_large(operand: Expr) -> bool:
    """Whether reading it twice costs something: stored or in memory, not made by a formula."""
    base = operand.base if isinstance(operand, View) else operand
    return operand.ndim > 0 and (isinstance(base, SourceArray | Patchwork) or not is_direct(base))
