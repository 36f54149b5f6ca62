"""The table of rows: what is measured, on which data, and what nbarray has to reach.

A row's work is written once, for all libraries: a function of NumPy's names and of their arrays.  What only
some libraries do, or what is no library but a limit, comes as a function of the sizes of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from bench import limits, watching, works
from bench.data import cube, lines, maps, packed, pair, squares, whole_maps
from bench.numpy_rows import NUMPY_ROWS
from bench.row import IN_FILES, IN_MEMORY, PEERS_TO_BEAT, UNMASKED, Must, Row

__all__ = ["ROWS"]

#: Blocks of the cubes in HDF5, of 32 MB.
CUBE_BLOCK = 32 * 500 * 250 * 8

#: nbarray itself, beside which two workers are held.
ONE_WORKER = "nbarray, 1 worker"


def _joined(expression: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda m, *parts: expression(m, m.concatenate(list(parts), axis=0))


def _met(name: str, work: str, must: Must, expression: Callable[[Any, Any], Any]) -> Row:
    besides = {
        ONE_WORKER: partial(works.by_one_worker, maps, _joined(expression)),
        "dask, whole maps a chunk": partial(works.with_dask, whole_maps, _joined(expression)),
        "inflating alone, 1 thread": partial(limits.inflating, 1),
        "inflating alone, 2 threads": partial(limits.inflating, 2),
    }
    return Row(f"met {name}", work, must, maps, _joined(expression), IN_FILES, besides, differs=UNMASKED)


def _z_scores(m: Any, x: Any) -> Any:
    return m.sum((x - m.mean(x, axis=0)) / m.std(x, axis=0) > 3)


def _climatology(m: Any, x: Any) -> Any:
    cycles = m.reshape(x, (x.shape[0] // 100, 100, *x.shape[1:]))
    return m.mean((cycles - m.mean(cycles, axis=0)) ** 2)


def _where(m: Any, a: Any, b: Any) -> Any:
    return m.mean(m.where(a > b, m.exp(-a * a), m.sqrt(m.abs(b)) + 1), axis=1)


ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        _met(
            "mean",
            "mean over time of quarter-degree NetCDF-4 files",
            Must(3.0, {"inflating alone, 2 threads": 1 / 0.7, ONE_WORKER: 1 / 1.8}, peak_bytes=150_000_000),
            lambda m, x: m.mean(x, axis=0),
        ),
        _met(
            "day-night",
            "day minus night, same files",
            Must(3.5, {ONE_WORKER: 1 / 1.8}, peak_bytes=150_000_000),
            lambda m, x: m.mean(x[::4], axis=0) - m.mean(x[2::4], axis=0),
        ),
        _met(
            "std",
            "standard deviation over time, same files",
            Must(5.0, {ONE_WORKER: 1 / 1.8}, peak_bytes=150_000_000),
            lambda m, x: m.std(x, axis=0),
        ),
        _met(
            "anomaly",
            "one map less the mean, same files",
            Must(of={ONE_WORKER: 1 / 1.8}, peak_bytes=150_000_000),
            lambda m, x: x[x.shape[0] // 2] - m.mean(x, axis=0),
        ),
        Row(
            "fused",
            "((((x-a)/b)**2 + 2*y) - abs(x)).sum(), two arrays in memory",
            Must(4.0, {"numpy": 1 / 3, "numba, parallel": 2.0}),
            pair,
            works.fused,
            IN_MEMORY,
            {
                "numexpr": works.fused_numexpr,
                "blosc2": works.fused_blosc2,
                "numba, parallel": works.fused_numba,
                "reading alone, 2 threads": limits.reading,
            },
        ),
        Row(
            "where",
            "where(a > b, exp(-a*a), sqrt(abs(b)) + 1).mean(axis=1), in memory",
            Must(1.8),
            partial(squares, 2),
            _where,
            IN_MEMORY,
        ),
        Row(
            "centre",
            "abs(x - x.mean(axis=0)).mean() of plain HDF5 in 32 MB blocks",
            Must(2.3, peak_bytes=10 * CUBE_BLOCK, reads=2, spills=False),
            partial(cube, 32, 32, 1),
            lambda m, x: m.mean(m.abs(x - m.mean(x, axis=0))),
            IN_FILES,
        ),
        Row(
            "z-score",
            "((x - x.mean(0)) / x.std(0) > 3).sum(), same",
            Must(3.5, peak_bytes=10 * CUBE_BLOCK, reads=2, spills=False),
            partial(cube, 32, 32, 1),
            _z_scores,
            IN_FILES,
        ),
        Row(
            "quadratic",
            "means over time of u*u, v*v and u*v in one run, two cubes in plain HDF5",
            Must(2.0, peak_bytes=12 * CUBE_BLOCK, reads=1),
            partial(cube, 32, 32, 2),
            lambda m, u, v: (m.mean(u * u, axis=0), m.mean(v * v, axis=0), m.mean(u * v, axis=0)),
            IN_FILES,
        ),
        Row(
            "climatology",
            "mean square of the anomaly from a cycle of 100 steps, plain HDF5",
            Must(2.0, peak_bytes=160_000_000),
            partial(cube, 20, 100, 1),
            _climatology,
            IN_FILES,
            memory=160_000_000,
        ),
        Row(
            "gzip max",
            "max(axis=(0, 2)) of a deflated float64 cube",
            Must(3.0),
            packed,
            lambda m, x: m.max(x, axis=(0, 2)),
            IN_FILES,
        ),
        Row(
            "tiny",
            "(x+1).sum(), 100,000 blocks of 10 elements",
            Must(30.0),
            works.small_blocks,
            lambda m, x: m.sum(x + 1),
            ("dask", "dask-array", "dask-array on frisky"),
        ),
        Row(
            "tiny shifted",
            "(x[1:] - x[:-1]).sum(), 2,000 blocks",
            Must(30.0),
            works.few_small_blocks,
            lambda m, x: m.sum(x[1:] - x[:-1]),
            PEERS_TO_BEAT,
        ),
        Row(
            "general tasks",
            "map_blocks of a function that does nothing, over 20,000 blocks",
            Must(5.0, seconds=0.5),
            works.middling_blocks,
            lambda m, x: m.sum(m.map_blocks(works.nothing, x, dtype=float)),
            ("dask", "dask-array", "dask-array on frisky"),
        ),
        Row(
            "build",
            "building (e + e.T).sum(axis=0).mean() on a million blocks",
            Must(seconds=0.010),
            own=works.building,
        ),
        Row(
            "build, first block",
            "the first block of (e + 1) * e.T of 4 million",
            Must(seconds=0.100),
            own=works.first_block,
        ),
        Row(
            "monitored",
            "50,000 tasks with the notebook's monitor",
            Must(of={"not watched": 1.01}),
            own=watching.monitored,
            besides={"not watched": watching.not_watched},
        ),
        Row("build, plan", "the plan of a million tasks", Must(seconds=3.0, peak_bytes=10**8), own=works.planning),
        Row(
            "sample",
            "map_overlap over 40,000 blocks, of which 10 x 10 elements are wanted",
            Must(12.0),
            own=works.sampling,
            peers=("dask", "dask-array", "dask-array on frisky"),
        ),
        Row(
            "rechunk",
            "rows into columns, in memory",
            Must(1.5),
            works.in_rows,
            works.into_columns,
            (*PEERS_TO_BEAT, "numpy"),
        ),
        Row(
            "rechunk file",
            "a file of rows into a file of columns, with a budget of an eighth",
            Must(of={"copying the file": 2.5}, peak_bytes=2**30),
            lines,
            own=works.rechunk_file,
            peers=("dask",),
            besides={"copying the file": limits.copying},
            memory=2**30,
            once=True,
        ),
        Row(
            "transpose",
            "(x + x.T).mean(), in memory",
            Must(2.0),
            partial(squares, 1),
            lambda m, x: m.mean(x + x.T),
            IN_MEMORY,
        ),
        Row(
            "double diff",
            "(a[1:, 1:] - b[:-1, :-1]).std(), in memory",
            Must(4.0),
            partial(squares, 2),
            lambda m, a, b: m.std(a[1:, 1:] - b[:-1, :-1]),
            IN_MEMORY,
        ),
        Row(
            "matmul",
            "(a @ a.T).sum(), 4000 x 4000",
            Must(1.8, {"numpy": 1 / 0.85}),
            works.matrices,
            lambda m, a: m.sum(a @ a.T),
            IN_MEMORY,
        ),
        Row(
            "matmul large",
            "(a @ a.T).sum(), 3 GB in a file, with a budget of 512 MB",
            Must(1.8, peak_bytes=512 * 2**20),
            works.large_matrix,
            lambda m, a: m.sum(a @ a.T),
            ("dask",),
            memory=512 * 2**20,
            once=True,
        ),
        Row(
            "vorticity",
            "dx * pad(u) - dy * pad(v) with wrap padding, rechunked and written to HDF5",
            Must(2.0, peak_bytes=160_000_000),
            partial(cube, 20, 20, 2),
            own=works.vorticity,
            memory=160_000_000,
            peers=("dask", "dask-array"),
        ),
        Row(
            "cumsum",
            "cumulative sum of 40 M elements, all wanted",
            Must(1.5),
            works.line,
            lambda m, x: m.cumsum(x, axis=0),
            IN_MEMORY,
        ),
        Row(
            "cumsum, last ten",
            "cumulative sum of 40 M elements, the last ten wanted",
            Must(1.5),
            works.line,
            lambda m, x: m.cumsum(x, axis=0)[-10:],
            IN_MEMORY,
        ),
        *NUMPY_ROWS,
    )
}
