"""Roots, logarithms and powers that leave the real numbers where they have to, as `numpy.lib.scimath` has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib import scimath

from nbarray.api.array import Array, apply
from nbarray.api.creation import asarray
from nbarray.api.dispatch import PUBLIC, implements
from nbarray.ops import elementwise

__all__: list[str] = []


def _leaving(name: str, outside: Callable[[Array], Array]) -> None:
    """A function of `numpy.lib.scimath`: complex where any value lies outside, which a pass over the data tells."""
    numpy_function = getattr(scimath, name)
    ufunc = getattr(np, name)

    def blocked(x: Any) -> Array:
        return apply(elementwise.ufunc, ufunc, _fitting(x, outside))

    implements(numpy_function)(blocked)


def _fitting(x: Any, outside: Callable[[Array], Array]) -> Array:
    """The array, made complex if any of its values lies outside."""
    values = asarray(x)
    if values.dtype.kind == "c" or not bool(outside(values).any()):
        return values
    small = values.dtype.char in "bBhHefF"
    return values.astype(np.complex64 if small else np.complex128)


def _negative(x: Array) -> Array:
    return x < 0


def _beyond_one(x: Array) -> Array:
    return abs(x) > 1


for _name in ("sqrt", "log", "log2", "log10"):
    _leaving(_name, _negative)
for _name in ("arccos", "arcsin", "arctanh"):
    _leaving(_name, _beyond_one)


@implements(scimath.logn)
def _logn(n: Any, x: Any) -> Array:
    """The logarithm to base `n`."""
    logarithm = PUBLIC["log"]
    return logarithm(_fitting(x, _negative)) / logarithm(_fitting(n, _negative))


@implements(scimath.power)
def _power(x: Any, p: Any) -> Array:
    """`x` to the power of `p`."""
    base, exponent = _fitting(x, _negative), asarray(p)
    if exponent.dtype.kind in "iu" and bool((exponent < 0).any()):
        exponent = exponent * 1.0
    return PUBLIC["power"](base, exponent)
