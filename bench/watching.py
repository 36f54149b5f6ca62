"""What a notebook's monitor costs the run that it shows."""

from __future__ import annotations

from typing import Any

import numpy as np

import nbarray as nb
from bench.data import Sizes
from bench.peers import THREADS, Library
from bench.works import Work
from nbarray.widgets.comms import available
from nbarray.widgets.monitor import Monitor
from nbarray.widgets.place import Place

__all__ = ["monitored", "not_watched"]


class _Nowhere(Place):
    """An output that nobody sees."""

    def _display(self, bundle: dict[str, Any], here: bool) -> None:
        pass


def _many_tasks(sizes: Sizes) -> nb.Array:
    """Two and a half tasks for each block of the rows about overhead."""
    source = np.zeros((5 * sizes.blocks // 2, 1000))
    return nb.map_blocks(np.negative, nb.from_array(source, chunks=(1, 1000)), dtype="f8")


def monitored(library: Library, sizes: Sizes) -> Work:
    """A run with its panel: widgets, looks and pictures, less the browser."""
    x = _many_tasks(sizes)
    available()  # loading the extension pays for the import

    def work() -> Any:
        run = x.start(workers=THREADS)
        monitor = Monitor(run, place=_Nowhere())
        monitor.show()
        (values,) = run.result()
        monitor.close()
        return values

    return work


def not_watched(sizes: Sizes) -> Work:
    """The same run, and nobody looks."""
    x = _many_tasks(sizes)
    return lambda: x.start(workers=THREADS).result()[0]
