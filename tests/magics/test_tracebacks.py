"""What IPython shows of errors of ours: the user's own lines, and the message."""

from __future__ import annotations

import re

import pytest

from nbarray.errors import AxisError, InputError
from nbarray.provenance import users_lines
from tests.magics.loaded import loaded

CELL = """import nbarray as nb, numpy as np
x = nb.ones((400, 400), chunks=100)
"""
#: What a cell does wrong, and how many frames are to be seen of it.
MISTAKES = [
    ("x.compute(memory='1KiB')", "BudgetError", 1),
    ("x.start(memory='1KiB')", "BudgetError", 1),
    ("np.mean(x, axis=7)", "AxisError", 1),
    ("def mine():\n    return x[500]\nmine()", "IndexingError", 2),
    ("nb.open('none.nc')", "MissingFile", 1),
    ("import functools\nfunctools.reduce(lambda a, b: a + nb.ones(b), (x, 4, 5))", "BroadcastError", 2),
]


@pytest.fixture(params=["plain", "loaded", "%%blocked", "%%time"])
def header(request, shell, monkeypatch):
    """The first line of the cell, in a shell without and with the extension."""
    if request.param == "plain":
        yield ""
    else:
        yield from (f"{request.param}\n" if request.param[0] == "%" else "" for _ in loaded(shell, monkeypatch))


def shown(shell, capsys, cell) -> tuple[str, list[str]]:
    """What a cell that fails prints, and of which files and cells it shows frames."""
    shell.run_line_magic("colors", "nocolor")
    capsys.readouterr()
    assert not shell.run_cell(cell).success
    text = "".join(capsys.readouterr())
    return text, re.findall(r"^(Cell In\[\d+\]|File \S+)", text, flags=re.M)


@pytest.mark.parametrize(("mistake", "error", "frames"), MISTAKES)
def test_only_the_users_lines_are_seen(shell, capsys, header, mistake, error, frames):
    """With and without the extension, and in magics, ours and others."""
    text, seen = shown(shell, capsys, header + CELL + mistake)

    # what %%time runs is no cell to IPython, and has no source
    assert ["File <timed" if "%%time" in header else "Cell In[1]"] * frames == seen
    assert f"\n{error}: " in text
    assert "nbarray/" not in text


@pytest.mark.parametrize("line", ["y = %blocked {}", "a, b[0] = %blocked {}", "%blocked {}", "%blocked_plan {}"])
@pytest.mark.parametrize("mistake", ["x.sum(axis=7)", "nothing + 1", "x.compute(memory='1KiB')"])
def test_a_line_magic_is_seen_once(shell, capsys, monkeypatch, line, mistake):
    """As it was written, not as IPython calls it, which the user hasn't seen; with its number in the cell."""
    for _ in loaded(shell, monkeypatch):
        text, seen = shown(shell, capsys, f"{CELL}def f():\n    {line.format(mistake)}\nf()")

        lines = re.findall(r"^-+> (.*)", text, flags=re.M)
        assert ["5 f()", f"4 {mistake}"][-len(seen) :] == lines


def test_packages_between_stay_and_the_traceback_is_whole(shell, capsys):
    """They called us with what the user gave them; `%debug` sees every frame, and so does Python."""
    _, seen = shown(shell, capsys, CELL + "import json\njson.loads('1', parse_int=lambda text: x.sum(axis=7))")
    kept = shell.run_cell("import sys, traceback\nlen(traceback.extract_tb(sys.last_value.__traceback__))").result

    assert "Cell In[1]" == seen[0] == seen[-1]
    assert any("json" in frame for frame in seen)
    assert kept > len(seen)


def test_what_is_behind_an_error_is_seen_without_our_frames(shell, capsys):
    """The user's error that led to ours, or ours that led to the user's."""
    cell = "try:\n    {}['a']\nexcept KeyError:\n    x.sum(axis=7)"
    text, seen = shown(shell, capsys, CELL + cell)

    assert ["Cell In[1]"] * 2 == seen
    assert "KeyError" in text
    assert "During handling" in text


def test_what_cython_compiled_is_not_the_users(shell):
    """Its frames have the names of files that are not here."""
    compiled = compile("def decode():\n    raise ValueError('bad')", "zstd.pyx", "exec")
    exec(compiled, names := {})
    with pytest.raises(ValueError, match="bad") as raised:
        names["decode"]()

    assert [] == [line for line in users_lines(raised.value) if "zstd" in line]


def test_an_error_that_nobodys_line_raised_is_its_message(shell):
    """Such as one of a run's that is looked at."""
    said = "".join(InputError("no such place")._render_traceback_())

    assert "InputError" in said
    assert "no such place" in said
    assert "File" not in said


def test_without_ipython_nothing_is_left_out(monkeypatch):
    """Whoever asks an error for its picture elsewhere gets Python's."""
    monkeypatch.setattr("IPython.get_ipython", lambda: None)
    with pytest.raises(AxisError) as raised:
        raise AxisError("axis 7 is out of bounds")

    assert "test_tracebacks.py" in "".join(raised.value._render_traceback_())
