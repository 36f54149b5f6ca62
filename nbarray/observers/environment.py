"""The observers that environment variables ask for.

``NBARRAY_DEBUG=1`` to ``4`` writes what runs do to stderr, ``NBARRAY_RECORD=FILE`` writes their events
to a file.  Read whenever a run starts, so setting ``os.environ`` in a notebook works too.
"""

from __future__ import annotations

import atexit
import functools
import os
from collections.abc import Mapping

from nbarray.errors import ConfigError
from nbarray.events import Observer
from nbarray.observers.debug import DebugLog
from nbarray.observers.record import Recorder

__all__ = ["from_environment"]


@functools.cache
def _debug_log(level: int) -> DebugLog:
    return DebugLog(level)


@functools.cache
def _recorder(path: str) -> Recorder:
    # one for the process: a second would replace what the first has written
    recorder = Recorder(path)
    atexit.register(recorder.close)  # what a run that never ended has kept back
    return recorder


def from_environment(environ: Mapping[str, str] = os.environ) -> list[Observer]:
    """The observers asked for; the same ones every time as long as the variables stay the same.

    Raises ConfigError for a level that is not 0 to 4.

    >>> from_environment({})
    []
    >>> [log.level for log in from_environment({"NBARRAY_DEBUG": "2"})]
    [2]
    """
    observers: list[Observer] = []
    level = environ.get("NBARRAY_DEBUG", "").strip()
    if level not in ("", "0", "1", "2", "3", "4"):
        raise ConfigError(f"NBARRAY_DEBUG={level}: expected 0 (nothing), 1 (runs), 2 (nodes), 3 (rules) or 4 (tasks)")
    if level not in ("", "0"):
        observers.append(_debug_log(int(level)))
    if path := environ.get("NBARRAY_RECORD", ""):
        observers.append(_recorder(os.path.abspath(path)))
    return observers
