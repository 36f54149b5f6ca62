"""How an error in a magic's cell is shown: the user's own lines, and none of IPython's or ours.

The exception itself is untouched (same type, same traceback for ``%debug``); only its rendering in the
notebook leaves frames out: those that called the cell, those of the lifting, and, under and behind an
error of nbarray's own type, the library's inside, which says nothing to a user.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from nbarray.errors import NBArrayError

__all__ = ["show_users_frames", "syntax_error_text", "users_frames"]

_MAGICS = str(Path(__file__).parent)
_PACKAGE = str(Path(__file__).parents[1])


def users_frames(error: BaseException, filename: str) -> TracebackType | None:
    """The frames of `error` from the code named `filename` on, without the magics' and, at the end, the library's."""
    steps = [step for step in _steps(error) if not _name(step).startswith(_MAGICS)]
    while steps and _name(steps[0]) != filename:
        steps.pop(0)
    if isinstance(error, NBArrayError | KeyboardInterrupt):
        while steps and _is_library(steps[-1]):
            steps.pop()
    return _linked(steps)


def _steps(error: BaseException) -> Iterator[TracebackType]:
    step = error.__traceback__
    while step is not None:
        yield step
        step = step.tb_next


def _linked(steps: list[TracebackType]) -> TracebackType | None:
    trace: TracebackType | None = None
    for step in reversed(steps):
        trace = TracebackType(trace, step.tb_frame, step.tb_lasti, step.tb_lineno)
    return trace


def _name(step: TracebackType) -> str:
    return step.tb_frame.f_code.co_filename


def _is_library(step: TracebackType) -> bool:
    return _name(step).startswith(_PACKAGE) or _name(step) == "<string>"  # the methods dataclasses write


@contextlib.contextmanager
def _causes_without_library(error: BaseException) -> Iterator[None]:
    """While it lasts, the errors behind one of ours show frames of the user's functions and of other packages only.

    What an interrupt came in the midst of, such as another one, is not shown.
    """
    kept: list[tuple[BaseException, TracebackType | None]] = []
    alone = error.__suppress_context__
    error.__suppress_context__ = alone or isinstance(error, KeyboardInterrupt)
    cause = error.__cause__
    while cause is not None and all(cause is not seen for seen, _ in kept):
        kept.append((cause, cause.__traceback__))
        cause.__traceback__ = _linked([step for step in _steps(cause) if not _is_library(step)])
        cause = cause.__cause__
    try:
        yield
    finally:
        error.__suppress_context__ = alone
        for cause, trace in kept:
            cause.__traceback__ = trace


def show_users_frames(shell: Any, error: BaseException, filename: str) -> None:
    """Let IPython render `error` with the user's frames alone; where there are none, only if the error is ours.

    An interrupt is ours too: there would be the frames of waiting to see, which take longer to show than to stop.
    """
    trace = users_frames(error, filename)
    ours = isinstance(error, NBArrayError | KeyboardInterrupt)
    if hasattr(error, "_render_traceback_") or (trace is None and not ours):
        return

    def render() -> list[str]:
        with _causes_without_library(error) if ours else contextlib.nullcontext():
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
    if error.text is None:
        return f"SyntaxError on line {error.lineno}: {message}"
    line = error.text.rstrip("\n")
    indent = len(line) - len(line.lstrip())
    caret = " " * max(0, (error.offset or 1) - 1 - indent) + "^"
    return f"SyntaxError on line {error.lineno}: {message}\n    {line.strip()}\n    {caret}"
