"""Environment variables ask for observers."""

from __future__ import annotations

import pytest

from nbarray.errors import ConfigError
from nbarray.observers.debug import DebugLog
from nbarray.observers.environment import from_environment
from nbarray.observers.record import Recorder


def test_nothing_is_asked_for_by_default():
    """Empty and zero are nothing."""
    assert from_environment({}) == []
    assert from_environment({"NBARRAY_DEBUG": "0", "NBARRAY_RECORD": ""}) == []


def test_both_can_be_asked_for(tmp_path):
    """A log of the level asked for, and a recorder of the file."""
    path = tmp_path / "run.jsonl"
    log, recorder = from_environment({"NBARRAY_DEBUG": "3", "NBARRAY_RECORD": str(path)})

    assert isinstance(log, DebugLog)
    assert log.level == 3
    assert isinstance(recorder, Recorder)
    assert recorder.path == path


def test_every_run_of_a_process_gets_the_same_recorder(tmp_path):
    """A second recorder would replace what the first has written."""
    environ = {"NBARRAY_RECORD": str(tmp_path / "run.jsonl")}

    assert from_environment(environ)[0] is from_environment(environ)[0]


@pytest.mark.parametrize("level", ["5", "yes", "-1", "1.5"])
def test_a_level_that_is_none_is_refused(level):
    """With the levels there are."""
    with pytest.raises(ConfigError, match=r"0 \(nothing\), 1 \(runs\)"):
        from_environment({"NBARRAY_DEBUG": level})
