"""What is left when expressions have become nodes that tasks are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray.expr.lowered import Lowered
from nbarray.expr.lowered_fused import Fused
from nbarray.expr.node import Expr, place_of
from nbarray.expr.walk import postorder
from nbarray.rewrite.stages import lower, optimise
from nbarray.session import plan
from tests.compare import check, tiny_tasks

A = np.random.default_rng(8).normal(size=(12, 10))
X = nb.from_array(A, chunks=(5, 4))


def stored(array: nb.Array) -> list[Lowered]:
    """The nodes that tasks are made of."""
    return [node for node in postorder([lower(optimise([array.expr]))[0].lowered]) if isinstance(node, Lowered)]


@pytest.fixture
def small_tasks() -> Iterator[None]:
    """Small arrays make many tasks."""
    with tiny_tasks():
        yield


def test_a_chain_and_its_reduction_are_one_node() -> None:
    """Elementwise operations are never stored: they are part of what uses them."""
    (node,) = stored((abs(X - 1) * 2 + X**2).sum())

    assert isinstance(node, Fused)
    assert 5 + 1 == len(node.members)


def test_a_shared_chain_is_computed_where_it_is_used() -> None:
    """What is cheap to compute again is, rather than stored."""
    y = abs(X) + 1

    assert 2 == len(stored(y - y.mean(axis=0)))


def test_a_reduction_is_stored_once() -> None:
    """Used twice, computed once."""
    mean = X.mean(axis=0)

    assert 2 == len(stored((X - mean) * mean))


def test_views_of_results_are_no_work() -> None:
    """A transposed or squeezed result is laid out when it is handed over."""
    (root,) = lower(optimise([X.sum(axis=0, keepdims=True).T.expr]))

    assert root.placement is not None
    assert 1 == len([node for node in postorder([root.lowered]) if isinstance(node, Lowered)])


def test_parts_of_results_are_copied() -> None:
    """A result that shows a part of what a node makes doesn't keep the rest."""
    (root,) = lower(optimise([X.map_blocks(np.negative, dtype=float)[2:5].expr]))

    assert root.placement is None
    assert (3, 10) == root.lowered.shape


def test_lowered_nodes_know_where_they_were_written() -> None:
    """An error in a task points to the user's line."""
    x = (X * 7.25).sum(axis=0)  # this one
    place = place_of(lower(optimise([x.expr]))[0].lowered)

    assert place is not None
    assert place.text.endswith("# this one")


def test_labels_name_what_is_inside() -> None:
    """A fused node is called by what it does; a long chain by its ends."""

    def label(expr: Expr) -> str:
        return lower(optimise([expr]))[0].lowered.label

    assert "add → sum" == label((X + 1).sum().expr)
    assert "add … sum" == label((((X + 1) * 2 - 3) / 4).sum().expr)


def negated(x: nb.Array) -> nb.Array:
    """A task a block."""
    return x.map_blocks(np.negative, dtype=float)


WORK = {
    "many small blocks": lambda x: (x + 1).sum(),
    "fold of a fold": lambda x: x.sum(axis=0).max(),
    "merges": lambda x: x.std(axis=1),
    "fold, spread, fold": lambda x: abs(x - x.mean(axis=0)).mean(),
    "parts that differ": lambda x: nb.concatenate([x * 2, x + 1, x]).mean(axis=0),
    "parts that differ, other axis": lambda x: nb.concatenate([x * 2, x + 1], axis=1).mean(axis=0),
    "parts that differ, shifted": lambda x: abs((y := nb.concatenate([x * 2, x + 1, x]))[1:] - y[:-1]).max(axis=0),
    "parts that differ, chosen": lambda x: nb.mean(y := nb.concatenate([x * 2, x + 1]), axis=0, where=y > x[:1] - 1),
    "parts that differ, no numbers": lambda x: nb.nanstd(
        nb.where((y := nb.concatenate([x * 2, x + 1, x])) > -1, y, float("nan")), axis=0
    ),
    "positions of extremes": lambda x: nb.concatenate([x * 2, x + 1]).argmax(axis=0),
    "products of chains": lambda x: (x + 1) @ (x.T * 2),
    "picked and folded": lambda x: x[[3, 3, 11, 0]].sum(axis=0),
    "reshaped and sliced": lambda x: x.reshape(8, 15)[1:, ::3] + 1,
    "blocks of blocks": lambda x: (negated(x) + x).rechunk(3).map_blocks(np.sin, dtype=float),
    "selected": lambda x: x[x > 0],
}  # fmt: skip
TRUTH = {
    "blocks of blocks": lambda a: np.sin(a - a),
}


@pytest.mark.parametrize("name", WORK)
@pytest.mark.usefixtures("small_tasks")
def test_values(name: str) -> None:
    """Cut into many tasks, it is what it is to NumPy."""
    check(lambda: WORK[name](X), lambda: TRUTH.get(name, lambda a: _numpys(name, a))(A), within=1e-13)


def _numpys(name: str, a: np.ndarray) -> object:  # type: ignore[type-arg]
    """The same work with NumPy's functions in place of ours."""
    work = WORK[name]
    theirs = type(work)(work.__code__, {**work.__globals__, "nb": np})
    return theirs(a)


LARGE = np.random.default_rng(9).normal(size=(40, 700, 800)).astype(np.float32)
LARGE[LARGE > 3] = np.nan
ENDS: dict[str, Callable[[Any], Any]] = {
    "mean": lambda x: x.mean(axis=0),
    "difference": lambda x: nb.nanmean(x[::2], axis=0) - nb.nanmax(x[1::2], axis=0) / 2,
    "deviation, turned": lambda x: nb.nanstd(x, axis=0, dtype=np.float64).T,
    "other axis": lambda x: x[:, :20].max(axis=1, keepdims=True) * 2,
    "positions": lambda x: nb.nanargmax(x, axis=0),
    "wanted twice": lambda x: nb.nansum(y := x[:2] - x[:2].mean(axis=0), axis=0) + y[0],
}


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("name", ENDS)
def test_results_are_finished_in_pieces(name: str, workers: int) -> None:
    """What comes last is no task for one worker alone, and what it gives is the same."""
    work = ENDS[name]
    x = nb.from_array(LARGE, chunks=(3, 700, 800))
    expected = type(work)(work.__code__, {**work.__globals__, "nb": np})(LARGE.astype(np.float64))
    found = work(x).compute(workers=workers)

    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-5)
    assert found.size < 2**19 or 3 <= (plan([work(x).expr]).task_node == 0).sum()


@pytest.mark.parametrize("kind", ["shifted", "chosen", "no numbers"])
def test_parts_that_differ_are_folded_where_they_are(kind: str) -> None:
    """Whatever is left out of parts with programs of their own, and however they are shifted: no block is stored."""
    labels = [node.label for node in plan([WORK[f"parts that differ, {kind}"](X).expr]).nodes]

    assert [] == [label for label in labels if "concatenate" in label]
    assert len(labels) <= 3
