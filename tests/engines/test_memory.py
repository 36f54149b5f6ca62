"""Memory goes back when runs end."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import nbarray as nb
from nbarray.engines.memory import give_back

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


def test_cancelling_frees_blocks_within_a_second() -> None:
    """A run that holds many blocks holds none when it has been cancelled."""
    ready, go_on = threading.Event(), threading.Event()

    def last(block: np.ndarray) -> np.ndarray:
        ready.set()
        go_on.wait(10)
        return block

    x = nb.ones((64, 1000, 100), chunks=(1, 1000, 100)).map_blocks(lambda b: b + 1, dtype=float)
    y = x.rechunk((64, 1000, 100)).map_blocks(last, dtype=float)
    run = y.sum().start(workers=2)
    assert ready.wait(30)
    run.cancel()
    go_on.set()

    assert run.wait(1)
    gc.collect()
    alive = [o for o in gc.get_objects() if isinstance(o, np.ndarray) and o.nbytes >= 800_000]
    assert [] == alive


@linux
def test_asking_for_it_works_here() -> None:
    """Where the C library is glibc, it is asked."""
    libc = os.confstr("CS_GNU_LIBC_VERSION") or ""

    assert bool(re.match("glibc", libc)) == give_back()
