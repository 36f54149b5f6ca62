"""Measurements of a library in a process of its own: ``python -m bench.one LIBRARY ROW``; prints a line of JSON.

Several rows in one process are for finding out whether results agree, not how long they take.

Memory is what the process holds that isn't file-backed (``RssAnon``), sampled by a thread and by Linux; the base is
what it held when the data was made, before the first run.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import json
import math
import re
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np

from bench.data import Sizes
from bench.peers import PEERS, THREADS
from bench.row import Row
from bench.rows import ROWS

#: What has taken so long is not repeated.
PATIENCE_S = 15.0


def held_bytes() -> dict[str, int]:
    """What Linux says of this process's memory in bytes, by the names it uses; 0 where that can't be told."""
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:
        text = ""
    found = dict(re.findall(r"^(RssAnon|RssFile|RssShmem|VmHWM):\s+(\d+) kB", text, re.MULTILINE))
    return {name: int(found.get(name, 0)) * 1024 for name in ("RssAnon", "RssFile", "RssShmem", "VmHWM")}


def _forget_peak() -> bool:
    """Have Linux begin its account of the most memory of this process anew; whether it did."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


class PeakMemory:
    """The most that isn't file-backed; what was freed before is given back first, and not held.

    Samples `held_bytes` every few milliseconds. Linux itself keeps the most that was held (``VmHWM``), with what is
    backed by files: less the most of files that was seen, it tells what was held between samples; the larger counts.
    """

    def __init__(self) -> None:
        gc.collect()
        with contextlib.suppress(AttributeError, OSError):
            ctypes.CDLL(None).malloc_trim(0)
        self._kept = _forget_peak()
        self._most = held_bytes()
        self.base = self._most["RssAnon"]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        self._most = {name: max(found, self._most[name]) for name, found in held_bytes().items()}

    def _watch(self) -> None:
        while not self._stop.is_set():
            self._look()
            sleep(0.002)

    def end(self) -> int:
        """Stop, and return the most that was held over what was held in the beginning."""
        self._stop.set()
        self._thread.join()
        self._look()
        kept = self._most["VmHWM"] - self._most["RssFile"] - self._most["RssShmem"] if self._kept else 0
        return max(self._most["RssAnon"], kept) - self.base


def summary(result: Any) -> list[float] | None:
    """A few numbers that agree between libraries up to rounding."""
    if result is None:
        return None
    found: list[float] = []
    for each in result if isinstance(result, tuple | list) else (result,):
        values: Any = np.ma.asarray(each).astype(float)
        found += [float(values.mean()), float(values.std()), float(values.min()), float(values.max())]
        found.append(float(values.count()))
    return found


class Told:
    """What nbarray's runs say of their plans before they begin; of several runs, the most of each."""

    def __init__(self) -> None:
        self.found: dict[str, float] = {}

    def __call__(self, event: Any) -> None:
        """Look at an event of a run."""
        match type(event).__name__:
            case "PlanDetails":
                shares = [s.decoded_bytes / max(1, s.stored_bytes) for s in event.sources]
                self._note("reads", max(shares, default=0.0))
                self._note("spilled_bytes", event.spilled_bytes)
                self._note("projected_bytes", event.projected_bytes)
            case "PlanReady":
                self._note("least_bytes", event.peak_bytes)
                self._note("result_bytes", event.result_bytes)
                self._note("tasks", event.tasks)

    def _note(self, name: str, value: float) -> None:
        self.found[name] = max(value, self.found.get(name, 0))


def planned(row: Row, sizes: Sizes, memory: int | None) -> dict[str, Any]:
    """What nbarray's plan says before the run: bytes, and how often the source that is read most is read.

    Empty where there is no plan before parts have been computed: those who run tell it then.
    """
    if row.of is None:
        return {}
    from nbarray.plan.projection import projected_peak
    from nbarray.plan.reads import reads_by_source
    from nbarray.session import has_unknown_sizes, limits, plan

    arrays = row.arrays(PEERS["nbarray"](sizes.folder, memory), sizes)
    if any(has_unknown_sizes(x.expr) for x in arrays):
        return {}
    made, (budget, _) = plan([x.expr for x in arrays], memory), limits(memory)
    sizes_of = {s: math.prod(s.sizes) * s.dtype.itemsize for s in reads_by_source(made)}
    reads = [r.decoded_bytes / max(1, sizes_of[s]) for s, r in reads_by_source(made).items()]
    return {
        "reads": max(reads, default=0.0),
        "spilled_bytes": made.spilled_bytes,
        "least_bytes": made.run_bytes(),
        "result_bytes": made.result_bytes,
        "projected_bytes": projected_peak(made, THREADS, budget),
        "tasks": made.ntasks,
    }


def watched_first(work: Callable[[], Any], library: str, told: dict[str, Any]) -> tuple[Any, float, int]:
    """Result, seconds and peak memory of the first run; `told` gets what nbarray tells, where it had no plan before."""
    watched = PeakMemory()
    with contextlib.ExitStack() as stack:
        if library == "nbarray" and not told:
            from nbarray.session import observe

            seen = stack.enter_context(observe(Told()))
        else:
            seen = None
        start = perf_counter()
        result = work()
        seconds = perf_counter() - start
    peak = watched.end()
    if isinstance(seen, Told):
        told.update(seen.found)
    return result, seconds, peak


def opened(row: Row, name: str, sizes: Sizes, memory: int | None, built: bool = False) -> Callable[[], Any]:
    """The work of a library or of a limit; raises ModuleNotFoundError where it isn't installed.

    built : leave building the expression out of it, where there is one
    """
    if name in row.besides:
        return row.besides[name](sizes)
    library = PEERS[name](sizes.folder, memory)
    if not built or row.of is None:
        return row.open(library, sizes)
    arrays = row.arrays(library, sizes)
    return lambda: library.compute(*arrays)


def main() -> None:
    """Measure rows, one after the other; a row that fails is told, and the next is measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.one", description=__doc__)
    parser.add_argument("library")
    parser.add_argument("row", nargs="+")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "nbarray-bench")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--built", action="store_true", help="measure computing alone, not what expressions hold")
    parser.add_argument("--memory", type=int, help="nbarray's budget in bytes, in place of the row's")
    options = parser.parse_args()
    for name in options.row:
        try:
            measured = measure(ROWS[name], options)
        except Exception as error:
            if len(options.row) == 1:
                raise
            measured = {"failed": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps({"row": name} | measured), flush=True)


def measure(row: Row, options: argparse.Namespace) -> dict[str, Any]:
    """Make the data, run the work once under watch for memory, and then so many times for time."""
    sizes = Sizes.quick(options.folder) if options.quick else Sizes.full(options.folder)
    memory = options.memory or (None if options.quick else row.memory)
    try:
        work = opened(row, options.library, sizes, memory, options.built)
    except ModuleNotFoundError as missing:
        return {"missing": missing.name}
    told = planned(row, sizes, memory) if options.library == "nbarray" else {}
    # measured apart: sampling takes a little of the processor
    result, first_s, peak = watched_first(work, options.library, told)
    times = [first_s]
    for _ in range(0 if row.once else options.repeats):
        if sum(times) > PATIENCE_S:
            break
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    best = min(times[1:], default=times[0])
    return {"first_s": times[0], "best_s": best, "peak_bytes": peak, "summary": summary(result), **told}


if __name__ == "__main__":
    main()
