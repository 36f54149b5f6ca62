"""The tables of public names, of NumPy functions that have a blocked form, and of methods.

The families of functions fill them (`families` knows which there are); the package and `Array` read them.  That
is how the class and the functions can know each other without importing each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbarray.errors import NotBlocked

__all__ = ["IMPLEMENTATIONS", "METHODS", "PUBLIC", "blocked_form", "implements", "is_method", "public"]

#: NumPy's function -> ours
IMPLEMENTATIONS: dict[Any, Callable[..., Any]] = {}
#: name of a method of arrays -> what it does, given the array
METHODS: dict[str, Callable[..., Any]] = {}
#: public name -> function; the package exports all of them
PUBLIC: dict[str, Callable[..., Any]] = {}


def public(*numpy_functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Export a function by its name (less a closing underscore), as the blocked form of NumPy's functions, if any."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        PUBLIC[function.__name__.rstrip("_")] = function
        return implements(*numpy_functions)(function)

    return enter


def implements(*numpy_functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function into the table."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        for f in numpy_functions:
            IMPLEMENTATIONS[f] = function
        return function

    return enter


def is_method(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function that takes an array first a method of arrays."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        METHODS[name] = function
        return function

    return enter


def blocked_form(function: Any) -> Callable[..., Any]:
    """Our form of a NumPy function; raises NotBlocked (a TypeError) if there is none."""
    found = IMPLEMENTATIONS.get(function)
    if found is None:
        module = getattr(function, "__module__", "numpy") or "numpy"
        name = f"{module.replace('numpy', 'np', 1)}.{getattr(function, '__name__', function)}"
        raise NotBlocked(
            f"{name} has no blocked form in nbarray, and is not run on the whole array quietly; "
            f"if the array fits into memory, compute it first: {name}(x.compute())"
        )
    return found
