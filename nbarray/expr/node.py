"""What every node of an expression is: frozen, interned, and sure of its shape, dtype and chunks.

Two nodes made from equal fields are the same object, so equality is identity and common
subexpressions vanish by themselves.  Fields that Python would confuse (1 and True) or can't hash
(arrays, readers) come wrapped, see `kernels.program.Constant` and `kernels.elementwise.ById`.
Where in the user's code a node was made is noted on it, and is no part of what it is.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import FrozenInstanceError
from typing import Any, ClassVar, NoReturn, TypeVar, dataclass_transform
from weakref import WeakValueDictionary

import numpy as np

from nbarray.errors import UnknownSize
from nbarray.grid.chunks import Chunks
from nbarray.provenance import Place

__all__ = ["Expr", "among_themselves", "node", "place_of", "remember_place"]

T = TypeVar("T")


class _Own(threading.local):
    """Where this thread looks for nodes that exist already, if not among all."""

    nodes: dict[Any, Any] | None = None


_own = _Own()
#: how many threads have nodes of their own: asking each time is dearer than looking for a node
_apart = 0


@contextlib.contextmanager
def among_themselves() -> Iterator[None]:
    """Nodes that this thread makes inside the block are shared among themselves and with no others.

    What is kept of them keeps no others, and nobody else comes upon them: neither on them nor on their places.
    """
    global _apart
    before, _own.nodes = _own.nodes, {}
    with _Interned._lock:
        _apart += 1
    try:
        yield
    finally:
        with _Interned._lock:
            _apart -= 1
        _own.nodes = before


class _Interned(type):
    """Calling a node class gives the existing node with the same fields, if there is one."""

    _table: ClassVar[WeakValueDictionary[Any, Any]] = WeakValueDictionary()
    _lock: ClassVar[threading.RLock] = threading.RLock()

    def __call__(cls, *args: Any) -> Any:
        key = (cls, args)
        if _apart and (own := _own.nodes) is not None:
            if key not in own:
                own[key] = super().__call__(*args)
            return own[key]
        with _Interned._lock:
            known = _Interned._table.data.get(key)  # type: ignore[attr-defined]  # as `get` does, in half of the time
            found = None if known is None else known()
            if found is None:
                found = super().__call__(*args)
                _Interned._table[key] = found
            return found


@dataclass_transform(frozen_default=True, eq_default=False)
def node(cls: type[T]) -> type[T]:
    """Make a class a node: its annotations are its fields, as in a frozen dataclass whose equality is identity.

    A dataclass would compile an `__init__` for each of many classes, which takes as long as all else in them.
    """
    own = [n for n, kind in vars(cls).get("__annotations__", {}).items() if not str(kind).startswith("ClassVar")]
    names = (*cls.field_names, *own)  # type: ignore[attr-defined]
    cls.field_names = names  # type: ignore[attr-defined]
    cls.__match_args__ = names  # type: ignore[misc, attr-defined]
    return cls


class Expr(metaclass=_Interned):
    """A node.  Subclasses settle `shape`, `dtype`, `chunks` and `masked` in `settle`.

    A size of None in `shape` depends on values and isn't known.
    """

    kind: ClassVar[str] = "expr"
    #: whether its blocks are kept between tasks, whoever uses them
    stored: ClassVar[bool] = False
    #: the fields of the class, in the order in which it takes them
    field_names: ClassVar[tuple[str, ...]] = ()

    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]
    chunks: Chunks
    masked: bool
    children: tuple[Expr, ...]
    #: where in the user's code it was made; no part of what it is
    _place: Place | None = None
    #: whether that is where what it belongs to was made
    _inherits: bool = False

    def __init__(self, *values: Any) -> None:
        names = self.field_names
        if len(values) > len(names) or any(not hasattr(type(self), n) for n in names[len(values) :]):
            raise TypeError(f"{type(self).__name__} takes {', '.join(names)}, and was given {len(values)} values")
        facts = self.__dict__  # what is frozen is set here, and nowhere else
        facts.update(zip(names, values, strict=False))  # the others have defaults, in the class
        facts["children"] = children = _nodes_in(values)
        for child in children:
            if None in child.shape:
                name = type(self).__name__.lower()
                raise UnknownSize(f"{name} of an array whose size depends on values needs the size: ask for its shape")
        facts.update(self.settle())

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def settle(self) -> dict[str, Any]:
        """What follows from the fields; raises where they don't fit each other."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """What people call the operation."""
        return type(self).__name__.lower()

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape, for nodes whose sizes are all known."""
        assert None not in self.shape, f"{self!r} has sizes that depend on values"
        return self.shape  # type: ignore[return-value]

    def rebuild(self, change: Callable[[Expr], Expr]) -> Expr:
        """This node with `change` applied to its children; itself if nothing changes."""
        values: list[Any] = []
        changed = False
        for name in self.field_names:
            value = getattr(self, name)
            if isinstance(value, Expr):
                after = change(value)
                changed |= after is not value
                value = after
            elif isinstance(value, tuple) and any(isinstance(v, Expr) for v in value):
                members = tuple(change(v) if isinstance(v, Expr) else v for v in value)
                changed |= any(a is not v for a, v in zip(members, value, strict=True))
                value = members
            values.append(value)
        if not changed:
            return self
        result: Expr = type(self)(*values)
        return result

    def __repr__(self) -> str:
        return f"<{self.label} {self.shape} {self.dtype}>"


def _nodes_in(values: Sequence[Any]) -> tuple[Expr, ...]:
    """The nodes among values, and in tuples among them."""
    found: list[Expr] = []
    for value in values:
        if isinstance(value, Expr):
            found.append(value)
        elif isinstance(value, tuple):
            found += [v for v in value if isinstance(v, Expr)]
    return tuple(found)


def remember_place(expr: Expr, place: Place | None, *, written: bool = False) -> None:
    """Note where in the user's code a node was made, and what it is made of that has no place yet; the first stays.

    written : the user's code has just made it there.  That counts more than where the same was written before, as in a
        cell that was changed and runs again; but what holds data stays where it was taken
    """
    old = expr._place
    if place is None or place == old:
        return
    if old is not None and not expr._inherits and not (written and expr.children):
        return
    todo = [expr]
    while todo:
        node = todo.pop()
        if node is expr or node._place is None or (node._inherits and node._place == old):
            node.__dict__.update(_place=place, _inherits=not written or node is not expr)
            todo += node.children


def place_of(expr: Expr) -> Place | None:
    """Where in the user's code a node was made, if known."""
    return expr._place


def settled(shape: Sequence[int | None], dtype: Any, chunks: Chunks, masked: bool) -> dict[str, Any]:
    """The four things a node settles."""
    return {"shape": tuple(shape), "dtype": np.dtype(dtype), "chunks": chunks, "masked": masked}
