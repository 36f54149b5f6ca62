"""The viewer as a person uses it."""

from __future__ import annotations

import pytest

from tests.browser.lab import wait_until, write_notebook

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]

MADE = """
import numpy as np, nbarray as nb
x = nb.from_array(np.random.default_rng(0).normal(size=(9, 300, 400)), chunks=(1, 100, 100))
viewer = nb.explore(x)
viewer
"""


def test_sliders_move_the_picture(lab, folder, pictures):
    """The picture is there at once; the keyboard moves a slider, and the picture and the words below follow.

    Closing leaves the picture and takes the sliders away.
    """
    write_notebook(folder / "explore.ipynb", MADE, "viewer.close()")
    notebook = lab.open("explore.ipynb")
    notebook.run(0)
    image = notebook.output(0).locator("img").first
    image.wait_for(state="visible", timeout=15_000)
    wait_until(lambda: "x[0, 0:300, 0:400]" in notebook.text(0), 20, "the first plane", notebook.page.wait_for_timeout)
    before = image.get_attribute("src")
    handle = notebook.output(0).locator(".noUi-handle").first
    handle.focus()
    for _ in range(3):
        handle.press("ArrowRight")
    wait_until(lambda: "x[3, 0:300, 0:400]" in notebook.text(0), 20, "the fourth plane", notebook.page.wait_for_timeout)
    after = image.get_attribute("src")
    notebook.screenshot(pictures / "explore.png", cell=0)
    notebook.run(1)
    notebook.page.wait_for_timeout(500)

    assert before != after
    assert 0 == notebook.output(0).locator(".noUi-handle").count()
    assert notebook.output(0).locator("img").get_attribute("src").startswith("data:image/png")
    assert {"text/html", "text/plain"} == set(notebook.saved().cells[0].outputs[0].data)
