"""How sorting becomes tasks."""

from __future__ import annotations

from collections.abc import Callable

from nbarray.expr.node import Expr
from nbarray.expr.sorting import Cuts, MergedRuns, MergeRuns
from nbarray.rewrite.lower import Lowering

__all__ = ["LOWERINGS"]


def merge_runs(lowering: Lowering, expr: Expr) -> Expr:
    """Sorted runs are cut where blocks of the result begin, and their pieces merged."""
    assert isinstance(expr, MergeRuns)
    runs = lowering.operand(expr.runs)
    has_fields = expr.dtype != expr.runs.dtype
    return MergedRuns(Cuts(runs, expr.chunks, has_fields), runs, expr.dtype, expr.chunks, has_fields)


LOWERINGS: dict[type[Expr], Callable[[Lowering, Expr], Expr]] = {MergeRuns: merge_runs}
