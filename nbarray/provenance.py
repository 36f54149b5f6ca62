"""Where in the user's code something was made: file or cell, line, and the line itself.

Errors that appear long after a node was made point back through this.  Looking costs about a
microsecond, since only frames are walked and no source is read until somebody asks.
"""

from __future__ import annotations

import linecache
import re
import sys
import sysconfig
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType, TracebackType

__all__ = [
    "Place",
    "caller",
    "calls_magic",
    "is_library",
    "is_ours",
    "is_package",
    "is_users",
    "users_lines",
    "users_place",
]


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
    """What lies between us and the user: our own folder, NumPy's for ``np.mean(x)``, and what begins our threads."""
    folders = [Path(__file__).parent]
    numpy = getattr(sys.modules.get("numpy"), "__file__", None)
    if numpy is not None:
        folders.append(Path(numpy).parent)
    return (*(f"{folder}/" for folder in folders), threading.__file__)


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


@cache
def _libraries() -> tuple[str, ...]:
    """Folders of code that isn't the user's: Python's, and packages that were installed."""
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return (*_not_the_user(), *(f"{path}/" for path in paths if path))


def is_ours(step: TracebackType) -> bool:
    """Whether a frame of a traceback is this package's."""
    name = step.tb_frame.f_code.co_filename
    return name.startswith(_not_the_user()[0]) or name == "<string>"  # the methods dataclasses write


def is_library(step: TracebackType) -> bool:
    """Whether a frame of a traceback is ours, NumPy's, Python's, or an installed package's.

    What Cython compiled is called as its file was where it was compiled: by a name without a folder of this machine.
    """
    name = step.tb_frame.f_code.co_filename
    return is_ours(step) or name.startswith(_libraries()) or name.endswith((".pyx", ".pxd", ".pxi"))


def is_package(step: TracebackType) -> bool:
    """Whether a frame of a traceback is a package's that was installed: neither Python's, nor NumPy's, nor ours."""
    name = step.tb_frame.f_code.co_filename
    folders = {f"{sysconfig.get_path(name)}/" for name in ("purelib", "platlib")}
    return name.startswith(tuple(folders)) and not name.startswith(_not_the_user())


def is_users(step: TracebackType) -> bool:
    """Whether a frame of a traceback is a line that the user wrote; how IPython calls a magic is nobody's."""
    return not is_library(step) and not calls_magic(step)


def calls_magic(step: TracebackType) -> bool:
    """Whether a frame of a traceback is what IPython made of the line of a magic: ``y = %blocked x``."""
    text = Place(step.tb_frame.f_code.co_filename, step.tb_lineno).text
    return re.match(r"([^()=]+=\s*)?get_ipython\(\)\.run_\w+_magic\('", text) is not None


def users_lines(error: BaseException) -> list[str]:
    """The lines of the user's code that an error went through, outermost first, each with its place."""
    found = []
    step: TracebackType | None = error.__traceback__
    while step is not None:
        code, cell = step.tb_frame.f_code, _cell_name(step.tb_frame.f_code.co_filename)
        if cell[:1] != "<" and is_users(step):  # what is made of text has no file, except for cells
            inside = "" if code.co_name == "<module>" else f", in {code.co_qualname}"
            text = Place(code.co_filename, step.tb_lineno).text
            found.append(f"{cell}, line {step.tb_lineno}{inside}\n----> {text}")
        step = step.tb_next
    return found


def users_place() -> tuple[Place | None, str]:
    """The innermost line of the user's code that is being run, and the library's function that it calls there, if any.

    Packages that were installed aren't the user's; where nothing else is running, there is no place.
    """
    frame: FrameType | None = sys._getframe(1)
    inner = ""
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_libraries()):
            return Place(name, frame.f_lineno), inner
        inner = "" if name.startswith(_not_the_user()) else frame.f_code.co_name
        frame = frame.f_back
    return None, inner
