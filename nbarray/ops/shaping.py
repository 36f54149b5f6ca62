"""Other shapes of the same values: transposes, new and dropped axes, reshapes, rechunks."""

from __future__ import annotations

import math
import warnings
from typing import Any

from nbarray.config import current
from nbarray.errors import AxisError, BroadcastError, ChunkError, InputError, ShapeError
from nbarray.expr.node import Expr
from nbarray.expr.structure import Rechunk, Reshape, View
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.grid.normalize import check_axes_named
from nbarray.grid.regions import AxisMap, Placement
from nbarray.grid.reshaping import are_runs, reshaped_chunks
from nbarray.ops.operands import as_sizes, drop_axes, given_chunks, normalize_axes, one_axis
from nbarray.ops.operands import broadcast_to as spread

__all__ = ["broadcast_to", "expand_dims", "flip", "moveaxis", "rechunk", "reshape", "squeeze", "swapaxes", "transpose"]


def transpose(x: Expr, axes: Any = None) -> Expr:
    """Axes in another order; reversed if none is given."""
    order = tuple(range(x.ndim))[::-1] if axes is None else tuple(one_axis(a, x.ndim) for a in axes)
    if len(order) != x.ndim or len(set(order)) != x.ndim:
        raise AxisError(f"transpose: axes {axes} don't name each of the {x.ndim} axes once")
    return _reorder(x, order)


def _reorder(x: Expr, order: tuple[int, ...]) -> Expr:
    if order == tuple(range(x.ndim)):
        return x
    return View(x, Placement(tuple(AxisMap(k, 0, 1, x.sizes[k]) for k in order)))


def moveaxis(x: Expr, source: Any, destination: Any) -> Expr:
    """Axes moved to new places; the others keep their order."""
    given = [list(a) if hasattr(a, "__iter__") else [a] for a in (source, destination)]
    if len(given[0]) != len(given[1]):
        raise ShapeError("moveaxis: `source` and `destination` arguments must have the same number of elements")
    start, goal = ([one_axis(a, x.ndim) for a in axes] for axes in given)
    if len(set(start)) != len(start) or len(set(goal)) != len(goal):
        raise AxisError(f"moveaxis: repeated axis in {source} -> {destination}")
    order = [k for k in range(x.ndim) if k not in start]
    for to, axis in sorted(zip(goal, start, strict=True)):
        order.insert(to, axis)
    return _reorder(x, tuple(order))


def swapaxes(x: Expr, first: int, second: int) -> Expr:
    """Two axes exchanged."""
    order = list(range(x.ndim))
    a, b = one_axis(first, x.ndim), one_axis(second, x.ndim)
    order[a], order[b] = order[b], order[a]
    return _reorder(x, tuple(order))


def squeeze(x: Expr, axis: Any = None) -> Expr:
    """Without axes of length 1."""
    if x.ndim == 0 and axis in (0, -1):
        return x  # as NumPy has it
    axes = tuple(k for k, n in enumerate(x.sizes) if n == 1) if axis is None else normalize_axes(axis, x.ndim)
    long = [a for a in axes if x.sizes[a] != 1]
    if long:
        raise ShapeError(
            f"cannot select an axis to squeeze out which has size not equal to one: axis {long[0]} of {x.shape}"
        )
    return drop_axes(x, axes)


def expand_dims(x: Expr, axis: Any) -> Expr:
    """New axes of length 1 at these places of the result."""
    given = tuple(axis) if isinstance(axis, tuple | list) else (axis,)
    ndim = x.ndim + len(given)
    new = normalize_axes(given, ndim)
    old = iter(range(x.ndim))
    maps = []
    for k in range(ndim):
        if k in new:
            maps.append(AxisMap(-1, 0, 0, 1))
        else:
            source = next(old)
            maps.append(AxisMap(source, 0, 1, x.sizes[source]))
    return View(x, Placement(tuple(maps))) if new else x


def flip(x: Expr, axis: Any = None) -> Expr:
    """Axes run backwards."""
    axes = normalize_axes(axis, x.ndim)
    maps = tuple(AxisMap(k, n - 1, -1, n) if k in axes else AxisMap(k, 0, 1, n) for k, n in enumerate(x.sizes))
    return View(x, Placement(maps))


def broadcast_to(x: Expr, shape: Any, chunks: Any = None) -> Expr:
    """Spread to a larger shape without copying.

    chunks : of the result; along axes that aren't spread it has to have the array's own
    """
    sizes = as_sizes(shape)
    if any(n < 0 for n in sizes):
        raise ShapeError(f"broadcast_to: all elements of broadcast shape must be non-negative, not {sizes}")
    fits = len(sizes) >= x.ndim and all(n in (1, m) for n, m in zip(reversed(x.sizes), reversed(sizes), strict=False))
    if not fits:
        raise BroadcastError(f"broadcast_to: an array of shape {x.shape} can't be spread to {sizes}")
    made = spread(x, sizes)
    if chunks is None:
        return made
    asked = given_chunks(chunks, sizes, x.dtype)
    for k, (own, new) in enumerate(zip(x.chunks.axes, asked.axes[len(sizes) - x.ndim :], strict=True)):
        if own.size == new.size and own != new:
            raise ChunkError(
                f"broadcast_to: chunks={chunks!r} cut axis {k} of the array into {new.sizes}, but it isn't spread, and "
                f"has {own.sizes}; ask for other chunks beforehand: x.rechunk(...)"
            )
    return Rechunk(made, asked)


def rechunk(x: Expr, chunks: Any, balance: bool = False, block_bytes: Any = None) -> Expr:
    """The same values in other chunks.

    chunks : None for an axis leaves it as it is cut; balance : as even as can be; block_bytes : how large "auto" may be
    """
    if isinstance(chunks, dict):
        check_axes_named(chunks, x.ndim)
        chunks = tuple(chunks.get(k, chunks.get(k - x.ndim)) for k in range(x.ndim))
    if isinstance(chunks, tuple | list) and len(chunks) == x.ndim:
        chunks = tuple(axis if c is None else c for c, axis in zip(chunks, x.chunks.axes, strict=True))
    made = given_chunks(chunks, x.sizes, x.dtype, None, block_bytes)
    return Rechunk(x, Chunks(tuple(_balanced(a) for a in made.axes)) if balance else made)


def _balanced(axis: AxisChunks) -> AxisChunks:
    """As many chunks, or one less where the shortest is at most half of the longest, but as even as can be."""
    lengths = axis.sizes
    if axis.count == 1:
        return axis
    count = len(lengths) - (2 * min(lengths) <= max(lengths))
    even = regular(axis.size, -(-axis.size // max(1, count)))
    if even.count == count and 2 * even.step <= 3 * sorted(lengths)[len(lengths) // 2] + 1:
        return even
    warnings.warn(
        f"{axis.size} elements can't be cut evenly into {count} chunks: chunks stay as they were. Try increasing the "
        "chunk size.",
        UserWarning,
        stacklevel=2,
    )
    return axis


def reshape(x: Expr, shape: Any, chunks: Any = None, order: str = "C") -> Expr:
    """Another shape of the same size; one size may be -1.

    chunks : of the result; by default about as large as those there are, but along a single axis as long as may be
    order : "C" or "F", in which elements are counted; "A" is "C", as expressions don't lie in memory
    """
    if order.upper() not in ("C", "F", "A"):
        raise InputError(f"order={order!r} is not permitted for reshaping; use 'C', 'F' or 'A'")
    if order.upper() == "F":
        turned = transpose(reshape(transpose(x), as_sizes(shape)[::-1]))
        return turned if chunks is None else rechunk(turned, chunks)
    sizes = _whole_shape(x.sizes, as_sizes(shape))
    if sizes == x.sizes:
        return x
    if tuple(n for n in sizes if n != 1) == tuple(n for n in x.sizes if n != 1):
        return _ones_moved(x, sizes)
    if chunks is not None:
        wanted = given_chunks(chunks, sizes, x.dtype)
    else:
        wanted = reshaped_chunks(x.chunks, sizes) if len(sizes) > 1 and 0 not in sizes else _runs(x, sizes)
    if chunks is not None and are_runs(wanted):
        return Reshape(x, wanted)
    made = Reshape(x, _runs(x, sizes))  # in blocks that are read as they lie, however the result is cut
    return made if made.chunks == wanted else Rechunk(made, wanted)


def _whole_shape(old: tuple[int, ...], new: tuple[int, ...]) -> tuple[int, ...]:
    size, known = math.prod(old), math.prod(n for n in new if n != -1)
    if new.count(-1) > 1:
        raise ShapeError("can only specify one unknown dimension")
    if -1 in new and known and size % known == 0:
        new = tuple(size // known if n == -1 else n for n in new)
    if -1 in new or math.prod(new) != size or any(n < 0 for n in new):
        raise ShapeError(f"cannot reshape array of size {size} into shape {new}")
    return new


def _ones_moved(x: Expr, sizes: tuple[int, ...]) -> Expr:
    """Only axes of length 1 come and go."""
    long = iter([k for k, n in enumerate(x.sizes) if n != 1])
    maps = tuple(AxisMap(-1, 0, 0, 1) if n == 1 else AxisMap(next(long), 0, 1, n) for n in sizes)
    return View(x, Placement(maps, tuple((k, 0) for k, n in enumerate(x.sizes) if n == 1)))


def _runs(x: Expr, sizes: tuple[int, ...]) -> Chunks:
    """Chunks that are runs of elements in C order: short leading axes, one cut axis, whole axes after it."""
    elements = max(1, current().chunk_bytes // max(1, x.dtype.itemsize))
    if sizes and x.ndim and sizes[0] == x.sizes[0] and x.chunks.axes[0].largest * math.prod(sizes[1:]) <= 4 * elements:
        return Chunks((x.chunks.axes[0], *(regular(n, max(1, n)) for n in sizes[1:])))
    axes: list[AxisChunks] = []
    for n in reversed(sizes):
        length = max(1, min(n, elements))
        axes.append(regular(n, length))
        elements = elements // length if length == n else 0
    return Chunks(tuple(reversed(axes)))
