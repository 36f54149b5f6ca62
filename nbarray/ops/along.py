"""Functions of whole lines along an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks, regular
from nbarray.ops.creation import full
from nbarray.ops.tasks import of_blocks

__all__ = ["along_lines", "whole_lines"]

Block = np.ndarray[Any, Any]


def whole_lines(x: Expr, axis: int, most: int) -> Chunks:
    """Cuts of `x` with whole lines along `axis`: its own chunks if they are such, else blocks of `most` elements."""
    if x.chunks.axes[axis].count == 1:
        return x.chunks
    lengths = [1] * x.ndim
    lengths[axis] = max(1, x.sizes[axis])
    room = most // lengths[axis]
    for k in range(x.ndim - 1, -1, -1):
        if k != axis:
            lengths[k] = max(1, min(x.sizes[k], room))
            room //= lengths[k]
    return Chunks(tuple(regular(n, length) for n, length in zip(x.sizes, lengths, strict=True)))


def along_lines(
    function: Callable[..., Any],
    x: Expr,
    axis: int,
    shape: tuple[int, ...],
    dtype: Any,
    args: Sequence[Any],
    keywords: dict[str, Any],
    most: int,
) -> Expr:
    """A function of lines that gives arrays of `shape`, which take the place of the axis; blocks of `most` elements."""
    if 0 in x.sizes:
        return full((*x.sizes[:axis], *shape, *x.sizes[axis + 1 :]), np.zeros((), dtype))
    cut = whole_lines(x, axis, most)
    new = [regular(n, n) for n in shape]
    chunks = Chunks((*cut.axes[:axis], *new, *cut.axes[axis + 1 :]))
    places = [*range(axis), *(-1 for _ in shape), *range(axis + 1, x.ndim)]

    def on_block(block: Block) -> Block:
        return np.apply_along_axis(function, axis, block, *args, **keywords)

    on_block.__name__ = f"{getattr(function, '__name__', type(function).__name__)} along axis {axis}"
    return of_blocks(on_block, [(x, cut)], chunks, places, dtype)
