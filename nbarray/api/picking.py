"""Picking elements: by position, by condition, along axes, in other ways than brackets have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply, unwrap
from nbarray.api.assigning import store_into
from nbarray.api.changing import along_axis
from nbarray.api.conversions import values_of
from nbarray.api.creation import asarray
from nbarray.api.dispatch import is_method, public
from nbarray.api.shapes import concatenate, stack
from nbarray.errors import BroadcastError, DTypeError, InputError
from nbarray.grid.indexing import in_bounds
from nbarray.ops import indexing, picking
from nbarray.ops.operands import one_axis

__all__ = ["nonzero", "take"]


@public(np.take)
def take(a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Array:
    """Positions along one axis; of the flattened array if `axis` is None.

    indices : of any shape, also a blocked array; their axes take the place of the one picked along
    mode : "raise", "wrap" or "clip" what is out of bounds

    Raises AxisError, IndexingError.

    Cost: each block is read about once, in the order it is stored; memory for positions and a few blocks.

    >>> import nbarray as nb
    >>> nb.take(nb.arange(5) * 2, [[0, 1], [4, -1]]).compute()
    array([[0, 2],
           [8, 8]])
    """
    x = asarray(a)
    if mode not in ("raise", "wrap", "clip"):
        raise InputError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    if axis is None:
        x, axis = x.ravel() if x.ndim != 1 else x, 0
    elif not x.ndim:
        x = x.reshape(1)
    picked: Array = apply(indexing.take, x, unwrap(indices), axis, mode)
    return picked if out is None else store_into(out, picked)


is_method("take")(take)


@public(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Array:
    """Positions along an axis, line by line, as `argsort` gives them; `indices` may be a blocked array.

    Raises AxisError, IndexingError, InputError, BroadcastError.

    Cost: lines are brought together; each block is read about once.

    >>> import nbarray as nb
    >>> x = nb.asarray([[3, 1, 2], [6, 5, 4]])
    >>> nb.take_along_axis(x, nb.argsort(x, axis=1), axis=1).compute()
    array([[1, 2, 3],
           [4, 5, 6]])
    """
    x = asarray(arr)
    positions = indices if isinstance(indices, Array) else np.asarray(indices)
    if axis is None:
        if positions.ndim != 1:
            raise InputError("when axis=None, `indices` must have a single dimension.")
        x, axis = x.ravel(), 0
    return x[along_axis(positions, x.shape, axis)]


@public(np.nonzero)
def nonzero(a: Any) -> tuple[Array, ...]:
    """Where an array is not zero: for each axis the positions, in C order.

    How many there are isn't known until asked for, which takes a pass.

    >>> import nbarray as nb
    >>> [p.compute() for p in nb.nonzero(nb.asarray([[0, 1], [2, 0]]))]
    [array([0, 1]), array([1, 0])]
    """
    x = asarray(a)
    if not x.ndim:
        raise InputError("Calling nonzero on 0d arrays is not allowed. Use np.atleast_1d(scalar).nonzero() instead. ")
    found: tuple[Array, ...] = apply(picking.nonzero, x)
    return found


is_method("nonzero")(nonzero)


@public(np.argwhere)
def argwhere(a: Any) -> Array:
    """Where an array is not zero: one row of positions for each, in C order.  Takes a pass to count them.

    >>> import nbarray as nb
    >>> nb.argwhere(nb.asarray([[0, 1], [2, 0]])).compute()
    array([[0, 1],
           [1, 0]])
    """
    x = asarray(a)
    if not x.ndim:
        return argwhere(x.reshape(1))[:, :0]
    return stack(nonzero(x), 1)


@public(np.flatnonzero)
def flatnonzero(a: Any) -> Array:
    """Where the flattened array is not zero.

    Cost: a pass to count, one to find them.

    >>> import nbarray as nb
    >>> nb.flatnonzero(nb.asarray([[0, 1], [2, 0]])).compute()
    array([1, 2])
    """
    return nonzero(asarray(a).ravel())[0]


@public(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Array:
    """What lies at positions along an axis for which the condition is true; it may be shorter than the axis.

    condition : one-dimensional; a blocked one is computed, as it takes as many booleans as the axis is long

    Raises AxisError, InputError, IndexingError.

    Cost: none by itself: reads only blocks that something lies in.

    >>> import nbarray as nb
    >>> nb.compress([False, True], nb.asarray([[1, 2], [3, 4], [5, 6]]), axis=0).compute()
    array([[3, 4]])
    """
    x = asarray(a)
    if np.ndim(condition) != 1:
        raise InputError("condition must be a 1-d array")
    if axis is None:
        x, axis = x.ravel(), 0
    k = one_axis(axis, x.ndim)
    chosen = condition
    if isinstance(chosen, Array) and k == 0 and chosen.shape[0] == x.shape[0]:
        made = x[chosen.astype(bool)]
    else:
        chosen = np.asarray(chosen).astype(bool)
        made = x[(*(slice(None),) * k, np.flatnonzero(chosen))]
    return made if out is None else store_into(out, made)


@is_method("compress")
def _compress(a: Array, condition: Any, axis: int | None = None, out: Any = None) -> Array:
    """What lies where the condition is true along an axis; see `nbarray.compress`."""
    return compress(condition, a, axis, out)


@public(np.extract)
def extract(condition: Any, arr: Any) -> Array:
    """Elements where the condition is true, both flattened.

    Cost: a pass to count, one to pick.

    >>> import nbarray as nb
    >>> x = nb.arange(6)
    >>> nb.extract(x % 3 == 0, x).compute()
    array([0, 3])
    """
    x, chosen = asarray(arr), asarray(condition)
    if chosen.shape == x.shape:
        return x[chosen.astype(bool)].reshape(-1) if not x.ndim else x[chosen.astype(bool)]
    return compress(chosen.ravel(), x.ravel(), 0)


# ------------------------------------------------------------------------------------------- one of several arrays


@public(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Array:
    """Elements of several arrays: of the n-th where `a` is n.

    mode : "wrap" or "clip" what is out of bounds; with "raise" it fails when it is computed

    Raises BroadcastError, DTypeError; IndexingError (an InputError) for numbers out of bounds.

    Cost: one pass; memory for a few blocks.

    >>> import nbarray as nb
    >>> nb.choose(nb.asarray([0, 1, 0]), [[1, 2, 3], [-1, -2, -3]]).compute()
    array([ 1, -2,  3])
    """
    chosen = asarray(a)
    parts = list(choices) if isinstance(choices, list | tuple) else list(asarray(choices))
    made: Array = apply(picking.choose, chosen, parts, mode)
    return made if out is None else store_into(out, made)


@is_method("choose")
def _choose(x: Array, *choices: Any, out: Any = None, mode: str = "raise") -> Array:
    """Elements of several arrays, given one after the other or as a list; see `nbarray.choose`."""
    return choose(x, choices[0] if len(choices) == 1 else choices, out, mode)


@public(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Array:
    """Elements of the array whose condition is the first that is true, else `default`.

    Raises InputError, DTypeError, BroadcastError.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> x = nb.arange(5)
    >>> nb.select([x < 2, x > 3], [x, x * 10], -1).compute()
    array([ 0,  1, -1, -1, 40])
    """
    if len(condlist) != len(choicelist):
        raise InputError("list of cases must be same length as list of conditions")
    if not len(condlist):
        raise InputError("select with an empty condition list is not possible")
    made: Array = apply(picking.select, list(condlist), list(choicelist), default)
    return made


@public(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Array:
    """Functions of those elements for which a condition is true: the last one that is; see `numpy.piecewise`.

    A function gets, block by block, the elements of its condition, and is never called with none.

    Raises InputError.

    Cost: one pass; memory for a few blocks.

    >>> import nbarray as nb
    >>> x = nb.arange(-2, 3)
    >>> nb.piecewise(x, [x < 0, x >= 0], [lambda v: -v, 10]).compute()
    array([ 2,  1, 10, 10, 10])
    """
    array = asarray(x)
    first = condlist[0] if isinstance(condlist, list | tuple | np.ndarray | Array) and np.ndim(condlist) else None
    several = isinstance(first, list | tuple | np.ndarray | Array) and np.ndim(first) > 0
    if first is None or (array.ndim and not several):
        condlist = [condlist]
    conditions = [asarray(c).astype(bool) for c in condlist]
    functions = list(funclist)
    if len(functions) == len(conditions) + 1:
        conditions = [*conditions, ~_any_of(conditions)]
    elif len(functions) != len(conditions):
        raise InputError(
            f"with {len(conditions)} condition(s), either {len(conditions)} or {len(conditions) + 1} functions are "
            "expected"
        )
    made = _pieces(functions, args, kw)
    return array.map_blocks(made, *[c.expr for c in conditions], dtype=array.dtype)


def _any_of(conditions: Sequence[Array]) -> Array:
    total = conditions[0]
    for c in conditions[1:]:
        total = total | c
    return total


def _pieces(functions: list[Any], args: tuple[Any, ...], kw: dict[str, Any]) -> Callable[..., Any]:
    def piecewise(block: Any, *conditions: Any) -> Any:
        out = np.zeros_like(block)
        for condition, function in zip(conditions, functions, strict=True):
            if not callable(function):
                out[condition] = function
            elif condition.any():
                out[condition] = function(block[condition], *args, **kw)
        return out

    return piecewise


# ---------------------------------------------------------------------------------------- longer and shorter arrays


@public(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Array:
    """Values behind the last; both flattened if `axis` is None.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for.

    >>> import nbarray as nb
    >>> nb.append(nb.arange(2), [7]).compute()
    array([0, 1, 7])
    """
    x, more = asarray(arr), asarray(values)
    if axis is None:
        return concatenate([x.ravel(), more.ravel()], 0)
    return concatenate([x, more], axis)


@public(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Array:
    """Without what lies at some positions along an axis; of the flattened array if `axis` is None.

    obj : a slice, an integer, positions, or a mask as long as the axis; a blocked one is computed

    Raises AxisError, IndexingError, InputError.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for.

    >>> import nbarray as nb
    >>> nb.delete(nb.arange(5), [1, -1]).compute()
    array([0, 2, 3])
    """
    x = asarray(arr)
    if axis is None:
        x, axis = (x.ravel() if x.ndim != 1 else x), 0
    k = one_axis(axis, x.ndim)
    obj = values_of(obj) if isinstance(obj, Array) else obj
    kept: Array = apply(picking.delete, x, obj, k)
    return kept


@public(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Array:
    """Values in front of some positions along an axis; of the flattened array if `axis` is None.

    obj : a slice, an integer, positions, or a mask as long as the axis; a blocked one is computed

    Raises AxisError, IndexingError, BroadcastError.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for.

    >>> import nbarray as nb
    >>> nb.insert(nb.arange(3), [1, 3], 9).compute()
    array([0, 9, 1, 2, 9])
    """
    x = asarray(arr)
    if axis is None:
        x, axis = (x.ravel() if x.ndim != 1 else x), 0
    k = one_axis(axis, x.ndim)
    obj = values_of(obj) if isinstance(obj, Array) else obj
    made: Array = apply(picking.insert, x, obj, unwrap(values), k)
    return made


@public(np.repeat)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Array:
    """Each element, or what lies at each position along an axis, several times.

    repeats : a number, or one for each position; a blocked one is computed, since the result's size follows from it

    Raises AxisError, InputError, BroadcastError.

    Cost: each block is read about once.

    >>> import nbarray as nb
    >>> nb.repeat(nb.arange(3), [2, 0, 1]).compute()
    array([0, 0, 2])
    """
    x = asarray(a)
    if axis is None:
        x, axis = (x.ravel() if x.ndim != 1 else x), 0
    x = x if x.ndim else x.reshape(1)
    k = one_axis(axis, x.ndim)
    times = np.asarray(values_of(repeats) if isinstance(repeats, Array) else repeats)
    if times.dtype.kind not in "iub" and times.ndim and times.size:
        raise DTypeError(f"Cannot cast array data from {times.dtype!r} to dtype('int64') according to the rule 'safe'")
    times = times.astype(np.int64)
    if times.ndim > 1:
        raise InputError("object too deep for desired array")
    if (times < 0).any():
        raise InputError("repeats may not contain negative values.")
    if times.size != 1 and times.size != x.shape[k]:
        raise BroadcastError(f"operands could not be broadcast together with shape ({x.shape[k]},) ({times.size},)")
    each = np.broadcast_to(times.reshape(-1), (x.shape[k],))
    return x[(*(slice(None),) * k, np.repeat(np.arange(x.shape[k]), each))]


is_method("repeat")(repeat)


@is_method("item")
def item(x: Array, *args: Any) -> Any:
    """One element as a Python scalar: the single one, the n-th of the flattened array, or the one at an index."""
    if not args:
        if x.size != 1:
            raise InputError(f"item: expected an array of one element, not of shape {x.shape}")
        return np.asarray(x.compute()).item()
    index = args[0] if len(args) == 1 and isinstance(args[0], tuple) else args
    if len(index) == 1 and x.ndim != 1:
        (number,) = in_bounds(np.asarray([index[0]]), 0, x.size).tolist()
        index = tuple(int(p) for p in np.unravel_index(number, x.shape)) if x.ndim else ()
    if len(index) != x.ndim:
        raise InputError("incorrect number of indices for array")
    return np.asarray(x[tuple(index)].compute()).item()
