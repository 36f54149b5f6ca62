"""Readers end to end, read as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nbarray.io.hdf5 import dataset_source
from nbarray.io.joined import JoinedReader
from nbarray.io.wrap import wrap
from tests.io.reading import brought_together, read, regions

LENGTHS = (3, 1, 4, 2)


def joined(folder: Path, axis: int, shuffled: tuple[bool, ...]) -> tuple[Any, np.ndarray[Any, Any]]:
    """Files along an axis, some of which are shuffled, and their numbers."""
    data = np.random.default_rng(0).integers(0, 999, (10, 10, 10)).astype("i2")
    readers: list[Any] = []
    start = 0
    for k, (length, shuffle) in enumerate(zip(LENGTHS, shuffled, strict=True)):
        part = data[(slice(None),) * axis + (slice(start, start + length),)]
        chunks = tuple(1 if a == axis else n for a, n in enumerate(part.shape))
        with h5py.File(folder / f"{k}.h5", "w") as file:
            file.create_dataset("x", data=part, chunks=chunks, compression="gzip", shuffle=shuffle)
        with h5py.File(folder / f"{k}.h5", "r") as file:
            readers.append(dataset_source(file["x"]).reader)
        start += length
    return JoinedReader(readers, axis), data


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("shuffled", [(True,) * 4, (False,) * 4, (True, True, False, False)], ids=str)
def test_any_part(tmp_path: Path, axis: int, shuffled: tuple[bool, ...]) -> None:
    """Regions are those of the whole, with steps and across files, whether bytes stay shuffled or not."""
    reader, data = joined(tmp_path, axis, shuffled)

    for region in regions(data.shape, 40):
        np.testing.assert_array_equal(data[region], read(reader, region), str(region))


@pytest.mark.parametrize(("rows", "run"), [((0, 4), 100), ((1, 3), 100), ((3, 5), 1), ((4, 8), 1)])
def test_bytes_stay_shuffled_in_one_way(tmp_path: Path, rows: tuple[int, int], run: int) -> None:
    """Where files differ in how their bytes lie, these are brought together."""
    reader, data = joined(tmp_path, 0, (True, True, False, True))
    out = np.empty((rows[1] - rows[0], 10, 10), "i2")

    assert run == reader.read_shuffled((slice(*rows, 1), slice(0, 10, 1), slice(0, 10, 1)), out)
    np.testing.assert_array_equal(data[slice(*rows)], brought_together(out, run))


def test_readers_that_know_no_shuffling(tmp_path: Path) -> None:
    """Readers of any kind can be among them."""
    reader, data = joined(tmp_path, 0, (True,) * 4)
    other = JoinedReader([reader, wrap(data).reader], 0)

    for region in regions(other.shape, 20):
        np.testing.assert_array_equal(np.concatenate([data, data])[region], read(other, region), str(region))
