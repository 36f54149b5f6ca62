"""The code of a magic's cell: compiled the way IPython compiles a cell, split into statements and a value.

The code gets the name IPython keeps for the cell and its lines the numbers they have there, so an error in it reads
"Cell In[3], line 2" with the line the user wrote, and `%debug` and tracebacks find its source.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from nbarray.magics.lift_syntax import lift_code, lift_last

__all__ = ["CellCode", "compile_cell"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class CellCode:
    """A compiled cell.

    name : what the code is called in tracebacks
    body : the statements, or None
    last : the expression at the end whose value is the cell's, or None
    assigned : the names that the statements bind in the user's namespace
    defines : whether it defines functions, which may be called after the cell
    line : on which line of the notebook's cell the magic stands
    """

    name: str
    body: CodeType | None
    last: CodeType | None
    assigned: frozenset[str]
    defines: bool
    line: int

    def run(self, namespace: dict[str, Any]) -> Any:
        """Run it in `namespace`; returns the value of the last expression, or None."""
        __tracebackhide__ = True
        if self.body is not None:
            exec(self.body, namespace)
        return None if self.last is None else eval(self.last, namespace)


def compile_cell(shell: Any, cell: str, header: str = "") -> CellCode:
    """Compile `cell` with its array uses lifted.

    shell : IPython's InteractiveShell
    header : the magic's line, which is shown above the code; empty where the code itself stands on that line

    Raises SyntaxError as the cell itself would.
    """
    __tracebackhide__ = True
    number, line = _called_from(shell)
    source = _empty_lines(cell) + shell.transform_cell(cell)  # which leaves these out
    if header:
        source, line = f"# {header}\n{source}", _line_of_header(shell, header, cell)
    source = "\n" * (line - 1) + source
    name = shell.compile.cache(source, number, raw_code=f"{source}{header}\n{cell}\n")
    try:
        tree = shell.compile.ast_parse(source, filename=name)
    except SyntaxError:
        ast.parse(source, filename=name)  # says what is wrong where IPython's compiler says "incomplete input"
        raise
    tree = shell.transform_ast(tree)
    assigned = _assigned(tree.body)
    defines = any(isinstance(node, _FUNCTIONS) for node in ast.walk(tree))
    statements = tree.body
    last = statements[-1] if statements and isinstance(statements[-1], ast.Expr) else None
    body = statements[:-1] if last is not None else statements
    module = lift_code(ast.Module(body=body, type_ignores=[]))
    return CellCode(
        name,
        shell.compile(module, name, "exec") if body else None,
        shell.compile(lift_last(last), name, "eval") if isinstance(last, ast.Expr) else None,
        assigned,
        defines,
        line,
    )


def _called_from(shell: Any) -> tuple[int, int]:
    """The number of the cell that is running, IPython's own count may be that of the next one by now; its line."""
    known: dict[str, int] = getattr(shell.compile, "_filename_map", {})
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename in known:
            return known[frame.f_code.co_filename], frame.f_lineno
        frame = frame.f_back
    return int(shell.execution_count), 1


def _line_of_header(shell: Any, header: str, cell: str) -> int:
    """The line of a cell magic in the notebook's cell, at the end of which it stands: ``%%time`` may be above it."""
    above = str(shell.history_manager.input_hist_raw[-1]).rstrip().removesuffix(cell.rstrip()).split("\n")
    return len(above) - 1 if above[-1] == "" and above[-2:][0].split() == header.split() else 1


def _empty_lines(cell: str) -> str:
    """Those at the beginning of a cell."""
    lines = cell.split("\n")
    return "\n" * next(k for k, line in enumerate([*lines, "."]) if line.strip())


def _assigned(statements: list[ast.stmt]) -> frozenset[str]:
    """The names bound at the level of the cell; inside functions and classes those that are said to be global."""
    names: set[str] = set()
    todo: list[ast.AST] = list(statements)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            names.update(name for inside in ast.walk(node) if isinstance(inside, ast.Global) for name in inside.names)
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            todo.extend(inside.target for inside in ast.walk(node) if isinstance(inside, ast.NamedExpr))
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name is not None:
            names.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest is not None:
            names.add(node.rest)
        todo.extend(ast.iter_child_nodes(node))
    return frozenset(names)
