"""What is made of all elements of an array in one pass: piece by piece, merged, and finished into a small array.

A summary is a reduction whose state isn't an array of the result's shape: counts by bin, the largest few, an
extract of the sorted elements, distinct values.  Summaries are small frozen records, so that equal ones make
equal nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Block", "Summary", "flat_positions", "presence"]

Block = np.ndarray[Any, Any]
Int64 = NDArray[np.int64]


class Summary:
    """How one is made.  Tasks call `begin` once and `take` for each piece; then states are merged and finished.

    extras : small arrays that every task gets whole
    """

    #: Whether it is made by compiled code.
    compiled: bool = False

    @property
    def kernels(self) -> tuple[str, ...]:
        """The sources of the kernels that compiled code may need."""
        return ()

    @property
    def sorts(self) -> bool:
        """Whether all elements are put in order."""
        return False

    @property
    def name(self) -> str:
        """What people call it."""
        return type(self).__name__.lower()

    def for_elements(self, count: int) -> Summary:
        """The summary as it is made of so many elements in all, where there is memory for a compiler."""
        return self

    def likely(self, sample: Block | None) -> Summary:
        """The summary with the bytes that it takes of elements like these, where the plan has to count on any.

        sample : some elements; None where there are none before tasks have run
        """
        return self

    def needs(self, extras: Sequence[Block]) -> bool:
        """Whether elements have to be looked at: where not, nothing is read."""
        return True

    def begin(self, extras: Sequence[Block]) -> Any:
        """The state of no elements."""
        raise NotImplementedError

    def take(self, state: Any, pieces: Sequence[Block], low: Sequence[int], extras: Sequence[Block]) -> Any:
        """The state with another piece; `low` is where it begins in the whole array."""
        raise NotImplementedError

    def merge(self, states: Sequence[Any]) -> Any:
        """One state of several, those of earlier elements first."""
        raise NotImplementedError

    def finish(self, state: Any, extras: Sequence[Block]) -> Block:
        """The result."""
        raise NotImplementedError

    def finish_into(self, state: Any, extras: Sequence[Block], out: Block) -> None:
        """Put the result where it belongs; what nobody looks at may be left as it is."""
        out[...] = self.finish(state, extras)

    def finished_bytes(self, nbytes: Int64) -> Int64:
        """How many of the bytes of the result are touched."""
        return nbytes

    def state_bytes(self, elements: Int64, parts: int) -> Int64:
        """The most bytes of states of so many elements, merged of `parts` tasks' states."""
        raise NotImplementedError

    def merging_bytes(self, elements: Int64, parts: int) -> Int64:
        """The most bytes that merging states of so many elements, of `parts` tasks together, takes besides them."""
        return 2 * self.state_bytes(elements, parts)

    def scratch_bytes(self, elements: Int64) -> Int64:
        """The most bytes that taking a piece of so many elements needs besides the piece."""
        raise NotImplementedError


def flat_positions(inside: Int64, piece: Sequence[int], low: Sequence[int], shape: Sequence[int]) -> Int64:
    """Where elements of a piece lie in the whole flattened array, given where they lie in the flattened piece.

    >>> flat_positions(np.array([0, 3]), (2, 2), (1, 1), (4, 5))
    array([ 6, 12])
    """
    if not piece:
        return inside
    found = np.unravel_index(inside, tuple(piece))
    moved = tuple(f + a for f, a in zip(found, low, strict=True))
    return np.asarray(np.ravel_multi_index(moved, tuple(shape)), np.int64)


def presence(values: Block) -> Block | None:
    """True where values are numbers, not NaN or NaT; None if all of them are."""
    if values.dtype.kind not in "fcmM":
        return None
    there = ~np.isnan(values)
    return None if there.all() else there
