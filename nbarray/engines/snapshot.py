"""How a run does at this moment, for whoever looks at it a few times a second.

Looking costs the run nothing: no lock is taken and no event is made.  So the numbers may be a task apart
from each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress

from nbarray.engines.run import Run

__all__ = ["Snapshot", "snapshot"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run at one moment.

    state : as of `Run`; wall_s : seconds since it began, or that it took
    head : all tasks before this one are done
    finished : a byte for each task, 1 if it is done
    block_bytes, scratch_bytes : what is held, as declared: blocks somebody still needs, and what tasks under way need
    budget_bytes, workers : what it may use
    peak_bytes : the most held so far, results included
    spare_bytes : what is kept for tasks to come to make something in, of which nobody keeps account
    """

    state: str
    wall_s: float
    head: int
    finished: bytes
    block_bytes: int
    scratch_bytes: int
    budget_bytes: int
    workers: int
    peak_bytes: int
    spare_bytes: int = 0

    def beyond(self) -> list[int]:
        """The tasks that are done though one before them isn't."""
        end = self.finished.rfind(1, self.head) + 1
        return list(compress(range(self.head, end), self.finished[self.head : end]))


def snapshot(run: Run) -> Snapshot:
    """How `run` does now.

    >>> import nbarray as nb
    >>> run = nb.ones((4, 4), chunks=2).start()
    >>> run.result()[0].sum()
    np.float64(16.0)
    >>> snapshot(run).state, snapshot(run).head
    ('done', 1)
    """
    ledger, over = run._ledger, run.state in ("done", "failed", "cancelled")
    scratch, held, head = ledger.scratch_bytes, ledger.held_bytes, ledger.head
    return Snapshot(
        run.state,
        run.wall_s,
        head,
        ledger.finished,
        0 if over else max(0, held - scratch),
        0 if over else scratch,
        run.budget_bytes,
        run.workers,
        run.peak_bytes,
        run._spares.held_bytes,
    )
