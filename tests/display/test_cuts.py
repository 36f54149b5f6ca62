"""What it costs that chunks cut stored chunks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray.display.cuts import ReadCost, axis_factor, read_cost
from nbarray.display.html import array_html
from tests.display.fakes import cut, node, source


def counted(size: int, chunks: Sequence[int], stored: int) -> float:
    """Positions decoded for each position, counted one stored chunk after the other."""
    decoded = 0
    for low, high in pairwise(np.cumsum([0, *chunks]).tolist()):
        touched = {q // stored for q in range(low, high)}
        decoded += sum(min(size, (k + 1) * stored) - k * stored for k in touched)
    return decoded / size


@pytest.mark.parametrize(
    ("size", "chunk", "stored"),
    [(12, 4, 2), (12, 4, 6), (13, 4, 6), (13, 13, 5), (7, 3, 100), (1, 1, 1), (10, 1, 3), (17, [5, 1, 9, 2], 4)],
)
def test_an_axis_is_decoded_so_many_times(size: int, chunk: int | list[int], stored: int) -> None:
    """The factor of an axis is what counting stored chunks gives."""
    axis = cut((size,), (chunk,)).axes[0]

    assert counted(size, axis.sizes, stored) == pytest.approx(axis_factor(axis, stored))


def test_many_chunks_cost_no_time() -> None:
    """An axis of a billion chunks has a factor too."""
    assert 10.0 == pytest.approx(axis_factor(cut((10**10,), (10,)).axes[0], 100))


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
