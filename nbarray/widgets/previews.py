"""One block of a result, computed by itself and drawn small.

Only what is looked at is computed, as a run of its own that goes first.  No widgets here.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from nbarray.engines.run import Run
from nbarray.expr.node import Expr
from nbarray.ops.indexing import getitem
from nbarray.session import later, resolve_sizes
from nbarray.widgets.panel_html import message_html
from nbarray.widgets.png import png, png_address

__all__ = ["Preview"]

#: Rows and columns drawn, and numbers written, at most.
MOST_PIXELS, MOST_NUMBERS = 256, 12
#: From low to high: dark blue, green, yellow.
_SCALE = np.array([[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]], float)


class Preview:
    """A block being computed; `html` says how far that is, or shows it.

    cell, region : which block, and which part of the array that is
    """

    def __init__(self, expr: Expr, cell: tuple[int, ...], region: Sequence[slice], memory: int) -> None:
        self.cell, self.region = cell, tuple(region)
        # sizes that depend on values have been counted for the plan: where a block lies is known
        self._run: Run = later([getitem(resolve_sizes(expr), self.region)], memory=memory).start()
        self._run.set_priority(2)
        self._html: str | None = None

    @property
    def pending(self) -> bool:
        """Whether it is still being computed."""
        return self._html is None

    def cancel(self) -> None:
        """Give it up."""
        self._run.cancel()

    @property
    def _title(self) -> str:
        where = ", ".join(f"{s.start}:{s.stop}" for s in self.region)
        return f"block ({', '.join(map(str, self.cell))}): [{where}]"

    def html(self) -> str:
        """The block as a picture and its numbers, its error, or that it is being computed."""
        if self._html is not None:
            return self._html
        if not self._run.wait(0):
            return f"<div>{escape(self._title)} …</div>"
        try:
            (values,) = self._run.result()
            self._html = block_html(self._title, values)
        except Exception as error:
            self._html = message_html(f"{self._title}: {error}", "error")
        return self._html


def block_html(title: str, values: Any) -> str:
    """A block drawn: its last two axes, of the first place along the others.

    >>> "mean 1.5" in block_html("block", np.arange(4.0))
    True
    """
    plain = np.ma.asarray(values)
    head = f"<div><b>{escape(title)}</b> {escape(str(plain.dtype))}</div>"
    if plain.dtype.kind not in "biuf" or not plain.size:
        return f"{head}<pre>{escape(str(plain.reshape(-1)[:MOST_NUMBERS]))}</pre>"
    numbers = np.ma.compressed(plain.astype(float))
    finite = numbers[np.isfinite(numbers)]
    said = f"{plain.size - finite.size} of {plain.size} missing or not finite"
    if finite.size:
        said = f"min {finite.min():.6g}, mean {finite.mean():.6g}, max {finite.max():.6g}" + (
            f"; {said}" if finite.size < plain.size else ""
        )
    first = ""
    if plain.size <= MOST_NUMBERS:
        first = f"<pre>{escape(np.array2string(np.ma.filled(plain.astype(float), np.nan), precision=6))}</pre>"
    return f"{head}<div>{said}</div>{first or _picture(plain)}"


def _picture(plain: np.ma.MaskedArray[Any, Any]) -> str:
    plane = np.atleast_2d(plain)
    plane = plane.reshape(-1, *plane.shape[-2:])[0]
    steps = tuple(slice(None, None, -(-n // MOST_PIXELS)) for n in plane.shape)
    shown = np.ma.filled(plane[steps].astype(float), np.nan)
    there = np.isfinite(shown)
    # of what is drawn: the first plane of many may be all but even beside the others
    low, high = np.percentile(shown[there], [2, 98]) if there.any() else (0.0, 1.0)
    share = np.clip((shown - low) / ((high - low) or 1.0), 0, 1)
    at = np.where(there, share, 0) * (len(_SCALE) - 1)
    pixels = np.zeros((*shown.shape, 4), np.uint8)
    for colour in range(3):
        pixels[..., colour] = np.interp(at, np.arange(len(_SCALE)), _SCALE[:, colour])
    pixels[..., 3] = np.where(there, 255, 0)
    rows, columns = shown.shape
    scale = max(1, min(16, 240 // max(1, columns), 160 // max(1, rows)))
    height = max(rows * scale, 18)
    picture = png_address(png(pixels))
    return (
        f'<img alt="the block as a picture, from {low:.6g} (dark) to {high:.6g} (bright)" src="{picture}" '
        f'style="width:{columns * scale}px;height:{height}px;image-rendering:pixelated;max-width:none">'
    )
