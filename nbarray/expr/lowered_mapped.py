"""The lowered node of users' functions of blocks, with or without what lies around them."""

from __future__ import annotations

from collections.abc import Sequence
from operator import sub
from typing import Any, ClassVar

import numpy as np

from nbarray.errors import DTypeError, ShapeError
from nbarray.expr.blocks import Ghost, UserFunction
from nbarray.expr.lowered import Box, Corner, Inputs, Lowered, Sink, deliver
from nbarray.expr.node import Expr, node, settled
from nbarray.expr.operands import Operand, lies_in_memory, operand_bytes, operand_of
from nbarray.grid.chunks import Chunks, Int64
from nbarray.kernels.elementwise import ById
from nbarray.kernels.fused import Planes
from nbarray.kernels.workspace import Workspace

__all__ = ["Mapped"]


@node
class Mapped(Lowered):
    """A user's function of blocks; see `expr.blocks.MapBlocks` for the fields."""

    held: ById
    args: tuple[Expr, ...]
    argument_chunks: tuple[Chunks, ...]
    chunks: Chunks
    axes: tuple[int, ...]
    of_dtype: np.dtype[Any]
    ghosts: tuple[tuple[Ghost, ...], ...]

    kind: ClassVar[str] = "blocks"
    calls_blas: ClassVar[bool] = True
    aligned: ClassVar[bool]

    def settle(self) -> dict[str, Any]:
        # where a block is made of blocks at just its place, there is nothing to look up for each
        aligned = not self.ghosts and all(c == self.chunks for c in self.argument_chunks)
        aligned = aligned and self.axes == tuple(range(len(self.chunks.axes)))
        return {**settled(self.chunks.shape, self.of_dtype, self.chunks, self.function.masked), "aligned": aligned}

    @property
    def function(self) -> UserFunction:
        function: UserFunction = self.held.value
        return function

    @property
    def label(self) -> str:
        return self.function.label

    @property
    def compiled(self) -> bool:
        return self.function.compiled

    def scratch_bytes(self, low: Int64, high: Int64) -> Int64:
        operands, boxes = [operand_of(e) for e in self.args], self.operand_boxes(low, high)
        apart = [k for k, o in enumerate(operands) if not (lies_in_memory(o.base) or self._takes_blocks(o))]
        read = operand_bytes([operands[k] for k in apart], [boxes[k] for k in apart], len(low))
        if not self.function.takes:
            return read
        whole = self._argument_bytes(low, high) + self.block_bytes(low, high)
        return read + (self.function.takes * whole).astype(np.int64)

    def _argument_bytes(self, low: Int64, high: Int64) -> Int64:
        """Bytes of what the function is given, whether or not reading it takes any."""
        return operand_bytes([operand_of(e) for e in self.args], self.operand_boxes(low, high), len(low))

    def _takes_blocks(self, operand: Operand) -> bool:
        return self.aligned and operand.is_blocks_of(self.chunks)

    def operand_boxes(self, low: Int64, high: Int64) -> list[Box]:
        ndim = max((len(c.axes) for c in self.argument_chunks), default=0)
        boxes = []
        for number, chunks in enumerate(self.argument_chunks):
            a = np.zeros((len(low), len(chunks.axes)), np.int64)
            b = a + np.array(chunks.shape, np.int64).reshape(1, -1)
            for k, axis in enumerate(chunks.axes):
                source = k + ndim - len(chunks.axes)
                if source in self.axes and axis.count > 1:
                    j = self.axes.index(source)
                    a[:, k], b[:, k] = axis.bounds(_block_numbers(self.chunks, j, low))
                if self.ghosts:
                    ghost = self.ghosts[number][k]
                    a[:, k] = np.maximum(0, a[:, k] + ghost.shift - ghost.before)
                    b[:, k] = np.minimum(self.args[number].sizes[k], b[:, k] + ghost.shift + ghost.after)
            boxes.append((a, b))
        return boxes

    def run(self, low: Corner, high: Corner, blocks: Sequence[Any], sink: Sink | None, workspace: Workspace) -> Any:
        __tracebackhide__ = True  # the function that it calls is the user's
        inputs = Inputs(self, low, high, blocks, workspace)
        boxes = [(low, high)] * len(self.args) if self.aligned else self._boxes_for(low)
        read = (inputs.read_whole(k, *box) for k, box in enumerate(boxes))
        parts = [
            _as_array(_own(planes) if self.ghosts else planes, arg.masked)
            for planes, arg in zip(read, self.args, strict=True)
        ]
        function = self.function
        keywords = dict(function.keywords)
        if function.wants_block_id:
            keywords["block_id"] = self._block_id(low)
        if function.wants_block_info:
            keywords["block_info"] = self._block_info(low, high, boxes)
        values = np.asanyarray(function.function(*parts, **keywords))
        if function.trims:
            values = self._trimmed(values, low, high, boxes)
        self._check(values, low, high)
        if type(values) is np.ndarray and values.dtype == self.of_dtype:
            return deliver(sink, (values, None), workspace)
        mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
        return deliver(sink, (np.asarray(np.ma.getdata(values), self.of_dtype), mask), workspace)

    def _trimmed(
        self, values: np.ndarray[Any, Any], low: Corner, high: Corner, boxes: list[tuple[Corner, Corner]]
    ) -> np.ndarray[Any, Any]:
        """The block without what it got of its neighbours."""
        first = max(range(len(boxes)), key=lambda k: len(boxes[k][0]))
        given = [b - a for a, b in zip(*boxes[first], strict=True)]
        shape = tuple(b - a if k < 0 else given[k] for k, a, b in zip(self.axes, low, high, strict=True))
        if values.shape != shape:
            raise ShapeError(
                f"{self.function.name} returned a block of shape {values.shape} for one of shape {shape}, and what "
                "overlaps can't be cut off; return as many elements, or give trim=False and chunks="
            )
        starts = [
            0 if k < 0 else a + self.ghosts[first][k].shift - boxes[first][0][k]
            for k, a in zip(self.axes, low, strict=True)
        ]
        return values[tuple(slice(s, s + b - a) for s, a, b in zip(starts, low, high, strict=True))]

    def boxes_of(self, low: Corner, high: Corner) -> Sequence[tuple[Sequence[int], Sequence[int]]]:
        return self._boxes_for(low)

    def _boxes_for(self, low: Corner) -> list[tuple[Corner, Corner]]:
        """`operand_boxes` for one block, without arrays: there may be very many, and small ones."""
        block = self._block_id(low)
        ndim = max((len(c.axes) for c in self.argument_chunks), default=0)
        boxes = []
        for number, chunks in enumerate(self.argument_chunks):
            spans = []
            for source, axis in enumerate(chunks.axes, ndim - len(chunks.axes)):
                cut = axis.count > 1 and source in self.axes
                spans.append(axis.span(block[self.axes.index(source)]) if cut else (0, axis.size))
            if self.ghosts:
                of_each = zip(self.ghosts[number], spans, self.args[number].sizes, strict=True)
                spans = [ghost.box(*span, size) for ghost, span, size in of_each]
            boxes.append((tuple(a for a, _ in spans), tuple(b for _, b in spans)))
        return boxes

    def _block_id(self, low: Corner) -> tuple[int, ...]:
        return tuple(
            axis.number_of(min(a, max(0, axis.size - 1))) for a, axis in zip(low, self.chunks.axes, strict=True)
        )

    def _block_info(self, low: Corner, high: Corner, boxes: list[tuple[Corner, Corner]]) -> dict[int | None, Any]:
        info: dict[int | None, Any] = {}
        block = self._block_id(low)
        ndim = max((len(c.axes) for c in self.argument_chunks), default=0)
        positions = self.function.positions or range(len(self.args))
        for k, arg, chunks, (a, b) in zip(positions, self.args, self.argument_chunks, boxes, strict=True):
            sources = range(ndim - len(chunks.axes), ndim)
            cut = [source in self.axes and axis.count > 1 for source, axis in zip(sources, chunks.axes, strict=True)]
            info[k] = {
                "shape": arg.shape,
                "num-chunks": tuple(c.count if is_cut else 1 for c, is_cut in zip(chunks.axes, cut, strict=True)),
                "array-location": list(zip(a, b, strict=True)),
                "chunk-location": tuple(
                    block[self.axes.index(s)] if is_cut else 0 for s, is_cut in zip(sources, cut, strict=True)
                ),
                "dtype": arg.dtype,
            }
        info[None] = {
            "shape": self.shape,
            "array-location": list(zip(low, high, strict=True)),
            "chunk-location": block,
            "num-chunks": self.chunks.numblocks,
            "chunk-shape": tuple(b - a for a, b in zip(low, high, strict=True)),
            "dtype": self.of_dtype,
        }
        return info

    def _check(self, values: np.ndarray[Any, Any], low: Corner, high: Corner) -> None:
        shape = tuple(map(sub, high, low))
        if type(values) is np.ndarray and values.shape == shape and values.dtype == self.of_dtype:
            return
        name = self.function.name
        if values.shape != shape:
            raise ShapeError(
                f"{name} returned a block of shape {values.shape}, but {shape} was promised for block "
                f"{self._block_id(low)}; give chunks= (and drop_axis= or new_axis=) as the function changes them"
            )
        if values.dtype != self.of_dtype and not np.can_cast(values.dtype, self.of_dtype, "same_kind"):
            raise DTypeError(
                f"{name} returned {values.dtype} for block {self._block_id(low)}, but {self.of_dtype} was promised; "
                f"give dtype={values.dtype.name!r}"
            )
        if np.ma.is_masked(values) and not self.masked:
            raise DTypeError(
                f"{name} returned missing values for block {self._block_id(low)}, but a plain array was promised; "
                "give masked=True, or fill them"
            )


def _block_numbers(chunks: Chunks, axis: int, low: Int64) -> Int64:
    size = chunks.axes[axis].size
    return chunks.axes[axis].chunk_of(np.minimum(low[:, axis], max(0, size - 1)))


def _own(planes: Planes) -> Planes:
    """Values that a function may write over: what several blocks get is no view of something else."""
    values, mask = planes
    return values if values.flags.writeable else values.copy(), mask


def _as_array(planes: Planes, masked: bool) -> np.ndarray[Any, Any]:
    values, mask = planes
    return np.ma.MaskedArray(values, False if mask is None else mask) if masked else values
