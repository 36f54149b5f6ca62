"""What no library can be faster than: the physical limits beside the rows, and copying a file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from bench.data import Sizes, lines, pair
from bench.peers import THREADS

__all__ = ["copying", "inflating", "reading"]


def inflating(threads: int, sizes: Sizes) -> Callable[[], None]:
    """Inflating all stored chunks of the maps, and nothing else."""
    import h5py

    from nbarray.io.inflate import inflate

    chunks: list[bytes] = []
    for path in sizes.files():
        with h5py.File(path) as file:
            stored = file["t2m"]
            chunks += [stored.id.read_direct_chunk((k, 0, 0))[1] for k in range(stored.shape[0])]
    nbytes = 721 * 1440 * 2

    def every(first: int) -> None:
        out = np.empty(nbytes, np.uint8)
        for chunk in chunks[first::threads]:
            inflate(chunk, out)

    def work() -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(every, range(threads)))

    return work


def reading(sizes: Sizes) -> Callable[[], None]:
    """Every byte of two arrays comes once from memory, by two threads."""
    halves = [half for a, _ in pair(sizes) for half in np.array_split(a, THREADS)]

    def work() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(np.max, halves))

    return work


def copying(sizes: Sizes) -> Callable[[], None]:
    """A file is copied."""
    ((source, _),) = lines(sizes)
    path, target = Path(source.file.filename), sizes.folder / "copied.h5"

    def work() -> None:
        # not by reflinks or inside the kernel: the bytes come and go
        with path.open("rb") as read, target.open("wb") as write:
            shutil.copyfileobj(read, write, 2**24)
        target.unlink()

    return work
