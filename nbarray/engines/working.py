"""Which runs the code that runs here works for, so that what it prints can be told apart from what others print."""

from __future__ import annotations

from contextvars import ContextVar

__all__ = ["work_for", "working_for"]

_runs: ContextVar[tuple[int, ...]] = ContextVar("nbarray_runs", default=())


def work_for(run: int) -> None:
    """What this context does from now on is for a run, too."""
    _runs.set((*_runs.get(), run))


def working_for() -> tuple[int, ...]:
    """The numbers of the runs, the one that started the others first; none outside of tasks."""
    return _runs.get()
