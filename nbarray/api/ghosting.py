"""Padding, and functions of blocks that overlap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply, wrap
from nbarray.api.creation import asarray
from nbarray.api.dispatch import is_method, public
from nbarray.api.mapping import UNUSED, dtype_of_first_block
from nbarray.errors import ChunkError
from nbarray.expr.node import Expr
from nbarray.ops import ghosting
from nbarray.ops.padding import pad as pad_expr

__all__ = ["map_overlap", "overlap", "pad", "trim_overlap"]


@public(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Array:
    """More elements around an array, as `numpy.pad` has it.

    pad_width : elements before and after, for all axes or one pair for each
    mode : "constant" (of `constant_values`), "linear_ramp" (to `end_values`), "edge", "wrap", "reflect" and "symmetric"
        (of `reflect_type` "even" or "odd"), "empty", and "maximum", "minimum", "mean" or "median" (of the `stat_length`
        elements next to an edge)

    Raises InputError for bad widths, NotBlocked for functions as modes.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for; the modes that take
    statistics read what they are of once more.

    >>> import nbarray as nb
    >>> nb.pad(nb.arange(3), 2, mode="reflect").compute()
    array([2, 1, 0, 1, 2, 1, 0])
    """
    return apply(pad_expr, asarray(array), pad_width, mode, **options)


@public()
def map_overlap(
    func: Callable[..., Any],
    *args: Any,
    depth: Any = 0,
    boundary: Any = None,
    trim: bool = True,
    dtype: Any = None,
    chunks: Any = None,
    **options: Any,
) -> Array:
    """A function of blocks together with what surrounds them.

    args : blocked arrays, and other arguments, which are handed on
    depth : elements of the neighbours that a block gets: a number, one an axis (a number, or (before, after)), or
        a dictionary by axis; a list of such for several arrays
    boundary : what lies beyond the edges: None or "none" for nothing, "periodic", "reflect", "nearest", or a
        number; one an axis, or a dictionary by axis; a list for several arrays
    trim : cut off what the function makes of the surroundings
    dtype : of the result; without it the function is called on the first block, now
    drop_axis, new_axis : (among options) axes the function takes away or makes
    allow_rechunk : (among options) False refuses chunks that are smaller than the depth with ChunkError; by default
        they are put together, so that neighbours aren't read over and over
    align_arrays : (among options) False refuses arrays that are cut into other numbers of blocks with ChunkError; by
        default all are read as the finest is cut

    Raises InputError for depths that are negative or longer than an axis, ShapeError where a function returns another
    shape.

    Cost: one pass; what surrounds a block is read again with each neighbour that needs it.

    >>> import numpy as np, nbarray as nb
    >>> x = nb.arange(6, chunks=2)
    >>> nb.map_overlap(lambda b: b + np.roll(b, 1), x, depth=1, boundary="periodic").compute()
    array([5, 1, 3, 5, 7, 9])
    """
    values = [a.expr if isinstance(a, Array) else a for a in args]
    count = sum(isinstance(v, Expr) for v in values)
    each = [v if isinstance(v, list) else [v] * count for v in (depth, boundary)]
    arrays = [a for a in args if isinstance(a, Array)]
    if options.get("allow_rechunk") is False:
        _check_chunks(arrays, each[0])
    if options.get("align_arrays") is False:
        _check_aligned(arrays)
    options = {k: v for k, v in options.items() if k not in ("align_arrays", "allow_rechunk", "meta", *UNUSED)}
    masked = options.pop("masked", None)
    axes = {k: options.pop(k, None) for k in ("drop_axis", "new_axis")}

    def build(function: Callable[..., Any], dtype: Any, masked: bool | None) -> Expr:
        return ghosting.map_overlap(function, values, each[0], each[1], dtype, trim, chunks, options, masked, **axes)

    if dtype is None:
        dtype, found_masked = dtype_of_first_block(func, build)
        masked = found_masked if masked is None else masked
    return wrap(build(func, dtype, masked))


@public()
def overlap(x: Any, depth: Any, boundary: Any = None, *, allow_rechunk: bool = True) -> Array:
    """Blocks that hold what surrounds them as well; the array is as much larger.

    depth, boundary : as `map_overlap` takes them

    Cost: what surrounds a block is read again for each neighbour that needs it.

    >>> import nbarray as nb
    >>> nb.overlap(nb.arange(4, chunks=2), 1, boundary=9).compute()
    array([9, 0, 1, 2, 1, 2, 3, 9])
    """
    x = asarray(x)
    return map_overlap(_same, x, depth=depth, boundary=boundary, trim=False, dtype=x.dtype, allow_rechunk=allow_rechunk)


@public()
def trim_overlap(x: Any, depth: Any, boundary: Any = None) -> Array:
    """Blocks without what `overlap` gave them.

    Cost: one pass, a task for each block.

    >>> import nbarray as nb
    >>> nb.trim_overlap(nb.overlap(nb.arange(4, chunks=2), 1, boundary=9), 1, boundary=9).compute()
    array([0, 1, 2, 3])
    """
    x = asarray(x)
    pairs, edges = ghosting.depths(depth, x.ndim), ghosting.boundaries(boundary, x.ndim)
    counts = [len(sizes) for sizes in x.chunks]

    def cut(axis: int, block: int) -> tuple[int, int]:
        before, after = pairs[axis]
        inner = edges[axis] is not None
        return before if inner or block > 0 else 0, after if inner or block < counts[axis] - 1 else 0

    def trimmed(block: Any, block_id: tuple[int, ...]) -> Any:
        cuts = [cut(k, b) for k, b in enumerate(block_id)]
        return block[tuple(slice(a, n - b) for (a, b), n in zip(cuts, block.shape, strict=True))]

    chunks = tuple(tuple(n - sum(cut(k, b)) for b, n in enumerate(sizes)) for k, sizes in enumerate(x.chunks))
    return x.map_blocks(trimmed, dtype=x.dtype, chunks=chunks)


def _same(block: Any) -> Any:
    return block


def _check_chunks(arrays: list[Array], depth: list[Any]) -> None:
    for x, given in zip(arrays, depth, strict=True):
        for k, pair in enumerate(ghosting.depths(given, x.ndim)):
            if max(pair) > min(x.chunks[k]):
                raise ChunkError(
                    f"chunks {x.chunks[k]} of axis {k} are smaller than the depth {max(pair)}; rechunk, or leave "
                    "allow_rechunk=True"
                )


def _check_aligned(arrays: list[Array]) -> None:
    ndim = max((x.ndim for x in arrays), default=0)
    for k in range(-ndim, 0):
        counts = {x.numblocks[k] for x in arrays if x.ndim >= -k and x.shape[k] != 1}
        if len(counts) > 1:
            raise ChunkError(
                f"map_overlap: the arrays have {sorted(counts)} blocks along axis {k}; rechunk, or leave "
                "align_arrays=True"
            )


#: dask's module of this name has these functions.
for _function in (map_overlap, overlap, trim_overlap):
    setattr(overlap, _function.__name__, _function)


@is_method("map_overlap")
def _map_overlap(x: Array, func: Callable[..., Any], *args: Any, **options: Any) -> Array:
    """A function of each block and what surrounds it; see `nbarray.map_overlap`.

    args : more arrays, or depth, boundary and trim in this order
    """
    if args and not isinstance(args[0], Array):
        options |= dict(zip(("depth", "boundary", "trim"), args, strict=False))
        args = ()
    return map_overlap(func, x, *args, **options)
