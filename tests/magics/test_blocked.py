"""%%blocked evaluates a cell with blocked arrays, and its last value is the cell's."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import h5py
import numpy as np
import pytest
from IPython.utils.capture import capture_output

import nbarray as nb
from nbarray.config import current
from nbarray.magics import blocked
from nbarray.magics.lift_values import HELPER
from tests.magics.loaded import loaded


@pytest.fixture
def shell(shell, monkeypatch):
    """A shell with the extension."""
    yield from loaded(shell, monkeypatch)


@pytest.fixture
def a(shell):
    """A large array, in the namespace as `a`."""
    a = np.random.default_rng(1).normal(size=(40, 50))
    shell.push({"a": a})
    return a


def run(shell, cell):
    """Run a cell that must succeed; its value."""
    result = shell.run_cell(cell)
    result.raise_error()
    return result.result


# -- the value


def test_a_line_magic_in_a_function_sees_its_variables(shell, a):
    """Also inside comprehensions; the function's own names come first, and none of them gets out."""
    cell = """def f(a, n):
    rows = %blocked [a[k].sum() * n for k in range(3)]
    top = %blocked -o highest (a * n).max()
    return rows, top
f(np.ones((60, 50)), 2), highest"""

    assert run(shell, cell) == (([100.0] * 3, 2.0), 2.0)
    assert not {"n", "rows", "top"} & set(shell.user_ns)


@pytest.mark.parametrize(
    "expression",
    [
        "a.mean(axis=0)",
        "((a - a.mean(axis=0)) ** 2).sum()",
        "np.sqrt(abs(a)).max()",
        "a[::4].mean(axis=0) - a[2::4].mean(axis=0)",
        "a[a > 0].mean()",
        "np.concatenate([a, a]).std()",
        "a",
    ],
)
def test_the_last_expression_is_the_value(shell, a, expression):
    """What NumPy gives for it."""
    value = run(shell, f"%%blocked\n{expression}")

    np.testing.assert_allclose(value, eval(expression, {"a": a, "np": np}), rtol=1e-12)
    assert isinstance(value, np.ndarray | np.generic | float)


@pytest.mark.parametrize("index", ["2, 3", "..., 2, 3"])
@pytest.mark.parametrize("line", ["%%blocked", "%%blocked --background"])
def test_without_axes_it_is_what_numpys_is(shell, a, line, index):
    """A scalar or an array of no axes, here and now or in the background."""
    value = run(shell, f"{line}\na[{index}]")
    value = value.result() if hasattr(value, "result") else value

    assert type(eval(f"a[{index}]", {"a": a})) is type(value)


def test_it_is_a_blocked_array_until_then(shell, a):
    """Names assigned on the way are not yet computed."""
    run(shell, "%%blocked\nm = a.mean(axis=0)\nm[:2]")

    assert isinstance(shell.user_ns["m"], nb.Array)
    assert shell.user_ns["a"] is a


def test_values_in_containers_are_computed_together(shell, a):
    """Tuples, lists and dicts keep their form."""
    low, named, plain = run(shell, "%%blocked\n(a.min(), {'high': [a.max()]}, 'text')")

    assert (low, named, plain) == (a.min(), {"high": [a.max()]}, "text")


def test_hdf5_datasets_are_blocked_without_wrapping(shell, hdf5_file):
    """Through an open file, in arithmetic that h5py does not have."""
    shell.push({"path": str(hdf5_file)})
    value = run(shell, "%%blocked\nf = h5py.File(path)\n(f['t'] - f['u']).mean(axis=0) * 2")
    shell.user_ns["f"].close()

    assert value.tolist() == [18.0, 20.0, 22.0, 24.0]


def test_netcdf_variables_are_blocked_without_wrapping(shell, netcdf_file):
    """With their scale, offset and missing values: a masked result."""
    shell.push({"path": str(netcdf_file)})
    value = run(shell, "%%blocked\nnc = netCDF4.Dataset(path)\nnc['t2m'][:2] + 1")
    expected = shell.user_ns["nc"]["t2m"][:2] + 1
    shell.user_ns["nc"].close()

    assert isinstance(value, np.ma.MaskedArray)
    assert value.mask.tolist() == expected.mask.tolist()
    assert value.filled(0).tolist() == expected.filled(0).tolist()


def test_arrays_of_zarr_are_blocked_without_wrapping(shell, tmp_path):
    """Their attributes stay theirs."""
    zarr = pytest.importorskip("zarr")
    z = zarr.create_array(tmp_path / "x.zarr", shape=(6, 4), chunks=(2, 4), dtype="f8")
    z[:] = np.arange(24.0).reshape(6, 4)
    shell.push({"z": z})
    value, chunks = run(shell, "%%blocked\nz.attrs['units'] = 'K'\n((z + 1).mean(axis=0), z.chunks)")

    assert (value.tolist(), chunks, z.attrs["units"]) == ([11.0, 12.0, 13.0, 14.0], (2, 4), "K")


def test_the_program_of_the_slides_runs_in_a_cell(shell, netcdf_file):
    """Arrays wrapped by hand are welcome."""
    shell.push({"paths": [str(netcdf_file)] * 2})
    value = run(
        shell,
        "%%blocked\n"
        "temps = [netCDF4.Dataset(fn).variables['t2m'] for fn in paths]\n"
        "x = nb.concatenate([nb.from_array(t, chunks=(2, 2)) for t in temps], axis=0)\n"
        "x[::4].mean(axis=0) - x[2::4].mean(axis=0)",
    )
    temps = shell.user_ns["temps"]
    x = np.ma.concatenate([t[:] for t in temps])
    expected = x[::4].mean(axis=0) - x[2::4].mean(axis=0)

    np.testing.assert_allclose(value, expected)


def test_a_cell_without_arrays_is_an_ordinary_cell(shell):
    """Statements, values, nothing."""
    assert run(shell, "%%blocked\nx = 3\nx + 1") == 4
    assert run(shell, "%%blocked\nx = 5") is None
    assert shell.user_ns["x"] == 5


def test_a_semicolon_silences_it(shell, a):
    """As in any cell."""
    assert run(shell, "%%blocked\na.mean();") is None


@pytest.mark.parametrize(
    "code",
    [
        "%blocked a.mean();",
        "a\n%blocked a.mean();  # of all",
        "if True:\n    %blocked a.mean();",
        "%%time\n%blocked a.mean();",
    ],
)
def test_a_semicolon_silences_a_line(shell, a, code):
    """Where it stands alone."""
    shell.run_cell(code).raise_error()

    assert run(shell, code) is None
    assert shell.user_ns["Out"] == {}


@pytest.mark.parametrize(
    "code",
    [
        "q = %blocked a.mean();",
        "s = 'ä'\nfor _ in range(2):\n    q = %blocked --workers 1 a.mean();",
        "def f():\n    m = %blocked a.mean();\n    return m\nq = f()",
        "%%time\nq = %blocked a.mean();  # of all",
        "%%blocked\nq = a.mean();",
        "%blocked -o q a.mean();",
    ],
)
def test_an_assignment_gets_the_value_with_a_semicolon_too(shell, a, code):
    """IPython itself would make it None."""
    assert run(shell, code) is None
    assert float(shell.user_ns["q"]) == pytest.approx(a.mean())


def test_the_line_magic_does_one_expression(shell, a):
    """Its value can be assigned."""
    assert run(shell, "%blocked (a - a.mean()).std()") == pytest.approx(a.std())
    run(shell, "m = %blocked --workers 1 a.max()")
    assert shell.user_ns["m"] == a.max()


def test_the_value_is_displayed_once(shell, a):
    """By the display hook, as Out."""
    with capture_output() as captured:
        shell.run_cell("%%blocked\na.shape")

    assert captured.stdout.count("(40, 50)") == 1


# -- options


def test_output_stores_the_value_under_a_name(shell, a):
    """Beside being shown."""
    value = run(shell, "%%blocked -o total\na.sum()")

    assert shell.user_ns["total"] == value == pytest.approx(a.sum())


def test_what_a_cell_needs_is_read_once(shell, tmp_path):
    """Its value and all that is computed for names go through a file together, over whatever axes."""
    values = np.random.default_rng(5).normal(size=(200, 60, 70))
    with h5py.File(tmp_path / "x.h5", "w") as file:
        shell.push({"t": file.create_dataset("x", data=values, chunks=(5, 60, 70), compression="gzip")})
        top = run(shell, "%%blocked -o m,s --report took\nm = t.mean(axis=0)\ns = t.std(axis=(1, 2))\nt.max()")

    assert values.max() == top
    np.testing.assert_allclose(shell.user_ns["m"], values.mean(axis=0))
    np.testing.assert_allclose(shell.user_ns["s"], values.std(axis=(1, 2)))
    assert values.nbytes == shell.user_ns["took"].read_bytes


def test_output_computes_a_name_the_cell_assigns(shell, a):
    """The value at the end stays the value."""
    value = run(shell, "%%blocked -o m,s\nm = a.mean(axis=0)\ns = a.sum()\nm.max()")

    assert isinstance(shell.user_ns["m"], np.ndarray)
    np.testing.assert_allclose(shell.user_ns["m"], a.mean(axis=0))
    assert shell.user_ns["s"] == pytest.approx(a.sum())
    assert value == pytest.approx(a.mean(axis=0).max())


def test_options_hold_for_the_cell_alone(shell, a):
    """Settings are what they were afterwards, even if the cell fails."""
    before = current()
    seen = run(
        shell,
        "%%blocked --memory 1GiB --workers 1 --chunks 1MiB\n"
        "from nbarray.config import current\n"
        "s = current()\n(s.memory, s.workers, s.chunk_bytes)",
    )
    shell.run_cell("%%blocked --workers 1\n1/0")

    assert seen == (2**30, 1, 2**20)
    assert current() == before


def test_chunks_are_those_of_the_arrays_in_the_cell(shell, a):
    """For arrays with as many axes; others get chunks of their own."""
    shell.push({"line": np.zeros(1000)})
    run(shell, "%%blocked --chunks 7,-1\nx = a + 0\ny = line + 0")

    assert shell.user_ns["x"].chunksize == (7, 50)
    assert shell.user_ns["y"].shape == (1000,)


def test_chunks_that_fit_no_array_are_told(shell, a):
    """Not silently left aside."""
    with pytest.warns(UserWarning, match="no array here has 3 axes"):
        run(shell, "%%blocked --chunks 1,2,3\na.mean()")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("%%blocked --chunk 3\n1", "there is no option '--chunk'; did you mean '--chunks'?"),
        ("%%blocked --memory 2\n1", "2 would be 2 bytes; write 2GiB"),
        ("%%blocked --workers 0\n1", "expected a whole number from 1 to 1024"),
        ("%%blocked x.mean()\n1", "code goes on the lines below"),
        ("%%blocked -o n\nx = 1", "neither assigns 'n' nor ends with an expression"),
        ("%%blocked -o n,k\n1", "assigns none of them and has but one value"),
        ("%%blocked -o n\nif False:\n    n = 1", "the cell ended without assigning 'n'"),
        (
            "%%blocked -o old\nif False:\n    old = 1",
            "without assigning 'old', which holds what an earlier cell gave it",
        ),
        ("%%blocked -o old\nprint(end='')", "doesn't assign 'old', and its last expression gave None"),
        ("%blocked -o old print(end='')", "doesn't assign 'old', and its last expression gave None"),
        ("%%blocked -b -o old\nfor old in []:\n    pass\nnb.ones(3).sum()", "the cell ended without assigning 'old'"),
        ("%%blocked\n   \n", "nothing to evaluate"),
        ("%blocked", "nothing to evaluate; %%blocked evaluates the lines below it"),
    ],
)
def test_a_wrong_use_is_one_line(shell, capsys, cell, message):
    """No traceback; the cell counts as failed, so Run All stops there; no name is touched."""
    shell.push({"old": (old := object())})
    result = shell.run_cell(cell)
    err = capsys.readouterr().err

    assert not result.success
    assert old is shell.user_ns["old"]
    assert message in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "cell",
    [
        "if len(a):\n    m = a.mean()",
        "for m in [a.std(), a.mean()]:\n    pass",
        "try:\n    m = nothing\nexcept NameError:\n    m = [k * a for k in [1]][0].mean()",
        "def f():\n    global m\n    m = a.mean()\nf()",
        "class C:\n    m = 3\nif C.m == 3 and 'm' in dir() and locals()['m'] == 7:\n    m = a.mean()\nprint(end='')",
        "if (m := a.mean()) is not None:\n    del n\n",
        "with contextlib.nullcontext(a.mean()) as m:\n    pass",
        "if m == 7:\n    m = m - 7 + a.mean()",
    ],
)
def test_a_name_is_computed_that_some_lines_assign(shell, a, cell):
    """Whatever it held before; names are found in such cells as in any other."""
    shell.push({"m": 7, "n": 8, "contextlib": contextlib})
    run(shell, f"%%blocked -o m\n{cell}")

    np.testing.assert_allclose(a.mean(), shell.user_ns["m"])


def test_a_name_may_be_given_what_it_held(shell):
    """Once more."""
    shell.push({"m": 4, "n": 4})
    run(shell, "%%blocked -o m\nfor m in range(5):\n    pass")

    assert 4 == shell.user_ns["m"]


def test_the_line_is_taken_as_written(shell):
    """`$` and braces are not variables here."""
    shell.push({"n": 3})

    assert run(shell, "%blocked {'k': '$n {n}'}") == {"k": "$n {n}"}


def test_the_help_page_names_every_option(shell, capsys):
    """%%blocked? is where people look."""
    shell.run_cell("%%blocked?")
    out = capsys.readouterr().out

    assert all(option in out for option in ("--chunks", "--memory", "--workers", "--output", "%%blocked"))


# -- errors


def traceback_of(shell, cell, capsys):
    result = shell.run_cell(cell)
    out = capsys.readouterr()

    assert not result.success
    return out.out + out.err


def test_an_error_shows_the_users_line(shell, a, capsys):
    """With its number as the front end counts, the magic's line being 1, and none of our frames."""
    shell.colors = "nocolor"
    text = traceback_of(shell, "%%blocked --workers 1\nx = 3\ny = x / 0\n", capsys)

    assert "line 3" in text
    assert "y = x / 0" in text
    assert "ZeroDivisionError" in text
    assert "nbarray/magics" not in text


def test_the_number_of_the_cell_is_the_prompts(shell, a, capsys):
    """However IPython counts while a cell runs; also where a later cell meets the error."""
    shell.colors = "nocolor"
    shell.run_cell("1", store_history=True)
    shell.run_cell("%%blocked\nx = 1 / 0", store_history=True)
    first = capsys.readouterr().out
    shell.run_cell("%%blocked\ny = nb.map_blocks(lambda b: b[99], a, dtype='f8')", store_history=True)
    shell.run_cell("y.compute()", store_history=True)
    second = capsys.readouterr().out

    assert "Cell In[2], line 2" in first
    assert "Cell In[3], line 2: y = nb.map_blocks" in second
    assert "Cell In[4], line 1" in second


def test_an_error_in_the_last_expression_shows_it_too(shell, capsys):
    """The value is evaluated apart from the rest."""
    shell.colors = "nocolor"
    text = traceback_of(shell, "%%blocked\nx = 3\nx.nothing", capsys)

    assert "line 3" in text
    assert "'int' object has no attribute 'nothing'" in text
    assert "nbarray/magics" not in text


def test_a_syntax_error_is_shown_as_one(shell, capsys):
    """With its line, a caret, and no frames."""
    text = traceback_of(shell, "%%blocked\nx = 3\ny = (1,\n", capsys)

    assert text.strip().splitlines() == [
        "UsageError: %%blocked: SyntaxError on line 3: '(' was never closed",
        "    y = (1,",
        "        ^",
    ]


def test_await_is_told_where_it_goes(shell, capsys):
    """A cell magic is a plain function, which can't wait."""
    text = traceback_of(shell, "%%blocked\nimport asyncio\nawait asyncio.sleep(0)\n", capsys)

    assert "line 3" in text
    assert "compute with -b, and await the run in another cell" in text


def test_an_unknown_name_is_a_name_error(shell, capsys):
    """Python's own."""
    shell.colors = "nocolor"

    assert "NameError: name 'nothing_here' is not defined" in traceback_of(shell, "%%blocked\nnothing_here + 1", capsys)


def test_an_array_error_points_at_the_cell(shell, a, capsys):
    """A wrong axis is found when the line runs, not when it is computed."""
    shell.colors = "nocolor"
    text = traceback_of(shell, "%%blocked\nx = 3\nm = a.mean(axis=7)\nm", capsys)

    assert "AxisError" in text
    assert "m = a.mean(axis=7)" in text
    assert "nbarray/" not in text


def test_an_array_error_deep_in_the_library_does_too(shell, a, capsys):
    """However many of our frames lie between."""
    shell.colors = "nocolor"
    text = traceback_of(shell, "%%blocked\na + np.ones(7)", capsys)

    assert "BroadcastError" in text
    assert "nbarray/" not in text


def test_an_error_in_a_task_shows_the_users_function(shell, a, capsys):
    """Where it was made, what failed, and the line that failed; nothing of the engine."""
    shell.colors = "nocolor"
    cell = "%%blocked\ndef bad(block):\n    return block[99]\nnb.map_blocks(bad, a, dtype='f8').sum()"
    text = traceback_of(shell, cell, capsys)

    assert "TaskError" in text
    assert "return block[99]" in text
    assert "IndexError: index 99 is out of bounds" in text
    assert "nbarray/engines" not in text


def test_an_error_found_in_planning_is_its_message(shell, a, capsys):
    """A budget too small is nobody's line."""
    shell.colors = "nocolor"
    text = traceback_of(
        shell, "%%blocked --memory 1025KiB\n(np.ones((600, 600)) * a[0, 0]) @ np.ones((600, 600))", capsys
    )

    assert "BudgetError" in text
    assert "nbarray/session" not in text


def test_an_interrupt_cancels_the_computation(shell, a):
    """The kernel's Stop button reaches the run; the next cell works."""

    blocks = []

    def slow(block):
        blocks.append(block)
        if len(blocks) == 5:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.02)
        return block

    shell.push({"slow": slow})
    result = shell.run_cell("%%blocked --chunks 2,50 --workers 1\nnb.map_blocks(slow, a, dtype='f8').sum()")
    done = len(blocks)
    time.sleep(0.1)

    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert done == len(blocks) < 20
    assert run(shell, "%%blocked\na.sum()") == pytest.approx(a.sum())


# -- what it leaves


def test_no_helper_is_left_in_the_namespace(shell, a):
    """Unless functions of the cell need it."""
    run(shell, "%%blocked\na.mean()")
    after_a_value = HELPER in shell.user_ns
    shell.run_cell("%%blocked\n1/0")
    after_an_error = HELPER in shell.user_ns

    assert (after_a_value, after_an_error) == (False, False)


def test_functions_of_a_cell_work_in_later_cells(shell, a):
    """With blocked arrays in a %%blocked cell, with NumPy's in others, and after unloading."""
    run(shell, "%%blocked\ndef anomaly(v):\n    return v - v.mean(axis=0)\n")
    expected = (a - a.mean(axis=0)).max()
    plain = run(shell, "anomaly(a).max()")
    again = run(shell, "%%blocked\nlazy = anomaly(a)\nlazy.max()")
    kind = type(shell.user_ns["lazy"])
    shell.run_line_magic("unload_ext", "nbarray")
    unloaded = run(shell, "anomaly(a).max()")

    assert plain == unloaded == expected
    assert again == pytest.approx(expected)
    assert kind is nb.Array


def test_every_run_in_the_cell_is_watched_and_the_display_closed(shell, a, monkeypatch):
    """Also those that the cell's own code starts; also if the cell fails."""
    made = []

    class Watch:
        def __init__(self):
            self.runs, self.closed = set(), False
            made.append(self)

        def __call__(self, event):
            self.runs.add(event.run)

        def close(self):
            self.closed = True

    monkeypatch.setattr(blocked, "cell_progress", lambda shell, monitor, blocking: Watch())
    run(shell, "%%blocked\nfirst = (a + 1).sum().compute()\n(a + first).sum()")
    shell.run_cell("%%blocked\n1/0")

    assert [(len(watch.runs), watch.closed) for watch in made] == [(2, True), (0, True)]
