"""What IPython shows of an error: the user's own lines, and none of IPython's or ours.

An exception that has `_render_traceback_` is shown as that says; its type and its traceback stay what they are, for
``%debug`` and for everything outside IPython.  Of a failed task ``%debug`` sees what is shown.  Which frames are whose
is known from `provenance`.
"""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

from nbarray.provenance import calls_magic, is_library, is_ours, is_users

__all__ = ["debug_users_frames", "linked", "rendered", "steps", "users_frames"]


def steps(error: BaseException) -> Iterator[TracebackType]:
    """The frames that an error went through, outermost first."""
    step = error.__traceback__
    while step is not None:
        yield step
        step = step.tb_next


def linked(kept: Iterable[TracebackType]) -> TracebackType | None:
    """Some of the frames as a traceback again."""
    trace: TracebackType | None = None
    for step in reversed(list(kept)):
        trace = TracebackType(trace, step.tb_frame, step.tb_lasti, step.tb_lineno)
    return trace


def users_frames(error: BaseException) -> TracebackType | None:
    """The frames from the user's first line to the last that isn't ours; packages between them stay, ours go."""
    found = [step for step in steps(error) if not is_ours(step) and not calls_magic(step)]
    while found and not is_users(found[0]):
        found.pop(0)
    while found and is_library(found[-1]):
        found.pop()
    return linked(found)


def debug_users_frames(error: BaseException) -> None:
    """Let ``%debug`` begin in the user's innermost frame, if `error` is what IPython shows; all frames stay in
    ``sys.last_traceback``.

    Where the user's code is not among them, that is the cell whose magic computed.
    """
    if getattr(sys, "last_value", None) is not error:
        return
    seen = users_frames(error)
    if seen is None:
        cells = [step for step in steps(error) if calls_magic(step)]
        seen = linked(cells[-1:])
    if seen is not None:
        error.__traceback__ = seen


def rendered(error: BaseException) -> list[str]:
    """What IPython shows of an error of ours, in its own colours; without IPython, all that Python would show."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None:
        return traceback.format_exception(error)
    with _causes_without_library(error):
        tool: Any = shell.InteractiveTB
        lines: list[str] = tool.structured_traceback(type(error), error, users_frames(error), tb_offset=0)
    return lines


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
        cause.__traceback__ = linked(step for step in steps(cause) if not is_ours(step))
        cause = cause.__cause__
    try:
        yield
    finally:
        error.__suppress_context__ = alone
        for cause, trace in kept:
            cause.__traceback__ = trace
