"""What every file of the project has, and what none has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.house.source import ROOT, modules, place, project_files, tree

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

#: In pieces, so that this file is not the one that mentions them.
FORBIDDEN = tuple(
    "".join(pieces)
    for pieces in (
        ("py", "pi.org"), ("python", "hosted"), ("registry.", "npmjs"), ("conda.", "anaconda"), ("extra-", "index"),
        ("index", "-url"), ("find-", "links"), ("proxy.", "golang"),
    )
)  # fmt: skip
HOME = re.compile(r"(?<![\w.])/(?:ro" + r"ot|ho" + r"me|wo" + r"rk|Users)/")
LOCK_FILES = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "package-lock.json", "yarn.lock", "pylock.toml"}


def test_every_module_says_why_it_is_there() -> None:
    """Every module starts with a docstring."""
    silent = [place(path) for path in modules() if not ast.get_docstring(tree(path))]

    assert [] == silent


def test_every_public_name_is_explained() -> None:
    """Every public function and class has a docstring; so has what users hold, but for what means the same in NumPy."""
    silent = [
        f"{place(path, node.lineno)} {node.name}"
        for path in modules()
        for node in public(path)
        if not ast.get_docstring(node) and not is_overload(node)
    ]

    assert [] == silent


def public(path: Path) -> Iterator[Definition]:
    """The public definitions of a module; in `api`, also methods that NumPy's arrays don't have."""
    for node in definitions(tree(path)):
        yield node
        if isinstance(node, ast.ClassDef) and path.parent.name == "api":
            yield from (method for method in definitions(node) if not hasattr(np.ndarray, method.name))


def definitions(owner: ast.Module | ast.ClassDef) -> Iterator[Definition]:
    """The public functions and classes right inside a module or class."""
    for node in owner.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


def is_overload(node: Definition) -> bool:
    """Whether a definition is a typing overload, a setter or an override, explained elsewhere."""
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    return bool(names & {"overload", "setter", "override"})


def test_no_addresses() -> None:
    """No file says where packages come from, or knows a machine: that is for whoever installs to choose."""
    found = [
        f"{place(path)}: {word}"
        for path in project_files()
        if (text := readable(path)) is not None
        for word in [*(word for word in FORBIDDEN if word in text), *HOME.findall(text)]
    ]

    assert [] == found


def readable(path: Path) -> str | None:
    """The text of a file, or None for pictures and data."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def test_no_lock_files() -> None:
    """No file pins what this project is installed with."""
    assert [] == [place(path) for path in project_files() if path.name in LOCK_FILES]


def test_tests_are_no_packages() -> None:
    """No folder of tests has an `__init__.py`: with one, `tests/io` would be imported in place of Python's own `io`."""
    assert [] == [place(path) for path in (ROOT / "tests").rglob("__init__.py")]


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")), ids=lambda path: path.name)
def test_links_lead_somewhere(page: Path) -> None:
    """What a page of the documentation refers to is in the project."""
    text = readable(page) or ""
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text) + re.findall(
        r'(?:src|href)="(?!https?:|#)([^"#]+)"', text
    )

    assert [] == [target for target in targets if not (ROOT / target).exists()]
