"""Stored numbers into values: one tile at a time, inside a worker.

A `Packing` is compiled once into a short closure, because it runs on tiles of some 64 thousand
elements and a microsecond of Python is then a per cent.  The arithmetic is NumPy's own on the dtypes
the packing names, in the order netCDF4 uses (find the missing ones, scale, add), so the values are the same bits.
This file knows blocks only: no files, no attributes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.packing import Packing, Scalar

__all__ = ["Unpack", "compile_unpack", "unpack"]

Block = np.ndarray[Any, Any]
#: (stored, scratch or None) -> (values, True where missing or None)
Unpack = Callable[[Block, Block | None], tuple[Block, Block | None]]
_Missing = Callable[[Block], Block | None]
_Arithmetic = Callable[[Block, Block | None], Block]


def _value_of(data: Scalar) -> Block:
    """The number a `Scalar` stands for, as a 0-d array of its dtype."""
    return np.frombuffer(data.raw, np.dtype(data.dtype)).reshape(())


def unpack(stored: Block, packing: Packing, out: Block | None = None) -> tuple[Block, Block | None]:
    """Apply a packing to a block.

    stored : numbers as the file has them, any shape
    out : C-contiguous scratch of the same shape and the result's dtype that may hold the values
    Returns the values and a mask that is True where they are missing, None where nothing is.

    >>> missing, half = Scalar("<i2", np.int16(-9).tobytes()), Scalar("<f4", np.float32(0.5).tobytes())
    >>> packing = Packing(None, (missing,), None, None, half, None, "<f4", "nan")
    >>> unpack(np.array([4, -9, 7], np.int16), packing)[0]
    array([2. , nan, 3.5], dtype=float32)
    """
    return compile_unpack(packing, stored.dtype)(stored, out)


def compile_unpack(packing: Packing, stored_dtype: np.dtype[Any]) -> Unpack:
    """The closure that applies `packing` to blocks of `stored_dtype`.

    The closure never writes into `stored`, but its values may be `stored` itself where nothing has to be done.
    For ``result="nan"`` it gives no mask: the values hold NaN.
    """
    viewed = None if packing.stored_as is None else np.dtype(packing.stored_as)
    dtype = stored_dtype if viewed is None else viewed
    find = _compile_missing(packing, dtype)
    compute = _compile_arithmetic(packing, dtype)
    nan = packing.result == "nan"
    not_a_number = np.asarray(np.nan, packing.result_dtype if nan else np.float64)

    def run(stored: Block, out: Block | None = None) -> tuple[Block, Block | None]:
        numbers = stored if viewed is None else stored.view(viewed)
        mask = None if find is None else find(numbers)
        values = compute(numbers, out)
        if not nan or mask is None:
            return values, mask
        if values is numbers:
            values = _copied(numbers, out)
        np.copyto(values, not_a_number, where=mask)
        return values, None

    return run


def _copied(stored: Block, out: Block | None) -> Block:
    if out is None:
        return stored.copy()
    np.copyto(out, stored)
    return out


def _compile_missing(packing: Packing, dtype: np.dtype[Any]) -> _Missing | None:
    """A function giving the mask of missing numbers, None where there are none; None if none can be."""
    if packing.result == "plain":
        return None
    tests: list[tuple[Callable[..., Block], tuple[Block, ...]]] = []
    seen = set()
    for number in packing.missing:
        value = _value_of(number)
        if number in seen:
            continue
        seen.add(number)
        if dtype.kind in "fc" and np.isnan(value):
            # a NaN that is missing stays a NaN: nothing to find
            tests += [] if packing.result == "nan" and packing.result_dtype[1] in "fc" else [(np.isnan, ())]
        else:
            tests.append((np.equal, (value,)))
    if packing.valid_min is not None:
        tests.append((np.less, (_value_of(packing.valid_min),)))
    if packing.valid_max is not None:
        tests.append((np.greater, (_value_of(packing.valid_max),)))
    if not tests:
        return None
    (first, first_args), rest = tests[0], tests[1:]

    def find(stored: Block) -> Block | None:
        mask = np.asarray(first(stored, *first_args))
        for test, args in rest:
            np.logical_or(mask, test(stored, *args), out=mask)
        return mask if mask.any() else None

    return find


def _compile_arithmetic(packing: Packing, dtype: np.dtype[Any]) -> _Arithmetic:
    """A function for ``stored * scale + offset`` and the cast to the result's dtype."""
    result = np.dtype(packing.result_dtype)
    steps: list[tuple[np.ufunc, Block, np.dtype[Any]]] = []
    at = dtype
    for ufunc, number in ((np.multiply, packing.scale), (np.add, packing.offset)):
        if number is not None:
            value = _value_of(number)
            at = np.result_type(at, value.dtype)
            steps.append((ufunc, value.astype(at), at))
    if not steps:
        return _cast(result) if dtype != result else lambda stored, out: stored
    if all(step == result for _, _, step in steps) and np.can_cast(dtype, result, "same_kind"):
        return _in_place(steps, result)

    def stepwise(stored: Block, out: Block | None) -> Block:
        for ufunc, value, step in steps:
            stored = ufunc(stored, value, dtype=step)
        return stored.astype(result, copy=False)

    return stepwise


def _cast(result: np.dtype[Any]) -> _Arithmetic:
    def cast(stored: Block, out: Block | None) -> Block:
        if out is None:
            return stored.astype(result)
        np.copyto(out, stored, casting="unsafe")
        return out

    return cast


def _in_place(steps: list[tuple[np.ufunc, Block, np.dtype[Any]]], result: np.dtype[Any]) -> _Arithmetic:
    """All steps in the result's dtype: cast once, then work in place (faster than casting inside the ufunc)."""
    calls = [(ufunc, value) for ufunc, value, _ in steps]

    def in_place(stored: Block, out: Block | None) -> Block:
        if out is None:
            out = np.empty(stored.shape, result)
        np.copyto(out, stored)
        for ufunc, value in calls:
            ufunc(out, value, out=out)
        return out

    return in_place
