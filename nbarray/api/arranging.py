"""Arrays put together of others, split, turned and repeated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbarray.api import shapes
from nbarray.api.array import Array, apply
from nbarray.api.creation import asarray
from nbarray.api.dispatch import PUBLIC, public, takes
from nbarray.errors import AxisError, InputError, ShapeError
from nbarray.expr.node import Expr
from nbarray.ops import arranging, joining, reductions, shaping
from nbarray.ops.elementwise import ufunc
from nbarray.ops.operands import normalize_axes, one_axis
from nbarray.session import compute

__all__ = [
    "array_split",
    "block",
    "broadcast_arrays",
    "column_stack",
    "dsplit",
    "fliplr",
    "flipud",
    "hsplit",
    "resize",
    "roll",
    "rollaxis",
    "rot90",
    "split",
    "tile",
    "trim_zeros",
    "unstack",
    "vsplit",
]

PUBLIC.update(concat=shapes.concatenate, permute_dims=shapes.transpose, row_stack=shapes.vstack)


# ------------------------------------------------------------------------------------------- at least


def _at_least(ndim: int) -> None:
    name = f"atleast_{ndim}d"

    def at_least(*arys: Any) -> Any:
        made = tuple(apply(arranging.at_least, asarray(a), ndim) for a in arys)
        return made[0] if len(made) == 1 else made

    at_least.__name__ = at_least.__qualname__ = name
    at_least.__doc__ = f"""Arrays with at least {ndim} {"axis" if ndim == 1 else "axes"}; several give a tuple.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> nb.{name}(3.0).shape
    {(1,) * ndim}
    """
    public(getattr(np, name))(at_least)


for _ndim in (1, 2, 3):
    _at_least(_ndim)


@public(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Array:
    """Lines as columns, and matrices, beside each other.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for.

    >>> import nbarray as nb
    >>> nb.column_stack([nb.arange(2), nb.arange(2)]).compute()
    array([[0, 0],
           [1, 1]])
    """
    parts = [asarray(a) for a in tup]
    columns = [x if x.ndim > 1 else apply(arranging.at_least, x, 2).T for x in parts]
    return apply(joining.concatenate, columns, 1)


@public(np.block)
@takes("allow_unknown_chunksizes")
def block(arrays: Any) -> Array:
    """Nested lists of arrays put together, the innermost along the last axis.

    Raises InputError for lists that are nested unevenly or empty, DTypeError for tuples.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for.

    >>> import nbarray as nb
    >>> nb.block([[nb.zeros((1, 2)), nb.ones((1, 1))], [nb.ones((1, 3))]]).compute()
    array([[0., 0., 1.],
           [1., 1., 1.]])
    """
    return apply(arranging.block, arrays)


@public(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Array, ...]:
    """All arrays spread to their common shape.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> a, b = nb.broadcast_arrays(nb.arange(3), nb.ones((2, 1)))
    >>> a.shape, b.shape
    ((2, 3), (2, 3))
    """
    arrays = [asarray(a) for a in args]
    try:
        shape = np.broadcast_shapes(*(x.shape for x in arrays))
    except ValueError as error:
        raise ShapeError(f"broadcast_arrays: {error}") from None
    return tuple(apply(shaping.broadcast_to, x, shape) for x in arrays)


# ---------------------------------------------------------------------------------- turning, repeating


@public(np.fliplr)
def fliplr(m: Any) -> Array:
    """The second axis backwards.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> nb.fliplr(nb.eye(2)).compute()
    array([[0., 1.],
           [1., 0.]])
    """
    return _flipped("fliplr", m, 1)


@public(np.flipud)
def flipud(m: Any) -> Array:
    """The first axis backwards.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> nb.flipud(nb.eye(2)).compute()
    array([[0., 1.],
           [1., 0.]])
    """
    return _flipped("flipud", m, 0)


def _flipped(name: str, m: Any, axis: int) -> Array:
    x = asarray(m)
    if x.ndim <= axis:
        raise InputError(f"{name}: Input must be >= {axis + 1}-d, not {x.ndim}-d")
    return apply(shaping.flip, x, axis)


@public(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Array:
    """Turned by 90 degrees `k` times, from the first of `axes` towards the second.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> nb.rot90(nb.arange(4).reshape(2, 2)).compute()
    array([[1, 3],
           [0, 2]])
    """
    return apply(arranging.rot90, asarray(m), k, axes)


@public(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Array:
    """Elements moved along axes (None: along the flattened array); what leaves at the end comes back in front.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for;
    without an axis, several are flattened as by `reshape`.

    >>> import nbarray as nb
    >>> nb.roll(nb.arange(5, chunks=2), 2).compute()
    array([3, 4, 0, 1, 2])
    """
    return apply(arranging.roll, asarray(a), shift, axis)


@public(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Array:
    """One axis moved back until it lies before the axis that was at `start`; `moveaxis` is easier to read.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> nb.rollaxis(nb.ones((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    x = asarray(a)
    k = one_axis(axis, x.ndim)
    if not -x.ndim <= start <= x.ndim:
        raise AxisError(f"rollaxis: 'start' arg requires {-x.ndim} <= start < {x.ndim + 1}, but {start} was passed in")
    to = start + x.ndim if start < 0 else start
    return apply(shaping.moveaxis, x, k, to - 1 if k < to else to)


@public(np.tile)
def tile(A: Any, reps: Any) -> Array:  # noqa: N803 - NumPy's names
    """An array beside itself, so many times along each axis.

    Cost: none by itself; a block that is repeated is read for each place where it is needed.

    >>> import nbarray as nb
    >>> nb.tile(nb.arange(2), (2, 2)).compute()
    array([[0, 1, 0, 1],
           [0, 1, 0, 1]])
    """
    return apply(arranging.tile, asarray(A), reps)


@public(np.resize)
def resize(a: Any, new_shape: Any) -> Array:
    """Another shape and size: elements in C order, again from the first when there are no more.

    Cost: one pass; repeated elements are read once more each time.

    >>> import nbarray as nb
    >>> nb.resize(nb.arange(3), (2, 2)).compute()
    array([[0, 1],
           [2, 0]])
    """
    return apply(arranging.resize, asarray(a), new_shape)


# -------------------------------------------------------------------------------------------- splitting


@public(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    """Parts of an axis: so many, the first ones longer by one, or cut at positions.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> [p.compute().tolist() for p in nb.array_split(nb.arange(5), 2)]
    [[0, 1, 2], [3, 4]]
    """
    return _split(ary, indices_or_sections, axis, False)


@public(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    """Parts of an axis: so many of the same size, or cut at positions.

    Raises InputError where parts would differ in size.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> [part.compute() for part in nb.split(nb.arange(6), 3)]
    [array([0, 1]), array([2, 3]), array([4, 5])]
    """
    return _split(ary, indices_or_sections, axis, True)


def _split(ary: Any, where: Any, axis: int, equal: bool) -> list[Array]:
    x = asarray(ary)
    parts = arranging.array_split(x._known, where, axis, equal)
    return [Array(p) for p in parts]


def _splitting(name: str, axis: int, least: int) -> Callable[..., Any]:
    def function(ary: Any, indices_or_sections: Any) -> list[Array]:
        x = asarray(ary)
        if x.ndim < least:
            raise InputError(f"{name} only works on arrays of {least} or more dimensions, not {x.ndim}")
        return _split(x, indices_or_sections, 0 if x.ndim == 1 else axis, True)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""Parts of axis {axis} of an array of at least {least} axes; see `split`.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> [part.shape for part in nb.{name}(nb.ones((2, 2, 2)), 2)]
    {[(*(2, 2, 2)[:axis], 1, *(2, 2, 2)[axis + 1 :])] * 2}
    """
    return public(getattr(np, name))(function)


vsplit = _splitting("vsplit", 0, 2)
hsplit = _splitting("hsplit", 1, 1)
dsplit = _splitting("dsplit", 2, 3)


@public(*([np.unstack] if hasattr(np, "unstack") else []))
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Array, ...]:
    """The parts of an axis one by one, without it.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> [row.compute() for row in nb.unstack(nb.eye(2))]
    [array([1., 0.]), array([0., 1.])]
    """
    x = asarray(x)
    if not x.ndim:
        raise InputError("unstack: Input array must be at least 1-d.")
    moved = apply(shaping.moveaxis, x, axis, 0)
    return tuple(moved[k] for k in range(moved.shape[0]))


# ------------------------------------------------------------------------------------------ sizes, chunks


@public(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Array:
    """Without the zeros at the edges, in front ("f") and behind ("b"): finds them in a pass over the data, now.

    >>> import nbarray as nb
    >>> nb.trim_zeros(nb.asarray([0, 1, 2, 0])).compute()
    array([1, 2])
    """
    x = asarray(filt)
    sides = trim.lower()
    if sides not in ("fb", "bf", "f", "b"):
        raise InputError(f"trim_zeros: unexpected character(s) in `trim`: {trim!r}")
    axes = normalize_axes(axis, x.ndim)
    found = compute(*(e for k in axes for e in _edges(x._known, k))) if axes and x.size else ()
    index = [slice(None)] * x.ndim
    for j, k in enumerate(axes):
        some, first, behind = (int(v) for v in found[3 * j : 3 * j + 3]) if found else (0, 0, 0)
        low, high = first if "f" in sides else 0, x.shape[k] - (behind if "b" in sides else 0)
        index[k] = slice(low, high) if some else slice(0, 0)
    return x[tuple(index)] if x.ndim else x


def _edges(x: Expr, axis: int) -> list[Expr]:
    """Whether anything isn't zero, and how many zeros lie in front and behind along one axis."""
    others = tuple(k for k in range(x.ndim) if k != axis)
    full = reductions.reduction("any", ufunc(np.not_equal, x, np.zeros((), x.dtype)[()]), others)
    return [
        reductions.reduction("any", full),
        reductions.reduction("argmax", full, 0),
        reductions.reduction("argmax", shaping.flip(full), 0),
    ]
