"""Functions of cells change between the code their source gives as it stands and in a ``%%blocked`` cell.

A function that a plain cell defined may read a whole file that no argument names.  As long as a cell with ``--strict``
runs, such functions have the code that the same source gives in a ``%%blocked`` cell; then they get their own back.
And when the extension is unloaded, functions of ``%%blocked`` cells get plain code, so that nothing needs the helper.
A function whose source is gone, or isn't what it was made of, stays as it is, and so does one that numba compiles.
"""

from __future__ import annotations
import __future__

import ast
import contextlib
import gc
import linecache
import sys
from collections.abc import Iterator
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, FunctionType, GeneratorType
from typing import Any

from nbarray.magics.lift_syntax import lift_code
from nbarray.magics.lift_values import HELPER

__all__ = ["lifted_functions", "remove_helper"]

_FUTURES = __future__.annotations.compiler_flag  # the one that changes code to this day


@contextlib.contextmanager
def lifted_functions(namespace: dict[str, Any]) -> Iterator[bool]:
    """Functions made in `namespace` go through the helper until the end; gives whether there are any."""
    __tracebackhide__ = True
    own: list[tuple[FunctionType, CodeType]] = []
    try:
        for function, new in _other_codes(namespace, lifted=True):
            own.append((function, function.__code__))
            function.__code__ = new
        yield bool(own)
    finally:
        for function, code in own:
            function.__code__ = code


def remove_helper(namespace: dict[str, Any]) -> None:
    """Give functions made in `namespace` plain code, and take the helper away, unless something still goes through it.

    That is a function whose source is gone, a generator that was begun, and what runs in another thread.
    """
    for function, plain in _other_codes(namespace, lifted=False):
        function.__code__ = plain
    needed = any(_names_helper(function.__code__) for function in _functions(namespace))
    if not needed and not any(_names_helper(f.f_code) for f in _frames() if f.f_globals is namespace):
        namespace.pop(HELPER, None)


def _functions(namespace: dict[str, Any]) -> list[FunctionType]:
    """Those made in `namespace`, wherever they are kept."""
    return [f for f in gc.get_referrers(namespace) if type(f) is FunctionType and f.__globals__ is namespace]


def _other_codes(namespace: dict[str, Any], *, lifted: bool) -> list[tuple[FunctionType, CodeType]]:
    """The functions made in `namespace` that have plain code, each with its lifted one; or the other way round."""
    files: dict[tuple[str, int], dict[CodeType, CodeType]] = {}
    found = []
    kept = {id(_compiled(value)) for value in list(namespace.values())} if lifted else ()
    for function in _functions(namespace):
        code = function.__code__
        key = (code.co_filename, code.co_flags & _FUTURES)
        if _names_helper(code) != lifted and id(function) not in kept:
            if key not in files:
                codes = _lifted_codes(*key)
                files[key] = codes if lifted else {new: old for old, new in codes.items()}
            new = files[key].get(code)
            if new is not None and new.co_freevars == code.co_freevars:
                found.append((function, new))
    return found


def _names_helper(code: CodeType) -> bool:
    return any(HELPER in each.co_names for each in (code, *_inner(code)))


def _frames() -> Iterator[FrameType]:
    """Of all that runs, and of all that has begun and waits."""
    for frame in sys._current_frames().values():
        outer: FrameType | None = frame
        while outer is not None:
            yield outer
            outer = outer.f_back
    for each in gc.get_objects():
        kind = type(each)
        waits = (
            each.gi_frame if kind is GeneratorType
            else each.cr_frame if kind is CoroutineType
            else each.ag_frame if kind is AsyncGeneratorType
            else None
        )  # fmt: skip
        if waits is not None:
            yield waits


def _compiled(value: Any) -> Any:
    """The function that numba reads when it compiles `value` for arguments of another type; None for anything else."""
    if not type(value).__module__.startswith("numba."):
        return None
    return getattr(getattr(value, "_dispatcher", value), "py_func", None)


def _lifted_codes(name: str, flags: int) -> dict[CodeType, CodeType]:
    """For the code of each function that the source called `name` defines, its code with array uses lifted."""
    source = "".join(linecache.getlines(name))
    flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        plain, lifted = (ast.parse(source, filename=name) for _ in range(2))
        codes = [compile(tree, name, "exec", flags, dont_inherit=True) for tree in (plain, lift_code(lifted))]
    except (SyntaxError, ValueError):  # not what Python compiled: it had been transformed, or was no Python
        return {}
    pairs = zip(*map(_inner, codes), strict=True)
    return dict(pairs)


def _inner(code: CodeType) -> Iterator[CodeType]:
    """The code of all that is defined in `code`, from outside to inside, in the order of the source."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inner(constant)
