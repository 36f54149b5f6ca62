"""Kernels that numba compiles, where it is installed: for programs whose source `codegen` can write.

A kernel takes a whole step at once, outside the interpreter's lock, and gives what NumPy gives, bit for bit where
elements are written.  It can't warn as NumPy does: so the processor's flags are looked at afterwards, and a step in
which anything overflowed, was divided by zero or was no number is done again by NumPy, which says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from nbarray.compiling import CannotCompile, can_compile, run_watched
from nbarray.config import current
from nbarray.kernels.codegen import arguments, source, without_skips
from nbarray.kernels.loops import FOLDS
from nbarray.kernels.program import Fold, Program

__all__ = ["WORTH_OPERATIONS", "evaluated", "folded", "kernel_width", "usual_source", "worth", "worth_compiling"]

Tile = np.ndarray[Any, Any]

#: Operations on elements that a computation has at least for its kernels to be worth loading, or compiling.
WORTH_OPERATIONS = 2**27


def worth_compiling(program: Program, elements: int) -> bool:
    """Whether a program that is run on so many elements in all should be compiled.

    It is settled by the expression and the settings alone, so that results are the same bits in every run.
    """
    each = len(program.instructions) + sum(3 if f.name in ("var", "std") else 1 for f in program.folds)
    return worth(elements * each) and source(program) is not None


def worth(operations: int) -> bool:
    """Whether so many operations on elements are worth compiled code, by the settings and what is installed."""
    wanted = current().jit
    if wanted is False or not can_compile():
        return False
    return wanted is True or operations >= WORTH_OPERATIONS


def _flat(array: Tile, ndim: int) -> tuple[Tile, list[int]] | None:
    """An array as one run of memory, and how far apart neighbours are along all axes but the last; None if it isn't."""
    if array.ndim != ndim or not array.flags.aligned:
        return None
    itemsize, span = array.itemsize, 1
    strides: list[int] = []
    for n, apart in zip(array.shape, array.strides, strict=True):
        if n == 1:
            strides.append(0)
            continue
        if apart < 0 or apart % itemsize:
            return None
        strides.append(apart // itemsize)
        span += (n - 1) * strides[-1]
    if array.shape[-1] > 1 and strides[-1] != 1:
        return None
    if array.flags.c_contiguous:
        return array.reshape(-1), strides[:-1]
    return np.lib.stride_tricks.as_strided(array, (span,), (itemsize,)), strides[:-1]


#: Rows at least so long are taken as they are.
LONG_ROW = 256


def _in_longer_rows(
    program: Program, shape: Sequence[int], arrays: Sequence[Tile]
) -> tuple[Program, Sequence[int], Sequence[Tile]]:
    """The same with the last axes as one, as far as all arrays go on there without a gap: loops over few are slow."""
    if not shape or shape[-1] >= LONG_ROW:
        return program, shape, arrays
    first = program.ndim - 1
    while first and _lie_end_to_end(first - 1, arrays) and _goes_on(program, first - 1):
        first -= 1
    if first == program.ndim - 1:
        return program, shape, arrays
    joined = [a.reshape(*a.shape[:first], -1) for a in arrays]
    return _joined(program, first), (*shape[:first], math.prod(shape[first:])), joined


def _lie_end_to_end(axis: int, arrays: Sequence[Tile]) -> bool:
    """Whether arrays go on from an axis to the next without a gap."""
    return all(
        a.strides[axis] == a.shape[axis + 1] * a.strides[axis + 1] or a.shape[axis] == 1 == a.shape[axis + 1]
        for a in arrays
    )


def _goes_on(program: Program, axis: int) -> bool:
    """Whether an axis and the next can be one axis in all that a program does."""
    if program.folds and (axis in program.folds[0].axes) != (axis + 1 in program.folds[0].axes):
        return False
    return all(spread[axis] == spread[axis + 1] for spread in program.spreads) and all(
        instruction.spread[axis] == instruction.spread[axis + 1] for instruction in program.instructions
    )


def usual_source(program: Program, shape: Sequence[int]) -> str | None:
    """The source of the kernel that runs a program on a step of `shape`, if nothing of that has gaps."""
    first = program.ndim - 1
    if shape and shape[-1] < LONG_ROW:
        while first and _goes_on(program, first - 1):
            first -= 1
    return source(program if first == program.ndim - 1 else _joined(program, first))


@lru_cache(maxsize=512)
def _joined(program: Program, first: int) -> Program:
    """A program with the axes from `first` on as one."""
    last = program.ndim - 1

    def one(spread: tuple[bool, ...]) -> tuple[bool, ...]:
        return (*spread[:first], spread[first])

    folds = []
    for fold in program.folds:
        axes = [k for k in fold.axes if k < first] + [first] * (last in fold.axes)
        folds.append(replace(fold, axes=tuple(axes)))
    return replace(
        program,
        ndim=first + 1,
        spreads=tuple(map(one, program.spreads)),
        instructions=tuple(replace(i, spread=one(i.spread)) for i in program.instructions),
        folds=tuple(folds),
    )


def _called(program: Program, shape: Sequence[int], arrays: Sequence[Tile], results: Sequence[Tile]) -> bool:
    """Run a program's kernel on a step; returns whether it did all that NumPy would have, which is silent then."""
    written = [] if program.folds else list(results)
    program, shape, arrays = _in_longer_rows(program, shape, [*arrays, *written])
    if written:
        arrays, results = arrays[:-1], arrays[-1:]
    taken = []
    strides: list[int] = []
    for array in arrays:
        found = _flat(array, program.ndim)
        if found is None:
            return False
        taken.append(found[0])
        strides += found[1]
    made = list(results)
    if not program.folds:
        found = _flat(results[0], program.ndim)
        if found is None:
            return False
        made = [found[0]]
        strides += found[1]
    text = source(program)
    assert text is not None
    sizes, apart = np.array(shape, np.int64), np.array([*strides, 0], np.int64)
    try:
        bad, raised = run_watched(text, sizes, apart, *taken, *arguments(program), *made)
    except CannotCompile:
        return False
    return not bad and not raised.found()


def evaluated(program: Program, operands: Sequence[Tile], out: Tile) -> bool:
    """Write a program's values for a step into `out`; returns whether that could be done."""
    return out.size > 0 and _called(program, out.shape, operands, [out])


def folded(
    program: Program,
    operands: Sequence[Tile],
    shape: tuple[int, ...],
    take: Callable[[Any, str, tuple[int, ...], np.dtype[Any]], Tile],
) -> list[tuple[list[Tile], Tile | None]] | None:
    """What a program's folds make of (a part of) a step of `shape`; None if that can't be done.

    Returns for each its planes, and how many elements were left out, if it leaves any out.

    take : (owner, name, shape, dtype) -> a buffer that is used again; what is returned lies in such
    """
    axes = program.folds[0].axes
    if not all(shape):
        return None
    kept = tuple(1 if k in axes else n for k, n in enumerate(shape))
    planes = []
    for j, fold in enumerate(without_skips(program).folds):
        planes.append([take(("made", j), name, kept, dtype) for name, dtype in _planes_of(fold)])
    flat = [p.reshape(-1) for group in planes for p in group]
    if not _called(program, shape, operands, flat):
        return None
    made = iter(planes)
    return [(next(made), None if fold.skip is None else next(made)[0]) for fold in program.folds]


def kernel_width(program: Program) -> int:
    """Bytes of what a program's kernel makes for each result it folds onto, before that is put to the states."""
    return sum(dtype.itemsize for fold in without_skips(program).folds for _, dtype in _planes_of(fold))


def _planes_of(fold: Fold) -> list[tuple[str, np.dtype[Any]]]:
    """The planes of what a fold makes: their names and dtypes."""
    if fold.name in ("min", "max"):
        return [("best", fold.values)]
    kind = np.dtype(np.int64 if fold.result.kind in "iu" else np.float64)
    return [(str(k), kind) for k in range(FOLDS[fold.name].planes)]
