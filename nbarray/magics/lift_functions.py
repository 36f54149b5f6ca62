"""Functions of other cells, while a strict cell runs: what they use as an array is watched as in the cell itself.

A function that a plain cell defined may read a whole file that no argument names.  As long as a cell with
``--strict`` runs, such functions have the code that the same source gives in a ``%%blocked`` cell; then they get
their own back.  A function whose source is gone, or isn't what it was made of, stays as it is, and so does one that
numba compiles.
"""

from __future__ import annotations
import __future__

import ast
import contextlib
import gc
import linecache
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from nbarray.magics.lift_syntax import lift_code
from nbarray.magics.lift_values import HELPER

__all__ = ["lifted_functions"]

_FUTURES = __future__.annotations.compiler_flag  # the one that changes code to this day


@contextlib.contextmanager
def lifted_functions(namespace: dict[str, Any]) -> Iterator[bool]:
    """Functions made in `namespace` go through the helper until the end; gives whether there are any."""
    __tracebackhide__ = True
    kept = {id(_compiled(value)) for value in list(namespace.values())}
    referrers = gc.get_referrers(namespace)
    found = [f for f in referrers if type(f) is FunctionType and f.__globals__ is namespace and id(f) not in kept]
    files: dict[tuple[str, int], dict[CodeType, CodeType]] = {}
    own: list[tuple[FunctionType, CodeType]] = []
    try:
        for function in found:
            code = function.__code__
            key = (code.co_filename, code.co_flags & _FUTURES)
            if key not in files:
                files[key] = _lifted_codes(*key)
            new = files[key].get(code)
            if new is not None and new.co_freevars == code.co_freevars:
                own.append((function, code))
                function.__code__ = new
        yield bool(own)
    finally:
        for function, code in own:
            function.__code__ = code


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
    return {old: new for old, new in pairs if HELPER not in old.co_names}


def _inner(code: CodeType) -> Iterator[CodeType]:
    """The code of all that is defined in `code`, from outside to inside, in the order of the source."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _inner(constant)
