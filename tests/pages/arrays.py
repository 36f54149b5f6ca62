"""The arrays that pages are about: named, so that their texts are easy to read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

import nbarray as nb
from nbarray.api.array import Array
from nbarray.expr.leaves import SourceArray
from nbarray.grid.normalize import normalize_chunks
from nbarray.io.protocols import Origin
from nbarray.kernels.elementwise import ById

Values = np.ndarray[Any, Any]


class Named:
    """A reader with a name, of an array in memory or (with `stored_chunks`) as if it came from a file."""

    masked = False

    def __init__(self, name: str, values: Values, stored_chunks: tuple[int, ...] | None = None) -> None:
        self.shape, self.dtype, self.stored_chunks = values.shape, values.dtype, stored_chunks
        self.origin = Origin("file" if stored_chunks else "numpy", None, name)
        self.array = None if stored_chunks else values
        self._values = values

    def read(self, region: tuple[slice, ...], out: Values | None = None) -> Values:
        """A copy, as decoding would give."""
        return self._values[region].copy()


def named(name: str, values: Values, chunks: Any, stored_chunks: tuple[int, ...] | None = None) -> Array:
    """A blocked array on named values."""
    return read_by(Named(name, values, stored_chunks), chunks)


def read_by(reader: Named, chunks: Any) -> Array:
    """A blocked array on what a reader gives."""
    grid = normalize_chunks(chunks, reader.shape, reader.dtype.itemsize, 2**25)
    return Array(SourceArray(ById(reader), grid))


def _values() -> dict[str, Values]:
    rng = np.random.default_rng(5)
    return {
        "x": rng.normal(size=(6, 8)),
        "y": rng.normal(size=(6, 8)),
        "v": rng.normal(size=8),
        "f": rng.integers(-999, 999, (6, 8), np.int16),
        "g": rng.integers(-999, 999, (6, 8), np.int16),
        "t2m": rng.integers(-9999, 9999, (8, 90, 180), np.int16),
    }


def names() -> dict[str, Any]:
    """What code on a page can use: x, y and v lie in memory, f, g and t2m as if in files; and `nb`."""
    values = _values()
    made = {name: named(name, values[name], (3, 4)) for name in "xy"}
    made["v"] = named("v", values["v"], 4)
    made |= {name: named(name, values[name], (2, 4), (1, 8)) for name in "fg"}
    made["t2m"] = named("t2m", values["t2m"], (4, 30, 30), (1, 90, 180))
    return {**made, "nb": nb, "np": np}


def numpy_names() -> dict[str, Any]:
    """The same names for NumPy; `nb` is NumPy, with `np.abs` and its like as they are."""
    return {**_values(), "nb": SimpleNamespace(**{k: getattr(np, k) for k in np.__all__}), "np": np}
