"""An array in a notebook, as a table beside its chunk grid, and in one line of text.

What a notebook from somebody else may show is narrow: no style sheets, no inline SVG, no page
variables.  So the picture is an image with its own colours, the table takes its colours from the page,
and every style is a plain inline one.  Pages of nbconvert's that are sanitized, and GitHub's, keep no style at all,
and the former show the tags of tables as text; so the table is a list that can be read without styles.
All of it stays under five kilobytes, whatever the array.
"""

from __future__ import annotations

import base64
from html import escape

from nbarray.display.chunk_grid import grid_svg
from nbarray.display.cuts import read_cost
from nbarray.display.facts import (
    array_bytes,
    block_bytes,
    block_counts,
    blocks_text,
    bytes_text,
    chunk_shape_text,
    clip,
    dtype_text,
    name_text,
    operands,
    operations,
    product_text,
    shape_text,
    source_texts,
)
from nbarray.expr.node import Expr
from nbarray.units import format_count

__all__ = ["array_html", "array_text", "grid_alt", "svg_image"]

_MOST_BYTES = 5000
#: A class that JupyterLab's style sheet hides, also in the pages that nbconvert makes.
_HIDDEN = "jp-FileSize-hidden"
_OUTER = "display:flex;flex-wrap:wrap;align-items:center;gap:12px 32px;padding:4px 0"
_TITLE = "padding:2px 0 6px 0"
_LIST = "display:table;list-style-type:none;margin:0;padding:0"
_NAME = "display:table-cell;padding:2px 18px 2px 0;font-weight:400;opacity:.65"


def array_text(expr: Expr) -> str:
    """An array in one line: shape, dtype, chunks, blocks and bytes."""
    chunks = chunk_shape_text(expr.chunks, expr.shape)
    size = f"{blocks_text(expr.chunks, expr.shape)}, {bytes_text(array_bytes(expr))}"
    return f"nbarray.Array(shape={shape_text(expr.shape)}, dtype={dtype_text(expr)}, chunks={chunks}, {size})"


def svg_image(svg: str | bytes, alt: str, style: str = "") -> str:
    """An ``<img>`` that holds an SVG picture; the only form that every front end shows, trusted or not.

    A page that nbconvert sanitizes has no images, shows their tags as text and knows no styles but its own, one of
    which hides that text; what the picture shows stands there in words, as below the picture where there are no styles.
    """
    data = base64.b64encode(svg.encode() if isinstance(svg, str) else svg).decode()
    styled = f' style="{style}"' if style else ""
    image = f'<img alt="{escape(alt)}"{styled} src="data:image/svg+xml;base64,{data}">'
    words = f'<i style="display:none">{escape(alt)}</i>'
    return f'<div class="{_HIDDEN}" style="display:block">{image}</div>{words}'


def grid_alt(expr: Expr) -> str:
    """What the picture of the chunk grid shows, in words."""
    if not expr.shape:
        return "Chunk grid of an array without axes: 1 value in 1 block"
    noun = "block" if _blocks(expr) == "1" else "blocks"
    each = chunk_shape_text(expr.chunks, expr.shape)
    return f"Chunk grid of an array of shape {shape_text(expr.shape)}: {_blocks(expr)} {noun} of shape {each}"


def _blocks(expr: Expr) -> str:
    """How many blocks there are: ``11 712 = 366 × 4 × 8``."""
    counts = block_counts(expr.chunks, expr.shape)
    product = product_text(counts, " × ")
    if None in counts:
        return product
    total = format_count(expr.chunks.nblocks)
    return f"{total} = {product}" if len(counts) > 1 and expr.chunks.nblocks > 1 else total


def _rows(expr: Expr, most_sources: int) -> list[tuple[str, list[str]]]:
    """The table: the name of each row and the lines of its value, not yet escaped."""
    each = f", {bytes_text(block_bytes(expr))} each" if expr.shape and None not in expr.shape else ""
    rows = [
        ("Shape", [shape_text(expr.shape)]),
        ("Chunks", [chunk_shape_text(expr.chunks, expr.shape) + each]),
        ("Blocks", [_blocks(expr)]),
        ("Bytes", [bytes_text(array_bytes(expr))]),
        ("Data type", [dtype_text(expr)]),
        ("Source", source_texts(expr, most_sources)),
        ("Reading", _read_texts(expr)),
    ]
    count = sum(1 for node in operations([expr]) if operands(node))
    if count:
        rows.append(("Operations", [format_count(count)]))
    return [(name, lines) for name, lines in rows if lines]


def _read_texts(expr: Expr) -> list[str]:
    """How many times too much is decoded where blocks are read one by one, and which chunks would be better."""
    cost = read_cost(expr)
    if cost is None:
        return []
    times = f"{cost.factor:.0f}" if cost.factor >= 10 else f"{cost.factor:.1f}"
    return [f"×{times} if read block by block: chunks cut stored chunks", f"chunks={shape_text(cost.whole)} would not"]


def _table(expr: Expr, title: str, most_sources: int) -> str:
    """The rows below their title: a list of bold names and values that looks like a table."""
    rows = (
        f'<li style="display:table-row"><b style="{_NAME}">{"" if k else name}</b> {escape(line)}</li>'
        for name, lines in _rows(expr, most_sources)
        for k, line in enumerate(lines)
    )
    head = f'<div style="{_TITLE}"><b>nbarray.Array</b> <code>{escape(title)}</code></div>'
    return f'<div>{head}<ul style="{_LIST}">{"".join(rows)}</ul></div>'


def array_html(expr: Expr, name: str | None = None) -> str:
    """An array as a table beside its chunk grid: HTML of at most 5 kB.

    name : what to call it in the title; without one, the label of its last operation
    """
    title = name if name is not None else name_text(expr)
    for most_sources, letters in ((2, 40), (1, 40), (0, 16)):  # the others are for names full of quotes
        picture = svg_image(grid_svg(expr.chunks, expr.shape, copies=most_sources > 0), grid_alt(expr))
        table = _table(expr, clip(title, letters), most_sources)
        html = f'<div style="{_OUTER}">{table}<div>{picture}</div></div>'
        if len(html.encode()) <= _MOST_BYTES:
            break
    return html
