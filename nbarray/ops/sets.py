"""Distinct elements, and sets of them.

How many there are depends on the values.  When it is asked, one pass keeps the distinct elements themselves, as long as
they are few enough, so that nothing has to be done again.  If there are too many, the array is sorted out of core, and
what differs from the element before is picked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nbarray.config import current
from nbarray.errors import DTypeError, NotBlocked
from nbarray.expr.blocks import Compress, Select
from nbarray.expr.leaves import Arange
from nbarray.expr.node import Expr
from nbarray.expr.summaries import Summarise
from nbarray.expr.unsized import Unsized
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.kernels.keys import held_by_key
from nbarray.kernels.program import Constant
from nbarray.kernels.uniques import Distinct, distinct_dtype
from nbarray.ops.elementwise import astype, ufunc, where
from nbarray.ops.indexing import getitem
from nbarray.ops.joining import concatenate
from nbarray.ops.lines import asked_of_numpy, map_lines, refuse_masked
from nbarray.ops.operands import as_expr, drop_axes, one_axis
from nbarray.ops.ordering import isin, searchsorted
from nbarray.ops.reductions import reduction
from nbarray.ops.scans import scan
from nbarray.ops.selection import count_by_row
from nbarray.ops.shaping import expand_dims, moveaxis, reshape
from nbarray.ops.sorting import sort

__all__ = ["Unique", "alone", "distinct", "one_side", "rows_of", "set_of"]

#: Distinct elements take at most this share of the budget, and there are between these many.
SHARE, FEWEST, MOST = 64, 256, 2**18
Block = np.ndarray[Any, Any]
Keep = Callable[[Expr], Expr]


class Unique(NamedTuple):
    """Distinct elements in order, where each is first, which each element is, and how often each is there."""

    values: Expr
    first: Expr
    inverse: Expr
    counts: Expr


def distinct(x: Expr, equal_nan: bool = True, keep: Keep | None = None, wants_first: bool = False) -> Unique:
    """The distinct elements of `x`, or of those that `keep` (elementwise, of the values alone) is true for."""
    refuse_masked("unique", x)
    asked_of_numpy(np.sort, np.empty(0, x.dtype))
    if x.dtype.hasobject:
        raise NotBlocked("unique of objects has no blocked form; compute first: np.unique(x.compute())")
    apart = not equal_nan and x.dtype.kind == "c"  # NaN of each part are sorted apart: which is which tells its place
    asked = _asked(x, equal_nan, keep, wants_first or apart)

    def part(field: str, dtype: Any, otherwise: Callable[[], Expr]) -> Expr:
        def answer(values: Sequence[Any]) -> Expr:
            found = values[0]
            n = int(found[-1]["count"])
            return otherwise() if n < 0 else as_expr(np.ascontiguousarray(found[field][:n]))

        return Unsized((asked,), held_by_key(answer), (None,), np.dtype(dtype), "unique")

    def inverse(values: Sequence[Any]) -> Expr:
        n = int(values[0][-1]["count"])
        return _inverse(x, values[0][:n], equal_nan) if n >= 0 else _inverse_by_sorting(x, equal_nan)

    many = _Sorted(reshape(x, -1), equal_nan, keep)
    return Unique(
        part("value", x.dtype, many.values),
        part("first", np.intp, many.index),
        Unsized((asked,), held_by_key(inverse), x.sizes, np.dtype(np.intp), "unique, inverse"),
        part("count", np.intp, many.counts),
    )


def _asked(x: Expr, equal_nan: bool, keep: Keep | None, wants_first: bool) -> Expr:
    row = distinct_dtype(x.dtype)
    most = max(FEWEST, min(MOST, current().budget_bytes() // SHARE // row.itemsize))
    most = max(1, min(most, math.prod(x.sizes)))
    summary = Distinct(x.dtype, x.sizes, most, equal_nan, wants_first)
    if not math.prod(x.sizes):
        return as_expr(np.zeros(1, row))
    return Summarise(summary, (x,) if keep is None else (x, keep(x)), (), (most + 1,), row)


def _inverse(x: Expr, rows: Block, equal_nan: bool) -> Expr:
    """Which of the distinct elements each element is."""
    values = np.ascontiguousarray(rows["value"])
    made = searchsorted(as_expr(values), x)
    if equal_nan and x.dtype.kind == "c":  # NaN in one part is less than NaN in both, but all are one element
        return where(ufunc(np.isnan, x), np.intp(len(values) - 1), made)
    if equal_nan or x.dtype.kind not in "fcmM":
        return made
    # each NaN is distinct from the others: they are numbered in their order
    lost = reshape(ufunc(np.isnan, x), -1)
    number = ufunc(np.subtract, scan(np.add, astype(lost, np.intp), 0), np.intp(1))
    if x.dtype.kind == "c":
        ordered = np.flatnonzero(np.isnan(values))
        ranks = ordered[np.argsort(rows["first"][ordered])]  # of the first NaN in `x`, of the second …
        if not len(ranks):
            return made
        rank = map_lines("rank", lambda block, of: of[block], [number], (), (), np.intp, extras=[as_expr(ranks)])
        return where(reshape(lost, x.sizes), reshape(rank, x.sizes), made)
    return ufunc(np.add, made, reshape(where(lost, number, np.intp(0)), x.sizes))


def _inverse_by_sorting(x: Expr, equal_nan: bool) -> Expr:
    raise NotBlocked(
        "unique with the inverse of more distinct elements than memory is set aside for has no blocked form; "
        'allow more with nb.config(memory="...")'
    )


@dataclass(frozen=True)
class _Sorted:
    """Distinct elements of a sorted array, where they are too many to be kept."""

    x: Expr
    equal_nan: bool
    keep: Keep | None

    def _flags(self) -> tuple[Expr, Expr]:
        ordered = sort(self.x, 0)
        before, after = getitem(ordered, slice(None, -1)), getitem(ordered, slice(1, None))
        new = ufunc(np.not_equal, after, before)
        if self.equal_nan and self.x.dtype.kind in "fcmM":
            both = ufunc(np.logical_and, ufunc(np.isnan, after), ufunc(np.isnan, before))
            new = ufunc(np.logical_and, new, ufunc(np.logical_not, both))
        flags = concatenate([as_expr(np.ones(1, bool)), new], 0)
        return ordered, flags

    def values(self) -> Expr:
        ordered, flags = self._flags()
        if self.keep is not None:
            flags = ufunc(np.logical_and, flags, self.keep(ordered))
        return _selected(ordered, flags, lambda e: e)

    def index(self) -> Expr:
        ordered, flags = self._flags()
        if self.keep is not None:
            flags = ufunc(np.logical_and, flags, self.keep(ordered))
        return _selected(sort(self.x, 0, True), flags, lambda e: e)

    def counts(self) -> Expr:
        if self.keep is not None:
            raise NotBlocked("counts of some of the distinct elements are not supported")
        _, flags = self._flags()
        n = self.x.sizes[0]
        places = Arange(Constant.of(0), Constant.of(1), np.dtype(np.intp), flags.chunks)

        def widths(starts: Expr) -> Expr:
            ends = concatenate([getitem(starts, slice(1, None)), as_expr(np.array([n], np.intp))], 0)
            made: Expr = ufunc(np.subtract, ends, starts)
            return made

        return _selected(places, flags, widths)


def _selected(base: Expr, mask: Expr, then: Callable[[Expr], Expr]) -> Expr:
    """What `then` makes of the elements of `base` where `mask` is true, once they have been counted."""
    counts, rows = count_by_row(Select(base, mask))

    def answer(values: Sequence[Any]) -> Expr:
        ends = np.concatenate([[0], np.cumsum(np.atleast_1d(values[0]))])
        offsets = ends[rows.axes[0].offsets].tolist()
        axis = AxisChunks.from_offsets(np.array(offsets, np.int64)) if offsets[-1] else regular(0, 1)
        return then(Compress(base, mask, rows, Chunks((axis,)), tuple(offsets)))

    return Unsized((counts,), held_by_key(answer), (None,), base.dtype, "unique")


def rows_of(x: Expr, axis: int) -> tuple[Expr, Callable[[Expr], Expr]]:
    """The parts of `x` along `axis` as elements of one axis, and what makes an array of such elements again."""
    refuse_masked("unique", x)
    k = one_axis(axis, x.ndim)
    others = tuple(j for j in range(x.ndim) if j != k)
    if x.dtype.hasobject or not math.prod(x.sizes):
        raise NotBlocked(f"unique along an axis of an array of {x.dtype} and shape {x.shape} has no blocked form")
    width = math.prod(x.sizes[j] for j in others)
    row = np.dtype([(f"f{i}", x.dtype) for i in range(width)])
    shape = tuple(x.sizes[j] for j in others)

    def together(block: Block) -> Block:
        flat = np.ascontiguousarray(np.moveaxis(block, k, 0)).reshape(block.shape[k], width)
        return flat.view(row).reshape([block.shape[j] if j == k else 1 for j in range(block.ndim)])

    def apart(made: Expr) -> Expr:
        def split(block: Block) -> Block:
            return np.ascontiguousarray(block).view(x.dtype).reshape(-1, width)

        wide = map_lines("rows", split, [expand_dims(made, 1)], (1,), (width,), x.dtype)
        return moveaxis(reshape(wide, (made.sizes[0], *shape)), 0, k)

    return drop_axes(map_lines("rows", together, [x], others, (1,) * len(others), row), others), apart


def set_of(name: str, a: Expr, b: Expr, first: bool = False) -> Unique:
    """Distinct elements of `a` that are (intersect1d) or aren't (setdiff1d) in `b`, or of both in one only."""
    if name in ("union1d", "setxor1d"):
        kind = asked_of_numpy(np.result_type, a.dtype, b.dtype)
        a, b = reshape(astype(a, kind), -1), reshape(astype(b, kind), -1)
        both = concatenate([a, b], 0, dtype=kind)
        keep = None if name == "union1d" else _in_one_of(a, b)
        return distinct(both, keep=keep)
    a = reshape(a, -1)
    if name == "intersect1d":
        a = astype(a, asked_of_numpy(np.result_type, a.dtype, b.dtype))
    return distinct(a, keep=lambda e: isin(e, b, name == "setdiff1d"), wants_first=first)


def one_side(a: Expr, b: Expr) -> Expr:
    """Distinct elements that are in one array only; NaN of one array is none of the other's, so both are kept."""
    found = set_of("setxor1d", a, b).values
    if not isinstance(found, Unsized) or found.dtype.kind not in "fcmM":
        return found
    lost = tuple(reduction("any", ufunc(np.isnan, astype(e, found.dtype))) for e in (a, b))

    def answer(values: Sequence[Any]) -> Expr:
        *asked, of_a, of_b = values
        made: Expr = found.held.value(asked)
        return _with_last_twice(made) if of_a and of_b else made

    return Unsized((*found.questions, *lost), held_by_key(answer), (None,), found.dtype, "unique")


def alone(a: Expr, b: Expr) -> Expr:
    """Elements that are there only once in both arrays together: `one_side` of arrays of distinct elements."""
    refuse_masked("setxor1d", a, b)
    kind = asked_of_numpy(np.result_type, a.dtype, b.dtype)
    ordered = sort(concatenate([reshape(a, -1), reshape(b, -1)], 0, dtype=kind), 0)
    if not math.prod(ordered.sizes):
        return ordered
    new = ufunc(np.not_equal, getitem(ordered, slice(1, None)), getitem(ordered, slice(None, -1)))
    end = as_expr(np.ones(1, bool))
    first, last = concatenate([end, new], 0), concatenate([new, end], 0)
    made: Expr = getitem(ordered, ufunc(np.logical_and, first, last))
    return made


def _with_last_twice(x: Expr) -> Expr:
    if isinstance(x, Unsized):
        again = held_by_key(lambda values: _with_last_twice(x.held.value(values)))
        return Unsized(x.questions, again, (None,), x.dtype, "unique")
    twice: Expr = concatenate([x, getitem(x, slice(-1, None))], 0)
    return twice


def _in_one_of(a: Expr, b: Expr) -> Keep:
    def keep(e: Expr) -> Expr:
        both = ufunc(np.logical_and, isin(e, a), isin(e, b))
        made: Expr = ufunc(np.logical_not, both)
        return made

    return keep


def check_axis_type(axis: Any) -> None:
    """Raises DTypeError for an axis that is no whole number."""
    if not hasattr(axis, "__index__"):
        raise DTypeError(f"unique: axis={axis!r}; expected a whole number or None")
