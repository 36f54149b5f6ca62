"""Every magic, as data: nothing of it is imported before the extension is loaded.

To add one: a module with a `Magics` class, and a row here.  A test compares the rows with what the
modules define, and prints the corrected table.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

__all__ = ["MAGICS", "MagicRow"]


@dataclass(frozen=True, slots=True)
class MagicRow:
    """A magic: its name, how it is written, and the class that has it."""

    name: str
    kinds: tuple[str, ...]  # "line", "cell"
    module: str
    class_name: str

    def load(self) -> type[Any]:
        """Import the class."""
        cls: type[Any] = getattr(importlib.import_module(self.module), self.class_name)
        return cls


MAGICS: tuple[MagicRow, ...] = (
    MagicRow("blocked", ("line", "cell"), "nbarray.magics.blocked", "BlockedMagics"),
    MagicRow("blocked_graph", ("line", "cell"), "nbarray.magics.blocked", "BlockedMagics"),
    MagicRow("blocked_plan", ("line", "cell"), "nbarray.magics.blocked", "BlockedMagics"),
    MagicRow("blocked_report", ("line",), "nbarray.magics.running", "RunningMagics"),
    MagicRow("blocked_runs", ("line",), "nbarray.magics.running", "RunningMagics"),
)
