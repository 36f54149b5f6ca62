"""The monitor in a notebook: what is pressed happens, whatever the kernel is busy with.

In JupyterLab and in Notebook, on ipykernel 7, and on ipykernel 6, which looks at no button while a cell runs: there the
panel has to say so.  Blocks of the runs here write a line each into a file, so that what is counted is what was
computed, not what the panel says.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from tests.browser.lab import wait_until, write_notebook
from tests.jupyter_kernels import TRIED, on_kernels

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]

WIDGET = "application/vnd.jupyter.widget-view+json"
SETUP = """
%load_ext nbarray
%matplotlib inline
import threading, time, weakref
import matplotlib.pyplot as plt
import numpy as np, nbarray as nb
from nbarray import runs

made = {}
def logged(name, rows=64, chunk=4):
    made[name], running = [], []
    def slow(block):
        running.append(1)
        time.sleep(0.05)
        block = block + 1
        made[name].append(weakref.ref(block))
        with open(name + ".log", "a") as log:
            urgent = max(record.run.priority for record in runs.recent() if not record.ended)
            log.write(f"{threading.current_thread().name} {len(running)} {urgent}{chr(10)}")
        running.pop()
        return block
    a = np.arange(2.0**20).reshape(64, 64, 256)[:rows]
    each = nb.map_blocks(slow, nb.from_array(a, chunks=(chunk, chunk, -1)), dtype="f8")
    return each - each.mean()  # so that blocks are held
def held(name):
    return sum(block() is not None for block in made[name])
"""
BACKGROUND = "panel = logged('background').monitor(memory='256MiB', workers=1)\npanel"
BLOCKING = """%%blocked --workers 1 --memory 256MiB
plt.plot([1, 2])
logged('blocking')"""
AWAITED = """plt.plot([1, 2])
run = logged('awaited').start(workers=1, memory='256MiB')
display(run.monitor())
await run"""
TWO = """one, two = (logged(name).start(workers=1) for name in ('one', 'two'))
display(one.monitor(), two.monitor())"""
RELOADED = "run = logged('reloaded', chunk=2).start(workers=1)\nrun.monitor()"
SUMMARY = "%%blocked --workers 4\nlogged('summary', rows=16)"
RESTARTED = "logged('restarted').start(workers=1).monitor()"
CELLS = [SETUP, BACKGROUND, BLOCKING, AWAITED, TWO, SUMMARY, RELOADED, RESTARTED]
#: From a click on Cancel until it is seen, beyond what one on Pause takes: the machine may be busy with other things.
LONGEST_CANCEL_S = 0.6
LAB = on_kernels("lab")
in_lab = pytest.mark.parametrize("notebook", LAB, indirect=True)


@pytest.fixture(scope="module", params=[*LAB, *on_kernels("notebook", kernels=TRIED[:1])])
def notebook(request, lab, folder):
    """The cells above, in one front end on one kernel."""
    app, kernel = request.param
    name = f"{app}-{kernel}/monitor.ipynb"
    write_notebook(folder / name, *CELLS, kernel=kernel)
    notebook = lab.open(name, app)
    notebook.name, notebook.answers = f"{app}-{kernel}", kernel != "nbarray-6"
    notebook.run(0)
    yield notebook
    notebook.close()


class Steered:
    """The panel below a cell, and the log of its run."""

    def __init__(self, notebook, cell: int, log: str, number: int = 0):
        self.notebook, self.log = notebook, notebook.path.parent / f"{log}.log"
        self.cell, self.output = cell, notebook.output(cell)
        self.number = number
        self.panel.wait_for(state="visible", timeout=20_000)

    @property
    def panel(self):
        return self.output.locator(".nbarray-monitor").nth(self.number)

    def press(self, name: str) -> None:
        self.output.get_by_role("button", name=name).nth(self.number).click()

    def press_until(self, name: str, condition, what: str) -> float:
        """Press a button; seconds until something is seen of it."""
        start = time.perf_counter()
        self.press(name)
        self.wait(condition, what)
        return time.perf_counter() - start

    def wait(self, condition, what: str) -> None:
        wait_until(condition, 20, what, self.notebook.page.wait_for_timeout)

    def wait_state(self, state: str) -> None:
        self.wait(lambda: state in self.panel.inner_text(), f"the panel says {state}")

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def wait_more(self, count: int = 3) -> None:
        least = len(self.lines()) + count
        self.wait(lambda: len(self.lines()) >= least, "more blocks are computed")

    def is_still(self, workers: int = 1) -> bool:
        """Whether no block is computed for 0.8 s, but for those that were under way; a worker would make 16."""
        before = len(self.lines())
        self.notebook.page.wait_for_timeout(800)
        return len(self.lines()) <= before + workers

    def move(self, slider: int, to: float) -> None:
        """Click on a slider, 0 for its left end and 1 for its right."""
        base = self.output.locator(".noUi-base").nth(slider + 2 * self.number)
        box = base.bounding_box()
        base.click(position={"x": to * (box["width"] - 1), "y": box["height"] / 2}, force=True)

    def workers(self) -> set[str]:
        """The threads that made the last blocks."""
        return {line.split()[0] for line in self.lines()[-20:]}

    def at_once(self) -> set[str]:
        """How many tasks ran at the same time, lately."""
        return {line.split()[1] for line in self.lines()[-8:]}

    def urgent(self) -> bool:
        """Whether the run has a high priority."""
        return self.lines()[-1].split()[2] == "1"

    def choose(self, priority: str) -> None:
        self.output.get_by_role("combobox").nth(self.number).select_option(priority)

    def enabled(self) -> set[str]:
        buttons = self.output.get_by_role("button").all()
        return {button.inner_text().strip() for button in buttons if button.is_enabled()}

    def budget(self) -> str:
        return re.search(r"budget ([\d.]+ \w+)", self.panel.inner_text())[1]

    def pause(self) -> float:
        """Press Pause; seconds until the panel says so."""
        return self.press_until("Pause", lambda: "paused" in self.panel.inner_text(), "the panel says paused")

    def cancel(self) -> float:
        """Press Cancel; seconds until the panel has gone."""
        return self.press_until("Cancel", lambda: "cancelled after" in self.output.inner_text(), "it is cancelled")


def steer(panel: Steered, pictures: Path, name: str) -> None:
    """Press and move everything there is, looking whether it happens."""
    page, notebook = panel.notebook.page, panel.notebook
    panel.wait_more()
    page.wait_for_timeout(1200 if "NBARRAY_SCREENSHOTS" in os.environ else 0)
    photograph(panel, pictures, f"{name}-running")
    base_s = panel.pause()
    assert panel.is_still(), "paused, and blocks are computed"
    photograph(panel, pictures, f"{name}-paused")
    panel.press("Resume")
    panel.wait_state("running")
    panel.wait_more()
    assert len(panel.workers()) == 1
    panel.move(0, 0.4)
    panel.wait(lambda: len(panel.workers()) == 2 and panel.at_once() == {"1", "2"}, "two workers compute")
    assert not panel.urgent()
    panel.choose("high")
    panel.wait(panel.urgent, "its priority is high")
    before = panel.budget()
    panel.move(1, 0)
    panel.wait(lambda: panel.budget() != before and panel.at_once() == {"1"}, "the budget has room for one task")
    took_s = panel.cancel()
    told = f"{took_s:.3f} s from Cancel until it was seen, {base_s:.3f} s from Pause\n"
    (pictures / f"monitor-{notebook.name}-{name}.txt").write_text(told)
    assert panel.is_still(workers=2), "cancelled, and blocks are computed"
    photograph(panel, pictures, f"{name}-cancelled")
    assert took_s < LONGEST_CANCEL_S + base_s


def photograph(panel: Steered, pictures: Path, name: str) -> None:
    panel.notebook.screenshot(pictures / f"monitor-{panel.notebook.name}-{name}.png", cell=panel.cell)


def stop(panel: Steered, pictures: Path, name: str) -> None:
    """The panel says that its buttons can't work, and they can't be pressed; Stop works."""
    panel.wait_more()
    panel.wait(lambda: "only between cells" in panel.output.inner_text(), "the panel says that it can't be steered")
    panel.wait(lambda: not panel.enabled(), "no button can be pressed")
    photograph(panel, pictures, f"{name}-busy")
    panel.notebook.interrupt()
    panel.wait(lambda: "cancelled after" in panel.output.inner_text(), "it is cancelled")
    assert panel.is_still(), "cancelled, and blocks are computed"


def test_a_background_run_is_steered(notebook, pictures) -> None:
    """From the plan to the cancelled run, while other cells could run; in the light and in the dark theme."""
    notebook.run(1)
    panel = Steered(notebook, 1, "background")
    panel.wait_state("ready")
    for theme in ("dark", "light"):
        notebook.use_theme(theme)
        photograph(panel, pictures, f"ready-{theme}")
    plan, nothing = panel.panel.inner_text(), panel.lines()
    panel.press("Start")
    panel.wait_more()
    during = int(notebook.ask("print(held('background'))"))
    steer(panel, pictures, "background")

    assert "265 tasks" in plan
    assert "about" in plan
    assert nothing == []
    assert during > 0
    assert notebook.ask("print(held('background'))") == "0\n"


def test_a_blocking_cell_is_steered_and_keeps_its_figure(notebook, pictures) -> None:
    """Its own buttons work while it runs, or say that they can't; clicks close none of its figures."""
    notebook.run(2, wait=False)
    panel = Steered(notebook, 2, "blocking")
    (steer if notebook.answers else stop)(panel, pictures, "blocking")
    notebook.wait_idle()
    outputs = notebook.saved().cells[2].outputs

    assert [output.output_type for output in outputs if output.output_type == "error"] == ["error"]
    assert [output for output in outputs if "image/png" in output.get("data", {})]
    assert not [output for output in outputs if WIDGET in output.get("data", {})]
    assert notebook.ask("print(held('blocking'))") == "0\n"


def test_an_awaited_run_is_steered(notebook, pictures) -> None:
    """The same."""
    notebook.run(3, wait=False)
    (steer if notebook.answers else stop)(Steered(notebook, 3, "awaited"), pictures, "awaited")
    notebook.wait_idle()
    outputs = notebook.saved().cells[3].outputs

    assert [output for output in outputs if "image/png" in output.get("data", {})]
    assert not [output for output in outputs if WIDGET in output.get("data", {})]


@in_lab
def test_two_runs_at_once_have_a_panel_each(notebook, pictures) -> None:
    """What is pressed in one changes nothing in the other."""
    notebook.run(4)
    one = Steered(notebook, 4, "one", 0)
    two = Steered(notebook, 4, "two", 1)
    one.wait_more(1)
    one.press("Pause")
    one.wait_state("paused")
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


@in_lab
def test_a_cell_that_ends_leaves_a_summary(notebook, pictures) -> None:
    """No widget is in the saved notebook, and nothing that only widgets could show."""
    notebook.run(5)
    notebook.screenshot(pictures / "monitor-summary.png", cell=5)
    summary, value = notebook.saved().cells[5].outputs

    assert {"text/html", "text/plain"} == set(summary.data)
    assert "done in" in summary.data["text/plain"]
    assert "64/64" in summary.data["text/html"]
    assert value.output_type == "execute_result"


@in_lab
def test_a_page_loaded_anew_shows_the_panel_alive(notebook, pictures) -> None:
    """A run in the background goes on meanwhile and can be steered afterwards; its summary stays when others end."""
    notebook.run(6)
    panel = Steered(notebook, 6, "reloaded")
    panel.wait_more(1)
    notebook.saved()
    notebook.page.reload()
    notebook.wait_ready()
    panel = Steered(notebook, 6, "reloaded")
    panel.wait_more()
    panel.press("Pause")
    panel.wait_state("paused")
    notebook.screenshot(pictures / "monitor-reloaded.png", cell=6)
    panel.cancel()
    still = panel.is_still()
    notebook.run(5)  # which comes later, and ends
    notebook.page.wait_for_timeout(500)
    notebook.screenshot(pictures / "monitor-reloaded-ended.png", cell=6)

    assert still
    assert "cancelled after" in panel.output.inner_text()
    assert 0 == panel.output.locator("button:visible").count()


def test_a_kernel_that_has_ended_leaves_no_buttons(notebook, pictures) -> None:
    """What was seen last stays, and words that nothing goes on; the kernel is there again for other cells."""
    notebook.run(7)
    panel = Steered(notebook, 7, "restarted")
    panel.wait_more()
    before = panel.output.inner_text()
    notebook.restart()
    panel.wait(lambda: "The kernel has ended" in panel.output.inner_text(), "it says that the kernel has ended")
    photograph(panel, pictures, "restarted")

    assert "The kernel has ended" not in before
    assert "running" in before
    assert "running" not in panel.output.inner_text()
    assert "map_blocks(slow)" in panel.output.inner_text()
    assert 0 == panel.output.locator("button:visible").count()
