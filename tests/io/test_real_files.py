"""Real measurements and model output, read as netCDF4 reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import iris_sample_data
import netCDF4
import numpy as np
import pytest

from nbarray.errors import UnsupportedVariable
from nbarray.io.opening import open_many, open_source
from nbarray.io.wrap import wrap
from tests.io.reading import assert_reads, values

FOLDER = Path(iris_sample_data.path)
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.nc"))


def variables(dataset: netCDF4.Dataset) -> Iterator[netCDF4.Variable]:
    """The variables of rank 1 and more that hold numbers."""
    for variable in dataset.variables.values():
        if variable.ndim and variable.dtype is not str:
            yield variable


def test_the_files_are_there() -> None:
    """The package of real files has HDF5 and NetCDF-3 files."""
    assert {"A1B_north_america.nc", "ostia_monthly.nc", "space_weather.nc"} <= set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_wrapped_variables(file: str) -> None:
    """Every variable of a real file, wrapped, is what netCDF4 reads, whole and in parts."""
    with netCDF4.Dataset(FOLDER / file) as dataset:
        for variable in variables(dataset):
            assert_reads(variable, wrap(variable))


@pytest.mark.parametrize("file", FILES)
def test_opened_by_name(file: str) -> None:
    """Every variable of a real file, opened with missing="mask", is what netCDF4 reads."""
    with netCDF4.Dataset(FOLDER / file) as dataset:
        for variable in variables(dataset):
            assert_reads(variable, open_source(FOLDER / file, variable.name, "mask"), count=4)


@pytest.mark.parametrize("file", FILES)
def test_missing_as_nan(file: str) -> None:
    """By default missing values are NaN, and the others are netCDF4's."""
    with netCDF4.Dataset(FOLDER / file) as dataset:
        for variable in variables(dataset):
            expected = variable[...]
            if expected.dtype.kind == "f":
                expected = expected.filled(np.nan)
            actual = values(open_source(FOLDER / file, variable.name))

            np.testing.assert_array_equal(np.ma.getdata(expected), actual)
            assert expected.dtype == actual.dtype


def test_strings_of_variable_length() -> None:
    """A variable of strings is refused by name, with the way out."""
    with (
        netCDF4.Dataset(FOLDER / "vlstr_type.nc") as dataset,
        pytest.raises(UnsupportedVariable, match=r"'expver' holds strings of variable length.*wrap the array"),
    ):
        wrap(dataset["expver"])
    with pytest.raises(UnsupportedVariable, match=r"'/expver' holds items of variable length"):
        open_source(FOLDER / "vlstr_type.nc", "expver")


def test_three_months_of_ocean() -> None:
    """The three NEMO months are one array along the axis that can grow."""
    files = sorted((FOLDER / "NEMO").glob("*.nc"))
    opened = open_many(str(FOLDER / "NEMO" / "*.nc"), "tos", missing="mask")
    expected = np.ma.concatenate([netCDF4.Dataset(file)["tos"][...] for file in files])
    actual = np.ma.concatenate([values(source) for source in opened.sources])

    assert opened.axis == 0
    np.testing.assert_array_equal(expected.mask, actual.mask)
    np.testing.assert_array_equal(expected.compressed(), actual.compressed())
