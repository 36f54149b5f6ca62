"""Expressions and the tasks of plans as graphs, in the DOT language.

An expression has a box for each operation, whatever its number of blocks.  A plan has a box for each
task as long as there are few; of many, the first ones of each operation are drawn and one more box
says how many others there are.  Data flows downwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nbarray.display import dot
from nbarray.display.facts import (
    array_bytes,
    blocks_of_text,
    bytes_text,
    clip,
    dtype_text,
    ends,
    file_text,
    label_text,
    members,
    operands,
    operations,
    shape_text,
)
from nbarray.display.protocols import PlanLike
from nbarray.display.shades import Shades
from nbarray.expr.leaves import SourceArray
from nbarray.expr.lowered import Lowered
from nbarray.expr.node import Expr
from nbarray.units import format_bytes, format_count, format_many

__all__ = ["expression_dot", "tasks_dot"]

#: Boxes of a graph: more can't be read in the width of a notebook.
MOST_NODES = 50
#: Needed operations of one operation, and tasks of one operation, that get a box of their own.
FAN = 4
MOST_TASKS = 8
#: Tasks of one operation that can be read beside each other in the width of a notebook.
MOST_BESIDE = 12
#: Operations listed in the box of a group.
MOST_MEMBERS = 9


def _expression_lines(expr: Expr) -> list[str]:
    """What the box of an operation says."""
    path = expr.reader.origin.path if isinstance(expr, SourceArray) else None
    return [
        label_text(expr),
        *_member_lines(members(expr)),
        file_text(path) if path else "",
        f"{shape_text(expr.shape)} {dtype_text(expr)}",
        blocks_of_text(expr),
        "folded as they come" if isinstance(expr, Lowered) and expr.gives_states else bytes_text(array_bytes(expr)),
    ]


def _member_lines(names: Sequence[str]) -> list[str]:
    """The operations of a group, one below the other, each run of the same once."""
    counted = [(name, len(list(run))) for name, run in groupby(names)]
    first, left_out, last = ends(counted, MOST_MEMBERS)
    lines = [f"· {clip(name, 30)}{f' × {count}' if count > 1 else ''}" for name, count in [*first, *last]]
    if left_out:
        lines.insert(len(first), f"· … {format_count(left_out)} more")
    return lines


@dataclass
class _Drawing:
    """A graph in the making: boxes by node, in the order they are met."""

    names: dict[Expr, str] = field(default_factory=dict)
    boxes: list[str] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)

    def add(self, expr: Expr) -> bool:
        """Draw a node unless it is there already."""
        if expr in self.names:
            return False
        self.names[expr] = f"n{len(self.names)}"
        self.boxes.append(dot.node(self.names[expr], _expression_lines(expr), expr.kind, bool(members(expr))))
        return True

    def stand_in(self, after: str, text: str) -> None:
        """Draw a frame for what is left out before `after`."""
        self.boxes.append(dot.left_out(f"m{after}", text))
        self.edges.append(dot.edge(f"m{after}", after, faint=True))


def expression_dot(exprs: Sequence[Expr], most_nodes: int = MOST_NODES) -> str:
    """Expressions as DOT text: a box an operation, with its shape, blocks and bytes.

    exprs : the results, drawn lowest
    most_nodes : operations drawn at most, those nearest to the results first
    """
    drawing = _Drawing()
    fresh = [expr for expr in exprs if drawing.add(expr)]
    for expr in fresh:  # grows while it is walked over: breadth first
        name = drawing.names[expr]
        first, left_out, last = ends(operands(expr), FAN)
        skipped = False
        for place, child in enumerate([*first, *last]):
            if left_out and place == len(first):
                drawing.stand_in(name, f"… {format_count(left_out)} more")
            if child not in drawing.names and len(drawing.names) >= most_nodes:
                skipped = True
                continue
            if drawing.add(child):
                fresh.append(child)
            drawing.edges.append(dot.edge(drawing.names[child], name))
        if skipped and not left_out:
            drawing.stand_in(name, "…")
    total = len(operations(exprs))
    note = f"{format_count(total - len(fresh))} of {format_count(total)} operations are not drawn"
    return dot.graph([*drawing.boxes, *drawing.edges, dot.caption(note if total > len(fresh) else "")])


def _tasks_drawn(counts: NDArray[np.integer[Any]], most_nodes: int) -> int:
    """How many tasks of each operation get a box, so that all boxes together are at most `most_nodes`."""
    if counts.sum() <= most_nodes and counts.max(initial=0) <= MOST_BESIDE:
        return int(counts.max(initial=0))
    for most in range(MOST_TASKS, 0, -1):
        if (np.minimum(counts, most) + (counts > most)).sum() <= most_nodes:
            return most
    return 0


def _places(plan: PlanLike, most: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The box of each task: its own number, or ``-1 - node`` where it shares its operation's; and the tasks drawn."""
    nodes = np.asarray(plan.task_node, np.int64)
    order = np.argsort(nodes, kind="stable")
    starts = np.searchsorted(nodes[order], np.arange(len(plan.nodes)))
    rank = np.empty(len(nodes), np.int64)
    rank[order] = np.arange(len(nodes)) - starts[nodes[order]]
    drawn = rank < most
    return np.where(drawn, np.arange(len(nodes)), -1 - nodes), np.flatnonzero(drawn)


def _edges_between(plan: PlanLike, places: NDArray[np.int64], names: Mapping[int, str]) -> list[str]:
    """An edge for each pair of named boxes of which one has a task that needs one of the other."""
    counts: NDArray[np.int64] = np.asarray(plan.dep_indptr[1:] - plan.dep_indptr[:-1], np.int64)
    before, after = places[np.asarray(plan.deps, np.int64)], np.repeat(places, counts)
    pairs = np.unique(np.stack([before, after], axis=1)[before != after], axis=0).tolist()
    return [
        dot.edge(names[one], names[other], faint=min(one, other) < 0)
        for one, other in pairs
        if one in names and other in names
    ]


def tasks_dot(plan: PlanLike, most_nodes: int = MOST_NODES, shades: Shades | None = None) -> str:
    """The tasks of a plan as DOT text, each with what it does and the bytes it gives.

    shades : the colour of each task and what it means; without, by kind of operation
    most_nodes : boxes drawn at most; where there are more tasks, the first of each operation are drawn and a
        box stands for the others.  With more operations than that, only the last ones have a box.
    """
    counts = np.bincount(np.asarray(plan.task_node, np.int64), minlength=len(plan.nodes))
    most = _tasks_drawn(counts, most_nodes)
    places, drawn = _places(plan, most)
    names, boxes = dict[int, str](), list[str]()
    for task in drawn.tolist():
        node = plan.nodes[int(plan.task_node[task])]
        names[task] = f"t{task}"
        nbytes = int(plan.task_bytes[task])  # none where it makes a part of a result
        lines = [clip(node.label, 36), f"task {task}", format_bytes(nbytes) if nbytes else ""]
        kind, said = (node.kind, "") if shades is None else shades.of(task)
        boxes.append(dot.node(names[task], [*lines, said], kind))
    for at in np.flatnonzero(counts > most).tolist()[-most_nodes:]:
        names[-1 - at] = f"g{at}"
        many = int(counts[at]) - most
        text = f"{format_many(many, 'more task' if most else 'task')}"
        boxes.append(dot.left_out(names[-1 - at], f"{clip(plan.nodes[at].label, 36)}\n{text}"))
    total = len(places)
    note = f"{format_count(total - len(drawn))} of {format_count(total)} tasks have no box of their own"
    notes = [note if total > len(drawn) else "", "" if shades is None else shades.legend]
    caption = dot.caption("\n".join(filter(None, notes)))
    return dot.graph([*boxes, *_edges_between(plan, places, names), caption])
