"""Blocks on disk: what is put there comes back, and nothing is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbarray.errors import WriteError
from nbarray.io.scratchfile import ScratchFile, check_room, scratch_folder


@pytest.mark.parametrize(
    "values",
    [
        np.arange(12.0).reshape(3, 4),
        np.arange(12).reshape(3, 4).T,
        np.array([1, 2], ">i2"),
        np.array(["a", "bcd"]),
        np.array([True, False]),
        np.array(5.0),
        np.zeros((0, 3)),
        np.array(["2014-01-01"], "M8[D]"),
    ],
    ids=lambda values: f"{values.dtype}-{values.shape}",
)
def test_arrays_come_back(tmp_path: Path, values: Any) -> None:
    """With their dtype and shape, from any place, also after the file was closed."""
    file = ScratchFile(tmp_path, 1024)
    stored = [file.put(offset, values) for offset in (0, 512)]
    file.close()

    for one in stored:
        assert (values.dtype, values.shape) == (one.dtype, one.shape)
        np.testing.assert_array_equal(values, one)


def test_nothing_is_left_after_a_kill(tmp_path: Path) -> None:
    """The file has no name, so the system frees it when the process is killed."""
    code = (
        "import os, signal, sys, pathlib, numpy as np\n"
        "from nbarray.io.scratchfile import ScratchFile\n"
        "file = ScratchFile(pathlib.Path(sys.argv[1]), 1024)\n"
        "file.put(0, np.arange(10))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, timeout=60)

    assert -9 == done.returncode
    assert [] == list(tmp_path.iterdir())


def test_places_that_can_not_be_written_to(tmp_path: Path) -> None:
    """A missing folder and too little room are told before anything is written, with the way out."""
    check_room(tmp_path, 1)

    with pytest.raises(
        WriteError, match=r"no folder .*nowhere; choose another folder with nb\.config\(scratch=\.\.\.\)"
    ):
        check_room(tmp_path / "nowhere", 1)
    with pytest.raises(WriteError, match=r"has room for .* only"):
        check_room(tmp_path, 2**60)
    with pytest.raises(WriteError, match=r"scratch can't be written to .*nowhere"):
        ScratchFile(tmp_path / "nowhere", 1024)


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as such, with the folder."""

    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    file = ScratchFile(tmp_path, 1024)
    monkeypatch.setattr(os, "pwrite", full)

    with pytest.raises(WriteError, match=f"the disk is full: {tmp_path}"):
        file.put(0, np.arange(3))
    file.close()


def test_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one chosen, or `TMPDIR`, or the system's."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    assert Path("/somewhere") == scratch_folder("/somewhere")
    assert tmp_path == scratch_folder(None)
    monkeypatch.delenv("TMPDIR")
    assert scratch_folder(None).is_dir()
