"""How this process holds a file open: to read it, or to write to it.

netCDF4 does not tell in which mode a dataset was opened, the operating system does.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

__all__ = ["how_open"]

_FOLDERS = ("/proc/self/fd", "/dev/fd")

#: The descriptor found last: files opened in a row have descriptors in a row.
_last = 0


def how_open(path: str) -> Literal["reading", "writing", "not"]:
    """Whether some descriptor of this process is open on the file at `path`, and for what.

    "writing" also where the system can't tell.

    >>> how_open(__file__)
    'not'
    """
    try:
        import fcntl
    except ImportError:
        return "writing"
    global _last
    wanted = Path(path).stat()
    for fd in _descriptors(_last):
        try:
            found = os.fstat(fd)
            if (found.st_ino, found.st_dev) != (wanted.st_ino, wanted.st_dev):
                continue
            mode = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE
        except OSError:  # closed meanwhile
            continue
        _last = fd
        return "reading" if mode == os.O_RDONLY else "writing"
    return "not"


def _descriptors(near: int) -> list[int]:
    """All descriptors that may be open, those after the one found last first."""
    for folder in _FOLDERS:
        try:
            fds = sorted(int(name) for name in os.listdir(folder))  # noqa: PTH208 - called per variable
        except OSError:
            continue
        later = [fd for fd in fds if fd >= near]
        return later + fds[: len(fds) - len(later)]
    return list(range(near, near + 4096)) + list(range(near))
