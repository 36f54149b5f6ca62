"""Daily files: complete or absent, never overwritten, and gone on with after a stop."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from nbarray.cli import main
from nbarray.cli.sample_files import write_days
from nbarray.cli.sample_met import HOURS, World, pack
from nbarray.errors import InputError, WriteError

SMALL = World((181, 360))
NEW_YEAR = date(2014, 1, 1)


def nothing(worked: bool) -> None:
    """An `on_day` that doesn't care."""


def names(folder: Path) -> list[str]:
    """What a folder holds."""
    return sorted(path.name for path in folder.iterdir())


def test_the_files_are_as_promised(met_files: list[Path]) -> None:
    """Two days at full size: netCDF-4, packed int16, deflated and shuffled, one chunk a map, CF attributes."""
    assert ["2014-01-01.nc", "2014-01-02.nc"] == [path.name for path in met_files]
    for path in met_files:
        with netCDF4.Dataset(path) as file:
            t2m = file["t2m"]
            filters = t2m.filters()

            assert ("time", "latitude", "longitude") == t2m.dimensions
            assert (4, 721, 1440) == t2m.shape
            assert file.dimensions["time"].isunlimited()
            assert [1, 721, 1440] == t2m.chunking()
            assert (True, True) == (filters["zlib"], filters["shuffle"])
            assert np.int16 == t2m.dtype
            assert ["float64"] * 2 == [str(np.asarray(number).dtype) for number in (t2m.scale_factor, t2m.add_offset)]
            assert ("K", "air_temperature", -32767) == (t2m.units, t2m.standard_name, t2m._FillValue)
            assert (90, -90) == (file["latitude"][0], file["latitude"][-1])
            assert (0, 359.75) == (file["longitude"][0], file["longitude"][-1])


def test_the_second_day_has_gaps(met_files: list[Path]) -> None:
    """netCDF4 gives masked values where the world has gaps: none on the first day, some on the second."""
    masked = []
    for path in met_files:
        with netCDF4.Dataset(path) as file:
            masked.append(np.ma.getmaskarray(file["t2m"][:]).sum())

    assert 0 == masked[0]
    assert 4 * 721 * 1440 * 0.005 < masked[1] < 4 * 721 * 1440 * 0.12


def test_the_files_compress_like_an_archive(met_files: list[Path]) -> None:
    """A file takes a half to a third of its int16 numbers, as real ones do."""
    ratios = [4 * 721 * 1440 * 2 / path.stat().st_size for path in met_files]

    assert 2 < min(ratios) <= max(ratios) < 3


def test_values_are_the_worlds(tmp_path: Path) -> None:
    """What netCDF4 reads is what the world packed, at the hours it was packed for."""
    write_days(tmp_path, NEW_YEAR, 1, on_day=nothing, world=SMALL)
    with netCDF4.Dataset(tmp_path / "2014-01-01.nc") as file:
        times = np.asarray(netCDF4.num2date(file["time"][:], file["time"].units))
        file["t2m"].set_auto_maskandscale(False)

        assert [(2014, 1, 1, hour) for hour in HOURS] == [(t.year, t.month, t.day, t.hour) for t in times]
        np.testing.assert_array_equal(pack(SMALL.day(NEW_YEAR), None).values, file["t2m"][:])


def written(path: Path) -> tuple[int, int, int]:
    """What writing a file changes; reading it changes when it was read."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def test_run_again_writes_what_is_missing(tmp_path: Path) -> None:
    """Files that are there are kept untouched; only the others are written."""
    write_days(tmp_path, NEW_YEAR, 3, on_day=nothing, world=SMALL)
    first = tmp_path / "2014-01-01.nc"
    before = written(first)
    (tmp_path / "2014-01-02.nc").unlink()
    worked: list[bool] = []
    report = write_days(tmp_path, NEW_YEAR, 4, on_day=worked.append, world=SMALL)

    assert (2, 2) == (report.written, report.kept)
    assert [False, False, True, True] == worked
    assert before == written(first)
    assert sum(path.stat().st_size for path in tmp_path.glob("*.nc")) == report.nbytes


def test_interrupt_leaves_complete_files_only(tmp_path: Path) -> None:
    """Stopped in the middle, every file that is there is whole, and nothing else is left."""

    def stop(worked: bool) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_days(tmp_path, NEW_YEAR, 3, on_day=stop, world=SMALL)

    assert ["2014-01-01.nc"] == names(tmp_path)
    assert 1 == write_days(tmp_path, NEW_YEAR, 1, on_day=nothing, world=SMALL).kept


def test_a_killed_run_is_gone_on_with(tmp_path: Path) -> None:
    """A half-written file of a killed run is in nobody's way: no pattern of the files finds it, and it is replaced."""
    (tmp_path / ".2014-01-01.nc.part").write_bytes(b"half a fi")
    write_days(tmp_path, NEW_YEAR, 1, on_day=nothing, world=SMALL)

    assert ["2014-01-01.nc"] == names(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not netCDF", None], ids=["empty", "text", "another program's"])
def test_foreign_files_are_not_overwritten(tmp_path: Path, content: bytes | None) -> None:
    """A file of the same name that we have not written stays as it is, and the error names it."""
    path = tmp_path / "2014-01-01.nc"
    if content is None:
        with netCDF4.Dataset(path, "w") as file:
            file.createDimension("time", 1)
    else:
        path.write_bytes(content)
    before = path.read_bytes()

    with pytest.raises(InputError, match=r"2014-01-01\.nc.*move it away"):
        write_days(tmp_path, NEW_YEAR, 1, on_day=nothing, world=SMALL)
    assert before == path.read_bytes()


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_directory_is_a_file(tmp_path: Path, place: str) -> None:
    """A folder that is a file, or would be inside one, is refused."""
    (tmp_path / "file").touch()

    with pytest.raises(InputError, match="expected a folder"):
        write_days(tmp_path / place, NEW_YEAR, 1, on_day=nothing, world=SMALL)


def test_too_little_space_is_seen_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk can't hold the days asked for, nothing is written."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10_000_000))

    with pytest.raises(WriteError, match=r"100 days need about 381 MiB, but 9\.54 MiB are free"):
        write_days(tmp_path, NEW_YEAR, 100, on_day=nothing)
    assert [] == names(tmp_path)


def test_disk_full(tmp_path: Path) -> None:
    """Where writing fails half-way, the error says so in one line, and the half file is gone."""
    done = sample(tmp_path, "--days", "1", limit=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6)))

    assert 1 == done.returncode
    assert "2014-01-01.nc: writing failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert [] == names(tmp_path)


def test_the_command_line(tmp_path: Path) -> None:
    """`python -m nbarray sample met DIR --days N --start DATE` writes, says how far it is and what it has done."""
    done = sample(tmp_path / "new" / "folder", "--days", "1", "--start", "2014-12-31")

    assert ["2014-12-31.nc"] == names(tmp_path / "new" / "folder")
    assert "1/1 days" in done.stderr
    assert "1 files written" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--days", "0"], "--days: expected a number from 1 to 366, not 0"),
        (["--days", "367"], "--days: expected a number from 1 to 366, not 367"),
        (["--days", "1", "--start", "2014-13-01"], "--start: expected a date such as 2014-01-01, not '2014-13-01'"),
        (["--days", "1", "--start", "yesterday"], "--start: expected a date such as 2014-01-01, not 'yesterday'"),
    ],
)
def test_wrong_arguments(
    tmp_path: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong numbers and dates are refused with what was expected, and nothing is written."""
    assert 1 == main(["sample", "met", str(tmp_path / "met"), *arguments])
    assert message in capsys.readouterr().err
    assert not (tmp_path / "met").exists()


def sample(folder: Path, *arguments: str, limit: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``nbarray sample met`` in a process of its own."""
    command = [sys.executable, "-m", "nbarray", "sample", "met", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)
