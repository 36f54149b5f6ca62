"""Sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.api.array import Array
from nbarray.api.creation import asarray
from nbarray.api.dispatch import public
from nbarray.errors import NotBlocked
from nbarray.ops.sorting import sort as sort_expr

__all__ = ["argsort", "sort"]


@public(np.sort)
def sort(a: Any, axis: int | None = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> Array:
    """A sorted copy, as `numpy.sort` has it; inside the budget, however long the axis is.

    axis : which, or None for the flattened array; kind, stable : sorting is stable, whatever they say

    Raises AxisError, NotBlocked for masked arrays and for `order`.

    >>> import nbarray as nb
    >>> nb.sort(nb.from_array(np.array([3, 1, 2]), chunks=1)).compute()
    array([1, 2, 3])
    """
    return _sorted("sort", a, axis, order, False)


@public(np.argsort)
def argsort(a: Any, axis: int | None = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> Array:
    """The positions that sort an array along an axis, as `numpy.argsort` has it with ``kind="stable"``.

    Raises AxisError, NotBlocked for masked arrays and for `order`.

    >>> import nbarray as nb
    >>> nb.argsort(nb.from_array(np.array([3, 1, 2]), chunks=1)).compute()
    array([1, 2, 0])
    """
    return _sorted("argsort", a, axis, order, True)


def _sorted(name: str, a: Any, axis: int | None, order: Any, positions: bool) -> Array:
    if order is not None:
        raise NotBlocked(f"{name}: order={order!r} has no blocked form; sort by one field: {name}(x[field])")
    x = asarray(a)
    if x.ndim == 0 and axis is not None and positions:
        return Array(sort_expr(x.reshape(1).expr, 0, True)).reshape(())
    return Array(sort_expr(x.expr, axis, positions))
