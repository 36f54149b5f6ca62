"""Text, dates and bits, element by element: NumPy's functions of strings, business days and packed booleans.

How long the longest text will be depends on values; where it does, a pass over the data counts it, at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply, wrap
from nbarray.api.creation import asarray
from nbarray.api.dispatch import implements, late, public
from nbarray.errors import DTypeError, InputError
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks, regular
from nbarray.ops.indexing import getitem
from nbarray.ops.lines import asked_of_numpy
from nbarray.ops.mapping import map_blocks
from nbarray.ops.operands import as_expr, one_axis
from nbarray.ops.padding import pad_axis
from nbarray.ops.reductions import reduction
from nbarray.ops.shaping import reshape
from nbarray.ops.tasks import of_blocks
from nbarray.session import compute, resolve_sizes

__all__ = ["datetime_as_string", "packbits", "unpackbits"]

#: Functions whose results are as long as their first argument, or have a dtype of their own.
SAME_LENGTH = ("capitalize", "lower", "swapcase", "title", "translate", "upper")
OWN_DTYPE = ("rsplit", "split", "splitlines")
COMPARISONS = ("equal", "greater", "greater_equal", "less", "less_equal", "not_equal")
#: Functions whose results are as long as the longest of them.
COUNTED = (
    "center", "decode", "encode", "expandtabs", "join", "ljust", "mod", "multiply", "replace", "rjust", "zfill",
)  # fmt: skip
#: Functions that make three texts of one.
THREE = ("partition", "rpartition")
DATES = ("busday_count", "busday_offset", "is_busday")


def _original(function: Any) -> Callable[..., Any]:
    """NumPy's function without the question whether somebody else has a form of it."""
    return getattr(function, "__wrapped__", function)


def _elements(function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], dtype: Any) -> Expr:
    """A function of elements, block by block; options that are blocked arrays are arguments too."""
    arrays = [a.expr if isinstance(a, Array) else a for a in args]
    spread = [resolve_sizes(as_expr(a)) if _is_array(a) else a for a in arrays]

    def elements(*blocks: Any) -> Any:
        return np.asarray(function(*blocks, **options)).astype(dtype, copy=False)

    elements.__name__ = getattr(function, "__name__", "elements").strip("_")
    return map_blocks(elements, spread, dtype)


def _is_array(value: Any) -> bool:
    return isinstance(value, Expr) or (not isinstance(value, str | bytes) and np.ndim(value) > 0)


def _dtype_of(function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> np.dtype[Any]:
    """The dtype NumPy makes of arguments of these dtypes, asked of NumPy."""
    like = [np.zeros(1, a.dtype) if isinstance(a, Array) or (isinstance(a, np.ndarray) and a.ndim) else a for a in args]
    return np.asarray(asked_of_numpy(function, *like, **options)).dtype


#: of the functions that are public: a call, and what it gives
_EXAMPLES = {
    "busday_count": ('"2014-01-01", days', "array([0, 3])"),
    "busday_offset": ('days, 1, roll="forward"', "array(['2014-01-02', '2014-01-07'], dtype='datetime64[D]')"),
    "is_busday": ("days", "array([ True, False])"),
}


def _plain(numpy_function: Any, entered: Any = implements) -> None:
    """A function whose dtype follows from those of its arguments."""
    function = _original(numpy_function)

    def blocked(*args: Any, **options: Any) -> Any:
        if not any(isinstance(a, Array) for a in args):  # NumPy takes lists of texts for dates, but not arrays of them
            return asarray(asked_of_numpy(function, *args, **options))
        return wrap(_elements(function, args, options, _dtype_of(function, args, options)))

    blocked.__name__ = blocked.__qualname__ = function.__name__
    example = _EXAMPLES.get(function.__name__)
    blocked.__doc__ = f"""As `numpy.{function.__name__}`, element by element, in one pass.
    {
        ""
        if example is None
        else f'''
    >>> import numpy as np, nbarray as nb
    >>> days = nb.asarray(np.array(["2014-01-01", "2014-01-04"], "M8[D]"))
    >>> nb.{function.__name__}({example[0]}).compute()
    {example[1]}
    '''
    }"""
    entered(numpy_function)(blocked)


def _counted(numpy_function: Any) -> None:
    """A function whose results are as long as the longest of them, which is counted first."""
    function = _original(numpy_function)

    def blocked(*args: Any, **options: Any) -> Any:
        kind = _dtype_of(function, args, options).kind
        return wrap(_as_long_as_needed(function, args, options, kind))

    implements(numpy_function)(blocked)


def _as_long_as_needed(function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], kind: str) -> Expr:
    unit = np.dtype(f"{kind}1").itemsize

    def length(*blocks: Any, **options: Any) -> Any:
        made = np.asarray(function(*blocks, **options))
        return np.full(made.shape, made.dtype.itemsize // unit)

    lengths = _elements(length, args, options, np.intp)
    (longest,) = compute(reduction("max", lengths, initial=1))
    return _elements(function, args, options, np.dtype(f"{kind}{int(longest)}"))


def _three(numpy_function: Any) -> None:
    function = _original(numpy_function)

    def part(k: int) -> Callable[..., Any]:
        return lambda *blocks: function(*blocks)[k]

    def blocked(a: Any, sep: Any) -> tuple[Array, ...]:
        kind = asarray(a).dtype.kind
        return tuple(Array(_as_long_as_needed(part(k), (a, sep), {}, kind)) for k in range(3))

    implements(numpy_function)(blocked)


@late("numpy.strings", "numpy.char")
def _enter() -> None:
    for name in (*SAME_LENGTH, *OWN_DTYPE, *COMPARISONS):
        _plain(getattr(np.char, name))
    for name in COUNTED:
        _counted(getattr(np.char, name))
    _counted(np.strings.multiply)
    for name in THREE:
        _three(getattr(np.strings, name))


for _name in DATES:
    _plain(getattr(np, _name), public)


@public(np.datetime_as_string)
def datetime_as_string(arr: Any, unit: Any = None, timezone: Any = "naive", casting: str = "same_kind") -> Array:
    """Dates as text, in one pass; as exact as each is on the whole for ``unit="auto"``.

    >>> import numpy as np, nbarray as nb
    >>> nb.datetime_as_string(nb.asarray(np.array(["2014-01-01"], "M8[D]"))).compute()
    array(['2014-01-01'], dtype='<U28')
    """
    function = _original(np.datetime_as_string)
    options = {"unit": unit, "timezone": timezone, "casting": casting}
    return wrap(_elements(function, (asarray(arr),), options, _dtype_of(function, (asarray(arr),), options)))


# ------------------------------------------------------------------------------------------------------ bits


@public(np.packbits)
def packbits(a: Any, /, axis: int | None = None, bitorder: str = "big") -> Array:
    """Eight booleans (or integers, taken as such) in a byte, along an axis, or of the flattened array.

    Cost: one pass; memory for a few blocks.

    >>> import nbarray as nb
    >>> nb.packbits(nb.asarray([True, False, True])).compute()
    array([160], dtype=uint8)
    """
    x = asarray(a)
    if x.dtype.kind not in "biu":
        raise DTypeError(f"packbits: Expected an input array of integer or boolean data type, not {x.dtype}")
    _check_order("packbits", bitorder)
    return apply(_packed, x.ravel() if axis is None else x, 0 if axis is None else axis, bitorder)


def _check_order(name: str, bitorder: Any) -> None:
    if bitorder not in ("big", "little"):
        raise InputError(f"{name}: bitorder must be either 'little' or 'big', not {bitorder!r}")


def _packed(x: Expr, axis: int, bitorder: str) -> Expr:
    x = x if x.ndim else reshape(x, 1)
    k = one_axis(axis, x.ndim)
    step = max(1, x.chunks.axes[k].largest // 8)
    cut, made = (list(x.chunks.axes) for _ in range(2))
    cut[k], made[k] = regular(x.sizes[k], 8 * step), regular(-(-x.sizes[k] // 8), step)

    def packbits(block: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.packbits(block, k, bitorder)  # type: ignore[call-overload]

    return of_blocks(packbits, [(x, Chunks(tuple(cut)))], Chunks(tuple(made)), range(x.ndim), np.uint8)


@public(np.unpackbits)
def unpackbits(a: Any, /, axis: int | None = None, count: int | None = None, bitorder: str = "big") -> Array:
    """The bits of bytes, along an axis, or of the flattened array; `count` of them, or all but so many if negative.

    Cost: one pass; memory for a few blocks.

    >>> import numpy as np, nbarray as nb
    >>> nb.unpackbits(nb.asarray([160], np.uint8), count=3).compute()
    array([1, 0, 1], dtype=uint8)
    """
    x = asarray(a)
    if x.dtype != np.uint8:
        raise DTypeError(f"unpackbits: Expected an input array of unsigned byte data type, not {x.dtype}")
    _check_order("unpackbits", bitorder)
    return apply(_unpacked, x.ravel() if axis is None else x, 0 if axis is None else axis, count, bitorder)


def _unpacked(x: Expr, axis: int, count: int | None, bitorder: str) -> Expr:
    x = x if x.ndim else reshape(x, 1)
    k = one_axis(axis, x.ndim)
    step = x.chunks.axes[k].largest
    cut, made = (list(x.chunks.axes) for _ in range(2))
    cut[k], made[k] = regular(x.sizes[k], max(1, step)), regular(8 * x.sizes[k], max(1, 8 * step))

    def unpackbits(block: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.unpackbits(block, k, bitorder=bitorder)  # type: ignore[call-overload]

    bits = of_blocks(unpackbits, [(x, Chunks(tuple(cut)))], Chunks(tuple(made)), range(x.ndim), np.uint8)
    size = bits.sizes[k]
    if count is None or count == size:
        return bits
    if count < -size:
        raise InputError(f"unpackbits: -count larger than number of elements: {count} of {size}")
    if count > size:
        return pad_axis(bits, k, 0, count - size, "constant")
    return getitem(bits, (*(slice(None),) * k, slice(0, count if count >= 0 else size + count)))
