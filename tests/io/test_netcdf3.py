"""NetCDF-3 headers, read byte by byte; what netCDF4 makes of the same files is in test_netcdf.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest

from nbarray.errors import FileFormatError, ReadError, VariableNotFound
from nbarray.io.netcdf3 import NetCDF3Reader, Variable, open_netcdf3, read_header
from nbarray.io.pool import stamp_file
from nbarray.io.protocols import Source
from tests.io.reading import assert_reads, read

FORMATS = ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"]


def sample(path: Path, format: str = "NETCDF3_CLASSIC") -> Path:
    """Two record variables, of which one needs filling up to four bytes, and two others."""
    with netCDF4.Dataset(path, "w", format=format) as dataset:
        dataset.title = "a sample"
        dataset.createDimension("t", None)
        dataset.createDimension("x", 3)
        dataset.createVariable("b", "i1", ("t", "x"))[:] = np.arange(15).reshape(5, 3)
        dataset.createVariable("r", "f8", ("t",))[:] = np.arange(5)
        dataset.createVariable("x", "i2", ("x",))[:] = [1, 2, 3]
        dataset.createVariable("one", "f4", ())[:] = 7
        dataset["x"].setncatts({"units": "m", "valid_range": np.array([0, 9], "i2"), "scale_factor": np.float32(0.5)})
    return path


@pytest.mark.parametrize("format", FORMATS)
def test_header(tmp_path: Path, format: str) -> None:
    """Names, shapes, dtypes, attributes and places."""
    header = read_header(stamp_file(str(sample(tmp_path / "a.nc", format))))
    x, b = header.variables["x"], header.variables["b"]

    assert ["b", "r", "x", "one"] == list(header.variables)
    assert (("t", "x"), (5, 3), np.dtype("i1"), True, 12) == (b.dimensions, b.shape, b.dtype, b.record, b.stride)
    assert (("x",), (3,), np.dtype("i2"), False, None) == (x.dimensions, x.shape, x.dtype, x.record, x.stride)
    assert ["units", "valid_range", "scale_factor"] == list(x.attributes)
    assert ("m", np.float32(0.5)) == (x.attributes["units"], x.attributes["scale_factor"])
    np.testing.assert_array_equal([0, 9], x.attributes["valid_range"])


@pytest.mark.parametrize("format", FORMATS)
def test_numbers(tmp_path: Path, format: str) -> None:
    """Every variable reads as netCDF4 reads it, single numbers, too."""
    path = sample(tmp_path / "a.nc", format)
    with netCDF4.Dataset(path) as dataset:
        dataset.set_auto_maskandscale(False)
        for name, variable in dataset.variables.items():
            found = open_netcdf3(stamp_file(str(path)), name)

            assert_reads(np.asarray(variable[...]), Source(found.reader, None))
            assert (0 if "t" in variable.dimensions else None) == found.grows


def test_stream(tmp_path: Path) -> None:
    """A file that was written as a stream does not say how many records it has; its length does."""
    path = sample(tmp_path / "a.nc")
    data = bytearray(path.read_bytes())
    data[4:8] = b"\xff" * 4
    path.write_bytes(data)
    found = open_netcdf3(stamp_file(str(path)), "b")

    np.testing.assert_array_equal(np.arange(15).reshape(5, 3), read(found.reader))


@pytest.mark.parametrize("length", [3, 4, 10, 50, 120, 200])
def test_header_cut_short(tmp_path: Path, length: int) -> None:
    """A header that ends too early."""
    path = sample(tmp_path / "a.nc")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(FileFormatError, match=r"cut short|not a NetCDF-3 file"):
        read_header(stamp_file(str(path)))


@pytest.mark.parametrize("at", range(4, 200, 4))
def test_damaged_header(tmp_path: Path, at: int) -> None:
    """Whatever a damaged header says, the error is one of ours, and it comes soon."""
    path = sample(tmp_path / "a.nc")
    data = bytearray(path.read_bytes())
    data[at : at + 4] = b"\x7f\xff\xff\xfe"
    path.write_bytes(data)
    try:
        variable: Any = read_header(stamp_file(str(path))).variables.get("x")
    except FileFormatError:
        return

    assert variable is None or isinstance(variable, Variable)


def test_not_there(tmp_path: Path) -> None:
    """A name that is not there is answered with names near it."""
    with pytest.raises(VariableNotFound, match="no variable 'ones'; did you mean 'one'"):
        open_netcdf3(stamp_file(str(sample(tmp_path / "a.nc"))), "ones")


def test_another_than_expected(tmp_path: Path) -> None:
    """A variable that is not what it was said to be."""
    file = stamp_file(str(sample(tmp_path / "a.nc")))
    reader = NetCDF3Reader(file, "x", (4,), np.dtype("i2"))
    with pytest.raises(ReadError, match=r"it was int16 of shape \(4,\) and is int16 of shape \(3,\)"):
        read(reader)


def test_large_header(tmp_path: Path) -> None:
    """A header of more than the first megabyte."""
    with netCDF4.Dataset(tmp_path / "a.nc", "w", format="NETCDF3_CLASSIC") as dataset:
        dataset.history = "x" * 3_000_000
        dataset.createDimension("x", 3)
        dataset.createVariable("v", "f4", ("x",))[:] = 5

    np.testing.assert_array_equal(
        np.full(3, 5, "f4"), read(open_netcdf3(stamp_file(str(tmp_path / "a.nc")), "v").reader)
    )
