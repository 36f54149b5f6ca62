"""About how long tasks work: right within a factor, and silent about what nobody can know."""

from __future__ import annotations

import time
from math import prod

import h5py
import numpy as np
import pytest

import nbarray as nb
from nbarray.plan import duration
from nbarray.plan.duration import Work, work_of_plan
from nbarray.session import plan

RNG = np.random.default_rng(0)
LARGE = nb.from_array(RNG.random((2000, 4000)), chunks=(250, 4000))
#: How far off a rate may be on any machine that tests run on.
FACTOR = 5.0


def work(array) -> Work:
    return work_of_plan(plan([array.expr]))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same numbers stored plainly, and deflated."""
    path = tmp_path_factory.mktemp("duration") / "x.h5"
    with h5py.File(path, "w") as file:
        values = RNG.random((1000, 2000))
        file.create_dataset("plain", data=values, chunks=(100, 2000))
        file.create_dataset("deflated", data=values, chunks=(100, 2000), compression="gzip")
    return path


def cpu_s(array) -> float:
    """Seconds that the threads of a run compute, when its kernels are loaded: the least of three times."""
    array.compute()
    took = []
    for _ in range(3):
        began_s = time.process_time()
        array.compute(workers=1)
        took.append(time.process_time() - began_s)
    return min(took)


CASES = {
    "chain": lambda: ((LARGE - 0.5) ** 2 + 2 * LARGE).sum(),
    "slow functions": lambda: (nb.exp(LARGE) * nb.sin(LARGE)).mean(axis=0),
    "sorted lines": lambda: nb.median(LARGE, axis=0),
    "product": lambda: LARGE[:, :1000] @ LARGE[:1000],
    "random": lambda: nb.random.default_rng(1).normal(size=(2000, 4000), chunks=(250, 4000)).mean(),
    "many tasks": lambda: nb.from_array(np.ones((100, 100)), chunks=(1, 1)).map_blocks(np.sqrt, dtype="f8"),
}


@pytest.mark.parametrize("name", CASES)
def test_seconds_are_about_those_that_are_worked(name) -> None:
    """Whatever is computed."""
    array = CASES[name]()
    ratio = work(array).busy_s / cpu_s(array)

    assert 1 / FACTOR < ratio < FACTOR


def test_seconds_are_about_those_of_the_demos_files(met_files) -> None:
    """Packed maps with gaps, deflated."""
    x = nb.open(met_files, "t2m", missing="mask")
    for array in (x.mean(axis=0), x[::4].mean(axis=0) - x[2::4].mean(axis=0), (x - x.mean(axis=0)).std()):
        ratio = work(array).busy_s / cpu_s(array)

        assert 1 / FACTOR < ratio < FACTOR


def test_what_has_to_be_decoded_takes_longer(files) -> None:
    """Than what is read as it is stored, by the bytes that are decoded: of whole chunks."""
    plain, deflated = (nb.open(files, name) for name in ("plain", "deflated"))
    part = deflated[:50, :1000].sum()

    assert work(deflated.sum()).busy_s > 3 * work(plain.sum()).busy_s
    assert work(part).busy_s > prod((100, 2000, 8)) / 1e9


def test_twice_the_work_takes_twice_as_long() -> None:
    """Of one kind, where tasks are no matter."""
    half, whole = (work(nb.exp(x).sum()).busy_s for x in (LARGE[:1000], LARGE))

    assert 1.8 < whole / half < 2.2


def test_a_part_of_many_tasks_stands_for_all(monkeypatch, files) -> None:
    """Of each operation as large a part; operations with few tasks are looked at whole."""
    x = nb.open(files, "deflated", chunks=(100, 2000)).rechunk((-1, 7)).map_blocks(np.exp, dtype="f8").std(axis=0)
    made = plan([x.sum().expr], "4MiB")
    expected = work_of_plan(made).busy_s
    monkeypatch.setattr(duration, "MOST_TASKS", 40)

    assert made.ntasks > 400
    assert expected == pytest.approx(work_of_plan(made).busy_s, rel=0.05)


@pytest.mark.parametrize(
    ("known", "array"),
    [
        (False, LARGE.map_blocks(lambda block: block + 1)),
        (False, nb.map_blocks(lambda block, more: block + more, LARGE, 3)),
        (False, nb.apply_gufunc(lambda line: line.sum(axis=-1), "(i)->()", LARGE)),
        (True, LARGE + 1),
        (True, nb.cumsum(LARGE, axis=0)),
        (True, nb.linalg.qr(LARGE.T.rechunk((1000, -1)))[1]),
        (True, nb.fft.fft(LARGE, axis=1)),
    ],
    ids=["function", "with a value", "gufunc", "sum", "scan", "factors", "fft"],
)
def test_what_users_functions_take_is_not_known(known, array) -> None:
    """Ours are."""
    assert known == work(array).known


def test_tasks_that_merge_take_what_they_merge() -> None:
    """A merge takes as long as going over states, and picking as going over what is picked: not over sources."""
    x = nb.from_array(RNG.random((200_000, 40)), chunks=(5000, 40))
    made = plan([nb.take(x, RNG.integers(0, len(x), 100_000), axis=0).sum(axis=0).expr], "1MiB")
    seconds = duration.task_seconds(made, made.task_bytes)
    by_label = {node.label: seconds[made.task_node == k].max() for k, node in enumerate(made.nodes)}

    assert by_label["sum, merge"] < 0.001
    assert by_label["take"] < 10 * by_label["sum"]


def test_a_function_that_closes_over_what_is_not_there_yet() -> None:
    """It is somebody else's, whatever it will find there."""

    def main() -> float:
        def plus(block):
            return block + later

        array = nb.ones((100, 100), chunks=10).map_blocks(plus, dtype="f8").sum()
        users = [duration.is_users(node) for node in plan([array.expr]).nodes]
        later = 1
        assert users.count(True) == 1
        return float(array.compute())

    assert main() == 20_000
