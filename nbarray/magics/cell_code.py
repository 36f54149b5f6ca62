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
    assigned : the names that the statements bind in the user's namespace, if they are run
    surely : those of them that a statement binds that is run whatever happens
    defines : whether it defines functions, which may be called after the cell
    line : on which line of the notebook's cell the magic stands
    """

    name: str
    body: CodeType | None
    last: CodeType | None
    assigned: frozenset[str]
    surely: frozenset[str]
    defines: bool
    line: int

    def run(self, namespace: dict[str, Any], left: set[str] | None = None) -> Any:
        """Run it in `namespace`; returns the value of the last expression, or None.

        left : names of which those are taken out that are bound meanwhile
        """
        __tracebackhide__ = True
        before = {name: namespace.get(name) for name in left or ()}
        # names are looked up a little more slowly where it is watched which are bound
        local: Any = _watched(namespace, left) if left else namespace
        if self.body is not None:
            exec(self.body, namespace, local)
        value = None if self.last is None else eval(self.last, namespace, local)
        if left:  # what a function binds as global goes by the watch
            left -= {name for name in left if namespace.get(name) is not before[name]}
        return value


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
        _surely(tree.body),
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


def _watched(namespace: dict[str, Any], left: set[str]) -> Any:
    """`namespace` as a cell's names, of which it is noted which are bound."""

    def bind(_: Any, name: str, value: Any) -> None:
        left.discard(name)
        namespace[name] = value

    methods = {name: staticmethod(getattr(namespace, name)) for name in ("__getitem__", "__delitem__", "keys")}
    return type("Names", (), {**methods, "__setitem__": bind})()


def _surely(statements: list[ast.stmt]) -> frozenset[str]:
    """The names bound by plain statements at the level of the cell: not within loops, branches, handlers."""
    names: set[str] = set()
    for node in statements:
        if isinstance(node, ast.Assign):
            bound = [each for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)]
            names.update(each.id for each in bound if isinstance(each.ctx, ast.Store))
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
    return frozenset(names)


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
