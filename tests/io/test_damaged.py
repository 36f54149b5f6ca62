"""Files that are damaged, or that lie in parts: errors name the file, and what is read is what the library reads."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import FileFormatError, NBArrayError, ReadError

DATA = np.arange(4200.0).reshape(60, 70)


@pytest.mark.parametrize("options", [{}, {"chunks": (10, 10), "compression": "gzip"}])
@pytest.mark.parametrize("name", ["link", "group/link/x"])
def test_external_link(tmp_path: Path, options: dict[str, object], name: str) -> None:
    """A link into another file gives what lies there, not what lies at the same place in the file it is in."""
    (tmp_path / "deep").mkdir()
    with h5py.File(tmp_path / "deep" / "b.h5", "w") as file:
        file.create_dataset("data/x", data=DATA, **options)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["other"] = np.zeros(100_000)
        file["link"] = h5py.ExternalLink("deep/b.h5", "/data/x")
        file["group/link"] = h5py.ExternalLink("deep/b.h5", "/data")

    x = nb.open(tmp_path / "a.h5", name)

    assert np.array_equal(DATA, np.asarray(x))
    assert "b.h5" in str(x.plan())


def test_link_to_a_missing_file(tmp_path: Path) -> None:
    """A link into a file that isn't there is an error that names the file it is in and where it leads."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["link"] = h5py.ExternalLink("gone.h5", "/x")

    with pytest.raises(NBArrayError, match=r"a\.h5.*link"):
        nb.open(tmp_path / "a.h5", "link")


def test_missing_external_file(tmp_path: Path) -> None:
    """Where numbers lie in a file of their own that is gone, the error names it."""
    raw = tmp_path / "raw.bin"
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", DATA.shape, "f8", external=[(str(raw), 0, DATA.nbytes)])
        file["x"][...] = DATA
    x = nb.open(tmp_path / "a.h5", "x")
    raw.unlink()

    with pytest.raises(ReadError, match=rf"a\.h5(.|\n)*{raw}, which is not there"):
        x.compute()


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_damaged_metadata(tmp_path: Path, libver: str) -> None:
    """Whatever bytes are damaged, there are values or an error of ours that names the file; none of the library's."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver=libver) as file:
        file.create_dataset("g/x", data=DATA, chunks=(10, 10), compression="gzip", shuffle=True)
    whole, random = path.read_bytes(), np.random.default_rng(2014)
    said = []
    for _ in range(60):
        damaged = bytearray(whole)
        for at in random.integers(0, 2000, 12):
            damaged[at] = random.integers(0, 256)
        path.write_bytes(damaged)
        try:
            nb.open(path, "g/x").compute(memory="1GiB")
        except NBArrayError as error:
            said.append(str(error))

    assert len(said) > 10
    assert all(str(path) in each for each in said)


def test_damaged_table_of_chunks(tmp_path: Path) -> None:
    """Where the table of stored chunks is damaged, opening the file says so, and names the variable."""
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("x", data=DATA, chunks=(10, 10), compression="gzip")
    damaged = bytearray(path.read_bytes())
    at = damaged.find(b"FADB")  # the block of a fixed array, in which chunks are listed
    damaged[at + 6 : at + 30] = bytes(24)
    path.write_bytes(damaged)

    with pytest.raises(FileFormatError, match=r"a\.h5, variable 'x' can't be read as HDF5"):
        nb.open(path, "x")
