"""What else comes of sorting: partitions, the largest few, several keys, places in sorted arrays, membership."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from nbarray.config import current
from nbarray.errors import DTypeError, InputError, NotBlocked, ShapeError
from nbarray.expr.node import Expr
from nbarray.expr.structure import Rechunk
from nbarray.expr.summaries import Summarise
from nbarray.kernels.extremes import Foremost, Ranked, first_of_lines, is_among
from nbarray.ops.elementwise import astype, ufunc
from nbarray.ops.indexing import getitem
from nbarray.ops.joining import concatenate
from nbarray.ops.lines import MOST_LINES, asked_of_numpy, is_empty, line_room, map_lines, refuse_masked
from nbarray.ops.masking import as_last
from nbarray.ops.operands import as_expr, one_axis
from nbarray.ops.shaping import expand_dims, moveaxis, rechunk, reshape
from nbarray.ops.sorting import sort

__all__ = ["held", "isin", "lexsort", "partition", "searchsorted", "sort_complex", "topk"]

Block = np.ndarray[Any, Any]
#: An array that every task gets whole takes at most this share of the budget.
HELD_SHARE = 16


def held() -> int:
    """Bytes of an array that every task may get whole."""
    settings = current()
    return max(1024, min(settings.chunk_bytes, settings.budget_bytes() // HELD_SHARE))


def partition(x: Expr, kth: Any, axis: int | None = -1, positions: bool = False) -> Expr:
    """`x` with the elements of ranks `kth` in their place and smaller ones before, or positions that put it so.

    Lines that are too long for a task are sorted, which is a partition too.
    """
    name = "argpartition" if positions else "partition"
    refuse_masked(name, x)
    if axis is None:
        x, axis = reshape(x, -1), 0
    if x.ndim == 0:
        return as_expr(np.asarray(0)) if positions else x
    k = one_axis(axis, x.ndim)
    n = x.sizes[k]
    ranks = np.asarray(kth)
    if ranks.dtype.kind not in "iu":
        raise DTypeError("Partition index must be integer")
    if ranks.size and 0 not in x.sizes and not (-n <= ranks.min() and ranks.max() < n):
        raise InputError(f"kth(={int(ranks.max())}) out of bounds ({n})")
    if n > line_room(x.dtype):
        return sort(x, k, positions)
    function = np.argpartition if positions else np.partition
    dtype = np.dtype(np.intp) if positions else asked_of_numpy(np.sort, np.empty(0, x.dtype)).dtype
    return map_lines(name, lambda block: function(block, ranks, axis=k), [x], (k,), (n,), dtype)


def topk(x: Expr, k: int, axis: int = -1, positions: bool = False) -> Expr:
    """The `k` largest along an axis from the largest down, or the ``-k`` smallest from the smallest up."""
    name = "argtopk" if positions else "topk"
    if x.masked and (positions or x.dtype.kind not in "biuf"):
        refuse_masked(name, x)
    if not hasattr(k, "__index__"):
        raise DTypeError(f"{name}: k={k!r}; expected a whole number")
    j = one_axis(axis, x.ndim)
    count, largest = min(abs(int(k)), x.sizes[j]), k > 0
    if x.masked:
        last = np.ma.maximum_fill_value(x.dtype) if largest else np.ma.minimum_fill_value(x.dtype)
        return as_last(lambda y: topk(y, k, j), x, j, np.nan if not largest and x.dtype.kind == "f" else last)
    dtype = np.dtype(np.intp) if positions else asked_of_numpy(np.sort, np.empty(0, x.dtype)).dtype
    if not count or is_empty(x):
        return as_expr(np.empty((*x.sizes[:j], count, *x.sizes[j + 1 :]), dtype))
    if x.ndim > 1 and x.sizes[j] <= line_room(x.dtype):
        first = lambda block: first_of_lines(block, count, largest, j, positions)  # noqa: E731 - named by map_lines
        return map_lines(name, first, [x], (j,), (count,), dtype)
    summary = Foremost(count, largest, positions, x.dtype)
    if x.ndim == 1:
        return Summarise(summary, (x,), (), (count,), dtype)
    others = [range(m) for i, m in enumerate(x.sizes) if i != j]
    if math.prod(map(len, others)) > MOST_LINES:
        raise NotBlocked(
            f"{name} of {math.prod(map(len, others))} lines, none of which fits into a task, has no blocked form; "
            'allow more memory with nb.config(memory="...", chunk_bytes="...")'
        )
    lines = [getitem(x, (*place[:j], slice(None), *place[j:])) for place in product(*others)]
    made = [expand_dims(Summarise(summary, (line,), (), (count,), dtype), 0) for line in lines]
    together = reshape(concatenate(made, 0, dtype=dtype), (*map(len, others), count))
    return moveaxis(together, x.ndim - 1, j)


def lexsort(keys: Sequence[Expr], axis: int = -1) -> Expr:
    """The positions that sort by the last of `keys`, then by the one before, ..."""
    if not keys:
        raise DTypeError("need sequence of keys with len > 0 in lexsort")
    refuse_masked("lexsort", *keys)
    first = keys[0]
    if any(k.shape != first.shape for k in keys):
        raise ShapeError("all keys need to be the same shape")
    if first.ndim == 0:
        return as_expr(np.asarray(0))
    j = one_axis(axis, first.ndim)
    n = first.sizes[j]
    widest = np.dtype([(f"f{i}", k.dtype) for i, k in enumerate(reversed(keys))])
    if n <= line_room(widest) or is_empty(first):
        order = lambda *blocks: np.lexsort(blocks, axis=j)  # noqa: E731 - named by map_lines
        return map_lines("lexsort", order, keys, (j,), (n,), np.intp)

    def row(*blocks: Block) -> Block:
        made = np.empty(blocks[0].shape, widest)
        for i, block in enumerate(reversed(blocks)):
            made[f"f{i}"] = block
        return made

    return sort(map_lines("keys together", row, keys, (), (), widest), j, True)


def sort_complex(x: Expr) -> Expr:
    """Sorted along the last axis, as complex numbers."""
    made = sort(x, -1)
    if x.dtype.kind == "c":
        return made
    return astype(made, {"b": "F", "h": "F", "B": "F", "H": "F", "g": "G"}.get(x.dtype.char, "D"))


def searchsorted(a: Expr, v: Expr, side: Any = "left") -> Expr:
    """Where `v` would have to be put into the sorted array `a` to keep it in order."""
    refuse_masked("searchsorted", a, v)
    if a.ndim != 1:
        raise InputError("object too deep for desired array" if a.ndim else "object of too small depth")
    # complex numbers as objects can't be compared with each other, dates with booleans; what objects can isn't known
    some = 0 if a.dtype.hasobject or is_empty(a) else 1
    asked_of_numpy(np.searchsorted, np.zeros(some, a.dtype), np.zeros(0 if is_empty(v) else 1, v.dtype), side)
    if is_empty(a) or is_empty(v):
        return as_expr(np.zeros(v.sizes, np.intp))
    kind = _compared_as(a.dtype, v.dtype)
    a, v = astype(a, kind), astype(v, kind)
    if math.prod(v.sizes) * kind.itemsize <= held():
        return Rechunk(Summarise(Ranked(side, v.sizes), (a,), (v,), v.sizes, np.dtype(np.intp)), v.chunks)
    parts = []
    for part in _in_parts(a):
        search = lambda block, among: np.searchsorted(among, block, side)  # noqa: E731 - named by map_lines
        parts.append(map_lines("searchsorted", search, [v], (), (), np.intp, extras=[part]))
    made = parts[0]
    for part in parts[1:]:
        made = ufunc(np.add, made, part)
    return made


def _compared_as(first: np.dtype[Any], second: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which NumPy searches: where there is none for both, as for dates and booleans, Python's objects."""
    try:
        return np.result_type(first, second)
    except np.exceptions.DTypePromotionError:
        return np.dtype(object)


def _in_parts(a: Expr) -> list[Expr]:
    """A one-dimensional array in parts that every task may get whole."""
    length = max(1, held() // max(1, a.dtype.itemsize))
    if a.sizes[0] <= length:
        return [a]
    return [getitem(a, slice(s, s + length)) for s in range(0, a.sizes[0], length)]


def isin(x: Expr, test: Expr, invert: bool = False, kind: str | None = None) -> Expr:
    """Which elements of `x` are among those of `test`, which may be as large as it likes.

    kind : NumPy's ways, "sort" or "table"; only whether it has it for these dtypes is looked at
    """
    if kind is not None:
        asked_of_numpy(np.isin, np.zeros(1, x.dtype), np.zeros(1, test.dtype), kind=kind)
    refuse_masked("isin", x, test)
    if is_empty(test):
        return as_expr(np.full(x.sizes, invert))
    common = asked_of_numpy(np.result_type, x.dtype, test.dtype)
    x, test = astype(x, common), reshape(astype(test, common), -1)
    made: Expr | None = None
    for part in _in_parts(test):
        n, others = part.sizes[0], rechunk(part, -1)
        if not common.hasobject:  # objects need not have an order
            others = map_lines("sort", lambda block: np.sort(block), [others], (0,), (n,), common)
        among = map_lines("isin", _is_among, [x], (), (), bool, extras=[others])
        made = among if made is None else ufunc(np.logical_or, made, among)
    return ufunc(np.logical_not, made) if invert else made  # type: ignore[return-value]


def _is_among(block: Block, among: Block) -> Block:
    """Where elements are among sorted others; objects are compared with each of them."""
    if not block.dtype.hasobject:
        return is_among(block, among)
    found = np.zeros(block.shape, bool)
    for other in among.reshape(-1, 1):  # an array of one, as the object may be a sequence
        found |= (block.reshape(-1) == other).astype(bool).reshape(block.shape)
    return found
