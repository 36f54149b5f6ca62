"""The loops of compiled kernels: over rows of a step, writing values or folding them (see `codegen`).

Sums of a row are taken in lanes, blocks of 256 elements at a time, each block added up as a tree and the blocks with
what rounding lost (Neumaier, 1974): at least as exact as NumPy's pairwise sums, and free of any order but this one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nbarray.kernels.program import Fold, Program

__all__ = ["FOLDS", "inner_loops"]

#: Elements of a row that are folded at once: few enough for the first cache, also of several rows; and of rows that are
#: folded whole with others that are the same for many of them, and stay in cache for those.
STRETCH, LONG_STRETCH = 512, 4096
#: Rows that are folded together, for then what they are folded onto is read and written once for all of them; of
#: programs of so few statements that their registers have room.
ROWS_TOGETHER, FEW_STATEMENTS = 4, 4
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
    begin = [f"{o}r[k] = {_first_of(fold)}" for fold, planes in _planes_of(program) for o in planes]
    between, after = _between(program)
    passes = [_stretch(begin)]
    for number, inside in ((1, between), (2, after)):
        passes += [_rows_folded(program, element, load, values, reduced, number), _stretch(inside)]
    stretch = [f"k1 = min(k0 + {STRETCH}, n[{last}])", *results, *(line for p in passes for line in p)]
    depth = [f"rows = {' * '.join(f'n[{k}]' for k in reduced) or '1'}"]
    inside = [f"for k0 in range(0, n[{last}], {STRETCH}):", *_indented(stretch, 1)]
    return _indented([*depth, *_loops(kept, inside)], 1)


def _rows_folded(
    program: Program, element: Lines, load: Lines, values: Sequence[str], reduced: list[int], number: int
) -> Lines:
    """The first or second pass over all rows, several of them at a time."""
    one = _row_folds(program, [(v,) for v in values], number)
    if not one:
        return []
    single = [*load, *_stretch([*element, *one])]
    if not reduced or len(element) > FEW_STATEMENTS + len(load):
        return _loops(reduced, single)
    axis, rows = reduced[-1], range(ROWS_TOGETHER)
    loads = [line for j in rows for line in _of_row(load, axis, j)]
    elements = [line for j in rows for line in _of_row(element, axis, j)]
    named = [_of_row(values, axis, j) for j in rows]
    folds = _row_folds(program, list(zip(*named, strict=True)), number)
    together = [f"i{axis} = q * {ROWS_TOGETHER}", *loads, *_stretch([*elements, *folds])]
    whole = f"n[{axis}] // {ROWS_TOGETHER}"
    inside = [f"for q in range({whole}):", *_indented(together, 1)]
    inside += [f"for i{axis} in range({whole} * {ROWS_TOGETHER}, n[{axis}]):", *_indented(single, 1)]
    return _loops(reduced[:-1], inside)


def _of_row(lines: Sequence[str], axis: int, number: int) -> Lines:
    """Statements for the row of a number after the one that they are for."""
    apart = [re.sub(r"\b([vr]\d+)\b", rf"\1_{number}", line) for line in lines]
    return [re.sub(rf"\bi{axis}\b", f"(i{axis} + {number})", line) for line in apart]


def _first_of(fold: Fold) -> str:
    """What a plane begins with."""
    return {"min": "np.inf", "max": "-np.inf"}.get(fold.name, "0")


def _stretch(lines: Lines) -> Lines:
    return ["for k in range(k1 - k0):", *_indented(lines, 1)] if lines else []


def _row_folds(program: Program, values: Sequence[Sequence[str]], number: int) -> Lines:
    """What the first or second pass does for elements of some rows: of each fold, the `values`, one a row."""
    lines: Lines = []
    added: dict[int, str] = {}
    for (fold, planes), each in zip(_planes_of(program), values, strict=True):
        o, moments = f"{planes[0]}r", fold.name in ("var", "std")
        if fold.name in ("min", "max"):
            lines += [_updated(FOLDS[fold.name].operator, f"{o}[k]", v) for v in each] * (number == 1)
        elif fold.result.kind in "iu":
            lines += [f"{o}[k] += {_pairwise([f'np.int64({v})' for v in each])}"] * (number == 1)
        elif number == 1 and added.setdefault(fold.register, o) == o:
            lines.append(f"{o}[k] += {_pairwise([f'np.float64({v})' for v in each])}")
        elif number == 2 and moments and added.setdefault(fold.register, o) == o:
            lines += [f"d{j} = np.float64({v}) - {o}[k]" for j, v in enumerate(each)]
            lines.append(f"{planes[1]}r[k] += {_pairwise([f'd{j} * d{j}' for j in range(len(each))])}")
    return lines


def _between(program: Program) -> tuple[Lines, Lines]:
    """What is done after each pass: means are made of sums, and what another fold has made is taken from there."""
    taken: Lines = []
    divided: Lines = []
    after: Lines = []
    totals: dict[int, str] = {}
    squares: dict[int, str] = {}
    for fold, planes in _planes_of(program):
        if fold.name in ("min", "max") or fold.result.kind in "iu":
            continue
        o, moments = f"{planes[0]}r", fold.name in ("var", "std")
        total = totals.setdefault(fold.register, o)
        if moments:
            (divided if total == o else taken).append(f"{o}[k] = {total}[k] / rows")
            m2 = squares.setdefault(fold.register, f"{planes[1]}r")
            after += [f"{planes[1]}r[k] = {m2}[k]"] * (m2 != f"{planes[1]}r")
        elif total != o:
            taken.append(f"{o}[k] = {total}[k]")
    return [*taken, *divided], after


def _pairwise(terms: Sequence[str]) -> str:
    """A sum, its terms added in pairs."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return f"({_pairwise(terms[:half])} + {_pairwise(terms[half:])})"


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
    # along some axes rows of some operands are the same: those are gone through while a stretch of them is in cache
    again = [k for k in reduced if any(spread[last] and not spread[k] for spread in program.spreads)]
    bounds = f"j0, min(j0 + {LONG_STRETCH}, n[{last}])" if again else f"0, n[{last}]"
    rows = _loops(again, [f"for k0 in range({bounds}, {BLOCK}):", *_indented(per_block, 1)])
    if again:
        rows = [f"for j0 in range(0, n[{last}], {LONG_STRETCH}):", *_indented(rows, 1)]
    rows = _loops([k for k in reduced if k not in again], rows)
    inside = [*begin, *rows, *end]
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
