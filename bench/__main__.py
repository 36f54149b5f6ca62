"""``python -m bench``: every row on every library, alternating processes, medians and ratios.

``--quick`` makes small data and asks only whether the results agree.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from bench.rows import ROWS, Row, Sizes

ROOT = Path(__file__).parent.parent
#: What is measured in each process.
FIGURES = ("best_s", "first_s", "peak_bytes")


def measure(row: str, library: str, folder: Path, quick: bool) -> dict[str, Any]:
    """One process; raises CalledProcessError, with what it said, when it fails."""
    command = [sys.executable, "-m", "bench.one", row, library, "--folder", str(folder)]
    command += ["--quick", "--repeats", "1"] if quick else []
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{row} on {library} failed:\n{done.stderr[-2000:]}")
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def run_row(row: Row, folder: Path, processes: int, quick: bool) -> dict[str, Any]:
    """All libraries of a row, in turn, so many times over; what isn't installed is left out."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in row.libraries}
    missing: dict[str, str] = {}
    for _ in range(processes):
        for name in list(found):
            measured = measure(row.name, name, folder, quick)
            if "missing" in measured:
                missing[name] = measured["missing"]
                del found[name]
            else:
                found[name].append(measured)
    libraries = {name: {k: median(m[k] for m in runs) for k in FIGURES} for name, runs in found.items()}
    for name, runs in found.items():
        # of neighbours in time, so that a slow minute of the machine hits both
        pairs = list(zip(runs, found["nbarray"], strict=True))
        libraries[name] |= {f"{k}_ratio": median(m[k] / own[k] for m, own in pairs) for k in ("best_s", "first_s")}
    own = libraries["nbarray"]
    ratio = libraries["dask"]["best_s_ratio"] if "dask" in libraries else None
    return {
        "row": row.name,
        "work": row.work,
        "must": str(row.must),
        "missed": not quick and row.must.missed(ratio, own["best_s"], own["peak_bytes"]),
        "libraries": libraries,
        "missing": missing,
        "ratio": ratio,
        "agree": all_agree([runs[0]["summary"] for runs in found.values() if runs[0]["summary"] is not None]),
        "processes": found,
    }


def all_agree(summaries: list[list[float]]) -> bool:
    """Whether all libraries gave the same result."""
    return all(agrees(summaries[0], other) for other in summaries[1:])


def agrees(a: list[float], b: list[float]) -> bool:
    """Whether two results are the same up to rounding."""
    return all(math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-6) for x, y in zip(a, b, strict=True))


def table(results: list[dict[str, Any]]) -> str:
    """The results as a table in Markdown; what nbarray had to reach and didn't is in bold."""
    lines = ["| row | library | best of 3 | | first run | | peak over base | must | agree |"]
    lines.append("|---|---|---:|---:|---:|---:|---:|---|---|")
    for r in results:
        for name, m in r["libraries"].items():
            figures = [f"{1000 * m['best_s']:.1f} ms", "", f"{1000 * m['first_s']:.1f} ms", ""]
            if name != "nbarray":
                figures[1::2] = [f"{m[k]:.2f} ×" for k in ("best_s_ratio", "first_s_ratio")]
            figures.append(f"{m['peak_bytes'] / 10**6:.0f} MB")
            own = ["", "", ""]
            if name == "nbarray":
                must = f"**{r['must']}**" if r["missed"] else r["must"]
                own = [r["row"], must, "yes" if r["agree"] else "**NO**"]
            lines.append("| " + " | ".join([own[0], name, *figures, *own[1:]]) + " |")
        lines.extend(f"| | {name} | {package} is not installed | | | | | | |" for name, package in r["missing"].items())
    return "\n".join(lines)


def machine() -> str:
    """What was measured, on what."""
    packages = []
    for name in ("nbarray", "numpy", "dask", "netCDF4", "h5py", "deflate"):
        try:
            packages.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            packages.append(f"{name} missing")
    return f"Python {platform.python_version()} on {platform.machine()} {platform.system()}; " + ", ".join(packages)


def make_files(sizes: Sizes) -> None:
    """The sample files, if they aren't there yet."""
    command = [sys.executable, "-m", "nbarray", "sample", "met", str(sizes.folder), "--days", str(sizes.days)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    """Run rows and print their table; 1 if results don't agree."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", help=f"rows to run, of: {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="small data, one process each: do the results agree?")
    parser.add_argument("--processes", type=int, default=5, help="processes for each library (default 5)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "nbarray-bench", help="for files")
    parser.add_argument("--json", type=Path, help="write all figures there")
    options = parser.parse_args()
    unknown = [name for name in options.rows if name not in ROWS]
    if unknown:
        parser.error(f"no row {unknown[0]!r}; rows: {', '.join(ROWS)}")
    sizes = Sizes.quick(options.folder) if options.quick else Sizes.full(options.folder)
    make_files(sizes)
    results = []
    for name in options.rows or ROWS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        results.append(run_row(ROWS[name], options.folder, 1 if options.quick else options.processes, options.quick))
    print(machine(), table(results), sep="\n\n")
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "results": results}, indent=1))
    return 0 if all(r["agree"] for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
