"""Functions of whole lines of an array, and summaries of all its elements, as nodes and as tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.leaves import SourceArray
from nbarray.expr.lowered import Box, Corner, Inputs, Lowered, Sink
from nbarray.expr.lowered_mapped import Mapped
from nbarray.expr.node import Expr, node, settled
from nbarray.expr.operands import decoding_bytes, is_direct, operand_of, reads_storage
from nbarray.grid.chunks import Chunks, Int64, regular
from nbarray.kernels.elementwise import ById
from nbarray.kernels.summaries import Summary
from nbarray.kernels.workspace import Workspace

#: About how many elements are looked at to tell what others are like.
SAMPLE = 2**14

__all__ = ["LineBlocks", "MapLines", "MergedSummaries", "PartSummaries", "Summarise"]


@node
class MapLines(Expr):
    """A function of blocks that are whole along `axes` of all arguments, which are of one shape.

    held : the `UserFunction`
    of_sizes : of the result along `axes`; along all others it has the arguments' sizes
    extras : one-dimensional arrays that the function gets whole, after the blocks
    """

    held: ById
    args: tuple[Expr, ...]
    axes: tuple[int, ...]
    of_sizes: tuple[int, ...]
    of_dtype: np.dtype[Any]
    extras: tuple[Expr, ...]

    kind: ClassVar[str] = "order"
    stored: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        chunks = self.result_chunks(self.args[0].chunks)
        return settled(chunks.shape, self.of_dtype, chunks, self.held.value.masked)

    def result_chunks(self, chunks: Chunks) -> Chunks:
        """Chunks of the result where those of the arguments are `chunks`."""
        axes = list(chunks.axes)
        for axis, size in zip(self.axes, self.of_sizes, strict=True):
            axes[axis] = regular(size, max(1, size))
        return Chunks(tuple(axes))

    @property
    def label(self) -> str:
        return str(self.held.value.name)


@node
class LineBlocks(Mapped):
    """Blocks of whole lines, each made by the function."""

    kind: ClassVar[str] = "order"

    @property
    def label(self) -> str:
        return self.function.name

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        return super().scratch_bytes(low, high) + self.function.copies * self._argument_bytes(low, high)

    def spare_bytes(self, low: Int64, high: Int64) -> Int64:
        # most functions of lines make one copy
        return max(0, self.function.copies - 1) * self._argument_bytes(low, high)


@node
class Summarise(Expr):
    """A summary of all elements of `args`, which are of one shape.

    extras : what every task gets whole
    """

    summary: Summary
    args: tuple[Expr, ...]
    extras: tuple[Expr, ...]
    of_shape: tuple[int, ...]
    of_dtype: np.dtype[Any]

    kind: ClassVar[str] = "order"
    stored: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        return settled(self.of_shape, self.of_dtype, _whole(self.of_shape), False)

    @property
    def label(self) -> str:
        return self.summary.name


def _whole(shape: tuple[int, ...]) -> Chunks:
    return Chunks(tuple(regular(n, max(1, n)) for n in shape))


class _Held:
    """A state on its way from task to task; the engine says whether anybody else will need it."""

    __slots__ = ("disposable", "state")

    def __init__(self, state: Any) -> None:
        self.state, self.disposable = state, False


@node
class PartSummaries(Lowered):
    """States of parts of the arguments, which are taken in step by step."""

    summary: Summary
    args: tuple[Expr, ...]
    extras: tuple[Expr, ...]
    grid: Chunks
    step: tuple[int, ...]

    kind: ClassVar[str] = "order"
    gives_states: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        return settled(self.grid.shape, np.uint8, self.grid, False)

    @property
    def label(self) -> str:
        return self.summary.name

    @property
    def compiled(self) -> bool:
        return self.summary.compiled

    @property
    def kernels(self) -> tuple[str, ...]:
        return self.summary.kernels if self.compiled else ()

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        return [*((low, high) for _ in self.args), *(_all_of(e, low) for e in self.extras)]

    @property
    def likely(self) -> Summary:
        """The summary of elements like some of the first argument's."""
        return self.summary.likely(_sample(self.args[0]))

    def block_bytes(self, low: Int64, high: Int64) -> Int64:
        return self._state_bytes(self.summary, low, high)

    def spare_block_bytes(self, low: Int64, high: Int64) -> Int64:
        return self.block_bytes(low, high) - self._state_bytes(self.likely, low, high)

    def _state_bytes(self, summary: Summary, low: Int64, high: Int64) -> Int64:
        steps = math.prod(-(-a.largest // max(1, n)) for a, n in zip(self.grid.axes, self.step, strict=True))
        return summary.state_bytes((high - low).prod(axis=1), steps)

    def spare_bytes(self, low: Int64, high: Int64) -> Int64:
        step = self._step(low, high)
        return self.summary.scratch_bytes(step) - self.likely.scratch_bytes(step)

    def _step(self, low: Int64, high: Int64) -> Int64:
        """Elements of each task's largest step."""
        return np.minimum(high - low, np.array(self.step, np.int64).reshape(1, -1)).prod(axis=1)

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        step = self._step(low, high)
        total = self.summary.scratch_bytes(step)
        for arg in self.args:
            base = operand_of(arg).base
            if not is_direct(base) or reads_storage(base):
                total = total + step * (base.dtype.itemsize + base.masked) + decoding_bytes(base)
        return total

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        inputs = Inputs(self, low, high, blocks, workspace)
        first = len(self.args)
        extras = [inputs.read_whole(first + k, (0,) * e.ndim, e.sizes)[0] for k, e in enumerate(self.extras)]
        state = self.summary.begin(extras)
        if not self.summary.needs(extras):
            return (_Held(state),)
        for a, b in _steps(low, high, self.step):
            pieces = [inputs.read_whole(k, a, b)[0] for k in range(first)]
            state = self.summary.take(state, pieces, a, extras)
        return (_Held(state),)


@node
class MergedSummaries(Lowered):
    """States of several parts as one, or the result of all of them."""

    parts: PartSummaries | MergedSummaries
    summary: Summary
    extras: tuple[Expr, ...]
    grid: Chunks
    of_shape: tuple[int, ...] | None
    of_dtype: np.dtype[Any]

    kind: ClassVar[str] = "merge"

    def settle(self) -> dict[str, Any]:
        chunks = self.grid if self.of_shape is None else _whole(self.of_shape)
        return settled(chunks.shape, self.of_dtype, chunks, False)

    @property
    def gives_states(self) -> bool:  # type: ignore[override]
        return self.of_shape is None

    @property
    def fills_sink(self) -> bool:  # type: ignore[override]
        return self.of_shape is not None

    @property
    def label(self) -> str:
        return f"{self.summary.name}, merge"

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        if self.of_shape is None:
            return [(low, high)]
        return [_all_of(self.parts, low), *(_all_of(e, low) for e in self.extras)]

    def block_bytes(self, low: Int64, high: Int64) -> Int64:
        if self.of_shape is not None:
            return super().block_bytes(low, high)
        return self.summary.state_bytes((high - low).prod(axis=1), 1)

    @property
    def likely(self) -> Summary:
        """The summary of elements like some of those that parts are made of."""
        return self.parts.likely

    def spare_block_bytes(self, low: Int64, high: Int64) -> Int64:
        if self.of_shape is not None:
            return self.block_bytes(low, high) - self.likely.finished_bytes(self.block_bytes(low, high))
        return self.block_bytes(low, high) - self.likely.state_bytes((high - low).prod(axis=1), 1)

    def spare_bytes(self, low: Int64, high: Int64) -> Int64:
        spare = self._merging_bytes(self.summary, low, high) - self._merging_bytes(self.likely, low, high)
        return spare + (self.spare_block_bytes(low, high) if self.of_shape is not None else 0)

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        # most results are made before they are put where they belong
        made = self.block_bytes(low, high) if self.of_shape is not None else 0
        return self._merging_bytes(self.summary, low, high) + made

    def _merging_bytes(self, summary: Summary, low: Int64, high: Int64) -> Int64:
        a, b = (low, high) if self.of_shape is None else _all_of(self.parts, low)
        merged = -(-self.parts.chunks.nblocks // max(1, self.grid.nblocks)) if self.of_shape is None else 1
        together = max(merged, self.parts.chunks.nblocks if self.of_shape is not None else 1)
        return summary.merging_bytes((b - a).prod(axis=1), together)

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        if self.of_shape is None:
            return (_Held(self.summary.merge([held.state for (held,) in blocks])),)
        count = self.parts.chunks.nblocks
        inputs = Inputs(self, low, high, blocks, workspace)
        extras = [inputs.read_whole(1 + k, (0,) * e.ndim, e.sizes)[0] for k, e in enumerate(self.extras)]
        states = [held.state for (held,) in blocks[:count]]
        merged = self.summary.merge(states) if count > 1 else states[0]
        if sink is not None:
            self.summary.finish_into(merged, extras, sink[0])
            return None
        return self.summary.finish(merged, extras), None


def _sample(expr: Expr) -> np.ndarray[Any, Any] | None:
    """Some elements, evenly spaced, of what lies in memory as it is; None of anything else, which isn't looked at."""
    base = operand_of(expr).base
    array = base.reader.array if isinstance(base, SourceArray) else None
    if type(array) is not np.ndarray or not array.size:
        return None
    every = max(1, round((array.size / SAMPLE) ** (1 / max(1, array.ndim))))
    return array[(slice(None, None, every),) * array.ndim].ravel()


def _all_of(expr: Expr, low: Int64) -> Box:
    """All of an operand, for each task."""
    a = np.zeros((len(low), expr.ndim), np.int64)
    return a, a + np.array(expr.sizes, np.int64).reshape(1, -1)


def _steps(low: Corner, high: Corner, step: Corner) -> list[tuple[Corner, Corner]]:
    """A box in steps, in C order."""
    found: list[tuple[Corner, Corner]] = [((), ())]
    for a, b, n in zip(low, high, step, strict=True):
        spans = [(s, min(s + n, b)) for s in range(a, b, max(1, n))]
        found = [((*p, s), (*q, t)) for p, q in found for s, t in spans]
    return found
