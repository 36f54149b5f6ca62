"""Reductions over windows never make the windows."""

from __future__ import annotations

import numpy as np

from nbarray.expr.elementwise import Elementwise
from nbarray.expr.node import Expr
from nbarray.expr.reduce import Reduce
from nbarray.expr.structure import View
from nbarray.expr.windows import Rolling, Windows
from nbarray.grid.chunks import Chunks
from nbarray.grid.regions import AxisMap, Placement
from nbarray.kernels.elementwise import ufunc_op
from nbarray.kernels.windows import ROLLED
from nbarray.rewrite.driver import on

__all__ = ["elementwise_on_windows", "reduce_windows"]


@on(Elementwise)
def elementwise_on_windows(expr: Expr) -> Expr | None:
    """Work on elements is done before they are spread to windows.

    isnan(windows(x, 3))   ->   windows(isnan(x), 3)
    """
    match expr:
        case Elementwise(op, args, dtype):
            spread = [a for a in args if isinstance(a, Windows)]
            if not spread or any(a.ndim for a in args if not isinstance(a, Windows)):
                return None
            first = spread[0]
            alike = (first.axes, first.lengths, first.base.shape)
            if any((w.axes, w.lengths, w.base.shape) != alike for w in spread):
                return None
            inner = Elementwise(op, tuple(a.base if isinstance(a, Windows) else a for a in args), dtype)
            return Windows(inner, first.axes, first.lengths, first.chunks)
    return None


@on(Reduce)
def reduce_windows(expr: Expr) -> Expr | None:
    """A reduction over all of the axes that windows have is put together from smaller windows.

    windows(x, 24).mean(axis=-1)   ->   rolling_mean(x, 24)
    """
    match expr:
        case Reduce(name, Windows(base, axes, lengths, _) as spread, reduced, skip, dtype, params):
            if name not in ROLLED or reduced != tuple(range(base.ndim, spread.ndim)) or base.dtype.kind not in "biufc":
                return None
            if skip is not None:
                if not isinstance(skip, Windows) or (skip.axes, skip.lengths) != (axes, lengths):
                    return None
                if skip.base.shape != base.shape:
                    return None
                skip = skip.base
            if _is_nan_of(skip, base):
                skip, params = None, (*params, ("skip_nan", True))
            own = _shortened(base.chunks, axes, lengths)
            rolling = Rolling(name, base, axes, lengths, None, skip, dtype, params, own)
            maps = [AxisMap(k, 0, 1, n) for k, n in enumerate(rolling.sizes)]
            return View(rolling, Placement((*maps, *(AxisMap(-1, 0, 0, 1) for _ in axes))))
    return None


def _shortened(chunks: Chunks, axes: tuple[int, ...], lengths: tuple[int, ...]) -> Chunks:
    """The chunks of what whole windows come to."""
    by = dict(zip(axes, lengths, strict=True))
    return Chunks(tuple(a.cut(0, 1, a.size - by.get(k, 1) + 1) for k, a in enumerate(chunks.axes)))


def _is_nan_of(skip: Expr | None, base: Expr) -> bool:
    """Whether what is left out is NaN, which tasks see for themselves."""
    return isinstance(skip, Elementwise) and skip.op == ufunc_op(np.isnan) and skip.args == (base,)
