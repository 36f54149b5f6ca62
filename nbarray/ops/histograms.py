"""Histograms: with bins by number, the smallest and largest element are found first, inside the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.errors import DTypeError, InputError, NotBlocked, ShapeError
from nbarray.expr.node import Expr
from nbarray.expr.summaries import Summarise
from nbarray.expr.unsized import Unsized
from nbarray.kernels.elementwise import ByKey
from nbarray.kernels.histograms import Counts, EqualEdges, Histogram, HistogramND
from nbarray.kernels.keys import frozen
from nbarray.ops.elementwise import astype, ufunc
from nbarray.ops.indexing import getitem
from nbarray.ops.joining import concatenate
from nbarray.ops.lines import asked_of_numpy, is_empty, map_lines, refuse_masked
from nbarray.ops.operands import as_expr, constant
from nbarray.ops.reductions import reduction
from nbarray.ops.shaping import expand_dims, rechunk

__all__ = ["bin_edges", "bincount", "columns_of", "digitize", "histogram", "histogramdd", "ptp"]

Block = np.ndarray[Any, Any]
NO_BINS = "{}: bins={!r} depends on all the data in ways that have no blocked form; give a number of bins, or the edges"


def bin_edges(x: Expr, bins: Any = 10, range_: Any = None, name: str = "histogram_bin_edges") -> Expr:
    """The edges of bins: those given, or equal ones over `range_`, or from the smallest to the largest element."""
    refuse_masked(name, x)
    if isinstance(bins, str):
        asked_of_numpy(np.histogram_bin_edges, np.empty(0, x.dtype), bins)
        raise NotBlocked(NO_BINS.format(name, bins))
    if isinstance(bins, Expr):
        if bins.ndim != 1:
            raise InputError("`bins` must be 1d, when an array")
        return bins
    x = astype(x, np.uint8) if x.dtype.kind == "b" else x
    return _equal_edges(x, bins, _range(name, range_), False)


def _range(name: str, span: Any) -> Any:
    """A range as a pair; raises DTypeError or InputError where NumPy fails to take two numbers out of it."""
    if span is None:
        return None
    if isinstance(span, Expr) and span.ndim == 1:
        span = [getitem(span, k) for k in range(span.sizes[0])]
    if isinstance(span, Expr) or not hasattr(span, "__iter__"):
        raise DTypeError(f"{name}: range={span!r}; expected a pair of numbers, (smallest, largest)")
    if len(tuple(span)) != 2:
        raise InputError(f"{name}: range={span!r}; expected a pair, (smallest, largest)")
    return span


def _equal_edges(x: Expr, bins: Any, span: Any, column: bool) -> Expr:
    """The edges that NumPy is given, or makes of a number of bins: within a range, which may be yet to be computed.

    column : as `numpy.histogramdd` makes them for a column
    """
    later = span is not None and any(isinstance(s, Expr) for s in span)
    shown = tuple(_shown(s) for s in span) if later else span
    fixed = _asked(np.empty(0, x.dtype), bins, shown, column)
    if np.ndim(bins) or (span is not None and not later) or (is_empty(x) and not later):
        return constant(fixed)
    if later:
        dtype, ends = fixed.dtype, _joined([as_expr(s) for s in span], np.result_type(*shown))
    else:
        dtype, ends = _asked(np.arange(2).astype(x.dtype), bins, None, column).dtype, _extremes(x)
    made = EqualEdges(len(fixed) - 1, x.dtype if later else None, column)
    return map_lines("edges", made, [ends], (0,), (len(fixed),), dtype)


def _asked(values: Block, bins: Any, span: Any, column: bool) -> Block:
    made: Block
    if column:
        (made,) = asked_of_numpy(np.histogramdd, values[:, None], [bins], None if span is None else [span])[1]
    else:
        made = asked_of_numpy(np.histogram_bin_edges, values, bins, span)
    return made


def _shown(end: Any) -> Any:
    """A zero that stands for the end of a range: of its dtype, if it has one."""
    if np.ndim(end):
        raise DTypeError(f"only 0-dimensional arrays can be the end of a range, not one of shape {np.shape(end)}")
    return end.dtype.type(0) if hasattr(end, "dtype") else type(end)(0)


def _extremes(x: Expr) -> Expr:
    return _joined([reduction(name, x) for name in ("min", "max")], x.dtype)


def _joined(ends: Sequence[Expr], dtype: np.dtype[Any]) -> Expr:
    return rechunk(concatenate([expand_dims(end, 0) for end in ends], 0, dtype=dtype), -1)


def histogram(
    x: Expr, bins: Any = 10, range_: Any = None, density: bool = False, weights: Any = None
) -> tuple[Expr, Expr]:
    """Counts (or sums of weights) by bin, and the edges of the bins."""
    edges = bin_edges(x, bins, range_, "histogram")
    if edges.dtype.kind in "OSU" or x.dtype.kind in "OSUV":
        raise NotBlocked(f"histogram of {x.dtype} with bins of {edges.dtype} has no blocked form")
    x = astype(x, np.uint8) if x.dtype.kind == "b" else x
    args, dtype = [x], np.dtype(int)
    if weights is not None:
        w = as_expr(weights)
        refuse_masked("histogram with weights", w)
        if w.shape != x.shape:
            raise InputError("weights should have the same shape as a.")
        if w.dtype.kind not in "biufc":
            raise NotBlocked(f"histogram with weights of {w.dtype} has no blocked form")
        args, dtype = [x, w], w.dtype
    equal = np.ndim(bins) == 0 and not isinstance(bins, Expr)
    count = max(0, edges.sizes[0] - 1)
    made = (
        asked_of_numpy(np.histogram, np.zeros(0, x.dtype), 2, (0, 1), density, np.zeros(0, dtype)) if density else None
    )
    kind = dtype if made is None else made[0].dtype
    if is_empty(x) or not count:
        return as_expr(np.full(count, np.nan if density else 0).astype(kind)), edges
    return Summarise(Histogram(count, equal, dtype, density), tuple(args), (edges,), (count,), kind), edges


def histogramdd(
    columns: Sequence[Expr], bins: Any = 10, ranges: Any = None, density: bool = False, weights: Any = None
) -> tuple[Expr, list[Expr]]:
    """Counts by bins of several columns together, and the edges for each."""
    d = len(columns)
    if any(c.ndim != 1 or c.sizes != columns[0].sizes for c in columns):
        raise ShapeError(f"histogramdd: expected columns of one length, not of shapes {[c.shape for c in columns]}")
    refuse_masked("histogramdd", *columns)
    common = np.result_type(*(c.dtype for c in columns))  # NumPy makes one array of them
    columns = [astype(c, common) for c in columns]
    given = list(bins) if hasattr(bins, "__len__") else [bins] * d
    if len(given) != d:
        raise InputError("The dimension of bins must be equal to the dimension of the sample x.")
    spans = [None] * d if ranges is None else list(ranges)
    if len(spans) != d:
        raise InputError(
            f"range argument requires one entry, a min max pair, per dimension; {len(spans)} are given for {d}"
        )
    if any(s is not None and not (isinstance(s, Expr) or (hasattr(s, "__len__") and len(s) == 2)) for s in spans):
        raise InputError(f"range argument should be a sequence of pairs, not {spans!r}")
    spans = [_range("histogramdd", s) for s in spans]
    edges = [_edges_of_column(*of_column) for of_column in zip(columns, given, spans, strict=True)]
    args = list(columns)
    if weights is not None:
        w = as_expr(weights)
        if w.shape != columns[0].shape:
            raise InputError("The weights and list don't have the same length.")
        args.append(w)
    counts = tuple(e.sizes[0] - 1 for e in edges)
    if is_empty(columns[0]):
        return as_expr(np.full(counts, np.nan if density else 0.0)), edges
    summary = HistogramND(counts, weights is not None, density)
    return Summarise(summary, tuple(args), tuple(edges), counts, np.dtype(float)), edges


def _edges_of_column(x: Expr, bins: Any, span: Any) -> Expr:
    return bins if isinstance(bins, Expr) else _equal_edges(x, bins, span, True)


def bincount(x: Expr, weights: Any = None, minlength: int = 0) -> Expr:
    """How often each whole number is there; the size is `minlength`, or what the largest asks for, once counted."""
    refuse_masked("bincount", x)
    empty = np.zeros((0,) * x.ndim, x.dtype) if x.ndim else np.zeros((), x.dtype)
    asked_of_numpy(np.bincount, empty, None, minlength)
    dtype = np.dtype(np.intp if weights is None or is_empty(x) else np.float64)
    args = [x]
    if weights is not None:
        w = as_expr(weights)
        if w.shape != x.shape:
            raise InputError("The weights and list don't have the same length.")
        if not np.can_cast(w.dtype, np.float64, "safe"):
            raise DTypeError(
                f"Cannot cast array data from {w.dtype!r} to dtype('float64') according to the rule 'safe'"
            )
        args.append(w)
    if is_empty(x):
        return as_expr(np.zeros(minlength, dtype))

    counted = _Counted(tuple(args), minlength, dtype)
    return Unsized((reduction("min", x), reduction("max", x)), ByKey(counted, counted), (None,), dtype, "bincount")


@dataclass(frozen=True)
class _Counted:
    """Counts of whole numbers, once the smallest and the largest are known."""

    args: tuple[Expr, ...]
    minlength: int
    dtype: np.dtype[Any]

    def __call__(self, values: Sequence[Any]) -> Expr:
        smallest, largest = values
        if smallest < 0:
            raise InputError("'list' argument must have no negative elements")
        size = max(int(largest) + 1, self.minlength)
        return Summarise(Counts(size, self.dtype), self.args, (), (size,), self.dtype)


def digitize(x: Expr, bins: Any, right: bool = False) -> Expr:
    """Which bin each element is in, of bins given by edges in order."""
    refuse_masked("digitize", x)
    if isinstance(bins, Expr):
        refuse_masked("digitize by edges", bins)
        shown = np.empty((0,) * bins.ndim if bins.ndim else (), bins.dtype)
        dtype = asked_of_numpy(np.digitize, np.empty(0, x.dtype), shown, right).dtype
        find = lambda block, edges: np.digitize(block, edges, right)  # noqa: E731 - named by map_lines
        return map_lines("digitize", find, [x], (), (), dtype, extras=[bins])
    edges = frozen(bins)
    dtype = asked_of_numpy(np.digitize, np.empty(0, x.dtype), edges, right).dtype
    return map_lines("digitize", lambda block: np.digitize(block, edges, right), [x], (), (), dtype)


def ptp(x: Expr, axis: Any = None, keepdims: bool = False) -> Expr:
    """The largest value less the smallest, over `axis`."""
    ends = [reduction(name, x, axis, keepdims=keepdims) for name in ("max", "min")]
    made: Expr = ufunc(np.subtract, *ends)
    return made


def columns_of(sample: Expr) -> list[Expr]:
    """The columns of a sample of shape (N, D)."""
    if sample.ndim == 1:
        sample = expand_dims(sample, 1)
    if sample.ndim != 2:
        raise ShapeError(f"histogramdd: expected a sample of shape (N, D), not {sample.shape}")
    return [getitem(sample, (slice(None), k)) for k in range(sample.sizes[1])]
