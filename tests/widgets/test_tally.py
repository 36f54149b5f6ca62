"""Counting what is done of a plan, held to counting task by task."""

from __future__ import annotations

import numpy as np
import pytest

import nbarray as nb
from nbarray.engines.snapshot import Snapshot
from nbarray.session import plan
from nbarray.widgets.tally import Tally

X = nb.from_array(np.zeros((20, 30, 7)), chunks=(3, 7, 4))
Y = nb.from_array(np.zeros((64, 64, 64)), chunks=(8, 64, 64))
PLANS = {
    "one operation": (X + 1, None),
    "blocks of several sizes": (nb.map_blocks(np.negative, X.rechunk(((9, 1, 10), 11, 7)), dtype="f8"), None),
    "several operations": (nb.map_blocks(np.negative, Y.rechunk((-1, 8, 8)), dtype="f8").std(axis=0).mean(), "1MiB"),
}


def seen(finished: list[int]) -> Snapshot:
    """A run of which these tasks are done (1) or not (0)."""
    head = finished.index(0) if 0 in finished else len(finished)
    return Snapshot("running", 0.0, head, bytes(finished), 0, 0, 0, 1, 0)


@pytest.mark.parametrize("name", PLANS)
def test_it_counts_what_is_done(name: str) -> None:
    """Tasks by name, bytes read and gone through, blocks of the result; some before the head, some beyond it."""
    x, memory = PLANS[name]
    made = plan([x.expr], memory)
    target = made.targets[0]
    tally = Tally(made, target)
    labels = [made.nodes[k].label for k in made.task_node]
    ahead = np.random.default_rng(0).random(made.ntasks) < 0.1
    for share in (0.0, 0.3, 0.6, 1.0):
        finished = [int(t < share * made.ntasks or ahead[t]) for t in range(made.ntasks)]
        done = tally.count(seen(finished))
        tally.mark(seen(finished))
        here = [t for t in range(made.ntasks) if finished[t]]
        blocks = sorted(int(made.task_block[t]) for t in here if made.task_node[t] == target)

        assert [sum(labels[t] == label for t in here) for label in tally.names] == list(done.tasks)
        assert sum(int(made.read_bytes[t]) for t in here) == done.read_bytes
        assert sum(_work(made, t) for t in here) == done.work_bytes
        assert len(blocks) == done.blocks
        assert blocks == np.flatnonzero(tally.made).tolist()
    assert made.ntasks == sum(tally.tasks)
    assert tally.work_bytes == done.work_bytes


def _work(made, task) -> int:
    """Bytes that a task reads, takes in and makes."""
    node, (low, high) = made.nodes[made.task_node[task]], made.box(task)
    size = made.task_bytes[task] if node.gives_states else np.prod(np.subtract(high, low)) * node.dtype.itemsize
    return int(made.read_bytes[task] + made.task_bytes[made.dependencies(task)].sum() + size)


def test_folds_make_states() -> None:
    """What slow functions made is gone through once more when it is folded, and merging is next to nothing."""

    def slow(block):
        return -block

    made = plan([nb.map_blocks(slow, Y, dtype="f8").sum().expr], "4MiB")
    tally = Tally(made, -1)
    functions = sum(made.nodes[k].label == "map_blocks(slow)" for k in made.task_node)
    nearly = [int(made.nodes[k].label == "map_blocks(slow)") for k in made.task_node]

    assert functions >= 8
    assert 0.49 < tally.count(seen(nearly)).work_bytes / tally.work_bytes < 0.51


def test_operations_come_in_the_order_of_their_tasks() -> None:
    """What is read first is told first, the result last."""
    x, memory = PLANS["several operations"]
    made = plan([x.expr], memory)
    names = Tally(made, made.targets[0]).names

    assert ["map_blocks(negative)", "std", "mean", "mean, merge"] == names


def test_nothing_is_counted_before_there_is_a_plan() -> None:
    """A run that is still being planned has no operations."""
    done = Tally(plan([]), -1).count(seen([]))

    assert ((), 0, 0, 0) == (done.tasks, done.work_bytes, done.read_bytes, done.blocks)
