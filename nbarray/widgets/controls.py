"""The buttons and sliders of a monitor: what a person does becomes a call, and nothing else happens here.

Handlers run in whatever thread the kernel chooses, also while a cell computes.  They hand on what was asked
for and show an error where it was caused; the ticker of the monitor does the rest, and writes a slider only where
somebody else has moved what it stands for.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
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
#: In which nothing can be steered any more, and in which chunks can be typed: what was mistyped can be put right.
_OVER, _TYPED = ("done", "failed", "cancelled", "deaf"), ("planning", "ready", "none")
_LOOK = ("nbarray-control", "nbarray-toggle")


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


def _enabled(state: str) -> set[str]:
    return _ENABLED.get(state, set())


class Controls:
    """The widgets of one monitor.

    ask : called from handlers with what was asked for and its value
    state : as `show_state` takes it
    layout : the one that all of them share

    At first there are buttons; `steer` makes the others.
    """

    def __init__(self, ask: Ask, state: str, layout: Any) -> None:
        import ipywidgets as w

        self._ask, self._layout, self._state = ask, layout, state
        look = w.ButtonStyle()
        self.buttons = {
            name: w.Button(
                description=name.title(), icon=icon, tooltip=tip, button_style=colour, layout=layout, style=look,
                disabled=name not in _enabled(state), _dom_classes=("nbarray-control", "nbarray-button"),
            )
            for name, icon, colour, tip in (
                ("start", "play", "primary", "start computing"),
                ("pause", "pause", "", "start no more tasks; those under way end"),
                ("resume", "play", "", "go on after a pause"),
                ("cancel", "stop", "warning", "stop, and free the memory"),
            )
        }  # fmt: skip
        for name, b in self.buttons.items():
            b.on_click(self._caught(name, lambda _: None))
            keep_answering(b)
        self.workers: Any = None
        self.memory: Any = None
        self.priority: Any = None
        self.chunks: Any = None
        self.blocks: Any = None
        self._followed: Mapping[str, int] = {}
        self._writer: int | None = None

    def steer(self, workers: int, budget_bytes: int, chunks: str | None) -> None:
        """Make what else there is, but for blocks to look at.

        workers, budget_bytes, chunks : what is shown at first; chunks None: there is nothing to rechunk
        """
        import ipywidgets as w

        narrow, over = w.SliderStyle(description_width="64px"), self._state in _OVER
        slider: dict[str, Any] = {
            "continuous_update": False, "disabled": over, "style": narrow, "layout": self._layout,
            "_dom_classes": ("nbarray-control", "nbarray-slider"),
        }  # fmt: skip
        self.workers = w.IntSlider(
            value=workers, min=1, max=max(workers, 2 * current().workers, 4), description="workers", **slider
        )
        self.memory = w.SelectionSlider(
            options=budgets(budget_bytes, available_memory()), value=budget_bytes, description="memory", **slider
        )
        self.priority = w.Dropdown(
            options=PRIORITIES, value=0, description="priority", disabled=over,
            style=narrow, layout=self._layout, _dom_classes=("nbarray-control", "nbarray-priority"),
        )  # fmt: skip
        if chunks is not None:
            changed = {"style": {"description_width": "64px"}, "disabled": self._state not in _TYPED}
            self.chunks = w.Text(chunks, placeholder="as they are", description="chunks", **slider | changed)
        for name in ("workers", "memory", "priority", "chunks"):
            self._listen(name)

    @property
    def widgets(self) -> list[Any]:
        """All there are, in order."""
        others = (self.priority, self.blocks, self.workers, self.memory, self.chunks)
        return [*self.buttons.values(), *(each for each in others if each is not None)]

    def _listen(self, name: str) -> None:
        widget = getattr(self, name)
        if widget is not None:
            widget.observe(self._caught(name, lambda change: change["new"]), "value")
            keep_answering(widget)

    def _caught(self, name: str, value: Callable[[Any], Any]) -> Callable[[Any], None]:
        def handler(event: Any) -> None:
            if self._writer == threading.get_ident():  # nobody asks for it: see `follow`
                return
            try:
                self._ask(name, value(event))
            except Exception as error:  # nobody would see it
                self._ask("error", f"{name}: {error}")

        return handler

    def follow(self, now: Mapping[str, int]) -> None:
        """Show what was changed elsewhere, in another panel or by a cell; only the ticker calls this.

        now : workers, memory and priority of the run
        """
        changed = [name for name, value in now.items() if self._followed.get(name, value) != value]
        self._followed, self._writer = now, threading.get_ident()
        try:
            for name in changed:
                widget, value = getattr(self, name), now[name]
                if widget is None or widget.value == value:
                    continue
                if name == "workers":
                    widget.max = max(widget.max, value)
                elif name == "memory":
                    widget.options = budgets(value, available_memory())
                elif value not in dict(PRIORITIES).values():
                    continue
                widget.value = value
        finally:
            self._writer = None

    def show_state(self, state: str) -> None:
        """Let those buttons be pressed that mean something now; only the ticker calls this.

        state : of the run, "none" where it can't be planned, or "deaf" while nobody would hear of a click
        """
        if state == self._state:
            return
        self._state = state
        for name, button in self.buttons.items():
            button.disabled = name not in _enabled(state)
        for each in (self.workers, self.memory, self.priority):
            if each is not None:
                each.disabled = state in _OVER
        if self.chunks is not None:
            self.chunks.disabled = state not in _TYPED
        if self.blocks is not None:
            self.blocks.disabled = state == "deaf"

    def show_grid(self, shape: tuple[int, ...]) -> None:
        """Offer blocks to look at, if there are any; only the ticker calls this."""
        if shape and self.blocks is None:
            import ipywidgets

            self.blocks = ipywidgets.ToggleButton(
                description="Look at blocks", icon="th", tooltip="compute single blocks of the result",
                disabled=self._state == "deaf", layout=self._layout, _dom_classes=_LOOK,
            )  # fmt: skip
            self._listen("blocks")
        elif self.blocks is not None:
            self.blocks._dom_classes = _LOOK if shape else (*_LOOK, "nbarray-none")
