"""The pool of open files: few at a time, however many are read."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nbarray.errors import CorruptChunk, MissingFile, ReadError
from nbarray.io.pool import DescriptorPool, FileStamp, _read_and_copy, read_exactly, stamp_file


@pytest.fixture
def files(tmp_path: Path) -> list[FileStamp]:
    """Five small files."""
    for i in range(5):
        (tmp_path / f"{i}").write_bytes(bytes([i]) * 10)
    return [stamp_file(str(tmp_path / f"{i}")) for i in range(5)]


def test_least_recently_used_goes_first(files: list[FileStamp]) -> None:
    """Over the limit, the file used longest ago is closed."""
    pool = DescriptorPool(limit=2)
    for which in (0, 1, 0, 2):
        with pool.descriptor(files[which]):
            pass

    assert [files[0], files[2]] == list(pool._open)
    pool.close()


def test_one_descriptor_for_all_readers_of_a_file(files: list[FileStamp]) -> None:
    """Threads that read one file at once share its descriptor."""
    pool = DescriptorPool(limit=2)
    with pool.descriptor(files[0]) as first, pool.descriptor(files[0]) as second:
        assert first == second
    pool.close()


def test_files_in_use_are_not_closed(files: list[FileStamp]) -> None:
    """More files than the limit may be in use; the surplus is closed when they are given back."""
    pool = DescriptorPool(limit=1)
    with pool.descriptor(files[0]) as a, pool.descriptor(files[1]) as b, pool.descriptor(files[2]) as c:
        assert [b"\0", b"\1", b"\2"] == [os.pread(fd, 1, 0) for fd in (a, b, c)]
        assert 3 == len(pool)

    assert 1 == len(pool)
    pool.close()


def test_many_threads(files: list[FileStamp]) -> None:
    """Threads that open and close in each other's way always read their own file."""
    pool, wrong = DescriptorPool(limit=2), []

    def work(which: int) -> None:
        for _ in range(300):
            with pool.descriptor(files[which]) as fd:
                if os.pread(fd, 10, 0) != bytes([which]) * 10:
                    wrong.append(which)

    threads = [threading.Thread(target=work, args=(which,)) for which in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pool.close()

    assert [] == wrong
    assert 0 == len(pool)


def test_changed(files: list[FileStamp]) -> None:
    """A file that was written to, or is gone, is not read."""
    pool = DescriptorPool()
    Path(files[0].path).write_bytes(b"longer than before")
    Path(files[1].path).unlink()
    with pytest.raises(ReadError, match=r"has changed .* \(it had 10 B and has 18 B now\)"), pool.descriptor(files[0]):
        pass
    with pytest.raises(MissingFile, match="there is no file"), pool.descriptor(files[1]):
        pass

    assert 0 == len(pool)


def test_reading_past_the_end(files: list[FileStamp]) -> None:
    """A file that ends before what is wanted."""
    pool = DescriptorPool()
    with pool.descriptor(files[0]) as fd, pytest.raises(CorruptChunk, match="ends at byte 10, 5 bytes too early"):
        read_exactly(fd, memoryview(bytearray(10)), 5)
    pool.close()


def test_systems_that_can_not_read_into_a_buffer(files: list[FileStamp], monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes are copied there."""
    monkeypatch.setattr("nbarray.io.pool._read_into", _read_and_copy)
    buffer = bytearray(4)
    with DescriptorPool(limit=0).descriptor(files[3]) as fd:
        read_exactly(fd, memoryview(buffer), 5)

    assert bytes([3]) * 4 == buffer


_MANY = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from nbarray.io.opening import open_many

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
opened = open_many(sys.argv[1] + "/*.nc", "v")
def total(source):
    return int(source.reader.read((slice(0, 4, 1), slice(0, 5, 1))).sum())
with ThreadPoolExecutor(8) as workers:
    print(len(opened.sources), sum(workers.map(total, opened.sources)))
"""


def test_two_thousand_files(tmp_path: Path) -> None:
    """Two thousand files are opened and read by threads in a process that may open 64."""
    import h5py
    import numpy as np

    with h5py.File(tmp_path / "first", "w") as file:
        file.create_dataset("v", data=np.arange(20, dtype="i4").reshape(4, 5), chunks=(2, 5), compression="gzip")
    content = (tmp_path / "first").read_bytes()
    for i in range(2000):
        (tmp_path / f"{i:04}.nc").write_bytes(content)
    command = [sys.executable, "-c", _MANY, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)

    assert "" == done.stderr
    assert ["2000 380000"] == done.stdout.splitlines()
