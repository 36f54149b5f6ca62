"""`nbarray replay`: a recorded run, told again."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbarray.cli import main
from nbarray.events import NodeCount, PlanReady, RunFinished, TaskFinished
from nbarray.observers.debug import DebugLog
from nbarray.observers.record import Recorder

RUN = (
    PlanReady(7, (NodeCount("sum", 4),), 4, 0, 8, 2048, 4096, workers=2, time_s=0.0),
    RunFinished(7, wall_s=1.5, busy_s=2.5, peak_bytes=1024),
)


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_replay_is_the_log_of_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str], level: int) -> None:
    """What is told of a recording is what NBARRAY_DEBUG would have said during the run."""
    record = Recorder(tmp_path / "run.jsonl")
    live: list[str] = []
    log = DebugLog(level, live.append)
    for event in RUN:
        record(event)
        log(event)

    assert 0 == main(["replay", str(tmp_path / "run.jsonl"), "--level", str(level)])
    assert "".join(live) == capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "there is no recording"), ("", "no events in it"), ("once upon a time\n", "line 1: not a recorded event")],
    ids=["missing", "empty", "text"],
)
def test_not_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, message: str) -> None:
    """A file that is missing, empty or something else is named, in one line."""
    path = tmp_path / "run.jsonl"
    if content is not None:
        path.write_text(content)

    assert 1 == main(["replay", str(path)])
    assert message in capsys.readouterr().err


def test_unknown_level(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A level beyond the four is refused."""
    assert 1 == main(["replay", str(tmp_path), "--level", "5"])
    assert "--level: expected a number from 1 to 4, not 5" in capsys.readouterr().err


def test_timeline_of_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the workers did is drawn into the file that is named, beside the log."""
    record = Recorder(tmp_path / "run.jsonl")
    for event in (RUN[0], TaskFinished(7, 2, 0, 1, start_s=0.5, stop_s=1.0, nbytes=8, held_bytes=64), RUN[1]):
        record(event)

    assert 0 == main(["replay", str(tmp_path / "run.jsonl"), "--timeline", str(tmp_path / "run.svg")])
    assert "sum: 500 ms, 1 task" in (tmp_path / "run.svg").read_text(encoding="utf-8")
    assert "sum" in capsys.readouterr().out


def test_report_of_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What each run took is said beneath the log, also of runs at the same time."""
    record = Recorder(tmp_path / "run.jsonl")
    other = PlanReady(8, (NodeCount("mean", 1),), 1, 0, 8, 2048, 4096, workers=2, time_s=0.0)
    for event in (RUN[0], other, RUN[1], RunFinished(8, wall_s=2.5, busy_s=2.5, peak_bytes=1024)):
        record(event)

    assert 0 == main(["replay", str(tmp_path / "run.jsonl"), "--report"])
    out = capsys.readouterr().out
    assert "Run 7: done in 1.5 s" in out
    assert "Run 8: done in 2.5 s" in out
