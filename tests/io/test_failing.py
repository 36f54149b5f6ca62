"""Which stored chunk of a region can't be read."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest

from nbarray.errors import ReadError
from nbarray.io import failing
from nbarray.io.failing import chunks_of, failing_chunk
from nbarray.io.hdf5library import HDF5LibraryReader
from nbarray.io.netcdflibrary import NetCDFLibraryReader
from nbarray.io.pool import stamp_file

DATA = np.random.default_rng(0).normal(size=(30, 20))
ALL = (slice(0, 30, 1), slice(0, 20, 1))


@pytest.mark.parametrize(("start", "stop", "step"), [*itertools.product((0, 3, 11), (12, 29, 30), (1, 2, 7, 13))])
def test_the_parts_of_a_region_are_the_region(start: int, stop: int, step: int) -> None:
    """Each in its chunk, in order, and nothing twice."""
    region = (slice(start, stop, step), slice(2, 19, 3))
    rows, numbers = np.arange(30), []
    seen = np.zeros(DATA.shape, int)
    for number, part in chunks_of(region, (10, 8)):
        numbers.append(number)
        seen[part] += 1

        assert {number[0]} == set((rows[part[0]] // 10).tolist())
        assert {number[1]} == set((rows[part[1]] // 8).tolist())
    wanted = np.zeros(DATA.shape, int)
    wanted[region] = 1

    assert wanted.tolist() == seen.tolist()
    assert sorted(numbers) == numbers


def test_the_first_that_fails_is_named() -> None:
    """With its part of what was asked for."""

    def read(part: tuple[slice, ...]) -> Any:
        if part[0].stop > 15:
            raise OSError("damaged")

    asked = (slice(3, 28, 2), slice(0, 20, 1))

    assert "; what fails is stored chunk (1, 0), [11:20:2, 0:10]" == failing_chunk(read, asked, (10, 10))


def test_where_none_fails_now_it_says_so() -> None:
    """It was the line, perhaps, or too much at once."""
    said = failing_chunk(lambda part: None, ALL, (10, 10))

    assert "; each of its stored chunks could be read by itself afterwards" == said


@pytest.mark.parametrize("chunks", [None, (), (30, 20), (40, 50)])
def test_nothing_is_read_again_where_nothing_can_be_learnt(chunks: tuple[int, ...] | None) -> None:
    """Of sources without chunks, and of a region in one chunk, which is told already."""

    def read(part: tuple[slice, ...]) -> Any:
        raise AssertionError("was read")

    assert "" == failing_chunk(read, ALL, chunks)


def test_it_does_not_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where reading is slow, it is given up."""
    monkeypatch.setattr(failing, "SEARCH_S", 0.0)
    asked: list[Any] = []

    assert "" == failing_chunk(asked.append, ALL, (10, 10))
    assert 1 == len(asked)


def damage(path: Path, name: str, corner: tuple[int, ...]) -> None:
    """Write over a stored chunk."""
    with h5py.File(path) as file:
        place = file[name].id.get_chunk_info_by_coord(corner).byte_offset
    with path.open("r+b") as raw:
        raw.seek(place)
        raw.write(b"\0" * 40)


def test_hdf5s_library_is_asked(tmp_path: Path) -> None:
    """Where it reads a whole region, it only says that a filter failed."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("t", data=DATA, chunks=(10, 10), compression=1)
    damage(tmp_path / "x.h5", "t", (20, 10))
    file = stamp_file(tmp_path / "x.h5")
    reader = HDF5LibraryReader(DATA.shape, DATA.dtype, (10, 10), "a test", file=file, name="t")

    with pytest.raises(ReadError, match=r"what fails is stored chunk \(2, 1\), \[20:30, 10:20\]"):
        reader.read(ALL)
    assert DATA[:20].tolist() == reader.read((slice(0, 20, 1), ALL[1])).tolist()


def test_netcdfs_library_is_asked(tmp_path: Path) -> None:
    """As for HDF5."""
    with netCDF4.Dataset(tmp_path / "x.nc", "w") as file:
        file.createDimension("y", 30)
        file.createDimension("x", 20)
        file.createVariable("t", "f8", ("y", "x"), zlib=True, chunksizes=(10, 10))[:] = DATA
    damage(tmp_path / "x.nc", "t", (10, 0))
    reader = NetCDFLibraryReader(stamp_file(tmp_path / "x.nc"), "t", DATA.shape, DATA.dtype, (10, 10), "a test")

    with pytest.raises(ReadError, match=r"what fails is stored chunk \(1, 0\), \[10:20, 0:10\]"):
        reader.read(ALL)
