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


# ---------------------------------------------------------------------------------------- other work


def _cube(sizes: Sizes, **options: Any) -> Path:
    """A float64 cube in HDF5, made once: maps of 500 × 250, in chunks of 32 of them."""
    import h5py

    steps = max(32, sizes.array_bytes // (8 * 500 * 250) // 32 * 32)
    kind = "-".join(map(str, options.values())) or "plain"
    path = sizes.folder / f"cube-{steps}-{kind}.h5"
    if not path.exists():
        random = np.random.default_rng(1)
        part = path.with_suffix(".part")
        with h5py.File(part, "w") as file:
            made = file.create_dataset("x", (steps, 500, 250), "f8", chunks=(32, 500, 250), **options)
            for k in range(0, steps, 32):
                made[k : k + 32] = np.round(random.random((32, 500, 250)), 3)
        part.rename(path)
    return path


def _of_cube(expression: Callable[[Any, Any], Any], **options: Any) -> dict[str, Callable[[Sizes], Work]]:
    def with_nbarray(sizes: Sizes) -> Work:
        import h5py

        nb = _nbarray()
        x = nb.from_array(h5py.File(_cube(sizes, **options))["x"])
        return lambda: expression(nb, x).compute()

    def with_dask(sizes: Sizes) -> Work:
        import h5py

        da = _dask()
        stored = h5py.File(_cube(sizes, **options))["x"]
        x = da.from_array(stored, chunks=stored.chunks)
        return lambda: expression(da, x).compute()

    return {"nbarray": with_nbarray, "dask": with_dask}


def _of_square(
    expression: Callable[[Any, Any, Any], Any], side: int | None = None
) -> dict[str, Callable[[Sizes], Work]]:
    """Of one or two square arrays in memory; `side` where it is not for the size to say."""

    def make(library: Callable[[], Any], sizes: Sizes) -> Work:
        n = min(side or 10**6, int(sizes.array_bytes // 8) ** 0.5 // 1)
        random = np.random.default_rng(2)
        a, b = (random.random((int(n), int(n))) for _ in range(2))
        module = library()
        if module is np:
            return lambda: expression(np, a, b)
        x, y = (module.from_array(v, chunks=1000) for v in (a, b))
        return lambda: expression(module, x, y).compute()

    return {"nbarray": partial(make, _nbarray), "dask": partial(make, _dask), "numpy": partial(make, lambda: np)}


def _general(library: Callable[[], Any]) -> Callable[[Sizes], Work]:
    def make(sizes: Sizes) -> Work:
        x = library().from_array(np.zeros(10 * sizes.tiny_blocks), chunks=10)
        return lambda: x.map_blocks(_nothing, dtype=float).sum().compute()

    return make


def _nothing(block: Any) -> Any:
    return block


def _sample(library: Callable[[], Any]) -> Callable[[Sizes], Work]:
    def make(sizes: Sizes) -> Work:
        module, n = library(), int(sizes.tiny_blocks**0.5) * 50
        x = module.ones((n, n), chunks=50)
        half = slice(n // 2, n // 2 + 10)

        def work() -> Any:
            y = module.map_overlap(_double, x, depth=1, boundary="reflect", dtype=float)
            return y[half, half].compute()

        return work

    return make


def _double(block: Any) -> Any:
    return block * 2


def _cumsum(library: Callable[[], Any], last: int | None) -> Callable[[Sizes], Work]:
    def make(sizes: Sizes) -> Work:
        module = library()
        x = module.from_array(np.random.default_rng(3).random(min(40_000_000, sizes.array_bytes // 8)), chunks=10**6)
        return lambda: (module.cumsum(x, axis=0) if last is None else module.cumsum(x, axis=0)[-last:]).compute()

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
        Row(
            "met std",
            "standard deviation over time, same files",
            Must(times=5.0),
            _met(lambda x: x.std(axis=0)),
        ),
        Row(
            "centre",
            "abs(x - x.mean(axis=0)).mean() of plain HDF5 in 32 MB blocks",
            Must(times=2.3, peak_bytes=320_000_000),
            _of_cube(lambda module, x: abs(x - x.mean(axis=0)).mean()),
        ),
        Row(
            "z-score",
            "((x - x.mean(0)) / x.std(0) > 3).sum(), same",
            Must(times=3.5, peak_bytes=320_000_000),
            _of_cube(lambda module, x: ((x - x.mean(axis=0)) / x.std(axis=0) > 3).sum()),
        ),
        Row(
            "gzip max",
            "max(axis=(0, 2)) of a deflated float64 cube",
            Must(times=3.0),
            _of_cube(lambda module, x: x.max(axis=(0, 2)), compression="gzip", compression_opts=1, shuffle=True),
        ),
        Row(
            "where",
            "where(a > b, exp(-a*a), sqrt(abs(b)) + 1).mean(axis=1), in memory",
            Must(times=1.8),
            _of_square(lambda m, a, b: m.where(a > b, m.exp(-a * a), m.sqrt(abs(b)) + 1).mean(axis=1)),
        ),
        Row(
            "transpose",
            "(x + x.T).mean(), in memory",
            Must(times=2.0),
            _of_square(lambda m, a, b: (a + a.T).mean()),
        ),
        Row(
            "double diff",
            "(a[1:, 1:] - b[:-1, :-1]).std(), in memory",
            Must(times=4.0),
            _of_square(lambda m, a, b: (a[1:, 1:] - b[:-1, :-1]).std()),
        ),
        Row(
            "matmul",
            "(a @ a.T).sum(), 4000 x 4000",
            Must(times=1.8),
            _of_square(lambda m, a, b: (a @ a.T).sum(), 4000),
        ),
        Row(
            "general tasks",
            "map_blocks of a function that does nothing",
            Must(times=5.0),
            {"nbarray": _general(_nbarray), "dask": _general(_dask)},
        ),
        Row(
            "sample",
            "map_overlap over all blocks of a square, of which 10 x 10 elements are wanted",
            Must(times=12.0),
            {"nbarray": _sample(_nbarray), "dask": _sample(_dask)},
        ),
        Row(
            "cumsum",
            "cumulative sum, all wanted",
            Must(times=1.5),
            {"nbarray": _cumsum(_nbarray, None), "dask": _cumsum(_dask, None)},
        ),
        Row(
            "cumsum, last ten",
            "cumulative sum, the last ten wanted",
            Must(times=1.5),
            {"nbarray": _cumsum(_nbarray, 10), "dask": _cumsum(_dask, 10)},
        ),
    )
}
