"""What a reduction is: a row of plain functions over a state of planes.

A state is a list of arrays, all of the shape of the result with the reduced axes kept at length 1.
`fold` adds a tile to it, `merge` adds another state, `finish` makes the result.  Elements left out
(masked, or by ``where=``) are told by a mask that is True where an element does not count; how many
were left out is counted in a plane that exists only once there is one (see `State.left`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.kernels.sums import keeps_losses
from nbarray.kernels.tiles import Where, part_of

__all__ = ["Axes", "Reduction", "State", "Tile"]

Tile = np.ndarray[Any, Any]
Axes = tuple[int, ...]


@dataclass(slots=True)
class State:
    """What a reduction knows of the elements it has seen.

    planes : arrays of the result's shape, reduced axes at length 1
    left : how many elements were left out, in the same shape, or None while there is none
    shift : belongs to every element of the first plane, which is a sum
    disposable : only one task will ever look at it, and may make it into something else
    """

    planes: list[Tile]
    left: Tile | None = None
    shift: float = 0.0
    disposable: bool = False

    @property
    def nbytes(self) -> int:
        return sum(p.nbytes for p in self.planes) + (0 if self.left is None else self.left.nbytes)

    def part(self, where: tuple[slice, ...]) -> list[Tile]:
        return [part_of(p, where) for p in self.planes]

    def piece(self, where: tuple[slice, ...]) -> State:
        """What is known of a part of the results, for the one task that will ever look at it."""
        left = None if self.left is None else part_of(self.left, where)
        return State(self.part(where), left, self.shift, disposable=True)


@dataclass(frozen=True)
class Reduction:
    """One row.

    name : what NumPy calls it
    state_dtypes : dtype of values, dtype of the result -> dtypes of the planes
    counts : the first plane counts elements, and is of any whole dtype that holds as many as there are
    start : dtype of values, dtypes of the planes -> what the planes are filled with
    fold : (planes, values, mask of what is left out, axes, Where) -> None, adding a tile in place
    merge : (planes, other planes) -> None, adding the second to the first in place
    finish : (planes, count of elements seen, dtype, parameters) -> result
    has_identity : whether nothing reduces to something (the sum of nothing is 0)
    is_sum : whether the first plane is a sum, whose rounding errors may be kept in one more (see `sums`)
    neutral : value that leaves the result alone; masked elements are replaced by it before folding
    join : (planes, what a compiled kernel made of so many elements a result, that many, Where) -> None
    makes : what folding a tile makes on the way, as so many times its values, and so many times its results
    """

    name: str
    state_dtypes: Callable[[np.dtype[Any], np.dtype[Any]], tuple[np.dtype[Any], ...]]
    start: Callable[[np.dtype[Any], tuple[np.dtype[Any], ...]], tuple[Any, ...]]
    fold: Callable[[list[Tile], Tile, Tile | None, Axes, Where], None]
    merge: Callable[[list[Tile], list[Tile]], None]
    finish: Callable[[list[Tile], Any, np.dtype[Any], dict[str, Any]], Tile]
    has_identity: bool = True
    neutral: Callable[[np.dtype[Any]], Any] | None = None
    is_sum: bool = False
    join: Callable[[list[Tile], list[Tile], int, Where], None] | None = None
    counts: bool = False
    makes: tuple[float, float] = (2.0, 0.0)

    def planes(
        self, values: np.dtype[Any], result: np.dtype[Any], count: np.dtype[Any] | None = None
    ) -> tuple[np.dtype[Any], ...]:
        """Dtypes of the planes; `count` holds the number of elements that go into a result, where that is known."""
        first, *others = self.state_dtypes(values, result)
        return (count if self.counts and count is not None else first, *others)

    def begin(
        self,
        shape: tuple[int, ...],
        values: np.dtype[Any],
        result: np.dtype[Any],
        count: np.dtype[Any] | None = None,
        make: Callable[[tuple[int, ...], np.dtype[Any]], Tile] = np.empty,
    ) -> State:
        """The state that has seen nothing; `make` gives arrays to be filled."""
        dtypes = self.planes(values, result, count)
        planes = []
        for value, dtype in zip(self.start(values, dtypes), dtypes, strict=True):
            planes.append(make(shape, dtype))
            # at once: a page of zeros that is read before it is written is brought in twice, and every core told of it
            np.copyto(planes[-1], value, casting="unsafe")
        if self.is_sum and keeps_losses(planes[0]):
            planes.append(np.zeros(shape, dtypes[0]))
        return State(planes)
