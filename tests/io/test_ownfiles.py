"""How this process holds a file open."""

from __future__ import annotations

from pathlib import Path

from nbarray.io.ownfiles import how_open


def test_how_open(tmp_path: Path) -> None:
    """For reading, for writing, or not at all; other files open at the same time don't matter."""
    for name in ("read", "write", "append", "none"):
        (tmp_path / name).write_text("x")
    with (tmp_path / "read").open(), (tmp_path / "write").open("w"), (tmp_path / "append").open("r+"):
        for _ in range(2):
            found = [how_open(str(tmp_path / name)) for name in ("read", "write", "append", "none")]

            assert ["reading", "writing", "writing", "not"] == found
