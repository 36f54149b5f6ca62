"""What it costs that chunks cut stored chunks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from itertools import pairwise

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray.display.cuts import Cut, ReadCost, axis_factor, read_cost
from nbarray.display.html import array_html
from tests.display.fakes import cut, node, source


def counted(size: int, chunks: Sequence[int], stored: int) -> float:
    """Stored chunks decoded for each that there is, counted one after the other."""
    decoded = 0
    for low, high in pairwise(np.cumsum([0, *chunks]).tolist()):
        decoded += len({q // stored for q in range(low, high)})
    return decoded / -(-size // stored)


def read_by_block(x: nb.Array, stored: np.ndarray) -> float:
    """Stored chunks that blocks of `x` hold, for each there is; `stored` has the number of the one of each element."""
    blocks = itertools.product(*([slice(a, b) for a, b in pairwise(np.cumsum([0, *sizes]))] for sizes in x.chunks))
    return sum(np.unique(stored[block]).size for block in blocks) / np.unique(stored).size


@pytest.mark.parametrize(
    ("size", "chunk", "stored"),
    [(12, 4, 2), (12, 4, 6), (13, 4, 6), (13, 13, 5), (7, 3, 100), (1, 1, 1), (10, 1, 3), (17, [5, 1, 9, 2], 4)],
)
def test_an_axis_is_decoded_so_many_times(size: int, chunk: int | list[int], stored: int) -> None:
    """The factor of an axis is what counting stored chunks gives."""
    axis = cut((size,), (chunk,)).axes[0]

    assert counted(size, axis.sizes, stored) == pytest.approx(axis_factor(Cut(axis, 0, size), stored))


def test_many_chunks_cost_no_time() -> None:
    """An axis of a billion chunks has a factor too."""
    assert pytest.approx(10.0) == axis_factor(Cut(cut((10**10,), (10,)).axes[0], 0, 10**10), 100)
    assert pytest.approx(1000.0) == axis_factor(Cut(cut((10**9,), (1,)).axes[0], 0, 10**9), 1000)


def test_the_dearest_source_is_told() -> None:
    """Axes multiply; of several sources the worst is told, with the nearest chunks that cut nothing."""
    fine = source("/a.nc", chunks=(4, 721, 1440))
    bad = source("/b.nc", chunks=(4, 200, 200))

    assert read_cost(fine) is None
    assert ReadCost(32.0, (4, 721, 1440)) == read_cost(node((4, 721, 1440), (4, 200, 200), "add", fine, bad))


def test_arrays_in_memory_cost_nothing() -> None:
    """What isn't stored in chunks is never read too often."""
    assert read_cost(source("/a.nc", stored=None)) is None
    assert read_cost(nb.from_array(np.zeros((9, 9)), chunks=2).expr) is None


def test_an_array_says_what_its_chunks_cost(tmp_path) -> None:
    """The table has the factor and the better chunks, and not where chunks are good; nothing is read for it."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("v", data=np.zeros((40, 60)), chunks=(10, 60), compression="gzip")
    bad, good = (nb.open(tmp_path / "a.h5", "v", chunks=chunks) for chunks in ((10, 20), (20, 60)))

    said = array_html(bad.expr)
    assert "×3.0 if read block by block: chunks cut stored chunks</li>" in said
    assert " chunks=(10, 60) would not</li>" in said
    assert "block by block" not in array_html(good.expr)


CHANGES = {
    "as opened": lambda x: x,
    "other chunks that cut": lambda x: x.rechunk((10, 33)),
    "whole chunks": lambda x: x.rechunk((20, 60)),
    "a slice": lambda x: x[3:31, ::-2],
    "transposed, and worked on": lambda x: x.T.rechunk((20, 7)) + 1,
    "a row": lambda x: x[5],
    "steps over whole chunks": lambda x: x[None, 8:, ::25].rechunk((1, 3, 1)),
    "one block": lambda x: x[:10, :10],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_cost_is_that_of_the_blocks_one_sees(tmp_path, change) -> None:
    """Chunks that were chosen later, and parts of a file, cost what reading their own blocks one by one does."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("v", shape=(43, 65), dtype="f4", chunks=(10, 20), compression="gzip")
    numbers = np.arange(43)[:, None] // 10 * 4 + np.arange(65) // 20

    x = nb.open(tmp_path / "a.h5", "v", chunks=(7, 9))
    changed = change(x)
    cost = read_cost(changed.expr)

    assert read_by_block(changed, np.asarray(change(nb.from_array(numbers)))) == pytest.approx(
        cost.factor if cost else 1.0
    )


def test_parts_end_to_end_are_read_by_the_blocks_of_all(tmp_path) -> None:
    """Files end to end in other chunks cost what those cut of each; the dearest is told."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("v", shape=(30, 20), dtype="f4", chunks=(10, 20), compression="gzip")
    x = nb.open(tmp_path / "a.h5", "v", chunks=(7, 20))
    both = nb.concatenate([x, x])

    assert read_cost(both.expr) is not None
    assert read_cost(both.rechunk((10, 20)).expr) is None
    # blocks of 25 hold one and a half of the first three, and of the next two and a half and half a chunk
    assert pytest.approx(4 / 3) == read_cost(both.rechunk((25, 20)).expr).factor
