"""Expressions and plans as indented plain text, a line for each operation.

This is what a terminal shows, what a notebook falls back on, and what a screen reader reads, so it
says all that the drawn graph says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from nbarray.display.facts import (
    blocks_of_text,
    clip,
    dtype_text,
    ends,
    file_text,
    label_text,
    operands,
    operations,
    shape_text,
)
from nbarray.expr.leaves import SourceArray
from nbarray.expr.node import Expr
from nbarray.expr.structure import View
from nbarray.expr.text import index_text
from nbarray.units import format_count

__all__ = ["expression_text"]

#: Lines of a text at most; what needs more can't be read as a text.
MOST_LINES = 60
#: Needed operations of one operation that are shown at most.
FAN = 4
#: Indentation stops growing here, so that long chains stay on the page.
DEEPEST = 16

_Line = tuple[int, Expr | None, str]


def _shared(exprs: Sequence[Expr]) -> set[Expr]:
    """The nodes that are needed more than once."""
    uses = Counter(child for node in operations(exprs) for child in operands(node))
    uses.update(exprs)
    return {node for node, count in uses.items() if count > 1}


def _name(node: Expr) -> str:
    """What an operation is called; a view with its index."""
    name = label_text(node)
    if not isinstance(node, View) or None in node.base.shape:
        return name
    return f"{name} {clip(index_text(node.placement, node.base.sizes), 40)}".rstrip()


def _lines(exprs: Sequence[Expr]) -> Iterator[_Line]:
    """Depth, node and name of each line; the node is None for a line that refers to others."""
    shared, numbers = _shared(exprs), dict[Expr, int]()
    stack: list[tuple[int, Expr | str]] = [(0, expr) for expr in reversed(exprs)]
    while stack:
        depth, node = stack.pop()
        if isinstance(node, str):
            yield depth, None, node
            continue
        name = _name(node)
        if node in numbers:
            yield depth, None, f"{name} #{numbers[node]}, as above"
            continue
        if node in shared:
            numbers[node] = len(numbers) + 1
            name += f" #{numbers[node]}"
        yield depth, node, name
        first, left_out, last = ends(operands(node), FAN)
        below: list[Expr | str] = [*first, *([f"… {format_count(left_out)} more"] if left_out else []), *last]
        stack.extend((depth + 1, child) for child in reversed(below))


def expression_text(exprs: Sequence[Expr]) -> str:
    """Expressions as indented lines, each operation above what it needs.

    What is needed twice is shown once, with a number, and referred to by it.

    exprs : the results, in the order they were asked for
    """
    rows: list[tuple[str, str, str]] = []
    shown = 0
    for depth, node, name in _lines(exprs):
        if len(rows) == MOST_LINES:
            total = len(operations(exprs))
            rows.append((f"… {format_count(total - shown)} more operations", "", ""))
            break
        head = "  " * min(depth, DEEPEST) + name
        if node is None:
            rows.append((head, "", ""))
            continue
        shown += 1
        rest = f"{dtype_text(node)}, {blocks_of_text(node)}"
        if isinstance(node, SourceArray) and node.reader.origin.path:
            rest += f", {file_text(node.reader.origin.path)}"
        rows.append((head, shape_text(node.shape), rest))
    full = [row for row in rows if row[2]]
    heads, shapes = (max((len(row[k]) for row in full), default=0) for k in (0, 1))
    return "\n".join(f"{head:{heads}}  {shape:{shapes}}  {rest}" if rest else head for head, shape, rest in rows)
