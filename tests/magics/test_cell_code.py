"""A cell's code is compiled as IPython would, and split into statements and a value."""

from __future__ import annotations

import re

import pytest

from nbarray.magics.cell_code import compile_cell
from nbarray.magics.lift_values import HELPER, Lift


def run(shell, cell, header="%%blocked"):
    code = compile_cell(shell, cell, header)
    namespace = {HELPER: Lift(lambda source: source, list, lambda array: array, {})}
    return code, code.run(namespace), namespace


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1 + 1", 2), ("x = 3\nx * 2\n", 6), ("x = 3", None), ("5;", 5), ("# nothing\n", None), ("y = 1; y + 1", 2)],
)
def test_the_last_expression_is_the_value(shell, cell, value):
    """A cell that ends in a statement has none."""
    assert run(shell, cell)[1] == value


def test_the_cell_may_use_ipythons_own_syntax(shell):
    """As in any cell: `!`, `%` and `?` are turned into Python first."""
    assert compile_cell(shell, "here = %pwd\nhere").assigned == {"here"}


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("a = 1", {"a"}),
        ("a, (b, *c) = 1, (2, 3)", {"a", "b", "c"}),
        ("for i in []: j = i", {"i", "j"}),
        ("import os.path as p, sys", {"p", "sys"}),
        ("def f(x): y = x", {"f"}),
        ("class A: z = 1", {"A"}),
        ("[k for k in []]; (n := 1)", {"n"}),
        ("with open('x') as g: pass", {"g"}),
        ("a[0] = 1; b.c = 2", set()),
        ("a += 1", {"a"}),
        ("[(m := k) for k in []]", {"m"}),
        ("def f():\n    global g\n    g = h = 1", {"f", "g"}),
        ("match 1:\n    case [int() as m, *r] | {'k': m, **r}: pass", {"m", "r"}),
    ],
)
def test_the_names_a_cell_binds_are_known_before_it_runs(shell, cell, names):
    """Those of the cell itself, not of its functions, classes and comprehensions."""
    assert compile_cell(shell, cell, "%%blocked").assigned == names


@pytest.mark.parametrize(("cell", "defines"), [("x = 1", False), ("f = lambda: 1", True), ("def f(): pass", True)])
def test_a_cell_that_defines_functions_is_known(shell, cell, defines):
    """They may be called after the cell."""
    assert compile_cell(shell, cell, "%%blocked").defines is defines


def test_lines_are_counted_with_the_magics_own(shell):
    """What a front end numbers as line 3 is line 3."""
    with pytest.raises(ZeroDivisionError) as raised:
        run(shell, "x = 1\ny = x / 0\n")

    frame = raised.traceback[-1]
    assert frame.lineno + 1 == 3
    assert str(frame.statement).strip() == "y = x / 0"


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("%%blocked\n\n  \n1 / 0", 4),
        ("\n%%blocked\nx = 1\n1 / 0", 4),
        ("%%time\n\n%%blocked  --workers 1\n1 / 0\n", 4),
        ("%%time\n%%time\n%%blocked\n\n1 / 0\n", 5),
        ("x = 1\n\n%blocked 1 / 0", 3),
        ("for k in range(1):\n    y = %blocked 1 / k", 2),
        ("%%blocked\nx = 1\n%blocked x / 0", 3),
        ("%%blocked\n\n\nx = (", 4),
        ("%%blocked\n\nreturn 3", 3),
    ],
)
def test_a_mistake_is_told_with_its_line_in_the_notebooks_cell(shell, capsys, cell, line):
    """Below empty lines and other magics, and where the magic isn't on the first line."""
    shell.colors = "nocolor"
    shell.run_line_magic("load_ext", "nbarray")
    failed = shell.run_cell(cell, store_history=True)
    streams = capsys.readouterr()

    last = re.findall(r"(?:Cell In\[1\], |SyntaxError on )line (\d+)", streams.out + streams.err)[-1]
    assert not failed.success
    assert str(line) == last
