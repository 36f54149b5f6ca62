"""Walking expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from nbarray.expr.node import Expr

__all__ = ["postorder", "transform"]


def postorder(roots: Iterable[Expr]) -> Iterator[Expr]:
    """Every node once, children before parents."""
    seen: set[Expr] = set()
    stack: list[tuple[Expr, bool]] = [(r, False) for r in reversed(list(roots))]
    while stack:
        expr, expanded = stack.pop()
        if expanded:
            yield expr
        elif expr not in seen:
            seen.add(expr)
            stack.append((expr, True))
            stack.extend((c, False) for c in reversed(expr.children) if c not in seen)


def transform(root: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Rebuild an expression from the leaves up, with `change` applied to each node once."""
    done: dict[Expr, Expr] = {}
    for expr in postorder([root]):
        done[expr] = change(expr.rebuild(done.__getitem__) if expr.children else expr)
    return done[root]
