"""The chunk grid of a result, as cells that fill."""

from __future__ import annotations

import numpy as np
import pytest

import nbarray as nb
from nbarray.session import plan
from nbarray.widgets.cells import Cells

BASE = nb.map_blocks(np.negative, nb.from_array(np.zeros((20, 30, 7)), chunks=(3, 7, 4)), dtype="f8")
RESULTS = {
    "itself": BASE,
    "transposed": BASE.T,
    "a new axis": BASE[None],
    "whole axes gone": BASE[3],
    "backwards": BASE[::-2, ::-1],
    "a part": BASE[1:2, 3:20:3].transpose(1, 2, 0),
    "no axes": BASE.sum(),
    "no elements": BASE[:0],
}


@pytest.mark.parametrize("name", RESULTS)
def test_cells_tile_the_result(name) -> None:
    """Their edges begin at 0 and end with the axis; all blocks done fills all cells, none done none."""
    result = RESULTS[name]
    cells = Cells.of(plan([result.expr]))
    ends = [(cuts[0], cuts[-1]) for cuts in cells.edges]

    assert [(0, n) for n in result.shape] == ends
    assert (cells.filled(np.ones(cells.nblocks, np.int32)) == 1).all()
    assert (cells.filled(np.zeros(cells.nblocks, np.int32)) == 0).all()


@pytest.mark.parametrize("most", [10_000, 20, 1])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("chunks", [4, 1, -1])
def test_chosen_chunks_are_cells(turned, chunks, most) -> None:
    """Whatever blocks tasks make: each is filled as far as the blocks are done that it touches."""
    chosen = (BASE.T if turned else BASE).rechunk(chunks)
    cells = Cells.of(plan([chosen.expr]), most, [chosen.expr.chunks])
    i, j, k = np.indices(BASE.shape)
    numbers = (i // 3 * 5 + j // 7) * 2 + k // 4
    numbers = numbers.T if turned else numbers
    done = np.arange(7 * 5 * 2) % 3 == 0
    expected = np.empty(cells.shape)
    for cell in np.ndindex(cells.shape):
        expected[cell] = done[np.unique(numbers[cells.region(cell)])].mean()

    assert cells.count <= most
    if most >= 20 * 30 * 7:
        assert tuple(map(len, chosen.chunks)) == cells.shape
    assert np.allclose(expected, cells.filled(done.astype(np.int32)))


@pytest.mark.parametrize("most", [10_000, 20, 1])
def test_a_cell_is_filled_as_far_as_its_blocks_are_done(most) -> None:
    """Counted element by element: the share of a cell's blocks that hold what is done."""
    made = plan([BASE.T.expr])
    cells = Cells.of(made, most)
    node = made.nodes[made.targets[0]]
    done = np.arange(cells.nblocks) % 3 == 0
    numbers = np.zeros(node.sizes, int)
    for number, (low, high) in enumerate(zip(*node.chunks.boxes(np.arange(cells.nblocks)), strict=True)):
        numbers[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = number
    expected = np.empty(cells.shape)
    shown = numbers.transpose() if node.sizes != BASE.T.shape else numbers
    for cell in np.ndindex(cells.shape):
        expected[cell] = done[np.unique(shown[cells.region(cell)])].mean()

    assert cells.count <= most
    assert cells.grouped == (cells.count < cells.nblocks)
    assert np.allclose(expected, cells.filled(done.astype(np.int32)))


def test_a_million_blocks_are_ten_thousand_cells() -> None:
    """Or fewer."""
    made = plan([nb.map_blocks(np.negative, nb.zeros((2**17,), chunks=1), dtype="f8").expr])

    assert 2_500 < Cells.of(made).count <= 10_000


def test_a_cell_that_is_not_there_is_refused() -> None:
    """With what could have been asked for."""
    cells = Cells.of(plan([BASE.expr]))

    with pytest.raises(IndexError, match=r"expected one of \(7, 5, 2\) blocks, counted from 0, .* not 7, 0, 0"):
        cells.region((7, 0, 0))
    with pytest.raises(IndexError, match="not 1"):
        cells.region((1,))
