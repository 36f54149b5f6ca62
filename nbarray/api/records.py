"""Structured arrays: fields dropped, renamed, appended, and made axes of."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply
from nbarray.api.creation import asarray
from nbarray.api.dispatch import PUBLIC, implements, late
from nbarray.errors import DTypeError, InputError
from nbarray.expr.node import Expr
from nbarray.grid.chunks import Chunks, regular
from nbarray.ops.mapping import map_blocks
from nbarray.ops.tasks import of_blocks

__all__ = ["append_fields", "apply_along_fields", "structured_to_unstructured", "unstructured_to_structured"]


def _by_fields(numpy_function: Any, *ignored: str) -> None:
    """A function that makes other records of records, element by element."""
    function = numpy_function.__wrapped__

    def blocked(base: Any, *args: Any, **options: Any) -> Any:
        x = asarray(base)
        options = {k: v for k, v in options.items() if k not in ignored}
        sample = function(np.empty(0, x.dtype), *args, **options)
        if sample is None:
            return None

        def of_block(block: Any) -> Any:
            return np.asarray(function(block, *args, **options))

        of_block.__name__ = function.__name__
        return apply(lambda e: map_blocks(of_block, [e], sample.dtype), x)

    implements(numpy_function)(blocked)


def structured_to_unstructured(arr: Any, dtype: Any = None, copy: bool = False, casting: str = "unsafe") -> Array:
    """Fields as one more axis, the last."""
    x, function = asarray(arr), _original("structured_to_unstructured")
    options = {"dtype": dtype, "casting": casting}
    sample = function(np.empty(0, x.dtype), **options)
    return apply(_with_last_axis, x, lambda block: function(block, **options), sample.shape[-1], sample.dtype)


def _original(name: str) -> Callable[..., Any]:
    """NumPy's function, which is loaded by now, without the question whether somebody else has a form of it."""
    found: Callable[..., Any] = getattr(importlib.import_module("numpy.lib.recfunctions"), name).__wrapped__
    return found


def _with_last_axis(x: Expr, function: Callable[..., Any], size: int, dtype: np.dtype[Any]) -> Expr:
    made = Chunks((*x.chunks.axes, regular(size, max(1, size))))
    function.__name__ = "structured_to_unstructured"
    return of_blocks(function, [(x, x.chunks)], made, (*range(x.ndim), -1), dtype)


def unstructured_to_structured(
    arr: Any, dtype: Any = None, names: Any = None, align: bool = False, copy: bool = False, casting: str = "unsafe"
) -> Array:
    """The last axis as fields."""
    x, function = asarray(arr), _original("unstructured_to_structured")
    if not x.ndim:
        raise InputError("unstructured_to_structured: arr must have at least one dimension")
    options = {"dtype": dtype, "names": names, "align": align, "casting": casting}
    kind = function(np.empty((0, x.shape[-1]), x.dtype), **options).dtype
    return apply(_without_last_axis, x, lambda block: function(block, **options), kind)


def _without_last_axis(x: Expr, function: Callable[..., Any], dtype: np.dtype[Any]) -> Expr:
    made = Chunks(x.chunks.axes[:-1])
    held = Chunks((*made.axes, regular(x.sizes[-1], max(1, x.sizes[-1]))))
    function.__name__ = "unstructured_to_structured"
    return of_blocks(function, [(x, held)], made, range(x.ndim - 1), dtype)


def apply_along_fields(func: Callable[..., Any], arr: Any) -> Array:
    """A function over the fields of each record, which takes them as the last axis (axis=-1)."""
    fields = structured_to_unstructured(arr)
    made = PUBLIC["map_blocks"](lambda block: func(block, axis=-1), fields.rechunk({-1: -1}), drop_axis=-1)
    return made if isinstance(made, Array) else asarray(made)


def append_fields(
    base: Any,
    names: Any,
    data: Any,
    dtypes: Any = None,
    fill_value: int = -1,
    usemask: bool = True,
    asrecarray: bool = False,
) -> Array:
    """Records with more fields; as long as the records are, and without a mask (``usemask=False``)."""
    if usemask or asrecarray:
        raise DTypeError("append_fields: blocked records have no masks, and are no recarrays; say usemask=False")
    x = asarray(base)
    labels = [names] if isinstance(names, str) else list(names)
    columns = [asarray(d) for d in ([data] if isinstance(names, str) else data)]
    if len(labels) != len(columns):
        raise InputError(f"append_fields: {len(labels)} names for {len(columns)} arrays")
    if any(c.shape != x.shape for c in columns):
        raise InputError(f"append_fields: expected arrays of shape {x.shape}, as the records have")
    given = [None] * len(columns) if dtypes is None else dtypes if isinstance(dtypes, list | tuple) else [dtypes]
    kinds = [c.dtype if d is None else np.dtype(d) for c, d in zip(columns, given, strict=True)]
    own = [(n, x.dtype[n]) for n in x.dtype.names or ()]
    kind = np.dtype([*own, *zip(labels, kinds, strict=True)])

    def append(block: Any, *more: Any) -> Any:
        made = np.empty(block.shape, kind)
        for name, _ in own:
            made[name] = block[name]
        for name, values in zip(labels, more, strict=True):
            made[name] = values
        return made

    return apply(lambda *parts: map_blocks(append, list(parts), kind), x, *columns)


@late("numpy.lib.recfunctions")
def _enter() -> None:
    functions = importlib.import_module("numpy.lib.recfunctions")
    for name in ("drop_fields", "rename_fields", "repack_fields", "require_fields"):
        _by_fields(getattr(functions, name), "usemask", "asrecarray")
    for ours in (structured_to_unstructured, unstructured_to_structured, apply_along_fields, append_fields):
        implements(getattr(functions, ours.__name__))(ours)
