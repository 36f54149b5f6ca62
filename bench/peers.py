"""The libraries that are measured: how each wraps data and computes.

A library is opened once a process, with two threads.  What it can't be asked for is left out of a
row by name, in `rows`; what isn't installed is said to be missing.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["PEERS", "THREADS", "Library", "Locked"]

#: What every library may use.
THREADS = 2


@dataclass(frozen=True)
class Library:
    """A library that has been opened.

    xp : its functions, by NumPy's names
    wrap : (something with a shape, a dtype and indexing, chunks) -> its array
    compute : its arrays, together -> NumPy arrays
    """

    xp: Any
    wrap: Callable[[Any, tuple[int, ...]], Any]
    compute: Callable[..., Any]


class Locked:
    """A NetCDF variable that several threads may read, one after the other: netCDF4 takes no lock itself."""

    _lock = threading.Lock()

    def __init__(self, variable: Any) -> None:
        self._variable = variable
        self.shape, self.ndim = variable.shape, variable.ndim
        self.dtype = np.dtype(float) if hasattr(variable, "scale_factor") else variable.dtype

    def __getitem__(self, key: Any) -> Any:
        with self._lock:
            return self._variable[key]


def _shared(source: Any) -> Any:
    return Locked(source) if type(source).__module__.startswith("netCDF4") else source


def _nbarray(folder: Path, memory: int | None) -> Library:
    import nbarray as nb

    with contextlib.suppress(ModuleNotFoundError):
        import numba  # noqa: F401

    nb.config(workers=THREADS, scratch=str(folder))
    if memory is not None:
        nb.config(memory=memory)
    return Library(nb, lambda source, chunks: nb.from_array(source, chunks=chunks), nb.compute)


def _dask(folder: Path, memory: int | None) -> Library:
    import dask
    import dask.array as da

    dask.config.set(scheduler="threads", num_workers=THREADS)
    return Library(da, lambda source, chunks: da.from_array(_shared(source), chunks=chunks), dask.compute)


def _dask_array(folder: Path, memory: int | None) -> Library:
    import dask
    import dask_array as da

    dask.config.set(scheduler="threads", num_workers=THREADS)
    return Library(da, lambda source, chunks: da.from_array(_shared(source), chunks=chunks), dask.compute)


def _frisky(folder: Path, memory: int | None) -> Library:
    import dask
    import dask_array as da
    import frisky

    cluster = frisky.LocalCluster(n_workers=1, threads_per_worker=THREADS, silence_summary=True)
    client = cluster.get_client()
    # kept as long as the process lives
    _kept.extend([cluster, client])
    return Library(da, lambda source, chunks: da.from_array(source, chunks=chunks), dask.compute)


_kept: list[Any] = []


class _CubedNames:
    """cubed's functions by NumPy's names, where the standard's names are others."""

    def __init__(self) -> None:
        import cubed
        import cubed.array_api

        self._modules = (cubed.array_api, cubed)

    def __getattr__(self, name: str) -> Any:
        name = {"concatenate": "concat", "cumsum": "cumulative_sum"}.get(name, name)
        for module in self._modules:
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(name)


def _cubed(folder: Path, memory: int | None) -> Library:
    import cubed

    options = {"max_workers": THREADS}
    spec = cubed.Spec(str(folder), allowed_mem="6GB", reserved_mem=0, executor_name="threads", executor_options=options)

    def wrap(source: Any, chunks: tuple[int, ...]) -> Any:
        return cubed.from_array(_shared(source), chunks=chunks, spec=spec)

    return Library(_CubedNames(), wrap, cubed.compute)


def _numpy(folder: Path, memory: int | None) -> Library:
    return Library(np, lambda source, chunks: np.asarray(source), lambda *arrays: arrays)


#: name -> (folder for what it writes, budget in bytes) -> the library.  Only nbarray takes a budget.
PEERS: dict[str, Callable[[Path, int | None], Library]] = {
    "nbarray": _nbarray,
    "dask": _dask,
    "dask-array": _dask_array,
    "dask-array on frisky": _frisky,
    "cubed": _cubed,
    "numpy": _numpy,
}
