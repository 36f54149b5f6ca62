"""Memory goes back when runs end."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest

import nbarray as nb
from nbarray.engines.memory import give_back, spares_for
from nbarray.engines.tasks import let_go
from nbarray.expr.lowered_folds import Merge
from nbarray.io.scratch import forget, held_bytes, scratch
from nbarray.kernels.workspace import SMALL_BYTES, Spares, Workspace
from nbarray.session import plan
from tests.engines.patience import PATIENCE_S

linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells what a process holds")

HELD = """
import re
def held():
    text = open("/proc/self/status").read()
    return int(re.search(r"RssAnon:\\s+(\\d+) kB", text)[1]) * 1024
"""


def python(code: str) -> list[int]:
    """Numbers that a fresh process prints."""
    done = subprocess.run([sys.executable, "-c", HELD + code], capture_output=True, text=True, check=True, timeout=120)
    return [int(n) for n in done.stdout.split()]


@linux
def test_what_a_run_held_goes_back() -> None:
    """After a run that held dozens of megabytes, the process holds its result and little more."""
    base, after, result = python(
        "import numpy as np, nbarray as nb\n"
        "x = nb.arange(20_000_000.0, chunks=10**6).reshape(2000, 10_000)\n"
        "def twice(block): return block * 2\n"
        "y = x.map_blocks(twice, dtype=float)\n"
        "y[:10].sum().compute(workers=2)\n"
        "base = held()\n"
        "made = (y - y.mean(axis=0)).max(axis=0).compute(workers=2, memory='1GiB')\n"
        "print(base, held(), made.nbytes)\n"
    )

    assert after - base - result <= 0.05 * (base + result) + 4 * 2**20


@linux
def test_what_threads_freed_goes_back() -> None:
    """A thread gives back what is at the end of an arena of its own, where the whole process can't."""
    base, before, after = python(
        "import threading\n"
        "from nbarray.engines.memory import exact, give_back, give_back_own\n"
        "exact()\n"
        "def work():\n"
        "    blocks = [bytearray(2**19) for _ in range(80)]\n"
        "    del blocks\n"
        "    give_back()\n"
        "    print(held())\n"
        "    give_back_own()\n"
        "print(held())\n"
        "thread = threading.Thread(target=work)\n"
        "thread.start()\n"
        "thread.join()\n"
        "print(held())\n"
    )

    assert after <= before + 2**20
    assert after - base <= 2 * 2**20


@linux
def test_hundreds_of_runs_leak_nothing() -> None:
    """Memory, threads and open files are after 500 runs what they were after 50."""
    early, late, threads, opened = python(
        "import os, threading, numpy as np, nbarray as nb\n"
        "a = np.ones((400, 500))\n"
        "def run():\n"
        "    x = nb.from_array(a, chunks=100).map_blocks(np.negative, dtype=float)\n"
        "    (x.T + 1).sum(axis=0).compute(workers=2)\n"
        "def least():  # what comes and goes differs from run to run by a megabyte or two\n"
        "    looks = []\n"
        "    for _ in range(20): run(); looks.append(held())\n"
        "    return min(looks)\n"
        "for _ in range(30): run()\n"
        "early, opened = least(), len(os.listdir('/proc/self/fd'))\n"
        "for _ in range(430): run()\n"
        "print(early, least(), threading.active_count(), len(os.listdir('/proc/self/fd')) - opened)\n"
    )

    assert late - early <= 2 * 2**20
    assert 1 == threads
    assert 0 == opened


def test_cancelling_frees_blocks() -> None:
    """A run that holds many blocks holds none when it has been cancelled."""
    ready, go_on = threading.Event(), threading.Event()
    made: list[weakref.ref[np.ndarray]] = []

    def more(block: np.ndarray) -> np.ndarray:
        made.append(weakref.ref(result := block + 1))
        return result

    def last(block: np.ndarray) -> np.ndarray:
        ready.set()
        go_on.wait(10)
        return block

    x = nb.ones((64, 1000, 100), chunks=(1, 1000, 100)).map_blocks(more, dtype=float)
    y = x.rechunk((64, 1000, 100)).map_blocks(last, dtype=float)
    run = y.sum().start(workers=2)
    assert ready.wait(30)
    held = sum(block() is not None for block in made)
    run.cancel()
    go_on.set()

    assert run.wait(PATIENCE_S)
    gc.collect()
    assert 64 == len(made)
    assert 0 < held
    assert 0 == sum(block() is not None for block in made)


@linux
def test_asking_for_it_works_here() -> None:
    """Where the C library is glibc, it is asked."""
    libc = os.confstr("CS_GNU_LIBC_VERSION") or ""

    assert bool(re.match("glibc", libc)) == give_back()


def test_workers_keep_next_to_nothing_for_other_tasks() -> None:
    """What a worker's tasks worked in is let go of before a task of another node, and before waiting."""
    forget()  # what tests before this one have read with
    workspace = Workspace()
    workspace.buffer("read", (2**19,), np.dtype("u1"))
    scratch("raw", 2**19)

    assert not let_go(workspace)
    scratch("raw", 2**20)
    assert let_go(workspace)
    assert 0 == workspace.held_bytes == held_bytes()
    assert not let_go(workspace)


def test_buffers_stay_while_states_are_merged_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted for the state that a merge makes is free, as it is made of the first; no more than that stays."""
    kept: dict[bool, list[int]] = {True: [], False: []}
    run = Merge.run

    def looked(self: Merge, low: Any, high: Any, blocks: Any, sink: Any, workspace: Workspace) -> Any:
        kept[self.in_place].append(workspace.held_bytes + held_bytes())
        return run(self, low, high, blocks, sink, workspace)

    monkeypatch.setattr(Merge, "run", looked)
    maps = np.arange(48, dtype="i2")[:, None, None] + np.zeros((1024, 1024), "i2")
    with h5py.File(tmp_path / "maps.h5", "w") as file:
        stored = file.create_dataset("x", data=maps, chunks=(1, 1024, 1024), compression=1)
        made = nb.from_array(stored).mean(axis=0).compute(workers=1)

    np.testing.assert_array_equal(maps.mean(axis=0), made)
    assert SMALL_BYTES < max(kept[True]) <= made.nbytes
    assert max(kept[False]) <= SMALL_BYTES


def test_buffers_that_are_counted_for_a_merge_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Buffers that take more than the state that a merge makes stay too, as far as more is counted for it."""
    pytest.importorskip("numba")
    kept: list[int] = []
    run = Merge.run

    def looked(self: Merge, low: Any, high: Any, blocks: Any, sink: Any, workspace: Workspace) -> Any:
        if self.in_place:
            kept.append(workspace.held_bytes + held_bytes())
        return run(self, low, high, blocks, sink, workspace)

    monkeypatch.setattr(Merge, "run", looked)
    maps = np.arange(48, dtype="i2")[:, None, None] + np.zeros((1024, 1024), "i2")
    with netCDF4.Dataset(tmp_path / "maps.nc", "w") as file:
        for name, size in zip("tyx", maps.shape, strict=True):
            file.createDimension(name, size)
        stored = file.createVariable("x", "i2", tuple("tyx"), zlib=True, complevel=1, chunksizes=(1, 1024, 1024))
        stored.set_auto_maskandscale(False)
        stored.setncatts({"scale_factor": 0.5, "add_offset": 3.0})
        stored[...] = maps
    with nb.config(jit=True):
        mean = nb.open(tmp_path / "maps.nc", "x").mean(axis=0)
        made = plan([mean.expr])
        found = mean.compute(workers=1)
    merges = [k for k, node in enumerate(made.nodes) if node.in_place]
    counted = made.task_bytes + made.scratch_bytes

    np.testing.assert_allclose(maps.mean(axis=0) * 0.5 + 3, found, rtol=1e-14)
    assert found.nbytes < max(kept) <= min(counted[np.isin(made.task_node, merges)])


def test_states_are_made_in_what_others_leave() -> None:
    """A merged state's arrays become the next one's, of the same shape and dtype; no more than two are kept."""
    kind = np.dtype(float)
    arrays = [np.full((3, k), float(k)) for k in range(3)]
    spares, none = Spares(2), Spares()
    for array in arrays:
        spares.leave([array])
        none.leave([array])
    spares.leave([])

    assert (8 * 3 * (1 + 2), 0) == (spares.held_bytes, none.held_bytes)
    assert spares.take((3, 2), np.dtype("f4")) is not arrays[2]
    assert spares.take((3, 2), kind) is arrays[2]
    assert spares.take((3, 2), kind) is not arrays[2]
    assert spares.take((3, 0), kind) is not arrays[0]
    assert none.take((3, 1), kind) is not arrays[1]
    spares.clear()
    assert spares.take((3, 1), kind) is not arrays[1]
    spares.close()
    spares.leave([arrays[0]])
    assert spares.take((3, 0), kind) is not arrays[0]
    assert spares.held_bytes == 0


def test_nothing_is_left_where_memory_is_short() -> None:
    """What workers keep isn't counted: a budget that is just enough is kept without."""
    made = plan([nb.ones((1000, 1000), chunks=100).mean(axis=0).expr])

    for room, kept in [(1, 0), (2, 80)]:
        spares = spares_for(made, room * made.run_bytes())
        spares.leave([np.zeros(10)])
        assert kept == spares.held_bytes


def test_blocks_are_left_where_no_states_are_made() -> None:
    """What was read for several passes is used again whatever they make of it, while there is room."""
    made = plan([(nb.ones((100, 100), chunks=10) + 1).expr])

    for room, kept in [(1, 0), (2, 80)]:
        spares = spares_for(made, room * made.run_bytes())
        spares.leave_freed((np.zeros(10), None))
        assert kept == spares.held_bytes


def test_nothing_is_left_once_all_large_states_were_made() -> None:
    """What is done after that is held beside nothing, also if it makes states of single numbers."""
    x = nb.random.default_rng(2).random((400_000, 500), chunks=(10_000, 500))
    made = plan([((x - x.mean(axis=0)) / x.std(axis=0)).sum().expr])
    folds = [k for k, n in enumerate(made.nodes) if n.gives_states and not isinstance(n, Merge)]
    tasks = {k: np.flatnonzero(made.task_node == k) for k in folds}
    large = [k for k in folds if made.task_bytes[tasks[k]].max() > 8]
    spares = spares_for(made, 2 * made.run_bytes())
    spares.leave([np.zeros(10)])
    left = []
    for node in [k for k in large for _ in tasks[k]]:
        left.append(spares.held_bytes)
        spares.note_done(node)

    assert 0 < len(large) < len(folds)
    assert set(left) == {80}
    assert spares.held_bytes == 0
