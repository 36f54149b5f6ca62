"""Work that is more than one expression, or that only some libraries do."""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt
from typing import Any

import numpy as np

from bench.data import Chunks, Data, Sizes, cube, lines, made_file, pair
from bench.peers import PEERS, THREADS, Library

__all__ = [
    "building",
    "by_one_worker",
    "few_small_blocks",
    "first_block",
    "fused",
    "fused_blosc2",
    "fused_numba",
    "fused_numexpr",
    "in_rows",
    "into_columns",
    "large_matrix",
    "line",
    "matrices",
    "middling_blocks",
    "nothing",
    "planning",
    "rechunk_file",
    "sampling",
    "small_blocks",
    "vorticity",
    "with_dask",
]

Work = Callable[[], Any]


def with_dask(data: Data, expression: Callable[..., Any], sizes: Sizes) -> Work:
    """Dask, on other chunks."""
    library = PEERS["dask"](sizes.folder, None)
    wrapped = [library.wrap(source, chunks) for source, chunks in data(sizes)]
    return lambda: library.compute(expression(library.xp, *wrapped))


def by_one_worker(data: Data, expression: Callable[..., Any], sizes: Sizes) -> Work:
    """nbarray itself, with a single thread."""
    library = PEERS["nbarray"](sizes.folder, None)
    library.xp.config(workers=1)
    wrapped = [library.wrap(source, chunks) for source, chunks in data(sizes)]
    return lambda: library.compute(expression(library.xp, *wrapped))


# ------------------------------------------------------------------------------------------------------ fused


def fused(m: Any, x: Any, y: Any) -> Any:
    """The expression of the row."""
    return m.sum((((x - 0.5) / 2.0) ** 2 + 2 * y) - m.abs(x))


def fused_numexpr(sizes: Sizes) -> Work:
    """By numexpr."""
    import numexpr

    numexpr.set_num_threads(THREADS)
    x, y = (a for a, _ in pair(sizes))
    names = {"x": x, "y": y}
    return lambda: numexpr.evaluate("sum(((x - 0.5) / 2.0)**2 + 2*y - abs(x))", names)


def fused_blosc2(sizes: Sizes) -> Work:
    """By blosc2's lazy expressions, on its arrays."""
    import blosc2

    blosc2.set_nthreads(THREADS)
    x, y = (blosc2.asarray(a) for a, _ in pair(sizes))
    return lambda: (((x - 0.5) / 2.0) ** 2 + 2 * y - abs(x)).sum()


def fused_numba(sizes: Sizes) -> Work:
    """By a loop that numba compiles: what the machine can do."""
    import numba

    numba.set_num_threads(THREADS)

    @numba.njit(parallel=True, fastmath=True)  # type: ignore[untyped-decorator]
    def total(x: Any, y: Any) -> float:
        found = 0.0
        for i in numba.prange(len(x)):
            found += ((x[i] - 0.5) / 2.0) ** 2 + 2 * y[i] - abs(x[i])
        return found

    x, y = (a for a, _ in pair(sizes))
    total(x[:10], y[:10])
    return lambda: total(x, y)


# --------------------------------------------------------------------------------------------------- overhead


def _numbers(count: int, block: int) -> list[tuple[Any, Chunks]]:
    return [(np.arange(float(count * block)), (block,))]


def small_blocks(sizes: Sizes) -> list[tuple[Any, Chunks]]:
    """Very many."""
    return _numbers(5 * sizes.blocks, 10)


def few_small_blocks(sizes: Sizes) -> list[tuple[Any, Chunks]]:
    """A tenth as many as in `middling_blocks`."""
    return _numbers(sizes.blocks // 10, 10)


def middling_blocks(sizes: Sizes) -> list[tuple[Any, Chunks]]:
    """As many as the sizes say."""
    return _numbers(sizes.blocks, 10)


def nothing(block: Any) -> Any:
    """A function that does nothing."""
    return block


def _double(block: Any) -> Any:
    return block * 2


def building(library: Library, sizes: Sizes) -> Work:
    """An expression on very many blocks, built and not computed."""
    n, m = isqrt(50 * sizes.blocks), library.xp

    def work() -> None:
        e = m.ones((n, n), chunks=(1, 1))
        (e + e.T).sum(axis=0).mean()

    return work


def first_block(library: Library, sizes: Sizes) -> Work:
    """One block of a very large expression."""
    n, m = isqrt(200 * sizes.blocks), library.xp
    e = m.ones((10 * n, 10 * n), chunks=10)
    return lambda: ((e + 1) * e.T)[:10, :10].compute()


def planning(library: Library, sizes: Sizes) -> Work:
    """The plan of very many tasks."""
    m = library.xp
    x = m.map_blocks(nothing, m.ones(50 * sizes.blocks, chunks=1), dtype=float)

    def work() -> None:
        assert x.plan().ntasks >= 50 * sizes.blocks

    return work


def sampling(library: Library, sizes: Sizes) -> Work:
    """A few elements of a function of all blocks with their neighbours."""
    m, n = library.xp, isqrt(2 * sizes.blocks) * 50
    x = m.ones((n, n), chunks=50)
    half = slice(n // 2, n // 2 + 10)

    def work() -> Any:
        y = m.map_overlap(_double, x, depth=1, boundary="reflect", dtype=float)
        return library.compute(y[half, half])

    return work


# ----------------------------------------------------------------------------------------- moving, multiplying


def in_rows(sizes: Sizes) -> list[tuple[Any, Chunks]]:
    """A square in memory in blocks of whole rows."""
    n = isqrt(sizes.array_bytes // 8)
    return [(np.random.default_rng(4).random((n, n)), (max(1, n // 16), n))]


def into_columns(m: Any, x: Any) -> Any:
    """Blocks of whole columns, of something that isn't there before it is computed."""
    if m is np:
        return x + 1
    n = x.shape[0]
    columns = (n, max(1, n // 16))
    made = x + 1
    return made.rechunk(columns)


def matrices(sizes: Sizes) -> list[tuple[Any, Chunks]]:
    """A square matrix in memory."""
    n = sizes.side
    return [(np.random.default_rng(5).random((n, n)), (n // 4, n // 4))]


def large_matrix(sizes: Sizes) -> list[tuple[Any, Chunks]]:
    """A long matrix in a file, of 24 times as many columns as rows."""
    rows, columns, block = sizes.side, 24 * sizes.side, sizes.side // 4

    def write(file: Any) -> None:
        random = np.random.default_rng(6)
        made = file.create_dataset("x", (rows, columns), "f8", chunks=(block, block))
        for k in range(0, rows, block):
            made[k : k + block] = random.random((block, columns))

    source = made_file(sizes.folder / f"matrix-{rows}-{columns}.h5", write)["x"]
    return [(source, source.chunks)]


def line(sizes: Sizes) -> list[tuple[Any, Chunks]]:
    """A long line of numbers in memory."""
    return [(np.random.default_rng(3).random(min(40_000_000, sizes.array_bytes // 8)), (10**6,))]


def _written(library: Library, made: Any, sizes: Sizes) -> Any:
    """Write an array into an HDF5 file; a few of its numbers."""
    import h5py

    target = sizes.folder / "written.h5"
    target.unlink(missing_ok=True)
    library.xp.to_hdf5(str(target), "/w", made)
    with h5py.File(target) as file:
        stored = file["w"]
        found = np.array([stored[tuple(n * k // 4 for n in stored.shape)] for k in range(4)])
    target.unlink()
    return found


def rechunk_file(library: Library, sizes: Sizes) -> Work:
    """From rows into columns, by way of a budget."""
    ((source, chunks),) = lines(sizes)
    x = library.wrap(source, chunks)
    columns = (chunks[1], chunks[0])
    return lambda: _written(library, x.rechunk(columns), sizes)


def vorticity(library: Library, sizes: Sizes) -> Work:
    """Differences of flows over cells of different size, stored by places instead of by times."""
    u, v = (library.wrap(source, chunks) for source, chunks in cube(20, 20, 2, sizes))
    random, m = np.random.default_rng(7), library.xp
    dx, dy = (library.wrap(random.random(sizes.map), sizes.map) for _ in range(2))

    def work() -> Any:
        east = m.pad(u, ((0, 0), (0, 0), (0, 1)), mode="wrap")
        north = m.pad(v, ((0, 0), (0, 1), (0, 0)), mode="wrap")
        made = dx[None] * east[:, :, 1:] - dy[None] * north[:, 1:, :]
        return _written(library, made.rechunk((u.shape[0], 50, 50)), sizes)

    return work
