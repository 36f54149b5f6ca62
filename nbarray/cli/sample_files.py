"""Daily netCDF files of the sample world: one day, one file, written whole or not at all.

A file is written under another name and renamed when it is closed, so a name that ends in ``.nc`` is
always a complete file, and a run that was stopped goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from nbarray.cli.sample_met import FILL_VALUE, HOURS, PackedDay, World, pack
from nbarray.errors import InputError, WriteError
from nbarray.units import format_bytes

__all__ = ["Report", "write_days"]

#: What a file of the full grid takes, generously, in bytes.
FILE_BYTES = 4_000_000
#: Higher levels take twice the time for files 5 % smaller.
COMPRESSION_LEVEL = 2
_SIGNATURE = "nbarray sample met, version 1"


@dataclass(frozen=True, slots=True)
class Report:
    """What has been done: files written, files kept from before, bytes of all of them."""

    written: int
    kept: int
    nbytes: int


def write_days(
    directory: Path, start: date, count: int, *, on_day: Callable[[bool], None], world: World | None = None
) -> Report:
    """Write the files of `count` days from `start` on that are not there yet.

    on_day : called after each day with whether it had to be written
    world : the world to write; by default the quarter-degree one

    Raises InputError when `directory` can't be a folder or holds other files of these names, WriteError
    when the disk is full.
    """
    world = world or World()
    _make_folder(directory)
    days = [start + timedelta(days=k) for k in range(count)]
    missing = [day for day in days if not _is_ours(directory / f"{day}.nc", world)]
    if world.shape == World().shape:
        _check_space(directory, len(missing))
    for _ in range(count - len(missing)):
        on_day(False)
    for day, packed in _packed_days(world, missing):
        _write(directory / f"{day}.nc", world, day, packed)
        on_day(True)
    nbytes = sum((directory / f"{day}.nc").stat().st_size for day in days)
    return Report(len(missing), count - len(missing), nbytes)


def _packed_days(world: World, days: list[date]) -> Iterator[tuple[date, PackedDay]]:
    """The days' packed maps; the next day is made while the caller writes one."""
    with ThreadPoolExecutor(1, "sample-met") as maker:
        ahead: Future[PackedDay] | None = None
        for k, day in enumerate(days):
            packed = (ahead or maker.submit(_make, world, day)).result()
            ahead = maker.submit(_make, world, days[k + 1]) if k + 1 < len(days) else None
            yield day, packed


def _make(world: World, day: date) -> PackedDay:
    return pack(world.day(day), world.gaps(day))


def _make_folder(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{directory}: expected a folder to write into, but this is a file") from None
    except OSError as error:
        raise InputError(f"{directory}: can't make this folder ({error.strerror})") from None


def _check_space(directory: Path, count: int) -> None:
    needed, free = count * FILE_BYTES, shutil.disk_usage(directory).free
    if needed > free:
        raise WriteError(
            f"{directory}: {count} days need about {format_bytes(needed)}, but {format_bytes(free)} are free; "
            "ask for fewer --days or choose another disk"
        )


def _is_ours(path: Path, world: World) -> bool:
    """Whether the file is there, and complete; a file of this name from anywhere else is never overwritten."""
    import netCDF4  # optional third party: only here and where files are written

    if not path.exists():
        return False
    try:
        with netCDF4.Dataset(path) as file:
            ours = getattr(file, "source", None) == _SIGNATURE
            if ours and file["t2m"].shape == (len(HOURS), *world.shape):
                return True
    except (OSError, LookupError):
        pass
    raise InputError(f"{path}: there is already a file of this name which this program has not written; move it away")


def _write(path: Path, world: World, day: date, packed: PackedDay) -> None:
    """Write one file under another name, then give it its own."""
    import netCDF4

    part = path.with_name(f".{path.name}.part")  # no pattern such as 2014-*.nc matches it
    try:
        with netCDF4.Dataset(part, "w", format="NETCDF4") as file:
            _fill(file, world, day, packed)
        part.replace(path)
    except (OSError, RuntimeError) as error:  # netCDF4 says RuntimeError where the disk is full
        free = shutil.disk_usage(path.parent).free
        raise WriteError(
            f"{path}: writing failed ({error}); {format_bytes(free)} are free there. "
            "The files before it are complete: run the same command again to go on"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _fill(file: Any, world: World, day: date, packed: PackedDay) -> None:
    file.Conventions = "CF-1.8"
    file.title = "2 m temperature of an invented world"
    file.source = _SIGNATURE
    file.comment = "Made by formula for trying things out; not a measurement or a forecast of anything"
    file.createDimension("time", None)
    file.createDimension("latitude", world.shape[0])
    file.createDimension("longitude", world.shape[1])
    time = file.createVariable("time", "i4", ("time",), chunksizes=(len(HOURS),))
    time.setncatts({
        "units": "hours since 1900-01-01 00:00:00", "calendar": "gregorian", "standard_name": "time", "axis": "T",
    })  # fmt: skip
    time[:] = [(day - date(1900, 1, 1)).days * 24 + hour for hour in HOURS]
    for name, axis, unit in (("latitude", "Y", "degrees_north"), ("longitude", "X", "degrees_east")):
        variable = file.createVariable(name, "f4", (name,))
        variable.setncatts({"units": unit, "standard_name": name, "axis": axis})
        variable[:] = getattr(world, name)
    t2m = file.createVariable(
        "t2m", "i2", ("time", "latitude", "longitude"), fill_value=FILL_VALUE, zlib=True, shuffle=True,
        complevel=COMPRESSION_LEVEL, chunksizes=(1, *world.shape),
    )  # fmt: skip
    t2m.setncatts({
        "units": "K", "standard_name": "air_temperature", "long_name": "2 metre temperature",
        "scale_factor": packed.scale, "add_offset": packed.offset, "missing_value": np.int16(FILL_VALUE),
    })  # fmt: skip
    t2m.set_auto_maskandscale(False)
    t2m[:] = packed.values
