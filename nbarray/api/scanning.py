"""Cumulative sums and products."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.api.array import Array, apply
from nbarray.api.assigning import store_into
from nbarray.api.creation import asarray
from nbarray.api.dispatch import PUBLIC, is_method, public, takes
from nbarray.errors import AxisError, BroadcastError
from nbarray.expr.leaves import Filled
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks, regular
from nbarray.kernels.program import Constant
from nbarray.ops.elementwise import astype, where
from nbarray.ops.joining import concatenate
from nbarray.ops.masking import filled, getmaskarray, put_on
from nbarray.ops.operands import one_axis
from nbarray.ops.reductions import is_nan
from nbarray.ops.scans import only_axis, scan
from nbarray.ops.shaping import reshape

__all__: list[str] = []


def _cumulative(name: str, operation: np.ufunc, nan_is: int | None, summary: str) -> None:
    def cumulative(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Array:
        def scanned(x: Expr) -> Expr:
            along = axis
            if x.ndim == 0:
                x = reshape(x, -1)
            if along is None:
                x, along = reshape(x, -1), 0
            one_axis(along, x.ndim)  # NumPy tells of a missing axis first
            # NumPy's functions make whole numbers of booleans and of small whole numbers, for any ufunc
            kind = getattr(np, name)(np.ones(1, x.dtype), dtype=dtype).dtype
            if x.dtype.kind in "SU":
                x = astype(x, kind)
            if nan_is is not None and x.dtype.kind in "fcO":
                values = filled(x, nan_is)
                values = where(is_nan(values), x.dtype.type(nan_is), values)
                x = put_on(values, getmaskarray(x)) if x.masked else values
            return scan(operation, x, along, kind)

        made = apply(scanned, asarray(a))
        return made if out is None else _cast_into(out, made)

    cumulative.__name__ = cumulative.__qualname__ = name
    cumulative.__doc__ = f"""{summary}, as `numpy.{name}` has it: over the flattened array if `axis` is None.

    Cost: two passes where an axis lies in several blocks, one where it doesn't; memory for a few blocks.

    Masked elements count as nothing, and stay masked. Raises AxisError.

    >>> import nbarray as nb
    >>> nb.{name}(nb.arange(1, 5, chunks=2)).compute()
    {getattr(np, name)(np.arange(1, 5))!r}
    """
    public(getattr(np, name))(takes("method")(cumulative))


_cumulative("cumsum", np.add, None, "Sums of all elements up to each")
_cumulative("cumprod", np.multiply, None, "Products of all elements up to each")
_cumulative("nancumsum", np.add, 0, "Sums of all elements up to each, NaN taken as 0")
_cumulative("nancumprod", np.multiply, 1, "Products of all elements up to each, NaN taken as 1")


def _cast_into(out: Any, made: Array) -> Array:
    """Give a result to ``out=``, which takes what any dtype becomes as its own, but no other shape."""
    if isinstance(out, Array) and out.shape != made.shape:
        raise BroadcastError(f"out= has shape {out.shape}, but what comes has shape {made.shape}")
    stored: Array = store_into(out, made, casting="unsafe")
    return stored


def _standard(name: str, of: str, first: int, summary: str) -> None:
    def cumulative(
        x: Any, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False
    ) -> Array:
        x = asarray(x)
        x = x if x.ndim else x.reshape(1)
        if axis is None and x.ndim != 1:
            raise AxisError(f"{name}: axis is needed for an array of {x.ndim} axes")
        k = only_axis(axis, x.ndim)
        made: Array = PUBLIC[of](x, axis=k, dtype=dtype, out=None if include_initial else out)
        if not include_initial:
            return made
        one = Chunks(tuple(regular(1, 1) if j == k else axis for j, axis in enumerate(made.expr.chunks.axes)))
        start = Filled(Constant.of(made.dtype.type(first)), one)
        longer = Array(concatenate([start, made.expr], k))
        return longer if out is None else _cast_into(out, longer)

    cumulative.__name__ = cumulative.__qualname__ = name
    cumulative.__doc__ = f"""{summary}, as the array API standard has it.

    include_initial : begin with {first}, so that the axis becomes one longer

    Cost: as `{of}`.

    >>> import nbarray as nb
    >>> nb.{name}(nb.arange(1, 4), include_initial=True).compute()
    {getattr(np, name)(np.arange(1, 4), include_initial=True)!r}
    """
    public(getattr(np, name))(cumulative)


if hasattr(np, "cumulative_sum"):
    _standard("cumulative_sum", "cumsum", 0, "Sums of all elements up to each")
    _standard("cumulative_prod", "cumprod", 1, "Products of all elements up to each")

for _name in ("cumsum", "cumprod"):
    is_method(_name)(PUBLIC[_name])
