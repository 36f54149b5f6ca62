"""What the standard asks a namespace about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.array_api.spelling import check_device

__all__ = ["FloatInfo", "Info"]

_NAMES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float32", "float64", "complex64", "complex128",
)  # fmt: skip


@dataclass(frozen=True)
class FloatInfo:
    """The limits of a floating-point dtype, in Python's numbers, as the standard wants them; NumPy gives its own."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: np.dtype[Any]

    @classmethod
    def of(cls, type: Any, /) -> FloatInfo:
        """Of a dtype, or of an array's; of the parts of a complex one."""
        found = np.finfo(getattr(type, "dtype", type))
        limits = {name: float(getattr(found, name)) for name in ("eps", "max", "min", "smallest_normal")}
        return cls(bits=found.bits, dtype=found.dtype, **limits)


class Info:
    """What the namespace can do; see the standard's inspection section."""

    def capabilities(self) -> dict[str, Any]:
        """Sizes that depend on values are counted when asked for, so both are true; 64 axes are NumPy's limit."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """The only device."""
        return "cpu"

    def default_dtypes(self, *, device: Any = None) -> dict[str, np.dtype[Any]]:
        """Of arrays made without a dtype."""
        check_device(device)
        names = {"real floating": "float64", "complex floating": "complex128", "integral": "int64", "indexing": "int64"}
        return {kind: np.dtype(name) for kind, name in names.items()}

    def devices(self) -> list[str]:
        """All devices: one."""
        return ["cpu"]

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, np.dtype[Any]]:
        """The standard's dtypes, all or of a kind (or a tuple of kinds)."""
        check_device(device)
        every = {name: np.dtype(name) for name in _NAMES}
        return every if kind is None else {n: d for n, d in every.items() if np.isdtype(d, kind)}
