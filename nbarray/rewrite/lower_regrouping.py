"""How blocks in another shape become tasks."""

from __future__ import annotations

from collections.abc import Callable

from nbarray.expr.node import Expr
from nbarray.expr.regrouped import ReshapeBlocks, ReshapedBlocks
from nbarray.rewrite.lower import Lowering

__all__ = ["LOWERINGS"]


def reshape_blocks(lowering: Lowering, expr: Expr) -> Expr:
    """Each block by itself."""
    assert isinstance(expr, ReshapeBlocks)
    return ReshapedBlocks(lowering.operand(expr.base), expr.cut, expr.groups, expr.chunks)


LOWERINGS: dict[type[Expr], Callable[[Lowering, Expr], Expr]] = {ReshapeBlocks: reshape_blocks}
