"""One block of a result drawn small."""

from __future__ import annotations

import numpy as np

from nbarray.widgets.previews import block_html


def test_the_plane_that_is_drawn_has_all_the_colours() -> None:
    """Of several planes the first is drawn as it would be by itself, however wild the others are."""
    block = np.arange(3 * 8 * 20.0).reshape(3, 8, 20) * np.array([1.0, 1e6, -1e6]).reshape(3, 1, 1)

    assert picture(block[:1]) == picture(block)
    assert picture(block[:1]) != picture(block[:1] * 0)


def test_a_plane_without_numbers_is_empty() -> None:
    """All missing, or not finite, where others are not."""
    block = np.ones((2, 8, 20))
    block[0] = np.nan

    assert picture(np.full((1, 8, 20), np.inf)) == picture(block)


def picture(block) -> str:
    """The picture of a block, without its numbers."""
    return block_html("block", block).split('src="')[1].split('"')[0]
