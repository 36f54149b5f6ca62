"""The errors a user meets.

Every error says what was given, what was expected and what to do next.  Each also inherits from the
built-in type NumPy would raise, so code written for NumPy keeps catching it.  This file may know
nothing of arrays: messages arrive as finished sentences.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Protocol

from numpy.exceptions import AxisError as _AxisError
from numpy.linalg import LinAlgError as _LinAlgError
from numpy.ma import MaskError as _MaskError

from nbarray.provenance import users_lines
from nbarray.tracebacks import debug_users_frames, rendered

__all__ = [
    "AxisError",
    "BroadcastError",
    "BudgetError",
    "BudgetWarning",
    "Cancelled",
    "ChunkAxisError",
    "ChunkError",
    "ConfigError",
    "CorruptChunk",
    "DTypeError",
    "EagerWarning",
    "FieldNotFound",
    "FileFormatError",
    "FilesDiffer",
    "IndexTypeError",
    "IndexingError",
    "InputError",
    "LinAlgError",
    "MaskError",
    "MissingAttribute",
    "MissingFile",
    "MissingProgram",
    "NBArrayError",
    "NotBlocked",
    "ReadError",
    "ReadOnlyError",
    "ShapeError",
    "TaskError",
    "UnknownSize",
    "UnsupportedVariable",
    "VariableNotFound",
    "WriteError",
    "near_names",
    "show_users_lines",
]


class NBArrayError(Exception):
    """Base of every error raised by nbarray."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the user's lines, and the message."""
        return rendered(self)


class InputError(NBArrayError, ValueError):
    """An argument has a value that can't be used."""


class ConfigError(InputError):
    """A setting has a value that can't be used."""


class MaskError(InputError, _MaskError):
    """A mask is of another size than what it is for."""


class ChunkError(NBArrayError, ValueError):
    """Chunks don't fit the shape they are for."""


class ChunkAxisError(ChunkError, TypeError):
    """Chunks are given for an axis by something that is no number of an axis."""


class ShapeError(NBArrayError, ValueError):
    """A shape doesn't fit an operation."""


class BroadcastError(ShapeError):
    """Shapes can't be broadcast together."""


class AxisError(NBArrayError, _AxisError):
    """An axis lies outside the dimensions of an array."""


class IndexingError(NBArrayError, IndexError):
    """An index lies outside the array, or is of a kind that can't be used."""


class FieldNotFound(InputError, KeyError):
    """Several fields are named, and there is one that records don't have."""

    __str__ = Exception.__str__  # KeyError would show the repr of the message


class DTypeError(NBArrayError, TypeError):
    """A dtype doesn't fit an operation."""


class IndexTypeError(DTypeError, IndexingError):
    """What stands between brackets is no integer: a TypeError to NumPy, an IndexError to others."""


class ReadOnlyError(NBArrayError, AttributeError, TypeError):
    """An attribute tells something, and can't be set."""


class MissingAttribute(NBArrayError, AttributeError):
    """NumPy's arrays have an attribute that blocked arrays can't have, or not as they are."""


class NotBlocked(NBArrayError, TypeError):
    """A NumPy function has no blocked form; it is never run on the whole array quietly."""


class LinAlgError(NBArrayError, _LinAlgError):
    """A matrix is of the wrong shape for what is asked, or has no such factors."""


class EagerWarning(UserWarning):
    """Blocked arrays are about to be computed whole, for a function that has no blocked form."""


class UnknownSize(NBArrayError, ValueError):
    """A size depends on values and has not been counted yet."""


class BudgetError(NBArrayError, MemoryError):
    """A computation doesn't fit into the memory budget, or a caller's function has taken more than that."""


class BudgetWarning(UserWarning):
    """More memory was held during a run than its budget allows: a caller's function may take more than its blocks."""


class MissingFile(NBArrayError, FileNotFoundError):
    """A file or a pattern of files names nothing."""


class FileFormatError(NBArrayError, OSError):
    """A file can't be opened as what its name says it is."""


class FilesDiffer(NBArrayError, ValueError):
    """Files that should make one array don't fit each other."""


class VariableNotFound(NBArrayError, KeyError):
    """A file holds no variable of the name asked for."""

    def __str__(self) -> str:  # KeyError would show the repr of the message
        return str(self.args[0]) if self.args else ""


class UnsupportedVariable(NBArrayError, TypeError):
    """A variable is of a type that can't be an array of numbers (variable length, opaque, ...)."""


class ReadError(NBArrayError, OSError):
    """Reading from a source failed."""


class WriteError(NBArrayError, OSError):
    """Writing failed: the disk is full, the place can't be written to."""


class CorruptChunk(ReadError):
    """A stored chunk can't be decoded."""


class Failed(Protocol):
    """What an engine knows of a task that failed."""

    why: str

    def facts(self) -> list[tuple[str, str]]:
        """What failed, in pieces, each with a name."""
        ...

    def inputs(self) -> list[Any]:
        """What the task was given."""
        ...

    def rerun(self) -> Any:
        """Run it again, alone."""
        ...


class TaskError(NBArrayError, RuntimeError):
    """A task of a run failed; the original error is its ``__cause__``."""

    failure: Failed | None = None

    def inputs(self) -> list[Any]:
        """What the failing operation was given for this block: arrays, operand after operand."""
        return self._known().inputs()

    def rerun(self) -> Any:
        """Run the failing task alone, in this thread, where breakpoints work: raises the original error.

        Returns the block, if it doesn't fail again.
        """
        __tracebackhide__ = True
        return self._known().rerun()

    def _known(self) -> Failed:
        if self.failure is None:
            raise InputError("this error has lost its task (it was copied or sent elsewhere); compute again")
        return self.failure

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the facts, then the lines of the user's code alone, the original error last."""
        if self.failure is None:
            return [f"{type(self).__name__}: {self}"]
        facts = self.failure.facts()
        width = max(len(name) for name, _ in facts)
        lines = [f"{type(self).__name__}: {self.failure.why.splitlines()[0]}", ""]
        lines += [f"  {name.ljust(width)}  {text}" for name, text in facts]
        lines += ["", "  inputs() of this error gives what the operation was given, rerun() runs it alone:"]
        lines += ["  import sys; sys.last_value.rerun()"]
        seen, inside = users_lines(self), users_lines(self.__cause__) if self.__cause__ is not None else []
        if seen[len(seen) - len(inside) :] != inside:  # raised by an engine that doesn't wait for threads
            seen += inside
        if seen:
            lines += ["  %debug in the next cell begins on the last of these lines:", ""]
            lines += [line for step in seen for line in step.splitlines()]
        debug_users_frames(self)
        return [*lines, "", *self.failure.why.splitlines()]


class Cancelled(NBArrayError):
    """The run was cancelled before it had finished."""

    def _render_traceback_(self) -> list[str]:
        return _users_traceback(self)


class MissingProgram(NBArrayError, RuntimeError):
    """A program outside Python (``dot``) is not installed."""


def show_users_lines(error: BaseException) -> None:
    """Let IPython show of `error`, which isn't one of ours, the lines of the user's code alone."""
    error._render_traceback_ = lambda: _users_traceback(error)  # type: ignore[attr-defined]


def _users_traceback(error: BaseException) -> list[str]:
    """The lines of the user's code that an error went through, and the error."""
    lines = [line for step in users_lines(error) for line in step.splitlines()]
    return [*lines, *([""] if lines else []), f"{type(error).__name__}: {error}".removesuffix(": ")]


def near_names(name: str, known: Iterable[str]) -> str:
    """Say which known names are close to `name`, or list a few of them.

    >>> near_names("t2", ["t2m", "longitude", "latitude"])
    "did you mean 't2m'?"
    >>> near_names("zzz", ["lat", "lon"])
    "known: 'lat', 'lon'"
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(repr(n) for n in close) + "?"
    shown = ", ".join(repr(n) for n in names[:8])
    return f"known: {shown}" + (f" and {len(names) - 8} more" if len(names) > 8 else "")
