"""What writers put into files is what h5py and NumPy read there."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import WriteError
from nbarray.grid.chunks import Chunks, regular
from nbarray.io.hdf5write import ChunkWriter, create_dataset, dataset_writer
from nbarray.io.rawwrite import RawWriter
from nbarray.io.scratch import scratch
from nbarray.io.writers import AssigningWriter, MemoryWriter, Writer
from nbarray.session import plan

A = np.random.default_rng(4).normal(size=(13, 11, 7))
Shape = tuple[int, ...]


def boxes(shape: Shape, lengths: Shape) -> list[tuple[Shape, Shape]]:
    """A grid's boxes, the last ones first."""
    starts = [range(0, n, length) for n, length in zip(shape, lengths, strict=True)]
    corners = list(itertools.product(*starts))[::-1]
    return [(low, tuple(min(a + n, m) for a, n, m in zip(low, lengths, shape, strict=True))) for low in corners]


def put(writer: Writer, values: np.ndarray, lengths: Shape, pieced: bool) -> None:
    """Write an array box by box, as blocks or piece by piece."""
    for low, high in boxes(values.shape, lengths):
        part = tuple(map(slice, low, high))
        if not pieced:
            writer.write(low, high, values[part], None)
            continue
        for a, b, out in writer.fill(low, high):
            out[...] = values[tuple(map(slice, a, b))]
    writer.close()


@pytest.mark.parametrize("chunks", [None, (13, 11, 7), (4, 5, 7), (3, 4, 2), (1, 11, 3), (13, 1, 5)])
@pytest.mark.parametrize("lengths", [(13, 11, 7), (5, 4, 3), (1, 11, 7), (13, 11, 1)])
@pytest.mark.parametrize("pieced", [False, True])
def test_any_box_goes_to_its_place(
    tmp_path: Path, chunks: Shape | None, lengths: Shape, pieced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Boxes that lie across stored chunks, whole ones, single lines; in pieces smaller than any of them."""
    monkeypatch.setattr("nbarray.io.rawwrite.PIECE_BYTES", 200)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        made = create_dataset(file, "x", A.shape, A.dtype, {"chunks": chunks} if chunks else {})
        writer = dataset_writer(made, A.dtype, True)

        assert isinstance(writer, RawWriter)
        put(writer, A, lengths, pieced)
    with h5py.File(tmp_path / "x.h5") as file:
        np.testing.assert_array_equal(A, file["x"][()])


@pytest.mark.parametrize("dtype", ["u1", "<i2", ">f4", "?", "c16", "S3", "f8"])
@pytest.mark.parametrize("options", [{}, {"compression": "gzip"}, {"compression": "gzip", "shuffle": True}])
def test_whole_chunks(tmp_path: Path, dtype: str, options: dict[str, Any]) -> None:
    """Chunks filtered here, also those cut by the end of the array, are what HDF5's own filters undo."""
    values = (10 * np.abs(A)).astype(dtype)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        writer = dataset_writer(
            file.create_dataset("x", values.shape, dtype, chunks=(4, 5, 3), **options), values.dtype
        )

        assert isinstance(writer, ChunkWriter)
        put(writer, values, (8, 11, 3), False)
    with h5py.File(tmp_path / "x.h5") as file:
        np.testing.assert_array_equal(values, file["x"][()])


def test_noise(tmp_path: Path) -> None:
    """A chunk that compression makes larger comes back, at once and later."""
    noise = np.random.default_rng(0).integers(0, 256, 4096, np.uint8)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        stored = file.create_dataset("x", noise.shape, "u1", chunks=(4096,), compression="gzip")
        put(dataset_writer(stored, noise.dtype), noise, (4096,), False)
        np.testing.assert_array_equal(noise, stored[...])
    with h5py.File(tmp_path / "x.h5") as file:
        np.testing.assert_array_equal(noise, file["x"][...])


@pytest.mark.parametrize("options", [{"fletcher32": True}, {"compression": "lzf"}, {"scaleoffset": 0, "dtype": "i4"}])
def test_other_filters_are_left_to_hdf5(tmp_path: Path, options: dict[str, Any]) -> None:
    """What can't be filtered here is assigned."""
    values = (10 * np.abs(A)).astype("i4" if "dtype" in options else "f8")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        stored = file.create_dataset("x", values.shape, chunks=(4, 5, 7), **{"dtype": values.dtype, **options})
        writer = dataset_writer(stored, values.dtype)

        assert isinstance(writer, AssigningWriter)
        put(writer, values, (8, 5, 7), False)
        np.testing.assert_array_equal(values, stored[...])


def test_a_dataset_that_was_used_before(tmp_path: Path) -> None:
    """What h5py still holds of a dataset doesn't come back over what is written."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        stored = file.create_dataset("x", A.shape, "f8", chunks=(4, 11, 7))
        stored[...] = -1
        stored[0, 0, 0] = -2
        put(dataset_writer(stored, A.dtype), A, (4, 11, 7), False)
        np.testing.assert_array_equal(A, stored[...])
    with h5py.File(tmp_path / "x.h5") as file:
        np.testing.assert_array_equal(A, file["x"][()])


def test_full_disk() -> None:
    """A disk that is full is called so."""
    writer = RawWriter("/dev/full", (10,), np.dtype("f8"), (10,), np.array([0]))
    with pytest.raises(WriteError, match="/dev/full can't be written: the disk is full"):
        writer.write((0,), (10,), np.zeros(10), None)


def test_nothing_gets_through_after_the_end(tmp_path: Path) -> None:
    """Tasks of a cancelled run that come late change nothing, in a file and in an object."""
    path = tmp_path / "x"
    path.write_bytes(bytes(80))
    writer = RawWriter(str(path), (10,), np.dtype("f8"), (10,), np.array([0]))
    writer.close()
    writer.close()
    writer.write((0,), (10,), np.ones(10), None)
    target: dict[Any, Any] = {}
    assigning = AssigningWriter(target, None, (threading.Lock(),), None, False)
    assigning.close()
    assigning.write((0,), (1,), np.ones(1), None)

    assert bytes(80) == path.read_bytes()
    assert {} == target


def test_what_writing_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more memory than is declared, also where all axes end within a chunk."""
    asked: list[int] = []

    def counted(purpose: str, nbytes: int) -> np.ndarray:
        asked.append(nbytes)
        return scratch(purpose, nbytes)

    monkeypatch.setattr("nbarray.io.rawwrite.scratch", counted)
    values = np.ones((2, 6, 6, 6))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        made = create_dataset(file, "x", values.shape, values.dtype, {"chunks": (2, 4, 4, 4)})
        writer = dataset_writer(made, values.dtype, True)
        block = values[:, 4:, 4:, 4:]
        writer.write((0, 4, 4, 4), values.shape, block, None)
        writer.close()

    assert [True] == [nbytes <= writer.extra_bytes(np.array([block.nbytes]))[0] for nbytes in asked]


def test_what_suits() -> None:
    """Chunks of which each is written by one task, and runs that aren't short."""
    cut = Chunks((regular(100, 20), regular(1000, 500)))
    assert AssigningWriter({}, None, (), (10, 250), False).suits(cut)
    assert not AssigningWriter({}, None, (), (30, 250), False).suits(cut)
    assert AssigningWriter({}, None, (), None, False).suits(cut)
    assert MemoryWriter(np.zeros((100, 1000)), np.dtype("f8")).suits(cut)


@pytest.mark.parametrize(("chunk", "expected"), [((100, 1000), True), ((100, 10), True), ((7, 4000), False)])
def test_runs(tmp_path: Path, chunk: Shape, expected: bool) -> None:
    """Blocks that fill a target's rows, or its columns, are written in long runs; halves of its rows are not."""
    (tmp_path / "x").touch()
    cut = Chunks((regular(100, 100), regular(4000, 1000 if chunk[1] < 4000 else 10)))
    writer = RawWriter(str(tmp_path / "x"), (100, 4000), np.dtype("f8"), chunk, np.zeros(1000, np.int64))

    assert expected == writer.suits(cut)
    writer.close()


def test_parts_of_chunks_without_filters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies far apart in a chunk is read without all that is between, into any kind of buffer."""
    monkeypatch.setattr("nbarray.io.chunked.SHORT_BYTES", 0)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", data=A, chunks=(6, 11, 7))
    with h5py.File(tmp_path / "x.h5") as file:
        x = nb.from_array(file["x"])
    for part in (np.s_[2:4, 3:5, 1:3], np.s_[:, 5:6, :], np.s_[::5, ::3, ::-2], np.s_[1:13, :, 3:4]):
        np.testing.assert_array_equal(A[part] * 2, (x[part] * 2).compute())


def test_stored_the_other_way_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compressed rows into compressed columns go through other blocks, on disk where memory is short."""
    monkeypatch.setattr("nbarray.plan.fit.COPY_BYTES", 0)
    values = np.random.default_rng(1).normal(size=(400, 300))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", data=values, chunks=(10, 300), compression="gzip")
    with h5py.File(tmp_path / "x.h5") as file:
        x = nb.from_array(file["x"]) * 2
    nb.to_hdf5(tmp_path / "y.h5", "y", x, chunks=(400, 10), compression="gzip", memory="400kB")
    with h5py.File(tmp_path / "y.h5") as file:
        made = plan([x.expr], "400kB", writers=[dataset_writer(file["y"], x.dtype)])

        assert "what is written is made in other blocks first" in made.notes[0]
        assert made.spilled_bytes
        np.testing.assert_array_equal(values * 2, file["y"][...])
