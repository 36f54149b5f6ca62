"""Boxes made of cells are what NumPy makes by putting the cells together."""

from __future__ import annotations

import numpy as np

from nbarray.kernels.patched import Patched, apart, cut_operand

A = np.arange(5 * 7.0).reshape(5, 7)


def wrapped() -> Patched:
    """A with its first two columns once more at the end, the last of them with something missing."""
    cells = [
        ((slice(0, 5), slice(0, 7)), (A, None)),
        ((slice(0, 5), slice(7, 9)), (A[:, :2], A[:, :2] > 20)),
    ]
    return Patched((5, 9), cells)


def test_together() -> None:
    """All cells in their places, masks where there are any."""
    values, mask = wrapped().together(np.empty((5, 9)))

    np.testing.assert_array_equal(np.pad(A, ((0, 0), (0, 2)), mode="wrap"), values)
    assert mask is not None
    assert not mask[:, :7].any()
    np.testing.assert_array_equal(A[:, :2] > 20, mask[:, 7:])


def test_cut() -> None:
    """A part within a cell is a view on it, any other is of cells again."""
    inside = cut_operand(wrapped(), (slice(1, 3), slice(2, 6)))
    across = cut_operand(wrapped(), (slice(4, 5), slice(5, 9)))

    assert isinstance(inside, tuple)
    assert np.shares_memory(A, inside[0])
    np.testing.assert_array_equal(A[1:3, 2:6], inside[0])
    assert isinstance(across, Patched)
    np.testing.assert_array_equal([[33, 34, 28, 29]], across.together(np.empty((1, 4)))[0])


def test_apart() -> None:
    """Regions end where cells end; along an axis that an operand doesn't have, nothing ends."""
    row = Patched(
        (1, 9), [((slice(0, 1), slice(0, 4)), (A[:1, :4], None)), ((slice(0, 1), slice(4, 9)), (A[:1, 1:6], None))]
    )
    regions = apart([wrapped(), row, (A, None)], (5, 9))

    assert [(0, 4), (4, 7), (7, 9)] == [(r[1].start, r[1].stop) for r in regions]
    assert {(0, 5)} == {(r[0].start, r[0].stop) for r in regions}


def test_more_axes() -> None:
    """Axes in front are of length 1."""
    made = wrapped().expanded(2)

    assert (1, 1, 5, 9) == made.shape
    np.testing.assert_array_equal(
        np.pad(A, ((0, 0), (0, 2)), mode="wrap"), made.together(np.empty((1, 1, 5, 9)))[0][0, 0]
    )
