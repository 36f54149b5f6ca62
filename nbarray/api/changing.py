"""NumPy's functions that change an array, for handles: they hold the changed array afterwards."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.api.array import Array
from nbarray.api.assigning import changeable, hold, setitem, store_into
from nbarray.api.conversions import values_of
from nbarray.api.creation import asarray
from nbarray.api.dispatch import PUBLIC, is_method, public
from nbarray.errors import DTypeError, IndexingError, InputError
from nbarray.ops.lines import asked_of_numpy
from nbarray.ops.operands import one_axis

__all__ = ["along_axis"]


@public(np.copyto)
def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """Copy values into an array, where `where` is True; they are spread to its shape.

    Raises BroadcastError, DTypeError.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> x = nb.arange(4)
    >>> nb.copyto(x, 7, where=x > 2)
    >>> x.compute()
    array([0, 1, 2, 7])
    """
    target = changeable("copyto", dst)
    if isinstance(src, bool | int | float | complex):
        src = np.asarray(src, target.dtype) if np.can_cast(np.min_scalar_type(src), target.dtype, casting) else src  # type: ignore[arg-type]
    store_into(target, _without_leading_ones(asarray(src), target.ndim), where, casting)


def _without_leading_ones(x: Array, ndim: int) -> Array:
    extra = 0
    while x.ndim - extra > ndim and x.shape[extra] == 1:
        extra += 1
    return x[(0,) * extra] if extra else x


@public(np.put)
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """``a.flat[ind] = v``; values are repeated if there are fewer than positions.

    ind : positions in the flattened array; mode : "raise", "wrap" or "clip" what is out of bounds

    Raises IndexingError.

    Cost: one pass over `a` where the result is needed; positions and values are held in memory.

    >>> import nbarray as nb
    >>> x = nb.arange(4)
    >>> nb.put(x, [0, -1], [7, 8])
    >>> x.compute()
    array([7, 1, 2, 8])
    """
    target = changeable("put", a)
    positions = np.asarray(ind).astype(np.int64).ravel()
    values = np.ma.asanyarray(values_of(v)) if isinstance(v, Array) and v.masked else np.asanyarray(v)
    if type(v) is int and target.dtype.kind in "iu":
        asked_of_numpy(np.asarray, v, target.dtype)  # it has to fit
    values = values.ravel()
    if positions.size and not target.size:
        raise IndexingError("cannot replace elements of an empty array")
    if not positions.size or not values.size:
        return
    if mode == "wrap":
        positions = positions % target.size
    elif mode == "clip":
        positions = np.clip(positions, 0, target.size - 1)
    elif mode != "raise":
        raise InputError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    resize = np.ma.resize if isinstance(values, np.ma.MaskedArray) else np.resize
    _through_flat(target, lambda flat: setitem(flat, positions, resize(values, positions.shape)))


is_method("put")(put)


def _through_flat(target: Array, change: Callable[[Array], None]) -> None:
    flat = target.reshape(-1) if target.ndim != 1 else Array(target.expr)
    change(flat)
    hold(target, flat.reshape(target.shape))


@public(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    """Values at positions along an axis, line by line: the counterpart of `take_along_axis`.

    Cost: one pass over all three where the result is needed.

    >>> import numpy as np, nbarray as nb
    >>> x = nb.zeros((2, 2))
    >>> nb.put_along_axis(x, np.array([[1], [0]]), 5, axis=1)
    >>> x.compute()
    array([[0., 5.],
           [5., 0.]])
    """
    target = changeable("put_along_axis", arr)
    positions = np.asarray(indices)
    if axis is None:
        if positions.ndim != 1:
            raise InputError("when axis=None, `indices` must have a single dimension.")
        _through_flat(target, lambda flat: setitem(flat, positions, values))
        return
    setitem(target, along_axis(positions, target.shape, axis), values)


def along_axis(positions: Any, shape: tuple[int, ...], axis: int) -> tuple[Any, ...]:
    """The index that takes `positions` along an axis, line by line."""
    k = one_axis(axis, len(shape))
    if positions.dtype.kind not in "iu":
        raise IndexingError("`indices` must be an integer array")
    if positions.ndim != len(shape):
        raise InputError("`indices` and `arr` must have the same number of dimensions")
    index: list[Any] = []
    for j, n in enumerate(shape):
        ones = [1] * len(shape)
        ones[j] = -1
        index.append(positions if j == k else np.arange(n).reshape(ones))
    return tuple(index)


@public(np.putmask)
def putmask(a: Any, mask: Any, values: Any) -> None:
    """``a.flat[n] = values[n]`` where the mask is True; values are repeated if there are fewer than elements.

    Cost: one pass where the result is needed; memory for a few blocks.

    >>> import nbarray as nb
    >>> x = nb.arange(4)
    >>> nb.putmask(x, x > 1, [-1, -2])
    >>> x.compute()
    array([ 0,  1, -1, -2])
    """
    target = changeable("putmask", a)
    _check_fits(target, values)
    chosen, given = asarray(mask), asarray(values, None if hasattr(values, "dtype") else target.dtype)
    if chosen.size != target.size:
        raise InputError("putmask: mask and data must be the same size")
    if not given.size or not target.size:
        return
    new = given.reshape(-1)
    if new.size != target.size:
        new = new[asarray(np.arange(target.size) % new.size)] if new.size > 1 else new
    if new.size > 1:
        new = new.reshape(target.shape)
    store_into(target, new, chosen.reshape(target.shape).astype(bool), "same_kind")


def _check_fits(target: Array, values: Any) -> None:
    """Values have to fit the dtype safely, as for NumPy, which is asked with a mask of nothing."""
    given = np.zeros(1, values.dtype) if hasattr(values, "dtype") else values
    asked_of_numpy(np.putmask, np.zeros(1, target.dtype), [False], given)


@public(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    """Where the mask is True, one value after the other, from the first on again when they are used up.

    Takes a pass to count the mask.

    >>> import nbarray as nb
    >>> x = nb.arange(5)
    >>> nb.place(x, x > 1, [-1, -2])
    >>> x.compute()
    array([ 0,  1, -1, -2, -1])
    """
    target = changeable("place", arr)
    _check_fits(target, vals)
    chosen = asarray(mask).astype(bool)
    values = np.asarray(vals).astype(target.dtype).ravel()
    if chosen.size != target.size:
        raise InputError("place: mask and data must be the same size")
    chosen = chosen.reshape(target.shape)
    count = int(chosen.sum().compute())
    if not count:
        return
    if not values.size:
        raise InputError("Cannot insert from an empty array!")
    setitem(target, chosen, np.resize(values, count))


@public(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """Values along the main diagonal; from its start on again below it, for `wrap`.

    Cost: one pass where the result is needed; memory for a few blocks.

    >>> import nbarray as nb
    >>> x = nb.zeros((2, 2))
    >>> nb.fill_diagonal(x, 1)
    >>> x.compute()
    array([[1., 0.],
           [0., 1.]])
    """
    target = changeable("fill_diagonal", a)
    if target.ndim < 2:
        raise InputError("array must be at least 2-d")
    if target.ndim > 2 and len(set(target.shape)) > 1:
        raise InputError("All dimensions of input must be of equal length")
    if target.ndim == 2:
        columns = target.shape[1]
        stop = target.size if wrap else columns * columns
        flat = np.arange(0, min(stop, target.size), columns + 1)
    else:
        flat = np.arange(target.shape[0]) * sum(target.shape[0] ** k for k in range(target.ndim))
    if flat.size:
        values = np.resize(np.asarray(val), flat.shape) if np.size(val) else flat[:0]
        setitem(target, np.unravel_index(flat, target.shape), values)


# ------------------------------------------------------------------------------------- methods that change the array


@is_method("fill")
def fill(x: Array, value: Any) -> None:
    """Let every element be one value, as the dtype has it; what is masked stays so.

    Raises DTypeError or InputError for what NumPy makes no element of.
    """
    one = np.empty((), x.dtype)
    asked_of_numpy(one.fill, values_of(value) if isinstance(value, Array) else value)
    made = PUBLIC["full"](x.shape, one[()], x.dtype, x.chunks)
    hold(x, made if not x.masked else PUBLIC["where"](True, made, x))


@is_method("sort")
def _sort(x: Array, axis: int = -1, kind: Any = None, order: None = None, *, stable: Any = None) -> None:
    """Sort in place; see `nbarray.sort`."""
    hold(x, PUBLIC["sort"](x, _one_axis("sort", axis), kind, order, stable=stable))


@is_method("partition")
def _partition(x: Array, kth: Any, axis: int = -1, kind: str = "introselect", order: None = None) -> None:
    """Partition in place; see `nbarray.partition`."""
    hold(x, PUBLIC["partition"](x, kth, _one_axis("partition", axis), kind, order))


def _one_axis(name: str, axis: Any) -> Any:
    if axis is None:
        raise DTypeError(f"x.{name}(axis=None): an array can't be flattened in place; give an axis")
    return axis


@is_method("resize")
def _resize(x: Array, *new_shape: Any, refcheck: bool = True) -> None:
    """Another shape and size in place: elements in C order, then zeros (`nbarray.resize` begins again instead).

    Raises InputError for sizes below zero, and for masked arrays, as NumPy does.
    """
    if x.masked:
        raise InputError("resize: a masked array can't be resized in place; nb.resize(x, new_shape) makes another one")
    given = new_shape[0] if len(new_shape) == 1 else new_shape
    if given is None or new_shape == ():
        return
    shape = tuple(operator.index(n) for n in (given if hasattr(given, "__iter__") else (given,)))
    if any(n < 0 for n in shape):
        raise InputError(f"resize: new_shape={shape}; expected sizes that aren't negative")
    flat, size = x.reshape(-1), math.prod(shape)
    if size > flat.size:
        flat = PUBLIC["concatenate"]([flat, PUBLIC["zeros"](size - flat.size, x.dtype)])
    hold(x, flat[:size].reshape(shape).astype(x.dtype))


@is_method("__delitem__")
def _delete(x: Array, index: Any) -> None:
    raise InputError("cannot delete array elements; nb.delete(x, index, axis) makes an array without them")
