"""What our own functions of blocks are told apart by.

Operations make such functions anew each time, as closures.  Two that are written at the same place and hold equal
things do the same, so an operation made twice is one node and is computed once.  Callers' functions, and whatever could
change, are told apart by who they are.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from nbarray.kernels.elementwise import ById, ByKey

__all__ = ["COMPARED_BYTES", "frozen", "held_by_key", "key_of"]

PACKAGE = __name__.partition(".")[0]
#: Arrays of at most so many bytes are compared.
COMPARED_BYTES = 2**16
#: Functions that hold functions are looked into so deep.
DEPTH = 6


def key_of(value: Any, depth: int = DEPTH) -> Hashable:
    """What is equal for two values exactly if one may stand for the other.

    >>> key_of((1, 2.0)) == key_of((1, 2.0)), key_of(1) == key_of(True), key_of(0.0) == key_of(-0.0)
    (True, False, False)
    """
    kind = type(value)
    if kind in (float, complex):
        return kind, repr(value)
    if isinstance(value, np.generic) and not value.dtype.hasobject:
        return value.dtype, value.tobytes()
    if depth and kind is tuple:
        return kind, *(key_of(v, depth - 1) for v in value)
    if kind is slice:
        return kind, key_of((value.start, value.stop, value.step), 1)
    if depth and kind is MethodType:
        return kind, value.__func__, key_of(value.__self__, depth - 1)
    if depth and kind is partial:
        return kind, *(key_of(v, depth - 1) for v in (value.func, value.args, tuple(sorted(value.keywords.items()))))
    if depth and kind is FunctionType and (value.__module__ or "").partition(".")[0] == PACKAGE:
        held = [c.cell_contents for c in value.__closure__ or ()]
        named = tuple(sorted((value.__kwdefaults__ or {}).items()))
        return value.__code__, value.__name__, *(key_of(v, depth - 1) for v in (*held, value.__defaults__, named))
    if kind is np.ndarray and value.nbytes <= COMPARED_BYTES and _is_frozen(value):
        return value.dtype, value.shape, value.tobytes()
    return (kind, value) if _is_compared(kind) else ById(value)


def _is_compared(kind: type) -> bool:
    """Whether equal values of a type may stand for each other; callers' types call equal what they please."""
    known = kind.__module__.partition(".")[0] in ("builtins", "numpy", PACKAGE)
    return known and kind.__hash__ is not None and kind not in (tuple, frozenset)


def _is_frozen(array: np.ndarray[Any, Any]) -> bool:
    return array.base is None and not array.flags.writeable and not array.dtype.hasobject


def frozen(values: Any) -> np.ndarray[Any, Any]:
    """A copy of few values that nobody can change."""
    made = np.array(values)
    made.setflags(write=False)
    return made


def held_by_key(function: Any) -> ById:
    """What a node holds of a function of ours: the same for two that were made in the same way."""
    return ByKey(function, key_of(function))
