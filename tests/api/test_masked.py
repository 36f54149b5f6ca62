"""`nbarray.ma`: masks go on, come off and are looked at as `numpy.ma` does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import NotBlocked
from tests.compare import check, check_blocks
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


def test_fill_values_are_not_kept() -> None:
    """A fill value can't be set; it is given to `filled`."""
    with pytest.raises(NotBlocked, match=r"nb.ma.filled\(x, fill_value\)"):
        nb.ma.set_fill_value(nb.ones(3), 2)


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
