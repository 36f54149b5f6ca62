"""Processes that measure, in turn, and what their figures come to."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from bench.data import ROOT
from bench.rows import Row

__all__ = ["agrees", "all_agree", "measure", "run_row"]

#: What is measured in each process.
FIGURES = ("best_s", "first_s", "peak_bytes")
#: What nbarray's plan says.
PLANNED = ("reads", "spilled_bytes", "least_bytes", "projected_bytes", "tasks")


def measure(row: str, library: str, folder: Path, quick: bool, memory: int | None = None) -> dict[str, Any]:
    """One process; what went wrong in it is told under "failed"."""
    command = [sys.executable, "-m", "bench.one", row, library, "--folder", str(folder)]
    command += ["--quick", "--repeats", "1"] if quick else []
    command += ["--memory", str(memory)] if memory else []
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["nothing said"]
        return {"failed": f"exit {done.returncode}: {said[-1][:200]}"}
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def run_row(
    row: Row, folder: Path, processes: int, quick: bool = False, only: list[str] | None = None
) -> dict[str, Any]:
    """All libraries of a row, in turn, so many times over; what isn't installed or fails is left out and said."""
    chosen = [name for name in row.libraries if only is None or name in ("nbarray", *only)]
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in chosen}
    missing: dict[str, str] = {}
    for _ in range(processes):
        for name in list(found):
            measured = measure(row.name, name, folder, quick)
            if "missing" in measured or "failed" in measured:
                absent = measured.get("missing")
                missing[name] = f"{absent} is not installed" if absent else f"can't do it ({measured['failed']})"
                del found[name]
            else:
                found[name].append(measured)
    if "nbarray" not in found:
        raise RuntimeError(f"{row.name}: nbarray {missing['nbarray']}")
    libraries = {name: {k: median(m[k] for m in runs) for k in FIGURES} for name, runs in found.items()}
    for name, runs in found.items():
        # of neighbours in time, so that a slow minute of the machine hits both
        pairs = list(zip(runs, found["nbarray"], strict=True))
        libraries[name] |= {f"{k}_ratio": median(m[k] / own[k] for m, own in pairs) for k in ("best_s", "first_s")}
    own = libraries["nbarray"] | {k: v for k, v in found["nbarray"][0].items() if k in PLANNED}
    times = {name: m["best_s_ratio"] for name, m in libraries.items()}
    summaries = {name: runs[0]["summary"] for name, runs in found.items()}
    return {
        "row": row.name,
        "work": row.work,
        "must": str(row.must),
        "short": [] if quick else row.must.missed(times, own),
        "libraries": libraries | {"nbarray": own},
        "missing": missing,
        "agree": all_agree([s for name, s in summaries.items() if s is not None and name not in row.differs]),
        "differs": {name: why for name, why in row.differs.items() if name in found},
        "processes": found,
    }


def all_agree(summaries: list[list[float]]) -> bool:
    """Whether all libraries gave the same result."""
    return all(agrees(summaries[0], other) for other in summaries[1:])


def agrees(a: list[float], b: list[float]) -> bool:
    """Whether two results are the same up to rounding."""
    return len(a) == len(b) and all(math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-6) for x, y in zip(a, b, strict=True))
