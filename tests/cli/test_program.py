"""The command line's frame: usage, version, exit codes."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

import pytest

from nbarray.cli import main, program
from nbarray.errors import InputError


def use(monkeypatch: pytest.MonkeyPatch, outcome: BaseException | int) -> None:
    """Put a command `try` into the table that ends as told."""

    def run(arguments: argparse.Namespace) -> int:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    monkeypatch.setattr(program, "COMMANDS", (program.Command("try", "tries", lambda parser: None, run),))


def test_module_runs() -> None:
    """`python -m nbarray --version` says the version."""
    done = subprocess.run([sys.executable, "-m", "nbarray", "--version"], capture_output=True, text=True, check=True)

    assert ["nbarray", "0.1.0"] == done.stdout.split()


def test_no_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command the exit code is 2 and the usage is shown."""
    with pytest.raises(SystemExit) as stopped:
        main([])

    assert 2 == stopped.value.code
    assert "COMMAND" in capsys.readouterr().err


def test_exit_code_is_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command returns is the exit code."""
    use(monkeypatch, 7)

    assert 7 == main(["try"])


def test_errors_are_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """An error of ours ends the program with its sentence, and without a traceback."""
    use(monkeypatch, InputError("this is no good"))

    assert 1 == main(["try"])
    assert "nbarray try: this is no good\n" == capsys.readouterr().err


def test_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends the program as shells expect, without a traceback."""
    use(monkeypatch, KeyboardInterrupt())

    assert 130 == main(["try"])
    assert "\nnbarray try: interrupted\n" == capsys.readouterr().err


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is not ours is not dressed up as one."""
    use(monkeypatch, ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        main(["try"])


def test_nobody_reads_on() -> None:
    """Where the reader of the output goes away, as `head` does, the program ends without a word."""
    reads, writes = os.pipe()
    os.close(reads)
    done = subprocess.run([sys.executable, "-m", "nbarray", "coverage"], stdout=writes, stderr=subprocess.PIPE)
    os.close(writes)

    assert (1, b"") == (done.returncode, done.stderr)
