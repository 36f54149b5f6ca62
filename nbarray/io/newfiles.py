"""Files that get their name when they are whole, and what is said where they can't be written.

Nothing here knows what is written.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbarray.errors import NBArrayError, WriteError
from nbarray.units import format_bytes

__all__ = ["new_file", "new_folder", "told_of"]


@contextlib.contextmanager
def told_of(path: Any) -> Iterator[None]:
    """What a library says of a place that can't be written to, as our error."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # libraries say either, of a full disk too
        if isinstance(error, NBArrayError):
            raise
        first: BaseException | None = error
        while first is not None and not isinstance(first, NBArrayError):
            first = first.__context__
        if first is not None:  # what a library then says of the file it can't close is of no use to anybody
            raise first from first.__cause__
        raise WriteError(f"{path} can't be written: {_why(path, error)}") from error


def _why(path: Any, error: OSError | RuntimeError) -> str:
    """Why a place can't be written to; libraries that don't say it leave the question whether there is room."""
    if isinstance(error, OSError):
        return "the disk is full" if error.errno == errno.ENOSPC else str(error)
    with contextlib.suppress(OSError):
        return f"{error}; {format_bytes(shutil.disk_usage(Path(path).parent).free)} are free there"
    return str(error)


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A name to write to; the file gets its own when it is whole, and is removed if it never is."""
    part = path.with_name(f"{path.name}.part")
    with contextlib.suppress(OSError):  # what a process that was killed has left
        part.unlink()
    try:
        with told_of(path):
            yield part
            part.replace(path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink()


@contextlib.contextmanager
def new_folder(folder: Path | None, inner: str = "") -> Iterator[bool]:
    """Whether a folder, or one inside, is new: then the outermost new one is removed if writing fails.

    Folders that were there before keep all they hold, which may be others' work.  None is no folder of this machine.
    """
    parts = Path(inner).parts
    places = [] if folder is None else [folder.joinpath(*parts[:k]) for k in range(len(parts) + 1)]
    new = next((place for place in places if not place.exists()), None)
    try:
        yield new is not None
    except BaseException:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)
        raise
