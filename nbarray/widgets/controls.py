"""The buttons and sliders of a monitor: what a person does becomes a call, and nothing else happens here.

Handlers run in whatever thread the kernel chooses, also while a cell computes.  They hand on what was asked
for and show an error where it was caused; the ticker of the monitor does the rest, and never writes a slider.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from nbarray.config import available_memory, current
from nbarray.units import format_bytes
from nbarray.widgets.comms import keep_answering

__all__ = ["Controls", "budgets"]

#: Called with what was asked for, and its value.
Ask = Callable[[str, Any], None]
PRIORITIES = (("low", -1), ("normal", 0), ("high", 1))
#: Which buttons can be pressed in which state.
_ENABLED = {
    "planning": {"cancel"},
    "ready": {"start"},
    "running": {"pause", "cancel"},
    "paused": {"resume", "cancel"},
}


def budgets(now: int, most: int | None = None) -> list[tuple[str, int]]:
    """The budgets to choose from: powers of two, those halfway between, and the one in force.

    now : bytes; most : bytes that there are

    >>> [label for label, size in budgets(50 * 2**20, 128 * 2**20)]
    ['16.0 MiB', '24.0 MiB', '32.0 MiB', '48.0 MiB', '50.0 MiB', '64.0 MiB', '96.0 MiB', '128 MiB']
    """
    top = max(now, most or 0, 2**24)
    least = min(24, int(math.log2(max(now, 2))))
    sizes = {now}
    for power in range(least, int(math.log2(top)) + 1):
        sizes |= {size for size in (2**power, 3 * 2 ** (power - 1)) if size <= top}
    return [(format_bytes(size), size) for size in sorted(sizes)]


class Controls:
    """The widgets of one monitor.

    ask : called from handlers with what was asked for and its value
    workers, budget_bytes, chunks : what is shown at first; chunks None: there is nothing to rechunk
    shape : of the grid of blocks that can be looked at
    """

    def __init__(self, ask: Ask, workers: int, budget_bytes: int, chunks: str | None, shape: tuple[int, ...]) -> None:
        import ipywidgets as w

        self._ask = ask
        # layouts and styles are shared where they are alike: each is a message, and takes as long as a button
        button, look = w.Layout(width="88px"), w.ButtonStyle()
        self.buttons = {
            name: w.Button(
                description=name.title(), icon=icon, tooltip=tip, layout=button, style=look, button_style=style
            )
            for name, icon, style, tip in (
                ("start", "play", "primary", "start computing"),
                ("pause", "pause", "", "start no more tasks; those under way end"),
                ("resume", "play", "", "go on after a pause"),
                ("cancel", "stop", "warning", "stop, and free the memory"),
            )
        }
        for name, b in self.buttons.items():
            b.on_click(self._caught(name, lambda _: None))
        narrow, wide = {"description_width": "64px"}, w.Layout(width="290px")
        slider = w.SliderStyle(**narrow)
        self.workers = w.IntSlider(
            value=workers, min=1, max=max(workers, 2 * current().workers, 4), description="workers",
            continuous_update=False, style=slider, layout=wide,
        )  # fmt: skip
        self.memory = w.SelectionSlider(
            options=budgets(budget_bytes, available_memory()), value=budget_bytes, description="memory",
            continuous_update=False, style=slider, layout=wide,
        )  # fmt: skip
        self.priority = w.Dropdown(
            options=PRIORITIES, value=0, description="priority", style=narrow, layout=w.Layout(width="170px")
        )
        self.chunks = None if chunks is None else w.Text(
            chunks, placeholder="as they are", description="chunks", continuous_update=False, style=narrow, layout=wide
        )  # fmt: skip
        self.blocks = w.ToggleButton(
            value=False, description="Look at blocks", icon="th", tooltip="compute single blocks of the result",
            layout=w.Layout(width="150px", display="none" if not shape else None),
        )  # fmt: skip
        typed = {} if self.chunks is None else {"chunks": self.chunks}
        values = {
            "workers": self.workers,
            "memory": self.memory,
            **typed,
            "priority": self.priority,
            "blocks": self.blocks,
        }
        for name, each in values.items():
            each.observe(self._caught(name, lambda change: change["new"]), "value")
        row = w.Layout(flex_flow="row wrap", align_items="center")
        self.box = w.VBox(
            [
                w.HBox([*self.buttons.values(), self.priority, self.blocks], layout=row),
                w.HBox([self.workers, self.memory, *typed.values()], layout=row),
            ]
        )
        self.box.add_class("nbarray-controls")
        for each in (*self.buttons.values(), *values.values()):
            keep_answering(each)
        self._state = ""

    def _caught(self, name: str, value: Callable[[Any], Any]) -> Callable[[Any], None]:
        def handler(event: Any) -> None:
            try:
                self._ask(name, value(event))
            except Exception as error:  # nobody would see it
                self._ask("error", f"{name}: {error}")

        return handler

    def show_state(self, state: str) -> None:
        """Let those buttons be pressed that mean something now; only the ticker calls this.

        state : of the run, "none" where it can't be planned, or "deaf" while nobody would hear of a click
        """
        if state == self._state:
            return
        self._state = state
        enabled = _ENABLED.get(state, set())
        for name, button in self.buttons.items():
            button.disabled = name not in enabled
        over = state in ("done", "failed", "cancelled", "deaf")
        for each in (self.workers, self.memory, self.priority):
            each.disabled = over
        if self.chunks is not None:
            self.chunks.disabled = state not in ("planning", "ready", "none")  # what was mistyped can be put right
        self.blocks.disabled = state == "deaf"

    def show_grid(self, shape: tuple[int, ...]) -> None:
        """Offer blocks to look at, if there are any; only the ticker calls this."""
        self.blocks.layout.display = None if shape else "none"
