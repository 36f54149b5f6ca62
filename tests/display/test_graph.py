"""Expressions and plans as graphs."""

from __future__ import annotations

import re

import numpy as np

from nbarray.display.graph import expression_dot, tasks_dot
from nbarray.expr.elementwise import Elementwise
from nbarray.expr.leaves import Arange, Scalar
from nbarray.expr.node import Expr
from nbarray.expr.reduce import Reduce
from nbarray.grid.chunks import Chunks, regular
from nbarray.kernels.elementwise import Op
from nbarray.kernels.program import Constant
from tests.display.fakes import Plan, PlanNode, node, number, plan, source


def labels(dot: str) -> dict[str, list[str]]:
    """The lines of each box, by its name."""
    found = re.findall(r'^(\w+) \[label="((?:[^"\\]|\\.)*)"', dot, re.MULTILINE)
    return {name: label.split("\\n") for name, label in found}


def arrows(dot: str) -> list[tuple[str, str]]:
    """Each arrow, as the titles of the boxes it goes between."""
    titles = {name: lines[0] for name, lines in labels(dot).items()}
    return [(titles[one], titles[other]) for one, other in re.findall(r"^(\w+) -> (\w+)", dot, re.MULTILINE)]


def caption(dot: str) -> str:
    return "".join(re.findall(r'^label="(.*)"', dot, re.MULTILINE))


def year(days: int) -> Expr:
    files = [source(f"/data/{day:03}.nc") for day in range(days)]
    x = node((4 * days, 721, 1440), (4, 200, 200), "concatenate", *files, kind="join")
    return node((721, 1440), (200, 200), "mean", x, kind="reduce")


def test_a_box_says_what_an_operation_gives() -> None:
    """A box has the operation, file, shape and dtype, blocks and bytes."""
    dot = expression_dot([year(2)])

    assert ["mean", "(721, 1440) float64", "4×8 blocks of (200, 200)", "7.92 MiB"] == labels(dot)["n0"]
    assert "001.nc" in labels(dot)["n3"]


def test_arrows_follow_the_data() -> None:
    """Arrows go from what is needed to what needs it, and a shared operation is one box."""
    x = node((4,), (2,), "x", kind="create")
    mean = node((), (), "mean", x, kind="reduce")
    dot = expression_dot([node((4,), (2,), "subtract", x, mean, number(1))])

    assert [("mean", "subtract(·, ·, 1)"), ("x", "mean"), ("x", "subtract(·, ·, 1)")] == sorted(arrows(dot))
    assert 3 == len(labels(dot))


def test_many_operands_are_one_frame() -> None:
    """Of 365 files joined, the first and the last are boxes and a frame counts the others."""
    dot = expression_dot([year(365)])

    assert ("… 361 more", "concatenate") in arrows(dot)
    assert 4 == sum("t2m" in lines for lines in labels(dot).values())
    assert "361 of 367 operations are not drawn" == caption(dot)


def test_an_expression_has_a_limited_number_of_boxes() -> None:
    """Long expressions end in frames, nearest to the results first, and say how much isn't drawn."""
    x = node((4,), (2,), "x", kind="create")
    for i in range(300):
        x = node((4,), (2,), f"add{i}", x)
    dot = expression_dot([x], most_nodes=20)

    assert 21 == len(labels(dot))
    assert ("…", "add280") in arrows(dot)
    assert "281 of 301 operations are not drawn" == caption(dot)


def test_several_results_are_one_graph() -> None:
    """What results share is drawn once."""
    x = node((4,), (2,), "x", kind="create")
    dot = expression_dot([node((), (), "min", x), node((), (), "max", x), x])

    assert [("x", "max"), ("x", "min")] == sorted(arrows(dot))


def reduction(blocks: int, fan: int = 8) -> Plan:
    """Blocks read, each reduced, and combined in two steps."""
    combines = -(-blocks // fan)
    tasks: list[tuple[int, list[int]]] = [(0, []) for _ in range(blocks)]
    tasks += [(1, [i]) for i in range(blocks)]
    tasks += [(2, list(range(blocks + fan * i, blocks + min(blocks, fan * (i + 1))))) for i in range(combines)]
    tasks += [(3, list(range(2 * blocks, 2 * blocks + combines)))]
    nodes = [("read", "source"), ("mean-chunk", "fused"), ("mean-combine", "merge"), ("mean", "merge")]
    return plan(nodes, tasks)


def test_few_tasks_are_drawn_one_by_one() -> None:
    """A small plan has a box a task, with its number and its bytes."""
    dot = tasks_dot(reduction(8))

    assert 18 == len(labels(dot))
    assert ["mean-chunk", "task 8", "1.00 MiB"] == labels(dot)["t8"]
    assert 8 + 8 + 1 == len(arrows(dot))
    assert "" == caption(dot)


def test_many_tasks_are_drawn_by_the_first_of_each_operation() -> None:
    """A large plan has the first tasks of each operation, a frame for the others, and few arrows."""
    dot = tasks_dot(reduction(4000))

    assert len(labels(dot)) <= 50
    assert {"read", "mean-chunk", "mean-combine", "mean"} == {lines[0] for lines in labels(dot).values()}
    assert ["read", "3 992 more tasks"] == labels(dot)["g0"]
    assert "8 476 of 8 501 tasks have no box of their own" == caption(dot)
    assert len(arrows(dot)) < 60


def test_a_plan_of_many_operations_has_a_frame_each() -> None:
    """Where there is no room for tasks, each operation is a frame, and only the last ones have one."""
    nodes = [(f"op{i}", "fused") for i in range(80)]
    tasks = [(i, [2 * i - 2, 2 * i - 1] if i else []) for i in range(80) for _ in range(2)]
    dot = tasks_dot(plan(nodes, tasks))

    assert 50 == len(labels(dot))
    assert ["op79", "2 tasks"] == labels(dot)["g79"]
    assert "g29" not in labels(dot)
    assert 49 == len(arrows(dot))


def test_a_million_tasks_are_grouped_quickly() -> None:
    """Tasks are grouped as whole arrays: a plan of a million tasks takes no loop over them."""
    count = 500_000
    numbers = np.arange(count)
    big = Plan(
        [PlanNode("read", "source"), PlanNode("add", "fused")],
        np.repeat([0, 1], count),
        np.concatenate([np.zeros(count, np.int64), np.arange(count + 1)]),
        numbers,
        np.full(2 * count, 8),
    )
    dot = tasks_dot(big)

    assert 18 == len(labels(dot))
    assert 9 == len(arrows(dot))


def test_a_plan_without_tasks_is_a_graph() -> None:
    """A plan that has nothing to do is an empty graph."""
    empty = Plan([], *(np.zeros(n, np.int64) for n in (0, 1, 0, 0)))

    assert {} == labels(tasks_dot(empty))


def test_real_nodes_are_drawn() -> None:
    """Nodes as users make them have the labels, numbers and bytes that people expect."""
    x = Arange(Constant.of(0), Constant.of(1), np.dtype("int64"), Chunks((regular(1000, 100),)))
    shifted = Elementwise(Op("add"), (x, Scalar(Constant.of(1.5))), np.dtype("float64"))
    dot = expression_dot([Reduce("mean", shifted, (0,), None, np.dtype("float64"), ())])

    assert [
        ["mean", "(1,) float64", "1 block", "8 B"],
        ["add(·, 1.5)", "(1000,) float64", "10 blocks of (100,)", "7.81 KiB"],
        ["arange", "(1000,) int64", "10 blocks of (100,)", "7.81 KiB"],
    ] == list(labels(dot).values())
