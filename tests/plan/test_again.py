"""Plans of small computations are kept, and nothing is by them."""

from __future__ import annotations

import gc
import re
import sys
import threading
import tracemalloc
from collections.abc import Callable
from typing import Any
from weakref import ref

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray import events
from nbarray.errors import BudgetError, TaskError
from nbarray.plan import again
from nbarray.plan.again import MOST_PLANS, forget_plans, kept_plans, plan_again
from nbarray.plan.plan import Plan
from nbarray.session import compute, observe, plan, prepare
from tests.expr.test_alike import ALIKE, adding, double

A = np.random.default_rng(3).normal(size=(40, 30))
KIB, GIB = 2**10, 2**30
#: Expressions whose plans depend on the budget.
LARGE: dict[str, Callable[[], nb.Array]] = {
    "elementwise": lambda: nb.ones((3000, 700), chunks=300) + nb.arange(700),
    "reduced": lambda: nb.ones((3000, 700), chunks=300).std(axis=0),
    "product": lambda: nb.ones((700, 300), chunks=100) @ nb.ones((300, 700), chunks=100),
    "own product": lambda: (lambda x: x @ x.T)(nb.ones((2100, 30), chunks=100)),
    "blocks": lambda: nb.map_blocks(double, nb.ones((900, 700), chunks=300) + 1, dtype=float),
}


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    forget_plans()


def same_tasks(one: Plan, other: Plan) -> None:
    """Two plans do the same, in the same order."""
    assert [(n.label, n.shape, n.chunks) for n in one.nodes] == [(n.label, n.shape, n.chunks) for n in other.nodes]
    for name in ("task_node", "task_block", "dep_indptr", "deps", "task_bytes", "scratch_bytes", "uses", "read_bytes"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.targets, one.placements, one.run_bytes()) == (other.targets, other.placements, other.run_bytes())


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("name", ALIKE)
def test_there_is_a_plan_already(name: str, few: bool, monkeypatch: Any) -> None:
    """Of few nodes it is kept at once, of more when it is asked for again; values stay the same."""
    monkeypatch.setattr(again, "FEW_NODES", 1000 if few else 0)
    values, counts = [], []
    for _ in range(4):
        values.append(ALIKE[name]().compute())
        counts.append(len(kept_plans()))
    (kept,) = kept_plans()
    run = prepare([ALIKE[name]().expr])

    assert [int(few), 1, 1, 1] == counts
    assert all(a is b for a, b in zip(kept.nodes, run.plan.nodes, strict=True))
    same_tasks(plan([ALIKE[name]().expr]), run.plan)
    for other in values[1:]:
        np.testing.assert_array_equal(values[0], other)


@pytest.mark.parametrize("name", LARGE)
def test_plans_follow_the_budget(name: str) -> None:
    """Whatever was kept with another budget, the plan is the one that is made with this one."""
    for budget in [200 * KIB, 100 * 2**20, 2 * GIB, 300 * 2**20, 64 * GIB, 50 * 2**20, GIB, GIB + 1, 3 * GIB]:
        for _ in range(3):
            x = LARGE[name]()
            found = plan_again([x.expr], budget)
            if found is not None:
                same_tasks(plan([x.expr], budget), found)


def test_the_budget_need_not_be_the_same() -> None:
    """Half of what is free is another number each time; what has room in both is one plan."""
    for budget in (GIB, GIB + 4321, 3 * GIB):
        plan_again([(nb.from_array(A) + 1).sum().expr], budget)

    assert 1 == len(kept_plans())


def test_a_smaller_budget_refuses() -> None:
    """A kept plan is not used where there is no room for it."""

    def total(memory: str | None) -> Any:
        return (nb.from_array(A)[::-1] * 2).compute(memory=memory)

    for _ in range(3):
        total("1MiB")
    for _ in range(2):
        with pytest.raises(BudgetError, match=r"needs .* but the budget is 5.00 KiB"):
            total("5KiB")

    np.testing.assert_array_equal(A[::-1] * 2, total("1MiB"))


@pytest.mark.parametrize("masked", [False, True])
def test_data_changed_in_place(masked: bool) -> None:
    """What is computed is what is there now."""
    a = np.ma.masked_less(A, 0) if masked else A.copy()
    for k in range(4):
        a[k] = k + 0.5
        found = (nb.from_array(a, chunks=7) * 2).sum(axis=1).compute()

        np.testing.assert_allclose(np.ma.filled((a * 2).sum(axis=1), 0), np.ma.filled(found, 0))
    assert 1 == len(kept_plans())


def test_a_mask_changed_in_place_is_counted_again() -> None:
    """Sizes that depend on values are not part of a plan that is kept."""
    a = np.arange(6.0)
    for k in range(4):
        a[:k] = -1

        np.testing.assert_array_equal(a[a >= 0], (lambda x: x[x >= 0])(nb.from_array(a)).compute())


def test_settings_are_those_of_the_run() -> None:
    """Workers are those that are set when it is computed."""

    def run(**settings: Any) -> Any:
        with nb.config(**settings):
            return prepare([(nb.from_array(A) + 1).expr])

    workers = [run(workers=n).workers for n in (1, 2, 3, 1)]
    budgets = [run(memory=n).budget_bytes for n in (GIB, 2 * GIB, GIB)]

    assert [1, 2, 3, 1] == workers
    assert [GIB, 2 * GIB, GIB] == budgets


@pytest.mark.skipif(not nb.compiling.can_compile(), reason="numba isn't installed")
def test_whether_work_is_compiled_is_what_is_set() -> None:
    """A plan made with compiled kernels isn't used where nothing is to be compiled."""

    def compiled(jit: bool) -> list[bool]:
        with nb.config(jit=jit):
            return [node.compiled for node in prepare([(nb.from_array(A) * 2 + 1).expr]).plan.nodes]

    found = [compiled(jit) for jit in [True] * 3 + [False] * 3 + [True]]

    assert [[True]] * 3 + [[False]] * 3 + [[True]] == found


def test_observers_are_told_the_same() -> None:
    """Whoever watches is told of the same rules and tasks whether the plan is made or was kept."""

    def told() -> list[Any]:
        found: list[Any] = []
        with observe(found.append):
            ((nb.from_array(A, chunks=9) + 1)[3:5].sum() * 2).compute()
        return [
            (type(e), *[getattr(e, name, None) for name in ("stage", "rule", "before", "after", "counts", "places")])
            for e in found
        ]

    def unwatched() -> None:
        for _ in range(3):
            ((nb.from_array(A, chunks=9) + 1)[3:5].sum() * 2).compute()

    first = told()
    later = [told() for _ in range(3)]
    unwatched()

    assert any(kind is events.RuleApplied for kind, *_ in first)
    assert [first] * 3 == later


def test_watched_after_it_was_kept() -> None:
    """Rules are told although nobody wanted to know of them when the plan was made."""

    def run(watching: bool) -> int:
        found: list[Any] = []
        x = (nb.from_array(A) + 1)[3:5]
        prepare([x.expr], observers=[found.append] if watching else []).run_here()
        return sum(isinstance(e, events.RuleApplied) for e in found)

    assert [0, 0, 0] == [run(False) for _ in range(3)]
    assert [1, 1, 1] == [run(True) > 0 for _ in range(3)]


def fail_at_the_end(block: Any) -> Any:
    """A function that fails on one block."""
    if (block == A[-1, -1]).any():
        raise ValueError("no such luck")
    return block


def test_errors_say_block_and_place() -> None:
    """What fails is named as the first time, with the line it was written in, also of two lines that are alike."""
    x = nb.from_array(A, chunks=20)

    def failing(make: Callable[[], nb.Array]) -> str:
        with pytest.raises(TaskError, match="no such luck") as caught:
            make().compute()
        return str(caught.value)

    first = [failing(lambda: nb.map_blocks(fail_at_the_end, x, dtype=float)) for _ in range(4)]
    for thread in threading.enumerate():  # a node that a run's threads still hold would be found again, with its place
        if isinstance(thread, threading.Timer) or re.fullmatch(r"nbarray-\d+-\d+", thread.name):
            thread.join(10)
    gc.collect()  # an error holds what failed, and whoever caught it may hold the error
    second = [failing(lambda: nb.map_blocks(fail_at_the_end, x, dtype=float)) for _ in range(4)]

    assert 1 == len(set(first)) == len(set(second))
    assert "block (1, 1) of 2 × 2, made in test_again.py, line" in first[0]
    assert first[0] != second[0]
    assert len(kept_plans()) == 2


def test_a_failed_task_can_be_run_again() -> None:
    """An error keeps what its task read, although the plan doesn't."""

    def failed(array: Any) -> Any:
        with pytest.raises(TaskError) as caught:
            nb.map_blocks(fail_at_the_end, nb.from_array(array, chunks=40), dtype=float).compute()
        return caught.value

    def fail_often() -> list[Any]:
        array = A.copy()
        return [failed(array) for _ in range(4)]

    errors = fail_often()
    gc.collect()
    (block,) = errors[-1].failure.inputs()

    np.testing.assert_array_equal(A, block)
    with pytest.raises(ValueError, match="no such luck"):
        errors[-1].failure.rerun()


def test_nothing_is_kept_alive() -> None:
    """When the owner of an array or a function lets it go, it is gone at once, and so is the plan."""

    def compute_often() -> list[Any]:
        array, seen = A.copy(), A.copy()
        function = adding(seen)
        for _ in range(4):
            nb.map_blocks(function, nb.from_array(array), dtype=float).sum().compute()

        assert 1 == len(kept_plans())
        return [ref(array), ref(function), ref(seen)]

    gc.disable()
    try:
        gone = compute_often()

        assert [None] * 3 == [each() for each in gone]
        assert [] == kept_plans()
    finally:
        gc.enable()


def test_files_are_closed(tmp_path: Any) -> None:
    """A plan on a file doesn't keep it open, and isn't used for another file in its place."""
    for k in range(3):
        with h5py.File(tmp_path / "x.h5", "w") as file:  # fails while somebody reads it
            file["x"] = A + k
        x = nb.open(tmp_path / "x.h5", "x")
        found = [(x + 1)[2:4].compute() for _ in range(4)]
        kept = len(kept_plans())
        del x

        assert 1 == kept
        for values in found:
            np.testing.assert_array_equal((A + k + 1)[2:4], values)
        gc.collect()
        assert [] == kept_plans()


def test_a_run_keeps_what_it_reads() -> None:
    """A run that was started reads its array although nobody else holds it."""
    for _ in range(4):
        array = A.copy()
        x = nb.from_array(array) + 1
        runs = [prepare([x.expr]) for _ in range(3)]
        del array, x
        gc.collect()
        ((found,),) = [runs.pop().start().result()]

        np.testing.assert_array_equal(A + 1, found)


def test_two_threads_at_once() -> None:
    """Threads that compute alike things at once get each their own values."""
    before = sys.getswitchinterval()
    arrays = [A + k for k in range(4)]
    wrong: list[Any] = []

    def work(k: int) -> None:
        for n in range(60):
            array = arrays[(k + n) % len(arrays)]
            found = (nb.from_array(array, chunks=13) * 2)[5:9].compute()
            if not np.array_equal(found, array[5:9] * 2):
                wrong.append((k, n))
            if n % 20 == k:
                forget_plans()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)

    assert [] == wrong


def test_memory_of_plans_is_bounded() -> None:
    """Of many expressions the last few are kept."""

    def many(first: int, last: int) -> None:
        for k in range(first, last):
            for _ in range(2):
                compute((nb.from_array(A, chunks=5) + k).std(axis=0).expr)

    many(0, 2 * MOST_PLANS)
    gc.collect()
    tracemalloc.start()
    many(1000, 1000 + MOST_PLANS)
    forget_plans()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    many(2000, 2000 + 3 * MOST_PLANS)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    assert MOST_PLANS == len(kept_plans())
    assert grown < MOST_PLANS * 50_000


def test_plans_share_their_room() -> None:
    """Some plans of many parts take the room of many small ones; those used last stay."""

    def joined(n: int, k: int) -> nb.Array:
        return (nb.concatenate([nb.from_array(A, chunks=(40, 30)) + i for i in range(n)]) + k).sum(axis=0)

    for k in range(60):
        for _ in range(2):
            joined(50, k).compute()
    plans = kept_plans()
    again = plan_again([joined(50, 59).expr], GIB)

    assert 2 < len(plans) < 40
    assert again is not None
    assert plans[-1].nodes is again.nodes


def test_large_plans_are_not_kept() -> None:
    """Of many tasks, or irregular chunks, plans are made each time."""
    x = nb.ones(100_000, chunks=10)
    y = nb.ones(8000, chunks=tuple([1, 3] * 2000))
    for _ in range(4):
        nb.map_blocks(double, x, dtype=float)[:50_000].compute()
        nb.map_blocks(double, y, dtype=float)[:4].compute()

    assert [] == kept_plans()
