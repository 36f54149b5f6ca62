"""Choosing between values as three operations on bits: several times as fast as NumPy's, which take one element at a
time and guess wrongly at every second of those that alternate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["choose", "whole_of"]

Tile = np.ndarray[Any, Any]

#: bytes -> whole numbers of so many
_WHOLE = {n: np.dtype(f"i{n}") for n in (1, 2, 4, 8)}


def whole_of(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Whole numbers with as many bits as values of a dtype have; None where these are not to be chosen by bits."""
    return _WHOLE.get(dtype.itemsize) if dtype.kind in "biufmM" and dtype.isnative else None


def choose(condition: Tile, x: Tile, y: Tile, out: Tile, bits: Tile) -> Tile:
    """`x` where the condition holds, else `y`; returns `out`, which may lie where either of the two lies.

    x, y, out : of one dtype that `whole_of` has whole numbers for, which `bits` are, in the shape of the condition

    >>> x, y = np.array([1.0, 2.0]), np.array([np.nan, -0.0])
    >>> choose(np.array([True, False]), x, y, np.empty(2), np.empty(2, np.int64))
    array([ 1., -0.])
    """
    first, second, into = x.view(bits.dtype), y.view(bits.dtype), out.view(bits.dtype)
    # all bits set where `first` is to be taken
    np.negative(condition.view(np.int8), out=bits)
    if np.may_share_memory(out, y):
        first, second = second, first
        np.invert(bits, out=bits)
    np.bitwise_xor(first, second, out=into)
    np.bitwise_and(into, bits, out=into)
    np.bitwise_xor(into, second, out=into)
    return out
