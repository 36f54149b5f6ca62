"""The optimiser, as a list to read.

Stage after stage, each a list of rules applied until none applies; then every node is lowered to
tasks' nodes, fusing elementwise chains into whatever uses them.  `tests/pages` shows each rule before
and after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nbarray.expr.node import Expr
from nbarray.io.writers import Writer
from nbarray.rewrite.arithmetic import divide_by_power_of_two
from nbarray.rewrite.chunking import drop_rechunk, merge_rechunks, source_chunks
from nbarray.rewrite.driver import Rule, rewrite
from nbarray.rewrite.grain import USUAL, Grain
from nbarray.rewrite.joins import (
    concatenate_alike,
    concatenate_filled,
    concatenate_sources,
    elementwise_through_concatenate,
    flatten_concatenate,
    reduce_through_concatenate,
)
from nbarray.rewrite.lower import Lowering, Root
from nbarray.rewrite.lower_written import written
from nbarray.rewrite.lowerings import LOWERINGS
from nbarray.rewrite.moments import variance_in_one_pass
from nbarray.rewrite.passes import shared_passes
from nbarray.rewrite.reshapes import reshape_source, reshape_through_elementwise
from nbarray.rewrite.views import (
    merge_views,
    reduce_as_stored,
    view_into_filled,
    view_through_concatenate,
    view_through_elementwise,
    view_through_reduce,
)
from nbarray.rewrite.windows import elementwise_on_windows, reduce_windows

__all__ = ["STAGES", "lower", "optimise", "simplify"]

STAGES: tuple[tuple[str, tuple[Rule, ...]], ...] = (
    (
        "simplify",
        (
            merge_rechunks,
            merge_views,
            view_into_filled,
            view_through_elementwise,
            view_through_reduce,
            reduce_as_stored,
            flatten_concatenate,
            concatenate_filled,
            concatenate_alike,
            concatenate_sources,
            view_through_concatenate,
            reshape_through_elementwise,
            reshape_source,
            elementwise_on_windows,
            reduce_windows,
        ),
    ),
    ("arithmetic", (divide_by_power_of_two, variance_in_one_pass)),
    ("chunks", (drop_rechunk, source_chunks)),
    (
        "spread",
        (
            elementwise_through_concatenate,
            reduce_through_concatenate,
            flatten_concatenate,
            merge_views,
            view_through_elementwise,
            view_through_concatenate,
        ),
    ),
)

#: (stage, rule, before, after)
Teller = Callable[[str, str, Expr, Expr], None]


def simplify(expr: Expr, told: Teller | None = None) -> Expr:
    """`expr` after all stages of rules."""
    for stage, rules in STAGES:
        tell = None if told is None else lambda rule, before, after, stage=stage: told(stage, rule, before, after)
        expr = rewrite(expr, rules, tell)
    return expr


def optimise(roots: Sequence[Expr], told: Teller | None = None) -> tuple[Expr, ...]:
    """Each root after all stages of rules."""
    return tuple(simplify(r, told) for r in roots)


def lower(roots: Sequence[Expr], grain: Grain = USUAL, writers: Sequence[Writer | None] = ()) -> tuple[Root, ...]:
    """What makes each optimised root, in nodes that tasks are made of, cut as finely as `grain` says.

    writers : what roots are written to, which their blocks should suit; None for a result in memory
    """
    lowering = Lowering(LOWERINGS, grain, shared_passes(roots) if grain.shares_passes else {})
    lowering.prepare(roots)
    return tuple(
        lowering.root(r) if w is None else Root(written(lowering, r, w), None)
        for r, w in zip(roots, writers or [None] * len(roots), strict=True)
    )
