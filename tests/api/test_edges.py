"""The parts that overlapping is made of are what NumPy's `pad` makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from tests.compare import check

A = np.arange(12.0).reshape(3, 4)
MODES = {"periodic": "wrap", "reflect": "symmetric", "nearest": "edge"}


@pytest.mark.parametrize("name", MODES)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_one_axis(name: str, axis: int) -> None:
    """More elements in front of and behind one axis."""
    widths = [(0, 0), (0, 0)]
    widths[axis] = (2, 2)

    check(getattr(nb.overlap, name)(nb.from_array(A, chunks=2), axis, 2), np.pad(A, widths, MODES[name]))
    check(nb.overlap.constant(nb.from_array(A, chunks=2), axis, 2, 7), np.pad(A, widths, constant_values=7))


def test_boundaries() -> None:
    """Each axis gets what is said for it, and those with nothing beyond stay, or get zeros."""
    x = nb.from_array(A, chunks=2)
    edges: dict[int, Any] = {0: "none", 1: "reflect"}

    check(nb.overlap.boundaries(x, {0: 1, 1: (1, 2)}, edges), np.pad(A, ((0, 0), (1, 2)), "symmetric"))
    check(nb.overlap.add_dummy_padding(x, {0: 1, 1: 2}, edges), np.pad(A, ((1, 1), (0, 0))))


def test_forms_of_arguments() -> None:
    """Depths and boundaries come by axis, however they were given."""
    assert {0: 1, 1: 1} == nb.overlap.coerce_depth(2, 1)
    assert {0: 0, 1: (1, 2)} == nb.overlap.coerce_depth(2, (0, (1, 2)))
    assert {0: "none", 1: "none"} == nb.overlap.coerce_boundary(2, None)
    assert {0: 5, 1: "periodic"} == nb.overlap.coerce_boundary(2, (5, "periodic"))
    assert (3, 3) == nb.overlap.ensure_minimum_chunksize(2, (3, 3))
    with pytest.raises(ValueError, match="larger than your array"):
        nb.overlap.ensure_minimum_chunksize(9, (3, 3))


def test_round_trip() -> None:
    """What blocks got of their neighbours can be cut off again."""
    x = nb.from_array(A, chunks=2)

    check(nb.overlap.trim_internal(nb.overlap(x, {1: 1}, "reflect"), {1: 1}, {1: "reflect"}), A)
