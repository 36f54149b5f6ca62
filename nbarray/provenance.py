"""Where in the user's code something was made: file or cell, line, and the line itself.

Errors that appear long after a node was made point back through this.  Looking costs about a
microsecond, since only frames are walked and no source is read until somebody asks.
"""

from __future__ import annotations

import linecache
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType

__all__ = ["Place", "caller"]


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the user's code."""

    filename: str
    line: int

    @property
    def text(self) -> str:
        """The source line, or an empty text where it can't be found."""
        return linecache.getline(self.filename, self.line).strip()

    def __str__(self) -> str:
        where = f"{_cell_name(self.filename)}, line {self.line}"
        return f"{where}: {self.text}" if self.text else where


def _cell_name(filename: str) -> str:
    """``Cell In[3]`` for a notebook cell, the file's name for a file."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    names = getattr(getattr(shell, "compile", None), "_filename_map", {})
    number = names.get(filename)
    return f"Cell In[{number}]" if number is not None else Path(filename).name


@cache
def _not_the_user() -> tuple[str, ...]:
    """Folders whose frames lie between us and the user: our own, and NumPy's for ``np.mean(x)``."""
    folders = [Path(__file__).parent]
    numpy = getattr(sys.modules.get("numpy"), "__file__", None)
    if numpy is not None:
        folders.append(Path(numpy).parent)
    return tuple(f"{folder}/" for folder in folders)


def caller() -> Place | None:
    """The innermost frame outside this package, or None when there is none."""
    skip = _not_the_user()
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(skip):
            return Place(name, frame.f_lineno)
        frame = frame.f_back
    return None
