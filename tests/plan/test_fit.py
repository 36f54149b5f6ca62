"""What is said of a plan that doesn't fit."""

from __future__ import annotations

import ast
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbarray as nb
from nbarray.errors import BudgetError, WriteError
from nbarray.plan.fit import check_fits, smaller_chunks
from nbarray.session import plan as session_plan
from nbarray.units import parse_bytes
from tests.compare import check
from tests.engines.plans import chain, graph_plan


def test_what_fits_passes() -> None:
    """A budget of just what is needed is enough."""
    plan = graph_plan(chain(3, nbytes=1000))
    check_fits(plan, plan.run_bytes())

    with pytest.raises(BudgetError):
        check_fits(plan, plan.run_bytes() - 1)


def test_needs_are_said() -> None:
    """The error names what is needed, what of it is results, and the budget."""
    plan = graph_plan(chain(3, nbytes=4096))
    with pytest.raises(BudgetError) as caught:
        check_fits(plan, 2048)

    assert str(caught.value).startswith(
        "this needs 8.02 KiB (results 24 B, blocks and scratch 8.00 KiB; most of it for count in blocks of (1,)), "
        'but the budget is 2.00 KiB; raise the budget with nb.config(memory="9KiB")'
    )


A = np.random.default_rng(3).normal(size=(1000, 1000))


@pytest.mark.parametrize("budget", ["60kB", "600kB"])
def test_work_is_cut_more_finely_where_memory_is_short(budget: str) -> None:
    """What takes too much in tasks and tiles of the usual size is done in smaller ones."""
    x = nb.from_array(A, chunks=500)

    assert math.isclose(((x - 1) * x.T).sum().compute(memory=budget), ((A - 1) * A.T).sum(), rel_tol=1e-12)


def test_the_advice_is_good() -> None:
    """Chunks and budgets that an error names would do."""

    def with_chunks(chunks: Any) -> nb.Array:
        return (nb.from_array(A, chunks=chunks).map_blocks(np.negative, dtype=float) + 1).sum()

    with pytest.raises(BudgetError) as caught:
        with_chunks(500).compute(memory="1MB")
    told = str(caught.value)
    (memory,) = re.findall(r'memory="(\w+)"', told)
    (chunks,) = re.findall(r"chunks=\((\d+), (\d+)\)", told)

    assert math.isclose(with_chunks(500).compute(memory=memory), (1 - A).sum(), rel_tol=1e-12)
    assert math.isclose(with_chunks(tuple(map(int, chunks))).compute(memory="1MB"), (1 - A).sum(), rel_tol=1e-12)


class Ones:
    """Something that is read by chunks, and whose values nobody holds."""

    def __init__(self, *shape: int) -> None:
        self.shape, self.dtype = shape, np.dtype(np.float32)

    def __getitem__(self, region: tuple[slice, ...]) -> Any:
        return np.ones([part.stop - part.start for part in region], self.dtype)


#: How an array of some shape and chunks is made into what a budget is too small for; True where smaller chunks help
REFUSED: dict[str, tuple[Any, tuple[int, ...], tuple[int, ...], str, bool]] = {
    "overlap": (lambda x: nb.map_overlap(abs, x, depth=5, dtype="f4"), (2000, 2000), (1000, 1000), "1MiB", True),
    "cumsum": (lambda x: nb.cumsum(x, axis=0), (2000, 2000), (1000, 1000), "1MiB", True),
    "gufunc": (
        lambda x: nb.apply_gufunc(lambda a: a.sum(-1), "(i)->()", x, output_dtypes="f4"),
        (2000, 2000), (1000, 2000), "1MiB", True,
    ),
    "along an axis": (lambda x: nb.apply_along_axis(np.sum, 1, x), (2000, 2000), (1000, 2000), "1MiB", True),
    "sort": (nb.sort, (4_000_000,), (400_000,), "300KiB", False),
    "svd": (lambda x: nb.linalg.svd(x)[1], (1000, 500), (500, 500), "1MiB", False),
    "fft": (nb.fft.fft, (1_000_000,), (100_000,), "300KiB", False),
    "quantile": (lambda x: nb.quantile(x, 0.5), (2000, 2000), (1000, 1000), "300KiB", False),
    "eigvalsh": (nb.linalg.eigvalsh, (500, 500), (250, 250), "300KiB", False),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_advice_that_is_given_would_do(name: str) -> None:
    """Chunks are named where they would do alone; where an operation needs its input whole, none are."""
    make, shape, chunks, memory, helps = REFUSED[name]

    def plan(chunks: tuple[int, ...], memory: str) -> None:
        made = nb.from_array(Ones(*shape), chunks=chunks)
        check_fits(session_plan([make(made).sum().expr], memory), parse_bytes(memory, "memory"))

    with pytest.raises(BudgetError) as caught:
        plan(chunks, memory)
    told = str(caught.value)
    (enough,) = re.findall(r'memory="(\w+)"', told)
    plan(chunks, enough)
    advised = re.findall(r"chunks=(\([^)]*\))", told)

    assert helps == bool(advised)
    for each in advised:
        plan(ast.literal_eval(each), memory)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=4), st.floats(1, 1e4))
def test_smaller_chunks_are_small_enough(chunks: list[int], times: float) -> None:
    """They have so many times fewer elements, or are single elements; and no axis is longer than it was."""
    smaller = smaller_chunks(tuple(chunks), times)

    assert math.prod(smaller) <= max(1, math.prod(chunks) / times)
    assert all(1 <= n <= m for n, m in zip(smaller, chunks, strict=True))


def halves(x: nb.Array) -> nb.Array:
    """What a user's function makes of an array: it is stored, since nobody knows what it costs to call it again."""
    return x.map_blocks(lambda block: block / 2, dtype=x.dtype)


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize(
    "function",
    [lambda x: (x - x.mean(axis=0)).std(), lambda x: (x + x.T).sum(axis=1)],
    ids=["centre", "transpose"],
)
def test_what_can_not_be_held_goes_through_scratch(tmp_path: Path, function: Any, workers: int) -> None:
    """In a fifth of the array, results are the same bits, and the folder is empty afterwards."""
    made = function(halves(nb.from_array(A, chunks=(100, 100))))
    with nb.config(memory=A.nbytes // 5, scratch=str(tmp_path)):
        report = made.plan()
        result = made.compute(workers=workers)
        expected = made.compute(workers=1)

    np.testing.assert_allclose(result, function(A / 2), rtol=1e-12)
    assert np.asarray(expected).tobytes() == np.asarray(result).tobytes()
    assert A.nbytes == report.plan.spilled_bytes
    assert report.plan.run_bytes() <= A.nbytes // 5
    assert re.search(r"map_blocks\(<lambda>\) goes through scratch, 7\.63 MiB written: to hold it", str(report))
    assert [] == list(tmp_path.iterdir())


def test_masked_blocks_through_scratch(tmp_path: Path) -> None:
    """Masks go along."""
    masked = np.ma.masked_less(A, 0)
    x = nb.take(nb.from_array(masked, chunks=(100, 100)), np.arange(999, -1, -1), axis=0)
    made = (x - x.mean(axis=0)).sum(axis=1)
    with nb.config(memory=A.nbytes // 4, scratch=str(tmp_path)):
        check(made, (masked[::-1] - masked.mean(axis=0)).sum(axis=1), within=1e-10)


def test_a_scratch_folder_that_is_missing(tmp_path: Path) -> None:
    """It is told before anything is computed."""
    x = halves(nb.from_array(A, chunks=100))
    made = (x + x.T).sum()
    nowhere = nb.config(memory=A.nbytes // 5, scratch=str(tmp_path / "nowhere"))
    with nowhere, pytest.raises(WriteError, match="there is no folder"):
        made.compute()


def test_so_many_tasks_that_account_of_them_does_not_fit() -> None:
    """Very many tasks of a few bytes are refused where what is kept about them doesn't fit, and told to be fewer."""
    x = nb.map_blocks(np.negative, nb.from_array(np.ones(300_000), chunks=10), dtype=float)
    made = session_plan([x.sum().expr], "1GiB")

    assert made.kept_bytes > made.sequential_peak
    with pytest.raises(BudgetError, match=r"account of 30.\d+ tasks .*use larger chunks"):
        check_fits(made, made.sequential_peak)
