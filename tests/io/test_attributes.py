"""From attributes to packings; that they mean what they mean to netCDF4 is in test_netcdf.py."""

from __future__ import annotations

from typing import Any

import netCDF4
import numpy as np
import pytest

from nbarray.io.attributes import DEFAULT_FILL, Rules, cf_packing, netcdf4_packing, normal_attribute
from nbarray.packing import Packing, Scalar

I2, F4 = np.dtype("<i2"), np.dtype("<f4")


def test_default_fill_values() -> None:
    """They are those of the netCDF library."""
    expected = {
        kind: np.asarray(value, kind) for kind, value in netCDF4.default_fillvals.items() if kind in DEFAULT_FILL
    }

    assert expected == {kind: np.asarray(value, kind) for kind, value in DEFAULT_FILL.items()}


def test_packing() -> None:
    """Every attribute in its place, in its own dtype; what is said twice counts once."""
    attributes = {
        "_FillValue": np.int16(-9), "missing_value": np.int16(-9), "valid_min": np.int16(0),
        "scale_factor": np.float32(0.5), "add_offset": np.float64(3),
    }  # fmt: skip
    missing, lowest = (Scalar("<i2", np.int16(n).tobytes()) for n in (-9, 0))
    scale, offset = Scalar("<f4", np.float32(0.5).tobytes()), Scalar("<f8", np.float64(3).tobytes())

    assert Packing(None, (missing,), lowest, None, scale, offset, "<f8", "mask") == netcdf4_packing(attributes, I2)


def test_nothing_to_do() -> None:
    """Without masking and scaling there is no packing."""
    assert netcdf4_packing({}, I2, Rules(mask=False, scale=False)) is None
    assert netcdf4_packing({"scale_factor": np.float64(1)}, I2, Rules(mask=False)) is None
    assert cf_packing({}, I2, "nan") is None


def test_equal_packings_of_files() -> None:
    """Files with the same attributes have equal packings, so they can be joined."""
    first, second = (cf_packing({"_FillValue": np.float32("nan")}, F4, "nan") for _ in range(2))

    assert first == second
    assert hash(first) == hash(second)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (b"metres\0", "metres"),
        (np.bytes_(b"m"), "m"),
        (np.array([b"m"], object), "m"),
        (np.array([0.5], ">f4"), np.float32(0.5)),
        (np.float64(2), np.float64(2)),
        ("text", "text"),
    ],
)
def test_attributes_of_hdf5(given: Any, expected: Any) -> None:
    """Attributes as h5py gives them become what netCDF4 gives."""
    actual = normal_attribute(given)

    assert (type(expected), expected) == (type(actual), actual)
