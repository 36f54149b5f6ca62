"""The line that says how far a command has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO

from nbarray.cli.progress_bar import ProgressBar


class Terminal(StringIO):
    """Text that passes for a terminal."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def every(seconds: float) -> Callable[[], float]:
    """A clock that goes on by so much each time it is read."""

    def ticks() -> Iterator[float]:
        now = 0.0
        while True:
            yield now
            now += seconds

    clock = ticks()
    return lambda: next(clock)


def test_log_stays_short() -> None:
    """Into a file, a line is written every five seconds, and a last one."""
    out = StringIO()
    with ProgressBar(100, "day", out=out, clock=every(1.0)) as bar:
        for _ in range(100):
            bar.step(worked=True)

    lines = out.getvalue().splitlines()
    assert 20 == len(lines)
    assert "5/100 days, 1.00 days/s, 1 min 35 s left" == lines[0].partition("] ")[2]
    assert "100/100 days" in lines[-1]


def test_terminal_line_is_redrawn() -> None:
    """On a terminal there is one line, drawn again and again, and the end of it when all is done."""
    out = Terminal()
    with ProgressBar(3, "day", out=out, clock=every(1.0)) as bar:
        for _ in range(3):
            bar.step(worked=True)

    assert 3 == out.getvalue().count("\r")
    assert 1 == out.getvalue().count("\n")
    assert out.getvalue().endswith("\n")


def test_silence() -> None:
    """Without a place to write to it only measures."""
    with ProgressBar(1, "day", out=None, clock=every(1.0)) as bar:
        bar.step(worked=True)

    assert 2.0 == bar.seconds


def test_work_found_done_is_no_rate() -> None:
    """Days kept from before don't make the program seem faster than it is."""
    with ProgressBar(10, "day", out=None, clock=every(1.0)) as bar:
        for _ in range(8):
            bar.step(worked=False)
        bar.step(worked=True)

        assert "9/10 days, 0.11 days/s, 9.0 s left" == str(bar).partition("] ")[2]


def test_interrupted_line_is_ended() -> None:
    """When the work stops early the line says how far it was."""
    out = StringIO()
    try:
        with ProgressBar(10, "day", out=out, clock=every(1.0)) as bar:
            bar.step(worked=True)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass

    assert "1/10 days" in out.getvalue()
