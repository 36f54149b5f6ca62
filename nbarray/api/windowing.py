"""Windows that slide along axes, and reductions over them that never make them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply
from nbarray.api.creation import asarray
from nbarray.api.dispatch import PUBLIC, public
from nbarray.api.ghosting import overlap
from nbarray.ops import windows

__all__ = ["sliding_window_view"]


@public(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False,
    automatic_rechunk: bool = True,
) -> Array:  # fmt: skip
    """Windows that slide along axes: element (..., i, ..., j) of the result is element (..., i + j, ...) of `x`.

    x : array
    window_shape : elements of the window along each of `axis` (by default all axes); these axes come last
    automatic_rechunk : cut other axes more finely, so that chunks don't become larger by the window

    Raises InputError for windows longer than the array, AxisError.  Costs nothing below a reduction over the axes of
    the windows (sum, mean, var, std, min, max, prod, any, all and their nan-forms, also of what is computed element by
    element from them): the windows are never made, and it takes about log2(window) operations on each block.
    Elsewhere it makes as many times more values as the window is long.  Unlike NumPy's, the result can't be written
    to, and masks are kept.

    >>> import nbarray as nb
    >>> nb.sliding_window_view(nb.arange(5), 3).mean(axis=-1).compute()
    array([1., 2., 3.])
    """
    return apply(windows.sliding_window_view, asarray(x), window_shape, axis, automatic_rechunk)


#: As in `numpy.lib`.
PUBLIC["lib"] = SimpleNamespace(  # type: ignore[assignment]
    stride_tricks=SimpleNamespace(sliding_window_view=sliding_window_view)
)

overlap.sliding_window_view = sliding_window_view  # type: ignore[attr-defined]


def _rolling(name: str, summary: str, more: str) -> None:
    def rolling(
        x: Any, window: Any, axis: Any = -1, min_count: int | None = None, center: bool = False, **options: Any
    ) -> Array:
        return apply(windows.rolling, name, asarray(x), window, axis, min_count, center, **options)

    rolling.__name__ = rolling.__qualname__ = f"rolling_{name}"
    rolling.__doc__ = f"""{summary} of the window that ends at each element; the result is as large as `x`.

    window : elements along `axis`, or one length for each of several axes
    min_count : where fewer values lie in a window, the result is NaN (or masked, for masked arrays).  NaN, masked
        values and what lies beyond the edges don't count; by default the window has to be full
    center : the window lies around each element (one more before it than after, if it is even)
    {more}
    Whole numbers become float64.  Raises InputError for windows that don't fit, AxisError, NotBlocked for what are no
    numbers.  One pass; the windows are never made, and it takes about log2(window) operations on each block.  NumPy
    has no such function: it is a reduction over `sliding_window_view`, with edges.

    >>> import nbarray as nb
    >>> nb.rolling_{name}(nb.asarray([1.0, 2.0, 4.0, 8.0]), 2, min_count=1).compute()
    {_EXAMPLES[name]}
    """
    public()(rolling)


_EXAMPLES = {
    "sum": "array([ 1.,  3.,  6., 12.])",
    "prod": "array([ 1.,  2.,  8., 32.])",
    "mean": "array([1. , 1.5, 3. , 6. ])",
    "min": "array([1., 1., 2., 4.])",
    "max": "array([1., 2., 4., 8.])",
    "var": "array([0.  , 0.25, 1.  , 4.  ])",
    "std": "array([0. , 0.5, 1. , 2. ])",
}
_DDOF = "ddof : (among options) what is taken from the number of values before dividing by it\n"
for _name, _summary, _more in (
    ("sum", "The sum", ""),
    ("prod", "The product", ""),
    ("mean", "The mean", ""),
    ("min", "The smallest value", ""),
    ("max", "The largest value", ""),
    ("var", "The variance", _DDOF),
    ("std", "The standard deviation", _DDOF),
):
    _rolling(_name, _summary, _more)


@public()
def rolling_count(x: Any, window: Any, axis: Any = -1, center: bool = False) -> Array:
    """How many values, NaN and masked ones left out, lie in the window that ends at each element.

    window, axis, center : as `rolling_mean` takes them

    Cost: one pass; about log2(window) operations on each block, which is read with what surrounds it.

    >>> import numpy as np, nbarray as nb
    >>> nb.rolling_count(nb.asarray([1.0, np.nan, 4.0, 8.0]), 3).compute()
    array([1, 1, 2, 2])
    """
    return apply(windows.rolling, "count", asarray(x), window, axis, None, center)
