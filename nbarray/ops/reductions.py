"""Reductions with NumPy's arguments.

Nan-reductions and reductions over a mask are reductions that leave elements out, so one function does all.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import numpy as np

from nbarray.errors import DTypeError, InputError, NotBlocked, UnknownSize
from nbarray.expr.blocks import Select
from nbarray.expr.elementwise import Elementwise
from nbarray.expr.node import Expr
from nbarray.expr.reduce import Reduce
from nbarray.kernels.elementwise import ufunc_op
from nbarray.kernels.reductions import REDUCTIONS
from nbarray.ops.elementwise import astype, function, ufunc
from nbarray.ops.elementwise import where as where_
from nbarray.ops.operands import as_expr, broadcast_to, drop_axes, normalize_axes
from nbarray.ops.shaping import expand_dims

__all__ = ["check_first", "is_nan", "reduction"]

_UFUNC_OF = {"sum": np.add, "prod": np.multiply, "min": np.minimum, "max": np.maximum}
#: Made of sums and products, which begin with the first of objects: there is no number 0 or 1 of their kind.
_ADDED = ("sum", "prod", "mean", "var", "std")
_NAN_UFUNC_OF = {"min": np.fmin, "max": np.fmax}


def reduction(
    name: str,
    x: Expr,
    axis: Any = None,
    *,
    dtype: Any = None,
    keepdims: bool = False,
    where: Any = None,
    initial: Any = np._NoValue,
    ddof: float = 0,
    correction: float | None = None,
    mean: Any = None,
    skip_nan: bool = False,
    into: Any = None,
) -> Expr:
    """Row `name` of the table of reductions over axes of `x`.

    axis : an integer, a tuple, or None for all
    where : elements that count; skip_nan : leave NaN out
    initial : what to begin with; None: the first element, without which nothing can be reduced
    correction : another name for `ddof`; mean : what variances are taken about, of a shape as `keepdims` gives it
    into : the dtype of ``out=``, in which NumPy divides the sums of variances and takes their roots

    Raises AxisError, DTypeError (for dtypes NumPy refuses), InputError (nothing to reduce).
    """
    if correction is not None:
        if ddof != 0:
            raise InputError("ddof and correction can't be provided simultaneously.")
        ddof = correction
    if mean is not None:
        return _about_given(name, x, mean, axis, dtype, keepdims, where, ddof, skip_nan)
    if initial is None and name in ("sum", "prod"):
        if isinstance(x, Select):
            raise UnknownSize(f"{name} of x[mask] from its first element on needs its size")
        check_first(_UFUNC_OF[name], x, _reduced_axes(name, axis, x.ndim, skip_nan), where)
    initial = None if initial is np._NoValue else initial
    if isinstance(x, Select):
        return _of_selection(name, x, axis, dtype, keepdims, where, initial, ddof, skip_nan)
    axes = _reduced_axes(name, axis, x.ndim, skip_nan)
    if dtype is not None and name in _ADDED and np.dtype(dtype).hasobject and x.dtype.kind not in "mM":
        _check_dtype(name, x.dtype, dtype, skip_nan)
        x, dtype = astype(x, object), None
    if x.dtype.hasobject and dtype is None and name in _ADDED and initial is None and not x.masked:
        _check_not_empty(name, x, axes, where, initial)
        made = _of_objects(name, x, axes, keepdims, ddof, skip_nan)
        return made if keepdims else drop_axes(made, axes)
    if _about_other_means(name, x, dtype):
        _check_dtype(name, x.dtype, dtype, skip_nan)
        skip_nan = skip_nan and x.dtype.kind in "fc"
        return _spread(name, x, axes, np.dtype(dtype), keepdims, where, ddof, skip_nan, into=into)
    kind = _result_dtype(name, x.dtype, dtype, x.masked)
    _check_dtype(name, x.dtype, dtype, skip_nan)
    skip_nan = skip_nan and _has_nan(name, x.dtype)  # asked before the cast: integers have no NaN
    skip = _left_out(x, where, skip_nan)
    x = _cast(name, x, dtype)
    _check_not_empty(name, x, axes, where, initial)
    params = _params(name, ddof, skip_nan, initial)
    if _masks_infinite(name, x, keepdims or len(axes) < x.ndim):
        params = (*params, ("finite", True))
    if not axes:
        made = Reduce(
            name, expand_dims(x, x.ndim), (x.ndim,), None if skip is None else expand_dims(skip, x.ndim), kind, params
        )
        result = drop_axes(made, (x.ndim,))
    else:
        made = Reduce(name, x, axes, skip, kind, params)
        result = made if keepdims else drop_axes(made, axes)
    return result if initial is None else _begun_with(name, result, initial, kind, skip_nan)


def _masks_infinite(name: str, x: Expr, keeps_axes: bool) -> bool:
    """Whether numpy.ma divides with an operator of its own, which masks what isn't finite.

    Along axes its variance is 0 where a mean isn't finite, which is an accident; there it stays NaN here.
    """
    if not x.masked or x.dtype.kind not in "fc":
        return False
    return name == "mean" if keeps_axes and x.ndim else name in ("var", "std")


def _reduced_axes(name: str, axis: Any, ndim: int, skip_nan: bool) -> tuple[int, ...]:
    if name.startswith("arg") and axis is not None and not hasattr(axis, "__index__"):
        raise DTypeError(f"{name}: axis={axis!r}; expected one axis or None")
    by_ufunc = skip_nan or name not in ("mean", "var", "std")
    if ndim == 0 and by_ufunc and not isinstance(axis, tuple | list) and axis in (0, -1):
        return ()  # NumPy's ufuncs reduce a number along its first and last axis, which it hasn't got
    if isinstance(axis, list) and name != "count":
        raise DTypeError(f"{name}: axis={axis!r}; expected an integer or a tuple of integers")
    return normalize_axes(axis, ndim)


def _result_dtype(name: str, given: np.dtype[Any], dtype: Any, masked: bool) -> np.dtype[Any]:
    """The dtype NumPy would give, asked of NumPy on a row of two elements (numpy.ma has rules of its own)."""
    if given.hasobject and name in ("min", "max", "argmin", "argmax"):
        raise NotBlocked(f"{name} of Python objects has no blocked form; make numbers of them first: x.astype(float)")
    if name == "count":
        return np.dtype(np.intp)
    row: Any = (np.ones if given.kind in "SU" else np.zeros)((1, 2), given)  # texts of numbers can be numbers
    if masked:
        row = np.ma.MaskedArray(row, [[False, True]])
    options = {} if dtype is None else {"dtype": dtype}
    try:
        with np.errstate(all="ignore"):
            return np.asarray(getattr(np, name)(row, axis=1, **options)).dtype
    except TypeError as error:
        raise DTypeError(f"{name} of {given}: {error}") from None


def _check_dtype(name: str, given: np.dtype[Any], dtype: Any, skip_nan: bool) -> None:
    if dtype is None or name not in ("mean", "var", "std") or np.issubdtype(dtype, np.inexact):
        return
    if skip_nan and given.kind in "fcO":
        raise DTypeError(f"nan{name}: if the array is inexact, then dtype must be inexact, not {np.dtype(dtype)}")


def _of_objects(name: str, x: Expr, axes: tuple[int, ...], keepdims: bool, ddof: float, skip_nan: bool) -> Expr:
    """Reductions made of sums or products of Python objects, operation for operation as NumPy's; all axes are kept."""
    skip = is_nan(x) if skip_nan else None
    if name in ("sum", "prod"):
        return _one_by_one(name, _without(x, skip, 0 if name == "sum" else 1), axes)
    count = as_expr(np.intp(math.prod(x.sizes[a] for a in axes)))
    if skip is not None:
        count = reduction("sum", ufunc(np.logical_not, skip), axes, keepdims=True)
    total, divisor = _one_by_one("sum", _without(x, skip, 0), axes), count
    if name != "mean":
        mean = Elementwise(ufunc_op(np.true_divide if x.ndim else _PER), (total, count), x.dtype)
        away = _without(ufunc(np.subtract, x, mean), skip, 0)
        squares = ufunc(np.multiply, away, away if skip_nan else ufunc(np.conjugate, away))
        total, divisor = _one_by_one("sum", squares, axes), ufunc(np.subtract, count, ddof)
        divisor = divisor if skip_nan else ufunc(np.maximum, divisor, 0)
    # an object by itself is divided by a number of NumPy's, which gives NaN for nothing; in arrays there is an error
    alone = len(axes) == x.ndim and not (keepdims and x.ndim)
    if name != "mean" and 0 in (x.sizes[a] for a in axes):
        alone, divisor = False, count  # there is no mean to begin with
    made: Expr = Elementwise(ufunc_op(_PER if alone else np.true_divide), (total, divisor), x.dtype)
    if name != "mean" and skip_nan:
        made = Elementwise(ufunc_op(_OR_NAN), (made, ufunc(np.less_equal, divisor, 0)), x.dtype)
    if name != "std":
        return made
    return Elementwise(ufunc_op(_ROOT if alone else np.sqrt), (made,), x.dtype)


_PER = np.frompyfunc(lambda total, count: total / np.asarray(count)[()], 2, 1)
_OR_NAN = np.frompyfunc(lambda made, too_few: np.float64(np.nan) if too_few else made, 2, 1)
_ROOT = np.frompyfunc(np.sqrt, 1, 1)


def _without(x: Expr, skip: Expr | None, instead: int) -> Expr:
    return x if skip is None else where_(skip, instead, x)


def _one_by_one(name: str, x: Expr, axes: tuple[int, ...]) -> Expr:
    """The last axis first, which keeps texts in order."""
    for axis in sorted(axes, reverse=True):
        x = Reduce(name, x, (axis,), None, x.dtype, ())
    return x


def _about_other_means(name: str, x: Expr, dtype: Any) -> bool:
    """Whether a variance is taken about a mean that was rounded to `dtype`, or lost its imaginary part."""
    if dtype is None or name not in ("var", "std") or x.dtype.kind not in "biufc":
        return False
    kind = np.dtype(dtype).kind
    return kind in "biu" or (kind == "f" and x.dtype.kind == "c")


def _spread(
    name: str,
    x: Expr,
    axes: tuple[int, ...],
    dtype: np.dtype[Any],
    keepdims: bool,
    where: Any,
    ddof: float,
    skip_nan: bool,
    mean: Expr | None = None,
    into: Any = None,
) -> Expr:
    """The variance as NumPy has it for such a dtype: a pass for the mean, which is cast to the dtype, and one more."""
    if x.masked:
        return _masked_spread(name, x, axes, dtype, keepdims, where, ddof)
    kind = dtype if into is None else np.dtype(into)
    in_array = into is not None or (x.ndim and (keepdims or len(axes) < x.ndim))
    if name == "std" and kind.kind in "biu" and in_array:
        raise DTypeError(f"std: Cannot cast ufunc 'sqrt' output from dtype('float64') to {kind!r}")
    skip = _left_out(x, where, skip_nan)
    kept = None if skip is None else ufunc(np.logical_not, skip)
    options: dict[str, Any] = {"keepdims": True, "where": kept}
    length = math.prod(x.sizes[a] for a in axes)
    count = as_expr(np.int64(length)) if kept is None else reduction("sum", kept, axes, keepdims=True)
    if mean is None:
        mean = astype(ufunc(np.true_divide, reduction("sum", x, axes, dtype=dtype, **options), count), dtype)
    total = reduction("sum", _squares(ufunc(np.subtract, x, mean)), axes, dtype=dtype, **options)
    freedom = ufunc(np.maximum, ufunc(np.subtract, count, ddof), 0)
    made = astype(ufunc(np.true_divide, total, freedom), kind)
    if skip_nan:
        made = where_(ufunc(np.equal, freedom, 0), np.nan, made)
    made = astype(ufunc(np.sqrt, made), kind) if name == "std" else made
    return made if keepdims else drop_axes(made, axes)


def _about_given(
    name: str,
    x: Expr,
    mean: Any,
    axis: Any,
    dtype: Any,
    keepdims: bool,
    where: Any,
    ddof: float,
    skip_nan: bool,
) -> Expr:
    """A variance about a mean that is known: one pass."""
    if isinstance(x, Select):
        raise UnknownSize(f"{name} of x[mask] about a given mean needs its size")
    if name not in ("var", "std"):
        raise DTypeError(f"{name}() got an unexpected keyword argument 'mean'")
    if x.masked or x.dtype.hasobject:
        raise NotBlocked(f"{name} of masked arrays and of objects about a given mean has no blocked form")
    axes = _reduced_axes(name, axis, x.ndim, skip_nan)
    kind = _result_dtype(name, x.dtype, dtype, False)
    return _spread(name, x, axes, kind, keepdims, where, ddof, skip_nan and x.dtype.kind in "fc", as_expr(mean))


def _masked_spread(
    name: str, x: Expr, axes: tuple[int, ...], dtype: np.dtype[Any], keepdims: bool, where: Any, ddof: float
) -> Expr:
    """The variance as numpy.ma has it: the mean alone is of the dtype, or of the floats that its whole numbers make."""
    options: dict[str, Any] = {"keepdims": True, "where": where}
    count = reduction("count", x, axes, **options)
    added = ufunc(np.multiply, reduction("sum", x, axes, dtype=dtype, **options), 1.0)
    mean = ufunc(np.true_divide, added, count)
    total = reduction("sum", _squares(ufunc(np.subtract, x, mean)), axes, **options)
    freedom = ufunc(np.maximum, ufunc(np.subtract, count, ddof), 0)
    made = ufunc(np.true_divide, total, freedom)  # masked where there is no freedom
    made = ufunc(np.sqrt, made) if name == "std" else made
    return made if keepdims else drop_axes(made, axes)


def _squares(away: Expr) -> Expr:
    parts = [function(part, away) for part in ("real", "imag")] if away.dtype.kind == "c" else [away]
    squares = [ufunc(np.square, part) for part in parts]
    made: Expr = squares[0] if len(squares) == 1 else ufunc(np.add, *squares)
    return made


def _cast(name: str, x: Expr, dtype: Any) -> Expr:
    """`x` in the dtype that it is to be added up in; NumPy leaves times alone."""
    if dtype is None or x.dtype.kind in "mM" or name not in ("sum", "prod", "mean", "var", "std"):
        return x
    return astype(x, dtype)


def _has_nan(name: str, dtype: np.dtype[Any]) -> bool:
    """Whether NumPy's nan-reduction looks for NaN in values of `dtype`; in times it does for extremes only."""
    return dtype.kind in "fcO" or (dtype.kind in "mM" and name in ("min", "max"))


def is_nan(x: Expr) -> Expr:
    """Where there is NaN; of objects, what isn't equal to itself."""
    made: Expr = ufunc(np.not_equal, x, x) if x.dtype.hasobject else ufunc(np.isnan, x)
    return made


def _left_out(x: Expr, where: Any, skip_nan: bool) -> Expr | None:
    skip = None
    if skip_nan:
        skip = is_nan(x)
    if where is not None and where is not True:
        chosen = as_expr(where)
        if chosen.dtype.kind != "b":
            raise DTypeError(f"where= must be a boolean array, not {chosen.dtype}")
        left = broadcast_to(ufunc(np.logical_not, chosen), x.sizes)
        skip = left if skip is None else ufunc(np.logical_or, skip, left)
    result: Expr | None = skip
    return result


def check_first(function: np.ufunc, x: Expr, axes: tuple[int, ...], where: Any = None) -> None:
    """Raises InputError where what is to begin with its first element (``initial=None``) has none, or may have none."""
    if where is not None and where is not True:
        raise InputError(
            f"reduction operation '{function.__name__}' does not have an identity, so to use a where mask one has to "
            "specify 'initial'"
        )
    if not math.prod(x.sizes[k] for k in axes):
        raise InputError(f"zero-size array to reduction operation {function.__name__} which has no identity")


def _check_not_empty(name: str, x: Expr, axes: tuple[int, ...], where: Any, initial: Any) -> None:
    if initial is not None:
        return
    chosen = where is not None and where is not True
    if chosen and (name in ("min", "max") or (x.dtype.hasobject and name in _ADDED)):
        raise InputError(
            f"reduction operation '{_UFUNC_OF.get(name, np.add).__name__}' does not have an identity"
            f"{' among objects' if x.dtype.hasobject else ''}, so to use a where mask one has to specify 'initial'"
        )
    if REDUCTIONS[name].has_identity:
        return
    if math.prod(x.sizes[a] for a in axes) == 0:
        if name.startswith("arg"):
            raise InputError(f"attempt to get {name} of an empty sequence")
        raise InputError(_no_identity(name))


def _no_identity(name: str) -> str:
    return f"zero-size array to reduction operation {_UFUNC_OF[name].__name__} which has no identity"


def _params(name: str, ddof: float, skip_nan: bool, initial: Any) -> tuple[tuple[str, Hashable], ...]:
    params: list[tuple[str, Hashable]] = []
    if name in ("var", "std"):
        params.append(("ddof", ddof))
        if skip_nan:
            params.append(("too_few", "nan"))
    if skip_nan and name in ("min", "max") and initial is None:
        params.append(("on_nothing", "nan"))
    if skip_nan and name.startswith("arg"):
        params.append(("on_nothing", "All-NaN slice encountered"))
    return tuple(params)


def _begun_with(name: str, result: Expr, initial: Any, kind: np.dtype[Any], skip_nan: bool) -> Expr:
    function = _NAN_UFUNC_OF[name] if skip_nan and name in _NAN_UFUNC_OF else _UFUNC_OF.get(name)
    if function is None:
        raise DTypeError(f"{name}: initial= is not taken; sum, prod, min and max take it")
    if isinstance(initial, complex) and kind.kind in "biuf":
        raise DTypeError(f"{name}: initial={initial!r} is no {kind}")
    try:
        first = np.array(initial, kind) if kind.kind in "mM" else np.full((), initial, kind)
    except (ValueError, TypeError) as error:
        raise InputError(f"{name}: initial={initial!r} for {kind}: {error}") from None
    begun: Expr = ufunc(function, first[()], result)
    return astype(begun, kind)


def _of_selection(
    name: str, x: Select, axis: Any, dtype: Any, keepdims: bool, where: Any, initial: Any, ddof: float, skip_nan: bool
) -> Expr:
    """A reduction of ``x[mask]``: of x, with everything outside the mask left out.  Nothing has to be counted first."""
    axes = _reduced_axes(name, axis, x.ndim, skip_nan)
    if x.dtype.hasobject and name in ("mean", "var", "std"):
        raise UnknownSize(f"{name} of x[mask] of objects needs its size")
    if axes != (0,) or where is not None or name.startswith("arg") or x.ndim > 1:
        raise UnknownSize(f"{name} of x[mask] needs its size")
    base, mask = x.base, x.mask
    if _about_other_means(name, base, dtype):
        raise UnknownSize(f"{name} of x[mask] with dtype={dtype} needs its size")
    kind = _result_dtype(name, base.dtype, dtype, base.masked)
    _check_dtype(name, base.dtype, dtype, skip_nan)
    skip_nan = skip_nan and _has_nan(name, base.dtype)
    skip = ufunc(np.logical_not, mask)
    if skip_nan:
        skip = ufunc(np.logical_or, skip, is_nan(base))
    base = _cast(name, base, dtype)
    params = list(_params(name, ddof, skip_nan, initial))
    if name in ("min", "max") and not skip_nan and initial is None:
        params.append(("on_nothing", _no_identity(name)))
    if _masks_infinite(name, base, keepdims):
        params.append(("finite", True))
    made = Reduce(name, base, tuple(range(base.ndim)), skip, kind, tuple(params))
    result = drop_axes(made, tuple(range(base.ndim)))
    if keepdims:
        result = expand_dims(result, 0)
    return result if initial is None else _begun_with(name, result, initial, kind, skip_nan)
