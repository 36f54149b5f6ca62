"""What of a traceback is shown to the user."""

from __future__ import annotations

import pytest

from nbarray.errors import near_names
from nbarray.magics.cell_errors import cells_frames, show_users_frames, syntax_error_text

CELL = "the cell"


def error_of(source, **names):
    """The exception that a cell of this source raises, as it reaches the magic."""
    with pytest.raises((ArithmeticError, ValueError)) as raised:
        exec(compile(source, CELL, "exec"), names)
    return raised.value


def lines(trace):
    found = []
    while trace is not None:
        found.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return found


def test_frames_before_the_cell_are_left_out():
    """Those of IPython and of the magic."""
    error = error_of("def f():\n    return 1 / 0\nf()")

    assert lines(cells_frames(error, CELL)) == [(CELL, 3), (CELL, 2)]


def test_our_own_frames_are_left_out_where_the_users_function_fails():
    """Which we called."""
    error = error_of("near_names('a', (1 / 0 for k in [1]))", near_names=near_names)

    assert lines(cells_frames(error, CELL)) == [(CELL, 1), (CELL, 1)]


def test_frames_of_a_library_stay():
    """They are how a user finds what went wrong there."""
    error = error_of("import json\njson.loads('{')")

    assert lines(cells_frames(error, CELL))[0] == (CELL, 2)
    assert len(lines(cells_frames(error, CELL))) > 1


class Shell:
    class InteractiveTB:
        @staticmethod
        def structured_traceback(kind, error, trace, tb_offset):
            return [kind.__name__, str(error), *map(str, lines(trace))]


def test_an_unforeseen_error_without_a_place_shows_everything():
    """It is a mistake in the library, and its frames are what is needed."""
    error = RuntimeError("a mistake")
    show_users_frames(Shell, error, CELL)

    assert not hasattr(error, "_render_traceback_")


def test_an_error_that_renders_itself_is_left_alone():
    """It knows better."""

    class Own(Exception):
        def _render_traceback_(self):
            return ["mine"]

    error = Own()
    show_users_frames(Shell, error, CELL)

    assert error._render_traceback_() == ["mine"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("if x:\n        y = )", "SyntaxError on line 2: unmatched ')'\n    y = )\n        ^"),
        ("return 1", "SyntaxError on line 1: 'return' outside function\n    return 1\n    ^"),
    ],
)
def test_a_syntax_error_is_told_with_its_place(source, expected):
    """Line, text, caret."""
    with pytest.raises(SyntaxError) as raised:
        compile(source, "cell", "exec")
    error = raised.value
    if error.text is None:
        error.text = source

    assert syntax_error_text(error) == expected
