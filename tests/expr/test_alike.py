"""Expressions are alike if they do the same to the same things, written in the same places."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any
from weakref import ref

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray.expr.alike import _FACTS, MOST_NODES, holds_only, lent, likeness
from nbarray.expr.node import Expr, among_themselves
from nbarray.expr.walk import postorder
from nbarray.kernels.elementwise import ById

A = np.arange(20.0).reshape(4, 5)


def double(block: Any) -> Any:
    """A function of blocks."""
    return block * 2


def adding(seen: Any) -> Callable[[Any], Any]:
    """A function that keeps an array."""
    return lambda block: block + seen


def key(x: nb.Array) -> Any:
    """What an array is known by."""
    found = likeness([x.expr])
    return None if found is None else found.key


ALIKE: dict[str, Callable[[], nb.Array]] = {
    "source": lambda: nb.from_array(A, chunks=2),
    "elementwise": lambda: (nb.from_array(A) + 1) * 2.5,
    "reduced": lambda: nb.from_array(A, chunks=3).std(axis=0, ddof=1),
    "views": lambda: nb.from_array(A).T[1:, None, ::2],
    "joined": lambda: nb.concatenate([nb.from_array(A), nb.ones((2, 5))]),
    "reshaped": lambda: nb.arange(20, chunks=6).reshape(4, 5).rechunk(2),
    "product": lambda: nb.from_array(A) @ nb.eye(5),
    "random": lambda: nb.random.default_rng(3).normal(2, 5, size=(40, 30)) + 1,
    "blocks": lambda: nb.map_blocks(double, nb.from_array(A, chunks=2), dtype=float),
    "neighbours": lambda: nb.map_overlap(double, nb.from_array(A, chunks=2), depth=1, boundary="reflect", dtype=float),
}
OTHERS: dict[str, tuple[Callable[[], nb.Array], Callable[[], nb.Array]]] = {
    "array": (lambda: nb.from_array(A), lambda: nb.from_array(A.copy())),
    "chunks": (lambda: nb.from_array(A, chunks=2), lambda: nb.from_array(A, chunks=3)),
    "number": (lambda: nb.from_array(A) + 1, lambda: nb.from_array(A) + 2),
    "kind of number": (lambda: nb.from_array(A) + 1, lambda: nb.from_array(A) + True),
    "zero": (lambda: nb.from_array(A) * 0.0, lambda: nb.from_array(A) * -0.0),
    "order": (lambda: nb.from_array(A) - nb.ones(5), lambda: nb.ones(5) - nb.from_array(A)),
    "axis": (lambda: nb.from_array(A).sum(axis=0), lambda: nb.from_array(A).sum(axis=1)),
    "row": (lambda: nb.from_array(A)[1], lambda: nb.from_array(A)[2]),
    "function": (
        lambda: nb.map_blocks(double, nb.from_array(A), dtype=float),
        lambda: nb.map_blocks(np.negative, nb.from_array(A), dtype=float),
    ),
    "keyword": (
        lambda: nb.map_blocks(np.sum, nb.from_array(A), keepdims=True, dtype=float, chunks=(1, 1)),
        lambda: nb.map_blocks(np.sum, nb.from_array(A), keepdims=1, dtype=float, chunks=(1, 1)),
    ),
    "twice the same": (
        lambda: nb.from_array(A) + nb.from_array(A),
        lambda: nb.stack([nb.from_array(A)] * 2).sum(axis=0),
    ),
}


@pytest.mark.parametrize("name", ALIKE)
def test_made_again(name: str) -> None:
    """What is made again in the same place is alike, although it is made of other nodes."""
    first, number = key(made := ALIKE[name]()), id(made.expr)
    held = [ALIKE[name]() for _ in range(2)]  # others may lie where the first lay
    del made
    gc.collect()

    assert first is not None
    assert [first, first] == [key(x) for x in held]
    assert isinstance(number, int)


@pytest.mark.parametrize("name", OTHERS)
def test_what_differs(name: str) -> None:
    """Other data, numbers, functions and operations are told from each other."""
    one, other = (make() for make in OTHERS[name])

    assert key(one) is not None
    assert key(one) != key(other)


def test_places_differ() -> None:
    """The same written elsewhere is not alike: errors say where."""
    one = nb.from_array(A) + 1
    first = key(one)
    del one
    other = nb.from_array(A) + 1

    assert first != key(other)


def test_an_array_changed_in_place_is_another() -> None:
    """Values may change; what an array is may not."""
    a = np.arange(6.0)

    def known() -> Any:
        return key(nb.from_array(a) + 1)

    before = known()
    a[:] = 7
    with_values = known()
    a.dtype = np.int64  # type: ignore[misc]

    assert before == with_values
    assert before != known()


def _long() -> nb.Array:
    x = nb.from_array(A)
    for k in range(MOST_NODES):
        x = x[::-1] + k
    return x


UNKNOWN: dict[str, Callable[[], nb.Array]] = {
    "many nodes": _long,
    "size by values": lambda: nb.from_array(A)[nb.from_array(A) > 3],
    "array handed to a function": lambda: nb.map_blocks(double, nb.from_array(A), np.ones(5), dtype=float),
    "array as a keyword": lambda: nb.map_blocks(np.sum, nb.from_array(A), initial=np.ones(()), dtype=float),
    "long text": lambda: nb.full(3, "x" * 5000),
    "points": lambda: nb.from_array(A)[[0, 2, 3, 0]],
    "random by arrays": lambda: nb.random.default_rng(3).normal(np.arange(5.0)),
    "sorted": lambda: nb.sort(nb.from_array(A), axis=0),
}


@pytest.mark.parametrize(
    "name", ["array as a keyword", "long text", "many nodes", "points", "random by arrays", "size by values", "sorted"]
)
def test_what_is_not_known(name: str) -> None:
    """Arrays as keywords, long texts, large expressions, sizes that depend on values, and kinds that hold more."""
    assert key(UNKNOWN[name]()) is None


def test_what_is_known_as_long_as_it_exists() -> None:
    """An array handed to a function is put into a function, which is another one for each array."""
    make = UNKNOWN["array handed to a function"]
    held = make(), make()

    assert key(held[0]) != key(held[1])


def test_each_fact_is_known() -> None:
    """All fields of the nodes that can be known are looked at, or are children, or are held."""
    told = {kind: _names(facts) for kind, facts in _FACTS.items()}
    children = {"base", "skip", "args", "parts", "left", "right", "held"}

    assert {kind: set(kind.field_names) - children for kind in _FACTS} == told


def _names(facts: Any) -> set[str]:
    return set(facts.__reduce__()[1])


@pytest.mark.parametrize("name", ALIKE)
def test_copies_keep_nothing(name: str) -> None:
    """A copy is of the same shape, dtype and chunks, shares no node, and lets arrays and functions go."""
    x = ALIKE[name]()
    with among_themselves():
        (copy,), held = lent([x.expr])
    theirs, ours = list(postorder([copy])), list(postorder([x.expr]))

    assert [type(e) for e in ours] == [type(e) for e in theirs]
    assert [(e.shape, e.dtype, e.chunks, e.label) for e in ours] == [
        (e.shape, e.dtype, e.chunks, e.label) for e in theirs
    ]
    assert not set(ours) & set(theirs)
    assert holds_only([copy], held)
    assert any(isinstance(getattr(e, "held", None), ById) for e in ours) == (not holds_only([x.expr], frozenset()))


def test_arrays_go_with_their_owners() -> None:
    """An array, a reader of a file, and a function with what it has seen, are gone when their owners are."""
    array, seen = np.arange(5.0), np.arange(5.0)
    function = adding(seen)
    x = nb.map_blocks(function, nb.from_array(array), dtype=float)
    with among_themselves():
        copies, _ = lent([x.expr])
    gone = [ref(array), ref(seen), ref(function)]
    del array, seen, function, x

    assert [None] * 3 == [each() for each in gone]
    assert (5,) == copies[0].shape


def test_files_go_with_their_owners(tmp_path: Any) -> None:
    """A reader, and so its file, is let go by a copy."""
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = A
    x = nb.open(tmp_path / "x.h5", "x") + 1
    with among_themselves():
        copies, _ = lent([x.expr])
    (reader,) = (ref(e.held.value) for e in postorder([x.expr]) if hasattr(e, "held"))
    del x
    gc.collect()

    assert reader() is None
    assert A.shape == copies[0].shape


def test_nodes_among_themselves() -> None:
    """Nodes made apart are shared with each other, and found by nobody else; others are found again afterwards."""
    outside: Expr = (nb.ones(3) + 1).expr
    with among_themselves():
        inside = [(nb.ones(3) + 1).expr for _ in range(2)]

    assert inside[0] is inside[1]
    assert inside[0] is not outside
    assert (nb.ones(3) + 1).expr is outside
