"""Padding is NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbarray as nb
from nbarray.errors import DTypeError, InputError, NotBlocked
from tests.compare import check, same

MODES = [
    *("constant", "edge", "wrap", "reflect", "symmetric", "maximum", "minimum", "mean", "median", "linear_ramp"),
]
ARRAYS = {
    "vector": np.arange(5.0),
    "matrix": np.arange(12).reshape(3, 4),
    "one": np.array([[7, 8]]),
    "bytes": np.array([[True, False, True]]),
    "big-endian": np.arange(6, dtype=">i2").reshape(2, 3),
    "complex": np.array([1 + 2j, 3]),
    "times": np.array(["2014-01-01", "2014-01-05"], "M8[D]"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("width", [0, 1, (2, 1), 7])
def test_modes(name: str, mode: str, width: Any) -> None:
    """Every mode, also wider than the array, for every kind of dtype."""
    if mode in ("maximum", "minimum") and name == "complex":
        pytest.skip("checked with the reductions")
    if name == "times" and mode in ("constant", "mean", "median", "linear_ramp"):
        pytest.skip("NumPy can't put numbers among times, nor halve or add them")
    same(lambda a: np.pad(a, width, mode=mode), ARRAYS[name], chunks=2, close=mode in ("mean", "median"))


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=3),
    st.sampled_from(MODES),
    st.data(),
)
def test_any_widths(shape: list[int], mode: str, data: st.DataObject) -> None:
    """Other widths at each end of each axis; corners are filled as NumPy fills them."""
    widths = [(data.draw(st.integers(0, 9)), data.draw(st.integers(0, 9))) for _ in shape]
    a = np.arange(np.prod(shape)).reshape(shape)

    check(lambda: nb.pad(nb.from_array(a, chunks=2), widths, mode=mode), lambda: np.pad(a, widths, mode=mode))


@given(
    st.sampled_from(["reflect", "symmetric"]),
    st.lists(st.integers(0, 5), min_size=1, max_size=2),
    st.sampled_from(["?", "u1", "i4", "f4", ">f8", "c8", "m8[s]", "M8[s]", "O", "S3"]),
    st.data(),
)
def test_turned_about_the_edges(mode: str, shape: list[int], dtype: str, data: st.DataObject) -> None:
    """Odd reflections go on as the edges do, to the same bits: wider than the array, of every kind of dtype."""
    widths = [(data.draw(st.integers(0, 23)), data.draw(st.integers(0, 23))) for _ in shape]
    numbers = np.random.default_rng(len(shape)).integers(0, 9, shape)
    a = (numbers * 1.37 if np.dtype(dtype).kind in "fc" else numbers).astype(dtype)

    same(lambda x: np.pad(x, widths, mode, reflect_type="odd"), a, chunks=2)


def test_options() -> None:
    """Constants, lengths of statistics, and dictionaries by axis."""
    a = np.arange(12).reshape(3, 4)
    same(lambda x: np.pad(x, 2, constant_values=((1, 2), (3, 4))), a)
    same(lambda x: np.pad(x, 2, constant_values=5), a)
    same(lambda x: np.pad(x, 2, mode="maximum", stat_length=2), a)
    same(lambda x: np.pad(x, ((1, 2), (3, 0)), mode="mean", stat_length=((1, 2), (3, 1))), a)
    same(lambda x: np.pad(x, (2, 1), mode="median", stat_length=2), a)
    same(lambda x: np.pad(x, ((1, 4), (2, 3)), mode="linear_ramp", end_values=((-1, -2), (4, 3))), a / 7)
    same(lambda x: np.pad(x, 5, mode="linear_ramp", end_values=(5, 40)), np.full((3, 4), 5), chunks=2)
    same(lambda x: np.pad(x, 1, mode="reflect", reflect_type="even"), a)
    same(lambda x: np.pad(x, 1), np.array(5.0))
    same(lambda x: np.pad(x, ((0, 2), (1, 1))), np.zeros((0, 2)))
    check(nb.pad(nb.from_array(a), {1: (1, 2)}), np.pad(a, ((0, 0), (1, 2))))


@pytest.mark.parametrize("dtype", ["b", "B", "h", "?", "U2", "M8[D]", "O"])
@pytest.mark.parametrize("value", [300, -1, 2.5, (1, 300), ((-1, 2),), True, "4"], ids=repr)
@pytest.mark.parametrize("width", [1, 0])
def test_constants_of_other_dtypes(dtype: str, value: Any, width: int) -> None:
    """They are cast or refused as by NumPy, also where none is put."""
    same(lambda x: np.pad(x, width, constant_values=value), np.arange(2).astype(dtype))


def test_refusals() -> None:
    """Negative widths, widths for other axes, empty axes, and modes without a blocked form."""
    a = np.arange(12).reshape(3, 4)
    for width in (-1, (1, 2, 3), ((1, 2),) * 3):
        same(lambda x, width=width: np.pad(x, width), a)
    same(lambda x: np.pad(x, 1, mode="edge"), np.zeros((0, 2)))
    with pytest.raises(DTypeError, match="must be of integral type"):
        nb.pad(nb.from_array(a), 1.5)
    with pytest.raises(NotBlocked, match=r"mode=.* has no blocked form; use one of constant"):
        nb.pad(nb.from_array(a), 1, mode=lambda *given: None)
    with pytest.raises(InputError, match=r"unsupported keyword arguments for mode .wrap."):
        nb.pad(nb.from_array(a), 1, mode="wrap", constant_values=3)


def test_padding_reads_nothing_twice() -> None:
    """Slices of what was padded are slices of what there is."""
    x = nb.pad(nb.ones((10_000, 10_000), chunks=100), 5, mode="wrap")

    assert x[5000:5010, 5000:5010].plan().ntasks < 30
    assert 100 == x[:10, :10].sum().compute()


@pytest.mark.parametrize("mode", ["maximum", "minimum", "mean", "median"])
@pytest.mark.parametrize("width", [0, (1, 2)])
def test_a_statistic_of_nothing(mode: str, width: Any) -> None:
    """The mean of no elements is NaN; an extreme of none is refused, even where nothing is added."""
    same(lambda x: np.pad(x, width, mode=mode, stat_length=0), np.array([1.0, 2.0]))


def test_options_of_other_modes() -> None:
    """Each mode takes its own option, and widths are whole numbers."""
    a = np.arange(3)
    for mode in ("constant", "edge", "linear_ramp", "mean", "wrap", "reflect", "symmetric"):
        for options in ({"reflect_type": "even"}, {"end_values": 1}, {"constant_values": 2}, {"stat_length": 1}):
            same(lambda x, mode=mode, options=options: np.pad(x, 1, mode, **options), a)
    for width in ("3", 1.5, ((1.0, 2.0),)):
        same(lambda x, width=width: np.pad(x, width), a)


@pytest.mark.parametrize("mode", ["maximum", "minimum", "mean", "median"])
def test_text_has_no_statistics(mode: str) -> None:
    """Not even where nothing is added; as with NumPy."""
    a = np.array(["4"])
    with pytest.raises(TypeError):
        np.pad(a, 0, mode)
    with pytest.raises(DTypeError, match=f"has no {mode}"):
        nb.pad(nb.from_array(a), 0, mode)


@pytest.mark.parametrize("width", [0, 1, (0, 2), ((0, 0), (2, 0))])
@pytest.mark.parametrize("mode", ["maximum", "minimum", "mean", "median", "linear_ramp", "edge"])
@pytest.mark.parametrize("dtype", ["M8[D]", "m8[s]", "?", "S2"])
def test_what_is_refused(dtype: str, mode: str, width: Any) -> None:
    """NumPy makes statistics and ramps also where nothing is added; where an axis is empty, it tells of that first."""
    for shape in ((2, 3), (2, 0), (0, 2)):
        same(lambda x: np.pad(x, width, mode), np.arange(np.prod(shape)).reshape(shape).astype(dtype), chunks=2)
