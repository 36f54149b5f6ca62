"""The widgets that stand in a monitor's place: buttons, what is seen of the run, and more as soon as it is wanted.

Each model is a message and takes a tenth of a millisecond to make, in which no task is begun.  So widgets share a
layout, how wide each is and where it stands is written in `LIVE_HTML`, by class, and what takes most comes last.
"""

from __future__ import annotations

from typing import Any

from nbarray.widgets.blocks import Blocks
from nbarray.widgets.controls import Ask, Controls

__all__ = ["Panel"]

#: What is sent of a layout, and of the forty settings that it might have, none.
_NAMES = [f"_{what}_{of}" for what in ("model", "view") for of in ("name", "module", "module_version")]


class Panel:
    """What stands there.

    ask : called from handlers with what was asked for and its value
    html, state : as `draw` takes them

    controls, blocks : to steer with, and to look at
    view : the widget that shows the run; box : all of them
    """

    def __init__(self, ask: Ask, html: str, state: str) -> None:
        import ipywidgets

        layout = ipywidgets.Layout(keys=_NAMES)
        self.controls = Controls(ask, state, layout)
        self.blocks = Blocks(lambda cell: ask("block", cell))
        self.view: Any = ipywidgets.HTML(html, layout=layout, _dom_classes=("nbarray-wide",))
        classes = ("nbarray-panel", "nbarray-live")
        self.box: Any = ipywidgets.VBox(self._widgets(), layout=layout, _dom_classes=classes)

    def _widgets(self) -> tuple[Any, ...]:
        below = () if self.blocks.box is None else (self.blocks.box,)
        return (*self.controls.widgets, self.view, *below)

    def draw(self, html: str, state: str) -> None:
        """Show another picture, and all widgets that there are by now; only the ticker calls this.

        html : of the run; state : as `Controls.show_state` takes it
        """
        self.view.value = html
        self.controls.show_state(state)
        widgets = self._widgets()
        if widgets != self.box.children:
            self.box.children = widgets
