"""What drawing needs to know of a plan, and nothing more.

Pictures of tasks only read a few arrays, so plans are typed by what is read of them: tests draw plain
records.  This file holds no behaviour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["PlanLike", "PlanNodeLike"]


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
