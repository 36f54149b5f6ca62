"""The table of elementwise operations on blocks.

Every NumPy ufunc is a row, and so are the few elementwise operations that aren't ufuncs (`where`,
casts, rounding, unpacking stored numbers).  A row says how to make one tile of values from tiles of
arguments, writing into a given buffer, and how masks travel.  Nothing here knows about laziness.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from nbarray.hashing import remembers_hash
from nbarray.kernels.choosing import choose, whole_of
from nbarray.kernels.sending import sendable
from nbarray.kernels.unpack import compile_unpack

__all__ = ["OPERATIONS", "OPERATORS", "ById", "ByKey", "Op", "Tile", "compile_op", "made_by", "ufunc_op"]

Tile = np.ndarray[Any, Any]
#: (tiles of arguments, buffer for the values) -> values
ValueKernel = Callable[[list[Any], Tile | None], Tile]
#: (tiles of arguments, their masks, buffer for the values) -> values, mask
MaskedKernel = Callable[[list[Any], list[Tile | None], Tile | None], tuple[Tile, Tile | None]]


class ById:
    """Holds an object whose identity is its equality: functions, readers, arrays."""

    __slots__ = ("__weakref__", "value")

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ById) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)

    def __repr__(self) -> str:
        return getattr(self.value, "__name__", type(self.value).__name__)

    def __reduce__(self) -> Any:
        # without the keys of some, which hold code and classes: code of elsewhere is not ours
        return ById, (sendable(self.value),)


class ByKey(ById):
    """Holds an object that stands for its key: what is made twice in the same way is equal."""

    __slots__ = ("key",)

    def __init__(self, value: Any, key: Hashable) -> None:
        super().__init__(value)
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByKey) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


@remembers_hash
@dataclass(frozen=True)
class Op:
    """An elementwise operation: a row's name, a function where the row needs one, and parameters."""

    name: str
    params: tuple[Hashable, ...] = ()
    function: ById | None = None

    @property
    def label(self) -> str:
        return self.function.value.__name__ if self.function is not None else self.name

    @property
    def makes_mask(self) -> bool:
        """Whether the result is masked although no argument is."""
        if self.name == "unpack":
            return bool(self.params[0].result == "mask")  # type: ignore[attr-defined]
        return self.name == "ma.mask"

    @property
    def drops_mask(self) -> bool:
        """Whether the result isn't masked although an argument is."""
        return self.name in ("ma.data", "ma.filled", "ma.getmaskarray")

    @property
    def may_overwrite(self) -> bool:
        """Whether values may be written over an argument's buffer of the same layout."""
        return self.name in _UFUNCS or self.name == "ufunc"


#: (arguments, values) -> more elements that numpy.ma would mask, or None
Domain = Callable[[list[Any], Tile], Tile | None]


@dataclass(frozen=True)
class Row:
    """How an operation is done: `values` makes the value kernel from the op's parameters.

    domain : makes, for masked arguments, what tells where numpy.ma masks more than they do
    makes : what is made on the way, as so many times the values
    """

    values: Callable[[Op, np.dtype[Any]], ValueKernel]
    domain: Callable[[], Domain | None] = lambda: None
    makes: float = 0.0


def _ufunc_values(ufunc: np.ufunc) -> Callable[[Op, np.dtype[Any]], ValueKernel]:
    def make(op: Op, dtype: np.dtype[Any]) -> ValueKernel:
        options: dict[str, Any] = dict(op.params)  # type: ignore[arg-type]
        which = options.pop("output", None)
        if ufunc.nout > 1:

            def one_of_many(args: list[Any], out: Tile | None) -> Tile:
                values: Tile = ufunc(*args, **options)[which]
                return values

            return one_of_many
        if ufunc.__name__ == "_slice":  # of np.strings.slice; it takes no `out`
            return lambda args, out: ufunc(*args, **options)
        if not options and ufunc in (np.maximum, np.minimum):  # NumPy wants their `out` by name
            return lambda args, out: ufunc(args[0], args[1], out=out)
        if not options and ufunc.nin == 2:
            return lambda args, out: ufunc(args[0], args[1], out)
        if not options and ufunc.nin == 1:
            return lambda args, out: ufunc(args[0], out)
        return lambda args, out: ufunc(*args, out=out, **options)

    return make


def _ufunc_domain(ufunc: np.ufunc) -> Domain | None:
    """What numpy.ma masks besides the arguments' masks: where the function isn't defined."""
    domain = vars(np.ma.core)["ufunc_domain"].get(ufunc)
    return None if domain is None else lambda args, values: np.asarray(domain(*args), bool)


def _finite_domain(ufunc: np.ufunc) -> Domain:
    """Python's operators on masked arrays also mask every result that isn't finite."""
    inner = _ufunc_domain(ufunc)

    def domain(args: list[Any], values: Tile) -> Tile | None:
        bad = ~np.isfinite(values)
        return bad if inner is None else bad | inner(args, values)

    return domain


def _where(op: Op, dtype: np.dtype[Any]) -> ValueKernel:
    whole = whole_of(dtype)
    own = threading.local()  # workers share kernels, but no buffers

    def values(args: list[Any], out: Tile | None) -> Tile:
        if out is None:
            return np.where(*args).astype(dtype, copy=False)
        if whole is not None and out.size and all(_fits(a, dtype) for a in args[1:]):
            condition = np.asarray(args[0], bool)
            bits: Tile | None = getattr(own, "bits", None)
            if bits is None or bits.shape != condition.shape:
                bits = own.bits = np.empty(condition.shape, whole)
            return choose(condition, np.asarray(args[1], dtype), np.asarray(args[2], dtype), out, bits)
        # Python's numbers as arrays, since NumPy's `where` lets them wrap around
        np.copyto(out, np.asarray(args[2]), casting="unsafe")
        np.copyto(out, np.asarray(args[1]), casting="unsafe", where=np.asarray(args[0], bool))
        return out

    return values


def _fits(value: Any, dtype: np.dtype[Any]) -> bool:
    if isinstance(value, float) and dtype.kind == "f":
        return True
    return isinstance(value, np.ndarray | np.generic) and value.dtype == dtype


def _cast(op: Op, dtype: np.dtype[Any]) -> ValueKernel:
    def values(args: list[Any], out: Tile | None) -> Tile:
        if out is None:
            return np.asarray(args[0]).astype(dtype)
        np.copyto(out, args[0], casting="unsafe")
        return out

    return values


def _function(function: Callable[..., Any]) -> Callable[[Op, np.dtype[Any]], ValueKernel]:
    """A NumPy function that treats elements one by one and takes no buffer.

    Its values are copied, since they may be part of an argument, whose buffer is soon used for something else.
    """

    def make(op: Op, dtype: np.dtype[Any]) -> ValueKernel:
        options: dict[str, Any] = dict(op.params)  # type: ignore[arg-type]
        return lambda args, out: _copied([function(*args, **options)], out)

    return make


def _copied(args: list[Any], out: Tile | None) -> Tile:
    """The first argument, spread over the shape of all of them, as values that may be changed."""
    if out is None:
        return np.array(np.broadcast_to(args[0], np.broadcast_shapes(*(np.shape(a) for a in args))))
    np.copyto(out, args[0], casting="unsafe")
    return out


def _mask(args: list[Any], masks: list[Tile | None], out: Tile | None) -> tuple[Tile, Tile | None]:
    """The first argument, masked where it was, and where the second is true or masked itself."""
    mask: Tile | None = np.array(args[1], bool)  # a copy: the argument's buffer is soon used for something else
    if mask is not None and mask.ndim == 0 and not mask:
        mask = None  # nothing more is masked
    for other in masks:
        if other is not None:
            mask = other if mask is None else mask | other
    return _copied(args, out), mask


def _fill(args: list[Any], masks: list[Tile | None], out: Tile | None) -> tuple[Tile, Tile | None]:
    """The first argument, or where it is masked the second."""
    values = _copied(args, out)
    if masks[0] is not None:
        np.copyto(values, args[1], casting="unsafe", where=masks[0])
    return values, None


def _mask_plane(args: list[Any], masks: list[Tile | None], out: Tile | None) -> tuple[Tile, Tile | None]:
    values = np.empty(np.shape(args[0]), bool) if out is None else out
    values[...] = False if masks[0] is None else masks[0]
    return values, None


#: Operations on the mask itself: they make both planes.
MASKING: dict[str, MaskedKernel] = {
    "ma.mask": _mask,
    "ma.filled": _fill,
    "ma.data": lambda args, masks, out: (_copied(args, out), None),
    "ma.getmaskarray": _mask_plane,
}


def _unpack(op: Op, dtype: np.dtype[Any]) -> ValueKernel:
    raise AssertionError("unpacking makes two planes and is compiled by compile_op")


_UFUNCS: dict[str, np.ufunc] = {
    value.__name__: value for value in vars(np).values() if isinstance(value, np.ufunc) and value.signature is None
}

#: Operators that do what no ufunc does: they compare records field by field.
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {"==": operator.eq, "!=": operator.ne}

OPERATIONS: dict[str, Row] = {
    **{name: Row(_ufunc_values(u), partial(_ufunc_domain, u)) for name, u in _UFUNCS.items()},
    **{
        f"ma.{name}": Row(_ufunc_values(_UFUNCS[name]), partial(_finite_domain, _UFUNCS[name]))
        for name in ("divide", "floor_divide", "power")
    },
    "where": Row(_where, makes=1),
    "cast": Row(_cast),
    "clip": Row(lambda op, dtype: lambda args, out: np.clip(args[0], args[1], args[2], out=out)),
    "round": Row(_function(np.round), makes=1),
    "real": Row(_function(np.real), makes=1),
    "imag": Row(_function(np.imag), makes=1),
    "angle": Row(_function(np.angle), makes=2),
    "nan_to_num": Row(_function(np.nan_to_num), makes=2),
    "isclose": Row(_function(np.isclose), makes=32),
    "sinc": Row(_function(np.sinc), makes=3),
    "i0": Row(_function(np.i0), makes=6),
    "unpack": Row(_unpack),
    **{name: Row(_function(compare)) for name, compare in OPERATORS.items()},
}


def ufunc_op(ufunc: np.ufunc, **options: Hashable) -> Op:
    """The operation for a ufunc; ufuncs from other packages are held by identity."""
    params = tuple(sorted(options.items()))
    if _UFUNCS.get(ufunc.__name__) is ufunc:
        return Op(ufunc.__name__, params)
    return Op("ufunc", params, ById(ufunc))


def _row(op: Op) -> Row:
    if op.name == "ufunc":
        assert op.function is not None
        return Row(_ufunc_values(op.function.value), partial(_ufunc_domain, op.function.value))
    return OPERATIONS[op.name]


def made_by(op: Op, dtype: np.dtype[Any], masked: bool) -> float:
    """Bytes that an operation makes on the way for each element; where a domain is looked at, new values as well."""
    if op.name == "unpack" or op.name in MASKING:
        return 0.0
    row = _row(op)
    outputs = 0 if op.name == "ufunc" or op.name not in _UFUNCS else _UFUNCS[op.name].nout - 1
    return dtype.itemsize * (row.makes + 2 * outputs + (masked and row.domain() is not None))


@lru_cache(maxsize=4096)
def compile_op(
    op: Op, dtype: np.dtype[Any], arg_dtype: np.dtype[Any], masked: bool
) -> tuple[ValueKernel | None, MaskedKernel]:
    """Kernels for an operation: one for values alone (None if there is always a mask), one for values and masks.

    dtype : of the values; arg_dtype : of the first argument; masked : whether any argument has a mask
    """
    if op.name == "unpack":
        return _compile_unpack(op, arg_dtype)
    if op.name in MASKING:
        return None, MASKING[op.name]
    row = _row(op)
    kernel = row.values(op, dtype)
    domain = row.domain() if masked else None

    def planes(args: list[Any], masks: list[Tile | None], out: Tile | None) -> tuple[Tile, Tile | None]:
        # the domain looks at the arguments, which `out` may overwrite: so values go to a buffer of their own
        with np.errstate(all="ignore"):
            values = kernel(args, None if domain else out)
            mask = domain(args, values) if domain else None
        for other in masks:
            if other is not None:
                mask = other if mask is None else mask | other
        return values, mask

    return kernel, planes


def _compile_unpack(op: Op, stored: np.dtype[Any]) -> tuple[ValueKernel | None, MaskedKernel]:
    unpack = compile_unpack(op.params[0], stored)  # type: ignore[arg-type]

    def planes(args: list[Any], masks: list[Tile | None], out: Tile | None) -> tuple[Tile, Tile | None]:
        return unpack(args[0], out)

    if op.makes_mask:
        return None, planes
    return (lambda args, out: unpack(args[0], out)[0]), planes
