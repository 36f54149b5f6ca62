"""What is said when a task fails, and what can be looked at then.

The error that a user gets holds the task and what it was given, so that it can be run again alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nbarray.errors import TaskError
from nbarray.expr.leaves import SourceArray
from nbarray.expr.lowered import Corner, Inputs
from nbarray.expr.node import place_of
from nbarray.expr.operands import operand_of
from nbarray.kernels.workspace import Workspace
from nbarray.plan.plan import Plan
from nbarray.units import format_bytes

__all__ = ["Failure", "task_error"]

#: Sources that a failing task read, of which each gets a line.
MOST_SOURCES = 4


class Failure:
    """A task that failed, with the blocks it was given."""

    def __init__(self, plan: Plan, task: int, blocks: Sequence[Any], error: BaseException) -> None:
        self._plan, self._task, self._blocks = plan, task, list(blocks)
        self._lowered = plan.nodes[int(plan.task_node[task])]
        self._low, self._high = plan.box(task)
        self.operation = self._lowered.label
        self.why = _why(error)
        self._notes = [str(note) for note in getattr(error, "__notes__", ())]
        self._no_memory = isinstance(error, MemoryError)

    @property
    def place(self) -> str:
        """Where the operation was written."""
        place = place_of(self._lowered)
        return "" if place is None else str(place)

    @property
    def region(self) -> str:
        """Which part of what the operation makes."""
        return _region_text(self._low, self._high)

    @property
    def block(self) -> str:
        """Which of its blocks, of how many."""
        chunks = self._lowered.chunks
        number = int(self._plan.task_block[self._task])
        index = np.unravel_index(number, chunks.numblocks) if chunks.numblocks else ()
        of = f" of {' × '.join(map(str, chunks.numblocks))}" if chunks.numblocks else ""
        return f"block ({', '.join(str(int(k)) for k in index)}){of}"

    def sources(self) -> list[str]:
        """Which part of which stored array was to be read: file, variable, region, stored chunks."""
        found = list(self._source_lines())
        more = len(found) - MOST_SOURCES
        return [*found[:MOST_SOURCES], f"and {more} more"] if more > 1 else found

    def _boxes(self) -> list[tuple[Corner, Corner]]:
        corners = (np.array([c], np.int64).reshape(1, len(c)) for c in (self._low, self._high))
        boxes = self._lowered.operand_boxes(*corners)
        return [(tuple(a[0].tolist()), tuple(b[0].tolist())) for a, b in boxes]

    def _source_lines(self) -> Iterator[str]:
        for expr, (low, high) in zip(self._lowered.operands, self._boxes(), strict=True):
            operand = operand_of(expr)
            if not isinstance(operand.base, SourceArray) or any(b <= a for a, b in zip(low, high, strict=True)):
                continue
            reader = operand.base.reader
            if reader.array is not None and not reader.origin.path:
                continue  # an array in memory has no name
            slices = operand.slices(low, high)
            starts, stops = tuple(s.start for s in slices), tuple(s.stop for s in slices)
            line = f"[{_region_text(starts, stops)}] of {reader.origin}"
            if reader.array is None and reader.stored_chunks:
                first = tuple(a // c for a, c in zip(starts, reader.stored_chunks, strict=True))
                last = tuple((b - 1) // c for b, c in zip(stops, reader.stored_chunks, strict=True))
                line += f", stored chunk {first}" if first == last else f", stored chunks {first} to {last}"
            yield line

    def message(self) -> str:
        """What failed, where it was written, on which part of what; what was noted of it; the original error last."""
        made = f", made in {self.place}" if self.place else ""
        lines = [f"{self.operation} failed on [{self.region}], {self.block}{made}"]
        lines += [f"reading {line}" for line in self.sources()]
        if self._no_memory:
            declared = int(self._plan.task_bytes[self._task] + self._plan.scratch_bytes[self._task])
            lines.append(
                f"the budget counts {format_bytes(declared)} for this task and nothing that a function allocates "
                "beyond its blocks: use smaller chunks, or fewer workers"
            )
        return "\n".join([*lines, *self._notes, self.why])

    def facts(self) -> list[tuple[str, str]]:
        """The same in pieces, each with a name."""
        found = [("operation", self.operation), ("made in", self.place), ("on", f"[{self.region}], {self.block}")]
        found += [("reading", line) for line in self.sources()] + [("noted", note) for note in self._notes]
        return [(name, text) for name, text in found if text]

    def inputs(self) -> list[Any]:
        """What the operation was given for the block, operand after operand; read again where it lies in files."""
        if any(not isinstance(block, tuple) for block in self._blocks):
            return list(self._blocks)  # states of a reduction
        inputs = Inputs(self._lowered, self._low, self._high, self._blocks, Workspace())
        found = []
        for k, (low, high) in enumerate(self._boxes()):
            values, mask = inputs.read_whole(k, low, high)
            found.append(values if mask is None else np.ma.MaskedArray(values, mask))
        return found

    def rerun(self) -> Any:
        """Run the task here, in this thread; what it makes, if it doesn't fail again."""
        __tracebackhide__ = True
        block = self._lowered.run(self._low, self._high, list(self._blocks), None, Workspace())
        if not isinstance(block, tuple) or len(block) != 2:
            return block
        values, mask = block
        return values if mask is None else np.ma.MaskedArray(values, mask)


def _region_text(low: Corner, high: Corner) -> str:
    return ", ".join(f"{a}:{b}" for a, b in zip(low, high, strict=True))


def _why(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # a user's error that can't be shown
        return type(error).__name__


def task_error(plan: Plan, task: int, blocks: Sequence[Any], error: BaseException) -> BaseException:
    """The error a user sees: what failed, where it was written, which part of which array.

    It is a `TaskError` and of the original error's type as well, so that code written for NumPy catches it.
    """
    failure = Failure(plan, task, blocks, error)
    told = _kind_of(type(error))(failure.message())
    if isinstance(told, TaskError):
        told.failure = failure
    return told


def _kind_of(kind: type[BaseException]) -> type[BaseException]:
    """A `TaskError` that is a `kind` as well, or the nearest base of it that can be made from a message."""
    if kind not in _KINDS:
        bases = [base for base in kind.__mro__ if issubclass(base, Exception)]
        _KINDS[kind] = next((made for base in bases if (made := _both(base)) is not None), TaskError)
    return _KINDS[kind]


def _both(base: type[Exception]) -> type[BaseException] | None:
    def reduced(error: BaseException) -> Any:
        return _made_again, (base, str(error))

    members = {"__module__": TaskError.__module__, "__str__": _message, "__reduce__": reduced}
    try:
        made = type("TaskError", (TaskError, base), members)
        made("x")
    except Exception:  # whatever a user's class raises
        return None
    return made


def _made_again(kind: type[BaseException], message: str) -> BaseException:
    """The error that was sent to another process, without its task."""
    return _kind_of(kind)(message)


def _message(self: BaseException) -> str:
    return str(self.args[0]) if self.args else ""


_KINDS: dict[type[BaseException], type[BaseException]] = {}
