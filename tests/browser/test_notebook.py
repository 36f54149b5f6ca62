"""What a person sees in a notebook."""

from __future__ import annotations

import io

import nbclient
import nbconvert
import nbformat
import numpy as np
import pytest
from matplotlib.image import imread

from tests.browser.lab import write_notebook
from tests.jupyter_kernels import ROOT, SETUP

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]

WIDGET = "application/vnd.jupyter.widget-view+json"

REPR = "import nbarray as nb\nnb.zeros((1464, 721, 1440), chunks=(61, 181, 360))"

#: From running the first cell until its panel is seen, and a panel waits half a second for a run that is soon over;
#: longer where the kernel's answer to nothing takes longer than it should.
SEEN_MS, DUE_MS, ANSWER_MS = 300, 500, 50
WATCH = """
window.seen = 0;
const began = performance.now();
const look = () => {
  if (!window.seen && document.querySelector('.nbarray-monitor')) window.seen = performance.now() - began;
};
new MutationObserver(look).observe(document.body, {childList: true, subtree: true});
return true
"""
ANSWER = """
const began = performance.now();
await session.session.kernel.requestExecute({code: '', silent: true}).done;
return performance.now() - began
"""
BLOCKED = "%%blocked --chunks 8,-1 --workers 1\nnb.map_blocks(slow, a, dtype='f8').sum()"


def test_the_picture_of_an_array_is_seen(lab, folder, pictures):
    """It is loaded, has an alternative text, and stands out from the page in the light and in the dark theme."""
    write_notebook(folder / "repr.ipynb", REPR)
    notebook = lab.open("repr.ipynb")
    notebook.run(0)
    image = notebook.output(0).locator("img").first
    loaded = image.evaluate("image => [image.complete, image.naturalWidth > 20, image.naturalHeight > 20]")
    shown = {}
    for theme in ("light", "dark"):
        notebook.use_theme(theme)
        notebook.screenshot(pictures / f"repr-{theme}.png", cell=0)
        shown[theme] = image.screenshot()

    assert loaded == [True, True, True]
    assert "1464" in image.get_attribute("alt")
    assert "1464" in notebook.text(0)
    assert _background(shown["light"]) > 200
    assert _background(shown["dark"]) < 60
    assert min(_contrast(shown["light"]), _contrast(shown["dark"])) > 100


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_sanitized_page_shows_facts_and_no_tags(lab, tmp_path, pictures, theme):
    """What nbconvert makes of arrays, plans and graphs of somebody whom nobody trusts can be read."""
    cells = [nbformat.v4.new_code_cell(code) for code in (REPR, "_.plan()", "_1.visualize()")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    exporter = nbconvert.HTMLExporter(sanitize_html=True, theme=theme)
    (tmp_path / "page.html").write_text(exporter.from_notebook_node(notebook)[0])
    page = lab.page((tmp_path / "page.html").as_uri())
    said = page.inner_text("body")
    page.screenshot(path=pictures / f"sanitized-{theme}.png")
    page.close()

    assert "Blocks 384 = 24 × 4 × 4" in said
    assert "Chunk grid of an array of shape (1464, 721, 1440)" in said
    assert "Graph of the operations that give full(0.0)" in said
    assert not [tag for tag in ("<img", "base64", "<t", "<div", "style=") if tag in said.replace("<tbody>", "")]


def _pixels(png: bytes) -> np.ndarray:
    return imread(io.BytesIO(png))[..., :3].reshape(-1, 3) * 255


def _background(png: bytes) -> float:
    """How bright, of 255, the most frequent colour of a picture is."""
    colours, counts = np.unique(_pixels(png).round(), axis=0, return_counts=True)
    return float(colours[counts.argmax()].mean())


def _contrast(png: bytes) -> float:
    """How much, of 255, the lines and letters of a picture differ from its most frequent colour."""
    return float(np.percentile(np.abs(_pixels(png).mean(axis=1) - _background(png)), 98))


def test_a_blocked_cell_shows_its_value_and_leaves_no_widget(lab, folder, pictures):
    """While it runs a monitor, soon after it is due; afterwards its value and a summary, also in the saved file."""
    write_notebook(folder / "blocked.ipynb", SETUP, BLOCKED)
    notebook = lab.open("blocked.ipynb")
    notebook.run(0)
    answer_ms = notebook.js(ANSWER)
    notebook.js(WATCH)
    notebook.run(1, wait=False)
    panel = notebook.output(1).locator(".nbarray-monitor")
    panel.wait_for(state="visible", timeout=10_000)
    during = notebook.text(1)
    seen_ms = notebook.js("return window.seen")
    notebook.screenshot(pictures / "progress.png", cell=1)
    notebook.wait_idle()
    notebook.screenshot(pictures / "value.png", cell=1)
    after = notebook.text(1)
    outputs = notebook.saved().cells[1].outputs

    assert "tasks" in during
    assert DUE_MS < seen_ms < DUE_MS + SEEN_MS * max(1.0, answer_ms / ANSWER_MS)
    assert panel.count() == 0
    assert str(float(sum(range(2**23)))) in after
    assert "done in" in after
    assert not [output for output in outputs if WIDGET in output.get("data", {})]
    assert outputs[-1].output_type == "execute_result"
