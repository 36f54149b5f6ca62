"""What a page made of a saved notebook shows: pictures and summaries, of widgets nothing."""

from __future__ import annotations

import copy
import re

import nbclient
import nbconvert
import nbformat
import pytest
from traitlets.config import Config

from tests.jupyter_kernels import ROOT

SOURCES = [
    "%load_ext nbarray\nimport nbarray as nb, time\n"
    "def slow(block):\n    time.sleep(0.05)\n    return block\n"
    "a = nb.map_blocks(slow, nb.ones((300, 40), chunks=(10, 40)), dtype='f8')",
    "%%blocked --workers 1\na.sum(axis=0)[0]",
    "run = %blocked -b a.sum(axis=1)",
    "a.monitor()",
    "ended = a.start().monitor()\nended",
    "a",
    "run.result()[0], ended.run.wait(30)",
    "time.sleep(1)",
]
BLOCKING, BACKGROUND, READY, ENDED, ARRAY = 1, 2, 3, 4, 5


@pytest.fixture(scope="module")
def saved() -> nbformat.NotebookNode:
    """A notebook with a run of each kind, and an array, as it is saved after Run All."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in SOURCES])
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    return notebook


def page(notebook: nbformat.NotebookNode, sanitized: bool, state: bool) -> str:
    """HTML; without the state of widgets, which JupyterLab doesn't save unless told to."""
    if not state:
        notebook = copy.deepcopy(notebook)
        del notebook.metadata["widgets"]
    exporter = nbconvert.HTMLExporter(config=Config(HTMLExporter={"sanitize_html": sanitized}))
    return exporter.from_notebook_node(notebook)[0]


def outputs(text: str) -> list[str]:
    """What stands below the source of each of a page's cells."""
    return [part.partition("jp-Cell-outputWrapper")[2] for part in re.split(r"<div[^>]*jp-CodeCell", text)[1:]]


@pytest.mark.parametrize("state", [False, True], ids=["no-state", "state"])
@pytest.mark.parametrize("sanitized", [False, True], ids=["trusted", "sanitized"])
def test_a_page_of_a_saved_notebook_shows_what_was_done(saved, sanitized, state) -> None:
    """Words where each panel stood, and the array's facts, of widgets nothing; also where tags are taken out."""
    shown = outputs(page(saved, sanitized, state))

    assert len(SOURCES) == len(shown)
    for cell in (BLOCKING, BACKGROUND, ENDED):
        assert "done in" in shown[cell]
        assert "30/30" in shown[cell]
        assert "widget-view" not in shown[cell]
        assert "&lt;" not in shown[cell]  # tags that were taken for text
    assert "30 = 30 × 1" in shown[ARRAY]
    assert "Chunk grid of an array of shape (300, 40)" in shown[ARRAY]
    assert not [part for part in shown if "VBox(" in part or "model not found" in part.lower()]


@pytest.mark.parametrize("sanitized", [False, True], ids=["trusted", "sanitized"])
def test_a_panel_that_was_never_started_is_saved_as_its_plan(saved, sanitized) -> None:
    """Where the state of widgets was saved too, a page shows those."""
    plain = outputs(page(saved, sanitized, state=False))[READY]
    live = outputs(page(saved, sanitized, state=True))[READY]

    assert "0/30" in plain
    assert "widget-view" not in plain
    assert "widget-view" in live


def test_a_trusted_page_has_the_pictures(saved) -> None:
    """As images."""
    shown = outputs(page(saved, sanitized=False, state=False))

    assert '<img alt="Chunk grid' in shown[ARRAY]
