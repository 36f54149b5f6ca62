"""`nbarray.ma`: masks go on, come off and are looked at as `numpy.ma` does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import DTypeError, NotBlocked
from tests.compare import check, check_blocks, quiet, same
from tests.laws.arrays import FLOATS, KINDS, MASKED, values_of

M = np.random.default_rng(7).random((7, 5)) < 0.3
W = np.arange(35.0).reshape(7, 5) % 3

#: With numpy.ma or nbarray.ma as `m`.
WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "masked_array": lambda m, x: m.masked_array(x),
    "masked_array with a mask": lambda m, x: m.masked_array(x, mask=M),
    "masked_array of a dtype": lambda m, x: m.masked_array(x, mask=M, dtype=float),
    "masked_array masked by one": lambda m, x: m.masked_array(x, mask=True),
    "masked_array with its mask replaced": lambda m, x: m.masked_array(x, mask=M, keep_mask=False),
    "masked_array with a flat mask": lambda m, x: m.masked_array(x, mask=M.ravel()),
    "masked_where": lambda m, x: m.masked_where(M, x),
    "masked_where a condition on itself": lambda m, x: m.masked_where(x > 1, x),
    "masked_where never": lambda m, x: m.masked_where(False, x),
    "masked_where of another shape": lambda m, x: m.masked_where(M[:2], x),
    "masked_equal": lambda m, x: m.masked_equal(x, 2),
    "masked_not_equal": lambda m, x: m.masked_not_equal(x, 2),
    "masked_less": lambda m, x: m.masked_less(x, 0),
    "masked_less_equal": lambda m, x: m.masked_less_equal(x, 0),
    "masked_greater": lambda m, x: m.masked_greater(x, 0),
    "masked_greater_equal": lambda m, x: m.masked_greater_equal(x, 0),
    "masked_inside": lambda m, x: m.masked_inside(x, 2, 0),
    "masked_outside": lambda m, x: m.masked_outside(x, 0, 3),
    "masked_values": lambda m, x: m.masked_values(x, 1),
    "masked_invalid": lambda m, x: m.masked_invalid(x),
    "fix_invalid": lambda m, x: m.fix_invalid(x),
    "fix_invalid with a mask": lambda m, x: m.getdata(m.fix_invalid(x, mask=M, fill_value=-9)),
    "filled": lambda m, x: m.filled(m.masked_array(x, mask=M), 3),
    "filled by default": lambda m, x: m.filled(m.masked_where(M, x)),
    "filled, then summed": lambda m, x: m.filled(m.masked_where(M, x), 1).sum(axis=0),
    "getdata": lambda m, x: m.getdata(m.masked_where(M, x)),
    "getmaskarray": lambda m, x: m.getmaskarray(x),
    "getmaskarray, then summed": lambda m, x: m.getmaskarray(m.masked_where(M, x)).sum(axis=1),
    "count": lambda m, x: m.count(m.masked_where(M, x), axis=0),
    "count_masked": lambda m, x: m.count_masked(m.masked_where(M, x), axis=1),
    "where": lambda m, x: m.where(M, x, 0),
    "where masked": lambda m, x: m.where(m.masked_where(M[::-1], M), m.masked_where(x > 1, x), x[::-1]),
    "where half": lambda m, x: m.where(M, x),
    "average": lambda m, x: m.average(x, axis=0),
    "average weighted": lambda m, x: m.average(x, axis=1, weights=W[0]),
    "average with its weights": lambda m, x: m.average(m.masked_where(M, x), axis=0, weights=W, returned=True),
    "nonzero": lambda m, x: m.nonzero(m.masked_where(M, x)),
    "where alone": lambda m, x: m.where(m.masked_where(M, x)),
    "zeros_like": lambda m, x: m.zeros_like(x),
    "ones_like": lambda m, x: m.ones_like(x, dtype=int),
    "masked, then worked with": lambda m, x: (m.masked_where(M, x) * 2 + 1).sum(axis=0),
}


@pytest.mark.parametrize("name", WAYS)
def test_ways(name: str) -> None:
    """Everything `numpy.ma` does, on plain and on masked arrays, NaN and infinities among them."""
    arrays = [values_of("d"), values_of("i"), values_of("f"), MASKED["masked-d"], MASKED["masked-nowhere"]]
    arrays += [MASKED["masked-peculiar"]]
    if name != "average":  # where nothing is masked, numpy.ma masks infinite means, but not all of them
        arrays += [FLOATS["peculiar-d"]]
    for a in arrays:
        x = nb.from_array(a, chunks=3)
        check(lambda x=x: WAYS[name](nb.ma, x), lambda a=a: WAYS[name](np.ma, a), within=1e-13)


@pytest.mark.parametrize("kind", ["datetime", "text", "bytes", "dtype-?", "dtype-D", "big-endian-i4"])
def test_kinds(kind: str) -> None:
    """Masks lie beside values of every kind."""
    a = KINDS[kind]
    x = nb.from_array(a, chunks=2)

    check(nb.ma.masked_where(M, x), np.ma.masked_where(M, a))
    check(nb.ma.filled(nb.ma.masked_where(M, x)), np.ma.filled(np.ma.masked_where(M, a)))
    check(nb.ma.getdata(nb.ma.masked_equal(x, a[0, 0])), a)


def test_blocks() -> None:
    """Blocks are masked when promised so."""
    x = nb.from_array(values_of("d"), chunks=3)

    check_blocks(nb.ma.masked_where(M, x))
    check_blocks(nb.ma.filled(nb.ma.masked_where(M, x), 1))
    check_blocks(nb.ma.getmaskarray(nb.ma.masked_where(M, x)))


def test_parts_with_and_without_masks() -> None:
    """What is joined of masked and plain arrays is looked at part by part."""
    a = values_of("d")
    x = nb.concatenate([nb.ma.masked_where(M, nb.from_array(a, chunks=3)), nb.from_array(a, chunks=2)])
    b = np.ma.concatenate([np.ma.masked_where(M, a), a])

    check(nb.ma.getmaskarray(x), np.ma.getmaskarray(b))
    check(nb.ma.filled(x, -1), np.ma.filled(b, -1))
    check(nb.ma.filled(x, -1).sum(axis=1), np.ma.filled(b, -1).sum(axis=1))
    check(nb.ma.masked_where(x > 2, x), np.ma.masked_where(b > 2, b))


FILLED = np.ma.masked_array([1, 2, 3, 4], [0, 1, 0, 0], fill_value=7)
#: What is made of an array whose fill value is 7.
MADE: dict[str, Callable[[Any, Any], Any]] = {
    "itself": lambda m, x: x,
    "first operand": lambda m, x: x + 1,
    "second operand": lambda m, x: 3 - x,
    "comparison": lambda m, x: x > 2,
    "another dtype": lambda m, x: x.astype("f4"),
    "view": lambda m, x: x[1:],
    "reshape": lambda m, x: x.reshape(2, 2).T,
    "picked": lambda m, x: x[[1, 0]],
    "selected": lambda m, x: x[x > 1],
    "masked_where": lambda m, x: m.masked_where(x > 2, x),
    "masked_equal": lambda m, x: m.masked_equal(x, 2),
    "masked_values": lambda m, x: m.masked_values(x * 1.0, 2),
    "fix_invalid": lambda m, x: m.fix_invalid(x * 1.0),
    "masked_array": lambda m, x: m.masked_array(x, mask=[1, 0, 0, 0]),
    "masked_array with another": lambda m, x: m.masked_array(x, fill_value=5),
    "sum": lambda m, x: x.reshape(2, 2).sum(axis=0),
    "zeros_like": lambda m, x: m.zeros_like(x),
}


@pytest.mark.parametrize("way", MADE)
def test_fill_values(way: str) -> None:
    """What is made of a masked array has the fill value that numpy.ma gives it, and is filled with it."""
    made, expected = MADE[way](nb.ma, nb.from_array(FILLED, chunks=2)), MADE[way](np.ma, FILLED.copy())

    assert expected.fill_value == made.compute().fill_value
    assert expected.fill_value == made.fill_value
    check(made.filled(), expected.filled())


def test_set_fill_value() -> None:
    """A handle gets another fill value; what was made of it, and other handles, keep theirs."""
    x = nb.from_array(FILLED, chunks=2)
    y, z = x.copy(), x + 0
    nb.ma.set_fill_value(x, nb.asarray(-3))
    y.fill_value = 4
    plain = nb.ones(3)
    nb.ma.set_fill_value(plain, 2)

    assert [-3, 4, 7] == [a.compute().fill_value for a in (x, y, z)]
    assert not plain.masked
    nb.ma.set_fill_value(x, None)
    assert np.ma.default_fill_value(x.dtype) == x.fill_value
    with pytest.raises(TypeError, match="Cannot convert fill_value 1e\\+20"):
        nb.ma.set_fill_value(x, 1e20)
    with pytest.raises(ValueError, match="expected one value"):
        nb.ma.set_fill_value(x, x)
    with pytest.raises(np.ma.MaskError):
        nb.ma.masked_array(x, mask=[True, False])


def test_masks_that_are_masked() -> None:
    """Indexing looks at what masked booleans hide, as numpy.ma does; and nonzero leaves masked ones out."""
    x = nb.from_array(FILLED, chunks=2)
    chosen = np.ma.masked_array([True, True, True, False], [True, False, False, False])

    check(x[x > 1], FILLED[FILLED > 1])
    check(x[nb.from_array(chosen, chunks=2)], FILLED[chosen])
    check(x.nonzero()[0], FILLED.nonzero()[0])
    check(nb.where(x > 1)[0], np.where(FILLED > 1)[0])
    assert 7 == nb.ma.normalize_masked_array(x)[2]


def test_out_of_core() -> None:
    """Masks are made and looked at in a budget that holds a small part of the array."""
    x = nb.arange(10**4, chunks=10**3)

    assert 2500 == nb.ma.count_masked(nb.ma.masked_where(x % 4 == 1, x)).compute(memory="256KiB")


def test_compressed() -> None:
    """What isn't masked, in C order; of anything else, all of it."""
    a = np.ma.masked_greater(np.arange(12).reshape(3, 4) % 5, 2)

    check(nb.from_array(a, chunks=2).compressed(), a.compressed())
    check(nb.ma.compressed(a.data), a.data.ravel())
    check(nb.histogram(nb.from_array(a, chunks=2).compressed(), bins=3)[0], np.histogram(a.compressed(), bins=3)[0])


def test_filled_is_a_method() -> None:
    """As of `numpy.ma`'s arrays."""
    a = np.ma.masked_greater(np.arange(5.0), 2)

    check(nb.from_array(a, chunks=2).filled(-1), a.filled(-1))


def test_default_fill_values_fit() -> None:
    """The default, 999999, wraps around in small whole numbers and is cut short in texts, as numpy.ma's does."""
    for kind in KINDS.values():
        same(lambda x: x.filled(), np.ma.MaskedArray(kind, M))
        assert repr(np.ma.MaskedArray(kind).fill_value) == repr(nb.ma.masked_array(kind).fill_value)


def test_masks_that_are_dropped() -> None:
    """Without `keep_mask` nothing is masked that was; texts are filled with "0", which is something."""
    a = MASKED["masked-d"]

    check(nb.ma.array(nb.from_array(a, chunks=3), keep_mask=False), np.ma.array(a, keep_mask=False))
    texts = np.ma.MaskedArray(["", "a", ""], [True, False, False])
    check(nb.ma.nonzero(nb.from_array(texts, chunks=2)), np.ma.nonzero(texts))


def test_weights_that_come_to_nothing() -> None:
    """Numbers by themselves are divided as NumPy's own, arrays as masked ones; weights keep what axes are kept."""
    nothing, zeros = np.zeros((0, 2)), np.zeros((3, 2))
    for a in (nothing, zeros, np.ma.MaskedArray(zeros, zeros == 0), np.ma.MaskedArray(zeros, zeros == 1)):
        for axis in (None, 0):
            for keep in (False, True):
                options = {"axis": axis, "returned": True, "keepdims": keep}
                for weights in (a * 0, None):
                    options["weights"] = weights
                    with quiet():
                        check(nb.ma.average(nb.from_array(a, chunks=2), **options), np.ma.average(a, **options))


def test_sums_of_weights_are_spread() -> None:
    """Weights for one axis have a sum for each mean, which is a plain array where nothing is masked."""
    a = np.arange(12.0).reshape(2, 2, 3)
    for values in (a, np.ma.masked_array(a, a == 4)):
        for options in ({}, {"keepdims": True}):
            expected = np.ma.average(values, axis=0, weights=[3, 1], returned=True, **options)
            check(nb.ma.average(nb.from_array(values, chunks=2), 0, [3, 1], True, **options), expected)


GAPPY = np.ma.masked_array([[6, 1, 4], [3, 8, 2]], [[0, 1, 0], [0, 0, 1]])


def test_gaps_in_lists() -> None:
    """What is masked is None in a list."""
    same(lambda x: x.tolist(), GAPPY, chunks=2)
    same(lambda x: x[0, 1].tolist() if isinstance(x, nb.Array) else x[0:1, 1].tolist()[0], GAPPY)


def test_arguments_of_array_come_in_an_order_of_their_own() -> None:
    """The dtype is the second argument of `array`, the mask the second of `masked_array`."""
    for args, options in (
        (([1, 2],), {"mask": [0, 1], "ndmin": 2}),
        (([1, 2], "f4"), {"mask": [0, 1]}),
        (([(1, 2), (3, 4)], "i4,i4"), {"mask": [0, 1]}),
        ((GAPPY, float), {"mask": [[1, 0, 0], [0, 0, 0]], "fill_value": 7}),
    ):
        check(nb.ma.array(*args, **options), np.ma.array(*args, **options))
    with pytest.raises(NotBlocked, match="hard_mask"):
        nb.ma.array([1], hard_mask=True)


def test_masks_of_fields() -> None:
    """Records are masked as a whole: a mask for each field is refused at once, not when something is computed."""
    records = np.ma.masked_array([(1, 2), (3, 4)], [(0, 1), (0, 0)], "i4,i4")
    with pytest.raises(DTypeError, match="mask records as a whole"):
        nb.from_array(records)
    with pytest.raises(NotBlocked, match="mask for each field"):
        nb.ma.masked_array(nb.from_array(records.data), [[0, 1]])


@pytest.mark.parametrize("power", [0.5, -1.0, 2])
def test_powers_in_place(power: float) -> None:
    """What has no power is masked, as by the operator."""

    def changed(x: Any) -> Any:
        x = x.copy()
        x **= power
        return x

    same(changed, np.ma.masked_array([-1.1, 0.0, 4.0, 9.0], [0, 0, 0, 1]), chunks=2)


def test_gaps_are_put() -> None:
    """Masked values mask what they are put to."""

    def changed(x: Any, v: Any) -> Any:
        x = x.copy()
        x.put([0, 4, 5], v)
        return x

    same(changed, GAPPY, np.ma.masked_array([7, 5], [1, 0]), chunks=2)


def test_traces() -> None:
    """What is masked counts as zero, and the sum is no masked array; whole numbers are added up as floats."""
    same(lambda x: np.trace(x) + 0, GAPPY)
    same(lambda x: np.trace(x, dtype=int) + 0, GAPPY)
    same(lambda x: np.trace(x), np.ma.masked_array(np.arange(8.0).reshape(2, 2, 2), np.arange(8).reshape(2, 2, 2) < 2))
