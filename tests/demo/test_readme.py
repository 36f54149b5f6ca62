"""What the README shows, runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.jupyter_kernels import ROOT

README = ROOT / "README.md"


def test_the_example_runs(met_files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python code of the README runs line by line in a folder of sample files, with the results it speaks of."""
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(met_files[0].parent)
    names: dict[str, Any] = {}
    exec(example, names)

    assert (721, 1440) == names["difference"].shape
    assert (8,) == names["hottest"].shape
    assert 250_000_000 == names["positive"]


def test_the_numbers_are_those_of_the_coverage() -> None:
    """How many of NumPy's functions are blocked is what docs/coverage.md has."""
    coverage = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    there, blocked = re.findall(r"Of the (\d+) functions .*, (\d+) are blocked", coverage)[0]
    told = " ".join(README.read_text(encoding="utf-8").split())

    assert f"of the {there} functions that NumPy lets others take over, {blocked} are blocked" in told
