"""Runs at the same time share workers and budget, and never wait for each other for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.engines import share
from nbarray.engines.run import Run
from nbarray.engines.share import Member
from nbarray.errors import ConfigError
from tests.engines.patience import PATIENCE_S, until
from tests.engines.plans import apart, graph_plan


@pytest.fixture
def members() -> Iterator[Any]:
    """Makes members, and takes them out again."""
    made: list[Member] = []

    def make(*args: Any) -> Member:
        made.append(Member(*args))
        share.join(made[-1])
        return made[-1]

    yield make
    for member in made:
        share.leave(member)


def test_equals_share_equally(members: Any) -> None:
    """Each gets its part, and no more than it asks for; alone it gets all."""
    first = members(4)
    assert (4, 1) == (share.part_of_workers(first), share.part_of_budget(first))
    second = members(4)
    assert [2, 2] == [share.part_of_workers(m) for m in (first, second)]
    assert 2 == share.part_of_budget(first)
    small = members(1)
    assert [2, 2, 1] == [share.part_of_workers(m) for m in (first, second, small)]

    second.active = small.active = False
    assert 4 == share.part_of_workers(first)
    assert not share.others_active(first)


def test_priority(members: Any) -> None:
    """Who goes first leaves one worker to each of the others, and its whole budget to itself."""
    first, second = members(4), members(4, 1)

    assert [1, 3] == [share.part_of_workers(m) for m in (first, second)]
    assert [2, 1] == [share.part_of_budget(m) for m in (first, second)]


class Crowd:
    """Counts tasks of all runs that are under way at the same time."""

    def __init__(self) -> None:
        self.now: dict[int, int] = {}
        self.most = 0
        self.lock = threading.Lock()

    def plan(self, name: int, ntasks: int) -> Any:
        """A plan of tasks that take some milliseconds."""

        def work(task: int, blocks: Sequence[Any]) -> None:
            with self.lock:
                self.now[name] = self.now.get(name, 0) + 1
                self.most = max(self.most, sum(self.now.values()))
            time.sleep(0.005)
            with self.lock:
                self.now[name] -= 1

        return graph_plan(apart(ntasks), work)


def test_two_runs_use_no_more_workers_than_one() -> None:
    """Once both are under way, each has its half; what one leaves the other takes."""
    crowd = Crowd()
    plans = [crowd.plan(k, 40) for k in range(2)]
    runs = [Run(plan, plan.run_bytes() + 10**6, 2) for plan in plans]
    for run in runs:
        run.start()
    assert until(lambda: crowd.now == {0: 1, 1: 1})
    with crowd.lock:
        crowd.most = 0
    short = crowd.plan(2, 200)
    runs.append(Run(short, short.run_bytes() + 10**6, 2).start())
    for run in runs:
        run.result(PATIENCE_S)

    # three runs that ask for two workers each keep one each; without sharing there would be six
    assert crowd.most <= 3


def test_priority_of_a_run() -> None:
    """It is a number, and can be changed at any time."""
    plan = graph_plan(apart(2))
    run = Run(plan, plan.run_bytes(), 1)
    assert 0 == run.priority
    run.set_priority(3)
    assert 3 == run.priority
    with pytest.raises(ConfigError, match=r"priority: expected a whole number, such as 1 .*, not 'high'"):
        run.set_priority("high")  # type: ignore[arg-type]
    run.start().result(PATIENCE_S)


@pytest.mark.parametrize("workers", [1, 2])
def test_runs_inside_tasks_inside_tasks(workers: int) -> None:
    """Tasks that compute, and wait for it, at any depth and with any number of workers."""
    a = np.arange(24.0).reshape(6, 4)

    def nested(block: Any, depth: int) -> Any:
        if not depth:
            return block * 2
        x = nb.from_array(block, chunks=(1, 2)).map_blocks(nested, depth - 1, dtype=float)
        return (x + 0).compute(workers=workers, memory="1MiB")

    made = nb.from_array(a, chunks=(3, 2)).map_blocks(nested, 2, dtype=float).sum(axis=0)

    np.testing.assert_array_equal(made.compute(workers=workers), (2 * a).sum(axis=0))


def test_many_threads_compute_at_once() -> None:
    """Each gets its own result, and nothing is left behind."""
    results: dict[int, float] = {}

    def compute(k: int) -> None:
        x = nb.from_array(np.full((50, 50), float(k)), chunks=10).map_blocks(np.negative, dtype=float)
        results[k] = float(x.sum().compute(workers=2, memory="10MiB"))

    threads = [threading.Thread(target=compute, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)

    assert {k: -2500.0 * k for k in range(8)} == results
    assert not share.others_active(Member(1))
