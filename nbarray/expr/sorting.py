"""A long axis in order: sorted runs, where they are cut, and the parts that their pieces make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nbarray.expr.lowered import Box, Corner, Lowered, Sink, deliver
from nbarray.expr.node import Expr, node, settled
from nbarray.grid.chunks import Chunks, Int64, regular
from nbarray.kernels.sorting import cut_runs, merge_pieces
from nbarray.kernels.workspace import Workspace

__all__ = ["Cuts", "MergeRuns", "MergedRuns"]

#: The field of a run that is sorted by, where it has others.
KEY, BESIDE = "value", "index"


@node
class MergeRuns(Expr):
    """The elements of `runs`, a one-dimensional array of sorted blocks, in order.

    Where runs have fields, it is sorted by the first and the second is what comes out.
    """

    runs: Expr
    chunks: Chunks

    kind: ClassVar[str] = "sort"
    stored: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        fields = self.runs.dtype.fields
        dtype = self.runs.dtype if fields is None or BESIDE not in fields else np.dtype(fields[BESIDE][0])
        return settled(self.chunks.shape, dtype, self.chunks, False)

    @property
    def label(self) -> str:
        return "sort, merge"


def _keys(run: Any, has_fields: bool) -> Any:
    return run[KEY] if has_fields else run


@node
class Cuts(Lowered):
    """Where every run has to be cut for every block of the result: one task that looks into all runs.

    It searches for exact ranks, so blocks of the result are as large as they are promised to be.
    """

    runs: Expr
    parts: Chunks
    has_fields: bool

    kind: ClassVar[str] = "sort"

    def settle(self) -> dict[str, Any]:
        shape = (self.parts.axes[0].count + 1, self.runs.chunks.axes[0].count)
        chunks = Chunks(tuple(regular(n, n) for n in shape))
        return settled(shape, np.int64, chunks, False)

    @property
    def label(self) -> str:
        return "sort, find cuts"

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        return [_everything(self.runs, low)]

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        runs = [_keys(values, self.has_fields) for values, _ in blocks]
        ranks = self.parts.axes[0].offsets.tolist()
        cuts = np.array([cut_runs(runs, rank) for rank in ranks], np.int64).reshape(self.sizes)
        return deliver(sink, (cuts, None), workspace)


@node
class MergedRuns(Lowered):
    """Blocks of the sorted array, each merged from a piece of every run."""

    cuts: Expr
    runs: Expr
    of_dtype: np.dtype[Any]
    chunks: Chunks
    has_fields: bool

    kind: ClassVar[str] = "sort"

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.of_dtype, self.chunks, False)

    @property
    def label(self) -> str:
        return "sort, merge"

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        return [_everything(self.cuts, low), _everything(self.runs, low)]

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        # the pieces together, an order, and what merging needs
        return (high - low).prod(axis=1) * (2 * self.runs.dtype.itemsize + 8)

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        cuts, runs = blocks[0][0], [values for values, _ in blocks[1:]]
        number = self.chunks.axes[0].number_of(low[0])
        pieces = [run[a:b] for run, a, b in zip(runs, cuts[number], cuts[number + 1], strict=True) if b > a]
        if self.has_fields:
            merged = merge_pieces([p[KEY] for p in pieces], [p[BESIDE] for p in pieces])
        else:
            merged = merge_pieces(pieces)
        return deliver(sink, (merged, None), workspace)


def _everything(expr: Expr, low: Int64) -> Box:
    """All of an operand, for each task."""
    a = np.zeros((len(low), expr.ndim), np.int64)
    return a, a + np.array(expr.sizes, np.int64).reshape(1, -1)
