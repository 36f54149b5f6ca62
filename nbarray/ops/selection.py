"""Counting what a mask selects, row by row."""

from __future__ import annotations

import math

from nbarray.expr.blocks import Select
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks, regular
from nbarray.ops.reductions import reduction

__all__ = ["count_by_row"]

#: Elements of a run of rows that are selected from at once.
RUN_ELEMENTS = 2**21


def count_by_row(select: Select) -> tuple[Expr, Chunks]:
    """How many elements each row (position along the first axis) gives, and runs of rows to select from."""
    mask = select.mask
    if mask.ndim == 0:
        return reduction("sum", mask), Chunks((regular(1, 1),))
    counts = reduction("sum", mask, tuple(range(1, mask.ndim))) if mask.ndim > 1 else mask
    rows = max(1, RUN_ELEMENTS // max(1, math.prod(mask.sizes[1:])))
    return counts, Chunks((regular(mask.sizes[0], rows),))
