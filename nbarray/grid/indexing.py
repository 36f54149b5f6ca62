"""From what people write between brackets to integers.

`parse_index` follows NumPy's rules for integers, slices of any step, Ellipsis, newaxis, one list of
integers and one-dimensional boolean arrays, and NumPy's errors for what is out of bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.errors import DTypeError, IndexingError, InputError, NotBlocked
from nbarray.grid.chunks import Int64
from nbarray.grid.regions import AxisMap, Placement

__all__ = ["ParsedIndex", "parse_index"]


@dataclass(frozen=True)
class ParsedIndex:
    """An index taken apart: first a view, then positions along one axis of that view.

    placement : the basic part, with the listed axis kept whole
    take_axis : axis of the view along which `positions` are taken, or None
    positions : non-negative integers
    """

    placement: Placement
    take_axis: int | None = None
    positions: Int64 | None = None


def parse_index(index: Any, shape: Sequence[int]) -> ParsedIndex:
    """Take an index apart for an array of `shape`.

    Raises IndexingError as NumPy raises IndexError, NotBlocked for what NumPy takes and we don't.

    >>> parse_index((slice(None, None, -1), 0), (3, 4)).placement
    Placement(axes=(AxisMap(axis=0, start=2, step=-1, size=3),), fixed=((1, 0),))
    """
    items = _expand(index, shape)
    maps: list[AxisMap] = []
    fixed: list[tuple[int, int]] = []
    take_axis, positions = None, None
    axis = 0
    for item in items:
        if item is None:
            maps.append(AxisMap(-1, 0, 0, 1))
            continue
        size = shape[axis]
        if isinstance(item, slice):
            maps.append(_slice(item, axis, size))
        elif isinstance(item, np.ndarray):
            if take_axis is not None:
                raise NotBlocked(
                    "an index with two lists or arrays has no blocked form; index twice for two axes: x[i][:, j]"
                )
            take_axis, positions = len(maps), _positions(item, axis, size)
            maps.append(AxisMap(axis, 0, 1, size))
        else:
            fixed.append((axis, _integer(item, axis, size)))
        axis += 1
    if take_axis is not None and fixed:
        take_axis = _move_listed_first(items, take_axis, maps)
    return ParsedIndex(Placement(tuple(maps), tuple(fixed)), take_axis, positions)


def _move_listed_first(items: list[Any], take_axis: int, maps: list[AxisMap]) -> int:
    """NumPy moves the listed axis to the front when a slice stands between it and an integer."""
    advanced = [k for k, item in enumerate(items) if isinstance(item, np.ndarray) or _is_integer(item)]
    if advanced[-1] - advanced[0] + 1 == len(advanced):
        return take_axis
    maps.insert(0, maps.pop(take_axis))
    return 0


def _is_integer(item: Any) -> bool:
    return isinstance(item, int | np.integer) and not isinstance(item, bool | np.bool_)


def _expand(index: Any, shape: Sequence[int]) -> list[Any]:
    """One entry an axis (and None for new ones): Ellipsis and what is missing become full slices."""
    items = [_convert(item) for item in (index if isinstance(index, tuple) else (index,))]
    used = sum(item is not None and item is not Ellipsis for item in items)
    dots = sum(item is Ellipsis for item in items)
    if dots > 1:
        raise IndexingError("an index can only have a single ellipsis ('...')")
    if used > len(shape):
        raise IndexingError(f"too many indices for array: array is {len(shape)}-dimensional, but {used} were indexed")
    full = [slice(None)] * (len(shape) - used)
    if not dots:
        return items + full
    at = next(k for k, item in enumerate(items) if item is Ellipsis)
    return items[:at] + full + items[at + 1 :]


def _convert(item: Any) -> Any:
    if item is None or item is Ellipsis or isinstance(item, slice) or _is_integer(item):
        return item
    if isinstance(item, bool | np.bool_):
        raise NotBlocked(
            f"a single {bool(item)} as an index has no blocked form; use None, or a boolean array of x's shape"
        )
    if hasattr(item, "__index__") and not isinstance(item, np.ndarray):
        return item.__index__()
    if isinstance(item, list | np.ndarray | range) or hasattr(item, "__array__"):
        array = np.asarray(item)
        if array.size == 0 and not isinstance(item, np.ndarray):
            array = array.astype(np.int64)
        if array.ndim == 0 and array.dtype.kind in "iu":
            return int(array)
        if array.ndim == 1 and array.dtype.kind in "iub":
            return array
        if array.dtype.kind in "iub":
            raise NotBlocked(f"an index array of {array.ndim} axes has no blocked form; give one axis of positions")
    raise IndexingError(
        "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and one-dimensional integer or boolean "
        f"arrays are valid indices, not {type(item).__name__} {item!r:.40}"
    )


def _slice(item: slice, axis: int, size: int) -> AxisMap:
    try:
        start, stop, step = item.indices(size)
    except TypeError as error:
        raise DTypeError(f"index {item!r} for axis {axis}: {error}") from None
    except ValueError as error:
        raise InputError(f"index {item!r} for axis {axis}: {error}") from None
    return AxisMap(axis, start, step, len(range(start, stop, step)))


def _integer(item: Any, axis: int, size: int) -> int:
    position = int(item)
    if not -size <= position < size:
        raise IndexingError(f"index {position} is out of bounds for axis {axis} with size {size}")
    return position % size


def _positions(array: np.ndarray[Any, Any], axis: int, size: int) -> Int64:
    if array.dtype.kind == "b":
        if len(array) != size:
            raise IndexingError(
                f"boolean index did not match indexed array along axis {axis}; "
                f"size of axis is {size} but size of corresponding boolean axis is {len(array)}"
            )
        return np.flatnonzero(array).astype(np.int64)
    positions = array.astype(np.int64)
    bad = (positions < -size) | (positions >= size)
    if bad.any():
        raise IndexingError(f"index {int(positions[bad][0])} is out of bounds for axis {axis} with size {size}")
    return np.where(positions < 0, positions + size, positions)
