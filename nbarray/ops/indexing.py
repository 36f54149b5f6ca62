"""Indexing: what stands between brackets becomes a view, and perhaps picked positions or a selection."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.errors import IndexingError, NotBlocked
from nbarray.expr.blocks import Select
from nbarray.expr.node import Expr
from nbarray.expr.structure import Take, View
from nbarray.grid.indexing import parse_index
from nbarray.kernels.elementwise import ById
from nbarray.ops.fields import fields, names_fields
from nbarray.ops.operands import as_expr, normalize_axes

__all__ = ["getitem", "take"]


def getitem(x: Expr, index: Any) -> Expr:
    """``x[index]`` for integers, slices, Ellipsis, newaxis, one list or array, or a mask of x's own shape.

    Raises IndexingError as NumPy raises IndexError, NotBlocked for an index that has no blocked form.
    """
    if isinstance(index, tuple) and len(index) == 1:
        (index,) = index
    if names_fields(x, index):
        return fields(x, index)
    if isinstance(index, np.ndarray) and index.dtype.kind == "b" and index.ndim > 1:
        index = as_expr(index)
    if isinstance(index, Expr):
        return _select(x, index)
    if isinstance(index, tuple) and any(isinstance(i, Expr) for i in index):
        raise NotBlocked(
            "an index that is a blocked array can't be mixed with others; compute it first: x[i.compute()]"
        )
    parsed = parse_index(index, x.sizes)
    view = x if parsed.placement.is_identity(x.sizes) else View(x, parsed.placement)
    if parsed.positions is None or parsed.take_axis is None:
        return view
    return Take(view, parsed.take_axis, ById(parsed.positions))


def _select(x: Expr, mask: Expr) -> Expr:
    if mask.dtype.kind != "b":
        raise NotBlocked(
            f"an index that is a blocked array of {mask.dtype} is not supported; compute it first: x[i.compute()]"
        )
    if mask.shape == x.shape:
        return Select(x, mask)
    if mask.shape == x.shape[: mask.ndim]:
        raise NotBlocked(
            f"a mask of {mask.ndim} axes for an array of {x.ndim} has no blocked form; "
            "spread it: x[np.broadcast_to(mask[..., None], x.shape)]"
        )
    raise IndexingError(
        f"boolean index did not match indexed array: the array has shape {x.shape}, the mask {mask.shape}; "
        "give a mask of the array's own shape"
    )


def take(x: Expr, indices: Any, axis: int) -> Expr:
    """Positions along one axis."""
    (k,) = normalize_axes(axis, x.ndim)
    return getitem(x, (*(slice(None),) * k, np.asarray(indices)))
