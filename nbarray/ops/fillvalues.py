"""The fill value of a masked array: what stands for masked elements when they are filled, as `numpy.ma` keeps it.

It is kept where a mask is put on, and found from there: arrays made of an array have its fill value, those made of
several that of the first that is masked, in their own dtype.  What is reduced or joined has the default.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.errors import DTypeError, InputError
from nbarray.expr.blocks import Compress, Select
from nbarray.expr.elementwise import Elementwise
from nbarray.expr.leaves import SourceArray
from nbarray.expr.node import Expr
from nbarray.expr.picking import Assign, Take, TakeLater
from nbarray.expr.regrouped import ReshapeBlocks
from nbarray.expr.structure import Rechunk, Reshape, View
from nbarray.kernels.elementwise import Op
from nbarray.kernels.program import Constant
from nbarray.ops.operands import as_expr

__all__ = ["default_of", "fill_value_of", "fitting", "with_fill_value"]

FILL_VALUE = "fill_value"
#: Nodes whose result is a masked array like that which they are made of.
_LIKE_BASE = (View, Rechunk, Reshape, ReshapeBlocks, Take, TakeLater, Select, Compress, Assign)


def default_of(dtype: np.dtype[Any]) -> Any:
    """What `numpy.ma` fills with by default, as the dtype has it: 999999 wraps around in small whole numbers."""
    return np.asarray(np.ma.default_fill_value(dtype)).astype(dtype)[()]


def fitting(value: Any, dtype: np.dtype[Any]) -> Any:
    """A fill value in the dtype of an array.  Raises InputError for more than one value, DTypeError as `numpy.ma`."""
    if isinstance(value, Expr) or np.ndim(value):
        raise InputError(f"fill_value={value!r}: expected one value")
    try:
        return np.asarray(value, dtype)[()]
    except (OverflowError, ValueError, TypeError) as error:
        raise DTypeError(f"Cannot convert fill_value {value!r} to dtype {dtype}: {error}") from None


def with_fill_value(x: Expr, value: Any) -> Expr:
    """The same masked array, with a fill value."""
    kept = (FILL_VALUE, Constant.of(fitting(value, x.dtype)))
    return Elementwise(Op("ma.mask", (kept,)), (x, as_expr(np.False_)), x.dtype)


def fill_value_of(x: Expr) -> Any:
    """The fill value of a masked array; None for `numpy.ma`'s default."""
    found: Any = None
    at: Expr | None = x
    while found is None and at is not None and at.masked:
        at, found = _next(at)
    if found is None:
        return None
    try:
        return np.asarray(found).astype(x.dtype)[()]
    except (ValueError, TypeError):
        return None


def _next(x: Expr) -> tuple[Expr | None, Any]:
    """Where to look next, or the value."""
    if isinstance(x, Elementwise):
        options: dict[str, Any] = dict(x.op.params) if x.op.name == "ma.mask" else {}  # type: ignore[arg-type]
        kept = options.get(FILL_VALUE)
        return next((a for a in x.args if a.masked), None), None if kept is None else kept.value
    if isinstance(x, SourceArray):
        array = x.reader.array
        if isinstance(array, np.ma.MaskedArray) and not array.dtype.names:
            value = array.fill_value
            return None, None if value == np.ma.default_fill_value(array.dtype) else value
        return None, None
    return (x.base if isinstance(x, _LIKE_BASE) else None), None
