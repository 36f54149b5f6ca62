"""Where cuts fall on a drawn axis."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbarray.display.rulers import GAP, MOST_CHUNKS, axis_lengths, ruler
from nbarray.grid.chunks import AxisChunks, regular


def test_cuts_of_few_chunks_lie_in_proportion() -> None:
    """An axis of few chunks is cut where its chunks end, in proportion to its length."""
    drawn = ruler(AxisChunks.of([10, 30, 40, 20]), 100, length=200.0)

    assert (20.0, 80.0, 160.0) == drawn.cuts
    assert drawn.gap is None
    assert 20.0 == drawn.first


def test_one_chunk_has_no_cut() -> None:
    """An axis of one chunk has no cut, and its first chunk is all of it."""
    drawn = ruler(regular(721, 721), 721, length=90.0)

    assert () == drawn.cuts
    assert 90.0 == drawn.first


def test_many_chunks_are_drawn_by_their_ends() -> None:
    """Of many chunks the ends are drawn, evenly where they are equal, around a gap."""
    drawn = ruler(regular(10**6, 10), 10**6, length=170.0)

    first, last = drawn.cuts[0], drawn.length - drawn.cuts[-1]
    assert len(drawn.cuts) <= MOST_CHUNKS
    assert first == pytest.approx(last)
    assert drawn.gap is not None
    assert GAP == pytest.approx(drawn.gap[1] - drawn.gap[0])


def test_a_short_last_chunk_is_drawn_short() -> None:
    """The last chunk of a long axis is as much shorter as it is smaller."""
    drawn = ruler(regular(10**6 + 5, 10), 10**6 + 5, length=170.0)

    assert drawn.first / 2 == pytest.approx(drawn.length - drawn.cuts[-1])


def test_uneven_ends_are_drawn_uneven() -> None:
    """Ends of an unevenly cut long axis keep the proportions of their chunks."""
    drawn = ruler(AxisChunks.of([1, 3] * 5000), 20_000, length=170.0)

    assert 3.0 == pytest.approx((drawn.cuts[1] - drawn.cuts[0]) / drawn.cuts[0])


def test_chunks_are_not_walked_over() -> None:
    """An axis of more chunks than fit in memory is drawn like any other."""
    drawn = ruler(regular(10**17, 1), 10**17, length=170.0)

    assert len(drawn.cuts) <= MOST_CHUNKS


def test_an_unknown_size_is_a_question_mark() -> None:
    """An axis of unknown size is labelled ``?``, and said to be unknown."""
    drawn = ruler(AxisChunks.of([5, 1, 1, 1]), None, length=80.0)

    assert ("?", False) == (drawn.text, drawn.known)
    assert (20.0, 40.0, 60.0) == pytest.approx(drawn.cuts)


@pytest.mark.parametrize(("size", "text"), [(0, "0"), (1464, "1464"), (10**6, "1\u202f000\u202f000")])
def test_labels(size: int, text: str) -> None:
    """An axis is labelled with its size, in groups of digits where it is long."""
    assert text == ruler(regular(size, 10), size, length=80.0).text


def test_axes_have_lengths_in_proportion_within_limits() -> None:
    """Axes are drawn in proportion, and never too short to be seen."""
    assert [120.0, 60.0, 30.0, 80.0] == axis_lengths((1000, 500, 2, None), longest=120.0, shortest=30.0)


def test_an_array_without_elements_has_short_axes() -> None:
    """Where no axis has a size, all are drawn short."""
    assert [30.0, 30.0] == axis_lengths((0, 0), longest=120.0, shortest=30.0)


@settings(max_examples=80)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60), st.floats(28.0, 250.0))
def test_cuts_always_lie_inside_and_ascend(sizes: list[int], length: float) -> None:
    """Whatever the chunks, their cuts ascend from the start of the axis to its end, and are few."""
    axis = AxisChunks.of(sizes)
    drawn = ruler(axis, axis.size, length)

    assert list(drawn.cuts) == sorted(drawn.cuts)
    assert all(-1e-6 <= cut <= length + 1e-6 for cut in drawn.cuts)
    assert len(drawn.cuts) < MOST_CHUNKS + 2
