"""What functions of matrices share: shapes and dtypes NumPy takes, what fits into a task, stacks of small ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbarray.config import current
from nbarray.errors import DTypeError, LinAlgError
from nbarray.expr.node import Expr
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.ops.elementwise import astype
from nbarray.ops.operands import as_expr
from nbarray.ops.tasks import of_blocks, whole

__all__ = [
    "check_square",
    "fits",
    "matrices",
    "matrix_dtype",
    "of_each",
    "real_dtype",
    "room",
    "rows_of",
    "stack_chunks",
]

#: A block is at most this share of a budget that was given: several are held at once.
SHARE_OF_BUDGET = 16
#: What LAPACK takes beside a matrix and its factors, as a multiple of both.
LAPACK_TAKES = 1.0


def matrix_dtype(what: str, *exprs: Expr) -> np.dtype[Any]:
    """The dtype `numpy.linalg` calculates in.  Raises DTypeError for those that it refuses, and for masked arrays."""
    if any(x.masked for x in exprs):
        raise DTypeError(f"{what} of masked arrays is not supported; fill them first")
    kinds = [x.dtype for x in exprs]
    bad = [k for k in kinds if k.kind not in "biufc" or (k.kind in "fc" and k.char not in "fdFD")]
    if bad:
        raise DTypeError(f"{what}: array type {bad[0]} is unsupported in linalg")
    single = all(k.char in "fF" for k in kinds)
    complex_ = any(k.kind == "c" for k in kinds)
    return np.dtype(("F" if complex_ else "f") if single else ("D" if complex_ else "d"))


def real_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of a complex dtype's parts."""
    return np.dtype(dtype.char.lower()) if dtype.kind == "c" else dtype


def matrices(what: str, a: Any) -> Expr:
    """`a` as a matrix or a stack of them, in the dtype that is calculated in; LinAlgError for fewer than two axes."""
    x = as_expr(a)
    if x.ndim < 2:
        raise LinAlgError(f"{x.ndim}-dimensional array given. Array must be at least two-dimensional")
    return astype(x, matrix_dtype(what, x))


def check_square(x: Expr) -> None:
    """LinAlgError for matrices that aren't square."""
    if x.sizes[-1] != x.sizes[-2]:
        raise LinAlgError(f"Last 2 dimensions of the array must be square, not {x.sizes[-2]} by {x.sizes[-1]}")


def room(dtype: np.dtype[Any]) -> int:
    """How many elements a block may have."""
    settings = current()
    most = (
        settings.chunk_bytes
        if settings.memory is None
        else min(settings.chunk_bytes, settings.memory // SHARE_OF_BUDGET)
    )
    return max(1, most // dtype.itemsize)


def fits(x: Expr) -> bool:
    """Whether each matrix fits into a task."""
    return x.sizes[-2] * x.sizes[-1] <= room(x.dtype)


def rows_of(x: Expr, least: int, most: int) -> AxisChunks:
    """Cuts of the rows of a matrix: whole chunks of its own, between `least` and `most` rows where it can be."""
    n = x.sizes[0]
    unit = x.chunks.axes[0].step if x.chunks.axes[0].is_regular else 1
    length = max(1, least, most)
    if 1 < unit <= length:
        length = max(length // unit * unit, least)
    return regular(n, max(1, min(n, length)))


def stack_chunks(x: Expr) -> Chunks:
    """Chunks that leave matrices whole, and hold as many of them as fit into a block."""
    lengths = list(x.sizes)
    space = room(x.dtype) // max(1, math.prod(lengths[-2:]))
    axes: list[AxisChunks] = [regular(n, max(1, n)) for n in x.sizes]
    for k in range(x.ndim - 3, -1, -1):
        own = x.chunks.axes[k]
        if own.largest <= max(1, space):
            axes[k] = own
        else:
            axes[k] = regular(own.size, max(1, min(own.size, space)))
        space //= max(1, axes[k].largest)
    return Chunks(tuple(axes))


def of_each(
    function: Callable[..., Any],
    operands: Sequence[Expr],
    made: Sequence[int],
    dtype: Any,
    label: str,
    takes: float = LAPACK_TAKES,
) -> Expr:
    """A function of each matrix of stacks of one shape, several in a task.

    made : the shape of what it makes of a matrix
    label, takes : see `of_blocks`
    """
    stack = operands[0].ndim - 2
    cuts = [stack_chunks(x) for x in operands]
    leading = list(cuts[0].axes[:stack])
    for cut in cuts[1:]:
        leading = [a.refine(b) for a, b in zip(leading, cut.axes[:stack], strict=True)]
    together = [(x, Chunks((*leading, *cut.axes[stack:]))) for x, cut in zip(operands, cuts, strict=True)]
    chunks = Chunks((*leading, *whole(made).axes))
    axes = [*range(stack), *[-1] * len(made)]
    return of_blocks(function, together, chunks, axes, dtype, takes=takes, label=label)
