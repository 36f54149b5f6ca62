"""How numbers stored in a file become values, as data only.

The netCDF and CF conventions store values packed (``stored * scale + offset``) and mark the missing
ones by special numbers.  `io` finds out what a variable's attributes say and writes it down here;
`kernels.unpack` applies it to blocks.  Neither knows the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Packing", "Scalar"]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number with the dtype it was stored in: `dtype` is NumPy's ``dtype.str``, `raw` its bytes."""

    dtype: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Packing:
    """What to do with stored numbers, in this order.

    stored_as : reinterpret the bytes as this dtype first (``_Unsigned``), or None
    missing : exact stored values that mean "nothing here" (NaN matches NaN)
    valid_min, valid_max : stored values outside are missing
    scale, offset : value = stored * scale + offset; None leaves that step out
    result_dtype : ``dtype.str`` of the values
    result : "mask" gives a masked block, "nan" gives floats with NaN where missing,
        "plain" leaves missing values as they are
    """

    stored_as: str | None
    missing: tuple[Scalar, ...]
    valid_min: Scalar | None
    valid_max: Scalar | None
    scale: Scalar | None
    offset: Scalar | None
    result_dtype: str
    result: Literal["mask", "nan", "plain"]
