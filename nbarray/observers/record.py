"""``NBARRAY_RECORD=run.jsonl``: events written down, read back, and replayed into any observer.

One JSON object a line: the event's class under ``"event"`` and its fields by name.  Reading back gives
equal events, so a recorded run is a test of anything that watches runs, without an engine.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any, get_args

from nbarray.errors import FileFormatError, MissingFile
from nbarray.events import (
    Event,
    NodeCount,
    Observer,
    PlanDetails,
    PlanReady,
    RunCancelled,
    RunFailed,
    RunFinished,
    SourceRead,
)

__all__ = ["Recorder", "from_json", "read_events", "replay", "to_json"]

_CLASSES: dict[str, type[Any]] = {cls.__name__: cls for cls in get_args(Event)}
_FIELDS: dict[type[Any], tuple[str, ...]] = {
    cls: tuple(field.name for field in fields(cls)) for cls in _CLASSES.values()
}
#: What an event can't be without; recordings of earlier versions lack the rest.
_REQUIRED: dict[type[Any], set[str]] = {
    cls: {field.name for field in fields(cls) if field.default is MISSING} for cls in _CLASSES.values()
}
#: Lines kept back before they are written: a task costs microseconds, a write to disk more.
_KEEP_BACK = 256


def to_json(event: Event) -> str:
    """One event as one line of JSON.

    >>> from nbarray.events import RunPaused
    >>> to_json(RunPaused(run=1, time_s=0.5))
    '{"event": "RunPaused", "run": 1, "time_s": 0.5}'
    """
    record: dict[str, Any] = {"event": type(event).__name__}
    for name in _FIELDS[type(event)]:  # asdict would copy every value, ten times slower
        record[name] = getattr(event, name)
    return json.dumps(record, default=asdict)


def from_json(line: str) -> Event:
    """The event that `to_json` wrote; raises ValueError for anything else."""
    record = json.loads(line)
    cls = _CLASSES.get(record.pop("event", None)) if isinstance(record, dict) else None
    if cls is None or not _REQUIRED[cls] <= set(record) <= set(_FIELDS[cls]):
        raise ValueError(f"not an event: {line.strip()[:80]!r}")
    if cls is PlanReady:
        record["nodes"] = tuple(NodeCount(**node) for node in record["nodes"])
    elif cls is PlanDetails:
        record["places"] = tuple(record["places"])
        record["sources"] = tuple(SourceRead(**source) for source in record["sources"])
    event: Event = cls(**record)
    return event


class Recorder:
    """An observer that writes every event to a file of JSON lines.

    path : the file; what it held before is replaced when the first line is written

    No file stays open between writes: lines go out when a run ends, or every few hundred of them.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._mode = "w"

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._lines.append(to_json(event) + "\n")
            ended = isinstance(event, RunFinished | RunFailed | RunCancelled)
            if ended or len(self._lines) >= _KEEP_BACK:
                self._flush()

    def close(self) -> None:
        """Write what is still kept back."""
        with self._lock:
            if self._lines:
                self._flush()

    def _flush(self) -> None:
        with self.path.open(self._mode, encoding="utf-8") as file:
            file.writelines(self._lines)
        self._mode = "a"
        self._lines.clear()


def read_events(path: str | Path) -> Iterator[Event]:
    """The events in a file that a `Recorder` wrote, in order.

    Raises MissingFile, or FileFormatError naming the line that is not an event.
    """
    if not Path(path).is_file():
        raise MissingFile(f"there is no recording {str(path)!r}; NBARRAY_RECORD={path} makes one while a run goes on")
    with Path(path).open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield from_json(line)
            except ValueError as error:
                raise FileFormatError(f"{path}, line {number}: not a recorded event ({error})") from None


def replay(events: Iterable[Event], observer: Observer) -> int:
    """Give `events` to `observer` one after another, without waiting; returns how many there were.

    >>> from nbarray.events import RunPaused
    >>> seen = []
    >>> replay([RunPaused(1, 0.5)], seen.append), seen
    (1, [RunPaused(run=1, time_s=0.5)])
    """
    count = 0
    for event in events:
        observer(event)
        count += 1
    return count
