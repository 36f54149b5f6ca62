"""Settings: how much memory, how many workers, how large a chunk.

One `Settings` record is in force at any time; `config(...)` changes it for good or, as a context
manager, for a while.  Nothing here knows what the settings are used for.
"""

from __future__ import annotations

import contextlib
import os
import threading
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from time import monotonic
from types import TracebackType
from typing import Any

from nbarray.errors import ConfigError, near_names
from nbarray.units import format_bytes, parse_bytes

__all__ = [
    "Settings",
    "available_memory",
    "available_workers",
    "beginning_of",
    "check_setting",
    "config",
    "current",
    "keep",
]

#: The share of the available memory that a run may use when nobody says otherwise.
DEFAULT_SHARE = 0.5


#: Where Linux tells how much memory there is.
_MEMORY = "/proc/meminfo"
#: Control groups, version 2 and then 1: what this process may use with those it shares a group with, and what they do.
_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
#: No machine has so many bytes: version 1 writes about 2**63 where there is no limit.
_UNLIMITED = 2**60


def beginning_of(path: str) -> bytes:
    """The beginning of a file of the system's; small computations wait for this, so it's read without more ado."""
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, 4096)
    finally:
        os.close(file)


def _cgroup_limits() -> list[int]:
    """Bytes this process may still use by its control groups; empty if unlimited."""
    free = []
    for limit, used in _CGROUPS:
        with contextlib.suppress(OSError, ValueError):
            if (most := int(beginning_of(limit))) < _UNLIMITED:
                free.append(max(0, most - int(beginning_of(used))))
    return free


def _machines_memory() -> int:
    """Bytes that the machine can give without swapping."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return 1024 * int(beginning_of(_MEMORY).partition(b"\nMemAvailable:")[2].split(None, 1)[0])
    import psutil  # where there is no such file

    return int(psutil.virtual_memory().available)


def available_memory() -> int:
    """Bytes of memory this process can still take: the machine's, or its control group's if that is less."""
    return min([_machines_memory(), *_cgroup_limits()])


#: For so many seconds what was available is taken to be: many small computations come one after the other.
_MOMENT_S = 0.01
#: when it was looked, and what was available
_looked = (-_MOMENT_S, 0)


def _lately_available() -> int:
    global _looked
    when, found = _looked
    if monotonic() - when >= _MOMENT_S:
        found = available_memory()
        _looked = monotonic(), found
    return found


def available_workers() -> int:
    """Processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Settings:
    """What runs go by.

    memory : bytes a run may hold, or None for half of what is available when it starts
    workers : threads that run tasks
    chunk_bytes : bytes of a chunk when nobody says how large chunks should be
    scratch : folder for blocks that don't fit into memory, or None for ``TMPDIR`` or ``/var/tmp``
    jit : whether programs are compiled, where numba is installed; None for those that are large enough
    """

    memory: int | None
    workers: int
    chunk_bytes: int
    scratch: str | None = None
    jit: bool | None = None

    def budget_bytes(self) -> int:
        """The budget in force, in bytes."""
        return self.memory if self.memory is not None else int(DEFAULT_SHARE * _lately_available())

    def __str__(self) -> str:
        memory = (
            f"half of what is free ({format_bytes(self.budget_bytes())})"
            if self.memory is None
            else format_bytes(self.memory)
        )
        scratch = "" if self.scratch is None else f", scratch={self.scratch!r}"
        return f"memory={memory}, workers={self.workers}, chunk_bytes={format_bytes(self.chunk_bytes)}{scratch}"


#: A text of so many bytes without a unit is a slip: nobody means "2" bytes.  A number is taken at its word.
LEAST_PLAIN_BYTES = 2**20


def check_setting(name: str, value: Any) -> Any:
    """The value a setting will have, or ConfigError."""
    known = [f.name for f in fields(Settings)]
    if name not in known:
        raise ConfigError(f"there is no setting {name!r}; {near_names(name, known)}")
    if name == "workers":
        if value is None:
            return available_workers()
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1024:
            raise ConfigError(f"workers: expected a whole number from 1 to 1024, not {value!r}")
        return value
    if name in ("memory", "scratch", "jit") and value is None:
        return None
    if name == "jit":
        if not isinstance(value, bool):
            raise ConfigError(f"jit: expected True, False, or None for large computations alone, not {value!r}")
        return value
    if name == "scratch":
        if not isinstance(value, str | os.PathLike):
            raise ConfigError(f"scratch: expected the path of a folder, not {value!r}")
        return os.fspath(value)
    size = parse_bytes(value, name)
    plain = str(value).strip()
    if size < 1:
        raise ConfigError(f"{name}: expected at least one byte, not {value!r}")
    if name == "memory" and isinstance(value, str) and plain.replace(".", "").isdigit() and size < LEAST_PLAIN_BYTES:
        raise ConfigError(f"memory: {plain} would be {size} bytes; write {plain}GiB or {plain}MiB")
    return size


_lock = threading.Lock()
_current = Settings(memory=None, workers=available_workers(), chunk_bytes=32 * 2**20)


#: What a thread goes by that works for somebody whose settings may have changed since.
_kept: ContextVar[Settings | None] = ContextVar("nbarray_settings", default=None)


def current() -> Settings:
    """The settings in force now."""
    return _kept.get() or _current


def keep(settings: Settings) -> None:
    """Go by `settings` from now on in this context, whatever anybody changes; for threads with a copy of one."""
    _kept.set(settings)


class config:  # noqa: N801 - called like a function, used like a context manager
    """Change settings for good, or inside a ``with`` block.

    Raises ConfigError (a ValueError) for a name or a value that can't be used; then nothing changes.

    >>> from nbarray.config import config, current
    >>> with config(workers=1, memory="1GiB"):
    ...     current().workers
    1
    """

    def __init__(self, **settings: Any) -> None:
        global _current
        checked = {name: check_setting(name, value) for name, value in settings.items()}
        with _lock:
            self._before, self._kept = _current, _kept.get()
            _current = replace(_current, **checked)
        if self._kept is not None:  # a block's function, say, that computes something in its own way
            keep(replace(self._kept, **checked))

    def __enter__(self) -> Settings:
        return current()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _current
        with _lock:
            _current = self._before
        if self._kept is not None:
            keep(self._kept)

    def __repr__(self) -> str:
        return f"config({_current})"
