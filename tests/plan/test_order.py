"""The order of tasks: each test draws its graph, data flowing upwards."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nbarray.plan.order import depth_first
from tests.engines.plans import Graph, graphs


def order(needs: dict[str, str], roots: str, eager: str = "") -> str:
    """The order of tasks named by letters; `needs` says what each needs, in order, `eager` which don't wait."""
    names = sorted(set(needs) | set("".join(needs.values())) | set(roots))
    number = {name: k for k, name in enumerate(names)}
    each = [[number[d] for d in needs.get(name, "")] for name in names]
    indptr = np.concatenate([[0], np.cumsum([len(d) for d in each])]).astype(np.int64)
    deps = np.array([d for one in each for d in one], np.int64)
    early = np.array([name in eager for name in names]) if eager else None
    made = depth_first(np.array([number[r] for r in roots], np.int64), indptr, deps, len(names), early)
    return "".join(names[k] for k in made.tolist())


def test_a_chain_runs_upwards() -> None:
    """What is needed comes first.

    c
    |
    b
    |
    a
    """
    assert "abc" == order({"c": "b", "b": "a"}, "c")


def test_one_result_is_finished_before_the_next_is_begun() -> None:
    """Blocks are used as soon as they can be, not all made first.

    d   e   f
    |   |   |
    a   b   c
    """
    assert "adbecf" == order({"d": "a", "e": "b", "f": "c"}, "def")


def test_results_come_in_the_order_asked_for() -> None:
    """The roots' order is kept.

    d   e
    |   |
    a   b
    """
    assert "bead" == order({"d": "a", "e": "b"}, "ed")


def test_a_shared_block_is_made_once() -> None:
    """What two results need is made for the first of them.

    d     e
    | \\   | \\
    a  b--+  c
    """
    assert "abdce" == order({"d": "ab", "e": "bc"}, "de")


def test_a_tree_is_folded_branch_by_branch() -> None:
    """Each branch of a tree of merges is finished before the next is begun, so that one block a level waits.

          g
        /   \\
       e     f
      / \\   / \\
     a   b c   d
    """
    assert "abecdfg" == order({"g": "ef", "e": "ab", "f": "cd"}, "g")


def test_a_diamond_comes_together() -> None:
    """A block that is used in two ways waits for both.

       d
      / \\
     b   c
      \\ /
       a
    """
    assert "abcd" == order({"d": "bc", "b": "a", "c": "a"}, "d")


def test_a_mean_comes_before_what_it_is_taken_from() -> None:
    """In ``x - x.mean()``, all blocks are folded first, and then each is used again.

    e     f
    | \\  / |
    |  m   |
    | / \\  |
    a     b
    """
    assert "abmef" == order({"e": "am", "f": "bm", "m": "ab"}, "ef")


def test_eager_tasks_come_as_soon_as_they_can() -> None:
    """Two folds go through the same blocks together, and their states are merged meanwhile.

       g       h
      / \\     / \\
     c   d   e   f
     |   |   |   |
     a   b   a   b
    """
    needs = {"g": "cd", "h": "ef", "c": "a", "d": "b", "e": "a", "f": "b"}
    assert "acbdgefh" == order(needs, "gh")
    assert "aecbfhdg" == order(needs, "gh", "cdefgh")


def test_without_needs_it_is_the_order_of_the_roots() -> None:
    """Tasks that need nothing run as they were asked for."""
    assert "cab" == order({}, "cab")


@given(graphs(), st.data())
def test_every_task_comes_after_what_it_needs(graph: Graph, data: st.DataObject) -> None:
    """In any graph, each task that is asked for comes once, after all that it needs, however many are eager."""
    needs = graph[0]
    indptr = np.concatenate([[0], np.cumsum([len(d) for d in needs])]).astype(np.int64)
    deps = np.array([d for each in needs for d in each], np.int64)
    eager = data.draw(st.none() | st.lists(st.booleans(), min_size=len(needs), max_size=len(needs)).map(np.array))
    made = depth_first(np.arange(len(needs)), indptr, deps, len(needs), eager).tolist()
    place = {task: k for k, task in enumerate(made)}

    assert list(range(len(needs))) == sorted(made)
    assert all(place[d] < place[t] for t, each in enumerate(needs) for d in each)


def test_deep_graphs() -> None:
    """A chain of a hundred thousand tasks is put in order within a second: nothing is called for each task."""
    n = 100_000
    indptr = np.concatenate([[0], np.arange(n)]).astype(np.int64)
    start = time.process_time()
    made = depth_first(np.array([n - 1]), indptr, np.arange(n - 1), n)

    assert np.array_equal(np.arange(n), made)
    assert time.process_time() - start < 2
