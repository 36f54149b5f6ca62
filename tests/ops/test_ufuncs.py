"""Methods of ufuncs do to blocked arrays what they do to NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import NotBlocked
from tests.compare import check, same
from tests.laws.arrays import FLOATS, LAYOUTS, MASKED, values_of

UFUNCS = [
    np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.logical_and, np.logical_or, np.logical_xor,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.gcd, np.hypot, np.logaddexp, np.subtract, np.true_divide,
    np.power, np.less, np.arctan2,
]  # fmt: skip
ids = {"ids": lambda f: getattr(f, "__name__", str(f))}


@pytest.mark.parametrize("ufunc", UFUNCS, **ids)
@pytest.mark.parametrize("dtype", ["?", "b", "d", ">f8"])
def test_reduce(ufunc: Any, dtype: str) -> None:
    """Along each axis, several, none, flattened; refused where NumPy refuses."""
    a = values_of(dtype)
    for axis in (0, -1, (0, 1), None, ()):
        same(lambda x, k=axis: ufunc.reduce(x, axis=k), a, chunks=(3, 2), close=True)
    same(lambda x: ufunc.reduce(x, keepdims=True), a, chunks=(3, 2), close=True)


SOME = values_of("q") > 0


@pytest.mark.parametrize("ufunc", [np.add, np.fmax, np.bitwise_or, np.gcd, np.subtract, np.lcm], **ids)
@pytest.mark.parametrize("options", [{"initial": 3}, {"where": SOME}, {"initial": 1, "where": SOME}], ids=str)
def test_reduce_options(ufunc: Any, options: Any) -> None:
    """What to begin with, and what counts."""
    same(lambda x: ufunc.reduce(x, axis=0, **options), values_of("q"), chunks=(3, 2))


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.logical_or, np.logaddexp, np.hypot, np.maximum], **ids)
def test_reduce_nothing(ufunc: Any) -> None:
    """What doesn't count leaves what the ufunc begins with, unless that is said to be none."""
    same(lambda x: ufunc.reduce(x, where=np.False_), np.arange(3))
    same(lambda x: ufunc.reduce(x, axis=0, where=np.arange(5) > 1), values_of("q"), chunks=2, close=True)
    for shape in ((0,), (0, 2), (2, 0), (3,)):
        same(lambda x: ufunc.reduce(x, initial=None), np.ones(shape), close=True)
        same(lambda x: ufunc.reduce(x, axis=None, where=np.array([True]), initial=None), np.ones(shape))
        same(lambda x: ufunc.reduce(x, axis=(), initial=None), -np.ones(shape))
    same(lambda x: np.sum(x, initial=2j), np.arange(3))


def test_numbers_of_python_in_outer() -> None:
    """They are arrays there, with a dtype of their own."""
    same(lambda x: np.add.outer(x, 3), values_of("b"))
    same(lambda x: np.dot(x, 3), values_of("b"))
    same(lambda x: np.concatenate([x, 3], axis=None), values_of("b"))


@pytest.mark.parametrize("ufunc", [np.add, np.fmin, np.hypot, np.subtract, np.logical_xor], **ids)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(ufunc: Any, layout: str) -> None:
    """Numbers, empty arrays, views."""
    a = LAYOUTS[layout]
    same(lambda x: ufunc.reduce(x), a, close=True)
    same(lambda x: ufunc.reduce(x, axis=None if ufunc is not np.subtract else -1), a, close=True)
    same(lambda x: ufunc.accumulate(x, axis=-1), a, close=True)


@pytest.mark.parametrize("kind", FLOATS)
def test_peculiar(kind: str) -> None:
    """NaN and infinities go where NumPy's go."""
    for ufunc in (np.fmax, np.fmin, np.subtract, np.add):
        same(lambda x, u=ufunc: u.reduce(x, axis=0), FLOATS[kind], chunks=2, close=True)


@pytest.mark.parametrize("ufunc", [np.logical_or, np.logical_and, np.logical_xor, np.add, np.maximum], **ids)
def test_what_reductions_begin_with(ufunc: Any) -> None:
    """An initial value, of nothing too, also as an object."""
    for a in (values_of("d"), np.zeros((0, 3)), values_of("?")):
        for initial in (0, 3):
            same(lambda x, i=initial: ufunc.reduce(x, initial=i), a, chunks=2)
            same(lambda x, i=initial: ufunc.reduce(x, axis=None, keepdims=True, initial=i), a, chunks=2)
            same(lambda x, i=initial: ufunc.reduce(x, axis=0, initial=i, dtype=object), a, chunks=2)


@pytest.mark.parametrize("ufunc", [np.add, np.maximum, np.subtract, np.logical_or], **ids)
@pytest.mark.parametrize("indices", [[0, 3, 4], [2, 5], [0], [5, 1, 3], [3, 3, 3], [], [7], [-1], [0.5]], ids=str)
def test_reduceat(ufunc: Any, indices: Any) -> None:
    """Slices one behind the other, and those that go back; places that aren't there."""
    a = values_of("d")
    same(lambda x: ufunc.reduceat(x, indices, axis=0), a, chunks=(2, 2), close=True)
    same(lambda x: ufunc.reduceat(x, indices, axis=1), a, chunks=(2, 2), close=True)


def test_reduceat_in_pieces() -> None:
    """Slices of a long array take memory for about a chunk."""
    x = nb.ones(1_000_000, chunks=10_000)
    at = np.arange(0, 1_000_000, 1000)
    made = np.add.reduceat(x, at)

    assert made.numblocks == (100,)
    assert made.plan().sequential_peak < 400_000
    check(made, np.full(1000, 1000.0))


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.less, np.arctan2], **ids)
def test_outer(ufunc: Any) -> None:
    """All pairs, of blocked arrays, arrays and numbers."""
    a, b = values_of("d"), np.arange(4.0)
    same(lambda x, y: ufunc.outer(x, y), a, b, chunks=3)
    check(ufunc.outer(nb.from_array(b, chunks=3), b), ufunc.outer(b, b))
    check(ufunc.outer(b, nb.from_array(b, chunks=3)), ufunc.outer(b, b))
    check(ufunc.outer(nb.from_array(b, chunks=3), 2), ufunc.outer(b, 2))


def test_functions_of_python_objects() -> None:
    """Ufuncs made of Python functions keep their order."""
    join = np.frompyfunc(lambda a, b: a * 2 - b, 2, 1)
    a = values_of("q").astype(object)
    x = nb.from_array(values_of("q"), chunks=(3, 2)).astype(object)
    check(join.reduce(x, axis=0), join.reduce(a, axis=0))
    check(join.accumulate(x, axis=1), join.accumulate(a, axis=1))


@pytest.mark.parametrize("ufunc", [np.add, np.multiply], **ids)
def test_objects_along_several_axes(ufunc: Any) -> None:
    """Sums and products of objects, in any order, as NumPy has them."""
    a = values_of("q").astype(object)
    for options in ({"axis": (0, 1)}, {"axis": None, "keepdims": True}, {"axis": 1}, {"axis": 0, "initial": 5}):
        same(lambda x, o=options: ufunc.reduce(x, **o), a, chunks=2)
    same(lambda x: ufunc.reduce(x, axis=0, initial=2, where=values_of("q") > 0), a, chunks=2)
    same(lambda x: ufunc.reduce(x, where=values_of("q") > 0), a, chunks=2)


def test_refusals() -> None:
    """What has no blocked form, with the way out."""
    x = nb.arange(10, chunks=3)
    with pytest.raises(NotBlocked, match="bincount"):
        np.add.at(x, [1], 1)
    with pytest.raises(NotBlocked, match="compute them first"):
        np.add.reduceat(x, x)
    with nb.config(chunk_bytes=24), pytest.raises(NotBlocked, match="their order matters"):
        np.subtract.reduce(x)
    with pytest.raises(NotBlocked, match="masked"):
        np.fmax.reduce(nb.from_array(MASKED["masked-d"]))
    with pytest.raises(ValueError, match="identity"):
        np.subtract.reduce(x, where=x > 3)


def test_results_behind_the_values() -> None:
    """What stands behind a ufunc's values is what it writes to; what doesn't fit is NumPy's error."""
    out = nb.zeros(2, int)
    made = nb.add(nb.arange(2), 5, out)

    assert made is out
    np.testing.assert_array_equal([5, 6], out.compute())
    a = np.arange(2.0)
    for call in (
        lambda m, x: m.add(x),
        lambda m, x: m.add(x, 1, x * 1, x),
        lambda m, x: m.add(x, 1, x * 1, out=x * 1),
        lambda m, x: m.add(x, 1, out=(x * 1, x * 1)),
        lambda m, x: m.modf(x, out=x * 1),
        lambda m, x: m.modf(x, x * 1),
    ):
        check(lambda call=call: call(nb, nb.from_array(a)), lambda call=call: call(np, a))
