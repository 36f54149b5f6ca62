"""Fields of structured arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.errors import BroadcastError, FieldNotFound, InputError
from nbarray.expr.elementwise import broadcast_sizes
from nbarray.expr.node import Expr
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.ops.elementwise import astype
from nbarray.ops.lines import asked_of_numpy
from nbarray.ops.operands import as_expr, broadcast_to
from nbarray.ops.shaping import moveaxis
from nbarray.ops.tasks import of_blocks

__all__ = ["fields", "names_fields", "with_fields"]


def names_fields(x: Expr, index: Any) -> bool:
    """Whether an index names fields of a structured array."""
    if not x.dtype.names:
        return False
    return isinstance(index, str) or (isinstance(index, list) and len(index) > 0 and isinstance(index[0], str))


def fields(x: Expr, index: Any) -> Expr:
    """One field, or records of some; a field of several numbers makes axes, the last ones.

    Raises InputError for a field there isn't.
    """
    sample = _sample(x, index)

    def field(block: Any) -> Any:
        return block[index]

    field.__name__ = f"field {index}"
    extra = _own_axes(sample)
    made = Chunks((*x.chunks.axes, *extra))
    axes = (*range(x.ndim), *(-1 for _ in extra))
    return of_blocks(field, [(x, x.chunks)], made, axes, sample.dtype, masked=x.masked)


def with_fields(x: Expr, index: Any, given: Any) -> Expr:
    """What `x` is after values are assigned to one field, or records to some.

    Raises InputError for a field there isn't, BroadcastError for values of another shape.
    """
    sample = _sample(x, index)
    extra = _own_axes(sample)
    value = given if isinstance(given, Expr) else as_expr(asked_of_numpy(np.asarray, given, sample.dtype))
    shape = (*x.sizes, *sample.shape)
    if broadcast_sizes([value.sizes, shape], "assigning to a field") != shape:
        raise BroadcastError(f"could not broadcast input array from shape {value.sizes} into shape {shape}")
    new = broadcast_to(astype(value, sample.dtype), shape)

    # the field's own axes come first in the grid, where the records have none
    own = tuple(range(len(extra)))
    turned = moveaxis(new, tuple(k + x.ndim for k in own), own)

    def assign(block: Any, new: Any) -> Any:
        made = block.copy()
        made[index] = np.moveaxis(new, own, tuple(k - len(own) for k in own))
        return made

    assign.__name__ = f"field {index} ="
    operands = [(x, x.chunks), (turned, Chunks((*extra, *x.chunks.axes)))]
    return of_blocks(assign, operands, x.chunks, range(len(own), len(own) + x.ndim), x.dtype, masked=x.masked)


def _sample(x: Expr, index: Any) -> Any:
    try:
        return np.empty((), x.dtype)[index]
    except (KeyError, ValueError) as error:
        known = ", ".join(map(repr, x.dtype.names or ()))
        kind = FieldNotFound if isinstance(error, KeyError) else InputError
        raise kind(f"no field {index!r}: {error}; there are {known}") from None


def _own_axes(sample: Any) -> tuple[AxisChunks, ...]:
    return tuple(regular(n, max(1, n)) for n in sample.shape)
