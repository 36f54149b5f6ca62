"""Windows are NumPy's, and reductions over them are those of NumPy's windows, without windows being made."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbarray as nb
from nbarray.errors import InputError, NotBlocked
from nbarray.rewrite import lower_windows
from tests.compare import check, check_blocks, same, tiny_tasks
from tests.laws.arrays import KINDS, LAYOUTS, MASKED, values_of

view = np.lib.stride_tricks.sliding_window_view
A = values_of("d")
NAMES = ["sum", "mean", "prod", "min", "max", "any", "all", "var", "std"]
NAN_NAMES = ["nansum", "nanmean", "nanprod", "nanmin", "nanmax", "nanvar", "nanstd"]


@pytest.mark.parametrize("kind", KINDS)
def test_windows_of_every_dtype(kind: str) -> None:
    """Windows of one axis and of two, whatever they hold."""
    same(lambda x: view(x, 3, axis=0), KINDS[kind])
    same(lambda x: view(x, (2, 3))[::2, 1], KINDS[kind], chunks=(3, 2))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_windows_of_every_layout(layout: str) -> None:
    """Shapes NumPy makes windows of, or refuses."""
    a = LAYOUTS[layout]
    for window in (1, 2, (1,) * a.ndim, (2,) * a.ndim):
        same(lambda x, w=window: view(x, w, axis=-1) if isinstance(w, int) else view(x, w), a)


@pytest.mark.parametrize(
    "arguments", [((2, 3), (1, 0)), ((2, 2), (0, 0)), ((3,), (1,)), ((0,), (0,)), ((), ()), (7, 0)]
)
def test_axes(arguments: Any) -> None:
    """Axes in any order, twice, none; windows of nothing and of everything."""
    same(lambda x: view(x, *arguments), A, chunks=(3, 2))


@pytest.mark.parametrize(
    "arguments", [(8, 0), ((2,), 3), (-1, 0), (2, (0, 1)), (2, None), (1.5, 0), ((5, 4), (0, 0)), ("2", 0)], ids=str
)
def test_windows_that_do_not_fit(arguments: Any) -> None:
    """Refused as NumPy refuses them."""
    same(lambda x: view(x, *arguments), A)


def test_chunks_stay_as_large_as_they_were() -> None:
    """Other axes are cut more finely, so that windows don't make huge chunks; or are left if so asked."""
    x = nb.zeros((50, 50, 50), chunks=(25, 25, 25))
    made = nb.sliding_window_view(x, 5, 0)

    assert ((25, 21), (9, 8, 8) * 2, (9, 8, 8) * 2, (5,)) == made.chunks
    assert ((21,), (25, 25), (25, 25), (30,)) == nb.sliding_window_view(x, 30, 0, automatic_rechunk=False).chunks
    check_blocks(nb.sliding_window_view(nb.from_array(A, chunks=(3, 2)), 4, 0))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["?", "H", "q", "e", "f", "d", "D", ">f8"])
def test_reductions(name: str, dtype: str) -> None:
    """Every reduction of the table and dtype, over windows of one and two axes, and what is computed from them."""
    a = values_of(dtype)
    reduce = getattr(np, name)
    with tiny_tasks():
        for w in (1, 3, 6):
            same(lambda x, w=w: reduce(view(x, w, axis=0), axis=-1), a, chunks=(3, 2), close=True)
        same(lambda x: reduce(view(x, (3, 2)), axis=(-1, -2)), a, chunks=(3, 2), close=True)
        same(lambda x: reduce(view(x, 2, axis=1), axis=-1, keepdims=True), a, chunks=(3, 2), close=True)


@pytest.mark.parametrize("name", NAN_NAMES)
@pytest.mark.parametrize("kind", ["peculiar-f", "peculiar-d", "dtype-q"])
def test_nan_reductions(name: str, kind: str) -> None:
    """NaN is left out window by window; infinities are in a window as long as it lasts, and no longer."""
    reduce = getattr(np, name)
    for w in (1, 2, 5):
        same(lambda x, w=w: reduce(view(x, w, axis=0), axis=-1), KINDS[kind], chunks=(2, 3), close=True)


def test_where_and_other_axes() -> None:
    """What isn't a reduction over just the windows is still right."""
    same(lambda x: (view(x, 3, axis=0) * 2 + 1).mean(-1), A, close=True)
    same(lambda x: np.sum(view(x, 3, axis=0), axis=(0, -1)), A, close=True)
    same(lambda x: np.sum(view(x, (3, 2)), axis=-2), A, close=True)
    same(lambda x: np.argmax(view(x, 3, axis=0), axis=-1), A)
    same(lambda x: np.sum(view(x, 3, axis=0), axis=-1, where=view(x, 3, axis=0) > 0), A, close=True)
    same(lambda x: (view(x, 3, axis=0).sum(-1) / 2)[::-2, 1:].T, A, close=True)
    same(lambda x: np.sort(view(x, 3, axis=0), axis=-1), A)


@given(st.integers(1, 12), st.integers(1, 30), st.integers(1, 6), st.integers(1, 64))
def test_any_window_in_any_chunks(window: int, size: int, chunk: int, block: int) -> None:
    """Whatever the lengths of windows, chunks and tasks' blocks, each window is seen once and whole."""
    a = np.arange(size) % 7 * 1.0
    window = min(window, size)
    x = nb.from_array(a, chunks=chunk)
    before, lower_windows.BLOCK_BYTES = lower_windows.BLOCK_BYTES, 8 * block
    try:
        check(nb.sliding_window_view(x, window).sum(-1), view(a, window).sum(-1))
        check(
            nb.rolling_max(x, window, min_count=1),
            np.array([a[max(0, k - window + 1) : k + 1].max() for k in range(size)]),
        )
    finally:
        lower_windows.BLOCK_BYTES = before


def _rolled(name: str, a: Any, window: int, axis: int, min_count: int | None, center: bool) -> Any:
    """Row by row, with NumPy's nan-functions."""
    least = window if min_count is None else min_count
    before = window // 2 if center else window - 1
    lines = np.moveaxis(np.asarray(a, float), axis, -1)
    made = np.full(lines.shape, np.nan)
    for place in np.ndindex(lines.shape):
        *rest, k = place
        part = lines[tuple(rest)][max(0, k - before) : k - before + window]
        if np.count_nonzero(~np.isnan(part)) >= least and (least or name == "sum" or len(part)):
            made[place] = getattr(np, f"nan{name}")(part)
    return np.moveaxis(made, -1, axis)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "min", "max", "var", "std"])
@pytest.mark.parametrize("dtype", ["d", "i"])
@pytest.mark.parametrize("min_count", [None, 1, 2])
@pytest.mark.parametrize("center", [False, True])
def test_rolling(name: str, dtype: str, min_count: int | None, center: bool) -> None:
    """Windows that end at, or lie around, each element; too few values make NaN."""
    a = values_of(dtype)
    if dtype == "d":
        a[[0, 3, 4, 5], [1, 1, 1, 2]] = np.nan
    x = nb.from_array(a, chunks=(3, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for axis, window in ((0, 3), (0, 4), (-1, 2), (1, 1)):
            if min_count is not None and min_count > window:
                continue
            made = getattr(nb, f"rolling_{name}")(x, window, axis, min_count, center)
            check(made, _rolled(name, a, window, axis, min_count, center), within=1e-12)
            assert x.chunks == made.chunks


def test_rolling_options() -> None:
    """Counts, several axes, ddof, singles stay singles."""
    a = KINDS["peculiar-d"]
    x = nb.from_array(a, chunks=(3, 2))
    counted = [np.isfinite(np.where(np.isinf(a), 0, a))[max(0, k - 2) : k + 1].sum(0) for k in range(7)]
    check(nb.rolling_count(x, 3, 0), np.array(counted))
    check(
        nb.rolling_count(nb.from_array(A, chunks=3), 9 // 3, 0),
        np.minimum(np.arange(7) + 1, 3)[:, None] * np.ones(5, int),
    )
    check(nb.rolling_sum(nb.from_array(A, chunks=3), (2, 3), (1, 0))[2:, 1:], view(A, (3, 2)).sum((-1, -2)))
    check(nb.rolling_var(nb.from_array(A, chunks=3), 3, 0, ddof=1)[2:], view(A, 3, 0).var(-1, ddof=1), within=1e-13)
    check(
        nb.rolling_mean(nb.from_array(A.astype("f"), chunks=3), 3, 0)[2:],
        view(A.astype("f"), 3, 0).mean(-1),
        within=1e-6,
    )


def test_masked() -> None:
    """What is missing doesn't count; where too little is left, the result is missing."""
    m = MASKED["masked-d"]
    x = nb.from_array(m, chunks=(3, 2))
    windows = np.ma.MaskedArray(view(m.data, 3, 0), view(np.ma.getmaskarray(m), 3, 0))

    check(nb.sliding_window_view(x, 3, 0), windows)
    check(nb.sliding_window_view(x, 3, 0).mean(-1), windows.mean(-1), within=1e-13)
    check(nb.sliding_window_view(x, 3, 0).max(-1), windows.max(-1))
    check(nb.rolling_sum(x, 3, 0)[2:], np.ma.MaskedArray(windows.data.sum(-1), windows.mask.any(-1)))
    check(nb.rolling_sum(x, 3, 0, min_count=1)[2:], windows.sum(-1))


def test_windows_are_not_made() -> None:
    """A year of hours and a window of a day: blocks are no larger than the array's own, each read about once."""
    x = nb.ones((8760, 2000), chunks=(730, 2000))
    for made in (nb.sliding_window_view(x, 24, 0).mean(-1), nb.nanmax(nb.sliding_window_view(x, 24, 0), -1)):
        plan = made.plan(memory="256MiB")

        assert plan.sequential_peak < 40e6
        assert plan.ntasks < 40


def test_small_budget() -> None:
    """Out of core: in a few MiB, from chunks that are one row each."""
    a = np.random.default_rng(3).normal(size=(3000, 200))
    made = nb.rolling_mean(nb.from_array(a, chunks=(1, 200)), 30, 0)[29:].max(axis=1)

    np.testing.assert_allclose(view(a, 30, 0).mean(-1).max(1), made.compute(memory="8MiB"), rtol=1e-12)


def test_refusals() -> None:
    """Windows and counts that mean nothing, and what are no numbers."""
    x = nb.from_array(A, chunks=3)
    for options in ({"window": 0}, {"window": 8, "axis": 0}, {"window": 2, "min_count": 3}, {"window": (2, 2)}):
        with pytest.raises(InputError):
            nb.rolling_mean(x, **options)
    with pytest.raises(NotBlocked, match="give real or complex numbers"):
        nb.rolling_mean(nb.from_array(KINDS["datetime"]), 2)
