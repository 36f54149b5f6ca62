"""Medians, quantiles and percentiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.api.array import Array, apply
from nbarray.api.conversions import values_of
from nbarray.api.creation import asarray
from nbarray.api.dispatch import public, takes
from nbarray.errors import NotBlocked
from nbarray.ops import quantiles

__all__: list[str] = []

_COST = """Exact, inside the budget, whatever the array's size.  Lines that fit into a task are read once.  A longer
    axis (or all axes) takes two passes over the data, rarely three, and memory for some thousand elements a task."""


def _medians(name: str, skip_nan: bool, summary: str) -> None:
    def median(
        a: Any, axis: Any = None, out: None = None, overwrite_input: bool = False, keepdims: Any = False
    ) -> Array:
        _refuse_out(name, out)
        keep = bool(keepdims) and keepdims is not np._NoValue
        return apply(quantiles.median, asarray(a), axis, keep, skip_nan)

    median.__name__ = median.__qualname__ = name
    median.__doc__ = f"""{summary}, as `numpy.{name}` has it: over all axes if `axis` is None.

    axis : an integer, a tuple, or None

    {_COST}

    Raises AxisError, DTypeError, NotBlocked for `out`.

    >>> import nbarray as nb
    >>> nb.{name}(nb.asarray([[1.0, 7.0], [2.0, 9.0]]), axis=0).compute()
    array([1.5, 8. ])
    """
    public(getattr(np, name))(median)


_medians("median", False, "The median")
_medians("nanmedian", True, "The median, NaN left out")


def _quantiles(name: str, skip_nan: bool, top: int, summary: str) -> None:
    def quantile(
        a: Any,
        q: Any,
        axis: Any = None,
        out: None = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: Any = False,
        *,
        weights: Any = None,
    ) -> Array:
        _refuse_out(name, out)
        if isinstance(q, Array):
            q = values_of(q)
        keep = bool(keepdims) and keepdims is not np._NoValue
        options = {"weights": weights, "skip_nan": skip_nan, "name": name}
        return apply(quantiles.quantile, asarray(a), q, axis, method, keep, **options)

    quantile.__name__ = quantile.__qualname__ = name
    quantile.__doc__ = f"""{summary}, as `numpy.{name}` has it: over all axes if `axis` is None.

    q : a number or several, from 0 to {top}, computed at once if they are blocked
    axis : an integer, a tuple, or None; method : any of NumPy's
    weights : for ``method="inverted_cdf"``, where lines fit into a task

    {_COST}

    Raises AxisError, DTypeError, InputError, NotBlocked for masked arrays and `out`.

    >>> import nbarray as nb
    >>> nb.{name}(nb.arange(9, chunks=4), {top / 4:g}).compute()
    np.float64(2.0)
    """
    public(getattr(np, name))(takes("internal_method")(quantile))


_quantiles("quantile", False, 1, "Quantiles")
_quantiles("percentile", False, 100, "Percentiles")
_quantiles("nanquantile", True, 1, "Quantiles, NaN left out")
_quantiles("nanpercentile", True, 100, "Percentiles, NaN left out")


def _refuse_out(name: str, out: Any) -> None:
    if out is not None:
        raise NotBlocked(f"{name}: out= is not supported on blocked arrays; use the result instead")
