"""Public functions on arrays, each entered into the table of NumPy's functions."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply, unwrap
from nbarray.api.assigning import outs_apart, store_into, store_reduced, with_out
from nbarray.api.creation import asarray
from nbarray.api.dispatch import PUBLIC, by_place, implements, public, takes
from nbarray.api.mapping import mapped
from nbarray.errors import DTypeError, InputError
from nbarray.ops import elementwise, reductions
from nbarray.ops.masking import getdata
from nbarray.ops.operands import normalize_axes
from nbarray.ops.picking import is_nonzero

__all__ = ["map_blocks"]

# ------------------------------------------------------------------------------------------------- reductions


def _reduction(name: str, row: str, numpy_functions: Sequence[Any], skip_nan: bool, typed: bool, summary: str) -> None:
    def function(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, *more: Any, **options: Any) -> Array:
        options = {k: v for k, v in by_place(name, more, options).items() if v is not np._NoValue}
        if dtype is not None:
            options["dtype"] = dtype
        if skip_nan:
            options["skip_nan"] = True
        made: Array = apply(reductions.reduction, row, asarray(a), axis, into=getattr(out, "dtype", None), **options)
        return made if out is None else store_reduced(out, made)

    def untyped(a: Any, axis: Any = None, out: Any = None, *more: Any, **options: Any) -> Array:
        return function(a, axis, None, out, *more, **options)

    shown = "[[1.0, np.nan], [4.0, 8.0]]" if skip_nan else "[[1.0, 2.0], [4.0, 8.0]]"
    values = np.array([[1.0, np.nan if skip_nan else 2.0], [4.0, 8.0]])
    made = takes("split_every")(function if typed else untyped)
    made.__name__ = made.__qualname__ = name
    made.__doc__ = f"""{summary} over `axis` (an integer, a tuple, or None for all axes).

    Takes NumPy's `axis`, `keepdims`, `where`{", `dtype`" if typed else ""}, and dask's `split_every`, which changes
    nothing; one pass over the data, and memory for a few blocks and the result.  Over ``x[mask]`` nothing has to be
    counted first.

    >>> import {"numpy as np, " * skip_nan}nbarray as nb
    >>> nb.{name}(nb.asarray({shown}), axis=0).compute()
    {numpy_functions[0](values, axis=0)!r}
    """
    public(*numpy_functions)(made)


for _name, _row, _typed, _summary in (
    ("sum", "sum", True, "The sum"),
    ("prod", "prod", True, "The product"),
    ("mean", "mean", True, "The arithmetic mean"),
    ("std", "std", True, "The standard deviation"),
    ("var", "var", True, "The variance"),
    ("min", "min", False, "The smallest value"),
    ("max", "max", False, "The largest value"),
    ("argmin", "argmin", False, "The position of the (first) smallest value"),
    ("argmax", "argmax", False, "The position of the (first) largest value"),
):
    _aliases = [getattr(np, f"a{_name}")] if _name in ("min", "max") else []
    _reduction(_name, _row, [getattr(np, _name), *_aliases], False, _typed, _summary)
    _reduction(f"nan{_name}", _row, [getattr(np, f"nan{_name}")], True, _typed, _summary + ", NaN left out,")
for _name, _summary in (("any", "Whether any value is true"), ("all", "Whether all values are true")):
    _reduction(_name, _name, [getattr(np, _name)], False, False, _summary)


@public(np.count_nonzero)
def count_nonzero(a: Any, axis: Any = None, *, keepdims: bool = False) -> Array:
    """How many values are not zero, over `axis`.

    Cost: one pass over the data; memory for a few blocks and the result.

    >>> import nbarray as nb
    >>> nb.count_nonzero(nb.asarray([0, 1, 2])).compute()
    np.int64(2)
    """
    return apply(is_nonzero, asarray(a)).sum(axis=axis, keepdims=keepdims)


# ------------------------------------------------------------------------------------------------ elementwise


@public(np.where)
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """`x` where the condition is true, else `y`; with the condition alone, where it is: see `nonzero`.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> a = nb.arange(4)
    >>> nb.where(a > 1, a, -1).compute()
    array([-1, -1,  2,  3])
    """
    if x is None and y is None:
        return PUBLIC["nonzero"](apply(getdata, asarray(condition)))
    if x is None or y is None:
        raise InputError("either both or neither of x and y should be given")
    return apply(elementwise.where, condition, x, y)


@public(np.clip)
def clip(
    a: Any,
    a_min: Any = np._NoValue,
    a_max: Any = np._NoValue,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
    **options: Any,
) -> Array:
    """Values kept between two bounds; None leaves a side open.

    options : as ufuncs take them (dtype, casting, where, ...)

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.clip(nb.arange(5), 1, 3).compute()
    array([1, 1, 2, 3, 3])
    """
    if a_min is np._NoValue and a_max is np._NoValue:
        a_min, a_max = min, max
    elif a_min is np._NoValue or a_max is np._NoValue:
        raise DTypeError("clip: expected both bounds; None leaves a side open")
    elif min is not None or max is not None:
        raise InputError("clip: min= and max= are other names for both bounds, so give one pair of them")
    if options:
        bounds = [(np.maximum, a_min), (np.minimum, a_max)]
        steps = [step for step in bounds if step[1] is not None] or [(np.maximum, a)]

        def between(**rest: Any) -> Any:
            return functools.reduce(
                lambda x, step: apply(elementwise.ufunc, step[0], x, step[1], **rest), steps, asarray(a)
            )

        return with_out(between, {"out": out, **options}, True)
    made = apply(elementwise.clip, asarray(a), a_min, a_max)
    return made if out is None else store_into(out, made)


@public(np.round, np.around)
def round(a: Any, decimals: int = 0, out: Any = None) -> Array:
    """Rounded to so many decimals.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.round(nb.asarray([1.26, 2.5]), 1).compute()
    array([1.3, 2.5])
    """
    made = apply(elementwise.round_, asarray(a), decimals)
    return made if out is None else store_into(out, made)


@public(np.real)
def real(val: Any) -> Array:
    """The real part.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.real(nb.asarray([1 + 2j])).compute()
    array([1.])
    """
    return asarray(val).real


@public(np.imag)
def imag(val: Any) -> Array:
    """The imaginary part.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.imag(nb.asarray([1 + 2j])).compute()
    array([2.])
    """
    return asarray(val).imag


@public(np.angle)
def angle(z: Any, deg: bool = False) -> Array:
    """The angle of complex numbers, in radians or degrees.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.angle(nb.asarray([1.0, 1j]), deg=True).compute()
    array([ 0., 90.])
    """
    return apply(elementwise.function, "angle", asarray(z), deg=bool(deg))


@public(np.nan_to_num)
def nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Array:
    """NaN and infinities replaced by numbers.

    copy : False changes a blocked array instead

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import numpy as np, nbarray as nb
    >>> nb.nan_to_num(nb.asarray([1.0, np.nan])).compute()
    array([1., 0.])
    """
    made = apply(elementwise.function, "nan_to_num", asarray(x), nan=nan, posinf=posinf, neginf=neginf)
    return made if copy or not isinstance(x, Array) else store_into(x, made)


@public(np.copy)
def copy(a: Any, order: str = "K", subok: bool = False) -> Array:
    """Another handle on the same values: assigning to one leaves the other alone.

    Cost: none: elements are not copied, handles are.

    >>> import nbarray as nb
    >>> x = nb.arange(3)
    >>> y = nb.copy(x)
    >>> y[0] = 9
    >>> x.compute(), y.compute()
    (array([0, 1, 2]), array([9, 1, 2]))
    """
    return asarray(a).copy()


@public(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Array:
    """The same values as another dtype.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    >>> import nbarray as nb
    >>> nb.astype(nb.arange(3), "float32").compute()
    array([0., 1., 2.], dtype=float32)
    """
    return asarray(x).astype(dtype)


# ------------------------------------------------------------------------------------------- functions of blocks


@public()
def map_blocks(
    function: Callable[..., Any],
    *args: Any,
    dtype: Any = None,
    **options: Any,
) -> Array:
    """Apply a function to the blocks at the same place of all arrays in `args`.

    function : takes NumPy blocks, returns one; may take ``block_id`` (its place) or ``block_info`` as keywords
    args : arrays that broadcast, or that have as many blocks as each other (or one, which goes to all); what else
        there is, is handed on.  Without arrays, `chunks` say what is made
    dtype : of the result; without it the function is called once, now, on the first block
    chunks : (among `options`) of the result, if the function changes sizes: a size for each axis, or all sizes
    drop_axis, new_axis : (among `options`) axes the function takes away or makes
    masked : (among `options`) whether it gives masked blocks; by default as the first block is, or the arrays are
    meta : (among `options`) an empty array of the result's kind, in place of dtype and masked
    token, name : (among `options`) what the operation is called in plans, pictures and errors
    enforce_ndim : (among `options`) not used: blocks of another shape than promised are always refused

    The same function of the same values is one operation, called once for each block: a function that gives other
    values each time, such as noise, has to be another one each time.

    Raises ShapeError or DTypeError when a block turns out otherwise than promised.

    Cost: one pass, a task for each block; memory for the blocks that a call takes and gives.

    >>> import nbarray as nb
    >>> x = nb.arange(6, chunks=3)
    >>> nb.map_blocks(lambda b: b[::-1], x, dtype=x.dtype).compute()
    array([2, 1, 0, 5, 4, 3])
    """
    return apply(mapped, function, args, dtype, {k: unwrap(v) for k, v in options.items()})


# ------------------------------------------------------------------------------------------------ plain facts


@implements(np.shape)
def _shape(a: Any) -> tuple[int, ...]:
    return a.shape if isinstance(a, Array) else np.shape(a)


@implements(np.ndim)
def _ndim(a: Any) -> int:
    return a.ndim if isinstance(a, Array) else np.ndim(a)


@implements(np.size)
def _size(a: Any, axis: int | None = None) -> int:
    if not isinstance(a, Array):
        return np.size(a, axis)
    return a.size if axis is None else math.prod(a.shape[k] for k in normalize_axes(axis, a.ndim))


@implements(np.result_type)
def _result_type(*values: Any) -> np.dtype[Any]:
    return np.result_type(*(v.dtype if isinstance(v, Array) else v for v in values))


@implements(np.iscomplexobj)
def _iscomplexobj(x: Any) -> bool:
    return x.dtype.kind == "c" if isinstance(x, Array) else np.iscomplexobj(x)


@implements(np.isrealobj)
def _isrealobj(x: Any) -> bool:
    return not _iscomplexobj(x)


# ------------------------------------------------------------------------------------------------------ ufuncs


#: what ufuncs are shown on, where that isn't [1, 2] (and 2)
_SHOWN: dict[str, list[Any]] = {
    name: values
    for names, values in (
        ("arccos arcsin arctanh", [0.25, 0.5]),
        ("absolute ceil copysign fabs floor modf negative positive reciprocal rint sign signbit trunc", [-1.5, 2.5]),
        ("divmod floor_divide fmod gcd lcm remainder", [5, 8]),
        ("isfinite isinf isnan", [1.0, np.nan, np.inf]),
        ("isnat", ["2014-01-01", "NaT"]),
        ("logical_and logical_not logical_or logical_xor", [0, 1]),
        ("conjugate", [1 + 2j, 3j]),
    )
    for name in names.split()
}


def _example(name: str, ufunc: np.ufunc) -> str:
    """A ufunc at work, with what NumPy's gives."""
    values = _SHOWN.get(ufunc.__name__, [1, 2])
    text = repr(values).replace("nan", "np.nan").replace("inf", "np.inf")
    dtype = "M8[D]" if isinstance(values[0], str) else None
    call = f"nb.{name}(nb.asarray({text}{'' if dtype is None else f', {dtype!r}'}){', 2' * (ufunc.nin - 1)})"
    result = ufunc(np.array(values, dtype), *[2] * (ufunc.nin - 1))
    several = ufunc.nout > 1
    shown = f"[part.compute() for part in {call}]" if several else f"{call}.compute()"
    modules = "numpy as np, nbarray as nb" if "np." in text else "nbarray as nb"
    return f">>> import {modules}\n    >>> {shown}\n    {list(result) if several else result!r}"


def _ufunc(name: str, ufunc: np.ufunc) -> Callable[..., Any]:
    def function(*args: Any, **options: Any) -> Any:
        values, options = outs_apart(ufunc, args, options)
        return with_out(lambda **rest: apply(elementwise.ufunc, ufunc, *values, **rest), options, True)

    function.__name__ = function.__qualname__ = ufunc.__name__
    first = (ufunc.__doc__ or "").strip().partition("\n\n")[0]
    function.__doc__ = f"""NumPy's `{name}`, element by element, with the same bits: `{first}`.

    Cost: one pass, fused with what it is used in; memory for a few tiles a worker.

    {_example(name, ufunc)}
    """
    return function


PUBLIC.update(
    {n: _ufunc(n, u) for n, u in vars(np).items() if n in np.__all__ and isinstance(u, np.ufunc) and not u.signature}
)
