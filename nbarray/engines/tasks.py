"""Running one task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nbarray.config import current
from nbarray.expr.lowered import Lowered, Sink
from nbarray.io.scratchfile import ScratchFile, scratch_folder
from nbarray.kernels.fused import Workspace
from nbarray.kernels.tiles import part_of
from nbarray.plan.plan import Plan

__all__ = ["Results", "run_task"]


class Results:
    """The arrays that a run fills, one for each target node, and the file for blocks that don't fit into memory."""

    def __init__(self, plan: Plan) -> None:
        self.sinks: dict[int, Sink] = {}
        self.scratch: ScratchFile | None = None
        if plan.spilled_bytes:
            self.scratch = ScratchFile(scratch_folder(current().scratch), plan.spilled_bytes)
        for k in set(plan.targets):
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
    low, high = plan.box(task)
    if not plan.to_result[task]:
        block = lowered.run(low, high, blocks, None, workspace)
        if lowered.gives_states:
            # one merge of all states, or one for each of them
            for state in block:
                state.disposable = plan.uses[task] in (1, len(block))
        elif plan.scratch_at is not None and plan.scratch_at[task] >= 0:
            block = results.spill(block, int(plan.scratch_at[task]))
        return block
    sink = results.part(k, low, high)
    if plan.uses[task] == 0:
        lowered.run(low, high, blocks, sink, workspace)
        return None
    block = lowered.run(low, high, blocks, None, workspace)
    sink[0][...] = block[0]
    if sink[1] is not None:
        sink[1][...] = False if block[1] is None else block[1]
    return block
