"""The public test suite of the array API standard, run on NumPy and on nbarray, and what the two differ in.

`make array-api-tests` clones data-apis/array-api-tests, or takes the clone that ARRAY_API_TESTS names, and runs it
three times with the same seed: on NumPy through array-api-compat, on `nbarray.array_api`, and on it again where every
newly made array is cut into chunks of two.  What NumPy passes, nbarray has to pass.  Which examples a test draws is
chance, so what only NumPy passes is run again, on all three, with many more examples and several seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import nbarray as nb
from nbarray import array_api
from nbarray.api.dispatch import ABOVE

ROOT = Path(__file__).parents[2]
ADDRESS = "https://github.com/data-apis/array-api-tests"
#: Where the suite is cloned to when nobody says where it is.
CLONED = ROOT / "build" / "array-api-tests"
#: The version of the standard that is asked for, of NumPy too.
VERSION = "2024.12"

#: With so many seeds those tests are run again that only NumPy passed.
SEEDS = 4

#: What makes new arrays; the other functions only get theirs from these.
MAKERS = (
    *("arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like", "linspace", "ones"),
    *("ones_like", "zeros", "zeros_like"),
)
#: A namespace by the name it is shown under -> the module's name.
NAMESPACES = {
    "NumPy": "array_api_compat.numpy",
    "nbarray, one chunk": "nbarray.array_api",
    "nbarray, chunks of 2": "nbarray_in_chunks_of_2",
}


def in_chunks_of_2() -> ModuleType:
    """nbarray.array_api, whose new arrays have chunks of two; their namespace is this one."""
    module = ModuleType(NAMESPACES["nbarray, chunks of 2"], array_api.__doc__)
    vars(module).update({name: getattr(array_api, name) for name in array_api.__all__})
    vars(module).update({name: cut(getattr(array_api, name)) for name in MAKERS})
    ABOVE["array_api"] = lambda: module
    return module


def cut(make: Callable[..., nb.Array]) -> Callable[..., nb.Array]:
    """A function that makes arrays in chunks of two along each axis."""

    def made(*args: Any, **options: Any) -> nb.Array:
        x = make(*args, **options)
        return x.rechunk(2) if x.ndim else x

    made.__name__ = made.__qualname__ = make.__name__
    made.__doc__ = make.__doc__
    made.__signature__ = make.__signature__  # type: ignore[attr-defined]
    return made


class Outcomes:
    """What became of each test."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test is what its worst stage is."""
        before = self.found.get(report.nodeid, "passed")
        outcome = "xfailed" if hasattr(report, "wasxfail") else report.outcome
        self.found[report.nodeid] = outcome if before == "passed" else before

    def pytest_make_parametrize_id(self, val: Any) -> str | None:
        """Dtypes go by their names, whether a namespace has NumPy's types or NumPy's dtypes; the rest as usual."""
        return val.name if isinstance(val, np.dtype) else None

    @pytest.fixture
    def json_metadata(self) -> dict[str, Any]:
        """What pytest-json-report would give, for which the suite asks and of which nothing is used here."""
        return {}


def run_one(module: str, outcomes: Path, options: list[str]) -> int:
    """Runs the suite, which lies in the working folder, on a module in this process; writes down the outcomes."""
    sys.modules.setdefault("pytest_jsonreport", ModuleType("pytest_jsonreport"))
    sys.modules[NAMESPACES["nbarray, chunks of 2"]] = in_chunks_of_2() if "chunks" in module else ModuleType("")
    sys.path.insert(0, str(Path.cwd()))
    seen = Outcomes()
    code = pytest.main(["-q", "--no-header", "-p", "no:cacheprovider", "--disable-deadline", *options], plugins=[seen])
    outcomes.write_text(json.dumps(seen.found))
    return int(code)


def run(module: str, folder: Path, options: list[str]) -> dict[str, str]:
    """Test -> outcome, of the suite on a module."""
    with tempfile.TemporaryDirectory() as temporary:
        outcomes = Path(temporary) / "outcomes.json"
        environment = {
            **os.environ,
            "ARRAY_API_TESTS_MODULE": module,
            "ARRAY_API_TESTS_VERSION": VERSION,
            "HYPOTHESIS_STORAGE_DIRECTORY": temporary,
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        }
        command = [sys.executable, "-m", "tests.peers.array_api_suite", "--one", module, str(outcomes), *options]
        subprocess.run(command, cwd=folder, env=environment, check=False)
        return dict(json.loads(outcomes.read_text()))


def suite() -> Path:
    """The folder of the suite: the one ARRAY_API_TESTS names, else a clone, made here where there is none."""
    if named := os.environ.get("ARRAY_API_TESTS"):
        folder = Path(named)
    else:
        folder = CLONED
        if not folder.exists():
            clone = ["git", "clone", "--quiet", "--depth", "1", "--recurse-submodules", "--shallow-submodules"]
            subprocess.run([*clone, ADDRESS, str(folder)], check=False)
    if not (folder / "array_api_tests").is_dir():
        sys.exit(f"no suite in {folder}: git clone --recurse-submodules {ADDRESS}, and ARRAY_API_TESTS=that folder")
    return folder


def table(by_namespace: dict[str, dict[str, str]]) -> str:
    """How many tests became what."""
    kinds = ("passed", "failed", "skipped", "xfailed")
    rows = [f"{'':24}" + "".join(f"{k:>9}" for k in kinds)]
    for name, found in by_namespace.items():
        counts = Counter(found.values())
        rows.append(f"{name:24}" + "".join(f"{counts[k]:9}" for k in kinds))
    return "\n".join(rows)


def worse(by_namespace: dict[str, dict[str, str]]) -> dict[str, str]:
    """The tests that NumPy passes and nbarray doesn't, and what becomes of them there."""
    (_, baseline), *ours = by_namespace.items()
    return {
        test: f"{found.get(test, 'not run')}: {name}"
        for name, found in ours
        for test, outcome in baseline.items()
        if outcome == "passed" and found.get(test) != "passed"
    }


def only_ours(runs: list[dict[str, dict[str, str]]]) -> dict[str, str]:
    """The tests that NumPy passes in each of some runs, and nbarray doesn't in one of them."""
    failed = {test for run in runs for test, outcome in next(iter(run.values())).items() if outcome != "passed"}
    return {test: text for run in runs for test, text in worse(run).items() if test not in failed}


def main(arguments: list[str]) -> int:
    """Runs the suite on all namespaces; 0 when nbarray passes what NumPy passes."""
    if arguments[:1] == ["--one"]:
        return run_one(arguments[1], Path(arguments[2]), arguments[3:])
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("tests", nargs="*", default=["array_api_tests"], help="of the suite, as for pytest")
    reader.add_argument("--examples", type=int, default=20, help="examples for each test")
    reader.add_argument("--seed", type=int, default=2024)
    given = reader.parse_args(arguments)
    folder = suite()

    def run_all(examples: int, tests: list[str], seed: int = given.seed) -> dict[str, dict[str, str]]:
        options = [f"--max-examples={examples}", f"--hypothesis-seed={seed}", "--tb=short", "-W", "ignore"]
        return {name: run(module, folder, [*options, *tests]) for name, module in NAMESPACES.items()}

    found = run_all(given.examples, given.tests)
    left = worse(found)
    if left:
        left = only_ours([run_all(20 * given.examples, list(left), given.seed + k) for k in range(SEEDS)])
    print(table(found))
    print("\n".join(f"{outcome}  {test}" for test, outcome in left.items()) or "nbarray passes all that NumPy passes")
    return len(left)


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
