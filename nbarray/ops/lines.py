"""Functions of whole lines along axes, and what all that need them have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbarray.config import current
from nbarray.errors import DTypeError, IndexingError, InputError, NotBlocked
from nbarray.expr.blocks import UserFunction, held_once
from nbarray.expr.node import Expr
from nbarray.expr.summaries import MapLines

__all__ = ["MOST_LINES", "asked_of_numpy", "is_empty", "line_room", "map_lines", "refuse_masked"]

#: So many lines that are longer than a block are treated one by one.
MOST_LINES = 1024
#: A block of lines takes at most this share of the budget.
BUDGET_SHARE = 32


def line_room(dtype: np.dtype[Any]) -> int:
    """How many elements a line may have that a task treats whole."""
    settings = current()
    return max(1, min(settings.chunk_bytes, settings.budget_bytes() // BUDGET_SHARE) // max(1, dtype.itemsize))


def map_lines(
    name: str,
    function: Callable[..., Any],
    args: Sequence[Expr],
    axes: tuple[int, ...],
    sizes: tuple[int, ...],
    dtype: Any,
    masked: bool = False,
    extras: Sequence[Expr] = (),
    copies: int = 3,
) -> Expr:
    """`function` of blocks that are whole along `axes`, where its result is of `sizes`, and of whole `extras`.

    copies : what it takes besides its block and its result, in blocks
    """
    held = held_once(UserFunction(function, {}, False, False, masked, copies=copies, ours=name))
    return MapLines(held, tuple(args), axes, sizes, np.dtype(dtype), tuple(extras))


def asked_of_numpy(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """What NumPy says to arguments that hold no data: a dtype, a result of nothing, or its error as one of ours."""
    try:
        with np.errstate(all="ignore"):
            return function(*args, **options)
    except TypeError as error:
        raise DTypeError(str(error)) from None
    except ValueError as error:
        raise InputError(str(error)) from None
    except IndexError as error:
        raise IndexingError(str(error)) from None


def refuse_masked(name: str, *arrays: Expr) -> None:
    """Raises NotBlocked for masked arrays."""
    if any(a.masked for a in arrays):
        raise NotBlocked(
            f"{name} of masked arrays has no blocked form (NumPy's looks behind the masks); leave masked elements out "
            "with x.compressed(), or give them a value with x.filled(value)"
        )


def is_empty(x: Expr) -> bool:
    """Whether there are no elements."""
    return math.prod(x.sizes) == 0
