"""Fused programs: many elementwise operations, and perhaps a reduction, done tile by tile.

A program is a straight line of operations over numbered registers: first the operands, then the
constants, then one register an operation.  An `Evaluator` runs it on one tile with buffers that are
reused from tile to tile and shared between registers whose lives don't overlap, so that everything
between the operands and the result stays in cache.  Nothing here knows where operands come from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nbarray.hashing import remembers_hash
from nbarray.kernels.elementwise import Op, Tile, compile_op, made_by
from nbarray.kernels.reductions import REDUCTIONS
from nbarray.kernels.tiles import LARGEST_TILE, LEAST_TILE, SMALLEST_TILE, TILE_BYTES, TURNED_ELEMENTS

__all__ = ["Constant", "Evaluator", "Fold", "Instruction", "Linear", "Program"]


_NUMBERS: dict[str, Callable[[str], Any]] = {
    "bool": lambda text: text == "True",
    "int": int,
    "float": float,
    "complex": complex,
}


@dataclass(frozen=True, slots=True)
class Constant:
    """A scalar, kept as bytes so that 1, 1.0 and True, or 0.0 and -0.0, stay apart.

    dtype : ``None`` for a Python number (it adapts to what it meets), else a dtype
    """

    dtype: np.dtype[Any] | None
    raw: Hashable

    @staticmethod
    def of(value: Any) -> Constant:
        """From a Python or NumPy scalar."""
        if isinstance(value, bool | int | float | complex) and not isinstance(value, np.generic):
            return Constant(None, (type(value).__name__, repr(value)))
        array = np.asarray(value)
        if array.dtype.hasobject:
            return Constant(array.dtype, ObjectScalar(array[()]))
        return Constant(array.dtype, array.tobytes())

    @property
    def value(self) -> Any:
        if self.dtype is None:
            assert isinstance(self.raw, tuple)
            return _NUMBERS[self.raw[0]](self.raw[1])
        if isinstance(self.raw, ObjectScalar):
            return self.raw.value
        assert isinstance(self.raw, bytes)
        return np.frombuffer(self.raw, self.dtype)[0] if self.dtype.itemsize else np.zeros((), self.dtype)[()]

    def __str__(self) -> str:
        value = self.value
        if self.dtype is not None and self.dtype.kind == "M" and np.datetime_data(self.dtype)[0] == "generic":
            return str(value.view(np.int64))  # NumPy can't write dates without a unit
        return str(value)


class ObjectScalar:
    """A Python object as a constant; equal only to itself."""

    def __init__(self, value: Any) -> None:
        self.value = value


@dataclass(frozen=True, slots=True)
class Instruction:
    """One operation: `args` are registers, `dtype` is of the values, `spread` tells the axes it varies along."""

    op: Op
    args: tuple[int, ...]
    dtype: np.dtype[Any]
    spread: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Linear:
    """What stored numbers stand for, where a sum can be taken of them first: value = stored * scale + offset.

    poison : a missing element makes the result NaN (else it is left out)
    """

    scale: Constant
    offset: Constant
    poison: bool


@dataclass(frozen=True, slots=True)
class Fold:
    """A reduction at the end: row `name` over `axes` of register `register`.

    skip : register that is True where an element is left out, or None
    values, result : dtypes going in and coming out
    params : of the row (ddof, ...)
    masked : whether the result is masked where everything was left out
    left : integer dtype that counts elements left out
    linear : the values folded are stored integers; they are summed exactly and unpacked once
    """

    name: str
    register: int
    axes: tuple[int, ...]
    skip: int | None
    values: np.dtype[Any]
    result: np.dtype[Any]
    params: tuple[tuple[str, Hashable], ...]
    masked: bool
    left: np.dtype[Any]
    linear: Linear | None = None

    @property
    def state_width(self) -> int:
        """Bytes a state takes for each result."""
        width = sum(d.itemsize for d in REDUCTIONS[self.name].planes(self.values, self.result, self.left))
        return width + self.counts_left * self.left.itemsize

    @property
    def counts_left(self) -> bool:
        """Whether a state may have counts of elements left out."""
        return self.masked or self.skip is not None


@remembers_hash
@dataclass(frozen=True)
class Program:
    """A straight-line program over a space of `ndim` axes.

    operands : dtype of each; spreads : which axes of the space each operand varies along
    masked : whether each operand has a mask plane
    result : register of an elementwise result; or `folds`, reductions over the same axes
    tile_divisor : how many times smaller than usual tiles are, where memory is short
    compiled : run by a compiled kernel where that can be done
    narrow : so many last axes, which are short, are brought to the front before folding
    """

    ndim: int
    operands: tuple[np.dtype[Any], ...]
    spreads: tuple[tuple[bool, ...], ...]
    masked: tuple[bool, ...]
    constants: tuple[Constant, ...]
    instructions: tuple[Instruction, ...]
    result: int
    folds: tuple[Fold, ...] = ()
    tile_divisor: int = 1
    compiled: bool = False
    narrow: int = 0

    @property
    def first_instruction(self) -> int:
        return len(self.operands) + len(self.constants)

    @cached_property
    def tile_elements(self) -> int:
        """Elements of a tile such that all of its buffers lie in cache: few of wide programs, many of narrow ones."""
        each = sum(d.itemsize for d in self.operands) + sum(_share_buffers(self)[1]) + sum(self.masked_registers())
        each += sum(fold.values.itemsize for fold in self.folds)
        good = TILE_BYTES // max(1, each)
        usual = max(SMALLEST_TILE, min(LARGEST_TILE, 1 << max(0, good.bit_length() - 1)))
        return max(min(usual, LEAST_TILE), usual // self.tile_divisor)

    @property
    def turned_elements(self) -> int:
        """Elements of a tile where operands are stored the other way round: a call takes long enough for fewer."""
        return self.tile_elements if self.compiled else min(self.tile_elements, TURNED_ELEMENTS)

    def masked_registers(self) -> list[bool]:
        """Which registers may have a mask."""
        masked = [*self.masked, *([False] * len(self.constants))]
        for instruction in self.instructions:
            op = instruction.op
            masked.append(op.makes_mask or (not op.drops_mask and any(masked[a] for a in instruction.args)))
        return masked

    def tile_width(self, depth: int) -> float:
        """The most bytes that an element of a tile takes: in the evaluator's buffers, and in what folding makes.

        depth : elements of a tile that are folded onto one result
        """
        masked = self.masked_registers()
        # one fold after the other: its temporaries are gone when the next begins
        folding = max((_fold_width(fold, masked[fold.register], depth) for fold in self.folds), default=0)
        operations = enumerate(self.instructions, self.first_instruction)
        making = max((made_by(i.op, i.dtype, masked[k]) for k, i in operations), default=0)
        moved = max((fold.values.itemsize + 1 for fold in self.folds), default=0) if self.narrow else 0
        return sum(_share_buffers(self)[1]) + 2 * sum(masked) + making + folding + moved


class Evaluator:
    """Runs a program on tiles, in one thread.

    >>> import numpy as np
    >>> from nbarray.kernels.elementwise import ufunc_op
    >>> f8 = np.dtype(float)
    >>> add = Instruction(ufunc_op(np.add), (0, 1), f8, (True,))
    >>> program = Program(1, (f8,), ((True,),), (False,), (Constant.of(2),), (add,), 2)
    >>> Evaluator(program).run([np.arange(3.0)], [None], (3,), None)
    (array([2., 3., 4.]), None)
    """

    def __init__(self, program: Program, take: Callable[[int, int], Tile] | None = None) -> None:
        """take : (number of a buffer, bytes) -> a buffer of so many or more; those that never run at once may share"""
        self.program = program
        self._masked = program.masked_registers()
        self._constants = [c.value for c in program.constants]
        self._slots, self._sizes = _share_buffers(program)
        self._take = take or (lambda number, nbytes: np.empty(nbytes, np.uint8))
        self._buffers = [np.empty(0, np.uint8) for _ in self._sizes]
        self._layouts: dict[tuple[int, ...], list[Tile | None]] = {}
        self._steps = []
        dtypes = [*program.operands, *(np.asarray(c).dtype for c in self._constants)]
        for k, instruction in enumerate(program.instructions):
            register = program.first_instruction + k
            kernel, planes = compile_op(
                instruction.op, instruction.dtype, dtypes[instruction.args[0]], self._masked[register]
            )
            use_planes = self._masked[register] or kernel is None
            self._steps.append((None if use_planes else kernel, planes, instruction.args, register))
            dtypes.append(instruction.dtype)

    def _layout(self, shape: tuple[int, ...]) -> list[Tile | None]:
        """A view on a buffer for each instruction's values, for tiles of `shape`."""
        elements = math.prod(shape)
        for k, size in enumerate(self._sizes):
            if self._buffers[k].nbytes < elements * size:  # tiles may be much smaller than they may be at the most
                self._layouts.clear()
                self._buffers[k] = self._take(k, elements * size)
        views: list[Tile | None] = []
        for instruction, slot in zip(self.program.instructions, self._slots, strict=True):
            extent = tuple(n if s else 1 for n, s in zip(shape, instruction.spread, strict=True))
            if slot < 0:
                views.append(None)
                continue
            size = math.prod(extent) * instruction.dtype.itemsize
            views.append(self._buffers[slot][:size].view(instruction.dtype).reshape(extent))
        self._layouts[shape] = views
        return views

    def registers(
        self, operands: list[Tile], masks: list[Tile | None], shape: tuple[int, ...], out: Tile | None
    ) -> tuple[list[Any], list[Tile | None]]:
        """Values and masks of all registers, on a tile of `shape`; the last result is put into `out` if given.

        What is returned lives in the evaluator's buffers until the next call.
        """
        views = self._layouts.get(shape) or self._layout(shape)
        values: list[Any] = [*operands, *self._constants]
        planes: list[Tile | None] = [*masks, *([None] * len(self._constants))]
        first, last = self.program.first_instruction, self.program.result
        for kernel, with_masks, args, register in self._steps:
            target = out if register == last and out is not None else views[register - first]
            if kernel is not None:
                values.append(kernel([values[a] for a in args], target))
                planes.append(None)
            else:
                value, mask = with_masks([values[a] for a in args], [planes[a] for a in args], target)
                values.append(value)
                planes.append(mask)
        return values, planes

    def run(
        self, operands: list[Tile], masks: list[Tile | None], shape: tuple[int, ...], out: Tile | None
    ) -> tuple[Tile, Tile | None]:
        """The elementwise result on a tile: values (in `out` if given) and mask."""
        values, planes = self.registers(operands, masks, shape, out)
        value = values[self.program.result]
        if out is not None and value is not out:
            np.copyto(out, value, casting="unsafe")
            value = out
        return value, planes[self.program.result]

    def owns(self, values: Tile) -> bool:
        """Whether values lie in our own buffers, so that they may be overwritten; unpacking may give an operand."""
        owner: Any = values
        while isinstance(owner, np.ndarray) and owner.base is not None:
            owner = owner.base
        return any(owner is buffer for buffer in self._buffers)


def _fold_width(fold: Fold, masked: bool, depth: int) -> float:
    """The most bytes that folding makes for an element of a tile."""
    each, (values, results) = max(8, fold.values.itemsize), REDUCTIONS[fold.name].makes
    if fold.linear is not None:  # exact sums, and what they stand for
        results = max(results, 3)
    elif fold.values.kind in "iu" and fold.result.kind == "f":  # made into floats first
        values += 1
    # of a tile one element deep nothing is made; what is left out is replaced in a copy, by bits
    replaced = 2 * fold.values.itemsize + 2 if masked or fold.skip is not None else 0
    return each * (values + results / max(2, depth)) + replaced


def _share_buffers(program: Program) -> tuple[list[int], list[int]]:
    """Give each instruction a buffer (-1: none, for dtypes that hold objects), reusing those that are free.

    Returns the buffer of each instruction and the bytes an element of each buffer.
    """
    first = program.first_instruction
    last_use: dict[int, int] = {}
    for k, instruction in enumerate(program.instructions):
        for a in instruction.args:
            last_use[a] = k
    keep = {program.result}
    for fold in program.folds:
        keep |= {fold.register} | ({fold.skip} if fold.skip is not None else set())
    slots: list[int] = []
    sizes: list[int] = []
    free: list[int] = []
    for k, instruction in enumerate(program.instructions):
        dying = [
            a
            for a in set(instruction.args)
            if a >= first and last_use[a] == k and a not in keep and slots[a - first] >= 0
        ]
        if instruction.op.may_overwrite:
            # values may be written over an argument that lies in memory in just the same way
            same = [a for a in dying if _alike(program.instructions[a - first], instruction)]
            free.extend(slots[a - first] for a in same)
            dying = [a for a in dying if a not in same]
        slots.append(_take_buffer(instruction.dtype, sizes, free))
        free.extend(slots[a - first] for a in dying)
    return slots, sizes


def _alike(a: Instruction, b: Instruction) -> bool:
    return a.dtype == b.dtype and a.spread == b.spread


def _take_buffer(dtype: np.dtype[Any], sizes: list[int], free: list[int]) -> int:
    if dtype.hasobject:
        return -1
    for slot in reversed(free):
        if sizes[slot] == dtype.itemsize:
            free.remove(slot)
            return slot
    sizes.append(dtype.itemsize)
    return len(sizes) - 1
