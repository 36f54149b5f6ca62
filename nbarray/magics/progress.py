"""Which progress display a cell gets: a widget in a notebook, a line in a terminal, none elsewhere."""

from __future__ import annotations

from typing import Any

from nbarray.observers.progress import SHOW_AFTER_S, ProgressLine
from nbarray.widgets.cell_monitor import CellMonitor
from nbarray.widgets.comms import available
from nbarray.widgets.printed import listen

__all__ = ["cell_progress", "in_notebook", "prepare"]


def in_notebook(shell: Any) -> bool:
    """Whether `shell` belongs to a Jupyter kernel, so that there may be a front end that draws."""
    return getattr(shell, "kernel", None) is not None


def cell_progress(shell: Any, monitor: bool | None = None, blocking: bool = True) -> CellMonitor | ProgressLine | None:
    """The display for the cell that runs now; call its `close` when the cell ends.

    monitor : show it from the start, or never; None: for runs that last
    blocking : the cell waits for its runs
    """
    if monitor is False:
        return None
    if in_notebook(shell):
        if not available():
            return None
        return CellMonitor(blocking=blocking, show_after_s=0.0 if monitor else SHOW_AFTER_S)
    return ProgressLine.for_stream()


def prepare(shell: Any) -> None:
    """Import what the display needs, so that the first cell does not wait for it; and hear what tasks print."""
    if in_notebook(shell):
        available()
        listen()
