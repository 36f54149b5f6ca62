"""``nbarray coverage``: NumPy's functions against ours, as a table.

NumPy says itself which of its functions others may take over; each is blocked, or refused with a reason.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from nbarray.api import families  # noqa: F401 - fills the table of blocked forms
from nbarray.api.dispatch import IMPLEMENTATIONS, enter_all
from nbarray.api.refused import REASONS

__all__ = ["SUMMARY", "Counts", "add_arguments", "coverage", "run", "table"]

SUMMARY = "which of NumPy's functions are blocked, as a table"
_NOT_WRITTEN = "nobody has written it"
#: name -> number of functions of that name, and whether they are blocked
Counts = dict[str, tuple[int, bool]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``nbarray coverage`` takes."""
    parser.add_argument("file", metavar="FILE", type=Path, nargs="?", help="where to write it (default: the screen)")


def run(arguments: argparse.Namespace) -> int:
    """Write the table."""
    if arguments.file is None:
        sys.stdout.write(table())
    else:
        arguments.file.write_text(table(), encoding="utf-8")
    return 0


def coverage() -> Counts:
    """Each of the functions that NumPy lets others take over: how many have the name, and whether they are blocked.

    A few have a twin, which is called for ``like=``.
    """
    from numpy.testing.overrides import get_overridable_numpy_array_functions

    enter_all()
    blocked = {_name(f) for f in IMPLEMENTATIONS}
    counts: Counts = {}
    for function in get_overridable_numpy_array_functions():
        name = _name(function)
        counts[name] = (counts.get(name, (0, False))[0] + 1, name in blocked)
    return dict(sorted(counts.items(), key=lambda item: _sorting(item[0])))


def _name(function: object) -> str:
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__name__', '')}"


def _sorting(name: str) -> tuple[bool, str, str]:
    module, _, last = name.rpartition(".")
    return module != "numpy", module, last.lower()


def table() -> str:
    """The page, in Markdown."""
    counts = coverage()
    whole = sum(n for n, _ in counts.values())
    done = sum(n for n, blocked in counts.values() if blocked)
    lines = [
        "# NumPy's functions",
        "",
        f"Of the {whole} functions that NumPy {np.__version__} lets others take over, {done} are blocked,",
        "and so are all of its ufuncs of elements. The others raise `NotBlocked`, a `TypeError`, and run whole only if",
        "asked to: `nb.eager(np.f)(x)`, which names the bytes first. Nothing converts by accident. Written by",
        "`python -m nbarray coverage docs/coverage.md`.",
        "",
    ]
    module = None
    for name, (_, blocked) in counts.items():
        place, _, last = name.rpartition(".")
        if place != module:
            lines += ["", f"## {place}", "", "| function | |", "|---|---|"][0 if module else 1 :]
            module = place
        lines.append(f"| `{last}` | {'blocked' if blocked else 'refused: ' + REASONS.get(name, _NOT_WRITTEN)} |")
    return "\n".join(lines) + "\n"
