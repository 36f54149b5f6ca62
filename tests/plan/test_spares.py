"""Which states a run keeps to make others in."""

from __future__ import annotations

import nbarray as nb
from nbarray.plan.spares import ROOM, has_room, makers_of_states
from nbarray.session import plan


def test_states_are_kept_where_there_is_room() -> None:
    """Those of folds are, with the number of their tasks; what merges make isn't, nor is anything in little room."""
    made = plan([nb.ones((1000, 1000), chunks=100).mean(axis=0).expr])
    enough = ROOM * made.run_bytes()
    (folds,) = makers_of_states(made).items()

    assert made.nodes[folds[0]].kind == "fused"
    assert (made.task_node == folds[0]).sum() == folds[1]
    assert has_room(made, enough)
    assert not has_room(made, enough - 1)


def test_nothing_is_kept_for_small_states() -> None:
    """Of a computation that makes large states and small ones only the large ones are."""
    x = nb.random.default_rng(2).random((400_000, 500), chunks=(10_000, 500))
    made = plan([((x - x.mean(axis=0)) / x.std(axis=0)).sum().expr])
    making = makers_of_states(made)

    folds = [k for k, node in enumerate(made.nodes) if node.gives_states and node.kind == "fused"]

    assert 0 < len(making) < len(folds)
    assert all(made.task_bytes[made.task_node == k].max() > 1000 for k in making)


def test_nothing_is_kept_where_no_states_are_made() -> None:
    """Elementwise results have none."""
    made = plan([(nb.ones((100, 100), chunks=10) + 1).expr])

    assert not makers_of_states(made)
