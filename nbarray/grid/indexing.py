"""From what people write between brackets to integers.

`parse_index` follows NumPy's rules: integers, slices of any step, Ellipsis and newaxis make a view; lists, arrays
of integers and masks, broadcast together, pick points of it.  What is out of bounds, too many or of no use raises
what NumPy raises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.errors import IndexingError, IndexTypeError, InputError
from nbarray.grid.chunks import Int64
from nbarray.grid.regions import AxisMap, Placement

__all__ = ["Later", "ParsedIndex", "in_bounds", "parse_index"]


@dataclass(frozen=True)
class Later:
    """Positions that will be known when the computation runs: of which shape is all that matters here."""

    value: Any
    shape: tuple[int, ...]


@dataclass(frozen=True)
class ParsedIndex:
    """An index taken apart: first a view, then points of it.

    placement : the basic part, with the axes along which points are picked kept whole
    axes : those axes of the view
    positions : for each of them non-negative integers, or `Later`; they broadcast to `points`
    points : shape of the points together; None if none are picked
    at : the points' axes come after so many of the view's other axes
    """

    placement: Placement
    axes: tuple[int, ...] = ()
    positions: tuple[Int64 | Later, ...] = ()
    points: tuple[int, ...] | None = None
    at: int = 0


class _Dots:
    """Stands for an Ellipsis that stands for no axes: it still lies between its neighbours."""


def parse_index(index: Any, shape: Sequence[int]) -> ParsedIndex:
    """Take an index apart for an array of `shape`.

    Raises IndexingError as NumPy raises IndexError.

    >>> parse_index((slice(None, None, -1), 0), (3, 4)).placement
    Placement(axes=(AxisMap(axis=0, start=2, step=-1, size=3),), fixed=((1, 0),))
    >>> parsed = parse_index(([0, 1], slice(None), [[2], [3]]), (3, 4, 5))
    >>> parsed.axes, parsed.points, parsed.at
    ((0, 2), (2, 2), 0)
    """
    items = _expand(index, shape)
    maps: list[AxisMap] = []
    fixed: list[tuple[int, int]] = []
    picked: dict[int, Any] = {}
    shapes: list[tuple[int, ...]] = []
    before: list[int] = []  # for each item that picks, how many other axes the view has in front of it
    axis = 0
    for item in items:
        if item is None:
            maps.append(AxisMap(-1, 0, 0, 1))
        elif isinstance(item, slice):
            maps.append(_slice(item, axis, shape[axis]))
            axis += 1
        elif isinstance(item, np.ndarray | Later):
            before.append(len(maps) - len(picked))
            for array in _positions(item, axis, shape):
                shapes.append(array.shape)
                if _takes(item):
                    picked[len(maps)] = array
                    maps.append(AxisMap(axis, 0, 1, shape[axis]))
                    axis += 1
        elif not isinstance(item, _Dots):
            before.append(len(maps) - len(picked))
            fixed.append((axis, _integer(item, axis, shape[axis])))
            axis += 1
    placement = Placement(tuple(maps), tuple(fixed))
    if not shapes:
        return ParsedIndex(placement)
    at = before[0] if _are_neighbours(items) else 0
    points = _together(shapes)
    checked = [_checked(array, maps[k].axis, maps[k].size, 0 in points) for k, array in picked.items()]
    return ParsedIndex(placement, tuple(picked), tuple(checked), points, at)


def _checked(array: Any, axis: int, size: int, nothing: bool) -> Any:
    """Where nothing is picked, NumPy doesn't look at the positions either."""
    if isinstance(array, Later):
        return array
    return np.zeros(array.shape, np.int64) if nothing else in_bounds(array, axis, size)


def _picks(item: Any) -> bool:
    return not (item is None or isinstance(item, slice | _Dots))


def _are_neighbours(items: list[Any]) -> bool:
    """Whether nothing stands between lists, arrays, masks and integers; else NumPy moves the points to the front."""
    places = [k for k, item in enumerate(items) if _picks(item)]
    return places[-1] - places[0] + 1 == len(places)


def _takes(item: Any) -> int:
    """How many axes of the array an item is for."""
    if item is None or isinstance(item, _Dots):
        return 0
    return item.ndim if isinstance(item, np.ndarray) and item.dtype.kind == "b" else 1


def _together(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        told = " ".join(map(str, shapes))
        raise IndexingError(
            f"shape mismatch: indexing arrays could not be broadcast together with shapes {told}"
        ) from None


def _is_integer(item: Any) -> bool:
    return isinstance(item, int | np.integer) and not isinstance(item, bool | np.bool_)


def _expand(index: Any, shape: Sequence[int]) -> list[Any]:
    """Items for all axes (and None for new ones): Ellipsis and what is missing become full slices."""
    items = [_convert(item) for item in (index if isinstance(index, tuple) else (index,))]
    used = sum(_takes(item) for item in items if item is not Ellipsis)
    dots = sum(item is Ellipsis for item in items)
    if dots > 1:
        raise IndexingError("an index can only have a single ellipsis ('...')")
    if used > len(shape):
        raise IndexingError(f"too many indices for array: array is {len(shape)}-dimensional, but {used} were indexed")
    full: list[Any] = [slice(None)] * (len(shape) - used)
    if not dots:
        return items + full
    at = next(k for k, item in enumerate(items) if item is Ellipsis)
    return items[:at] + (full or [_Dots()]) + items[at + 1 :]


def _convert(item: Any) -> Any:
    if item is None or item is Ellipsis or isinstance(item, slice | Later) or _is_integer(item):
        return item
    if isinstance(item, bool | np.bool_):
        return np.asarray(item)
    if hasattr(item, "__index__") and not isinstance(item, np.ndarray):
        return item.__index__()
    if isinstance(item, list | tuple | np.ndarray | range) or hasattr(item, "__array__"):
        try:
            array = np.asarray(item)
        except ValueError as error:
            raise InputError(f"index {item!r:.40}: {error}") from None
        if array.size == 0 and not isinstance(item, np.ndarray):
            array = array.astype(np.int64)
        if array.ndim == 0 and array.dtype.kind in "iu":
            return int(array)
        if array.dtype.kind in "iub":
            return array
        raise IndexingError(f"arrays used as indices must be of integer (or boolean) type, not {array.dtype}")
    raise IndexingError(
        "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean arrays are valid "
        f"indices, not {type(item).__name__} {item!r:.40}"
    )


def _slice(item: slice, axis: int, size: int) -> AxisMap:
    try:
        start, stop, step = item.indices(size)
    except TypeError as error:
        raise IndexTypeError(f"index {item!r} for axis {axis}: {error}") from None
    except ValueError as error:
        raise InputError(f"index {item!r} for axis {axis}: {error}") from None
    return AxisMap(axis, start, step, len(range(start, stop, step)))


def _integer(item: Any, axis: int, size: int) -> int:
    position = int(item)
    if not -size <= position < size:
        raise IndexingError(f"index {position} is out of bounds for axis {axis} with size {size}")
    return position % size


def _positions(item: Any, axis: int, shape: Sequence[int]) -> tuple[Any, ...]:
    """What an item picks along each axis that it is for; a mask without axes picks all or nothing, along none."""
    if isinstance(item, Later):
        return (item,)
    if item.dtype.kind != "b":
        return (item,)
    for k, n in enumerate(item.shape):
        if n not in (0, shape[axis + k]):  # NumPy takes one of no elements for any axis: it picks nothing
            raise IndexingError(
                f"boolean index did not match indexed array along axis {axis + k}; "
                f"size of axis is {shape[axis + k]} but size of corresponding boolean axis is {n}"
            )
    return np.nonzero(item) if item.ndim else (np.zeros(int(item), np.int64),)


def in_bounds(array: np.ndarray[Any, Any], axis: int, size: int) -> Int64:
    """Positions along an axis of `size`, with negative ones counted from its end; IndexingError for those outside."""
    positions = array.astype(np.int64)
    if not positions.size:
        return positions
    low, high = int(positions.min()), int(positions.max())
    if low < -size or high >= size or (array.dtype.kind == "u" and int(array.max()) >= size):
        bad = positions[(positions < -size) | (positions >= size)]
        raise IndexingError(f"index {int(bad[0])} is out of bounds for axis {axis} with size {size}")
    return positions if low >= 0 else np.where(positions < 0, positions + size, positions)
