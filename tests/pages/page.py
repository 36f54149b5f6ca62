"""Pages: rules before and after, as text files that people read and tests run.

A page `tests/pages/<rule>.txt` begins with comment lines.  Then come its cases: a line of Python after
``>>>``, the text of the expression it makes, ``->``, and the text of what the rule makes of it
(``unchanged`` where it must not apply).  Two comments may stand
below the code: ``# with RULE`` names a rule that clears the way, ``# numpy CODE`` says how NumPy writes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from nbarray.expr.node import Expr
from nbarray.expr.text import expr_text

FOLDER = Path(__file__).parent


@dataclass
class Case:
    """One example of a page."""

    page: str
    code: str
    helpers: list[str] = field(default_factory=list)
    numpy_code: str = ""
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.page}: {self.code}"


def page_names() -> list[str]:
    """The names of all pages."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def read_page(name: str) -> list[Case]:
    """The cases of a page."""
    cases: list[Case] = []
    part: list[str] = []
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith(">>> "):
            cases.append(Case(name, line[4:]))
            cases[-1].numpy_code = cases[-1].code
            part = cases[-1].before
        elif line.startswith("# with "):
            cases[-1].helpers.append(line.removeprefix("# with "))
        elif line.startswith("# numpy "):
            cases[-1].numpy_code = line.removeprefix("# numpy ")
        elif line == "->":
            part = cases[-1].after
        elif line and not line.startswith("#"):
            part.append(line)
    return cases


def all_cases() -> list[Case]:
    """The cases of all pages."""
    return [case for name in page_names() for case in read_page(name)]


def as_written(expr: Expr) -> list[str]:
    """The text of an expression as it stands on a page."""
    return expr_text(expr, indent=True).splitlines()
