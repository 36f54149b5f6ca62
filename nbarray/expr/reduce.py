"""Reductions over axes: a row of the table of reductions."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.node import Expr, node, settled
from nbarray.grid.chunks import Chunks, regular

__all__ = ["Reduce"]


@node
class Reduce(Expr):
    """Row `name` over `axes` of `base`; the reduced axes stay, with length 1.

    skip : an expression of the base's shape (or broadcast to it), True where an element is left out
    params : of the row
    """

    name: str
    base: Expr
    axes: tuple[int, ...]
    skip: Expr | None
    of_dtype: np.dtype[Any]
    params: tuple[tuple[str, Hashable], ...]

    kind: ClassVar[str] = "reduce"
    stored: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        axes = [regular(1, 1) if k in self.axes else c for k, c in enumerate(self.base.chunks.axes)]
        chunks = Chunks(tuple(axes))
        counts = self.name == "count" or self.name.startswith("arg")
        return settled(chunks.shape, self.of_dtype, chunks, self.base.masked and not counts)

    @property
    def count(self) -> int:
        """How many elements go into one of the result, left-out ones included."""
        return math.prod(self.base.sizes[a] for a in self.axes)

    @property
    def label(self) -> str:
        return self.name
