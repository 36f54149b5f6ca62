"""Methods of ufuncs: reduce, accumulate, reduceat, outer.

Where it doesn't matter how elements are bracketed, blocks come first and then what they come to.  Any other ufunc is
called on whole lines, so that it does what it does for NumPy; lines that are longer than a chunk may be are refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.config import current
from nbarray.errors import AxisError, DTypeError, IndexingError, InputError, NotBlocked
from nbarray.expr.node import Expr
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.ops.along import whole_lines
from nbarray.ops.creation import full
from nbarray.ops.elementwise import astype, ufunc
from nbarray.ops.elementwise import where as choose
from nbarray.ops.indexing import getitem, slab
from nbarray.ops.lines import asked_of_numpy
from nbarray.ops.operands import as_expr, broadcast_to, drop_axes, normalize_axes
from nbarray.ops.reductions import check_first, reduction
from nbarray.ops.scans import SCANNED, named, only_axis, scan
from nbarray.ops.shaping import expand_dims
from nbarray.ops.tasks import of_blocks

__all__ = ["accumulate", "outer", "reduce", "reduceat"]

#: Rows of the table of reductions.
REDUCTION_OF = {
    np.add: "sum",
    np.multiply: "prod",
    np.minimum: "min",
    np.maximum: "max",
    np.logical_or: "any",
    np.logical_and: "all",
}
#: How many parts are put together at once.
FAN = 16
Block = np.ndarray[Any, Any]


def reduce(
    function: np.ufunc,
    x: Expr,
    axis: Any = 0,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Any = np._NoValue,
    where: Any = True,
) -> Expr:
    """``function.reduce(x, axis)``.

    Raises AxisError, DTypeError, InputError (nothing to reduce, several axes where order matters), NotBlocked for lines
    that are too long.
    """
    begun = None if initial is np._NoValue else initial
    if function in REDUCTION_OF and (not x.dtype.hasobject or function in (np.add, np.multiply)):
        if initial is None and x.ndim:
            check_first(function, x, normalize_axes(axis, x.ndim), where)
        logical = function in (np.logical_or, np.logical_and)
        options: dict[str, Any] = {"keepdims": bool(keepdims), "initial": np._NoValue if logical else initial}
        if where is not True:
            options["where"] = where
        if dtype is None or function in (np.add, np.multiply):
            found = reduction(REDUCTION_OF[function], x, axis, dtype=dtype, **options)
            return found if begun is None or not logical else ufunc(function, begun, found)
    _refuse(function, "reduce", x)
    if x.ndim == 0 and not isinstance(axis, tuple) and axis in (0, -1, None):
        made = reduce(function, expand_dims(x, 0), 0, dtype, False, initial, where)
        return made
    axes = normalize_axes(axis, x.ndim)
    one = np.zeros((1,) * x.ndim, x.dtype)
    kind = asked_of_numpy(function.reduce, one, axis=axes, dtype=dtype, keepdims=True).dtype  # an object has no dtype
    if initial is None:
        check_first(function, x, axes, where)
    empty = not math.prod(x.sizes[k] for k in axes)
    if function in SCANNED and not x.dtype.hasobject and not empty:
        x = astype(x, kind) if kind.kind == "f" else x  # whole numbers can't tell what changes nothing from others
        made = _by_parts(function, x if where is True else _filled(function, x, where, initial), axes, kind, initial)
        if begun is not None:
            made = ufunc(function, np.asarray(begun, kind)[()], made)
    elif empty:
        made = _of_nothing(function, x, axes, kind, initial)
    else:
        made = _by_lines(function, x, axes, kind, initial, where)
    return made if keepdims else drop_axes(made, axes)


def _refuse(function: np.ufunc, method: str, x: Expr) -> None:
    if function.nin != 2 or function.nout != 1 or function.signature is not None:
        raise InputError(f"{method} only supported for binary functions, not for {function.__name__}")
    if x.masked:
        raise NotBlocked(f"np.{function.__name__}.{method} of masked arrays has no blocked form; fill them first")


def _filled(function: np.ufunc, x: Expr, condition: Any, initial: Any) -> Expr:
    """What doesn't count replaced by what changes nothing."""
    nothing = function.identity if function.identity is not None or initial is np._NoValue else initial
    if nothing is None:
        raise InputError(_needs_initial(function))
    return choose(broadcast_to(_condition(condition), x.sizes), x, np.asarray(nothing).astype(x.dtype)[()])


def _condition(given: Any) -> Expr:
    chosen = as_expr(given)
    if chosen.dtype.kind != "b":
        raise DTypeError(f"where= must be a boolean array, not {chosen.dtype}")
    return chosen


def _needs_initial(function: np.ufunc) -> str:
    return (
        f"reduction operation '{function.__name__}' does not have an identity, so to use a where mask one has to "
        "specify 'initial'"
    )


def _of_nothing(function: np.ufunc, x: Expr, axes: tuple[int, ...], kind: Any, initial: Any) -> Expr:
    start = function.identity if initial is np._NoValue else initial
    if start is None:
        raise InputError(f"zero-size array to reduction operation {function.__name__} which has no identity")
    shape = tuple(1 if k in axes else n for k, n in enumerate(x.sizes))
    return astype(full(shape, np.asarray(start).astype(kind)[()]), kind)  # objects are numbers by themselves


def _by_parts(function: np.ufunc, x: Expr, axes: tuple[int, ...], kind: np.dtype[Any], initial: Any) -> Expr:
    """What blocks come to, then what those come to; reduced axes stay with length 1."""
    first = {"initial": None} if initial is None else {}  # or what changes nothing, save that it makes numbers positive

    def part(block: Block) -> Block:
        return np.asarray(function.reduce(block, axis=axes, keepdims=True, dtype=named(kind), **first))

    part.__name__ = f"{function.__name__}.reduce"
    cut, made = x.chunks, x
    while True:
        fewer = [regular(a.count, 1) if k in axes else a for k, a in enumerate(cut.axes)]
        made = of_blocks(part, [(made, cut)], Chunks(tuple(fewer)), range(x.ndim), kind)
        if all(made.sizes[k] == 1 for k in axes):
            return made
        cut = Chunks(tuple(regular(a.size, FAN) if k in axes else a for k, a in enumerate(made.chunks.axes)))


def _lines(function: np.ufunc, method: str, x: Expr, axis: int) -> Chunks:
    """Cuts with whole lines along an axis; NotBlocked where they are too long."""
    room = max(1, current().chunk_bytes // max(1, x.dtype.itemsize))
    if x.chunks.axes[axis].count > 1 and x.sizes[axis] > room:
        name = f"np.{function.__name__}.{method}"
        raise NotBlocked(
            f"{name} of lines of {x.sizes[axis]} elements has no blocked form, since their order matters; allow "
            f'larger chunks with nb.config(chunk_bytes="..."), or compute first: {name}(x.compute())'
        )
    return whole_lines(x, axis, room)


def _by_lines(
    function: np.ufunc, x: Expr, axes: tuple[int, ...], kind: np.dtype[Any], initial: Any, where: Any
) -> Expr:
    if len(axes) > 1:
        raise InputError(
            f"reduction operation '{function.__name__}' is not reorderable, so at most one axis may be specified"
        )
    if where is not True and initial is np._NoValue and function.identity is None:
        raise InputError(_needs_initial(function))
    cut = _lines(function, "reduce", x, axes[0]) if axes else x.chunks
    operands = [(x, cut)]
    if where is not True:
        operands.append((broadcast_to(_condition(where), x.sizes), cut))

    def line(block: Block, chosen: Any = True) -> Block:
        return np.asarray(
            function.reduce(block, axis=axes, keepdims=True, dtype=named(kind), initial=initial, where=chosen)
        )

    line.__name__ = f"{function.__name__}.reduce"
    chunks = Chunks(tuple(regular(1, 1) if k in axes else a for k, a in enumerate(cut.axes)))
    return of_blocks(line, operands, chunks, range(x.ndim), kind)


def accumulate(function: np.ufunc, x: Expr, axis: Any = 0, dtype: Any = None) -> Expr:
    """``function.accumulate(x, axis)``; masked elements change nothing (NumPy looks behind their mask here).

    Raises AxisError, DTypeError, NotBlocked for lines too long where their order matters, and there for masked arrays.
    """
    if x.ndim == 0:
        raise DTypeError("cannot accumulate on a scalar")
    if function in SCANNED and not x.dtype.hasobject:
        return scan(function, x, axis, dtype)
    _refuse(function, "accumulate", x)
    k = only_axis(axis, x.ndim)
    kind = asked_of_numpy(function.accumulate, np.zeros(1, x.dtype), dtype=dtype).dtype
    cut = _lines(function, "accumulate", x, k)

    def line(block: Block) -> Block:
        return function.accumulate(block, axis=k, dtype=named(kind)) if block.size else block.astype(kind)

    line.__name__ = f"{function.__name__}.accumulate"
    return of_blocks(line, [(x, cut)], cut, range(x.ndim), kind)


def reduceat(function: np.ufunc, x: Expr, indices: Any, axis: Any = 0, dtype: Any = None) -> Expr:
    """``function.reduceat(x, indices, axis)``: whole slices are in one task, neighbours together.

    Raises AxisError, DTypeError, IndexingError; NotBlocked for blocked indices, and where indices go back and lines are
    too long.
    """
    _refuse(function, "reduceat", x)
    if isinstance(indices, Expr):
        raise NotBlocked("reduceat: indices are needed before anything is computed; compute them first")
    at = asked_of_numpy(np.array, indices, np.intp)
    if at.ndim != 1:
        raise InputError(f"{function.__name__}.reduceat: expected a list of places, not {at.ndim} axes of them")
    if x.ndim == 0:
        raise DTypeError("cannot reduceat on a scalar")
    k = only_axis(axis, x.ndim)
    outside = at[(at < 0) | (at >= x.sizes[k])]
    if outside.size:
        raise IndexingError(f"index {outside[0]} out-of-bounds in {function.__name__}.reduceat [0, {x.sizes[k]})")
    kind = asked_of_numpy(function.reduceat, np.zeros(1, x.dtype), [0], dtype=dtype).dtype
    if not at.size:
        return full((*x.sizes[:k], 0, *x.sizes[k + 1 :]), np.zeros((), kind))
    if (np.diff(at) > 0).all():
        return _by_slices(function, x, at, k, kind)
    cut = _lines(function, "reduceat", x, k)
    chunks = Chunks(tuple(regular(at.size, at.size) if j == k else a for j, a in enumerate(cut.axes)))
    return of_blocks(_reduceat(function, k, kind, lambda _: at), [(x, cut)], chunks, range(x.ndim), kind, block_id=True)


def _by_slices(function: np.ufunc, x: Expr, at: Block, axis: int, kind: np.dtype[Any]) -> Expr:
    """Slices one behind the other, as many in a block as make up about a chunk."""
    first = int(at[0])
    x = slab(x, axis, slice(first, None)) if first else x
    starts = (at - first).astype(np.int64)
    wanted = max(1, x.chunks.axes[axis].largest)
    groups = np.flatnonzero(np.diff(starts // wanted, prepend=-1))
    bounds = np.append(groups, at.size)
    cut = AxisChunks.from_offsets(np.append(starts[groups], x.sizes[axis]))
    sizes = AxisChunks.of(np.diff(bounds).tolist())

    def own(number: int) -> Block:
        here = starts[bounds[number] : bounds[number + 1]]
        return here - here[0]

    pieces = [Chunks(tuple(new if j == axis else a for j, a in enumerate(x.chunks.axes))) for new in (cut, sizes)]
    return of_blocks(
        _reduceat(function, axis, kind, own), [(x, pieces[0])], pieces[1], range(x.ndim), kind, block_id=True
    )


def _reduceat(
    function: np.ufunc, axis: int, kind: np.dtype[Any], indices: Callable[[int], Block]
) -> Callable[..., Block]:
    def slices(block: Block, block_id: tuple[int, ...]) -> Block:
        if not block.size:
            shape = list(block.shape)
            shape[axis] = len(indices(block_id[axis]))
            return np.zeros(shape, kind)
        return function.reduceat(block, indices(block_id[axis]), axis=axis, dtype=named(kind))

    slices.__name__ = f"{function.__name__}.reduceat"
    return slices


def outer(function: np.ufunc, a: Any, b: Any, **options: Any) -> Any:
    """``function.outer(a, b)``: all pairs."""
    if function.nin != 2:
        raise InputError(f"outer product only supported for binary functions, not for {function.__name__}")
    x, y = (as_expr(np.asarray(v)[()] if np.isscalar(v) else v) for v in (a, b))
    if x.ndim + y.ndim > 64:
        raise AxisError(f"{function.__name__}.outer: {x.ndim + y.ndim} axes are too many")
    return ufunc(function, getitem(x, (..., *(None,) * y.ndim)) if x.ndim and y.ndim else x, y, **options)
