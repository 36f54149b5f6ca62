"""Functions of whole core axes, applied block by block along all other axes.

A signature such as ``(x),(x,y)->(y)`` names the core axes, which come last in each argument.  They have to
lie in one block; everything else is `blockwise`.  Several results are computed once: their bytes lie side by side
in blocks of which each result takes its part.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.api.array import Array, wrap
from nbarray.api.creation import from_array
from nbarray.api.dispatch import public
from nbarray.api.mapping import dtype_of_first_block
from nbarray.errors import ChunkError, DTypeError, InputError
from nbarray.expr.node import Expr
from nbarray.ops.blockwise import Index, blockwise

__all__ = ["Signature", "apply_gufunc", "as_gufunc", "gufunc"]

_AXES = r"\(\s*(?:\w+(?:\s*,\s*\w+)*)?\s*\)"
_LIST = rf"\s*{_AXES}(?:\s*,\s*{_AXES})*\s*,?\s*"
Pairs = list[tuple[Any, Index | None]]


@dataclass(frozen=True)
class Signature:
    """The core axes of each argument and of each result.

    >>> Signature.parse("(x),(x,y)->(y)")
    Signature(inputs=(('x',), ('x', 'y')), outputs=(('y',),))
    """

    inputs: tuple[tuple[str, ...], ...]
    outputs: tuple[tuple[str, ...], ...]

    @staticmethod
    def parse(text: str) -> Signature:
        """Take a signature apart; InputError if it is none."""
        if not isinstance(text, str) or not re.fullmatch(rf"(?:{_LIST})?->{_LIST}", text):
            raise InputError(f"signature {text!r}: expected one such as '(x),(x,y)->(y)'")
        left, right = (
            tuple(tuple(re.findall(r"\w+", axes)) for axes in re.findall(_AXES, part)) for part in text.split("->")
        )
        return Signature(left, right)


@public()
def apply_gufunc(
    func: Callable[..., Any],
    signature: str,
    *args: Any,
    axes: Any = None,
    axis: int | None = None,
    keepdims: bool = False,
    output_dtypes: Any = None,
    output_sizes: dict[str, int] | None = None,
    vectorize: bool | None = None,
    allow_rechunk: bool = False,
    meta: Any = None,
    **kwargs: Any,
) -> Any:
    """Apply a function to whole core axes, block by block along the others, which broadcast.

    func : takes blocks whose core axes come last, gives one for each result
    signature : names of the core axes, such as ``"(x),(x,y)->(y)"``
    axes : for each argument (and each result) the places of its core axes, where they aren't last
    axis : of the one core axis that all have; keepdims : it stays in results that lack it, with length 1
    output_dtypes, meta : of the results; without either, the function is called once, now, on the first blocks
    output_sizes : lengths of core axes that only results have, or that are of another length in results
    vectorize : the function takes one core piece at a time
    allow_rechunk : core axes cut into several blocks are put together

    Raises ChunkError for a core axis in several blocks, InputError for what doesn't fit the signature.  One pass over
    the data, also for several results; memory for a block of each argument and result.

    >>> import numpy as np, nbarray as nb
    >>> x = nb.asarray(np.arange(6.0).reshape(3, 2), chunks=(1, 2))
    >>> nb.apply_gufunc(lambda b: b.max(axis=-1), "(k)->()", x, output_dtypes=float).compute()
    array([1., 3., 5.])
    """
    names = Signature.parse(signature)
    if len(names.inputs) != len(args):
        raise InputError(f"signature {signature!r} has {len(names.inputs)} arguments, but {len(args)} were given")
    places = _places(names, axes, axis, keepdims)
    given = [_core_last(a, core, at) for a, core, at in zip(args, names.inputs, places, strict=False)]
    sizes = _core_sizes(names, given, output_sizes or {})
    pairs = [_named(a, core, allow_rechunk) for a, core in zip(given, names.inputs, strict=True)]
    dtypes = _given_dtypes(output_dtypes, meta, len(names.outputs))
    if vectorize:
        text = "".join(signature.split())
        func = np.vectorize(func, otypes=None if dtypes is None else list(dtypes), signature=text)
    made = _results(_Work(func, names, pairs, sizes, kwargs), dtypes)
    moved = tuple(_placed(m, core, at) for m, core, at in zip(made, names.outputs, places[len(args) :], strict=True))
    return moved[0] if len(moved) == 1 and not signature.rstrip().endswith(",") else moved


def _places(names: Signature, axes: Any, axis: int | None, keepdims: bool) -> list[tuple[int, ...]]:
    """Where the core axes of each argument and each result are; of a result without any, those that are kept."""
    every = (*names.inputs, *names.outputs)
    places: list[tuple[int, ...]]
    first = next((core for core in names.inputs if core), ())
    if axis is not None:
        if axes is not None:
            raise InputError("give axis or axes, not both")
        if any(core not in ((), first) for core in every) or len(first) != 1:
            raise InputError("axis= is for signatures where all have the same single core axis; give axes=")
        places = [(axis,) if core else () for core in every]
    elif axes is not None:
        places = [tuple(p) if hasattr(p, "__iter__") else (p,) for p in axes]
        if len(places) == len(names.inputs) and (keepdims or not any(names.outputs)):
            places += [()] * len(names.outputs)
        if len(places) != len(every):
            raise InputError(f"axes={axes!r}: expected one entry for each of {len(every)} arguments and results")
        wrong = [p for p, core in zip(places, every, strict=True) if core and len(p) != len(core)]
        if wrong:
            raise InputError(f"axes={axes!r}: {wrong[0]} are not as many as the signature's core axes")
    else:
        places = [tuple(range(-len(core), 0)) for core in every]
    if keepdims:
        if any(names.outputs) or any(len(core) != len(first) for core in names.inputs):
            raise InputError("keepdims= is for arguments with as many core axes, and results without any")
        kept = next(p for p, core in zip(places, every, strict=True) if core) if first else ()
        places[len(names.inputs) :] = [p or kept for p in places[len(names.inputs) :]]
    return places


def _core_last(value: Any, core: tuple[str, ...], at: tuple[int, ...]) -> Any:
    """An argument with its core axes last: a blocked array, or what every block gets as it is."""
    ndim = int(np.ndim(value))
    if ndim < len(core):
        raise InputError(f"an argument of shape {np.shape(value)} lacks core axes {core}")
    if not isinstance(value, Array):
        if ndim == len(core):
            return np.moveaxis(np.asarray(value), at, range(-len(core), 0)) if core else value
        value = from_array(np.asarray(value), -1)
    order = [k % ndim for k in at]
    return value.transpose((*(k for k in range(ndim) if k not in order), *order)) if order else value


def _core_sizes(names: Signature, args: Sequence[Any], output_sizes: dict[str, int]) -> dict[str, int]:
    """The length of every core axis."""
    sizes: dict[str, int] = {}
    for value, core in zip(args, names.inputs, strict=True):
        shape = np.shape(value)
        for name, n in zip(core, shape[len(shape) - len(core) :], strict=True):
            if sizes.setdefault(name, n) != n:
                raise InputError(f"core axis {name!r} with different lengths in arrays: {sizes[name]} and {n}")
    sizes |= output_sizes
    missing = [name for core in names.outputs for name in core if name not in sizes]
    if missing:
        raise InputError(f"core axes {missing} are in no argument; give their lengths in output_sizes")
    return sizes


def _named(value: Any, core: tuple[str, ...], allow_rechunk: bool) -> tuple[Any, Index | None]:
    """An argument with names for its axes: loop axes are numbered from the last."""
    if not isinstance(value, Array):
        return value, None
    loops = value.ndim - len(core)
    for name, count in zip(core, value.numblocks[loops:], strict=True):
        if count > 1 and not allow_rechunk:
            raise ChunkError(
                f"core axis {name!r} consists of multiple chunks; rechunk it to one (-1), or allow_rechunk=True"
            )
    if any(count > 1 for count in value.numblocks[loops:]):
        value = value.rechunk(_whole_core(value, loops))
    return value.expr, (*(("loop", loops - k) for k in range(loops)), *((n, k) for k, n in enumerate(core)))


def _whole_core(value: Array, loops: int) -> tuple[int, ...]:
    """Chunks with core axes whole and others so short, if they can be, that blocks don't become larger."""
    lengths = [*value.chunksize[:loops], *value.shape[loops:]]
    most = math.prod(value.chunksize)
    for k in range(loops):
        over = -(-math.prod(lengths) // max(1, most))
        lengths[k] = max(1, -(-lengths[k] // max(1, over)))
    return tuple(max(1, n) for n in lengths)


def _given_dtypes(output_dtypes: Any, meta: Any, count: int) -> tuple[np.dtype[Any], ...] | None:
    if output_dtypes is None and meta is None:
        return None
    if output_dtypes is None:
        output_dtypes = tuple(m.dtype for m in meta) if isinstance(meta, tuple | list) else meta.dtype
    several = isinstance(output_dtypes, tuple | list)
    dtypes = tuple(np.dtype(d) for d in (output_dtypes if several else [output_dtypes] * count))
    if len(dtypes) != count:
        raise InputError(f"output_dtypes={output_dtypes!r}: expected one for each of {count} results")
    return dtypes


@dataclass(frozen=True)
class _Work:
    """A function with all that it is given."""

    function: Callable[..., Any]
    names: Signature
    pairs: Pairs
    sizes: dict[str, int]
    keywords: dict[str, Any]

    @property
    def loop(self) -> Index:
        """Names of the loop axes."""
        most = max(
            (len(index) - len(core) for (_, index), core in zip(self.pairs, self.names.inputs, strict=True) if index),
            default=0,
        )
        return tuple(("loop", most - k) for k in range(most))

    def named(self, function: Callable[..., Any]) -> Callable[..., Any]:
        function.__name__ = getattr(self.function, "__name__", type(self.function).__name__)
        return function

    def one(self, which: int, several: bool) -> Callable[[Callable[..., Any], Any, bool | None], Expr]:
        """Makes the expression of one result, with a function in the place of ours and a dtype."""
        core = self.names.outputs[which]
        new: dict[Hashable, int] = {("core", k): self.sizes[name] for k, name in enumerate(core)}

        def build(function: Callable[..., Any], dtype: Any, masked: bool | None) -> Expr:
            picked = self.named(lambda *blocks, **more: function(*blocks, **more)[which]) if several else function
            return blockwise(
                picked, (*self.loop, *new), self.pairs, dtype, new_axes=new, concatenate=True,
                keywords=self.keywords, masked=masked,
            )  # fmt: skip

        return build

    def packed(self, dtypes: Sequence[np.dtype[Any]]) -> tuple[Expr, list[int]]:
        """The bytes of all results side by side, and where each begins and ends."""
        counts = [math.prod(self.sizes[name] for name in core) for core in self.names.outputs]
        ends = [0, *np.cumsum([n * d.itemsize for n, d in zip(counts, dtypes, strict=True)]).tolist()]

        def pack(*blocks: Any, **more: Any) -> Any:
            made = _checked(self.function(*blocks, **more), len(counts))
            loop = np.shape(made[0])[: np.ndim(made[0]) - len(self.names.outputs[0])]
            parts = [
                np.ascontiguousarray(m, d).reshape((*loop, n)).view(np.uint8).reshape((*loop, n * d.itemsize))
                for m, n, d in zip(made, counts, dtypes, strict=True)
            ]
            return np.concatenate(parts, axis=-1)

        new: dict[Hashable, int] = {"bytes": ends[-1]}
        return blockwise(
            self.named(pack), (*self.loop, "bytes"), self.pairs, np.uint8, new_axes=new, concatenate=True,
            keywords=self.keywords, masked=False,
        ), ends  # fmt: skip


def _checked(made: Any, count: int) -> Any:
    if not isinstance(made, tuple | list) or len(made) != count:
        raise InputError(f"the function gave {type(made).__name__}, but the signature has {count} results")
    return made


def _results(work: _Work, dtypes: tuple[np.dtype[Any], ...] | None) -> tuple[Array, ...]:
    count = len(work.names.outputs)
    if dtypes is None:
        dtypes = _found_dtypes(work, count)
    if count == 1:
        return (wrap(work.one(0, False)(work.function, dtypes[0], None)),)
    if any(d.hasobject for d in dtypes) or 0 in work.sizes.values():
        return tuple(wrap(work.one(k, True)(work.function, d, None)) for k, d in enumerate(dtypes))
    packed, ends = work.packed(dtypes)
    return tuple(wrap(_unpacked(work, packed, k, ends[k], ends[k + 1], d)) for k, d in enumerate(dtypes))


def _unpacked(work: _Work, packed: Expr, which: int, start: int, stop: int, dtype: np.dtype[Any]) -> Expr:
    shape = tuple(work.sizes[name] for name in work.names.outputs[which])
    new: dict[Hashable, int] = {("core", k): n for k, n in enumerate(shape)}

    def unpack(block: Any) -> Any:
        return np.ascontiguousarray(block[..., start:stop]).view(dtype).reshape((*block.shape[:-1], *shape))

    unpack.__name__ = f"result {which}"
    return blockwise(
        unpack, (*work.loop, *new), [(packed, (*work.loop, "bytes"))], dtype, new_axes=new, concatenate=True
    )


def _found_dtypes(work: _Work, count: int) -> tuple[np.dtype[Any], ...]:
    """The dtypes of what the function makes of the first blocks."""
    found: list[np.dtype[Any]] = []

    def first(*blocks: Any, **more: Any) -> Any:
        made = work.function(*blocks, **more)
        found[:] = [np.asanyarray(m).dtype for m in (_checked(made, count) if count > 1 else [made])]
        return made

    try:
        dtype_of_first_block(work.named(first), work.one(0, count > 1))
    except Exception as error:  # whatever the user's function raises
        cause = error.__cause__ or error
        raise InputError(
            "`dtype` inference failed: the function was called on the first blocks and raised "
            f"{type(cause).__name__}: {cause}. Please specify the dtype explicitly with output_dtypes="
        ) from error
    return tuple(found)


def _placed(made: Array, core: tuple[str, ...], at: tuple[int, ...]) -> Array:
    """A result with its core axes where they were asked for, or kept with length 1."""
    if not core and at:
        ndim = made.ndim + len(at)
        order = [k % ndim for k in at]
        return made[tuple(None if k in order else slice(None) for k in range(ndim))]
    if not at or at == tuple(range(-len(core), 0)):
        return made
    order = [k % made.ndim for k in at]
    places = list(range(made.ndim - len(core)))
    for to, k in sorted(zip(order, range(made.ndim - len(core), made.ndim), strict=True)):
        places.insert(to, k)
    return made.transpose(places)


class gufunc:  # noqa: N801 - dask's name
    """A function of whole core axes that takes blocked arrays; see `apply_gufunc` for what it is made with.

    Cost: as `apply_gufunc`: one pass.

    >>> import nbarray as nb
    >>> top = nb.gufunc(lambda b: b.max(axis=-1), signature="(k)->()", output_dtypes=int)
    >>> top(nb.asarray([[1, 2], [4, 3]])).compute()
    array([2, 4])
    """

    def __init__(self, pyfunc: Callable[..., Any], *, signature: str, **options: Any) -> None:
        Signature.parse(signature)
        self.pyfunc, self.signature, self._options = pyfunc, signature, options
        self.__name__ = getattr(pyfunc, "__name__", type(pyfunc).__name__)
        self.__doc__ = getattr(pyfunc, "__doc__", None)

    def __call__(self, *args: Any, allow_rechunk: bool | None = None, **kwargs: Any) -> Any:
        options = dict(self._options)
        if allow_rechunk is not None:
            options["allow_rechunk"] = allow_rechunk
        return apply_gufunc(self.pyfunc, self.signature, *args, **options, **kwargs)


@public()
def as_gufunc(signature: str | None = None, **options: Any) -> Callable[[Callable[..., Any]], gufunc]:
    """Make a function one of whole core axes; as a decorator.

    options : as `apply_gufunc` takes them

    Cost: as `apply_gufunc`: one pass.

    >>> import nbarray as nb
    >>> @nb.as_gufunc("(k)->()", output_dtypes=int)
    ... def span(b):
    ...     return b.max(axis=-1) - b.min(axis=-1)
    >>> span(nb.asarray([[1, 2], [9, 3]])).compute()
    array([1, 6])
    """
    if signature is None:
        raise DTypeError("as_gufunc: give the signature, such as '(x)->()'")
    text: str = signature
    return lambda pyfunc: gufunc(pyfunc, signature=text, **options)


public()(gufunc)
