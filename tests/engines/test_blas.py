"""BLAS has one thread while workers call it, and all of them otherwise."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import nbarray as nb
from nbarray.engines import blas
from tests.engines.patience import until


def blas_threads() -> set[int]:
    """Threads of every BLAS that is loaded."""
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def nobody_holds_it() -> None:
    """A run that another test let go may still be under way."""
    assert until(lambda: blas._holders == 0)


def test_workers_have_one_thread_each() -> None:
    """While several workers call it: one; afterwards as many as before, also where two runs overlapped."""
    seen: list[set[int]] = []

    def look(block: np.ndarray) -> np.ndarray:
        seen.append(blas_threads())
        return block

    before = blas_threads()
    x = nb.from_array(np.ones((6, 4)), chunks=(1, 4))
    runs = [nb.map_blocks(look, x, dtype=x.dtype).start(workers=2) for _ in range(2)]
    for run in runs:
        run.result()

    assert [{1}] * 12 == seen
    assert before == blas_threads()


@pytest.mark.parametrize("name", ["matrix and vector", "equations", "users' function"])
def test_the_same_bits_for_any_number_of_workers(name: str) -> None:
    """How many threads BLAS has, and so in which order it adds up, follows the plan and not the workers."""
    values = np.random.default_rng(0).standard_normal((1200, 1200))
    x = nb.from_array(values, chunks=(400, 1200))
    made = {
        "matrix and vector": nb.from_array(values, chunks=400) @ nb.from_array(values[0].copy(), chunks=400),
        "equations": nb.linalg.solve(nb.from_array(values, chunks=200), nb.ones(1200)),
        "users' function": nb.map_blocks(lambda block: block @ np.ones(1200), x, drop_axis=1, dtype=float),
    }[name]

    runs = [made.compute(workers=1), *(made.start(workers=n).result()[0] for n in (1, 2, 4))]

    assert 1 == len({np.asarray(values).tobytes() for values in runs})


def test_a_failed_run_lets_go() -> None:
    """However a run ends, BLAS has its threads again."""

    def fail(block: np.ndarray) -> np.ndarray:
        raise ArithmeticError

    before = blas_threads()
    run = nb.map_blocks(fail, nb.from_array(np.ones(8), chunks=1), dtype=float).start(workers=2)
    run.wait(10)

    assert isinstance(run._error, ArithmeticError)
    assert before == blas_threads()


def test_holders_are_counted() -> None:
    """The last to let go gives the threads back."""
    before = blas_threads()
    blas.hold()
    blas.hold()
    blas.release()
    held = blas_threads()
    blas.release()

    assert {1} == held
    assert before == blas_threads()


def test_a_blas_loaded_later_is_held_too(monkeypatch) -> None:
    """What an import brings after a first product keeps to one thread as well."""
    blas.hold()
    blas.release()
    known = blas._controller()
    monkeypatch.setitem(sys.modules, "a_package_with_a_blas", types.ModuleType("a_package_with_a_blas"))

    assert known is not blas._controller()
