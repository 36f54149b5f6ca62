"""Runs that are cancelled or fail while a task is under way that takes long, or for ever."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.engines import share
from nbarray.engines.run import Run
from nbarray.errors import Cancelled, TaskError
from tests.engines.patience import PATIENCE_S, threads_of, until
from tests.engines.plans import Graph, graph_plan


class Stuck:
    """A run of which task 2 takes as long as the test wants; it works on what task 0 made, while task 1's is held."""

    def __init__(self, workers: int = 1, fails: bool = False) -> None:
        self.made: list[weakref.ref[Any]] = []
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.fails = fails
        graph: Graph = ([[], [], [0], [0, 1, 2], []], [8] * 5, [0] * 5)
        self.run = Run(graph_plan(graph, self._work), 10**6, workers).start()
        assert self.reached.wait(PATIENCE_S)

    def _work(self, task: int, blocks: Sequence[Any]) -> None:
        if task == 2:
            self.made.extend(weakref.ref(block[0]) for k, block in sorted(self.run._blocks.items()))
            self.reached.set()
            self.go_on.wait(3 * PATIENCE_S)  # longer than any test waits for the run
        if task == 4 and self.fails:
            assert self.reached.wait(PATIENCE_S)
            raise ValueError("here")


def test_a_cancelled_run_ends_without_a_task_that_does_not() -> None:
    """What a call that never returns doesn't work on is freed at once, and soon the run ends without it."""
    stuck = Stuck()
    before = [ref() is not None for ref in stuck.made]
    stuck.run.cancel()
    freed = until(lambda: gc.collect() >= 0 and stuck.made[1]() is None)
    with pytest.raises(Cancelled, match="a task is still under way, and what comes of that is dropped"):
        stuck.run.result(PATIENCE_S)
    works_on = stuck.made[0]() is not None
    stuck.go_on.set()

    assert [True, True] == before
    assert freed
    assert works_on
    assert until(lambda: not threads_of(stuck.run))
    assert "cancelled" == stuck.run.state


def test_a_failed_run_ends_without_a_task_that_does_not() -> None:
    """An error is told soon, whatever else is under way."""
    stuck = Stuck(workers=2, fails=True)
    with pytest.raises(TaskError, match="ValueError: here"):
        stuck.run.result(PATIENCE_S)
    stuck.go_on.set()

    assert until(lambda: not threads_of(stuck.run))


def test_others_have_the_share_of_a_run_that_was_cancelled() -> None:
    """A call that never returns doesn't take workers and memory from other runs once its run is cancelled."""
    stuck = Stuck(workers=4)
    other = share.Member(4)
    share.join(other)
    try:
        shared = share.part_of_workers(other), share.part_of_budget(other)
        stuck.run.cancel()
        alone = share.part_of_workers(other), share.part_of_budget(other)
    finally:
        share.leave(other)
        stuck.go_on.set()

    assert ((2, 2), (4, 1)) == (shared, alone)


def test_a_late_task_does_not_write_to_a_closed_scratch_file(tmp_path: Path) -> None:
    """The scratch file stays open as long as a task may write to it, also when its run has ended; then it is closed."""
    reached, go_on = threading.Event(), threading.Event()

    def wait(block: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        reached.set()
        assert go_on.wait(PATIENCE_S)
        return block

    x = nb.map_blocks(wait, nb.ones((400, 400), chunks=(50, 400)), dtype=float)
    with nb.config(scratch=str(tmp_path)):
        run = nb.map_blocks(np.sin, x.rechunk((400, 50)), dtype=float).sum().start(memory="700KiB", workers=1)
        assert reached.wait(PATIENCE_S)
        results = run._results
        assert results is not None
        assert results.scratch is not None
        run.cancel()
        assert run.wait(PATIENCE_S)
        still_open = not results.scratch._file.closed
        go_on.set()

        assert still_open
        assert until(lambda: results.scratch._file.closed and run._results is None)
        assert [] == list(tmp_path.iterdir())
