"""What IPython shows of errors of ours: the user's own lines, and the message."""

from __future__ import annotations

import linecache
import re
import sys
import traceback
from pathlib import Path

import pytest

import nbarray as nb
from nbarray.errors import AxisError, InputError
from nbarray.ops import reductions
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


#: What Python, NumPy, a package or a function of the user's refuses, asked by us; how many frames are to be seen of it.
OTHERS = [
    ("x[:].astype('nope')", "TypeError: data type 'nope' not understood", 1),
    ("np.add(x.astype('u1'), 300)", "OverflowError", 1),
    ("x.sum(dtype='nope')", "TypeError: data type 'nope' not understood", 1),
    ("nb.zeros(3, dtype='nope')", "TypeError: data type 'nope' not understood", 1),
    ("nb.zeros_like(x, dtpye='f4')", "TypeError: zeros_like() got an unexpected keyword argument 'dtpye'", 1),
    ("x.compute(foo=3)", "TypeError: Array.compute() got an unexpected keyword argument 'foo'", 1),
    ("def mine(k):\n    return np.rot90(x, k)\nmine('a')", "TypeError: 'str' object cannot be interpreted", 2),
    ("np.apply_along_axis(lambda line: 1 / 0, 0, x)", "ZeroDivisionError: division by zero", 2),
    ("nb.random.default_rng('a')", "TypeError: SeedSequence expects int or sequence of ints", 1),
    ("np.save(3, x)", "TypeError: expected str, bytes or os.PathLike object, not int", 1),
    ("len(nb.ones(()))", "TypeError: len() of unsized object", 1),
]


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


@pytest.mark.parametrize("header", ["loaded", "%%blocked", "%%time"], indirect=True)
@pytest.mark.parametrize(("mistake", "error", "frames"), OTHERS)
def test_the_same_where_others_refuse_what_was_given(shell, capsys, header, mistake, error, frames):
    """With the extension, and in magics; the exception stays what it was."""
    text, seen = shown(shell, capsys, header + CELL + mistake)

    assert ["File <timed" if "%%time" in header else "Cell In[1]"] * frames == seen
    assert f"\n{error}" in text
    assert "nbarray/" not in text
    assert any("nbarray/" in frame.filename for frame in traceback.extract_tb(sys.last_value.__traceback__))


@pytest.mark.parametrize("header", ["loaded", "%%blocked"], indirect=True)
@pytest.mark.parametrize("broken", ["return None + 1", "return missing", "assert not x", "raise NotImplementedError"])
def test_a_mistake_of_ours_is_seen_with_our_frames(shell, capsys, monkeypatch, header, broken):
    """Whoever is told of it needs them."""
    source = Path(nb.__file__).parent / "broken.py"  # as if it were one of our files
    exec(compile(f"def broken(x, axis=None):\n    {broken}", str(source), "exec"), names := {})
    lines = f"def broken(x, axis=None):\n    {broken}".splitlines(keepends=True)
    monkeypatch.setitem(linecache.cache, str(source), (1, None, lines, str(source)))
    monkeypatch.setattr(reductions, "reduction", lambda name, *args, **options: names["broken"](*args))
    _, seen = shown(shell, capsys, header + CELL + "x.sum()")

    assert "Cell In[1]" == seen[0]
    assert "broken.py" in seen[-1]


def test_another_packages_refusal_is_the_users(shell, capsys, monkeypatch, tmp_path):
    """As of a place to write to, where there is something already."""
    pytest.importorskip("zarr")
    for _ in loaded(shell, monkeypatch):
        cell = CELL + f"x.to_zarr({str(tmp_path / 'x.zarr')!r})\n"
        _, seen = shown(shell, capsys, cell + cell.splitlines()[-1])

        assert ["Cell In[1]"] == seen


def test_errors_that_have_nothing_to_do_with_us_are_shown_as_ever(shell, capsys, monkeypatch):
    """Frames of packages and all."""
    _, before = shown(shell, capsys, "import json\njson.loads('{')")
    for _ in loaded(shell, monkeypatch):
        _, after = shown(shell, capsys, "import json\njson.loads('{')")

        assert before == after
        assert len(after) > 1


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


@pytest.mark.parametrize("header", ["loaded", "%%blocked"], indirect=True)
@pytest.mark.parametrize("how", [" from error", ""])
@pytest.mark.parametrize(
    ("mistake", "behind"),
    [
        ("x.sum(axis=7)", ["AxisError"]),
        ("x.map_blocks(lambda b: b[999], dtype=float).compute()", ["IndexError", "TaskError"]),
        ("np.linalg.inv(x * 0).compute()", ["LinAlgError", "TaskError"]),
    ],
)
def test_ours_behind_an_error_of_the_users_is_seen_without_our_frames(shell, capsys, header, mistake, behind, how):
    """While the extension is loaded; they are still there."""
    cell = f"{header}{CELL}try:\n    {mistake}\nexcept Exception as error:\n    raise KeyError(3){how}"
    text, seen = shown(shell, capsys, cell)
    hidden = [frame.filename for frame in traceback.extract_tb(sys.last_value.__context__.__traceback__)]

    assert [*behind, "KeyError"] == re.findall(r"^(\w+Error) +Traceback", text, flags=re.M)
    assert "Cell In[1]" in seen
    assert not any("nbarray/" in name for name in seen)
    assert any("nbarray/" in name for name in hidden)


def test_what_a_library_said_is_not_shown_twice(shell, capsys, tmp_path):
    """Ours says it; how the library came to say it is of no use.  The cause is still there."""
    text, seen = shown(shell, capsys, CELL + f"x.to_hdf5({str(tmp_path / 'none' / 'x.h5')!r}, 'x')")

    assert ["Cell In[1]"] == seen
    assert 1 == text.count("Error: ")
    assert "No such file or directory" in text
    assert isinstance(sys.last_value.__cause__, FileNotFoundError)


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
