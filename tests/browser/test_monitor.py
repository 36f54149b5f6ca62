"""The monitor in a notebook: what is pressed happens, whatever the kernel is busy with.

Blocks of the runs here write a line each into a file, so that what is counted is what was computed, not what the
panel says.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from tests.browser.lab import wait_until, write_notebook

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]

WIDGET = "application/vnd.jupyter.widget-view+json"
SETUP = """
%load_ext nbarray
%matplotlib inline
import asyncio, threading, time
import matplotlib.pyplot as plt
import numpy as np, nbarray as nb

def logged(name):
    def slow(block):
        time.sleep(0.05)
        with open(name + ".log", "a") as log:
            log.write(threading.current_thread().name + chr(10))
        return block + 1
    a = np.arange(2.0**20).reshape(64, 64, 256)
    return nb.map_blocks(slow, nb.from_array(a, chunks=(4, 4, -1)), dtype="f8")
"""
BACKGROUND = "panel = logged('background').monitor(memory='256MiB', workers=1)\npanel"
BLOCKING = """%%blocked --workers 1 --memory 256MiB
plt.plot([1, 2])
logged('blocking')"""
AWAITED = """run = logged('awaited').start(workers=1, memory='256MiB')
display(run.monitor())
await run"""
TWO = """one, two = (logged(name).start(workers=1) for name in ('one', 'two'))
display(one.monitor(), two.monitor())"""
RELOADED = "run = logged('reloaded').start(workers=1)\nrun.monitor()"
SUMMARY = "%%blocked --workers 4\nlogged('summary')[:16]"
LONGEST_CANCEL_S = 2.0  # 0.6 where the machine has nothing else to do


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """Where screenshots go: a folder of the developer's choice, or one that pytest keeps for a while."""
    path = Path(os.environ.get("NBARRAY_SCREENSHOTS", tmp_path_factory.mktemp("pictures")))
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture(scope="module")
def notebook(lab, folder):
    write_notebook(folder / "monitor.ipynb", SETUP, BACKGROUND, BLOCKING, AWAITED, TWO, SUMMARY, RELOADED)
    notebook = lab.open("monitor.ipynb")
    notebook.run(0)
    return notebook


class Steered:
    """The panel below a cell, and the log of its run."""

    def __init__(self, notebook, cell: int, log: Path, number: int = 0):
        self.notebook, self.log = notebook, log
        self.cell, self.output = cell, notebook.output(cell)
        self.number = number
        self.panel.wait_for(state="visible", timeout=20_000)

    @property
    def panel(self):
        return self.output.locator(".nbarray-monitor").nth(self.number)

    def press(self, name: str) -> None:
        self.output.get_by_role("button", name=name).nth(self.number).click()

    def wait(self, condition, what: str) -> None:
        wait_until(condition, 20, what, self.notebook.page.wait_for_timeout)

    def wait_state(self, state: str) -> None:
        self.wait(lambda: state in self.panel.inner_text(), f"the panel says {state}")

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def wait_more(self, count: int = 3) -> None:
        least = len(self.lines()) + count
        self.wait(lambda: len(self.lines()) >= least, "more blocks are computed")

    def is_still(self) -> bool:
        """Whether no block is computed for 0.8 s."""
        before = len(self.lines())
        self.notebook.page.wait_for_timeout(800)
        return len(self.lines()) == before

    def move(self, slider: int, key: str) -> None:
        handle = self.output.locator(".noUi-handle").nth(slider + 2 * self.number)
        handle.focus()
        handle.press(key)

    def budget(self) -> str:
        return re.search(r"budget ([\d.]+ \w+)", self.panel.inner_text())[1]

    def cancel(self) -> float:
        """Press Cancel; seconds until the panel has gone."""
        start = time.perf_counter()
        self.press("Cancel")
        wait_until(
            lambda: "cancelled" in self.output.inner_text(), 10, "it is cancelled", self.notebook.page.wait_for_timeout
        )
        return time.perf_counter() - start


def steer(panel: Steered, pictures: Path, name: str) -> float:
    """Press and move everything there is, looking whether it happens; seconds that cancelling took."""
    page = panel.notebook.page
    panel.wait_more()
    page.wait_for_timeout(1200)
    panel.notebook.screenshot(pictures / f"monitor-{name}-running.png", cell=panel.cell)
    panel.press("Pause")
    panel.wait_state("paused")
    page.wait_for_timeout(150)  # the task under way may end
    assert panel.is_still(), "paused, and blocks are computed"
    panel.notebook.screenshot(pictures / f"monitor-{name}-paused.png", cell=panel.cell)
    panel.press("Resume")
    panel.wait_state("running")
    panel.wait_more()
    assert len(set(panel.lines())) == 1
    panel.move(0, "ArrowRight")
    panel.wait(lambda: len(set(panel.lines()[-20:])) == 2, "a second worker computes")
    before = panel.budget()
    panel.move(1, "ArrowRight")
    panel.wait(lambda: panel.budget() != before, "the budget is another")
    took_s = panel.cancel()
    (pictures / f"monitor-{name}-cancelled.txt").write_text(f"{took_s:.3f} s from the click until it was seen\n")
    assert panel.is_still(), "cancelled, and blocks are computed"
    panel.notebook.screenshot(pictures / f"monitor-{name}-cancelled.png", cell=panel.cell)
    return took_s


def test_a_background_run_is_steered(notebook, folder, pictures) -> None:
    """From the plan to the cancelled run, while other cells could run; in the light and in the dark theme."""
    notebook.run(1)
    panel = Steered(notebook, 1, folder / "background.log")
    panel.wait_state("ready")
    for theme in ("dark", "light"):
        notebook.use_theme(theme)
        notebook.screenshot(pictures / f"monitor-ready-{theme}.png", cell=1)
    plan, nothing = panel.panel.inner_text(), panel.lines()
    panel.press("Start")
    took_s = steer(panel, pictures, "background")

    assert "256 tasks" in plan
    assert "about" in plan
    assert nothing == []
    assert took_s < LONGEST_CANCEL_S


def test_a_blocking_cell_is_steered_and_keeps_its_figure(notebook, folder, pictures) -> None:
    """Its own buttons work while it runs, and clicks close none of its figures."""
    notebook.run(2, wait=False)
    panel = Steered(notebook, 2, folder / "blocking.log")
    took_s = steer(panel, pictures, "blocking")
    notebook.wait_idle()
    outputs = notebook.saved().cells[2].outputs

    assert took_s < LONGEST_CANCEL_S
    assert [output.output_type for output in outputs if output.output_type == "error"] == ["error"]
    assert [output for output in outputs if "image/png" in output.get("data", {})]
    assert not [output for output in outputs if WIDGET in output.get("data", {})]


def test_an_awaited_run_is_steered(notebook, folder, pictures) -> None:
    """The same."""
    notebook.run(3, wait=False)
    took_s = steer(Steered(notebook, 3, folder / "awaited.log"), pictures, "awaited")
    notebook.wait_idle()

    assert took_s < LONGEST_CANCEL_S


def test_two_runs_at_once_have_a_panel_each(notebook, folder, pictures) -> None:
    """What is pressed in one changes nothing in the other."""
    notebook.run(4)
    one = Steered(notebook, 4, folder / "one.log", 0)
    two = Steered(notebook, 4, folder / "two.log", 1)
    one.wait_more(1)
    one.press("Pause")
    one.wait_state("paused")
    notebook.page.wait_for_timeout(150)
    before = len(two.lines())
    still = one.is_still()
    went_on = len(two.lines()) - before
    notebook.use_theme("dark")
    notebook.screenshot(pictures / "monitor-two-dark.png", cell=4)
    notebook.use_theme("light")
    two.press("Cancel")
    wait_until(
        lambda: one.output.locator(".nbarray-monitor").count() == 1, 10, "one panel", notebook.page.wait_for_timeout
    )
    one.press("Cancel")
    wait_until(
        lambda: one.output.locator(".nbarray-monitor").count() == 0, 10, "no panel", notebook.page.wait_for_timeout
    )

    assert still
    assert went_on > 0


def test_a_cell_that_ends_leaves_a_summary(notebook, folder, pictures) -> None:
    """No widget is in the saved notebook, and nothing that only widgets could show."""
    notebook.run(5)
    notebook.screenshot(pictures / "monitor-summary.png", cell=5)
    summary, value = notebook.saved().cells[5].outputs

    assert {"text/html", "text/plain"} == set(summary.data)
    assert "done in" in summary.data["text/plain"]
    assert "64/64" in summary.data["text/html"]
    assert value.output_type == "execute_result"


def test_a_page_loaded_anew_shows_the_panel_alive(notebook, folder, pictures) -> None:
    """A run in the background goes on meanwhile and can be steered afterwards."""
    notebook.run(6)
    panel = Steered(notebook, 6, folder / "reloaded.log")
    panel.wait_more(1)
    notebook.saved()
    notebook.page.reload()
    notebook.wait_ready()
    panel = Steered(notebook, 6, folder / "reloaded.log")
    panel.wait_more()
    panel.press("Pause")
    panel.wait_state("paused")
    notebook.screenshot(pictures / "monitor-reloaded.png", cell=6)
    panel.press("Cancel")
    panel.wait_state("cancelled")

    assert panel.is_still()
