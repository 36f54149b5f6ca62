"""Factors of tall matrices: their rows are cut into panels, whose triangles are put together in a tree.

Each panel is factored by itself, and the triangles below each other are a much shorter matrix with the same R;
so it goes on until one is left (Demmel, Grigori, Hoemmen and Langou, Communication-optimal parallel and sequential QR,
2012).  What the panels' Q have to be multiplied with comes back down the tree.  So a matrix is read once, and what is
between is as large as its Q.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.expr.node import Expr
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.kernels.matrices import conjugate, thin_qr
from nbarray.ops.elementwise import function
from nbarray.ops.indexing import getitem
from nbarray.ops.matrices import LAPACK_TAKES, room, rows_of
from nbarray.ops.tasks import of_blocks, whole

__all__ = ["is_tall", "tall_qr", "tall_svd", "triangle"]

Matrix = np.ndarray[Any, Any]
#: Bytes of a panel: enough for its products to be worth a task, few enough to stay in the cache.
LEAST_PANEL_BYTES, PANEL_BYTES, GOOD_PANELS = 2**19, 4 * 2**20, 8
#: A panel has so many times more rows than columns at the least, so that its triangle is much smaller; at most so many
#: triangles are put together at once.
TALL, MOST_TRIANGLES = 4, 64


def is_tall(x: Expr) -> bool:
    """Whether a matrix is worth being cut into panels of rows."""
    m, n = x.sizes
    return n > 0 and m >= 2 * TALL * n and m * n * x.dtype.itemsize > min(room(_BYTES), 4 * _least())


_BYTES = np.dtype(np.uint8)


def _least() -> int:
    return min(LEAST_PANEL_BYTES, PANEL_BYTES)


@dataclass(frozen=True)
class _Level:
    """The panels of one level of the tree, packed: for each of them Q (filled up with zeros), S and R in one column.

    The panel is Q S R.

    cut : rows of the matrix, or triangles of the level below, in each panel
    height : of the largest Q
    """

    packed: Expr
    cut: AxisChunks
    height: int

    @property
    def triangles(self) -> Expr:
        n = self.packed.sizes[2]
        return getitem(self.packed, (slice(None), slice(self.height + n, None)))

    @property
    def first(self) -> list[Expr]:
        """The first rows of the first panel's Q, and its S."""
        n = self.packed.sizes[2]
        return [getitem(self.packed, (0, slice(a, a + n))) for a in (0, self.height)]


def triangle(x: Expr) -> Expr:
    """R (n, n) of a matrix (m, n), up to the signs of its rows; the matrix is read once."""
    n = x.sizes[1]

    def fold(block: Matrix) -> Matrix:
        made = np.zeros((1, n, n), block.dtype)
        r = thin_qr(block.reshape(-1, n))[2]
        made[0, : len(r)] = r
        return made

    cut = _panels(x)
    made, axes = x, (0, -1, -1)
    while True:
        operand = Chunks((cut, *whole(made.sizes[1:]).axes))
        chunks = Chunks((regular(cut.count, 1), *whole((n, n)).axes))
        made = of_blocks(fold, [(made, operand)], chunks, axes, x.dtype, takes=LAPACK_TAKES, label="qr, triangles")
        if cut.count == 1:
            return getitem(made, 0)
        cut = regular(cut.count, _fan(x))


def tall_qr(x: Expr) -> tuple[Expr, Expr]:
    """Q (m, n) and R (n, n) of a tall matrix, with the signs that LAPACK's reflections give them."""
    levels = _tree(x)
    count, n = levels[-1].cut.count, x.sizes[1]
    firsts = [part for level in levels for part in level.first]
    root = _root(_signed, levels[-1].triangles, firsts, count + 1, x.dtype)
    return _back(levels, getitem(root, slice(0, count)), (x.sizes[0], n)), getitem(root, count)


def tall_svd(x: Expr) -> tuple[Expr, Expr, Expr]:
    """U (m, n), the singular values (n), and V^H (n, n) of a tall matrix."""
    levels = _tree(x)
    count, n = levels[-1].cut.count, x.sizes[1]
    root = _root(_decomposed, levels[-1].triangles, [], count + 2, x.dtype)
    values = getitem(root, (count + 1, 0))
    if values.dtype.kind == "c":
        values = function("real", values)
    return _back(levels, getitem(root, slice(0, count)), (x.sizes[0], n)), values, getitem(root, count)


# ----------------------------------------------------------------------------------------------------- the tree


def _panels(x: Expr) -> AxisChunks:
    n = max(1, x.sizes[1])
    width = n * x.dtype.itemsize
    good = max(_least(), min(PANEL_BYTES, x.sizes[0] * width // GOOD_PANELS)) // width
    most = max(n, room(x.dtype) // n)
    return rows_of(x, min(TALL * n, most), min(max(TALL * n, good), most))


def _fan(x: Expr) -> int:
    return max(2, min(MOST_TRIANGLES, room(x.dtype) // max(1, x.sizes[1] ** 2)))


def _tree(x: Expr) -> list[_Level]:
    """The levels, the lowest first; the triangles of the highest are few enough for one task."""
    n = x.sizes[1]
    levels = [_level(x, _panels(x), 1)]
    while levels[-1].cut.count > _fan(x):
        levels.append(_level(levels[-1].triangles, regular(levels[-1].cut.count, _fan(x)), n))
    return levels


def _level(below: Expr, cut: AxisChunks, rows: int) -> _Level:
    """rows : of each position along the first axis of what is below"""
    n, height = below.sizes[-1], cut.largest * rows

    def pack(block: Matrix) -> Matrix:
        made = np.zeros((1, height + 2 * n, n), block.dtype)
        q, s, r = thin_qr(block.reshape(-1, n))
        made[0, : len(q), : q.shape[1]] = q
        made[0, height : height + n] = np.eye(n) if s is None else s
        made[0, height + n : height + n + len(r)] = r
        return made

    chunks = Chunks((regular(cut.count, 1), *whole((height + 2 * n, n)).axes))
    operand = Chunks((cut, *whole(below.sizes[1:]).axes))
    packed = of_blocks(
        pack, [(below, operand)], chunks, (0, -1, -1), below.dtype, takes=LAPACK_TAKES, label="qr of panels"
    )
    return _Level(packed, cut, height)


def _root(make: Callable[..., Matrix], triangles: Expr, firsts: list[Expr], planes: int, dtype: np.dtype[Any]) -> Expr:
    """One task for what is left: `planes` squares."""
    n = triangles.sizes[2]
    operands = [(e, whole(e.sizes)) for e in (triangles, *firsts)]
    return of_blocks(
        make, operands, whole((planes, n, n)), (-1, -1, -1), dtype, takes=2 * LAPACK_TAKES, label="qr of triangles"
    )


def _signed(triangles: Matrix, *firsts: Matrix) -> Matrix:
    """Squares of Q for each triangle, and R, whose signs are those of reflections of the whole matrix.

    They depend on nothing but the first n rows of the whole Q: so they are those of any matrix of orthonormal columns
    that begins with these.
    """
    n = triangles.shape[2]
    q, r = np.linalg.qr(triangles.reshape(-1, n))
    top = q[:n]
    for first, s in zip(firsts[-2::-2], firsts[::-2], strict=True):
        top = first @ (s @ top)
    if not np.isfinite(top).all():
        return np.concatenate([q.reshape(-1, n, n), r[None]])
    values, vectors = np.linalg.eigh(np.eye(n) - conjugate(top) @ top)
    rest = np.sqrt(np.maximum(values, 0))[:, None] * conjugate(vectors)
    signs = np.where(np.diagonal(np.linalg.qr(np.concatenate([top, rest]), mode="r")).real < 0, -1, 1)
    return np.concatenate([(q * signs).reshape(-1, n, n), (r * signs[:, None])[None]])


def _decomposed(triangles: Matrix) -> Matrix:
    """Squares of U for each triangle, V^H, and the singular values in a row."""
    n = triangles.shape[2]
    q, r = np.linalg.qr(triangles.reshape(-1, n))
    u, values, v = np.linalg.svd(r)
    return np.concatenate([(q @ u).reshape(-1, n, n), v[None], np.broadcast_to(values, (1, n, n))])


def _back(levels: list[_Level], factors: Expr, shape: tuple[int, int]) -> Expr:
    """Q of the matrix: every panel's Q times its S times what comes from above."""
    n = shape[1]
    for level in reversed(levels):
        lowest = level is levels[0]
        packed = getitem(level.packed, (slice(None), slice(0, level.height + n)))
        operands = [(e, Chunks((regular(level.cut.count, 1), *whole(e.sizes[1:]).axes))) for e in (packed, factors)]
        chunks = Chunks((level.cut, *whole((n,) if lowest else (n, n)).axes))
        axes = (0, 2) if lowest else (0, 1, 2)
        multiply = _multiplier(level, lowest)
        factors = of_blocks(multiply, operands, chunks, axes, factors.dtype, block_id=True, label="panels of Q")
    return factors


def _multiplier(level: _Level, lowest: bool) -> Callable[..., Matrix]:
    cut, height = level.cut, level.height

    def multiply(packed: Matrix, factor: Matrix, block_id: tuple[int, ...]) -> Matrix:
        n = packed.shape[2]
        first, stop = cut.span(block_id[0])
        made: Matrix = packed[0, : (stop - first) * (1 if lowest else n)] @ (packed[0, height:] @ factor[0])
        return made if lowest else made.reshape(-1, n, n)

    return multiply
