"""A recorded run reads back as the events it was."""

from __future__ import annotations

import typing

import pytest

from nbarray.errors import FileFormatError, MissingFile
from nbarray.events import (
    BlockReleased,
    BudgetExceeded,
    Event,
    NodeCount,
    PlanDetails,
    PlanningStarted,
    PlanReady,
    RuleApplied,
    RunCancelled,
    RunFailed,
    RunFinished,
    RunPaused,
    RunResumed,
    SourceRead,
    TaskFinished,
    TaskStarted,
)
from nbarray.observers.progress import ProgressState
from nbarray.observers.record import Recorder, from_json, read_events, replay, to_json

EVENTS = (
    RuleApplied(1, "simplify", "slice", "x[::4]\n", 'quotes " and ünicode'),
    PlanReady(1, (NodeCount("a", 1), NodeCount("b", 2)), 3, 10**15, 8, 4096, 8192, workers=2, time_s=0.1 + 0.2),
    PlanDetails(1, ("Cell In[1], line 2", ""), (SourceRead("t in x.nc", "in memory", 3, 2, 1),), 4, 5),
    PlanReady(2, (), 0, 0, 0, 0, 0, workers=1, time_s=0.0),
    TaskStarted(1, 0, 0, 1e-9),
    TaskFinished(1, 0, 0, 1, 1e-9, 1 / 3, 8, 64),
    BlockReleased(1, 0, 8, 0),
    RunPaused(1, 2.5),
    RunResumed(1, 3.5),
    RunFinished(1, 1.0, 2.0, 64),
    RunFailed(1, 1.0, "first\nsecond"),
    RunCancelled(1, 1.0, 1),
    PlanningStarted(1, 0.25),
    BudgetExceeded(1, 300, 200, 0.5),
)


def test_the_examples_cover_every_event():
    """A new class of event needs an example here."""
    assert {type(event) for event in EVENTS} == set(typing.get_args(Event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{type(event).__name__}-{event.run}")
def test_an_event_survives_json(event):
    """Equal, of the same class, with the same nested records and the same bits in its floats."""
    again = from_json(to_json(event))

    assert again == event
    assert repr(again) == repr(event)


def test_a_recording_reads_back_whole(tmp_path):
    """Through a file, in order."""
    path = tmp_path / "run.jsonl"
    recorder = Recorder(path)
    replay(EVENTS, recorder)
    recorder.close()

    assert tuple(read_events(path)) == EVENTS


def test_a_run_is_on_disk_when_it_has_ended(tmp_path):
    """Without closing anything: the next line of a script may read it."""
    path = tmp_path / "run.jsonl"
    recorder = Recorder(path)
    replay(EVENTS[:10], recorder)

    assert len(list(read_events(path))) == 10


def test_a_second_run_is_added_and_an_old_file_replaced(tmp_path):
    """One file holds the runs of one process."""
    path = tmp_path / "run.jsonl"
    path.write_text("from yesterday")
    recorder = Recorder(path)
    recorder(EVENTS[8])
    recorder(EVENTS[9])

    assert tuple(read_events(path)) == EVENTS[8:10]


def test_a_replayed_recording_gives_the_state_the_run_had(tmp_path):
    """Observers can't tell a replay from a run."""
    path = tmp_path / "run.jsonl"
    live, replayed = ProgressState(), ProgressState()
    recorder = Recorder(path)
    for event in EVENTS:
        if event.run == 1:
            live.fold(event)
            recorder(event)
    recorder.close()

    assert replay(read_events(path), replayed.fold) == len(EVENTS) - 1
    assert vars(replayed) | {"nodes": None} == vars(live) | {"nodes": None}
    assert replayed.nodes == live.nodes


@pytest.mark.parametrize("line", ["not json", "[1]", '{"event": "Nothing"}', '{"event": "RunPaused", "run": 1}'])
def test_a_line_that_is_no_event_is_named(tmp_path, line):
    """File and line number, not a KeyError."""
    path = tmp_path / "run.jsonl"
    path.write_text(to_json(EVENTS[0]) + "\n\n" + line + "\n")

    with pytest.raises(FileFormatError, match=r"run\.jsonl, line 3"):
        list(read_events(path))


def test_a_missing_recording_says_how_to_make_one(tmp_path):
    """The variable is named."""
    with pytest.raises(MissingFile, match="NBARRAY_RECORD"):
        list(read_events(tmp_path / "none.jsonl"))
