"""Open file descriptors, never more than a few at a time.

An array over two thousand files must not meet "too many open files", so descriptors come from one
pool that closes the ones used longest ago.  A file is known by what it was when it was wrapped
(`FileStamp`): if it has changed since, reading says so.  This file knows no file format.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from nbarray.errors import CorruptChunk, MissingFile, ReadError
from nbarray.io.meter import meter
from nbarray.units import format_bytes

__all__ = ["DescriptorPool", "FileStamp", "pool", "read_exactly", "stamp_file"]


@dataclass(frozen=True, slots=True)
class FileStamp:
    """A file as it was when it was wrapped.

    path : absolute; device, inode, nbytes, modified_ns : what `os.stat` said
    """

    path: str
    device: int
    inode: int
    nbytes: int
    modified_ns: int

    def check(self) -> None:
        """Raise ReadError if the file is not what it was, MissingFile if it is gone."""
        with contextlib.suppress(OSError):
            found = os.stat(self.path)  # noqa: PTH116 - once per block
            if (found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev) == (
                self.modified_ns, self.nbytes, self.inode, self.device,
            ):  # fmt: skip
                return
        now = stamp_file(self.path)
        if now.nbytes != self.nbytes:
            how = f"it had {format_bytes(self.nbytes)} and has {format_bytes(now.nbytes)} now"
        else:
            how = "it was written to or replaced"
        raise ReadError(f"{self.path} has changed since it was opened ({how}); open it again to read what it holds now")


def stamp_file(path: str) -> FileStamp:
    """What the file at `path` is now; MissingFile if there is none."""
    try:
        found = Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFile(f"there is no file {path}; it was moved or deleted, or the name is wrong") from None
    return FileStamp(str(Path(path).absolute()), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


class _Descriptor:
    """One open file: how many reads use it now, and whether to close it after the last."""

    __slots__ = ("fd", "users")

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.users = 0


class DescriptorPool:
    """Descriptors opened for reading, the least recently used closed first.

    limit : how many stay open while nobody reads; more are open only while more threads than that read at once
    """

    def __init__(self, limit: int = 128) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._open: OrderedDict[FileStamp, _Descriptor] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    @contextlib.contextmanager
    def descriptor(self, file: FileStamp) -> Iterator[int]:
        """The descriptor of a file, which stays open inside the ``with``.

        Raises MissingFile if the file is gone, ReadError if it has changed since it was stamped.
        """
        file.check()
        entry = self._acquire(file)
        try:
            yield entry.fd
        finally:
            with self._lock:
                entry.users -= 1
                self._close_surplus()

    def close(self) -> None:
        """Close all descriptors that no read uses now."""
        with self._lock:
            limit, self.limit = self.limit, 0
            self._close_surplus()
            self.limit = limit

    def _acquire(self, file: FileStamp) -> _Descriptor:
        with self._lock:
            entry = self._open.get(file)
            if entry is None:
                entry = self._open[file] = _Descriptor(self._open_file(file.path))
            self._open.move_to_end(file)
            entry.users += 1
            self._close_surplus()
            return entry

    def _open_file(self, path: str) -> int:
        flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        while True:
            try:
                return os.open(path, flags)
            except OSError as error:
                # the process may be allowed fewer files than the pool would keep, or others hold many
                if error.errno not in _TOO_MANY or not self._close_one():
                    raise ReadError(f"can't open {path}: {error.strerror}") from error
                self.limit = max(1, len(self._open))

    def _close_one(self) -> bool:
        for file, entry in self._open.items():
            if entry.users == 0:
                os.close(entry.fd)
                del self._open[file]
                return True
        return False

    def _close_surplus(self) -> None:
        while len(self._open) > self.limit and self._close_one():
            pass


_TOO_MANY = (23, 24)  # ENFILE, EMFILE

#: The descriptors of this process.
pool = DescriptorPool()


def read_exactly(fd: int, buffer: memoryview, offset: int) -> None:
    """Fill `buffer` (bytes) from `offset` bytes into a file; CorruptChunk if the file ends before."""
    done, wanted, began = 0, len(buffer), perf_counter()
    while done < wanted:
        got = _read_into(fd, buffer[done:], offset + done)
        if got == 0:
            raise CorruptChunk(f"the file ends at byte {offset + done}, {wanted - done} bytes too early")
        done += got
    meter.file_s += perf_counter() - began


def _preadv(fd: int, buffer: memoryview, offset: int) -> int:
    return os.preadv(fd, [buffer], offset)


def _read_and_copy(fd: int, buffer: memoryview, offset: int) -> int:
    """Where the system can't read into a buffer from a place."""
    data = os.pread(fd, len(buffer), offset)
    buffer[: len(data)] = data
    return len(data)


_read_into = _preadv if hasattr(os, "preadv") else _read_and_copy
