"""``nbarray replay``: says what happened in a run that was recorded.

Reads the events that ``NBARRAY_RECORD=FILE`` wrote and gives them to the log that ``NBARRAY_DEBUG`` writes
while a run goes on.  Knows nothing of how either is made.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from nbarray.api.pictures import recorded_timeline
from nbarray.errors import FileFormatError, InputError
from nbarray.observers.debug import DebugLog
from nbarray.observers.record import read_events, replay
from nbarray.observers.report import RunReport

__all__ = ["SUMMARY", "add_arguments", "run"]

SUMMARY = "say what happened in a run recorded with NBARRAY_RECORD=FILE"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``nbarray replay`` takes."""
    parser.add_argument("file", metavar="FILE", type=Path, help="what NBARRAY_RECORD named while the run went on")
    parser.add_argument(
        "--level",
        metavar="N",
        type=int,
        default=2,
        help="1: a line a run, 2: also one a node, 3: also each rule, 4: also each task (default: %(default)s)",
    )
    parser.add_argument("--report", action="store_true", help="also what each run took, and what held it up")
    parser.add_argument(
        "--timeline", metavar="SVG", type=Path, help="also draw what the workers of the last run did when"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the log of the recording to stdout.

    Raises InputError for a level that does not exist, MissingFile or FileFormatError for a file that is not
    a recording.
    """
    if not 1 <= arguments.level <= 4:
        raise InputError(f"--level: expected a number from 1 to 4, not {arguments.level}")
    if replay(read_events(arguments.file), DebugLog(arguments.level, sys.stdout.write)) == 0:
        raise FileFormatError(f"{arguments.file}: no events in it; has the run been recorded to its end?")
    if arguments.report:
        reports: dict[int, RunReport] = {}
        for event in read_events(arguments.file):
            reports.setdefault(event.run, RunReport())(event)
        print("", *reports.values(), sep="\n")
    if arguments.timeline is not None:
        recorded_timeline(read_events(arguments.file)).save(arguments.timeline)
    return 0
