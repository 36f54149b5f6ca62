"""A shell as a notebook or a terminal has one, and files to open in it."""

from __future__ import annotations

import atexit
from pathlib import Path

import h5py
import netCDF4
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A fresh shell with an empty namespace and no history file."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    yield shell
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()
    shell.restore_sys_module_state()  # or the next shell keeps this one
    InteractiveShell.clear_instance()


@pytest.fixture
def hdf5_file(tmp_path) -> Path:
    """Datasets t (6, 4), u (6, 4), a mask, one of strings and one of records."""
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["t"] = np.arange(24.0).reshape(6, 4)
        file["t"].attrs["units"] = "K"
        file["u"] = np.ones((6, 4))
        file["mask"] = np.array([True, False, True, False, True, True])
        file["text"] = np.array(["a", "b"], dtype=h5py.string_dtype())
        file["records"] = np.zeros(3, dtype=[("a", "i4"), ("b", "f8")])
    return path


@pytest.fixture
def netcdf_file(tmp_path) -> Path:
    """A packed variable t2m (6, 4) with one missing value, and its time."""
    path = tmp_path / "x.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", 6)
        file.createDimension("x", 4)
        time = file.createVariable("time", "f8", ("time",))
        time.units = "hours since 2014-01-01"
        time[:] = np.arange(6.0)
        t2m = file.createVariable("t2m", "i2", ("time", "x"), fill_value=-999)
        t2m.units, t2m.scale_factor, t2m.add_offset = "K", 0.5, 270.0
        values = np.ma.array(np.arange(24.0).reshape(6, 4) + 270.0)
        values[1, 1] = np.ma.masked
        t2m[:] = values
    return path


@pytest.fixture
def a(shell):
    """A large array of the user's."""
    a = np.random.default_rng(0).normal(size=(40, 50))
    shell.push({"a": a})
    return a
