"""``nbarray sample``: writes sample data to work on.

Knows the arguments and what they may be; what the data look like is in `sample_met`, how they get to
the disk in `sample_files`.
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from nbarray.cli.progress_bar import ProgressBar
from nbarray.cli.sample_files import write_days
from nbarray.errors import InputError
from nbarray.units import format_bytes, format_seconds

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "write sample data: quarter-degree temperature maps as netCDF files, one file a day"

#: A leap year of files; more than that nobody has asked for.
MAX_DAYS = 366


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``nbarray sample`` takes."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    met = kinds.add_parser(
        "met",
        help="2 m temperature, four maps a day of 721 × 1440 points, about 3 MB a day",
        description="Write 2014-01-01.nc, 2014-01-02.nc, ... into DIR. Files that are there already are kept, so an "
        "interrupted run goes on where it stopped.",
    )
    met.add_argument("directory", metavar="DIR", type=Path, help="folder to write into; made if it does not exist")
    met.add_argument("--days", metavar="N", type=int, required=True, help=f"how many days, 1 to {MAX_DAYS}")
    met.add_argument("--start", metavar="YYYY-MM-DD", default="2014-01-01", help="first day (default: %(default)s)")
    met.add_argument("-q", "--quiet", action="store_true", help="no progress, no closing line")


def run(arguments: argparse.Namespace) -> int:
    """Write the files asked for.

    Raises InputError for a number of days, a date or a folder that can't be used, WriteError when the
    disk is full.
    """
    start = _parse_date(arguments.start)
    if not 1 <= arguments.days <= MAX_DAYS:
        raise InputError(f"--days: expected a number from 1 to {MAX_DAYS}, not {arguments.days}")
    bar = ProgressBar(arguments.days, "day", out=None if arguments.quiet else sys.stderr)
    with bar:
        report = write_days(arguments.directory, start, arguments.days, on_day=bar.step)
    if not arguments.quiet:
        kept = f", {report.kept} kept from before" if report.kept else ""
        print(
            f"{arguments.directory}: {report.written} files written{kept}, "
            f"{format_bytes(report.nbytes)} in all, {format_seconds(bar.seconds)}"
        )
    return 0


def _parse_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"--start: expected a date such as 2014-01-01, not {text!r} ({error})") from None
