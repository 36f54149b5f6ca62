"""Where `%debug` begins after a task failed, and where it can go from there."""

from __future__ import annotations

import io
import re
import sys
import traceback

import pytest
from IPython.core.debugger import Pdb

from tests.magics.loaded import loaded

CELL = """
def invert(block):
    return np.linalg.inv(block)
def picky(block):
    limit = 155
    return invert(block * 0)
x = nb.from_array(a[:40, :40], chunks=20)
y = x.map_blocks(picky, dtype=float)
"""
#: What fails in a function of the user's, and where `up` goes from there.
FAILS = [
    ("y.compute(workers=2)", ["invert", "picky", "<module>"]),
    ("def mine():\n    return y.compute(workers=1)\nmine()", ["invert", "picky", "mine", "<module>"]),
    ("run = y.start()\nrun.result()", ["invert", "picky", "<module>"]),
    ("%%time\ny.compute()", ["invert", "picky", "<module>"]),
    ("%%blocked\nx.map_blocks(picky, dtype=float)", ["invert", "picky"]),
    ("z = %blocked y", ["invert", "picky"]),
]


@pytest.fixture
def shell(shell, a, monkeypatch):
    """A shell with the extension and functions that fail."""
    for _ in loaded(shell, monkeypatch):
        shell.run_line_magic("colors", "nocolor")
        shell.run_cell(CELL).raise_error()
        yield shell


def debug(shell, capsys, monkeypatch, commands: list[str]) -> str:
    """What `%debug` answers to some commands."""
    typed = io.StringIO("\n".join([*commands, "q", ""]))

    class Scripted(Pdb):
        def __init__(self):
            super().__init__(stdin=typed, stdout=sys.stdout)
            self.use_rawinput = False

    monkeypatch.setattr(shell.InteractiveTB, "debugger_cls", Scripted)
    monkeypatch.setattr(shell.InteractiveTB, "pdb", None)
    capsys.readouterr()
    shell.run_line_magic("debug", "")
    return capsys.readouterr().out


def stops(answers: str) -> list[str]:
    """The functions it was in."""
    return re.findall(r"^(?:ipdb> )?> .*\(\d+\)(\S+?)(?:\(\))?$", answers, flags=re.M)


@pytest.mark.parametrize(("cell", "functions"), FAILS)
def test_it_begins_in_the_users_function_and_goes_up_through_theirs_only(shell, capsys, monkeypatch, cell, functions):
    """With the values of the block that failed; none of our frames is between them."""
    assert not shell.run_cell(cell).success
    answers = debug(shell, capsys, monkeypatch, ["up", "p block.shape, limit", *["up"] * (len(functions) - 2)])

    assert functions == stops(answers)
    assert "((20, 20), 155)" in answers


@pytest.mark.parametrize("cell", ["np.linalg.inv(x * 0).compute()", "%%blocked\nnp.linalg.inv(x * 0)"])
def test_where_no_function_of_the_users_failed_it_begins_in_the_cell(shell, capsys, monkeypatch, cell):
    """Whose names are at hand."""
    assert not shell.run_cell(cell).success
    answers = debug(shell, capsys, monkeypatch, ["p x.shape"])

    assert ["<module>"] == stops(answers)
    assert "(40, 40)" in answers


def test_no_frame_is_lost(shell, capsys):
    """The traceback that IPython keeps is whole, the cause has that of the worker, and `%tb` shows the same again."""
    shell.run_cell("y.compute()")
    first = capsys.readouterr().out
    shell.run_line_magic("tb", "")
    here, there = (traceback.extract_tb(tb) for tb in (sys.last_traceback, sys.last_value.__cause__.__traceback__))

    assert first == capsys.readouterr().out
    assert {"compute", "result", "picky"} <= {frame.name for frame in here}
    assert {"run_task", "picky", "inv"} <= {frame.name for frame in there}


def test_the_error_is_still_the_one_to_ask(shell):
    """For what the task was given, and to run it again."""
    shell.run_cell("y.compute()")
    given = shell.run_cell("import sys\nsys.last_value.inputs()[0].shape").result

    assert (20, 20) == given
    assert not shell.run_cell("sys.last_value.rerun()").success
