"""The stated way out for what has no blocked form: compute the arguments, call NumPy.

What is held whole in memory is said before anything is read, and nothing is read that doesn't fit into the budget.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from nbarray.api.array import Array
from nbarray.api.computing import compute
from nbarray.api.dispatch import public
from nbarray.errors import BudgetError, EagerWarning
from nbarray.session import limits
from nbarray.units import format_bytes

__all__ = ["eager"]


@public()
def eager(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that computes its blocked arguments, all together, and then calls `function` with NumPy arrays.

    function : NumPy's or any other; blocked arrays may lie in lists, tuples and dictionaries of its arguments

    Returns what `function` returns.  Before anything is read, warns (EagerWarning) how many bytes the arguments take;
    raises BudgetError if that is more than the budget.

    Cost: all of the arguments in memory; what the function itself needs on top of it, nobody knows.

    >>> import numpy as np, nbarray as nb, warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore", nb.errors.EagerWarning)
    ...     nb.eager(np.roots)(nb.asarray([1, 0, -1]))
    array([-1.,  1.])
    """

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        arrays = {id(a): a for a in _arrays((args, options))}
        if not arrays:
            return function(*args, **options)
        _announce(getattr(function, "__name__", repr(function)), list(arrays.values()))
        values = dict(zip(arrays, compute(*arrays.values()), strict=True))
        return function(*_replaced(args, values), **_replaced(options, values))

    return call


def _arrays(value: Any) -> Iterator[Array]:
    if isinstance(value, Array):
        yield value
    elif isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _arrays(part)


def _replaced(value: Any, values: dict[int, Any]) -> Any:
    if isinstance(value, Array):
        return values[id(value)]
    if isinstance(value, dict):
        return {k: _replaced(v, values) for k, v in value.items()}
    if isinstance(value, list | tuple) and any(True for _ in _arrays(value)):
        return type(value)(_replaced(v, values) for v in value)
    return value


def _announce(name: str, arrays: list[Array]) -> None:
    needed, (budget, _) = sum(a.nbytes for a in arrays), limits()
    what = f"{name}: {len(arrays)} blocked argument{'s' if len(arrays) > 1 else ''}, {format_bytes(needed)} whole"
    if needed > budget:
        raise BudgetError(
            f"{what}, but the budget is {format_bytes(budget)}; reduce or slice them first, or raise the budget with "
            f'nb.config(memory="{format_bytes(needed).replace(" ", "")}")'
        )
    warnings.warn(f"{what}, computed into memory first", EagerWarning, stacklevel=3)
