"""The loops of compiled kernels: over rows of a step, writing values or folding them (see `codegen`).

Sums of a row are taken in lanes, blocks of 256 elements at a time, each block added up as a tree and the blocks with
what rounding lost (Neumaier, 1974): at least as exact as NumPy's pairwise sums, and free of any order but this one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nbarray.kernels.program import Fold, Program

__all__ = ["FOLDS", "inner_loops"]

#: Elements of a row that are folded at once: few enough for the first cache, however many rows there are.
STRETCH = 1024
#: Lanes of a sum along a row, and elements of a block.
LANES, BLOCK = 32, 256

Lines = list[str]


@dataclass(frozen=True)
class FoldCode:
    """How a fold is written.

    planes : how many partial results there are
    takes : whether a fold of this kind can be written
    operator : what tells the better of two values
    """

    planes: int
    takes: Callable[[Fold], bool]
    operator: str = ""


def _sums(fold: Fold) -> bool:
    return fold.values.kind in "iuf" and fold.result.kind == "f" and fold.result.itemsize <= 8


def _extremes(fold: Fold) -> bool:
    return fold.values.kind == "f"


def _counts(fold: Fold) -> bool:
    return fold.values.kind in "bi" and fold.result == np.dtype(np.int64)


FOLDS: dict[str, FoldCode] = {
    "sum": FoldCode(1, lambda fold: _sums(fold) or _counts(fold)),
    "mean": FoldCode(1, _sums),
    "var": FoldCode(2, _sums),
    "std": FoldCode(2, _sums),
    "min": FoldCode(1, _extremes, "<"),
    "max": FoldCode(1, _extremes, ">"),
}


def _indented(lines: Sequence[str], by: int) -> Lines:
    return [" " * (4 * by) + line for line in lines]


def inner_loops(program: Program, lines: Lines, values: Sequence[str], rows: Sequence[tuple[str, str, bool]]) -> Lines:
    """The body of a kernel.

    lines : statements that make an element's registers; values : the registers that are wanted
    rows : for each operand its name, where its row begins, and whether it varies along a row
    """
    last = program.ndim - 1
    element = [f"v{k} = r{k}[k]" if varies else f"v{k} = r{k}" for k, (_, _, varies) in enumerate(rows)] + lines
    # rows are cut by slices, so that the compiler knows that no index is negative
    load = [
        f"r{k} = {name}[{at} + k0:{at} + k1]" if varies else f"r{k} = {name}[{at}]"
        for k, (name, at, varies) in enumerate(rows)
    ]
    if not program.folds:
        return _evaluating(program, element, load, values[0])
    axes = program.folds[0].axes
    kept = [k for k in range(last) if k not in axes]
    reduced = [k for k in range(last) if k in axes]
    if last in axes:
        return _along_rows(program, element, load, values, kept, reduced)
    return _across_rows(program, element, load, values, kept, reduced)


def _loops(axes: Sequence[int], inside: Lines) -> Lines:
    for axis in reversed(axes):
        inside = [f"for i{axis} in range(n[{axis}]):", *_indented(inside, 1)]
    return inside


def _evaluating(program: Program, element: Lines, load: Lines, value: str) -> Lines:
    last = program.ndim - 1
    at = " + ".join(f"i{k} * s[{len(program.operands) * last + k}]" for k in range(last)) or "0"
    row = [*load, f"o = o0[{at}:{at} + k1]", "for k in range(k1):", *_indented([*element, f"o[k] = {value}"], 1)]
    return _indented(["k0 = 0", f"k1 = n[{last}]", *_loops(range(last), row)], 1)


def _planes_of(program: Program) -> list[tuple[Fold, list[str]]]:
    found, at = [], 0
    for fold in program.folds:
        count = FOLDS[fold.name].planes
        found.append((fold, [f"o{at + j}" for j in range(count)]))
        at += count
    return found


def _kept_place(kept: Sequence[int]) -> str:
    """Where results begin in a plane, for the kept axes before the last."""
    place = "0"
    for axis in kept:
        place = f"({place}) * n[{axis}] + i{axis}" if place != "0" else f"i{axis}"
    return place


def _updated(operator: str, have: str, value: str) -> str:
    """The new extreme; a NaN stays."""
    return f"{have} = {value} if ({value} {operator} {have}) or ({value} != {value}) else {have}"


# ------------------------------------------------------------------------------- results lie along rows


def _across_rows(
    program: Program, element: Lines, load: Lines, values: Sequence[str], kept: list[int], reduced: list[int]
) -> Lines:
    """Rows are folded onto rows of results, a stretch of them at a time."""
    last = program.ndim - 1
    place = f"({_kept_place(kept)}) * n[{last}]"
    results = [f"{o}r = {o}[{place} + k0:{place} + k1]" for _, planes in _planes_of(program) for o in planes]
    first, second, between, after = _row_folds(program, values)
    begin = [f"{o}r[k] = {_first_of(fold)}" for fold, planes in _planes_of(program) for o in planes]
    passes = [_stretch(begin), _loops(reduced, [*load, *_stretch([*element, *first])])]
    if second:
        passes += [_stretch(between), _loops(reduced, [*load, *_stretch([*element, *second])])]
    stretch = [f"k1 = min(k0 + {STRETCH}, n[{last}])", *results, *(line for p in passes for line in p)]
    depth = [f"rows = {' * '.join(f'n[{k}]' for k in reduced) or '1'}"]
    inside = [f"for k0 in range(0, n[{last}], {STRETCH}):", *_indented([*stretch, *_stretch(after)], 1)]
    return _indented([*depth, *_loops(kept, inside)], 1)


def _first_of(fold: Fold) -> str:
    """What a plane begins with."""
    return {"min": "np.inf", "max": "-np.inf"}.get(fold.name, "0")


def _stretch(lines: Lines) -> Lines:
    return ["for k in range(k1 - k0):", *_indented(lines, 1)] if lines else []


def _row_folds(program: Program, values: Sequence[str]) -> tuple[Lines, Lines, Lines, Lines]:
    """What is done for each element in the first and second pass, between them, and in the end."""
    first: Lines = []
    second: Lines = []
    between: Lines = []
    after: Lines = []
    for (fold, planes), value in zip(_planes_of(program), values, strict=True):
        o = f"{planes[0]}r"
        if fold.name in ("min", "max"):
            first.append(_updated(FOLDS[fold.name].operator, f"{o}[k]", value))
        elif fold.name in ("sum", "mean"):
            first.append(f"{o}[k] += {value}")
        else:
            first.append(f"{o}[k] += {value}")
            between.append(f"{o}[k] = {o}[k] / rows")
            second += [f"d = {value} - {o}[k]", f"{planes[1]}r[k] += d * d"]
    return first, second, between, after


# --------------------------------------------------------------------------------- rows are folded whole


def _along_rows(
    program: Program, element: Lines, load: Lines, values: Sequence[str], kept: list[int], reduced: list[int]
) -> Lines:
    """Rows are folded onto one result each, or several rows onto one."""
    last = program.ndim - 1
    lanes: Lines = []
    begin: Lines = []
    blocks: Lines = []
    end: Lines = []
    place = _kept_place(kept)
    for j, ((fold, planes), value) in enumerate(zip(_planes_of(program), values, strict=True)):
        write = {"min": _lane_extreme, "max": _lane_extreme, "var": _lane_moments, "std": _lane_moments}
        made = write.get(fold.name, _lane_sum)(j, fold, planes, value, element, place)
        for have, more in zip((lanes, begin, blocks, end), made, strict=True):
            have += more
    per_block = [f"k1 = min(k0 + {BLOCK}, n[{last}])", *load, *blocks]
    per_row = [f"for k0 in range(0, n[{last}], {BLOCK}):", *_indented(per_block, 1)]
    inside = [*begin, *_loops(reduced, per_row), *end]
    return _indented([*lanes, *_loops(kept, inside)], 1)


_Parts = tuple[Lines, Lines, Lines, Lines]


def _in_lanes(element: Lines, update: str) -> Lines:
    """Elements `k0` to `k1` of a row, dealt out to lanes; whole blocks in loops that the compiler can unroll."""
    deal = [*element, update]
    return [
        f"if k1 - k0 == {BLOCK}:",
        f"    for q in range({BLOCK // LANES}):",
        f"        for j in range({LANES}):",
        *_indented([f"k = q * {LANES} + j", *deal], 3),
        "else:",
        f"    whole = (k1 - k0) // {LANES}",
        "    for q in range(whole):",
        f"        for j in range({LANES}):",
        *_indented([f"k = q * {LANES} + j", *deal], 3),
        f"    for j in range(k1 - k0 - whole * {LANES}):",
        *_indented([f"k = whole * {LANES} + j", *deal], 2),
    ]


def _tree(lanes: str) -> Lines:
    return [
        line
        for width in (16, 8, 4, 2, 1)
        for line in (f"for j in range({width}):", f"    {lanes}[j] += {lanes}[j + {width}]")
    ]


def _added(total: str, lost: str, part: str) -> Lines:
    """`part` added to a total, and to what was lost by rounding."""
    return [
        f"after = {total} + {part}",
        f"{lost} += ({total} - after) + {part} if abs({total}) >= abs({part}) else ({part} - after) + {total}",
        f"{total} = after",
    ]


def _lane_sum(j: int, fold: Fold, planes: list[str], value: str, element: Lines, place: str) -> _Parts:
    t, total, lost = f"t{j}", f"total{j}", f"lost{j}"
    if fold.result.kind in "iu":
        block = ["for k in range(k1 - k0):", *_indented([*element, f"{total} += np.int64({value})"], 1)]
        return [], [f"{total} = np.int64(0)"], block, [f"{planes[0]}[{place}] = {total}"]
    block = [f"for j in range({LANES}):", f"    {t}[j] = 0.0", *_in_lanes(element, f"{t}[j] += {value}"), *_tree(t)]
    block += _added(total, lost, f"{t}[0]")
    # what is lost of an infinity or NaN is NaN, and says nothing
    end = [f"{planes[0]}[{place}] = {total} + {lost} if math.isfinite({lost}) else {total}"]
    return [f"{t} = np.zeros({LANES})"], [f"{total} = 0.0", f"{lost} = 0.0"], block, end


def _lane_moments(j: int, fold: Fold, planes: list[str], value: str, element: Lines, place: str) -> _Parts:
    t, seen, mean, m2 = f"t{j}", f"seen{j}", f"mean{j}", f"m2{j}"
    zero = [f"for j in range({LANES}):", f"    {t}[j] = 0.0"]
    block = [
        *zero,
        *_in_lanes(element, f"{t}[j] += {value}"),
        *_tree(t),
        "many = float(k1 - k0)",
        f"here = {t}[0] / many",
    ]
    block += [*zero, *_in_lanes(element, f"{t}[j] += ({value} - here) * ({value} - here)"), *_tree(t)]
    block += [
        f"delta = here - {mean}",
        f"share = many / ({seen} + many)",
        f"{m2} += {t}[0] + delta * (share * {seen}) * delta",
        f"{mean} += delta * share",
        f"{seen} += many",
    ]
    end = [f"{planes[0]}[{place}] = {mean}", f"{planes[1]}[{place}] = {m2}"]
    return [f"{t} = np.zeros({LANES})"], [f"{seen} = 0.0", f"{mean} = 0.0", f"{m2} = 0.0"], block, end


def _lane_extreme(j: int, fold: Fold, planes: list[str], value: str, element: Lines, place: str) -> _Parts:
    t = f"t{j}"
    operator = FOLDS[fold.name].operator
    begin = [f"for j in range({LANES}):", f"    {t}[j] = {_first_of(fold)}"]
    block = _in_lanes(element, _updated(operator, f"{t}[j]", value))
    best = f"best{j}"
    end = [f"{best} = {t}[0]", f"for j in range({LANES}):", "    " + _updated(operator, best, f"{t}[j]")]
    return [f"{t} = np.zeros({LANES}, np.{fold.values.name})"], begin, block, [*end, f"{planes[0]}[{place}] = {best}"]
