"""Windows that slide along axes, and reductions over them that never make them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.node import Expr, node, settled
from nbarray.grid.chunks import Chunks

__all__ = ["Rolling", "Windows"]


def _shown(lengths: tuple[int, ...], axes: tuple[int, ...]) -> str:
    return ", ".join(f"{n} along {k}" for n, k in zip(lengths, axes, strict=True))


@node
class Windows(Expr):
    """Element (..., i, ..., j) is element (..., i + j, ...) of `base`: for each windowed axis one more at the end.

    axes, lengths : of the windows, all axes different
    chunks : of the result
    """

    base: Expr
    axes: tuple[int, ...]
    lengths: tuple[int, ...]
    chunks: Chunks

    kind: ClassVar[str] = "view"
    stored: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.base.dtype, self.chunks, self.base.masked)

    @property
    def label(self) -> str:
        return f"windows[{_shown(self.lengths, self.axes)}]"


@node
class Rolling(Expr):
    """Row `name` of the table of reductions over every window of `base`.

    skip : of the base's shape, True where an element is left out
    before : for each windowed axis, how many elements of a window lie before the element of the result at the same
        place: it is as large as the base, and what lies beyond the edges is left out.  None: only whole windows
    params : of the row; and "min_count": with fewer elements the result is missing; "skip_nan": NaN is left out too
    """

    name: str
    base: Expr
    axes: tuple[int, ...]
    lengths: tuple[int, ...]
    before: tuple[int, ...] | None
    skip: Expr | None
    of_dtype: np.dtype[Any]
    params: tuple[tuple[str, Hashable], ...]
    chunks: Chunks

    kind: ClassVar[str] = "reduce"
    stored: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        masked = self.base.masked and self.name != "count"
        return settled(self.chunks.shape, self.of_dtype, self.chunks, masked)

    @property
    def label(self) -> str:
        params = [f", {name}={value}" for name, value in self.params if name != "on_nothing"]
        around = "" if self.before is None else f", before={self.before}"
        return f"rolling {self.name}[{_shown(self.lengths, self.axes)}{around}{''.join(params)}]"
