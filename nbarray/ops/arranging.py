"""Arrays put together of others, or of themselves: tiles, rolls, turns, splits, nested blocks, grids."""

from __future__ import annotations

import math
import operator
from itertools import pairwise
from typing import Any

import numpy as np

from nbarray.config import current
from nbarray.errors import AxisError, DTypeError, InputError, ShapeError
from nbarray.expr.blocks import MapBlocks, UserFunction, held_once
from nbarray.expr.leaves import Arange
from nbarray.expr.node import Expr
from nbarray.expr.structure import Rechunk
from nbarray.grid.chunks import Chunks, regular
from nbarray.kernels.program import Constant
from nbarray.ops.creation import full
from nbarray.ops.elementwise import astype
from nbarray.ops.indexing import slab
from nbarray.ops.joining import concatenate
from nbarray.ops.operands import as_expr, as_sizes, broadcast_to, given_chunks, normalize_axes
from nbarray.ops.scans import scan
from nbarray.ops.shaping import expand_dims, flip, rechunk, reshape, swapaxes

__all__ = ["array_split", "at_least", "block", "indices", "resize", "roll", "rot90", "tile", "vander"]

#: Up to so many copies are so many parts; more are made block by block, of an axis that is shorter than this.
FEW, SHORT = 64, 2**16


def at_least(x: Expr, ndim: int) -> Expr:
    """With axes of length 1 in front, until there are `ndim`; the third axis comes last, as NumPy has it."""
    if ndim == 3 and x.ndim in (1, 2):
        x = expand_dims(x, x.ndim)
    return expand_dims(x, tuple(range(ndim - x.ndim))) if x.ndim < ndim else x


def tile(x: Expr, reps: Any) -> Expr:
    """`x` beside itself, so many times along each axis."""
    times = as_sizes(reps)
    if any(n < 0 for n in times):
        raise ShapeError(f"tile: negative dimensions are not allowed: reps={reps!r}")
    x = expand_dims(x, tuple(range(len(times) - x.ndim))) if len(times) > x.ndim else x
    times = (1,) * (x.ndim - len(times)) + times
    for axis, count in enumerate(times):
        if count == 1:
            continue
        if count == 0:
            x = slab(x, axis, slice(0, 0))
        elif x.sizes[axis] == 1:
            x = broadcast_to(x, (*x.sizes[:axis], count, *x.sizes[axis + 1 :]))
        elif count <= FEW or x.sizes[axis] >= SHORT:
            x = concatenate([x] * count, axis, x.dtype)
        else:
            x = _many_copies(x, axis, count)
    return x


def _many_copies(x: Expr, axis: int, count: int) -> Expr:
    """Very many copies of a short axis: each block takes what it needs of the whole axis."""
    short = Chunks(tuple(regular(n, max(1, n)) if k == axis else x.chunks.axes[k] for k, n in enumerate(x.sizes)))
    size = count * x.sizes[axis]
    room = max(1, current().chunk_bytes // max(1, x.dtype.itemsize * math.prod(short.largest) // max(1, x.sizes[axis])))
    long = regular(size, max(1, min(size, room)))
    line = Arange(Constant.of(0), Constant.of(1), np.dtype(np.int64), Chunks((long,)))
    positions = expand_dims(line, tuple(k for k in range(x.ndim) if k != axis))

    def tile(at: np.ndarray[Any, Any], values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return values.take(at.ravel() % values.shape[axis], axis)

    held = held_once(UserFunction(tile, {}, False, False, x.masked))
    made = Chunks(tuple(long if k == axis else a for k, a in enumerate(short.axes)))
    args = (positions, rechunk(x, short.tuples()))
    return MapBlocks(held, args, (positions.chunks, short), made, tuple(range(x.ndim)), x.dtype)


def resize(x: Expr, new_shape: Any) -> Expr:
    """Another shape of another size: elements in C order, again from the first when there are no more."""
    sizes = as_sizes(new_shape)
    if any(n < 0 for n in sizes):
        raise InputError(f"resize: all elements of `new_shape` must be non-negative, not {new_shape!r}")
    size, old = math.prod(sizes), math.prod(x.sizes)
    if not size or not old:
        return full(sizes, np.zeros((), x.dtype))
    line = astype(reshape(x, -1), np.result_type(x.dtype, x.dtype))  # in this machine's byte order, as joined
    return reshape(slab(tile(line, -(-size // old)), 0, slice(0, size)), sizes)


def roll(x: Expr, shift: Any, axis: Any = None) -> Expr:
    """Elements moved along axes; those that leave at the end come back at the beginning."""
    if axis is None:
        return reshape(roll(reshape(x, -1), shift, 0), x.sizes)
    axes = np.atleast_1d(np.asarray(axis))
    if axes.size and axes.dtype.kind not in "iu":
        raise DTypeError(f"roll: axis={axis!r}; expected integers")
    try:
        pairs = np.broadcast(shift, axis)
    except ValueError as error:
        raise ShapeError(f"roll: shift={shift!r} and axis={axis!r}: {error}") from None
    if pairs.ndim > 1:
        raise InputError("roll: 'shift' and 'axis' should be scalars or 1D sequences")
    normalize_axes(tuple({int(a) % max(1, x.ndim) if -x.ndim <= a < x.ndim else int(a) for a in axes}), x.ndim)
    by_axis = dict.fromkeys(range(x.ndim), 0)
    for step, k in pairs:
        by_axis[int(k) % x.ndim] += int(step)
    for k, step in by_axis.items():
        n = x.sizes[k]
        start = -step % n if n else 0
        if start:
            x = concatenate([slab(x, k, slice(start, n)), slab(x, k, slice(0, start))], k, x.dtype)
    return x


def rot90(x: Expr, k: int = 1, axes: Any = (0, 1)) -> Expr:
    """Turned by 90 degrees `k` times, from the first of `axes` towards the second."""
    given = tuple(axes)
    if len(given) != 2:
        raise InputError("rot90: len(axes) must be 2")
    first, second = (operator.index(a) for a in given)
    if first == second or abs(first - second) == x.ndim:
        raise InputError("rot90: Axes must be different")
    if any(not -x.ndim <= a < x.ndim for a in (first, second)):
        raise InputError(f"rot90: Axes={given} out of range for array of ndim={x.ndim}")
    turns = operator.index(k) % 4
    if turns == 2:
        return flip(flip(x, first), second)
    if turns == 1:
        return swapaxes(flip(x, second), first, second)
    return flip(swapaxes(x, first, second), second) if turns else x


def array_split(x: Expr, where: Any, axis: int = 0, equal: bool = False) -> list[Expr]:
    """Parts of an axis: so many, the first ones longer by one, or cut at positions.

    Raises InputError for no parts, and with `equal` where parts would differ in size.
    """
    if not x.ndim or not -x.ndim <= axis < x.ndim:
        raise AxisError(f"array_split: axis {axis} is out of bounds for array of dimension {x.ndim}")
    k = axis % x.ndim
    n = x.sizes[k]
    if hasattr(where, "__len__"):
        cuts = [0, *where, n]
    else:
        count = operator.index(where)
        if count <= 0:
            raise InputError("array_split: number sections must be larger than 0.")
        if equal and n % count:
            raise InputError(f"split: array split does not result in an equal division: {n} elements in {count}")
        longer = n % count
        cuts = [i * (n // count) + min(i, longer) for i in range(count + 1)]
    return [slab(x, k, slice(a, b)) for a, b in pairwise(cuts)]


def block(arrays: Any) -> Expr:
    """Nested lists of arrays put together: the innermost along the last axis.  Raises InputError for uneven lists."""
    depth, deepest = _depth(arrays, ())
    return _joined(arrays, depth, max(depth, deepest))


def _depth(arrays: Any, place: tuple[int, ...]) -> tuple[int, int]:
    """How deep lists are nested, and the most axes of an array in them."""
    if isinstance(arrays, tuple):
        raise DTypeError(
            f"block: arrays{_place(place)} is a tuple; only lists can be used to arrange blocks, and np.block does "
            "not allow implicit conversion from tuple to ndarray"
        )
    if not isinstance(arrays, list):
        return 0, as_expr(arrays).ndim
    if not arrays:
        raise InputError(f"block: List at arrays{_place(place)} cannot be empty")
    found = [_depth(a, (*place, k)) for k, a in enumerate(arrays)]
    if len({d for d, _ in found}) > 1:
        raise InputError(
            f"block: List depths are mismatched below arrays{_place(place)}: {sorted({d for d, _ in found})}"
        )
    return found[0][0] + 1, max(n for _, n in found)


def _place(place: tuple[int, ...]) -> str:
    return "".join(f"[{k}]" for k in place)


def _joined(arrays: Any, depth: int, ndim: int) -> Expr:
    if not isinstance(arrays, list):
        x = as_expr(arrays)
        return expand_dims(x, tuple(range(ndim - x.ndim))) if x.ndim < ndim else x
    return concatenate([_joined(a, depth - 1, ndim) for a in arrays], -depth)


def indices(dimensions: Any, dtype: Any = int, chunks: Any = None) -> list[Expr]:
    """For each axis, the position along it as an array of as many axes, of length 1 but for that one."""
    sizes = as_sizes(dimensions)
    kind = np.dtype(dtype)
    grid = given_chunks(chunks, sizes, kind)
    made = []
    for k, axis in enumerate(grid.axes):
        line = astype(Arange(Constant.of(0), Constant.of(1), np.dtype(np.int64), Chunks((axis,))), kind)
        made.append(expand_dims(line, tuple(j for j in range(len(sizes)) if j != k)))
    return made


def vander(x: Expr, columns: int | None = None, increasing: bool = False) -> Expr:
    """Powers of the elements of a line, one a column, multiplied up as `numpy.vander` does."""
    if x.ndim != 1:
        raise InputError("vander: x must be a one-dimensional array or sequence.")
    n = x.sizes[0] if columns is None else operator.index(columns)
    if n < 0:
        raise ShapeError(f"vander: negative dimensions are not allowed: N={n}")
    kind = np.promote_types(x.dtype, int)
    parts = [full((x.sizes[0], min(n, 1)), np.ones((), kind))]
    if n > 1:
        powers = broadcast_to(expand_dims(astype(x, kind), 1), (x.sizes[0], n - 1))
        rows = x.chunks.axes[0]
        together = Chunks((rows, given_chunks(n - 1, (n - 1,), kind).axes[0]))
        parts.append(scan(np.multiply, Rechunk(powers, together), 1, kind))
    made = concatenate(parts, 1)
    return made if increasing else flip(made, 1)
