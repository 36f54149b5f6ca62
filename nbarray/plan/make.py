"""From expressions to the plan that fits: rewriting, lowering, building and fitting, one after the other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from nbarray.expr.leaves import SourceArray
from nbarray.expr.node import Expr
from nbarray.io.writers import Writer
from nbarray.plan.build import build_plan
from nbarray.plan.check import check_plan
from nbarray.plan.fit import fit
from nbarray.plan.plan import Plan
from nbarray.rewrite.grain import Grain
from nbarray.rewrite.passes import read_in_several, shared_passes
from nbarray.rewrite.stages import Teller, lower, optimise

__all__ = ["Making", "grain_of"]

#: A task's block is at most this share of the budget.
TASK_SHARE = 64
#: Budgets below this have no room for a compiler: numba holds some 50 MB, and more while it compiles.
WITH_COMPILER_BYTES = 2**27


def grain_of(budget_bytes: int) -> Grain:
    """How finely work is cut first, with a budget of so many bytes."""
    return Grain(max(1024, budget_bytes // TASK_SHARE // 8), compiles=budget_bytes >= WITH_COMPILER_BYTES)


class Making:
    """Makes the plan for some expressions, of which all sizes are known; nothing is read.

    told : is told of each rule that is applied
    writers : what results are written to, None for those kept in memory
    attempts : how many plans were made until one fitted
    """

    def __init__(
        self,
        exprs: Sequence[Expr],
        budget_bytes: int,
        told: Teller | None = None,
        writers: Sequence[Writer | None] = (),
    ) -> None:
        self._budget_bytes, self._writers = budget_bytes, writers
        self.attempts = 0
        self.grain = grain_of(budget_bytes)
        self._optimised = optimise(exprs, told)

    def plan(self) -> Plan:
        """The plan that fits, or takes least if none does."""
        made = fit(self._build, self.grain, self._budget_bytes, self._in_several)
        if made.compiler_bytes and made.run_bytes() > self._budget_bytes:
            made = fit(self._build, replace(self.grain, compiles=False), self._budget_bytes, self._in_several)
        if os.environ.get("NBARRAY_CHECK") == "1":
            check_plan(made)
        return made

    def _in_several(self) -> frozenset[SourceArray]:
        return read_in_several(self._optimised, shared_passes(self._optimised))

    def _build(self, grain: Grain) -> Plan:
        self.attempts += 1
        roots = lower(self._optimised, grain, self._writers)
        return build_plan([r.lowered for r in roots], [r.placement for r in roots], self._writers)
