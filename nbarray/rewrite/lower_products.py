"""How products of matrices become tasks."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nbarray.expr.blocks import Contract
from nbarray.expr.elementwise import Elementwise
from nbarray.expr.lowered_products import Mirrored, Product
from nbarray.expr.node import Expr
from nbarray.expr.operands import operand_of
from nbarray.expr.structure import View
from nbarray.grid.chunks import Chunks, regular
from nbarray.grid.regions import AxisMap, Placement, compose
from nbarray.kernels.elementwise import ufunc_op
from nbarray.rewrite.driver import Rule, rewrite
from nbarray.rewrite.lower import Lowering
from nbarray.rewrite.views import is_stored_so, merge_views, view_through_elementwise, view_through_reduce

__all__ = ["LOWERINGS"]

#: Elements of a matrix product's blocks along each axis.
PRODUCT_SIDE = 1024
#: A product of fewer blocks than this is summed in so many parts, each of so many multiplications at least.
FEW_BLOCKS, LEAST_WORK = 8, 2**25
#: A symmetric product of more elements than so many tasks are let have isn't mirrored: its blocks wait for long.
WAITING_TASKS = 16
#: What brings a transpose as near to the source as it stands in expressions that are lowered.
_SINKING: tuple[Rule, ...] = (merge_views, view_through_elementwise, view_through_reduce)


def contract(lowering: Lowering, expr: Expr) -> Expr:
    """Blocks of a product, each summed run by run; a small one of long axes is made in parts that are added."""
    assert isinstance(expr, Contract)
    grain = lowering.grain
    side = min(PRODUCT_SIDE, max(1, math.isqrt(2 * grain.most(grain.of(PRODUCT_SIDE**2)))))
    chunks = _product_chunks(expr, side)
    summed = expr.left.sizes[expr.left.ndim - expr.depth :]
    work = math.prod(expr.sizes) * math.prod(summed)
    parts = min(2 * FEW_BLOCKS // chunks.nblocks, work // LEAST_WORK, summed[0])
    if parts < 2:
        product = _product(lowering, expr, chunks, side, 0)
        return Mirrored(product) if _is_symmetric(product) and _can_wait(lowering, expr) else product
    made = _product(lowering, expr, Chunks((regular(parts, 1), *chunks.axes)), side, parts)
    terms: list[Expr] = [_part(made, k) for k in range(parts)]
    while len(terms) > 1:
        pairs = zip(terms[::2], terms[1::2], strict=False)
        terms = [Elementwise(ufunc_op(np.add), p, expr.dtype) for p in pairs] + terms[len(terms) // 2 * 2 :]
    return lowering.elementwise(terms[0])


def _is_symmetric(product: Product) -> bool:
    """Whether a matrix is multiplied by its own transpose, in square blocks."""
    if product.ndim != 2 or product.depth != 1 or product.left.ndim != 2 or product.chunks.nblocks < 2:
        return False
    left, right = operand_of(product.left), operand_of(product.right)
    turned = left.placement.axes[::-1] == right.placement.axes and left.placement.fixed == right.placement.fixed
    return left.base is right.base and turned and product.chunks.axes[0] == product.chunks.axes[1]


def _can_wait(lowering: Lowering, expr: Contract) -> bool:
    """Whether there is room for half of the blocks, which wait until they are needed again."""
    each = -(-math.prod(expr.sizes) // WAITING_TASKS)
    return lowering.grain.divisor == 1 and lowering.grain.most(each) == each


def _product_chunks(expr: Contract, side: int) -> Chunks:
    lengths = [1] * expr.ndim
    free = expr.left.ndim - expr.depth
    for group, most in (
        (range(free, expr.ndim), side),
        (range(expr.stack, free), side),
        (range(expr.stack), side**2),
    ):
        room = most if group.stop > expr.stack else max(1, most // max(1, math.prod(lengths)))
        for k in reversed(group):
            lengths[k] = max(1, min(room, expr.sizes[k]))
            room //= lengths[k]
    return Chunks(tuple(regular(n, length) for n, length in zip(expr.sizes, lengths, strict=True)))


def _product(lowering: Lowering, expr: Contract, chunks: Chunks, side: int, parts: int) -> Product:
    """Runs are as long as makes a square of the longer side, so that thin products aren't summed in many small ones."""
    free = expr.left.ndim - expr.depth
    lengths = chunks.largest[1 if parts else 0 :]
    of_stack, rows, columns = (
        math.prod(lengths[a:b]) for a, b in ((0, expr.stack), (expr.stack, free), (free, len(lengths)))
    )
    longest = max(side, side**2 // max(1, of_stack * max(rows, columns)))
    run_length = max(1, longest // max(1, math.prod(expr.left.sizes[free + 1 :])))
    left, right = _operands(lowering, expr)
    return Product(left, right, expr.stack, expr.depth, run_length, chunks, expr.dtype, parts)


def _operands(lowering: Lowering, expr: Contract) -> tuple[Expr, Expr]:
    """What is multiplied; a matrix and its transpose, such as deviations in a covariance, are made once."""
    left, right = expr.left, expr.right
    if left is not right and left.ndim == right.ndim == 2 and left.sizes == right.sizes[::-1] and expr.depth == 1:
        if rewrite(_turned(left), _SINKING) is right:
            if is_stored_so(right):
                made = lowering.operand(right)
                return _turned(made), made
            made = lowering.operand(left)
            return made, _turned(made)
    return lowering.operand(left), lowering.operand(right)


def _turned(matrix: Expr) -> Expr:
    rows, columns = matrix.sizes
    placement = Placement((AxisMap(1, 0, 1, columns), AxisMap(0, 0, 1, rows)))
    return (
        View(matrix.base, compose(placement, matrix.placement)) if isinstance(matrix, View) else View(matrix, placement)
    )


def _part(made: Product, k: int) -> Expr:
    axes = tuple(AxisMap(axis, 0, 1, n) for axis, n in enumerate(made.sizes) if axis)
    return View(made, Placement(axes, ((0, k),)))


LOWERINGS: dict[type[Expr], Callable[[Lowering, Expr], Expr]] = {Contract: contract}
