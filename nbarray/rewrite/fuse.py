"""Turning a tree of elementwise operations into one fused program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nbarray.expr.elementwise import Elementwise
from nbarray.expr.leaves import Filled, Scalar
from nbarray.expr.node import Expr
from nbarray.expr.operands import operand_of
from nbarray.expr.reduce import Reduce
from nbarray.kernels.elementwise import Op
from nbarray.kernels.program import Constant, Fold, Instruction, Linear, Program
from nbarray.packing import Packing
from nbarray.packing import Scalar as StoredScalar

__all__ = ["FusedParts", "describe", "fuse", "fuse_folds"]


class FusedParts:
    """A program with the operands it takes and the labels of what went into it."""

    def __init__(self, program: Program, operands: tuple[Expr, ...], members: tuple[str, ...]) -> None:
        self.program, self.operands, self.members = program, operands, members


def fuse(expr: Expr, lower: Callable[[Expr], Expr], tile_divisor: int = 1) -> FusedParts:
    """The program that computes `expr` from operands that `lower` makes.

    tile_divisor : how many times smaller than usual its tiles are
    """
    builder = _Builder(expr.ndim, lower, tile_divisor)
    builder.collect(expr)
    return builder.finish(builder.number()[expr], ())


def fuse_folds(
    reductions: Sequence[Reduce], lower: Callable[[Expr], Expr], count: int, tile_divisor: int = 1
) -> FusedParts:
    """The program that folds the bases of `reductions`, which agree in shape and axes, in one pass.

    count : elements that go into one result in the end, here or by merging
    """
    builder = _Builder(reductions[0].base.ndim, lower, tile_divisor)
    found: list[tuple[Reduce, Expr, Expr | None, Linear | None]] = []
    for reduce in reductions:
        base, skipped, linear = reduce.base, reduce.skip, _linear(reduce, reduce.base)
        if linear is not None:
            base, skipped = _only_missing(base), None
        for root in (base, skipped):
            if root is not None:
                builder.collect(root)
        found.append((reduce, base, skipped, linear))
    registers = builder.number()
    folds = [
        Fold(
            reduce.name,
            registers[base],
            reduce.axes,
            None if skipped is None else registers[skipped],
            base.dtype,
            reduce.dtype,
            reduce.params,
            reduce.masked,
            np.min_scalar_type(count),
            linear,
        )
        for reduce, base, skipped, linear in found
    ]
    return builder.finish(registers[found[0][1]], tuple(folds))


def _only_missing(expr: Expr) -> Expr:
    """Unpacking that finds what is missing, and leaves numbers as they are stored."""
    assert isinstance(expr, Elementwise)
    packing = expr.op.params[0]
    assert isinstance(packing, Packing)
    stored = expr.args[0].dtype
    plain = replace(packing, scale=None, offset=None, result_dtype=stored.str, result="mask")
    return Elementwise(Op("unpack", (plain,)), expr.args, stored)


def _linear(reduce: Reduce, expr: Expr) -> Linear | None:
    """How values follow from stored integers, if sums can be taken of those: exactly, and once unpacked."""
    if reduce.name not in ("sum", "mean", "var", "std") or reduce.dtype.kind != "f":
        return None
    if not (isinstance(expr, Elementwise) and expr.op.name == "unpack"):
        return None
    packing, stored = expr.op.params[0], expr.args[0].dtype
    assert isinstance(packing, Packing)
    if packing.stored_as is not None or stored.kind not in "iu" or stored.itemsize > 2 or packing.scale is None:
        return None
    if reduce.name in ("var", "std") and not expr.dtype == reduce.dtype == np.dtype(np.float64):
        return None  # narrower values are rounded, each in its own way, by more than a small deviation may be
    skips_missing = (
        isinstance(reduce.skip, Elementwise) and reduce.skip.op.name == "isnan" and reduce.skip.args == (expr,)
    )
    if reduce.skip is not None and not skips_missing:
        return None
    poison = packing.result == "nan" and not skips_missing
    scale, offset = _number(packing.scale), 0.0 if packing.offset is None else _number(packing.offset)
    # whole numbers times whole numbers wrap around, each in its own way
    if not (isinstance(scale, np.floating) and np.isfinite(scale) and np.isfinite(offset)):
        return None
    return Linear(Constant.of(float(scale)), Constant.of(float(offset)), poison)


def _number(scalar: StoredScalar) -> Any:
    return np.frombuffer(scalar.raw, np.dtype(scalar.dtype))[0]


class _Builder:
    def __init__(self, ndim: int, lower: Callable[[Expr], Expr], tile_divisor: int) -> None:
        self._ndim, self._lower, self._tile_divisor = ndim, lower, tile_divisor
        self._operands: dict[Expr, Expr] = {}
        self._constants: dict[Expr, Constant] = {}
        self._operations: dict[Expr, Elementwise] = {}

    def collect(self, root: Expr) -> None:
        """Find operands, constants and operations, the last in an order in which they can run."""
        stack: list[tuple[Expr, bool]] = [(root, False)]
        while stack:
            expr, ready = stack.pop()
            if expr in self._operands or expr in self._constants or expr in self._operations:
                continue
            if isinstance(expr, Scalar):
                self._constants[expr] = expr.constant
            elif isinstance(expr, Filled) and expr.ndim == 0:
                self._constants[expr] = _typed(expr)
            elif not isinstance(expr, Elementwise):
                self._operands[expr] = self._lower(expr)
            elif ready:
                self._operations[expr] = expr
            else:
                stack.append((expr, True))
                stack.extend((a, False) for a in reversed(expr.args))

    def number(self) -> dict[Expr, int]:
        """Registers: operands, then constants, then operations."""
        return {e: k for k, e in enumerate([*self._operands, *self._constants, *self._operations])}

    def finish(self, result: int, folds: tuple[Fold, ...]) -> FusedParts:
        registers = self.number()
        spreads: dict[Expr, tuple[bool, ...]] = {e: self._operand_spread(o) for e, o in self._operands.items()}
        spreads.update(dict.fromkeys(self._constants, (False,) * self._ndim))
        instructions = []
        for expr, operation in self._operations.items():
            spread = tuple(any(column) for column in zip(*(spreads[a] for a in operation.args), strict=True))
            spreads[expr] = spread
            args = tuple(registers[a] for a in operation.args)
            instructions.append(Instruction(operation.op, args, operation.dtype, spread))
        operands = tuple(self._operands.values())
        program = Program(
            self._ndim,
            tuple(o.dtype for o in operands),
            tuple(spreads[e] for e in self._operands),
            tuple(o.masked for o in operands),
            tuple(self._constants.values()),
            tuple(instructions),
            result,
            folds,
            self._tile_divisor,
        )
        return FusedParts(program, operands, tuple(o.label for o in self._operations.values()))

    def _operand_spread(self, operand: Expr) -> tuple[bool, ...]:
        """Along which axes of the space an operand varies; along the others a block of it has length 1."""
        axes = operand_of(operand).placement.axes
        own = [m.size != 1 and not m.repeats for m in axes]
        return (*(False,) * (self._ndim - len(own)), *own)


def _typed(filled: Filled) -> Constant:
    return Constant.of(np.asarray(filled.value.value, filled.dtype)[()])


def describe(members: tuple[str, ...]) -> str:
    """A short name for a fused chain."""
    return " → ".join(members) if len(members) <= 3 else f"{members[0]} … {members[-1]}"
