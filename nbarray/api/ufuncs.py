"""What NumPy's ufuncs and their methods do to blocked arrays, besides calling them element by element."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from nbarray.api.array import apply
from nbarray.api.dispatch import UFUNC_METHODS
from nbarray.api.gufunc import apply_gufunc
from nbarray.errors import NotBlocked
from nbarray.ops import ufuncs

__all__: list[str] = []


def _at(function: np.ufunc, *args: Any, **options: Any) -> NoReturn:
    raise NotBlocked(
        f"np.{function.__name__}.at changes elements one after the other, which has no blocked form; "
        "count or add up with nb.bincount(indices, weights), or compute first"
    )


def _core(function: np.ufunc, *args: Any, **options: Any) -> Any:
    """A ufunc with core axes, such as those that numba makes."""
    kept = {k: v for k, v in options.items() if k in ("axis", "axes", "keepdims")}
    given = {k: v for k, v in options.items() if k not in kept}
    return apply_gufunc(function, function.signature, *args, **kept, **given)


UFUNC_METHODS.update(
    reduce=lambda function, *args, **options: apply(ufuncs.reduce, function, *args, **options),
    accumulate=lambda function, *args, **options: apply(ufuncs.accumulate, function, *args, **options),
    reduceat=lambda function, *args, **options: apply(ufuncs.reduceat, function, *args, **options),
    outer=lambda function, *args, **options: apply(ufuncs.outer, function, *args, **options),
    at=_at,
    core=_core,
)
