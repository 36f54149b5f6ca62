"""What looking for a variable in a file brings: the same record for every file format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nbarray.io.attributes import Rules, cf_packing
from nbarray.io.protocols import Reader, Source

__all__ = ["Found"]


@dataclass(frozen=True, slots=True)
class Found:
    """A variable in a file.

    attributes : those that say how numbers are read, in netCDF4's types
    rules : what netCDF4 would do with them; None where they mean nothing (plain arrays)
    filled : whether the variable was filled before it was written
    grows : the axis along which the file can grow, None if it has none
    """

    reader: Reader
    attributes: Mapping[str, Any] = field(default_factory=dict)
    rules: Rules | None = None
    filled: bool = True
    grows: int | None = None

    def source(self, missing: Literal["nan", "mask"]) -> Source:
        """The variable decoded by the CF conventions, with missing values as NaN or masked."""
        if self.rules is None:
            return Source(self.reader, None)
        packing = cf_packing(self.attributes, self.reader.dtype, missing, self.rules, lambda: self.filled)
        return Source(self.reader, packing)
