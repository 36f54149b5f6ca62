"""A file for blocks that don't fit into memory.

It has no name from the moment it is made, so the system frees it whatever happens to the process, and
nothing can be left behind.  Blocks are written to places that the plan gave them, and come back as
arrays on a memory map: only what is looked at is read, and the system may drop those pages at any time.
"""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from nbarray.errors import WriteError
from nbarray.units import format_bytes

__all__ = ["ScratchFile", "check_room", "scratch_folder"]

Block = np.ndarray[Any, Any]


def scratch_folder(chosen: str | None) -> Path:
    """Where scratch files go: the folder chosen, `TMPDIR`, or one that lies on a disk.

    ``/var/tmp`` comes before ``/tmp``, which is memory on many machines.
    """
    if chosen is not None:
        return Path(chosen).expanduser()
    for folder in (os.environ.get("TMPDIR"), "/var/tmp"):
        if folder and os.access(folder, os.W_OK):
            return Path(folder)
    return Path(tempfile.gettempdir())


def check_room(folder: Path, nbytes: int) -> None:
    """Raises WriteError where so many bytes can't be written to a folder."""
    told = f"{format_bytes(nbytes)} of scratch have to be written"
    way_out = "choose another folder with nb.config(scratch=...), or raise the budget with nb.config(memory=...)"
    if not folder.is_dir():
        raise WriteError(f"{told}, but there is no folder {folder}; {way_out}")
    if not os.access(folder, os.W_OK):
        raise WriteError(f"{told}, but {folder} can't be written to; {way_out}")
    free = shutil.disk_usage(folder).free
    if free < nbytes:
        raise WriteError(f"{told}, but {folder} has room for {format_bytes(free)} only; {way_out}")


class ScratchFile:
    """Blocks on disk.

    folder : where; nbytes : the size of the file
    """

    def __init__(self, folder: Path, nbytes: int) -> None:
        self._folder = folder
        try:
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0, prefix="nbarray-")  # noqa: SIM115 - closed later
            self._file.truncate(nbytes)
        except OSError as error:
            raise self._failed(error) from error
        self._map = mmap.mmap(self._file.fileno(), nbytes, access=mmap.ACCESS_READ)

    def put(self, offset: int, values: Block) -> Block:
        """Write an array to its place; returns it as it lies there, read-only."""
        contiguous = np.ascontiguousarray(values)
        if not contiguous.nbytes:
            return contiguous
        left = contiguous.reshape(-1).view(np.uint8).data
        at = offset
        try:
            while left:
                written = os.pwrite(self._file.fileno(), left, at)
                left, at = left[written:], at + written
        except OSError as error:
            raise self._failed(error) from error
        stored = np.frombuffer(self._map, np.uint8, contiguous.nbytes, offset)
        return stored.view(values.dtype).reshape(values.shape)

    def close(self) -> None:
        """Give the file back; arrays on it stay valid as long as somebody holds them."""
        self._file.close()

    def _failed(self, error: OSError) -> WriteError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return WriteError(f"the disk is full: {self._folder}; choose another with nb.config(scratch=...)")
        way_out = "choose another folder with nb.config(scratch=...)"
        return WriteError(f"scratch can't be written to {self._folder}: {error}; {way_out}")
