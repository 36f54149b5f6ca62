"""The benchmark suite runs, and all libraries give the same results; times are not looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nbarray as nb
from bench.measure import agrees
from bench.one import Told
from bench.report import table
from bench.row import Must
from bench.rows import ROWS
from nbarray.session import observe
from tests.house.source import ROOT


@pytest.mark.slow
def test_quick_run_agrees(tmp_path: Path) -> None:
    """`python -m bench --quick` runs every row on every library, and they agree."""
    pytest.importorskip("dask.array")
    out = tmp_path / "figures.json"
    command = [sys.executable, "-m", "bench", "--quick", "--folder", str(tmp_path / "files"), "--json", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(out.read_text())["results"]

    assert list(ROWS) == [r["row"] for r in results]
    assert [] == [r["row"] for r in results if not r["agree"]]
    assert {} == {r["row"]: r["missing"] for r in results if r["missing"]}
    assert all(list(ROWS[r["row"]].libraries) == list(r["libraries"]) for r in results)


def test_an_unknown_row_is_refused() -> None:
    """The rows that there are, are named."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "fast"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )

    assert 2 == done.returncode
    assert "no row 'fast'; rows: met mean" in done.stderr


def test_nbarray_comes_first() -> None:
    """Every row measures nbarray, and its peers after it."""
    assert {"nbarray"} == {next(iter(row.libraries)) for row in ROWS.values()}


def test_agreement_is_up_to_rounding() -> None:
    """Sums in another order agree, other numbers don't."""
    assert agrees([1.0, 0.1 + 0.2], [1.0, 0.3])
    assert not agrees([1.0, 2.0], [1.0, 2.001])


def test_what_must_be_reached() -> None:
    """Each demand can be missed by itself."""
    must = Must(2.0, {"numpy": 1.5}, seconds=0.5, peak_bytes=100, reads=2, spills=False)
    times, own = {"dask": 2.0, "numpy": 1.0}, {"best_s": 0.5, "peak_bytes": 100, "reads": 2.0, "spilled_bytes": 0}

    assert "≥ 2 ×, ≤ 500 ms, ≤ 1.5 × numpy, ≤ 0.0001 MB, 2 reads, nothing spilled" == str(must)
    assert [] == must.missed(times, own)
    assert ["1.90 ×"] == must.missed(times | {"dask": 1.9}, own)
    assert ["2.00 × numpy"] == must.missed(times | {"numpy": 0.5}, own)
    assert ["600 ms"] == must.missed(times, own | {"best_s": 0.6})
    assert ["1 MB"] == must.missed(times, own | {"peak_bytes": 10**6})
    assert ["3.00 reads"] == must.missed(times, own | {"reads": 3.0})
    assert ["5 MB spilled"] == must.missed(times, own | {"spilled_bytes": 5 * 10**6})


def test_the_best_of_the_peers_counts() -> None:
    """A library that is only there to compare with sets no demand."""
    own = {"best_s": 1.0, "peak_bytes": 1}

    assert ["1.50 ×"] == Must(2.0).missed({"dask": 3.0, "dask-array": 1.5, "numpy": 0.5}, own)


def test_the_table_shows_what_was_missed() -> None:
    """What has to be reached and wasn't is bold; what isn't installed is said to be missing."""
    figures = {"best_s": 0.1, "first_s": 0.2, "peak_bytes": 5e6, "best_s_ratio": 1.0, "first_s_ratio": 1.0}
    result = {
        "row": "fused", "must": "≥ 2 ×", "short": ["1.50 ×"], "agree": True, "differs": {},
        "missing": {"cubed": "cubed is not installed"},
        "libraries": {"nbarray": figures, "dask": {**figures, "best_s": 0.15, "best_s_ratio": 1.5}},
    }  # fmt: skip
    lines = table([result]).splitlines()

    assert "| fused | nbarray | 100.0 ms |  | 200.0 ms |  | 5 MB | ≥ 2 ×: **1.50 ×** | yes |" == lines[2]
    assert "|  | dask | 150.0 ms | 1.50 × | 200.0 ms | 1.00 × | 5 MB |  |  |" == lines[3]
    assert "| | cubed | cubed is not installed | | | | | | |" == lines[4]


def test_runs_tell_their_plans() -> None:
    """Rows that are no single expression are judged by what their runs tell before they begin."""
    told = Told()
    x = nb.ones((400, 500), chunks=100)
    with observe(told):
        for part in (x[:100], x):
            (part.map_blocks(np.negative, dtype=float) + 1).compute(workers=2, memory="64MiB")

    assert 400 * 500 * 8 == told.found["result_bytes"]
    assert 400 * 500 * 8 < told.found["least_bytes"] <= told.found["projected_bytes"] + 2**20
    assert 0 == told.found["spilled_bytes"]
