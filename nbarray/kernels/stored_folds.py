"""Folding packed numbers as they are stored: fetched into one buffer, of several parts if they are short.

Bytes may be as a shuffle filter left them; `packed` has the loops, and says what they can't do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from nbarray.kernels import packed
from nbarray.kernels.fused import Corner
from nbarray.kernels.fused_folds import begun, fold_by_tiles, offset_in
from nbarray.kernels.program import Program
from nbarray.kernels.reduction_rows import State, Tile
from nbarray.kernels.reductions import REDUCTIONS
from nbarray.kernels.tiles import steps
from nbarray.kernels.workspace import Workspace

__all__ = ["Fill", "StoredPart", "fold_stored"]

#: (low, high, buffer) -> stored numbers of a box are there, and how many of them make a run of shuffled bytes (or 1)
Fill = Callable[[Corner, Corner, Tile], int]


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A box of a program's space that is fetched in steps, each into a buffer."""

    program: Program
    low: Corner
    high: Corner
    step: Corner
    fill: Fill


def fold_stored(
    parts: Sequence[StoredPart],
    axis: int,
    elements: int,
    unlike: bool,
    workspace: Workspace,
    states: tuple[State, ...] | None = None,
) -> tuple[State, ...]:
    """As `fold_box`, for programs that fold stored numbers at once (see `packed`).

    parts : boxes that lie end to end along an axis that is folded, each from 0 on along it
    elements : so many are fetched and folded at once, of several parts if need be
    unlike : programs may differ in what stored numbers stand for
    """
    low, folds = parts[0].low, parts[0].program.folds
    axes = folds[0].axes
    fetched = _fetched_together(parts, axis, elements, workspace)
    first = list(islice(fetched, 1))
    if states is None:  # as in `fold_box`: not before something is there
        kept = tuple(1 if k in axes else q - p for k, (p, q) in enumerate(zip(low, parts[0].high, strict=True)))
        states = begun(parts[0].program, kept, workspace)
    for programs, data, run, corner in chain(first, fetched):
        offset = offset_in(corner, low, axes)
        rest = packed.fold_packed(programs, data, run, offset, list(states), workspace, unlike)
        if rest and run > 1:
            packed.bring_together(data, run, workspace.buffer)
        begin = 0
        for program, length in programs if rest else ():
            rows = data[(*(slice(None),) * axis, slice(begin, begin + length))]
            some, onto = [program.folds[k] for k in rest], [states[k] for k in rest]
            fold_by_tiles(program, some, [(rows, None)], corner, rows.shape, offset, rows.shape, workspace, onto)
            begin += length
    for k, state in enumerate(states):
        for part in parts:
            linear = part.program.folds[k].linear
            if linear is not None and REDUCTIONS[folds[k].name].is_sum:
                state.shift += float(linear.offset.value) * math.prod(part.high[j] - part.low[j] for j in axes)
    return states


def _fetched_together(
    parts: Sequence[StoredPart], axis: int, elements: int, workspace: Workspace
) -> Iterator[tuple[list[tuple[Program, int]], Tile, int, Corner]]:
    """What is fetched at once, with the programs of its parts and how long each is.

    Then how many numbers make a run of shuffled bytes, and where the box begins.
    """
    (kind,) = parts[0].program.operands
    lead = (slice(None),) * axis
    for group in _groups(parts, axis, elements):
        _, a, b = group[0]
        shape = [q - p for p, q in zip(a, b, strict=True)]
        shape[axis] = sum(high[axis] - low[axis] for _, low, high in group)
        data = workspace.buffer(("operand", 0), tuple(shape), kind)
        programs: list[tuple[Program, int]] = []
        begin, done, run = 0, 0, 0
        for part, low, high in group:
            length = high[axis] - low[axis]
            there = part.fill(low, high, data[(*lead, slice(done, done + length))])
            if programs and there != run:
                yield programs, data[(*lead, slice(begin, done))], run, a
                begin, programs = done, []
            programs.append((part.program, length))
            run, done = there, done + length
        yield programs, data[(*lead, slice(begin, done))], run, a


def _groups(parts: Sequence[StoredPart], axis: int, elements: int) -> Iterator[list[tuple[StoredPart, Corner, Corner]]]:
    """Steps of parts, those that lie end to end together; no more than so many elements, or one step."""
    group: list[tuple[StoredPart, Corner, Corner]] = []
    others: tuple[Corner, ...] = ()
    total = 0
    for part in parts:
        for a, b in steps(part.low, part.high, part.step):
            beside = tuple((*corner[:axis], *corner[axis + 1 :]) for corner in (a, b))
            size = math.prod(q - p for p, q in zip(a, b, strict=True))
            # before the axis nothing may vary, or a step would not lie in one piece
            alone = any(q - p > 1 for p, q in zip(a[:axis], b[:axis], strict=True))
            if group and (alone or beside != others or total + size > elements):
                yield group
                group, total = [], 0
            group.append((part, a, b))
            others, total = beside, total + size
    if group:
        yield group
