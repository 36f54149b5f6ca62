"""``python -m bench``: every row on every library, alternating processes, medians and ratios.

``--quick`` makes small data and asks only whether the results agree.  ``--budgets`` runs nbarray at budgets
from the least that each row takes, and compares memory with what was promised.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.budgets import SHARES, budget_table, sweep
from bench.chart import draw
from bench.data import Sizes, make_files
from bench.measure import run_quickly, run_row
from bench.report import table
from bench.rows import ROWS

PACKAGES = ("nbarray", "numpy", "dask", "dask-array", "frisky", "cubed", "numexpr", "blosc2", "numba")
READERS = ("netCDF4", "h5py", "deflate")


def machine() -> str:
    """What was measured, on what."""
    packages = []
    for name in (*PACKAGES, *READERS):
        try:
            packages.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            packages.append(f"{name} missing")
    return f"Python {platform.python_version()} on {platform.machine()} {platform.system()}; " + ", ".join(packages)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("rows", nargs="*", help=f"rows to run, of: {', '.join(ROWS)}")
    parser.add_argument("--quick", action="store_true", help="small data, one process each: do the results agree?")
    parser.add_argument("--budgets", action="store_true", help=f"nbarray alone, at {SHARES} times what it takes")
    parser.add_argument("--processes", type=int, default=5, help="processes for each library (default 5)")
    parser.add_argument("--only", nargs="*", metavar="LIBRARY", help="only nbarray and these libraries")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "nbarray-bench", help="for files")
    parser.add_argument("--json", type=Path, help="write all figures there")
    parser.add_argument("--chart", type=Path, help="draw the ratios there: svg, png or pdf")
    options = parser.parse_args()
    unknown = [name for name in options.rows if name not in ROWS]
    if unknown:
        parser.error(f"no row {unknown[0]!r}; rows: {', '.join(ROWS)}")
    return options


def main() -> int:
    """Run rows and print their table; 1 if results don't agree, or break a budget."""
    options = _options()
    sizes = Sizes.quick(options.folder) if options.quick else Sizes.full(options.folder)
    make_files(sizes)
    rows = [ROWS[name] for name in options.rows or ROWS]
    shown = budget_table if options.budgets else table
    results: list[dict[str, Any]] = []
    print(machine(), "", *shown([]).splitlines(), sep="\n", flush=True)
    if options.quick and not options.budgets:
        results = run_quickly(rows, options.folder, options.only)
        print(*shown(results).splitlines()[2:], sep="\n", flush=True)
    for row in rows if not results else ():
        if options.budgets:
            results += sweep(row, options.folder, options.quick)
            new = [r for r in results if r["row"] == row.name]
        else:
            processes = 1 if row.once else options.processes
            new = [run_row(row, options.folder, processes, only=options.only)]
            results += new
        if new:
            print(*shown(new).splitlines()[2:], sep="\n", flush=True)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "results": results}, indent=1))
    if options.chart and not options.budgets:
        draw(results, options.chart)
    return 0 if all(r["agree"] and not r.get("broken") for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
