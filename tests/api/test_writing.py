"""Files that were written are read back by the libraries they belong to."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import FileFormatError, InputError, TaskError, WriteError
from tests.compare import check

A = np.random.default_rng(9).normal(size=(60, 50))
B = np.arange(42.0).reshape(7, 6)
KINDS = [
    A,
    np.arange(7, dtype=">i4"),
    np.array([True, False]),
    np.array(3.5),
    np.zeros((0, 3)),
    A.astype("f4")[:, ::-1],
]


def broken(block: Any) -> Any:
    """Fails in the last block."""
    raise ValueError("here")


@pytest.mark.parametrize("values", KINDS, ids=lambda v: f"{v.dtype}-{v.shape}")
@pytest.mark.parametrize("memory", ["64MiB", "20kB"])
def test_what_is_written_comes_back(tmp_path: Path, values: Any, memory: str) -> None:
    """Every kind of array, also larger than the budget."""
    x = nb.from_array(values, chunks=20)
    with nb.config(memory=memory):
        x.to_npy(tmp_path / "x.npy")
        x.to_hdf5(tmp_path / "x.h5", "/group/x")
        nb.to_hdf5(tmp_path / "x.h5", {"y": x, "z": x + x})
        if values.dtype != bool and values.size:
            x.to_netcdf(tmp_path / "x.nc", "x")

    back = np.load(tmp_path / "x.npy")
    assert (values.dtype, values.shape) == (back.dtype, back.shape)
    np.testing.assert_array_equal(values, back)
    with h5py.File(tmp_path / "x.h5") as file:
        np.testing.assert_array_equal(values, file["group/x"][()])
        np.testing.assert_array_equal(values, file["y"][()])
        np.testing.assert_array_equal(values + values, file["z"][()])
    if values.dtype != bool and values.size:
        with netCDF4.Dataset(tmp_path / "x.nc") as file:
            np.testing.assert_array_equal(values, file["x"][...])


def test_store_later() -> None:
    """Without `compute`, arrays write when they are computed, together if they are computed together."""
    x = nb.from_array(B, chunks=3)
    one, two = np.zeros(B.shape), np.zeros((20, 30))
    corner = (slice(1, 1 + 2 * B.shape[0], 2), slice(3, 3 + B.shape[1]))
    made = nb.store([x, x + 1], [one, two], regions=[None, corner], compute=False)

    assert not one.any()
    assert not two.any()
    assert [0, 0] == [values.size for values in nb.compute(*made)]
    np.testing.assert_array_equal(B, one)
    np.testing.assert_array_equal(B + 1, two[corner])
    two[corner] = 0
    assert not two.any()


def test_store_later_backwards() -> None:
    """Regions may count down, to the first element too."""
    x = nb.from_array(B, chunks=3)
    rows, columns = B.shape
    target, expected = np.zeros((2 * rows, columns)), np.zeros((2 * rows, columns))
    backwards = (slice(2 * rows - 2, None, -2), slice(None, None, -1))
    nb.store(x, target, regions=backwards, compute=False).compute()
    expected[backwards] = B

    np.testing.assert_array_equal(expected, target)


@pytest.mark.parametrize("compute", [False, True])
def test_return_stored(compute: bool) -> None:
    """What is stored is an array again, in the chunks of what it was made of."""
    x = nb.from_array(B, chunks=3)
    target = np.zeros((2, *B.shape))[1]
    made = x.store(target, compute=compute, return_stored=True, load_stored=False)

    assert compute == bool(target.any())
    assert x.chunks == made.chunks
    check(made, B)
    np.testing.assert_array_equal(B, target)


def test_store_later_in_turn() -> None:
    """Blocks are assigned under a lock, each once: the target's own, or one that is given."""
    lock, held = threading.Lock(), []

    class Target:
        shape = B.shape

        def __setitem__(self, where: Any, values: Any) -> None:
            held.append(lock.locked())

    x = nb.from_array(B, chunks=3)
    x.store(Target(), lock=lock, compute=False).compute(workers=2)
    assert [True] * x.nblocks == held
    x.store(Target(), lock=False, compute=False).compute(workers=2)
    assert [False] * x.nblocks == held[x.nblocks :]


def test_locks() -> None:
    """A lock may be one that can only be acquired and released; what is none is refused."""
    told = []

    class Lock:
        def acquire(self) -> None:
            told.append("acquire")

        def release(self) -> None:
            told.append("release")

    x, target = nb.from_array(B), np.zeros(B.shape)
    again = x.store(target, lock=Lock(), return_stored=True)
    before = len(told)
    np.testing.assert_array_equal(B, again.compute())
    assert 2 <= before < len(told)
    assert ["acquire", "release"] * (len(told) // 2) == told
    with pytest.raises(InputError, match="can't be held"):
        x.store(target, lock="yes")


def test_store_later_refuses() -> None:
    """A region of another size is refused before anything is computed."""
    with pytest.raises(InputError, match="doesn't fit"):
        nb.from_array(B).store(np.zeros((40, 40)), regions=(slice(0, 2), slice(0, B.shape[1])), compute=False)


def test_zarr_parts(tmp_path: Path) -> None:
    """Into a group, into a region, later, and back as it is stored: whole shards where there are such."""
    zarr = pytest.importorskip("zarr")
    x = nb.from_array(B, chunks=(3, 2))
    x.to_zarr(tmp_path / "g", component="in/x")
    again = x.to_zarr(tmp_path / "g", component="y", return_stored=True)

    assert x.chunks == again.chunks == nb.from_zarr(tmp_path / "g", component="in/x").chunks
    check(again, B)
    with pytest.raises(ValueError, match="exists"):
        x.to_zarr(tmp_path / "g", component="y")
    sharded = zarr.create_array({}, shape=(2, *B.shape), chunks=(1, 1, 1), shards=(1, 2, 2), dtype=B.dtype)
    where = (slice(1, 2), slice(None), slice(None))
    x[None].to_zarr(sharded, region=where, compute=False).compute()
    assert (1, 2, 2) == nb.from_zarr(sharded).chunksize
    check(nb.from_zarr(sharded), np.stack([np.zeros_like(B), B]))
    with pytest.raises(InputError, match="region= is of a Zarr array that exists"):
        x.to_zarr(tmp_path / "new", region=where)


def test_zarr(tmp_path: Path) -> None:
    """A new array at a path, or one that is there."""
    zarr = pytest.importorskip("zarr")
    x = nb.from_array(A, chunks=(20, 30))
    made = x.to_zarr(tmp_path / "x.zarr", memory="20kB")
    assert (20, 30) == made.chunks
    np.testing.assert_array_equal(A, zarr.open_array(str(tmp_path / "x.zarr"))[...])
    (x * 2).to_zarr(made)
    np.testing.assert_array_equal(2 * A, made[...])


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_zarr_that_is_opened_as_a_file(tmp_path: Path, zarr_format: Any) -> None:
    """`open` of a folder of Zarr raises an error with the call that opens it."""
    pytest.importorskip("zarr")
    nb.from_array(B).to_zarr(tmp_path / "x", zarr_format=zarr_format)
    nb.from_array(B).to_zarr(tmp_path / "group", component="x", zarr_format=zarr_format)
    for call in ((tmp_path / "x",), (tmp_path / "group", "x")):
        with pytest.raises(FileFormatError, match="is a Zarr folder") as told:
            nb.open(*call)

        check(eval(str(told.value).partition("opened by ")[2]), B)


def test_zarr_that_fails(tmp_path: Path) -> None:
    """What was made for an array that can't be written goes again; what was there stays, and is named if it changed."""
    zarr = pytest.importorskip("zarr")

    def full(block: Any) -> Any:
        if block[0, 0] == B[-1, -1]:
            raise OSError(errno.ENOSPC, "No space left on device")
        return block

    x = nb.from_array(B, chunks=(1, 1)).map_blocks(full, dtype=B.dtype)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "letter").touch()
    nb.from_array(B).to_zarr(tmp_path / "group", component="a")
    for place, component in (("new", None), ("new", "in/x"), ("group", "in/x")):
        with pytest.raises(TaskError, match="No space left"):
            x.to_zarr(tmp_path / place, component=component)
    with pytest.raises(TaskError) as changed:
        x.to_zarr(tmp_path / "old")
    with pytest.raises(TaskError) as replaced:
        x.to_zarr(tmp_path / "group", component="a", overwrite=True)
    with pytest.raises(ValueError, match="exists") as kept:
        x.to_zarr(tmp_path / "group", component="a")
    with pytest.raises(TaskError) as elsewhere:
        x.to_zarr(zarr.storage.MemoryStore())

    assert ["group", "old"] == sorted(p.name for p in tmp_path.iterdir())
    assert ["a", "zarr.json"] == sorted(p.name for p in (tmp_path / "group").iterdir())
    assert (tmp_path / "old" / "letter").exists()
    for error in (changed, replaced, elsewhere):
        assert "holds a part of the values" in error.value.__notes__[0]
    assert not hasattr(kept.value, "__notes__")


def test_layouts(tmp_path: Path) -> None:
    """Chunks and filters are as asked for; a rechunked array is written in its chunks, in a part of its size."""
    x = nb.from_array(A, chunks=(1, 50))
    x.rechunk((60, 5)).to_hdf5(tmp_path / "x.h5", "columns", memory="20kB", compression="gzip", shuffle=True)
    x.to_hdf5(tmp_path / "x.h5", "plain", chunks=None)

    with h5py.File(tmp_path / "x.h5") as file:
        assert ((60, 5), "gzip", True) == (file["columns"].chunks, file["columns"].compression, file["columns"].shuffle)
        assert file["plain"].chunks is None
        np.testing.assert_array_equal(A, file["columns"][...])


def test_netcdf_dimensions_and_missing_values(tmp_path: Path) -> None:
    """Dimensions have the names given, are shared, and masked elements come back masked."""
    masked = np.ma.masked_less(A, 0)
    nb.to_netcdf(tmp_path / "x.nc", {"a": A, "b": nb.from_array(masked, chunks=20)}, dims=("y", "x"), zlib=True)

    with netCDF4.Dataset(tmp_path / "x.nc") as file:
        assert ("y", "x") == file["b"].dimensions
        np.testing.assert_array_equal(masked.mask, np.ma.getmaskarray(file["b"][...]))
        np.testing.assert_array_equal(masked.compressed(), file["b"][...].compressed())
    with pytest.raises(InputError, match="dimension 'y' has size 60, not 50"):
        nb.to_netcdf(tmp_path / "x.nc", "c", A.T, dims=("y", "x"))
    with pytest.raises(InputError, match="has 1 names, but 'c' has 2 axes"):
        nb.to_netcdf(tmp_path / "x.nc", "c", A, dims=("y",))


def test_a_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """No file, no half of one, and what was there stays as it was."""
    x = nb.from_array(A, chunks=20).map_blocks(broken, dtype=float)
    for write in (x.to_npy, lambda p: x.to_hdf5(p, "x"), lambda p: x.to_netcdf(p, "x")):
        with pytest.raises(TaskError, match="here"):
            write(tmp_path / "out")
    assert [] == list(tmp_path.iterdir())

    nb.to_hdf5(tmp_path / "x.h5", "good", A)
    with pytest.raises(TaskError, match="here"):
        x.to_hdf5(tmp_path / "x.h5", "bad")
    with h5py.File(tmp_path / "x.h5") as file:
        assert ["good"] == list(file)


def test_what_a_killed_process_left(tmp_path: Path) -> None:
    """The beginning of a file, by the name it has until it is whole, is no obstacle."""
    nb.to_hdf5(tmp_path / "x.h5.part", "x", A)
    nb.to_hdf5(tmp_path / "x.h5", "x", 2 * A)

    assert ["x.h5"] == [p.name for p in tmp_path.iterdir()]
    with h5py.File(tmp_path / "x.h5") as file:
        np.testing.assert_array_equal(2 * A, file["x"][...])


def test_store(tmp_path: Path) -> None:
    """Anything that takes values at a region is a target."""
    out, part = np.zeros((60, 50)), np.zeros((100, 50))
    nb.store([A, nb.from_array(A, chunks=7)], [out, part], regions=[None, (slice(40, 100),)])
    np.testing.assert_array_equal(A, out)
    np.testing.assert_array_equal(A, part[40:])
    with pytest.raises(InputError, match=r"shape \(60, 50\) doesn't fit a target of shape \(3,\)"):
        nb.store(A, np.zeros(3))


def test_refusals(tmp_path: Path) -> None:
    """Names that are taken, folders that are missing, masked arrays, and no name."""
    nb.to_hdf5(tmp_path / "x.h5", "x", A)
    with pytest.raises(InputError, match="has 'x' already; give another name"):
        nb.to_hdf5(tmp_path / "x.h5", "x", A)
    with pytest.raises(InputError, match="expected a path, a name and an array"):
        nb.to_hdf5(tmp_path / "x.h5", A)
    with pytest.raises(InputError, match="masked elements can't be stored there"):
        nb.to_npy(np.ma.masked_less(A, 0), tmp_path / "x.npy")
    for write in (lambda p: nb.to_npy(A, p), lambda p: nb.to_hdf5(p, "x", A), lambda p: nb.to_netcdf(p, "x", A)):
        with pytest.raises(WriteError, match="can't be written"):
            write(tmp_path / "nowhere" / "x")


#: What writes an array that is larger than a file may be, in a process of its own: libraries that can't write may crash
NO_ROOM = """
import os, resource, signal, sys, numpy as np, nbarray as nb
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, resource.RLIM_INFINITY))
x, path = nb.random.default_rng(0).random((2000, 200), chunks=(100, 200)), sys.argv[1]
try:
    {write}
except nb.errors.WriteError as error:
    print("told", path in str(error), flush=True)
    os._exit(0)  # HDF5 may crash when it lets go of a file that it couldn't write
"""


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limit there")
@pytest.mark.parametrize(
    "write",
    [
        "nb.save(path, x)",
        "x.tofile(path)",
        "x.to_hdf5(path, 'x')",
        "x.to_hdf5(path, 'x', compression='gzip')",
        "x.to_netcdf(path, 'x')",
        "x.to_netcdf(path, 'x', zlib=True)",
        "nb.savez(path, x=x)",
        "nb.savez_compressed(path, x=x)",
        "nb.savetxt(path, x)",
    ],
)
def test_no_room(tmp_path: Path, write: str) -> None:
    """Where a file can't be written to its end that is a WriteError with its name, and nothing of it is left."""
    path = tmp_path / ("x.npz" if "savez" in write else "x.npy")
    code = NO_ROOM.format(write=write)
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=100, check=False
    )

    assert "told True" == done.stdout.strip(), done.stderr
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["savez", "savetxt"])
def test_what_fails_leaves_the_old_file(tmp_path: Path, name: str) -> None:
    """A file of NumPy's that is written again is replaced when it is whole, and not before."""
    path = tmp_path / "x.npz"
    write = getattr(nb, name)
    write(path, nb.arange(3))
    before = path.read_bytes()

    def fail(block: np.ndarray) -> np.ndarray:
        raise ValueError("here")

    with pytest.raises(ValueError, match="here"):
        write(path, nb.map_blocks(fail, nb.ones(4), dtype=float))

    assert before == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("chunks", [(7, 5, 4), (40, 3, 30), (1, 1, 1), (40, 30, 300)], ids=str)
def test_short_rows_are_written_several_at_a_time(tmp_path: Path, chunks: tuple[int, ...]) -> None:
    """Chunks with short rows are computed together with those beside them, also where an operand wraps around."""
    a = np.random.default_rng(6).normal(size=(40, 30, 31))
    x = nb.pad(nb.from_array(a, chunks=(20, 30, 31)), ((0, 0), (0, 1), (0, 1)), mode="wrap")
    with h5py.File(tmp_path / "out.h5", "w") as file:
        target = file.create_dataset("x", (40, 30, 31), "f8", chunks=tuple(map(min, chunks, (40, 30, 31))))
        nb.store(x[:, 1:, 1:] - x[:, :-1, :-1], target)
    padded = np.pad(a, ((0, 0), (0, 1), (0, 1)), mode="wrap")
    with h5py.File(tmp_path / "out.h5") as file:
        np.testing.assert_array_equal(file["x"][...], padded[:, 1:, 1:] - padded[:, :-1, :-1])
