"""The tables of public names, of NumPy functions that have a blocked form, and of methods.

The families of functions fill them (`families` knows which there are); the package and `Array` read them.  That
is how the class and the functions can know each other without importing each other.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from nbarray.api.no_axes import with_no_axes
from nbarray.api.refused import REASONS
from nbarray.errors import DTypeError, NotBlocked, near_names

__all__ = [
    "ABOVE",
    "IMPLEMENTATIONS",
    "LATE",
    "METHODS",
    "PUBLIC",
    "UFUNC_METHODS",
    "blocked_form",
    "by_place",
    "enter_all",
    "implements",
    "is_method",
    "late",
    "public",
    "takes",
]

#: what floors above this one make, by name -> how to get at it; the package enters that
ABOVE: dict[str, Callable[[], Any]] = {}
#: NumPy's function -> ours
IMPLEMENTATIONS: dict[Any, Callable[..., Any]] = {}
#: module of NumPy that is loaded late -> enters the blocked forms of its functions
LATE: dict[Any, Callable[[], None]] = {}
#: name of a method of arrays -> what it does, given the array
METHODS: dict[str, Callable[..., Any]] = {}
#: name of a method of ufuncs, or "core" for ufuncs with core axes -> what it does, given the ufunc
UFUNC_METHODS: dict[str, Callable[..., Any]] = {}
#: public name -> function; the package exports all of them
PUBLIC: dict[str, Callable[..., Any]] = {}


#: reduction -> which keywords NumPy takes by their place as well, after `out`
_BY_PLACE = {
    **dict.fromkeys(("sum", "prod", "min", "max"), ("keepdims", "initial", "where")),
    **dict.fromkeys(("std", "var"), ("ddof", "keepdims")),
    **dict.fromkeys(("mean", "any", "all"), ("keepdims",)),
}

#: what else they take, by name
_OF_REDUCTIONS = ("axis", "dtype", "out", "keepdims", "where", "initial", "ddof", "correction", "mean")


def by_place(name: str, given: tuple[Any, ...], options: dict[str, Any]) -> dict[str, Any]:
    """The keywords of a reduction, with those that were given by their place.

    Raises DTypeError (a TypeError) for too many, and for those that no reduction has.
    """
    names = _BY_PLACE.get(name.removeprefix("nan"), ())
    if len(given) > len(names):
        raise DTypeError(f"{name}: {len(given) - len(names)} arguments too many; give them by their keywords")
    for option in options:
        if option not in _OF_REDUCTIONS:
            near = near_names(option, _OF_REDUCTIONS)
            raise DTypeError(f"{name}() got an unexpected keyword argument {option!r}; {near}")
    return dict(**dict(zip(names, given, strict=False)), **options)


def public(*numpy_functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Export a function by its name (less a closing underscore), as the blocked form of NumPy's functions, if any."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        name = function.__name__.rstrip("_")
        PUBLIC[name] = made = with_no_axes(name, function)
        IMPLEMENTATIONS.update(dict.fromkeys(numpy_functions, made))
        return made

    return enter


def takes(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a function take keywords that tell dask how its graphs are made or run: they are left out."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **options: Any) -> Any:
            for name in names:
                options.pop(name, None)
            return function(*args, **options)

        text, example, rest = (function.__doc__ or "").partition("\n\n    >>> ")
        own = inspect.signature(function)
        last = [p for p in own.parameters.values() if p.kind is p.VAR_KEYWORD]
        more = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None) for name in names]
        others = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
        call.__signature__ = own.replace(parameters=[*others, *more, *last])  # type: ignore[attr-defined]
        call.__doc__ = f"{text}\n\n    {', '.join(names)} : taken for dask's sake; nothing changes.{example}{rest}"
        return call

    return enter


def implements(*numpy_functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function into the table, as the blocked form of one of NumPy's or of several."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        first = numpy_functions[0]
        module = getattr(first, "__module__", None) or "numpy"
        made = with_no_axes(f"{module}.{first.__name__}".removeprefix("numpy."), function)
        IMPLEMENTATIONS.update(dict.fromkeys(numpy_functions, made))
        return made

    return enter


def late(*modules: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """What enters the forms of functions of modules that NumPy loads when they are used: done when one is called."""

    def enter(fill: Callable[[], None]) -> Callable[[], None]:
        LATE.update(dict.fromkeys(modules, fill))
        return fill

    return enter


def enter_all() -> None:
    """Fill the table with what would be entered late."""
    while LATE:
        LATE.popitem()[1]()


def is_method(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function that takes an array first a method of arrays."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        METHODS[name] = function
        return function

    return enter


def blocked_form(function: Any) -> Callable[..., Any]:
    """Our form of a NumPy function; raises NotBlocked (a TypeError) if there is none."""
    found = IMPLEMENTATIONS.get(function)
    if found is None and (fill := LATE.pop(getattr(function, "__module__", None), None)) is not None:
        fill()
        found = IMPLEMENTATIONS.get(function)
    if found is None:
        module = getattr(function, "__module__", "numpy") or "numpy"
        last = getattr(function, "__name__", function)
        name = f"{module.replace('numpy', 'np', 1)}.{last}"
        reason = REASONS.get(f"{module}.{last}")
        raise NotBlocked(
            f"{name} has no blocked form in nbarray{'' if reason is None else f' ({reason})'}, and is not run on the "
            f"whole array quietly; if the arguments fit into memory, ask for it: nb.eager({name})(x)"
        )
    return found
