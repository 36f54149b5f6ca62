"""Folding packed numbers as they are stored: exactly, and unpacked once for all that is folded at once.

Sums, and sums of squares, of numbers of one or two bytes are whole numbers that 64 bits hold; so nothing is lost before
the one multiplication by the scale.  Where kernels are compiled, one call folds all that was fetched right onto the
states, and counts what is missing; else NumPy does it, tile by tile.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from nbarray.compiling import CannotCompile, run_loops
from nbarray.kernels.codegen import source
from nbarray.kernels.moments import moments_of, moments_update
from nbarray.kernels.packed_loops import MOMENTS, SUMS, loops
from nbarray.kernels.program import Fold, Linear, Program
from nbarray.kernels.reduction_rows import State
from nbarray.kernels.reductions import REDUCTIONS
from nbarray.kernels.sums import add_part
from nbarray.kernels.tiles import part_of, tiles
from nbarray.kernels.workspace import Workspace
from nbarray.packing import Packing, Scalar

__all__ = [
    "add_stored",
    "exact_dtype",
    "fold_packed",
    "fold_unpacked",
    "folds_at_once",
    "kernels_of",
    "needs_stored_sums",
    "suits",
    "unpack_made",
]

Tile = np.ndarray[Any, Any]
Corner = tuple[int, ...]
Target = tuple[slice, ...]

#: As many numbers of two bytes have a sum that 32 bits hold, and sums of squares whose products 64 bits hold.
MOST_ROWS = 2**15 - 1


def exact_dtype(stored: np.dtype[Any], count: int) -> np.dtype[Any]:
    """An integer dtype that holds any sum of so many stored numbers."""
    return np.dtype(np.int32 if count < 2 ** (31 - 8 * stored.itemsize) else np.int64)


def needs_stored_sums(program: Program, fold: Fold) -> bool:
    """Whether sums of stored numbers are kept beside a fold's state until all steps are done."""
    return fold.linear is not None and REDUCTIONS[fold.name].is_sum and not suits(program)


# ------------------------------------------------------------------------------------------------ with NumPy


def add_stored(state: State, stored: State, linear: Linear, tile_elements: int, take: Any) -> None:
    """Add sums of stored numbers to sums of values, tile by tile while they are in cache."""
    for tile in tiles(stored.planes[0].shape, tile_elements):
        left = None if stored.left is None else stored.left[tile]
        _add_unpacked(state.part(tile), part_of(stored.planes[0], tile), left, linear, take)
    if stored.left is not None and not linear.poison:
        state.left = stored.left if state.left is None else state.left + stored.left


def _add_unpacked(planes: list[Tile], exact: Tile, left: Tile | None, linear: Linear, take: Any) -> None:
    """Add sums of stored numbers to sums of values; `left` numbers of each are missing, and count as 0."""
    part = take("unpacked sums", exact.shape, np.dtype(np.float64))
    np.copyto(part, exact)
    np.multiply(part, float(linear.scale.value), out=part)
    if left is not None and left.any():
        part -= float(linear.offset.value) * left
        if linear.poison:
            part[left > 0] = np.nan
    add_part(planes, part)


def fold_unpacked(
    fold: Fold, state: State, target: Target, value: Tile, skip: Tile | None, alike: bool, take: Any
) -> None:
    """Fold a tile of stored numbers, in which those left out are 0: added exactly, then unpacked.

    take : (name, shape, dtype) -> a buffer that is used again
    """
    linear = fold.linear
    assert linear is not None
    left = None if skip is None else np.add.reduce(skip, axis=fold.axes, keepdims=True, dtype=fold.left)
    if REDUCTIONS[fold.name].is_sum:
        kind = exact_dtype(fold.values, math.prod(value.shape[k] for k in fold.axes))
        exact = np.add.reduce(value, axis=fold.axes, keepdims=True, dtype=kind)
        _add_unpacked(state.part(target), exact, left, linear, take)
        return
    n, mean, m2 = moments_of(value, skip, fold.axes, np.dtype(np.float64))
    mean, m2 = unpack_made(fold, [mean, np.asarray(m2)])
    if linear.poison and left is not None:
        n, m2 = float(value.size // max(1, mean.size)), np.where(left > 0, np.nan, m2)
    moments_update(state.part(target), n, mean, m2, alike)


def unpack_made(fold: Fold, made: list[Tile]) -> list[Tile]:
    """What a kernel made of stored numbers, made into that of values, in place; offsets of sums come later."""
    if fold.linear is None:
        return made
    scale = float(fold.linear.scale.value)
    np.multiply(made[0], scale, out=made[0])
    if len(made) > 1:
        np.add(made[0], float(fold.linear.offset.value), out=made[0])
        np.multiply(made[1], scale * scale, out=made[1])
    return made


# ---------------------------------------------------------------------------------------------- compiled


@lru_cache(maxsize=512)
def suits(program: Program) -> bool:
    """Whether a program only folds packed numbers, and is to be compiled."""
    if not program.compiled or len(program.instructions) != 1 or len(program.operands) != 1:
        return False
    stored = program.operands[0]
    return (
        program.instructions[0].op.name == "unpack"
        and not program.masked[0]
        and stored.kind in "iu"
        and stored.isnative
        and all(f.linear is not None and f.skip is None and program.ndim - 1 not in f.axes for f in program.folds)
    )


def folds_at_once(program: Program) -> bool:
    """Whether any part of a program's space lies so that one call folds it onto its states."""
    if not suits(program):
        return False
    axes = sorted(program.folds[0].axes)
    return program.ndim - len(axes) <= 2 and axes == list(range(axes[0], axes[-1] + 1))


def kernels_of(program: Program) -> tuple[str, ...]:
    """The sources of the kernels that a compiled program is run by."""
    if folds_at_once(program):
        return tuple(dict.fromkeys(_loops_for(program, fold) for fold in program.folds))
    text = source(program)
    return () if text is None else (text,)


def _loops_for(program: Program, fold: Fold) -> str:
    return loops(SUMS if REDUCTIONS[fold.name].is_sum else MOMENTS, _missing(program)[0])


@lru_cache(maxsize=512)
def _missing(program: Program) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Which comparisons tell that a number is missing, and with what."""
    packing = program.instructions[0].op.params[0]
    assert isinstance(packing, Packing)
    if packing.result == "plain":
        return (), ()
    tests = [("==", number) for number in dict.fromkeys(packing.missing)]
    tests += [(sign, n) for sign, n in (("<", packing.valid_min), (">", packing.valid_max)) if n is not None]
    return tuple(sign for sign, _ in tests), tuple(_number(number) for _, number in tests)


def _number(scalar: Scalar) -> Any:
    stored = np.dtype(scalar.dtype)
    return np.frombuffer(scalar.raw, stored).astype(stored.newbyteorder("="))[0]


def fold_packed(program: Program, data: Tile, offset: Corner, states: list[State], workspace: Workspace) -> list[int]:
    """Fold a step of stored numbers onto states from `offset` on; returns the numbers of those left alone."""
    return [
        k
        for k, (fold, state) in enumerate(zip(program.folds, states, strict=True))
        if not _fold_one(program, fold, data, offset, state, workspace)
    ]


def _fold_one(program: Program, fold: Fold, data: Tile, offset: Corner, state: State, workspace: Workspace) -> bool:
    """Fold a step onto one state; returns whether that could be done."""
    linear = fold.linear
    assert linear is not None
    if len(state.planes) != (1 if REDUCTIONS[fold.name].is_sum else 3):  # few results, of which losses are kept, too
        return False
    target = tuple(
        slice(o, o + (1 if k in fold.axes else n)) for k, (o, n) in enumerate(zip(offset, data.shape, strict=True))
    )
    planes = state.part(target)
    layout = _layout(data, planes[0], fold.axes)
    if layout is None:
        return False
    left, begins = state.left, state.left is None
    if left is None:
        left = workspace.zeros("none left out", state.planes[0].shape, fold.left)
    text, numbers = _loops_for(program, fold), _missing(program)[1]
    results = [_run(each, True) for each in (*planes, part_of(left, target))]
    scalars = float(linear.scale.value), float(linear.offset.value), linear.poison
    try:
        found = run_loops(text, np.array(layout, np.int64), _run(data, False), *results, *scalars, *numbers)
    except CannotCompile:
        return False
    if found and begins:
        workspace.let_keep("none left out")
        state.left = None if linear.poison else left
    return True


def _run(array: Tile, writeable: bool) -> Tile:
    """The memory that an array lies in, from its first element to its last."""
    if array.flags.c_contiguous:
        flat = array.reshape(-1)
        flat.flags.writeable = writeable
        return flat
    span = 1 + sum((n - 1) * s // array.itemsize for n, s in zip(array.shape, array.strides, strict=True))
    return np.lib.stride_tricks.as_strided(array, (span,), (array.itemsize,), writeable=writeable)


def _layout(data: Tile, plane: Tile, axes: tuple[int, ...]) -> tuple[int, ...] | None:
    """Data and results as rows that are folded onto rows of results; None if they don't lie so.

    Returns how many rows of results there are, how many are folded onto each, and how long they are; then how far
    apart those of the data are for each row of results, and for each that is folded; then how far rows of results are.
    """
    if not (data.flags.aligned and plane.flags.aligned) or min(data.shape) < 1:
        return None
    kept: list[tuple[int, int, int]] = []
    folded: list[tuple[int, int, int]] = []
    for k in range(data.ndim - 1, -1, -1):
        n, apart, results = data.shape[k], data.strides[k] // data.itemsize, plane.strides[k] // plane.itemsize
        if n == 1:
            continue
        if apart <= 0:
            return None
        group, step = (folded, (n, apart, 0)) if k in axes else (kept, (n, apart, results))
        if group and apart == group[-1][0] * group[-1][1] and step[2] == group[-1][0] * group[-1][2]:
            group[-1] = (n * group[-1][0], *group[-1][1:])
        else:
            group.append(step)
    if kept and kept[0][1:] != (1, 1):
        return None
    kept += [(1, 1, 1)] * (2 - len(kept))
    folded += [(1, 0, 0)] * (1 - len(folded))
    if len(kept) > 2 or len(folded) > 1 or folded[0][0] > MOST_ROWS:
        return None
    (length, _, _), (outer, outer_apart, results_apart) = kept
    rows, rows_apart, _ = folded[0]
    return outer, rows, length, outer_apart, rows_apart, results_apart
