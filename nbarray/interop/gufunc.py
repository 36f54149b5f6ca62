"""Functions of whole core axes, applied block by block along all other axes.

A signature such as ``(x),(x,y)->(y)`` names the core axes, which come last in each argument.  They have to
lie in one block; everything else is `map_blocks`.  Nothing here knows who asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.api.array import Array
from nbarray.api.creation import from_array
from nbarray.api.functions import map_blocks
from nbarray.errors import ChunkError, InputError, NotBlocked

__all__ = ["Signature", "apply_gufunc"]

_AXES = r"\(\s*(?:\w+(?:\s*,\s*\w+)*)?\s*\)"
_LIST = rf"\s*{_AXES}(?:\s*,\s*{_AXES})*\s*"


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
        if not re.fullmatch(rf"(?:{_LIST})?->{_LIST}", text):
            raise InputError(f"signature {text!r}: expected one such as '(x),(x,y)->(y)'")
        left, right = (
            tuple(tuple(re.findall(r"\w+", axes)) for axes in re.findall(_AXES, part)) for part in text.split("->")
        )
        return Signature(left, right)

    @property
    def core(self) -> tuple[str, ...]:
        """All core axes of the arguments, each once."""
        return tuple(dict.fromkeys(name for axes in self.inputs for name in axes))


def apply_gufunc(
    function: Callable[..., Any],
    signature: str,
    *args: Any,
    dtype: Any = None,
    output_sizes: dict[str, int] | None = None,
    vectorize: bool = False,
    allow_rechunk: bool = False,
    keywords: dict[str, Any] | None = None,
) -> Array:
    """Apply a function to whole core axes, block by block along the others, which broadcast.

    signature : names of the core axes, such as ``"(x)->()"``; they come last in each argument
    dtype : of the result; without it the function is called once, now, on the first block
    output_sizes : lengths of core axes that only the result has
    vectorize : the function takes one core piece at a time
    allow_rechunk : core axes cut into several blocks are put together

    Raises NotBlocked for several results, or a core axis twice in one argument; ChunkError for a core axis in
    several blocks.

    >>> import numpy as np, nbarray as nb
    >>> x = nb.asarray(np.arange(6.0).reshape(3, 2), chunks=(1, 2))
    >>> apply_gufunc(lambda b: b.max(axis=-1), "(k)->()", x, dtype=float).compute()
    array([1., 3., 5.])
    """
    names = Signature.parse(signature)
    _check(names, signature, args)
    sizes = _core_sizes(names, args, output_sizes or {})
    given = [_prepared(a, axes, names, allow_rechunk) for a, axes in zip(args, names.inputs, strict=True)]
    loops = max(_loop_ndim(a, axes) for a, axes in zip(args, names.inputs, strict=True))
    if vectorize:
        function = np.vectorize(function, otypes=None if dtype is None else [dtype], signature=signature)
    called = _on_blocks(function, names, [isinstance(a, Array) for a in given], keywords or {})
    result = names.outputs[0]
    # the axes of the arguments' blocks are: loop axes, then all core axes of the signature
    options: dict[str, Any] = {}
    if names.core:
        options["drop_axis"] = tuple(range(loops, loops + len(names.core)))
    if result:
        options["new_axis"] = tuple(range(loops, loops + len(result)))
        options["chunks"] = (*_loop_chunks(given, loops, len(names.core)), *(sizes[name] for name in result))
    made: Array = map_blocks(called, *given, dtype=dtype, **options)
    return made


def _check(names: Signature, signature: str, args: Sequence[Any]) -> None:
    if len(names.inputs) != len(args):
        raise InputError(f"signature {signature!r} has {len(names.inputs)} arguments, but {len(args)} were given")
    if len(names.outputs) != 1:
        raise NotBlocked(
            f"signature {signature!r}: functions of several results have no blocked form yet; apply one for each result"
        )
    if any(len(set(axes)) < len(axes) for axes in (*names.inputs, *names.outputs)):
        raise NotBlocked(f"signature {signature!r}: a core axis twice in one argument has no blocked form")
    if not any(isinstance(a, Array) for a in args):
        raise InputError("apply_gufunc: expected at least one blocked array")


def _core_sizes(names: Signature, args: Sequence[Any], output_sizes: dict[str, int]) -> dict[str, int]:
    """The length of every core axis."""
    sizes = dict(output_sizes)
    for value, axes in zip(args, names.inputs, strict=True):
        shape = np.shape(value)
        if len(shape) < len(axes):
            raise InputError(f"an argument of shape {shape} lacks core axes {axes}")
        for name, n in zip(axes, shape[len(shape) - len(axes) :], strict=True):
            if sizes.setdefault(name, n) != n:
                raise InputError(f"core axis {name!r} has size {sizes[name]} in one argument and {n} in another")
    missing = [name for name in names.outputs[0] if name not in sizes]
    if missing:
        raise InputError(f"core axes {missing} are in no argument; give their lengths in output_sizes")
    return sizes


def _loop_ndim(value: Any, axes: tuple[str, ...]) -> int:
    return int(np.ndim(value)) - len(axes)


def _prepared(value: Any, axes: tuple[str, ...], names: Signature, allow_rechunk: bool) -> Any:
    """An argument with loop axes first and then every core axis of the signature, of length 1 where it has none.

    What has no loop axes and is no blocked array goes to every block as it is.
    """
    if not isinstance(value, Array):
        if _loop_ndim(value, axes) == 0:
            return value
        value = from_array(np.asarray(value), -1)
    loops = _loop_ndim(value, axes)
    cut = [name for k, name in enumerate(axes) if value.numblocks[loops + k] > 1]
    if cut and not allow_rechunk:
        raise ChunkError(
            f"core axes {cut} are cut into several blocks; rechunk them to one (-1), or allow_rechunk=True"
        )
    if cut:
        value = value.rechunk({loops + k: -1 for k in range(len(axes))})
    order = sorted(range(len(axes)), key=lambda k: names.core.index(axes[k]))
    value = value.transpose((*range(loops), *(loops + k for k in order)))
    spread = tuple(slice(None) if name in axes else None for name in names.core)
    return value[(*(slice(None),) * loops, *spread)]


def _loop_chunks(given: Sequence[Any], loops: int, cores: int) -> list[tuple[int, ...]]:
    """The chunks of the loop axes when all arguments are cut together, as `map_blocks` cuts them."""
    first = [a for a in given if isinstance(a, Array)]
    together = map_blocks(lambda *blocks: blocks[0], *first, dtype=first[0].dtype)
    assert together.ndim == loops + cores
    return list(together.chunks[:loops])


def _on_blocks(
    function: Callable[..., Any], names: Signature, blocked: Sequence[bool], keywords: dict[str, Any]
) -> Callable[..., Any]:
    """The function on blocks as `_prepared` made them: each gets back its own core axes in its own order."""

    def on_blocks(*blocks: Any) -> Any:
        own = [
            _own(block, axes, names) if is_blocked else block
            for block, axes, is_blocked in zip(blocks, names.inputs, blocked, strict=True)
        ]
        return np.asarray(function(*own, **keywords))

    on_blocks.__name__ = getattr(function, "__name__", type(function).__name__)
    return on_blocks


def _own(block: Any, axes: tuple[str, ...], names: Signature) -> Any:
    loops = block.ndim - len(names.core)
    foreign = tuple(loops + k for k, name in enumerate(names.core) if name not in axes)
    kept = [name for name in names.core if name in axes]
    return block.squeeze(foreign).transpose((*range(loops), *(loops + kept.index(name) for name in axes)))
