"""Elementwise operations with NumPy's type promotion: asked of NumPy itself, on empty arrays."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from nbarray.errors import DTypeError, InputError, NotBlocked, UnknownSize
from nbarray.expr.blocks import Select
from nbarray.expr.elementwise import Elementwise, broadcast_chunks, broadcast_sizes
from nbarray.expr.leaves import Filled, Scalar
from nbarray.expr.node import Expr
from nbarray.kernels.elementwise import OPERATORS, Op, ufunc_op
from nbarray.kernels.program import Constant
from nbarray.ops.operands import as_expr, sample

__all__ = ["astype", "binary", "clip", "function", "round_", "ufunc", "where"]

#: Operators that mask what isn't finite when one side is masked, as numpy.ma's do.
_MASKING_OPERATORS: dict[Any, str] = {np.divide: "ma.divide", np.floor_divide: "ma.floor_divide", np.power: "ma.power"}
#: Operators that numpy.ma has; for the others it uses NumPy's.
_MASKED_OPERATORS = {
    *_MASKING_OPERATORS, np.add, np.subtract, np.multiply, np.less, np.less_equal, np.greater, np.greater_equal,
    np.equal, np.not_equal,
}  # fmt: skip
_UFUNC_OPTIONS = ("casting", "dtype", "subok", "order", "where", "signature")


def _build(op: Op, args: Sequence[Expr], dtype: np.dtype[Any]) -> Expr:
    """The node; operations on selections by one mask are selections of the operation."""
    selected = [a for a in args if isinstance(a, Select)]
    if not selected:
        return Elementwise(op, tuple(args), dtype)
    mask = selected[0].mask
    if any(a.mask is not mask for a in selected) or any(a.ndim for a in args if not isinstance(a, Select)):
        raise UnknownSize(f"{op.label}: operands have sizes that depend on values")
    return Select(_build(op, [a.base if isinstance(a, Select) else a for a in args], dtype), mask)


def _dtype_of(call: Callable[[], Any], what: str, args: Sequence[Expr]) -> Any:
    """What NumPy makes of empty arrays; its refusals become ours."""
    try:
        with np.errstate(all="ignore"):
            return call()
    except (TypeError, ValueError) as error:
        kinds = ", ".join(str(a.dtype) for a in args)
        refusal = DTypeError if isinstance(error, TypeError) else InputError
        raise refusal(f"{what} of {kinds}: {error}") from None


def ufunc(function: np.ufunc, *values: Any, **options: Any) -> Any:
    """A ufunc of expressions, numbers and arrays; a tuple for ufuncs with several results.

    Raises DTypeError where NumPy raises TypeError, BroadcastError where shapes don't fit.
    """
    if function.signature is not None:
        name = f"np.{function.__name__}"
        raise NotBlocked(f"{name} with these arguments has no blocked form; compute first: {name}(x.compute(), ...)")
    unknown = [k for k in options if k not in _UFUNC_OPTIONS]
    if unknown:
        raise DTypeError(
            f"{function.__name__}: {unknown[0]}= isn't taken; expected {', '.join(sorted(_UFUNC_OPTIONS))}"
        )
    condition = options.pop("where", True)
    options = {k: v for k, v in options.items() if k not in ("subok", "order") and v is not None}
    if condition is not True:
        raise InputError(f"{function.__name__}: where= leaves elements undefined without out=; use nb.where instead")
    args = [as_expr(v) for v in values]
    samples = [sample(a) for a in args]
    if all(isinstance(a, Scalar) and a.weak for a in args):
        args = [_typed(a) for a in args]
        samples = [np.asarray(s) for s in samples]
    made = _dtype_of(lambda: function(*samples, **options), function.__name__, args)
    kept: dict[str, Hashable] = {k: np.dtype(v) if k == "dtype" else v for k, v in options.items()}
    if function.nout == 1:
        return _build(ufunc_op(function, **kept), args, np.asarray(made).dtype)
    return tuple(_build(ufunc_op(function, output=k, **kept), args, np.asarray(m).dtype) for k, m in enumerate(made))


def binary(function: np.ufunc, left: Any, right: Any) -> Expr:
    """A Python operator; unlike the function of the same name, on masked operands it masks what isn't finite."""
    a, b = as_expr(left), as_expr(right)
    masked = a.masked or b.masked
    if masked and function in _MASKED_OPERATORS:
        # numpy.ma's operators make arrays of Python numbers, which then have a dtype of their own
        a, b = _typed(a), _typed(b)
    name = _MASKING_OPERATORS.get(function) if masked else None
    if function is np.power and not masked:
        quick = _quick_power(a, b)
        if quick is not None:
            return quick
    try:
        result: Expr = ufunc(function, a, b)
    except DTypeError:
        if function not in (np.equal, np.not_equal):
            raise
        return _incomparable(a, b, function is np.not_equal)
    if name is not None and isinstance(result, Elementwise):
        return Elementwise(Op(name), result.args, result.dtype)
    return result


def _incomparable(a: Expr, b: Expr, answer: bool) -> Expr:
    """``==`` and ``!=`` of records, and of text and numbers: the operators answer, the functions refuse."""
    if "V" in (a.dtype.kind, b.dtype.kind):
        name = "!=" if answer else "=="
        _dtype_of(lambda: OPERATORS[name](np.empty(0, a.dtype), np.empty(0, b.dtype)), name, [a, b])
        return _build(Op(name), [a, b], np.dtype(bool))
    shape = broadcast_sizes([a.sizes, b.sizes], "not_equal" if answer else "equal")
    return Filled(Constant.of(np.bool_(answer)), broadcast_chunks(shape, [a.chunks, b.chunks]))


#: What the ``**`` operator of NumPy's arrays does for these exponents, and for which kinds; `power` takes its time.
_QUICK_POWERS = {
    1: (np.positive, "iuf"),
    2: (np.square, "biufc"),
    0.5: (np.sqrt, "fc"),
    -1: (np.reciprocal, "fc"),
}


def _quick_power(base: Expr, exponent: Expr) -> Expr | None:
    if not (isinstance(exponent, Scalar) and exponent.weak and base.ndim):
        return None
    value = exponent.constant.value
    if isinstance(value, bool | complex) or (isinstance(value, float) and base.dtype.kind in "biu"):
        return None
    if isinstance(value, float) and value != 0.5 and base.dtype.kind == "c":
        return None
    quick, kinds = _QUICK_POWERS.get(value, (np.power, ""))
    result: Expr | None = ufunc(quick, base) if base.dtype.kind in kinds else None
    return result


def _typed(expr: Expr) -> Expr:
    return as_expr(np.asarray(expr.constant.value)[()]) if isinstance(expr, Scalar) and expr.weak else expr


def where(condition: Any, x: Any, y: Any) -> Expr:
    """`x` where the condition is true, else `y`."""
    args = [as_expr(condition), as_expr(x), as_expr(y)]
    made = _dtype_of(lambda: np.where(np.empty(0, bool), sample(args[1]), sample(args[2])), "where", args)
    return _build(Op("where"), args, made.dtype)


def astype(expr: Expr, dtype: Any, casting: str = "unsafe") -> Expr:
    """The same values as another dtype.  Raises DTypeError for a cast that `casting` forbids."""
    target = np.dtype(dtype)
    if target == expr.dtype and target.itemsize and casting in ("unsafe", "same_kind"):
        return expr  # most are; NumPy needn't be asked
    _check_settled(expr.dtype, target)
    if isinstance(expr, Select):
        return Select(astype(expr.base, target, casting), expr.mask)
    made = _dtype_of(lambda: np.empty(0, expr.dtype).astype(target, casting=casting), "astype", [expr])  # type: ignore[call-overload]
    if made.dtype == expr.dtype:
        return expr
    return Elementwise(Op("cast"), (expr,), made.dtype)


def _check_settled(given: np.dtype[Any], target: np.dtype[Any]) -> None:
    """Raises NotBlocked for a dtype that NumPy would complete by looking at all values."""
    if target.kind in "SU" and not target.itemsize and given.hasobject:
        raise NotBlocked(
            f"astype({target.kind!r}) of objects: how long texts are depends on the values; give a length: "
            f"astype('{target.kind}20')"
        )
    if target in (np.dtype("M8"), np.dtype("m8")) and given.kind in "SUO":
        raise NotBlocked(
            f"astype({target.kind + '8'!r}) of {given}: the unit depends on the values; give one: "
            f"astype('{target.kind}8[s]')"
        )


def clip(x: Any, low: Any = None, high: Any = None) -> Expr:
    """Values below `low` become `low`, those above `high` become `high`; None leaves a side open."""
    expr = as_expr(x)
    if expr.dtype.kind in "iu":
        # as NumPy has it, Python integers that no value reaches leave the dtype alone
        reach = np.iinfo(expr.dtype)
        low = None if type(low) is int and low <= reach.min else low
        high = None if type(high) is int and high >= reach.max else high
    if low is not None and high is not None:
        return function("clip", expr, low, high)
    if low is None and high is None:
        result: Expr = ufunc(np.positive, expr)
    else:
        result = ufunc(np.maximum, expr, low) if high is None else ufunc(np.minimum, expr, high)
    return result


def round_(x: Any, decimals: int = 0) -> Expr:
    """Rounded to so many decimals."""
    return function("round", x, decimals=int(decimals))


def function(name: str, *values: Any, **options: Hashable) -> Expr:
    """An elementwise function of the table that isn't a ufunc."""
    args = [as_expr(v) for v in values]
    numpy_function = getattr(np, name)
    made = _dtype_of(lambda: numpy_function(*[sample(a) for a in args], **options), name, args)
    return _build(Op(name, tuple(sorted(options.items()))), args, np.asarray(made).dtype)
