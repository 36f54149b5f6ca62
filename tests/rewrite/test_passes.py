"""Reductions that read the same share one pass over it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.rewrite.passes import last_reductions
from nbarray.rewrite.stages import optimise
from nbarray.session import plan
from tests.compare import check, quiet, tiny_tasks
from tests.pages.arrays import named

RNG = np.random.default_rng(11)
U, V = RNG.normal(size=(12, 10)), RNG.normal(size=(12, 10))
U[3, 4] = np.nan
STORED = (5, 4)


def reads(*arrays: nb.Array) -> float:
    """How often all stored numbers are read, where `u` (and as many of `v`) is what there is."""
    return float(plan([a.expr for a in arrays]).read_bytes.sum() / U.nbytes)


def u_and_v() -> tuple[nb.Array, nb.Array]:
    return named("u", U, STORED, STORED), named("v", V, STORED, STORED)


def test_mean_and_deviation_are_one_pass() -> None:
    """A z-score reads its source twice, not three times."""
    u, _ = u_and_v()

    assert 2 == reads(((u - u.mean(axis=0)) / u.std(axis=0) > 3).sum())
    assert 1 == reads(u.min(axis=1), u.max(axis=1), u.argmin(axis=1))


def test_several_results_of_two_sources() -> None:
    """Means of quadratics read each source once."""
    u, v = u_and_v()

    assert 2 == reads((u**2).mean(), (v**2).mean(), (u * v).mean())


def test_several_files() -> None:
    """Joined sources are read once as well."""
    u, v = u_and_v()
    both = nb.concatenate([u * 2, v], axis=0)

    assert 2 == reads(both.mean(axis=0), both.std(axis=0), both.max(axis=0))


def test_what_needs_the_other_has_a_pass_of_its_own() -> None:
    """Sums over other axes don't, and go through blocks that are read once (see `plan.fit`)."""
    u, _ = u_and_v()

    assert 1 == reads(u.sum(axis=0), u.sum(axis=1))
    assert 2 == reads(abs(u - u.mean()).mean())


def test_a_mean_square_of_deviations_needs_no_mean_beforehand() -> None:
    """It is a variance, which one pass makes."""
    u, _ = u_and_v()

    assert 1 == reads(((u - u.mean(axis=0)) ** 2).mean())
    assert 1 == reads(u.sum(), u[:6].sum())


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1), ()])
@pytest.mark.parametrize(
    "functions",
    [
        (np.mean, np.std),
        (np.sum, np.min, np.argmax),
        (np.nanmean, np.nanmax, np.mean),
        (lambda x, axis: np.any(x > 0, axis=axis), lambda x, axis: np.sum(x * 2, axis=axis), np.prod),
    ],
    ids=["moments", "mixed", "missing", "kinds"],
)
def test_values(functions: tuple[Callable[..., Any], ...], axis: Any) -> None:
    """What shares a pass is what NumPy gives for each."""
    for joined in (False, True):
        for array in (U, np.ma.masked_invalid(U), U.astype(">f4"), (V * 100).astype(np.int16)):
            with tiny_tasks(), quiet():
                x = nb.from_array(array, chunks=(3, 4))
                if joined:
                    x = nb.concatenate([x[:5], x[5:]], axis=0)
                wanted = [f for f in functions if not (axis in ((), (0, 1)) and f is np.argmax)]
                made = nb.compute(*(f(x, axis=axis) for f in wanted))
            for one, function in zip(made, wanted, strict=True):
                check(one, partial(function, array, axis=axis), within=1e-5 if array.dtype == ">f4" else 1e-12)


W = u_and_v()[0]
SHARED = W.mean(axis=0)


@pytest.mark.parametrize(
    ("results", "last"),
    [
        ((W.mean(axis=0),), 1),
        ((W.mean(axis=0) - W.std(axis=0) / 2,), 2),
        ((W.sum(axis=1, keepdims=True), -W.max(axis=1)), 2),
        ((W.mean(),), 1),
        ((W - W.mean(axis=0),), 0),
        ((W[0] - W.mean(axis=0),), 0),
        ((SHARED, W - SHARED), 0),
        ((W.sum(axis=0).max(),), 1),
        ((W.sum(axis=0) - W.sum(),), 0),
    ],
)
def test_reductions_that_come_last(results: tuple[nb.Array, ...], last: int) -> None:
    """Those that results consist of, and nobody else needs."""
    assert last == len(last_reductions(optimise([r.expr for r in results])))
