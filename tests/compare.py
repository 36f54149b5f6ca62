"""The one comparison: nbarray's answer against NumPy's, in values, dtype, shape, mask and errors.

`check` carries all truth.  `same` calls one function on NumPy arrays and on the same arrays cut into chunks, and
checks that it makes no difference.  `check_blocks` looks at an array block by block.  `tiny_tasks` makes a few dozen
elements go the way that gigabytes go: many tasks, several steps in each, several tiles in each of those.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import NBArrayError
from nbarray.plan.again import forget_plans

__all__ = ["all_tasks_are_tiny", "check", "check_blocks", "same", "tiny_tasks"]

#: Relative error that sums may have by being added up in another order.
CLOSE = {
    np.dtype(np.float16): 2e-3,
    np.dtype(np.float32): 4e-6,
    np.dtype(np.complex64): 4e-6,
    np.dtype(np.longdouble): 1e-14,
    np.dtype(np.clongdouble): 1e-14,
}
CLOSE_DOUBLE = 1e-13
#: What makes tasks large; few enough elements for a test to go through all of them.
SIZES = {
    "TILE_ELEMENTS": 12,
    "TILE_BYTES": 96,
    "SMALLEST_TILE": 4,
    "LARGEST_TILE": 12,
    "FEWEST": 24,
    "MOST": 64,
    "FOLD_DEPTH": 2,
    "STEP_ELEMENTS": 16,
    "FREE_STEP_BYTES": 192,
    "MERGE_FAN": 2,
    "CHAINED_BYTES": 80,
    "LONGEST": 3,
    "PRODUCT_SIDE": 3,
    "LEAST_WORK": 8,
    "SQUARE": 3,
    "RUN_ELEMENTS": 8,
    # what is kept of so many tasks is nothing that a small array's budget is about
    "UNCOUNTED_BYTES": 2**30,
}


def same(function: Callable[..., Any], *arrays: Any, chunks: Any = 3, close: bool = False) -> None:
    """`function` does to blocked arrays what it does to NumPy arrays; what isn't an array is handed on as it is."""
    assert callable(function), "`same` compares what a function does; `check` compares results"
    blocked = [nb.from_array(a, chunks=chunks) if isinstance(a, np.ndarray) else a for a in arrays]
    within = max((CLOSE.get(a.dtype, CLOSE_DOUBLE) for a in arrays if isinstance(a, np.ndarray)), default=0.0)
    check(lambda: function(*blocked), lambda: function(*arrays), within=within if close else None)


def check(blocked: Any, expected: Any, *, within: float | None = None, scale: float = 0.0) -> None:
    """What nbarray makes is what NumPy makes, or both refuse.

    blocked, expected : results, or functions without arguments that make them.  Where NumPy raises an error, nbarray
        has to raise one of its own that is of NumPy's type as well, at the call or when the result is computed.
    within : floats may differ by this relative error, as sums do that are added up in another order, or by what is
        usual for their dtype; None: they are the same bits
    scale : the largest number that they were made of, if it is larger than they are
    """
    with quiet():
        wanted, refusal = outcome(expected)
        if refusal is None:
            compare(blocked() if callable(blocked) else blocked, wanted, within, scale)
            return
        made, error = outcome(lambda: computed(blocked() if callable(blocked) else blocked))
    assert error is not None, f"NumPy raises {refusal!r}, but nbarray gives {made!r}"
    same_type = isinstance(error, base_of(type(refusal)))
    ours = isinstance(error, NBArrayError) or not isinstance(refusal, ValueError | IndexError)
    assert same_type and ours, f"NumPy raises {refusal!r}, nbarray {error!r}"  # noqa: PT018 - one message


def outcome(make: Any) -> tuple[Any, Exception | None]:
    """What a function returns or raises."""
    if not callable(make):
        return make, None
    try:
        return make(), None
    except Exception as error:  # any: which one is what is being compared
        return None, error


def base_of(kind: type[Exception]) -> type[Exception]:
    """The public type of an error: NumPy has private types under it."""
    public = (k for k in kind.__mro__ if k.__module__ == "builtins")
    return next(public)


def computed(value: Any) -> Any:
    """Results in place of blocked arrays."""
    if isinstance(value, tuple | list):
        return type(value)(computed(v) for v in value)
    return value.compute() if isinstance(value, nb.Array) else value


def compare(blocked: Any, expected: Any, within: float | None, scale: float = 0.0) -> None:
    """A result is the expected one, and the array that made it promised it so."""
    if isinstance(expected, tuple | list):
        assert len(expected) == len(blocked)
        for b, e in zip(blocked, expected, strict=True):
            compare(b, e, within, scale)
        return
    actual = computed(blocked)
    if isinstance(blocked, nb.Array):
        compare_promise(blocked, actual)
        if blocked.dtype != object:  # by themselves they are what they are
            same_form(actual, expected)
    else:
        assert type(expected) is type(actual)
    same_values(actual, expected, within, scale)


def compare_promise(blocked: nb.Array, actual: Any) -> None:
    """An array is of the shape and dtype it said it would be."""
    assert blocked.shape == np.shape(actual)
    assert blocked.size == np.size(actual)
    if actual is not np.ma.masked:
        same_dtypes(np.asarray(actual), blocked.dtype)
    assert blocked.shape == tuple(sum(c) for c in blocked.chunks)
    assert blocked.numblocks == tuple(len(c) for c in blocked.chunks)
    assert isinstance(actual, np.ma.MaskedArray) == (blocked.masked and blocked.ndim > 0) or blocked.ndim == 0


def same_form(actual: Any, expected: Any) -> None:
    """What has no axes is an array, NumPy's scalar or Python's own number where NumPy's is one."""
    assert form_of(expected) == form_of(actual)


def form_of(value: Any) -> str:
    """An array, a scalar, `np.ma.masked`, or a number of Python's."""
    if np.ndim(value) or isinstance(value, np.ndarray):
        return "masked" if value is np.ma.masked else "array"
    return "scalar" if isinstance(value, np.generic) else "Python's"


def check_blocks(blocked: nb.Array) -> None:
    """Each block is of the shape, dtype and kind promised, is told its right place, and holds what belongs there."""
    whole = blocked.compute()

    def look(block: Any, block_id: tuple[int, ...]) -> Any:
        starts = [sum(sizes[:k]) for sizes, k in zip(blocked.chunks, block_id, strict=True)]
        sizes = [sizes[k] for sizes, k in zip(blocked.chunks, block_id, strict=True)]
        assert tuple(sizes) == block.shape
        assert blocked.dtype == block.dtype
        assert blocked.masked == isinstance(block, np.ma.MaskedArray)
        part = tuple(slice(a, a + n) for a, n in zip(starts, sizes, strict=True))
        same_values(block, whole[part] if part else np.asarray(whole), None)
        return block

    same_values(blocked.map_blocks(look, dtype=blocked.dtype).compute(), whole, None)


def same_values(actual: Any, expected: Any, within: float | None, scale: float = 0.0) -> None:
    """Shape, dtype, mask and values agree."""
    assert np.shape(expected) == np.shape(actual), f"shape {np.shape(expected)} == {np.shape(actual)}"
    if np.asarray(expected).dtype.names:
        same_dtypes(np.asarray(actual), np.asarray(expected).dtype)
        for name in np.asarray(expected).dtype.names:
            same_values(actual[name], expected[name], within, scale)
        return
    wanted_mask, mask = np.ma.getmaskarray(expected), np.ma.getmaskarray(actual)
    if np.ndim(expected):
        kinds = [isinstance(a, np.ma.MaskedArray) for a in (expected, actual)]
        assert kinds[0] == kinds[1], f"masked: {kinds[0]} == {kinds[1]}"
    np.testing.assert_array_equal(mask, wanted_mask, "mask")
    if actual is np.ma.masked or expected is np.ma.masked:
        return
    wanted, values = np.ma.getdata(expected), np.ma.getdata(actual)
    same_dtypes(values, wanted.dtype)
    if wanted.dtype.hasobject:
        same_objects(values[~mask], wanted[~mask], within)
    elif within is not None and wanted.dtype.kind in "fc":
        same_floats(values[~mask], wanted[~mask], max(within, CLOSE.get(wanted.dtype, CLOSE_DOUBLE)), scale)
    else:
        same_bits(values[~mask], wanted[~mask], signs=not isinstance(expected, np.ma.MaskedArray))


def same_dtypes(values: Any, wanted: np.dtype[Any]) -> None:
    """Arrays are of the wanted dtype; numbers and texts alone have no byte order, and the length they have."""
    if np.ndim(values) == 0:
        if wanted.kind == "O":
            return  # a Python object by itself
        assert wanted.kind == values.dtype.kind
        assert wanted.kind in "SU" or wanted.itemsize == values.dtype.itemsize
    else:
        assert wanted == values.dtype


def same_floats(values: Any, wanted: Any, tolerance: float, least: float = 0.0) -> None:
    """Floats are as close as sums in another order are, of numbers of at least some scale."""
    scale = np.abs(wanted[np.isfinite(wanted)]).max(initial=least)
    np.testing.assert_allclose(values, wanted, rtol=tolerance, atol=tolerance * float(scale))


def same_bits(values: Any, wanted: Any, signs: bool) -> None:
    """Values are equal, with the sign of zero (which numpy.ma forgets at times); NaN is NaN."""
    np.testing.assert_array_equal(values, wanted)
    if not signs:
        return
    if wanted.dtype.kind == "f":
        numbers = ~np.isnan(wanted)
        np.testing.assert_array_equal(np.signbit(values[numbers]), np.signbit(wanted[numbers]), "sign")
    if wanted.dtype.kind == "c":
        same_bits(values.real, wanted.real, signs)
        same_bits(values.imag, wanted.imag, signs)


def same_objects(values: Any, wanted: Any, within: float | None) -> None:
    """Objects are equal, or neither is equal to itself, as NaN; floats among them may have been added up otherwise."""
    floats = [isinstance(w, float | complex | np.inexact) for w in wanted]
    scale = max((abs(w) for w, is_float in zip(wanted, floats, strict=True) if is_float and np.isfinite(w)), default=0)
    for value, one, is_float in zip(values, wanted, floats, strict=True):
        alike = value == one or (value != value and one != one)
        if not alike and is_float and within is not None:
            alike = abs(value - one) <= max(within, CLOSE_DOUBLE) * scale
        assert alike, f"{wanted!r} == {values!r}"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """NumPy warns of divisions by zero, means of nothing and the like, and so do blocks: that isn't compared."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def tiny_tasks() -> Iterator[None]:
    """Cut work as for arrays that are a thousand times larger."""
    found = [
        (module, name)
        for key, module in list(sys.modules.items())
        if key.startswith("nbarray.")
        for name in SIZES
        if name in vars(module)
    ]
    missing = set(SIZES) - {name for _, name in found}
    assert not missing, f"no module has {missing}: give them their new names here"
    before = [(module, name, getattr(module, name)) for module, name in found]
    for module, name in found:
        setattr(module, name, SIZES[name])
    forget_plans()
    try:
        yield
    finally:
        forget_plans()
        for module, name, value in before:
            setattr(module, name, value)


@pytest.fixture(autouse=True)
def all_tasks_are_tiny() -> Iterator[None]:
    """Every test where this is imported cuts its work into many tasks, steps and tiles."""
    with tiny_tasks():
        yield
