"""What rows of the table say of themselves."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from nbarray.kernels.reductions import REDUCTIONS
from nbarray.kernels.tiles import Where

DOUBLE, COUNTS = np.dtype(float), np.dtype(np.int64)


@pytest.mark.parametrize("depth", [2, 3, 8])
@pytest.mark.parametrize("name", REDUCTIONS)
def test_folding_a_tile_makes_no_more_than_its_row_says(name: str, depth: int) -> None:
    """Plans count that, of tiles of any depth, on states that are new and on those that have seen others."""
    row, tile = REDUCTIONS[name], np.random.default_rng(0).random((depth, 200, 250))
    state = row.begin((1, 200, 250), DOUBLE, DOUBLE, COUNTS)
    said = tile.nbytes * (row.makes[0] + row.makes[1] / depth)
    for first in (0, depth):
        tracemalloc.start()
        row.fold(state.planes, tile, None, (0,), Where((first, 0, 0), (2 * depth, 200, 250), True))
        made = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        assert made < said + 2**14
