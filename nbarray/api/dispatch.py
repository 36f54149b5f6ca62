"""The table of NumPy functions that have a blocked form, and what is said of those that haven't.

`functions` fills it; `Array` reads it.  That is how the class and the functions can know each other
without importing each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbarray.errors import NotBlocked

__all__ = ["IMPLEMENTATIONS", "METHODS", "blocked_form", "implements", "is_method"]

#: NumPy's function -> ours
IMPLEMENTATIONS: dict[Any, Callable[..., Any]] = {}
#: name of a method of arrays that NumPy has no function for -> what it does, given the array
METHODS: dict[str, Callable[..., Any]] = {}


def implements(*numpy_functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function into the table."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        for f in numpy_functions:
            IMPLEMENTATIONS[f] = function
        return function

    return enter


def is_method(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function into the table of methods."""

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
