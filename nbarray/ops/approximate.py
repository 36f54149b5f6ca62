"""Answers in one pass that are right to within a stated error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nbarray.errors import InputError
from nbarray.expr.node import Expr
from nbarray.expr.summaries import Summarise
from nbarray.kernels import ranks
from nbarray.kernels.quantiles import QuantileRanks
from nbarray.kernels.sketches import BINS, DistinctCount, SampledHistogram, registers
from nbarray.ops.lines import asked_of_numpy, is_empty, map_lines, refuse_masked
from nbarray.ops.operands import as_expr, drop_axes
from nbarray.ops.shaping import reshape

__all__ = ["approximate_histogram", "approximate_quantile", "approximate_unique_count"]

Block = np.ndarray[Any, Any]


def _samples(name: str, error: float) -> int:
    if not 1e-5 <= error <= 0.5:
        raise InputError(f"{name}: error={error!r}; expected a share from 0.00001 to 0.5")
    return math.ceil(ranks.THINNED / error) + 1


def approximate_quantile(x: Expr, q: Any, error: float) -> Expr:
    """Elements whose rank among all differs from that of the quantile by at most `error` times their number."""
    refuse_masked("approx.quantile", x)
    fractions = np.asarray(q)
    asked_of_numpy(np.quantile, np.zeros(2, x.dtype), fractions, method="lower")
    if is_empty(x):
        raise InputError("approx.quantile of an array without elements")
    flat, n = fractions.reshape(-1), math.prod(x.sizes)
    wanted = QuantileRanks("lower", tuple(flat), n)
    step = ranks.Narrow(x.dtype, wanted, 2 * flat.size, 1, _samples("approx.quantile", error), n)
    brackets = Summarise(step, (x,), (), (2 * flat.size,), ranks.bracket_dtype(x.dtype))
    lost = np.array("NaT", x.dtype) if x.dtype.kind in "mM" else np.nan

    def low(found: Block) -> Block:
        return np.where(found["valid"] < n, lost, found["low"]).astype(x.dtype)[: flat.size]

    def whole(found: Block) -> Block:
        return found["low"][: flat.size]

    function = low if x.dtype.kind in "fmM" else whole
    made = map_lines("approximate quantile", function, [brackets], (0,), (flat.size,), x.dtype)
    return reshape(made, fractions.shape) if fractions.ndim else drop_axes(made, (0,))


def approximate_histogram(x: Expr, bins: int, error: float) -> tuple[Expr, Expr]:
    """Counts of equal bins over the whole range, each right to within twice `error` times their sum; and the edges."""
    refuse_masked("approx.histogram", x)
    asked_of_numpy(np.histogram, np.zeros(2, x.dtype), bins)
    if not hasattr(bins, "__index__"):
        raise InputError(f"approx.histogram: bins={bins!r}; expected a number of bins")
    if is_empty(x) or x.dtype.kind not in "fiu":
        raise InputError(f"approx.histogram: expected numbers, not {x.dtype} of shape {x.shape}")
    n = math.prod(x.sizes)
    step = SampledHistogram(x.dtype, QuantileRanks("lower", (), n), 1, 1, _samples("approx.histogram", error), n, bins)
    found = Summarise(step, (x,), (), (bins + 1,), BINS)
    counts = map_lines("counts", lambda rows: rows["count"][:-1], [found], (0,), (bins,), np.int64)
    return counts, map_lines("edges", lambda rows: rows["edge"], [found], (0,), (bins + 1,), float)


def approximate_unique_count(x: Expr, error: float) -> Expr:
    """How many elements are distinct, with a relative standard error of `error`."""
    refuse_masked("approx.unique_count", x)
    if not 0.002 <= error <= 0.26:
        raise InputError(f"approx.unique_count: error={error!r}; expected a share from 0.002 to 0.26")
    if is_empty(x):
        return as_expr(np.int64(0))
    return Summarise(DistinctCount(registers(error)), (x,), (), (), np.dtype(np.int64))
