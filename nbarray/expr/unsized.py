"""Arrays whose size, or what else they are made of, depends on values that have to be computed first."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nbarray.expr.node import Expr, node, settled
from nbarray.grid.chunks import Chunks, regular
from nbarray.kernels.elementwise import ById

__all__ = ["Unsized"]


@node
class Unsized(Expr):
    """What `answer` makes of the values of `questions`: an expression of this shape, where it is known, and dtype.

    Whoever needs the size, or computes, has the questions computed, once, and puts the answer in this node's place.

    held : the answer, a function of the questions' values that gives an expression
    of_shape : sizes, None for those that depend on values
    """

    questions: tuple[Expr, ...]
    held: ById
    of_shape: tuple[int | None, ...]
    of_dtype: np.dtype[Any]
    name: str

    kind: ClassVar[str] = "select"

    def settle(self) -> dict[str, Any]:
        axes = (regular(0, 1) if n is None else regular(n, max(1, n)) for n in self.of_shape)
        return settled(self.of_shape, self.of_dtype, Chunks(tuple(axes)), False)

    @property
    def label(self) -> str:
        return self.name
