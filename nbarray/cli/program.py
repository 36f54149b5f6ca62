"""The command line itself: which commands there are, and how their errors become exit codes.

A command is a row in `COMMANDS`; what it does is its own module's business.  Nothing here imports the
packages a command needs, so ``--help`` is immediate.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from nbarray.cli import coverage, replay, sample
from nbarray.errors import NBArrayError

__all__ = ["COMMANDS", "Command", "main"]

#: What a shell expects of a program stopped by Ctrl-C.
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Command:
    """One word after ``python -m nbarray``.

    name, summary : the word and the line that ``--help`` shows for it
    add_arguments : declares the command's arguments
    run : does the work; returns the exit code
    """

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


COMMANDS: tuple[Command, ...] = (
    Command("sample", sample.SUMMARY, sample.add_arguments, sample.run),
    Command("coverage", coverage.SUMMARY, coverage.add_arguments, coverage.run),
    Command("replay", replay.SUMMARY, replay.add_arguments, replay.run),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (0 good, 1 failed, 2 wrong usage, 130 interrupted).

    argv : the words after the program's name; by default those this process was started with

    Raises SystemExit for ``--help``, ``--version`` and wrong usage, as argparse does.

    >>> main(["--version"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    SystemExit: 0
    """
    arguments = _parser().parse_args(argv)
    try:
        code = int(arguments.run(arguments))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever reads has seen enough, as `head` has; Python would complain once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except NBArrayError as error:
        print(f"nbarray {arguments.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\nnbarray {arguments.command}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nbarray", description="Blocked arrays with NumPy's interface.")
    parser.add_argument("--version", action="version", version=f"nbarray {_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        own = commands.add_parser(command.name, help=command.summary, description=command.summary)
        command.add_arguments(own)
        own.set_defaults(run=command.run)
    return parser


def _version() -> str:
    try:
        return version("nbarray")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "(not installed)"
