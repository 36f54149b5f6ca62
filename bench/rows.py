"""The table of rows: what is measured, on which library, with which data.

A row has a maker of data, and one work for each library: a function of the data that returns a function
without arguments that computes a NumPy result.  Making it is not timed, unless the row is about making.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["ROWS", "Must", "Row", "Sizes"]

Work = Callable[[], Any]


@dataclass(frozen=True)
class Sizes:
    """How large the data is: days of files, bytes of each array in memory, blocks of the rows about overhead."""

    days: int
    array_bytes: int
    tiny_blocks: int
    build_blocks: int
    folder: Path

    def files(self) -> list[Path]:
        """The sample files."""
        return sorted(self.folder.glob("2014-*.nc"))[: self.days]

    @staticmethod
    def full(folder: Path) -> Sizes:
        return Sizes(46, 512 * 2**20, 20_000, 1_000, folder)

    @staticmethod
    def quick(folder: Path) -> Sizes:
        return Sizes(2, 8 * 2**20, 500, 50, folder)


@dataclass(frozen=True)
class Must:
    """What nbarray has to reach in a row; None where nothing is demanded.

    times : how many times faster than dask
    seconds : the most that the best run may take
    peak_bytes : the most memory over base
    """

    times: float | None = None
    seconds: float | None = None
    peak_bytes: int | None = None

    def __str__(self) -> str:
        parts = [f"≥ {self.times:g} ×" if self.times else "", f"≤ {1000 * self.seconds:g} ms" if self.seconds else ""]
        parts.append(f"≤ {self.peak_bytes / 10**6:g} MB" if self.peak_bytes else "")
        return ", ".join(filter(None, parts))

    def missed(self, ratio: float | None, seconds: float, peak_bytes: float) -> bool:
        """Whether a measurement falls short of it."""
        return (
            (self.times is not None and ratio is not None and ratio < self.times)
            or (self.seconds is not None and seconds > self.seconds)
            or (self.peak_bytes is not None and peak_bytes > self.peak_bytes)
        )


@dataclass(frozen=True)
class Row:
    """One line of the table.

    name, work : what is measured, and in words
    must : what nbarray has to reach
    libraries : name of a library, or of a physical limit -> (sizes) -> something that computes; limits return None.
        nbarray comes first.  A new peer is one entry here.
    """

    name: str
    work: str
    must: Must
    libraries: dict[str, Callable[[Sizes], Work]] = field(default_factory=dict)


def _dask() -> Any:
    import dask
    import dask.array

    dask.config.set(scheduler="threads", num_workers=2)
    return dask.array


def _nbarray() -> Any:
    import nbarray

    nbarray.config(workers=2)
    return nbarray


# ------------------------------------------------------------------------------------------------ NetCDF files


def _variables(sizes: Sizes) -> list[Any]:
    import netCDF4

    return [netCDF4.Dataset(path).variables["t2m"] for path in sizes.files()]


def _met(expression: Callable[[Any], Any]) -> dict[str, Callable[[Sizes], Work]]:
    def with_nbarray(sizes: Sizes) -> Work:
        nb = _nbarray()
        x = nb.concatenate([nb.from_array(v, blockshape=(4, 200, 200)) for v in _variables(sizes)], axis=0)
        return lambda: expression(x).compute()

    def with_dask(chunks: tuple[int, ...], sizes: Sizes) -> Work:
        da, lock = _dask(), threading.Lock()  # netCDF4 needs the lock
        x = da.concatenate([da.from_array(v, chunks=chunks, lock=lock) for v in _variables(sizes)], axis=0)
        return lambda: expression(x).compute()

    return {
        "nbarray": with_nbarray,
        "dask": partial(with_dask, (4, 200, 200)),
        "dask, whole maps a chunk": partial(with_dask, (4, 721, 1440)),
        "inflating alone, 1 thread": partial(_bare_decoder, 1),
        "inflating alone, 2 threads": partial(_bare_decoder, 2),
    }


def _bare_decoder(threads: int, sizes: Sizes) -> Work:
    """The limit: inflating all stored chunks, and nothing else."""
    import deflate
    import h5py

    chunks: list[bytes] = []
    for path in sizes.files():
        with h5py.File(path) as file:
            stored = file["t2m"]
            chunks += [stored.id.read_direct_chunk((k, 0, 0))[1] for k in range(stored.shape[0])]
    nbytes = 721 * 1440 * 2

    def inflate(first: int) -> None:
        for chunk in chunks[first::threads]:
            deflate.zlib_decompress(chunk, nbytes)

    def work() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(inflate, range(threads)))

    return work


# ----------------------------------------------------------------------------------------------------- in memory


def _two_arrays(sizes: Sizes) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    random = np.random.default_rng(0)
    n = sizes.array_bytes // 8
    return random.random(n), random.random(n)


def _fused_expression(x: Any, y: Any) -> Any:
    return ((((x - 0.5) / 2.0) ** 2 + 2 * y) - abs(x)).sum()


def _fused(library: Callable[[], Any]) -> Callable[[Sizes], Work]:
    def make(sizes: Sizes) -> Work:
        module = library()
        x, y = (module.from_array(a, chunks=2**20) for a in _two_arrays(sizes))
        return lambda: _fused_expression(x, y).compute()

    return make


def _fused_numpy(sizes: Sizes) -> Work:
    x, y = _two_arrays(sizes)
    return lambda: _fused_expression(x, y)


def _reading_alone(sizes: Sizes) -> Work:
    """The limit: every byte comes once from memory, by two threads."""
    halves = [half for a in _two_arrays(sizes) for half in np.array_split(a, 2)]

    def work() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(np.max, halves))

    return work


def _tiny(library: Callable[[], Any]) -> Callable[[Sizes], Work]:
    def make(sizes: Sizes) -> Work:
        x = library().from_array(np.arange(10.0 * sizes.tiny_blocks), chunks=10)
        return lambda: (x + 1).sum().compute()

    return make


def _build(library: Callable[[], Any]) -> Callable[[Sizes], Work]:
    def make(sizes: Sizes) -> Work:
        module, n = library(), sizes.build_blocks

        def work() -> None:
            e = module.ones((n, n), chunks=(1, 1))
            (e + e.T).sum(axis=0).mean()

        return work

    return make


ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        Row(
            "met mean",
            "mean over time of quarter-degree NetCDF-4 files",
            Must(times=2.8, peak_bytes=150_000_000),
            _met(lambda x: x.mean(axis=0)),
        ),
        Row(
            "met day-night",
            "day minus night, same files",
            Must(times=2.8),
            _met(lambda x: x[::4].mean(axis=0) - x[2::4].mean(axis=0)),
        ),
        Row(
            "fused",
            "((((x-a)/b)**2 + 2*y) - abs(x)).sum(), two arrays in memory",
            Must(times=2.0),
            {
                "nbarray": _fused(_nbarray),
                "dask": _fused(_dask),
                "numpy": _fused_numpy,
                "reading alone, 2 threads": _reading_alone,
            },
        ),
        Row(
            "tiny",
            "(x+1).sum() over blocks of 10 elements",
            Must(times=10.0),
            {"nbarray": _tiny(_nbarray), "dask": _tiny(_dask)},
        ),
        Row(
            "build",
            "building (e + e.T).sum(axis=0).mean() on a square of blocks",
            Must(seconds=0.020),
            {"nbarray": _build(_nbarray)},
        ),
    )
}
