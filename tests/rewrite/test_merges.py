"""States merged in chains give NumPy's numbers, few of them are held at once, and few are added up in a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray.expr.lowered_folds import Merge
from nbarray.plan.plan import Plan
from nbarray.rewrite import merges
from nbarray.session import plan
from tests.compare import check, tiny_tasks

RNG = np.random.default_rng(20)


def chained(made: Plan) -> list[Merge]:
    """The nodes whose tasks go on from one another."""
    return [n for n in made.nodes if isinstance(n, Merge) and n.chain is not None]


def longest(made: Plan) -> int:
    """How many states follow each other, at the most, in one run of a chain."""
    runs: dict[int, int] = {}
    for task in range(made.ntasks):
        node = made.task_node[task]
        before = [t for t in made.dependencies(task) if made.task_node[t] == node]
        runs[task] = 1 + max((runs[int(t)] for t in before), default=0)
    return max(runs.values())


@pytest.fixture
def large_states(monkeypatch):
    """Every state is large."""
    monkeypatch.setattr(merges, "CHAINED_BYTES", 0)
    with tiny_tasks():
        yield


@pytest.mark.usefixtures("large_states")
class TestValues:
    """Whatever is cut how."""

    @pytest.mark.parametrize("axis", [0, 1, 2, (0, 1), (0, 2), (1, 2), (0, 1, 2)])
    @pytest.mark.parametrize("name", ["sum", "mean", "std", "max"])
    def test_axes(self, name, axis) -> None:
        a = RNG.standard_normal((19, 7, 11))
        a[3, 2, 1] = np.nan
        x = nb.from_array(a, chunks=(2, 3, 4))
        check(getattr(x, name)(axis=axis), getattr(a, name)(axis=axis), within=1e-12)

    @pytest.mark.parametrize("axis", [0, 1, 2, None])
    def test_places(self, axis) -> None:
        a = RNG.integers(0, 9, (19, 7, 11))
        check(nb.from_array(a, chunks=(2, 3, 4)).argmax(axis=axis), a.argmax(axis=axis))

    @pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 9, 10, 27, 28, 82])
    def test_counts(self, n) -> None:
        a = RNG.standard_normal((n, 5))
        check(nb.from_array(a, chunks=(1, 2)).sum(axis=0), a.sum(axis=0), within=1e-12)

    @pytest.mark.parametrize("lengths", [[4], [4, 9], [4, 9, 1], [3] * 11])
    def test_parts_of_their_own_kinds(self, lengths) -> None:
        """Each part has a program of its own, and more than one task."""
        arrays = [RNG.integers(0, 99, (n, 6, 5)).astype(f"i{2 + 2 * (k % 2)}") for k, n in enumerate(lengths)]
        blocked = nb.concatenate([nb.from_array(a, chunks=(2, 3, 3)).astype("f8") * k for k, a in enumerate(arrays)])
        whole = np.concatenate([a * float(k) for k, a in enumerate(arrays)])
        check(blocked.std(axis=0), whole.std(axis=0), within=1e-12)
        check(blocked.mean(axis=(0, 2)), whole.mean(axis=(0, 2)), within=1e-12)

    def test_several_of_one_pass(self) -> None:
        a = RNG.standard_normal((23, 6))
        a[4] = np.nan
        x = nb.from_array(a, chunks=(2, 3))
        made = nb.compute(x.mean(axis=0), np.nanstd(x, axis=0), x.max(axis=0) - x.min(axis=0))
        wanted = a.mean(axis=0), np.nanstd(a, axis=0), a.max(axis=0) - a.min(axis=0)
        for each, expected in zip(made, wanted, strict=True):
            check(each, expected, within=1e-12)

    def test_same_bits_with_any_number_of_workers(self) -> None:
        x = nb.from_array(RNG.standard_normal((97, 6)).astype("f4"), chunks=(2, 3))
        first, *others = (x.std(axis=0).compute(workers=n) for n in (1, 2, 4, 8))
        for other in others:
            np.testing.assert_array_equal(first, other)


@pytest.fixture
def total(tmp_path: Path) -> Iterator[Callable[[int], Plan]]:
    """The plan for adding up so many maps of 2 MB, each stored as one chunk (of which none was ever written)."""
    with h5py.File(tmp_path / "maps.h5", "w") as file:

        def planned(count: int) -> Plan:
            options = {"chunks": (1, 512, 512), "compression": "gzip"}
            stored = file.create_dataset(f"{count}", (count, 512, 512), "f8", **options)
            return plan([nb.from_array(stored).sum(axis=0).expr])

        yield planned


def test_few_states_are_held_at_once(total: Callable[[int], Plan]) -> None:
    """However many there are: on each level of chains what is merged and the next, and what they are merged to."""
    few, many = total(160), total(16_000)

    assert 1 <= len(chained(few)) < len(chained(many)) <= 4
    assert many.sequential_peak <= few.sequential_peak + 2 * 2 * 2**21


def test_sums_go_on_from_one_another_for_a_short_while(total: Callable[[int], Plan]) -> None:
    """As NumPy adds up no more than so many numbers in a row."""
    made = total(8_000)

    assert chained(made)
    assert 2 < longest(made) <= merges.LONGEST


def test_the_last_state_is_merged_in_pieces(total: Callable[[int], Plan]) -> None:
    """By all workers, as what comes last is."""
    made = total(160)
    (last,) = [n for n in made.nodes if isinstance(n, Merge) and n.chain is None]

    assert last.chunks.nblocks > 1
    assert len(last.parts) == 2


def test_small_states_are_merged_many_at_once() -> None:
    made = plan([nb.random.default_rng(4).random((10**7, 4), chunks=(10**5, 4)).sum(axis=0).expr])
    counts = [int((made.task_node == k).sum()) for k, n in enumerate(made.nodes) if isinstance(n, Merge)]
    folds = made.ntasks - sum(counts)

    assert not chained(made)
    assert 2 <= folds
    assert 1 <= sum(counts) <= -(-folds // 8)
