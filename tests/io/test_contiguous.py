"""Numbers that lie in a file one after another, or record by record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbarray.errors import CorruptChunk
from nbarray.io import contiguous
from nbarray.io.contiguous import ContiguousData
from nbarray.io.pool import stamp_file
from tests.io.reading import regions

SHAPES = [(7,), (40, 3), (6, 5, 4), (3, 4, 5, 6), (30, 40, 50)]


def written(path: Path, data: np.ndarray[Any, Any], gap: int, before: int = 13) -> ContiguousData:
    """A file with `gap` bytes after each item of the first axis."""
    path.write_bytes(b"\xee" * before + b"".join(data[i : i + 1].tobytes() + b"\xee" * gap for i in range(len(data))))
    stride = data[:1].nbytes + gap
    return ContiguousData(stamp_file(str(path)), "v", data.shape, data.dtype, before, stride if gap else None)


@pytest.mark.parametrize("dtype", ["f4", ">i2", ">f8", "u1"])
@pytest.mark.parametrize("gap", [0, 6])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_regions(tmp_path: Path, shape: tuple[int, ...], gap: int, dtype: str) -> None:
    """Every region is what the array has there, in the byte order asked for."""
    data = np.random.default_rng(0).integers(0, 99, shape).astype(dtype)
    stored = written(tmp_path / "data", data, gap)
    for region in regions(shape, 30):
        for order in ("=", "S"):
            out = np.zeros(data[region].shape, data.dtype.newbyteorder(order))
            stored.read(region, out)

            np.testing.assert_array_equal(data[region], out)


@pytest.mark.parametrize(
    "limits", [{"SHORT_RUN": 8, "PIECE": 64}, {"SHORT_RUN": 10**9, "PIECE": 10**9, "WASTE": 10**9}]
)
def test_any_way_of_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int]) -> None:
    """In small pieces or all at once, what is read is the same."""
    for name, value in limits.items():
        monkeypatch.setattr(contiguous, name, value)
    data = np.arange(30 * 8 * 9, dtype=">i4").reshape(30, 8, 9)
    for gap in (0, 4):
        stored = written(tmp_path / f"{gap}", data, gap)
        for region in regions(data.shape, 40):
            np.testing.assert_array_equal(data[region], stored.read(region, np.zeros(data[region].shape, ">i4")))


def test_far_apart(tmp_path: Path) -> None:
    """One small item out of each large record is read without what lies between."""
    data = np.arange(20, dtype="f8")
    stored = written(tmp_path / "data", data, gap=100_000)

    np.testing.assert_array_equal(data[::3], stored.read((slice(0, 20, 3),), np.zeros(7)))


def test_end_of_file(tmp_path: Path) -> None:
    """A file that ends too early is named, with the variable."""
    data = np.arange(20, dtype="f8")
    path = tmp_path / "data"
    written(path, data, 0)
    path.write_bytes(path.read_bytes()[:-1])
    stored = ContiguousData(stamp_file(str(path)), "v", data.shape, data.dtype, 13)
    with pytest.raises(CorruptChunk, match=r"data, variable 'v': the file ends at byte 172, 1 bytes too early"):
        stored.read((slice(0, 20, 1),), np.zeros(20))
