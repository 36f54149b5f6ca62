"""Which colour each task of a graph has, and what the colours mean.

Tasks are coloured by numbers: the order in which they run, or after a run the seconds they took, the worker that
ran them, the bytes that were held when they ended.  Colours are never the only sign: each box says its number too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nbarray.display.dot import COLOURS, RAMP
from nbarray.units import format_bytes, format_count, format_seconds

__all__ = ["Shades", "held_shades", "order_shades", "time_shades", "worker_shades"]

#: Colours for things that are no more and no less than each other.
_APART = tuple(name for name in COLOURS if name != "view")
#: How a task looks of which nothing is known.
_UNKNOWN = "view"

Numbers = NDArray[np.integer[Any]] | NDArray[np.floating[Any]]


class Shades(NamedTuple):
    """Colours of tasks: the kind of box of each, what to say of it, and a line about all.

    values : a number for each task, NaN where it isn't known
    steps : the kind of box of each
    word : what to say of a number
    """

    values: NDArray[np.float64]
    steps: NDArray[np.int64]
    names: tuple[str, ...]
    word: Callable[[float], str]
    legend: str

    def of(self, task: int) -> tuple[str, str]:
        """The kind of box of a task, and what it says."""
        value = float(self.values[task])
        if np.isnan(value):
            return _UNKNOWN, ""
        return self.names[int(self.steps[task])], self.word(value)


def _ramp(values: Numbers, word: Callable[[float], str], what: str) -> Shades:
    """Colours from little to much, in equal steps between the least and the most."""
    numbers = np.asarray(values, np.float64)
    known = numbers[~np.isnan(numbers)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    share = (np.nan_to_num(numbers, nan=low) - low) / (high - low) if high > low else np.zeros(len(numbers))
    steps = np.minimum((share * len(RAMP)).astype(np.int64), len(RAMP) - 1)
    legend = f"colour: {what}, from {word(low)} (pale) to {word(high)} (red)" if known.size else ""
    return Shades(numbers, steps, tuple(RAMP), word, legend)


def order_shades(tasks: int) -> Shades:
    """By the order in which one worker would run them."""
    shades = _ramp(np.arange(tasks), lambda task: format_count(int(task)), "order of execution")
    return shades._replace(word=lambda _: "")  # boxes say their tasks' numbers anyway


def time_shades(seconds: Numbers) -> Shades:
    """By the time each took."""
    return _ramp(seconds, format_seconds, "time")


def held_shades(nbytes: Numbers, planned: bool = False) -> Shades:
    """By the bytes of blocks that were held, or would be if one worker ran all in order."""
    what = "bytes that one worker would hold" if planned else "bytes held at its end"
    return _ramp(nbytes, lambda value: f"{format_bytes(int(value))} held", what)


def worker_shades(workers: Numbers) -> Shades:
    """By the worker that ran them."""
    numbers = np.asarray(workers, np.float64)
    steps = np.nan_to_num(numbers, nan=0.0).astype(np.int64) % len(_APART)
    return Shades(numbers, steps, _APART, lambda worker: f"worker {worker:.0f}", "colour: worker")
