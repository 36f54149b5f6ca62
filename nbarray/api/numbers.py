"""Functions of elements that aren't ufuncs, and what is put together of few of them: phases, trapezes."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbarray.api import functions, shapes
from nbarray.api.array import Array, apply
from nbarray.api.creation import asarray, full
from nbarray.api.dispatch import PUBLIC, public
from nbarray.errors import AxisError, DTypeError, NotBlocked
from nbarray.ops import elementwise
from nbarray.ops.mapping import map_blocks
from nbarray.ops.operands import one_axis
from nbarray.ops.scans import scan

__all__ = [
    "array_equal",
    "array_equiv",
    "fix",
    "i0",
    "iscomplex",
    "isneginf",
    "isnull",
    "isposinf",
    "isreal",
    "notnull",
    "real_if_close",
    "sinc",
    "trapezoid",
    "unwrap",
]

PUBLIC.update(around=functions.round, amin=PUBLIC["min"], amax=PUBLIC["max"])


def _no_out(name: str, out: Any) -> None:
    if out is not None:
        raise NotBlocked(f"{name}: out= is not supported on blocked arrays; use the result instead")


# -------------------------------------------------------------------------------------- element by element


@public(np.fix)
def fix(x: Any, out: None = None) -> Array:
    """Rounded towards zero.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.fix([-1.5, 1.5]).compute()
    array([-1.,  1.])
    """
    _no_out("fix", out)
    return apply(elementwise.ufunc, np.trunc, asarray(x))


@public(np.sinc)
def sinc(x: Any) -> Array:
    """``sin(pi x) / (pi x)``, and 1 at 0.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.sinc(nb.asarray([0.0, 0.5])).compute().round(3)
    array([1.   , 0.637])
    """
    return apply(elementwise.function, "sinc", asarray(x))


@public(np.i0)
def i0(x: Any) -> Array:
    """The modified Bessel function of the first kind, of order 0.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.i0(nb.asarray([0.0])).compute()
    array([1.])
    """
    x = asarray(x)
    if x.dtype.kind == "c":
        raise DTypeError("i0 not supported for complex values")
    return apply(elementwise.function, "i0", x)


def _infinite(name: str, sign: str) -> None:
    def function(x: Any, out: None = None) -> Array:
        _no_out(name, out)
        x = asarray(x)
        return apply(elementwise.ufunc, np.isinf, x) & apply(which_sign, x)

    def which_sign(x: Any) -> Any:
        signed = elementwise.ufunc(np.signbit, x)
        return signed if sign == "negative" else elementwise.ufunc(np.logical_not, signed)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""Where values are {sign} infinity.  Raises DTypeError for complex numbers.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import numpy as np, nbarray as nb
    >>> nb.{name}([-np.inf, 0, np.inf]).compute()
    {getattr(np, name)([-np.inf, 0, np.inf])!r}
    """
    public(getattr(np, name))(function)


_infinite("isneginf", "negative")
_infinite("isposinf", "positive")
isneginf, isposinf = PUBLIC["isneginf"], PUBLIC["isposinf"]


@public(np.iscomplex)
def iscomplex(x: Any) -> Array:
    """Where the imaginary part isn't zero.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.iscomplex(nb.asarray([1 + 1j, 1])).compute()
    array([ True, False])
    """
    x = asarray(x)
    return x.imag != 0 if x.dtype.kind == "c" else full(x.shape, False, bool, x.expr.chunks)


@public(np.isreal)
def isreal(x: Any) -> Array:
    """Where the imaginary part is zero.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.isreal(nb.asarray([1 + 1j, 1])).compute()
    array([False,  True])
    """
    x = asarray(x)
    if x.dtype.kind == "c":
        return x.imag == 0
    # dates and texts are not equal to the number 0 that NumPy compares with
    return full(x.shape, x.dtype.kind not in "MSU", bool, x.expr.chunks)


@public()
def isnull(values: Any) -> Array:
    """Where a value is missing: NaN, not a time, or (among objects) None.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import numpy as np, nbarray as nb
    >>> nb.isnull(nb.asarray([1.0, np.nan])).compute()
    array([False,  True])
    """
    x = asarray(values)
    if x.dtype.kind in "fc":
        return apply(elementwise.ufunc, np.isnan, x)
    if x.dtype.kind in "mM":
        return apply(elementwise.ufunc, np.isnat, x)
    if x.dtype.kind == "O":
        return apply(lambda e: map_blocks(_missing_objects, [e], bool), x)
    return full(x.shape, False, bool, x.expr.chunks)


def _missing_objects(block: Any) -> Any:
    missing = [v is None or v is np.ma.masked or bool(v != v) for v in block.ravel()]
    return np.array(missing, bool).reshape(block.shape)


@public()
def notnull(values: Any) -> Array:
    """Where a value isn't missing; see `isnull`.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import numpy as np, nbarray as nb
    >>> nb.notnull(nb.asarray([1.0, np.nan])).compute()
    array([ True, False])
    """
    return ~isnull(values)


@public(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Array:
    """The real part, if all imaginary parts are near zero: takes a pass over the data, now, if `a` is complex.

    tol : how near, in multiples of the spacing of numbers at 1; or, up to 1, as it is

    >>> import nbarray as nb
    >>> nb.real_if_close([1 + 1e-16j]).compute()
    array([1.])
    """
    x = asarray(a)
    if x.dtype.kind != "c":
        return x
    near = float(np.finfo(x.dtype).eps) * tol if tol > 1 else tol
    return x.real if bool((abs(x.imag) < near).all()) else x


# -------------------------------------------------------------------------------------------- comparisons


@public(np.isclose)
def isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Array:
    """Where two arrays are equal within tolerances, which may be arrays as well.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.isclose(nb.asarray([1.0, 2.0]), 1.0).compute()
    array([ True, False])
    """
    given = [v if isinstance(v, int | float | complex) else asarray(v) for v in (a, b, rtol, atol)]
    return apply(elementwise.function, "isclose", *given, equal_nan=equal_nan)


@public(np.allclose)
def allclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Array:
    """Whether two arrays are equal within tolerances, everywhere.

    Cost: one pass over the data; memory for a few blocks and the result.

    >>> import nbarray as nb
    >>> nb.allclose(nb.asarray([1.0, 2.0]), [1.0, 2.0 + 1e-9]).compute()
    True
    """
    return isclose(a, b, rtol, atol, equal_nan).all()


@public(np.array_equal)
def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Array:
    """Whether two arrays have one shape and the same elements: a blocked array of one boolean, told when asked.

    Cost: one pass over the data; memory for a few blocks and the result.

    >>> import nbarray as nb
    >>> bool(nb.array_equal(nb.arange(3), [0, 1, 2]))
    True
    """
    x, y = asarray(a1), asarray(a2)
    if x.shape != y.shape:
        return full((), False, bool)
    same = x == y
    if equal_nan and all(v.dtype.kind in "fcmM" for v in (x, y)):
        same = same | (isnull(x) & isnull(y))
    return same.all()


@public(np.array_equiv)
def array_equiv(a1: Any, a2: Any) -> Array:
    """Whether two arrays have the same elements once they are spread to one shape.

    Cost: one pass over the data; memory for a few blocks and the result.

    >>> import nbarray as nb
    >>> bool(nb.array_equiv(nb.ones((2, 3)), 1))
    True
    """
    x, y = asarray(a1), asarray(a2)
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return full((), False, bool)
    return (x == y).all()


# --------------------------------------------------------------------------------------------- along an axis


def _steps(x: Array, axis: int) -> Array:
    """Each element less the one before, along an axis."""
    before = (slice(None),) * axis
    after, first = x[(*before, slice(1, None))], x[(*before, slice(None, -1))]
    return after != first if x.dtype.kind == "b" else after - first


@public(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Array:
    """The integral along an axis by the trapezoidal rule.

    x : where the values lie, as a line or as an array like `y`; else they lie `dx` apart

    Cost: one pass over the data; memory for a few blocks and the result.

    >>> import nbarray as nb
    >>> nb.trapezoid([1, 2, 3]).compute()
    np.float64(4.0)
    """
    values = asarray(y)
    k = one_axis(axis, values.ndim)
    width: Any = dx
    if x is not None:
        at = asarray(x)
        if at.ndim == 1:
            width = _steps(at, 0)
            width = width.reshape(tuple(-1 if j == k else 1 for j in range(values.ndim)))
        else:
            width = _steps(at, one_axis(axis, at.ndim))
    before = (slice(None),) * k
    pairs = values[(*before, slice(1, None))] + values[(*before, slice(None, -1))]
    return (width * pairs / 2.0).sum(axis=k)


PUBLIC["trapz"] = trapezoid


@public(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Array:
    """Phases without jumps: steps of more than half a period are made smaller by whole periods.

    discont : the least jump that is undone, in the unit of `p`

    Takes two passes over the data.

    >>> import nbarray as nb
    >>> nb.unwrap([0, 1, 6.5], period=6).compute()
    array([0. , 1. , 0.5])
    """
    x = asarray(p)
    if not x.ndim:
        raise AxisError("unwrap: diff requires input that is at least one dimensional")
    k = one_axis(axis, x.ndim)
    step = _steps(x, k)
    jump = period / 2 if discont is None else discont
    kind = np.result_type(step.dtype, period)
    if kind.kind in "iu":
        high, rest = divmod(period, 2)
        ambiguous = rest == 0
    else:
        high, ambiguous = period / 2, True
    low = -high  # which NumPy calculates with, and refuses where it doesn't fit the dtype
    within = PUBLIC["mod"](step - low, period) + low
    if ambiguous:
        within = functions.where((within == low) & (step > 0), high, within)
    correction = functions.where(abs(step) < jump, 0, within - step).astype(kind)
    before = (slice(None),) * k
    corrected = x[(*before, slice(1, None))] + apply(scan, np.add, correction, k)
    first = x[(*before, slice(0, 1))]
    return shapes.concatenate([first.astype(kind), corrected.astype(kind)], k)
