"""The pictures of README are made of the notebooks, and are small."""

from __future__ import annotations

import importlib.util
import io
import re
from pathlib import Path
from types import ModuleType

import nbformat
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that ``make screenshots`` runs."""
    import sys

    pytest.importorskip("playwright")
    spec = importlib.util.spec_from_file_location("take_screenshots", ROOT / "demo_notebooks" / "take_screenshots.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    sys.modules["take_screenshots"] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path[:] = before
        del sys.modules["take_screenshots"]
    return module


def test_pictures_are_of_cells_that_exist(script: ModuleType) -> None:
    """Each picture names a notebook, a code cell in it, and a theme."""
    for shot in script.SHOTS:
        notebook = nbformat.read(ROOT / "demo_notebooks" / f"{shot.notebook}.ipynb", as_version=4)

        assert shot.cell in [cell.id for cell in notebook.cells if cell.cell_type == "code"]
        assert shot.theme in ("light", "dark")


def test_readme_shows_them(script: ModuleType) -> None:
    """README's screenshots are those that the script takes, are there, and are small enough to load at once."""
    shown = re.findall(r"docs/([\w-]+)\.png", (ROOT / "README.md").read_text(encoding="utf-8"))

    assert {shot.name for shot in script.SHOTS} == set(shown)
    assert [] == [n for n in shown if not 1000 < (ROOT / "docs" / f"{n}.png").stat().st_size < script.MOST_BYTES]


def test_pictures_become_smaller(script: ModuleType) -> None:
    """A picture of many colours is given as few as fit, and keeps its size in pixels."""
    noise = np.random.default_rng(0).integers(0, 255, (400, 500, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "png")
    small = script.smaller(out.getvalue())

    assert len(small) < script.MOST_BYTES < len(out.getvalue())
    assert (500, 400) == Image.open(io.BytesIO(small)).size


def test_unknown_pictures_are_told(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that isn't in the table is refused, with those that are."""
    assert 2 == script.main(["nothing"])
    assert "known: array, " in capsys.readouterr().out
