"""Masks: putting them on, taking them off, and telling what they hide, as `numpy.ma` does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.errors import IndexingError, MaskError, NotBlocked
from nbarray.expr.elementwise import Elementwise
from nbarray.expr.leaves import Filled
from nbarray.expr.node import Expr
from nbarray.kernels.elementwise import Op
from nbarray.kernels.program import Constant
from nbarray.ops.creation import arange
from nbarray.ops.elementwise import astype, function, ufunc
from nbarray.ops.elementwise import where as choose
from nbarray.ops.fillvalues import default_of, fill_value_of, fitting, with_fill_value
from nbarray.ops.indexing import getitem
from nbarray.ops.operands import as_expr
from nbarray.ops.reductions import reduction
from nbarray.ops.shaping import expand_dims, reshape

__all__ = [
    "as_last",
    "compressed",
    "filled",
    "getdata",
    "getmaskarray",
    "masked_array",
    "masked_values",
    "masked_where",
    "put_on",
    "where",
]


def put_on(x: Expr, mask: Any) -> Expr:
    """`x` masked where it was, and where `mask` is true or masked itself."""
    return Elementwise(Op("ma.mask"), (x, astype(as_expr(mask), bool)), x.dtype)


def getdata(x: Expr) -> Expr:
    """What a mask hides, too."""
    return Elementwise(Op("ma.data"), (x,), x.dtype) if x.masked else x


def getmaskarray(x: Expr) -> Expr:
    """Where elements are masked."""
    if not x.masked:
        return Filled(Constant.of(np.False_), x.chunks)
    return Elementwise(Op("ma.getmaskarray"), (x,), np.dtype(bool))


def filled(x: Expr, fill_value: Any = None) -> Expr:
    """Masked elements replaced by a value, or by the array's fill value."""
    if not x.masked:
        return x
    value = _own_fill_value(x) if fill_value is None else fill_value
    return Elementwise(Op("ma.filled"), (x, _fitting(value, x.dtype)), x.dtype)


def _own_fill_value(x: Expr) -> Any:
    kept = fill_value_of(x)
    return default_of(x.dtype) if kept is None else kept


def _fitting(value: Any, dtype: np.dtype[Any]) -> Expr:
    if isinstance(value, Expr):
        return astype(value, dtype)
    return as_expr(fitting(value, dtype)) if not np.ndim(value) else astype(as_expr(value), dtype)


def masked_where(condition: Any, x: Expr) -> Expr:
    """`x` masked where a condition of the same shape, or one for all, is true or masked itself."""
    chosen = as_expr(condition)
    if chosen.shape not in ((), x.shape):
        raise IndexingError(
            f"Inconsistent shape between the condition and the input (got {chosen.shape} and {x.shape})"
        )
    return put_on(x, chosen)


def masked_array(
    data: Expr, mask: Any = None, dtype: Any = None, keep_mask: bool = True, fill_value: Any = None
) -> Expr:
    """`data` masked where `mask`, of the same size or one for all, is true; its own mask is kept, or not."""
    kept = fill_value_of(data) if fill_value is None else fill_value
    x = data if dtype is None else astype(data, dtype)
    made = _masked_by(x, mask, keep_mask)
    return made if kept is None else with_fill_value(made, kept)


def _masked_by(x: Expr, mask: Any, keep_mask: bool) -> Expr:
    x = x if keep_mask else getdata(x)
    if mask is None:
        return x if x.masked else put_on(x, np.False_)
    chosen = filled(as_expr(mask), True)
    if chosen.shape not in ((), x.shape):
        if x.dtype.names:
            raise NotBlocked("a mask for each field of records has no blocked form; records are masked as a whole")
        if np.prod(chosen.sizes) != np.prod(x.sizes):
            raise MaskError(f"Mask and data not compatible: data shape is {x.shape}, and mask shape is {chosen.shape}")
        chosen = reshape(chosen, x.sizes)
    return put_on(x, chosen)


def masked_values(x: Expr, value: Any, rtol: float = 1e-5, atol: float = 1e-8) -> Expr:
    """`x` masked where it is near a value; whole numbers, where they equal it."""
    values = filled(x, value)
    if values.dtype.kind == "f":
        made = put_on(values, function("isclose", values, value, rtol=rtol, atol=atol, equal_nan=False))
    else:
        made = put_on(values, ufunc(np.equal, values, value))
    return made if isinstance(value, Expr) or np.ndim(value) else with_fill_value(made, value)


def within(x: Expr, low: Any, high: Any, outside: bool) -> Expr:
    """`x` masked between two values (both included), or outside of them; their order doesn't matter."""
    low, high = (high, low) if high < low else (low, high)
    values = getdata(x)
    if outside:
        condition = ufunc(np.logical_or, ufunc(np.less, values, low), ufunc(np.greater, values, high))
    else:
        condition = ufunc(np.logical_and, ufunc(np.greater_equal, values, low), ufunc(np.less_equal, values, high))
    return put_on(x, condition)


def by_comparison(compare: np.ufunc) -> Callable[[Expr, Any], Expr]:
    """The function that masks where a comparison with a value holds; what equals it is filled with it later."""

    def masked_by(x: Expr, value: Any) -> Expr:
        made = put_on(x, ufunc(compare, getdata(x), value))
        single = not isinstance(value, Expr) and not np.ndim(value)
        return with_fill_value(made, value) if compare is np.equal and single else made

    return masked_by


def masked_invalid(x: Expr) -> Expr:
    """`x` masked where it isn't finite."""
    return put_on(x, ufunc(np.logical_not, ufunc(np.isfinite, getdata(x))))


def fix_invalid(x: Expr, mask: Any = None, fill_value: Any = None) -> Expr:
    """`x` masked where it isn't finite, with a value there that is."""
    made = masked_array(x, mask)
    finite = ufunc(np.isfinite, getdata(x))
    value = _own_fill_value(x) if fill_value is None else fill_value
    values = astype(choose(finite, getdata(x), _fitting(value, x.dtype)), x.dtype)
    fixed = put_on(values, ufunc(np.logical_or, getmaskarray(made), ufunc(np.logical_not, finite)))
    kept = fill_value_of(x)
    return fixed if kept is None else with_fill_value(fixed, kept)


def where(condition: Any, x: Any, y: Any) -> Expr:
    """`x` where the condition is true, else `y`; masked where the condition is, or what was chosen."""
    test, first, second = (v if isinstance(v, Expr) else as_expr(np.asanyarray(v)) for v in (condition, x, y))
    chosen = filled(test, False)
    values = choose(chosen, getdata(first), getdata(second))
    mask = choose(astype(chosen, bool), getmaskarray(first), getmaskarray(second))
    return put_on(values, ufunc(np.logical_or, getmaskarray(test), mask))


def compressed(x: Expr) -> Expr:
    """What isn't masked, in C order, as a line whose length is counted when it is asked for."""
    line = reshape(x, -1)
    return getitem(getdata(line), (ufunc(np.logical_not, getmaskarray(line)),)) if x.masked else line


def as_last(ordered: Callable[[Expr], Expr], x: Expr, axis: int, last: Any) -> Expr:
    """What puts an axis in order, done to a masked array: masked elements come last.

    ordered : puts the array in order, or the first of it; last : a value that nothing comes after

    Elements equal to `last` count as coming before those masked, so that only their number has to be known.
    """
    made = ordered(filled(x, last))
    count = expand_dims(reduction("count", x, axis), axis)
    n = made.sizes[axis]
    place = reshape(arange(n), tuple(n if k == axis else 1 for k in range(x.ndim)))
    return put_on(made, ufunc(np.greater_equal, place, count))
