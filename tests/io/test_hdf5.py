"""HDF5 datasets of every dtype and filter, decoded here, against what h5py reads."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from nbarray.errors import CorruptChunk, MissingFile, ReadError, UnsupportedVariable
from nbarray.io.hdf5 import dataset_source
from nbarray.io.hdf5library import LIBRARY
from nbarray.io.pool import pool, stamp_file
from nbarray.io.protocols import Origin
from tests.io.reading import assert_reads, brought_together, read, regions, whole

DTYPES = ["i2", ">i2", "f4", ">f8", "i8", "u1", "?", "c8", "c16", "f2", "S5", "S1"]
STORED: dict[str, dict[str, Any]] = {
    "contiguous": {},
    "not compressed": {"chunks": (7, 13, 6)},
    "deflate": {"chunks": (7, 13, 6), "compression": "gzip"},
    "deflate, shuffle": {"chunks": (5, 31, 23), "compression": "gzip", "shuffle": True},
    "fletcher32, deflate, shuffle": {"chunks": (5, 31, 3), "compression": "gzip", "shuffle": True, "fletcher32": True},
    "fletcher32": {"chunks": (5, 31, 3), "fletcher32": True},
    "shuffle": {"chunks": (20, 31, 23), "shuffle": True},
    "lzf, shuffle": {"chunks": (5, 31, 3), "compression": "lzf", "shuffle": True},
}


def some(dtype: Any, shape: tuple[int, ...] = (20, 31, 23)) -> np.ndarray[Any, Any]:
    """Numbers of any dtype, with repetitions so that they compress."""
    random = np.random.default_rng(0)
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(bool)
    data = random.integers(0, 100, (*shape, dtype.itemsize), dtype=np.uint8)
    return data.view(dtype).reshape(shape)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., h5py.Dataset]]:
    """Write one dataset and open it again for reading."""
    files = []

    def write(fill: Callable[[h5py.File], None], file_options: dict[str, Any] | None = None) -> h5py.Dataset:
        with h5py.File(tmp_path / "data.h5", "w", **(file_options or {})) as file:
            fill(file)
        files.append(h5py.File(tmp_path / "data.h5", "r"))
        return files[-1]["x"]

    yield write
    for file in files:
        file.close()


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize("dtype", DTYPES)
def test_dtypes_and_filters(make: Callable[..., h5py.Dataset], dtype: str, stored: str) -> None:
    """Every dtype through every filter reads as h5py reads it, decoded in the workers."""
    dataset = make(lambda file: file.create_dataset("x", data=some(dtype), **STORED[stored]))
    source = dataset_source(dataset)

    assert_reads(dataset, source, count=6)
    assert source.reader.origin.route.endswith(stored)
    assert "in the workers" in source.reader.origin.route


def test_compound(make: Callable[..., h5py.Dataset]) -> None:
    """Records of several fields are decoded in the workers, too."""
    dtype = np.dtype([("a", "i2"), ("b", ">f8"), ("c", "S3"), ("d", "f4", (2,))])
    dataset = make(lambda file: file.create_dataset("x", data=some(dtype), **STORED["deflate, shuffle"]))
    source = dataset_source(dataset)

    assert_reads(dataset, source)
    assert source.reader.origin.route == "decoded in the workers: deflate, shuffle"


def test_enum(make: Callable[..., h5py.Dataset]) -> None:
    """An enumeration reads as its integers."""
    dtype = h5py.enum_dtype({"land": 1, "sea": 2}, "i2")
    dataset = make(lambda file: file.create_dataset("x", data=some("i2"), dtype=dtype, chunks=(3, 31, 23)))

    assert_reads(dataset, dataset_source(dataset))


def test_user_block(make: Callable[..., h5py.Dataset]) -> None:
    """Bytes of another kind in front of the file (as MATLAB puts them) don't shift what is read."""
    fill: Callable[[h5py.File], Any] = lambda file: file.create_dataset("x", data=some("f4"), chunks=(5, 5, 5))  # noqa: E731
    dataset = make(fill, {"userblock_size": 512})

    assert_reads(dataset, dataset_source(dataset))


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("maxshape", [(20, 31, 23), (None, 31, 23), (None, None, None)])
def test_chunk_indexes(make: Callable[..., h5py.Dataset], libver: str, maxshape: tuple[int | None, ...]) -> None:
    """Every kind of chunk index of HDF5 tells where the chunks are."""
    options = {"chunks": (4, 10, 6), "maxshape": maxshape, "compression": "gzip"}
    dataset = make(lambda file: file.create_dataset("x", data=some("i4"), **options), {"libver": libver})

    assert_reads(dataset, dataset_source(dataset))


def test_never_written(make: Callable[..., h5py.Dataset]) -> None:
    """Chunks that were never written, and whole datasets, hold their fill value."""

    def fill(file: h5py.File) -> None:
        file.create_dataset("x", (100, 90), "f4", chunks=(10, 10), fillvalue=7, compression="gzip")[15:35, 15:35] = 1
        file.create_dataset("nothing", (10, 9), ">i2", fillvalue=3)

    dataset = make(fill)

    assert_reads(dataset, dataset_source(dataset))
    assert_reads(dataset.file["nothing"], dataset_source(dataset.file["nothing"]))


def test_skipped_filter(make: Callable[..., h5py.Dataset]) -> None:
    """A chunk that deflate did not shrink may be stored without it; its filter mask says so."""

    def fill(file: h5py.File) -> None:
        dataset = file.create_dataset("x", (4, 10), "i4", chunks=(2, 10), compression="gzip", shuffle=True)
        dataset[...] = np.arange(40).reshape(4, 10)
        dataset.id.write_direct_chunk((2, 0), np.arange(100, 120, dtype="i4").tobytes(), filter_mask=3)

    dataset = make(fill)

    assert_reads(dataset, dataset_source(dataset))
    assert 119 == read(dataset_source(dataset).reader)[-1, -1]


@pytest.mark.parametrize(
    ("chunks", "rows", "options", "run"),
    [
        ((2, 3, 10), (0, 4), {}, 60),
        ((2, 3, 10), (2, 4), {}, 60),
        ((1, 3, 10), (0, 7), {}, 30),
        ((2, 1, 10), (0, 2), {}, 1),  # chunks don't lie one after the other
        ((1, 1, 10), (0, 7), {}, 10),
        ((2, 3, 10), (1, 3), {}, 1),  # parts of chunks
        ((2, 3, 10), (6, 7), {}, 1),  # a chunk goes over the edge
        ((1, 3, 10), (0, 7), {"shuffle": False}, 1),
        ((1, 3, 10), (0, 7), {"dtype": "i1"}, 1),
        ((1, 3, 10), (0, 7), {"dtype": "f8"}, 30),
        ((1, 3, 10), (0, 7), {"compression": None}, 30),
        ((1, 3, 10), (0, 7), {"compression": "lzf"}, 30),
        ((1, 3, 10), (0, 7), {"fletcher32": True}, 30),
    ],
)
def test_bytes_that_stay_shuffled(
    make: Callable[..., h5py.Dataset],
    chunks: tuple[int, ...],
    rows: tuple[int, int],
    options: dict[str, Any],
    run: int,
) -> None:
    """Bytes of whole chunks may stay as they were shuffled; of anything else they come together."""
    data = np.arange(210).reshape(7, 3, 10) % 111
    usual = {"dtype": "i2", "chunks": chunks, "compression": "gzip", "shuffle": True} | options
    reader: Any = dataset_source(make(lambda file: file.create_dataset("x", data=data, **usual))).reader
    out = np.empty((rows[1] - rows[0], 3, 10), usual["dtype"])

    assert run == reader.read_shuffled((slice(*rows, 1), slice(0, 3, 1), slice(0, 10, 1)), out)
    np.testing.assert_array_equal(data[slice(*rows)], brought_together(out, run))


def test_bytes_that_no_filter_has_shuffled(make: Callable[..., h5py.Dataset]) -> None:
    """A chunk that was never written, or was stored without shuffling, is no run of shuffled bytes."""

    def fill(file: h5py.File) -> None:
        dataset = file.create_dataset("x", (4, 10), "i2", chunks=(1, 10), compression="gzip", shuffle=True, fillvalue=7)
        dataset[:2] = np.arange(20).reshape(2, 10)
        dataset.id.write_direct_chunk((2, 0), zlib.compress(np.arange(100, 110, dtype="i2").tobytes()), filter_mask=1)

    dataset = make(fill)
    reader: Any = dataset_source(dataset).reader
    for rows, run in (((0, 2), 10), ((1, 3), 1), ((2, 3), 1), ((3, 4), 1), ((0, 4), 1)):
        out = np.empty((rows[1] - rows[0], 10), "i2")
        assert run == reader.read_shuffled((slice(*rows, 1), slice(0, 10, 1)), out)
        np.testing.assert_array_equal(dataset[slice(*rows)], brought_together(out, run))


def test_empty(make: Callable[..., h5py.Dataset]) -> None:
    """A dataset without elements reads as one."""
    dataset = make(lambda file: file.create_dataset("x", (0, 5), "f4", chunks=(2, 5), maxshape=(None, 5)))

    assert (0, 5) == read(dataset_source(dataset).reader).shape


def test_after_the_users_file_is_closed(make: Callable[..., h5py.Dataset]) -> None:
    """A dataset of a file opened for reading can be read after the user has closed the file."""
    dataset = make(lambda file: file.create_dataset("x", data=some("i2"), **STORED["deflate"]))
    source = dataset_source(dataset)
    dataset.file.close()

    np.testing.assert_array_equal(some("i2"), read(source.reader))


def test_threads(make: Callable[..., h5py.Dataset]) -> None:
    """Many threads reading different parts at once read the same as one."""
    dataset = make(lambda file: file.create_dataset("x", data=some("f4"), **STORED["deflate, shuffle"]))
    reader, data = dataset_source(dataset).reader, some("f4")
    wrong: list[Any] = []

    def work(part: slice) -> None:
        for region in list(regions(reader.shape, 60))[part]:
            same = np.array_equal(data[region].view("u4"), read(reader, region).view("u4"))
            wrong.extend([] if same else [region])

    threads = [threading.Thread(target=work, args=(slice(i, None, 6),)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == wrong


class TestThroughTheLibrary:
    """What can't be decoded here is read by h5py under a lock, and the origin says why."""

    def check(self, dataset: h5py.Dataset, why: str) -> None:
        source = dataset_source(dataset)

        assert f"through the library, one at a time: {why}" == source.reader.origin.route
        assert_reads(dataset, source, count=4)

    def test_virtual(self, make: Callable[..., h5py.Dataset]) -> None:
        """Virtual datasets."""

        def fill(file: h5py.File) -> None:
            file["a"] = some("f4")
            layout = h5py.VirtualLayout((20, 31, 23), "f4")
            layout[...] = h5py.VirtualSource(file["a"])
            file.create_virtual_dataset("x", layout)

        self.check(make(fill), "virtual dataset")

    def test_external(self, make: Callable[..., h5py.Dataset], tmp_path: Path) -> None:
        """Data in files beside the file."""
        raw = tmp_path / "raw.bin"
        raw.write_bytes(some("f4").tobytes())
        external = [(str(raw), 0, raw.stat().st_size)]
        self.check(
            make(lambda file: file.create_dataset("x", (20, 31, 23), "f4", external=external)),
            "stored in external files",
        )

    def test_compact(self, make: Callable[..., h5py.Dataset]) -> None:
        """Data inside the file's metadata."""

        def fill(file: h5py.File) -> None:
            create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            create.set_layout(h5py.h5d.COMPACT)
            space = h5py.h5s.create_simple((6, 4))
            made = h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_INT32, space, create)
            h5py.Dataset(made)[...] = np.arange(24).reshape(6, 4)

        self.check(make(fill), "compact dataset, stored inside the file's metadata")

    def test_szip(self, make: Callable[..., h5py.Dataset]) -> None:
        """A filter that no package decodes."""
        options = {"chunks": (5, 31, 4), "compression": "szip"}
        self.check(make(lambda file: file.create_dataset("x", data=some("i4"), **options)), "the szip filter")

    def test_strings_with_an_end(self, make: Callable[..., h5py.Dataset]) -> None:
        """Strings that end at a null byte, after which anything may follow."""

        def fill(file: h5py.File) -> None:
            stored = h5py.h5t.C_S1.copy()
            stored.set_size(6)
            stored.set_strpad(h5py.h5t.STR_NULLTERM)
            made = h5py.h5d.create(file.id, b"x", stored, h5py.h5s.create_simple((3,)))
            h5py.Dataset(made)[...] = np.array([b"one", b"two", b"three"])

        self.check(make(fill), "stored in a format that NumPy does not have")

    def test_open_for_writing(self, tmp_path: Path) -> None:
        """A file the user may still be writing to."""
        with h5py.File(tmp_path / "w.h5", "w") as file:
            file["x"] = some("f4")
            self.check(file["x"], "the file is open for writing")

    def test_in_memory(self) -> None:
        """A file that is in memory only."""
        with h5py.File("nowhere.h5", "w", driver="core", backing_store=False) as file:
            file["x"] = some("f4")
            self.check(file["x"], "opened with the 'core' driver")

    def test_closed(self, tmp_path: Path) -> None:
        """A file that had to stay open, and did not."""
        with h5py.File(tmp_path / "w.h5", "w") as file:
            file["x"] = some("f4")
            reader = dataset_source(file["x"]).reader
        with pytest.raises(ReadError, match="was closed; keep it open"):
            read(reader)

    def test_files_are_closed_with_the_last_reader(self, make: Callable[..., h5py.Dataset]) -> None:
        """The library's own handle goes when nothing reads from it any more."""
        options = {"chunks": (5, 31, 4), "compression": "szip"}
        dataset = make(lambda file: file.create_dataset("x", data=some("i4"), **options))
        file = stamp_file(dataset.file.filename)
        before = file in LIBRARY
        source: Any = dataset_source(dataset)
        read(source.reader)
        during = file in LIBRARY
        del source

        assert (False, True, False) == (before, during, file in LIBRARY)


@pytest.mark.parametrize("dtype", [h5py.string_dtype(), h5py.vlen_dtype("i4"), h5py.ref_dtype, np.dtype(("i4", (3,)))])
def test_not_numbers(make: Callable[..., h5py.Dataset], dtype: Any) -> None:
    """Items of variable length, references and arrays as items are refused by name."""
    dataset = make(lambda file: file.create_dataset("x", (4,), dtype))
    with pytest.raises(UnsupportedVariable, match=r"data\.h5, dataset '/x' holds"):
        dataset_source(dataset)


class TestDamage:
    """A chunk that can't be decoded is named, with what is wrong."""

    @pytest.fixture
    def damaged(self, make: Callable[..., h5py.Dataset], tmp_path: Path) -> Callable[..., Any]:
        """A reader of a file after some bytes of chunk (1, 0) were changed."""

        def damage(change: Callable[[bytes], bytes], **options: Any) -> Any:
            dataset = make(
                lambda file: file.create_dataset("x", data=some("i2", (40, 30)) % 4, chunks=(20, 30), **options)
            )
            info = dataset.id.get_chunk_info(1)
            dataset.file.close()
            path = tmp_path / "data.h5"
            data = bytearray(path.read_bytes())
            end = info.byte_offset + info.size
            data[info.byte_offset : end] = change(bytes(data[info.byte_offset : end])).ljust(info.size, b"\0")
            path.write_bytes(data)
            with h5py.File(path) as file:
                return dataset_source(file["x"]).reader

        return damage

    @pytest.mark.parametrize(
        ("what", "change", "options"),
        [
            ("bad deflate stream", lambda raw: b"\xff" * len(raw), {"compression": "gzip"}),
            ("bad deflate stream", lambda raw: raw[: len(raw) // 2], {"compression": "gzip"}),
            (
                "it inflates to 1000 bytes, expected 1200",
                lambda raw: zlib.compress(bytes(1000)),
                {"compression": "gzip"},
            ),
            (
                "it inflates to 1500 bytes, expected 1200",
                lambda raw: zlib.compress(bytes(1500)),
                {"compression": "gzip"},
            ),
            ("checksum mismatch", lambda raw: b"\1" + raw[1:], {"fletcher32": True}),
            ("bad lzf data", lambda raw: b"\xff" * len(raw), {"compression": "lzf"}),
        ],
    )
    def test_is_named(self, damaged: Callable[..., Any], what: str, change: Any, options: dict[str, Any]) -> None:
        """File, variable, chunk, and what is wrong with it."""
        reader = damaged(change, **options)
        with pytest.raises(CorruptChunk, match=rf"data\.h5, variable '/x', chunk \(1, 0\): {what}"):
            read(reader)

    def test_other_chunks_still_read(self, damaged: Callable[..., Any]) -> None:
        """Regions that don't need the damaged chunk are read."""
        reader = damaged(lambda raw: b"\xff" * len(raw), compression="gzip")

        np.testing.assert_array_equal(some("i2", (40, 30))[:20] % 4, read(reader, (slice(0, 20, 1), slice(0, 30, 1))))

    @pytest.mark.parametrize("options", [{}, {"chunks": (20, 30)}, {"chunks": (20, 30), "compression": "gzip"}])
    def test_cut_short_after_wrapping(
        self, make: Callable[..., h5py.Dataset], tmp_path: Path, options: dict[str, Any]
    ) -> None:
        """A file that shrinks after it was wrapped has changed."""
        dataset = make(lambda file: file.create_dataset("x", data=some("i2", (40, 30)), **options))
        reader = dataset_source(dataset).reader
        read(reader)
        dataset.file.close()
        path = tmp_path / "data.h5"
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(ReadError, match=r"data\.h5 has changed since it was opened \(it had .* now\)"):
            read(reader)


class TestChange:
    """A file that is another one than when it was wrapped is not read."""

    def test_replaced(self, make: Callable[..., h5py.Dataset], tmp_path: Path) -> None:
        """A new file under the old name."""
        reader = dataset_source(make(lambda file: file.create_dataset("x", data=some("i2")))).reader
        (tmp_path / "other.h5").write_bytes((tmp_path / "data.h5").read_bytes())
        (tmp_path / "other.h5").rename(tmp_path / "data.h5")
        with pytest.raises(ReadError, match="written to or replaced"):
            read(reader)

    def test_deleted(self, make: Callable[..., h5py.Dataset], tmp_path: Path) -> None:
        """No file under the old name."""
        reader = dataset_source(make(lambda file: file.create_dataset("x", data=some("i2")))).reader
        (tmp_path / "data.h5").unlink()
        with pytest.raises(MissingFile, match="there is no file"):
            read(reader)


def test_descriptors_are_given_back(make: Callable[..., h5py.Dataset]) -> None:
    """After a read, nobody uses the descriptor, so the pool may close it."""
    reader = dataset_source(make(lambda file: file.create_dataset("x", data=some("i2")))).reader
    read(reader)
    pool.close()

    assert 0 == len(pool)
    assert read(reader, whole(reader.shape)).size


def test_origin(make: Callable[..., h5py.Dataset], tmp_path: Path) -> None:
    """The origin names the file, the dataset and how it is read, before anything is read."""
    dataset = make(lambda file: file.create_dataset("x", data=some("i2"), **STORED["deflate, shuffle"]))

    assert dataset_source(dataset).reader.origin == Origin(
        "HDF5", str(tmp_path / "data.h5"), "/x", "decoded in the workers: deflate, shuffle"
    )
