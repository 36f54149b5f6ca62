"""The panel steers its run."""

from __future__ import annotations

import re
import threading
import time

import ipywidgets
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

import nbarray as nb
from nbarray import runs
from nbarray.errors import Cancelled, InputError
from nbarray.widgets import comms, place
from nbarray.widgets.monitor import Monitor

WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def shown(displays, slow):
    """A monitor of an array of 24 blocks, displayed and not started."""
    monitor = Monitor([slow.expr], workers=1, memory="64MiB", every_s=0.01)
    monitor.show()
    yield monitor
    if monitor.run is not None:
        monitor.run.cancel()
    monitor.close()
    place.close_all()


def press(monitor, name):
    monitor._panel.controls.buttons[name].click()


def enabled(monitor):
    return {name for name, button in monitor._panel.controls.buttons.items() if not button.disabled}


def text(monitor):
    return monitor._panel.view.value


def block_of(monitor):
    return monitor._panel.blocks.view.value


def test_it_shows_the_plan_and_computes_nothing(shown, gate, until) -> None:
    """Start is all there is to press."""
    assert until(lambda: enabled(shown) == {"start"})
    assert "24 tasks" in text(shown)
    assert "ready" in text(shown)
    assert shown.state == "ready"
    assert gate.passed == 0


def test_start_pause_resume_cancel(shown, gate, until) -> None:
    """Each button does what it says, and then those can be pressed that mean something."""
    press(shown, "start")
    running = until(lambda: shown.state == "running" and enabled(shown) == {"pause", "cancel"})
    press(shown, "pause")
    paused = until(lambda: shown.state == "paused" and enabled(shown) == {"resume", "cancel"})
    gate.open.set()
    time.sleep(0.1)
    few = gate.passed
    press(shown, "resume")
    resumed = until(lambda: gate.passed > 2)
    press(shown, "cancel")

    assert running
    assert paused
    assert few <= 1
    assert resumed
    assert until(lambda: shown.state == "cancelled")
    with pytest.raises(Cancelled):
        shown.run.result()


def test_a_run_that_is_done_leaves_a_summary(shown, gate, displays, until) -> None:
    """The output is no widget any more; the result can be had."""
    gate.open.set()
    press(shown, "start")
    ended = until(lambda: WIDGET not in displays[-1][0])

    assert ended
    assert displays[-1][1]
    assert "done in" in displays[-1][0]["text/html"]
    assert np.array_equal(np.arange(48.0 * 9).reshape(48, 9) + 1, shown.result())


def test_sliders_change_the_run_under_way(shown, gate, until) -> None:
    """Workers, budget and priority, at once."""
    press(shown, "start")
    until(lambda: shown.state == "running")
    shown._panel.controls.workers.value = 3
    shown._panel.controls.priority.value = 1
    shown._panel.controls.memory.value = shown._panel.controls.memory.options[-1][1]

    assert until(lambda: shown.run.workers == 3)
    assert until(lambda: shown.run.priority == 1)
    assert until(lambda: shown.run.budget_bytes == shown._panel.controls.memory.options[-1][1])


def test_sliders_show_what_was_changed_elsewhere(shown, gate, until) -> None:
    """In another panel of the run, or by a cell; what a panel shows so, it doesn't ask for."""
    press(shown, "start")
    until(lambda: shown.state == "running")
    other = Monitor(shown.run, every_s=0.01)
    other.show()
    other._ask("pause", True)  # so that it has sliders at once
    until(lambda: other._panel.controls.priority is not None)  # which is made last
    asked = []
    other._panel.controls._ask = lambda *what: asked.append(what)
    first, second = shown._panel.controls, other._panel.controls
    first.workers.value, first.priority.value = 3, 1
    followed = until(lambda: (second.workers.value, second.priority.value) == (3, 1))
    shown.run.set_budget(77 * 2**20)
    shown.run.set_workers(11)
    shown.run.set_priority(5)
    all_follow = until(lambda: {77 * 2**20} == {first.memory.value, second.memory.value})
    many = until(lambda: {11} == {first.workers.value, second.workers.value})
    other.close()

    assert (followed, all_follow, many) == (True, True, True)
    assert asked == []
    assert (shown.run.workers, shown.run.budget_bytes, shown.run.priority) == (11, 77 * 2**20, 5)


def test_a_budget_below_the_least_is_told(displays, until) -> None:
    """The run goes on, a task at a time."""
    x = nb.map_blocks(lambda b: (time.sleep(0.05), b)[1], nb.zeros((40, 2**20), chunks=(2, 2**20)), dtype="f8")
    monitor = Monitor([x.expr], workers=1, memory="2GiB", every_s=0.01)
    monitor.show()
    press(monitor, "start")
    until(lambda: monitor.state == "running")
    monitor._panel.controls.memory.value = monitor._panel.controls.memory.options[0][1]
    told = until(lambda: "at the least" in text(monitor))
    state = monitor.state
    monitor.run.cancel()
    monitor.close()

    assert told
    assert state == "running"


def test_a_budget_below_what_is_held_is_told(displays, gate, until) -> None:
    """There is room for the tasks one at a time, and four are under way: it takes effect as their blocks are freed."""
    x = nb.map_blocks(gate, nb.zeros((16, 2**20), chunks=(1, 2**20)), dtype="f8").sum()
    monitor = Monitor([x.expr], workers=4, memory="256MiB", every_s=0.01)
    monitor.show()
    press(monitor, "start")
    size = 3 * 2**23
    more_held = until(lambda: monitor._watch.last is not None and sum(monitor._watch.last.held[:3]) > size)
    least = monitor.run.plan.run_bytes()
    monitor._panel.controls.memory.value = size
    told = until(lambda: "the new budget takes effect as blocks are freed" in text(monitor))
    budget, state = monitor.run.budget_bytes, monitor.state
    gate.open.set()
    value = monitor.result(10)
    monitor.close()
    summary = displays[-1][0]

    assert "; in the end the budget was 24.0 MiB" in summary["text/plain"]
    assert "<li>tasks: " in summary["text/html"]
    assert "map_blocks(Gate) 16/16" in summary["text/html"]
    assert more_held
    assert least <= size
    assert told
    assert (budget, state, value) == (size, "running", 2**24)


def test_changes_before_the_start_plan_anew(shown, until) -> None:
    """Other chunks are other tasks; a budget is part of the plan; what can't be read is told in place.

    Plans that nobody started are no runs to be listed.
    """
    before = {record.number for record in runs.recent()} - {shown.run.number}
    shown._panel.controls.workers.value = 2
    two = until(lambda: shown.run is not None and shown.run.workers == 2)
    shown._panel.controls.chunks.value = "48, 9"
    other = until(lambda: shown.run is not None and shown.run.exprs[0].chunks.numblocks == (1, 1))
    shown._panel.controls.chunks.value = "lots"
    bad = until(lambda: "can&#x27;t use" in text(shown))
    nothing_to_start, typed_again = enabled(shown), not shown._panel.controls.chunks.disabled
    shown._panel.controls.chunks.value = ""
    again = until(lambda: enabled(shown) == {"start"})

    assert two
    assert other
    assert bad
    assert nothing_to_start == set()
    assert typed_again
    assert {shown.run.number} == {record.number for record in runs.recent()} - before
    assert again
    assert shown.state == "ready"


def test_chunks_that_are_typed_are_the_grid(shown, gate, until) -> None:
    """And a line says that work isn't cut by them; blocks that they hold fill them."""
    tasks, said = shown.run.plan.ntasks, "Work isn&#x27;t cut by them"
    before = said in text(shown)
    shown._panel.controls.chunks.value = "12, -1"
    told = until(lambda: "Result in 4 chunks (4×1)" in text(shown) and said in text(shown))
    grid, region = shown._watch.cells.shape, shown._watch.cells.region((1, 0))
    planned = shown.run.plan.ntasks
    shown.start()
    gate.open.set()
    filled = until(lambda: shown.state == "done" and (shown._watch.filled == 1).all())
    value = shown.result()
    again = Monitor([nb.from_array(np.arange(8.0))[nb.arange(8) > 3].expr], every_s=0.01)
    again._change("chunks", "2")
    again._ask("look", True)

    assert not before
    assert told
    assert ((4, 1), (slice(12, 24), slice(0, 9))) == (grid, region)
    assert tasks == planned
    assert filled
    assert np.array_equal(np.arange(48.0 * 9).reshape(48, 9) + 1, value)
    assert "depends on its values" in repr(again)


def test_start_pressed_twice_starts_once(shown, gate, until) -> None:
    """The second says so."""
    press(shown, "start")
    until(lambda: shown.state == "running")
    number = shown.run.number
    press(shown, "start")

    assert until(lambda: "started before" in text(shown))
    assert shown.run.number == number


def test_a_run_cancelled_while_paused_ends(shown, gate, until) -> None:
    """Nobody has to resume it first."""
    press(shown, "start")
    until(lambda: shown.state == "running")
    press(shown, "pause")
    until(lambda: shown.state == "paused")
    press(shown, "cancel")
    gate.open.set()

    assert until(lambda: shown.run.wait(0))
    assert shown.state == "cancelled"


def test_closing_in_the_middle_lets_the_run_go_on(shown, gate, displays, models, until) -> None:
    """No widget is left; the run can be found."""
    press(shown, "start")
    until(lambda: shown.state == "running")
    run = shown.run
    shown.close()
    left = models()
    gate.open.set()

    assert left == []
    assert WIDGET not in displays[-1][0]
    assert runs.find(run.number) is not None
    assert run.result(10)[0].shape == (48, 9)
    with pytest.raises(InputError, match="closed"):
        shown.show()


def test_a_run_whose_panel_was_closed_is_steered_by_its_number(shown, gate, until) -> None:
    """`%blocked_runs` lists it, pauses it, and cancels it while it is paused."""
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "nbarray")
    press(shown, "start")
    until(lambda: shown.state == "running")
    run = shown.run
    shown.close()

    def row(line):
        table = repr(shell.run_line_magic("blocked_runs", line))
        (found,) = (row for row in table.splitlines() if row.split()[0] == str(run.number))
        return found

    rows = [row(line).split() for line in ("", f"--pause {run.number}", f"--cancel {run.number}")]
    gate.open.set()
    with pytest.raises(Cancelled):
        run.result(10)
    shell.run_line_magic("unload_ext", "nbarray")

    assert ["running", "paused", "cancelled"] == [state for _, state, *_ in rows]
    assert ["0/24"] * 3 == [tasks for _, _, tasks, *_ in rows]


def test_a_block_is_computed_by_itself(shown, gate, until) -> None:
    """A click on one shows it; nothing else is computed."""
    gate.open.set()
    shown._panel.controls.blocks.value = True
    until(lambda: shown._panel.blocks.grid is not None)
    grid = shown._panel.blocks.grid
    before = gate.passed
    grid.cells.value = 5
    seen = until(lambda: "block (1, 2): [6:12, 6:9]" in block_of(shown) and "mean" in block_of(shown))
    computed = gate.passed - before
    count = len(grid.cells.options)
    drawn, block = grid.picture.value, block_of(shown)
    shown._panel.controls.blocks.value = False

    assert (count, grid.cells.options[5][0]) == (24, "1, 2")
    assert "0 of 24 blocks of the result are done" in drawn
    assert seen
    assert 1 <= computed <= 2
    assert "<img" in block
    assert until(lambda: not shown._panel.blocks.box.children)
    assert shown.state == "ready"


def test_each_of_many_blocks_can_be_clicked(displays, models, until) -> None:
    """They are one widget, however many they are; of more than there is room for, several are one."""
    x = nb.map_blocks(np.negative, nb.from_array(np.arange(24000.0).reshape(6000, 4), chunks=(1, 2)), dtype="f8")
    monitor = Monitor([x.expr], every_s=0.01)
    monitor.show()
    before = len(models())
    monitor._panel.controls.blocks.value = True
    until(lambda: monitor._panel.blocks.grid is not None)
    few = len(models()) - before
    grid = monitor._panel.blocks.grid
    grid.cells.value = 7
    seen = until(lambda: "[6:8, 2:4]" in block_of(monitor) and "mean" in block_of(monitor))
    monitor.close()

    assert len(grid.cells.options) == 6000
    assert few < 20
    assert seen


def test_blocks_to_click_on_follow_the_plan(displays, until) -> None:
    """Another budget may mean other blocks; the one that was looked at goes with the old ones."""
    x = nb.from_array(np.arange(2e6).reshape(2000, 1000), chunks=(100, 1000)) + 1
    monitor = Monitor([x.expr], workers=1, memory="64MiB", every_s=0.01)
    monitor.show()
    monitor._panel.controls.blocks.value = True
    until(lambda: monitor._panel.blocks.grid is not None)
    before = monitor._watch.cells.shape
    monitor._panel.blocks.grid.cells.value = 15
    seen = until(lambda: "[1875:2000, 0:1000]" in block_of(monitor) and "mean" in block_of(monitor))
    monitor._panel.controls.memory.value = 2**30
    followed = until(lambda: (grid := monitor._panel.blocks.grid) is not None and "0 of 8 blocks" in grid.picture.value)
    cleared = block_of(monitor)
    count = len(monitor._panel.blocks.grid.cells.options)
    monitor._panel.blocks.grid.cells.value = 7
    other = until(lambda: "block (7, 0): [1750:2000, 0:1000]" in block_of(monitor))
    monitor.close()

    assert (before, seen, followed, cleared) == ((16, 1), True, True, "")
    assert count == 8
    assert other


def test_blocks_of_sizes_that_depend_on_values_are_looked_at(displays, until) -> None:
    """Their places are known once there is a plan; nothing is counted again."""
    a = np.random.default_rng(2).random((2000, 1000))
    x, looked = nb.from_array(a, chunks=(100, 1000)), []

    def look(block):
        looked.append(len(block))
        return block

    kept = x[nb.map_blocks(look, x[:, 0], dtype="f8") > 0.5]
    monitor = Monitor([kept.expr], memory="64MiB", every_s=0.01)
    monitor.show()
    until(lambda: monitor._panel.controls.blocks is not None)
    monitor._panel.controls.blocks.value = True
    until(lambda: monitor._panel.blocks.grid is not None)
    grid = monitor._panel.blocks.grid
    before, grid.cells.value = sum(looked), len(grid.cells.options) - 1
    there = until(lambda: "mean" in block_of(monitor))
    text, after = block_of(monitor), sum(looked)
    monitor.close()
    place.close_all()
    last = a[a[:, 0] > 0.5]
    start, stop = map(int, re.search(r"\[(\d+):(\d+)", text).groups())

    assert there
    assert f"mean {last[start:stop].mean():.6g}" in text
    assert stop == len(last)
    assert before == 2000
    assert after <= 2 * 2000


def test_a_block_nobody_wants_any_more_is_no_error(shown, gate, until) -> None:
    """It is given up without a word."""
    shown._panel.controls.blocks.value = True
    until(lambda: shown._panel.blocks.grid is not None)
    shown._panel.blocks.grid.cells.value = 5
    computing = until(lambda: "block (1, 2)" in block_of(shown))
    shown._panel.controls.blocks.value = False
    gone = until(lambda: not shown._panel.blocks.box.children)
    gate.open.set()
    time.sleep(0.1)

    assert computing
    assert gone
    assert shown._panel.blocks.view is None


def test_a_failing_task_is_told_in_place(displays, until) -> None:
    """With its own last line, escaped, also in the summary."""

    def fail(block):
        raise ValueError("<no> such thing")

    monitor = Monitor([nb.map_blocks(fail, nb.zeros((4, 4), chunks=2), dtype="f8").expr], every_s=0.01)
    monitor.show()
    press(monitor, "start")
    ended = until(lambda: WIDGET not in displays[-1][0])
    monitor.close()

    assert ended
    assert "&lt;no&gt; such thing" in displays[-1][0]["text/html"]
    assert "<no>" not in displays[-1][0]["text/html"]


def test_a_plan_that_does_not_fit_is_told_and_can_be_helped(displays, until) -> None:
    """There is nothing to start until the budget is larger."""
    monitor = Monitor([nb.ones((1000, 1000)).expr], memory=2**20, every_s=0.01)
    monitor.show()
    told = "BudgetError" in text(monitor)
    none = enabled(monitor)
    monitor._panel.controls.memory.value = monitor._panel.controls.memory.options[-1][1]
    helped = until(lambda: enabled(monitor) == {"start"})
    monitor.close()

    assert told
    assert none == set()
    assert helped


class Clock:
    """Time that goes on when told."""

    now_s = 100.0

    def __call__(self):
        return self.now_s


def test_sliders_come_when_a_run_has_been_shown_for_a_second(slow, displays, models, until) -> None:
    """Buttons are there at once, what else there is as soon as somebody might want it: it takes longest to make."""
    run, clock = slow.start(workers=1), Clock()
    monitor = Monitor(run, every_s=0.01, clock=clock)
    monitor.show()
    controls, few = monitor._panel.controls, len(models())
    at_once, sliders = enabled(monitor), controls.workers
    clock.now_s += 1.5
    come = until(lambda: controls.blocks is not None and controls.blocks in monitor._panel.box.children)
    many = len(models())
    controls.workers.value = 2
    steered = until(lambda: run.workers == 2)
    monitor.close()
    run.cancel()

    assert at_once == {"pause", "cancel"}
    assert sliders is None
    assert come
    assert steered
    assert few <= 9
    assert many <= 16
    assert models() == []


def test_sliders_are_there_before_the_start(slow, displays) -> None:
    """What is displayed first has them: nothing is drawn again until somebody touches something."""
    monitor = slow.monitor()
    monitor.show()
    controls, children = monitor._panel.controls, monitor._panel.box.children
    monitor.close()

    assert {controls.workers, controls.memory, controls.chunks} <= set(children)


def test_sliders_come_at_once_when_a_run_is_paused(slow, displays, until) -> None:
    """Whoever has done that wants to change something."""
    run = slow.start(workers=1)
    monitor = Monitor(run, every_s=0.01, clock=Clock())
    monitor.show()
    press(monitor, "pause")
    come = until(lambda: monitor._panel.controls.memory is not None)
    monitor.close()
    run.cancel()

    assert come


def test_it_draws_at_most_at_the_rate_asked_for(shown, gate, until) -> None:
    """However quickly tasks end."""
    shown._every_s = 0.05
    changes = []
    shown._panel.view.observe(lambda change: changes.append(threading.current_thread().name), "value")
    began_s = time.perf_counter()
    press(shown, "start")
    until(lambda: len(changes) >= 8)
    most = 3 + (time.perf_counter() - began_s) / 0.05

    assert 8 <= len(changes) <= most
    assert {"nbarray-monitor"} == set(changes)


def test_ended_runs_keep_no_result(slow, gate, displays, until) -> None:
    """A monitor of a run that somebody else holds lets it go at the end."""
    run = slow.start()
    monitor = Monitor(run, every_s=0.01)
    monitor.show()
    gate.open.set()
    run.result()
    ended = until(lambda: WIDGET not in displays[-1][0])
    monitor.close()

    assert ended
    assert monitor.run is None
    assert monitor.state == "done"


def test_runs_and_arrays_have_it_as_a_method(slow, gate) -> None:
    """Without a notebook it is a line of text."""
    panel = slow.monitor(workers=1)
    run = panel.start()

    assert repr(panel).startswith("<Monitor of run of map_blocks")
    assert run.monitor().run is run
    assert nb.monitor(run).run is run
    with pytest.raises(InputError, match="expected arrays, or one run, not int"):
        nb.monitor(3)
    with pytest.raises(InputError, match="this run has a budget and workers already"):
        run.monitor(memory="1GiB")
    gate.open.set()
    assert panel.result().shape == (48, 9)


class _Comm:
    def __init__(self):
        self.calls = []
        self._msg_callback = self.calls.append

    def _reply_subshell_for(self, data, default):
        return "main"

    def handle_msg(self, msg):
        raise AssertionError("fires the events of a cell")


def test_messages_are_answered_beside_the_cell() -> None:
    """On the shell that the front end asked for, and without the events of a cell."""
    widget = type("Widget", (), {})()
    widget.comm = _Comm()
    comms.keep_answering(widget)
    widget.comm.handle_msg("hello")

    assert widget.comm._reply_subshell_for({}, "sub") == "sub"
    assert widget.comm.calls == ["hello"]


def test_kernels_without_subshells_are_left_alone() -> None:
    """A comm without the attribute gets none, and a closed widget has no comm."""
    plain = type("Widget", (), {"comm": type("Comm", (), {})()})()
    comms.keep_answering(plain)
    comms.keep_answering(type("Widget", (), {"comm": None})())

    assert not hasattr(plain.comm, "_reply_subshell_for")
    assert not hasattr(plain.comm, "handle_msg")


def test_closing_a_tree_closes_children_layouts_and_styles(displays, models) -> None:
    """`close` of a box alone would leave all the rest registered."""
    comms.close_tree(ipywidgets.VBox([ipywidgets.HBox([ipywidgets.Button()]), ipywidgets.IntSlider()]))

    assert models() == []


@pytest.fixture
def unsized(gate):
    """What can't be planned before the gate is open, as a size depends on values."""
    x = nb.from_array(np.arange(400.0).reshape(80, 5), chunks=(10, 5))
    return x[nb.map_blocks(gate, x[:, 0], dtype="f8") > 100] * 2


def test_planning_that_takes_long_is_shown(displays, unsized, gate, until) -> None:
    """At once, with what it waits for; then the plan's numbers come."""
    monitor = Monitor([unsized.expr], workers=1, memory="64MiB", every_s=0.01)
    monitor.show()
    first = monitor.state
    counted = until(lambda: "0/" in text(monitor))
    gate.open.set()
    planned = until(lambda: enabled(monitor) == {"start"} and "ready" in text(monitor))
    press(monitor, "start")
    value = monitor.result(10)
    monitor.close()
    place.close_all()

    assert (first, counted, planned) == ("planning", True, True)
    assert value.shape == (60, 5)


def test_planning_that_fails_is_told_in_place(displays, gate, until) -> None:
    """The error, and nothing to press but what may help."""

    def bad(block):
        gate.open.wait(20)
        raise ValueError("no <good>")

    x = nb.from_array(np.arange(400.0).reshape(80, 5), chunks=(10, 5))
    monitor = Monitor([(x[nb.map_blocks(bad, x[:, 0], dtype="f8") > 100] * 2).expr], every_s=0.01)
    monitor.show()
    gate.open.set()
    told = until(lambda: "no &lt;good&gt;" in text(monitor))
    with pytest.raises(InputError, match="no <good>"):
        monitor.start()
    monitor.close()
    place.close_all()

    assert told
    assert monitor.run is None


def test_a_plan_that_is_being_made_is_changed_by_sliders(displays, unsized, gate, until) -> None:
    """It is made with what was chosen last; one that somebody has started keeps what it was started with."""
    monitor = Monitor([unsized.expr], workers=1, memory="64MiB", every_s=0.01)
    monitor.show()
    first = until(lambda: monitor.run.counting is not None) and monitor.run
    monitor._panel.controls.memory.value = 2**25
    other = until(lambda: monitor.run is not first and monitor.run.counting is not None) and monitor.run
    monitor.start()
    monitor._panel.controls.memory.value = 2**24
    smaller = until(lambda: monitor.run.budget_bytes == 2**24)
    gate.open.set()
    value = monitor.result(10)
    monitor.close()
    place.close_all()

    assert first.state == "cancelled"
    assert other.plan.nodes
    assert monitor.run is other
    assert smaller
    assert value.shape == (60, 5)


def test_planning_is_cancelled_by_its_button(displays, unsized, gate, until) -> None:
    """And the pass that counts, too."""
    run = unsized.start()
    monitor = Monitor(run, every_s=0.01)
    monitor.show()
    counting = until(lambda: run.counting is not None) and run.counting
    press(monitor, "cancel")
    over = until(lambda: run.state == "cancelled" and not monitor._place.shown)
    gate.open.set()
    place.close_all()

    assert over
    assert counting.state == "cancelled"
    assert "cancelled while it was planned" in displays[-1][0]["text/plain"]
