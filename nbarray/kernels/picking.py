"""Picking points of a block into their places in another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["pick_into"]

Plane = np.ndarray[Any, Any]


def pick_into(
    out: Plane,
    values: Plane,
    axes: Sequence[int],
    kept: Sequence[int],
    at: int,
    points: tuple[int, ...],
    some: Plane | None,
    local: Sequence[Plane],
) -> None:
    """Points of `values` at `local` positions along `axes` go into `out`.

    kept : the other axes of `values`
    at : the points' axes of `out`, of shape `points`, come after so many others
    some : which points these are, in C order; None: all, and `local` is of their shape
    """
    if len(axes) == 1 and axes[0] == at and some is None:
        if out.flags.c_contiguous and out.dtype == values.dtype and out.dtype.isnative:
            # without checking again, and straight to where it belongs
            np.take(values, local[0], axis=at, out=out, mode="clip")
        else:
            out[...] = values.take(local[0], axis=at)
        return
    picked = values.transpose((*axes, *kept))[tuple(local)]
    ndim = len(points)
    target = np.moveaxis(out, range(at, at + ndim), range(ndim))
    if some is None:
        target[...] = picked
    elif ndim == 1:
        target[some] = picked
    else:
        target[np.unravel_index(some, points)] = picked
