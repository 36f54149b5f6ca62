"""What a run will hold: what is promised whatever happens, and what is projected of what is known."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import h5py
import netCDF4
import numpy as np
import pytest

import nbarray as nb
from nbarray.expr.lowered_folds import FoldedParts
from nbarray.expr.unsized import Unsized
from nbarray.expr.walk import postorder
from nbarray.kernels.panels import kept_panels
from nbarray.plan import projection
from nbarray.plan.ledger import Ledger
from nbarray.plan.plan import UNCOUNTED_BYTES
from nbarray.plan.projection import projected_peak
from nbarray.session import plan

BUDGET = 2**32


def planned(x: nb.Array):
    return plan([x.expr], BUDGET)


def test_a_product_holds_what_it_says():
    """Products that are summed in several steps hold a block and one part of the sums, as is counted."""
    a = nb.from_array(np.ones((400, 40_000)), chunks=(400, 2000))
    b = nb.from_array(np.ones((40_000, 400)), chunks=(2000, 400))
    product = (a @ b).sum()
    counted = planned(product).run_bytes()
    product.compute(workers=1)
    tracemalloc.start()
    product.compute(workers=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < counted + 2**19


def test_what_blas_keeps_is_counted_once():
    """A plan counts the panels that BLAS keeps for each worker; a later run in the same process has paid for them."""
    a = nb.from_array(np.ones((600, 600)), chunks=300)
    made = planned(a @ (a + 1))
    (a @ (a + 1)).compute(workers=2)

    assert 2 * 300 * 256 * 8 < made.panel_bytes < 4 * 10**6
    assert kept_panels() >= made.panel_bytes
    assert made.pending_bytes(1) == made.run_bytes() - made.panel_bytes


def test_whole_numbers_are_multiplied_without_blas():
    """NumPy multiplies whole numbers itself, and keeps nothing."""
    a = nb.from_array(np.ones((600, 600), int), chunks=300)

    assert 0 == planned(a @ a.T).panel_bytes


def test_few_distinct_elements_are_projected_by_a_sample():
    """What `unique` keeps is promised for any elements, and projected for those that a sample in memory shows."""
    numbers = np.arange(2_000_000)
    projected = {}
    for name, values in {"few": numbers % 100, "many": numbers}.items():
        found = nb.unique(nb.from_array(values, chunks=100_000)).expr
        unsized = next(node for node in postorder([found]) if isinstance(node, Unsized))
        made = plan(unsized.questions, BUDGET)
        projected[name] = projected_peak(made, 1, BUDGET)

    assert projected["few"] < made.run_bytes() / 4 < projected["many"] < 1.1 * made.run_bytes()


def test_taking_makes_no_copy_of_its_positions():
    """Planning to pick many points makes nothing as large as their positions."""
    positions = np.random.default_rng(0).integers(0, 1000, 2_000_000)
    taken = nb.take(nb.from_array(np.ones((1000, 2))), positions, axis=0)
    tracemalloc.start()
    made = planned(taken)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert made.ntasks > 1
    assert peak < positions.nbytes / 2


def test_short_tasks_are_taken_together():
    """A worker takes several short tasks at once and leaves as many for the others; one that is alone goes in order."""
    made = planned(nb.map_blocks(np.negative, nb.from_array(np.ones(20_000), chunks=1000), dtype=float))

    assert [0] == Ledger(made, BUDGET).take({0: 64}, 1)
    assert list(range(10)) == Ledger(made, BUDGET, 2).take({0: 64}, 2)
    assert list(range(4)) == Ledger(made, BUDGET, 2).take({0: 4}, 2)
    assert [0] == Ledger(made, BUDGET, 2).take({1: 4}, 2)


def traced(work) -> int:
    """The most bytes that Python's and NumPy's objects take meanwhile."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_what_is_kept_of_very_many_tasks_is_promised():
    """Blocks of a few bytes take more than their elements, and each task has a place in plan and ledger."""
    x = nb.from_array(np.ones(300_000), chunks=10)
    total = nb.map_blocks(np.negative, x, dtype=float).sum()
    made = planned(total)
    total.compute(workers=1)

    assert made.ntasks > 30_000
    assert made.kept_bytes > 10 * made.sequential_peak / 4
    assert 0.4 < traced(lambda: total.compute(workers=1)) / (made.run_bytes() + UNCOUNTED_BYTES) < 1


def test_few_tasks_take_nothing_to_speak_of():
    """What is kept of a hundred tasks is no part of what a plan needs."""
    made = planned(nb.map_blocks(np.negative, nb.from_array(np.ones(1000), chunks=10), dtype=float))

    assert 100 == made.ntasks
    assert made.run_bytes() == made.sequential_peak + made.result_bytes


@pytest.mark.parametrize("of", [lambda x: nb.quantile(x, [0.1, 0.5, 0.9]), nb.median], ids=["quantiles", "median"])
def test_quantiles_hold_what_is_projected(of):
    """Samples of all parts are merged for one bracket after the other, and ranks side by side lie in one."""
    x = nb.from_array(np.random.default_rng(0).random(6_000_000), chunks=100_000)
    found = of(x)
    projected = projected_peak(planned(found), 1, BUDGET)
    found.compute(workers=1)

    assert 0.7 < traced(lambda: found.compute(workers=1)) / projected < 1.1


def test_large_plans_are_projected_as_small_ones(monkeypatch):
    """Of plans that aren't gone through it is known as well what isn't touched."""
    x = nb.from_array(np.random.default_rng(0).random(6_000_000), chunks=100_000)
    made = planned(nb.quantile(x, [0.1, 0.5, 0.9]))
    expected = projected_peak(made, 2, BUDGET)
    monkeypatch.setattr(projection, "MOST_TASKS", 10)

    assert 0.8 < projected_peak(made, 2, BUDGET) / expected < 1.4


@pytest.mark.parametrize(
    "of",
    [lambda x: nb.unique(x), lambda x: nb.histogram(x, bins=50, range=(0, 1000))[0]],
    ids=["unique", "histogram"],
)
def test_summaries_hold_what_is_projected(of):
    """What is promised for any elements is not projected for those that are known, nor are rows that nobody fills."""
    before, x = (nb.from_array(np.random.default_rng(k).integers(0, 1000, 2_000_000), chunks=500_000) for k in (0, 1))
    with nb.config(jit=False):
        of(before).compute(workers=1)
        found = of(x)
        questions = [node for node in postorder([found.expr]) if isinstance(node, Unsized)]
        made = plan(questions[0].questions if questions else [found.expr], BUDGET)
        projected = projected_peak(made, 1, BUDGET)
        held = traced(lambda: found.compute(workers=1)) - (made.result_bytes if questions else 0)  # hardly touched

    assert held < projected < held + 2**20


def test_states_begin_when_something_was_fetched(tmp_path: Path) -> None:
    """A fold of stored numbers has its state from its first fetch on, one of an array in memory all the time."""
    maps = np.zeros((200, 300, 1000), "i2")
    with h5py.File(tmp_path / "maps.h5", "w") as file:
        file.create_dataset("x", data=maps, chunks=(1, 300, 1000), compression=1)
    with h5py.File(tmp_path / "maps.h5", "r") as file:
        shares = {}
        for name, x in {"stored": nb.from_array(file["x"]), "in memory": nb.from_array(maps)}.items():
            made = planned(x.mean(axis=0))
            fold = next(node for node in made.nodes if node.kind == "fused")
            low, high = fold.chunks.boxes(np.arange(fold.chunks.nblocks))
            shares[name] = fold.fetching_share(low, high)
            if name == "stored":
                np.testing.assert_allclose(shares[name], np.minimum(1, fold.step[0] / (high - low)[:, 0]))

    assert 0 < min(shares["stored"]) < 1
    assert not shares["in memory"].any()


@pytest.mark.parametrize(("count", "together"), [(40, 4), (120, 8)])
def test_folds_of_files_begin_with_those_that_are_fetched_together(tmp_path: Path, count: int, together: int) -> None:
    """Of several short files that are fetched at once, all come before the state; no more than a task has."""
    pytest.importorskip("numba")
    parts = []
    for k in range(count):
        with netCDF4.Dataset(tmp_path / f"{k}.nc", "w") as file:
            for name, size in zip("tyx", (1, 500, 1000), strict=True):
                file.createDimension(name, size)
            stored = file.createVariable("x", "i2", tuple("tyx"), zlib=True, chunksizes=(1, 500, 1000))
            stored.scale_factor = 0.5 + k  # else they are one source
        parts.append(nb.open(tmp_path / f"{k}.nc", "x"))
    with nb.config(jit=True):
        made = planned(nb.concatenate(parts).mean(axis=0))
    fold = next(node for node in made.nodes if isinstance(node, FoldedParts))
    shares = fold.fetching_share(*fold.chunks.boxes(np.arange(fold.chunks.nblocks)))

    assert fold.together == together * 500 * 1000
    np.testing.assert_allclose(shares, np.minimum(1, together / np.diff(fold.runs)))
