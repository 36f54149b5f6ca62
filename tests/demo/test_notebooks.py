"""Every notebook runs, as `make demo` runs it, and leaves what it promises."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "demo_notebooks").glob("*.ipynb"))
PNG = b"\x89PNG\r\n"


@dataclass(frozen=True)
class Demo:
    """A finished demo: its exit code, what it said, the folder it left."""

    code: int
    said: str
    output: Path


def run_demo(notebook: Path, samples: Path, output: Path) -> Demo:
    """Run the demo script on one notebook and two days of sample files."""
    script = ROOT / "demo_notebooks" / "run_demo.py"
    command: list[str | Path] = [
        sys.executable,
        script,
        notebook,
        "--days",
        "2",
        "--samples",
        samples,
        "--output",
        output,
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return Demo(done.returncode, done.stdout, output)


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def demo(request: pytest.FixtureRequest, met_files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """One notebook's demo."""
    return run_demo(request.param, met_files[0].parent, tmp_path_factory.mktemp("demo-output"))


def page(demo: Demo) -> str:
    """The HTML page a demo left."""
    (path,) = demo.output.glob("*.html")
    return path.read_text(encoding="utf-8")


def test_runs(demo: Demo) -> None:
    """All cells run without an error, and nothing is written to stderr in any of them."""
    assert 0 == demo.code, demo.said
    assert "Done after" in demo.said
    assert 'data-mime-type="application/vnd.jupyter.stderr"' not in page(demo)


def test_progress_is_said(demo: Demo) -> None:
    """Each cell has its line, with its number, how many there are, and the seconds it took."""
    lines = re.findall(r"^ +cell +(\d+)/(\d+)  .* \d+\.\d s$", demo.said, re.MULTILINE)

    assert [str(k + 1) for k in range(len(lines))] == [number for number, _ in lines]
    assert {str(len(lines))} == {total for _, total in lines}


def test_page_needs_no_network(demo: Demo) -> None:
    """The page loads no script, style or picture from anywhere."""
    assert [] == re.findall(r'<(?:script|link|img)[^>]*\s(?:src|href)="(?:https?:)?//[^"]*"', page(demo))


def test_pictures(demo: Demo) -> None:
    """The pictures that the demo names are files, and on the page as well."""
    pictures = sorted(path for path in demo.output.iterdir() if path.suffix in (".png", ".svg"))
    shown = page(demo)

    assert pictures
    assert [] == [path.name for path in pictures if path.name not in demo.said]
    assert [] == [path.name for path in pictures if path.suffix == ".png" and not path.read_bytes().startswith(PNG)]
    assert [] == [path.name for path in pictures if path.suffix == ".svg" and b"</svg>" not in path.read_bytes()]
    assert [] == [path.name for path in pictures if base64.b64encode(path.read_bytes()).decode()[:5000] not in shown]


def test_the_three_maps(met_files: list[Path], demo: Demo) -> None:
    """The temperature notebook leaves the three maps of its program."""
    if "01-temperature" not in demo.said:
        pytest.skip("another notebook")

    assert {"mean.png", "anomaly.png", "midnight-minus-noon.png"} <= {path.name for path in demo.output.iterdir()}


def test_a_failing_cell_fails_the_demo(met_files: list[Path], tmp_path: Path) -> None:
    """When a cell fails the error is shown, the page is left all the same, and the exit code is 1."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell("'before'", id="a"), nbformat.v4.new_code_cell("1 / 0", id="b")]
    nbformat.write(notebook, tmp_path / "broken.ipynb")
    failed = run_demo(tmp_path / "broken.ipynb", met_files[0].parent, tmp_path / "output")

    assert 1 == failed.code
    assert "ZeroDivisionError" in failed.said
    assert "FAILED" in failed.said
    assert "ZeroDivisionError" in page(failed)


def test_no_sample_files_no_demo(tmp_path: Path) -> None:
    """When the sample files can't be written the demo says why and stops."""
    (tmp_path / "file").touch()
    failed = run_demo(NOTEBOOKS[0], tmp_path / "file", tmp_path / "output")

    assert 1 == failed.code
    assert "expected a folder" in failed.said
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_kept_clean(path: Path) -> None:
    """Notebooks are kept without outputs and counters, and each cell has a name that says what it shows."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]

    assert [] == [cell.id for cell in code if cell.outputs or cell.execution_count is not None]
    assert [] == [cell.id for cell in notebook.cells if not re.fullmatch(r"[a-z][a-z-]*", cell.id)]
