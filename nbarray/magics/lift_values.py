"""What the code of a ``%%blocked`` cell does at run time instead of plain Python.

`lift_syntax` turns the expressions of a cell into calls of the `Lift` below.  Names keep holding the
user's own objects, so ``var.units``, ``arr[0] = 1``, ``del``, ``with`` and other packages' functions
see what they always saw.  A source (see `sources`) becomes a blocked array only where it is *used as an
array*: as an operand, when sliced, as an argument of NumPy, nbarray or the user's own functions, when a
method is called that only arrays have, and as the cell's value.  This file knows neither syntax nor
IPython; what a blocked array is, it is told.
"""

from __future__ import annotations

import math
import operator
import threading
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from nbarray.magics.sources import is_on_file, is_source

__all__ = ["HELPER", "Lift", "map_values"]

#: The hidden name under which a cell's code finds its `Lift`.
HELPER = "__nbarray_lift__"

# Types that are never sources, settled without looking further.
_PLAIN = frozenset(
    {int, float, complex, bool, str, bytes, type(None), tuple, list, dict, set, slice, type, FunctionType, ModuleType}
)

# Functions of NumPy and nbarray that need the object itself: they convert it, write into it, or ask who it is.
_TAKE_ORIGINAL = frozenset(
    {
        "array", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray", "copy", "copyto", "fill_diagonal",
        "from_array", "frombuffer", "may_share_memory", "open", "place", "put", "put_along_axis", "putmask", "require",
        "save", "savez", "savez_compressed", "shares_memory",
    }
)  # fmt: skip
# Of these, the ones that make an array of all values.
_MAKE_WHOLE = _TAKE_ORIGINAL - {"from_array", "frombuffer", "may_share_memory", "open", "shares_memory"}
# Every function of these packages (and of numpy.ma) needs values: it would lose a mask, or can't wait for them.
_TAKE_VALUES = frozenset({"cftime", "h5py", "netCDF4", "zarr"})
_BUILTINS = frozenset({abs, all, any, divmod, max, min, pow, round, sum})
# Functions of those packages that use a stored array without making one of all its values.
_KEEP_STORED = frozenset({"copy", "date2index", "move"})
# Under ``--strict``: what goes through its arguments, or has a function go through them.
_ITERATING = frozenset({enumerate, filter, iter, list, map, reversed, sorted, tuple, zip})

# Attributes of an in-memory array that mean that very array, its memory or its bytes.
_ORIGINAL_ATTRIBUTES = frozenset(
    {
        "base", "copy", "ctypes", "data", "dtype", "fill", "flags", "flush", "item", "itemsize", "mask", "nbytes",
        "ndim", "put", "setflags", "shape", "size", "sort", "strides", "tobytes", "tofile", "tolist", "view",
    }
)  # fmt: skip
# Attributes that on-file objects have too, but where a calculation means the blocked array's.
_BLOCKED_ATTRIBUTES = frozenset({"astype"})


def map_values(value: Any, change: Callable[[Any], Any]) -> Any:
    """`value` with `change` applied to it, or to what it holds if it is a tuple, a list or a dict.

    >>> map_values((1, [2, {"a": 3}]), lambda v: v * 10)
    (10, [20, {'a': 30}])
    """
    if type(value) is tuple:
        return tuple(map_values(item, change) for item in value)
    if type(value) is list:
        return [map_values(item, change) for item in value]
    if type(value) is dict:
        return {key: map_values(item, change) for key, item in value.items()}
    return change(value)


class _Changed:
    """A function whose arguments are changed on the way in: made blocked, or made values."""

    __slots__ = ("_change", "_containers", "_function")

    def __init__(self, function: Callable[..., Any], change: Callable[[Any], Any], containers: bool) -> None:
        self._function, self._change, self._containers = function, change, containers

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        new_args = [self._one(arg) for arg in args]
        new_kwargs = {name: arg if name == "out" else self._one(arg) for name, arg in kwargs.items()}
        return self._function(*new_args, **new_kwargs)

    def _one(self, arg: Any) -> Any:
        if self._containers and type(arg) in (list, tuple):  # np.concatenate([f["a"], f["b"]])
            return map_values(arg, self._change)
        return self._change(arg)


class Lift:
    """Turns sources into blocked arrays while its cell runs, and does nothing afterwards.

    wrap : makes a blocked array of a source
    blocked : the class of blocked arrays
    compute : makes values of a blocked array
    tell : is told shape and bytes of a source on file that is about to be made an array in memory
    namespace : the user's; functions defined there are the user's own
    new_bytes : how many bytes of in-memory arrays made by the cell itself may be held for later; arrays
        beyond stay NumPy's, or a loop over files would keep every one of them alive
    strict : functions and classes of other packages get blocked arrays too, which tell when they are converted

    Functions defined in the cell go on calling it after the cell: then, and in other threads (a block
    function), it hands everything through as Python would.
    """

    def __init__(
        self,
        wrap: Callable[[Any], Any],
        blocked: type[Any],
        compute: Callable[[Any], Any],
        namespace: dict[str, Any],
        new_bytes: int = 2**30,
        tell: Callable[[tuple[int, ...], int], None] = lambda shape, nbytes: None,
        strict: bool = False,
    ) -> None:
        self._wrap, self._blocked, self._compute = wrap, blocked, compute
        self._namespace, self._tell = namespace, tell
        self._thread: int | None = None
        self._new_bytes, self._strict = new_bytes, strict
        self._before: set[int] = set()
        self._wrapped: dict[Any, tuple[Any, Any]] = {}

    def __enter__(self) -> Lift:
        self._before = {id(value) for value in list(self._namespace.values()) if isinstance(value, np.ndarray)}
        self._thread = threading.get_ident()
        return self

    def __exit__(self, *exc: object) -> None:
        self._thread = None
        self._wrapped.clear()

    def _active(self) -> bool:
        return self._thread == threading.get_ident()

    def block(self, value: Any) -> Any:
        """`value`, as a blocked array if it is a source; the same source gives the same array."""
        if type(value) in _PLAIN or not self._active() or not is_source(value):
            return value
        key = _identity(value)
        known = self._wrapped.get(key)
        if known is None:
            if not is_on_file(value) and id(value) not in self._before and not isinstance(value, np.memmap):
                if value.nbytes > self._new_bytes:
                    return value
                self._new_bytes -= value.nbytes
            known = self._wrapped[key] = (value, self._wrap(value))
        return known[1]

    def attribute(self, value: Any, name: str) -> Any:
        """``value.name``: the object's own attribute, unless a calculation means the blocked array's."""
        __tracebackhide__ = True
        if type(value) in _PLAIN or name.startswith("__") or not self._active() or not is_source(value):
            return getattr(value, name)
        if isinstance(value, np.ndarray):
            own = name in _ORIGINAL_ATTRIBUTES or not hasattr(self._blocked, name)
        else:
            own = name not in _BLOCKED_ATTRIBUTES and (hasattr(value, name) or not hasattr(self._blocked, name))
        return getattr(value if own else self.block(value), name)

    def function(self, function: Any) -> Any:
        """`function`, or one that takes blocked arrays if it calculates with its arguments."""
        if not self._active():
            return function
        if isinstance(function, type):
            return self._foreign(function)
        plain = function.__func__ if isinstance(function, MethodType) else function
        if isinstance(plain, FunctionType) and plain.__globals__ is self._namespace:
            # one defined in a %%blocked cell looks after its arguments itself
            own = HELPER in plain.__code__.co_names
            return function if own else _Changed(function, self.block, containers=False)
        home = getattr(function, "__module__", None)
        if not isinstance(home, str):  # a method of something built in
            return function
        if home == "builtins" and isinstance(function, BuiltinFunctionType) and function in _BUILTINS:
            return _Changed(function, self.block, containers=False)
        package, name = home.partition(".")[0], getattr(function, "__name__", "")
        if package in _TAKE_VALUES or home.startswith("numpy.ma"):
            return _Changed(function, self._value if name in _KEEP_STORED else self._told_value, containers=True)
        if isinstance(function, np.ufunc) or package in ("numpy", "nbarray"):
            if name in _TAKE_ORIGINAL:
                return _Changed(function, self._told, containers=False) if name in _MAKE_WHOLE else function
            return _Changed(function, self.block, containers=True)
        return self._foreign(function)

    def _foreign(self, function: Any) -> Any:
        """A function or class of other packages, or Python's: its arguments stay what they are, unless strict."""
        home = getattr(function, "__module__", None)
        packages = {"__main__", "builtins", *_TAKE_VALUES}
        other = isinstance(home, str) and home.partition(".")[0] not in packages
        if self._strict and (other or any(function is each for each in _ITERATING)):  # it may have no hash
            return _Changed(function, self.block, containers=True)
        return function

    def inplace(self, name: str, value: Any, other: Any) -> Any:
        """``value op= other`` for a name: an array in memory is changed, a name of an array on file is bound anew."""
        __tracebackhide__ = True
        change = getattr(operator, name)
        if type(value) in _PLAIN and type(other) in _PLAIN:
            return change(value, other)
        if isinstance(value, np.ndarray):
            return change(value, self._value(other))
        return change(self.block(value), self.block(other))

    def _told(self, value: Any) -> Any:
        if is_on_file(value):
            self._tell(tuple(value.shape), value.dtype.itemsize * math.prod(value.shape))
        return value

    def _told_value(self, value: Any) -> Any:
        return self._value(self._told(value))

    def _value(self, value: Any) -> Any:
        return self._compute(value) if isinstance(value, self._blocked) else value


def _identity(value: Any) -> Any:
    """What tells one source from another: netCDF4 variables also by how they decode, h5py's by what they open.

    Whoever asks keeps the source, so that its identity stays its own.
    """
    if isinstance(value, np.ndarray):
        return id(value)
    if hasattr(value, "set_auto_mask"):
        flags = tuple(getattr(value, flag, None) for flag in ("mask", "scale", "always_mask", "chartostring"))
        return (id(value), flags)
    if not type(value).__module__.startswith("h5py"):
        return id(value)
    return ("h5py", value)  # equal when they are the same dataset in the same open file
