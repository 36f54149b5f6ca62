"""How a function of ours gets the signature that the array API standard writes for it.

The standard fixes what may be given by position and what by name; ours take what NumPy takes.  So each name of the
standard is a row, its parameters as the standard writes them and the function that does it, and one wrapper.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from nbarray.errors import InputError

__all__ = ["check_device", "spelled"]


def check_device(device: Any) -> None:
    """There is one device: raises InputError for another."""
    if device not in (None, "cpu"):
        raise InputError(f"device={device!r}: blocked arrays are computed on 'cpu' only; give 'cpu' or None")


def spelled(name: str, parameters: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function under the standard's name, taking just these parameters; those given by name reach it by name."""
    signature = inspect.signature(eval(f"lambda {parameters}: None"))  # rows of this package only

    def standard(*args: Any, **options: Any) -> Any:
        if options.get("out", ...) is None:  # what NumPy's functions hand on to xarray, and xarray to its arrays
            del options["out"]
        bound = signature.bind(*args, **options)
        check_device(bound.kwargs.get("device"))
        named = {k: v for k, v in bound.kwargs.items() if k != "device"}
        return function(*bound.args, **named)

    standard.__name__ = standard.__qualname__ = name
    standard.__doc__ = f"The standard's `{name}`, of blocked arrays; see `nbarray.{function.__name__}`."
    standard.__signature__ = signature  # type: ignore[attr-defined]
    return standard
