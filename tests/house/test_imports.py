"""Who imports what, where and at what cost."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import PACKAGE, ROOT, modules, place, tree

#: Packages that `import nbarray` may not load: a script that only wants arrays should not pay for notebooks and files.
LATE = ("IPython", "h5py", "netCDF4", "matplotlib", "graphviz", "ipywidgets", "psutil", "zarr", "xarray")
#: Seconds that `import nbarray` may take on top of `import numpy`, where Python adds up a million numbers in so long.
IMPORT_LIMIT_S, MILLION_S = 0.15, 0.06

_MEASURE = """
import json, sys, time
start = time.perf_counter()
import numpy
before = time.perf_counter()
import nbarray
after = time.perf_counter()
total = 0
for number in range(1_000_000):
    total += number
added = time.perf_counter()
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps([before - start, after - before, added - after, loaded]))
"""


def measured_import(compiled: Path) -> tuple[float, float, float, set[str]]:
    """Seconds that importing NumPy, then nbarray, and adding up take; and the top-level packages loaded afterwards.

    compiled : folder for bytecode; only the first import with it compiles, as after an installation
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE],
        cwd=ROOT,
        env=environment | {"PYTHONPYCACHEPREFIX": str(compiled)},
        capture_output=True,
        text=True,
        check=True,
    )
    numpy_s, nbarray_s, million_s, loaded = json.loads(done.stdout)
    return numpy_s, nbarray_s, million_s, set(loaded)


def test_import_is_light(tmp_path: Path) -> None:
    """`import nbarray` loads none of the packages that only some uses need."""
    *_, loaded = measured_import(tmp_path)

    assert set() == loaded & set(LATE)


def test_import_is_quick(tmp_path: Path) -> None:
    """`import nbarray` costs at most 0.15 s beside NumPy, or as many times more as the machine is slow just now."""
    measured_import(tmp_path)
    over = []
    for _ in range(8):
        numpy_s, nbarray_s, million_s, _ = measured_import(tmp_path)
        over.append(nbarray_s - max(IMPORT_LIMIT_S * max(1, million_s / MILLION_S), 2 * numpy_s))
        if over[-1] <= 0:
            break

    assert min(over) <= 0, f"too slow by {min(over):.3f} s at best"


def test_floors_are_kept() -> None:
    """The contracts of pyproject.toml hold: modules import down, never up, never sideways."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-logo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_no_package_import_inside_functions() -> None:
    """No function imports nbarray: that would be a floor climbed in secret.

    The roof is exempt: `nbarray.load_ipython_extension` brings the magics only when a notebook asks for them.
    """
    late = [
        place(path, node.lineno)
        for path in modules()
        if path != PACKAGE / "__init__.py"
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and any(name.partition(".")[0] == "nbarray" for name in imported(node))
    ]

    assert [] == late


def test_no_relative_imports() -> None:
    """Modules name each other in full, so that a search for a name finds all who use it."""
    relative = [
        place(path, node.lineno)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.level
    ]

    assert [] == relative


def test_no_floor_imports_the_roof() -> None:
    """Nobody below the roof imports the package itself: its public names are for users."""
    through_roof = [
        place(path, node.lineno)
        for path in modules()
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Import) and any(alias.name == "nbarray" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "nbarray" and not from_floor_zero(node))
    ]

    assert [] == through_roof


@pytest.mark.parametrize(
    "source", ["import nbarray.grid", "from nbarray.grid import chunks", "from nbarray import config"]
)
def test_imported_names(source: str) -> None:
    """The tests above see every way of importing the package."""
    (node,) = ast.parse(source).body
    assert isinstance(node, ast.Import | ast.ImportFrom)

    assert "nbarray" in {name.partition(".")[0] for name in imported(node)}


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The modules an import statement names."""
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]


def from_floor_zero(node: ast.ImportFrom) -> bool:
    """Whether all the names are modules or folders of the package (`from nbarray import config`)."""
    return all((PACKAGE / f"{a.name}.py").exists() or (PACKAGE / a.name).is_dir() for a in node.names)
