"""A picture whose cells can be clicked.

No widget of ipywidgets says where on it somebody clicked.  But one `ToggleButtons` is a button for each of its options
and a single model, however many there are; laid transparently over the picture, each of them is a cell.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from nbarray.widgets.comms import keep_answering

__all__ = ["Clickable", "cell_size"]

#: A picture is at most so wide and high, in pixels, and its cells are no larger than this.
WIDEST, HIGHEST, LARGEST = 640, 400, 34
_HERE = "1 / 1 / 2 / 2"
_ACCENT = "#e4572e"
_numbers = itertools.count(1)


def cell_size(rows: int, columns: int) -> tuple[int, int]:
    """Width and height of a cell in pixels.

    >>> cell_size(8, 3), cell_size(100, 100), cell_size(1, 5000)
    ((34, 34), (6, 4), (1, 34))
    """
    return max(1, min(LARGEST, WIDEST // columns)), max(1, min(LARGEST, HIGHEST // rows))


class Clickable:
    """A picture of `rows` times `columns` cells, of which the first so many as have names can be clicked.

    names : of the cells, row after row; also what a screen reader says
    picked : called with the number of a cell
    cell : width and height of a cell in pixels
    offset : where the cells begin in the picture, in pixels from its left and top
    picture : the widget that shows it, if it is not HTML; then no cell stays chosen

    box : the widgets
    """

    def __init__(
        self,
        names: Sequence[str],
        columns: int,
        picked: Callable[[int], None],
        cell: tuple[float, float],
        offset: tuple[float, float] = (0, 0),
        picture: Any = None,
    ) -> None:
        import ipywidgets as w

        name = f"nbarray-cells-{next(_numbers)}"
        here = {"grid_area": _HERE, "margin": "0"}
        style = w.HTML(_style(name, columns, cell, offset), layout=w.Layout(display="none"))
        self.picture = w.HTML(layout=w.Layout(**here)) if picture is None else picture
        for key, value in here.items():
            setattr(self.picture.layout, key, value)
        self.cells = w.ToggleButtons(
            options=[(each, number) for number, each in enumerate(names)], index=None, layout=w.Layout(**here)
        )

        def chosen(change: Any) -> None:
            if change["new"] is not None:
                picked(change["new"])
                if picture is not None:
                    self.cells.index = None

        self.cells.add_class(name)
        self.cells.observe(chosen, "value")
        keep_answering(self.cells)
        self.box = w.GridBox([style, self.picture, self.cells], layout=w.Layout(width="fit-content", margin="2px 0"))

    def draw(self, html: str) -> None:
        """Show another picture."""
        self.picture.value = html


def _style(name: str, columns: int, cell: tuple[float, float], offset: tuple[float, float]) -> str:
    """The cells as a grid of transparent buttons; the one under the pointer and the chosen one have a frame."""
    width, height = cell
    button = f".{name} button.widget-toggle-button"
    return (
        f"<style>.{name}{{z-index:1;overflow:visible;height:auto;display:block;"
        f"padding:{offset[1]:g}px 0 0 {offset[0]:g}px}}"
        f".{name}>div{{display:grid;grid-template-columns:repeat({columns},{width:g}px);"
        f"grid-auto-rows:{height:g}px;gap:0;width:fit-content}}"
        f".{name} label{{display:none}}"
        f"{button},{button}:focus{{min-width:0;width:{width:g}px;height:{height:g}px;padding:0;margin:0;border:0;"
        f"background:transparent;box-shadow:none;font-size:0;line-height:0;overflow:hidden}}"
        f"{button}:hover,{button}:focus-visible{{outline:1px solid {_ACCENT};outline-offset:-1px}}"
        f"{button}.mod-active{{outline:2px solid {_ACCENT};outline-offset:-1px;background:transparent}}</style>"
    )
