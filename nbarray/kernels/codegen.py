"""Fused programs as Python source that a compiler of array loops can take (see `native`).

Only what gives NumPy's very bits is translated: operations that IEEE 754 rounds correctly, comparisons, choices and
whole numbers.  A program with anything else (`exp`, masks, objects, ...) has no source, and is run tile by tile as any
other.  What differs between parts of one kind, such as scales of packed numbers, are arguments, so that a year of
files is one kernel.

A kernel goes over a step row by row: the last axis is contiguous in every operand or absent from it.  Folds give
partial results of the step, which are merged into states by the table of reductions.  It returns whether it met a
number that is marked as missing; what it made is then no good.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from nbarray.compiling import KERNEL
from nbarray.kernels.elementwise import Op
from nbarray.kernels.loops import FOLDS, inner_loops
from nbarray.kernels.program import Constant, Fold, Instruction, Program
from nbarray.packing import Packing

__all__ = ["arguments", "source", "without_skips"]

_ARITHMETIC = {
    "add": "{0} + {1}", "subtract": "{0} - {1}", "multiply": "{0} * {1}", "negative": "-{0}", "square": "{0} * {0}",
    "absolute": "abs({0})", "positive": "{0}",
}  # fmt: skip
_FLOATING = {
    "divide": "{0} / {1}", "sqrt": "math.sqrt({0})", "floor": "np.floor({0})", "ceil": "np.ceil({0})",
    "maximum": "({0} if ({0} >= {1}) or ({0} != {0}) else {1})",
    "minimum": "({0} if ({0} <= {1}) or ({0} != {0}) else {1})",
}  # fmt: skip
_COMPARING = {
    "greater": "{0} > {1}", "greater_equal": "{0} >= {1}", "less": "{0} < {1}", "less_equal": "{0} <= {1}",
    "equal": "{0} == {1}", "not_equal": "{0} != {1}",
}  # fmt: skip
_LOGICAL = {
    "logical_and": "{0} & {1}", "logical_or": "{0} | {1}", "logical_xor": "{0} ^ {1}", "logical_not": "not {0}",
    "bitwise_and": "{0} & {1}", "bitwise_or": "{0} | {1}", "bitwise_xor": "{0} ^ {1}", "invert": "not {0}",
}  # fmt: skip
_KINDS = frozenset(["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "float32", "float64"])


#: An operation of kernels alone: zero where the first argument is true, else the second.
_SPARED = "spared"


class _NoSource(Exception):
    """A program has something that can't be translated."""


class _Writer:
    """The expressions of a program's registers, and the arguments that they take."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.lines: list[str] = []
        self.arguments: list[Callable[[Program], Any]] = []
        self.flags = False
        self.dtypes: list[Any] = [*program.operands, *(c.dtype for c in program.constants)]
        self.names = [f"v{k}" for k in range(len(program.operands))]
        for k, constant in enumerate(program.constants):
            self.names.append(self.argument(lambda p, k=k: _number(p.constants[k])))  # type: ignore[misc]
            if constant.dtype is not None and constant.dtype.name not in _KINDS:
                raise _NoSource

    def argument(self, of: Callable[[Program], Any]) -> str:
        self.arguments.append(of)
        return f"c{len(self.arguments) - 1}"

    def instruction(self, k: int, instruction: Instruction) -> None:
        register = self.program.first_instruction + k
        text = self._expression(k, instruction)
        name = f"v{register}"
        self.lines.append(f"{name} = {text}")
        self.names.append(name)
        self.dtypes.append(instruction.dtype)

    def _expression(self, k: int, instruction: Instruction) -> str:
        name, dtype = instruction.op.name, instruction.dtype
        if dtype.name not in _KINDS or not dtype.isnative:
            raise _NoSource
        if name == "unpack":
            return self._unpacked(k, instruction)
        if instruction.op.params:
            raise _NoSource
        if name == _SPARED:
            zero = _typed("0", dtype)
            return f"({zero} if {self._truth(instruction.args[0])} else {self._as(instruction.args[1], dtype)})"
        if name == "cast":
            return self._cast(instruction.args[0], dtype)
        if name == "where":
            return f"({self._as(instruction.args[1], dtype)} if {self._truth(instruction.args[0])} else " + (
                f"{self._as(instruction.args[2], dtype)})"
            )
        if name in _LOGICAL:
            return "(" + _LOGICAL[name].format(*(self._truth(a) for a in instruction.args)) + ")"
        if name == "isnan" and self._is_float(instruction.args[0]):
            return f"({self.names[instruction.args[0]]} != {self.names[instruction.args[0]]})"
        if name in _COMPARING:
            kind = self._common(instruction.args)
            return "(" + _COMPARING[name].format(*(self._as(a, kind) for a in instruction.args)) + ")"
        template = _ARITHMETIC.get(name) or (_FLOATING.get(name) if dtype.kind == "f" else None)
        if template is None or dtype.kind == "b":
            raise _NoSource
        return _typed(template.format(*(self._as(a, dtype) for a in instruction.args)), dtype)

    def _is_float(self, register: int) -> bool:
        dtype = self.dtypes[register]
        return dtype is not None and dtype.kind == "f"

    def _truth(self, register: int) -> str:
        if self.dtypes[register] != np.dtype(bool):
            raise _NoSource
        return self.names[register]

    def _common(self, registers: tuple[int, ...]) -> np.dtype[Any]:
        """The dtype in which numbers are compared."""
        known = [self.dtypes[r] for r in registers if self.dtypes[r] is not None]
        if not known or len({d.kind for d in known}) > 1 or known[0].kind not in "if":
            raise _NoSource
        if known[0].kind == "i" and len(known) < len(registers):
            raise _NoSource  # NumPy compares any Python number, however large, rightly
        return np.result_type(*known)

    def _as(self, register: int, dtype: np.dtype[Any]) -> str:
        """A register's value as another dtype, where that is what a ufunc would make of it."""
        have = self.dtypes[register]
        if have is not None and not np.can_cast(have, dtype, "same_kind"):
            raise _NoSource
        return self.names[register] if have == dtype else _typed(self.names[register], dtype)

    def _cast(self, register: int, dtype: np.dtype[Any]) -> str:
        have = self.dtypes[register]
        if have is None or (have.kind == "f" and dtype.kind != "f") or dtype.kind == "b":
            raise _NoSource  # what becomes of NaN, and of what is too large, is up to the processor
        return _typed(self.names[register], dtype)

    def _unpacked(self, k: int, instruction: Instruction) -> str:
        packing, stored = _packing(instruction), self.program.operands[0]
        result = np.dtype(packing.result_dtype)
        if instruction.args[0] >= len(self.program.operands) or packing.stored_as is not None:
            raise _NoSource
        stored = self.program.operands[instruction.args[0]]
        if stored.kind != "i" or packing.valid_min is not None or packing.valid_max is not None:
            raise _NoSource
        value = self.names[instruction.args[0]]
        for j in range(len(packing.missing) if packing.result != "plain" else 0):
            number = self.argument(lambda p, k=k, j=j: _stored(_packing(p.instructions[k]).missing[j]))  # type: ignore[misc]
            self.lines.append(f"bad |= {value} == {_typed(number, stored)}")
            self.flags = True
        text = _typed(value, result) if result != stored else value
        for field, sign in (("scale", "*"), ("offset", "+")):
            scalar = getattr(packing, field)
            if scalar is not None:
                if np.dtype(scalar.dtype) != result or result.kind != "f":
                    raise _NoSource
                number = self.argument(lambda p, k=k, f=field: _stored(getattr(_packing(p.instructions[k]), f)))  # type: ignore[misc]
                text = _typed(f"{text} {sign} {number}", result)
        return text


def _packing(instruction: Instruction) -> Packing:
    packing = instruction.op.params[0]
    assert isinstance(packing, Packing)
    return packing


def _stored(scalar: Any) -> Any:
    return np.frombuffer(scalar.raw, np.dtype(scalar.dtype)).astype(np.dtype(scalar.dtype).newbyteorder("="))[0]


def _number(constant: Constant) -> Any:
    return constant.value


def _typed(text: str, dtype: np.dtype[Any]) -> str:
    return f"np.{dtype.name if dtype.kind != 'b' else 'bool_'}({text})"


@lru_cache(maxsize=512)
def _written(program: Program) -> tuple[str, tuple[Callable[[Program], Any], ...]] | None:
    try:
        return _write(program)
    except _NoSource:
        return None


def source(program: Program) -> str | None:
    """The source of a program's kernel, the same for programs of one kind; None where there is none."""
    written = _written(program)
    return None if written is None else written[0]


def arguments(program: Program) -> list[Any]:
    """What a program's kernel takes besides sizes, strides, operands and results."""
    written = _written(program)
    assert written is not None
    return [of(program) for of in written[1]]


@lru_cache(maxsize=512)
def without_skips(program: Program) -> Program:
    """A program of the same results whose folds leave nothing out: zeros are added up there, and places are counted.

    A fold that leaves out becomes two, of which the second is the count of what was left out.
    """
    if all(fold.skip is None for fold in program.folds):
        return program
    instructions, folds = list(program.instructions), []
    for fold in program.folds:
        if fold.skip is None:
            folds.append(fold)
            continue
        register = program.first_instruction + len(instructions)
        every = (True,) * program.ndim
        instructions.append(Instruction(Op(_SPARED), (fold.skip, fold.register), fold.values, every))
        folds.append(replace(fold, register=register, skip=None))
        folds.append(Fold("sum", fold.skip, fold.axes, None, np.dtype(bool), np.dtype(np.int64), (), False, fold.left))
    return replace(program, instructions=tuple(instructions), folds=tuple(folds))


def _write(program: Program) -> tuple[str, tuple[Callable[[Program], Any], ...]]:
    if any(program.masked) or not program.ndim:
        raise _NoSource
    if any(f.skip is not None and (f.name not in ("sum", "mean") or f.masked or f.linear) for f in program.folds):
        raise _NoSource
    program = without_skips(program)
    if any(not d.isnative or d.name not in _KINDS for d in program.operands):
        raise _NoSource
    writer = _Writer(program)
    for k, instruction in enumerate(program.instructions):
        writer.instruction(k, instruction)
    for fold in program.folds:
        if fold.name not in FOLDS or not FOLDS[fold.name].takes(fold):
            raise _NoSource
    values = [writer.names[f.register] for f in program.folds] or [writer.names[program.result]]
    used = [f"a{k}" for k in range(len(program.operands))]
    outs = [f"o{k}" for k in range(sum(FOLDS[f.name].planes for f in program.folds) or 1)]
    constants = [f"c{k}" for k in range(len(writer.arguments))]
    body = inner_loops(program, writer.lines, values, _rows(program))
    head = f"def {KERNEL}({', '.join(['n', 's', *used, *constants, *outs])}):"
    text = "\n".join(
        ["import math", "", "import numpy as np", "", "", head, "    bad = False", *body, "    return bad", ""]
    )
    return text, tuple(writer.arguments)


def _rows(program: Program) -> list[tuple[str, str, bool]]:
    """For each operand: its row's name, where the row begins in it, and whether it varies along the last axis."""
    rows, at = [], 0
    for k, spread in enumerate(program.spreads):
        terms = [f"i{axis} * s[{at + axis}]" for axis in range(program.ndim - 1) if spread[axis]]
        at += program.ndim - 1
        rows.append((f"a{k}", " + ".join(terms) or "0", bool(spread[-1])))
    return rows
