"""`map_blocks` with a dtype that nobody gave: found out from the first real block."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nbarray.expr.node import Expr
from nbarray.ops.indexing import getitem
from nbarray.ops.mapping import map_blocks
from nbarray.session import compute

__all__ = ["dtype_of_first_block", "mapped"]

#: Options of dask that change no values: names of the operation, and a check that is always made.
UNUSED = ("name", "token", "enforce_ndim")


def mapped(function: Callable[..., Any], values: Sequence[Any], dtype: Any, options: dict[str, Any]) -> Expr:
    """A function of blocks as an expression; without a dtype it is called on the first blocks, now.

    options : chunks, drop_axis, new_axis, masked, meta, name and token as `nbarray.map_blocks` takes them; all else
        is for the function
    """
    keywords = dict(options)
    changes = {k: keywords.pop(k, None) for k in ("chunks", "drop_axis", "new_axis")}
    masked = keywords.pop("masked", None)
    meta = keywords.pop("meta", None)
    title = str(keywords.get("token") or keywords.get("name") or "")
    for name in UNUSED:
        keywords.pop(name, None)
    if dtype is None and meta is not None:
        dtype, masked = meta.dtype, isinstance(meta, np.ma.MaskedArray) if masked is None else masked

    def build(function: Callable[..., Any], dtype: Any, masked: bool | None) -> Expr:
        return map_blocks(function, values, dtype, **changes, keywords=keywords, masked=masked, title=title)

    if dtype is None:
        dtype, found_masked = dtype_of_first_block(function, build)
        masked = found_masked if masked is None else masked
    return build(function, dtype, masked)


def dtype_of_first_block(
    function: Callable[..., Any], build: Callable[[Callable[..., Any], Any, bool | None], Expr]
) -> tuple[np.dtype[Any], bool]:
    """Dtype and maskedness of what the function makes of the first blocks: real ones, never invented data.

    build : (function, dtype, masked) -> the expression that calls it
    """
    found: list[tuple[np.dtype[Any], bool]] = []

    def spy(*blocks: Any, **options: Any) -> Any:
        made = np.asanyarray(function(*blocks, **options))
        found.append((made.dtype, isinstance(made, np.ma.MaskedArray)))
        return made

    spy.__name__ = getattr(function, "__name__", type(function).__name__)
    spy.__signature__ = _signature(function)  # type: ignore[attr-defined]
    whole = build(spy, object, True)
    compute(getitem(whole, tuple(slice(0, axis.first(1)[0]) for axis in whole.chunks.axes)))
    return found[0]


def _signature(function: Callable[..., Any]) -> Any:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return inspect.Signature([inspect.Parameter("blocks", inspect.Parameter.VAR_POSITIONAL)])
