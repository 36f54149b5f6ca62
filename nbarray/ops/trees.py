"""Reductions by functions of the caller: blocks to parts, parts to fewer parts, and those to the result.

Nobody knows what a caller's function makes of a block: so each part is a cell that holds any object, one a block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbarray.errors import InputError
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks, regular
from nbarray.ops.operands import broadcast_to, normalize_axes
from nbarray.ops.tasks import of_blocks

__all__ = ["reduction_by"]

Block = np.ndarray[Any, Any]
#: So many parts are put together at once.
FAN = 16


def reduction_by(
    chunk: Callable[..., Any],
    combine: Callable[..., Any],
    aggregate: Callable[..., Any],
    x: Expr,
    axis: Any,
    dtype: Any,
    *,
    keepdims: bool = False,
    split_every: Any = None,
    concatenate: bool = True,
    output_size: int = 1,
    weights: Expr | None = None,
) -> Expr:
    """A reduction over `axis` by three functions, as `nbarray.reduction` describes them."""
    axes = normalize_axes(axis, x.ndim)
    arrays = [x] if weights is None else [x, broadcast_to(weights, x.sizes)]
    one_each = Chunks(tuple(regular(a.count, 1) for a in x.chunks.axes))
    made = of_blocks(_to_cell(chunk, axes), [(a, x.chunks) for a in arrays], one_each, range(x.ndim), object)
    fans = _fans(split_every, axes)
    while any(made.chunks.axes[k].count > fan for k, fan in fans.items()):
        grouped = _grouped(made.chunks, fans)
        fewer = Chunks(tuple(regular(a.count, 1) for a in grouped.axes))
        step = _to_cell(_of_cells(combine, axes, concatenate), axes)
        made = of_blocks(step, [(made, grouped)], fewer, range(x.ndim), object)
    whole = _grouped(made.chunks, {k: max(1, made.chunks.axes[k].count) for k in axes})
    kept = [k for k in range(x.ndim) if keepdims or k not in axes]
    chunks = Chunks(tuple(regular(output_size, output_size) if k in axes else x.chunks.axes[k] for k in kept))
    last = _of_cells(aggregate, axes, concatenate)

    def finish(cells: Block) -> Any:
        return last(cells, axis=axes, keepdims=keepdims)

    finish.__name__ = _name(aggregate)
    return of_blocks(finish, [(made, whole)], chunks, kept, dtype, masked=x.masked)


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _fans(split_every: Any, axes: tuple[int, ...]) -> dict[int, int]:
    """How many parts are put together along each axis, of a number for all together or a dictionary by axis."""
    if isinstance(split_every, dict):
        made = {k: int(split_every.get(k, 2)) for k in axes}
    else:
        total = FAN if split_every is None or split_every is False else split_every
        made = {k: max(2, int(total ** (1 / len(axes)))) for k in axes}
        if total < 2:
            made = dict.fromkeys(axes, 0)
    if any(n < 2 for n in made.values()):
        raise InputError(f"split_every={split_every!r}: expected at least 2 parts to be put together")
    return made


def _grouped(chunks: Chunks, fans: dict[int, int]) -> Chunks:
    """Neighbours put together, so many along each axis."""
    axes = list(chunks.axes)
    for k, fan in fans.items():
        axes[k] = regular(axes[k].size, fan)
    return Chunks(tuple(axes))


def _to_cell(function: Callable[..., Any], axes: tuple[int, ...]) -> Callable[..., Block]:
    """The function, its result in a cell."""

    def called(*blocks: Block) -> Block:
        cell = np.empty((1,) * blocks[0].ndim, object)
        cell[(0,) * cell.ndim] = function(*blocks, axis=axes, keepdims=True)
        return cell

    called.__name__ = _name(function)
    return called


def _of_cells(function: Callable[..., Any], axes: tuple[int, ...], concatenate: bool) -> Callable[..., Any]:
    """The function of what cells hold: put together to an array, or as nested lists along the reduced axes."""

    def called(cells: Block, **options: Any) -> Any:
        inside = cells[tuple(slice(None) if k in axes else 0 for k in range(cells.ndim))]
        held = inside.tolist() if inside.ndim else inside[()]
        return function(_put_together(held, axes) if concatenate else held, **options)

    called.__name__ = _name(function)
    return called


def _put_together(held: Any, axes: Sequence[int]) -> Any:
    """Arrays in nested lists, end to end along an axis for each level."""
    if not axes:
        return held
    several = [_put_together(part, axes[1:]) for part in held]
    if len(several) == 1:
        return several[0]
    together = np.ma.concatenate if any(isinstance(s, np.ma.MaskedArray) for s in several) else np.concatenate
    return together([np.atleast_1d(s) for s in several], axis=axes[0])
