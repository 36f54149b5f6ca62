"""The leaf of random numbers: values made from a seed and a counter at each read."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nbarray.expr.node import Expr, node, settled
from nbarray.grid.chunks import Chunks
from nbarray.kernels.random import Draw

__all__ = ["Random"]


@node
class Random(Expr):
    """Random numbers, the same in any chunks."""

    draw: Draw
    of_dtype: np.dtype[Any]
    chunks: Chunks

    kind: ClassVar[str] = "create"

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.of_dtype, self.chunks, False)

    @property
    def label(self) -> str:
        return self.draw.method
