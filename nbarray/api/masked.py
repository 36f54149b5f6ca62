"""Masked arrays, as `numpy.ma` names what is done with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.api import averages
from nbarray.api.array import Array, apply
from nbarray.api.conversions import values_of
from nbarray.api.creation import asarray
from nbarray.api.dispatch import PUBLIC, is_method, takes
from nbarray.api.no_axes import with_no_axes
from nbarray.errors import InputError, NotBlocked
from nbarray.ops import masking
from nbarray.ops.fillvalues import fill_value_of, with_fill_value
from nbarray.ops.reductions import reduction

__all__ = [
    "array",
    "average",
    "compressed",
    "count",
    "count_masked",
    "empty_like",
    "filled",
    "fix_invalid",
    "getdata",
    "getmaskarray",
    "masked_array",
    "masked_equal",
    "masked_greater",
    "masked_greater_equal",
    "masked_inside",
    "masked_invalid",
    "masked_less",
    "masked_less_equal",
    "masked_not_equal",
    "masked_outside",
    "masked_values",
    "masked_where",
    "nonzero",
    "ones_like",
    "where",
    "zeros_like",
]


def masked_array(
    data: Any,
    mask: Any = None,
    dtype: Any = None,
    copy: bool = False,
    keep_mask: bool = True,
    fill_value: Any = None,
    chunks: Any = None,
) -> Array:
    """Values with a mask: elements are missing where it is true.

    mask : booleans of the same shape, or one for all; blocked or not
    keep_mask : keep what was masked in `data` already
    fill_value : what `filled` takes for masked elements; by default that of `data`, or of the dtype

    Raises MaskError (an InputError) for a mask of another size.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.ma.masked_array([1, 2, 3], mask=[0, 1, 0]).sum().compute()
    np.int64(4)
    """
    value = single(fill_value)
    return apply(masking.masked_array, asarray(data, None, chunks), mask, dtype, keep_mask, value)


def single(fill_value: Any) -> Any:
    """A fill value that is a number, also of a blocked array without axes: that is computed."""
    return values_of(fill_value) if isinstance(fill_value, Array) and not fill_value.ndim else fill_value


def array(
    data: Any,
    dtype: Any = None,
    copy: bool = False,
    order: Any = None,
    mask: Any = None,
    fill_value: Any = None,
    keep_mask: bool = True,
    hard_mask: bool = False,
    shrink: bool = True,
    subok: bool = True,
    ndmin: int = 0,
    *,
    chunks: Any = None,
) -> Array:
    """As `masked_array`, with the order of arguments that `numpy.ma.array` has, and at least `ndmin` axes.

    Raises NotBlocked for a hard mask.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.ma.array([1, 2, 3], float, mask=[0, 1, 0]).sum().compute()
    np.float64(4.0)
    """
    if hard_mask:
        raise NotBlocked("ma.array: hard_mask=True has no blocked form: assigning to a masked element unmasks it")
    made = masked_array(asarray(data, dtype, chunks), mask, None, copy, keep_mask, fill_value)
    return made[(None,) * (ndmin - made.ndim)] if made.ndim < ndmin else made


def masked_where(condition: Any, a: Any, copy: bool = True) -> Array:
    """Masked where a condition holds, or is masked itself.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> x = nb.arange(4)
    >>> nb.ma.masked_where(x > 2, x).compute()
    masked_array(data=[0, 1, 2, --], mask=[False, False, False,  True], fill_value=...)
    """
    return apply(masking.masked_where, condition, asarray(a))


def masked_values(
    x: Any, value: Any, rtol: float = 1e-05, atol: float = 1e-08, copy: bool = True, shrink: bool = True
) -> Array:
    """Masked where floats are near a value, and where whole numbers equal it.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.ma.masked_values(nb.asarray([1.0, -999.0]), -999.0).compute()
    masked_array(data=[1.0, --],
                 mask=[False,  True],
           fill_value=-999.0)
    """
    return apply(masking.masked_values, asarray(x), value, rtol, atol)


def masked_invalid(a: Any, copy: bool = True) -> Array:
    """Masked where numbers aren't finite.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import numpy as np, nbarray as nb
    >>> nb.ma.masked_invalid(nb.asarray([1.0, np.nan])).compute()
    masked_array(data=[1.0, --],
                 mask=[False,  True],
           fill_value=1e+20)
    """
    return apply(masking.masked_invalid, asarray(a))


def masked_inside(x: Any, v1: Any, v2: Any, copy: bool = True) -> Array:
    """Masked between two values, both included.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.ma.masked_inside(nb.arange(4), 1, 2).compute()
    masked_array(data=[0, --, --, 3],
                 mask=[False,  True,  True, False],
           fill_value=999999)
    """
    return apply(masking.within, asarray(x), v1, v2, False)


def masked_outside(x: Any, v1: Any, v2: Any, copy: bool = True) -> Array:
    """Masked outside of two values.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.ma.masked_outside(nb.arange(4), 1, 2).compute()
    masked_array(data=[--, 1, 2, --],
                 mask=[ True, False, False,  True],
           fill_value=999999)
    """
    return apply(masking.within, asarray(x), v1, v2, True)


def _comparison(name: str, compare: np.ufunc) -> Callable[..., Array]:
    mask_by = masking.by_comparison(compare)

    def function(x: Any, value: Any, copy: bool = True) -> Array:
        return apply(mask_by, asarray(x), value)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""Masked where `{compare.__name__}(x, value)` holds.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.ma.masked_{compare.__name__}(nb.arange(4), 1).compute().mask.sum()
    {compare(np.arange(4), 1).sum()!r}
    """
    return function


masked_equal = _comparison("masked_equal", np.equal)
masked_not_equal = _comparison("masked_not_equal", np.not_equal)
masked_less = _comparison("masked_less", np.less)
masked_less_equal = _comparison("masked_less_equal", np.less_equal)
masked_greater = _comparison("masked_greater", np.greater)
masked_greater_equal = _comparison("masked_greater_equal", np.greater_equal)


def fix_invalid(a: Any, mask: Any = None, copy: bool = True, fill_value: Any = None) -> Array:
    """Masked where numbers aren't finite, with a finite value behind the mask.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import numpy as np, nbarray as nb
    >>> nb.ma.fix_invalid(nb.asarray([1.0, np.nan]), fill_value=0).compute()
    masked_array(data=[1.0, --],
                 mask=[False,  True],
           fill_value=1e+20)
    """
    return apply(masking.fix_invalid, asarray(a), mask, fill_value)


@is_method("compressed")
def compressed(x: Any) -> Array:
    """The elements that aren't masked, in C order: no longer a masked array.

    How many there are isn't known until asked for.  Cost: a pass to count them, one to pick them.

    >>> import nbarray as nb
    >>> nb.ma.compressed(nb.ma.masked_equal([1, 2, 3], 2)).compute()
    array([1, 3])
    """
    return apply(masking.compressed, asarray(x))


@is_method("filled")
def filled(a: Any, fill_value: Any = None) -> Array:
    """Masked elements replaced by a value (by `numpy.ma`'s default for the dtype): no longer a masked array.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.ma.filled(nb.ma.masked_equal([1, 2], 2), 0).compute()
    array([1, 0])
    """
    return apply(masking.filled, asarray(a), fill_value)


def getdata(a: Any, subok: bool = True) -> Array:
    """The values, what is masked among them; no longer a masked array.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.ma.getdata(nb.ma.masked_array([1, 2], [0, 1])).compute()
    array([1, 2])
    """
    return apply(masking.getdata, asarray(a))


def getmaskarray(arr: Any) -> Array:
    """Where elements are masked.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.ma.getmaskarray(nb.ma.masked_array([1, 2], [0, 1])).compute()
    array([False,  True])
    """
    return apply(masking.getmaskarray, asarray(arr))


@is_method("count")
@takes("split_every")
def count(arr: Any, axis: Any = None, keepdims: Any = False) -> Array:
    """How many elements aren't masked.

    Cost: one pass over the data; memory for a few blocks and the result.

    >>> import nbarray as nb
    >>> nb.ma.count(nb.ma.masked_array([1.0, 2.0], [0, 1])).compute()
    np.int64(1)
    """
    return apply(reduction, "count", asarray(arr), axis, keepdims=bool(keepdims) and keepdims is not np._NoValue)


def count_masked(arr: Any, axis: Any = None) -> Array:
    """How many elements are masked.

    Cost: one pass over the data; memory for a few blocks and the result.

    >>> import nbarray as nb
    >>> nb.ma.count_masked(nb.ma.masked_array([1.0, 2.0], [0, 1])).compute()
    np.int64(1)
    """
    return getmaskarray(arr).sum(axis=axis)


def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = np._NoValue
) -> Any:
    """The weighted mean of what isn't masked; weights that add up to zero give a masked element.

    Cost: one pass over the data; memory for a few blocks and the result.

    >>> import nbarray as nb
    >>> nb.ma.average(nb.ma.masked_array([1.0, 2.0, 9.0], [0, 0, 1])).compute()
    np.float64(1.5)
    """
    plain = asarray(a)
    x = masked_array(plain)
    keep = {} if keepdims is np._NoValue else {"keepdims": keepdims}
    if weights is None:
        mean = masked_array(plain.mean(axis=axis, **keep))
        return (mean, count(x, axis, **keep).astype(mean.dtype)) if returned else mean
    weight = asarray(averages.fitting(weights, x, axis))
    kind = np.result_type(x.dtype, weight.dtype, *(["f8"] if x.dtype.kind in "iub" else []))
    if plain.masked:
        hidden = getmaskarray(plain)
        weight = masked_array(weight * ~hidden, mask=hidden)
    total = masked_array(weight.sum(axis=axis, dtype=kind, **keep))
    added = masked_array(PUBLIC["multiply"](plain, weight, dtype=kind).sum(axis=axis, **keep))
    if added.ndim:
        mean = added / total
    else:  # numbers by themselves are NumPy's own, whose division masks nothing
        mean = masked_array(getdata(added) / getdata(total), mask=getmaskarray(added))
    if not plain.masked and np.shape(weights) != x.shape:
        total = PUBLIC["broadcast_to"](getdata(total), mean.shape)  # numpy.ma spreads sums of weights as a plain array
    return (mean, total) if returned else mean


def where(condition: Any, x: Any = np._NoValue, y: Any = np._NoValue) -> Any:
    """`x` where the condition is true, else `y`; masked where the condition is, or what was chosen.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.ma.where(nb.arange(3) > 1, 1, 0).compute()
    masked_array(data=[0, 0, 1],
                 mask=[False, False, False],
           fill_value=999999)
    """
    if (x is np._NoValue) != (y is np._NoValue):
        raise InputError("Must provide both 'x' and 'y' or neither.")
    if x is np._NoValue:
        return nonzero(condition)
    return apply(masking.where, *(v if np.isscalar(v) else asarray(v) for v in (condition, x, y)))


def nonzero(a: Any) -> Any:
    """Positions of what is neither zero nor masked, an array for each axis; see `nbarray.nonzero`.

    Cost: a pass to count them, one to find them.

    >>> import nbarray as nb
    >>> nb.ma.nonzero(nb.ma.masked_array([0, 1, 2], [0, 0, 1]))[0].compute()
    array([1])
    """
    x = asarray(a)
    return PUBLIC["nonzero"](filled(x, 0))


def _like(name: str) -> Callable[..., Array]:
    def function(a: Any, dtype: Any = None, *args: Any, **options: Any) -> Array:
        x = asarray(a)
        made = masked_array(PUBLIC[name](x, dtype), mask=getmaskarray(x))
        kept = fill_value_of(x.expr)
        return made if kept is None else apply(with_fill_value, made, kept)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""As `nbarray.{name}`, masked where the array is.

    Cost: what finding out the mask takes: one pass, fused with what it is used in.

    >>> import nbarray as nb
    >>> nb.ma.{name}(nb.ma.masked_array([1, 2], [0, 1])).compute().mask
    array([False,  True])
    """
    return function


empty_like, zeros_like, ones_like = _like("empty_like"), _like("zeros_like"), _like("ones_like")

for _name in __all__:
    globals()[_name] = with_no_axes(f"ma.{_name}", globals()[_name])
