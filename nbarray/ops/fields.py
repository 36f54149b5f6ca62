"""Fields of structured arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.errors import InputError
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks, regular
from nbarray.ops.tasks import of_blocks

__all__ = ["fields", "names_fields"]


def names_fields(x: Expr, index: Any) -> bool:
    """Whether an index names fields of a structured array."""
    if not x.dtype.names:
        return False
    return isinstance(index, str) or (isinstance(index, list) and len(index) > 0 and isinstance(index[0], str))


def fields(x: Expr, index: Any) -> Expr:
    """One field, or records of some; a field of several numbers makes axes, the last ones.

    Raises InputError for a field there isn't.
    """
    try:
        sample = np.empty((), x.dtype)[index]
    except (KeyError, ValueError) as error:
        known = ", ".join(map(repr, x.dtype.names or ()))
        raise InputError(f"no field {index!r}: {error}; there are {known}") from None

    def field(block: Any) -> Any:
        return block[index]

    field.__name__ = f"field {index}"
    extra = tuple(regular(n, max(1, n)) for n in sample.shape)
    made = Chunks((*x.chunks.axes, *extra))
    axes = (*range(x.ndim), *(-1 for _ in extra))
    return of_blocks(field, [(x, x.chunks)], made, axes, sample.dtype, masked=x.masked)
