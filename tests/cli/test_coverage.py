"""`nbarray coverage`: NumPy's list of functions against ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nbarray.api.refused import REASONS
from nbarray.cli import main
from nbarray.cli.coverage import coverage, table
from tests.house.source import ROOT

PAGE = ROOT / "docs" / "coverage.md"


def test_every_function_is_blocked_or_refused_with_a_reason() -> None:
    """No function of NumPy's list is forgotten, and at least 320 of them are blocked."""
    counts = coverage()
    blocked = sum(n for n, done in counts.values() if done)
    print(f"{blocked} of {sum(n for n, _ in counts.values())} functions are blocked")
    forgotten = [name for name, (_, done) in counts.items() if not done and name not in REASONS]

    assert [] == forgotten
    assert blocked >= 320


def test_reasons_are_for_what_is_refused() -> None:
    """No reason stands for a function that is blocked."""
    counts = coverage()

    assert [] == [name for name in REASONS if name in counts and counts[name][1]]


def test_page_is_current() -> None:
    """`docs/coverage.md` is what `python -m nbarray coverage docs/coverage.md` writes."""
    page = PAGE.read_text(encoding="utf-8")
    if f"NumPy {np.__version__} " not in page:
        pytest.skip("the page is for another NumPy")

    assert table() == page


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table goes to the screen, or into a file."""
    assert 0 == main(["coverage"])
    shown = capsys.readouterr().out
    assert 0 == main(["coverage", str(tmp_path / "page.md")])

    assert shown == (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "| `mean` | blocked |" in shown
