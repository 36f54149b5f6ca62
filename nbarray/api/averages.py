"""Weighted averages, and how variables vary together."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from nbarray.api import products, shapes
from nbarray.api.array import Array
from nbarray.api.creation import asarray
from nbarray.api.dispatch import PUBLIC, public
from nbarray.errors import DTypeError, InputError, ShapeError
from nbarray.ops.operands import normalize_axes, one_axis

__all__ = ["average", "corrcoef", "cov", "fitting"]


@public(np.average)
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = np._NoValue
) -> Any:
    """The mean over `axis`, weighted if there are weights.

    weights : of the shape of `a`, or of its axes `axis`
    returned : also return the sum of the weights

    One pass over the data.  Unlike NumPy, blocked weights that add up to zero give NaN or infinity, since nobody
    has looked at them yet.  Raises DTypeError (a TypeError) or ShapeError for weights that don't fit.

    >>> import nbarray as nb
    >>> nb.average([1, 2, 4], weights=[3, 1, 0]).compute()
    np.float64(1.25)
    """
    x = asarray(a)
    if axis is not None:
        normalize_axes(axis, x.ndim)
        axis = tuple(axis) if isinstance(axis, list) else axis
    keep = {} if keepdims is np._NoValue else {"keepdims": keepdims}
    if weights is None:
        mean = x.mean(axis=axis, **keep)
        count = x.size / mean.size if mean.size else np.nan
        total: Any = PUBLIC["full"](mean.shape, mean.dtype.type(count))
        return (mean, total if total.ndim else total[()]) if returned else mean
    weight = fitting(weights, x, axis)
    kind = np.result_type(x.dtype, weight.dtype, *(["f8"] if x.dtype.kind in "iub" else []))
    total = weight.sum(axis=axis, dtype=kind, **keep)
    if not isinstance(weights, Array) and np.any(np.asarray(total) == 0.0):
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    product = PUBLIC["multiply"](x, weight, dtype=kind)
    mean = product.sum(axis=axis, **keep) / total
    if not returned:
        return mean
    return mean, total if total.shape == mean.shape else shapes.broadcast_to(total, mean.shape)


def fitting(weights: Any, x: Array, axis: Any) -> Array:
    """Weights in the shape of the array, with axes of length 1 where they don't vary."""
    weight = asarray(weights)
    if weight.shape == x.shape:
        return weight
    if axis is None:
        raise DTypeError("average: Axis must be specified when shapes of a and weights differ.")
    given = [one_axis(k, x.ndim) for k in (axis if isinstance(axis, tuple | list) else [axis])]
    if weight.shape != tuple(x.shape[k] for k in given):
        raise ShapeError(
            f"average: Shape of weights must be consistent with shape of a along specified axis: {weight.shape} along "
            f"{axis} of {x.shape}"
        )
    ordered = weight.transpose(tuple(np.argsort(given)))
    return ordered.reshape(tuple(n if k in given else 1 for k, n in enumerate(x.shape)))


@public(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Array:
    """Covariances of variables, which are rows (columns, if not `rowvar`) of `m` and of `y`.

    bias, ddof : divide by the number of observations less `ddof` (1, or 0 if `bias`)
    fweights, aweights : how often each observation was made, and how much it counts

    Two passes over the data, and memory for a few blocks and the matrix.

    >>> import nbarray as nb
    >>> nb.cov([[0, 1, 2], [2, 1, 0]]).compute()
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    if ddof is not None and ddof != int(ddof):
        raise InputError("cov: ddof must be integer")
    parts = [asarray(v) for v in (m, y) if v is not None]
    for name, part in zip("my", parts, strict=False):
        if part.ndim > 2:
            raise InputError(f"cov: {name} has more than 2 dimensions")
    kind = np.dtype(np.result_type(*(p.dtype for p in parts), np.float64) if dtype is None else dtype)
    x = _rows(parts[0].astype(kind), rowvar or parts[0].ndim == 1)
    if not x.shape[0]:
        return PUBLIC["zeros"]((0, 0), float)
    if y is not None:
        more = _rows(parts[1].astype(kind), True)
        x = shapes.concatenate([x, more.T if not rowvar and more.shape[0] != 1 else more], 0)
    ddof = (0 if bias else 1) if ddof is None else int(ddof)
    weight = _observations(fweights, aweights, x.shape[1])
    mean, total = average(x, 1, None if weight is None else asarray(weight), True)
    factor: Any
    if weight is None:
        factor = x.shape[1] - ddof
    elif ddof == 0:
        factor = total[0]
    elif aweights is None:
        factor = total[0] - ddof
    else:
        factor = total[0] - ddof * (weight * asarray(aweights).astype(float)).sum() / total[0]
    if not isinstance(factor, Array) and factor <= 0:
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=2)
        factor = 0.0
    x = x - mean[:, None]
    with np.errstate(all="ignore"):
        scale = np.true_divide(1, factor)
    product = products.matmul(x, (x if weight is None else x * weight).T.conj())
    return (product * scale).astype(product.dtype).squeeze()


def _rows(x: Array, as_given: bool) -> Array:
    made = x.reshape((1,) * (2 - x.ndim) + x.shape)
    return made if as_given else made.T


def _observations(fweights: Any, aweights: Any, count: int) -> Array | None:
    """The weight of each observation.  Raises TypeError, RuntimeError or ValueError, as NumPy has it."""
    weight, known = None, np.ones(count)
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        values = asarray(given).astype(float)
        looked_at = None if isinstance(given, Array) else np.asarray(given, float)
        if name == "fweights" and looked_at is not None and not np.all(looked_at == np.around(looked_at)):
            raise DTypeError("cov: fweights must be integer")
        if values.ndim > 1:
            raise RuntimeError(f"cov: cannot handle multidimensional {name}")
        if values.shape[0] != count:
            raise RuntimeError(f"cov: incompatible numbers of samples and {name}")
        if looked_at is not None and np.any(looked_at < 0):
            raise InputError(f"cov: {name} cannot be negative")
        weight = values if weight is None else weight * values
        known = known if looked_at is None else known * looked_at
    if weight is not None and not known.sum():
        raise ZeroDivisionError("Weights sum to zero, can't be normalized")
    return weight


@public(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Array:
    """Correlations of variables, which are rows (columns, if not `rowvar`) of `x` and of `y`; see `cov`.

    Cost: as `cov`: two passes over the data, memory for a few blocks and the matrix.

    >>> import nbarray as nb
    >>> nb.corrcoef([[0, 1, 2], [4, 2, 0]]).compute()
    array([[ 1., -1.],
           [-1.,  1.]])
    """
    made = cov(x, y, rowvar, dtype=dtype)
    if not made.ndim:
        return made / made
    deviation = PUBLIC["sqrt"](PUBLIC["diagonal"](made).real)
    made = made / deviation[:, None] / deviation[None, :]
    if made.dtype.kind != "c":
        return made.clip(-1, 1)
    return made.real.clip(-1, 1) + made.imag.clip(-1, 1) * 1j
