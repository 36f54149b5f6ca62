"""The data that is measured on: in memory, and in files that are made once.

Every maker takes the sizes and gives a list of sources, each with the chunks in which all libraries take it.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from math import isqrt, prod
from pathlib import Path
from typing import Any

import numpy as np

__all__ = [
    "Data",
    "Sizes",
    "cube",
    "lines",
    "made_file",
    "make_files",
    "maps",
    "packed",
    "pair",
    "squares",
    "whole_maps",
]

Chunks = tuple[int, ...]
#: sizes -> (source, chunks) for each array
Data = Callable[["Sizes"], list[tuple[Any, Chunks]]]

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Sizes:
    """How large the data is.

    days : of sample files; array_bytes : of each array in memory; file_bytes : of cubes in files; map : their last axes
    moved_bytes : of the file that is rechunked; side : of the matrices; blocks : of the rows about overhead
    """

    days: int
    array_bytes: int
    file_bytes: int
    map: tuple[int, int]
    moved_bytes: int
    side: int
    blocks: int
    folder: Path

    def files(self) -> list[Path]:
        """The sample files."""
        return sorted(self.folder.glob("2014-*.nc"))[: self.days]

    @staticmethod
    def full(folder: Path) -> Sizes:
        return Sizes(46, 512 * 2**20, 1_600_000_000, (500, 250), 8 * 2**30, 4000, 20_000, folder)

    @staticmethod
    def quick(folder: Path) -> Sizes:
        return Sizes(2, 8 * 2**20, 20_000_000, (125, 100), 64 * 2**20, 400, 200, folder)


def make_files(sizes: Sizes) -> None:
    """The sample files, if they aren't there yet."""
    command = [sys.executable, "-m", "nbarray", "sample", "met", str(sizes.folder), "--days", str(sizes.days)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def maps(sizes: Sizes) -> list[tuple[Any, Chunks]]:
    """Maps of packed numbers, four a file, in the blocks of the program that the rows are about."""
    return [(_opened(path).variables["t2m"], (4, 200, 200)) for path in sizes.files()]


@cache
def _opened(path: Path) -> Any:
    """A file that stays open: netCDF4 takes no lock when garbage collection closes one while a thread reads."""
    import netCDF4

    return netCDF4.Dataset(path)


def whole_maps(sizes: Sizes) -> list[tuple[Any, Chunks]]:
    """The same in whole maps a block, which is the best that can be chosen for dask."""
    return [(variable, (4, 721, 1440)) for variable, _ in maps(sizes)]


def made_file(path: Path, write: Callable[[Any], None]) -> Any:
    """An HDF5 file, written by the first who asks for it."""
    import h5py

    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        part = path.with_suffix(".part")
        with h5py.File(part, "w") as file:
            write(file)
        part.rename(path)
    return h5py.File(path)


def cube(depth: int, steps: int, count: int, sizes: Sizes, **options: Any) -> list[tuple[Any, Chunks]]:
    """Float64 cubes in HDF5, `count` of them: maps, `depth` to a stored chunk, a multiple of `steps` of them."""
    n = max(1, sizes.file_bytes // (8 * prod(sizes.map) * steps * count)) * steps

    def write(number: int, file: Any) -> None:
        random = np.random.default_rng(number)
        made = file.create_dataset("x", (n, *sizes.map), "f8", chunks=(depth, *sizes.map), **options)
        for k in range(0, n, depth):
            made[k : k + depth] = np.round(random.random((depth, *sizes.map)), 3)

    kind = "-".join(map(str, (n, depth, *options.values())))
    paths = [sizes.folder / f"cube-{kind}-{k}.h5" for k in range(count)]
    return [(made_file(path, partial(write, k))["x"], (depth, *sizes.map)) for k, path in enumerate(paths)]


def packed(sizes: Sizes) -> list[tuple[Any, Chunks]]:
    """A deflated cube."""
    return cube(32, 32, 1, sizes, compression="gzip", compression_opts=1, shuffle=True)


def lines(sizes: Sizes) -> list[tuple[Any, Chunks]]:
    """A square of numbers stored by rows; in blocks of rows."""
    n = isqrt(sizes.moved_bytes // 8) // 256 * 256
    depth = max(1, 2**25 // (8 * n))

    def write(file: Any) -> None:
        made = file.create_dataset("x", (n, n), "f8", chunks=(depth, n))
        for k in range(0, n, depth):
            made[k : k + depth] = np.arange(k, min(n, k + depth))[:, None] + np.arange(n) / n

    return [(made_file(sizes.folder / f"lines-{n}.h5", write)["x"], (depth, n))]


def pair(sizes: Sizes) -> list[tuple[Any, Chunks]]:
    """Two long arrays in memory."""
    random = np.random.default_rng(0)
    n = sizes.array_bytes // 8
    return [(random.random(n), (2**20,)), (random.random(n), (2**20,))]


def squares(count: int, sizes: Sizes, side: int | None = None, block: int = 1000) -> list[tuple[Any, Chunks]]:
    """Square arrays in memory."""
    random = np.random.default_rng(2)
    n = side or isqrt(sizes.array_bytes // 8)
    return [(random.random((n, n)), (min(n, block),) * 2) for _ in range(count)]
