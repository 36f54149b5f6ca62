"""How a monitor looks: the state of a run as HTML and SVG.

While it lasts the panel stands in a widget, where the page's colours can be used.  What stays in the notebook
afterwards goes through sanitizers, of which some show the tags of a table as text; so that is bold words and a
list.  Names come from users and files, and are escaped.  No widgets here.
"""

from __future__ import annotations

import math
from html import escape

import numpy as np

from nbarray.units import format_bytes, format_count, format_many, format_seconds
from nbarray.widgets.png import Palette, png_address
from nbarray.widgets.watching import HOLDERS, Operation, Watch

__all__ = [
    "LIVE_HTML",
    "UNMARKED",
    "badge",
    "cells_html",
    "facts",
    "frame",
    "grid_shape",
    "message_html",
    "operations_html",
    "panel_html",
    "summary_html",
    "summary_text",
]

#: Points along the curve of memory; of more, every second one is drawn.
MOST_POINTS = 80
#: Operations that get a line each; the others share one.
MOST_OPERATIONS = 8
#: Colours that can be told apart, also without seeing colours, on light and dark pages.
COLOURS = dict(zip(HOLDERS, ("#2f7ed8", "#e8952c", "#3a9d5d", "#9a6fd0", "#8b8b8b"), strict=True))
_BADGES = {
    "planning": ("#6b7785", "planning"),
    "ready": ("#6b7785", "ready"),
    "running": ("#2f7ed8", "running"),
    "paused": ("#b7791f", "paused"),
    "done": ("#2f8a50", "done"),
    "failed": ("#c53030", "failed"),
    "cancelled": ("#805ad5", "cancelled"),
}
#: ipywidgets marks what has lost its kernel by a class, and by a broken link beside each widget: not here.  Its lines
#: are as high as buttons; where a summary is all there is, they are as in the notebook.
UNMARKED = (
    "<style>.nbarray-panel.jupyter-widgets-disconnected::before,.nbarray-panel .jupyter-widgets-disconnected::before"
    "{display:none!important}.nbarray-panel:not(.nbarray-live) .widget-html-content{line-height:1.6}</style>"
)
#: Seen when the kernel has ended under a panel, in the place of buttons that nobody would hear.
GONE_HTML = (
    f"{UNMARKED}<style>.nbarray-gone{{display:none}}.jupyter-widgets-disconnected .nbarray-gone{{display:block}}"
    ".jupyter-widgets-disconnected .nbarray-badge,.nbarray-control.jupyter-widgets-disconnected"
    '{display:none!important}</style><div class="nbarray-gone" role="status" style="font-weight:600">'
    "The kernel has ended, and the run with it. This is the last that was seen of it.</div>"
)
#: Begins what a panel shows: where its widgets stand.  Boxes and layouts for that would be a model each.  Sliders begin
#: a line, after one that is empty, and until they come that is as high as they are; what is wide has a line for itself.
LIVE_HTML = (
    "<style>.nbarray-live{padding:4px 2px;max-width:1000px;flex-flow:row wrap;align-items:center}"
    '.nbarray-live::after{content:"";order:2;flex-basis:100%}'
    ".nbarray-live:not(:has(.nbarray-slider),.jupyter-widgets-disconnected)::after{height:32px}"
    ".nbarray-live>.nbarray-slider{order:3;width:290px}.nbarray-live>.nbarray-wide{order:4;flex:0 0 calc(100% - 4px)}"
    ".nbarray-live>.nbarray-button{width:88px}.nbarray-live>.nbarray-priority{width:170px}"
    f".nbarray-live>.nbarray-toggle{{width:150px}}.nbarray-live>.nbarray-none{{display:none}}</style>{GONE_HTML}"
)
#: How a cell looks of which nothing is done, a part or all: blue, and the stronger the more.
_SHADES = 64
_FILLED = Palette([(47, 126, 216, 90 + 165 * k // (_SHADES - 1) if k else 0) for k in range(_SHADES)])
_INK = "color:var(--jp-ui-font-color1,inherit)"
_OUTER = f"{_INK};font:13px/1.45 var(--jp-ui-font-family,sans-serif);font-variant-numeric:tabular-nums"
_NUMBER = "text-align:right;padding:1px 0 1px 14px;white-space:nowrap"
_WIDTH, _HEIGHT = 420, 96


def badge(state: str) -> str:
    """The state as a coloured word."""
    colour, word = _BADGES[state]
    style = f"background:{colour};color:#fff;border-radius:9px;padding:1px 10px;font-weight:600"
    return f'<span class="nbarray-badge" style="{style}">{word}</span>'


def facts(watch: Watch) -> list[str]:
    """What there is to say of a run in words."""
    done, total = watch.done, watch.plan.ntasks
    said = [f"{int(100 * watch.fraction)} %", f"{format_count(done)}/{format_count(total)} tasks"]
    said.append(format_seconds(watch.wall_s))
    if (left := watch.left_s) is not None:
        said.append(f"about {format_seconds(left)} left" if left >= 1 else "less than a second left")
    if watch.read_bytes:
        said.append(f"read {format_bytes(watch.bytes_read)} of {format_bytes(watch.read_bytes)}")
        if watch.read_rate >= 1 and watch.bytes_read < watch.read_bytes:
            said.append(f"{format_bytes(watch.read_rate)}/s")
    return said


def _shown(operations: list[Operation]) -> list[Operation]:
    """As many as there is room for, the ones with the fewest tasks put together."""
    if len(operations) <= MOST_OPERATIONS:
        return operations
    order = sorted(operations, key=lambda o: -o.tasks)
    kept, rest = order[: MOST_OPERATIONS - 1], order[MOST_OPERATIONS - 1 :]
    together = Operation(
        f"{len(rest)} more", sum(o.tasks for o in rest), sum(o.done for o in rest), sum(o.rate for o in rest)
    )
    return [*(o for o in operations if o in kept), together]


def _rate(o: Operation) -> str:
    """Tasks a second; nothing where that would be none, or is over."""
    if o.rate < 0.05 or o.done == o.tasks:
        return ""
    return f"{o.rate:.0f}/s" if o.rate >= 9.95 else f"{o.rate:.1f}/s"


def operations_html(operations: list[Operation]) -> str:
    """A line for each operation: its name, a bar, how many tasks are done and how many a second."""
    rows = []
    for o in _shown(operations):
        share = 100 * o.done / max(1, o.tasks)
        bar = (
            '<div style="width:150px;height:9px;border-radius:5px;background:rgba(128,128,128,.28)">'
            f'<div style="width:{share:.1f}%;height:9px;border-radius:5px;background:{COLOURS["blocks"]}"></div></div>'
        )
        rows.append(
            f'<tr><td style="padding:1px 12px 1px 0;max-width:260px;overflow:hidden;text-overflow:ellipsis;'
            f'white-space:nowrap" title="{escape(o.name)}">{escape(o.name)}</td><td>{bar}</td>'
            f'<td style="{_NUMBER}">{format_count(o.done)}/{format_count(o.tasks)}</td>'
            f'<td style="{_NUMBER};min-width:60px;opacity:.75">{_rate(o)}</td></tr>'
        )
    return f'<table style="border-collapse:collapse;margin:6px 0">{"".join(rows)}</table>'


def _memory(watch: Watch) -> str:
    """The bytes held over time, one on the other, with the budget as a line; words beside it, not on it."""
    looks = watch.looks if len(watch.looks) > 1 else [*watch.looks, *watch.looks]
    if not looks:
        return ""
    if watch.last is not None and looks[-1] is not watch.last:
        looks = [*looks, watch.last]
    looks = looks[(len(looks) - 1) % 2 :: 2] if len(looks) > MOST_POINTS else looks
    most, budget = max(sum(look.held) for look in looks), watch.budget_bytes
    top = max(1.0, most * 1.12, budget * 1.06 if budget < 8 * max(1, most) else 0.0)
    areas, first = [], looks[0].points[0].partition(",")[0]
    # the highest first, and each of the others over it: half as many points as areas side by side
    for name, curve in reversed(list(zip(HOLDERS, zip(*(look.points for look in looks), strict=True), strict=True))):
        last = curve[-1].partition(",")[0]
        areas.append(f'<polygon points="{" ".join(curve)} {last},0 {first},0" fill="{COLOURS[name]}"/>')
    # points stay as they were seen; what changes is where that lies
    passed = max(1.0, 1000 * (looks[-1].now_s - looks[0].now_s))
    across, down = (_WIDTH - 2) / passed, -1024 * (_HEIGHT - 2) / top
    move = f"translate(1 {_HEIGHT}) scale({across:.4g} {down:.4g}) translate(-{first} 0)"
    drawn = f'<g opacity=".8" transform="{move}">{"".join(areas)}</g>'
    line, where = "", f"budget {format_bytes(budget)}, far above"
    if budget <= top:
        at = _HEIGHT - budget / top * (_HEIGHT - 2)
        line = f'<path d="M0 {at:.1f}h{_WIDTH}" stroke="#e53e3e" stroke-width="1.4" stroke-dasharray="6 4"/>'
        where = f'<span style="color:#e53e3e">╌</span> budget {format_bytes(budget)}'
    now = watch.last.held if watch.last else (0,) * len(HOLDERS)
    legend = "".join(
        f'<span style="margin-right:14px;white-space:nowrap"><span style="color:{COLOURS[name]}">■</span> '
        f"{name} {format_bytes(size)}</span>"
        for name, size in zip(HOLDERS, now, strict=True)
    )
    return (
        # of one width, so that what is beside it stays there while numbers change
        f'<div style="width:{_WIDTH + 80}px;max-width:100%">'
        f'<div style="opacity:.8">Memory: up to {format_bytes(top)} drawn; {where}</div>'
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="memory held over time" '
        f'style="border:1px solid rgba(128,128,128,.45);display:block">{drawn}{line}</svg>'
        f"<div>{legend}</div></div>"
    )


def _cells(watch: Watch) -> str:
    """The chunk grid of the result: a picture in which blocks fill in, leading axes one below the other."""
    cells = watch.cells
    if cells.count < 2:
        return ""
    if watch.drawn is None or watch.drawn[0] is not watch.filled:
        watch.drawn = watch.filled, _grid(watch)
    return watch.drawn[1]


def _grid(watch: Watch) -> str:
    rows, columns = grid_shape(watch)
    scale = max(1, min(22, 200 // max(1, columns), 110 // max(1, rows)))
    size = "×".join(map(str, watch.cells.shape))
    what = "groups of blocks" if watch.cells.grouped else "blocks"
    said = f"Result: {format_count(_whole(watch))} of {format_count(watch.cells.count)} {what} ({size})"
    picture = cells_html(watch, (min(scale, 420 / columns), min(scale, 150 / rows)))
    return f'<div><div style="opacity:.8">{said}</div>{picture}</div>'


def _whole(watch: Watch) -> int:
    """How many cells are done."""
    return int(np.count_nonzero(watch.filled >= 1))


def grid_shape(watch: Watch) -> tuple[int, int]:
    """Rows and columns of the picture of the result's blocks: a line is folded to be about as wide as it is high."""
    count, shape = watch.cells.count, watch.cells.shape
    if len(shape) >= 2 and shape[-1] > 1:
        return count // shape[-1], shape[-1]
    columns = count if count <= 40 else math.ceil(math.sqrt(2.5 * count))
    return -(-count // columns), columns


def cells_html(watch: Watch, cell: tuple[float, float]) -> str:
    """The blocks of the result, each of them `cell` pixels wide and high; coloured as far as they are done."""
    (rows, columns), (wide, high) = grid_shape(watch), cell
    shades = np.zeros(rows * columns, np.uint8)
    np.ceil(watch.filled.reshape(-1) * (_SHADES - 1), out=shades[: watch.cells.count], casting="unsafe")
    width, height = columns * wide, rows * high
    # lines between cells where these are large enough to be seen apart
    lines = (
        f"background-image:linear-gradient(to right,rgba(128,128,128,.35) 1px,transparent 1px),"
        f"linear-gradient(to bottom,rgba(128,128,128,.35) 1px,transparent 1px);background-size:{wide:g}px {high:g}px;"
        if min(wide, high) >= 5
        else ""
    )
    picture = png_address(_FILLED.png(shades.reshape(rows, columns)))
    return (
        f'<div style="{lines}width:{width:g}px;height:{height:g}px;box-shadow:inset 0 0 0 1px rgba(128,128,128,.45)">'
        f'<img alt="{_whole(watch)} of {watch.cells.count} blocks of the result are done" src="{picture}" '
        f'style="width:{width:g}px;height:{height:g}px;image-rendering:pixelated;display:block;max-width:none"></div>'
    )


def message_html(text: str, kind: str = "note") -> str:
    """A line that tells something, or an error in place."""
    if not text:
        return ""
    colour = "#c53030" if kind == "error" else "#b7791f"
    return (
        f'<div role="{"alert" if kind == "error" else "status"}" style="{_INK};border-left:4px solid {colour};'
        f'padding:3px 10px;margin:4px 0;white-space:pre-wrap;line-height:1.45">{escape(text)}</div>'
    )


def frame(head: str, body: str) -> str:
    """A line of facts, and what is below it."""
    return (
        f'<div class="nbarray-monitor" style="{_OUTER}">'
        f'<div style="display:flex;gap:6px 18px;align-items:center;flex-wrap:wrap">{head}</div>{body}</div>'
    )


def panel_html(watch: Watch, grid: bool = True) -> str:
    """The whole picture of a run.

    grid : with the blocks of its result
    """
    said = "".join(f'<span style="white-space:nowrap">{escape(fact)}</span>' for fact in facts(watch))
    blocks = _cells(watch) if grid else ""
    return frame(
        badge(watch.state) + said,
        f"{operations_html(watch.operations)}"
        f'<div style="display:flex;gap:10px 28px;flex-wrap:wrap;align-items:flex-start">{_memory(watch)}{blocks}'
        f"</div>{message_html(watch.error, 'error')}",
    )


# -------------------------------------------------------------------------------------- what stays afterwards


def _ending(watch: Watch) -> list[str]:
    """What is told of a run that has ended, or of one that a notebook was saved in the middle of."""
    done, total = format_count(watch.done), format_many(watch.plan.ntasks, "task")
    took = format_seconds(watch.wall_s)
    said = {
        "done": f"done in {took}, {total}",
        "failed": f"failed after {took}, {done} of {total} done",
        "cancelled": f"cancelled after {took}, {done} of {total} done",
        "ready": f"not started, {total}",
        "planning": "being planned when this was shown",
    }.get(watch.state, f"{watch.state}, {done} of {total} done when this was shown")
    if not watch.planned:
        return [said if watch.state == "planning" else f"{watch.state} while it was planned"]
    read = watch.bytes_read
    return [
        said,
        *([f"read {format_bytes(read)} at {format_bytes(watch.read_rate)}/s"] if read and watch.ended else []),
        *([_peak(watch)] if watch.state != "ready" else []),
    ]


def _peak(watch: Watch) -> str:
    """The most that was held; the budget may have been made smaller since."""
    between = " of" if watch.peak_bytes <= watch.budget_bytes else "; in the end the budget was"
    return f"peak {format_bytes(watch.peak_bytes)}{between} {format_bytes(watch.budget_bytes)}"


def summary_text(watch: Watch) -> str:
    """A run in a line.

    >>> import nbarray as nb
    >>> summary_text(Watch(nb.ones(4).start(memory="1MiB"), lambda: 0.0)).split(", ")[0]
    'run of full(1.0): not started'
    """
    error = f"; {watch.error.splitlines()[-1]}" if watch.error else ""
    return f"run of {watch.plan.label}: " + ", ".join(_ending(watch)) + error


def summary_html(watch: Watch) -> str:
    """A run in a few lines that any page can show: no style sheets, no SVG, bold words and a list."""
    said, *facts = _ending(watch)
    if watch.planned:
        tasks = (f"{o.name} {format_count(o.done)}/{format_count(o.tasks)}" for o in _shown(watch.operations))
        facts.append(f"tasks: {'; '.join(tasks)}")
    rows = [escape(fact) for fact in facts]
    if watch.error:
        rows.append(f'<code style="white-space:pre-wrap">{escape(watch.error)}</code>')
    head = f"<b>{escape(watch.plan.label)}: {escape(said)}</b>"
    return f"{head}<ul>{''.join(f'<li>{row}</li>' for row in rows)}</ul>" if rows else head
