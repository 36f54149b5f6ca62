"""A run over time: which worker did what when, and beneath it the bytes that were held.

Time goes from left to right; each worker has a lane.  Few tasks are drawn as they were; of many, each pixel shows
the operation that took most of it, so that the picture has a limited size for any run.  Colours are strong
enough for light and dark pages alike, and the legend says each operation's time in words.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbarray.display.facts import clip
from nbarray.display.html import svg_image
from nbarray.display.timeline_axes import draw_timeline
from nbarray.errors import InputError, MissingFile
from nbarray.units import format_bytes, format_count, format_many, format_seconds

__all__ = ["Timeline"]

#: Tasks drawn one by one at most.
MOST_TASKS = 600
#: Operations with a colour of their own; the others share a grey.
COLOURS = ("#4c8fd0", "#e0923e", "#5aa868", "#cf5f59", "#9a7fd0", "#c9739f", "#a58f3c", "#45aab0")
REST = "#8c8c8c"
_LEFT, _WIDTH, _LANE, _MEMORY = 74.0, 640.0, 20.0, 64.0
_STYLE = (
    "<style>text{font:11px sans-serif;fill:#666}.l{fill:#8884}.g{stroke:#8886;fill:none}"
    ".m{fill:#4c8fd055;stroke:#4c8fd0}.b{stroke:#cf5f59;stroke-dasharray:5 3;fill:none}"
    "@media(prefers-color-scheme:dark){text{fill:#b4b4b4}}</style>"
)

Numbers = NDArray[np.float64]


class Timeline:
    """What ran when, as a picture and as a table of operations.

    labels : the operations
    node, worker, start_s, stop_s, held_bytes : of each recorded task its operation, its worker, when it began and
        ended, in seconds from the start of the run, and the bytes held while it ended
    wall_s : how long the run took
    budget_bytes, peak_bytes : what it might hold, and the most it held, results included; 0 if unknown
    every : one task of so many is recorded
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        node: NDArray[np.int64],
        worker: NDArray[np.int64],
        start_s: Numbers,
        stop_s: Numbers,
        held_bytes: Numbers,
        wall_s: float,
        budget_bytes: int = 0,
        peak_bytes: int = 0,
        every: int = 1,
    ) -> None:
        self.labels, self.node, self.worker = labels, node, worker
        self.start_s, self.stop_s, self.held_bytes, self.wall_s = start_s, stop_s, held_bytes, wall_s
        self.budget_bytes, self.peak_bytes, self.every = budget_bytes, peak_bytes, every

    @property
    def workers(self) -> int:
        """How many workers ran tasks."""
        return int(self.worker.max(initial=-1)) + 1

    def operations(self) -> list[tuple[str, int, float]]:
        """Label, tasks and busy seconds of each operation, the longest first; those of one label together."""
        counts: dict[str, tuple[int, float]] = {}
        busy = np.bincount(self.node, self.stop_s - self.start_s, len(self.labels)) * self.every
        tasks = np.bincount(self.node, minlength=len(self.labels)) * self.every
        for label, count, seconds in zip(self.labels, tasks.tolist(), busy.tolist(), strict=True):
            before = counts.get(label, (0, 0.0))
            counts[label] = before[0] + count, before[1] + seconds
        found = [(label, *both) for label, both in counts.items() if both[0]]
        return sorted(found, key=lambda operation: -operation[2])

    # ------------------------------------------------------------------------------------------------ words

    @property
    def title(self) -> str:
        """The run in a line: how long, how many workers and how busy they were, and the peak."""
        operations = self.operations()
        busy, tasks = sum(o[2] for o in operations), sum(o[1] for o in operations)
        pieces = [f"{format_seconds(self.wall_s)}, {'about ' * (self.every > 1)}{format_many(tasks, 'task')}"]
        if self.workers and self.wall_s > 0:
            share = min(1.0, busy / (self.workers * self.wall_s))
            pieces.append(f"{format_many(self.workers, 'worker')} busy {100 * share:.0f} % of the time")
        if self.peak_bytes:
            budget = f" of {format_bytes(self.budget_bytes)}" if self.budget_bytes else ""
            pieces.append(f"peak {format_bytes(self.peak_bytes)}{budget}")
        return ", ".join(pieces)

    @property
    def legend(self) -> list[tuple[str, str]]:
        """The label of each operation, and what a picture says of it, the longest first."""
        return [
            (label, f"{clip(label, 26)}: {format_seconds(seconds)}, {format_many(tasks, 'task')}")
            for label, tasks, seconds in self.operations()
        ]

    def __repr__(self) -> str:
        rows = [
            f"{format_seconds(s):>12}  {format_count(n):>9}  {clip(label, 60)}" for label, n, s in self.operations()
        ]
        return "\n".join([f"Timeline: {self.title}", f"{'busy':>12}  {'tasks':>9}  operation", *rows])

    # ---------------------------------------------------------------------------------------------- picture

    @property
    def svg(self) -> str:
        """The picture as SVG."""
        colours = self._colours()
        lanes_end = 8.0 + self.workers * (_LANE + 4.0)
        memory_end = lanes_end + 14.0 + _MEMORY
        body = self._lanes(colours) + self._memory(lanes_end + 14.0) + self._axis(memory_end)
        legend, height = self._legend(colours, memory_end + 34.0)
        size = f'width="{_LEFT + _WIDTH + 20:.0f}" height="{height:.0f}"'
        box = f'viewBox="0 0 {_LEFT + _WIDTH + 20:.0f} {height:.0f}"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box}>{_STYLE}{body}{legend}</svg>'

    @property
    def drawn_budget(self) -> int:
        """The budget; 0 where it is so far above what was held that a picture would show little else."""
        most = max(float(self.held_bytes.max(initial=0.0)), 1.0)
        return self.budget_bytes if self.budget_bytes <= 4 * most else 0

    def _colours(self) -> dict[str, str]:
        labels = [label for label, _, _ in self.operations()]
        return {label: COLOURS[k] if k < len(COLOURS) else REST for k, label in enumerate(labels)}

    def _x(self, seconds: Numbers) -> Numbers:
        return _LEFT + _WIDTH * np.clip(seconds / max(self.wall_s, 1e-9), 0.0, 1.0)

    def _lanes(self, colours: dict[str, str]) -> str:
        """A lane for each worker, with the tasks on it as one path for each colour."""
        parts, paths = [], dict[str, list[str]]()
        for worker in range(self.workers):
            top = 8.0 + worker * (_LANE + 4.0)
            parts.append(f'<rect class="l" x="{_LEFT:.0f}" y="{top:.0f}" width="{_WIDTH:.0f}" height="{_LANE:.0f}"/>')
            parts.append(f'<text x="{_LEFT - 6:.0f}" y="{top + 14:.0f}" text-anchor="end">worker {worker}</text>')
            for colour, low, high in self._bars(worker, colours):
                data = f"M{low:.1f} {top + 1:.0f}h{max(high - low, 0.4):.1f}v{_LANE - 2:.0f}H{low:.1f}z"
                paths.setdefault(colour, []).append(data)
        parts.extend(f'<path fill="{colour}" d="{"".join(data)}"/>' for colour, data in paths.items())
        return "".join(parts)

    def _bars(self, worker: int, colours: dict[str, str]) -> list[tuple[str, float, float]]:
        """Colour, left and right of each bar in a worker's lane."""
        mine = self.worker == worker
        low, high = self._x(self.start_s[mine]), self._x(self.stop_s[mine])
        shown = [colours[self.labels[n]] for n in self.node[mine].tolist()]
        if len(self.node) <= MOST_TASKS:
            # a thin gap between tasks, where there is room for it
            gaps = np.where(high - low > 3.0, 0.6, 0.0)
            return list(zip(shown, low.tolist(), (high - gaps).tolist(), strict=True))
        return _by_pixel(shown, low, high)

    def _memory(self, top: float) -> str:
        """The bytes held, as an area, with the budget and the peak."""
        bottom = top + _MEMORY
        most = max(float(self.held_bytes.max(initial=0.0)), 1.0)
        budget = self.drawn_budget
        scale = _MEMORY / max(most, float(budget))
        order = np.argsort(self.stop_s)
        x, y = self._x(self.stop_s[order]), bottom - self.held_bytes[order] * scale
        columns, first = np.unique(np.floor(x), return_index=True)
        data = f"M{_LEFT:.0f} {bottom:.0f}"
        if len(columns):
            tops = np.minimum.reduceat(y, first)
            data += "".join(f"L{a:.0f} {b:.1f}" for a, b in zip(columns.tolist(), tops.tolist(), strict=True))
            data += f"L{columns[-1]:.0f} {bottom:.0f}"
        line = ""
        if budget:
            at = bottom - budget * scale
            line = f'<path class="b" d="M{_LEFT:.0f} {at:.1f}h{_WIDTH:.0f}"/>'
        words = (
            f'<text x="{_LEFT - 6:.0f}" y="{top + 9:.0f}" text-anchor="end">{format_bytes(max(most, budget))}</text>'
        )
        words += f'<text x="{_LEFT - 6:.0f}" y="{bottom:.0f}" text-anchor="end">held</text>'
        return f'<path class="m" d="{data}z"/><path class="g" d="M{_LEFT:.0f} {bottom:.0f}h{_WIDTH:.0f}"/>{line}{words}'

    def _axis(self, top: float) -> str:
        """Seconds along the bottom."""
        parts = []
        for seconds in _ticks(self.wall_s):
            x = float(self._x(np.array([seconds]))[0])
            parts.append(f'<path class="g" d="M{x:.1f} {top:.0f}v4"/>')
            parts.append(f'<text x="{x:.1f}" y="{top + 16:.0f}" text-anchor="middle">{_tick_text(seconds)}</text>')
        return "".join(parts)

    def _legend(self, colours: dict[str, str], top: float) -> tuple[str, float]:
        """The longest operations with their colours and times, two a row; and where it ends."""
        parts, rows = [], self.legend[: len(COLOURS)]
        for k, (label, text) in enumerate(rows):
            x, y = _LEFT + k % 2 * _WIDTH / 2, top + k // 2 * 17.0
            parts.append(f'<rect x="{x:.0f}" y="{y - 9:.0f}" width="10" height="10" fill="{colours[label]}"/>')
            parts.append(f'<text x="{x + 15:.0f}" y="{y:.0f}">{escape(text)}</text>')
        return "".join(parts), top + ceil(len(rows) / 2) * 17.0

    # ---------------------------------------------------------------------------------------------- showing

    def plot(self, ax: Any = None) -> Any:
        """Draw it by matplotlib: lanes on `ax`, or on a new figure of pyplot's, and the memory on axes below.

        Returns the axes of the lanes.  They need room beneath for the memory and the legend: about as much as they
        take themselves.
        """
        return draw_timeline(self, self._colours(), ax)[0]

    def save(self, filename: str | os.PathLike[str]) -> Path:
        """Write the picture to a file, as SVG; `plot` makes a figure, which matplotlib saves in its formats.

        Raises InputError for another suffix, MissingFile for a directory that isn't there.
        """
        path = Path(filename)
        if path.suffix.lower() != ".svg":
            raise InputError(
                f"a timeline is saved as SVG: expected a name that ends in .svg, not {path.name!r} "
                "(.plot() draws by matplotlib, which saves others)"
            )
        if not path.parent.is_dir():
            raise MissingFile(f"can't save {path.name!r}: there is no directory {str(path.parent)!r}; make it first")
        path.write_text(self.svg, encoding="utf-8")
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        image = svg_image(self.svg, f"Timeline of a run: {self.title}", style="max-width:100%")
        return {"text/html": f"<div>{escape(self.title)}</div>{image}", "text/plain": repr(self)}


def _by_pixel(colours: Sequence[str], low: Numbers, high: Numbers) -> list[tuple[str, float, float]]:
    """Bars of whole pixels, each the colour of the task that covers most of its first pixel; neighbours are joined."""
    pixels = int(_WIDTH) + 1
    best, shown = np.zeros(pixels), [""] * pixels
    for colour, a, b in zip(colours, (low - _LEFT).tolist(), (high - _LEFT).tolist(), strict=True):
        for p in range(int(a), min(int(b), pixels - 1) + 1):
            covered = min(b, p + 1) - max(a, p)
            if covered > best[p]:
                best[p], shown[p] = covered, colour
    bars, start = list[tuple[str, float, float]](), 0
    for p in range(1, pixels + 1):
        if p == pixels or shown[p] != shown[start]:
            if shown[start]:
                bars.append((shown[start], _LEFT + start, _LEFT + p))
            start = p
    return bars


def _ticks(wall_s: float) -> list[float]:
    """Five to eight round numbers of seconds from 0 on.

    >>> _ticks(7.3)
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    """
    if wall_s <= 0:
        return [0.0]
    rough = wall_s / 5
    unit = 10.0 ** floor(log10(rough))
    step = min((m * unit for m in (1, 2, 5, 10)), key=lambda s: abs(s - rough))
    return [round(k * step, 9) for k in range(int(wall_s / step) + 1)]


def _tick_text(seconds: float) -> str:
    return f"{seconds:g} s" if seconds >= 1 or seconds == 0 else f"{seconds * 1000:g} ms"
