"""Arrays in memory are handed on as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np

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
