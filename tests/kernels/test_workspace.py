"""What tasks leave for others to work in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nbarray.kernels.workspace import Spares, Workspace

DOUBLE = np.dtype("f8")


def freed() -> tuple[np.ndarray[Any, Any], None]:
    """A block that nobody else has."""
    return np.full((30, 40), 7.0), None


def test_freed_blocks_are_filled_again() -> None:
    """The same memory, for who wants an array of that kind, and for one only."""
    spares = Spares(2)
    spares.leave_freed(freed())

    assert not (spares.take((30, 40), np.dtype("i8")) == 7).all()
    taken = spares.take((30, 40), DOUBLE)
    assert (taken == 7).all()
    assert not np.may_share_memory(taken, spares.take((30, 40), DOUBLE))


@pytest.mark.parametrize("look", [lambda a: a, lambda a: a[1:], lambda a: a.T[::-1]], ids=["itself", "part", "turned"])
def test_blocks_that_somebody_looks_at_are_left_alone(look: Callable[[Any], Any]) -> None:
    """Another block may be a view on what was freed."""
    spares, block = Spares(2), freed()
    seen = look(block[0])
    spares.leave_freed(block)
    spares.take((30, 40), DOUBLE).fill(1)

    assert (seen == 7).all()


def test_parts_of_something_are_not_kept() -> None:
    """What a block lies in belongs to somebody else."""
    spares, whole = Spares(2), np.zeros((50, 40))
    spares.leave_freed((whole[:30], None))
    spares.take((30, 40), DOUBLE).fill(1)

    assert not whole.any()


def test_what_was_left_last_is_taken_first() -> None:
    """Caches may hold it still."""
    spares, (first, second) = Spares(2), (np.zeros(9), np.ones(9))
    spares.leave([first])
    spares.leave([second])

    assert spares.take((9,), DOUBLE) is second
    assert spares.take((9,), DOUBLE) is first


def test_zeros_are_kept_until_somebody_keeps_them() -> None:
    workspace = Workspace()
    first = workspace.zeros("none", (3, 4), np.dtype("u2"))
    again = workspace.zeros("none", (2, 4), np.dtype("u2"))
    first[...] = 7
    workspace.let_keep("none")
    other = workspace.zeros("none", (3, 4), np.dtype("u2"))

    assert np.shares_memory(first, again)
    assert not np.shares_memory(first, other)
    assert not other.any()
    assert (first == 7).all()
    assert not workspace.lends(first)
