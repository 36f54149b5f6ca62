"""Small arrays of every kind that NumPy has: what the laws are held against."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["FLOATS", "KINDS", "LAYOUTS", "MASKED", "NUMBERS", "PLAIN", "values_of"]

_COUNTS = np.random.default_rng(2014).integers(-5, 6, (7, 5))

#: Every dtype that holds numbers, by character.
NUMBERS = list("?bBhHiIqQefdgFDG")


def values_of(dtype: str) -> np.ndarray[Any, Any]:
    """A (7, 5) array of small numbers, zeros and (where there are any) negative ones among them."""
    return _COUNTS.astype(dtype)


def _peculiar(dtype: str) -> np.ndarray[Any, Any]:
    """NaN, infinities and both zeros; the first column is NaN all over."""
    values = values_of(dtype)
    values[:, 0] = np.nan
    values[3, 1:] = np.inf
    values[4, 1], values[5, 2], values[5, 3] = -np.inf, -0.0, 0.0
    values[6, 4] = np.nan
    return values


def _not_a_time(dtype: str) -> np.ndarray[Any, Any]:
    values = values_of(dtype)
    values[2, 1] = "NaT"
    return values


PLAIN = {f"dtype-{d}": values_of(d) for d in NUMBERS}
FLOATS = {f"peculiar-{d}": _peculiar(d) for d in "efdFD"}
KINDS = {
    **PLAIN,
    **FLOATS,
    "big-endian-f8": values_of(">f8"),
    "big-endian-i4": values_of(">i4"),
    "datetime": values_of("M8[s]"),
    "timedelta": values_of("m8[ms]"),
    "datetime-nat": _not_a_time("M8[D]"),
    "timedelta-nat": _not_a_time("m8[s]"),
    "text": values_of("U3"),
    "bytes": values_of("S2"),
}

_LONG = np.arange(140.0).reshape(14, 10) % 11
LAYOUTS = {
    "no-axes": np.array(3.5),
    "one-element": np.array([[2.5]]),
    "no-rows": np.zeros((0, 4)),
    "no-columns": np.zeros((4, 0), np.int32),
    "nothing-at-all": np.zeros((0, 2, 0)),
    "one-axis": np.arange(11, dtype=np.int16),
    "three-axes": np.arange(24.0).reshape(2, 3, 4) % 7,
    "transposed": _LONG.T,
    "fortran": np.asfortranarray(_LONG),
    "every-other": _LONG[::2, 1::2],
    "backwards": _LONG[::-1, ::-3],
    "repeated": np.broadcast_to(np.arange(5.0), (6, 5)),
    "read-only": np.frombuffer(np.arange(9.0).tobytes()),
}


def _masked() -> dict[str, np.ma.MaskedArray[Any, Any]]:
    mask = np.random.default_rng(1).random((7, 5)) < 0.4
    mask[2], mask[:, 3], mask[4] = True, True, False
    made = {f"masked-{d}": np.ma.MaskedArray(values_of(d), mask) for d in "?bHiqefdD"}
    made["masked-nowhere"] = np.ma.MaskedArray(values_of("d"), np.zeros((7, 5), bool))
    made["masked-everywhere"] = np.ma.MaskedArray(values_of("d"), True)
    made["masked-peculiar"] = np.ma.MaskedArray(_peculiar("d"), mask)
    made["masked-no-rows"] = np.ma.MaskedArray(np.zeros((0, 4)), np.zeros((0, 4), bool))
    return made


MASKED = _masked()
