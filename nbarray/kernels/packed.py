"""Folding packed numbers as they are stored: exactly, and unpacked once for all that is folded at once.

Sums, and sums of squares, of numbers of one or two bytes are whole numbers that 64 bits hold; so nothing is lost before
the one multiplication by the scale.  Where kernels are compiled, one call folds all that was fetched right onto the
states, and counts what is missing; else NumPy does it, tile by tile.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from nbarray.compiling import CannotCompile, run_loops
from nbarray.kernels.moments import moments_of, moments_update
from nbarray.kernels.native import usual_source
from nbarray.kernels.packed_loops import LINES, MOMENTS, SUMS, loops
from nbarray.kernels.program import Constant, Fold, Linear, Program
from nbarray.kernels.reduction_rows import State
from nbarray.kernels.reductions import REDUCTIONS
from nbarray.kernels.sums import add_part
from nbarray.kernels.tiles import part_of, tiles
from nbarray.kernels.workspace import Workspace
from nbarray.packing import Packing, Scalar

__all__ = [
    "add_stored",
    "bring_together",
    "exact_dtype",
    "fold_packed",
    "fold_unpacked",
    "folds_at_once",
    "kernels_of",
    "needs_stored_sums",
    "suits",
    "unpack_made",
    "without_lines",
]

Tile = np.ndarray[Any, Any]
Corner = tuple[int, ...]
Target = tuple[slice, ...]

#: As many numbers of two bytes have a sum that 32 bits hold, and sums of squares whose products 64 bits hold.
MOST_ROWS = 2**15 - 1
_ONE = Constant.of(1.0)


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


def kernels_of(program: Program, step: Sequence[int], shuffled: bool, unlike: bool = False) -> tuple[str, ...]:
    """The sources of the kernels that a compiled program is run by.

    step : shape of what is fetched at once; shuffled : bytes of numbers lie apart
    unlike : rows are unpacked by different lines
    """
    if folds_at_once(program):
        return tuple(dict.fromkeys(_loops_for(program, fold, shuffled, unlike) for fold in program.folds))
    text = usual_source(program, step)
    return () if text is None else (text,)


def _loops_for(program: Program, fold: Fold, shuffled: bool, unlike: bool) -> str:
    kind = MOMENTS if not REDUCTIONS[fold.name].is_sum else LINES if unlike else SUMS
    return loops(kind, _missing(program)[0], program.operands[0].name if shuffled else None)


@lru_cache(maxsize=1024)
def without_lines(program: Program) -> Program:
    """What is left of a program if stored numbers may stand for any values: of several, what folds them together."""
    folds = []
    for fold in program.folds:
        if fold.linear is None or not REDUCTIONS[fold.name].is_sum:
            return program
        folds.append(replace(fold, linear=replace(fold.linear, scale=_ONE, offset=_ONE)))
    return replace(program, folds=tuple(folds))


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


def fold_packed(
    programs: Sequence[tuple[Program, int]],
    data: Tile,
    run: int,
    offset: Corner,
    states: list[State],
    workspace: Workspace,
    unlike: bool = False,
) -> list[int]:
    """Fold a step of stored numbers onto states from `offset` on; returns the numbers of those left alone.

    programs : of parts that lie end to end along the first axis that is folded, and how long each is
    run : how many numbers make a run whose bytes are shuffled; 1 where they are together
    unlike : programs may differ in what stored numbers stand for, but not `without_lines`
    """
    return [
        k for k, state in enumerate(states) if not _fold_one(programs, k, data, run, offset, state, workspace, unlike)
    ]


def _fold_one(
    programs: Sequence[tuple[Program, int]],
    number: int,
    data: Tile,
    run: int,
    offset: Corner,
    state: State,
    workspace: Workspace,
    unlike: bool,
) -> bool:
    """Fold a step onto the state of one fold; returns whether that could be done."""
    program = programs[0][0]
    fold = program.folds[number]
    is_sum = REDUCTIONS[fold.name].is_sum
    assert fold.linear is not None
    if len(state.planes) != (1 if is_sum else 3):  # few results, of which losses are kept, too
        return False
    target = tuple(
        slice(o, o + (1 if k in fold.axes else n)) for k, (o, n) in enumerate(zip(offset, data.shape, strict=True))
    )
    planes = state.part(target)
    layout = _layout(data, planes[0], fold.axes)
    lying = None if layout is None else _lying(layout, run, data.itemsize)
    if lying is None:
        return False
    left, begins = state.left, state.left is None
    if left is None:
        left = workspace.zeros("none left out", state.planes[0].shape, fold.left)
    text, numbers = _loops_for(program, fold, run > 1, unlike), _missing(program)[1]
    results = [_run(each, True) for each in (*planes, part_of(left, target))]
    line: tuple[Any, Any] = float(fold.linear.scale.value), float(fold.linear.offset.value)
    if unlike and is_sum:
        line = _lines(programs, number, len(lying[1]) // sum(length for _, length in programs))
    memory = _run(data, False)
    if run > 1:
        memory = memory.view(np.uint8)
    try:
        found = run_loops(text, *lying, memory, *results, *line, fold.linear.poison, *numbers)
    except CannotCompile:
        return False
    if found and begins:
        workspace.let_keep("none left out")
        state.left = None if fold.linear.poison else left
    return True


def _lines(programs: Sequence[tuple[Program, int]], number: int, times: int) -> tuple[Tile, Tile]:
    """The scale and the offset of each row, of which there are so many for each step along the axis."""
    lines = [program.folds[number].linear for program, _ in programs]
    rows = [length * times for _, length in programs]
    scales = [float(line.scale.value) for line in lines if line is not None]
    offsets = [float(line.offset.value) for line in lines if line is not None]
    return np.repeat(scales, rows), np.repeat(offsets, rows)


@lru_cache(maxsize=128)
def _lying(layout: tuple[int, ...], run: int, itemsize: int) -> tuple[Tile, Tile] | None:
    """How rows lie, for loops: in numbers, or in bytes where they are shuffled; None if loops can't go over them.

    Returns how many rows of results there are, how long they are, how far apart rows of the data are and of results,
    and how far a number's bytes are; and where each row that is folded begins.
    """
    outer, rows, length, outer_apart, rows_apart, results_apart = layout
    starts = np.arange(rows, dtype=np.int64) * rows_apart
    if run > 1:
        if itemsize != 2:
            return None
        if outer == 1 and length > run and not length % run and not rows_apart % run:
            outer, length, outer_apart, results_apart = length // run, run, 2 * run, run
            starts *= 2
        elif int((starts % run).max()) + (outer - 1) * outer_apart + length <= run:
            starts += starts - starts % run
        else:
            return None
    return np.array((outer, length, outer_apart, results_apart, run), np.int64), starts


def bring_together(data: Tile, run: int, take: Any) -> None:
    """Bring bytes of numbers together, in place, that are shuffled in runs of so many numbers.

    take : (name, shape, dtype) -> a buffer that is used again
    """
    for numbers in data.reshape(-1, run):
        shuffled = take("shuffled", (data.itemsize, run), np.dtype(np.uint8))
        shuffled[...] = numbers.view(np.uint8).reshape(data.itemsize, run)
        numbers.view(np.uint8).reshape(run, data.itemsize)[...] = shuffled.T


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
