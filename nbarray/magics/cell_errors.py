"""How an error in a magic's cell is shown: from the user's own lines on.

Errors of our own and interrupts show none of our frames, wherever they are raised (`tracebacks`), nor do those that
the user's own functions raise.  Of any other error only those are left out that called the cell, and those of the
lifting: it may be a mistake of ours.
"""

from __future__ import annotations

import contextlib
import linecache
from pathlib import Path
from types import TracebackType
from typing import Any

from nbarray.provenance import is_ours, is_users
from nbarray.tracebacks import linked, rendered, steps

__all__ = ["cells_frames", "show_users_frames", "syntax_error_text"]

_MAGICS = str(Path(__file__).parent)


def cells_frames(error: BaseException, filename: str) -> TracebackType | None:
    """The frames of `error` from the code named `filename` on, without the magics'; without all of ours where it ends
    in the user's."""
    found = [step for step in steps(error) if not _name(step).startswith(_MAGICS)]
    if found and is_users(found[-1]):
        found = [step for step in found if not is_ours(step)]
    while found and _name(found[0]) != filename:
        found.pop(0)
    return linked(found)


def _name(step: TracebackType) -> str:
    return step.tb_frame.f_code.co_filename


def show_users_frames(shell: Any, error: BaseException, filename: str) -> None:
    """Let IPython render `error` from the cell on; where it didn't come through the cell, only an interrupt.

    There would be the frames of waiting to see, which take longer to show than to stop.
    """
    trace, stopped = cells_frames(error, filename), isinstance(error, KeyboardInterrupt)
    if hasattr(error, "_render_traceback_") or (trace is None and not stopped):
        return

    def render() -> list[str]:
        if stopped:
            return rendered(error)
        lines: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, trace, tb_offset=0)
        return lines

    with contextlib.suppress(AttributeError):  # an exception with slots shows everything
        error._render_traceback_ = render  # type: ignore[attr-defined]


def syntax_error_text(error: SyntaxError) -> str:
    """What is wrong, on which line of the cell, and the line with a caret.

    >>> print(syntax_error_text(SyntaxError("invalid syntax", ("cell", 2, 5, "x = )\\n"))))
    SyntaxError on line 2: invalid syntax
        x = )
            ^
    """
    message = error.msg
    if "'await' outside" in message or "'async" in message:
        message += "; a cell of a magic can't wait: compute with -b, and await the run in another cell"
    if error.lineno is None:
        return f"SyntaxError: {message}"
    # what Python finds out late comes without its line
    line = (error.text or linecache.getline(error.filename or "", error.lineno)).rstrip("\n")
    if not line:
        return f"SyntaxError on line {error.lineno}: {message}"
    indent = len(line) - len(line.lstrip())
    caret = " " * max(0, (error.offset or 1) - 1 - indent) + "^"
    return f"SyntaxError on line {error.lineno}: {message}\n    {line.strip()}\n    {caret}"
