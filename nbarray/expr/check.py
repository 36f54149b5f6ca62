"""Checks on expressions that only cost time when asked for (``NBARRAY_CHECK=1``, always on in tests)."""

from __future__ import annotations

from nbarray.expr.node import Expr

__all__ = ["check_same_kind"]


def check_same_kind(rule: str, before: Expr, after: Expr) -> None:
    """A rule may change how values are made and cut, never what they are."""
    for what in ("shape", "dtype", "masked"):
        old, new = getattr(before, what), getattr(after, what)
        if old != new:
            raise AssertionError(f"rule {rule} changed {what} from {old} to {new}: {before!r} -> {after!r}")
