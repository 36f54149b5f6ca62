"""Expressions as indented text."""

from __future__ import annotations

import nbarray as nb
from nbarray.display.text import MOST_LINES, expression_text
from tests.display.fakes import node, number, source


def words(text: str) -> list[str]:
    """The lines with runs of blanks between columns made one, and indentation kept."""
    lines = []
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        lines.append(" " * indent + " ".join(line.split()))
    return lines


def test_each_operation_is_above_what_it_needs() -> None:
    """A line an operation: name, shape, dtype, blocks; what it needs is indented below."""
    x = source("/data/a.nc")
    mean = node((721, 1440), (200, 200), "mean", x, kind="reduce", masked=True)

    assert [
        "mean (721, 1440) float64, masked, 4×8 blocks of (200, 200)",
        "  t2m (4, 721, 1440) float64, 1×4×8 blocks of (4, 200, 200), a.nc",
    ] == words(expression_text([mean]))


def test_columns_are_aligned() -> None:
    """Shapes and dtypes begin at the same place in each line."""
    x = node((10, 10), (10, 10), "a_long_name", kind="create")
    lines = expression_text([node((10,), (10,), "sum", x, kind="reduce")]).splitlines()

    assert lines[0].index("(10") == lines[1].index("(10")
    assert lines[0].index("float64") == lines[1].index("float64")


def test_what_is_used_twice_is_shown_once() -> None:
    """A shared operation has a number, by which it is referred to."""
    x = node((4,), (2,), "x", node((4,), (2,), "y", kind="create"))
    total = node((4,), (2,), "subtract", x, node((), (), "mean", x, kind="reduce"))

    assert [
        "subtract (4,) float64, 2 blocks of (2,)",
        "  x #1 (4,) float64, 2 blocks of (2,)",
        "    y (4,) float64, 2 blocks of (2,)",
        "  mean () float64, 1 block",
        "    x #1, as above",
    ] == words(expression_text([total]))


def test_an_operand_given_twice_is_shared() -> None:
    """Both operands of ``x * x`` are shown as one array."""
    x = node((4,), (4,), "x", kind="create")

    assert ["  x #1, as above"] == words(expression_text([node((4,), (4,), "multiply", x, x)]))[2:]


def test_several_results_are_one_text() -> None:
    """Results follow each other, and what they share is shown once."""
    x = node((4,), (4,), "x", kind="create")
    text = expression_text([node((), (), "min", x), node((), (), "max", x)])

    assert ["min", "  x #1", "max", "  x #1"] == [line.split(" (")[0].rstrip().split(",")[0] for line in words(text)]


def test_numbers_have_no_line() -> None:
    """A number is said in the operation that uses it."""
    x = node((4,), (4,), "x", kind="create")

    assert ["add(·, 1)", "  x"] == [
        line.split(" (4")[0] for line in words(expression_text([node((4,), (4,), "add", x, number(1))]))
    ]


def test_many_operands_are_said_by_number() -> None:
    """Of many arrays joined, the first and the last are shown."""
    parts = [source(f"/data/{i}.nc") for i in range(365)]
    lines = words(expression_text([node((1460, 721, 1440), (4, 200, 200), "concatenate", *parts, kind="join")]))

    assert 6 == len(lines)
    assert lines[3].endswith("2.nc")
    assert "  … 361 more" == lines[4]
    assert lines[5].endswith("364.nc")


def test_long_chains_end() -> None:
    """A chain of thousands of operations is cut off, says so, and keeps to the page."""
    x = node((4,), (4,), "x", kind="create")
    for i in range(5000):
        x = node((4,), (4,), f"add{i}", x)
    lines = expression_text([x]).splitlines()

    assert MOST_LINES + 1 == len(lines)
    assert "… 4 941 more operations" == lines[-1]
    assert max(map(len, lines)) < 100


def test_views_say_what_they_show() -> None:
    """A slice, a transpose and an expanded array are shown with their index."""
    x = nb.zeros((4, 6))
    lines = words(expression_text([(x[::2].T + 1)[None].expr]))

    assert ["expand_dims [None]", "  add(·, 1)", "    transpose .transpose(1, 0)", "      slice [::2]"] == [
        line[: line.rindex(" (")] for line in lines[:4]
    ]
