"""Matrices larger than a block, factored into triangles: by panels of columns, each a task or several.

Cholesky's factor is made column by column, each block from its own rows and those of the diagonal to its left, so that
every block is made once (left-looking).  With row exchanges a panel has to be in one task, and the columns to its
right follow it, one task each (right-looking).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from nbarray.expr.leaves import Arange, Filled
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks, regular
from nbarray.kernels.matrices import conjugate, lu_in_place, lu_of_each, solve_triangle
from nbarray.kernels.program import Constant
from nbarray.ops.elementwise import astype, function, ufunc, where
from nbarray.ops.indexing import getitem
from nbarray.ops.joining import concatenate
from nbarray.ops.matrices import of_each, room
from nbarray.ops.shaping import expand_dims
from nbarray.ops.tasks import of_blocks, one_task, whole

__all__ = ["RowFactors", "blocked_cholesky", "blocked_solve_triangle", "row_factors", "row_factors_of_each", "side_of"]

Matrix = np.ndarray[Any, Any]
#: The side of blocks, and at most so many of them along an axis.
BLOCK_SIDE, MOST_BLOCKS = 512, 64


def side_of(x: Expr) -> int:
    """The side of a large matrix's blocks: rows of so many fit into a block's room where they can."""
    n = max(1, *x.sizes)
    return max(1, min(BLOCK_SIDE, 2 * room(x.dtype) // n), -(-n // MOST_BLOCKS))


def _cuts(n: int, side: int) -> list[tuple[int, int]]:
    return [(a, min(a + side, n)) for a in range(0, n, side)]


def _zeros(rows: int, columns: int, side: int, dtype: np.dtype[Any]) -> Expr:
    return Filled(Constant.of(np.zeros((), dtype)[()]), Chunks((regular(rows, side), regular(columns, side))))


# ---------------------------------------------------------------------------------------------------- Cholesky


def blocked_cholesky(x: Expr) -> Expr:
    """The lower factor of a matrix of which only the lower half is read."""
    n, side = x.sizes[0], side_of(x)
    columns: list[Expr] = []
    done: list[tuple[int, Expr]] = []  # panels, and the row each begins at
    for a, b in _cuts(n, side):
        beside = [getitem(panel, slice(a - start, b - start)) for start, panel in done]
        corner = one_task(
            _corner, [getitem(x, (slice(a, b), slice(a, b))), *beside], (b - a, b - a), x.dtype, 1.0, "cholesky, corner"
        )
        parts = [corner] if a == 0 else [_zeros(a, b - a, side, x.dtype), corner]
        if b < n:
            below = _below(x, corner, done, beside, (a, b), side)
            parts.append(below)
            done = [*done, (b, below)]
        columns.append(concatenate(parts, 0))
    return concatenate(columns, 1)


def _corner(block: Matrix, *beside: Matrix) -> Matrix:
    return np.linalg.cholesky(reduce(lambda left, rows: left - rows @ conjugate(rows), beside, block))


def _below(
    x: Expr, corner: Expr, done: list[tuple[int, Expr]], beside: list[Expr], columns: tuple[int, int], side: int
) -> Expr:
    """The blocks of a panel below its corner."""
    a, b = columns
    rows = regular(x.sizes[0] - b, side)

    def by_rows(e: Expr) -> tuple[Expr, Chunks]:
        return e, Chunks((rows, *whole(e.sizes[1:]).axes))

    left = [by_rows(getitem(panel, slice(b - start, None))) for start, panel in done]
    right = [(e, whole(e.sizes)) for e in (corner, *beside)]
    own = by_rows(getitem(x, (slice(b, None), slice(a, b))))
    count = len(left)

    def panel(block: Matrix, *others: Matrix) -> Matrix:
        for rows_of_block, rows_of_corner in zip(others[:count], others[count + 1 :], strict=True):
            block = block - rows_of_block @ conjugate(rows_of_corner)
        return conjugate(solve_triangle(others[count], conjugate(block), True))

    return of_blocks(panel, [own, *left, *right], own[1], (0, 1), x.dtype, takes=1.0, label="cholesky, panel")


# ---------------------------------------------------------------------------------------------- rows exchanged


@dataclass(frozen=True)
class RowFactors:
    """L and U of a matrix, or of each of a stack, whose rows were put in another order.

    packed : U, and below the diagonal L, whose own is 1
    order : which row of the matrix each row was
    """

    packed: Expr
    order: Expr

    @property
    def lower(self) -> Expr:
        """L (..., m, k), k the smaller of m and n."""
        packed = getitem(self.packed, (..., slice(0, min(self.packed.sizes[-2:]))))
        rows, columns = _positions(packed)
        one = np.ones((), packed.dtype)[()]
        return where(ufunc(np.greater, rows, columns), packed, astype(ufunc(np.equal, rows, columns), one.dtype))

    @property
    def upper(self) -> Expr:
        """U (..., k, n)."""
        packed = getitem(self.packed, (..., slice(0, min(self.packed.sizes[-2:])), slice(None)))
        rows, columns = _positions(packed)
        return where(ufunc(np.less_equal, rows, columns), packed, np.zeros((), packed.dtype)[()])

    @property
    def exchange(self) -> Expr:
        """P (..., m, m), with P L U the matrix."""
        rows = _range(self.order.sizes[-1])
        made = ufunc(np.equal, expand_dims(self.order, -2), expand_dims(rows, 1))
        return astype(made, np.dtype(self.packed.dtype.char.lower()))

    def of(self, b: Expr) -> Expr:
        """Rows of `b` (m, columns) in the order that they have here."""
        columns = regular(b.sizes[1], max(1, room(b.dtype) // max(1, b.sizes[0])))
        cut = Chunks((*whole(b.sizes[:1]).axes, columns))
        order = expand_dims(self.order, 1)
        operands = [(b, cut), (order, whole(order.sizes))]
        return of_blocks(lambda rows, order: rows[order[:, 0]], operands, cut, (0, 1), b.dtype, label="exchange rows")


def _range(n: int) -> Expr:
    return Arange(Constant.of(0), Constant.of(1), np.dtype(np.intp), whole((n,)))


def _positions(x: Expr) -> tuple[Expr, Expr]:
    return expand_dims(_range(x.sizes[-2]), 1), expand_dims(_range(x.sizes[-1]), 0)


def row_factors(x: Expr) -> RowFactors:
    """L and U of a matrix (m, n), rows exchanged for the largest numbers on the diagonal."""
    m, n = x.sizes
    width = n if m * n <= room(x.dtype) else max(1, min(BLOCK_SIDE // 2, room(x.dtype) // max(1, m)), n // MOST_BLOCKS)
    kind = _order_beside(x)
    if not min(m, n):
        return RowFactors(x, _range(m))
    rest, panels = astype(x, kind), []
    for a, b in _cuts(min(m, n), width):
        b = n if b == min(m, n) and n - a <= width else b
        first = getitem(rest, (slice(None), slice(0, b - a)))
        made = one_task(_factor_from(a), [first], (m, b - a + 1), kind, 1.0, "lu, panel")
        panels.append(made)
        rest = getitem(rest, (slice(None), slice(b - a, None)))
        if rest.sizes[1]:
            cut = Chunks((*whole((m,)).axes, regular(rest.sizes[1], width)))
            operands = [(rest, cut), (made, whole(made.sizes))]
            rest = of_blocks(_follow(a), operands, cut, (0, 1), kind, takes=1.0, label="lu, columns")
    orders = [getitem(p, (slice(None), slice(-1, None))) for p in panels]
    parts = [_settled(p, orders[k + 1 :], x.dtype) for k, p in enumerate(panels)]
    if rest.sizes[1]:
        parts.append(astype(rest, x.dtype))
    order = one_task(_together, orders, (m,), np.intp, label="lu, order of rows")
    return RowFactors(concatenate(parts, 1) if len(parts) > 1 else parts[0], order)


def row_factors_of_each(x: Expr) -> RowFactors:
    """L and U of each matrix (m, n) of a stack, several in a task."""
    m, n = x.sizes[-2:]
    kind = _order_beside(x)

    def lu(block: Matrix) -> Matrix:
        made = np.empty((*block.shape[:-1], n + 1), kind)
        made[..., :n] = block
        together = made.reshape(-1, m, n + 1)
        together[..., n] = lu_of_each(together[..., :n])
        return made

    packed = of_each(lu, [x], (m, n + 1), kind, "lu")
    return RowFactors(astype(getitem(packed, (..., slice(0, n))), x.dtype), function("real", getitem(packed, (..., n))))


def _order_beside(x: Expr) -> np.dtype[Any]:
    """The dtype of factors with the order of rows beside them: the matrix' own unless it is too short for numbers."""
    return x.dtype if x.sizes[-2] < 2**24 else np.result_type(x.dtype, np.float64)


def _factor_from(start: int) -> Callable[[Matrix], Matrix]:
    def factor(block: Matrix) -> Matrix:
        made = np.empty((block.shape[0], block.shape[1] + 1), block.dtype)
        made[:, :-1] = block
        made[:start, -1] = np.arange(start)
        made[start:, -1] = lu_in_place(made[start:, :-1]) + start
        return made

    return factor


def _follow(start: int) -> Callable[[Matrix, Matrix], Matrix]:
    """What a factored panel does to columns on its right."""

    def update(block: Matrix, panel: Matrix) -> Matrix:
        block = block[_order(panel)]
        stop = min(len(block), start + panel.shape[1] - 1)
        square = panel[start:stop, : stop - start]
        block[start:stop] = solve_triangle(square, block[start:stop], True, unit=True)
        block[stop:] -= panel[stop:, : stop - start] @ block[start:stop]
        return block

    return update


def _order(panel: Matrix) -> np.ndarray[Any, np.dtype[np.intp]]:
    return panel[:, -1].real.astype(np.intp)


def _together(*orders: Matrix) -> Matrix:
    return reduce(lambda before, after: before[after], map(_order, orders))


def _settled(panel: Expr, later: list[Expr], dtype: np.dtype[Any]) -> Expr:
    """The factors of a panel, in the order that later panels put the rows in."""
    columns = getitem(panel, (slice(None), slice(0, -1)))
    if not later:
        return astype(columns, dtype)

    def settle(block: Matrix, *orders: Matrix) -> Matrix:
        return block[_together(*orders)].astype(dtype)

    return one_task(settle, [columns, *later], columns.sizes, dtype, label="lu, order of rows")


# --------------------------------------------------------------------------------------------------- triangles


def blocked_solve_triangle(t: Expr, b: Expr, lower: bool, unit: bool = False) -> Expr:
    """``x`` with ``t x = b`` for a triangle (n, n) and any columns (n, k): block after block of rows."""
    n, k = b.sizes
    side = side_of(t) if n * n > room(t.dtype) else max(1, n)
    columns = regular(k, max(1, room(b.dtype) // max(1, side)))
    done: list[tuple[Expr, Chunks]] = []
    found: list[tuple[int, int]] = []
    cuts = _cuts(n, side) or [(0, 0)]
    for first, stop in cuts if lower else cuts[::-1]:
        cut = Chunks((*whole((stop - first,)).axes, columns))
        square = getitem(t, (slice(first, stop), slice(first, stop)))
        beside = [getitem(t, (slice(first, stop), slice(*c))) for c in found]
        operands = [(getitem(b, slice(first, stop)), cut), *((e, whole(e.sizes)) for e in (square, *beside)), *done]
        made = of_blocks(_substitute(lower, unit), operands, cut, (0, 1), b.dtype, takes=0.5, label="solve triangle")
        done.append((made, Chunks((*whole((stop - first,)).axes, columns))))
        found.append((first, stop))
    parts = [e for e, _ in (done if lower else done[::-1])]
    return concatenate(parts, 0) if len(parts) > 1 else parts[0]


def _substitute(lower: bool, unit: bool) -> Callable[..., Matrix]:
    def substitute(block: Matrix, square: Matrix, *others: Matrix) -> Matrix:
        count = len(others) // 2
        for factor, known in zip(others[:count], others[count:], strict=True):
            block = block - factor @ known
        return solve_triangle(square, block, lower, unit)

    return substitute
