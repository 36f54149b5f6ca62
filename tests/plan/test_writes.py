"""What a plan says it will write."""

from __future__ import annotations

from typing import Any

import numpy as np

import nbarray as nb
from nbarray.io.writers import AssigningWriter, MemoryWriter, Writer
from nbarray.plan.writes import writes
from nbarray.session import plan


class Stored:
    """Something with chunks that blocks are assigned to."""

    shape = (10, 12)

    def __setitem__(self, region: Any, values: Any) -> None:
        """Nothing is kept."""


def written(x: nb.Array, writer: Writer) -> Any:
    (found,) = writes(plan([x.expr], writers=[writer]))
    return found


def test_whole_chunks_are_written_once() -> None:
    """Blocks are cut to whole chunks, also at the target's end, so nothing is read back."""
    found = written(nb.ones((10, 12), chunks=(3, 5)) + 1, AssigningWriter(Stored(), None, (), (4, 5), False))

    assert (10 * 12 * 8, 0) == (found.written_bytes, found.read_back_bytes)
    assert ("Stored", (4, 5)) == (found.place, found.chunks)


def test_parts_of_chunks_are_read_back() -> None:
    """A region of one row of chunks, of which the first and the last chunk are covered in part."""
    region = (slice(0, 4), slice(2, 9))
    found = written(nb.ones((4, 7)) + 1, AssigningWriter(Stored(), region, (), None, False, (4, 4)))

    assert 4 * 7 * 8 == found.written_bytes
    assert 2 * 4 * 4 * 8 == found.read_back_bytes


def test_memory_is_written_in_place() -> None:
    """An array in memory has no chunks."""
    found = written(nb.ones(5) + 1, MemoryWriter(np.zeros(5), np.dtype(float)))

    assert ("an array in memory", None, 40, 0) == (
        found.place,
        found.chunks,
        found.written_bytes,
        found.read_back_bytes,
    )


def test_results_in_memory_are_not_written() -> None:
    """Only what has a writer is told."""
    assert [] == writes(plan([nb.ones(5).expr]))
