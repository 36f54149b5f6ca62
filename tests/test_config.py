"""The budget when nobody says otherwise follows what the machine and the process's control group leave."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import psutil
import pytest

from nbarray.config import available_memory

#: The module: the package's `config` is the class in it.
settings = import_module("nbarray.config")


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The files of a control group: its limit, and what it uses."""
    files = tmp_path / "limit", tmp_path / "used"
    missing = str(tmp_path / "missing")
    monkeypatch.setattr(settings, "_CGROUPS", ((missing, missing), tuple(map(str, files))))
    return files


def test_without_control_groups(group: tuple[Path, Path]) -> None:
    """What psutil calls available is."""
    expected = psutil.virtual_memory()

    assert abs(expected.available - available_memory()) < expected.total / 50


def test_without_the_systems_file(group: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no file that tells it, psutil is asked."""
    monkeypatch.setattr(settings, "_MEMORY", "/nowhere/meminfo")
    expected = psutil.virtual_memory()

    assert abs(expected.available - available_memory()) < expected.total / 50


@pytest.mark.parametrize(("used", "left"), [("4096\n", 2**20 - 4096), ("2000000\n", 0)])
def test_limited(group: tuple[Path, Path], used: str, left: int) -> None:
    """What the group may still use, if that is less."""
    group[0].write_text(f"{2**20}\n")
    group[1].write_text(used)

    assert left == available_memory()


@pytest.mark.parametrize("limit", ["max\n", f"{2**63 - 4096}\n"])
def test_unlimited(group: tuple[Path, Path], limit: str) -> None:
    """A group without a limit leaves what the machine has."""
    group[0].write_text(limit)
    group[1].write_text("123456\n")

    assert available_memory() > 2**24
