"""Which objects become which readers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest

from nbarray.errors import InputError
from nbarray.io.getitem import GetitemReader
from nbarray.io.hdf5 import HDF5Reader
from nbarray.io.memory import MemoryReader
from nbarray.io.netcdf3 import NetCDF3Reader
from nbarray.io.wrap import is_wrappable, wrap
from tests.io.reading import assert_reads


class Lazy:
    """Anything with a shape, a dtype and brackets."""

    shape, dtype = (4,), np.dtype("f8")

    def __getitem__(self, region: Any) -> Any:
        return np.zeros(4)[region]


def test_kinds(tmp_path: Path) -> None:
    """Each kind of object has its reader."""
    for format in ("NETCDF4", "NETCDF3_CLASSIC"):
        with netCDF4.Dataset(tmp_path / f"{format}.nc", "w", format=format) as dataset:
            dataset.createDimension("x", 3)
            dataset.createVariable("v", "f4", ("x",))[:] = 1
    with (
        h5py.File(tmp_path / "NETCDF4.nc") as file,
        netCDF4.Dataset(tmp_path / "NETCDF4.nc") as four,
        netCDF4.Dataset(tmp_path / "NETCDF3_CLASSIC.nc") as three,
    ):
        kinds = {
            MemoryReader: [np.zeros(3), np.ma.zeros(3), np.memmap(tmp_path / "m", "f4", "w+", shape=(3,))],
            HDF5Reader: [file["v"], four["v"]],
            NetCDF3Reader: [three["v"]],
            GetitemReader: [Lazy()],
        }
        for kind, objects in kinds.items():
            for each in objects:
                assert kind is type(wrap(each).reader)
                assert is_wrappable(each)


def test_subclasses_of_ndarray() -> None:
    """Only masked arrays and memmaps keep their class: a matrix would multiply in its own way."""
    matrix = np.zeros((2, 2)).view(type("Strange", (np.ndarray,), {}))

    assert type(wrap(matrix).reader.array) is np.ndarray


def test_variables_over_many_files(tmp_path: Path) -> None:
    """netCDF4's own variable over many files is read through it."""
    for i in range(2):
        with netCDF4.Dataset(tmp_path / f"{i}.nc", "w", format="NETCDF4_CLASSIC") as dataset:
            dataset.createDimension("t", None)
            variable = dataset.createVariable("v", "i2", ("t",))
            variable.scale_factor = 0.5
            variable[:] = np.arange(3)
    with netCDF4.MFDataset(str(tmp_path / "*.nc")) as dataset:
        source = wrap(dataset["v"])

        assert_reads(dataset["v"][...], source)


@pytest.mark.parametrize("what", [[1, 2], 3, None, "text", {"a": 1}, np.float64(3), np.ndarray])
def test_other_things(what: Any) -> None:
    """Other things are refused, and not wrappable."""
    if not isinstance(what, np.generic | type):
        with pytest.raises(InputError, match="expected something with shape, dtype and __getitem__"):
            wrap(what)

    assert not is_wrappable(what)


def test_objects_as_items() -> None:
    """Arrays of Python objects in memory are taken when asked for, but aren't looked for."""
    assert np.dtype(object) == wrap(np.array([{}, []], object)).reader.dtype
    assert not is_wrappable(np.array([{}, []], object))


def test_imports_nothing() -> None:
    """Wrapping an array imports neither h5py nor netCDF4."""
    code = (
        "import sys, numpy; from nbarray.io.wrap import wrap, is_wrappable; wrap(numpy.zeros(3)); is_wrappable(3); "
        "print(sorted({'h5py', 'netCDF4', 'numcodecs'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()
