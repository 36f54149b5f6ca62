"""What drawing needs to know of a plan, or of a run over time, and nothing more.

Pictures of tasks only read a few arrays, so plans are typed by what is read of them: tests draw plain
records.  This file holds no behaviour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["PlanLike", "PlanNodeLike", "TimelineLike"]


class PlanNodeLike(Protocol):
    """What a group of tasks of a plan does."""

    @property
    def label(self) -> str: ...
    @property
    def kind(self) -> str: ...


class PlanLike(Protocol):
    """Tasks as flat arrays.

    task_node : the node of each task, a place in `nodes`
    deps, dep_indptr : task i needs ``deps[dep_indptr[i]:dep_indptr[i + 1]]``
    task_bytes : bytes of what each task gives
    """

    @property
    def nodes(self) -> Sequence[PlanNodeLike]: ...
    @property
    def task_node(self) -> NDArray[np.integer[Any]]: ...
    @property
    def dep_indptr(self) -> NDArray[np.integer[Any]]: ...
    @property
    def deps(self) -> NDArray[np.integer[Any]]: ...
    @property
    def task_bytes(self) -> NDArray[np.integer[Any]]: ...


class TimelineLike(Protocol):
    """What ran when, as `Timeline` has it.

    node, worker, start_s, stop_s, held_bytes : of each task
    drawn_budget : bytes, 0 where the budget is too far above what was held to be drawn
    legend : label of each operation, and what the legend says of it, the longest first
    """

    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def node(self) -> NDArray[np.int64]: ...
    @property
    def worker(self) -> NDArray[np.int64]: ...
    @property
    def start_s(self) -> NDArray[np.float64]: ...
    @property
    def stop_s(self) -> NDArray[np.float64]: ...
    @property
    def held_bytes(self) -> NDArray[np.float64]: ...
    @property
    def wall_s(self) -> float: ...
    @property
    def workers(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def drawn_budget(self) -> int: ...
    @property
    def legend(self) -> list[tuple[str, str]]: ...
