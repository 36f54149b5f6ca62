"""Waiting for what threads do: a little at a time, so that an interrupt is seen, or awake, in a coroutine.

What is waited for, and who does it, is not known here.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from time import perf_counter
from typing import Any

from nbarray.errors import Cancelled, show_users_lines
from nbarray.tracebacks import users_frames

__all__ = ["Awaited"]

#: How long is waited at once: a thread that waits sees no interrupt.
WAIT_S, AWAKE_S = 0.1, 0.05


class Awaited:
    """What ends with a value or an error, some time."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._running = 0
        self._value: Any = None
        self._error: BaseException | None = None

    def cancel(self) -> None:
        """End it soon."""
        raise NotImplementedError

    @property
    def error(self) -> BaseException | None:
        """What it ended with, if it failed or was cancelled."""
        return self._error

    def _warn(self) -> None:
        """Warn whoever asks for the result of what went on."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run has ended, `timeout` seconds at most; returns whether it has."""
        return self._ended.wait(timeout)

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the result and return it; raises what the run ended with.

        Raises TimeoutError after `timeout` seconds; the run goes on.
        """
        deadline = None if timeout is None else perf_counter() + timeout
        try:
            while not self._ended.wait(
                WAIT_S if deadline is None else max(0.0, min(WAIT_S, deadline - perf_counter()))
            ):
                if deadline is not None and perf_counter() >= deadline:
                    raise TimeoutError(f"the run is not done after {timeout} s; it goes on")
        except KeyboardInterrupt as stop:  # how it was waited for is of no use to anybody
            show_users_lines(stop)
            raise
        if not self._running:  # all threads have nothing more to do than to give memory back
            for thread in self._threads:
                if thread is not threading.current_thread():
                    thread.join(1.0)
        self._warn()
        if self._error is not None:
            # asked for again, it would show how it was asked for before
            cause = self._error.__cause__
            if cause is not None:  # debuggers begin where a traceback ends: in the user's function, if it failed there
                raise self._error.with_traceback(users_frames(cause))
            raise self._error.with_traceback(None) if isinstance(self._error, Cancelled) else self._error
        return self._value

    def __await__(self) -> Generator[Any, None, Any]:
        return self._wait_awake().__await__()

    async def _wait_awake(self) -> Any:
        import asyncio

        try:
            while not self._ended.is_set():
                await asyncio.sleep(AWAKE_S)
        except asyncio.CancelledError as stop:
            self.cancel()
            show_users_lines(stop)
            raise
        return self.result()
