"""How functions of ours that were made inside of functions get into another process.

`pickle` takes functions by name, and these have none. But their code has a place, in a module, in a function, so many
constants into it; and it goes with what the function holds. Callers' functions are left as they are, for `pickle` to
refuse and for `cloudpickle` to send.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from types import CellType, CodeType, FunctionType
from typing import Any

from nbarray.errors import InputError

__all__ = ["sendable"]

PACKAGE = __name__.partition(".")[0]


def sendable(value: Any) -> Any:
    """What `pickle` can take for a value, which arrives as the value: for a function of ours, and tuples of such."""
    if type(value) is tuple:
        return tuple(sendable(v) for v in value)
    if type(value) is not FunctionType or "<locals>" not in value.__qualname__:
        return value
    if (value.__module__ or "").partition(".")[0] != PACKAGE:
        return value
    if value.__code__.co_name != value.__qualname__.rpartition(".")[2]:
        return value
    path = _path_to(value.__code__, _outermost(value.__module__, value.__qualname__))
    return value if path is None else _Local(value, path)


class _Local:
    """A function that is inside of another while it is sent; it arrives as the function."""

    def __init__(self, function: FunctionType, path: tuple[int, ...]) -> None:
        self.function, self.path = function, path

    def __reduce__(self) -> Any:
        f = self.function
        held = tuple(sendable(cell.cell_contents) for cell in f.__closure__ or ())
        named = {k: sendable(v) for k, v in (f.__kwdefaults__ or {}).items()}
        return _made, (f.__module__, f.__qualname__, f.__name__, self.path, held, sendable(f.__defaults__), named)


def _made(module: str, qualname: str, name: str, path: tuple[int, ...], held: Any, defaults: Any, named: Any) -> Any:
    code: Any = _outermost(module, qualname)
    for k in path:
        constants = getattr(code, "co_consts", ())
        code = constants[k] if k < len(constants) else None
    if not isinstance(code, CodeType) or code.co_name != qualname.rpartition(".")[2]:
        raise InputError(f"{module}.{qualname} isn't there as it was sent: both sides need the same nbarray and Python")
    function = FunctionType(code, vars(import_module(module)), name, defaults, tuple(CellType(v) for v in held))
    function.__kwdefaults__, function.__qualname__ = named or None, qualname
    return function


def _outermost(module: str, qualname: str) -> CodeType | None:
    """The code of the function of a module inside of which another one is, if it can be found by name."""
    found: Any = import_module(module)
    for name in qualname.partition(".<locals>")[0].split("."):
        found = getattr(found, name, None)
    return getattr(inspect.unwrap(found), "__code__", None) if callable(found) else None


def _path_to(code: CodeType, outer: CodeType | None) -> tuple[int, ...] | None:
    for k, constant in enumerate(outer.co_consts if outer is not None else ()):
        if constant is code:
            return (k,)
        if isinstance(constant, CodeType) and (rest := _path_to(code, constant)) is not None:
            return (k, *rest)
    return None
