"""Picking by condition and by number, and what comes in between or is left out along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from nbarray.errors import BroadcastError, DTypeError, IndexingError, InputError
from nbarray.expr.blocks import Select
from nbarray.expr.leaves import Arange
from nbarray.expr.node import Expr
from nbarray.expr.picking import Take, at_positions
from nbarray.expr.structure import View
from nbarray.grid.chunks import Chunks
from nbarray.grid.regions import AxisMap, Placement
from nbarray.kernels.program import Constant
from nbarray.ops.assigning import cast_to
from nbarray.ops.elementwise import astype, ufunc, where
from nbarray.ops.indexing import getitem
from nbarray.ops.joining import concatenate
from nbarray.ops.mapping import map_blocks
from nbarray.ops.masking import filled
from nbarray.ops.operands import as_expr, broadcast_to, sample
from nbarray.ops.shaping import moveaxis
from nbarray.ops.tasks import of_blocks

__all__ = ["choose", "delete", "insert", "is_nonzero", "nonzero", "select"]

#: So few runs of an axis that stay are joined as views; more are picked.
FEW_RUNS = 32


def nonzero(x: Expr) -> tuple[Expr, ...]:
    """The positions, along each axis, of what isn't zero, nor masked."""
    x = filled(x, np.zeros((), x.dtype)[()])
    mask = is_nonzero(x)
    return tuple(Select(_positions(x, k), mask) for k in range(x.ndim))


def is_nonzero(x: Expr) -> Expr:
    """Where NumPy takes elements for other than zero: texts that aren't empty, objects that are true."""
    if x.dtype.kind == "V":

        def nonzero(block: Any) -> Any:
            found = np.zeros(block.shape, bool)
            found[block.nonzero()] = True
            return found

        return of_blocks(nonzero, [(x, x.chunks)], x.chunks, range(x.ndim), bool)
    return ufunc(np.not_equal, x, np.zeros((), x.dtype)[()]) if x.dtype.kind in "SU" else astype(x, bool)


def _positions(x: Expr, axis: int) -> Expr:
    """The position along an axis, at each element."""
    line = Arange(
        Constant.of(np.int64(0)), Constant.of(np.int64(1)), np.dtype(np.int64), Chunks((x.chunks.axes[axis],))
    )
    maps = tuple(AxisMap(0, 0, 1, n) if k == axis else AxisMap(-1, 0, 0, n) for k, n in enumerate(x.sizes))
    return View(line, Placement(maps))


def choose(chosen: Expr, parts: Sequence[Any], mode: str) -> Expr:
    """Elements of the n-th part where `chosen` is n."""
    choices = [as_expr(p) if isinstance(p, Expr) else as_expr(np.asarray(p)) for p in parts]
    try:
        samples = [
            p if type(p) in (bool, int, float, complex) else np.empty(0, c.dtype)
            for p, c in zip(parts, choices, strict=True)
        ]
        made = np.choose(np.empty(0, chosen.dtype), samples, mode=mode)  # type: ignore[call-overload]
    except TypeError as error:
        raise DTypeError(f"choose: {error}") from None
    except ValueError as error:
        raise InputError(f"choose: {error}") from None

    choices = [  # a number of Python's comes round where it doesn't fit
        as_expr(np.asarray(p).astype(made.dtype)) if type(p) in (bool, int, float, complex) else c
        for p, c in zip(parts, choices, strict=True)
    ]

    def choose_of(block: Any, *blocks: Any) -> Any:
        return np.choose(block, blocks, mode=mode)  # type: ignore[call-overload]

    try:
        shape = np.broadcast_shapes(chosen.sizes, *[c.sizes for c in choices])
    except ValueError as error:
        raise BroadcastError(f"choose: {error}") from None
    spread = [broadcast_to(e, shape) for e in (chosen, *choices)]
    return map_blocks(choose_of, spread, made.dtype)


def _sample(given: Any, choice: Expr) -> Any:
    """What stands for a choice when NumPy is asked for a dtype: Python's numbers have none of their own."""
    return given if type(given) in (bool, int, float, complex) else np.empty(0, choice.dtype)


def select(conditions: Sequence[Any], choices: Sequence[Any], default: Any) -> Expr:
    """Elements of the choice whose condition is the first that is true, else the default."""
    tests = [as_expr(c) for c in conditions]
    for k, test in enumerate(tests):
        if test.dtype.kind != "b":
            raise DTypeError(f"invalid entry {k} in condlist: should be boolean ndarray")
    values = [as_expr(c) for c in (*choices, default)]
    try:
        dtype = np.result_type(*[sample(v) for v in values])
    except TypeError as error:
        raise DTypeError(f"select: {error}") from None
    if isinstance(default, int) and dtype.kind in "iu":
        default = np.asarray(default).astype(dtype)[()]  # NumPy lets a number that doesn't fit come round
    made = cast_to(as_expr(default), dtype)
    for test, value in reversed(list(zip(tests, values[:-1], strict=True))):
        made = where(test, cast_to(value, dtype), made)
    return made


def _along(x: Expr, axis: int, positions: Any) -> Expr:
    return Take(x, (axis,), axis, at_positions((np.ascontiguousarray(positions),)))


def _resolved(call: Any) -> Any:
    """What NumPy makes of positions; its refusals become ours."""
    try:
        return call()
    except IndexError as error:
        raise IndexingError(str(error)) from None
    except ValueError as error:
        raise InputError(str(error)) from None


def delete(x: Expr, obj: Any, axis: int) -> Expr:
    """Without what lies at some positions along an axis."""
    size = x.sizes[axis]
    kept = _resolved(lambda: np.delete(np.arange(size), obj))
    edges = [0, *(np.flatnonzero(np.diff(kept) != 1) + 1).tolist(), len(kept)]
    if len(edges) - 1 > FEW_RUNS:
        return _along(x, axis, kept)
    lead = (slice(None),) * axis
    runs = [(int(kept[a]), int(kept[b - 1]) + 1) for a, b in pairwise(edges) if b > a]
    parts = [getitem(x, (*lead, slice(a, b))) for a, b in runs or [(0, 0)]]
    return parts[0] if len(parts) == 1 else cast_to(concatenate(parts, axis), x.dtype)


def insert(x: Expr, obj: Any, values: Any, axis: int) -> Expr:
    """Values in front of some positions along an axis, in the array's dtype."""
    size = x.sizes[axis]
    indices = _insert_positions(obj, size)
    new = values if isinstance(values, Expr) else as_expr(_resolved(lambda: np.asarray(values, x.dtype)))
    new = cast_to(new, x.dtype)
    if new.ndim < x.ndim:
        new = View(new, _with_leading_ones(new, x.ndim))
    if indices.ndim == 0:
        new = moveaxis(new, 0, axis)
    count = new.sizes[axis] if indices.size == 1 else indices.size
    shape = (*x.sizes[:axis], count, *x.sizes[axis + 1 :])
    if new.ndim != x.ndim or any(n not in (1, m) for n, m in zip(new.sizes, shape, strict=True)):
        raise BroadcastError(f"insert: could not broadcast input array from shape {new.sizes} into shape {shape}")
    new = broadcast_to(new, shape)
    if indices.size == 1:
        at = int(indices.reshape(-1)[0])
        if not -size <= at <= size:
            raise IndexingError(f"index {at} is out of bounds for axis {axis} with size {size}")
        at, lead = at + size if at < 0 else at, (slice(None),) * axis
        made = concatenate([getitem(x, (*lead, slice(0, at))), new, getitem(x, (*lead, slice(at, size)))], axis)
        return cast_to(made, x.dtype)  # joining makes native numbers of others
    order = _resolved(lambda: np.insert(np.arange(size), indices, size + np.arange(count)))
    return cast_to(_along(concatenate([x, new], axis), axis, order), x.dtype)


def _insert_positions(obj: Any, size: int) -> np.ndarray[Any, Any]:
    if isinstance(obj, slice):
        return np.arange(*obj.indices(size))
    given = np.asarray(obj)
    if given.dtype.kind == "b":
        if given.ndim != 1:
            raise InputError("boolean array argument obj to insert must be one dimensional")
        return np.flatnonzero(given)
    if given.ndim > 1:
        raise InputError("index array argument obj to insert must be one dimensional or scalar")
    if not given.size and not isinstance(obj, np.ndarray):
        return given.astype(np.int64)
    if given.dtype.kind not in "iu":
        raise IndexingError("arrays used as indices must be of integer (or boolean) type")
    return given


def _with_leading_ones(x: Expr, ndim: int) -> Placement:
    skip = ndim - x.ndim
    return Placement(
        tuple(AxisMap(-1, 0, 0, 1) if k < skip else AxisMap(k - skip, 0, 1, x.sizes[k - skip]) for k in range(ndim))
    )
