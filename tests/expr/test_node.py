"""Nodes: interned, sure of themselves, and remembering where they were written."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import BroadcastError, ShapeError
from nbarray.expr.leaves import Arange, Filled, Scalar, SourceArray
from nbarray.expr.node import Expr, place_of, remember_place
from nbarray.expr.structure import Rechunk, Reshape
from nbarray.grid.chunks import Chunks, regular
from nbarray.io.memory import MemoryReader
from nbarray.kernels.elementwise import ById
from nbarray.kernels.program import Constant
from nbarray.ops.elementwise import ufunc
from nbarray.ops.reductions import reduction
from nbarray.provenance import Place

CHUNKS = Chunks((regular(6, 3), regular(8, 4)))
VALUES = np.zeros((6, 8))


def source(values: Any = VALUES) -> Expr:
    """An array in memory."""
    return SourceArray(ById(MemoryReader(values)), CHUNKS)


X = source()


def test_the_same_expression_is_the_same_object() -> None:
    """Equal fields make one node, so equality is identity and common parts are shared by themselves."""
    x = nb.from_array(VALUES, chunks=3)
    one, two = (x + 1).sum(axis=0), (x + 1).sum(axis=0)

    assert one.expr is two.expr


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda: ufunc(np.add, X, 1), lambda: ufunc(np.add, X, 2)),
        (lambda: ufunc(np.add, X, 1), lambda: ufunc(np.subtract, X, 1)),
        (lambda: ufunc(np.subtract, X, 1), lambda: ufunc(np.subtract, 1, X)),
        (lambda: reduction("sum", X, 0), lambda: reduction("sum", X, 1)),
        (lambda: reduction("std", X, ddof=0), lambda: reduction("std", X, ddof=1)),
        (lambda: reduction("sum", X, dtype=np.float32), lambda: reduction("sum", X)),
        (lambda: Rechunk(X, Chunks((regular(6, 2), regular(8, 8)))), lambda: Rechunk(X, CHUNKS)),
        (lambda: source(), lambda: source()),
    ],
    ids=["number", "operation", "order", "axis", "parameter", "dtype", "chunks", "reader"],
)
def test_different_expressions_are_different_objects(one: Any, other: Any) -> None:
    """Whatever makes a difference to the values, or to how they are cut, makes another node."""
    first, second = one(), other()

    assert first is not second
    assert first != second


NUMBERS = [
    1, 1.0, True, 1 + 0j, 0, 0.0, -0.0, False, 0j, float("nan"), float("inf"), 2**70,
    np.int8(1), np.int64(1), np.float32(1), np.float64(1), np.bool_(True), np.float64(-0.0), np.float64(0.0),
    np.complex64(1), np.datetime64("2014-01-01"), np.timedelta64(1, "D"),
]  # fmt: skip


def test_numbers_that_python_takes_for_equal_are_kept_apart() -> None:
    """1, 1.0 and True are equal for Python, and so are 0.0 and -0.0: as parts of expressions they are not."""
    assert len(NUMBERS) == len({Scalar(Constant.of(number)) for number in NUMBERS})
    assert len(NUMBERS) == len({Filled(Constant.of(number), CHUNKS) for number in NUMBERS})


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_numbers_come_back_as_they_were(number: Any) -> None:
    """The same number makes the same node again, and it holds the number with its type and sign."""
    kept = Scalar(Constant.of(number))
    value = kept.constant.value

    assert kept is Scalar(Constant.of(number))
    assert type(number) is type(value)
    assert repr(number) == repr(value)


def test_python_numbers_have_no_dtype_of_their_own() -> None:
    """A Python number adapts to what it meets, a NumPy scalar doesn't (NEP 50)."""
    x = nb.zeros((3,), np.float32)

    assert np.float32 == (x + 1.0).dtype
    assert np.float64 == (x + np.float64(1.0)).dtype


def test_signs_of_zero_reach_the_values() -> None:
    """What is kept apart gives what it should."""
    x = nb.ones((2,))

    assert [True, True] == np.signbit((x * -0.0).compute()).tolist()
    assert [False, False] == np.signbit((x * 0.0).compute()).tolist()


def test_nodes_go_when_nobody_needs_them() -> None:
    """The table of nodes keeps none of them alive."""
    made: Any = ufunc(np.add, source(np.zeros((6, 8))), 5)
    watch = weakref.ref(made)
    del made
    gc.collect()

    assert watch() is None


def test_threads_get_the_same_object() -> None:
    """Many threads that write down the same expression at once share its nodes."""
    found: list[Expr] = []
    barrier = threading.Barrier(8)

    def build() -> None:
        barrier.wait()
        expr = X
        for k in range(50):
            expr = ufunc(np.add, expr, k)
        found.append(expr)

    threads = [threading.Thread(target=build) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == len(set(found))
    assert 8 == len(found)


def test_nodes_can_not_be_changed() -> None:
    """Fields are frozen."""
    with pytest.raises(AttributeError):
        X.chunks = CHUNKS  # type: ignore[misc]


def test_shapes_are_settled_at_once() -> None:
    """What doesn't fit is refused where it is written."""
    with pytest.raises(BroadcastError, match=r"\(6,8\) \(5,\)"):
        ufunc(np.add, X, np.zeros(5))
    with pytest.raises(ShapeError, match="cannot reshape array of size 48"):
        Reshape(X, Chunks((regular(47, 47),)))


def test_children_are_the_nodes_among_the_fields() -> None:
    """Also those in tuples; chunks and numbers are none."""
    y = source(np.ones((6, 8)))
    added = ufunc(np.add, X, y)

    assert (X, y) == added.children
    assert () == X.children
    assert () == Arange(Constant.of(0), Constant.of(1), np.dtype(int), Chunks((regular(3, 3),))).children


def test_rebuilding_with_the_same_children_is_the_same_node() -> None:
    """So a pass that changes nothing gives what it was given."""
    added = ufunc(np.add, X, 1)

    assert added is added.rebuild(lambda child: child)


def test_rebuilding_exchanges_children() -> None:
    """Every child goes through the function."""
    y = source(np.ones((6, 8)))
    added = ufunc(np.add, X, 1)

    assert ufunc(np.add, y, 1) is added.rebuild(lambda child: y if child is X else child)


def test_deep_expressions() -> None:
    """Ten thousand operations deep is no problem: nothing is called from level to level."""
    x = nb.from_array(np.zeros(3))
    for _ in range(10_000):
        x = x + 1

    assert sys.getrecursionlimit() < 10_000
    assert [10_000] * 3 == x.compute().tolist()


def test_places_are_remembered() -> None:
    """A node knows on which line of the user's code it was made."""
    x = nb.zeros((3, 4)) * 1.25  # made here
    place = place_of(x.expr)

    assert place is not None
    assert "test_node.py" in str(place)
    assert place.text.endswith("# made here")


def test_the_last_place_counts_where_it_is_written_again() -> None:
    """An expression that somebody still holds, such as an error, belongs to where it was written last."""
    x = nb.zeros((3, 4)) * 1.75
    first = place_of(x.expr)
    again = nb.zeros((3, 4)) * 1.75  # again

    assert x.expr is again.expr
    assert first != place_of(x.expr)
    assert str(place_of(x.expr)).endswith("# again")


def test_what_was_made_beside_it_goes_along() -> None:
    """Such as the sum of a mean; what was written elsewhere stays there."""
    x = nb.zeros((30, 4)) * 1.5  # x
    held = [x.var(axis=0).expr, x.var(axis=0).expr]  # again

    def texts(expr: Expr) -> set[str]:
        found = {str(place_of(expr)).rpartition(" ")[2]}
        return found.union(*map(texts, expr.children))

    assert {"again", "x"} == texts(held[0])
    other = x.var(axis=0).expr  # other

    assert {"other", "x"} == texts(other)
    assert "x" == str(place_of(x.expr)).rpartition(" ")[2]


def test_what_is_given_back_stays_where_it_was_made() -> None:
    """Nothing has been made."""
    data, x = nb.from_array(np.ones((3, 4))), nb.zeros((3, 4)) * 2.25  # made here
    for same in (x.astype(float), x[:], x.transpose(0, 1), nb.asarray(x), nb.asarray(data)):
        assert str(place_of(same.expr)).endswith("# made here")


def test_rules_and_engines_give_no_other_place() -> None:
    """What is made of a node inherits its place, until the node is written again."""
    x = nb.zeros((3, 4)) * 1.75  # written
    made: Any = ufunc(np.add, source(np.zeros((6, 8))), 7)
    remember_place(x.expr, Place("elsewhere.py", 1))
    remember_place(made, Place("here.py", 1))
    remember_place(made, Place("there.py", 1))

    assert str(place_of(x.expr)).endswith("# written")
    assert Place("there.py", 1) == place_of(made)


def test_places_go_with_their_nodes() -> None:
    """The side table keeps no node alive."""
    made: Any = ufunc(np.add, source(np.zeros((6, 8))), 7)
    remember_place(made, Place("here.py", 1))
    watch = weakref.ref(made)
    del made
    gc.collect()

    assert watch() is None


def test_repr_is_a_line() -> None:
    """Label, shape and dtype."""
    assert "<add (6, 8) float64>" == repr(ufunc(np.add, X, 1))


def test_few_numbers_in_a_list_are_equal() -> None:
    """Nobody else has them to change; two arrays never are."""
    x, a = nb.arange(3), np.arange(3)

    assert nb.add(x, [1, 2, 3]).expr is nb.add(x, [1, 2, 3]).expr
    assert nb.add(x, [1, 2, 3]).expr is not nb.add(x, [1, 2, 4]).expr
    assert nb.add(x, [1, 2, 3]).expr is not nb.add(x, [1.0, 2, 3]).expr
    assert nb.add(x, a).expr is not nb.add(x, a.copy()).expr
