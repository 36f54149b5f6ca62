"""Functions of blocks that overlap their neighbours.

Nothing is exchanged between blocks and nothing is stored for it: a task reads its block and what
surrounds it as one rectangle, whatever blocks that lies in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbarray.errors import InputError
from nbarray.expr.blocks import Ghost, MapBlocks
from nbarray.expr.elementwise import broadcast_chunks, broadcast_sizes
from nbarray.expr.node import Expr
from nbarray.expr.structure import Rechunk
from nbarray.grid.chunks import AxisChunks, Chunks
from nbarray.ops.mapping import mapping
from nbarray.ops.padding import pad_axis

__all__ = ["beyond", "boundaries", "depths", "map_overlap", "no_shorter"]

#: What dask and SciPy call the modes of `pad`.
_MODES = {"periodic": "wrap", "reflect": "symmetric", "nearest": "edge"}


def depths(given: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """(before, after) for each axis, of a number, one an axis, or a dictionary by axis; an entry may be a pair."""
    entries = [_by_axis(given, k, ndim, 0) for k in range(ndim)]
    made = tuple(tuple(e) if isinstance(e, tuple | list) else (e, e) for e in entries)
    for pair in made:
        if len(pair) != 2 or any(isinstance(d, bool) or not isinstance(d, int | np.integer) or d < 0 for d in pair):
            raise InputError(
                f"depth={given!r}: expected numbers of elements, 0 or more, or (before, after), for each axis"
            )
    return tuple((int(a), int(b)) for a, b in made)


def boundaries(given: Any, ndim: int) -> tuple[Any, ...]:
    """What lies beyond the edges of each axis: None for nothing, a mode's name, or a constant."""
    made = [_by_axis(given, k, ndim, None) for k in range(ndim)]
    for boundary in made:
        if isinstance(boundary, str) and boundary not in {"none", *_MODES}:
            raise InputError(f"boundary={boundary!r}: expected 'none', 'periodic', 'reflect', 'nearest' or a number")
    return tuple(None if b == "none" else b for b in made)


def _by_axis(given: Any, axis: int, ndim: int, otherwise: Any) -> Any:
    if isinstance(given, dict):
        return given.get(axis, given.get(axis - ndim, otherwise))
    if isinstance(given, tuple | list):
        if len(given) != ndim:
            raise InputError(f"{given!r} has {len(given)} entries, but the array has {ndim} axes")
        return given[axis]
    return otherwise if given is None else given


def map_overlap(
    function: Callable[..., Any],
    values: Sequence[Any],
    depth: Sequence[Any],
    boundary: Sequence[Any],
    dtype: Any,
    trim: bool = True,
    chunks: Any = None,
    keywords: dict[str, Any] | None = None,
    masked: bool | None = None,
    drop_axis: Any = None,
    new_axis: Any = None,
) -> Expr:
    """A function of blocks together with what surrounds them.

    values : arrays, and other things that are handed on
    depth, boundary : for each array, as `depths` and `boundaries` take them
    trim : cut off what the function returns for the surroundings; else the blocks of the result are larger
    drop_axis, new_axis : axes that the function takes away and makes
    """
    arrays = [v for v in values if isinstance(v, Expr)]
    if not arrays:
        raise InputError("map_overlap: expected at least one blocked array")
    around = [depths(d, a.ndim) for d, a in zip(depth, arrays, strict=True)]
    outside = [boundaries(b, a.ndim) for b, a in zip(boundary, arrays, strict=True)]
    together = broadcast_chunks(broadcast_sizes([a.sizes for a in arrays], "map_overlap"), [a.chunks for a in arrays])
    for array, pairs in zip(arrays, around, strict=True):
        _check_depths(array, pairs, together)
    arrays, together = _no_shorter_than_depths(arrays, around, together)
    of_array = iter(arrays)
    values = [next(of_array) if isinstance(v, Expr) else v for v in values]
    first = max(range(len(arrays)), key=lambda k: arrays[k].ndim)
    if not trim and chunks is None and drop_axis is None and new_axis is None:
        chunks = tuple(_extended(*each) for each in zip(together.axes, around[first], outside[first], strict=True))
    held, _, argument_chunks, made_chunks, axes = mapping(
        function, values, chunks, drop_axis, new_axis, keywords, masked, trims=trim
    )
    padded, ghosts = [], []
    for array, pairs, edges in zip(arrays, around, outside, strict=True):
        made, here = array, []
        for axis, ((before, after), edge) in enumerate(zip(pairs, edges, strict=True)):
            alone = _is_spread(array, axis, together)
            if alone or edge is None or array.sizes[axis] == 0:
                here.append(Ghost(0, 0, 0) if alone else Ghost(before, after, 0))
                continue
            made = beyond(made, axis, (before, after), edge)
            here.append(Ghost(before, after, before))
        padded.append(made)
        ghosts.append(tuple(here))
    return MapBlocks(held, tuple(padded), argument_chunks, made_chunks, axes, np.dtype(dtype), tuple(ghosts))


def _is_spread(array: Expr, axis: int, together: Chunks) -> bool:
    """Whether an axis of one element is broadcast: it has no neighbours."""
    return array.sizes[axis] != together.axes[axis + len(together.axes) - array.ndim].size


def _check_depths(array: Expr, pairs: Sequence[tuple[int, int]], together: Chunks) -> None:
    for axis, (pair, size) in enumerate(zip(pairs, array.sizes, strict=True)):
        if max(pair) > size > 0 and not _is_spread(array, axis, together):
            raise InputError(f"The overlapping depth {max(pair)} is larger than axis {axis}, which has {size} elements")


def _no_shorter_than_depths(
    arrays: Sequence[Expr], around: Sequence[Any], together: Chunks
) -> tuple[list[Expr], Chunks]:
    """Chunks put together until none is shorter than its surroundings: neighbours would be read over and over."""
    axes = list(together.axes)
    for k, axis in enumerate(axes):
        here = (p[k - len(axes) + a.ndim] for a, p in zip(arrays, around, strict=True) if k >= len(axes) - a.ndim)
        deepest = max((max(pair) for pair in here), default=0)
        if deepest > 1 and axis.count > 1 and min(axis.sizes[-1:] if axis.is_regular else axis.sizes) < deepest:
            axes[k] = AxisChunks.of(no_shorter(axis.sizes, deepest))
    if axes == list(together.axes):
        return list(arrays), together
    made: list[Expr] = []
    for array in arrays:
        whole = axes[len(axes) - array.ndim :]
        own = tuple(a if a.size == o.size else o for a, o in zip(whole, array.chunks.axes, strict=True))
        made.append(Rechunk(array, Chunks(own)))
    return made, Chunks(tuple(axes))


def no_shorter(sizes: Sequence[int], least: int) -> tuple[int, ...]:
    """Sizes put together until none is below `least`; a short last one takes what the one before can spare."""
    made: list[int] = []
    left = 0
    for n in sizes:
        left += n
        if left >= least:
            made.append(left)
            left = 0
    if left and made and made[-1] + left >= 2 * least:
        made[-1:] = [made[-1] + left - least, least]
    elif left and made:
        made[-1] += left
    return tuple(made) or (left,)


def beyond(x: Expr, axis: int, pair: tuple[int, int], edge: Any) -> Expr:
    """An array with what lies beyond the edges of an axis: so many before and after, of a mode or a constant."""
    mode, extra = (_MODES[edge], (0, 0)) if isinstance(edge, str) else ("constant", (edge, edge))
    return pad_axis(x, axis, *pair, mode, extra)


def _extended(axis: AxisChunks, pair: tuple[int, int], edge: Any) -> tuple[int, ...]:
    """Sizes of blocks with what surrounds them."""
    before, after = pair
    shift = 0 if edge is None else before
    size = axis.size if edge is None else axis.size + before + after
    spans = (Ghost(before, after, shift).box(*axis.span(k), size) for k in range(axis.count))
    return tuple(b - a for a, b in spans)
