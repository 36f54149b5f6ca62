"""NumPy's functions that write and read files, and buffers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import InputError
from tests.compare import check
from tests.laws.arrays import LAYOUTS


@pytest.mark.parametrize("name", ["one-axis", "three-axes", "no-rows", "transposed", "no-axes"])
def test_npz_and_npy(name: str, tmp_path: Path) -> None:
    """`save` and `savez` write what NumPy reads, piece by piece."""
    a = LAYOUTS[name]
    x = nb.from_array(a, chunks=3)
    with nb.config(memory="256KiB"):
        np.save(tmp_path / "a", x)
        np.savez(tmp_path / "b", x, more=x + 1)
        np.savez_compressed(tmp_path / "c.npz", x=x)

    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), a)
    np.testing.assert_array_equal(np.load(tmp_path / "c.npz")["x"], a)
    with np.load(tmp_path / "b.npz") as found:
        np.testing.assert_array_equal(found["arr_0"], a)
        np.testing.assert_array_equal(found["more"], a + 1)


@pytest.mark.parametrize(
    "options",
    [{}, {"fmt": "%.2f", "delimiter": ","}, {"header": "h", "footer": "f"}, {"comments": "%", "newline": "\r\n"}],
    ids=repr,
)
def test_savetxt(options: dict[str, Any], tmp_path: Path) -> None:
    """Text is the same, whether written at once or some rows at a time."""
    for a in (np.arange(6000.0).reshape(2000, 3), np.arange(5), np.zeros((0, 2))):
        np.savetxt(tmp_path / "whole.txt", a, **options)
        with nb.config(memory="64KiB"):
            np.savetxt(tmp_path / "parts.txt", nb.from_array(a, chunks=100), **options)

        assert (tmp_path / "whole.txt").read_bytes() == (tmp_path / "parts.txt").read_bytes()
    with pytest.raises(InputError, match="Expected 1D or 2D array, got 3D"):
        nb.savetxt(tmp_path / "no.txt", nb.ones((1, 1, 1)))


def test_reading_like(tmp_path: Path) -> None:
    """Binary files and buffers become blocked arrays, told `like=` one."""
    a = np.arange(20, dtype=">i4")
    a.tofile(tmp_path / "a.bin")
    x = nb.ones(1)

    check(np.fromfile(tmp_path / "a.bin", ">i4", like=x), a)
    check(np.fromfile(tmp_path / "a.bin", ">i4", count=3, offset=8, like=x), a[2:5])
    check(np.frombuffer(a.tobytes(), ">i4", like=x), a)
    with pytest.raises(InputError, match="no places to begin reading at"):
        np.fromfile(tmp_path / "a.bin", ">i4", sep=",", like=x)
