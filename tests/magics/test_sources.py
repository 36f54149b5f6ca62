"""Which objects a %%blocked cell treats as blocked arrays."""

from __future__ import annotations

import h5py
import netCDF4
import numpy as np
import pytest

from nbarray.magics.sources import LARGE_BYTES, is_on_file, is_source


@pytest.mark.parametrize(("nbytes", "expected"), [(LARGE_BYTES - 1, False), (LARGE_BYTES, True)])
def test_numpy_arrays_count_from_64_mib_on(nbytes, expected):
    """To the byte."""
    assert is_source(np.empty(nbytes, "u1")) is expected


def test_masked_arrays_count_like_others():
    """Their mask comes along."""
    assert is_source(np.ma.empty(LARGE_BYTES, "u1")) is True
    assert is_source(np.ma.zeros(3)) is False


@pytest.mark.parametrize("dtype", ["O", "S8", "U8", [("a", "f8")]])
def test_arrays_of_other_things_than_numbers_are_none(dtype):
    """Objects, text and records stay NumPy's."""
    assert is_source(np.zeros(LARGE_BYTES, dtype)[:0].repeat(0)) is False
    assert is_source(np.broadcast_to(np.zeros(1, dtype), (LARGE_BYTES,))) is False


def test_subclasses_are_none():
    """A matrix multiplies where an array does not; who made it wants it."""

    class Own(np.ndarray):
        pass

    assert is_source(np.empty(LARGE_BYTES, "u1").view(Own)) is False


def test_datasets_and_variables_of_numbers_are_sources(hdf5_file, netcdf_file):
    """Strings and records are not, nor are files and groups, nor what was closed."""
    with h5py.File(hdf5_file) as file:
        found = {name: is_source(file[name]) for name in file}
        kept = file["t"]
        assert is_source(file) is False
    with netCDF4.Dataset(netcdf_file) as file:
        assert is_on_file(file["t2m"]) is True

    assert found == {"mask": True, "records": False, "t": True, "text": False, "u": True}
    assert is_source(kept) is False


def test_a_closed_dataset_that_still_knows_its_shape_is_none(hdf5_file):
    """Of a file that was opened to be read, h5py remembers it."""
    with h5py.File(hdf5_file) as file:
        kept = file["t"]
        known = kept.shape, kept.dtype

    assert known == (kept.shape, kept.dtype)
    assert is_source(kept) is False


def test_results_taken_from_a_memmap_are_none(tmp_path):
    """NumPy gives them the type, but there is no file behind them."""
    mapped = np.memmap(tmp_path / "m", dtype="f8", mode="w+", shape=(4, 4))

    assert is_source(mapped) is True
    assert is_source(mapped[1:3]) is True
    assert is_source(mapped + 1) is False


@pytest.mark.parametrize("thing", [None, 3, "t", [1, 2], {"a": 1}, np.float64(1), np])
def test_anything_else_is_none(thing):
    """Quietly."""
    assert is_source(thing) is False


def test_arrays_of_zarr_are_sources(tmp_path):
    """Without importing zarr to find out."""
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(tmp_path / "x.zarr", shape=(3, 4), dtype="f8")

    assert is_source(array)
    assert not is_source(zarr.create_array(tmp_path / "y.zarr", shape=(), dtype="f8"))
