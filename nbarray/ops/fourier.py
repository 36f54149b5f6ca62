"""Fourier transforms along any axes, out of core where it has to be.

Lines have to be whole: blocks are cut along the other axes, so that as many lines as fit make a task, and several axes
are transformed in one task where they all fit.  A line that is longer than a block is taken apart into a matrix whose
columns, then rows are transformed, with a multiplication by roots of unity between (the four-step algorithm: Bailey,
FFTs in external or hierarchical memory, 1990).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.errors import DTypeError, InputError, NotBlocked, ShapeError
from nbarray.expr.leaves import Arange
from nbarray.expr.node import Expr
from nbarray.expr.structure import Rechunk
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.kernels.fourier import roots_of_unity
from nbarray.kernels.program import Constant
from nbarray.ops.creation import full
from nbarray.ops.elementwise import astype, function, ufunc, where
from nbarray.ops.indexing import getitem
from nbarray.ops.joining import concatenate
from nbarray.ops.matrices import room
from nbarray.ops.operands import given_chunks, one_axis
from nbarray.ops.shaping import moveaxis, reshape, swapaxes
from nbarray.ops.tasks import of_blocks, whole

__all__ = ["FAMILIES", "NORMS", "fourier", "frequencies", "shift", "transform", "with_function"]

Block = np.ndarray[Any, Any]
#: Bytes of a task's block, where chunks don't say otherwise.
TASK_BYTES = 4 * 2**20
#: What a transform takes beside its block and its result, as a multiple of both: a copy.
TAKES = 1.0
NORMS = (None, "backward", "ortho", "forward")
_SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


@dataclass(frozen=True)
class Family:
    """What a function of `numpy.fft` does along several axes: `last` along the last of them, `others` along the others.

    before : the last axis comes before the others, not after them
    """

    last: str
    others: str
    before: bool = True


#: The functions of several axes, by name less "n" or "2".
FAMILIES = {
    "fft": Family("fft", "fft"),
    "ifft": Family("ifft", "ifft"),
    "rfft": Family("rfft", "fft"),
    "irfft": Family("irfft", "ifft", before=False),
}


@dataclass(frozen=True)
class Step:
    """A function of `numpy.fft` along one axis.

    n : its length; takes, makes : how many elements along the axis go in, and come out
    """

    name: str
    n: int
    axis: int
    takes: int

    @property
    def makes(self) -> int:
        return self.n // 2 + 1 if self.name in ("rfft", "ihfft") else self.n

    @property
    def uses(self) -> int:
        """How many of the elements along the axis count."""
        return min(self.takes, self.n // 2 + 1 if self.name in ("irfft", "hfft") else self.n)


def fourier(x: Expr, name: str, lengths: Sequence[Any], axes: Sequence[Any], norm: Any) -> Expr:
    """A function of `numpy.fft` along axes, from the last to the first of them (see `FAMILIES`).

    lengths : one for each axis, None for what is usual
    """
    if norm not in NORMS:
        raise InputError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    if x.masked:
        raise NotBlocked(f"{name} of masked arrays has no blocked form; fill what is missing first")
    if len(lengths) != len(axes):
        raise ShapeError("Shape and axes have different lengths.")
    if name in FAMILIES and len(axes) != 1:
        family = FAMILIES[name]
        names = [*[family.others] * (len(axes) - 1), family.last][: len(axes)]
        order = list(range(len(axes)))[::-1] if family.before else list(range(len(axes)))
    else:
        names, order = [name], [0]
    steps: list[Step] = []
    sizes = list(x.sizes)
    for k in order:
        axis = one_axis(axes[k], x.ndim)
        step = Step(names[k], _length(names[k], lengths[k], x.sizes[axis]), axis, sizes[axis])
        sizes[axis] = step.makes
        steps.append(step)
    return transform(x, steps, norm) if steps else x


def _length(name: str, given: Any, size: int) -> int:
    if given is None:
        n = 2 * (size - 1) if name in ("irfft", "hfft") else size
    elif not hasattr(given, "__index__"):
        raise DTypeError(f"the length of a transform must be an integer, not {given!r}")
    else:
        n = operator.index(given)
    if n < 1:
        raise InputError(f"Invalid number of FFT data points ({n}) specified.")
    return n


def transform(x: Expr, steps: Sequence[Step], norm: Any) -> Expr:
    """Steps one after the other, as many of them in a task as have their axes whole in a block."""
    steps = list(steps)
    while steps:
        kind = _dtype(steps[0].name, x.dtype)
        most, count = room(np.result_type(kind, np.complex64)), 1
        while count < len(steps) and _extent(steps[: count + 1]) <= most:
            count += 1
        together, steps = steps[:count], steps[count:]
        if _extent(together) > most and _halves(together[0].n, most) is not None:
            x = _long_line(x, together[0], norm)
        else:
            x = _lines(x, together, norm)
    return x


def _extent(steps: Sequence[Step]) -> int:
    """Elements of a block that has the axes of steps whole, and is one wide along all others."""
    longest: dict[int, int] = {}
    for step in steps:
        longest[step.axis] = max(longest.get(step.axis, 1), step.uses, step.makes)
    return math.prod(longest.values())


def _dtype(name: str, dtype: np.dtype[Any]) -> np.dtype[Any]:
    try:
        made: Block = getattr(np.fft, name)(np.zeros(2, dtype))
    except (TypeError, ValueError) as error:
        raise DTypeError(f"{name} of {dtype}: {error}") from None
    return made.dtype


def _lines(x: Expr, steps: Sequence[Step], norm: Any) -> Expr:
    kind = x.dtype
    for step in steps:
        kind = _dtype(step.name, kind)

    steps = tuple(steps)

    def transform(block: Block) -> Block:
        for step in steps:
            if not block.shape[step.axis]:  # a line of nothing is zeros, where NumPy's own reads what isn't there
                block = np.zeros([1 if k == step.axis else n for k, n in enumerate(block.shape)], block.dtype)
            block = getattr(np.fft, step.name)(block, step.n, step.axis, norm)
        return block

    transform.__name__ = steps[-1].name if len(steps) == 1 else f"{steps[-1].name}, {len(steps)} axes"
    return of_lines(transform, x, steps, kind)


def of_lines(function: Callable[[Block], Block], x: Expr, steps: Sequence[Step], dtype: np.dtype[Any]) -> Expr:
    """A function of blocks that have the axes of steps whole."""
    uses = {step.axis: step.uses for step in reversed(steps)}
    makes = {step.axis: step.makes for step in steps}
    x = getitem(x, tuple(slice(0, uses.get(k, n)) for k, n in enumerate(x.sizes)))
    axes = _cuts(x, set(uses), _extent(steps), max(x.dtype.itemsize, dtype.itemsize))
    made = Chunks(tuple(whole((makes[k],)).axes[0] if k in makes else axis for k, axis in enumerate(axes)))
    return of_blocks(function, [(x, Chunks(axes))], made, range(x.ndim), dtype, takes=TAKES)


def _cuts(x: Expr, lines: set[int], extent: int, itemsize: int) -> tuple[AxisChunks, ...]:
    """Cuts of the axes that aren't transformed: chunks where they fit, else as many lines as make a task."""
    most = max(1, room(np.dtype(np.uint8)) // itemsize)
    axes = [whole((n,)).axes[0] if k in lines else x.chunks.axes[k] for k, n in enumerate(x.sizes)]
    others = [k for k in range(x.ndim) if k not in lines]
    own = math.prod(axes[k].largest for k in others)
    if own * extent > most or own * extent * itemsize < TASK_BYTES // 4:
        space = max(1, min(most, TASK_BYTES // itemsize) // extent)
        for k in reversed(others):
            axes[k] = regular(x.sizes[k], max(1, min(space, x.sizes[k])))
            space = max(1, space // max(1, axes[k].largest))
    return tuple(axes)


# -------------------------------------------------------------------------------------------------- long lines


def _halves(n: int, most: int) -> tuple[int, int] | None:
    """Two factors of `n`, as near to each other as there are, of `most` each; None if there are none."""
    first = next(k for k in range(math.isqrt(n), 0, -1) if n % k == 0)
    return (first, n // first) if n // first <= most else None


def _long_line(x: Expr, step: Step, norm: Any) -> Expr:
    """One step along an axis that is longer than a block."""
    x = moveaxis(x, step.axis, -1)
    x = getitem(x, (..., slice(0, step.uses)))
    inverse = step.name in ("ifft", "irfft")
    if step.name in ("hfft", "ihfft"):
        norm = _SWAPPED[norm]
    if step.name == "irfft":
        made = _real(_four_steps(_both_halves(x, step.n), step.n, True, norm))
    elif step.name == "hfft":
        conjugates = ufunc(np.conjugate, x)
        made = _real(_four_steps(_both_halves(conjugates, step.n), step.n, True, norm))
    else:
        made = _four_steps(_filled_up(x, step.n), step.n, inverse, norm)
        made = getitem(made, (..., slice(0, step.makes)))
        made = ufunc(np.conjugate, made) if step.name == "ihfft" else made
    return moveaxis(made, -1, step.axis)


def _real(x: Expr) -> Expr:
    return function("real", x)


def _filled_up(x: Expr, n: int) -> Expr:
    """The last axis with zeros at its end, up to `n` elements."""
    missing = n - x.sizes[-1]
    if missing <= 0:
        return x
    zeros = full((*x.sizes[:-1], missing), np.zeros((), x.dtype), None, None)
    return concatenate([x, zeros], -1, x.dtype)


def _both_halves(x: Expr, n: int) -> Expr:
    """All of a line of `n` elements that mirrors itself, of which its first half is given."""
    half = _filled_up(x, n // 2 + 1)
    mirrored = getitem(half, (..., slice((n - 1) // 2, 0, -1)))
    return concatenate([half, ufunc(np.conjugate, mirrored)], -1)


def _four_steps(x: Expr, n: int, inverse: bool, norm: Any) -> Expr:
    """The transform of the last axis, of `n` elements, as a matrix: its columns, roots of unity, its rows."""
    name = "ifft" if inverse else "fft"
    kind = _dtype(name, x.dtype)
    halves = _halves(n, room(kind))
    assert halves is not None
    rows, columns = halves
    matrix = _reshaped(astype(x, kind), (*x.sizes[:-1], rows, columns))
    axes = _cuts(matrix, {matrix.ndim - 2}, rows, kind.itemsize)
    across = axes[-1]

    def transform_columns(block: Block, block_id: tuple[int, ...]) -> Block:
        first, stop = across.span(block_id[-1])
        block = getattr(np.fft, name)(block, axis=-2, norm=norm)
        block *= roots_of_unity(np.outer(np.arange(rows), np.arange(first, stop)), n, inverse, kind)
        return block

    cut = Chunks(axes)
    turned = of_blocks(
        transform_columns,
        [(matrix, cut)],
        cut,
        range(matrix.ndim),
        kind,
        takes=1.5,
        block_id=True,
        label=f"{name}, columns",
    )
    made = _lines(turned, [Step(name, columns, matrix.ndim - 1, columns)], norm)
    return _reshaped(swapaxes(made, -1, -2), (*x.sizes[:-1], n))


def _reshaped(x: Expr, sizes: tuple[int, ...]) -> Expr:
    """Another shape, in blocks that are small enough for a budget that was given."""
    space, lengths = max(1, min(room(x.dtype), TASK_BYTES // x.dtype.itemsize)), []
    for n in reversed(sizes):
        lengths.append(max(1, min(n, space)))
        space = space // lengths[-1] if lengths[-1] == n else 0
    return reshape(x, sizes, tuple(lengths[::-1]))


# ------------------------------------------------------------------------------------------------ beside them


def with_function(
    function: Callable[..., Any], x: Expr, name: str, lengths: Sequence[Any], axes: Sequence[Any], call: Any, dtype: Any
) -> Expr:
    """Somebody's own function in place of NumPy's of this name, called on blocks that have all its axes whole.

    call : (function, block, lengths) -> block
    """
    family = FAMILIES.get(name, Family(name, name))
    names = [*[family.others] * (len(axes) - 1), family.last]
    steps, kind = [], x.dtype
    for name_, given, axis in zip(names, lengths, axes, strict=True):
        k = one_axis(axis, x.ndim)
        steps.append(Step(name_, _length(name_, given, x.sizes[k]), k, x.sizes[k]))
    for step in steps[::-1] if family.before else steps:
        kind = _dtype(step.name, kind) if dtype is None else np.dtype(dtype)
    wanted = tuple(step.n for step in steps)

    def transform(block: Block) -> Block:
        return np.asarray(call(function, block, list(wanted)))

    transform.__name__ = getattr(function, "__name__", name)
    return of_lines(transform, x, steps, kind)


def shift(x: Expr, axes: Any, back: bool) -> Expr:
    """Halves of axes exchanged, so that the zero frequency is in the middle; or `back`."""
    chunks = x.chunks
    given = range(x.ndim) if axes is None else axes if isinstance(axes, tuple | list) else (axes,)
    for axis in given:
        k = one_axis(axis, x.ndim)
        n = x.sizes[k]
        cut = n // 2 if back else n - n // 2
        parts = [getitem(x, (*[slice(None)] * k, part)) for part in (slice(cut, None), slice(0, cut))]
        x = concatenate(parts, k, x.dtype)
    return Rechunk(x, chunks) if x.chunks != chunks else x


def frequencies(n: Any, d: Any, half: bool, chunks: Any = None) -> Expr:
    """The frequencies of a transform of `n` elements that lie `d` apart; of the first `half`, or with negative ones."""
    if not hasattr(n, "__index__"):
        raise InputError("n should be an integer")
    n = operator.index(n)
    apart = 1.0 / (n * d)
    count = n // 2 + 1 if half else n
    chunked = given_chunks(chunks, (count,), np.dtype(np.float64))
    index: Expr = Arange(Constant.of(0), Constant.of(1), np.dtype(np.intp), chunked)
    if not half:
        index = where(ufunc(np.less, index, (n - 1) // 2 + 1), index, ufunc(np.subtract, index, n))
    made: Expr = ufunc(np.multiply, index, apart)
    return made
