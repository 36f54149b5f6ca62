"""How the code of a ``%%blocked`` cell is rewritten before it runs.

Before: ``np.sqrt(f["x"]) + t[::4].mean(axis=0)``.  After, with ``H`` for the hidden helper name::

    H.function(H.attribute(np, "sqrt"))(f["x"]) + H.function(H.attribute(H.block(t)[::4], "mean"))(axis=0)

Only expressions that are read are touched, and only where an array may be used as an array; targets of
assignments and deletions, names, annotations, decorators, patterns and identity tests stay as they are, and so
do functions that numba compiles.
Places in the source are kept, so tracebacks point where the user wrote.  What the helper does is in
`lift_values`; this file knows syntax alone.
"""

from __future__ import annotations

import ast
from collections.abc import Set
from typing import Any, TypeVar

from nbarray.magics.lift_values import HELPER

__all__ = ["lift_code", "lift_last"]

_Node = TypeVar("_Node", bound=ast.AST)

# Expressions whose value may be a source; any other (a sum, a constant, a list) is none or was handled inside.
_MAY_BE_SOURCE = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.IfExp, ast.BoolOp, ast.NamedExpr, ast.Await)

# What compiles functions by reading their code: a helper in there is nothing that numba knows.
_COMPILERS = frozenset({"cfunc", "guvectorize", "jit", "njit", "stencil", "vectorize"})

_INPLACE = {
    ast.Add: "iadd", ast.Sub: "isub", ast.Mult: "imul", ast.MatMult: "imatmul", ast.Div: "itruediv",
    ast.FloorDiv: "ifloordiv", ast.Mod: "imod", ast.Pow: "ipow", ast.LShift: "ilshift", ast.RShift: "irshift",
    ast.BitAnd: "iand", ast.BitXor: "ixor", ast.BitOr: "ior",
}  # fmt: skip


def lift_code(tree: _Node) -> _Node:
    """`tree` with its array uses going through the helper.

    >>> print(ast.unparse(lift_code(ast.parse("y = t + 1; f.attrs['a'] = t.units"))))
    y = __nbarray_lift__.block(t) + 1
    __nbarray_lift__.filled(f.attrs)['a'] = __nbarray_lift__.attribute(t, 'units')
    """
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _compiles(node.func)]
    compiled = {arg.id for call in calls for arg in call.args if isinstance(arg, ast.Name)}
    new: _Node = ast.fix_missing_locations(_Lifter(compiled).visit(tree))
    return new


def lift_last(expression: ast.Expr) -> ast.Expression:
    """The last expression of a cell, whose value is the cell's."""
    return ast.fix_missing_locations(ast.Expression(body=_Lifter().visit(expression.value)))


def _helper(method: str, arguments: list[ast.expr], place: ast.expr) -> ast.expr:
    """``H.method(*arguments)``, standing where `place` stood."""
    owner = ast.copy_location(ast.Name(id=HELPER, ctx=ast.Load()), place)
    function = ast.copy_location(ast.Attribute(value=owner, attr=method, ctx=ast.Load()), place)
    return ast.copy_location(ast.Call(func=function, args=arguments, keywords=[]), place)


def _constant(value: str, place: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Constant(value=value), place)


def _again(node: ast.expr) -> ast.expr | None:
    """A name, or an attribute of one, to be read: where it stands it is written."""
    if isinstance(node, ast.Name):
        return ast.copy_location(ast.Name(id=node.id, ctx=ast.Load()), node)
    owner = _again(node.value) if isinstance(node, ast.Attribute) else None
    if owner is None or not isinstance(node, ast.Attribute):
        return None
    return ast.copy_location(ast.Attribute(value=owner, attr=node.attr, ctx=ast.Load()), node)


def _compiles(function: ast.expr) -> bool:
    """Whether a decorator, or what is called, compiles the function it is given: ``njit``, ``numba.jit(cache=True)``.

    >>> _compiles(ast.parse("numba.njit(parallel=True)", mode="eval").body)
    True
    """
    if isinstance(function, ast.Call):
        return _compiles(function.func)
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
    return name in _COMPILERS


def _held(target: ast.Attribute | ast.Subscript) -> list[ast.expr]:
    """What ``target += value`` may change in place, and a key of it, if it has one that can be read twice."""
    owner = _again(target if isinstance(target, ast.Attribute) else target.value)
    if owner is None:
        return []
    key = target.slice if isinstance(target, ast.Subscript) else None
    if isinstance(key, ast.Constant):
        return [owner, ast.copy_location(ast.Constant(value=key.value), key)]
    again = _again(key) if isinstance(key, ast.Name) else None
    return [owner] if again is None else [owner, again]


class _Lifter(ast.NodeTransformer):
    """compiled : names of functions that are handed to a compiler"""

    def __init__(self, compiled: Set[str] = frozenset()) -> None:
        self._compiled = compiled

    def visit_all(self, nodes: list[Any]) -> list[Any]:
        return [self.visit(node) for node in nodes]

    def operand(self, node: Any) -> Any:
        """A place where a source is used as an array."""
        new = self.visit(node)
        return _helper("block", [new], node) if isinstance(node, _MAY_BE_SOURCE) else new

    # -- uses

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        node.left, node.right = self.operand(node.left), self.operand(node.right)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        node.operand = self.visit(node.operand) if isinstance(node.op, ast.Not) else self.operand(node.operand)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        if any(isinstance(op, ast.Is | ast.IsNot | ast.In | ast.NotIn) for op in node.ops):
            return self.generic_visit(node)
        node.left = self.operand(node.left)
        node.comparators = [self.operand(other) for other in node.comparators]
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        node.value, node.slice = self.operand(node.value), self._index(node.slice)
        return node

    def _index(self, node: Any) -> Any:
        if isinstance(node, ast.Tuple):  # x[mask, 0]
            node.elts = [self.operand(part) for part in node.elts]
            return node
        return self.operand(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        base = self.visit(node.value)
        if node.attr.startswith("__") and not node.attr.endswith("__"):  # the compiler mangles private names of classes
            node.value = base
            return node
        return _helper("attribute", [base, _constant(node.attr, node)], node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        as_is, function = _compiles(node.func), self.visit(node.func)
        # without arguments there is nothing to change: super() and locals() stay what they are
        changes = bool(node.args or node.keywords) and not isinstance(node.func, ast.Lambda)
        node.func = _helper("function", [function], node.func) if changes else function
        node.args = [arg if as_is and isinstance(arg, ast.Lambda) else self.visit(arg) for arg in node.args]
        node.keywords = self.visit_all(node.keywords)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        value = self.visit(node.value)
        if not isinstance(node.target, ast.Name):
            held = _held(node.target)
            if held and not isinstance(node.value, ast.Constant):
                value = _helper("taken", [value, *held], node.value)
            node.target, node.value = self.target(node.target), value
            return node
        name = node.target
        read = ast.copy_location(ast.Name(id=name.id, ctx=ast.Load()), name)
        changed = _helper("inplace", [_constant(_INPLACE[type(node.op)], name), read, value], name)
        return ast.copy_location(ast.Assign(targets=[name], value=changed), node)

    # -- what is written to stays itself, down to its root; only indices are read

    def target(self, node: Any) -> Any:
        """The target of an assignment, a deletion, a loop."""
        if isinstance(node, ast.Attribute | ast.Starred):
            node.value = self.target(node.value)
        elif isinstance(node, ast.Subscript):
            node.value, node.slice = self.target(node.value), self._index(node.slice)
        elif isinstance(node, ast.Tuple | ast.List):
            node.elts = [self.target(part) for part in node.elts]
        elif not isinstance(node, ast.Name):
            return self.visit(node)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        whole = isinstance(node.value, _MAY_BE_SOURCE)
        node.targets = [self._filled(target) if whole else self.target(target) for target in node.targets]
        node.value = self.visit(node.value)
        return node

    def _filled(self, node: Any) -> Any:
        """The target of an assignment, where what is assigned may be read whole: ``out[:] = ds``."""
        new = self.target(node)
        if isinstance(new, ast.Subscript):
            new.value = _helper("filled", [new.value], new.value)
        return new

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.target = self.target(node.target)
        node.value = self.visit(node.value) if node.value is not None else None
        return node

    def visit_Delete(self, node: ast.Delete) -> ast.AST:
        node.targets = [self.target(target) for target in node.targets]
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        return self._loop(node)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        return self._loop(node)

    def _loop(self, node: ast.For | ast.AsyncFor) -> ast.AST:
        node.target, node.iter = self.target(node.target), self.visit(node.iter)
        node.body, node.orelse = self.visit_all(node.body), self.visit_all(node.orelse)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        node.target, node.iter, node.ifs = self.target(node.target), self.visit(node.iter), self.visit_all(node.ifs)
        return node

    def visit_withitem(self, node: ast.withitem) -> ast.AST:
        node.context_expr = self.visit(node.context_expr)
        node.optional_vars = self.target(node.optional_vars) if node.optional_vars is not None else None
        return node

    # -- what is no calculation: decorators, annotations, base classes, patterns

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        if node.name in self._compiled or any(map(_compiles, node.decorator_list)):
            return node
        node.args = self.visit(node.args)
        node.body = self.visit_all(node.body)
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        node.defaults = self.visit_all(node.defaults)
        node.kw_defaults = [self.visit(value) if value is not None else None for value in node.kw_defaults]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = self.visit_all(node.body)
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        node.guard = self.visit(node.guard) if node.guard is not None else None
        node.body = self.visit_all(node.body)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.body = self.visit_all(node.body)
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if type(node).__name__ in ("TypeAlias", "TypeVar"):  # Python 3.12's `type X = ...`
            return node
        return super().generic_visit(node)
