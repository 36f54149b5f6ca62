"""Readers whose axes are split read what NumPy's reshape shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbarray.io.memory import MemoryReader
from nbarray.io.protocols import Reader
from nbarray.io.reshaped import ReshapedReader, split_axes

A = np.arange(24 * 10).reshape(24, 10)
SHAPES = [(24, 10), (4, 6, 10), (2, 3, 4, 10), (24, 2, 5), (4, 6, 5, 2), (2, 3, 4, 1, 2, 5)]


class Stored:
    """A reader that makes copies, as decoding does, of chunks of some shape."""

    masked, array = False, None

    def __init__(self, values: np.ndarray[Any, Any], chunks: tuple[int, ...] | None) -> None:
        self.values, self.shape, self.dtype, self.stored_chunks = values, values.shape, values.dtype, chunks
        self.origin = MemoryReader(values).origin

    def read(self, region: tuple[slice, ...], out: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
        return self.values[region].copy()


@st.composite
def regions(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[slice, ...]]:
    """A shape, and a rectangle of it."""
    shape = draw(st.sampled_from(SHAPES))
    parts = []
    for n in shape:
        start = draw(st.integers(0, n))
        parts.append(slice(start, draw(st.integers(start, n)), draw(st.integers(1, 3))))
        if draw(st.booleans()):
            parts[-1] = slice(0, n, 1)
    return shape, tuple(parts)


@given(regions(), st.booleans())
def test_any_rectangle(case: tuple[tuple[int, ...], tuple[slice, ...]], into: bool) -> None:
    """Any rectangle, with steps, into a buffer or not."""
    shape, region = case
    reader = ReshapedReader.of(Stored(A, None), shape)
    assert reader is not None
    expected = A.reshape(shape)[region]
    out = np.empty(expected.shape, A.dtype) if into else None
    made = reader.read(region, out)

    np.testing.assert_array_equal(expected, made)
    assert out is None or made is out


@pytest.mark.parametrize(
    ("chunks", "shape", "expected"),
    [
        ((6, 10), (4, 6, 10), (1, 6, 10)),
        ((3, 5), (4, 6, 10), (1, 3, 5)),
        ((12, 10), (4, 6, 10), (2, 6, 10)),
        ((4, 10), (4, 6, 10), None),
        ((24, 5), (24, 2, 5), (24, 1, 5)),
    ],
)
def test_stored_chunks_stay_whole(chunks: Any, shape: Any, expected: Any) -> None:
    """Chunks are those of the split axes; where a cut would go through one, it isn't done."""
    reader = ReshapedReader.of(Stored(A, chunks), shape)

    assert expected == (None if reader is None else reader.stored_chunks)


def test_what_splits() -> None:
    """Only axes that are split, in order, and never nothing."""
    assert [[0, 1], [2]] == split_axes((24, 10), (4, 6, 10))
    assert [[0], [1], [2, 3]] == split_axes((2, 1, 6), (2, 1, 3, 2))
    assert split_axes((24, 10), (240,)) is None
    assert split_axes((24, 10), (10, 24)) is None
    assert split_axes((0, 10), (0, 5, 2)) is None


def test_one_reader_for_one_shape() -> None:
    """The same reader, so that equal expressions are one."""
    stored = Stored(A, (6, 10))
    reader = ReshapedReader.of(stored, (4, 6, 10))

    assert reader is ReshapedReader.of(stored, (4, 6, 10))
    assert isinstance(reader, Reader)
    assert stored.origin is reader.origin  # type: ignore[union-attr]
