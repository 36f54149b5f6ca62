"""The text form of expressions: one for logical and lowered nodes alike.

    multiply(#1=view(source x (6, 8) float64 in (3, 4))[2:], #1)

A leaf says what it is, its shape and dtype, and its chunks where it is cut; an operation has its operands
in brackets, and views show their index behind, as NumPy writes it.  What is needed more than once has a
number where it stands first and is referred to by it, so that the text is as short as the expression and
equal expressions have equal texts.  This file knows nothing of rules, plans or pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from nbarray.expr.blocks import Compress, Contract, MapBlocks, Select
from nbarray.expr.elementwise import Elementwise
from nbarray.expr.leaves import Arange, Eye, Filled, Scalar, SourceArray
from nbarray.expr.lowered import Lowered
from nbarray.expr.node import Expr
from nbarray.expr.picking import Assign, Take, TakeLater
from nbarray.expr.reduce import Reduce
from nbarray.expr.structure import Concatenate, Rechunk, Reshape, View
from nbarray.grid.chunks import AxisChunks, Chunks
from nbarray.grid.regions import AxisMap, Placement
from nbarray.kernels.program import Constant

__all__ = ["SHORT", "expr_text", "index_text"]

#: Characters that fit where an expression is one thing among others, such as in an event.
SHORT = 400

#: Characters of a line in the indented form.
LINE = 96

#: What stands between brackets: a node, a text, or a node with a name.
_Piece = Expr | str | tuple[str, Expr]


def expr_text(expr: Expr, most: int | None = None, indent: bool = False) -> str:
    """An expression as text.

    most : characters at most; what comes after is left out, without being looked at
    indent : what doesn't fit on a line has each operand on a line of its own, indented

    >>> import numpy as np
    >>> from nbarray.expr.leaves import Arange
    >>> from nbarray.grid.chunks import Chunks, regular
    >>> x = Arange(Constant.of(0), Constant.of(2), np.dtype(int), Chunks((regular(9, 4),)))
    >>> expr_text(Reduce("sum", x, (0,), None, np.dtype(int), ()))
    'sum(arange (9,) int64 in (4,) from 0 by 2, axis=0)'
    """
    numbers = _shared(expr, most)
    parts: list[str] = []
    length = 0
    for part in _written(expr, numbers, indent):
        parts.append(part)
        length += len(part)
        if most is not None and length > most:
            return "".join(parts)[: most - 1] + "…"
    return "".join(parts)


def _shared(root: Expr, most: int | None) -> dict[Expr, int]:
    """Numbers, all 0 as yet, for nodes needed more than once among those that the text has room for."""
    room = None if most is None else most // 4  # few nodes are written in less
    seen: set[Expr] = set()
    shared: dict[Expr, int] = {}
    stack = [root]
    while stack and (room is None or len(seen) < room):
        expr = stack.pop()
        if expr in seen:
            shared[expr] = 0
            continue
        seen.add(expr)
        stack.extend(c for c in reversed(expr.children[:room]) if not isinstance(c, Scalar))
    return shared


def _written(root: Expr, numbers: dict[Expr, int], indent: bool) -> Iterator[str]:
    """The text, piece by piece; expressions are deeper than Python can nest calls."""
    stack: list[tuple[int, Expr | str]] = [(0, root)]
    used = 0
    while stack:
        depth, piece = stack.pop()
        if isinstance(piece, str):
            yield piece
            continue
        if numbers.get(piece):
            yield f"#{numbers[piece]}"
            continue
        if piece in numbers:
            used += 1
            numbers[piece] = used
            yield f"#{used}="
        stack.extend(reversed(list(_laid_out(piece, depth, indent))))


def _laid_out(expr: Expr, depth: int, indent: bool) -> Iterator[tuple[int, Expr | str]]:
    """What a node is written as: texts and operands, with line breaks before operands if wanted."""
    head, pieces, tail = _form(expr)
    inline = not indent or isinstance(expr, View) or _fits(expr, LINE - 2 * depth)
    yield depth, head
    for k, piece in enumerate(pieces):
        name, operand = piece if isinstance(piece, tuple) else ("", piece)
        if inline or isinstance(operand, str | Scalar):
            yield depth, (", " if k else "") + name
        else:
            yield depth, ("," if k else "") + "\n" + "  " * (depth + 1) + name
        yield depth + (not inline), operand
    yield depth, tail


def _fits(expr: Expr, width: int) -> bool:
    return width > 0 and len(expr_text(expr, width)) < width


_Form = tuple[str, Sequence[_Piece], str]


def _form(expr: Expr) -> _Form:
    """What stands before the operands, the operands, and what stands behind."""
    make = _FORMS.get(type(expr))
    if make is not None:
        return make(expr)
    if isinstance(expr, Lowered):
        return f"{expr.label} {_tasks_text(expr.chunks)}(", expr.operands, ")"
    if not expr.children:
        return _leaf(expr.label, expr), (), ""
    return f"{expr.label}(", expr.children, ")"


def _tasks_text(chunks: Chunks) -> str:
    return f"[{chunks.nblocks} task{'s' * (chunks.nblocks != 1)} of {_chunks_text(chunks)}]"


def _leaf(name: str, expr: Expr, more: str = "") -> str:
    cut = f" in {_chunks_text(expr.chunks)}" if expr.chunks.nblocks > 1 else ""
    return f"{name} {_tuple_text(expr.shape)} {expr.dtype}{cut}{more}"


def _tuple_text(items: Sequence[Any]) -> str:
    texts = ["?" if item is None else str(item) for item in items]
    return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"


def _axis_text(axis: AxisChunks) -> str:
    if axis.explicit is None:
        return str(axis.largest)
    sizes = axis.first(4)
    return "+".join(map(str, sizes)) + (f"+… {axis.count} chunks" if axis.count > len(sizes) else "")


def _chunks_text(chunks: Chunks) -> str:
    return _tuple_text([_axis_text(axis) for axis in chunks.axes])


def _number(constant: Constant) -> str:
    """A Python number as it is, a NumPy scalar with its dtype."""
    return repr(constant.value) if constant.dtype is None else f"{constant.dtype}({constant})"


def _axes_text(axes: Sequence[int]) -> str:
    return f"axis={axes[0]}" if len(axes) == 1 else f"axis={_tuple_text(axes)}"


# --------------------------------------------------------------------------------------------- views


def _slice_text(m: AxisMap, size: int) -> str:
    """The slice that an axis map stands for on an axis of `size` elements."""
    if m.size == 0:
        return "0:0"
    step = m.step or 1
    end = m.start + step * (1 if m.step == 0 else m.size)
    if step > 0:
        first, stop = ("" if m.start == 0 else str(m.start)), ("" if end >= size else str(end))
    else:
        first, stop = ("" if m.start == size - 1 else str(m.start)), ("" if end < 0 else str(end))
    return f"{first}:{stop}" + (f":{step}" if step != 1 else "")


def index_text(placement: Placement, shape: Sequence[int]) -> str:
    """A view on an array of `shape` as NumPy writes it.

    >>> index_text(Placement((AxisMap(1, 0, 2, 4), AxisMap(-1, 0, 0, 1)), ((0, 5),)), (9, 8))
    '[5, ::2, None]'
    >>> index_text(Placement((AxisMap(1, 0, 1, 8), AxisMap(0, 8, -1, 9))), (9, 8))
    '[::-1].transpose(1, 0)'
    """
    items: list[str] = [":"] * len(shape)
    for axis, position in placement.fixed:
        items[axis] = str(position)
    shown = [m.axis for m in placement.axes if m.axis >= 0]
    for m in placement.axes:
        if m.axis >= 0:
            items[m.axis] = _slice_text(m, shape[m.axis])
    order = sorted(shown)
    new = [m.axis < 0 for m in placement.axes]
    moved = "" if shown == order else f".transpose{_tuple_text([order.index(a) for a in shown])}"
    behind = ""
    if any(new) and not moved:
        items = _with_new_axes(items, placement)
    elif any(new):
        behind = "[" + ", ".join(_trimmed(["None" if n else ":" for n in new])) + "]"
    text = ", ".join(_trimmed(items))
    spread = f".broadcast_to({_tuple_text(placement.shape)})" if any(m.repeats for m in placement.axes) else ""
    return (f"[{text}]" if text else "") + moved + behind + spread


def _trimmed(items: list[str]) -> list[str]:
    """Without the full slices at the end."""
    end = len(items)
    while end and items[end - 1] == ":":
        end -= 1
    return items[:end]


def _with_new_axes(items: list[str], placement: Placement) -> list[str]:
    """The items of an index, with None before the axis that each new one precedes."""
    made: list[str] = []
    at = 0
    for m in placement.axes:
        if m.axis < 0:
            made.append("None")
        else:
            made.extend(items[at : m.axis + 1])
            at = m.axis + 1
    return [*made, *items[at:]]


def _view(expr: View) -> _Form:
    return "view(", (expr.base,), ")" + (index_text(expr.placement, expr.base.sizes) or "[...]")


# ---------------------------------------------------------------------------------------- other nodes


def _elementwise(expr: Elementwise) -> _Form:
    if expr.op.name == "cast":
        return "astype(", (*expr.args, str(expr.dtype)), ")"
    options: dict[str, Any] = {} if expr.op.name == "unpack" else dict(expr.op.params)  # type: ignore[arg-type]
    params = [f"{name}={value}" for name, value in options.items()]
    return f"{expr.op.label}(", (*expr.args, *params), ")"


def _reduce(expr: Reduce) -> _Form:
    params = [f"{name}={value}" for name, value in expr.params if name != "on_nothing"]
    skip = [] if expr.skip is None else [("skip=", expr.skip)]
    return f"{expr.name}(", (expr.base, _axes_text(expr.axes), *skip, *params), ")"


def _take(expr: Take) -> _Form:
    listed = [_positions_text(p) for p in expr.positions]
    return "take(", (expr.base, *listed, _axes_text(expr.axes)), ")"


def _positions_text(positions: np.ndarray[Any, Any]) -> str:
    some = [str(p) for p in positions.ravel()[:8].tolist()]
    left_out = positions.size - len(some)
    shape = f" of shape {positions.shape}" if positions.ndim != 1 else ""
    return f"[{', '.join([*some, *([f'… {left_out} more'] if left_out else [])])}]{shape}"


def _assign(expr: Assign) -> _Form:
    axes = [_axes_text(expr.axes)] if expr.axes else []
    listed = [_positions_text(p) for p in expr.positions]
    parts = [f"{a}:{a + s * n}:{s}" for a, s, n in expr.parts]
    return "assign(", (expr.base, "[" + ", ".join([*listed, *parts]) + "]", *axes, expr.value), ")"


def _contract(expr: Contract) -> _Form:
    more = [f"{k}={v}" for k, v, usual in (("stack", expr.stack, 0), ("depth", expr.depth, 1)) if v != usual]
    return "matmul(", (expr.left, expr.right, *more), ")"


_FORMS: dict[type[Expr], Callable[[Any], _Form]] = {
    SourceArray: lambda e: (_leaf(f"source {e.label}", e), (), ""),
    Scalar: lambda e: (_number(e.constant), (), ""),
    Filled: lambda e: (_leaf("full", e, f" of {e.value}"), (), ""),
    Arange: lambda e: (_leaf("arange", e, f" from {e.start.value} by {e.step.value}"), (), ""),
    Eye: lambda e: (_leaf("eye", e, f" on diagonal {e.k}" if e.k else ""), (), ""),
    Elementwise: _elementwise,
    Reduce: _reduce,
    View: _view,
    Concatenate: lambda e: ("concatenate(", (*e.parts, _axes_text((e.axis,))), ")"),
    Rechunk: lambda e: ("rechunk(", (e.base, _chunks_text(e.chunks)), ")"),
    Reshape: lambda e: ("reshape(", (e.base, _tuple_text(e.shape)), ")"),
    Take: _take,
    TakeLater: lambda e: ("take(", (e.base, *e.indices, _axes_text(e.axes)), ")"),
    Assign: _assign,
    MapBlocks: lambda e: ("map_blocks(", (e.held.value.name, *e.args), ")"),
    Contract: _contract,
    Select: lambda e: ("select(", (e.base, e.mask), ")"),
    Compress: lambda e: ("select(", (e.base, e.mask, f"size={e.shape[0]}"), ")"),
}
