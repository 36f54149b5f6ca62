"""Arrays made by rule: triangles, diagonals, grids of positions, spaced numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply, unwrap, wrap
from nbarray.api.creation import asarray, check_like
from nbarray.api.creation import eye as eye_array
from nbarray.api.dispatch import IMPLEMENTATIONS, PUBLIC, implements, is_method, public
from nbarray.errors import DTypeError, InputError
from nbarray.ops import arranging, diagonals, joining, shaping, spacing, triangles
from nbarray.ops.creation import spaced_dtype

__all__ = [
    "array",
    "diag",
    "diagflat",
    "diagonal",
    "geomspace",
    "identity",
    "indices",
    "linspace",
    "logspace",
    "meshgrid",
    "tri",
    "tril",
    "triu",
    "vander",
]


# -------------------------------------------------------------------------------- of data that exists


@public(np.array)
def array(
    object: Any,
    dtype: Any = None,
    *,
    copy: bool | None = True,
    order: str = "K",
    subok: bool = False,
    ndmin: int = 0,
    chunks: Any = None,
    like: Any = None,
) -> Array:
    """A blocked array of anything NumPy makes an array of, with at least `ndmin` axes.

    like : a blocked or a NumPy array; what is made is blocked anyway

    Cost: none, but for the list or scalar that is made an array of.

    >>> import nbarray as nb
    >>> nb.array([1, 2], ndmin=2).compute()
    array([[1, 2]])
    """
    x = asarray(object, dtype, chunks, copy=copy, like=like)
    return x[(None,) * (ndmin - x.ndim)] if x.ndim < ndmin else x


@public(np.asanyarray)
def asanyarray(
    a: Any,
    dtype: Any = None,
    order: Any = None,
    *,
    chunks: Any = None,
    copy: bool | None = None,
    device: None = None,
    like: Any = None,
) -> Array:
    """A blocked array of anything NumPy makes an array of; blocked arrays are handed on.

    like : a blocked or a NumPy array; what is made is blocked anyway

    Cost: none, but for the list or scalar that is made an array of.

    >>> import nbarray as nb
    >>> nb.asanyarray([1, 2]).compute()
    array([1, 2])
    """
    return asarray(a, dtype, chunks, copy=copy, like=like)


@public(np.ascontiguousarray, np.asfortranarray)
def ascontiguousarray(a: Any, dtype: Any = None) -> Array:
    """A blocked array of at least one axis; how blocks lie in memory is not told.

    Cost: none, but for the list or scalar that is made an array of.

    >>> import nbarray as nb
    >>> nb.ascontiguousarray(3).shape
    (1,)
    """
    x = asarray(a, dtype)
    return x if x.ndim else x.reshape(1)


PUBLIC["asfortranarray"] = ascontiguousarray


@public()
def asarray_chkfinite(a: Any, dtype: Any = None, order: Any = None) -> Array:
    """A blocked array of finite numbers.  Looks at all of them at once, in a pass over the data.

    Raises InputError for NaN and infinities.

    >>> import nbarray as nb
    >>> nb.asarray_chkfinite([1.0, 2.0]).compute()
    array([1., 2.])
    """
    x = asarray(a, dtype)
    if x.dtype.kind in "fc" and not bool(apply(_finite, x)):
        raise InputError("asarray_chkfinite: array must not contain infs or NaNs")
    return x


def _finite(x: Any) -> Any:
    return _all_of(PUBLIC["isfinite"](Array(x))).expr


def _all_of(x: Array) -> Array:
    made: Array = x.all()
    return made


@implements(np.require)
def _require(a: Any, dtype: Any = None, requirements: Any = None) -> Array:
    return asarray(a, dtype)


# ------------------------------------------------------------------------------ diagonals and triangles


@public()
def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = float, chunks: Any = None, *, like: Any = None) -> Array:  # noqa: N803 - NumPy's names
    """Ones on and below the `k`-th diagonal of an `N` by `M` array, zeros above.

    like : a blocked or a NumPy array; what is made is blocked anyway

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.tri(2, 3, dtype=int).compute()
    array([[1, 0, 0],
           [1, 1, 0]])
    """
    check_like(like)
    return wrap(triangles.tri(N, M, k, dtype, chunks))


@public(np.tril)
def tril(m: Any, k: int = 0) -> Array:
    """The lower triangle of the last two axes: zeros above the `k`-th diagonal.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.tril(nb.ones((2, 2))).compute()
    array([[1., 0.],
           [1., 1.]])
    """
    return apply(triangles.triangle, asarray(m), k)


@public(np.triu)
def triu(m: Any, k: int = 0) -> Array:
    """The upper triangle of the last two axes: zeros below the `k`-th diagonal.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.triu(nb.ones((2, 2))).compute()
    array([[1., 1.],
           [0., 1.]])
    """
    return apply(triangles.triangle, asarray(m), k, True)


@public(np.diag)
def diag(v: Any, k: int = 0) -> Array:
    """A matrix with a line on its `k`-th diagonal; or, of a matrix, that diagonal.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for.

    >>> import nbarray as nb
    >>> nb.diag(nb.arange(1, 3)).compute()
    array([[1, 0],
           [0, 2]])
    """
    return apply(triangles.diag, asarray(v), k)


@public(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Array:
    """A matrix with all elements, flattened, on its `k`-th diagonal.

    Cost: none by itself: blocks are read where they lie, and only those that are asked for.

    >>> import nbarray as nb
    >>> nb.diagflat([1, 2]).compute()
    array([[1, 0],
           [0, 2]])
    """
    return apply(triangles.diag, asarray(v).ravel(), k)


@is_method("diagonal")
@public(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The elements ``a[i, i + offset]`` along two axes, as the last axis; only blocks on the diagonal are read.

    Cost: reads only blocks on the diagonal.

    >>> import nbarray as nb
    >>> nb.diagonal(nb.arange(6).reshape(2, 3), 1).compute()
    array([1, 5])
    """
    return apply(diagonals.diagonal, asarray(a), offset, axis1, axis2)


@public()
def identity(n: int, dtype: Any = float, chunks: Any = None, *, like: Any = None) -> Array:
    """Ones on the diagonal of an `n` by `n` array.

    like : a blocked or a NumPy array; what is made is blocked anyway

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.identity(2).compute()
    array([[1., 0.],
           [0., 1.]])
    """
    check_like(like)
    return eye_array(n, None, 0, dtype, chunks)


# --------------------------------------------------------------------------------- grids of positions


@public()
def indices(dimensions: Any, dtype: Any = int, sparse: bool = False, chunks: Any = None) -> Any:
    """For each axis, the position along it: one array with an axis more, or (`sparse`) a tuple of thin ones.

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.indices((2, 2)).compute().tolist()
    [[[0, 0], [1, 1]], [[0, 1], [0, 1]]]
    """
    thin = arranging.indices(dimensions, dtype, chunks)
    if sparse:
        return tuple(wrap(x) for x in thin)
    shape = tuple(dimensions)
    if not thin:
        return PUBLIC["empty"]((0,), dtype)
    return wrap(joining.stack([shaping.broadcast_to(x, shape) for x in thin]))


@public(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Array, ...]:
    """Coordinates of a grid from those along its axes; "xy" exchanges the first two axes, "ij" doesn't.

    Cost: none by itself: a view, no element is moved.

    >>> import nbarray as nb
    >>> [a.compute().tolist() for a in nb.meshgrid([1, 2], [3, 4])]
    [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    if indexing not in ("xy", "ij"):
        raise InputError(f"meshgrid: Valid values for `indexing` are 'xy' and 'ij', not {indexing!r}.")
    n = len(xi)
    order = list(range(n))
    if indexing == "xy" and n > 1:
        order[:2] = [1, 0]
    thin = [asarray(x).reshape(tuple(-1 if j == order[k] else 1 for j in range(n))) for k, x in enumerate(xi)]
    if sparse or not thin:
        return tuple(thin)
    shape = np.broadcast_shapes(*(x.shape for x in thin))
    return tuple(apply(shaping.broadcast_to, x, shape) for x in thin)


@public(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Array:  # noqa: N803 - NumPy's names
    """Powers of the elements of a line, one a column; the highest first, unless `increasing`.

    Cost: one pass; memory for a few blocks.

    >>> import nbarray as nb
    >>> nb.vander(nb.asarray([1, 2, 3]), 3).compute()
    array([[1, 1, 1],
           [4, 2, 1],
           [9, 3, 1]])
    """
    return apply(arranging.vander, asarray(x), N, increasing)


# ------------------------------------------------------------------------------------- spaced numbers


@public(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    chunks: Any = None,
    device: None = None,
) -> Any:
    """`num` numbers evenly spaced from `start` to `stop`; between arrays, along the new axis `axis`.

    retstep : also return the distance

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.linspace(0, 1, 5).compute()
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    made = apply(spacing.linspace, start, stop, num, endpoint, dtype, axis, chunks)
    if not retstep:
        return made
    parts = num - 1 if endpoint else num
    if parts <= 0:
        return made, np.nan
    kind = spaced_dtype(*(v.expr if isinstance(v, Array) else v for v in (start, stop)))
    return made, np.subtract(stop, start, dtype=kind) / parts


@public(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
    *,
    chunks: Any = None,
) -> Array:
    """Powers of `base`, with exponents evenly spaced from `start` to `stop`.

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.logspace(0, 2, 3).compute()
    array([  1.,  10., 100.])
    """
    return apply(spacing.logspace, start, stop, num, endpoint, base, dtype, axis, chunks)


@public(np.geomspace)
def geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
    *,
    chunks: Any = None,
) -> Array:
    """Numbers each of which is the same multiple of the one before, from `start` to `stop`.

    Raises InputError for an end that is 0.

    Cost: none by itself: made block by block when it is needed.

    >>> import nbarray as nb
    >>> nb.geomspace(1, 8, 4).compute()
    array([1., 2., 4., 8.])
    """
    return apply(spacing.geomspace, start, stop, num, endpoint, dtype, axis, chunks)


# -------------------------------------------------------------- NumPy's functions that are told `like=`

#: What ``np.zeros(3, like=x)`` calls for a blocked `x`: NumPy's functions that make arrays of nothing.
_LIKE = (
    "arange", "asarray", "empty", "eye", "fromfunction", "full", "identity", "indices", "ones", "tri", "zeros",
)  # fmt: skip


def _like(name: str) -> Callable[..., Any]:
    def make(*args: Any, **options: Any) -> Any:
        if options.pop("order", None) not in (None, "C", "K", "A"):
            raise DTypeError(f"np.{name}(like=...): only order='C' has a blocked form")
        options.pop("device", None), options.pop("copy", None)
        return PUBLIC[name](*[unwrap(a) if name != "asarray" else a for a in args], **options)

    make.__name__ = name
    return make


for _name in _LIKE:
    implements(getattr(np, _name))(IMPLEMENTATIONS.get(getattr(np, _name)) or _like(_name))
