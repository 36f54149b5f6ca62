"""Writing into targets, all at once and in slabs."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import nbarray as nb
from nbarray import runs
from nbarray.api.storing import store
from nbarray.errors import Cancelled, InputError, TaskError


@pytest.mark.parametrize("memory", ["64MiB", "1MiB"])
def test_slabs(memory: str) -> None:
    """Arrays larger than half of the budget arrive whole, from a target's region with steps as well."""
    values = np.arange(1000 * 100.0).reshape(1000, 100)
    plain, stepped = np.zeros((1000, 100)), np.zeros((2001, 100))
    x = nb.from_array(values, chunks=(130, 100))
    store([x, x], [plain, stepped], [None, (slice(1, 2001, 2), slice(None))], memory=memory)

    np.testing.assert_array_equal(values, plain)
    np.testing.assert_array_equal(values, stepped[1::2])
    np.testing.assert_array_equal(0, stepped[::2])


def test_lock() -> None:
    """A lock is held while values are assigned, and not while they are computed."""
    lock = threading.Lock()
    held = []

    class Target:
        def __setitem__(self, region: object, values: object) -> None:
            held.append(lock.locked())

    def free(block: np.ndarray) -> np.ndarray:
        held.append(lock.locked())
        return block

    store([nb.map_blocks(free, nb.arange(2), dtype=int)], [Target()], [None], lock)

    assert [False, True] == held


def test_no_axes() -> None:
    """An array without axes fills its target."""
    out = np.zeros(())
    store([nb.ones(3).sum()], [out], [None])

    assert out == 3


def test_counts_differ() -> None:
    """There is a target for each array."""
    with pytest.raises(InputError, match="as many targets"):
        store([nb.ones(3)], [], [None])


def test_one_run_reads_once() -> None:
    """All arrays of a call are one run, in which what they share is read once, and nothing is kept as a result."""
    reads: list[tuple[slice, ...]] = []

    class Source:
        shape, dtype, ndim, chunks = (64, 1000), np.dtype(float), 2, (8, 1000)

        def __getitem__(self, region: tuple[slice, ...]) -> np.ndarray:
            reads.append(region)
            return np.full(tuple(len(range(*s.indices(n))) for s, n in zip(region, self.shape, strict=True)), 2.0)

    x = nb.from_array(Source(), chunks=(8, 1000))
    reads.clear()
    means, squares = np.zeros(64), np.zeros(64)
    before = {r.number for r in runs.recent()}
    store([x.mean(axis=1), (x * x).mean(axis=1)], [means, squares], [None, None], memory="1MiB")

    assert 64 * 1000 == sum((r[0].stop - r[0].start) * (r[1].stop - r[1].start) for r in reads)
    assert 1 == len({r.number for r in runs.recent()} - before)
    assert ([2.0] * 64, [4.0] * 64) == (means.tolist(), squares.tolist())


@pytest.mark.parametrize("workers", [1, 2])
def test_larger_than_the_budget(workers: int) -> None:
    """Of an array many times the budget, blocks come one after the other, whole chunks of the target."""
    held: list[int] = []
    regions: list[tuple[slice, ...]] = []

    class Target:
        shape, chunks = (1000, 1000), (30, 500)

        def __setitem__(self, region: tuple[slice, ...], values: np.ndarray) -> None:
            regions.append(region)
            held.append(values.nbytes)
            run = runs.recent()[-1].run
            assert run is not None
            assert run.plan.result_bytes == 0
            assert values.sum() == values.size

    store([nb.ones((1000, 1000), chunks=(125, 1000))], [Target()], [None], memory="800kB", workers=workers)

    assert 8_000_000 == sum(held)
    assert runs.recent()[-1].peak_bytes <= 800_000
    assert all(r[0].start % 30 == 0 and r[1].start % 500 == 0 for r in regions)


def test_one_array_into_several_targets() -> None:
    """Each gets it, also where it is needed further on."""
    calls = []

    def counted(block: np.ndarray) -> np.ndarray:
        calls.append(1)
        return block + 1

    x = nb.map_blocks(counted, nb.arange(100, chunks=25), dtype=int)
    outs = [np.zeros(100, int), np.zeros(100), np.zeros(100)]
    store([x, x, x * 2], outs, [None, None, None])

    assert 4 == len(calls)
    np.testing.assert_array_equal([np.arange(1, 101), np.arange(1, 101), 2 * np.arange(1, 101)], outs)


def test_into_what_it_is_made_of() -> None:
    """An array that is made of its target is computed before anything is written."""
    values = np.arange(10_000.0)
    store([nb.from_array(values, chunks=100)[::-1]], [values], [None])

    np.testing.assert_array_equal(np.arange(10_000.0)[::-1], values)


def test_masked() -> None:
    """Masked arrays keep their masks in targets that have one."""
    given = np.ma.masked_less(np.arange(100.0), 50)
    out, plain = np.ma.zeros(100), np.zeros(100)
    x = nb.from_array(given, chunks=30)
    store([x, x], [out, plain], [None, None])

    np.testing.assert_array_equal(given.mask, out.mask)
    np.testing.assert_array_equal(given.compressed(), out.compressed())
    np.testing.assert_array_equal(np.arange(50.0, 100), plain[50:])


def test_a_target_that_fails() -> None:
    """Its error ends the run and says where; later blocks aren't written."""
    taken = []

    class Target:
        def __setitem__(self, region: tuple[slice, ...], values: np.ndarray) -> None:
            taken.append(region)
            raise ValueError("no more")

    with pytest.raises(ValueError, match="no more") as error:
        store([nb.ones(1000, chunks=10).map_blocks(lambda b: b)], [Target()], [None], workers=1)

    assert isinstance(error.value, TaskError)
    assert 1 == len(taken)


def test_cancelled_in_between() -> None:
    """A run that is cancelled writes nothing more."""
    taken = []

    class Target:
        def __setitem__(self, region: tuple[slice, ...], values: np.ndarray) -> None:
            taken.append(region)
            runs.recent()[-1].cancel()

    with pytest.raises(Cancelled):
        store([nb.ones(1000, chunks=10).map_blocks(lambda b: b)], [Target()], [None], workers=1)

    assert 1 == len(taken)


@pytest.mark.parametrize("lock", [True, False])
def test_a_lock_of_its_own_or_none(lock: bool) -> None:
    """True and False are taken for a lock, as dask and xarray give them."""
    target = np.zeros(6)
    nb.store(nb.arange(6.0, chunks=2), target, lock=lock)

    np.testing.assert_array_equal(np.arange(6.0), target)
