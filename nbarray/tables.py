"""Tables as HTML that are tables wherever a notebook is shown.

Pages of nbconvert's that are sanitized know rows and cells, and show every other tag of a table as text; GitHub's
keep no styles.  So a heading is a bold cell whose role says what it is.  Colours are the page's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["row_html", "rows_html", "table_html", "titled_html"]

_STYLE = "border-collapse:collapse;margin:0 0 8px 0"
_WORDS = "text-align:left;padding:2px 18px 2px 0;vertical-align:top"
_NUMBER = "text-align:right;padding:2px 18px 2px 0;vertical-align:top;white-space:nowrap"
_TITLE = "text-align:left;padding:2px 0 6px 0;font-weight:bold"


def row_html(cells: Iterable[str], styles: Iterable[str], heads: bool = False) -> str:
    """A row of cells that are HTML already.

    heads : they are the headings of their columns

    >>> row_html(["<i>a</i>"], ["padding:0"])
    '<tr><td style="padding:0"><i>a</i></td></tr>'
    """
    if heads:
        made = (
            f'<td role="columnheader" style="{style};opacity:.65"><strong>{cell}</strong></td>'
            for cell, style in zip(cells, styles, strict=True)
        )
    else:
        made = (f'<td style="{style}">{cell}</td>' for cell, style in zip(cells, styles, strict=True))
    return f"<tr>{''.join(made)}</tr>"


def rows_html(rows: Iterable[str]) -> str:
    """A table of rows that are HTML."""
    return f'<table style="{_STYLE}">{"".join(rows)}</table>'


def table_html(rows: Sequence[Sequence[str]]) -> str:
    """Texts as a table: the first row are headings, unless all of them are empty; the last column holds words, the
    others numbers.

    >>> table_html([("", ""), ("3", "a < b")]).count("<tr>")
    1
    """
    styles = [*[_NUMBER] * (len(rows[0]) - 1), _WORDS]
    heads = [row_html(map(escape, rows[0]), styles, heads=True)] if any(rows[0]) else []
    return rows_html([*heads, *(row_html(map(escape, row), styles) for row in rows[1:])])


def titled_html(title: str, tables: Iterable[str]) -> str:
    """Tables below a title, which is text."""
    head = f'<div style="{_TITLE}"><strong>{escape(title)}</strong></div>'
    return f'<div style="padding:4px 0">{head}{"".join(tables)}</div>'
