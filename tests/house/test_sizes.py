"""Sizes a person can hold in mind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from statistics import median

from tests.house.source import modules, place, tree

#: Lines of a file: wanted, and never exceeded.
FILE_LINES, MAX_FILE_LINES = 400, 480
#: Lines of a function without its docstring: wanted, and never exceeded.
FUNCTION_LINES, MAX_FUNCTION_LINES = 40, 60


def functions() -> Iterator[tuple[int, str]]:
    """Lines (without the docstring) and place of every function of the package."""
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield body_lines(node), f"{place(path, node.lineno)} {node.name}"


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function, its docstring not counted: teaching is not a smell."""
    first = node.body[0]
    teaches = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    docstring = (first.end_lineno or 0) - first.lineno + 1 if teaches else 0
    return (node.end_lineno or 0) - node.lineno + 1 - docstring


def report(sizes: list[tuple[int, str]], wanted: int) -> str:
    """What is longer than wanted, the longest first."""
    over = sorted((size for size in sizes if size[0] > wanted), reverse=True)
    head = f"median {median(n for n, _ in sizes):.0f} lines, {len(over)} of {len(sizes)} over {wanted}"
    return "\n".join([head, *(f"  {lines:4} {where}" for lines, where in over)])


def test_files_are_short() -> None:
    """No file of the package has more than 480 lines."""
    sizes = [(len(path.read_text(encoding="utf-8").splitlines()), place(path)) for path in modules()]
    print(report(sizes, FILE_LINES))

    assert [] == [size for size in sizes if size[0] > MAX_FILE_LINES]


def test_functions_are_short() -> None:
    """No function of the package has more than 60 lines, its docstring not counted."""
    sizes = list(functions())
    print(report(sizes, FUNCTION_LINES))

    assert [] == [size for size in sizes if size[0] > MAX_FUNCTION_LINES]
