"""Masked arrays: what `numpy.ma` lets one ask of them, and change in them, by methods."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.api.array import Array, apply
from nbarray.api.assigning import hold
from nbarray.api.creation import asarray
from nbarray.api.dispatch import METHODS, PUBLIC, is_method
from nbarray.api.masked import getdata, getmaskarray, masked_array, single
from nbarray.errors import MissingAttribute
from nbarray.ops.fillvalues import default_of, fill_value_of, with_fill_value

__all__ = ["anom", "anomalies", "normalize_masked_array", "set_fill_value"]


@is_method("anom")
def anom(a: Any, axis: Any = None, dtype: Any = None) -> Array:
    """Distances from the mean along axes: masked where the array is.

    Cost: a pass for the mean, one for the distances, which is fused with what they are used in.

    >>> import nbarray as nb
    >>> nb.ma.anom(nb.ma.masked_array([1.0, 3.0, 9.0], [0, 0, 1])).compute()
    masked_array(data=[-1.0, 1.0, --],
                 mask=[False, False,  True],
           fill_value=1e+20)
    """
    x = masked_array(asarray(a))
    mean = x.mean(axis=axis, dtype=dtype)
    return x - (mean if axis is None else PUBLIC["expand_dims"](mean, axis))


anomalies = anom


def set_fill_value(a: Any, fill_value: Any) -> None:
    """Let the handle of a masked array have another fill value; None is the default of the dtype.

    Nothing happens to an array that isn't masked.  Raises DTypeError for a value that the dtype can't hold.

    Cost: none.

    >>> import nbarray as nb
    >>> x = nb.ma.masked_array([1, 2], [0, 1])
    >>> nb.ma.set_fill_value(x, -1)
    >>> x.filled().compute()
    array([ 1, -1])
    """
    if isinstance(a, Array) and a.masked:
        value = single(fill_value)
        hold(a, apply(with_fill_value, a, default_of(a.dtype) if value is None else value))


def normalize_masked_array(x: Any) -> tuple[Array, Array, Any]:
    """What tells masked arrays apart: the values, the mask, and the fill value.

    Cost: none.

    >>> import nbarray as nb
    >>> nb.ma.normalize_masked_array(nb.ma.masked_array([1, 2], [0, 1], fill_value=7))[2]
    np.int64(7)
    """
    array = masked_array(x)
    return getdata(array), getmaskarray(array), _fill_value(array)


def _fill_value(x: Array) -> Any:
    kept = fill_value_of(x.expr)
    return np.ma.MaskedArray(np.empty(0, x.dtype)).fill_value if kept is None else kept


def _set(x: Array, value: Any) -> None:
    set_fill_value(x, value)


METHODS["fill_value"] = property(_fill_value, _set, doc="What `filled` takes for masked elements.")  # type: ignore[assignment]


def _get_fill_value(x: Array) -> Any:
    """What `filled` takes for masked elements."""
    return _fill_value(x)


METHODS["get_fill_value"], METHODS["set_fill_value"] = _get_fill_value, set_fill_value
METHODS["product"] = Array.prod


# -------------------------------------------------------------------------------------------------------- the mask


def _mask(x: Array) -> Array:
    if not x.masked:
        raise MissingAttribute(
            "this array isn't masked, and has no mask; nb.ma.getmaskarray(x) is False everywhere, "
            "nb.ma.masked_array(x, mask=...) puts one on"
        )
    return getmaskarray(x)


def _set_mask(x: Array, mask: Any) -> None:
    _mask(x)
    if np.shape(mask) not in ((), x.shape):
        mask = PUBLIC["broadcast_to"](asarray(mask), x.shape)
    hold(x, masked_array(getdata(x), mask, fill_value=fill_value_of(x.expr)))


def _itself(x: Array) -> Array:
    """The array itself: no two arrays share a mask, and none is hard."""
    return x


METHODS["mask"] = property(_mask, _set_mask, doc="Where elements are masked; only masked arrays have it.")  # type: ignore[assignment]
METHODS["hardmask"] = property(lambda x: False, doc="Assigning to a masked element unmasks it.")  # type: ignore[assignment]
METHODS["sharedmask"] = property(lambda x: False, doc="No two arrays share a mask that changes.")  # type: ignore[assignment]
# numpy.ma asks what lies below a mask; masked arrays made of ours took themselves for it, and looked for ever
METHODS["_baseclass"] = np.ndarray
for _name in ("shrink_mask", "soften_mask", "unshare_mask"):
    METHODS[_name] = _itself
