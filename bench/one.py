"""One measurement, in a process of its own: ``python -m bench.one ROW LIBRARY``; prints one line of JSON.

Memory is what the process holds that isn't file-backed (``RssAnon``), sampled by a thread; the base is
what it held when the data was made, before the first run.
"""

from __future__ import annotations

import argparse
import json
import re
import threading
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np

from bench.rows import ROWS, Sizes


def held_bytes() -> int:
    """Bytes of anonymous memory of this process (Linux); 0 where that can't be told."""
    try:
        found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


class PeakMemory:
    """Samples `held_bytes` every few milliseconds."""

    def __init__(self) -> None:
        self.base = self.peak = held_bytes()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stop.is_set():
            self.peak = max(self.peak, held_bytes())
            sleep(0.002)

    def end(self) -> int:
        """Stop, and return the most that was held over what was held in the beginning."""
        self._stop.set()
        self._thread.join()
        return self.peak - self.base


def summary(result: Any) -> list[float] | None:
    """A few numbers that agree between libraries up to rounding."""
    if result is None:
        return None
    values: Any = np.ma.asarray(result).astype(float)
    return [float(values.mean()), float(values.std()), float(values.min()), float(values.max()), float(values.count())]


def main() -> None:
    """Make the data, run the work once under watch for memory, and then so many times for time."""
    parser = argparse.ArgumentParser(prog="python -m bench.one", description=__doc__)
    parser.add_argument("row")
    parser.add_argument("library")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    sizes = Sizes.quick(options.folder) if options.quick else Sizes.full(options.folder)
    try:
        work = ROWS[options.row].libraries[options.library](sizes)
    except ModuleNotFoundError as missing:
        print(json.dumps({"missing": missing.name}))
        return
    # measured apart: sampling takes a little of the processor
    memory = PeakMemory()
    start = perf_counter()
    result = work()
    first = perf_counter() - start
    peak = memory.end()
    times = []
    for _ in range(options.repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    digest = summary(result)
    print(json.dumps({"first_s": first, "best_s": min(times), "peak_bytes": peak, "summary": digest}))


if __name__ == "__main__":
    main()
