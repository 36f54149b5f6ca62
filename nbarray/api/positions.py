"""Positions in other forms: numbers of the flattened array and back, grids of them, and access by kind of index."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply
from nbarray.api.assigning import setitem
from nbarray.api.conversions import values_of
from nbarray.api.creation import asarray
from nbarray.api.dispatch import PUBLIC, implements, is_method, public
from nbarray.errors import IndexingError, InputError
from nbarray.ops import indexing, shaping
from nbarray.ops.lines import asked_of_numpy

__all__: list[str] = []


@public(np.unravel_index)
def unravel_index(indices: Any, shape: Any, order: str = "C") -> Any:
    """For numbers of elements in the flattened array, their positions along each axis.

    Raises InputError for numbers out of bounds, when they are computed if they are blocked.

    Cost: one pass for each axis that is asked for; memory for a few blocks.

    >>> import nbarray as nb
    >>> [p.compute() for p in nb.unravel_index(nb.asarray([5, 3]), (2, 3))]
    [array([1, 1]), array([2, 0])]
    """
    if not isinstance(indices, Array):
        found = asked_of_numpy(np.unravel_index, indices, shape, order)
        return tuple(asarray(f) for f in found)
    sizes = (int(shape),) if hasattr(shape, "__index__") else tuple(int(n) for n in shape)

    def at(axis: int) -> Callable[[Any], Any]:
        def unravel_index(block: Any) -> Any:
            return np.unravel_index(block, sizes, order)[axis]  # type: ignore[call-overload]

        return unravel_index

    _check_integers("unravel_index", indices)
    return tuple(indices.map_blocks(at(k), dtype=np.intp) for k in range(len(sizes)))


def _check_integers(name: str, x: Array) -> None:
    if x.dtype.kind not in "iub":
        raise TypeError(f"{name}: only int indices permitted, not {x.dtype}")


@public(np.ravel_multi_index)
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Array:
    """For positions along each axis, the numbers of the elements in the flattened array.

    multi_index : an array for each axis, or one whose first axis they are; mode : "raise", "wrap" or "clip"

    Raises InputError for positions out of bounds, when they are computed if they are blocked.

    Cost: one pass; memory for a few blocks.

    >>> import nbarray as nb
    >>> nb.ravel_multi_index((nb.asarray([1, 1]), nb.asarray([2, 0])), (2, 3)).compute()
    array([5, 3])
    """
    parts = [asarray(p) for p in multi_index]
    sizes = (int(dims),) if hasattr(dims, "__index__") else tuple(int(n) for n in dims)
    if len(parts) != len(sizes):
        raise InputError(f"parameter multi_index must be a sequence of length {len(sizes)}")
    for p in parts:
        _check_integers("ravel_multi_index", p)
    shape = np.broadcast_shapes(*[p.shape for p in parts])
    spread: list[Array] = [apply(shaping.broadcast_to, p, shape) for p in parts]

    def ravel_multi_index(*blocks: Any) -> Any:
        return np.ravel_multi_index(blocks, sizes, mode, order)  # type: ignore[call-overload]

    return spread[0].map_blocks(ravel_multi_index, *[p.expr for p in spread[1:]], dtype=np.intp)


def _known(name: str, numpy_function: Any, summary: str, shown: str, args: tuple[Any, ...]) -> None:
    """A function that makes indices of sizes: NumPy's, since indices are small.

    shown, args : what it is shown on, and the same for NumPy's
    """

    def function(*args: Any, **options: Any) -> Any:
        shapes = [np.broadcast_to(np.empty(()), a.shape) if isinstance(a, Array) else a for a in args]
        return asked_of_numpy(numpy_function, *shapes, **options)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{summary}: NumPy arrays, as `numpy.{name}` has them; of blocked arrays only shapes are used.

    Cost: nothing is read; they are as long as what they pick, and lie in memory.

    >>> import {"numpy as np, " * ("np." in shown)}nbarray as nb
    >>> nb.{name}({shown})
    {numpy_function(*args)}
    """
    public(numpy_function)(function)


for _name, _summary in (
    ("diag_indices", "Positions of the main diagonal"),
    ("tril_indices", "Positions of the lower triangle"),
    ("triu_indices", "Positions of the upper triangle"),
):
    _known(_name, getattr(np, _name), _summary, "2", (2,))
    _known(f"{_name}_from", getattr(np, f"{_name}_from"), f"{_summary} of an array", "nb.eye(2)", (np.eye(2),))
_known(
    "mask_indices", np.mask_indices, "Positions that a function of a square array leaves", "2, np.triu", (2, np.triu)
)


@implements(np.ix_)
def ix_(*args: Any) -> tuple[np.ndarray[Any, Any], ...]:
    """Index arrays that together pick a grid; blocked ones are computed.

    Cost: blocked positions are computed, now.

    >>> import nbarray as nb
    >>> x = nb.arange(6).reshape(2, 3)
    >>> x[nb.ix_([1, 0], [0, 2])].compute()
    array([[3, 5],
           [0, 2]])
    """
    made: tuple[np.ndarray[Any, Any], ...]
    made = asked_of_numpy(np.ix_, *[values_of(a) if isinstance(a, Array) else a for a in args])
    return made


PUBLIC["ix_"] = ix_


class _Accessor:
    """``x.kind[index]``, where a property of the array says which kind."""

    __slots__ = ("_array",)

    def __init__(self, array: Array) -> None:
        self._array = array

    def _index(self, index: Any) -> tuple[Any, ...]:
        given = index if isinstance(index, tuple) else (index,)
        return tuple(values_of(i) if isinstance(i, Array) else i for i in given)


class OuterIndex(_Accessor):
    """Indexing axis by axis: each list, array or mask picks along its own axis, whatever the others do."""

    def __getitem__(self, index: Any) -> Array:
        made: Array = apply(_outer, self._array, self._index(index))
        return made

    def __setitem__(self, index: Any, value: Any) -> None:
        setitem(self._array, _as_grid(self._index(index), self._array.shape), value)


def _outer(x: Any, index: Any) -> Any:
    for axis, item in reversed(list(enumerate(indexing.outer_index(index, x.sizes)))):
        if not isinstance(item, slice) or item != slice(None):
            x = indexing.getitem(x, (*(slice(None),) * axis, item))
    return x


def _as_grid(index: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The same index as NumPy has it: lists as a grid, and slices as lists too."""
    items = indexing.outer_index(index, shape)
    lists = [np.arange(n)[item] for item, n in zip(items, shape, strict=True)]
    many = [k for k, found in enumerate(lists) if np.ndim(found)]
    grid = np.ix_(*[lists[k] for k in many])
    return tuple(grid[many.index(k)] if k in many else int(lists[k]) for k in range(len(lists)))


class PointIndex(_Accessor):
    """Indexing point by point: lists and arrays are broadcast together, and their axes always come first.

    Blocked positions stay blocked.
    """

    def _index(self, index: Any) -> tuple[Any, ...]:
        given = index if isinstance(index, tuple) else (index,)
        return tuple(values_of(i) if isinstance(i, Array) and i.dtype.kind == "b" else i for i in given)

    def _whole(self, index: Any) -> tuple[Any, ...]:
        items = indexing.outer_index(self._index(index), self._array.shape)
        if any(isinstance(i, np.ndarray) and i.dtype.kind == "b" and i.ndim > 1 for i in items):
            raise IndexingError("vindex: expected integers, slices, lists and masks of one axis")
        return items

    def __getitem__(self, index: Any) -> Array:
        items = self._whole(index)
        lists = [k for k, item in enumerate(items) if not isinstance(item, slice)]
        first = [*lists, *(k for k in range(len(items)) if k not in lists)]
        return self._array.transpose(first)[tuple(items[k] for k in first)]

    def __setitem__(self, index: Any, value: Any) -> None:
        items = self._whole(index)
        lists = [k for k, item in enumerate(items) if not isinstance(item, slice)]
        first = [*lists, *(k for k in range(len(items)) if k not in lists)]
        turned = self._array.transpose(first)
        setitem(turned, tuple(items[k] for k in first), value)
        self._array.become(turned.transpose([first.index(k) for k in range(len(first))]).expr)


class BlockIndex(_Accessor):
    """Indexing by block: integers, slices, and a list along one axis count blocks; an integer keeps its axis."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of blocks along each axis."""
        return self._array.numblocks

    @property
    def size(self) -> int:
        """Number of blocks."""
        return math.prod(self.shape)

    def ravel(self) -> list[Array]:
        """Each block by itself, in C order."""
        return [self[place] for place in np.ndindex(self.shape)]

    def __getitem__(self, index: Any) -> Array:
        items = self._index(index)
        if any(item is None for item in items):
            raise InputError("blocks: newaxis (None) is not supported: new axes are not blocks; add them to the array")
        if sum(not isinstance(item, slice) and bool(np.ndim(item)) for item in items) > 1:
            raise InputError(
                "blocks: a list along more than one axis could mean pairs or a grid, so it is not supported; "
                "pick along one axis after another: x.blocks[rows].blocks[:, columns]"
            )
        made = self._array
        for axis, item in enumerate(indexing.outer_index(items, self.shape)):
            sizes = self._array.chunks[axis]
            (which,) = (np.atleast_1d(_blocks_at(item, len(sizes), axis)),)
            starts = np.concatenate([[0], np.cumsum(sizes)])
            lead = (slice(None),) * axis
            if len(which) and (np.diff(which) == 1).all():
                made = made[(*lead, slice(int(starts[which[0]]), int(starts[which[-1] + 1])))]
                continue
            parts = [np.arange(starts[b], starts[b + 1]) for b in which]
            positions = np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.int64)
            made = made[(*lead, positions)].rechunk({axis: tuple(len(p) for p in parts) or (0,)})
        return made


def _blocks_at(item: Any, count: int, axis: int) -> Any:
    if isinstance(item, slice):
        return np.arange(count)[item]
    given = np.asarray(item)
    if given.dtype.kind == "b":
        given = np.flatnonzero(given)
    if given.ndim > 1 or (given.size and given.dtype.kind not in "iu"):
        raise IndexingError("blocks: only integers, slices and lists of integers count blocks")
    return indexing.in_bounds(given, axis, count)


class FlatIndex(_Accessor):
    """The elements in C order, along one axis: for indexing, going through them, and assigning.

    Fewer values than positions are repeated.
    """

    def __getitem__(self, index: Any) -> Array:
        made: Array = self._array.ravel()[index]
        return made

    def __setitem__(self, index: Any, value: Any) -> None:
        flat = self._array.ravel()
        if np.size(value) == 1:
            setitem(flat, index, asarray(value).reshape(()))
        else:
            (places,) = self._index(index) or (slice(None),)
            PUBLIC["put"](flat, np.arange(flat.size)[places], value)
        self._array.become(flat.reshape(self._array.shape).expr)

    def __iter__(self) -> Iterator[Array]:
        return iter(self._array.ravel())

    def __len__(self) -> int:
        return self._array.size


def _property(name: str, kind: type[_Accessor]) -> None:
    is_method(name)(property(kind, doc=kind.__doc__))  # type: ignore[arg-type]


def _set_flat(x: Array, values: Any) -> None:
    FlatIndex(x)[:] = values


_property("oindex", OuterIndex)
_property("vindex", PointIndex)
_property("blocks", BlockIndex)
_property("partitions", BlockIndex)
is_method("flat")(property(FlatIndex, _set_flat, doc=FlatIndex.__doc__))  # type: ignore[arg-type]
