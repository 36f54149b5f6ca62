"""Scans: every element becomes what all before it and itself come to.

Two passes.  The first finds what each block comes to, the second scans each block and goes on from what
all blocks before it come to.  Nothing is stored but one number a line and block, so asking for the last
elements takes one pass and their blocks.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from nbarray.errors import DTypeError, InputError, NotBlocked
from nbarray.expr.blocks import MapBlocks, UserFunction, held_once
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks, regular
from nbarray.kernels.running import OPERATIONS, running_totals
from nbarray.ops.elementwise import astype, where
from nbarray.ops.elementwise import ufunc as call
from nbarray.ops.masking import filled, getdata, getmaskarray, put_on
from nbarray.ops.operands import normalize_axes, sample

__all__ = ["SCANNED", "named", "only_axis", "scan"]

#: The ufuncs that can be taken block by block, because it doesn't matter how they are bracketed.
SCANNED = (
    np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.logical_and, np.logical_or, np.logical_xor,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.gcd, np.lcm, np.hypot, np.logaddexp, np.logaddexp2,
)  # fmt: skip
#: Those that nothing changes which is less, or larger, than all else.
_LEAST, _LARGEST = (np.maximum, np.fmax), (np.minimum, np.fmin)
Block = np.ndarray[Any, Any]


def scan(ufunc: np.ufunc, x: Expr, axis: int, dtype: Any = None) -> Expr:
    """``ufunc.accumulate(x, axis)``; masked elements change nothing, and stay masked.

    Raises NotBlocked for other ufuncs, and for masked arrays where no value changes nothing; AxisError, DTypeError.
    """
    if ufunc not in SCANNED:
        raise NotBlocked(f"np.{ufunc.__name__}.accumulate has no blocked form; compute first: x.compute()")
    k = only_axis(axis, x.ndim)
    if dtype is not None and np.dtype(dtype).kind in "mM":
        x, dtype = astype(x, np.dtype(dtype)), None  # ufuncs take no unit for a dtype
    try:
        kind = np.asarray(ufunc.accumulate(np.atleast_1d(sample(x)).ravel()[:1], dtype=dtype)).dtype
    except TypeError as error:
        raise DTypeError(f"{ufunc.__name__}.accumulate of {x.dtype}: {error}") from None
    if x.masked:
        return _masked(ufunc, astype(x, kind), k)
    if not x.sizes[k]:
        return _blocks(f"scan by {ufunc.__name__}", lambda block: block.astype(kind), (x,), (x.chunks,), x.chunks, kind)
    count = x.chunks.axes[k].count
    if count == 1:
        whole = partial(ufunc.accumulate, axis=k, dtype=named(kind))
        return _blocks(f"scan by {ufunc.__name__}", whole, (x,), (x.chunks,), x.chunks, kind)
    one_each = _with_axis(x.chunks, k, count, 1)
    together = _with_axis(x.chunks, k, count, count)

    def total(block: Block) -> Block:
        return np.asarray(ufunc.reduce(block, axis=k, keepdims=True, dtype=named(kind)))

    def carry(totals: Block) -> Block:
        # what comes before the first block is never looked at
        done = ufunc.accumulate(totals, axis=k, dtype=named(kind))
        return np.roll(done, 1, axis=k)

    first = (*(slice(None),) * k, slice(0, 1))

    def go_on(block: Block, before: Block, block_id: tuple[int, ...]) -> Block:
        if ufunc is np.multiply and kind.kind in "fc" and block_id[k]:
            block = block.astype(kind)  # one after the other: what comes to infinity by itself would be 0 * inf
            block[first] *= before
            return np.asarray(ufunc.accumulate(block, axis=k, out=block))
        scanned = np.asarray(ufunc.accumulate(block, axis=k, dtype=named(kind)))
        return scanned if block_id[k] == 0 else np.asarray(ufunc(before, scanned, out=scanned))

    def quickly(block: Block, before: Block, block_id: tuple[int, ...]) -> Block:
        made = running_totals(block, None if block_id[k] == 0 else before)
        return go_on(block, before, block_id) if made is None else made

    name = ufunc.__name__
    quick = (quickly, OPERATIONS) if ufunc is np.add and x.dtype == kind and k == x.ndim - 1 else None
    totals = _blocks(f"total by {name}", total, (x,), (x.chunks,), one_each, kind)
    carried = _blocks(f"carry by {name}", carry, (totals,), (together,), together, kind)
    return _blocks(f"scan by {name}", go_on, (x, carried), (x.chunks, one_each), x.chunks, kind, True, quick)


def only_axis(axis: Any, ndim: int) -> int:
    """An axis as ufuncs' methods along one take it: an integer, also in a tuple, or None for the only one."""
    axes = normalize_axes(axis if axis is None or isinstance(axis, tuple) else (axis,), ndim)
    if len(axes) != 1:
        raise InputError(f"axis={axis!r}: accumulate and reduceat do not allow multiple axes")
    return axes[0]


def _masked(ufunc: np.ufunc, x: Expr, axis: int) -> Expr:
    hidden = getmaskarray(x)
    made = scan(ufunc, filled(x, _neutral(ufunc, x.dtype)), axis)
    if ufunc in (np.gcd, np.lcm, np.hypot):  # they make positive numbers of all but the first, which stays what it is
        seen = scan(np.add, astype(call(np.logical_not, hidden), np.intp), axis)
        made = where(call(np.equal, seen, 1), getdata(x), made)
    return put_on(made, hidden)


def named(dtype: np.dtype[Any]) -> Any:
    """A dtype as the methods of ufuncs take it: they don't let dates' units be named."""
    return dtype.type if dtype.kind in "mM" else dtype


def _neutral(ufunc: np.ufunc, dtype: np.dtype[Any]) -> Any:
    """A value of a dtype that changes nothing, whatever a ufunc puts it together with."""
    value = 1 if ufunc is np.lcm else ufunc.identity
    if ufunc in (np.fmax, np.fmin) and dtype.kind in "fcmM":
        value = np.array("NaT", dtype) if dtype.kind in "mM" else np.nan
    elif ufunc in _LEAST or ufunc in _LARGEST:
        value = _end_of(dtype, ufunc in _LARGEST)
    if value is None:
        raise NotBlocked(
            f"np.{ufunc.__name__}.accumulate of a masked array of {dtype} has no blocked form: no value stands for "
            "nothing; fill what is masked first"
        )
    return np.asarray(value).astype(dtype)[()]


def _end_of(dtype: np.dtype[Any], largest: bool) -> Any:
    """The least or largest value of a dtype; None for those that have none."""
    if dtype.kind in "fc":
        end = np.inf if largest else -np.inf
        return complex(end, end) if dtype.kind == "c" else end
    if dtype.kind == "b":
        return largest
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return limits.max if largest else limits.min
    if dtype.kind in "mM":  # the least number is NaT
        limits = np.iinfo(np.int64)
        return np.array(limits.max if largest else limits.min + 1).view(dtype.newbyteorder("="))
    return None


def _with_axis(chunks: Chunks, axis: int, size: int, step: int) -> Chunks:
    return Chunks(tuple(regular(size, step) if k == axis else a for k, a in enumerate(chunks.axes)))


def _blocks(
    name: str,
    function: Any,
    args: tuple[Expr, ...],
    argument_chunks: tuple[Chunks, ...],
    chunks: Chunks,
    dtype: np.dtype[Any],
    wants_block_id: bool = False,
    quick: tuple[Any, int] | None = None,
) -> Expr:
    """A function of blocks that lie at the same place of arguments of different shapes."""
    held = held_once(UserFunction(function, {}, wants_block_id, False, False, ours=name, quick=quick))
    return MapBlocks(held, args, argument_chunks, chunks, tuple(range(len(chunks.axes))), dtype)
