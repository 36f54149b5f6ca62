"""Running a fused program over one task's box: fetch a step, cut it into tiles, evaluate and write.

`fused_folds` reduces the values instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any
from weakref import ref

import numpy as np

from nbarray.kernels import native
from nbarray.kernels.patched import Patched, apart, cut_operand
from nbarray.kernels.program import Evaluator, Program
from nbarray.kernels.tiles import LEAST_TILE, part_of, steps, tiles
from nbarray.kernels.turning import along, straight
from nbarray.kernels.workspace import Workspace

__all__ = [
    "Fetch",
    "Planes",
    "band_elements",
    "cut_operands",
    "evaluate_box",
    "evaluate_pieces",
    "evaluator_for",
    "fetched",
    "straightened",
    "tile_shape_of",
]

#: Pieces with shorter rows are computed several at a time, of so many elements at the most.
LONG_ROW, BAND_ELEMENTS = 256, 2**18
#: A worker keeps so many evaluators: enough for the programs of one plan, few enough not to grow with files.
_EVALUATORS_KEPT = 16

Tile = np.ndarray[Any, Any]
Corner = tuple[int, ...]
#: Values and mask of a block; the mask is None where nothing is missing.
Planes = tuple[Tile, Tile | None]
#: (operand, low, high) -> that part of the operand, broadcastable to the box
Fetch = Callable[[int, Corner, Corner], Planes | Patched]


def evaluator_for(program: Program, workspace: Workspace) -> Evaluator:
    """The worker's evaluator for a program; the last few are kept, and all share their buffers."""
    recent: dict[Program, Evaluator] = workspace.keep("evaluators", dict)
    found = recent.get(program)
    if found is None:
        if len(recent) >= _EVALUATORS_KEPT:
            recent.pop(next(iter(recent)))
        found = recent[program] = Evaluator(program, partial(_taken, ref(workspace)))
    return found


def _taken(workspace: ref[Workspace], number: int, nbytes: int) -> Tile:
    """A buffer of a worker's, who keeps whoever asks, and would stay if it were kept by that."""
    whose = workspace()
    assert whose is not None
    return whose.tile_buffer(number, nbytes)


def straightened(program: Program, values: list[Tile], workspace: Workspace) -> list[Tile]:
    """A tile's operands, those brought into the order of their axes that are stored the other way round."""
    return [straight(v, program.compiled, partial(workspace.buffer_for, ("straight", k))) for k, v in enumerate(values)]


def cut_operands(
    operands: list[Planes], spreads: tuple[tuple[bool, ...], ...], tile: tuple[slice, ...]
) -> tuple[list[Tile], list[Tile | None]]:
    """The part of each operand that belongs to a tile."""
    whole = slice(None)
    values, masks = [], []
    for (value, mask), spread in zip(operands, spreads, strict=True):
        part = tuple(s if varies else whole for s, varies in zip(tile, spread, strict=True))
        # an index of nothing would make numbers of 0-d arrays
        values.append(value[part] if part else value)
        masks.append(mask if mask is None or not part else mask[part])
    return values, masks


def fetched(program: Program, fetch: Fetch, low: Corner, high: Corner) -> list[Planes | Patched]:
    """A box of every operand."""
    return [fetch(k, low, high) for k in range(len(program.operands))]


def tile_shape_of(tile: tuple[slice, ...]) -> tuple[int, ...]:
    """The shape of a tile."""
    return tuple(s.stop - s.start for s in tile)


def evaluate_box(
    program: Program,
    low: Corner,
    high: Corner,
    step: Corner,
    fetch: Fetch,
    out: Tile,
    out_mask: Tile | None,
    workspace: Workspace,
) -> bool:
    """Write a program's elementwise result for a box into `out`; returns whether anything is masked."""
    any_masked = False
    for a, b in steps(low, high, step):
        operands = fetched(program, fetch, a, b)
        region = _within(a, b, low)
        part, part_mask = part_of(out, region), None if out_mask is None else part_of(out_mask, region)
        any_masked |= _evaluate(program, operands, part, part_mask, workspace)
    return any_masked


def evaluate_pieces(
    program: Program,
    low: Corner,
    high: Corner,
    step: Corner,
    fetch: Fetch,
    pieces: Callable[[Corner, Corner], Iterable[tuple[Corner, Corner, Tile]]],
    workspace: Workspace,
) -> None:
    """As `evaluate_box`, for a result without a mask that never exists whole.

    pieces : (low, high) -> the corners of boxes that make up this one, each with where its values go
    """
    together = band_elements(program, step)
    for a, b in steps(low, high, step):
        operands = fetched(program, fetch, a, b)
        band: tuple[Corner, Corner, Tile] | None = None
        for piece_low, piece_high, out in pieces(a, b):
            if band is None or not _lies_in(piece_low, piece_high, band):
                end = _band_end(piece_low, piece_high, b, together)
                parts = _parts(operands, program.spreads, _within(piece_low, end, a))
                if end == piece_high:
                    _evaluate(program, parts, out, None, workspace)
                    continue
                shape = tuple(q - p for p, q in zip(piece_low, end, strict=True))
                band = piece_low, end, workspace.buffer("band", shape, out.dtype)
                _evaluate(program, parts, band[2], None, workspace)
            np.copyto(out, part_of(band[2], _within(piece_low, piece_high, band[0])))


def band_elements(program: Program, step: Corner) -> int:
    """How many elements are computed at once, at the most, for pieces of short rows; 0 where steps are short anyway."""
    elements = min(BAND_ELEMENTS // program.tile_divisor, math.prod(step))
    return elements if elements >= LEAST_TILE else 0


def _band_end(low: Corner, high: Corner, end: Corner, elements: int) -> Corner:
    """The corner up to which a piece is computed together with those beside it along the last axis.

    It is the piece's own where rows are long enough already, or there would be more elements than so many.
    """
    size = tuple(q - p for p, q in zip(low, high, strict=True))
    if not size or not 0 < size[-1] < LONG_ROW:
        return high
    together = elements // max(1, math.prod(size))
    return (*high[:-1], min(end[-1], low[-1] + together * size[-1])) if together > 1 else high


def _lies_in(low: Corner, high: Corner, band: tuple[Corner, Corner, Tile]) -> bool:
    first, last, _ = band
    return all(p <= a and b <= q for p, a, b, q in zip(first, low, high, last, strict=True))


def _within(low: Corner, high: Corner, origin: Corner) -> tuple[slice, ...]:
    """A box as slices of one that begins at `origin`."""
    return tuple(slice(a - o, b - o) for a, b, o in zip(low, high, origin, strict=True))


def _parts(
    operands: Sequence[Planes | Patched], spreads: tuple[tuple[bool, ...], ...], region: tuple[slice, ...]
) -> list[Planes | Patched]:
    """The part of each operand that belongs to a region."""
    whole = slice(None)
    return [
        cut_operand(operand, tuple(s if varies else whole for s, varies in zip(region, spread, strict=True)))
        for operand, spread in zip(operands, spreads, strict=True)
    ]


def _evaluate(
    program: Program,
    operands: list[Planes | Patched],
    out: Tile,
    out_mask: Tile | None,
    workspace: Workspace,
) -> bool:
    """Write a program's values for operands that were fetched; returns whether anything is masked."""
    if not any(isinstance(operand, Patched) for operand in operands):
        return _evaluate_tiles(program, operands, out, out_mask, workspace)  # type: ignore[arg-type]
    any_masked = False
    for region in apart(operands, out.shape):
        parts: Any = _parts(operands, program.spreads, region)
        mask = None if out_mask is None else part_of(out_mask, region)
        any_masked |= _evaluate_tiles(program, parts, part_of(out, region), mask, workspace)
    return any_masked


def _evaluate_tiles(
    program: Program, operands: list[Planes], out: Tile, out_mask: Tile | None, workspace: Workspace
) -> bool:
    """As `_evaluate` for operands that each lie in one array, tile by tile."""
    turned = along([value for value, _ in operands])
    if program.compiled and turned is None and native.evaluated(program, [value for value, _ in operands], out):
        return False
    if turned is None and not program.instructions and program.result < len(operands):
        return _copy(*operands[program.result], out, out_mask)
    evaluator = evaluator_for(program, workspace)
    any_masked = False
    for tile in tiles(out.shape, program.tile_elements if turned is None else program.turned_elements, turned):
        values, masks = cut_operands(operands, program.spreads, tile)
        if turned is not None:
            values = straightened(program, values, workspace)
            if program.compiled and native.evaluated(program, values, part_of(out, tile)):
                continue
        _, mask = evaluator.run(values, masks, tile_shape_of(tile), part_of(out, tile))
        if mask is not None and out_mask is not None:
            part_of(out_mask, tile)[...] = mask
            any_masked = True
    return any_masked


def _copy(values: Tile, mask: Tile | None, out: Tile, out_mask: Tile | None) -> bool:
    """What a program without operations does: its result is an operand."""
    np.copyto(out, values, casting="unsafe")
    if mask is None or out_mask is None:
        return False
    out_mask[...] = mask
    return True
