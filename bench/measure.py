"""Processes that measure, in turn, and what their figures come to."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.data import ROOT
from bench.row import Row

__all__ = ["agrees", "all_agree", "measure", "measure_memory", "run_quickly", "run_row"]

#: What is measured in each process.
FIGURES = ("best_s", "first_s", "peak_bytes")
#: What nbarray's plan says.
PLANNED = ("reads", "spilled_bytes", "least_bytes", "projected_bytes", "tasks")


def measure(row: str, library: str, folder: Path, quick: bool) -> dict[str, Any]:
    """One process; what went wrong in it is told under "failed"."""
    return _measured([row], library, folder, ["--quick"] if quick else [])[row]


def measure_memory(row: str, folder: Path, quick: bool, memory: int | None) -> dict[str, Any]:
    """One process in which nbarray computes once, what it is to compute being there, with a budget."""
    options = ["--quick"] * quick + ["--built", "--repeats", "0"] + (["--memory", str(memory)] if memory else [])
    return _measured([row], "nbarray", folder, options)[row]


def measure_together(rows: list[str], library: str, folder: Path) -> dict[str, dict[str, Any]]:
    """Rows of small data in one process, only to see what they give.

    BLAS has one thread: in libraries that call it from several at a time, theirs would wait for each other.
    """
    return _measured(rows, library, folder, ["--quick", "--repeats", "0"], {"OPENBLAS_NUM_THREADS": "1"})


def _measured(
    rows: list[str], library: str, folder: Path, options: list[str], environment: dict[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    command = [sys.executable, "-m", "bench.one", library, *rows, "--folder", str(folder), *options]
    variables = os.environ | (environment or {})
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    found = {
        m.pop("row"): m for m in map(json.loads, filter(lambda s: s.startswith('{"row"'), done.stdout.splitlines()))
    }
    said = done.stderr.strip().splitlines() or ["nothing said"]
    failed = {"failed": f"exit {done.returncode}: {said[-1][:200]}"}
    return {row: found.get(row, failed) for row in rows}


def run_quickly(rows: list[Row], folder: Path, only: list[str] | None = None) -> list[dict[str, Any]]:
    """Whether all libraries agree on small data; a process for each library."""
    names = dict.fromkeys(name for row in rows for name in _chosen(row, only))
    found = {name: measure_together([r.name for r in rows if name in r.libraries], name, folder) for name in names}
    return [run_row(row, folder, 1, True, only, lambda row, name: found[name][row]) for row in rows]


def _chosen(row: Row, only: list[str] | None) -> list[str]:
    return [name for name in row.libraries if only is None or name in ("nbarray", *only)]


def run_row(
    row: Row,
    folder: Path,
    processes: int,
    quick: bool = False,
    only: list[str] | None = None,
    measured_by: Callable[[str, str], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """All libraries of a row, in turn, so many times over; what isn't installed or fails is left out and said.

    measured_by : (row, library) -> a measurement, in place of a process of its own
    """
    take = measured_by or partial(measure, folder=folder, quick=quick)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in _chosen(row, only)}
    missing: dict[str, str] = {}
    for _ in range(processes):
        for name in list(found):
            measured = take(row.name, name)
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
