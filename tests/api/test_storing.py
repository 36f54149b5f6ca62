"""Writing into targets, all at once and in slabs."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import nbarray as nb
from nbarray.api.storing import store
from nbarray.errors import InputError


@pytest.mark.parametrize("memory", ["64MiB", "1MiB"])
def test_slabs(memory: str) -> None:
    """Arrays larger than half of the budget arrive whole, from a target's region with steps as well."""
    values = np.arange(1000 * 100.0).reshape(1000, 100)
    plain, stepped = np.zeros((1000, 100)), np.zeros((2001, 100))
    x = nb.from_array(values, chunks=(130, 100))
    store([x, x], [plain, stepped], [None, (slice(1, 2001, 2), slice(None))], memory=memory)

    np.testing.assert_array_equal(values, plain)
    np.testing.assert_array_equal(values, stepped[1::2])
    np.testing.assert_array_equal(0, stepped[::2])


def test_lock() -> None:
    """A lock is held while values are assigned, and not while they are computed."""
    lock = threading.Lock()
    held = []

    class Target:
        def __setitem__(self, region: object, values: object) -> None:
            held.append(lock.locked())

    def free(block: np.ndarray) -> np.ndarray:
        held.append(lock.locked())
        return block

    store([nb.map_blocks(free, nb.arange(2), dtype=int)], [Target()], [None], lock)

    assert [False, True] == held


def test_no_axes() -> None:
    """An array without axes fills its target."""
    out = np.zeros(())
    store([nb.ones(3).sum()], [out], [None])

    assert out == 3


def test_counts_differ() -> None:
    """There is a target for each array."""
    with pytest.raises(InputError, match="as many targets"):
        store([nb.ones(3)], [], [None])
