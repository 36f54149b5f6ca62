"""Which expressions are alike, and copies of them that keep no data alive.

Two expressions are alike if they do the same to the same arrays, readers and functions, written in the same places;
they may have been made at different times, the first being gone.  Not every kind of node can be told so: only those
of `_FACTS`, which hold nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any
from weakref import ref

from nbarray.expr.blocks import Contract, MapBlocks, UserFunction
from nbarray.expr.elementwise import Elementwise
from nbarray.expr.leaves import Arange, Eye, Filled, Random, Scalar, SourceArray
from nbarray.expr.node import Expr, place_of, remember_place
from nbarray.expr.reduce import Reduce
from nbarray.expr.structure import Concatenate, Rechunk, Reshape, View
from nbarray.expr.walk import postorder
from nbarray.io.memory import LentReader, MemoryReader
from nbarray.kernels.elementwise import ById
from nbarray.kernels.program import Constant, ObjectScalar

__all__ = ["Likeness", "holds_only", "lent", "likeness"]

#: Expressions of more nodes are not compared: looking at them takes a hundredth of planning, but all would be kept.
#: A year of daily files has two nodes a file.
MOST_NODES = 1024
#: Constants of more bytes are not kept.
MOST_BYTES = 1024

#: What tells a node from others of its kind, besides its children and what it holds by identity.
_FACTS: dict[type[Expr], Callable[[Any], Any]] = {
    Arange: attrgetter("start", "step", "of_dtype", "chunks"),
    Concatenate: attrgetter("axis"),
    Contract: attrgetter("stack", "depth", "of_dtype"),
    Elementwise: attrgetter("op", "of_dtype"),
    Eye: attrgetter("k", "of_dtype", "chunks"),
    Filled: attrgetter("value", "chunks"),
    MapBlocks: attrgetter("argument_chunks", "chunks", "axes", "of_dtype", "ghosts"),
    Random: attrgetter("draw", "of_dtype", "chunks"),
    Rechunk: attrgetter("chunks"),
    Reduce: attrgetter("name", "axes", "of_dtype", "params"),
    Reshape: attrgetter("chunks"),
    Scalar: attrgetter("constant"),
    SourceArray: attrgetter("chunks"),
    View: attrgetter("placement"),
}
_OF_FUNCTION = attrgetter(*(f.name for f in fields(UserFunction) if f.name not in ("function", "keywords")))


@dataclass(frozen=True, slots=True)
class Likeness:
    """What expressions that are alike have in common.

    key : equal for them; objects are numbers in it, which say something only as long as they exist
    objects : the arrays, readers and functions themselves
    nodes : how many there are
    """

    key: Hashable
    objects: tuple[Any, ...]
    nodes: int


def likeness(roots: Sequence[Expr]) -> Likeness | None:
    """What to know expressions by; None where that can't be told, or isn't worth it."""
    numbers: dict[Expr, int] = {}
    facts: list[Any] = []
    objects: list[Any] = []
    for expr in postorder(roots):
        of_kind = _FACTS.get(type(expr))
        if of_kind is None or len(numbers) >= MOST_NODES:
            return None
        if isinstance(expr, SourceArray | MapBlocks):
            held = _known(expr.held.value, objects)
            if held is None:
                return None
            facts.append(held)
        elif not expr.children or type(expr) is Elementwise:
            if not _is_plain(expr):
                return None
        facts.append((type(expr), of_kind(expr), place_of(expr), *[numbers[c] for c in expr.children]))
        numbers[expr] = len(numbers)
    return Likeness((*facts, *[numbers[r] for r in roots]), tuple(objects), len(numbers))


def _is_plain(expr: Expr) -> bool:
    """Whether constants and operations are known by their names and bytes."""
    if isinstance(expr, Elementwise):
        return expr.op.function is None
    values = expr.draw.params if isinstance(expr, Random) else vars(expr).values()
    if any(isinstance(value, ById) for value in values):
        return False
    raw = [value.raw for value in values if isinstance(value, Constant)]
    return not any(isinstance(r, ObjectScalar) or (isinstance(r, bytes) and len(r) > MOST_BYTES) for r in raw)


def _known(value: Any, objects: list[Any]) -> Hashable:
    """What tells a reader or a function from others; the object that this depends on is added to `objects`."""
    if isinstance(value, UserFunction):
        keywords = tuple((k, type(v), v) for k, v in value.keywords.items())
        if not all(v is None or isinstance(v, bool | int | float | str) for v in value.keywords.values()):
            return None
        objects.append(value.function)
        return id(value.function), repr(keywords), _OF_FUNCTION(value)
    if type(value) is MemoryReader:
        array = value.array
        assert array is not None
        objects.append(array)
        # whoever changes these in place has another array
        return id(array), array.dtype, array.strides
    objects.append(value)
    return id(value)


# ------------------------------------------------------------------------------------- copies that keep nothing


class _Lent(ById):
    """Holds what somebody else keeps alive; equal only to itself."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @property
    def value(self) -> Any:
        return self._make()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


def lent(roots: Sequence[Expr]) -> tuple[tuple[Expr, ...], frozenset[ById]]:
    """Copies of expressions that have a likeness, which keep none of its objects alive; and what holds those.

    To be called, and its result to be used, inside `among_themselves`.  Whoever uses what is made of the copies keeps
    the expressions themselves for as long.  Raises TypeError for objects that can't be referred to weakly.
    """
    made: dict[Expr, Expr] = {}
    held: dict[int, ById] = {}
    for expr in postorder(roots):
        values = [_copied(getattr(expr, name), made, held) for name in expr.field_names]
        made[expr] = type(expr)(*values)
        remember_place(made[expr], place_of(expr))
    return tuple(made[r] for r in roots), frozenset(held.values())


def _copied(value: Any, made: dict[Expr, Expr], held: dict[int, ById]) -> Any:
    if isinstance(value, Expr):
        return made[value]
    if isinstance(value, tuple) and any(isinstance(v, Expr) for v in value):
        return tuple(made[v] for v in value)
    if isinstance(value, ById):
        if id(value.value) not in held:
            held[id(value.value)] = _lent(value.value)
        return held[id(value.value)]
    return value


def _lent(value: Any) -> ById:
    if isinstance(value, UserFunction):
        function, others = ref(value.function), replace(value, function=None)
        return _Lent(lambda: replace(others, function=function()))
    if type(value) is MemoryReader:
        return ById(LentReader(value))
    return _Lent(ref(value))


def holds_only(nodes: Sequence[Expr], held: frozenset[ById]) -> bool:
    """Whether nodes, and all that they are made of, hold nothing by identity but what is `held`."""
    for expr in postorder(nodes):
        for name in expr.field_names:
            value = getattr(expr, name)
            if isinstance(value, ById) and value not in held:
                return False
    return True
