"""Arrays in memory are handed on as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import ReadError
from nbarray.io.memory import MemoryReader
from nbarray.io.protocols import Origin, Reader


def test_array() -> None:
    """A plain array is its own whole, and is sliced without a copy."""
    data = np.arange(6).reshape(2, 3)
    reader = MemoryReader(data)

    assert reader.array is data
    assert isinstance(reader, Reader)
    assert ((2, 3), np.dtype(int), None, False) == (reader.shape, reader.dtype, reader.stored_chunks, reader.masked)
    assert np.shares_memory(data, reader.read((slice(0, 1, 1), slice(0, 3, 2))))
    assert Origin("numpy") == reader.origin


def test_masked_array() -> None:
    """A masked array stays one."""
    data = np.ma.masked_equal([1, 2, 3], 2)
    reader = MemoryReader(data)

    assert reader.masked
    assert reader.array is data


def test_memmap(tmp_path: Path) -> None:
    """A mapped file tells its path."""
    np.save(tmp_path / "a.npy", np.arange(3))
    reader = MemoryReader(np.load(tmp_path / "a.npy", mmap_mode="r"))

    assert ("memmap", str(tmp_path / "a.npy")) == (reader.origin.kind, reader.origin.path)


def _mapped(path: Path) -> list[nb.Array]:
    """Arrays that lie in a file of 20,000 numbers, mapped in one way or another."""
    mapped = np.load(path, mmap_mode="r")
    later = np.memmap(path, np.float64, "r", 128 + 80_000, (10, 1000))
    return [
        nb.open(path),
        nb.from_array(mapped).T,
        nb.from_array(np.asarray(mapped)[5:]),
        nb.from_array(mapped)[[0, 19]],
        nb.from_array(np.ma.MaskedArray(mapped, np.zeros(mapped.shape, bool))),
        nb.from_array(later),
    ]


@pytest.mark.parametrize("number", range(6))
def test_map_of_a_file_cut_short(tmp_path: Path, number: int) -> None:
    """A map whose file has been cut short since is refused and the file named, where a look at it ends the process."""
    path = tmp_path / "a.npy"
    np.save(path, np.arange(20_000.0).reshape(20, 1000))
    x = _mapped(path)[number]
    whole = np.asarray(x)
    with path.open("r+b") as file:
        file.truncate(100)

    with pytest.raises(ReadError, match=f"{path} has been cut short since it was mapped"):
        x.compute()

    np.save(path, np.arange(20_000.0).reshape(20, 1000))
    assert np.array_equal(whole, np.asarray(_mapped(path)[number]))


def test_map_of_a_deleted_file(tmp_path: Path) -> None:
    """A map outlives the name of its file, as it does for NumPy."""
    np.save(tmp_path / "a.npy", np.arange(3.0))
    x = nb.open(tmp_path / "a.npy")
    (tmp_path / "a.npy").unlink()

    assert [0.0, 1.0, 2.0] == np.asarray(x).tolist()
