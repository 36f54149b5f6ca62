"""What `Array.plan` returns: a plan that shows itself.

`plan/` doesn't draw and `display/` doesn't know who asks, so the object that does both is made here.
"""

from __future__ import annotations

from nbarray.config import current
from nbarray.display.plan import plan_html, plan_text
from nbarray.plan.plan import Plan
from nbarray.plan.projection import projected_peak
from nbarray.plan.reads import reads_by_source

__all__ = ["PlanReport"]


class PlanReport:
    """What computing would do, as text and as tables in a notebook; nothing has been read for it.

    plan : the plan itself; budget_bytes, workers : what it would run with

    >>> import nbarray as nb
    >>> report = (nb.arange(10) + 1).plan(memory="1MiB", workers=2)
    >>> report.ntasks, report.tasks, report.result_bytes, report.read_bytes
    (1, {'add': 1}, 80, 0)
    """

    __slots__ = ("budget_bytes", "plan", "workers")

    def __init__(self, plan: Plan, budget_bytes: int | None = None, workers: int | None = None) -> None:
        self.plan = plan
        self.budget_bytes = budget_bytes
        self.workers = workers

    @property
    def ntasks(self) -> int:
        """How many tasks there are."""
        return self.plan.ntasks

    @property
    def tasks(self) -> dict[str, int]:
        """How many tasks each operation has, by what it is called; operations of one name together."""
        counts: dict[str, int] = {}
        for node, count in zip(self.plan.nodes, self.plan.tasks_by_node().tolist(), strict=True):
            counts[node.label] = counts.get(node.label, 0) + count
        return counts

    @property
    def sequential_peak(self) -> int:
        """The most bytes of blocks and scratch at once when tasks run one at a time, results aside."""
        return self.plan.sequential_peak

    @property
    def result_bytes(self) -> int:
        """Bytes of the results."""
        return self.plan.result_bytes

    @property
    def projected_peak(self) -> int:
        """About the most bytes that a run holds with these workers and this budget, results included."""
        workers, budget = self.workers or current().workers, self.budget_bytes or current().budget_bytes()
        return projected_peak(self.plan, workers, budget)

    @property
    def decoded_bytes(self) -> int:
        """Bytes of the stored chunks that are decoded for that, each time they are."""
        return sum(reads.decoded_bytes for reads in reads_by_source(self.plan).values())

    @property
    def spilled_bytes(self) -> int:
        """Bytes written to scratch."""
        return self.plan.spilled_bytes

    @property
    def read_bytes(self) -> int:
        """Bytes of stored numbers that are decoded from files, each time they are."""
        return int(self.plan.read_bytes.sum())

    def __repr__(self) -> str:
        return plan_text(self.plan, self.budget_bytes, self.workers)

    def _repr_html_(self) -> str:
        return plan_html(self.plan, self.budget_bytes, self.workers)
