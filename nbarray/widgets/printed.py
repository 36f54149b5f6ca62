"""What the tasks of a run print, kept for its panel.

What a thread prints goes below the cell that started it or, in some kernels, below whichever runs.  While a panel
stands somewhere it is kept here instead, and drawn by the panel's ticker; what anybody else prints goes where it always
went.  So does what a run prints before it has a panel; the last of that is noted here too, for a panel that may come.
What a cell waits for prints goes both ways: below the cell it stays whole, in the panel the last lines are seen.
No widgets here.
"""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from collections.abc import Callable
from html import escape
from typing import Any

from nbarray.engines.working import working_for
from nbarray.units import format_many
from nbarray.widgets.comms import between_cells

__all__ = ["MOST_LIVE", "Printed", "catch", "is_listening", "let_go", "listen", "stop_listening"]

#: Characters that are kept of what was printed last, and the lines that a panel and a summary show of them.
MOST_LETTERS, MOST_LIVE, MOST_STILL = 20_000, 10, 50
#: Runs without a panel of which that is kept.
MOST_RUNS = 16
#: Colours and the like, which a page knows nothing of.
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LINE = "white-space:pre-wrap;background-color:transparent"
_LIST = "list-style-type:none;margin:2px 0;padding:0 0 0 10px;border-left:3px solid rgba(128,128,128,.45)"


class Printed:
    """The last of what was printed.

    copied : it also goes where it always went

    >>> printed = Printed()
    >>> printed.add("a\\nb\\r")
    >>> printed.add("c")
    >>> printed.lines()
    ['a', 'c']
    """

    def __init__(self, copied: bool = False) -> None:
        self.copied = copied
        self._lock = threading.Lock()
        self._text, self._cut = "", 0
        self._begun: dict[int, str] = {}  # lines that threads have begun: `print` writes piece by piece

    def add(self, text: str) -> None:
        """Keep a text; called by any thread, whose lines stay whole."""
        with self._lock:
            thread = threading.get_ident()
            whole, newline, begun = (self._begun.pop(thread, "") + text).rpartition("\n")
            if begun:
                self._begun[thread] = begun[-MOST_LETTERS:]
            self._text += whole + newline
            self._cut_off()

    def begin_with(self, before: Printed) -> None:
        """Put what was printed before in front."""
        with before._lock:
            text, cut, begun = before._text, before._cut, dict(before._begun)
        with self._lock:
            self._text, self._cut = text + self._text, cut + self._cut
            self._begun = begun | self._begun
            self._cut_off()

    def _cut_off(self) -> None:
        over = len(self._text) - MOST_LETTERS
        if over > 0:
            end = self._text.find("\n", over) + 1 or over
            self._cut += self._text.count("\n", 0, end)
            self._text = self._text[end:]

    def lines(self) -> list[str]:
        """The lines that are kept; of one that was written over, what it was last."""
        with self._lock:
            text = self._text + "\n".join(self._begun.values())
        text = _ESCAPES.sub("", text).rstrip("\n")
        return [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")] if text else []

    def shown(self, most: int) -> list[str]:
        """The last lines, and how many there were before."""
        lines = self.lines()
        before = self._cut + max(0, len(lines) - most)
        told = f"… {format_many(before, 'line')} before"
        return [*([told] if before else []), *lines[-most:]]

    def html(self, most: int = MOST_STILL) -> str:
        """The same as a list, which sanitizers leave as it is; empty where nothing was printed."""
        lines = (f'<code style="{_LINE}">{escape(line)}</code>' for line in self.shown(most))
        rows = "".join(f'<li style="margin:0;line-height:1.35">{line}</li>' for line in lines)
        return f'<b>printed</b><ul style="{_LIST}">{rows}</ul>' if rows else ""

    def text(self) -> str:
        """The same as lines."""
        return "".join(f"\n  {line}" for line in self.shown(MOST_STILL))


_lock = threading.Lock()
_caught: dict[int, Printed] = {}
_noted: dict[int, Printed] = {}  # of runs without a panel, the oldest first


def catch(run: int, printed: Printed) -> None:
    """Keep what the tasks of a run print from now on, after what is known of what it printed before."""
    with _lock:
        _caught[run] = printed
        before = _noted.pop(run, None)
    if before is not None:
        printed.begin_with(before)
    listen()


def _note(runs: set[int], text: str) -> None:
    """Note a text of a run, and of the runs around it."""
    with _lock:
        for run in runs:
            if run not in _noted:
                _noted[run] = Printed()
                for oldest in list(_noted)[:-MOST_RUNS]:
                    del _noted[oldest]
        kept = [_noted[run] for run in runs if run in _noted]
    for printed in kept:
        printed.add(text)


def let_go(run: int, printed: Printed) -> None:
    """Let what a run prints go where it always went, if it is kept in `printed`."""
    with _lock:
        if _caught.get(run) is printed:
            del _caught[run]


def listen() -> None:
    """Look at each text that is written, until `stop_listening`.

    IPython listens too, from the beginning of a cell to its end, and then puts back what it found; so a cell in which
    this begins would end it, if it weren't begun again.
    """
    _listen(True)
    between_cells(_listen, True)


def stop_listening() -> None:
    """Look at nothing any more."""
    with _lock:
        _noted.clear()
    _listen(False)
    between_cells(_listen, False)


def is_listening() -> bool:
    """Whether what is written to standard output is looked at now."""
    return isinstance(sys.stdout.write, _Write)


def _listen(wanted: bool) -> None:
    for stream in (sys.stdout, sys.stderr):
        write: Any = stream.write
        # Python's own streams can't be listened to; no kernel has them
        with _lock, contextlib.suppress(AttributeError):
            if wanted and not isinstance(write, _Write):
                stream.write = _Write(write)  # type: ignore[method-assign]
            elif isinstance(write, _Write) and not wanted:
                stream.write = write.plain  # type: ignore[method-assign]


class _Passing(threading.local):
    """Whether this thread's text has been seen: where IPython listens in between, there are two that look at it."""

    on = False


_passing = _Passing()


class _Write:
    """Stands for the `write` of a stream, which stays the object that loggers and others hold.

    plain : what it was before
    """

    def __init__(self, plain: Callable[..., Any]) -> None:
        self.plain = plain

    def __call__(self, text: str) -> Any:
        runs = working_for()
        if not runs or _passing.on or not isinstance(text, str):
            return self.plain(text)
        for run in reversed(runs):
            printed = _caught.get(run)
            if printed is not None:
                printed.add(text)
                if not printed.copied:
                    return len(text)
                break
        else:
            _note(set(runs), text)
        _passing.on = True
        try:
            return self.plain(text)
        finally:
            _passing.on = False
