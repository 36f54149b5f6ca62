"""Polynomials: of blocked points, and of blocked coefficients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.api import shapes
from nbarray.api.array import Array, apply
from nbarray.api.creation import asarray
from nbarray.api.dispatch import PUBLIC, implements, late, public
from nbarray.api.linalg_equations import inv, lstsq
from nbarray.errors import DTypeError, InputError, ShapeError
from nbarray.ops import polynomials

__all__ = ["poly", "polyadd", "polyder", "polydiv", "polyfit", "polyint", "polymul", "polysub", "polyval", "roots"]


@public(np.polyval)
def polyval(p: Any, x: Any) -> Array:
    """A polynomial at `x`: coefficients from the highest power down, in one pass over `x`.

    >>> import nbarray as nb
    >>> nb.polyval([1, 0, -1], nb.arange(3)).compute()
    array([-1,  0,  3])
    """
    values = asarray(x)
    coefficients = p if isinstance(p, Array) else np.asarray(p)
    made = PUBLIC["zeros_like"](values)
    for k in range(len(coefficients)):
        made = made * values + coefficients[k]
    return made


def _at(x: Array, c: Any, each: bool) -> Any:
    """Coefficients from the lowest power up, along the first axis of `c`, at `x`; `each`: others by all of `x`."""
    c = c if c.ndim else c.reshape(1)
    c = c + 0.0 if c.dtype.char in "?bBhHiIlLqQpP" else c
    if each:
        c = c.reshape(c.shape + (1,) * x.ndim)
    made = c[-1] + x * 0
    for k in range(2, len(c) + 1):
        made = c[-k] + made * x
    return made


def _by_axes(product: bool) -> Callable[..., Array]:
    def function(x: Any, y: Any, c: Any) -> Array:
        first, second = asarray(x), asarray(y)
        if not product and first.shape != second.shape:
            raise ShapeError(f"x, y are incompatible: {first.shape} and {second.shape}")
        made: Array = _at(second, _at(first, np.array(c), True), product)
        return made

    return function


@late("numpy.polynomial.polynomial")
def _enter() -> None:
    implements(np.polynomial.polynomial.polyval2d)(_by_axes(False))
    implements(np.polynomial.polynomial.polygrid2d)(_by_axes(True))


# ------------------------------------------------------------------------- of coefficients, the highest power first


def _line(p: Any) -> Array:
    x = asarray(p)
    return x if x.ndim else x.reshape(1)


def _beside(a1: Any, a2: Any) -> tuple[Array, Array]:
    """Two polynomials with as many coefficients."""
    parts = [_line(a1), _line(a2)]
    size = max(len(p) for p in parts)
    first, second = (
        shapes.concatenate([PUBLIC["zeros"](size - len(p), p.dtype), p], 0) if len(p) < size else p for p in parts
    )
    return first, second


@public(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Array:
    """The sum of two polynomials.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.polyadd([1, 2], [9, 5, 4]).compute()
    array([9, 6, 6])
    """
    first, second = _beside(a1, a2)
    return first + second


@public(np.polysub)
def polysub(a1: Any, a2: Any) -> Array:
    """The difference of two polynomials.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.polysub(nb.asarray([1, 2]), [1]).compute()
    array([1, 1])
    """
    first, second = _beside(a1, a2)
    return first - second


@public(np.polymul)
def polymul(a1: Any, a2: Any) -> Array:
    """The product of two polynomials.

    Cost: as `convolve`.

    >>> import nbarray as nb
    >>> nb.polymul(nb.asarray([1, 1]), [1, -1]).compute()
    array([ 1,  0, -1])
    """
    first, second = (p if len(p) else PUBLIC["zeros"](1, p.dtype) for p in (_line(a1), _line(a2)))
    made: Array = PUBLIC["convolve"](first, second)
    return made


def _powers(count: int) -> np.ndarray[Any, Any]:
    return np.arange(count, 0, -1)


@public(np.polyder)
def polyder(p: Any, m: int = 1) -> Array:
    """The `m`-th derivative of a polynomial.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.polyder(nb.asarray([1, 2, 3])).compute()
    array([2, 2])
    """
    if m < 0:
        raise InputError("polyder: Order of derivative must be positive (see polyint)")
    made = asarray(p)
    for _ in range(int(m)):
        made = made[:-1] * _powers(len(made) - 1)
    return made


@public(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Array:
    """The `m`-th integral of a polynomial; `k` are the constants, one for all or one for each time.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.polyint(nb.asarray([3, 2, 1])).compute()
    array([1., 1., 1., 0.])
    """
    if m < 0:
        raise InputError("polyint: Order of integral must be positive (see polyder)")
    constants = np.atleast_1d(np.zeros(m, float) if k is None else np.asarray(k))
    if len(constants) == 1 and m > 1:
        constants = constants[0] * np.ones(m, float)
    if len(constants) < m:
        raise InputError("polyint: k must be a scalar or a rank-1 array of length 1 or >m.")
    made = asarray(p)
    for n in range(int(m)):
        made = shapes.concatenate([made / _powers(len(made)), constants[n : n + 1]], 0)
    return made


@public(np.poly)
def poly(seq_of_zeros: Any) -> Array:
    """The polynomial that has these roots, or the characteristic polynomial of a square matrix.

    seq_of_zeros : (n,) or (n, n); gives (n + 1,), complex of complex numbers: whether NumPy's are depends on values

    Raises InputError for other shapes.

    Cost: one task that holds all of them, and works in proportion to their number squared (cubed, of a matrix).

    >>> import nbarray as nb
    >>> nb.poly(nb.asarray([1.0, 2.0])).compute()
    array([ 1., -3.,  2.])
    """
    made: Array = apply(polynomials.poly, _line(seq_of_zeros))
    return made


@public(np.polydiv)
def polydiv(u: Any, v: Any) -> tuple[Array, Array]:
    """The quotient and the remainder of two polynomials.

    u, v : coefficients, the highest power first.  How many the remainder has isn't known until asked for.

    Raises IndexingError for no coefficients, InputError for more than one axis.

    Cost: a task for the quotient; the remainder is computed when its size is asked for, or where it is used.

    >>> import nbarray as nb
    >>> quotient, left = nb.polydiv(nb.asarray([3.0, 5.0, 2.0]), [2.0, 1.0])
    >>> quotient.compute(), left.compute()
    (array([1.5 , 1.75]), array([0.25]))
    """
    made: tuple[Array, Array] = apply(polynomials.polydiv, _line(u), _line(v))
    return made


@public(np.roots)
def roots(p: Any) -> Array:
    """The roots of a polynomial, always complex: whether NumPy's are depends on the coefficients.

    How many there are isn't known until asked for, since leading zeros don't count.

    Cost: the coefficients are computed first; then the eigenvalues of a square of so many rows.

    >>> import nbarray as nb
    >>> nb.roots(nb.asarray([1.0, -3.0, 2.0])).compute().real
    array([2., 1.])
    """
    return apply(polynomials.roots, _line(p))


@public(np.polyfit)
def polyfit(
    x: Any, y: Any, deg: int, rcond: float | None = None, full: bool = False, w: Any = None, cov: bool | str = False
) -> Any:
    """The polynomial of degree `deg` for which the sum of squares of its distances to points is least.

    x : (n,); y : (n,), or (n, k) for k polynomials; w : (n,), weights of the distances
    full : also the sums of squares left, the rank, the singular values and `rcond`
    cov : also the covariance of the coefficients; "unscaled" takes the weights for inverse standard deviations

    Raises InputError for a negative degree, DTypeError for wrong axes.  A fit of too low a rank gives no warning.

    Cost: one pass over the points, as `nb.linalg.lstsq` of a tall matrix; `cov` takes another.

    >>> import nbarray as nb
    >>> t = nb.arange(100.0, chunks=30)
    >>> nb.polyfit(t, 3 * t + 1, 1).compute().round(6)
    array([3., 1.])
    """
    order = int(deg) + 1
    first, second = asarray(x) + 0.0, asarray(y) + 0.0
    if order < 1:
        raise InputError(f"polyfit: deg={deg}; expected deg >= 0")
    if first.ndim != 1 or not len(first) or second.ndim not in (1, 2) or len(first) != len(second):
        raise DTypeError(
            f"polyfit: x of shape {first.shape} and y of shape {second.shape}; expected a line of points that isn't "
            "empty, and values of one or two axes, as many of them"
        )
    powers, values = PUBLIC["vander"](first, order), second
    if w is not None:
        weights = asarray(w) + 0.0
        if weights.shape != first.shape:
            raise DTypeError(f"polyfit: weights of shape {weights.shape}; expected one for each of {len(first)} points")
        powers = powers * weights[:, None]
        values = values * (weights if values.ndim == 1 else weights[:, None])
    limit = len(first) * np.finfo(first.dtype).eps if rcond is None else rcond
    scale = PUBLIC["sqrt"]((powers * powers).sum(axis=0))
    scaled = powers / scale
    made, left, rank, sizes = lstsq(scaled, values, limit)
    fit = (made.T / scale).T
    if full:
        return fit, left, rank, sizes, limit
    if not cov:
        return fit
    spread = inv(PUBLIC["dot"](scaled.T, scaled)) / PUBLIC["outer"](scale, scale)
    if len(first) <= order and cov != "unscaled":
        raise InputError("polyfit: the number of points must exceed the order of the fit to scale its covariance")
    factor = 1 if cov == "unscaled" else left / float(len(first) - order)
    return fit, (spread if values.ndim == 1 else spread[:, :, None]) * factor
