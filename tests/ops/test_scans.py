"""Scans are NumPy's, block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import BroadcastError, NotBlocked
from tests.compare import check, outcome, quiet, same, tiny_tasks

KINDS = {
    "float": np.array([[1.5, np.nan, -2], [np.inf, 4, 5], [0.1, 0.2, 0.3], [7, 8, -0.0]]),
    "single": np.arange(12, dtype="f4").reshape(4, 3) / 3,
    "half": np.arange(12, dtype="f2").reshape(4, 3),
    "whole": np.arange(12).reshape(4, 3) - 5,
    "byte": np.full((4, 3), 100, np.int8),
    "unsigned": np.full((4, 3), 200, np.uint8),
    "negative": np.arange(12).reshape(4, 3) * 2 - 13,
    "truth": np.array([[True, False, True]] * 4),
    "complex": np.arange(12).reshape(4, 3) * (1 + 2j),
    "big-endian": np.arange(12, dtype=">f8").reshape(4, 3),
    "empty": np.zeros((0, 3)),
    "one": np.array([3.0]),
}
FUNCTIONS = [np.cumsum, np.cumprod, np.nancumsum, np.nancumprod]
UFUNCS = [
    np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.logical_and, np.logical_or, np.hypot, np.subtract,
    np.logaddexp, np.gcd, np.lcm,
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_cumulative(kind: str, function: Any, axis: Any) -> None:
    """Every dtype, axis and chunking; what overflows does so as it does for NumPy."""
    with tiny_tasks():
        for chunks in (2, (1, 3), ((1, 3), (2, 1))):
            if isinstance(chunks, tuple) and KINDS[kind].shape != (4, 3):
                continue
            same(lambda x: function(x, axis=axis), KINDS[kind], chunks=chunks, close=True)


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "complex"])
@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("axis", [0, 1])
def test_accumulate(kind: str, ufunc: Any, axis: int) -> None:
    """Methods of ufuncs, called on blocked arrays."""
    same(lambda x: ufunc.accumulate(x, axis=axis), KINDS[kind], chunks=2, close=True)


MASK = np.array([[1, 0, 0], [0, 1, 1], [0, 1, 0], [0, 0, 1]], bool)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_cumulative_of_masked(kind: str, function: Any, axis: Any) -> None:
    """Masked elements count as nothing and stay masked, as `numpy.ma` has it."""
    values = KINDS[kind]
    masks = [MASK[: values.shape[0]] if values.ndim == 2 else np.array([True]), True, False]
    with tiny_tasks():
        for mask in masks:
            a = np.ma.masked_array(values, np.broadcast_to(mask, values.shape))
            same(lambda x: function(x, axis=axis), a, chunks=2, close=True)


@pytest.mark.parametrize("kind", [*KINDS, "date"])
@pytest.mark.parametrize("ufunc", [u for u in UFUNCS if u is not np.subtract], ids=lambda f: f.__name__)
@pytest.mark.parametrize("axis", [0, 1])
def test_accumulate_of_masked(kind: str, ufunc: Any, axis: int) -> None:
    """Lines without their masked elements have the same scans, in the places of those that are left."""
    values = KINDS["whole"].astype("M8[D]") if kind == "date" else KINDS[kind]
    if values.shape != (4, 3) or (kind == "date" and ufunc not in (np.maximum, np.minimum, np.fmax)):
        return
    with quiet():
        made, refusal = outcome(lambda: ufunc.accumulate(values, axis=axis))
        if refusal is not None:
            return  # that it is refused is tested above
        expected = np.ma.masked_array(np.zeros_like(made), MASK)
        lines, places, wanted = (np.moveaxis(a, axis, -1) for a in (values, ~MASK, expected.data))
        for line, place, to in zip(lines, places, wanted, strict=True):
            to[place] = ufunc.accumulate(line[place])

    with tiny_tasks():
        a = nb.from_array(np.ma.masked_array(values, MASK), chunks=2)
        check(lambda: ufunc.accumulate(a, axis=axis), expected, within=1e-13)


def test_masked_scans_keep_to_what_is_asked() -> None:
    """The fill value is the default, `dtype` and the standard's names are taken; long lines stay within a budget."""
    a = np.ma.masked_array(np.arange(12.0).reshape(4, 3), MASK, fill_value=-9)
    x = nb.from_array(a, chunks=2)

    assert np.cumsum(a, axis=0).fill_value == nb.cumsum(x, axis=0).compute().fill_value
    check(nb.cumsum(x, axis=1, dtype="f4"), np.cumsum(a, axis=1, dtype="f4"))
    check(x.cumprod(axis=0), a.cumprod(axis=0))
    if hasattr(np, "cumulative_sum"):
        check(nb.cumulative_sum(x, axis=1), np.cumsum(a, axis=1))  # NumPy's looks behind the mask
    long = np.ma.masked_equal(np.arange(400_000) % 7, 3)
    made = nb.cumsum(nb.from_array(long, chunks=10_000))
    check(made[-5:].compute(memory="1MiB"), np.cumsum(long)[-5:])


def test_dates() -> None:
    """Dates and spans of time are scanned, and reduced, as numbers are."""
    dates = np.array([5, 2, 9, "NaT", 11, 1], "M8[D]")
    spans = dates - dates[0]
    for ufunc in (np.maximum, np.minimum, np.fmax, np.fmin):
        for a in (dates, spans):
            same(ufunc.accumulate, a, chunks=2)
            same(ufunc.reduce, a, chunks=2)
    for ufunc in (np.add, np.subtract):
        same(ufunc.accumulate, spans, chunks=2)
        same(ufunc.reduce, spans, chunks=2)
        same(ufunc.reduceat, spans, [0, 3], chunks=2)
    same(lambda x: np.cumsum(x), spans[:3], chunks=2)
    same(lambda x: np.cumsum(x), np.ma.masked_equal(spans[:3], spans[1]), chunks=2)


def test_options() -> None:
    """dtype, methods, and the standard's names."""
    a = KINDS["whole"]
    same(lambda x: np.cumsum(x, axis=0, dtype=np.float32), a)
    same(lambda x: np.add.accumulate(x, 1, dtype=float), a)
    same(lambda x: x.cumsum(axis=1), a)
    same(lambda x: x.cumprod(), a)
    same(lambda x: np.cumsum(x), np.array(5))
    same(lambda x: np.cumsum(x, axis=2), a)
    if hasattr(np, "cumulative_sum"):
        same(lambda x: np.cumulative_sum(x, axis=1, include_initial=True), a)
        same(lambda x: np.cumulative_prod(x[0]), a)
        same(lambda x: np.cumulative_sum(x), a)


def test_long_sums_are_at_least_as_good_as_numpys() -> None:
    """Sums of blocks lose less than sums of single elements."""
    a = np.full(100_000, 0.1)
    exact = np.arange(1, 100_001) * 0.1
    made = nb.cumsum(nb.from_array(a, chunks=1000)).compute()

    assert np.abs(made - exact).max() <= np.abs(np.cumsum(a) - exact).max()


def test_the_last_elements_take_one_pass() -> None:
    """Only their blocks are scanned; of the others only totals are stored."""
    x = nb.arange(10_000_000, chunks=100_000)
    report = nb.cumsum(x)[-10:].plan()

    assert 1 == report.tasks["scan by add"]
    assert report.sequential_peak < 10 * 8 * 100_000
    check(nb.cumsum(x)[-3:], np.cumsum(np.arange(10_000_000))[-3:])


def test_refusals() -> None:
    """Ufuncs whose order matters, and masked arrays, with the way out."""
    x = nb.from_array(np.arange(4.0), chunks=2)
    with nb.config(chunk_bytes=16), pytest.raises(NotBlocked, match=r"np\.subtract\.accumulate of lines of 4 elements"):
        np.subtract.accumulate(x)
    masked = nb.from_array(np.ma.masked_equal(np.arange(1, 5), 2), chunks=2)
    with pytest.raises(NotBlocked, match=r"np\.subtract\.accumulate of masked arrays"):
        np.subtract.accumulate(masked)
    with pytest.raises(NotBlocked, match="out= "):
        nb.cumsum(x, out=np.zeros(4))


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "nancumsum", "nancumprod", "cumulative_sum", "cumulative_prod"])
def test_a_missing_axis_is_told_first(name: str) -> None:
    """Dates can't be added up, along no axis least of all."""
    if hasattr(np, name):
        same(lambda x: getattr(np, name)(x, axis=1), np.array([], "M8[D]"))


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "nancumsum"])
@pytest.mark.parametrize("dtype", [float, int, np.uint8])
def test_out(name: str, dtype: Any) -> None:
    """`out=` takes the result as its own dtype, whatever that is; another shape is refused."""
    a = np.array([[0.5, 1.5, 2.5], [3.5, 4.5, 0.5]])
    expected, out = np.zeros(a.shape, dtype), nb.zeros(a.shape, dtype=dtype, chunks=2)
    getattr(np, name)(a, 1, None, expected)
    made = getattr(np, name)(nb.from_array(a, chunks=2), 1, None, out)

    assert made is out
    check(out, expected)
    with pytest.raises(BroadcastError, match="out= has shape"):
        nb.cumsum(nb.arange(3), out=nb.zeros((2, 3)))


def test_out_of_the_standards() -> None:
    """`cumulative_sum` gives what begins with the initial value to `out=`, too."""
    out = nb.zeros(4)
    nb.cumulative_sum(nb.arange(3), include_initial=True, out=out)

    check(out, np.array([0.0, 0.0, 1.0, 3.0]))


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 2), (3, 2)])
@pytest.mark.parametrize("dtype", ["d", ">f4", "?", "m8[s]"])
def test_initial(shape: tuple[int, ...], dtype: str) -> None:
    """What begins with the initial value is one longer, even where there was nothing."""
    for axis in range(-len(shape), len(shape)):
        for name in ("cumulative_sum", "cumulative_prod"):
            same(lambda x, f=name, k=axis: getattr(np, f)(x, axis=k, include_initial=True), np.ones(shape, dtype))


def test_times() -> None:
    """Times add up to times in their unit, NaT among them, with any dtype that NumPy takes."""
    a = np.array([[3, -2, 5], [1, 7, 0]], "m8[m]")
    a[1, 0] = "NaT"
    for axis in (None, 0, 1):
        same(lambda x, k=axis: np.cumsum(x, k), a, chunks=1)
        same(lambda x, k=axis: np.cumsum(x, k, "m8[s]"), a, chunks=2)


def test_no_axes() -> None:
    """A number is treated as an array of one element."""
    for name in ("cumsum", "cumprod", "cumulative_sum"):
        same(getattr(np, name), np.array(3.5), chunks=1)
        same(lambda x, f=name: getattr(np, f)(x, axis=0), np.array(3), chunks=1)
