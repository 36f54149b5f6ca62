"""Which kind of node becomes tasks how: the table of all families, above `Lowering` and the files of the families."""

from __future__ import annotations

from collections.abc import Callable

from nbarray.expr.blocks import Compress, MapBlocks, Select
from nbarray.expr.elementwise import Elementwise
from nbarray.expr.node import Expr
from nbarray.expr.reduce import Reduce
from nbarray.expr.structure import Concatenate, Rechunk, Reshape, View
from nbarray.rewrite import (
    lower_picking,
    lower_products,
    lower_regrouping,
    lower_sorting,
    lower_summaries,
    lower_windows,
)
from nbarray.rewrite.lower import Lowering

__all__ = ["LOWERINGS"]

LOWERINGS: dict[type[Expr], Callable[[Lowering, Expr], Expr]] = {
    Elementwise: lambda w, e: w.elementwise(e),
    View: lambda w, e: w.view(e),  # type: ignore[arg-type]
    Rechunk: lambda w, e: w.operand(e.base),  # type: ignore[attr-defined]
    Reduce: lambda w, e: w.reduce(e),  # type: ignore[arg-type]
    MapBlocks: lambda w, e: w.map_blocks(e),  # type: ignore[arg-type]
    Concatenate: lambda w, e: w.concatenate(e),  # type: ignore[arg-type]
    Reshape: lambda w, e: w.reshape(e),  # type: ignore[arg-type]
    Compress: lambda w, e: w.compress(e),  # type: ignore[arg-type]
    Select: lambda w, e: w.unknown(e),  # type: ignore[arg-type]
    **lower_picking.LOWERINGS,
    **lower_products.LOWERINGS,
    **lower_sorting.LOWERINGS,
    **lower_windows.LOWERINGS,
    **lower_summaries.LOWERINGS,
    **lower_regrouping.LOWERINGS,
}
