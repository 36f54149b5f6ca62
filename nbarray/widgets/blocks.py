"""Single blocks of a result to look at: a picture of all of them to click on, and below it the one that was clicked.

Only the ticker of a monitor calls what is here; a click is handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbarray.errors import InputError
from nbarray.expr.node import Expr
from nbarray.widgets.clickable import Clickable, cell_size
from nbarray.widgets.comms import close_tree
from nbarray.widgets.panel_html import cells_html, grid_shape
from nbarray.widgets.previews import Preview
from nbarray.widgets.watching import Floats, Watch

__all__ = ["Blocks"]


class Blocks:
    """The blocks of a monitor's result.

    picked : called with the place of the block that was clicked

    wanted : whether somebody wants to look at blocks
    box : where the widgets are; None until somebody wants them
    view : the one that shows a block
    grid : what is clicked on, while there is something to click on
    """

    def __init__(self, picked: Callable[[tuple[int, ...]], None]) -> None:
        self._picked = picked
        self.wanted = False
        self.box: Any = None
        self.view: Any = None
        self.grid: Clickable | None = None
        self._shape: tuple[int, ...] = ()
        self._drawn: Floats | None = None
        self._preview: Preview | None = None

    @property
    def pending(self) -> bool:
        """Whether a block is being computed."""
        return self._preview is not None

    def cancel(self) -> None:
        """Give up the block that is being computed."""
        if self._preview is not None:
            self._preview.cancel()
        self._preview = None

    def pick(self, exprs: Sequence[Expr], watch: Watch, cell: tuple[int, ...], memory: int) -> None:
        """Compute the block at a place, and nothing else."""
        if not exprs:
            raise InputError("the expression of this run is not known")
        region = watch.cells.region(cell)
        self.cancel()
        self._preview = Preview(exprs[watch.cells.result], cell, region, memory)

    def draw(self, watch: Watch | None) -> None:
        """Draw what is wanted now; another plan may have other blocks, and while it is made the old ones stay."""
        shape = watch.cells.shape if watch is not None and self.wanted else ()
        if shape != self._shape and not (watch is not None and watch.state == "planning" and self.wanted):
            self._take_away()
            self._shape = shape
            if watch is not None and shape:
                self._lay_out(watch)
        if watch is not None and self.grid is not None and self._drawn is not watch.filled:
            self.grid.draw(cells_html(watch, cell_size(*grid_shape(watch))))
            self._drawn = watch.filled
        if self._preview is not None and self.view is not None:
            self.view.value = self._preview.html()
            if not self._preview.pending:
                self._preview = None

    def _lay_out(self, watch: Watch) -> None:
        import ipywidgets

        cells = list(np.ndindex(self._shape))
        names = [", ".join(map(str, cell)) for cell in cells]
        rows, columns = grid_shape(watch)
        self.view = ipywidgets.HTML()
        self.grid = Clickable(names, columns, lambda number: self._picked(cells[number]), cell_size(rows, columns))
        children = [self.grid.box, self.view]
        if self.box is None:
            self.box = ipywidgets.VBox(children, _dom_classes=("nbarray-wide",))
        else:
            self.box.children = children

    def _take_away(self) -> None:
        """Models and all."""
        self.cancel()
        self.grid = self._drawn = self.view = None
        if self.box is not None:
            children, self.box.children = self.box.children, []
            for child in children:
                close_tree(child)
