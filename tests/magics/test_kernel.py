"""%%blocked in a real kernel: what is sent, in which order, and what is left."""

from __future__ import annotations

import re
import time

import nbclient
import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from nbarray.observers.progress import SHOW_AFTER_S
from tests.jupyter_kernels import ROOT, SETUP

WIDGET = "application/vnd.jupyter.widget-view+json"
#: From asking for the first cell's panel until it is sent; longer where a single button takes longer than it should.
PANEL_S, BUTTON_S = 0.3, 0.05


class Kernel:
    """Runs cells; keeps what each of them sent."""

    def __init__(self, manager, client):
        self.manager, self.client = manager, client

    def run(self, cell, wait_s=30.0):
        """The reply's status and the messages (type, content), without those of every cell, and of panels that end."""
        sent = []
        reply = self.client.execute_interactive(
            cell,
            allow_stdin=False,
            timeout=wait_s,
            output_hook=lambda message: sent.append((message["msg_type"], message["content"])),
        )
        return reply["content"]["status"], [m for m in sent if m[0] not in ("status", "execute_input", "comm_close")]

    def listen(self, cell, look):
        """Run a cell; `look` gets all that is sent meanwhile, whatever cell it belongs to.  Returns whose it is."""
        number = self.client.execute(cell, allow_stdin=False)
        while True:
            message = self.client.get_iopub_msg(timeout=30)
            look(message)
            idle = message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"
            if idle and message["parent_header"].get("msg_id") == number:
                self.client.get_shell_msg(timeout=10)
                return number


@pytest.fixture(scope="module")
def kernel():
    """A kernel with the extension, a slow function and a large array."""
    manager, client = start_new_kernel(extra_arguments=["--HistoryManager.enabled=False"])
    kernel = Kernel(manager, client)
    status, sent = kernel.run(SETUP)
    assert status == "ok", sent
    yield kernel
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.context.destroy(linger=0)


def kinds(sent):
    return [kind for kind, _ in sent]


def shown_after_s(kernel, cell):
    """Seconds from asking for a cell until its first widget is sent, with all that belongs to it."""
    began_s, shown = time.perf_counter(), []

    def hook(message):
        if WIDGET in message["content"].get("data", {}):
            shown.append(time.perf_counter() - began_s)

    kernel.client.execute_interactive(cell, allow_stdin=False, timeout=30, output_hook=hook)
    return shown[0]


def test_the_first_panel_is_there_at_once(kernel):
    """Of the first cell after the extension was loaded, in a fresh kernel; this test comes first."""
    body = "\nnb.map_blocks(slow, a, dtype='f8').sum()"
    asked_s = shown_after_s(kernel, "%%blocked --monitor --chunks 16,-1 --workers 2" + body)
    by_itself_s = shown_after_s(kernel, "%%blocked --chunks 8,-1 --workers 1" + body)
    button_s = shown_after_s(kernel, "import ipywidgets; display(ipywidgets.Button())")
    busy = max(1.0, button_s / BUTTON_S)

    assert asked_s < PANEL_S * busy
    assert SHOW_AFTER_S < by_itself_s < SHOW_AFTER_S + PANEL_S * busy


def test_a_quick_cell_sends_its_value_and_nothing_else(kernel):
    """No widget, no display."""
    status, sent = kernel.run("%%blocked\nprint('first')\na.sum()")

    assert (status, kinds(sent)) == ("ok", ["stream", "execute_result"])
    assert str(float(sum(range(2**23)))) in sent[1][1]["data"]["text/plain"]


SLOW = "%%blocked --chunks 8,-1 --workers 1\nprint('first')\nnb.map_blocks(slow, a, dtype='f8').sum()"


def test_a_slow_cell_shows_its_monitor_and_leaves_a_summary(kernel):
    """Between what was printed and the value: a panel appears and changes; words stay where it was."""
    status, sent = kernel.run(SLOW)
    displays = [content["data"] for kind, content in sent if kind == "display_data"]
    updates = [content["data"] for kind, content in sent if kind == "update_display_data"]

    assert status == "ok"
    assert [WIDGET in data for data in displays] == [True]
    assert ["done in" in data["text/html"] and WIDGET not in data for data in updates] == [True]
    assert "comm_msg" in kinds(sent)
    assert kinds(sent)[0] == "stream"
    assert kinds(sent)[-1] == "execute_result"


def test_a_hundred_runs_leave_no_widget(kernel):
    """A hundred panels became a hundred summaries; neither ipywidgets nor the kernel knows of a model any more."""
    kernel.run(
        "import ipywidgets.widgets.widget as w, comm\n"
        "from nbarray.widgets import place\nplace.LINGER_S = 1.0\nplace.close_all()\n"
        "def count():\n    return len(w._instances), len(comm.get_comm_manager().comms)\n"
        "before = count()"
    )
    runs = (
        "for k in range(100):\n"
        "    get_ipython().run_cell_magic('blocked', '--monitor', 'nb.map_blocks(brief, a[:4], dtype=\"f8\").sum()')"
    )
    kernel.run("def brief(block):\n    time.sleep(0.02)\n    return block")
    status, sent = kernel.run(runs, wait_s=120)
    panels = {content["transient"]["display_id"] for _, content in sent if WIDGET in content.get("data", ())}
    ends = {
        content["transient"]["display_id"]: content["data"] for kind, content in sent if kind == "update_display_data"
    }
    _, after = kernel.run(
        "end = time.monotonic() + 20\n"
        "while time.monotonic() < end and count() != before: time.sleep(0.1)\ncount() == before"
    )

    assert status == "ok"
    assert len(panels) >= 80  # a run may be over before its panel comes
    assert panels == set(ends)
    assert all("done in" in data["text/html"] and WIDGET not in data for data in ends.values())
    assert [("execute_result", "True")] == [(kind, content["data"]["text/plain"]) for kind, content in after]


PRINTING = """
import logging, sys
logger = logging.getLogger("blocks")
logger.handlers = [logging.StreamHandler()]
def says(block):
    time.sleep(0.05)
    print("says")
    logger.warning("warns")
    return block
talking = nb.map_blocks(says, nb.from_array(a[:24], chunks=(1, -1)), dtype="f8")
"""


OTHER = "for k in range(10):\n    time.sleep(0.3)\n    print('mine', flush=True)"


@pytest.mark.parametrize(
    ("start", "before"),
    [
        ("run = talking.start(workers=1)\ntime.sleep(0.5)\nrun.monitor()", True),
        ("%%blocked -b --workers 1\ntalking.sum(axis=1)", False),
    ],
)
def test_what_tasks_print_lands_in_their_panel(kernel, start, before):
    """And in the summary, which stays; below their own cell, too, what comes before the panel, and below no other."""
    kernel.run(PRINTING)
    texts, ends = {}, []

    def look(message):
        if message["msg_type"] == "stream":
            cell = message["parent_header"]["msg_id"]
            texts[cell] = texts.get(cell, "") + message["content"]["text"]
        elif message["msg_type"] == "update_display_data":
            ends.append(message["content"]["data"])

    own, other = kernel.listen(start, look), kernel.listen(OTHER, look)
    below = texts.get(own, "")

    assert "mine\n" * 10 == texts[other]
    assert before == ("says" in below)
    assert 1 == len(ends)
    for text in ("says", "warns"):
        assert 24 == ends[0]["text/plain"].count(f"  {text}")
        assert 24 == ends[0]["text/html"].count(f">{text}<")


def test_unloading_leaves_the_streams_as_they_were(kernel):
    """IPython's own listening, from the beginning to the end of a cell, is all there is."""
    heard = "[part.cell_contents for part in sys.stdout.write.__closure__ if callable(part.cell_contents)]"
    kernel.run("import sys")
    _, loaded = kernel.run(heard)
    kernel.run("%unload_ext nbarray")
    _, unloaded = kernel.run(heard)
    kernel.run("%load_ext nbarray")

    assert "printed._Write" in loaded[0][1]["data"]["text/plain"]
    assert "printed._Write" not in unloaded[0][1]["data"]["text/plain"]


def test_what_tasks_print_stays_below_a_cell_that_waits_for_them(kernel):
    """As all that a cell prints, in order; whoever captures that captures it.  The panel shows the last lines, too."""
    kernel.run(PRINTING + "import io\nfrom contextlib import redirect_stdout")
    seen = []
    kernel.listen("%%blocked --workers 1\ntalking.sum()", seen.append)
    sent = [(m["msg_type"], m["content"]) for m in seen]
    text = "".join(content["text"] for kind, content in sent if kind == "stream" and content["name"] == "stdout")
    live = [c["data"]["state"].get("value", "") for kind, c in sent if kind == "comm_msg" and "state" in c["data"]]
    ends = [content["data"] for kind, content in sent if kind == "update_display_data"]
    captured = "with redirect_stdout(io.StringIO()) as heard:\n    talking.compute()\nheard.getvalue().count('says')"
    value = next(content for kind, content in kernel.run(captured)[1] if kind == "execute_result")

    assert 24 == text.count("says")
    assert any(">says<" in str(html) and ">warns<" in str(html) for html in live)
    assert [">says<" in data["text/html"] for data in ends] == [False]
    assert "24" == value["data"]["text/plain"]


def test_an_error_names_the_cell_and_the_line(kernel):
    """The user's source, and no file of ours or IPython's."""
    status, sent = kernel.run("%%blocked\nx = 1\ny = x / 0")
    [(kind, content)] = sent
    text = "\n".join(content["traceback"])

    assert (status, kind, content["ename"]) == ("error", "error", "ZeroDivisionError")
    assert "line 3" in text.replace("\x1b[39m\x1b[32m", "")
    assert "nbarray/magics" not in text
    assert "run_cell_magic" not in text


@pytest.mark.parametrize(
    ("line", "expected"), [("%%blocked --wo", "--workers"), ("%%blocked --workers 1 --mem", "--memory")]
)
def test_options_complete_in_a_notebook(kernel, line, expected):
    """Through the kernel's own completion request."""
    kernel.client.complete(line, len(line))
    reply = kernel.client.get_shell_msg(timeout=10)

    assert expected in reply["content"]["matches"]


def test_the_help_page_opens_in_a_notebook(kernel):
    """As a pager's text."""
    kernel.client.execute("%%blocked?")
    reply = kernel.client.get_shell_msg(timeout=10)
    [page] = reply["content"]["payload"]

    assert "--memory BYTES" in page["data"]["text/plain"]


def test_the_first_cell_of_a_fresh_kernel_waits_for_nothing(kernel):
    """What the display needs was imported when the extension was loaded."""
    status, sent = kernel.run("import sys; 'ipywidgets' in sys.modules")

    assert (status, sent[0][1]["data"]["text/plain"]) == ("ok", "True")


def test_the_new_prompt_comes_at_once_in_the_background(kernel):
    """The value is a run; other cells run meanwhile, the name is filled when it is done."""
    kernel.run("import threading\ngo = threading.Event()\ndef held(block):\n    go.wait(60)\n    return block")
    status, sent = kernel.run(
        "%%blocked -b --chunks 8,-1 -o total\nrun = nb.map_blocks(held, a, dtype='f8').sum()\nrun"
    )
    [value] = [content["data"]["text/plain"] for kind, content in sent if kind == "execute_result"]
    _, meanwhile = kernel.run("r = _; (r.state, 'total' in globals())")
    _, after = kernel.run("go.set(); bool(r.result() == total == a.sum())")

    assert (status, value.startswith("<Run ")) == ("ok", True)
    assert meanwhile[0][1]["data"]["text/plain"] == "('running', False)"
    assert [content["data"]["text/plain"] for kind, content in after if kind == "execute_result"] == ["True"]


def stop(kernel, cell, after_s, times=1):
    """Interrupt a cell while it runs: the reply, and how long it took to come."""
    kernel.client.execute(cell, stop_on_error=False)
    time.sleep(after_s)
    asked_s = time.perf_counter()
    for k in range(times):
        time.sleep(0.05 * (k > 0))
        kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=30)["content"]
    return reply, time.perf_counter() - asked_s


START = "run = nb.map_blocks(slow, nb.from_array(a, chunks=(1, -1)), dtype='f8').sum().start()"


@pytest.mark.parametrize("wait", ["await run", "run.result()"])
def test_a_cancelled_run_shows_whoever_waits_for_it_their_own_line(kernel, wait):
    """And nothing of how it was waited for; asked for again, nothing of the first time."""
    kernel.run(START)
    kernel.run("run.cancel()")
    kernel.run(f"first = 1\n{wait}")
    _, [(_, content)] = kernel.run(wait)
    line, code, nothing, error = content["traceback"]

    assert re.fullmatch(r"Cell In\[\d+\], line 1", line)
    assert (f"----> {wait}", "") == (code, nothing)
    assert error.startswith("Cancelled: the run was cancelled after")


@pytest.mark.parametrize(("wait", "error"), [("await run", "CancelledError"), ("run.result()", "KeyboardInterrupt")])
def test_stopping_a_cell_that_waits_shows_its_own_line(kernel, wait, error):
    """Awaiting cancels the run; `result` leaves it going."""
    kernel.run(START)
    reply, _ = stop(kernel, wait, 0.8)
    kernel.run("run.cancel()")

    assert error == reply["ename"]
    assert [f"----> {wait}", "", error] == reply["traceback"][1:]


@pytest.mark.parametrize("times", [2, 3])
def test_the_kernel_stays_usable_after_several_interrupts(kernel, times):
    """However often somebody presses Stop; none of our own lines is shown."""
    reply, _ = stop(kernel, "%%blocked --chunks 1,-1\nnb.map_blocks(slow, a, dtype='f8').sum()", 0.8, times=times)
    time.sleep(0.5)
    status, sent = kernel.run("%blocked a[:2].sum() > 0")

    assert reply["ename"] == "KeyboardInterrupt"
    assert not [line for line in reply["traceback"] if "nbarray/" in line]
    assert (status, sent[-1][1]["data"]["text/plain"]) == ("ok", "np.True_")


def test_a_failing_task_is_told_in_the_users_terms(kernel):
    """What failed, where it was made, on which block, the user's line, the last line; no file of ours."""
    kernel.run("def bad(block):\n    return block[99]")
    status, sent = kernel.run("%%blocked --chunks 8,-1\nnb.map_blocks(bad, a, dtype='f8').sum()")
    [content] = [content for kind, content in sent if kind == "error"]
    text = "\n".join(content["traceback"])
    _, again = kernel.run("import sys; sys.last_value.rerun()")

    assert status == "error"
    assert content["traceback"][0].startswith("TaskError: IndexError: index 99 is out of bounds")
    assert "map_blocks(bad)" in text
    assert re.search(r"block \(\d+, 0\) of 16 × 1", text)  # whichever of the first ones failed before the others
    assert "return block[99]" in text
    assert "nbarray/" not in text
    assert again[-1][1]["ename"] == "IndexError"


def test_run_all_stops_at_a_failing_task(kernel):
    """The cells after it are aborted, as after any error."""
    first = kernel.client.execute("%%blocked --chunks 8,-1\nnb.map_blocks(bad, a, dtype='f8').sum()")
    second = kernel.client.execute("1 + 1")
    replies = {}
    for _ in range(2):
        reply = kernel.client.get_shell_msg(timeout=30)
        replies[reply["parent_header"]["msg_id"]] = reply["content"]["status"]

    assert (replies[first], replies[second]) in (("error", "aborted"), ("error", "error"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%%blocked --rep", "--report"),
        ("%blocked --no", "--no-monitor"),
        ("%blocked_runs --ca", "--cancel"),
        ("%%blocked_plan --ch", "--chunks"),
    ],
)
def test_every_option_completes(kernel, line, expected):
    """Of every magic."""
    kernel.client.complete(line, len(line))
    reply = kernel.client.get_shell_msg(timeout=10)

    assert expected in reply["content"]["matches"]


def test_what_a_program_that_runs_a_notebook_leaves_of_runs_in_the_background(tmp_path):
    """A summary in the place of each panel, though the run ended when another cell was running."""
    sources = [
        "%load_ext nbarray\nimport nbarray as nb, time\n"
        "def slow(block):\n    time.sleep(0.05)\n    return block\n"
        "a = nb.map_blocks(slow, nb.ones((300, 40), chunks=(10, 40)), dtype='f8')",
        "run = %blocked -b a.sum(axis=0)",
        "a.start().monitor()",
        "run.result()[0]",
        # a busy machine may take its time to put summaries in the place of panels
        "import threading\nend = time.monotonic() + 20\n"
        "while time.monotonic() < end and 'nbarray-monitor' in {t.name for t in threading.enumerate()}:\n"
        "    time.sleep(0.1)\ntime.sleep(1)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    shown = [[output.data for output in cell.outputs if "data" in output] for cell in notebook.cells]

    for cell in (1, 2):
        (data,) = shown[cell]
        assert {"text/html", "text/plain"} == set(data)
        assert "done in" in data["text/html"]
    assert "300.0" in shown[3][0]["text/plain"]
