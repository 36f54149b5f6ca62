"""The text form of expressions."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nbarray as nb
from nbarray.expr.text import LINE, expr_text, index_text
from nbarray.grid.indexing import parse_index
from nbarray.rewrite.stages import lower, optimise
from tests.pages.arrays import named, names

V = names()
x, y, v, f = V["x"], V["y"], V["v"], V["f"]
SOURCE = "source x (6, 8) float64 in (3, 4)"


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (x, SOURCE),
        (nb.zeros((3, 4)), "full (3, 4) float64 of 0.0"),
        (nb.arange(2, 9, 3, chunks=2), "arange (3,) int64 in (2,) from 2 by 3"),
        (nb.eye(3, 4, 1), "eye (3, 4) float64 on diagonal 1"),
        (x + 1, f"add({SOURCE}, 1)"),
        (x + 1.0, f"add({SOURCE}, 1.0)"),
        (x + True, f"add({SOURCE}, True)"),
        (x * -0.0, f"multiply({SOURCE}, -0.0)"),
        (x + np.float32(2), f"add({SOURCE}, float32(2.0))"),
        (x.astype("f4"), f"astype({SOURCE}, float32)"),
        (x.round(2), f"round({SOURCE}, decimals=2)"),
        (nb.where(x > 0, x, 0), f"where(greater(#1={SOURCE}, 0), #1, 0)"),
        (x.mean(axis=0), f"view(mean({SOURCE}, axis=0))[0]"),
        (x.sum(axis=(0, 1), keepdims=True), f"sum({SOURCE}, axis=(0, 1))"),
        (x.std(axis=1, ddof=1, keepdims=True), f"std({SOURCE}, axis=1, ddof=1)"),
        (nb.nanmax(x, axis=0, keepdims=True), f"max(#1={SOURCE}, axis=0, skip=isnan(#1))"),
        (x.T, f"view({SOURCE}).transpose(1, 0)"),
        (x[2:, ::-1], f"view({SOURCE})[2:, ::-1]"),
        (x.rechunk((2, 8)), f"rechunk({SOURCE}, (2, 8))"),
        (x.rechunk(((1, 5), (8,))), f"rechunk({SOURCE}, (1+5, 8))"),
        (x.reshape(48), f"reshape({SOURCE}, (48,))"),
        (x[[3, 1]], f"take({SOURCE}, [3, 1], axis=0)"),
        (x[:, np.arange(8)[::-1]], f"take({SOURCE}, [7, 6, 5, 4, 3, 2, 1, 0], axis=1)"),
        (v[list(range(8)) * 2], "take(source v (8,) float64 in (4,), [0, 1, 2, 3, 4, 5, 6, 7, … 8 more], axis=0)"),
        (nb.concatenate([x, y]), f"concatenate({SOURCE}, source y (6, 8) float64 in (3, 4), axis=0)"),
        (x @ x.T, f"matmul(#1={SOURCE}, view(#1).transpose(1, 0))"),
        (x.map_blocks(np.sin, dtype=float), f"map_blocks(sin, {SOURCE})"),
        (x[x > 0], f"select(#1={SOURCE}, greater(#1, 0))"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_line(array: nb.Array, expected: str) -> None:
    """Leaves say what they are, operations have their operands in brackets."""
    assert expected == expr_text(array.expr)


@pytest.mark.parametrize(
    "index",
    ["[2:]", "[:4]", "[::2]", "[::-1]", "[4:0:-2]", "[3]", "[3, 2:5]", "[:, 5]", "[None]", "[:, None, 2:]", "[0:0]"],
)
def test_views_are_written_as_indices(index: str) -> None:
    """The text of a view is an index that gives it."""
    view = eval(f"x{index}", {"x": x}).expr

    assert index == index_text(view.placement, (6, 8))


@given(st.data())
def test_views_can_be_read_back(data: st.DataObject) -> None:
    """For any index, the text gives what the index gives."""
    a = np.arange(30).reshape(5, 6)
    bounds = st.none() | st.integers(-8, 8)
    steps = st.none() | st.integers(1, 3) | st.integers(-3, -1)
    entry = st.builds(slice, bounds, bounds, steps) | st.integers(-5, 4) | st.none()
    index = tuple(data.draw(st.lists(entry, max_size=4).filter(lambda items: sum(i is not None for i in items) <= 2)))
    text = index_text(parse_index(index, a.shape).placement, a.shape)

    np.testing.assert_array_equal(a[index], eval(f"a{text}", {"a": a}))


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (nb.moveaxis(nb.from_array(np.zeros((2, 3, 4))), 0, 2), ".transpose(1, 2, 0)"),
        (x.T[2:], "[:, 2:].transpose(1, 0)"),
        (x.T[None], ".transpose(1, 0)[None]"),
        (nb.broadcast_to(v, (3, 8)), "[None].broadcast_to((3, 8))"),
        (nb.broadcast_to(v[:1], (5,)), "[:1].broadcast_to((5,))"),
    ],
    ids=["moved", "moved and cut", "moved with a new axis", "spread", "spread from one"],
)
def test_moved_and_spread_axes(view: nb.Array, expected: str) -> None:
    """What no index can do is written as the method that does it."""
    merged = lower(optimise([view.expr]))[0].lowered.children[0]

    assert expr_text(merged).endswith(expected)


def test_what_is_needed_twice_is_written_once() -> None:
    """It has a number where it stands first; so a text is as long as the expression, not as its unfolded tree."""
    e = x
    for _ in range(60):
        e = e * e

    assert len(expr_text(e.expr)) < 2000
    assert expr_text(e.expr).count("source x") == 1


def test_sources_that_look_alike_are_told_apart() -> None:
    """Two arrays of one name are written twice, one array used twice has a number."""
    other = named("x", np.zeros((6, 8)), (3, 4))

    assert f"add({SOURCE}, {SOURCE})" == expr_text((x + other).expr)
    assert f"add(#1={SOURCE}, #1)" == expr_text((x + x).expr)


def test_equal_expressions_have_equal_texts() -> None:
    """Texts don't depend on what was built before or on where objects lie."""
    first, second = names(), names()
    texts = {expr_text(((n["x"] - n["x"].mean(axis=0)) / n["v"]).std().expr) for n in (first, second)}

    assert 1 == len(texts)


def test_indented_form() -> None:
    """What doesn't fit on a line has its operands below it."""
    assert [
        "multiply(",
        "  add(source x (6, 8) float64 in (3, 4), source y (6, 8) float64 in (3, 4)),",
        "  subtract(source v (8,) float64 in (4,), 1))",
    ] == expr_text(((x + y) * (v - 1)).expr, indent=True).splitlines()
    assert expr_text((x + 1).expr) == expr_text((x + 1).expr, indent=True)


def test_both_forms_say_the_same() -> None:
    """But for blanks and line breaks."""
    e = (nb.concatenate([x * 2, y + 1]) - v)[2:].std(axis=1, where=v > 0).expr

    assert expr_text(e).replace(" ", "") == "".join(expr_text(e, indent=True).split())


@pytest.mark.parametrize("most", [20, 100, 400])
def test_short_form(most: int) -> None:
    """At most so many characters, and a sign that there was more."""
    e = (nb.concatenate([x * k + y for k in range(50)]) - v).std().expr
    text = expr_text(e, most)

    assert most == len(text)
    assert text.endswith("…")
    assert expr_text(e)[: most // 2].split("#")[0] == text[: most // 2].split("#")[0]


def test_what_fits_is_not_shortened() -> None:
    """A limit that isn't reached changes nothing."""
    assert f"add({SOURCE}, 1)" == expr_text((x + 1).expr, 400)


def test_short_texts_of_long_expressions_cost_little() -> None:
    """Only what is shown is looked at: a rule's event may be about an expression of any size."""
    e = x
    for _ in range(5000):
        e = e + 1
    start = time.process_time()
    for _ in range(20):
        expr_text(e.expr, 400)

    assert time.process_time() - start < 1


def test_tasks_nodes() -> None:
    """Lowered nodes have the same form, with the number and shape of their blocks."""
    (root,) = lower(optimise([(x.map_blocks(np.sin, dtype=float) + 1).expr]))

    assert f"add [1 task of (6, 8)](map_blocks(sin) [4 tasks of (3, 4)]({SOURCE}))" == expr_text(root.lowered)


def test_lines_are_short() -> None:
    """Operands that fit within a line stand on one, so that pages can be read."""
    e = (nb.concatenate([x * 2, y + 1]) - v)[2:].std(axis=1, where=v > 0).expr

    assert max(map(len, expr_text(e, indent=True).splitlines())) <= LINE + 20
