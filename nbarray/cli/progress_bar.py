"""A line of text that says how far a command has come, how fast it goes and how long it will take.

On a terminal the line is redrawn; into a file or a pipe a new line is written now and then, so a log
stays readable.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from nbarray.units import format_seconds

__all__ = ["ProgressBar"]

_WIDTH = 30
_TERMINAL_INTERVAL_S = 0.1
_LOG_INTERVAL_S = 5.0


class ProgressBar:
    """Counts steps of work done, as a context manager.

    total : steps in all
    unit : what one step is called, in the singular
    out : where to write, or None for silence
    clock : seconds that only grow

    >>> import sys
    >>> ticks = iter([0.0, 2.0, 4.0, 4.0])
    >>> with ProgressBar(4, "day", out=sys.stdout, clock=lambda: next(ticks)) as bar:
    ...     bar.step(worked=True)
    ...     bar.step(worked=True)
    [###############...............] 2/4 days, 0.50 days/s, 4.0 s left
    """

    def __init__(
        self, total: int, unit: str, *, out: TextIO | None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.seconds = 0.0
        self._total, self._unit, self._out, self._clock = total, unit, out, clock
        self._done = 0
        self._worked = 0
        self._shown_at = float("-inf")
        self._redraws = out is not None and out.isatty()
        self._stale = False

    def __enter__(self) -> Self:
        self._started = self._clock()
        self._shown_at = self._started
        return self

    def step(self, worked: bool) -> None:
        """Count one step; one that was `worked` and not merely found done counts towards the rate."""
        self._done += 1
        self._worked += worked
        self.seconds = self._clock() - self._started
        self._stale = True
        now = self._started + self.seconds
        if now - self._shown_at >= (_TERMINAL_INTERVAL_S if self._redraws else _LOG_INTERVAL_S):
            self._show(now)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = self._clock() - self._started
        if self._stale:
            self._show(self._started + self.seconds)
        if self._redraws and self._out is not None:
            self._out.write("\n")
            self._out.flush()

    def __str__(self) -> str:
        filled = _WIDTH * self._done // self._total
        rate = self._worked / self.seconds if self.seconds > 0 else 0.0
        text = f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {self._done}/{self._total} {self._unit}s"
        if rate:
            text += f", {rate:.2f} {self._unit}s/s"
        if rate and self._done < self._total:
            text += f", {format_seconds((self._total - self._done) / rate)} left"
        return text

    def _show(self, now: float) -> None:
        self._shown_at, self._stale = now, False
        if self._out is not None:
            # pad: a shorter line must cover the longer one before it
            self._out.write(f"\r{self!s:<78}" if self._redraws else f"{self}\n")
            self._out.flush()
