"""Arrays made of nothing: constants, ranges, identity; and arrays made of sources."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from nbarray.errors import DTypeError, InputError, NotBlocked
from nbarray.expr.elementwise import Elementwise
from nbarray.expr.leaves import Arange, Eye, Filled, SourceArray
from nbarray.expr.node import Expr
from nbarray.expr.structure import Concatenate
from nbarray.io.protocols import Source
from nbarray.kernels.elementwise import ById, Op
from nbarray.kernels.program import Constant
from nbarray.ops.elementwise import astype, ufunc
from nbarray.ops.lines import asked_of_numpy
from nbarray.ops.operands import as_expr, as_sizes, given_chunks

__all__ = ["arange", "eye", "from_source", "from_sources", "full", "linspace", "spaced_dtype"]


def from_source(source: Source, chunks: Any = None) -> Expr:
    """The values of a source, in chunks for the values (not for the stored numbers)."""
    reader, packing = source.reader, source.packing
    dtype = reader.dtype if packing is None else np.dtype(packing.result_dtype)
    made = given_chunks(chunks, reader.shape, dtype, reader.stored_chunks)
    stored = SourceArray(ById(reader), made)
    if packing is None:
        return stored
    return Elementwise(Op("unpack", (packing,)), (stored,), dtype)


def from_sources(sources: list[Source], axis: int, chunks: Any = None) -> Expr:
    """Sources end to end along `axis`."""
    shape = list(sources[0].reader.shape)
    ends = np.cumsum([s.reader.shape[axis] for s in sources])
    shape[axis] = int(ends[-1])
    parts = [from_source(s, "auto" if chunks is None else _part_chunks(chunks, axis)) for s in sources]
    return parts[0] if len(parts) == 1 else Concatenate(tuple(parts), axis)


def _part_chunks(chunks: Any, axis: int) -> Any:
    """Chunks for one file of many: explicit sizes along the joined axis can't be meant for one file."""
    if isinstance(chunks, tuple | list) and len(chunks) > axis and isinstance(chunks[axis], tuple | list):
        raise InputError(f"chunks={chunks!r}: along the axis of the files give one number, not sizes")
    return chunks


def full(shape: Any, value: Any, dtype: Any = None, chunks: Any = None) -> Expr:
    """One value everywhere."""
    sizes = _shape(shape)
    if np.ndim(value):
        raise NotBlocked(f"full: a value of shape {np.shape(value)} has no blocked form; use broadcast_to")
    try:
        element = np.full((), value, dtype)
    except ValueError as error:
        raise InputError(f"full: {error}") from None
    return Filled(Constant.of(element), given_chunks(chunks, sizes, element.dtype))


def _shape(shape: Any) -> tuple[int, ...]:
    sizes = as_sizes(shape)
    if any(n < 0 for n in sizes):
        raise InputError(f"shape={shape!r}: expected sizes that are not negative")
    return sizes


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None, chunks: Any = None) -> Expr:
    """Evenly spaced numbers or times, as `numpy.arange` counts them."""
    alone = stop is None
    given = (0, start) if alone else (start, stop)
    start, stop, step = (_number(v) for v in (*given, 1 if step is None else step))
    kinds = [np.asarray(v).dtype for v in (start, stop, step)]
    times = [k for k in kinds if k.kind in "mM"]
    kind = np.result_type(*(times or [np.dtype(np.intp), *kinds])) if dtype is None else np.dtype(dtype)
    if kind == np.dtype("M8"):  # the unit is that of the dates themselves
        kind = np.result_type(*(asked_of_numpy(np.asarray, v, "M8").dtype for v in (start, stop) if _is_date(v)), kind)
    if kind.kind not in "iufcmM" or any(k.kind == "c" for k in kinds):
        raise NotBlocked(f"arange of {kind} has no blocked form; give real numbers or times")
    if kind.kind in "mM":
        if alone and kind.kind == "M":
            raise InputError("arange: a range of dates needs a start and a stop")
        start, stop, step = _ticks(start, stop, step, kind)
    size = _length(start, stop, step)
    if kind.kind in "iu":
        for first in (start, start + step)[:size]:
            np.full((), first, kind)  # raises OverflowError, as NumPy does, for what doesn't fit
    return Arange(Constant.of(start), Constant.of(step), kind, given_chunks(chunks, (size,), kind))


def _is_date(value: Any) -> bool:
    return np.asarray(value).dtype.kind in "MU"


def _number(value: Any) -> Any:
    if np.ndim(value):
        raise InputError(f"arange: expected numbers, not an array of shape {np.shape(value)}")
    return value[()] if isinstance(value, np.ndarray) else value


def _length(start: Any, stop: Any, step: Any) -> int:
    if step == 0:
        raise InputError("arange: the step is 0; it has to lead from start to stop")
    if all(isinstance(v, int | np.integer) for v in (start, stop, step)):
        size = -(-(int(stop) - int(start)) // int(step))
    else:
        steps = float((stop - start) / step)
        if not np.isfinite(steps):
            raise InputError(f"arange: from {start} to {stop} by {step} is not a number of elements")
        size = math.ceil(steps)
    if size > np.iinfo(np.intp).max:
        raise InputError(f"arange: {size} elements are more than an index can count")
    return max(0, size)


def _ticks(start: Any, stop: Any, step: Any, kind: np.dtype[Any]) -> tuple[int, int, int]:
    """Times as counts of the unit of `kind`; the end of a range of dates may be told by how far away it is."""

    def count(value: Any, like: np.dtype[Any]) -> int:
        if np.asarray(value).dtype.kind not in "iumMU":
            raise DTypeError(f"arange: expected times or whole numbers, not {value!r}")
        if np.asarray(value).dtype.kind == "m":
            asked_of_numpy(np.promote_types, np.asarray(value).dtype, like)  # months have no length in days
        ticks = np.asarray(value).astype(like)
        if np.isnat(ticks):
            raise InputError("arange: NaT (not a time) has no place in a range")
        return int(ticks.view(np.int64))

    unit, times = np.datetime_data(kind)
    apart = np.dtype("m8" if unit == "generic" else f"m8[{times}{unit}]")
    first = count(start, kind)
    is_date = kind.kind == "M" and _is_date(stop)
    last = count(stop, kind) if is_date else count(stop, apart) + (first if kind.kind == "M" else 0)
    return first, last, count(step, apart)


def spaced_dtype(start: Any, stop: Any) -> np.dtype[Any]:
    """What is evenly spaced between two ends: Python's numbers have no dtype of their own, whole ones become floats."""
    given = (v.dtype if isinstance(v, Expr) else v if np.isscalar(v) else np.asarray(v) for v in (start, stop))
    return np.result_type(*given, 0.0)


def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, chunks: Any = None
) -> Expr:
    """`num` numbers evenly spaced from `start` to `stop`."""
    if np.ndim(start) or np.ndim(stop):
        raise NotBlocked("linspace between arrays has no blocked form; give numbers")
    num = operator.index(num)
    if num < 0:
        raise InputError(f"linspace: number of samples, {num}, must be non-negative")
    parts = num - 1 if endpoint else num
    kind = spaced_dtype(start, stop)
    chunked = given_chunks(chunks, (num,), kind)
    index = astype(Arange(Constant.of(0), Constant.of(1), np.dtype(np.int64), chunked), kind)
    delta = np.subtract(stop, start, dtype=kind)
    if parts <= 0:
        made = ufunc(np.add, ufunc(np.multiply, index, delta), start)
    elif delta / parts == 0:
        made = ufunc(np.add, ufunc(np.multiply, ufunc(np.divide, index, parts), delta), start)
    else:
        made = ufunc(np.add, ufunc(np.multiply, index, delta / parts), start)
    if endpoint and num > 1:
        last = ufunc(np.equal, index, np.asarray(num - 1, kind)[()])
        made = Elementwise(Op("where"), (last, as_expr(np.asarray(stop, kind)[()]), made), made.dtype)
    if dtype is not None and np.dtype(dtype).kind in "iu":
        made = ufunc(np.floor, made)
    result: Expr = made if dtype is None else astype(made, dtype)
    return result


def eye(rows: int, columns: int | None = None, k: int = 0, dtype: Any = float, chunks: Any = None) -> Expr:
    """Ones on a diagonal."""
    sizes = _shape((rows, rows if columns is None else columns))
    kind = np.dtype(dtype)
    return Eye(operator.index(k), kind, given_chunks(chunks, sizes, kind))
