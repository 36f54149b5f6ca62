"""Assigning: ``x[index] = value``, ``x += y``, and ``out=``.

An array is a handle on an expression, and assigning lets it hold another one.  So all that hold the same handle see
the change, as in NumPy; but there are no views: what was made of an array before stays what it was.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from nbarray.api.array import Array, apply, as_index, unwrap
from nbarray.api.conversions import values_of
from nbarray.api.creation import asarray
from nbarray.api.dispatch import METHODS, is_method
from nbarray.errors import BroadcastError, DTypeError, IndexingError, InputError, NotBlocked
from nbarray.expr.node import remember_place
from nbarray.ops import assigning, elementwise, indexing, shaping
from nbarray.provenance import caller
from nbarray.session import Form

__all__ = ["changeable", "hold", "outs_apart", "setitem", "store_into", "store_reduced", "with_out"]


def hold(x: Array, made: Array, form: Form | None = None) -> Array:
    """Let a handle hold what another holds; without axes in the form it has, or in another."""
    remember_place(made.expr, caller(), written=True)
    x.become(made.expr, form)
    return x


def changeable(name: str, a: Any) -> Array:
    """The handle that a function is to change.  Raises NotBlocked for anything else."""
    if not isinstance(a, Array):
        raise NotBlocked(
            f"{name}: expected a blocked array to change, not {type(a).__name__}; a NumPy array can be changed by "
            f"np.{name} itself, with computed values"
        )
    return a


@is_method("__setitem__")
def setitem(x: Array, index: Any, value: Any) -> None:
    """``x[index] = value``, for every index that NumPy takes; the handle then holds the changed array.

    The index may hold blocked arrays: a mask alone stays blocked, unless values differ from point to point, which
    takes a pass to count it; positions, and masks beside other indices, are computed.  Costs a copy of the blocks
    that are computed later; nothing is read now.

    Values with a mask give one to an array that has none, as in `numpy.ma`; NumPy would take what the mask hides.
    NumPy's scalars can't be assigned to; here such an ``x[0]`` is an array from then on.

    Raises IndexingError, BroadcastError, DTypeError, InputError as NumPy does.
    """
    alone = index[0] if isinstance(index, tuple) and len(index) == 1 else index
    if isinstance(alone, Array) and alone.dtype.kind == "b" and 0 not in alone.expr.sizes:
        hold(x, _by_mask(x, alone, value), Form.ARRAY)
        return
    if isinstance(alone, Array):
        index = (values_of(alone),)
    elif isinstance(index, tuple):
        index = tuple(values_of(i) if isinstance(i, Array) else i for i in index)
    hold(x, apply(lambda a, v: assigning.assign(a, as_index(index), v), x, _as_array(value)), Form.ARRAY)


def _by_mask(x: Array, mask: Array, value: Any) -> Array:
    value = _as_array(value)
    rest = x.ndim - mask.ndim
    if rest < 0:
        raise IndexingError(f"too many indices for array: array is {x.ndim}-dimensional, but {mask.ndim} were indexed")
    if np.ndim(value) <= rest or (np.ndim(value) == rest + 1 and np.shape(value)[0] == 1):
        made: Array = apply(assigning.assign, x, mask, value)
        return made
    apply(indexing.check_mask, x, mask)
    count = int(mask.sum().compute())
    made = apply(assigning.one_after_the_other, x, mask, value, count)
    return made


def _as_array(value: Any) -> Any:
    """A value that has a shape; lists may hold blocked arrays."""
    if isinstance(value, list | tuple):
        held = unwrap(value)
        return asarray(value) if held is not value and _holds_blocked(value) else value
    return value


def _holds_blocked(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_holds_blocked(v) for v in value)
    return isinstance(value, Array)


def store_into(out: Any, result: Any, where: Any = True, casting: str = "same_kind") -> Any:
    """Give a result to the handle `out`, where `where` is True; it has to fit, and its dtype stays.

    Raises BroadcastError, DTypeError as NumPy does.
    """
    if not isinstance(out, Array):
        raise NotBlocked("out= (and in-place work on a NumPy array) needs the values; compute first")
    target = out
    result = asarray(result)
    if not np.can_cast(result.dtype, target.dtype, casting):  # type: ignore[arg-type]
        raise DTypeError(
            f"out=: values of {result.dtype} can't be cast to {target.dtype} with casting rule {casting!r}; give an "
            "array of another dtype"
        )
    if result.shape != target.shape:
        try:
            fits = np.broadcast_shapes(result.shape, target.shape) == target.shape
        except ValueError:
            fits = False
        if not fits:
            raise BroadcastError(
                f"non-broadcastable output operand with shape {target.shape} doesn't match the broadcast shape "
                f"{result.shape}"
            )
        result = apply(shaping.broadcast_to, result, target.shape)
    result = apply(elementwise.astype, result, target.dtype)  # before choosing, as what stays keeps its bits
    if where is not True:
        result = apply(elementwise.where, where, result, target)  # which is of native byte order
    return hold(target, apply(elementwise.astype, result, target.dtype))


@is_method("_receive")
def receive(x: Array, result: Any) -> Array:
    """Be the ``out=`` of a function of elements."""
    stored: Array = store_into(x, result)
    return stored


def store_reduced(out: Any, result: Array) -> Array:
    """Be the ``out=`` of a reduction, which isn't spread; of dates too, for truth.  Raises BroadcastError."""
    if isinstance(out, Array) and out.shape != result.shape:
        raise BroadcastError(
            f"out=: an array of shape {out.shape} for a result of shape {result.shape}; they have to agree"
        )
    stored: Array = store_into(out, result, casting="unsafe" if result.dtype.kind == "b" else "same_kind")
    return stored


METHODS["_receive_reduced"] = store_reduced


def outs_apart(
    function: np.ufunc, args: tuple[Any, ...], options: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The values a ufunc is called with, and its options, with what stands behind the values as ``out=``.

    Raises DTypeError or InputError for too few, too many, or what is given both ways, as NumPy does.
    """
    values, outs = args[: function.nin], args[function.nin :]
    name = function.__name__
    if len(values) < function.nin or len(outs) > function.nout:
        raise DTypeError(
            f"{name}() takes from {function.nin} to {function.nargs} positional arguments but {len(args)} were given"
        )
    given = options.get("out")
    if outs and "out" in options:
        raise DTypeError(f"{name}: cannot specify 'out' as both a positional and keyword argument")
    if isinstance(given, tuple) and len(given) != function.nout:
        raise InputError(f"{name}: The 'out' tuple must have exactly one entry per ufunc output")
    if given is not None and not isinstance(given, tuple) and function.nout > 1:
        raise DTypeError(f"{name}: 'out' must be a tuple of arrays")
    return values, {**options, "out": (*outs, *[None] * (function.nout - len(outs)))} if outs else options


def with_out(call: Callable[..., Any], options: dict[str, Any], masks: bool) -> Any:
    """Call a function with its options, but give what it makes to the handles in ``out=``.

    masks : ``where=`` says which elements of them change, and isn't the function's own business
    """
    given = options.pop("out", None)
    outs = given if isinstance(given, tuple) else (given,)
    if all(o is None for o in outs):
        return call(**options)
    where = options.pop("where", True) if masks else True
    made = call(**options)
    results = made if isinstance(made, tuple) else (made,)
    casting = options.get("casting", "same_kind")
    outs = (*outs, *[None] * (len(results) - len(outs)))
    stored = tuple(r if o is None else store_into(o, r, where, casting) for o, r in zip(outs, results, strict=True))
    return stored if isinstance(made, tuple) else stored[0]


_without_out = Array.__array_ufunc__


@is_method("__array_ufunc__")
def array_ufunc(self: Array, function: np.ufunc, method: str, *args: Any, **options: Any) -> Any:
    """NumPy's ufuncs on blocked arrays, with ``out=`` for those that are."""
    return with_out(lambda **rest: _without_out(self, function, method, *args, **rest), options, method == "__call__")


def _outgrows(made: Array, x: Array) -> bool:
    return made.ndim > 0 or not np.can_cast(made.dtype, x.dtype, "same_kind")


def _in_place(function: Callable[[Any, Any], Any]) -> Callable[[Array, Any], Array]:
    def in_place(self: Array, other: Any) -> Array:
        if function is operator.matmul and not (self.ndim and np.ndim(other) > 1):
            raise InputError("x @= y: x needs an axis, and y two")
        made = function(self, other)
        if self.form is not Form.ARRAY and isinstance(made, Array) and _outgrows(made, self):
            return made  # as for NumPy's numbers, which are no arrays that could be changed
        result: Array = store_into(self, made)
        return result

    return in_place


for _name, _function in (
    ("add", operator.add), ("sub", operator.sub), ("mul", operator.mul), ("truediv", operator.truediv),
    ("floordiv", operator.floordiv), ("mod", operator.mod), ("pow", operator.pow), ("and", operator.and_),
    ("or", operator.or_), ("xor", operator.xor), ("lshift", operator.lshift), ("rshift", operator.rshift),
    ("matmul", operator.matmul),
):  # fmt: skip
    is_method(f"__i{_name}__")(_in_place(_function))
