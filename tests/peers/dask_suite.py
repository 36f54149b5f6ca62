"""dask's own tests of its public behaviour, taken from its installed wheel, with nbarray in the place of dask.array.

`make dask-tests` runs those that dask_tests.txt names: what somebody who comes from dask expects.  Only dask.array is
replaced, while the test files are loaded; a name that nbarray has not is dask's own in its inner modules, and missing
in dask.array itself.  A test counts as passed when each of its cases did.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import pkgutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import dask
import numpy as np
import pytest

import nbarray as nb

WANTED = Path(__file__).with_name("dask_tests.txt")
#: Tests that are left out, each with what its body uses of dask's inside.
INSIDE = Path(__file__).with_name("dask_inside.txt")

#: Names of dask.array itself that say something about dask and nothing about arrays: the tests ask for them at loading.
DASKS_OWN = (
    "ARRAY_EXPR_ENABLED",
    "_array_expr_enabled",
    "array_expr_enabled",
    "PerformanceWarning",
    "register_chunk_type",
)

#: Dask's modules that are nbarray's too.
OURS = {"fft": nb.fft, "linalg": nb.linalg, "ma": nb.ma, "random": nb.random, "stats": nb.stats}


#: Expressions, numbered as they are asked for their names.
NUMBERS: dict[Any, int] = {}


def name(x: nb.Array) -> str:
    """What dask's arrays have as `name`: of the operation, with a number that no other expression has.

    It is no attribute of ours, since xarray takes a `name` of data for the name of the variable.
    """
    return f"{x.expr.label}-{NUMBERS.setdefault(x.expr, len(NUMBERS))}"


def assert_eq(a: Any, b: Any, *, equal_nan: bool = True, **options: Any) -> bool:
    """The same values, dtype and shape, as NumPy has them; and what was announced is what came."""
    close = {k: options[k] for k in ("rtol", "atol") if k in options}
    x, y = (z.compute() if hasattr(z, "compute") else z for z in (a, b))
    for announced, found in ((a, x), (b, y)):
        if isinstance(announced, nb.Array):
            assert announced.dtype == np.asarray(found).dtype
            assert announced.shape == np.shape(found)
    if options.get("check_dtype", True) and hasattr(a, "dtype") and hasattr(b, "dtype"):
        assert a.dtype == b.dtype
    if options.get("check_shape", True):
        assert np.shape(x) == np.shape(y)
    if np.ma.isMaskedArray(x) or np.ma.isMaskedArray(y):
        assert np.array_equal(np.ma.getmaskarray(x), np.ma.getmaskarray(y))
        x, y = (np.ma.filled(z, np.zeros((), np.asarray(z).dtype)) for z in (x, y))
    x, y = np.asarray(x), np.asarray(y)
    if x.dtype.kind in "biufc" and y.dtype.kind in "biufc":
        assert np.allclose(x, y, equal_nan=equal_nan, **close)
    else:
        np.testing.assert_array_equal(x, y)
    return True


def same_keys(a: Any, b: Any) -> bool:
    """Arrays made in the same way are the same to nbarray, as they are to dask; sizes that nobody knew are counted."""
    return bool(a.shape == b.shape and a.expr is b.expr)


class Stand(ModuleType):
    """A module in the place of one of dask's: nbarray's names, and dask's own where nbarray has none."""

    def __init__(self, real: ModuleType, ours: ModuleType, others: tuple[str, ...] | None) -> None:
        super().__init__(real.__name__)
        self.real, self.ours, self.others = real, ours, others
        self.__path__ = getattr(real, "__path__", [])
        self.__spec__ = real.__spec__
        self.__file__ = real.__file__
        self.assert_eq, self.same_keys = assert_eq, same_keys

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if not name.startswith("_") and hasattr(self.ours, name):
            return getattr(self.ours, name)
        if self.others is not None and name not in self.others:
            raise AttributeError(f"nbarray has no {name!r}")
        return getattr(self.real, name)


def stand_in() -> None:
    """Puts nbarray in the place of dask.array, for all that is imported from now on."""
    real = importlib.import_module("dask.array")
    inner = [m.name for m in pkgutil.iter_modules(real.__path__) if m.name not in ("tests", "cupy_entry_point")]
    names = [*inner, "lib.stride_tricks", "lib"]
    modules = {}
    for name in names:
        try:
            modules[name] = importlib.import_module(f"dask.array.{name}")
        except ImportError:
            continue
    main = Stand(real, nb, DASKS_OWN)
    for name, module in modules.items():
        ours = OURS.get(name)
        stand = Stand(module, ours or nb, () if ours else None)
        sys.modules[f"dask.array.{name}"] = stand
        if ours or not hasattr(nb, name):
            setattr(main, name, stand)
    sys.modules["dask.array"] = main
    dask.array = main
    dask.compute = nb.compute


@contextlib.contextmanager
def with_names() -> Iterator[None]:
    """Arrays have a `name`, which dask's tests compare."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nb.Array, "name", property(name), raising=False)
        yield


class Count:
    """Which of the tests passed, by file."""

    def __init__(self, wanted: list[str]) -> None:
        self.wanted = set(wanted)
        self.outcomes: dict[str, set[str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leaves the tests that are wanted."""
        items[:] = [i for i in items if f"{i.path.name}::{i.name.split('[')[0]}" in self.wanted]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Each stage of each case; a test has the outcomes of all of its cases."""
        name = report.nodeid.split("[")[0].rsplit("/", 1)[-1]
        if report.when == "call" or report.outcome != "passed":
            outcome = "skipped" if hasattr(report, "wasxfail") else report.outcome
            self.outcomes.setdefault(name, set()).add(outcome)

    @pytest.fixture
    def xfail(self, request: pytest.FixtureRequest) -> Callable[[str], None]:
        """What dask's conftest gives: a test says of a case that dask fails it, and why."""
        return lambda reason: request.applymarker(pytest.mark.xfail(reason=reason))

    def summary(self, wanted: list[str]) -> str:
        """A line for each file, then the names that did not pass."""
        passed = {t for t, found in self.outcomes.items() if "failed" not in found and "passed" in found}
        ran = {t for t, found in self.outcomes.items() if found != {"skipped"}}
        rows = []
        for file in [*dict.fromkeys(t.split("::")[0] for t in wanted), ""]:
            n = Counter({k: sum(t.startswith(file) for t in s) for k, s in (("passed", passed), ("ran", ran))})
            rows.append(f"{file or 'all':28} {n['passed']:4} of {n['ran']:4}")
        failed = sorted(ran - passed)
        skipped = [t for t in wanted if t not in ran]
        return "\n".join([*rows, "", *(f"failed   {t}" for t in failed), *(f"not run  {t}" for t in skipped)])


def check_left_out(folder: Path) -> None:
    """Raises ValueError for a test that is left out, but doesn't use what it is said to use of dask's inside."""
    for line in INSIDE.read_text().splitlines():
        (file, test), used = line.split()[0].split("::"), line.split()[1]
        text = (folder / file).read_text()
        body = next(n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == test)
        if used not in (ast.get_source_segment(text, body) or ""):
            raise ValueError(f"{INSIDE.name}: {test} doesn't use {used}")


def main(arguments: list[str]) -> int:
    """Runs the tests named, all that are wanted where none is; 0 when they all pass."""
    wanted = WANTED.read_text().split()
    parts = [a for a in arguments if not a.startswith("-")]
    chosen = [t for t in wanted if not parts or any(a in t for a in parts)]
    if not chosen:
        raise SystemExit(f"no test of {WANTED.name} has {' or '.join(parts)} in its name")
    folder = Path(dask.__file__).parent / "array" / "tests"
    check_left_out(folder)
    stand_in()
    count = Count(chosen)
    options = [
        "-q",
        "-p",
        "no:cacheprovider",
        "--noconftest",
        "--continue-on-collection-errors",
        "-c",
        "/dev/null",
        f"--rootdir={folder}",
        "--tb=line",
    ]
    options += [a for a in arguments if a.startswith("-")] or ["--no-header", "-W", "ignore"]
    files = dict.fromkeys(folder / t.split("::")[0] for t in chosen)
    with with_names():
        code = pytest.main([*options, *map(str, files)], plugins=[count])
    print(count.summary(chosen))
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
