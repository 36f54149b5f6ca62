"""Structured arrays: fields as NumPy's `recfunctions` treat them; and functions that leave the real numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.lib import recfunctions as rf
from numpy.lib import scimath

import nbarray as nb
from nbarray.errors import DTypeError, InputError
from tests.compare import check, same
from tests.laws.arrays import values_of

R = np.array([(k, k / 2, (k, -k)) for k in range(7)], [("a", "i4"), ("b", ">f8"), ("c", "i2", (2,))])
FLAT = np.array([(k, k / 2, -k) for k in range(7)], [("a", "i4"), ("b", "f8"), ("c", "i2")])

FIELDS: dict[str, Callable[[Any], Any]] = {
    "drop_fields": lambda x: rf.drop_fields(x, "b", usemask=False),
    "rename_fields": lambda x: rf.rename_fields(x, {"a": "z"}),
    "repack_fields": lambda x: rf.repack_fields(x[["a", "c"]]),
    "require_fields": lambda x: rf.require_fields(x, [("a", "f8"), ("new", "u1")]),
    "one field": lambda x: x["b"],
    "a field of two numbers": lambda x: x["c"],
    "two fields": lambda x: x[["b", "a"]],
    "no such field": lambda x: x["nothing"],
    "slice of records": lambda x: x[::-2],
    "structured_to_unstructured": lambda x: rf.structured_to_unstructured(x),
    "structured_to_unstructured of a dtype": lambda x: rf.structured_to_unstructured(x, np.float32),
}
SCIENTIFIC = ("sqrt", "log", "log2", "log10", "arccos", "arcsin", "arctanh")


@pytest.mark.parametrize("name", FIELDS)
def test_fields(name: str) -> None:
    """Records, element by element."""
    for a in (R, FLAT.reshape(7, 1)):
        for chunks in (1, 3, -1):
            same(FIELDS[name], a, chunks=chunks)


def test_axes_to_fields() -> None:
    """The last axis becomes fields."""
    a = values_of("d")

    same(lambda x: rf.unstructured_to_structured(x, names=list("abcde")), a)
    same(lambda x: rf.unstructured_to_structured(x, np.dtype([("a", "i4"), ("b", "f4", (4,))])), a)
    same(lambda x: rf.apply_along_fields(np.mean, x), FLAT, chunks=2)


def test_append_fields() -> None:
    """More fields for as many records."""
    x, more = nb.from_array(FLAT, chunks=3), np.arange(7.0)

    for names, data in (("d", more), (["d", "e"], [more, more.astype("i2")])):
        expected = rf.append_fields(FLAT, names, data, usemask=False)
        check(rf.append_fields(x, names, data, usemask=False), expected)
    with pytest.raises(DTypeError, match="usemask=False"):
        rf.append_fields(x, "d", more)
    with pytest.raises(InputError, match=r"expected arrays of shape \(7,\)"):
        rf.append_fields(x, "d", more[:2], usemask=False)


@pytest.mark.parametrize("name", SCIENTIFIC)
def test_leaving_the_real_numbers(name: str) -> None:
    """Complex where any value lies outside, real where none does."""
    function = getattr(scimath, name)
    for dtype in "hifdFD":
        same(lambda x: function(x), values_of(dtype), close=True)
        same(lambda x: function(abs(x) / 9 + 0.1), values_of(dtype), close=True)


def test_powers_and_logarithms_to_a_base() -> None:
    """`power` and `logn` of numbers on either side of zero."""
    for dtype in "ifd":
        a = values_of(dtype)
        same(lambda x: scimath.power(x, 2), a, close=True)
        same(lambda x: scimath.power(abs(x) + 1, -1), a, close=True)
        same(lambda x: scimath.logn(2, x), a, close=True)


@pytest.mark.parametrize("shape", [(7,), (2, 3), (), (0, 2)], ids=str)
def test_comparisons(shape: tuple[int, ...]) -> None:
    """Records are equal if all of their fields are; others than records are not compared with them."""
    a = np.zeros(shape, [("a", "f4"), ("b", ">i2", (2,)), ("c", "U2")])
    a["b"][..., 1] = np.arange(a.size).reshape(shape) % 2
    for b in (
        a,
        a[::-1] if shape else a,
        a.astype([("a", "f8"), ("b", "i4", (2,)), ("c", "U5")]),
        a["a"],
        a[["a", "c"]],
    ):
        same(lambda x, y: x == y, a, b, chunks=2)
        same(lambda x, y: x != y, a, b, chunks=2)
    if a.size:
        same(lambda x: x == a.reshape(-1)[0], a, chunks=2)
    same(lambda x: x == x[::-1], np.frombuffer(b"abcdabcdxyzw", "V4"), chunks=2)


EMPTY = np.zeros(3, "i4,(2,)f8,S3")


@pytest.mark.parametrize(
    ("index", "values"),
    [
        ("f0", [1, 2, 3]), ("f0", 7), ("f1", [[1, 2], [3, 4], [5, 6]]), ("f1", [8.5, 9]), ("f2", "abc"),
        (["f0", "f2"], (4, "d")), (["f0", "f2"], [(1, "a"), (2, "b"), (3, "c")]),
        ("f9", 1), ("f0", [1, 2]), ("f0", "abc"), ("f1", 2j), (0, (1, [2, 3], "e")),
    ],
)  # fmt: skip
def test_fields_are_assigned_to(index: Any, values: Any) -> None:
    """One field gets values, several get records, and all others stay."""

    def assigned(x: Any) -> Any:
        x = x.copy()
        x[index] = values
        return [x[name] for name in ("f0", "f1", "f2")]

    same(assigned, EMPTY, chunks=2)
    same(assigned, np.resize(EMPTY, (2, 3)), chunks=2)


def test_blocked_values_for_a_field() -> None:
    """Values may be blocked, in other chunks."""

    def assigned(x: Any, v: Any) -> Any:
        x = x.copy()
        x["f1"] = v
        return x["f1"]

    same(assigned, EMPTY, np.arange(6.0).reshape(3, 2), chunks=2)


def test_several_fields_of_which_one_is_missing() -> None:
    """It is a KeyError, as for NumPy, which has a ValueError for one name alone."""
    with pytest.raises(KeyError, match="no field"):
        nb.from_array(FLAT)[["a", "q"]]
    with pytest.raises(ValueError, match="no field"):
        nb.from_array(FLAT)["q"]
