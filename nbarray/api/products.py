"""Products of vectors, matrices and tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply
from nbarray.api.creation import asarray
from nbarray.api.dispatch import is_method, public
from nbarray.errors import NotBlocked
from nbarray.ops import contraction, diagonals, products
from nbarray.ops import einsum as sums
from nbarray.ops.lines import asked_of_numpy
from nbarray.ops.masking import filled

__all__ = [
    "cross",
    "dot",
    "einsum",
    "einsum_path",
    "inner",
    "kron",
    "matmul",
    "matrix_transpose",
    "matvec",
    "outer",
    "tensordot",
    "trace",
    "vdot",
    "vecdot",
    "vecmat",
]


def refuse_out(name: str, out: Any) -> None:
    """NotBlocked where somebody wants a result in an array of theirs."""
    if out is not None:
        raise NotBlocked(f"{name}: out= is not supported on blocked arrays; use the result instead")


@public(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Array:
    """Products summed over pairs of axes.

    Cost: each operand is read about once if blocks of the result fit beside them; see the plan.

    >>> import nbarray as nb
    >>> nb.tensordot(nb.ones((2, 3)), nb.asarray([1, 2, 3]), axes=1).compute()
    array([6., 6.])
    """
    return apply(contraction.tensordot, asarray(a), asarray(b), axes)


@public()
def matmul(a: Any, b: Any, /, out: Any = None, **options: Any) -> Any:
    """Matrix product; leading axes are a stack and broadcast.

    dtype, casting : (among options) in which numbers are multiplied, and how operands may be cast to them

    Cost: each operand is read about once if blocks of the result fit beside them; see the plan.

    >>> import nbarray as nb
    >>> nb.matmul(nb.ones((2, 3), chunks=1), nb.ones((3, 2))).compute()
    array([[3., 3.],
           [3., 3.]])
    """
    blocked = asarray(a)
    return blocked.__array_ufunc__(np.matmul, "__call__", blocked, asarray(b), out=out, **options)


@public(np.dot)
def dot(a: Any, b: Any, out: None = None) -> Array:
    """The dot product, as NumPy has it.

    Cost: each operand is read about once if blocks of the result fit beside them; see the plan.

    >>> import nbarray as nb
    >>> nb.dot(nb.eye(2), nb.asarray([1.0, 2.0])).compute()
    array([1., 2.])
    """
    refuse_out("dot", out)
    return apply(contraction.dot, a, b)


def _ufuncs(*names: str) -> list[Any]:
    """NumPy's functions of these names, those that it has."""
    return [getattr(np, name) for name in names if hasattr(np, name)]


@public(np.einsum)
def einsum(
    *operands: Any,
    out: None = None,
    optimize: Any = True,
    dtype: Any = None,
    order: str = "K",
    casting: str = "safe",
    split_every: Any = None,
) -> Array:
    """Products summed over labelled axes, as `numpy.einsum`: of subscripts and operands, or operands and their labels.

    optimize : a path as `einsum_path` gives it; anything else leaves the order to us: what makes the fewest bytes
    dtype, casting : what is calculated in, and how operands may be cast to it; split_every : taken for dask's sake

    Pairs become matrix products or are multiplied and summed in one pass, so nothing large lies between.  An axis of
    one operand alone is summed before anything is multiplied, where NumPy's order depends on how operands lie: what
    isn't finite and meets a zero, or another infinity, may give NaN where NumPy's does not, and the other way round.
    Raises ValueError as NumPy does, DTypeError for masked arrays.

    >>> import numpy as np, nbarray as nb
    >>> x = nb.from_array(np.arange(6.0).reshape(2, 3), chunks=2)
    >>> nb.einsum("ij,kj->ik", x, x).compute()
    array([[ 5., 14.],
           [14., 50.]])
    """
    refuse_out("einsum", out)
    path = optimize[1:] if isinstance(optimize, list | tuple) and optimize[:1] == ["einsum_path"] else None
    given = [_labels(o) if _is_labels(k, operands) else asarray(o) for k, o in enumerate(operands)]
    return apply(sums.einsum, given, dtype, casting, path)


def _labels(given: Any) -> Any:
    return np.asarray(given).tolist() if isinstance(given, Array | np.ndarray) else given


def _is_labels(k: int, given: Sequence[Any]) -> bool:
    """Whether an argument is a list of labels: every other one is, and the last where their number is odd."""
    if isinstance(given[0], str):
        return k == 0
    return k % 2 == 1 or (k == len(given) - 1 and len(given) % 2 == 1)


@public(np.einsum_path)
def einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: bool = False) -> tuple[list[Any], str]:
    """The order of products and a text about it, as `numpy.einsum_path` has it for arrays of these shapes.

    Nothing is read.  `einsum` follows such a path if it is given one as `optimize`.

    >>> import nbarray as nb
    >>> nb.einsum_path("ij,kj,k->i", nb.ones((2, 3)), nb.ones((2, 3)), nb.ones(2))[0]
    ['einsum_path', (0, 1), (0, 1)]
    """
    shapes = [np.broadcast_to(np.empty((), o.dtype), o.shape) if isinstance(o, Array) else o for o in operands]
    made: tuple[list[Any], str] = asked_of_numpy(np.einsum_path, *shapes, optimize=optimize)
    return made


@public(np.vdot)
def vdot(a: Any, b: Any) -> Array:
    """The sum of the products of all elements, those of `a` conjugated; one pass over both.

    >>> import nbarray as nb
    >>> nb.vdot(nb.asarray([1j, 2]), nb.asarray([1j, 1])).compute()
    np.complex128(3+0j)
    """
    return apply(products.vdot, asarray(a), asarray(b))


@public(np.inner)
def inner(a: Any, b: Any) -> Array:
    """Products summed over the last axes of both.

    Cost: each operand is read about once if blocks of the result fit beside them; see the plan.

    >>> import nbarray as nb
    >>> nb.inner(nb.asarray([[1, 2], [3, 4]]), nb.asarray([1, 10])).compute()
    array([21, 43])
    """
    return apply(products.inner, asarray(a), asarray(b))


@public(np.outer)
def outer(a: Any, b: Any, out: None = None) -> Array:
    """The products of every element of `a` with every one of `b`, both flattened.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.outer(nb.arange(3), [1, 10]).compute()
    array([[ 0,  0],
           [ 1, 10],
           [ 2, 20]])
    """
    refuse_out("outer", out)
    return apply(products.outer, asarray(a), asarray(b))


@public(np.kron)
def kron(a: Any, b: Any) -> Array:
    """The Kronecker product: `b` times each element of `a`, side by side.

    Cost: one pass; `b` is read for each block of the result.

    >>> import nbarray as nb
    >>> nb.kron(nb.asarray([1, 10]), nb.asarray([1, 2, 3])).compute()
    array([ 1,  2,  3, 10, 20, 30])
    """
    return apply(products.kron, asarray(a), asarray(b))


@is_method("trace")
@public(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: None = None) -> Array:
    """The sum of a diagonal; of what is beside it only the squares that it goes through are read.

    Cost: reads only squares on the diagonal.

    >>> import nbarray as nb
    >>> nb.trace(nb.eye(5)).compute()
    np.float64(5.0)
    """
    refuse_out("trace", out)
    x = asarray(a)
    if x.masked:  # numpy.ma adds up zeros in place of what is masked, as floats if nothing else is asked for
        x = apply(filled, x, 0).astype(float if dtype is None else dtype)
    return apply(diagonals.trace, x, offset, axis1, axis2, dtype)


@public(np.cross)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Array:
    """Cross products of vectors of 3 elements along an axis; 2 elements stand for a third of 0, as NumPy had it.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.cross(nb.asarray([1, 0, 0]), nb.asarray([0, 1, 0])).compute()
    array([0, 0, 1])
    """
    return apply(products.cross, asarray(a), asarray(b), axisa, axisb, axisc, axis)


@public(*_ufuncs("vecdot"))
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Array:
    """Products of vectors along an axis, those of `x1` conjugated; other axes broadcast.

    Cost: one pass over the data; memory for a few blocks and the result.

    >>> import nbarray as nb
    >>> nb.vecdot(nb.ones((4, 3)), nb.arange(3.0)).compute()
    array([3., 3., 3., 3.])
    """
    return apply(products.vecdot, asarray(x1), asarray(x2), axis)


@public(*_ufuncs("matvec"))
def matvec(x1: Any, x2: Any, /) -> Array:
    """Matrices times vectors; leading axes broadcast.

    Cost: one pass over the matrices.

    >>> import nbarray as nb
    >>> nb.matvec(nb.eye(2), nb.asarray([1.0, 2.0])).compute()
    array([1., 2.])
    """
    return apply(products.matvec, asarray(x1), asarray(x2))


@public(*_ufuncs("vecmat"))
def vecmat(x1: Any, x2: Any, /) -> Array:
    """Vectors, conjugated, times matrices; leading axes broadcast.

    Cost: one pass over the matrices.

    >>> import nbarray as nb
    >>> nb.vecmat(nb.asarray([1.0, 2.0]), nb.eye(2)).compute()
    array([1., 2.])
    """
    return apply(products.vecmat, asarray(x1), asarray(x2))


@public(np.matrix_transpose)
def matrix_transpose(x: Any, /) -> Array:
    """The last two axes exchanged; nothing is copied.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> nb.matrix_transpose(nb.ones((5, 2, 3))).shape
    (5, 3, 2)
    """
    return apply(products.matrix_transpose, asarray(x))
