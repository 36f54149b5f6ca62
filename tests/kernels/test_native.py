"""Compiled kernels give what NumPy gives, or leave it to NumPy."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray import compiling
from nbarray.errors import ConfigError
from nbarray.kernels import moments, packed
from nbarray.session import plan
from tests.compare import check, compare

pytest.importorskip("numba")

X = np.random.default_rng(7).normal(size=(37, 23, 300))
Y = np.random.default_rng(8).normal(size=(23, 300)).astype(np.float32)


@pytest.fixture(autouse=True)
def jit() -> Iterator[None]:
    """However small the work."""
    with nb.config(jit=True):
        yield


def blocked(a: Any) -> Any:
    """Several tasks, several steps in each."""
    return nb.from_array(a, chunks=(8, 23, 300)[-a.ndim :])


def programs(x: Any) -> list[Any]:
    """The programs of an array's plan."""
    return [n.program for n in plan([x.expr]).nodes if hasattr(n, "program")]


#: Written element by element: the same bits.
ELEMENTWISE: list[Callable[[Any, Any], Any]] = [
    lambda x, y: np.where(x > y, -x, np.sqrt(np.abs(y)) + 1) * 3,
    lambda x, y: ((x - 0.5) / 3.0) ** 2 + 2 * y - abs(x),
    lambda x, y: (np.maximum(x, y) >= 0.25) & ~(x < y) | (y == y),
]
#: Folded: as near as sums in another order are.
FOLDS: list[Callable[[Any], Any]] = [
    lambda x: (x * x + 1).sum(),
    lambda x: x.mean(axis=-1),
    lambda x: x.std(axis=0),
    lambda x: (x - 1).var(axis=(1, 2), ddof=1),
    lambda x: x.max(axis=(0, 2)),
    lambda x: (-x).min(axis=1),
    lambda x: (x > 0.5).sum(axis=0),
]


@pytest.mark.parametrize("function", ELEMENTWISE, ids=range(len(ELEMENTWISE)))
def test_elements_are_the_same_bits(function: Callable[[Any, Any], Any]) -> None:
    """Operations that are rounded rightly give NumPy's bits, of operands that broadcast and of mixed dtypes too."""
    x, y = blocked(X), blocked(Y)
    made = function(x, y)

    assert all(p.compiled for p in programs(made))
    check(made, function(X, Y))
    check(function(x[::2, 5:, ::-1], y[5:, ::-1]), function(X[::2, 5:, ::-1], Y[5:, ::-1]))


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 7, 8, 9])
@pytest.mark.parametrize(
    "names", [("mean", "std"), ("std", "mean"), ("var", "std", "sum"), ("max", "var", "mean", "std")]
)
def test_folds_of_one_value_share_what_they_add_up(names: tuple[str, ...], rows: int) -> None:
    """Moments, means and sums of the same values, in one pass, whatever comes first and however many rows there are."""
    a = X[:rows]
    wanted = [getattr(a - 0.5, name)(axis=0) for name in names]
    x = nb.from_array(a, chunks=(40, 23, 300)) - 0.5
    made = nb.compute(*[getattr(x, name)(axis=0) for name in names])

    for each, want in zip(made, wanted, strict=True):
        compare(each, want, 1e-13)


def test_rows_that_are_the_same_again_and_again() -> None:
    """Folds along whole rows, of operands that don't vary along all axes, in rows longer than what stays in cache."""
    a = np.random.default_rng(3).normal(size=(5, 3, 9000))
    x = nb.from_array(a, chunks=(2, 3, 9000))
    mean, deviation = a.mean(axis=0), a.std(axis=0)

    compare(abs((x - mean) / deviation).sum(), abs((a - mean) / deviation).sum(), 1e-13)
    compare(((x - mean) * deviation).var(axis=(0, 2)), ((a - mean) * deviation).var(axis=(0, 2)), 1e-13)
    compare((x - mean[0]).max(axis=(0, 1, 2)), (a - mean[0]).max(), 0)
    compare((x > mean).sum(axis=(0, 2)), (a > mean).sum(axis=(0, 2)), 0)


@pytest.mark.parametrize("function", FOLDS, ids=range(len(FOLDS)))
@pytest.mark.parametrize("dtype", ["f8", "f4"])
def test_folds(function: Callable[[Any], Any], dtype: str) -> None:
    """Sums, moments and extremes along any axes are NumPy's."""
    a = X.astype(dtype)
    made = function(blocked(a))

    assert any(p.compiled for p in programs(made))
    compare(made, function(a), 1e-13 if dtype == "f8" else 4e-6)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_same_bits_for_any_number_of_workers(workers: int) -> None:
    """How a sum is added up follows the expression alone."""
    x = blocked(X)

    assert (x * 3).sum().compute(workers=1).tobytes() == (x * 3).sum().compute(workers=workers).tobytes()


def test_sums_are_exact_where_numpy_s_are() -> None:
    """Long sums keep what rounding would lose."""
    a = np.full(1_000_003, 0.1)

    assert abs(float(nb.from_array(a).sum().compute()) - 100_000.3) <= abs(float(a.sum()) - 100_000.3)


@pytest.mark.parametrize(
    "function",
    [lambda x: 1 / (x - x), lambda x: np.sqrt(x - 100.0).sum(), lambda x: (x * 1e308 * 1e10).max(axis=0)],
    ids=["division", "root", "overflow"],
)
def test_what_numpy_warns_of_is_warned_of(function: Callable[[Any], Any]) -> None:
    """Compiled code is silent; NumPy does again what it can't be silent about."""
    with warnings.catch_warnings(record=True) as expected:
        warnings.simplefilter("always")
        values = function(X)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        made = function(blocked(X)).compute(workers=1)

    assert {str(w.message) for w in expected} == {str(w.message) for w in told}
    np.testing.assert_array_equal(values, made)


def test_nan_stays() -> None:
    """NaN in an extreme or a sum makes it NaN, and is no number in a comparison."""
    a = X.copy()
    a[3, 4, 5] = np.nan

    check(blocked(a).max(axis=0), a.max(axis=0))
    check((blocked(a) > 0).sum(axis=0), (a > 0).sum(axis=0))
    compare(blocked(a).sum(axis=(0, 2)), a.sum(axis=(0, 2)), 1e-13)


def test_packed_numbers_with_gaps(met_files: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Packed files are one kernel, whatever their scales, with gaps or without."""
    texts: list[str] = []

    def noted(text: str, *arguments: Any) -> Any:
        texts.append(text)
        return compiling.run_loops(text, *arguments)

    monkeypatch.setattr(packed, "run_loops", noted)
    netCDF4 = pytest.importorskip("netCDF4")
    variables = [netCDF4.Dataset(path)["t2m"] for path in met_files]
    x = nb.concatenate([nb.from_array(v) for v in variables], axis=0)
    whole = np.ma.concatenate([v[...] for v in variables])

    compare(x.std(axis=0), whole.std(axis=0), 1e-9)
    assert len(texts) > 1 == len(set(texts))
    compare(x.mean(axis=0), whole.mean(axis=0), 1e-12)


def test_what_has_no_kernel_is_as_ever() -> None:
    """Other functions, masks and dtypes are left to NumPy."""
    x = blocked(X)

    assert not any(p.compiled for p in programs(np.exp(x).sum()))
    assert not any(p.compiled for p in programs(blocked(X.astype(complex)) + 1))
    check(np.exp(x), np.exp(X))


def test_a_broken_compiler_is_no_misfortune(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a kernel can't be compiled, the program runs tile by tile."""

    def broken(*args: Any) -> bool:
        raise RuntimeError("no compiler today")

    monkeypatch.setattr(compiling, "_compiled", lambda text: broken)
    monkeypatch.setattr(compiling, "_failing", {})
    monkeypatch.setattr(compiling, "_functions", {})

    check(blocked(X) * 2, X * 2)


def test_settings() -> None:
    """Small work isn't compiled unless it is asked for, and can be forbidden."""
    with nb.config(jit=None):
        assert not any(p.compiled for p in programs(blocked(X) + 1))
        assert programs((nb.ones(2**27, chunks=2**20) + 1).sum())[0].compiled
    with nb.config(jit=False):
        assert not programs((nb.ones(2**27, chunks=2**20) + 1).sum())[0].compiled
    with pytest.raises(ConfigError, match="jit: expected True, False, or None"):
        nb.config(jit="yes")


@pytest.mark.skipif(not compiling.can_compile(), reason="numba isn't installed")
def test_reductions_of_a_kind_count_together() -> None:
    """Day less night is two means of half as many elements: as much as one of all."""
    x = nb.random.default_rng(0).random((2**13, 2**15), chunks=2**11)
    day, night = x[::4].mean(axis=0), x[2::4].mean(axis=0)
    with nb.config(jit=None):
        assert [False] == [p.compiled for p in programs(day) if p.folds]
        assert [True] * 2 == [p.compiled for p in programs(day - night) if p.folds]
        assert [False] * 2 == [p.compiled for p in programs(day - x[2::4].max(axis=0)) if p.folds]


@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_merging_gives_the_same_bits_compiled(monkeypatch: pytest.MonkeyPatch, gaps: float) -> None:
    """States of deviations are merged to the same bits by compiled code and by NumPy."""
    random = np.random.default_rng(3)
    made = []
    for loaded in (True, False):
        monkeypatch.setattr(moments, "kernels_loaded", lambda loaded=loaded: loaded)
        random = np.random.default_rng(3)
        counts = [random.binomial(9, 1 - gaps, (7, 11)).astype(np.uint8) for _ in range(2)]
        states = [[n, random.normal(size=(7, 11)), random.random((7, 11))] for n in counts]
        moments.moments_merge(*states)
        made.append(states[0])

    for compiled, plain in zip(*made, strict=True):
        check(compiled, plain)


def test_merging_warns_as_numpy_does() -> None:
    """What is no number in a merge is told."""
    states = [[np.full(3, 4, np.uint8), np.full(3, np.inf), np.zeros(3)] for _ in range(2)]

    with pytest.warns(RuntimeWarning, match="invalid value encountered in subtract"):
        moments.moments_merge(*states)


#: Sums that leave elements out: by a mask, where NaN is, and everywhere.
LEAVING_OUT: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
    (lambda x: x[x > 0.5].sum(), lambda a: a[a > 0.5].sum()),
    (lambda x: x[x > 0.5].mean(), lambda a: a[a > 0.5].mean()),
    (lambda x: x[x > 99].sum(), lambda a: a[a > 99].sum()),
    *[
        (lambda x, f=f, axis=axis: getattr(nb, f)(nb.where(x > 1, np.nan, x), axis=axis),
         lambda a, f=f, axis=axis: getattr(np, f)(np.where(a > 1, np.nan, a), axis=axis))
        for f in ("nansum", "nanmean") for axis in (None, 0, 1, 2, (0, 2), (1, 2))
    ],
]  # fmt: skip


@pytest.mark.parametrize(("made", "wanted"), LEAVING_OUT, ids=range(len(LEAVING_OUT)))
def test_sums_that_leave_elements_out(made: Callable[[Any], Any], wanted: Callable[[Any], Any]) -> None:
    """What is left out counts as zero in sums, and not at all in means, along any axes."""
    of = made(blocked(X))

    assert any(p.compiled for p in programs(of))
    compare(of, wanted(X), 1e-13)


@pytest.mark.parametrize("shape", [(40, 70, 3), (900, 5), (30, 20, 2, 2), (25, 4, 1, 7), (50, 1, 6)], ids=str)
def test_short_rows(shape: tuple[int, ...]) -> None:
    """Short last axes that go on without a gap are one, others are taken as they are; results are what NumPy's are."""
    a = np.random.default_rng(3).normal(size=(*shape[:-1], shape[-1] + 2))
    whole = np.ascontiguousarray(a[..., : shape[-1]])
    line = np.linspace(1, 2, shape[-1])
    last = len(shape) - 1
    for plain in (whole, a[..., 1:-1], a[..., : shape[-1]][::-1]):
        x = nb.from_array(plain, chunks=tuple(max(1, n // 2) for n in shape[:-1]) + shape[-1:])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check(x * 2 + 1, plain * 2 + 1)
            check(x * line - x, plain * line - plain)
            check((x * x).sum(), (plain * plain).sum(), within=1e-12)
            check((x * line).var(), (plain * line).var(), within=1e-12)
            for axes in ((0,), (last,), (last - 1, last), tuple(range(last))):
                check((x + 1).mean(axis=axes), (plain + 1).mean(axis=axes), within=1e-12)
                check((x * line).max(axis=axes), (plain * line).max(axis=axes))
