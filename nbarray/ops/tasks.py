"""Functions of rectangles, for operations that cut their operands themselves.

`of_blocks` is `map_blocks` for our own functions: each block of the result is a function of one rectangle of each
operand, and each operand may be cut otherwise than its chunks are, since tasks read any rectangle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from nbarray.expr.blocks import MapBlocks, UserFunction, held_once
from nbarray.expr.node import Expr
from nbarray.grid.chunks import AxisChunks, Chunks, regular

__all__ = ["of_blocks", "one_task", "whole"]


def of_blocks(
    function: Callable[..., Any],
    operands: Sequence[tuple[Expr, Chunks]],
    chunks: Chunks,
    axes: Iterable[int],
    dtype: Any,
    *,
    takes: float = 0.0,
    block_id: bool = False,
    masked: bool = False,
    label: str = "",
) -> Expr:
    """A function of blocks, each operand cut as it says.

    operands : with their cuts; an axis in one piece goes to every block whole
    chunks, axes : of the result, and the axis of the operands' grid each comes from (-1: a new one)
    takes : bytes that the function needs besides its operands and its result, as a multiple of both together
    block_id : whether it wants to know which block it makes
    label : what people call it, by default the function's name
    """
    held = UserFunction(function, {}, block_id, False, masked, takes=takes, ours=label or function.__name__)
    return MapBlocks(
        held_once(held),
        tuple(x for x, _ in operands),
        tuple(cut for _, cut in operands),
        chunks,
        tuple(axes),
        np.dtype(dtype),
    )


def one_task(
    function: Callable[..., Any],
    operands: Sequence[Expr],
    shape: Sequence[int],
    dtype: Any,
    takes: float = 0.0,
    label: str = "",
) -> Expr:
    """A function of whole operands, as one task that declares all their bytes."""
    made, everything = whole(shape), [(x, whole(x.sizes)) for x in operands]
    return of_blocks(function, everything, made, [-1] * len(made.axes), dtype, takes=takes, label=label)


def whole(shape: Sequence[int]) -> Chunks:
    """A shape in one piece."""
    return Chunks(tuple(_uncut(n) for n in shape))


def _uncut(n: int) -> AxisChunks:
    return regular(n, max(1, n))
