"""Products as `numpy.linalg` has them: of matrices on the last axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nbarray.api import products as main
from nbarray.api.array import Array, apply
from nbarray.api.creation import asarray
from nbarray.api.dispatch import implements
from nbarray.errors import InputError
from nbarray.ops import contraction, diagonals, products

__all__ = ["cross", "diagonal", "matmul", "matrix_transpose", "multi_dot", "outer", "tensordot", "trace", "vecdot"]

matrix_transpose = implements(np.linalg.matrix_transpose)(main.matrix_transpose)


@implements(np.linalg.outer)
def outer(x1: Any, x2: Any, /) -> Array:
    """The products of all elements of two vectors; raises ShapeError for anything else.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.linalg.outer(nb.arange(3), nb.asarray([1, 10])).compute()
    array([[ 0,  0],
           [ 1, 10],
           [ 2, 20]])
    """
    return apply(products.outer_of_vectors, asarray(x1), asarray(x2))


@implements(np.linalg.cross)
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Array:
    """Cross products of vectors of 3 elements along an axis.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.linalg.cross(nb.asarray([1, 0, 0]), nb.asarray([0, 1, 0])).compute()
    array([0, 0, 1])
    """
    a, b = asarray(x1), asarray(x2)
    if a.ndim and b.ndim and (a.shape[axis] != 3 or b.shape[axis] != 3):
        raise InputError(
            "Both input arrays must be (arrays of) 3-dimensional vectors, but they are "
            f"{a.shape[axis]} and {b.shape[axis]} dimensional instead."
        )
    return main.cross(a, b, axis=axis)


@implements(np.linalg.vecdot)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Array:
    """Products of vectors along an axis, those of `x1` conjugated; other axes broadcast.

    Cost: one pass over the data; memory for a few blocks and the result.

    >>> import nbarray as nb
    >>> nb.linalg.vecdot(nb.arange(3), nb.arange(3)).compute()
    np.int64(5)
    """
    return main.vecdot(x1, x2, axis=axis)


@implements(np.linalg.matmul)
def matmul(x1: Any, x2: Any, /) -> Array:
    """Matrix product; leading axes are a stack and broadcast.

    Cost: as `nbarray.matmul`.

    >>> import nbarray as nb
    >>> nb.linalg.matmul(nb.ones((2, 3)), nb.ones((3, 2))).compute()
    array([[3., 3.],
           [3., 3.]])
    """
    return apply(contraction.matmul, asarray(x1), asarray(x2))


@implements(np.linalg.tensordot)
def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Array:
    """Products summed over pairs of axes.

    Cost: as `nbarray.tensordot`.

    >>> import nbarray as nb
    >>> nb.linalg.tensordot(nb.ones((2, 3)), nb.asarray([1, 2, 3]), axes=1).compute()
    array([6., 6.])
    """
    return apply(contraction.tensordot, asarray(x1), asarray(x2), axes)


@implements(np.linalg.diagonal)
def diagonal(x: Any, /, *, offset: int = 0) -> Array:
    """The diagonals of the matrices that the last two axes make; only the squares they go through are read.

    Cost: reads only squares on the diagonal.

    >>> import nbarray as nb
    >>> nb.linalg.diagonal(nb.eye(3)).compute()
    array([1., 1., 1.])
    """
    return apply(diagonals.diagonal, asarray(x), offset, -2, -1)


@implements(np.linalg.trace)
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Array:
    """The sums of the diagonals of the matrices that the last two axes make.

    Cost: reads only squares on the diagonal.

    >>> import nbarray as nb
    >>> nb.linalg.trace(nb.eye(3)).compute()
    np.float64(3.0)
    """
    return apply(diagonals.trace, asarray(x), offset, -2, -1, dtype)


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any], *, out: None = None) -> Array:
    """A chain of matrices multiplied in the order that makes the fewest bytes; its ends may be vectors.

    Cost: that of its products; what lies between is held or goes through scratch.

    >>> import nbarray as nb
    >>> nb.linalg.multi_dot([nb.ones((2, 3)), nb.ones((3, 4)), nb.ones(4)]).compute()
    array([12., 12.])
    """
    main.refuse_out("multi_dot", out)
    return apply(products.multi_dot, [asarray(a) for a in arrays])
