"""`nb.fft` is `numpy.fft`: along whole lines, and along lines that are longer than a block."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import InputError, NotBlocked
from tests.compare import check, same
from tests.laws.arrays import KINDS, LAYOUTS, MASKED, values_of

RNG = np.random.default_rng(3)
LINES = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
AXES = ["fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"]
REAL = RNG.normal(size=(7, 6, 5))
WITHIN = {"f": 1e-5, "F": 1e-5, "e": 1e-5, "g": 1e-13, "G": 1e-13}


def equal(function: Any, a: Any, chunks: Any = 2) -> None:
    """A function does the same to a blocked array."""
    within = WITHIN.get(np.asarray(a).dtype.char, 1e-12)
    check(lambda: function(nb.from_array(a, chunks=chunks)), lambda: function(a), within=within)


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("dtype", [*"?bHqefdgFDG", ">f8", ">c8", "M8[s]", "U3"])
def test_dtypes(name: str, dtype: str) -> None:
    """Every dtype, with NumPy's result dtype, or refused."""
    f = getattr(np.fft, name)
    a = values_of(dtype)

    equal(f, a)
    equal(lambda x: f(x, axis=0), a)


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("n", [None, 1, 2, 3, 6, 8, 11, 0, -1, 2.5])
def test_lengths(name: str, n: Any) -> None:
    """Lines cut and filled up, by any norm; lengths that make no sense."""
    f = getattr(np.fft, name)

    for norm in (None, "backward", "ortho", "forward"):
        equal(lambda x, norm=norm: f(x, n, norm=norm), REAL)
        equal(lambda x, norm=norm: f(x, n, 0, norm), REAL)
    equal(lambda x: f(x, n, axis=1), REAL[:, :1])


@pytest.mark.parametrize("name", LINES)
def test_axes(name: str) -> None:
    """Every axis, wrong axes and norms, arrays of any layout."""
    f = getattr(np.fft, name)

    for axis in (-3, 0, 1, 2, 3, -4):
        equal(lambda x, axis=axis: f(x, axis=axis), REAL)
    equal(lambda x: f(x, norm="wrong"), REAL)
    for layout in LAYOUTS.values():
        equal(f, layout, 3)
    for kind in ("peculiar-d", "peculiar-F"):
        equal(lambda x: np.isfinite(f(x, axis=0)), KINDS[kind])


@pytest.mark.parametrize("name", AXES)
@pytest.mark.parametrize("nbytes", [1, 400, 2**20])
def test_several_axes(name: str, nbytes: int) -> None:
    """Several axes, in one task or one after the other."""
    f = getattr(np.fft, name)
    cases: list[tuple[Any, Any]] = [
        ((4, 5), (0, 1)), ((9, 3), (2, 0)), ((3,), (1,)), (None, (1,)), (None, (-1, 0)), (None, (0, 0)), (None, (0, 5)),
        ((3, 4), (0,)), (None, ()), ((0, 2), (0, 1)),
    ]  # fmt: skip
    with nb.config(chunk_bytes=nbytes):
        equal(f, REAL)
        for s, axes in cases:
            equal(lambda x, s=s, axes=axes: f(x, s, axes), REAL)
        equal(lambda x: f(x, norm="ortho"), REAL[0] + 1j * REAL[1] if name[0] in "fi" and "r" not in name else REAL[0])
        equal(f, np.arange(4.0))
        equal(f, np.zeros((0, 4, 4)))


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("size", [36, 37, 60, 61])
def test_long_lines(name: str, size: int) -> None:
    """A line longer than a block is taken apart into a matrix; one of prime length is not."""
    f = getattr(np.fft, name)
    line, lines = RNG.normal(size=size), RNG.normal(size=(3, size, 2))
    with nb.config(chunk_bytes=16 * 16):
        for n in (None, size - 1, size + 4, 35):
            for norm in (None, "ortho", "forward"):
                equal(lambda x, n=n, norm=norm: f(x, n, norm=norm), line, 7)
            equal(lambda x, n=n: f(x, n, axis=1), lines, 5)
        equal(f, line.astype("f4"), 7)
        if name not in ("rfft", "ihfft"):
            equal(f, line + 1j * line[::-1], 7)
        equal(f, line.astype("g"), 7)


def test_long_lines_are_exact() -> None:
    """Roots of unity are right to the last bits, however long the line."""
    a = RNG.normal(size=2**16) + 1j * RNG.normal(size=2**16)
    expected = np.fft.fft(a)
    with nb.config(chunk_bytes=2**16):
        x = nb.from_array(a, chunks=5000)
        made, back = nb.compute(nb.fft.fft(x), nb.fft.ifft(nb.fft.fft(x)))

    assert np.abs(made - expected).max() < 4e-15 * np.abs(expected).max()
    assert np.abs(back - a).max() < 4e-15 * np.abs(a).max()


def test_out_of_core() -> None:
    """A line, and a plane along both axes, in a fraction of their bytes: what is between goes through scratch."""
    line = RNG.normal(size=2**18)
    plane = RNG.normal(size=(512, 512))
    with nb.config(memory="1MiB"):
        made = nb.fft.fft(nb.from_array(line, chunks=10_000))[:1000]
        report = made.plan()
        check(made, np.fft.fft(line)[:1000], within=1e-12)
        both = nb.fft.fft2(nb.from_array(plane, chunks=64))[:20]
        check(both, np.fft.fft2(plane)[:20], within=1e-12)

    assert report.spilled_bytes > 0
    assert report.sequential_peak <= 2**20


def test_a_chunked_axis_is_read_once() -> None:
    """Tasks read whole lines, whatever the chunks."""
    x = nb.from_array(RNG.normal(size=(64, 64)), chunks=(8, 64))
    with nb.config(chunk_bytes=64 * 16 * 8):
        made = nb.fft.fft(x, axis=0)
        report = made.plan()

    assert len(made.chunks[1]) == report.plan.ntasks == 8


@pytest.mark.parametrize("axes", [None, 0, (0, 2), -1, 3, (1, 1)])
def test_shifts(axes: Any) -> None:
    """Halves of any axes exchanged, and back."""
    for a in (REAL, np.arange(5), np.zeros((0, 3, 1))):
        if a.ndim < 3 and axes is not None:
            continue
        same(lambda x: np.fft.fftshift(x, axes), a)
        same(lambda x: np.fft.ifftshift(x, axes), a)


@pytest.mark.parametrize("n", [1, 2, 5, 8, 2.0, 0])
def test_frequencies(n: Any) -> None:
    """The frequencies that transforms give, in any chunks."""
    for d in (1.0, 0.25, 3):
        if n != 0:
            check(lambda d=d: nb.fft.fftfreq(n, d, chunks=3), lambda d=d: np.fft.fftfreq(n, d))
            check(lambda d=d: nb.fft.rfftfreq(n, d), lambda d=d: np.fft.rfftfreq(n, d))
        else:
            with pytest.raises(ZeroDivisionError):
                nb.fft.fftfreq(n, d)


def test_chunks_that_stay() -> None:
    """Shifting leaves chunks as they are, and frequencies have those that are asked for."""
    x = nb.from_array(REAL, chunks=(7, 4, 2))

    assert x.chunks == nb.fft.fftshift(x).chunks
    assert ((4, 3),) == nb.fft.fftfreq(7, chunks=(4,)).chunks
    with pytest.warns(DeprecationWarning, match="`axes` should not be `None`"):
        nb.fft.fftn(x, (3, 3))


def test_wrap() -> None:
    """Somebody's own functions, called as NumPy's are, on real blocks alone."""
    x = nb.from_array(REAL, chunks=2)
    seen: list[tuple[int, ...]] = []

    def mine(a: Any, n: Any = None, axis: int = -1) -> Any:
        seen.append(a.shape)
        return np.fft.rfft(a, n, axis)

    made = nb.fft.fft_wrap(mine, kind="rfft")(x, n=8, axis=1)
    assert [] == seen
    check(made, np.fft.rfft(REAL, 8, 1), within=1e-13)
    assert {6} == {shape[1] for shape in seen}
    check(nb.fft.fft_wrap(np.fft.irfftn)(x, axes=(0, 1)), np.fft.irfftn(REAL, axes=(0, 1)), within=1e-13)
    check(nb.fft.fft_wrap(np.fft.rfft2)(x), np.fft.rfft2(REAL), within=1e-13)
    single = nb.fft.fft_wrap(lambda a, n, axis: np.fft.fft(a, n, axis).astype("F"), kind="fft", dtype="F")(x)
    check(single, np.fft.fft(REAL).astype("F"))
    with pytest.raises(InputError, match="kind='mine'"):
        nb.fft.fft_wrap(mine)


def test_refusals() -> None:
    """Masked arrays and out= are refused; every name of `numpy.fft` is there."""
    with pytest.raises(NotBlocked, match="fill what is missing"):
        nb.fft.fft(nb.from_array(MASKED["masked-d"]))
    with pytest.raises(NotBlocked, match="out="):
        nb.fft.fft(nb.ones(3), out=np.zeros(3))
    with pytest.raises(IndexError, match="at least 1 axis"):
        nb.fft.rfftn(nb.ones(3), axes=())

    assert [] == [n for n in np.fft.__all__ if not hasattr(nb.fft, n)]


def test_lines_of_nothing() -> None:
    """Filled up with zeros, a line of nothing is zeros (NumPy's real ones are what lay in memory)."""
    for name in LINES:
        made = getattr(nb.fft, name)(nb.zeros((0, 2)), 4, axis=0).compute()

        assert not made.any()
        assert made.shape == np.shape(getattr(np.fft, name)(np.zeros((4, 2)), 4, axis=0))
