"""How what is written to a target becomes tasks: blocks that suit both what they are made of and the target."""

from __future__ import annotations

from nbarray.expr.elementwise import Elementwise
from nbarray.expr.lowered import Lowered
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks
from nbarray.io.writers import Writer
from nbarray.rewrite.grain import Grain
from nbarray.rewrite.grids import Space, elementwise_grid, unit_grid
from nbarray.rewrite.lower import Lowering

__all__ = ["written"]


def written(lowering: Lowering, expr: Expr, writer: Writer) -> Lowered:
    """What makes `expr` in blocks that a writer can take; they are cut anew where they don't suit it."""
    lowered = lowering.operand(expr)
    if isinstance(lowered, Lowered) and writer.suits(lowered.chunks):
        return lowered

    def cut(space: Space, grain: Grain) -> Chunks:
        usual = elementwise_grid(space, grain)
        if writer.units is None or writer.suits(usual):
            return usual
        return unit_grid(space, writer.units, grain)

    if lowering.grain.staged:
        made = lowered if isinstance(lowered, Lowered) else lowering.recut(lowered, elementwise_grid)
        return lowering.recut(made, cut)
    # an elementwise chain is made anew in other blocks; of anything else, the blocks are cut and put together
    return lowering.recut(expr if isinstance(expr, Elementwise) else lowered, cut)
