"""From expressions to nodes that tasks are made of.

Elementwise chains are never stored: they become part of whatever uses them.  What is stored between
tasks are reductions, users' blocks, products, and whatever has to be moved.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType

from nbarray.errors import UnknownSize
from nbarray.expr.blocks import Compress, MapBlocks, Select, UserFunction
from nbarray.expr.elementwise import Elementwise
from nbarray.expr.lowered import Lowered
from nbarray.expr.lowered_blocks import Compressed, Joined, Reshaped
from nbarray.expr.lowered_folds import FoldedParts, Merge
from nbarray.expr.lowered_fused import Fused
from nbarray.expr.lowered_mapped import Mapped
from nbarray.expr.node import Expr, place_of, remember_place
from nbarray.expr.operands import is_direct
from nbarray.expr.patchwork import patches_of
from nbarray.expr.reduce import Reduce
from nbarray.expr.structure import Concatenate, Reshape, View
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.grid.regions import Placement, compose
from nbarray.kernels.elementwise import ById
from nbarray.kernels.narrow import narrow_axes
from nbarray.kernels.native import worth, worth_compiling
from nbarray.kernels.packed import without_lines
from nbarray.kernels.program import Program
from nbarray.rewrite.fuse import FusedParts, describe, fuse, fuse_folds
from nbarray.rewrite.grain import USUAL, Bounds, Grain
from nbarray.rewrite.grids import (
    FEWEST,
    Space,
    elements_together,
    elementwise_grid,
    finishing_grid,
    fold_grid,
    fold_lengths,
    in_whole_steps,
    runs_of_parts,
    step_lengths,
)
from nbarray.rewrite.joins import pieces_at
from nbarray.rewrite.merges import folds_of, merged
from nbarray.rewrite.passes import depths, last_reductions

__all__ = ["Lowering", "Root"]

_NONE_SHARED: Mapping[Reduce, tuple[Reduce, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Root:
    """A node that makes a result, and the view on it that the result is (None: all of it)."""

    lowered: Lowered
    placement: Placement | None


def _shows_all(view: View) -> bool:
    """Whether a view shows every element of its base once."""
    once = all(m.size == 1 or (m.axis >= 0 and m.step) for m in view.placement.axes)
    return once and math.prod(view.sizes) == math.prod(view.base.sizes)


def _kind_of(expr: Reduce) -> Hashable:
    """What reductions have in common whose programs are alike, as far as that is known before they are made."""
    return expr.name, expr.axes, expr.dtype, expr.base.dtype


class Lowering:
    """Lowers the expressions of one computation, each node once: first `prepare`, then `root` for each.

    table : how each kind of node is lowered
    shared : for each reduction that shares its pass, all that do
    """

    def __init__(
        self,
        table: Mapping[type[Expr], Callable[[Lowering, Expr], Expr]],
        grain: Grain = USUAL,
        shared: Mapping[Reduce, tuple[Reduce, ...]] = _NONE_SHARED,
    ) -> None:
        self._table, self._grain, self._shared = table, grain, shared
        self._done: dict[Expr, Expr] = {}
        self._shown: dict[Expr, int] = {}
        self._folded: Counter[Hashable] = Counter()
        self._last: frozenset[Reduce] = frozenset()

    @property
    def grain(self) -> Grain:
        """How finely work is cut."""
        return self._grain

    def prepare(self, roots: Sequence[Expr]) -> None:
        """Lower what is stored, from the leaves up: expressions are deeper than calls can nest."""
        found = depths(roots)
        self._note_shown(roots, found)
        self._note_folded(found)
        self._last = last_reductions(roots)
        # those that share a pass are lowered with the first of them, so all that they need comes before
        for inner in sorted(found, key=found.__getitem__):
            if inner.stored:
                self.operand(inner)

    def _note_shown(self, roots: Sequence[Expr], exprs: Iterable[Expr]) -> None:
        """Of functions that have a compiled form: how many of their elements are wanted."""
        users = [(expr, inner) for expr in exprs for inner in expr.children]
        for expr, inner in (*users, *((r, r) for r in roots)):
            if isinstance(inner, MapBlocks) and inner.held.value.quick is not None:
                wanted = expr if isinstance(expr, View) else inner
                self._shown[inner] = max(self._shown.get(inner, 0), math.prod(wanted.sizes))

    def _note_folded(self, exprs: Iterable[Expr]) -> None:
        """How many elements all reductions of a kind fold: day less night is two of one kind."""
        for expr in (e for e in exprs if isinstance(e, Reduce) and self._shared.get(e, (e,))[0] is e):
            self._folded[_kind_of(expr)] += math.prod(expr.base.sizes)

    def _alike(self, expr: Reduce) -> float:
        """How many times what a reduction folds all those of its kind do."""
        own = math.prod(expr.base.sizes)
        return max(1.0, self._folded[_kind_of(expr)] / own) if own else 1.0

    def root(self, expr: Expr) -> Root:
        """What makes `expr`: a node whose blocks do, and how the result lies on what they make."""
        lowered = self.operand(expr)
        if isinstance(lowered, Lowered):
            return Root(lowered, None)
        if isinstance(lowered, View) and isinstance(lowered.base, Lowered) and _shows_all(lowered):
            return Root(lowered.base, lowered.placement)
        copy = self._copy(lowered)
        remember_place(copy, place_of(expr))
        return Root(copy, None)

    def operand(self, expr: Expr) -> Expr:
        """Something tasks can take in: a direct base, a lowered node, or a view on one."""
        found = self._done.get(expr)
        if found is None:
            found = self._done[expr] = self._with_place(self._lower(expr), expr)
        return found

    def _with_place(self, lowered: Expr, expr: Expr) -> Expr:
        remember_place(lowered, place_of(expr))
        return lowered

    def parts(self, expr: Expr) -> tuple[Expr, ...]:
        """What is read to make `expr`: the operands of an elementwise chain, or the lowered expression itself."""
        if isinstance(expr, Elementwise) and expr not in self._done:
            return self._fuse(expr, self.operand).operands
        return (self.operand(expr),)

    def cut_as(self, expr: Expr, grid: Chunks, reader: str) -> Expr:
        """`expr` lowered; an elementwise chain in blocks of `grid`, made anew for each `reader` instead of kept."""
        if not isinstance(expr, Elementwise) or expr in self._done:
            return self.operand(expr)
        parts = self._fuse(expr, self.operand)
        space = Space.of(expr.sizes, parts.operands, self._grain)
        name, step = f"{describe(parts.members)}, for {reader}", step_lengths(space, grid, self._grain)
        made = Fused(parts.program, parts.operands, grid, step, False, expr.dtype, expr.masked, name, parts.members)
        return self._with_place(made, expr)

    def _lower(self, expr: Expr) -> Expr:
        if expr in self._grain.copied:
            return self._copy(expr)
        if is_direct(expr) or isinstance(expr, Lowered):
            return expr
        return self._table[type(expr)](self, expr)

    # ------------------------------------------------------------------------------- elementwise, views

    def _copy(self, operand: Expr) -> Lowered:
        return self._elementwise_from(self._fuse(operand, lambda e: e), operand)

    def elementwise(self, expr: Expr) -> Lowered:
        return self._elementwise_from(self._fuse(expr, self.operand), expr)

    def recut(self, expr: Expr, cut: Callable[[Space, Grain], Chunks]) -> Lowered:
        """An elementwise chain, or anything that has been lowered, in blocks cut by a function of its space."""
        lower = self.operand if isinstance(expr, Elementwise) else lambda e: e
        made = self._elementwise_from(self._fuse(expr, lower), expr, cut=cut)
        remember_place(made, place_of(expr))
        return made

    def _elementwise_from(
        self,
        parts: FusedParts,
        expr: Expr,
        wanted: Chunks | None = None,
        cut: Callable[[Space, Grain], Chunks] = elementwise_grid,
    ) -> Lowered:
        """wanted : how what takes it in is cut; followed where it costs nothing to"""
        space = Space.of(expr.sizes, parts.operands, self._grain)
        grain = self._grain
        if wanted is not None and not space.has_storage:
            units = tuple(wish if have is None else have for have, wish in zip(space.units, wanted.axes, strict=True))
            space, grain = (
                replace(space, units=units),
                replace(grain, task_elements=grain.most(FEWEST), bounds=Bounds()),
            )
        grid = cut(space, grain)
        name = describe(parts.members) if parts.members else expr.label
        return Fused(
            self._compiled(parts.program, math.prod(expr.sizes)),
            parts.operands,
            grid,
            step_lengths(space, grid, self._grain),
            False,
            expr.dtype,
            expr.masked,
            name,
            parts.members,
        )

    def _compiled(self, program: Program, elements: int) -> Program:
        """The program, to be compiled where that is worth it for all that is computed by programs of its kind."""
        worth = self._grain.compiles and worth_compiling(program, elements)
        return replace(program, compiled=True) if worth else program

    def _fuse(self, expr: Expr, lower: Callable[[Expr], Expr]) -> FusedParts:
        return fuse(expr, lower, self._grain.divisor)

    def view(self, expr: View) -> Expr:
        base = self.operand(expr.base)
        if isinstance(base, View):
            return View(base.base, compose(expr.placement, base.placement))
        return View(base, expr.placement)

    # --------------------------------------------------------------------------------------- reductions

    def reduce(self, expr: Reduce) -> Expr:
        together = self._shared.get(expr, (expr,))
        made = self._reduce_together(together)
        for each, lowered in zip(together, made, strict=True):
            if each is not expr:
                self._done[each] = self._with_place(lowered, each)
        return made[together.index(expr)]

    def _reduce_together(self, reductions: tuple[Reduce, ...]) -> list[Expr]:
        """What makes each of some reductions that share their pass, or of one."""
        first = reductions[0]
        base = first.base
        if isinstance(base, Concatenate) and base.axis in first.axes and not first.name.startswith("arg"):
            by_part = _by_part(reductions, base)
            if by_part is not None:
                return self._reduce_parts(reductions, base, by_part)
        fused = self._folding(reductions, reductions, None)
        return [fused] if fused.final else self._merge_all(reductions, (fused,))

    def _folding(
        self, reductions: tuple[Reduce, ...], of_part: tuple[Reduce, ...], kept: dict[int, AxisChunks] | None
    ) -> Fused:
        """The node that folds (a part of) what some reductions reduce; `kept` prescribes cuts of the axes that stay."""
        first = reductions[0]
        parts = fuse_folds(of_part, self.operand, first.count, self._grain.divisor)
        space = Space.of(of_part[0].base.sizes, parts.operands, self._grain)
        grid = fold_grid(space, first.axes, self._grain, self._alike(first))
        if kept is not None:
            grid = Chunks(tuple(kept.get(k, a) for k, a in enumerate(grid.axes)))
        final = kept is None and len(reductions) == 1 and all(grid.axes[k].count == 1 for k in first.axes)
        names = ", ".join(r.name for r in reductions)
        program, folded = parts.program, math.prod(first.base.sizes) * self._alike(first)
        if not any(fold.linear or fold.name.startswith("arg") for fold in program.folds):
            program = replace(program, narrow=narrow_axes(first.base.sizes, first.axes))
        step = step_lengths(space, grid, self._grain, first.axes, all(fold.linear for fold in program.folds))
        return Fused(
            program if program.narrow else self._compiled(program, int(folded)),
            parts.operands,
            in_whole_steps(grid, step, first.axes),
            step,
            final,
            first.dtype,
            first.masked,
            describe((*parts.members, names)) if parts.members else names,
            (*parts.members, names),
        )

    def _reduce_parts(
        self, reductions: tuple[Reduce, ...], joined: Concatenate, by_part: list[tuple[Reduce, ...]]
    ) -> list[Expr]:
        """Fold each part by its own program, several small parts in a task; then merge what they give."""
        axes = reductions[0].axes
        first = self._folding(reductions, by_part[0], None)
        kept = {k: a for k, a in enumerate(first.grid.axes) if k not in axes}
        parts = tuple(self._folding(reductions, p, kept) for p in by_part)
        whole = fold_lengths(
            joined.sizes, axes, math.prod(a.largest for a in kept.values()), self._grain, self._alike(reductions[0])
        )
        runs = runs_of_parts([p.sizes[joined.axis] for p in joined.parts], whole // max(1, _others(joined, axes)))
        if len(runs) > len(parts) or any(p.grid.axes[k].count > 1 for p in parts for k in axes):
            return self._merge_all(reductions, parts)
        made = FoldedParts(parts, tuple(runs), joined.axis, *self._together(parts, runs, axes, joined.axis))
        return self._merge_all(reductions, (made,))

    def _together(self, parts: Sequence[Fused], runs: list[int], axes: tuple[int, ...], axis: int) -> tuple[int, bool]:
        """How many stored numbers of parts are fetched and folded at once, and whether they stand for unlike values."""
        step, longest = parts[0].step, max(sum(p.grid.axes[axis].size for p in parts[a:b]) for a, b in pairwise(runs))
        if not all(part.fills for part in parts):
            return math.prod(step), False
        together = elements_together(step, axes, parts[0].program.operands[0].itemsize, axis, longest, self._grain)
        programs = {part.program for part in parts}
        short = all(2 * math.prod(part.grid.shape) <= together for part in parts)
        return together, short and len(programs) > 1 and len({without_lines(p) for p in programs}) < len(programs)

    def _merge_all(self, reductions: tuple[Reduce, ...], parts: tuple[Lowered, ...]) -> list[Expr]:
        """Merges of each part's states, and for each reduction a last merge that finishes it."""
        first, axes = parts[0], reductions[0].axes
        whole = grid = Chunks(tuple(regular(1, 1) if k in axes else a for k, a in enumerate(first.chunks.axes)))
        if self._last.issuperset(reductions):
            grid = finishing_grid(grid)
        states, spans = zip(*merged(parts, axes, self._grain, grid != whole), strict=True)
        folds = folds_of(first)
        return [
            Merge(states, folds, grid, r.count, k, r.dtype, r.masked, None, spans) for k, r in enumerate(reductions)
        ]

    # -------------------------------------------------------------------------------------- whole blocks

    def map_blocks(self, expr: MapBlocks) -> Expr:
        for arg, chunks in zip(expr.args, expr.argument_chunks, strict=True):
            # one block of the result should need one task, not parts of many long ones
            if isinstance(arg, Elementwise) and arg not in self._done and chunks.shape == arg.sizes:
                made = self._elementwise_from(self._fuse(arg, self.operand), arg, chunks)
                self._done[arg] = self._with_place(made, arg)
        args = tuple(self._surrounded(a) if expr.ghosts else self.operand(a) for a in expr.args)
        return Mapped(self._quick(expr), args, expr.argument_chunks, expr.chunks, expr.axes, expr.dtype, expr.ghosts)

    def _surrounded(self, arg: Expr) -> Expr:
        """What blocks with their neighbours are taken out of: beyond the edges of an array in memory, too."""
        joined = isinstance(arg, Concatenate) and arg not in self._done
        return (patches_of(arg, in_memory=True) if joined else None) or self.operand(arg)

    def _quick(self, expr: MapBlocks) -> ById:
        """The function, or the same by compiled code where there is one and that is worth it."""
        function: UserFunction = expr.held.value
        if function.quick is None or not self._grain.compiles:
            return expr.held
        quick, operations = function.quick
        if not worth(operations * self._shown.get(expr, 0)):
            return expr.held
        return ById(replace(function, function=quick, quick=None, compiled=True))

    def concatenate(self, expr: Concatenate) -> Expr:
        if (patchwork := patches_of(expr)) is not None:
            return patchwork
        parts = tuple(self.operand(p) for p in expr.parts)
        return Joined(parts, expr.axis, Concatenate(parts, expr.axis).chunks)

    def reshape(self, expr: Reshape) -> Expr:
        return Reshaped(self.operand(expr.base), expr.chunks)

    def compress(self, expr: Compress) -> Expr:
        return Compressed(self.operand(expr.base), self.operand(expr.mask), expr.rows, expr.chunks, expr.offsets)

    def unknown(self, expr: Select) -> Expr:
        raise UnknownSize("x[mask] has a size that depends on values; ask for its shape first, or reduce it")


def _by_part(reductions: tuple[Reduce, ...], joined: Concatenate) -> list[tuple[Reduce, ...]] | None:
    """What some reductions are of each part; None where what they leave out isn't put together of such parts."""
    columns: list[list[Reduce]] = []
    for r in reductions:
        assert isinstance(r.base, Concatenate)
        skips: Sequence[Expr | None] | None = [None] * len(joined.parts)
        if r.skip is not None:
            skips = pieces_at(r.skip, joined)
        if skips is None:
            return None
        of_parts = zip(r.base.parts, skips, strict=True)
        columns.append([Reduce(r.name, part, r.axes, skip, r.dtype, r.params) for part, skip in of_parts])
    return list(zip(*columns, strict=True))


def _others(expr: Expr, axes: tuple[int, ...]) -> int:
    """Elements of one position along a joined axis that a task folds: all of the other reduced axes."""
    assert isinstance(expr, Concatenate)
    return math.prod(expr.sizes[k] for k in axes if k != expr.axis)
