"""Computing several arrays together, wherever they lie in what Python holds them with."""

from __future__ import annotations

import copy
import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from nbarray.api.array import Array
from nbarray.api.dispatch import public, takes
from nbarray.errors import InputError
from nbarray.session import compute as compute_exprs

__all__ = ["compute"]


@public()
@takes("scheduler", "optimize_graph")
def compute(
    *arrays: Any, memory: int | str | None = None, workers: int | None = None, traverse: bool = True
) -> tuple[Any, ...]:
    """Compute several arrays together, so that what they share is read and computed once.

    What isn't a blocked array is handed on as it is; lists, tuples (named ones, too), sets, dictionaries and
    dataclasses come back with the values of the arrays in them, unless `traverse` is False.

    Raises InputError for a container that contains itself.

    Cost: one run: passes, memory and time as the plan tells; the results are held.

    >>> import nbarray as nb
    >>> x = nb.arange(5)
    >>> nb.compute(x.sum(), {"largest": x.max()})
    (np.int64(10), {'largest': np.int64(4)})
    """
    blocked: list[Array] = []

    def found(value: Array) -> Array:
        blocked.append(value)
        return value

    _within(arrays, found, traverse)
    exprs, forms = [x.expr for x in blocked], [x.form for x in blocked]
    values = iter(compute_exprs(*exprs, memory=memory, workers=workers, forms=forms) if blocked else ())
    made: tuple[Any, ...] = _within(arrays, lambda _: next(values), traverse)
    return made


def _within(value: Any, change: Callable[[Array], Any], deeper: bool, around: tuple[int, ...] = ()) -> Any:
    """A container with its blocked arrays changed, one after the other, in it and, for `deeper`, in what it holds.

    around : the identities of the containers that it lies in
    """
    if isinstance(value, Array):
        return change(value)
    if around and not deeper:
        return value
    made = _maker(value)
    if made is None:
        return value
    if id(value) in around:
        raise InputError(
            f"compute: a {type(value).__name__} that contains itself, which has no end; give compute the arrays in it"
        )
    inside = (*around, id(value))
    parts, rebuild = made
    return rebuild([_within(part, change, deeper, inside) for part in parts])


def _maker(value: Any) -> tuple[Iterable[Any], Callable[[list[Any]], Any]] | None:
    """What a container holds, and how one of its kind is made of other parts; None for anything else."""
    kind = type(value)
    if kind in (list, tuple, set):
        return value, kind
    if kind in (dict, OrderedDict):
        return value.values(), lambda parts: kind(zip(value, parts, strict=True))
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return value, lambda parts: kind(*parts)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in dataclasses.fields(value) if hasattr(value, f.name)]
        return [getattr(value, name) for name in names], lambda parts: _with_fields(value, names, parts)
    return None


def _with_fields(value: Any, names: list[str], parts: list[Any]) -> Any:
    """A copy of a dataclass with other fields, also where it is frozen; the object itself where they are the same."""
    if all(getattr(value, name) is part for name, part in zip(names, parts, strict=True)):
        return value
    made = copy.copy(value)
    for name, part in zip(names, parts, strict=True):
        object.__setattr__(made, name, part)
    return made
