"""Only what is looked at is computed."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import nbarray as nb
from nbarray.widgets import fetching
from nbarray.widgets.fetching import Fetcher
from tests.engines.patience import until


class Slow:
    """An array of one block a row, whose blocks wait until they may go on."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.begun: list[int] = []
        self.shown: list[tuple[int, float]] = []
        self.failed: list[tuple[int, str]] = []
        self.runs = []

    def start(self, view: int):
        def block(values):
            self.begun.append(view)
            if view < 0:
                raise ValueError("negative")
            self.may.wait(30)  # longer than anybody waits for it
            return values + view

        x = nb.map_blocks(block, nb.zeros((8, 2), chunks=(1, 2)), dtype=float)
        self.runs.append(x.start(workers=1))
        return self.runs[-1]

    def fetcher(self, **options) -> Fetcher[int]:
        return Fetcher(
            self.start,
            lambda view, values: self.shown.append((view, float(values[0, 0]))),
            lambda view, error: self.failed.append((view, str(error))),
            **options,
        )


@pytest.fixture
def slow():
    made = Slow()
    yield made
    made.may.set()


def test_what_is_wanted_is_shown(slow: Slow) -> None:
    """A view is computed, shown once, and there at once when it is wanted again."""
    slow.may.set()
    fetcher = slow.fetcher()
    fetcher.want(3)
    assert fetcher.wait(5)
    fetcher.want(3)
    assert fetcher.wait(5)
    fetcher.close()

    assert [(3, 3.0), (3, 3.0)] == slow.shown
    assert 1 == len(slow.runs)


def test_moving_on_cancels_the_stale_run(slow: Slow) -> None:
    """While a view is computed another is wanted: the first run is cancelled, and only the second is shown."""
    fetcher = slow.fetcher()
    fetcher.want(1)
    assert until(lambda: slow.begun == [1])
    for view in (2, 3, 4):
        fetcher.want(view)
    slow.may.set()
    assert fetcher.wait(5)
    fetcher.close()

    assert [(4, 4.0)] == slow.shown
    assert "cancelled" == slow.runs[0].state
    assert 1 <= fetcher.stale
    assert 1 == slow.begun.count(1)


def test_neighbours_are_computed_ahead_when_idle(slow: Slow) -> None:
    """After a view its neighbours are computed, at a lower priority; then they are there at once."""
    slow.may.set()
    fetcher = slow.fetcher(neighbours=lambda view: [view + 1, view - 1])
    fetcher.want(5)
    assert until(lambda: fetcher.has(6) and fetcher.has(4))
    runs = len(slow.runs)
    fetcher.want(6)
    assert fetcher.wait(5)

    assert [(5, 5.0), (6, 6.0)] == slow.shown
    assert 3 == runs
    assert [0, -1, -1] == [run.priority for run in slow.runs[:3]]
    fetcher.close()


def test_what_is_computed_ahead_gives_way(slow: Slow) -> None:
    """Something wanted cancels what is computed ahead, unless that is just it."""
    fetcher = slow.fetcher(neighbours=lambda view: [view + 1])
    slow.may.set()
    fetcher.want(1)
    assert fetcher.wait(5)
    slow.may.clear()
    fetcher.want(3)
    slow.may.set()
    assert fetcher.wait(5)
    assert until(lambda: fetcher.has(4))
    fetcher.close()

    assert [1, 3] == [view for view, _ in slow.shown]


def test_errors_are_told_and_the_next_view_comes(slow: Slow) -> None:
    """A view that fails is told, and others are shown afterwards."""
    slow.may.set()
    fetcher = slow.fetcher()
    fetcher.want(-1)
    assert fetcher.wait(5)
    fetcher.want(2)
    assert fetcher.wait(5)
    fetcher.close()

    assert [-1] == [view for view, _ in slow.failed]
    assert "negative" in slow.failed[0][1]
    assert [(2, 2.0)] == slow.shown


def test_kept_views_are_bounded(slow: Slow, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest views go when the kept ones take too much."""
    monkeypatch.setattr(fetching, "KEPT_BYTES", 3 * np.zeros((8, 2)).nbytes)
    slow.may.set()
    fetcher = slow.fetcher()
    for view in range(5):
        fetcher.want(view)
        assert fetcher.wait(5)

    assert [False, False, True, True, True] == [fetcher.has(view) for view in range(5)]
    fetcher.close()


def test_closing_cancels_and_ends_the_thread(slow: Slow) -> None:
    """After closing no run goes on and no thread is left."""
    fetcher = slow.fetcher()
    fetcher.want(1)
    assert until(lambda: slow.begun == [1])
    threading.Timer(0.05, slow.may.set).start()
    fetcher.close()

    assert [] == slow.shown
    assert slow.runs[0].wait(5)
    assert not fetcher._thread.is_alive()
