"""Sorting is NumPy's, in one block, in blocks of lines, and in runs that are merged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import nbarray as nb
from nbarray.errors import NotBlocked
from tests.compare import check, same

RNG = np.random.default_rng(12)
KINDS = {
    "float": np.where(RNG.random((6, 7)) < 0.2, np.nan, RNG.integers(-3, 3, (6, 7)) * 1.0),
    "half": RNG.normal(size=(6, 7)).astype("f2"),
    "whole": RNG.integers(-5, 5, (6, 7)),
    "unsigned": RNG.integers(0, 255, (6, 7)).astype(np.uint8),
    "truth": RNG.random((6, 7)) < 0.5,
    "complex": RNG.integers(-2, 2, (6, 7)) + 1j * RNG.integers(-2, 2, (6, 7)),
    "big-endian": RNG.integers(-500, 500, (6, 7)).astype(">i4"),
    "times": np.where(RNG.random((6, 7)) < 0.2, np.datetime64("NaT"), RNG.integers(0, 9, (6, 7)).astype("M8[D]")),
    "text": RNG.integers(0, 99, (6, 7)).astype("U3"),
    "empty": np.zeros((0, 3)),
    "one": np.array([3.0]),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("nbytes", [1, 64, 2**20])
def test_sort(kind: str, axis: Any, nbytes: int) -> None:
    """Every dtype and axis, in chunks of any size."""
    a = KINDS[kind]
    with nb.config(chunk_bytes=nbytes):
        for chunks in (2, 5):
            same(lambda x: np.sort(x, axis=axis), a, chunks=chunks)
            expected = None if axis == 1 and a.ndim == 1 else np.argsort(a, axis=axis, kind="stable")
            if expected is not None:
                check(nb.argsort(nb.from_array(a, chunks=chunks), axis=axis), expected)


@given(
    arrays(np.float64, st.integers(1, 40), elements=st.sampled_from([0.0, -0.0, 1, 2, np.nan, np.inf])),
    st.integers(1, 9),
)
def test_runs(a: Any, chunk: int) -> None:
    """Ties, NaN and infinities come out where NumPy's stable sort puts them."""
    with nb.config(chunk_bytes=8 * chunk):
        x = nb.from_array(a, chunks=chunk)
        check(nb.argsort(x), np.argsort(a, kind="stable"))
        check(nb.sort(x), np.sort(a, kind="stable"))


def test_signs_of_zeros() -> None:
    """A sign isn't lost, as NumPy's fast sort may lose it."""
    for n in (2, 9, 64, 300):
        check(nb.sort(nb.from_array(np.r_[-0.0, np.zeros(n)])), np.sort(np.r_[-0.0, np.zeros(n)], kind="stable"))
        check(nb.sort(nb.from_array(np.r_[1.0, -0.0, np.zeros(n)])), np.r_[-0.0, np.zeros(n), 1.0])


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_tenth_of_the_array_is_enough(tmp_path: Path, workers: int) -> None:
    """Runs go through scratch; the result is the same bits for any number of workers."""
    a = np.random.default_rng(1).normal(size=400_000)
    with nb.config(memory=a.nbytes // 10, chunk_bytes=40_000, scratch=str(tmp_path), workers=workers):
        made = nb.sort(nb.from_array(a, chunks=5000))
        report = made[-1000:].plan()
        last = made[-1000:].compute()
        rising = (made[1:] >= made[:-1]).all().compute()

    assert report.spilled_bytes >= a.nbytes
    assert report.sequential_peak <= a.nbytes // 10
    assert np.sort(a)[-1000:].tobytes() == last.tobytes()
    assert rising


@pytest.mark.parametrize("dtype", ["i2", "u8", "f4", "c16", "M8[D]", "m8[s]", ">i4"])
@pytest.mark.parametrize("axis", [0, -1, None])
@pytest.mark.parametrize("nbytes", [2**20, 64])
def test_masked_elements_come_last(dtype: str, axis: int | None, nbytes: int) -> None:
    """As in `numpy.ma`, whatever lies behind the mask."""
    rng = np.random.default_rng(3)
    a = np.ma.masked_array(rng.integers(0, 9, (23, 5)).astype(dtype), rng.random((23, 5)) < 0.3)
    line = a.ravel() if axis is None else a
    with nb.config(chunk_bytes=nbytes):
        made = nb.sort(nb.from_array(a, chunks=(4, 3)), axis=axis).compute()
        places = nb.argsort(nb.from_array(a, chunks=(4, 3)), axis=axis).compute()

    expected = np.sort(a, axis=axis)
    assert np.ma.getmaskarray(expected).tolist() == np.ma.getmaskarray(made).tolist()
    assert expected.compressed().tolist() == made.compressed().tolist()
    assert np.ma.argsort(line, axis=-1 if axis is None else axis, kind="stable").tolist() == places.tolist()


def test_positions_fit_into_a_budget_given_later() -> None:
    """A line short enough to be sorted in one task doesn't have to be one when its positions are wanted."""
    a = np.random.default_rng(2).normal(size=500_000)
    with nb.config(chunk_bytes=a.nbytes):
        made = nb.argsort(nb.from_array(a, chunks=50_000)).compute(memory=4 * a.nbytes)

    assert np.argsort(a, kind="stable").tobytes() == made.tobytes()


def test_refusals() -> None:
    """What has no order, masked text, and too many lines that are longer than chunks."""
    same(lambda x: np.sort(x, axis=2), KINDS["whole"])
    same(lambda x: np.sort(x, axis=0), np.array(5))
    with pytest.raises(NotBlocked, match="masked arrays of <U1 has no blocked form"):
        nb.sort(nb.from_array(np.ma.masked_equal(np.array(["b", "a"]), "a")))
    with nb.config(chunk_bytes=8), pytest.raises(NotBlocked, match="sorting 2000 lines of 3 elements"):
        nb.sort(nb.ones((3, 2000), chunks=1), axis=0)
    with pytest.raises(NotBlocked, match="order='a' has no blocked form"):
        nb.sort(nb.ones(3), order="a")  # type: ignore[arg-type]
