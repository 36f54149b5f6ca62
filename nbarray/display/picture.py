"""A drawn graph as an object: shown in a notebook, saved to a file, read as text.

It is drawn when it is first looked at, and showing it never fails: where nothing can draw, the
notebook gets the reason and the DOT text instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from nbarray.display.dot import DARK_STYLE
from nbarray.display.facts import clip, label_text
from nbarray.display.graph import MOST_NODES, expression_dot, tasks_dot
from nbarray.display.html import svg_image
from nbarray.display.protocols import PlanLike
from nbarray.display.render import FORMATS, render
from nbarray.display.shades import Shades
from nbarray.display.text import expression_text
from nbarray.errors import InputError, MissingFile, NBArrayError
from nbarray.expr.node import Expr
from nbarray.units import format_bytes, format_count, format_many

__all__ = ["Picture", "expression_picture", "tasks_picture"]

#: Bytes of an SVG above which a notebook gets the smaller graph.
MOST_SVG_BYTES = 400_000
#: Characters of DOT text shown where nothing can draw it.
MOST_DOT = 20_000


def _dress(svg: str) -> str:
    """Give an SVG from Graphviz our style for dark pages."""
    start = svg.find("<svg")
    end = svg.find(">", start) + 1
    return svg[start:end] + DARK_STYLE + svg[end:] if start >= 0 else svg


class Picture:
    """A graph that shows itself in notebooks.

    dot : the graph in the DOT language
    text : the same as indented lines
    """

    def __init__(self, dot: str, text: str, alt: str, smaller: Callable[[], str] | None = None) -> None:
        """`alt` says in a line what is drawn; `smaller` gives the DOT text of a graph with fewer boxes."""
        self.dot = dot
        self.text = text
        self._alt = alt
        self._smaller = smaller

    @cached_property
    def svg(self) -> str:
        """The graph as SVG.  Raises MissingProgram where nothing can draw it."""
        return _dress(render(self.dot, "svg").decode())

    def save(self, filename: str | os.PathLike[str]) -> Path:
        """Write the graph to a file: SVG, PNG, PDF or DOT text, by the file's suffix.

        Raises InputError for another suffix, MissingFile for a directory that isn't there, and
        MissingProgram where nothing can draw it; then nothing is written.
        """
        path = Path(filename)
        form = path.suffix.lower().removeprefix(".")
        if form not in (*FORMATS, "dot", "gv"):
            expected = ", ".join(f".{known}" for known in (*FORMATS, "dot"))
            raise InputError(
                f"can't tell from {path.name!r} how to save a graph; give it one of the suffixes {expected}"
            )
        if not path.parent.is_dir():
            raise MissingFile(f"can't save {path.name!r}: there is no directory {str(path.parent)!r}; make it first")
        if form in ("dot", "gv"):
            path.write_text(self.dot, encoding="utf-8")
        elif form == "svg":
            path.write_text(self.svg, encoding="utf-8")
        else:
            path.write_bytes(render(self.dot, form))
        return path

    def _html(self) -> str:
        """The graph as an image; a smaller one with a note where it would be too large for a notebook."""
        svg, note = self.svg, ""
        if len(svg) > MOST_SVG_BYTES and self._smaller is not None:
            size = format_bytes(len(svg))
            note = (
                f"<div>A smaller graph is shown, as the whole one takes {size}; save(...) writes the whole one.</div>"
            )
            svg = _dress(render(self._smaller(), "svg").decode())
        return svg_image(svg, self._alt, style="max-width:100%") + note

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: an image, or why there is none, beside the plain text."""
        try:
            html = self._html()
        except Exception as error:  # a repr that raises would hide the value it is of
            why = str(error) if isinstance(error, NBArrayError) else f"{type(error).__name__}: {error}"
            html = f"<div>{escape(why)}</div><pre>{escape(self.dot[:MOST_DOT])}</pre>"
        return {"text/html": html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def expression_picture(exprs: Sequence[Expr], most_nodes: int = MOST_NODES) -> Picture:
    """Expressions as a graph with a box an operation.

    exprs : the results
    most_nodes : operations drawn at most
    """
    names = ", ".join(label_text(expr) for expr in exprs[:3])
    return Picture(
        expression_dot(exprs, most_nodes),
        expression_text(exprs),
        f"Graph of the operations that give {names}",
        lambda: expression_dot(exprs),
    )


def tasks_picture(plan: PlanLike, most_nodes: int = MOST_NODES, shades: Shades | None = None) -> Picture:
    """The tasks of a plan as a graph.

    most_nodes : boxes drawn at most, some of which stand for many tasks
    shades : the colours of tasks; without, by kind of operation
    """
    counts = np.bincount(np.asarray(plan.task_node, np.int64), minlength=len(plan.nodes)).tolist()
    lines = [
        f"{format_count(count):>9}  {clip(node.label, 60)}" for node, count in zip(plan.nodes, counts, strict=True)
    ]
    total = format_count(sum(counts))
    return Picture(
        tasks_dot(plan, most_nodes, shades),
        "\n".join([f"{total:>9}  tasks", *lines]),
        f"Graph of {format_many(sum(counts), 'task')} of {format_many(len(counts), 'operation')}",
        lambda: tasks_dot(plan, shades=shades),
    )
