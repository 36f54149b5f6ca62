"""The public array as Python and NumPy meet it: facts, conversions, iteration, and what it refuses."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import BroadcastError, BudgetError, ConfigError, DTypeError, InputError, NotBlocked
from tests.compare import same
from tests.laws.arrays import KINDS, LAYOUTS, MASKED, values_of

NUMBERS = {
    **LAYOUTS,
    "int": np.array(3), "negative": np.array(-3), "bool": np.array(True), "complex": np.array(1j),
    "date": np.array(3, "M8[s]"),
    "text": np.array("ab"), "one int": np.array([3]), "one byte": np.array([3], "u1"), "nothing": np.zeros(0),
}  # fmt: skip
FACTS: dict[str, Callable[[Any], Any]] = {
    "shape": lambda x: x.shape,
    "ndim": lambda x: x.ndim,
    "size": lambda x: x.size,
    "dtype": lambda x: x.dtype,
    "nbytes": lambda x: x.nbytes,
    "itemsize": lambda x: x.itemsize,
    "np.shape": np.shape,
    "np.ndim": np.ndim,
    "np.size": np.size,
    "np.size of an axis": lambda x: np.size(x, 0),
    "np.size of a wrong axis": lambda x: np.size(x, 5),
    "np.result_type": lambda x: np.result_type(x, np.int8),
    "np.iscomplexobj": np.iscomplexobj,
    "np.isrealobj": np.isrealobj,
    "len": len,
}
CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "bool": bool,
    "int": int,
    "float": float,
    "complex": complex,
    "index": operator.index,
    "item": lambda x: x.item(),
    "tolist": lambda x: x.tolist(),
    "asarray": np.asarray,
    "array": np.array,
    "asarray as float": lambda x: np.asarray(x, dtype="f4"),
    "list": list,
    "first of list": lambda x: next(iter(x)),
    "indexing a list": lambda x: list(range(10))[x],
    "range": range,
    "contains": lambda x: 3 in x,
    "hash": hash,
    "reversed": lambda x: next(reversed(x)),
    "real": lambda x: x.real,
    "imag": lambda x: x.imag,
    "sum as int": lambda x: x.astype(int).sum().item(),
}


@pytest.mark.parametrize("name", FACTS)
def test_facts(name: str) -> None:
    """What is known without computing is what NumPy says."""
    for a in (*NUMBERS.values(), *KINDS.values()):
        same(FACTS[name], a)


@pytest.mark.parametrize("what", NUMBERS)
@pytest.mark.parametrize("name", CONVERSIONS)
def test_conversions(name: str, what: str) -> None:
    """Arrays become Python's values where NumPy's do."""
    if what == "text" and name in ("complex", "imag", "float", "int", "asarray as float", "sum as int"):
        pytest.skip("NumPy's refusals of text differ from Python's")
    if name == "first of list" and what in ("no-rows", "nothing"):
        pytest.skip("the error is the list's")

    same(CONVERSIONS[name], NUMBERS[what])


def test_masked_conversions() -> None:
    """Masked arrays stay masked on their way to NumPy; a missing number is `numpy.ma.masked`."""
    m = MASKED["masked-d"]
    x = nb.from_array(m, chunks=3)

    np.testing.assert_array_equal(m.mask, np.ma.getmaskarray(np.ma.asanyarray(x.compute())))
    assert np.ma.masked is x[2, 0].compute()
    assert m[4, 0] == x[4, 0].compute()


def test_imshow_and_friends() -> None:
    """What takes NumPy arrays takes blocked ones: they compute themselves."""
    x = nb.from_array(values_of("d"), chunks=3)

    assert 35 == np.frombuffer(np.asarray(x).tobytes()).size
    assert values_of("d").tolist() == [row.tolist() for row in x]
    with pytest.raises(InputError, match="copy=False is impossible"):
        np.array(x, copy=False)


@pytest.mark.parametrize("chunks", [1, 3, (7, 2), ((1, 6), (5,)), -1])
def test_chunk_facts(chunks: Any) -> None:
    """An array tells how it is cut."""
    x = nb.from_array(values_of("d"), chunks=chunks)

    assert (7, 5) == tuple(sum(c) for c in x.chunks)
    assert x.numblocks == tuple(len(c) for c in x.chunks)
    assert x.nblocks == np.prod(x.numblocks)
    assert x.chunksize == tuple(max(c) for c in x.chunks)
    assert not x.masked


def test_chunks_cannot_be_set() -> None:
    """Who tries is told what to do; the error is Python's AttributeError, and a TypeError besides."""
    x = nb.ones(6, chunks=3)
    for kind in (AttributeError, TypeError):
        with pytest.raises(kind, match=r"x\.rechunk\(2\)"):
            x.chunks = 2


def test_handles_change() -> None:
    """Augmented assignment and ``x[i] =`` change the array for all that hold it, never the data that it is made of."""
    a = values_of("d")
    x = nb.from_array(a, chunks=3)
    y, z, kept = x, x[1:], x.copy()
    y += 1
    x[0] = 1

    np.testing.assert_array_equal(np.concatenate([np.ones((1, 5)), a[1:] + 1]), y.compute())
    np.testing.assert_array_equal(a, kept.compute())
    np.testing.assert_array_equal(a[1:], z.compute())
    np.testing.assert_array_equal(values_of("d"), a)
    with pytest.raises(NotBlocked, match="in-place"):
        a += x


def test_unhashable_as_numpy_is() -> None:
    """``==`` compares elements, so arrays are no keys."""
    x = nb.from_array(values_of("d"), chunks=3)

    assert isinstance(x == x, nb.Array)
    with pytest.raises(TypeError, match="unhashable"):
        {x}


def test_foreign_operands() -> None:
    """What has its own idea of operators is left to it."""

    class Other:
        __array_ufunc__ = None

        def __radd__(self, other: Any) -> str:
            return "mine"

    x = nb.from_array(values_of("d"), chunks=3)

    assert "mine" == x + Other()
    with pytest.raises(TypeError, match="unsupported operand"):
        x + {}


def test_computing_several() -> None:
    """`nb.compute` computes arrays together and hands on what isn't one."""
    a = values_of("d")
    x = nb.from_array(a, chunks=3)
    total, three, double = nb.compute(x.sum(), 3, x * 2)

    assert (a.sum(), 3) == (total, three)
    np.testing.assert_array_equal(a * 2, double)
    assert () == nb.compute()


def test_in_the_background() -> None:
    """`start` returns a run; its result is a tuple of one array."""
    a = values_of("d")
    run = nb.from_array(a, chunks=3).T.start(workers=2)

    (result,) = run.result(timeout=60)
    np.testing.assert_array_equal(a.T, result)


def test_settings() -> None:
    """Budget and workers are settings, for good, for a while, or for one call."""
    x = nb.from_array(values_of("d"), chunks=3)

    with nb.config(workers=1, memory="1MiB"):
        assert x.sum().compute() == values_of("d").sum()
    assert x.sum().compute(memory="1MiB", workers=3) == values_of("d").sum()
    for wrong in ({"workers": 0}, {"workers": "many"}, {"memory": "a lot"}, {"memory": -1}):
        with pytest.raises(ConfigError):
            x.compute(**wrong)  # type: ignore[arg-type]


def test_budget_smaller_than_one_block() -> None:
    """What can't fit is refused before anything is read: how much is needed, of how much, and what would do."""
    x = nb.zeros((4000, 4000), chunks=1000) + 1

    with pytest.raises(BudgetError, match=r"this needs 122 MiB .*budget is 1\.00 MiB.*the result alone is larger"):
        x.compute(memory="1MiB")
    with pytest.raises(BudgetError, match=r"budget is 20 B.*raise the budget with nb\.config"):
        x[:40, :40].sum(axis=0).max().compute(memory="20B")
    assert 16_000_000 == x[:40, :40].sum().compute(memory="8MiB") * 10_000


def test_messages() -> None:
    """A mistake is told at the line where it is made, with what was given and expected."""
    x = nb.from_array(values_of("d"), chunks=3)

    with pytest.raises(BroadcastError, match=r"add: .* not be broadcast together with shapes \(7,5\) \(4,\)"):
        x + np.ones(4)
    with pytest.raises(DTypeError, match=r"bitwise_and of float64, int64"):
        x & 1
    with pytest.raises(OverflowError, match="300 out of bounds for uint8"):
        nb.from_array(values_of("B")) + 300
    with pytest.raises(InputError, match=r"expected an array of one element, not of shape \(7, 5\)"):
        x.item()
    with pytest.raises(InputError, match=r"ambiguous\. Use a\.any\(\) or a\.all\(\)"):
        bool(x)


def test_copies() -> None:
    """A copy holds the same expression, until one of the two is changed."""
    x = nb.from_array(values_of("d"), chunks=3)

    assert x.expr is x.copy().expr
    assert x.expr is nb.from_array(x).expr
    assert x.expr is nb.asarray(x).expr


def test_axes_in_the_order_they_have() -> None:
    """What NumPy would give a view of the whole for is the array itself, not a copy: it changes with it."""
    x = nb.from_array(values_of("d"), chunks=3)

    assert x is x.transpose((0, 1))
    assert x is x.transpose(-2, -1)
    assert x is nb.transpose(x, (0, 1))
    assert x[0].T.shape == x[0].shape
    assert x is not x.T
    assert x is not x.copy().transpose(0, 1)


def test_containers_are_computed_together() -> None:
    """Lists, tuples and dictionaries come back with values in them, however deep; what isn't blocked as it is."""
    x = nb.arange(3)
    other = object()

    total, inner, same = nb.compute(x.sum(), {"a": [x.max(), (x.min(), other)], "b": 1}, x.expr)
    assert (3, {"a": [2, (0, other)], "b": 1}) == (total, inner)
    assert same is x.expr
    (kept,) = nb.compute([x], traverse=False)
    assert kept[0] is x
    assert nb.compute([3]) == ([3],)


class Extent(NamedTuple):
    """A tuple with names."""

    low: Any
    high: Any


@dataclass(frozen=True, eq=False)
class Station:
    """A dataclass that can't be changed, with a field that isn't given."""

    name: str
    level: Any
    code: str = field(init=False, default="a")


def test_more_kinds_of_containers_are_computed_together() -> None:
    """Named tuples, ordered dictionaries, sets and dataclasses come back as what they are."""
    x = nb.arange(3)
    station, plain = Station("here", [x.max()]), Station("there", 1)
    given = OrderedDict(b=Extent(x.min(), x.max()), a=(station, plain))

    (made, counts, some) = nb.compute(given, nb.unique_counts(x), {station})
    assert ["b", "a"] == list(made)
    assert isinstance(made, OrderedDict)
    assert Extent(0, 2) == made["b"]
    assert isinstance(made["b"], Extent)
    assert ("here", [2], "a") == (made["a"][0].name, made["a"][0].level, made["a"][0].code)
    assert plain is made["a"][1]
    assert isinstance(station.level[0], nb.Array)
    assert [0, 1, 2] == counts.values.tolist()
    assert [[2]] == [s.level for s in some]


def test_containers_that_contain_themselves_are_refused() -> None:
    """In whatever way; one that is there twice is not."""
    x = nb.arange(3)
    endless: list[Any] = [x.sum()]
    endless.append({"again": (endless,)})
    twice = [x.sum()]

    with pytest.raises(InputError, match="a list that contains itself"):
        nb.compute(endless)
    assert nb.compute(endless, traverse=False)[0] is endless
    assert ([[3], [3]],) == nb.compute([twice, twice])


@pytest.mark.parametrize("kind", KINDS)
def test_conjugates(kind: str) -> None:
    """Only numbers have conjugates."""
    same(lambda x: x.conj(), KINDS[kind])
    same(lambda x: x.conjugate(), KINDS[kind].astype(object))


def test_numbers_of_other_kinds() -> None:
    """Fractions and decimals are numbers beside an array, of whatever kind they are."""
    for number in (Fraction(1, 2), Decimal("0.2")):
        same(lambda x, number=number: x * number, np.array([1, -2]), chunks=1)
        same(lambda x, number=number: number - x, np.array([1, -2]), chunks=1)
