"""Nodes and plans made to measure, so that pictures can be tested for what they draw alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbarray.expr.leaves import SourceArray
from nbarray.expr.node import Expr, settled
from nbarray.expr.node import node as expr_node
from nbarray.grid.chunks import AxisChunks, Chunks, regular
from nbarray.io.protocols import Origin
from nbarray.kernels.elementwise import ById


def cut(shape: Sequence[int | None], chunks: Sequence[int | Sequence[int]]) -> Chunks:
    """Chunks of `shape`, each axis by the size of its chunks or by all their sizes; unknown axes are one chunk."""
    return Chunks(
        tuple(
            regular(0, 1) if size is None else regular(size, chunk) if isinstance(chunk, int) else AxisChunks.of(chunk)
            for size, chunk in zip(shape, chunks, strict=True)
        )
    )


@expr_node
class Anything(Expr):
    """A node that is whatever it is told to be."""

    called: str
    of_kind: str
    of_shape: tuple[int | None, ...]
    of_chunks: Chunks
    of_dtype: np.dtype[Any]
    is_masked: bool
    parts: tuple[Expr, ...]

    def settle(self) -> dict[str, Any]:
        return settled(self.of_shape, self.of_dtype, self.of_chunks, self.is_masked)

    @property
    def kind(self) -> str:
        return self.of_kind

    @property
    def label(self) -> str:
        return self.called


def node(
    shape: Sequence[int | None],
    chunks: Sequence[int | Sequence[int]],
    label: str = "x",
    *parts: Expr,
    kind: str = "elementwise",
    dtype: Any = "float64",
    masked: bool = False,
) -> Expr:
    """A node of an expression."""
    return Anything(label, kind, tuple(shape), cut(shape, chunks), np.dtype(dtype), masked, parts)


def number(value: float) -> Expr:
    """A scalar in an expression."""
    return node((), (), str(value), kind="create")


@dataclass(frozen=True, eq=False)
class Variable:
    """Looks like a reader as far as pictures look."""

    shape: tuple[int, ...]
    origin: Origin
    stored_chunks: tuple[int, ...] | None
    dtype: np.dtype[Any]
    masked: bool = False
    array: None = None


def source(
    path: str | None,
    name: str | None = "t2m",
    shape: Sequence[int] = (4, 721, 1440),
    chunks: Sequence[int] = (4, 200, 200),
    kind: str = "NetCDF-4",
    stored: Sequence[int] | None = (1, 721, 1440),
) -> Expr:
    """A variable of a file, stored a time step a chunk unless said otherwise."""
    variable = Variable(
        tuple(shape), Origin(kind, path, name), None if stored is None else tuple(stored), np.dtype("f8")
    )
    return SourceArray(ById(variable), cut(shape, chunks))


@dataclass(frozen=True)
class PlanNode:
    label: str
    kind: str


@dataclass(frozen=True)
class Plan:
    nodes: list[PlanNode]
    task_node: np.ndarray[Any, Any]
    dep_indptr: np.ndarray[Any, Any]
    deps: np.ndarray[Any, Any]
    task_bytes: np.ndarray[Any, Any]


def plan(nodes: Sequence[tuple[str, str]], tasks: Sequence[tuple[int, Sequence[int]]], nbytes: int = 2**20) -> Plan:
    """A plan of `tasks`, each the place of its node and the tasks it needs."""
    counts = [len(needs) for _, needs in tasks]
    return Plan(
        [PlanNode(label, kind) for label, kind in nodes],
        np.array([at for at, _ in tasks], np.int64),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.array([need for _, needs in tasks for need in needs], np.int64),
        np.full(len(tasks), nbytes, np.int64),
    )
