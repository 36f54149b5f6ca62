"""What is handed over where no axes are left: NumPy's scalar, an array of no axes, or Python's own number.

An expression can't tell: ``x[0]`` and ``x[..., 0]`` are one node.  So the array that a user holds does, `Array.form`,
and the session is told the forms of what it computes.  Most of what NumPy does gives scalars; what doesn't stands in
the tables below, by name, and `dispatch` looks there when functions and methods are entered.  What functions call
inside doesn't matter: the one that the user called decides.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.session import Form

__all__ = ["METHODS", "decided", "with_no_axes"]

#: The form of the result of a call, by its arguments.
Rule = Callable[..., Form]


def _scalar(*args: Any, **options: Any) -> Form:
    return Form.SCALAR


def _array(*args: Any, **options: Any) -> Form:
    return Form.ARRAY


def _python(*args: Any, **options: Any) -> Form:
    return Form.PYTHON


def _like_first(first: Any = None, /, *args: Any, **options: Any) -> Form:
    """NumPy's scalars have these methods, too, and give scalars; all else is made an array first."""
    scalar = first.form is Form.SCALAR if hasattr(first, "form") else isinstance(first, np.generic)
    return Form.SCALAR if scalar else Form.ARRAY


def _indexed(x: Any, index: Any, /) -> Form:
    """An Ellipsis asks for an array; a field of a record is what the record is."""
    items = index if isinstance(index, tuple) else (index,)
    if any(item is Ellipsis for item in items):
        return Form.ARRAY
    return _like_first(x) if isinstance(index, str | list) else Form.SCALAR


def _keeping(*args: Any, keepdims: Any = False, **options: Any) -> Form:
    """No axes that are kept are an array's."""
    return Form.ARRAY if keepdims else Form.SCALAR


def _quantile(*args: Any, keepdims: Any = False, weights: Any = None, **options: Any) -> Form:
    """Weighted ones are taken out of arrays."""
    return Form.SCALAR if weights is None and not keepdims else Form.ARRAY


def _polyval(p: Any = None, /, *args: Any, **options: Any) -> Form:
    """Of no coefficients there is nothing to add up: zeros are made."""
    return Form.SCALAR if np.size(p) else Form.ARRAY


def _count(x: Any = None, axis: Any = None, /, **options: Any) -> Form:
    """Where there is no mask the size is known."""
    if getattr(x, "masked", False):
        return Form.SCALAR
    whole = np.ndim(x) == 0 or (axis is None and options.get("axis") is None)
    return Form.PYTHON if whole else Form.ARRAY


def _matrix_rank(a: Any = None, /, *args: Any, **options: Any) -> Form:
    """What is no matrix has rank 0 or 1."""
    return Form.PYTHON if np.ndim(a) < 2 else Form.SCALAR


#: What functions give, by the names that NumPy has for them; those that aren't here give scalars.
FUNCTIONS: dict[str, Rule] = {
    name: rule
    for rule, names in {
        _array: "apply_along_axis array asanyarray asarray asarray_chkfinite block broadcast_arrays broadcast_to copy"
        " cov cross empty empty_like from_array from_zarr full full_like i0 isin isnull notnull ones ones_like open pad"
        " piecewise real_if_close require resize roll select sliding_window_view tensordot tile unique unique_all"
        " unique_inverse where zeros zeros_like fft.fftn fft.ifftn linalg.tensordot ma.array ma.empty_like"
        " ma.filled ma.fix_invalid ma.getdata ma.getmaskarray ma.masked_array ma.masked_equal ma.masked_greater"
        " ma.masked_greater_equal ma.masked_inside ma.masked_invalid ma.masked_less ma.masked_less_equal"
        " ma.masked_not_equal ma.masked_outside ma.masked_values ma.masked_where ma.ones_like ma.where ma.zeros_like",
        _like_first: "astype diff imag moveaxis permute_dims real rechunk reshape squeeze transpose trim_zeros",
        _keeping: "median nanmedian",
        _quantile: "nanpercentile nanquantile percentile quantile",
        _python: "allclose array_equal array_equiv poly",
        # what they are made of would be arrays
        _scalar: "busday_count busday_offset is_busday iscomplex isreal ma.average unravel_index",
        _polyval: "polyval",
        _count: "ma.count",
        _matrix_rank: "linalg.matrix_rank",
    }.items()
    for name in names.split()
}
#: Modules all of whose functions with a blocked form give arrays: what NumPy does to texts without a ufunc.
MODULES = {"char", "strings"}
#: What methods and properties of arrays give.
METHODS: dict[str, Rule] = {
    **dict.fromkeys(("T", "imag", "real", "astype", "byteswap", "rechunk", "reshape"), _like_first),
    **dict.fromkeys(("squeeze", "transpose", "view"), _like_first),
    **dict.fromkeys(("filled", "mask"), _array),
    "count": _count,
    "__getitem__": _indexed,
}


def with_no_axes(name: str, function: Any) -> Any:
    """A function, by its qualified name, that gives what NumPy's gives where no axes are left."""
    rule = _array if name.partition(".")[0] in MODULES else FUNCTIONS.get(name)
    return function if rule is None else decided(function, rule)


def decided(function: Any, rule: Rule) -> Any:
    """A function, method or property whose results without axes have the form that a rule says."""
    if isinstance(function, property):
        return property(decided(function.fget, rule), function.fset, function.fdel, function.__doc__)

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        made = function(*args, **options)
        if getattr(made, "ndim", 0):  # mostly
            return made
        if not args and options:  # what would be the first by its place
            args = (options.get(next(iter(inspect.signature(function).parameters))),)
        return _as(made, rule, args, options)

    return call


def _as(made: Any, rule: Rule, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Arrays without axes in their form, also those in tuples and lists; all else as it is."""
    if isinstance(made, tuple | list):
        parts = [_as(part, rule, args, options) for part in made]
        return made._make(parts) if hasattr(made, "_make") else type(made)(parts)
    if not hasattr(made, "form") or made.ndim:
        return made
    form = rule(*args, **options)
    return made if made.form is form else type(made)(made.expr, form)
