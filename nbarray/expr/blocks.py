"""Functions of whole blocks: what users hand to `map_blocks`, products of blocks, and selections by a mask."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple

import numpy as np

from nbarray.expr.node import Expr, node, settled
from nbarray.grid.chunks import Chunks, regular
from nbarray.kernels.elementwise import ById, ByKey
from nbarray.kernels.keys import key_of
from nbarray.kernels.sending import sendable

__all__ = ["Compress", "Contract", "MapBlocks", "Select", "UserFunction", "held_once"]


@dataclass(frozen=True, slots=True)
class UserFunction:
    """A user's function of blocks with its keyword arguments; equal only to itself.

    masked : whether it gives masked blocks
    trims : it gives blocks as large as it gets, and what they got of their neighbours is cut off
    copies : what a function of whole lines takes besides its block and its result, in blocks
    takes : what it needs besides its arguments and its block, as a multiple of the bytes of both together
    positions : where among all its arguments the arrays stand; none if there is nothing else
    ours : what people call it, where it is no function of theirs
    title : what its caller calls what it does
    quick : the same by compiled code, for where that is worth it, and what the function takes for an element, in
        simple operations
    compiled : it is such a one
    """

    function: Any
    keywords: dict[str, Any]
    wants_block_id: bool
    wants_block_info: bool
    masked: bool
    trims: bool = False
    copies: int = 3
    takes: float = 0.0
    positions: tuple[int, ...] = ()
    ours: str = ""
    title: str = ""
    quick: tuple[Any, int] | None = None
    compiled: bool = False

    @property
    def label(self) -> str:
        """What people call what it does."""
        return self.title or self.ours or f"map_blocks({self.name})"

    def __reduce__(self) -> Any:
        keywords = {k: sendable(v) for k, v in self.keywords.items()}
        held = [keywords if f.name == "keywords" else sendable(getattr(self, f.name)) for f in fields(self)]
        return type(self), tuple(held)

    @property
    def name(self) -> str:
        return self.ours or getattr(self.function, "__name__", type(self.function).__name__)


def held_once(function: UserFunction) -> ById:
    """What a node holds of a function of ours: the same for two that were made in the same way."""
    own = tuple(getattr(function, f.name) for f in fields(function) if f.name != "keywords")
    return ByKey(function, key_of((*own, tuple(sorted(function.keywords.items())))))


class Ghost(NamedTuple):
    """How blocks overlap along one axis.

    before, after : how many elements of their neighbours they get
    shift : how far the argument is padded in front
    """

    before: int
    after: int
    shift: int

    def box(self, start: int, stop: int, size: int) -> tuple[int, int]:
        """What a block from `start` to `stop` gets of an argument of `size` elements."""
        return max(0, start + self.shift - self.before), min(size, stop + self.shift + self.after)


@node
class MapBlocks(Expr):
    """A function of the blocks at the same place of all arguments.

    held : the `UserFunction`
    args : arguments, broadcast block-wise: aligned from the last axis
    chunks : of the result; block (i, j) of the result comes from block (i, j) of the arguments
    axes : for each axis of the result, the axis of the arguments' grid it comes from, or -1 for a new one
    ghosts : for each argument and axis, how its blocks overlap their neighbours; none if they don't
    """

    held: ById
    args: tuple[Expr, ...]
    argument_chunks: tuple[Chunks, ...]
    chunks: Chunks
    axes: tuple[int, ...]
    of_dtype: np.dtype[Any]
    ghosts: tuple[tuple[Ghost, ...], ...] = ()

    kind: ClassVar[str] = "blocks"
    stored: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.of_dtype, self.chunks, self.held.value.masked)

    @property
    def label(self) -> str:
        label: str = self.held.value.label
        return label


@node
class Contract(Expr):
    """Products summed over the last axes of `left` and the axes of `right` that come after the stack.

    Shapes: left (stack..., i..., k...), right (stack..., k..., j...), result (stack..., i..., j...).

    stack : how many leading axes are a stack, equal in both
    depth : how many axes are summed over
    """

    left: Expr
    right: Expr
    stack: int
    depth: int
    of_dtype: np.dtype[Any]

    kind: ClassVar[str] = "contract"
    stored: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        left, right = self.left.chunks.axes, self.right.chunks.axes
        stack = [a.refine(b) for a, b in zip(left[: self.stack], right[: self.stack], strict=True)]
        free = (*left[self.stack : len(left) - self.depth], *right[self.stack + self.depth :])
        chunks = Chunks((*stack, *free))
        return settled(chunks.shape, self.of_dtype, chunks, False)

    @property
    def label(self) -> str:
        return "matmul"


@node
class Select(Expr):
    """Elements where `mask` is True, in C order, along one axis of unknown size.

    mask : of the shape of the base's first axes; the others follow
    """

    base: Expr
    mask: Expr

    kind: ClassVar[str] = "select"

    def settle(self) -> dict[str, Any]:
        others = self.base.chunks.axes[self.mask.ndim :]
        sizes = [a.size for a in others]
        return settled((None, *sizes), self.base.dtype, Chunks((regular(0, 1), *others)), self.base.masked)


@node
class Compress(Expr):
    """`Select` once it has been counted: chunk i holds what rows ``rows[i]`` of the base gave."""

    base: Expr
    mask: Expr
    rows: Chunks
    chunks: Chunks
    offsets: tuple[int, ...]

    kind: ClassVar[str] = "select"
    stored: ClassVar[bool] = True

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.base.dtype, self.chunks, self.base.masked)
