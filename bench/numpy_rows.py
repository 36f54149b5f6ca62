"""Rows about NumPy's functions: order, sets, linear algebra, transforms, indexing.

A library that has no such function is told to fail, and left out of its row's demands.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bench.data import Chunks, Sizes, cube
from bench.row import IN_FILES, Must, Row

__all__ = ["NUMPY_ROWS"]

PEERS = ("dask", "dask-array", "cubed", "numpy")
DASKS = ("dask", "dask-array", "numpy")


def _numbers(count: int, sizes: Sizes, whole: int | None = None) -> list[tuple[Any, Chunks]]:
    """A long line of numbers; whole ones below `whole` if that is given."""
    random = np.random.default_rng(11)
    n = min(count, sizes.array_bytes // 8)
    values = random.random(n) if whole is None else random.integers(0, whole, n)
    return [(values, (max(1, n // 50),))]


def _table(rows: int, columns: int, sizes: Sizes) -> list[tuple[Any, Chunks]]:
    """Many rows of a few numbers each."""
    n = min(rows, sizes.array_bytes // (8 * columns))
    return [(np.random.default_rng(12).random((n, columns)), (max(1, n // 40), columns))]


def _squares(count: int, side: int, sizes: Sizes) -> list[tuple[Any, Chunks]]:
    """Square matrices in four by four blocks."""
    n = min(side, sizes.side)
    random = np.random.default_rng(13)
    return [(random.random((n, n)), (n // 4, n // 4)) for _ in range(count)]


def _is_dask(m: Any) -> bool:
    return str(m.__name__).startswith("dask")


def _taken(m: Any, x: Any) -> Any:
    positions = np.random.default_rng(14).integers(0, x.shape[0], 2 * x.shape[0])
    return m.sum(m.take(x, positions, axis=0), axis=0)


def _transformed(m: Any, x: Any) -> Any:
    if _is_dask(m):
        x = x.rechunk({0: -1, 1: "auto"})  # they transform whole axes alone
    return m.sum(m.abs(m.fft.fft(x, axis=0)), axis=1)


def _rolling(m: Any, x: Any) -> Any:
    windows = getattr(m, "sliding_window_view", None) or m.lib.stride_tricks.sliding_window_view
    return m.mean(m.mean(windows(x, 24, axis=0), axis=-1), axis=0)


NUMPY_ROWS = (
    Row(
        "sort",
        "sort of 50 M numbers in memory",
        Must(of={"numpy": 3.0}),
        partial(_numbers, 50_000_000),
        lambda m, x: m.sort(x),
        ("numpy",),
    ),
    Row(
        "sort file",
        "sort of a 1.6 GB cube in plain HDF5 along its first axis, every 50th map wanted",
        Must(of={"numpy": 3.0}),
        partial(cube, 32, 32, 1),
        lambda m, x: m.sort(x, axis=0)[::50],
        ("numpy",),
        memory=2**29,
        once=True,
    ),
    Row(
        "median",
        "median(axis=0) of a million rows of 40",
        Must(1.2, {"numpy": 3.0}),
        partial(_table, 1_000_000, 40),
        lambda m, x: m.median(x, axis=0),
        DASKS,
    ),
    Row(
        "quantile",
        "three quantiles of 50 M numbers",
        Must(of={"numpy": 3.0}),
        partial(_numbers, 50_000_000),
        lambda m, x: m.quantile(x, np.array([0.1, 0.5, 0.9])),
        ("numpy",),
    ),
    Row(
        "unique",
        "distinct ones of 50 M numbers below a thousand",
        Must(1.5, {"numpy": 3.0}),
        partial(_numbers, 50_000_000, whole=1000),
        lambda m, x: m.unique(x),
        DASKS,
    ),
    Row(
        "histogram",
        "histogram of 50 M numbers in 100 bins of a known range",
        Must(1.5, {"numpy": 3.0}),
        partial(_numbers, 50_000_000),
        lambda m, x: m.histogram(x, bins=100, range=(0.0, 1.0))[0],
        DASKS,
    ),
    Row(
        "svd tall",
        "singular values of 400,000 × 40",
        Must(1.2, {"numpy": 3.0}),
        partial(_table, 400_000, 40),
        lambda m, x: m.linalg.svd(x, **({} if _is_dask(m) else {"full_matrices": False}))[1],
        DASKS,
    ),
    Row(
        "qr",
        "the triangle of 400,000 × 40, without signs",
        Must(1.5, {"numpy": 3.0}),
        partial(_table, 400_000, 40),
        lambda m, x: m.abs(m.linalg.qr(x)[1]),
        DASKS,
    ),
    Row(
        "einsum",
        "einsum of three matrices of 3000 × 3000, summed",
        Must(1.5, {"numpy": 3.0}),
        partial(_squares, 3, 3000),
        lambda m, a, b, c: m.sum(m.einsum("ij,jk,kl->il", a, b, c, optimize=True)),
        DASKS,
    ),
    Row(
        "fft",
        "transform along a chunked axis of 4000 × 4000",
        Must(1.5, {"numpy": 3.0}),
        partial(_squares, 1, 4000),
        _transformed,
        DASKS,
    ),
    Row(
        "take",
        "twice as many rows as there are, at random, of a million of 40",
        Must(3.0, {"numpy": 3.0}),
        partial(_table, 1_000_000, 40),
        _taken,
        PEERS,
    ),
    Row(
        "mask",
        "x[x > 0.5].sum() of 50 M numbers",
        Must(1.5, {"numpy": 3.0}),
        partial(_numbers, 50_000_000),
        lambda m, x: m.sum(x[x > 0.5]),
        DASKS,
    ),
    Row(
        "rolling mean",
        "mean over 24 steps of 1,600 maps in plain HDF5, averaged",
        Must(1.5),
        partial(cube, 32, 32, 1),
        _rolling,
        IN_FILES[:2],
    ),
)
