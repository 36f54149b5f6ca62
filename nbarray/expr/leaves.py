"""Leaves: where values come from."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nbarray.expr.node import Expr, node, settled
from nbarray.grid.chunks import Chunks
from nbarray.io.protocols import Reader
from nbarray.kernels.elementwise import ById
from nbarray.kernels.program import Constant
from nbarray.kernels.random import Draw

__all__ = ["Arange", "Eye", "Filled", "Generated", "Random", "Scalar", "SourceArray"]


@node
class SourceArray(Expr):
    """Stored numbers, read by a reader; `held` keeps it by identity."""

    held: ById
    chunks: Chunks

    kind: ClassVar[str] = "source"

    def settle(self) -> dict[str, Any]:
        return settled(self.reader.shape, self.reader.dtype, self.chunks, self.reader.masked)

    @property
    def reader(self) -> Reader:
        reader: Reader = self.held.value
        return reader

    @property
    def label(self) -> str:
        return self.reader.origin.name or self.reader.origin.kind


@node
class Scalar(Expr):
    """A number.  A Python number has no dtype of its own when it meets an array (NEP 50)."""

    constant: Constant

    kind: ClassVar[str] = "create"

    def settle(self) -> dict[str, Any]:
        return settled((), np.asarray(self.constant.value).dtype, Chunks(()), False)

    @property
    def weak(self) -> bool:
        return self.constant.dtype is None

    @property
    def label(self) -> str:
        return str(self.constant)


@node
class Filled(Expr):
    """One value everywhere."""

    value: Constant
    chunks: Chunks

    kind: ClassVar[str] = "create"

    def settle(self) -> dict[str, Any]:
        dtype = self.value.dtype if self.value.dtype is not None else np.asarray(self.value.value).dtype
        return settled(self.chunks.shape, dtype, self.chunks, False)

    @property
    def label(self) -> str:
        return f"full({self.value})"


class Generated(Expr):
    """Values that are made at each read, of a dtype and in chunks that are given."""

    of_dtype: np.dtype[Any]

    kind: ClassVar[str] = "create"

    def settle(self) -> dict[str, Any]:
        return settled(self.chunks.shape, self.of_dtype, self.chunks, False)


@node
class Arange(Generated):
    """``start + step * i`` along one axis, computed as `numpy.arange` does."""

    start: Constant
    step: Constant
    of_dtype: np.dtype[Any]
    chunks: Chunks


@node
class Eye(Generated):
    """Ones on the `k`-th diagonal, zeros elsewhere."""

    k: int
    of_dtype: np.dtype[Any]
    chunks: Chunks


@node
class Random(Generated):
    """Random numbers, the same in any chunks: made from a seed and a counter."""

    draw: Draw
    of_dtype: np.dtype[Any]
    chunks: Chunks

    @property
    def label(self) -> str:
        return self.draw.method
