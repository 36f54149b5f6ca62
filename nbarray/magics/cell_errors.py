"""How an error is shown that isn't ours: from the user's own lines on.

Errors of our own and interrupts show none of our frames, wherever they are raised (`tracebacks`), nor do those that
tell of a mistake of the user's: in a magic's cell, and in any other while the extension is loaded.  Of any other error
in a magic's cell only those are left out that called the cell, and those of the lifting: it may be a mistake of ours.
"""

from __future__ import annotations

import contextlib
import functools
import linecache
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from nbarray.provenance import is_ours, is_users
from nbarray.tracebacks import causes_without_library, errors_behind, is_users_mistake, linked, rendered, steps

__all__ = ["cells_frames", "show_mistakes_plainly", "show_users_frames", "stop_showing", "syntax_error_text"]

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
    trace = cells_frames(error, filename)
    plain = isinstance(error, KeyboardInterrupt) or is_users_mistake(error)
    if hasattr(error, "_render_traceback_") or (trace is None and not plain):
        return

    def render() -> list[str]:
        if plain:
            return rendered(error)
        with _causes_shown(error):
            lines: list[str] = shell.InteractiveTB.structured_traceback(type(error), error, trace, tb_offset=0)
        return lines

    with contextlib.suppress(AttributeError):  # an exception with slots shows everything
        error._render_traceback_ = render  # type: ignore[attr-defined]


def _causes_shown(error: BaseException) -> contextlib.AbstractContextManager[None]:
    """While it lasts, what is behind an error is shown without our frames, if one of ours is among it."""
    ours = any(hasattr(each, "_render_traceback_") for each in errors_behind(error))
    return causes_without_library(error) if ours else contextlib.nullcontext()


def show_mistakes_plainly(shell: Any) -> None:
    """Let a shell show errors that tell of a mistake of the user's without our frames, in any cell, from now on."""
    if isinstance(shell.__dict__.get("showtraceback"), _Plainly):
        return
    shell.showtraceback = _Plainly(shell.showtraceback)


def stop_showing(shell: Any) -> None:
    """Let a shell show errors as it did before."""
    plainly = shell.__dict__.get("showtraceback")
    if not isinstance(plainly, _Plainly):
        return  # somebody else has wrapped it meanwhile
    del shell.showtraceback
    if shell.showtraceback != plainly.shown:  # somebody else had wrapped it before
        shell.showtraceback = plainly.shown


class _Plainly:
    """What a shell calls to show an error; the exception and its traceback stay what they are."""

    def __init__(self, shown: Any) -> None:
        self.shown = shown
        functools.update_wrapper(self, shown)

    def __call__(self, exc_tuple: Any = None, *args: Any, **options: Any) -> Any:
        error: Any = sys.exc_info()[1] if exc_tuple is None else exc_tuple[1]
        error = error or getattr(sys, "last_value", None)
        with contextlib.ExitStack() as until_shown:
            with contextlib.suppress(Exception):  # exceptions with slots, and whatever else can't be told
                if not hasattr(error, "_render_traceback_"):
                    if is_users_mistake(error):
                        error._render_traceback_ = functools.partial(rendered, error)
                    else:
                        until_shown.enter_context(_causes_shown(error))
            return self.shown(exc_tuple, *args, **options)


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
