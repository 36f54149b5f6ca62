"""What bad input gets: a plain answer, and a shell that goes on."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

import nbarray as nb
from nbarray.errors import Cancelled
from nbarray.magics import sources


@pytest.fixture
def shell(shell, monkeypatch):
    """A shell with the extension, NumPy, and a large array."""
    monkeypatch.setattr(sources, "LARGE_BYTES", 1000)
    shell.run_line_magic("load_ext", "nbarray")
    shell.push({"np": np, "nb": nb, "a": np.arange(2000.0).reshape(40, 50)})
    yield shell
    shell.run_line_magic("unload_ext", "nbarray")


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("%%blocked\na.sum(", "SyntaxError"),
        ("%%blocked\nmissing_name.sum()", "name 'missing_name' is not defined"),
        ("%%blocked --workers 0\na.sum()", "expected a whole number from 1 to 1024, not '0'"),
        ("%%blocked --chunks 0\na.sum()", "expected lengths such as 4,200,200"),
        ("%%blocked -o never\nb = a.sum()", "never"),
        ("%%blocked --memory 2\na.sum()", "2 would be 2 bytes; write 2GiB or 2MiB"),
        ("%%blocked --worker 2\na.sum()", "did you mean"),
        ("%blocked_runs --cancel 99999999", "there is no run 99999999"),
    ],
)
def test_a_mistake_is_told_plainly_and_the_next_cell_runs(shell, capsys, cell, told):
    """In the user's terms; nothing of it stays."""
    failed = shell.run_cell(cell)
    streams = capsys.readouterr()
    again = shell.run_cell("%%blocked\na.sum()")

    assert not failed.success
    assert told in streams.out + streams.err + str(failed.error_in_exec)
    assert again.success
    assert np.arange(2000.0).sum() == again.result


def test_a_run_is_cancelled_while_it_is_paused_and_started_twice(shell):
    """Starting again changes nothing; cancelling ends it, and frees the workers."""
    opened = threading.Event()
    shell.push({"wait": lambda block: (opened.wait(10), block)[1]})
    run = shell.run_cell("%%blocked -b --chunks 4,50 --no-monitor\nnb.map_blocks(wait, a, dtype='f8')").result
    assert run.wait_planned(5)
    same = run.start()
    run.pause()
    paused = run.state
    run.cancel()
    opened.set()
    with pytest.raises(Cancelled):
        run.result(10)

    assert same is run
    assert ("paused", "cancelled") == (paused, run.state)
    assert shell.run_cell("%%blocked\na.sum()").success


def test_interrupted_twice_the_shell_goes_on(shell):
    """A second Ctrl-C, while the first is dealt with, is one more KeyboardInterrupt and nothing else."""
    import _thread

    shell.push({"slow": lambda block: (time.sleep(0.4), block)[1]})
    timers = [threading.Timer(after_s, _thread.interrupt_main) for after_s in (0.4, 0.5)]
    for timer in timers:
        timer.start()
    try:
        failed = shell.run_cell("%%blocked --chunks 2,50 --workers 2\nnb.map_blocks(slow, a, dtype='f8').sum()")
        time.sleep(0.3)
    except KeyboardInterrupt:
        failed = None
    for timer in timers:
        timer.join()

    assert failed is None or not failed.success
    assert shell.run_cell("%%blocked\na.sum()").success


@pytest.mark.parametrize(("cell", "line"), [("%%blocked {}\na.sum()", 1), ("x = 1\n\ny = %blocked {} a.sum()", 3)])
def test_chunks_of_no_array_are_told_where_they_stand(shell, cell, line):
    """In the line of the magic."""
    with pytest.warns(UserWarning, match="--chunks 4,3,2 was not used: no array here has 3 axes") as told:
        shell.run_cell(cell.format("--chunks 4,3,2")).raise_error()

    assert [line] == [each.lineno for each in told]
