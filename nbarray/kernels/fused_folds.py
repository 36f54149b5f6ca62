"""Reducing a fused program's values over one task's box: fold step after step into states, tile by tile."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np

from nbarray.kernels import native, packed
from nbarray.kernels.choosing import choose, whole_of
from nbarray.kernels.fused import (
    Corner,
    Fetch,
    Planes,
    cut_operands,
    evaluator_for,
    fetched,
    straightened,
    tile_shape_of,
)
from nbarray.kernels.narrow import copied_to_front, front, numbers_in_front
from nbarray.kernels.patched import Patched
from nbarray.kernels.program import Fold, Program
from nbarray.kernels.reduction_rows import State, Tile
from nbarray.kernels.reductions import REDUCTIONS
from nbarray.kernels.tiles import Box, Where, fold_tiles, part_of, steps, tiles
from nbarray.kernels.turning import along
from nbarray.kernels.workspace import Workspace

__all__ = ["RESULTS_AT_ONCE", "begun", "fold_box", "fold_by_tiles", "offset_in"]

#: Results that a compiled kernel folds onto at once: what it makes stays in cache until it is put to the states.
RESULTS_AT_ONCE = 65_536


def begun(program: Program, kept: Corner, workspace: Workspace) -> tuple[State, ...]:
    """States that have seen nothing."""
    make = workspace.spares.take
    return tuple(REDUCTIONS[f.name].begin(kept, f.values, f.result, f.left, make) for f in program.folds)


def fold_box(
    program: Program,
    low: Corner,
    high: Corner,
    step: Corner,
    shape: Corner,
    fetch: Fetch,
    workspace: Workspace,
    states: tuple[State, ...] | None = None,
) -> tuple[State, ...]:
    """Reduce a box of a program's space (of `shape`): a state for each fold, new or going on from `states`."""
    axes = program.folds[0].axes
    kept = tuple(1 if k in axes else q - p for k, (p, q) in enumerate(zip(low, high, strict=True)))
    fetched: list[list[Planes]] = []
    if states is None:
        # fetching takes a while, in which another task may leave a state that this one can be made in
        fetched = [_fetched_whole(program, fetch, *box, workspace) for box in islice(steps(low, high, step), 1)]
        states = begun(program, kept, workspace)
    count = math.prod(high[k] - low[k] for k in axes)
    folds, into = list(program.folds), list(states)
    # where a step holds all that is folded, its sums are unpacked at once, tile by tile
    shallow = all(high[k] - low[k] <= step[k] - low[k] % step[k] for k in axes)
    for k, fold in enumerate(program.folds):
        if packed.needs_stored_sums(program, fold) and not shallow:
            whole = workspace.buffer(("stored sums", k), kept, packed.exact_dtype(fold.values, count))
            whole.fill(0)
            folds[k], into[k] = replace(fold, name="sum", linear=None), State([whole])
    _fold_steps(program, folds, low, high, step, shape, fetch, workspace, into, fetched)
    for fold, state, stored in zip(program.folds, states, into, strict=True):
        if fold.linear is not None and REDUCTIONS[fold.name].is_sum:
            state.shift += float(fold.linear.offset.value) * count
            if stored is not state:
                packed.add_stored(state, stored, fold.linear, program.tile_elements, workspace.buffer)
    return states


def _fetched_whole(program: Program, fetch: Fetch, low: Corner, high: Corner, workspace: Workspace) -> list[Planes]:
    """As `fetched`, with each operand in one array."""
    found = []
    for k, operand in enumerate(fetched(program, fetch, low, high)):
        if isinstance(operand, Patched):
            operand = operand.together(workspace.buffer(("together", k), operand.shape, program.operands[k]))
        found.append(operand)
    return found


def _fold_steps(
    program: Program,
    folds: list[Fold],
    low: Corner,
    high: Corner,
    step: Corner,
    shape: Corner,
    fetch: Fetch,
    workspace: Workspace,
    states: list[State],
    fetched: list[list[Planes]],
) -> None:
    """Fold every step of a box into the states; nothing of one is held while the next is fetched.

    fetched : the operands of the first step, if they were fetched before; they are taken from there
    """
    for a, b in steps(low, high, step):
        place = low, (a, b), shape, workspace, states
        _fold_step(
            program, folds, fetched.pop() if fetched else _fetched_whole(program, fetch, a, b, workspace), *place
        )


def _fold_step(
    program: Program,
    folds: list[Fold],
    operands: list[Planes],
    low: Corner,
    box: Box,
    shape: Corner,
    workspace: Workspace,
    states: list[State],
) -> None:
    """Fold a step by the program's kernel where that can be done, or tile by tile."""
    axes, (a, b) = folds[0].axes, box
    extent = tuple(q - p for p, q in zip(a, b, strict=True))
    if packed.suits(program):
        rest = packed.fold_packed([(program, 1)], operands[0][0], 1, offset_in(a, low, axes), states, workspace)
        if len(rest) < len(folds):
            some = [folds[k] for k in rest], operands, a, extent, offset_in(a, low, axes), shape, workspace
            if rest:
                fold_by_tiles(program, *some, [states[k] for k in rest])
            return
    if not program.compiled:
        fold_by_tiles(program, folds, operands, a, extent, offset_in(a, low, axes), shape, workspace, states)
        return
    turned = along([value for value, _ in operands])
    for cut in _cuts_for_kernels(extent, axes, turned, program.turned_elements):
        values, masks = cut_operands(operands, program.spreads, cut)
        if turned is not None:
            values = straightened(program, values, workspace)
        corner = tuple(p + s.start for p, s in zip(a, cut, strict=True))
        place = offset_in(corner, low, axes), shape, workspace, states
        if not _fold_compiled(program, folds, values, corner, tile_shape_of(cut), *place):
            fold_by_tiles(program, folds, list(zip(values, masks, strict=True)), corner, tile_shape_of(cut), *place)


@lru_cache(maxsize=512)
def _cuts_for_kernels(
    extent: Corner, axes: tuple[int, ...], turned: int | None, elements: int
) -> tuple[tuple[slice, ...], ...]:
    """The parts of a step that a kernel folds, each as far as it goes along the axes that are folded.

    turned : as `tiles` has it; then there are tiles of so many `elements`, as turning needs
    """
    if turned is not None:
        return tiles(extent, elements, turned)
    kept = tiles(tuple(1 if k in axes else n for k, n in enumerate(extent)), RESULTS_AT_ONCE)
    return tuple(
        tuple(slice(0, n) if k in axes else s for k, (n, s) in enumerate(zip(extent, part, strict=True)))
        for part in kept
    )


def offset_in(corner: Corner, low: Corner, axes: tuple[int, ...]) -> Corner:
    """Where results begin in the state of a box that begins at `low`."""
    return tuple(0 if k in axes else p - o for k, (p, o) in enumerate(zip(corner, low, strict=True)))


def _fold_compiled(
    program: Program,
    folds: list[Fold],
    values: list[Tile],
    corner: Corner,
    extent: Corner,
    offset: Corner,
    shape: Corner,
    workspace: Workspace,
    states: list[State],
) -> bool:
    """Fold a part of a step by the program's kernel; if that can't be done, the states are left alone."""
    made = native.folded(program, values, extent, workspace.buffer_for)
    if made is None:
        return False
    axes = folds[0].axes
    target = tuple(slice(o, o + (1 if k in axes else n)) for k, (o, n) in enumerate(zip(offset, extent, strict=True)))
    count = math.prod(extent[k] for k in axes)
    for fold, state, (planes, left) in zip(folds, states, made, strict=True):
        if left is not None and left.any():
            if state.left is None:
                state.left = np.zeros(state.planes[0].shape, fold.left)
            np.add(state.left[target], left, out=state.left[target], casting="unsafe")
        join = REDUCTIONS[fold.name].join
        assert join is not None
        join(state.part(target), packed.unpack_made(fold, planes), count, Where(corner, shape, _alike(state, target)))
    return True


def _alike(state: State, target: tuple[slice, ...]) -> bool:
    """Whether all results of a part have seen equally many elements."""
    return state.left is None or not state.left[target].any()


def fold_by_tiles(
    program: Program,
    folds: list[Fold],
    operands: list[Planes],
    corner: Corner,
    extent: Corner,
    offset: Corner,
    shape: Corner,
    workspace: Workspace,
    states: list[State],
) -> None:
    """Fold (a part of) a step tile by tile."""
    axes = folds[0].axes
    evaluator = evaluator_for(program, workspace)
    narrow, within = program.narrow, numbers_in_front(axes, len(extent), program.narrow)
    turned = along([value for value, _ in operands])
    elements = program.tile_elements if turned is None else program.turned_elements
    for tile, tile_shape, target in _schedule(extent, elements, axes, offset, turned):
        values, masks = cut_operands(operands, program.spreads, tile)
        if turned is not None:
            values = straightened(program, values, workspace)
        registers, planes = evaluator.registers(values, masks, tile_shape, None)
        first = tuple(p + s.start for p, s in zip(corner, tile, strict=True))
        for fold, state in zip(folds, states, strict=True):
            value = _spread(registers[fold.register], tile_shape)
            skip = _left_out(fold, registers, planes, tile_shape)
            inside = len(folds) == 1 and evaluator.owns(value)
            if narrow:
                value, inside = copied_to_front(value, narrow, workspace.buffer, "in front"), True
                skip = None if skip is None else copied_to_front(skip, narrow, workspace.buffer, "left out, in front")
            if skip is not None:
                value = _neutralised(value, skip, fold, inside, workspace)
                if fold.linear is None or not fold.linear.poison:
                    _count_left(state, skip, within, target, fold.left, narrow)
            if fold.linear is not None:
                packed.fold_unpacked(fold, state, target, value, skip, _alike(state, target), workspace.buffer)
                continue
            where = Where(first, shape, _alike(state, target))
            parts = [front(plane, narrow) for plane in state.part(target)]
            REDUCTIONS[fold.name].fold(parts, value, skip, within, where)


@lru_cache(maxsize=512)
def _schedule(
    extent: Corner, elements: int, axes: tuple[int, ...], offset: Corner, turned: int | None
) -> tuple[tuple[tuple[slice, ...], Corner, tuple[slice, ...]], ...]:
    """The tiles of a step, each with its shape and where in the state its results go."""
    made = []
    for tile in fold_tiles(extent, elements, axes, turned):
        target = tuple(
            slice(0, 1) if k in axes else slice(s.start + offset[k], s.stop + offset[k]) for k, s in enumerate(tile)
        )
        made.append((tile, tile_shape_of(tile), target))
    return tuple(made)


def _spread(value: Any, shape: Corner) -> Tile:
    value = np.asarray(value)
    return value if value.shape == shape else np.broadcast_to(value, shape)


def _left_out(fold: Fold, registers: list[Any], planes: list[Tile | None], shape: Corner) -> Tile | None:
    """True where an element doesn't count, or None when all of them do."""
    skip = planes[fold.register]
    if fold.skip is not None:
        chosen = registers[fold.skip]
        skip = chosen if skip is None else skip | chosen
        if not np.any(skip):
            return None
    if skip is None:
        return None
    return _spread(skip, shape)


def _neutralised(value: Tile, skip: Tile, fold: Fold, may_overwrite: bool, workspace: Workspace) -> Tile:
    """The values with those left out replaced by what changes nothing."""
    neutral = REDUCTIONS[fold.name].neutral
    if neutral is None:
        return value
    inside = may_overwrite and value.flags.writeable
    out = value if inside else workspace.buffer("neutral", value.shape, value.dtype)
    whole = whole_of(value.dtype)
    if whole is not None and value.size:
        bits = workspace.buffer("neutral bits", skip.shape, whole)
        return choose(skip, np.asarray(neutral(value.dtype), value.dtype), value, out, bits)
    if not inside:
        np.copyto(out, value)
    np.copyto(out, neutral(value.dtype), where=skip, casting="unsafe")
    return out


def _count_left(
    state: State,
    skip: Tile,
    axes: tuple[int, ...],
    target: tuple[slice, ...],
    dtype: np.dtype[Any],
    narrow: int,
) -> None:
    """Count what a tile leaves out, `narrow` of whose axes are in front."""
    if state.left is None:
        state.left = np.zeros(state.planes[0].shape, dtype)
    if state.left.size == 1:
        np.add(state.left, np.count_nonzero(skip), out=state.left, casting="unsafe")
        return
    left = front(part_of(state.left, target), narrow)
    if any(skip.shape[a] != 1 for a in axes):
        skip = np.add.reduce(skip, axis=axes, keepdims=True, dtype=dtype)
    left += skip
