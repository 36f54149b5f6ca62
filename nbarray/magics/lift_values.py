"""What the code of a ``%%blocked`` cell does at run time instead of plain Python.

`lift_syntax` turns the expressions of a cell into calls of the `Lift` below.  Names keep holding the
user's own objects, so ``var.units``, ``arr[0] = 1``, ``del``, ``with`` and other packages' functions
see what they always saw.  A source (see `sources`) becomes a blocked array only where it is *used as an
array*: as an operand, when sliced, as an argument of NumPy, nbarray or the user's own functions, when a
method is called that only arrays have, and as the cell's value.  This file knows neither syntax nor
IPython; what a blocked array is, it is told.
"""

from __future__ import annotations

import functools
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

# Of these, the ones that copy an array in memory too.
_COPY = frozenset({"array", "copy"})
# Methods of stored arrays that read all of them, and where among their arguments a selection stands that reads less.
_READ_WHOLE = {
    "__array__": None, "get_basic_selection": (0, "selection"), "get_orthogonal_selection": (0, "selection"),
    "read_direct": (1, "source_sel"),
}  # fmt: skip
# Methods of a memory map that read all of it into memory.
_COPY_WHOLE = frozenset({"copy", "tobytes", "tolist"})

# Attributes of an in-memory array that mean that very array, its memory or its bytes.
_ORIGINAL_ATTRIBUTES = frozenset(
    {
        "base", "copy", "ctypes", "data", "dtype", "fill", "flags", "flush", "item", "itemsize", "mask", "nbytes",
        "ndim", "put", "setflags", "shape", "size", "sort", "strides", "tobytes", "tofile", "tolist", "view",
    }
)  # fmt: skip
# Attributes that on-file objects have too, but where a calculation means the blocked array's.
_BLOCKED_ATTRIBUTES = frozenset({"astype", "oindex", "vindex"})


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


class _Filled:
    """An array that something is assigned into; `tell` is told of what, before."""

    __slots__ = ("_owner", "_tell")

    def __init__(self, owner: Any, tell: Callable[[Any], Any]) -> None:
        self._owner, self._tell = owner, tell

    def __setitem__(self, index: Any, value: Any) -> None:
        __tracebackhide__ = True
        self._tell(value)
        self._owner[index] = value


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
    local : what else the code sees, of a function in which it stands
    takes_part : whether another thread belongs to the cell, asked in that thread; none does by default

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
        local: dict[str, Any] | None = None,
        takes_part: Callable[[], bool] | None = None,
    ) -> None:
        self._wrap, self._blocked, self._compute = wrap, blocked, compute
        self._namespace, self._tell = namespace, tell
        self._thread: int | None = None
        self._takes_part = takes_part
        self._new_bytes, self._strict = new_bytes, strict
        self._before: set[int] = set()
        self._local = local or {}
        self._wrapped: dict[Any, tuple[Any, Any]] = {}

    def __enter__(self) -> Lift:
        seen = [*self._namespace.values(), *self._local.values()]
        self._before = {id(value) for value in seen if isinstance(value, np.ndarray)}
        self._thread = threading.get_ident()
        return self

    def __exit__(self, *exc: object) -> None:
        self._thread = None
        self._wrapped.clear()
        self._local = {}

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return _asleep, ()  # a function of the cell in another process

    def _active(self) -> bool:
        if self._thread == threading.get_ident():
            return True
        return self._takes_part is not None and self._thread is not None and self._takes_part()

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
        if type(value) in _PLAIN or (name.startswith("__") and name not in _READ_WHOLE):
            return getattr(value, name)
        if not self._active() or not is_source(value):
            return getattr(value, name)
        if name in _COPY_WHOLE if isinstance(value, np.memmap) else name in _READ_WHOLE and is_on_file(value):
            return self._reading(value, name)
        if name.startswith("__"):
            return getattr(value, name)
        if isinstance(value, np.ndarray):
            own = name in _ORIGINAL_ATTRIBUTES or not hasattr(self._blocked, name)
        else:
            own = name not in _BLOCKED_ATTRIBUTES and (hasattr(value, name) or not hasattr(self._blocked, name))
        return getattr(value if own else self.block(value), name)

    def _reading(self, value: Any, name: str) -> Callable[..., Any]:
        """A method that reads all of `value`, or what a selection among its arguments says."""
        method, place = getattr(value, name), _READ_WHOLE.get(name)

        @functools.wraps(method)
        def read(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            position, keyword = place or (len(args), "")
            selection = kwargs.get(keyword, args[position] if position < len(args) else ...)
            if selection is None or self._selects_all(value, selection):
                self._tell(tuple(value.shape), value.dtype.itemsize * math.prod(value.shape))
            return method(*args, **kwargs)

        return read

    def _selects_all(self, value: Any, selection: Any) -> bool:
        if selection is ...:
            return True
        try:
            return bool(self.block(value)[selection].shape == value.shape)
        except Exception:  # whoever reads it says what is wrong
            return False

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
            if name in _COPY and package == "numpy":
                return self._copying(function)
            if name in _TAKE_ORIGINAL:
                return _Changed(function, self._told, containers=False) if name in _MAKE_WHOLE else function
            return _Changed(function, self.block, containers=True)
        return self._foreign(function)

    def _copying(self, function: Any) -> Callable[..., Any]:
        """NumPy's `array` or `copy`, told of; of a memory map too, unless it shall be used as it is."""

        def copy(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            change = self._told_copy if kwargs.get("copy", True) else self._told
            return _Changed(function, change, containers=False)(*args, **kwargs)

        return copy

    def _foreign(self, function: Any) -> Any:
        """A function or class of other packages, or Python's: its arguments stay what they are, unless strict.

        So do those of the user's classes, and objects that can be called, except for those defined in such a cell,
        which look after their arguments themselves.
        """
        home = getattr(function, "__module__", None)
        packages = {"builtins", *_TAKE_VALUES}
        other = isinstance(home, str) and home.partition(".")[0] not in packages and not _is_lifted(function)
        if function is bytes or function is bytearray:
            return _Changed(function, self._told_copy, containers=False)
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
            return change(value, self._whole(other))
        return change(self.block(value), self.block(other))

    def filled(self, owner: Any) -> Any:
        """What something is assigned into: an array makes ``owner[...] = value`` read a value on file whole."""
        if self._active() and (isinstance(owner, np.ndarray) or is_on_file(owner)):
            return _Filled(owner, self._told)
        return owner

    def taken(self, value: Any, held: Any, *key: Any) -> Any:
        """The value of ``held[...] += value`` or ``owner.held += value``: an array in memory needs values."""
        __tracebackhide__ = True
        if key and isinstance(held, dict):
            held = held.get(*key)
        return self._whole(value) if self._active() and isinstance(held, np.ndarray) else value

    def _whole(self, value: Any) -> Any:
        return self._told_value(self.block(value) if is_on_file(value) else value)

    def _told(self, value: Any) -> Any:
        if is_on_file(value):
            self._tell(tuple(value.shape), value.dtype.itemsize * math.prod(value.shape))
        return value

    def _told_copy(self, value: Any) -> Any:
        if isinstance(value, np.memmap) and is_source(value):
            self._tell(value.shape, value.nbytes)
        return self._told(value)

    def _told_value(self, value: Any) -> Any:
        return self._value(self._told(value))

    def _value(self, value: Any) -> Any:
        return self._compute(value) if isinstance(value, self._blocked) else value


def _same(value: Any) -> Any:
    return value


def _asleep() -> Lift:
    """One that hands everything through."""
    return Lift(_same, Lift, _same, {})


def _is_lifted(function: Any) -> bool:
    """Whether a class, or that of an object, has methods that were defined in such a cell; or it wraps a function."""
    wrapped = getattr(function, "__wrapped__", None)
    if isinstance(wrapped, FunctionType) and HELPER in wrapped.__code__.co_names:
        return True  # lru_cache looks its arguments up
    cls = function if isinstance(function, type) else type(function)
    methods = [getattr(method, "__func__", method) for c in cls.__mro__ for method in vars(c).values()]
    return any(isinstance(m, FunctionType) and HELPER in m.__code__.co_names for m in methods)


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
