"""Functions of blocks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FunctionType
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from nbarray.errors import ChunkError, InputError, NotBlocked
from nbarray.expr.blocks import MapBlocks, UserFunction
from nbarray.expr.elementwise import broadcast_chunks, broadcast_sizes
from nbarray.expr.node import Expr
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.kernels.elementwise import ById
from nbarray.ops.operands import normalize_axes

__all__ = ["map_blocks", "mapping"]


def map_blocks(
    function: Callable[..., Any],
    values: Sequence[Any],
    dtype: Any,
    chunks: Any = None,
    drop_axis: Any = None,
    new_axis: Any = None,
    keywords: dict[str, Any] | None = None,
    masked: bool | None = None,
    title: str = "",
) -> Expr:
    """A function of the blocks at the same place of all arrays among `values`; other values are handed on as they are.

    dtype : of the result
    chunks : of the result, where the function changes them: a size, or sizes, for each axis
    drop_axis, new_axis : axes of the arguments the function takes away; axes of the result it makes
    masked : whether the function gives masked arrays; None: if it is given any
    title : what people call it, by default the function's name

    The same function of the same values is the same node, as any operation made twice is.
    """
    arrays = tuple(v for v in values if isinstance(v, Expr))
    if not arrays:
        return _of_nothing(function, values, dtype, chunks, _keywords(keywords), bool(masked), title)
    return MapBlocks(*mapping(function, values, chunks, drop_axis, new_axis, keywords, masked, title), np.dtype(dtype))


def mapping(
    function: Callable[..., Any],
    values: Sequence[Any],
    chunks: Any = None,
    drop_axis: Any = None,
    new_axis: Any = None,
    keywords: dict[str, Any] | None = None,
    masked: bool | None = None,
    title: str = "",
    trims: bool = False,
) -> tuple[ById, tuple[Expr, ...], tuple[Chunks, ...], Chunks, tuple[int, ...]]:
    """What a node of a function of blocks is made of, up to its dtype; arguments as `map_blocks` has them.

    trims : see `UserFunction`
    """
    given = _keywords(keywords)
    arrays = tuple(v for v in values if isinstance(v, Expr))
    together, argument_chunks = _aligned(arrays)
    ndim = len(together.axes)
    if new_axis is None and drop_axis is None and isinstance(chunks, tuple | list) and len(chunks) > ndim:
        new_axis = list(range(len(chunks) - ndim))
    axes = _result_axes(ndim, drop_axis, new_axis)
    made = _result_chunks(together, axes, chunks)
    missing = any(a.masked for a in arrays) if masked is None else masked
    held = _user_function(function, values, given, missing, title, trims)
    return held, arrays, argument_chunks, made, axes


def _keywords(given: dict[str, Any] | None) -> dict[str, Any]:
    if any(isinstance(v, Expr) for v in (given or {}).values()):
        raise NotBlocked(
            "map_blocks: a blocked array as a keyword would be needed whole by every block; "
            "hand it on as an argument, or compute it first"
        )
    return dict(given or {})


def _of_nothing(
    function: Callable[..., Any],
    values: Sequence[Any],
    dtype: Any,
    chunks: Any,
    keywords: dict[str, Any],
    masked: bool,
    title: str,
) -> Expr:
    """Blocks made of no arrays: of where they lie, which a function may ask for."""
    if chunks is None:
        raise InputError("map_blocks: expected at least one blocked array, or chunks= that say what is to be made")
    given = chunks if isinstance(chunks, tuple | list) else (chunks,)
    made = Chunks(tuple(AxisChunks.of(n if isinstance(n, tuple | list) else (n,)) for n in given))
    held = _user_function(function, values, keywords, masked, title)
    return MapBlocks(held, (), (), made, (-1,) * len(given), np.dtype(dtype))


def _aligned(arrays: Sequence[Expr]) -> tuple[Chunks, tuple[Chunks, ...]]:
    """The common grid of arrays, aligned from their last axes, and how each is cut for it.

    Where sizes differ but numbers of blocks don't, blocks go together by their numbers; a single block goes to all.
    """
    ndim = max(a.ndim for a in arrays)
    together: list[AxisChunks] = []
    own: list[list[AxisChunks]] = [[] for _ in arrays]
    for k in range(ndim):
        here = {n: a.chunks.axes[k - ndim + a.ndim] for n, a in enumerate(arrays) if k >= ndim - a.ndim}
        sizes = {axis.size for axis in here.values() if axis.size != 1}
        counts = {axis.count for axis in here.values() if axis.size != 1} - {1}
        by_number = len(sizes) > 1 and len(counts) <= 1
        if len(sizes) > 1 and not by_number:
            broadcast_sizes([a.sizes for a in arrays], "map_blocks")
        if by_number:
            most = max(counts, default=1)
            common = next(axis for axis in here.values() if axis.size != 1 and axis.count == most)
        else:
            size = max(axis.size for axis in here.values()) if sizes != {0} else 0
            common = broadcast_chunks((size,), [Chunks((axis,)) for axis in here.values()]).axes[0]
        together.append(common)
        for n, axis in here.items():
            fits = axis if by_number else common if axis.size == common.size else regular(axis.size, 1)
            own[n].append(fits)
    return Chunks(tuple(together)), tuple(Chunks(tuple(axes)) for axes in own)


def _result_axes(ndim: int, drop_axis: Any, new_axis: Any) -> tuple[int, ...]:
    drop = () if drop_axis is None else normalize_axes(drop_axis, ndim)
    axes = [k for k in range(ndim) if k not in drop]
    if new_axis is not None:
        given = new_axis if isinstance(new_axis, tuple | list) else (new_axis,)
        for k in normalize_axes(tuple(given), len(axes) + len(given)):
            axes.insert(k, -1)
    return tuple(axes)


def _result_chunks(together: Chunks, axes: tuple[int, ...], chunks: Any) -> Chunks:
    if chunks is None:
        return Chunks(tuple(regular(1, 1) if k < 0 else together.axes[k] for k in axes))
    given = tuple(chunks) if isinstance(chunks, tuple | list) else (chunks,)
    if len(given) != len(axes):
        raise ChunkError(f"map_blocks: chunks={chunks!r} has {len(given)} entries, but the result has {len(axes)} axes")
    made = []
    for j, (k, size) in enumerate(zip(axes, given, strict=True)):
        count = 1 if k < 0 else together.axes[k].count
        sizes = (size,) * count if isinstance(size, int | np.integer) else size
        if not isinstance(sizes, tuple | list) or not all(isinstance(n, int | np.integer) for n in sizes):
            raise ChunkError(f"map_blocks: chunks for axis {j} are {size!r}; expected a size, or one for each block")
        if len(sizes) != count:
            raise ChunkError(f"map_blocks: chunks for axis {j} are {size!r}, but there are {count} blocks along it")
        if min(sizes) < 0 or (min(sizes) == 0 and count > 1):
            raise ChunkError(f"map_blocks: chunks for axis {j} are {size!r}; a block has at least 1 element")
        made.append(AxisChunks.of(int(n) for n in sizes))
    return Chunks(tuple(made))


#: What was made of a function and the values handed on to it: (identities) -> held, as long as a node holds it.
_HELD: WeakValueDictionary[Any, ById] = WeakValueDictionary()


def _user_function(
    function: Callable[..., Any],
    values: Sequence[Any],
    keywords: dict[str, Any],
    masked: bool,
    title: str,
    trims: bool = False,
) -> ById:
    """The function with what isn't an array put in its place; what was held for the same is held again."""
    plain = {k: v for k, v in enumerate(values) if not isinstance(v, Expr)}
    handed = tuple((k, _identity(v)) for k, v in plain.items())
    named = tuple((k, _identity(v)) for k, v in keywords.items())
    key = (id(function), len(values), handed, named, masked, title, trims)
    found = _HELD.get(key)
    if found is None:
        made = _with_values(function, plain, len(values), keywords, masked, title)
        found = _HELD[key] = ById(replace(made, trims=True) if trims else made)
    return found


def _identity(value: Any) -> Any:
    """What tells a value from others: numbers and text by what they are, else the object itself, which is held."""
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return type(value), repr(value)
    if type(value) is tuple:
        return tuple(_identity(v) for v in value)
    return id(value)


def _with_values(
    function: Callable[..., Any], plain: dict[int, Any], count: int, keywords: dict[str, Any], masked: bool, title: str
) -> UserFunction:
    names = _parameter_names(function)
    called = function
    if plain:

        def called(*blocks: Any, **more: Any) -> Any:
            rest = iter(blocks)
            return function(*[plain[k] if k in plain else next(rest) for k in range(count)], **more)

        called.__name__ = getattr(function, "__name__", type(function).__name__)
    positions = tuple(k for k in range(count) if k not in plain) if plain else ()
    wants = ("block_id" in names, "block_info" in names)
    return UserFunction(called, keywords, *wants, masked, positions=positions, title=title)


def _parameter_names(function: Callable[..., Any]) -> Sequence[str]:
    if type(function) is FunctionType and not vars(function):  # what `inspect` would find, in a tenth of the time
        code = function.__code__
        others = bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
        return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + others]
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []
