"""What a monitor knows of a run: looked at a few times a second, and made into numbers that can be drawn.

A run isn't asked to tell anything: a snapshot of it is taken at each look.  No widgets here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from nbarray.engines.overruns import held_bytes
from nbarray.engines.run import Run
from nbarray.engines.snapshot import snapshot
from nbarray.grid.chunks import Chunks
from nbarray.plan.plan import Plan
from nbarray.widgets.cells import Cells
from nbarray.widgets.tally import Done, Tally

__all__ = ["HOLDERS", "Floats", "Operation", "Watch", "resident_bytes"]

#: What memory is held for, from the bottom of the picture to its top.
HOLDERS = ("blocks", "scratch", "result", "cache", "other")
#: Looks that are kept; when there are more, every second one is dropped.
MOST_LOOKS = 160
#: An estimate before this much work says more about the first tasks than about the rest.
ESTIMATE_AFTER_S, ESTIMATE_AFTER_SHARE = 1.0, 0.02
#: The system is asked for memory, and the grid of the result filled where there are many tasks, at every third look:
#: they cost most.
FILL_EVERY, FEW_TASKS = 3, 2000
#: Rates are taken over the last so many seconds.
RATE_S = 8.0

Floats = NDArray[np.float64]


def resident_bytes() -> int:
    """Bytes of memory that this process has; without those of files, where the system tells them apart."""
    held = held_bytes()
    if held is None:
        import psutil  # a dependency, but dear to import

        held = int(psutil.Process().memory_info().rss)
    return held


@dataclass(frozen=True, slots=True)
class Operation:
    """The tasks of one name: how many, how many done, and done per second lately."""

    name: str
    tasks: int
    done: int = 0
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one time.

    now_s : as `perf_counter`; working_s : seconds of work until then, without pauses
    held : bytes for each of `HOLDERS`
    points : where a curve of each, drawn on those below it, has a point: milliseconds and KiB, as SVG writes them
    """

    now_s: float
    working_s: float
    done: Done
    held: tuple[int, ...]
    points: tuple[str, ...]


class Watch:
    """A run, as it has been seen so far.

    state, wall_s, budget_bytes, workers : as of the run, at the last look
    peak_bytes : the most held until then, and what is there of the result
    operations : progress by name, in the order in which their tasks come
    looks : a sample of all looks; `every`: one of so many is in it
    chosen : chunks of the results that somebody typed, which the grid shows in place of the blocks that tasks make

    >>> import nbarray as nb
    >>> run = nb.ones((4, 4), chunks=2).start()
    >>> _ = run.result()
    >>> watch = Watch(run, clock=lambda: 2.0)
    >>> watch.look()
    >>> watch.state, watch.fraction, [(o.name, o.tasks, o.done) for o in watch.operations]
    ('done', 1.0, [('full(1.0)', 1, 1)])
    """

    def __init__(
        self,
        run: Run,
        clock: Callable[[], float],
        resident: Callable[[], int] = resident_bytes,
        chosen: Sequence[Chunks] = (),
    ) -> None:
        self._run: Run | None = run
        self.number = run.number
        self._clock, self._resident, self.chosen = clock, resident, chosen
        self._base_bytes, self._other_bytes = resident(), 0
        self.looks: list[Look] = []
        self._every = self._seen = 1
        self._recent: list[Look] = []
        self._zero_s: float | None = None
        self._since: tuple[float, float, str] | None = None
        self.state, self.wall_s, self.error = "ready", 0.0, ""
        self.budget_bytes, self.workers, self.peak_bytes = run.budget_bytes, run.workers, 0
        self._read(run.plan)

    def _read(self, plan: Plan) -> None:
        """Learn what there is to do; a run that is still being planned has a plan without tasks."""
        self.plan = plan
        self.cells = Cells.of(plan, chosen=self.chosen)
        self._tally = Tally(plan, self.cells.target)
        self.work_bytes, self.read_bytes = self._tally.work_bytes, self._tally.read_bytes
        self._recent = []
        self.filled: Floats = np.zeros(self.cells.shape)
        self.drawn: tuple[Floats, str] | None = None  # what was filled when the grid was drawn last, and how it looks

    @property
    def planned(self) -> bool:
        """Whether there is a plan; if not, planning goes on or has failed."""
        return bool(self.plan.nodes)

    @property
    def ended(self) -> bool:
        """Whether the run is over, and no task of it is under way any more."""
        return self._run is None

    def look(self) -> None:
        """See how the run does; one that has ended is let go, so that nobody keeps its result for our sake."""
        run = self._run
        if run is None:
            return
        over = run.wait(0)
        if run.plan is not self.plan:
            self._read(run.plan)
        seen, now_s = snapshot(run), self._clock()
        self.state, self.wall_s = seen.state, seen.wall_s
        self.budget_bytes, self.workers, self.peak_bytes = seen.budget_bytes, seen.workers, seen.peak_bytes
        if len(seen.finished) != self.plan.ntasks:
            return  # its plan comes at this very moment
        done = self._tally.count(seen)
        seldom = over or self._seen % FILL_EVERY == 1
        if self.state == "done":
            self.filled = np.ones(self.cells.shape)
        elif done.blocks and (seldom or self.plan.ntasks <= FEW_TASKS):
            self._tally.mark(seen)
            self.filled = self.cells.filled(self._tally.made)
        result = int(self.plan.result_bytes * (done.blocks / max(1, len(self._tally.made))))
        if self.state != "done":  # the whole result is counted from the beginning, and takes memory as it is written
            self.peak_bytes = max(0, self.peak_bytes - self.plan.result_bytes + result)
            result = 0 if over else result
        held = (seen.block_bytes, seen.scratch_bytes, result, seen.spare_bytes)
        if seldom:
            self._other_bytes = max(0, self._resident() - self._base_bytes - sum(held))
        self._note(now_s, done, (*held, self._other_bytes))
        if over:
            if run.error is not None and self.state == "failed":
                self.error = str(run.error)
            self._run = None

    def _working_s(self, now_s: float) -> float:
        before, self._since = self._since, (now_s, 0.0, self.state)
        if before is not None:
            passed = now_s - before[0] if before[2] == "running" else 0.0
            self._since = (now_s, before[1] + passed, self.state)
        elif self.state == "running" and not self.looks:
            self._since = (now_s, self.wall_s, self.state)
        return self._since[1]

    def _note(self, now_s: float, done: Done, held: tuple[int, ...]) -> None:
        if self._zero_s is None:
            self._zero_s = now_s
        at = int(1000 * (now_s - self._zero_s))
        points = tuple([f"{at},{nbytes >> 10}" for nbytes in accumulate(held)])
        look = Look(now_s, self._working_s(now_s), done, held, points)
        if self.state in ("ready", "planning"):  # waiting for Start is no part of the story
            self._recent = [look]
            return
        self._recent = [*(r for r in self._recent if look.working_s - r.working_s <= RATE_S), look]
        self._seen += 1
        if self._seen % self._every == 0:
            self.looks.append(look)
        if len(self.looks) > MOST_LOOKS:
            self.looks, self._every = self.looks[::2], self._every * 2

    @property
    def last(self) -> Look | None:
        """The last look."""
        return self._recent[-1] if self._recent else None

    def _lately(self) -> tuple[Look, Look] | None:
        """Two looks that rates are taken from."""
        if len(self._recent) < 2 or self._recent[-1].working_s - self._recent[0].working_s < 0.3:
            return None
        return self._recent[0], self._recent[-1]

    @property
    def done(self) -> int:
        return sum(self.last.done.tasks) if self.last else 0

    @property
    def fraction(self) -> float:
        """The share of the work that is done, by bytes."""
        if self.state == "done":
            return 1.0
        return self.last.done.work_bytes / self.work_bytes if self.last and self.work_bytes else 0.0

    @property
    def operations(self) -> list[Operation]:
        tally, lately = self._tally, self._lately()
        done = self.last.done.tasks if self.last else (0,) * len(tally.names)
        before, passed_s = done, 1.0
        if lately and self.state == "running":
            before, passed_s = lately[0].done.tasks, lately[1].working_s - lately[0].working_s
        return [
            Operation(name, tasks, now, (now - then) / passed_s)
            for name, tasks, now, then in zip(tally.names, tally.tasks, done, before, strict=True)
        ]

    @property
    def bytes_read(self) -> int:
        return self.last.done.read_bytes if self.last else 0

    @property
    def read_rate(self) -> float:
        """Bytes read per second lately; of a run that has ended, all the time."""
        if self.ended:
            return self.bytes_read / self.wall_s if self.wall_s else 0.0
        lately = self._lately()
        if lately is None or self.state != "running":
            return 0.0
        return (lately[1].done.read_bytes - lately[0].done.read_bytes) / (lately[1].working_s - lately[0].working_s)

    @property
    def left_s(self) -> float | None:
        """Seconds until the run ends, from bytes done; None while an estimate would be worth nothing."""
        lately = self._lately()
        if lately is None or self.state != "running" or lately[1].working_s < ESTIMATE_AFTER_S:
            return None
        rate = (lately[1].done.work_bytes - lately[0].done.work_bytes) / (lately[1].working_s - lately[0].working_s)
        if rate <= 0 or self.fraction < ESTIMATE_AFTER_SHARE:
            return None
        return (self.work_bytes - lately[1].done.work_bytes) / rate
