"""What IPython shows of an error: the user's own lines, and none of IPython's or ours.

Of errors that aren't ours that is right where they tell what the user did: see `is_users_mistake`.

An exception that has `_render_traceback_` is shown as that says; its type and its traceback stay what they are, for
``%debug`` and for everything outside IPython.  Of a failed task ``%debug`` sees what is shown.  Which frames are whose
is known from `provenance`.
"""

from __future__ import annotations

import ast
import contextlib
import linecache
import sys
import traceback
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any

from nbarray.provenance import calls_magic, is_library, is_ours, is_package, is_users

__all__ = [
    "causes_without_library",
    "debug_users_frames",
    "errors_behind",
    "is_users_mistake",
    "linked",
    "rendered",
    "steps",
    "users_frames",
]

#: Who judges what is given, where we don't: what these refuse came from the user.
_JUDGES = frozenset(
    {"complex", "float", "int", "np.dtype", "np.promote_types", "np.random.SeedSequence", "np.result_type"}
    | {"np.zeros", "operator.index", "Path"}
)
#: Calls with what the user gave: of a function of ours, and of a ufunc on samples of it.
_HANDED_ON = frozenset({"function(*args, **options)", "function(*samples, **options)"})


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


def is_users_mistake(error: BaseException) -> bool:
    """Whether an error that came through our frames tells of what the user gave, not of a mistake of ours.

    It does where a function of the user's failed that we called, where we or another package raised it on purpose,
    where what was given was no number, no dtype and the like, and where a call had other arguments than there are.
    Whatever else fails in our code may be our mistake, and its frames are needed to find it.
    """
    found = list(steps(error))
    last = next((k for k in range(len(found) - 1, -1, -1) if is_users(found[k])), None)
    if last is None or isinstance(error, AssertionError | NotImplementedError):
        return False
    ours = [step for step in found[last + 1 :] if is_ours(step)]
    if not ours:
        return any(is_ours(step) for step in found[:last])
    failed = _failed(found[-1])
    if isinstance(failed, ast.Raise) and failed.exc is not None:
        return is_ours(found[-1]) or is_package(found[-1])
    failed = _failed(ours[-1])
    return isinstance(failed, ast.Call) and (
        ast.unparse(failed.func) in _JUDGES or (ours[-1] is found[-1] and ast.unparse(failed) in _HANDED_ON)
    )


def _failed(step: TracebackType) -> ast.AST | None:
    """The statement or expression that failed, as far as it can be read."""
    code = step.tb_frame.f_code
    first, last, begin, end = list(code.co_positions())[step.tb_lasti // 2]
    if first is None or last is None or begin is None or end is None:
        return None
    lines = [line.encode() for line in linecache.getlines(code.co_filename)[first - 1 : last]]
    if len(lines) <= last - first:  # the file isn't there
        return None
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][begin:]
    try:
        (found,) = ast.parse(b"".join(lines)).body
    except (SyntaxError, ValueError):
        return None
    return found.value if isinstance(found, ast.Expr) else found


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
    with causes_without_library(error):
        tool: Any = shell.InteractiveTB
        lines: list[str] = tool.structured_traceback(type(error), error, users_frames(error), tb_offset=0)
    return lines


def errors_behind(error: BaseException) -> list[BaseException]:
    """The errors that led to an error, as they are shown with it."""
    found = [error]
    while True:
        last = found[-1]
        behind = last.__context__ if last.__cause__ is None and not last.__suppress_context__ else last.__cause__
        if behind is None or any(behind is each for each in found):
            return found[1:]
        found.append(behind)


@contextlib.contextmanager
def causes_without_library(error: BaseException) -> Iterator[None]:
    """While it lasts, the errors behind one show frames of the user's functions and of other packages only.

    What an interrupt came in the midst of, such as another one, is not shown; nor is an error of a package that we
    called, if ours says what it said.
    """
    alone, cause = error.__suppress_context__, error.__cause__
    said = "" if cause is None else str(cause)
    if cause is not None and said and said in str(error) and not any(map(is_users, steps(cause))):
        error.__cause__ = None
        error.__suppress_context__ = True
    error.__suppress_context__ |= isinstance(error, KeyboardInterrupt)
    kept = [(each, each.__traceback__) for each in errors_behind(error)]
    for each, _ in kept:
        each.__traceback__ = linked(step for step in steps(each) if not is_ours(step))
    try:
        yield
    finally:
        error.__cause__, error.__suppress_context__ = cause, alone
        for each, trace in kept:
            each.__traceback__ = trace
