"""The temperature program as it is printed, on a folder with enough files for every line of it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import netCDF4
import numpy as np
import pytest

PROGRAM = """
import nbarray as da, netCDF4
from glob import glob
filenames = sorted(glob('2014-*.nc'))
temps = [netCDF4.Dataset(fn).variables['t2m'] for fn in filenames]
arrays = [da.from_array(t, blockshape=(4, 200, 200)) for t in temps]
x = da.concatenate(arrays, axis=0)
x.shape
from matplotlib.pyplot import imshow
imshow(x.mean(axis=0), cmap='bone')
imshow(x[1000] - x.mean(axis=0), cmap='RdBu_r')
imshow(x[::4].mean(axis=0) - x[2::4].mean(axis=0), cmap='RdBu_r')
"""

#: Days until 8 September, so that there is an x[1000]; maps just larger than one block.
DAYS, SHAPE = 251, (4, 203, 201)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Daily files of small maps, packed each with its own scale and offset, with a gap in every third."""
    folder = tmp_path_factory.mktemp("2014")
    rng = np.random.default_rng(2014)
    for k in range(DAYS):
        stored = rng.integers(-99, 100, (4, 1, SHAPE[2]), np.int16) + np.arange(SHAPE[1], dtype=np.int16)[:, None]
        if k % 3 == 0:
            stored[:, :20, :30] = -32767
        with netCDF4.Dataset(folder / f"{date(2014, 1, 1) + timedelta(days=k)}.nc", "w") as file:
            file.createDimension("time", None)
            file.createDimension("latitude", SHAPE[1])
            file.createDimension("longitude", SHAPE[2])
            t2m = file.createVariable(
                "t2m", "i2", ("time", "latitude", "longitude"),
                zlib=True, complevel=1, shuffle=True, fill_value=-32767, chunksizes=(1, *SHAPE[1:]),
            )  # fmt: skip
            t2m.scale_factor, t2m.add_offset = 0.01 + k / 10_000, 280.0 + k / 100
            t2m.set_auto_maskandscale(False)
            t2m[:] = stored
    return folder


@pytest.fixture(scope="module")
def truth(folder: Path) -> Any:
    """All the maps, as netCDF4 and NumPy see them."""
    days = []
    for path in sorted(folder.glob("*.nc")):
        with netCDF4.Dataset(path) as file:
            days.append(file["t2m"][:])
    concatenate: Any = np.ma.concatenate  # it has no types
    return concatenate(days, axis=0)


def test_the_program_runs_as_printed(folder: Path, truth: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line runs as it is printed, and the three maps are NumPy's."""
    monkeypatch.chdir(folder)
    names: dict[str, Any] = {}
    plt.close("all")
    exec(PROGRAM, names)
    mean, anomaly, difference = (image.get_array() for image in plt.gca().images)
    plt.close("all")
    for variable in names["temps"]:
        variable.group().close()

    assert (4 * DAYS, *SHAPE[1:]) == names["x"].shape
    assert np.float64 == names["x"].dtype
    assert_same_map(truth.mean(axis=0), mean)
    assert_same_map(truth[1000] - truth.mean(axis=0), anomaly)
    assert_same_map(truth[::4].mean(axis=0) - truth[2::4].mean(axis=0), difference)


def assert_same_map(expected: Any, actual: Any) -> None:
    """Masked at the same points, and the same values elsewhere but for the order of summation."""
    np.testing.assert_array_equal(np.ma.getmaskarray(expected), np.ma.getmaskarray(actual))
    np.testing.assert_allclose(actual.filled(0), expected.filled(0), rtol=1e-12, atol=1e-10)
