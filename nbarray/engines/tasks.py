"""Running one task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nbarray.config import current
from nbarray.expr.lowered import Lowered, Sink
from nbarray.io.scratch import forget, held_bytes
from nbarray.io.scratchfile import ScratchFile, scratch_folder
from nbarray.kernels.tiles import part_of
from nbarray.kernels.workspace import SMALL_BYTES, Workspace
from nbarray.plan.plan import Plan, block_box

__all__ = ["Results", "let_go", "run_task"]


class Results:
    """The arrays that a run fills, one for each target node, and the file for blocks that don't fit into memory."""

    def __init__(self, plan: Plan) -> None:
        self.sinks: dict[int, Sink] = {}
        self.scratch: ScratchFile | None = None
        if plan.spilled_bytes:
            self.scratch = ScratchFile(scratch_folder(current().scratch), plan.spilled_bytes)
        for k in set(plan.in_memory):
            lowered = plan.nodes[k]
            mask = np.zeros(lowered.sizes, bool) if lowered.masked else None
            self.sinks[k] = (np.empty(lowered.sizes, lowered.dtype), mask)

    def part(self, node: int, low: tuple[int, ...], high: tuple[int, ...]) -> Sink:
        """Where a block goes."""
        region = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        values, mask = self.sinks[node]
        return part_of(values, region), None if mask is None else part_of(mask, region)

    def spill(self, block: Any, offset: int) -> Any:
        """Write a block to the scratch file; returns it as it lies there."""
        assert self.scratch is not None
        values, mask = block
        stored = self.scratch.put(offset, values)
        return stored, None if mask is None else self.scratch.put(offset + values.nbytes, mask)

    def close(self) -> None:
        """Give the scratch file back."""
        if self.scratch is not None:
            self.scratch.close()


def run_task(plan: Plan, task: int, blocks: Sequence[Any], results: Results, workspace: Workspace) -> Any:
    """Make a task's block; one that is only (part of) a result goes there and None is returned."""
    k = int(plan.task_node[task])
    lowered: Lowered = plan.nodes[k]
    low, high = block_box(lowered.chunks, int(plan.task_block[task]))
    room = int(plan.task_bytes[task] + plan.scratch_bytes[task]) if lowered.in_place else 0
    if workspace.node != k and not (lowered.in_place and _kept_bytes(workspace) <= room):
        let_go(workspace)
        workspace.node = k
    if not plan.to_result[task]:
        block = lowered.run(low, high, blocks, None, workspace)
        if lowered.gives_states:
            workspace.spares.note_done(k)
            # one merge of all states, or one for each of them
            for state in block:
                state.disposable = plan.uses[task] in (1, len(block))
        elif plan.scratch_at is not None and plan.scratch_at[task] >= 0:
            block = results.spill(block, int(plan.scratch_at[task]))
        return block
    if k in plan.writers_of:
        return _run_written(plan, task, blocks, results, workspace)
    sink = results.part(k, low, high)
    if plan.uses[task] == 0:
        lowered.run(low, high, blocks, sink, workspace)
        return None
    block = lowered.run(low, high, blocks, None, workspace)
    _put(block, sink)
    return block


def let_go(workspace: Workspace) -> bool:
    """Give back what a worker's tasks have worked in, if it is more than a little; returns whether it was.

    It isn't counted any more once they are done: so neither a task of another node, which may need as much besides,
    nor a worker that waits keeps it.  A task that makes its block in place may: what is counted for that is free, and
    what they take beyond it is counted for the task (`plan.build`).
    """
    if _kept_bytes(workspace) <= SMALL_BYTES:
        return False
    workspace.clear()
    forget()
    return True


def _kept_bytes(workspace: Workspace) -> int:
    """What a worker's tasks have worked in."""
    return workspace.held_bytes + held_bytes()


def _put(block: Any, sink: Sink) -> None:
    sink[0][...] = block[0]
    if sink[1] is not None:
        sink[1][...] = False if block[1] is None else block[1]


def _run_written(plan: Plan, task: int, blocks: Sequence[Any], results: Results, workspace: Workspace) -> Any:
    """Make a block that is written to a target, or to several; it is kept if other tasks need it."""
    k = int(plan.task_node[task])
    lowered: Lowered = plan.nodes[k]
    low, high = plan.box(task)
    used = plan.uses[task] > 0
    writer = None if used else plan.made_in(k)
    if writer is not None and writer.in_place:
        shape = tuple(b - a for a, b in zip(low, high, strict=True))
        mask = np.zeros(shape, bool) if lowered.masked else None
        lowered.run(low, high, blocks, (writer.part(low, high), mask), workspace)
        return None
    if writer is not None:
        lowered.stream(low, high, blocks, writer.fill, workspace)
        return None
    block = lowered.run(low, high, blocks, None, workspace)
    for each in plan.writers_of[k]:
        each.write(low, high, *block)
    if k in results.sinks:
        _put(block, results.part(k, low, high))
    return block if used else None
